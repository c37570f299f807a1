//! `/trust`: how far each orchestrator is trusted, and why. `/trust/keys`: the keys of past days' audit
//! draws. `/pardon`: releases an orchestrator that is out.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use jiff::Timestamp;
use serde::Serialize;
use waymark_verification::trust::{Key, Report, State as Level};

use super::{
    Shared,
    guard::Allowed,
    reply::{Params, Refusal},
};

/// Everybody.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    now: Timestamp,
    /// Orchestrators in each state.
    states: BTreeMap<&'static str, usize>,
    /// Most that are remembered.
    room: usize,
    /// Worst first.
    orchestrators: Vec<Report>,
}

/// What a pardon does, or would do.
#[derive(Debug, Serialize)]
struct Pardoned {
    dry_run: bool,
    released: Vec<Key>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    why_out: Vec<String>,
}

pub(super) async fn trust(State(admin): State<Shared>) -> Json<Told> {
    let trust = &admin.context.trust;
    let orchestrators = trust.report();
    let count = |state: Level| orchestrators.iter().filter(|one| one.state == state).count();
    let states = Level::ALL.map(|state| (state.as_str(), count(state))).into();
    Json(Told { now: trust.now(), states, room: trust.full().most, orchestrators })
}

/// Day (UTC) and key in hex; whoever has the records of a day can repeat its draws.
pub(super) async fn keys(State(admin): State<Shared>) -> Json<BTreeMap<String, String>> {
    let keys = admin.context.trust.revealed_keys();
    Json(keys.into_iter().map(|(day, key)| (day.to_string(), hex::encode(key))).collect())
}

/// With `dryRun=true` it says who would be released, and nobody is.
pub(super) async fn pardon(
    State(admin): State<Shared>,
    _: Allowed,
    params: Params,
) -> Result<Response, Refusal> {
    params.require(&["orchestrator"])?;
    let trust = &admin.context.trust;
    let key = Key::new(params.get("orchestrator").unwrap_or_default());
    let dry_run = params.dry_run()?;
    let out = trust.penalised_with(&key);
    if out.is_empty() {
        let text =
            format!("nobody is out under {key}; /trust lists the orchestrators by their keys");
        return Err(Refusal::new(StatusCode::NOT_FOUND, text));
    }
    let why = |one: &Report| one.penalty.as_ref().map(|penalty| penalty.why.clone());
    let mut why_out: Vec<String> = out.iter().filter_map(why).collect();
    why_out.dedup();
    let released =
        if dry_run { out.into_iter().map(|one| one.key).collect() } else { trust.pardon(&key) };
    Ok(Json(Pardoned { dry_run, released, why_out }).into_response())
}
