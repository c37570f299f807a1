//! Faults as text: `PHASE:KIND[=VALUE][:TIMES]`, with an error that lists what is accepted.

use std::str::FromStr;
use std::time::Duration;

use crate::attack::Attack;

use super::{
    ConnectionFault, DownloadFault, Fault, FaultSpec, GetOrchestratorFault, ParamsFault,
    PaymentFault, RefreshFault, SegmentFault, Times,
};

/// Default size of an oversized result: far above any real one.
const OVERSIZED_RESULT: u64 = 64 << 20;
/// Default size of an oversized rendition: above what a node takes itself.
const OVERSIZED_DOWNLOAD: u64 = 400_000_000;
/// Default limit of nonces: the largest that carries no tag.
const NONCE_LIMIT: u32 = 1023;

/// Why a text is no fault.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultParseError {
    /// No phase, or none of those there are.
    #[error(
        "`{given}` names no phase: write info:, segment:, download:, connection:, payment:, params: or \
         refresh: and a kind"
    )]
    Phase {
        /// What was given.
        given: String,
    },
    /// A kind the phase does not have.
    #[error("`{given}` is no fault of {phase}: use one of {accepted}")]
    Kind {
        /// The phase.
        phase: &'static str,
        /// What was given.
        given: String,
        /// The kinds there are.
        accepted: &'static str,
    },
    /// A value that is missing, not wanted, or of the wrong form.
    #[error("`{given}` needs {wanted}")]
    Value {
        /// What was given.
        given: String,
        /// What would be right.
        wanted: &'static str,
    },
}

const INFO: &str = "hang, slow=DURATION, error=TEXT, capped, drop, empty-transcoder, no-auth-token, \
                    incompatible-capabilities";
const SEGMENT: &str = "slow=DURATION, busy, capped, hang-before-headers, hang-in-body, \
                       drop-before-headers, drop-mid-response, fewer-renditions, more-renditions, \
                       swapped-order, wrong-signature, corrupt-data, truncated-data, \
                       garbage-protobuf, empty-body, unknown-result, status=CODE, wrong-seq, \
                       oversized-result[=BYTES], result-error=TEXT, other-hash, no-hash, endless-hash, \
                       attack=NUMBER";
const DOWNLOAD: &str =
    "not-found, hang, slow=DURATION, truncated, corrupt, oversized[=BYTES], status=CODE";
const CONNECTION: &str = "new-certificate, refuse";
const PAYMENT: &str = "params-expired, nonce-limit[=NONCE], inactive, insufficient-balance, new-secret, \
                       refused=TEXT";
const PARAMS: &str =
    "price-doubled, price-times=FACTOR, price-zero, face-value-zero, expired, insufficient-reserve";
const REFRESH: &str = "not-found, hang, status=CODE";

impl FromStr for FaultSpec {
    type Err = FaultParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let phase_error = || FaultParseError::Phase { given: text.to_owned() };
        let (phase, rest) = text.split_once(':').ok_or_else(phase_error)?;
        // The last part is a number of times only if it reads as one: a text may hold colons.
        let (fault, times) = rest
            .rsplit_once(':')
            .and_then(|(fault, times)| Some((fault, read_times(times)?)))
            .unwrap_or((rest, Times::Always));
        let (kind, value) = match fault.split_once('=') {
            Some((kind, value)) => (kind, Some(value)),
            None => (fault, None),
        };
        let given = Given { text: fault, kind, value };
        let fault = match phase {
            "info" => Fault::GetOrchestrator(given.info()?),
            "segment" => Fault::Segment(given.segment()?),
            "download" => Fault::Download(given.download()?),
            "connection" => Fault::Connection(given.connection()?),
            "payment" => Fault::Payment(given.payment()?),
            "params" => Fault::Params(given.params()?),
            "refresh" => Fault::Refresh(given.refresh()?),
            _ => return Err(phase_error()),
        };
        Ok(Self { fault, times })
    }
}

struct Given<'a> {
    text: &'a str,
    kind: &'a str,
    value: Option<&'a str>,
}

