//! The report: rows of demand, the books behind them, and what was passed over on the way.
//!
//! Every figure from redeemed tickets is a lower bound: some winners are never redeemed
//! (payments-contracts 1.9). What a gateway's verified round book adds up to stands beside it.

use alloy_primitives::{Address, B256};
use jiff::civil::Date;
use serde::{Serialize, Serializer};

use crate::amount::Wei;
use crate::book::BookStatus;
use crate::grade::Grade;
use crate::relations::Reasons;

mod build;
mod group;
mod registered;

pub use build::{Question, report};

/// What one row covers in time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum By {
    /// Tickets created in one round.
    #[default]
    Round,
    /// Tickets redeemed on one day, UTC. Those of logs without a time stand together.
    Day,
}

/// What one row covers of the tree of tags.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Exactly this tag: rows add up to the whole.
    #[default]
    Tag,
    /// This tag and all below it: rows overlap.
    Subtree,
}

/// Demand of one gateway for one tag, by one grade of trust, in one round or day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Round in which the tickets were created; of a day, the first.
    pub round: u64,
    /// Of a day, the last.
    pub last_round: u64,
    /// Day of the first redemption, where the logs carry a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day: Option<Date>,
    /// Day of the last redemption, where the logs carry a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_day: Option<Date>,
    /// Who paid.
    #[serde(serialize_with = "lower_case")]
    pub gateway: Address,
    /// The tag's number; 0 is untagged.
    pub tag_id: u32,
    /// Its path, where a registry gives one.
    pub tag: Option<String>,
    /// Whether rows add up or overlap.
    pub scope: Scope,
    /// How far the tag can be trusted; nothing for untagged tickets, and for a tag that only a round
    /// book has.
    pub grade: Option<Grade>,
    /// Whether face values are an unbiased estimate of what was spent: the tag was fixed before the
    /// tickets were seen to win.
    pub estimate: bool,
    /// Redeemed tickets.
    pub winners: u64,
    /// What they promised, wei.
    pub face_value_wei: Wei,
    /// What was really paid for them, wei.
    pub paid_wei: Wei,
    /// Of that, what was not paid to an orchestrator that may be the gateway's own, wei.
    pub arms_length_wei: Wei,
    /// Distinct orchestrators.
    pub recipients: u64,
    /// Standard error of the face value as an estimate of what was spent: the root of the sum of
    /// squares, rounded down, wei.
    pub stderr_wei: Wei,
    /// Concentration on orchestrators, by what was paid (Herfindahl-Hirschman): 1 when one has all.
    pub hhi: f64,
    /// Share of the redeemed tickets whose session is in the gateway's verified book.
    pub coverage: f64,
    /// Whether some of it was paid to an orchestrator that may be the gateway's own.
    pub self_dealing: bool,
    /// Why.
    pub self_dealing_reasons: Reasons,
    /// Tickets of which nonce, book and attestations name different tags.
    pub conflicts: u64,
    /// The gateway's book of the round; nothing in rows of days.
    pub book: Option<BookStatus>,
    /// Which revision stands.
    pub book_revision: Option<u32>,
    /// Payment sessions with this tag in the verified book.
    pub book_sessions: Option<u64>,
    /// Tickets with this tag in the verified book, winning or not.
    pub book_tickets: Option<u64>,
    /// Their expected value, wei: the whole of which the redeemed tickets are a sample. The same on
    /// every row of this gateway, round and tag.
    pub book_ev_wei: Option<Wei>,
}

/// A gateway's book of one round, and what the redeemed tickets say of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BookLine {
    /// The round.
    pub round: u64,
    /// Whose book.
    #[serde(serialize_with = "lower_case")]
    pub gateway: Address,
    /// Whether it can be used.
    pub status: BookStatus,
    /// Which revision stands.
    pub revision: u32,
    /// Its payment sessions, as committed.
    pub sessions: u32,
    /// The expected value of all its tickets, wei, as committed.
    pub ev_wei: Wei,
    /// Redeemed tickets of this gateway and round.
    pub redeemed: u64,
    /// How many of them the book has.
    pub in_book: u64,
    /// Their share: below 1, the book leaves out sessions that were paid.
    pub completeness: Option<f64>,
    /// What is wrong, in a sentence.
    pub problem: Option<String>,
}

/// What a gateway advertises in the registry beside what it was seen to pay for it. An advert costs
/// nothing to make: without payments it is a wish, or noise (payments-contracts 6.6, 6.8).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AdvertLine {
    /// Who would buy.
    #[serde(serialize_with = "lower_case")]
    pub gateway: Address,
    /// What, by number.
    pub tag_id: u32,
    /// Its path.
    pub tag: Option<String>,
    /// Until when the advert holds, Unix seconds.
    pub expiry: u64,
    /// Unit of work: 0 pixel, 1 720p-pixel-second, 2 second, 3 fixed job, 4 token, 5 ms of audio, 6 character.
    pub unit: u8,
    /// Most that is paid for a unit: numerator, wei, as decimal text.
    #[serde(serialize_with = "decimal")]
    pub price_num: u128,
    /// Its denominator.
    pub price_den: u64,
    /// Redeemed tickets of this gateway and tag in the report.
    pub winners: u64,
    /// What was paid for them, wei.
    pub paid_wei: Wei,
}

/// A gateway that published a manifest.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ManifestLine {
    /// Which.
    #[serde(serialize_with = "lower_case")]
    pub gateway: Address,
    /// Where it says the manifest is.
    pub uri: String,
    /// Hash of the manifest.
    pub hash: B256,
}

/// Everything that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Demand: by round or day, gateway, tag, grade.
    pub rows: Vec<Row>,
    /// Books: of gateways that committed to one.
    pub books: Vec<BookLine>,
    /// Adverts that hold at the newest time of the logs, the most paid for first.
    pub adverts: Vec<AdvertLine>,
    /// Gateways with a manifest.
    pub manifests: Vec<ManifestLine>,
}

fn lower_case<S: Serializer>(address: &Address, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{address:#x}"))
}

fn decimal<S: Serializer>(number: &u128, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}
