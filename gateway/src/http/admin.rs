//! The admin listener: `/status`, `/metrics`, health, what the stock node tells of chain and funds,
//! the calls that change them, `/payments`, `/requirements` and `/matches`.
//!
//! What changes something is POST only and passes the `guard`; everything else only looks.

mod chain;
mod funds;
mod guard;
mod payments;
mod ready;
mod reply;
mod requirements;
mod status;
mod trust;

use std::{io, sync::Arc, thread};

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use prometheus::{Encoder as _, TextEncoder};
use tokio::net::TcpListener;
use waymark_payments::fund::Funds;

use self::{guard::Guard, reply::Refusal};
use crate::{
    context::Context,
    lifecycle::Phase,
    payments::{MoneyMetrics, Payments},
};

/// What the calls work with.
#[derive(Debug)]
struct Admin {
    context: Arc<Context>,
    guard: Guard,
    /// `None` off-chain.
    money: Option<Money>,
}

/// What there is on chain only.
#[derive(Debug)]
struct Money {
    payments: Arc<Payments>,
    /// One for all calls, so that there is one transaction at a time.
    funds: Arc<Funds>,
    metrics: MoneyMetrics,
}

type Shared = Arc<Admin>;

impl Admin {
    fn new(context: Arc<Context>, listener: &TcpListener) -> io::Result<Self> {
        let config = &context.config;
        let guard = Guard::new(listener.local_addr()?.ip(), config.admin_token.as_ref())?;
        let money = match &context.payments {
            Some(payments) => Some(Money {
                payments: Arc::clone(payments),
                funds: Arc::clone(payments.books.funds()),
                metrics: MoneyMetrics::register(&context.registry).map_err(io::Error::other)?,
            }),
            None => None,
        };
        Ok(Self { context, guard, money })
    }

    fn money(&self) -> Result<&Money, Refusal> {
        self.money.as_ref().ok_or_else(Refusal::no_chain)
    }
}

/// Serves on a thread with a runtime of its own, so that health and metrics answer even when the
/// media runtime is saturated or draining. The thread ends when the gateway has stopped.
pub fn spawn(context: Arc<Context>, listener: TcpListener) -> io::Result<()> {
    let admin = Arc::new(Admin::new(Arc::clone(&context), &listener)?);
    let listener = listener.into_std()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let serve = move || {
        runtime.block_on(async {
            let mut phase = context.phase.subscribe();
            tokio::select! {
                served = serve(admin, listener) => {
                    if let Err(error) = served {
                        tracing::error!(%error, "the admin listener ended");
                    }
                }
                _ = phase.wait_for(|p| *p == Phase::Stopped) => {}
            }
        });
    };
    thread::Builder::new().name("admin".to_owned()).spawn(serve).map(drop)
}

async fn serve(admin: Shared, listener: std::net::TcpListener) -> io::Result<()> {
    axum::serve(TcpListener::from_std(listener)?, router(admin)).await
}

fn router(admin: Shared) -> Router {
    Router::new()
        .route("/status", get(status::status))
        .route("/metrics", get(metrics))
        .route("/healthz", get(|| async { StatusCode::OK }))
        .route("/readyz", get(ready::ready))
        .route("/requirements", get(requirements::requirements))
        .route("/matches", get(requirements::matches))
        .route("/anchor", post(requirements::anchor))
        .route("/trust", get(trust::trust))
        .route("/trust/keys", get(trust::keys))
        .route("/pardon", post(trust::pardon))
        .route("/payments", get(payments::payments))
        .route("/EthChainID", get(chain::chain_id))
        .route("/currentBlock", get(chain::current_block))
        .route("/currentRound", get(chain::current_round))
        .route("/roundInitialized", get(chain::round_initialized))
        .route("/contractAddresses", get(chain::contract_addresses))
        .route("/ethAddr", get(chain::eth_addr))
        .route("/ethBalance", get(chain::eth_balance))
        .route("/senderInfo", get(chain::sender_info))
        .route("/ticketBrokerParams", get(chain::ticket_broker_params))
        .route("/getBroadcastConfig", get(chain::broadcast_config))
        .route("/maxGasPrice", get(chain::max_gas_price))
        .route("/setMaxGasPrice", post(funds::set_max_gas_price))
        .route("/fundDepositAndReserve", post(funds::fund_deposit_and_reserve))
        .route("/fundDeposit", post(funds::fund_deposit))
        .route("/unlock", post(funds::unlock))
        .route("/cancelUnlock", post(funds::cancel_unlock))
        .route("/withdraw", post(funds::withdraw))
        .with_state(admin)
}

async fn metrics(State(admin): State<Shared>) -> Response {
    // The ledger is a file: reading it must not hold up what else is asked here.
    match tokio::task::spawn_blocking(move || gather(&admin)).await {
        Ok(Ok(text)) => ([("content-type", prometheus::TEXT_FORMAT)], text).into_response(),
        Ok(Err(error)) => unwritten(&error),
        Err(error) => unwritten(&error),
    }
}

fn gather(admin: &Admin) -> prometheus::Result<Vec<u8>> {
    let context = &admin.context;
    context.metrics.refresh(context);
    context.trust.refresh_metrics();
    if let Some(Money { payments, funds, metrics }) = &admin.money {
        metrics.refresh(payments, funds.max_gas_price());
    }
    let mut text = Vec::new();
    TextEncoder::new().encode(&context.registry.gather(), &mut text)?;
    Ok(text)
}

fn unwritten(error: &dyn std::error::Error) -> Response {
    tracing::error!(%error, "metrics cannot be written");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
