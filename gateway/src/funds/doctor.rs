//! `waymark doctor`: what is missing before orchestrators can be paid, in plain words.
//!
//! It goes as far as it can: a key that does not open hides the orchestrators' answers, and nothing
//! else. It changes nothing.

use std::fmt;

use alloy_primitives::{Address, U256};
use jiff::SignedDuration;
use url::Url;
use waymark_payments::{
    chain::{
        Chain, EtherPrice, Finding, Inputs, Severity, StartError, diagnose,
        head::{Head, HeadRules},
        rpc::Request,
    },
    fund::Funds,
    ledger::Viewer,
    limits::{Currency, Rates},
    signer::LocalKey,
};

use super::{
    FundsError,
    market::{self, Asked, Cap},
    status, wallet,
};
use crate::{
    clock::Clock,
    config::Config,
    orchestrator::error::chain as reason,
    payments::{PaymentsError, addresses, general_max, ledger_path},
    wire,
};

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// Who pays, where that is known.
    pub(super) account: Option<Address>,
    /// What is wrong, the worst first.
    pub(super) findings: Vec<Finding>,
    /// What was not looked at, and why.
    pub(super) remarks: Vec<String>,
}

/// Looks at everything.
pub(super) async fn examine(config: &Config, clock: &Clock) -> Report {
    let mut report = Report::default();
    if config.chain.is_none() {
        report.remarks.push(format!(
            "network `{}` has no chain: nothing is paid, so nothing can be missing for it",
            config.network
        ));
        return report;
    }
    match wallet::account(config) {
        Ok(account) => report.account = Some(account),
        Err(error) => report.fatal("no-key", &error, "Without a key nothing can be paid: check -ethKeystorePath (chain.keystore) and -dataDir"),
    }
    if let Err(error) = Viewer::open(ledger_path(config)) {
        report.fatal("ledger", &error, "The gateway does not start without its ledger");
    }
    let key = key(config, clock, &mut report).await;
    let sender = report.account.unwrap_or_default();
    match wallet::chain(config, sender, clock).await {
        Ok(chain) => look_at(config, clock, &chain, key.as_ref(), &mut report).await,
        Err(error) => {
            let why = match &error {
                // The finding says already what the outer errors say.
                FundsError::Chain(PaymentsError::Chain(StartError::Read(read))) => reason(read),
                other => reason(other),
            };
            let inputs = Inputs { unreadable: Some(why), ..Inputs::default() };
            report.findings.extend(diagnose(&inputs));
        }
    }
    report.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    report
}

/// Opens the key if its pass-phrase is in the settings. Nobody is asked for it: a doctor may run from
/// a script.
async fn key(config: &Config, clock: &Clock, report: &mut Report) -> Option<LocalKey> {
    report.account?;
    let given = config.chain.as_ref().is_some_and(|chain| chain.passphrase.is_some());
    if !given {
        let text = "the key was not opened and orchestrators were not asked: -ethPassword \
                    (chain.passphrase) is not set, so the gateway will ask at its terminal";
        report.remarks.push(text.to_owned());
        return None;
    }
    match wallet::open(config, clock, |_| Ok(None)).await {
        Ok(key) => Some(key),
        Err(error) => {
            report.fatal("passphrase", &error, "Check -ethPassword (chain.passphrase)");
            None
        }
    }
}

async fn look_at(
    config: &Config,
    clock: &Clock,
    chain: &Chain,
    key: Option<&LocalKey>,
    report: &mut Report,
) {
    let asked = match key {
        Some(key) => ask(config, chain, key, report).await,
        None => Vec::new(),
    };
    let state = chain.state();
    let chain_id = chain.rpc().chain_id().unwrap_or_default();
    let mut inputs = Inputs {
        sender: chain.sender(),
        endpoints: chain.rpc().status(),
        block_time: block_time(chain).await,
        now: clock.wall(),
        block_age: HeadRules::for_chain(chain_id).max_pause.map(|pause| pause.as_secs()),
        orchestrators: u64::try_from(market::answered(&asked)).ok().filter(|n| *n > 0),
        face_value: market::lowest_face_value(&asked),
        deposit_multiplier: config.tickets.deposit_multiplier.get(),
        max_gas_price: config.chain.as_ref().and_then(|chain| chain.max_gas_price),
        ..Inputs::default()
    };
    let mut carried = U256::MAX;
    if let (Some(_), Some(settings)) = (report.account, &config.chain) {
        match Funds::of(chain, wallet::fund_settings(settings)).status().await {
            Ok(funds) => {
                carried = status::carried(&funds, state.pool_size, inputs.deposit_multiplier);
                inputs.balance = Some(funds.balance);
            }
            Err(error) => inputs.unreadable = Some(reason(&error)),
        }
        inputs.state = Some((*state).clone());
    }
    report.findings.extend(diagnose(&inputs));
    report.findings.extend(market::judge(&asked, &cap(config, chain, clock), carried));
}

