//! `/readyz`: whether work is taken, with a reason for each part that is not ready.

use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use serde::Serialize;
use waymark_payments::chain::{Finding, Inputs, Severity, diagnose};

use super::Shared;
use crate::{lifecycle::Phase, payments::Payments};

/// Readiness with a reason for each part that is not ready.
#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    reasons: Vec<String>,
}

pub(super) async fn ready(State(admin): State<Shared>) -> impl IntoResponse {
    let context = &admin.context;
    let mut reasons = Vec::new();
    let phase = *context.phase.borrow();
    if phase != Phase::Running {
        reasons.push(format!("the gateway is {phase}"));
    }
    let census = context.directory.census();
    if census.ready == 0 {
        reasons.push(match (census.known, context.directory.source_error()) {
            (_, Some(error)) => error,
            (0, None) => {
                "no orchestrator is configured; set -orchAddr or -orchWebhookUrl".to_owned()
            }
            (known, None) => format!(
                "none of {known} orchestrators is ready: {} down, {} set aside, {} full, {} not \
                 probed yet",
                census.down, census.set_aside, census.full, census.unknown
            ),
        });
    }
    if let Some(payments) = &context.payments {
        let multiplier = context.config.tickets.deposit_multiplier.get();
        reasons.extend(unpayable(payments, multiplier).iter().map(ToString::to_string));
    }
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, reasons }))
}

/// Why no job can be paid, or may not be able to soon: what the gateway knows without asking.
fn unpayable(payments: &Payments, deposit_multiplier: u64) -> Vec<Finding> {
    let inputs = Inputs {
        sender: payments.chain.sender(),
        state: Some((*payments.chain.state()).clone()),
        deposit_multiplier,
        now: payments.now(),
        ..Inputs::default()
    };
    let mut findings = diagnose(&inputs);
    // A chain that is not heard is no reason to stop, but one to send work elsewhere.
    findings.retain(|f| f.severity == Severity::Fatal || f.code == "chain-stale");
    findings
}