impl Given<'_> {
    fn info(&self) -> Result<GetOrchestratorFault, FaultParseError> {
        use GetOrchestratorFault as F;
        match self.kind {
            "slow" => return Ok(F::Slow(self.duration()?)),
            "error" => return Ok(F::Error(self.string()?)),
            _ => {}
        }
        self.plain(
            "info",
            INFO,
            &[
                F::Hang,
                F::Capped,
                F::DropConnection,
                F::EmptyTranscoder,
                F::NoAuthToken,
                F::IncompatibleCapabilities,
            ],
            |fault| fault.kind().0,
        )
    }

    fn segment(&self) -> Result<SegmentFault, FaultParseError> {
        use SegmentFault as F;
        match self.kind {
            "slow" => return Ok(F::Slow(self.duration()?)),
            "status" => return Ok(F::Status(self.status()?)),
            "result-error" => return Ok(F::ResultError(self.string()?)),
            "attack" => return Ok(F::Attack(self.attack()?)),
            "oversized-result" => return Ok(F::OversizedResult(self.bytes(OVERSIZED_RESULT)?)),
            _ => {}
        }
        self.plain(
            "segment",
            SEGMENT,
            &[
                F::Busy,
                F::Capped,
                F::HangBeforeHeaders,
                F::HangInBody,
                F::DropBeforeHeaders,
                F::DropMidResponse,
                F::FewerRenditions,
                F::MoreRenditions,
                F::SwappedOrder,
                F::WrongSignature,
                F::CorruptData,
                F::TruncatedData,
                F::GarbageProtobuf,
                F::EmptyBody,
                F::UnknownResult,
                F::WrongSeq,
                F::OtherHash,
                F::NoHash,
                F::EndlessHash,
            ],
            |fault| fault.kind().0,
        )
    }

    fn download(&self) -> Result<DownloadFault, FaultParseError> {
        use DownloadFault as F;
        match self.kind {
            "slow" => return Ok(F::Slow(self.duration()?)),
            "status" => return Ok(F::Status(self.status()?)),
            "oversized" => return Ok(F::Oversized(self.bytes(OVERSIZED_DOWNLOAD)?)),
            _ => {}
        }
        self.plain("download", DOWNLOAD, &[F::NotFound, F::Hang, F::Truncated, F::Corrupt], |f| {
            f.kind().0
        })
    }

    fn connection(&self) -> Result<ConnectionFault, FaultParseError> {
        use ConnectionFault as F;
        self.plain("connection", CONNECTION, &[F::NewCertificate, F::Refuse], |fault| {
            Fault::Connection(*fault).kind().0
        })
    }

    fn payment(&self) -> Result<PaymentFault, FaultParseError> {
        use PaymentFault as F;
        match self.kind {
            "nonce-limit" => return Ok(F::NonceLimit(self.number(Some(NONCE_LIMIT))?)),
            "refused" => return Ok(F::Refused(self.string()?)),
            _ => {}
        }
        self.plain(
            "payment",
            PAYMENT,
            &[F::ParamsExpired, F::Inactive, F::InsufficientBalance, F::NewSecret],
            |fault| fault.kind().0,
        )
    }

    fn params(&self) -> Result<ParamsFault, FaultParseError> {
        use ParamsFault as F;
        if self.kind == "price-times" {
            return Ok(F::PriceTimes(self.number(None)?));
        }
        self.plain(
            "params",
            PARAMS,
            &[F::PriceDoubled, F::PriceZero, F::FaceValueZero, F::Expired, F::InsufficientReserve],
            |fault| fault.kind().0,
        )
    }

    fn refresh(&self) -> Result<RefreshFault, FaultParseError> {
        use RefreshFault as F;
        if self.kind == "status" {
            return Ok(F::Status(self.status()?));
        }
        self.plain("refresh", REFRESH, &[F::NotFound, F::Hang], |fault| fault.kind().0)
    }

    /// A kind that takes no value.
    fn plain<F: Clone>(
        &self,
        phase: &'static str,
        accepted: &'static str,
        faults: &[F],
        name: impl Fn(&F) -> &'static str,
    ) -> Result<F, FaultParseError> {
        let fault = faults.iter().find(|fault| name(fault) == self.kind).ok_or_else(|| {
            FaultParseError::Kind { phase, given: self.kind.to_owned(), accepted }
        })?;
        if self.value.is_some() {
            return Err(self.wants("no value"));
        }
        Ok(fault.clone())
    }

    fn duration(&self) -> Result<Duration, FaultParseError> {
        let wants = || self.wants("a duration such as =500ms or =3s");
        let value = self.value.ok_or_else(wants)?;
        let (number, millis) = match value.strip_suffix("ms") {
            Some(number) => (number, 1),
            None => (value.strip_suffix('s').ok_or_else(wants)?, 1000),
        };
        let number: u32 = number.parse().map_err(|_| wants())?;
        Ok(Duration::from_millis(u64::from(number) * millis))
    }

    fn status(&self) -> Result<u16, FaultParseError> {
        self.value
            .and_then(|value| value.parse().ok())
            .filter(|status| (400..=599).contains(status))
            .ok_or_else(|| self.wants("a status from =400 to =599"))
    }

    fn bytes(&self, default: u64) -> Result<u64, FaultParseError> {
        match self.value {
            None => Ok(default),
            Some(value) => value.parse().map_err(|_| self.wants("a number of bytes")),
        }
    }

    fn number(&self, default: Option<u32>) -> Result<u32, FaultParseError> {
        let value = match self.value {
            None => default,
            Some(value) => value.parse().ok(),
        };
        value.ok_or_else(|| self.wants("a whole number"))
    }

    fn attack(&self) -> Result<Attack, FaultParseError> {
        self.value
            .and_then(|value| value.parse().ok())
            .ok_or_else(|| self.wants("an attack from =A01 to =A64, or its name"))
    }

    fn string(&self) -> Result<String, FaultParseError> {
        self.value.map(str::to_owned).ok_or_else(|| self.wants("a text after ="))
    }

    fn wants(&self, wanted: &'static str) -> FaultParseError {
        FaultParseError::Value { given: self.text.to_owned(), wanted }
    }
}

