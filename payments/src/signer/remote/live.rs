//! One session of live work that a remote signer pays for.

use std::{num::NonZeroU64, sync::Arc};

use alloy_primitives::{Address, B256};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use futures_util::future::BoxFuture;
use prost::Message as _;
use serde::Serialize;
use serde_json::value::RawValue;
use waymark_proto::net::{Capabilities, OrchestratorInfo};
use waymark_tagging::Tag;

use super::{
    RemoteError, RemotePayment, RemoteSigner, Signer as _,
    answer::{self, Expected, State},
    client::Reply,
};

/// How often a session is renewed for one payment (`server/live_payment.go:263-272`).
const MOST_REFRESHES: u32 = 3;

/// Renews the session with the orchestrator: GetOrchestrator, or `/refresh-payment`.
pub trait Refresh: Send + Sync {
    /// Fresh ticket parameters and token of the same orchestrator. The URL a signer names beside its
    /// wish is not passed on: who the orchestrator is, is not its decision.
    fn refresh(
        &self,
    ) -> BoxFuture<'_, Result<OrchestratorInfo, Box<dyn std::error::Error + Send + Sync>>>;
}

/// What the signer measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Billing {
    /// `lv2v`: 720p pixels by wall clock, 60 seconds at once in the beginning.
    VideoToVideo,
    /// `live`: seconds by wall clock, 10 at once in the beginning.
    Seconds,
    /// `fixed`: one unit, once.
    Fixed,
    /// No type: so many units with each payment.
    Units(NonZeroU64),
}

/// The highest price, in wei for a unit of the job, rounded down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaxPrice(String);

/// What is paid for. Fixed for the session: the signer refuses a change.
#[derive(Debug, Clone)]
pub struct LiveJob {
    /// Whom the tickets have to pay.
    pub recipient: Address,
    /// The job's tag. The signer and its operator see it as `app`; it is not in the nonces.
    pub tag: Tag,
    /// What is measured.
    pub billing: Billing,
    /// Goes into the credentials.
    pub capabilities: Option<Capabilities>,
    /// Refused by the signer above this, besides its own limits. Not with [`Billing::Units`].
    pub max_price: Option<MaxPrice>,
}

/// A session of payments to one orchestrator for one job.
///
/// The signer keeps nothing: its memory of the session travels with each answer and goes back with
/// the next request, unread and always the newest. Two payments of a session can therefore not be
/// asked for at the same time, which `&mut self` says.
///
/// A request that got no answer may be repeated: the signer makes the same tickets again, and none
/// of them has left.
#[derive(Debug)]
pub struct LiveSession {
    signer: Arc<RemoteSigner>,
    job: LiveJob,
    manifest: Option<String>,
    state: Option<State>,
    used: Option<(B256, u32)>,
    ended: bool,
}

#[derive(Serialize)]
struct Request<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a State>,
    orchestrator: String,
    #[serde(rename = "ManifestID", skip_serializing_if = "Option::is_none")]
    manifest: Option<&'a str>,
    app: &'a str,
    #[serde(rename = "inPixels", skip_serializing_if = "Option::is_none")]
    units: Option<NonZeroU64>,
    #[serde(rename = "type")]
    billing: &'static str,
    #[serde(rename = "maxPrice", skip_serializing_if = "Option::is_none")]
    max_price: Option<Ceiling<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capabilities: Option<String>,
}

#[derive(Serialize)]
struct Ceiling<'a> {
    price: &'a RawValue,
    currency: &'static str,
    unit: &'static str,
}

impl LiveSession {
    /// Begins a session. Nothing is sent yet.
    pub fn new(signer: Arc<RemoteSigner>, job: LiveJob, manifest: Option<String>) -> Self {
        Self { signer, job, manifest, state: None, used: None, ended: false }
    }

    /// Sets what the orchestrator accounts under, once its first answer tells.
    pub fn set_manifest(&mut self, manifest: String) {
        self.manifest = Some(manifest);
    }

