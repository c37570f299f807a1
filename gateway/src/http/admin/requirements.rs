//! `/requirements`: which classes are in force, why new ones are not, and what of them is anchored on
//! chain. `/anchor`: anchors them now. `/matches`: every
//! orchestrator that described itself against every class, by the matcher of selection.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde::Serialize;

use waymark_verification::trust::State as Level;

use super::{
    Shared,
    guard::Allowed,
    reply::{Params, Refusal},
};
use crate::{
    advertise::{NodeMatch, RequirementsReport},
    orchestrator::error::chain as reason,
    payments::anchor::AnchorReport,
};

/// What is published, and what the chain has of it.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    #[serde(flatten)]
    published: RequirementsReport,
    anchored: AnchorReport,
}

/// An orchestrator against a class, and how far it is trusted.
#[derive(Debug, Serialize)]
pub(super) struct Matched {
    #[serde(flatten)]
    found: NodeMatch,
    /// Worst state of its work.
    trust: Level,
    trust_reason: String,
}

/// Without classes there is nothing to tell.
fn none() -> Refusal {
    let text = "no job classes are configured; name files of them in requirements.files";
    Refusal::new(StatusCode::NOT_FOUND, text)
}

pub(super) async fn requirements(State(admin): State<Shared>) -> Result<Json<Told>, Refusal> {
    let advertiser = admin.context.advertiser.as_ref().ok_or_else(none)?;
    let anchored = match &admin.context.payments {
        Some(payments) => payments.anchor.report(),
        None => AnchorReport::without_payments(&admin.context.config),
    };
    Ok(Json(Told { published: advertiser.report(), anchored }))
}

/// Tells the chain at once what it does not say yet, however lately something was. With `dryRun=true`
/// it says what would be sent, and nothing is.
pub(super) async fn anchor(
    State(admin): State<Shared>,
    _: Allowed,
    params: Params,
) -> Result<Response, Refusal> {
    let advertiser = admin.context.advertiser.as_ref().ok_or_else(none)?;
    let payments = admin.context.payments.as_ref().ok_or_else(Refusal::no_chain)?;
    if let Some(why) = payments.anchor.report().off {
        return Err(Refusal::new(StatusCode::CONFLICT, format!("nothing is anchored: {why}")));
    }
    let failed = |error| Refusal::internal(reason(&error));
    if params.dry_run()? {
        return Ok(Json(payments.anchor_plan(advertiser).await.map_err(failed)?).into_response());
    }
    payments.anchor_now(advertiser, true).await.map_err(failed)?;
    Ok(Json(payments.anchor.report()).into_response())
}

pub(super) async fn matches(
    State(admin): State<Shared>,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Result<Json<Vec<Matched>>, Refusal> {
    let advertiser = admin.context.advertiser.as_ref().ok_or_else(none)?;
    let of = |name: &str| asked.get(name).map(String::as_str);
    let found = advertiser.matches(of("orchestrator"), of("tag"));
    let nodes = admin.context.directory.nodes();
    let standings = admin.context.trust.of_nodes(&nodes);
    let trusted = |found: NodeMatch| {
        let node = nodes.iter().find(|node| node.host() == found.orchestrator);
        let standing = node.and_then(|node| standings.get(node.id().as_str()));
        Matched {
            trust: standing.map_or(Level::New, |standing| standing.state),
            trust_reason: standing.map(|standing| standing.why.clone()).unwrap_or_default(),
            found,
        }
    };
    Ok(Json(found.into_iter().map(trusted).collect()))
}
