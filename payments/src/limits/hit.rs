//! A promise that a limit forbids: which limit, how much of it is used, when that ends, and what to
//! change.

use std::fmt;

use alloy_primitives::U256;
use jiff::Timestamp;

use super::{Amount, RateProblem, wei_text};

/// Which limit. Closed: its [name](Self::name) is a metric label and part of a refusal's reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LimitKind {
    /// Face value of one ticket.
    TicketFaceValue,
    /// Expected value of one ticket.
    TicketExpectedValue,
    /// One payment.
    Payment,
    /// One payment session.
    Session,
    /// The tags of a pattern, a day.
    Tag,
    /// One orchestrator, a day.
    Orchestrator,
    /// Everything, a day.
    Day,
}

impl LimitKind {
    /// Every kind, in the order they are checked.
    pub const ALL: [Self; 7] = [
        Self::TicketFaceValue,
        Self::TicketExpectedValue,
        Self::Payment,
        Self::Session,
        Self::Tag,
        Self::Orchestrator,
        Self::Day,
    ];

    /// The label of a metric and of an event.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TicketFaceValue => "ticket_face_value",
            Self::TicketExpectedValue => "ticket_expected_value",
            Self::Payment => "payment",
            Self::Session => "session",
            Self::Tag => "tag",
            Self::Orchestrator => "orchestrator",
            Self::Day => "day",
        }
    }

    /// The setting that holds the limit.
    pub const fn setting(self) -> &'static str {
        match self {
            Self::TicketFaceValue => "spending.ticket_face_value",
            Self::TicketExpectedValue => "spending.ticket_expected_value",
            Self::Payment => "spending.payment",
            Self::Session => "spending.session",
            Self::Tag => "spending.tags",
            Self::Orchestrator => "spending.orchestrator",
            Self::Day => "spending.day",
        }
    }

    /// Whether another orchestrator may still be paid for the same job.
    pub const fn allows_another_orchestrator(self) -> bool {
        match self {
            Self::TicketFaceValue
            | Self::TicketExpectedValue
            | Self::Payment
            | Self::Session
            | Self::Orchestrator => true,
            Self::Tag | Self::Day => false,
        }
    }
}

impl fmt::Display for LimitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What made a limit refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimitCause {
    /// It would have been passed.
    Exceeded,
    /// Nobody knows how much it is in wei.
    Rate(RateProblem),
}

/// A promise that was refused. Nothing was signed and nothing was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitHit {
    /// Which limit.
    pub kind: LimitKind,
    /// Whose: the tag pattern, the orchestrator, the session.
    pub subject: Option<String>,
    /// The limit as it was set.
    pub limit: Amount,
    /// The limit in wei, where that is known.
    pub limit_wei: Option<U256>,
    /// What is promised already, in wei; zero for limits that count nothing.
    pub used: U256,
    /// What was asked for, in wei.
    pub asked: U256,
    /// When the count starts again; `None` for limits that count nothing and for sessions.
    pub resets: Option<Timestamp>,
    /// What made it refuse.
    pub cause: LimitCause,
}

impl fmt::Display for LimitHit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            LimitKind::TicketFaceValue => "limit of a ticket's face value",
            LimitKind::TicketExpectedValue => "limit of a ticket's expected value",
            LimitKind::Payment => "limit of a payment",
            LimitKind::Session => "limit of payment session",
            LimitKind::Tag => "daily limit of tag",
            LimitKind::Orchestrator => "daily limit of orchestrator",
            LimitKind::Day => "daily limit",
        };
        f.write_str(what)?;
        if let Some(subject) = &self.subject {
            write!(f, " {subject}")?;
        }
        write!(f, " is {}", self.limit)?;
        if let (Amount::Currency { .. }, Some(wei)) = (self.limit, self.limit_wei) {
            write!(f, " ({})", wei_text(wei))?;
        }
        match &self.cause {
            LimitCause::Exceeded => {
                if !self.used.is_zero() {
                    write!(f, ", used {}", wei_text(self.used))?;
                }
                write!(f, ", asked {}", wei_text(self.asked))?;
                if let Some(resets) = self.resets {
                    write!(f, "; it starts again at {resets}")?;
                }
                write!(f, "; raise {} to allow more", self.kind.setting())
            }
            LimitCause::Rate(problem) => write!(f, ", but {problem}"),
        }
    }
}

impl std::error::Error for LimitHit {}