/// Time of the newest block; `None` where it is not told, which the other readings tell already.
async fn block_time(chain: &Chain) -> Option<u64> {
    let block = chain.rpc().call(Request::block(None)).await.ok()?;
    Some(Head::read(&block).ok()?.timestamp)
}

async fn ask(config: &Config, chain: &Chain, key: &LocalKey, report: &mut Report) -> Vec<Asked> {
    if config.orchestrator_webhook.is_some() {
        let text = "orchestrators were not asked: a webhook lists them (orchestrators.webhook)";
        report.remarks.push(text.to_owned());
        return Vec::new();
    }
    let ai = config.chain.as_ref().is_some_and(|chain| chain.ai_registry);
    let urls: Vec<Url> = match config.orchestrators.as_slice() {
        [] => addresses(&chain.pool(), ai),
        listed => listed.to_vec(),
    };
    if urls.is_empty() {
        report.findings.push(Finding {
            severity: Severity::Fatal,
            code: "no-orchestrator",
            what: "no orchestrator is listed, and none is active on chain".to_owned(),
            advice:
                "Give -orchAddr (orchestrators.addresses), or check -network and -ethController"
                    .to_owned(),
        });
        return Vec::new();
    }
    match wire::orchestrator_request(key, None, false, None) {
        Ok(request) => market::ask(&urls, &request).await,
        Err(error) => {
            report.fatal("key", &error, "The key cannot sign; is the key file intact?");
            Vec::new()
        }
    }
}

/// The maximum price for everything that nothing else is said about.
fn cap(config: &Config, chain: &Chain, clock: &Clock) -> Cap {
    let now = clock.wall();
    let mut rates = Rates::default();
    // As the gateway does it: a feed is fed once a day at the least, and was read just now.
    let fed = chain.price().filter(|price| !price.is_stale(now, SignedDuration::from_hours(25)));
    let fed = fed.map(|price| EtherPrice { at: chain.state().read_at, ..price });
    if let Some(Ok(rate)) = fed.map(|price| price.rate(Currency::USD)) {
        rates.set(rate);
    }
    match general_max(config, &rates, now) {
        Ok(None) => Cap::None,
        Ok(Some(max)) => Cap::Max(max),
        Err(error) => Cap::Unknown(reason(&error)),
    }
}

impl Report {
    /// Whether jobs cannot be paid.
    pub(super) fn is_fatal(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Fatal)
    }

    fn fatal(&mut self, code: &'static str, error: &dyn std::error::Error, advice: &str) {
        let (what, advice) = (reason(error), advice.to_owned());
        self.findings.push(Finding { severity: Severity::Fatal, code, what, advice });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> =
            self.account.iter().map(|account| format!("Account {account}\n")).collect();
        for Finding { severity, code, what, advice } in &self.findings {
            let severity = match severity {
                Severity::Fatal => "FATAL",
                Severity::Warning => "warning",
            };
            parts.push(format!("{severity} ({code}): {what}.\n  -> {advice}.\n"));
        }
        parts.extend(self.remarks.iter().map(|remark| format!("Note: {remark}.\n")));
        let count = |severity| self.findings.iter().filter(|f| f.severity == severity).count();
        parts.push(match (count(Severity::Fatal), count(Severity::Warning)) {
            (0, 0) => "Nothing is missing, as far as could be seen.\n".to_owned(),
            (0, warnings) => format!("Jobs can be paid; {warnings} to look at.\n"),
            (fatal, warnings) => {
                format!("Jobs cannot be paid: {fatal} fatal, {warnings} to look at.\n")
            }
        });
        f.write_str(&parts.join("\n"))
    }
}
