//! What orchestrators say when they are asked for a session: prices, face values, refusals.
//!
//! A few are asked, once each and all at the same time. [`judge`] is pure.

use alloy_primitives::U256;
use url::Url;
use waymark_payments::{
    chain::{Finding, Severity},
    limits::wei_text,
    price::{MaxPrice, Price},
    session::Offer,
};
use waymark_proto::net::OrchestratorRequest;

use crate::orchestrator::{error::chain, node::Node};

/// Most orchestrators that are asked.
pub(super) const MOST: usize = 10;

/// What one orchestrator said.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) host: String,
    pub(super) answer: Result<Offered, String>,
}

/// Its terms.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offered {
    pub(super) price: Option<Price>,
    pub(super) face_value: Option<U256>,
}

/// What the operator pays at most.
#[derive(Debug, Clone)]
pub(super) enum Cap {
    /// Any price.
    None,
    /// So much.
    Max(MaxPrice),
    /// It cannot be compared.
    Unknown(String),
}

/// Asks each once.
pub(super) async fn ask(urls: &[Url], request: &OrchestratorRequest) -> Vec<Asked> {
    let asked = urls.iter().take(MOST).map(|url| ask_one(url, request.clone()));
    futures_util::future::join_all(asked).await
}

async fn ask_one(url: &Url, request: OrchestratorRequest) -> Asked {
    let node = match Node::new(url.clone()) {
        Ok(node) => node,
        Err(error) => return Asked { host: url.to_string(), answer: Err(chain(&error)) },
    };
    let host = node.host().to_owned();
    let info = match node.get_orchestrator(request).await {
        Ok(info) => info,
        Err(error) => return Asked { host, answer: Err(chain(&error)) },
    };
    let answer = Offer::read(&info).map_err(|error| chain(&error)).map(|offer| Offered {
        price: offer.price,
        face_value: offer.params.map(|params| params.face_value),
    });
    Asked { host, answer }
}

/// The lowest face value asked for: what the funds must back at the least.
pub(super) fn lowest_face_value(asked: &[Asked]) -> Option<U256> {
    face_values(asked).min()
}

/// How many gave terms.
pub(super) fn answered(asked: &[Asked]) -> usize {
    offers(asked).count()
}

/// What is wrong with the answers, for funds that back face values up to `carried`.
pub(super) fn judge(asked: &[Asked], cap: &Cap, carried: U256) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(refusals(asked));
    findings.extend(prices(asked, cap));
    let lowest = lowest_face_value(asked);
    let beyond = face_values(asked).filter(|face| *face > carried).count();
    // Where not even the lowest is backed, that is a finding about the funds already.
    if beyond > 0 && lowest.is_some_and(|lowest| lowest <= carried) {
        let highest = face_values(asked).max().unwrap_or_default();
        findings.push(Finding {
            severity: Severity::Warning,
            code: "funds-too-low-for-some",
            what: format!(
                "the funds back face values of up to {}; {beyond} of {} orchestrators ask for more, up to {}",
                wei_text(carried),
                answered(asked),
                wei_text(highest)
            ),
            advice: "These orchestrators get no work; add to the smaller of deposit and reserve: `waymark funds status` shows what each carries".to_owned(),
        });
    }
    findings
}

fn refusals(asked: &[Asked]) -> Option<Finding> {
    let refused: Vec<_> = asked
        .iter()
        .filter_map(|asked| Some((asked.host.as_str(), asked.answer.as_ref().err()?)))
        .collect();
    let (host, why) = refused.first()?;
    let all = refused.len() == asked.len();
    let (count, of) = (refused.len(), asked.len());
    let advice = if why.contains("insufficient sender reserve") {
        "Add to the reserve: `waymark funds add --reserve AMOUNT`"
    } else if all {
        "Check the addresses, and that this machine can reach them"
    } else {
        "The others are used; nothing to do unless these matter to you"
    };
    Some(Finding {
        severity: if all { Severity::Fatal } else { Severity::Warning },
        code: "orchestrators-refuse",
        what: format!("{count} of {of} orchestrators asked offer no session; {host}: {why}"),
        advice: advice.to_owned(),
    })
}

fn prices(asked: &[Asked], cap: &Cap) -> Option<Finding> {
    let max = match cap {
        Cap::None => return None,
        Cap::Max(max) => max,
        Cap::Unknown(why) => {
            return Some(Finding {
                severity: Severity::Fatal,
                code: "price-cap-unknown",
                what: why.clone(),
                advice: "Until it can be compared no job is paid; check -priceFeedAddr (chain.price_feed), or write the maximum in wei".to_owned(),
            });
        }
    };
    let priced: Vec<Price> = offers(asked).filter_map(|offer| offer.price).collect();
    let cheapest = priced.iter().min_by(|a, b| {
        // Cross-multiplied: exact.
        let left = u128::from(a.wei) * u128::from(b.pixels.get());
        left.cmp(&(u128::from(b.wei) * u128::from(a.pixels.get())))
    })?;
    let dearer = priced.iter().filter(|price| !max.allows(**price)).count();
    let (severity, code) = match dearer {
        0 => return None,
        all if all == priced.len() => (Severity::Fatal, "price-cap"),
        _ => (Severity::Warning, "price-cap-for-some"),
    };
    Some(Finding {
        severity,
        code,
        what: format!(
            "the highest price accepted is {max} wei a pixel; {dearer} of {} orchestrators ask more, the cheapest asks {cheapest}",
            priced.len()
        ),
        advice: "Raise -maxPricePerUnit (prices.max), or wait for cheaper orchestrators".to_owned(),
    })
}

fn offers(asked: &[Asked]) -> impl Iterator<Item = &Offered> {
    asked.iter().filter_map(|asked| asked.answer.as_ref().ok())
}

fn face_values(asked: &[Asked]) -> impl Iterator<Item = U256> {
    offers(asked).filter_map(|offer| offer.face_value).filter(|face| !face.is_zero())
}
