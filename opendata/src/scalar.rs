//! The small values of a record. Each can only hold what its column may publish: an address is 20
//! bytes and not a text, a label is short and printable, an instance is a hash that the host and
//! port went into and cannot be read from.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use sha2::{Digest, Sha256};

/// An Ethereum address. Displayed in lower-case hex with `0x`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address([u8; 20]);

impl Address {
    /// What stands for a gateway without a chain.
    pub const ZERO: Self = Self([0; 20]);

    /// An address from its bytes.
    pub const fn new(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

impl From<[u8; 20]> for Address {
    fn from(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A text that is not one of the small values of a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not {what}")]
#[non_exhaustive]
pub struct ScalarError {
    /// What was given, cut to 64 characters.
    pub given: String,
    /// What is accepted.
    pub what: &'static str,
}

impl ScalarError {
    fn new(given: &str, what: &'static str) -> Self {
        Self { given: given.chars().take(64).collect(), what }
    }
}

impl FromStr for Address {
    type Err = ScalarError;

    /// Reads 40 hex digits of either case, with or without `0x`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || ScalarError::new(text, "an address: 0x and 40 hex digits");
        let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
        if digits.len() != 40 {
            return Err(refuse());
        }
        let mut bytes = [0_u8; 20];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair.iter().try_fold(0_u8, |value, &digit| {
                let digit = char::from(digit).to_digit(16).ok_or_else(refuse)?;
                let digit = u8::try_from(digit).map_err(|_| refuse())?;
                Ok((value << 4) | digit)
            })?;
        }
        Ok(Self(bytes))
    }
}

/// A short printable word from a peer or a configuration: a version, a model, a GPU's name.
///
/// At most 96 bytes of printable ASCII; anything else has become `_`. Cloning is cheap.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label(Arc<str>);

impl Label {
    /// The longest label, in bytes.
    pub const MAX_BYTES: usize = 96;

    /// The label of a text that may hold anything; `None` when nothing but space is left.
    pub fn from_untrusted(text: &str) -> Option<Self> {
        let kept: String = text
            .trim()
            .chars()
            .take(Self::MAX_BYTES)
            .map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '_' })
            .collect();
        let kept = kept.trim_end();
        (!kept.is_empty()).then(|| Self(kept.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Label").field(&self.as_str()).finish()
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The metro area of a gateway node: a three-letter IATA code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Region([u8; 3]);

impl Region {
    /// Where nobody said.
    pub const UNKNOWN: Self = Self(*b"ZZZ");
}

impl Default for Region {
    fn default() -> Self {
        Self::UNKNOWN
    }
}

impl FromStr for Region {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match *text.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(ScalarError::new(text, "a region: three capital letters, such as FRA")),
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&letter| write!(f, "{}", char::from(letter)))
    }
}

/// Which machine of an orchestrator: the first 6 bytes of SHA-256 over `host:port`, because one
/// address often fronts many machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrchestratorInstance([u8; 6]);

impl OrchestratorInstance {
    /// The instance behind `host:port` (no scheme, no path).
    pub fn of(host_port: &str) -> Self {
        let digest = Sha256::digest(host_port.as_bytes());
        let mut head = [0; 6];
        head.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Self(head)
    }
}

impl fmt::Display for OrchestratorInstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// An amount of wei, or one part of an exact price: 0 to 10^38 - 1, what `decimal(38,0)` holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Wei(i128);

impl Wei {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The largest amount.
    pub const MAX: Self = Self(10_i128.pow(38) - 1);

    /// The amount, or `None` above [`Wei::MAX`].
    pub fn new(amount: u128) -> Option<Self> {
        i128::try_from(amount).ok().map(Self).filter(|wei| *wei <= Self::MAX)
    }

    /// The amount.
    pub const fn get(self) -> i128 {
        self.0
    }
}

impl From<u64> for Wei {
    fn from(amount: u64) -> Self {
        Self(amount.into())
    }
}

impl fmt::Display for Wei {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_is_shown_in_lower_case_whatever_case_it_came_in() {
        let address: Address = "0xD8E8328501E9645d16Cf49539efC04f734606ee4".parse().unwrap();
        assert_eq!(address.to_string(), "0xd8e8328501e9645d16cf49539efc04f734606ee4");
    }

    #[test]
    fn a_text_that_is_no_address_is_refused_with_what_is_accepted() {
        for text in ["", "0x12", &format!("0x{}", "g".repeat(40)), &"\u{e9}".repeat(20)] {
            let error = text.parse::<Address>().unwrap_err();
            assert!(error.to_string().ends_with("is not an address: 0x and 40 hex digits"));
        }
    }

    #[test]
    fn a_region_is_three_capitals() {
        assert_eq!("FRA".parse::<Region>().unwrap().to_string(), "FRA");
        assert_eq!(Region::default().to_string(), "ZZZ");
        for text in ["fra", "FR", "FRAN", "F1A"] {
            assert!(text.parse::<Region>().is_err(), "{text}");
        }
    }

    /// Expected value from `printf 127.0.0.1:8935 | sha256sum`.
    #[test]
    fn an_instance_is_twelve_hex_digits_of_the_hash() {
        assert_eq!(OrchestratorInstance::of("127.0.0.1:8935").to_string(), "026e09bbafb3");
    }

    #[test]
    fn an_amount_of_thirty_nine_digits_does_not_fit() {
        assert_eq!(Wei::new(10_u128.pow(38) - 1), Some(Wei::MAX));
        assert_eq!(Wei::new(10_u128.pow(38)), None);
        assert_eq!(Wei::new(u128::MAX), None);
    }

    proptest! {
        #[test]
        fn a_label_is_short_and_printable_whatever_it_came_from(text in "\\PC{0,200}|.{0,200}") {
            if let Some(label) = Label::from_untrusted(&text) {
                prop_assert!((1..=Label::MAX_BYTES).contains(&label.as_str().len()));
                prop_assert!(label.as_str().bytes().all(|b| (b' '..=b'~').contains(&b)));
            }
        }

        #[test]
        fn an_address_survives_its_text(bytes in any::<[u8; 20]>()) {
            let address = Address::new(bytes);
            prop_assert_eq!(address.to_string().parse(), Ok(address));
        }
    }
}