    /// Asks for the payment that is due now; `None` when the credit is enough.
    ///
    /// `info` is what the orchestrator sent last, and what it sent with a renewal afterwards. It has
    /// passed the checks that our own tickets have to pass, before: the signer trusts it blindly.
    pub async fn pay(
        &mut self,
        info: &mut OrchestratorInfo,
        session: &dyn Refresh,
    ) -> Result<Option<RemotePayment>, RemoteError> {
        if self.ended {
            return Err(RemoteError::Ended);
        }
        for _ in 0..=MOST_REFRESHES {
            let request = self.request(info)?;
            match self.signer.client.pay(request).await? {
                Reply::NothingDue => return Ok(None),
                Reply::Paid(body) => return self.take(&body, info).map(Some),
                Reply::Renew => {
                    let renewed = session.refresh().await;
                    *info = renewed.map_err(|source| RemoteError::Refresh { source })?;
                }
            }
        }
        Err(RemoteError::StaleSession { tries: MOST_REFRESHES })
    }

    fn request(&self, info: &OrchestratorInfo) -> Result<Vec<u8>, RemoteError> {
        payable(info, self.job.recipient)?;
        if self.state.is_some() && self.manifest.is_none() {
            return Err(RemoteError::NoManifest);
        }
        let (billing, unit, units) = self.job.billing.words();
        let ceiling = self.job.max_price.as_ref().filter(|_| !unit.is_empty());
        let max_price =
            ceiling.map(|price| Ceiling { price: price.number(), currency: "wei", unit });
        let request = Request {
            state: self.state.as_ref(),
            orchestrator: BASE64.encode(info.encode_to_vec()),
            manifest: self.manifest.as_deref(),
            app: self.job.tag.as_str(),
            units,
            billing,
            max_price,
            capabilities: self.job.capabilities.as_ref().map(|c| BASE64.encode(c.encode_to_vec())),
        };
        Ok(serde_json::to_vec(&request).expect("strings and numbers"))
    }

    /// From here on the signer's newest memory is ours, whatever becomes of the payment: going back
    /// to an older one would have it make the same nonces again.
    fn take(&mut self, body: &[u8], info: &OrchestratorInfo) -> Result<RemotePayment, RemoteError> {
        // Cleared when everything is checked: after an answer that cannot be used nobody knows what
        // credit the signer believes in.
        self.ended = true;
        let body = answer::payment(body).map_err(RemoteError::Answer)?;
        self.state = Some(body.state.clone());
        let expected = Expected {
            sender: self.signer.address(),
            recipient: self.job.recipient,
            info,
            manifest: self.manifest.as_deref(),
            limits: self.signer.client.limits(),
            used: self.used,
        };
        let paid = answer::check(body, &expected).map_err(RemoteError::Answer)?;
        let last = paid.first_nonce + (u32::from(paid.tickets) - 1);
        self.used = Some((paid.params, last));
        self.ended = false;
        Ok(paid)
    }
}

/// Refuses what a signer would answer with 400, or pay to somebody else.
fn payable(info: &OrchestratorInfo, recipient: Address) -> Result<(), RemoteError> {
    let unpayable = |what| Err(RemoteError::Unpayable { what });
    let Some(params) = &info.ticket_params else {
        return unpayable("answer has no ticket parameters");
    };
    if *params.recipient != *recipient.as_slice() {
        return unpayable("ticket parameters name another recipient");
    }
    match &info.price_info {
        Some(price) if price.price_per_unit > 0 && price.pixels_per_unit > 0 => Ok(()),
        _ => unpayable("answer has no price above zero"),
    }
}

impl Billing {
    /// Type, unit of prices, units.
    fn words(self) -> (&'static str, &'static str, Option<NonZeroU64>) {
        match self {
            Self::VideoToVideo => ("lv2v", "720p-pixel-seconds", None),
            Self::Seconds => ("live", "seconds", None),
            Self::Fixed => ("fixed", "fixed", None),
            Self::Units(units) => ("", "", Some(units)),
        }
    }
}

impl MaxPrice {
    /// `wei` for `units`; nothing when that is less than 10^-18 wei for one.
    pub fn new(wei: u64, units: NonZeroU64) -> Option<Self> {
        const SCALE: u128 = 1_000_000_000_000_000_000;
        let units = u128::from(units.get());
        let (whole, rest) = (u128::from(wei) / units, u128::from(wei) % units);
        let fraction = rest * SCALE / units;
        match (whole, fraction) {
            (0, 0) => None,
            (whole, 0) => Some(Self(whole.to_string())),
            (whole, fraction) => {
                let text = format!("{whole}.{fraction:018}");
                Some(Self(text.trim_end_matches('0').to_owned()))
            }
        }
    }

    fn number(&self) -> &RawValue {
        serde_json::from_str(&self.0).expect("digits with a point are a JSON number")
    }
}
