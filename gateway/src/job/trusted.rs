//! What trust hears of an attempt: the facts. Measurements are for the full audit to judge, and
//! an attempt that passes says nothing that counts as one.

use waymark_verification::{
    Decision,
    action::{Action, Judged, OnFail, When},
};

use super::{Job, attempt::Attempted};
use crate::{
    context::Context,
    orchestrator::{error::AttemptError, session::Place},
    verify::trust::{Trust, kind_of},
};

/// Tells trust of the fact that speaks against a result, if one does.
pub(super) fn tell(
    context: &Context,
    job: &Job,
    place: &Place,
    on_fail: OnFail,
    result: &Attempted,
) {
    let why = match &result.outcome {
        Err(AttemptError::Check { check, detail }) => format!("{check}: {detail}"),
        _ => match result.checked.as_ref().and_then(|checked| checked.fault()) {
            Some((_, check)) => format!("{}: {check}", check.id),
            None => return,
        },
    };
    let judged =
        Judged { decision: Decision::Refused, confirmed: false, full: false, score: f64::INFINITY };
    let action = Action::of(&judged, on_fail, When::BeforeDelivery);
    let Some(finding) = action.finding(&why) else { return };
    let identity = Trust::of_result(&place.session, result.signature);
    // A fact is held against all kinds of work; it is noted under one.
    let kind = job.stream.profiles.first().map_or("", kind_of);
    context.trust.observe(&identity, job.stream.tag.as_str(), kind, &finding);
}
