//! The closed vocabularies of a record. What an attempt can be said to have been is one of these
//! words, so that nothing written by a peer or a client can reach a data set as a "reason".
//!
//! Values may be added; none is renamed or removed. Readers treat an unknown one as `other`.

mod error_type;
mod verify_reason;

pub use error_type::{ErrorNative, ErrorType};
pub use verify_reason::VerifyReason;

/// Whether a job was real demand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// A client's job.
    #[default]
    Production,
    /// A job this gateway made up to measure an orchestrator.
    Probe,
}

impl Origin {
    /// Every value, in the order of the dictionary.
    pub const ALL: [Self; 2] = [Self::Production, Self::Probe];

    /// The spelling in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Probe => "probe",
        }
    }
}

/// The grain of a job.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// One request, one answer.
    Request,
    /// One request, a streamed answer.
    Stream,
    /// One segment of a stream.
    #[default]
    Segment,
    /// A live session as a whole.
    Session,
}

impl Mode {
    /// Every value, in the order of the dictionary.
    pub const ALL: [Self; 4] = [Self::Request, Self::Stream, Self::Segment, Self::Session];

    /// The spelling in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Stream => "stream",
            Self::Segment => "segment",
            Self::Session => "session",
        }
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// Every result arrived and was accepted.
    Ok,
    /// It broke.
    Failed,
    /// The orchestrator refused it.
    Rejected,
    /// A deadline passed.
    Timeout,
    /// Somebody called it off.
    Cancelled,
    /// Nobody could take it.
    NoOrchestrator,
    /// Nobody was cheap enough.
    PriceExceeded,
    /// Results arrived and were wrong.
    VerificationFailed,
}

impl Outcome {
    /// Every value, in the order of the dictionary.
    pub const ALL: [Self; 8] = [
        Self::Ok,
        Self::Failed,
        Self::Rejected,
        Self::Timeout,
        Self::Cancelled,
        Self::NoOrchestrator,
        Self::PriceExceeded,
        Self::VerificationFailed,
    ];

    /// The spelling in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::NoOrchestrator => "no_orchestrator",
            Self::PriceExceeded => "price_exceeded",
            Self::VerificationFailed => "verification_failed",
        }
    }
}

/// Whose fault an error was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Blame {
    /// The orchestrator's.
    Orchestrator,
    /// Ours.
    Gateway,
    /// The client's.
    Client,
    /// The path between us and the orchestrator.
    Network,
    /// Not known.
    Unknown,
}

impl Blame {
    /// Every value, in the order of the dictionary.
    pub const ALL: [Self; 5] =
        [Self::Orchestrator, Self::Gateway, Self::Client, Self::Network, Self::Unknown];

    /// The spelling in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Orchestrator => "orchestrator",
            Self::Gateway => "gateway",
            Self::Client => "client",
            Self::Network => "network",
            Self::Unknown => "unknown",
        }
    }
}

/// What work is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WorkUnit {
    /// Pixels of output.
    Pixel,
    /// Seconds of media or of compute.
    Second,
    /// Tokens.
    Token,
    /// Images.
    Image,
    /// Characters.
    Character,
    /// One price per job.
    Fixed,
    /// Anything else.
    Other,
}

impl WorkUnit {
    /// Every value, in the order of the dictionary.
    pub const ALL: [Self; 7] = [
        Self::Pixel,
        Self::Second,
        Self::Token,
        Self::Image,
        Self::Character,
        Self::Fixed,
        Self::Other,
    ];

    /// The spelling in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pixel => "pixel",
            Self::Second => "second",
            Self::Token => "token",
            Self::Image => "image",
            Self::Character => "character",
            Self::Fixed => "fixed",
            Self::Other => "other",
        }
    }
}

/// Which verification was planned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VerifyMode {
    /// None.
    #[default]
    None,
    /// The checks that run on every result.
    Fast,
    /// The checks that decode and compare.
    Full,
    /// Both.
    FastAndFull,
}

impl VerifyMode {
    /// Every value, in the order of the dictionary.
    pub const ALL: [Self; 4] = [Self::None, Self::Fast, Self::Full, Self::FastAndFull];

    /// The spelling in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Fast => "fast",
            Self::Full => "full",
            Self::FastAndFull => "fast+full",
        }
    }
}

/// What verification said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VerifyResult {
    /// It did not run; a value of its own, so that rates have a denominator.
    #[default]
    NotRun,
    /// The result is good.
    Pass,
    /// The result is bad.
    Fail,
    /// It could not tell.
    Inconclusive,
}

impl VerifyResult {
    /// Every value, in the order of the dictionary.
    pub const ALL: [Self; 4] = [Self::NotRun, Self::Pass, Self::Fail, Self::Inconclusive];

    /// The spelling in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotRun => "not_run",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// Why a result was put through a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SelectedBy {
    /// A secret draw.
    Random,
    /// Something spoke against this result or its orchestrator.
    Suspicion,
    /// Every result is.
    All,
}

impl SelectedBy {
    /// Every value, in the order of the dictionary.
    pub const ALL: [Self; 3] = [Self::Random, Self::Suspicion, Self::All];

    /// The spelling in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Suspicion => "suspicion",
            Self::All => "all",
        }
    }
}

/// A continent, by its two-letter code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Continent {
    /// Africa.
    Africa,
    /// Antarctica.
    Antarctica,
    /// Asia.
    Asia,
    /// Europe.
    Europe,
    /// North America.
    NorthAmerica,
    /// Oceania.
    Oceania,
    /// South America.
    SouthAmerica,
}

impl Continent {
    /// Every value, in the order of the dictionary.
    pub const ALL: [Self; 7] = [
        Self::Africa,
        Self::Antarctica,
        Self::Asia,
        Self::Europe,
        Self::NorthAmerica,
        Self::Oceania,
        Self::SouthAmerica,
    ];

    /// The spelling in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Africa => "AF",
            Self::Antarctica => "AN",
            Self::Asia => "AS",
            Self::Europe => "EU",
            Self::NorthAmerica => "NA",
            Self::Oceania => "OC",
            Self::SouthAmerica => "SA",
        }
    }
}
