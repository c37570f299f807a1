//! `/requirements`: which classes are in force, and why new ones are not. `/matches`: every
//! orchestrator that described itself against every class, by the matcher of selection.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Query, State},
    http::StatusCode,
};

use super::{Shared, reply::Refusal};
use crate::advertise::{NodeMatch, RequirementsReport};

/// Without classes there is nothing to tell.
fn none() -> Refusal {
    let text = "no job classes are configured; name files of them in requirements.files";
    Refusal::new(StatusCode::NOT_FOUND, text)
}

pub(super) async fn requirements(
    State(admin): State<Shared>,
) -> Result<Json<RequirementsReport>, Refusal> {
    let advertiser = admin.context.advertiser.as_ref().ok_or_else(none)?;
    Ok(Json(advertiser.report()))
}

pub(super) async fn matches(
    State(admin): State<Shared>,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Result<Json<Vec<NodeMatch>>, Refusal> {
    let advertiser = admin.context.advertiser.as_ref().ok_or_else(none)?;
    let of = |name: &str| asked.get(name).map(String::as_str);
    Ok(Json(advertiser.matches(of("orchestrator"), of("tag"))))
}