fn read_times(text: &str) -> Option<Times> {
    match text {
        "once" => Some(Times::Once),
        "always" => Some(Times::Always),
        number => number.parse().ok().map(Times::N),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn every_fault() -> Vec<Fault> {
        let all = |phase: &str, list: &str| -> Vec<Fault> {
            list.split(", ")
                .map(|kind| {
                    let kind = kind
                        .replace("[=BYTES]", "")
                        .replace("DURATION", "3s")
                        .replace("CODE", "503")
                        .replace("TEXT", "a: b")
                        .replace("NUMBER", "A20")
                        .replace("[=NONCE]", "=1023")
                        .replace("FACTOR", "3");
                    let text = format!("{phase}:{kind}");
                    text.parse::<FaultSpec>().unwrap_or_else(|e| panic!("{text}: {e}")).fault
                })
                .collect()
        };
        [
            all("info", INFO),
            all("segment", SEGMENT),
            all("download", DOWNLOAD),
            all("connection", CONNECTION),
            all("payment", PAYMENT),
            all("params", PARAMS),
            all("refresh", REFRESH),
        ]
        .concat()
    }

    #[test]
    fn every_listed_fault_is_read_and_written_back_the_same() {
        for fault in every_fault() {
            for times in [Times::Once, Times::N(7), Times::Always] {
                let spec = FaultSpec { fault: fault.clone(), times };
                assert_eq!(spec.to_string().parse(), Ok(spec));
            }
        }
    }

    #[test]
    fn a_fault_without_times_strikes_always() {
        let spec: FaultSpec = "segment:slow=1500ms".parse().unwrap();
        assert_eq!(spec.times, Times::Always);
        assert_eq!(spec.fault, SegmentFault::Slow(Duration::from_millis(1500)).into());
    }

    #[test]
    fn a_wrong_fault_says_what_is_accepted() {
        let errors: Vec<_> = [
            "busy",
            "gpu:melt",
            "connection:melt",
            "segment:slow",
            "segment:busy=1",
            "download:status=200",
        ]
        .into_iter()
        .map(|text| text.parse::<FaultSpec>().unwrap_err().to_string())
        .collect();
        assert_eq!(
            errors,
            [
                "`busy` names no phase: write info:, segment:, download:, connection:, payment:, \
                 params: or refresh: and a kind",
                "`gpu:melt` names no phase: write info:, segment:, download:, connection:, payment:, \
                 params: or refresh: and a kind",
                "`melt` is no fault of connection: use one of new-certificate, refuse",
                "`slow` needs a duration such as =500ms or =3s",
                "`busy=1` needs no value",
                "`status=200` needs a status from =400 to =599",
            ]
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "(info|segment|download|connection|payment|params|refresh)?:?[a-z-]{0,20}=?.{0,20}") {
            drop(text.parse::<FaultSpec>());
        }
    }
}
