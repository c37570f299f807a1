//! The secret behind the draws, and its keys of the days.

use std::fmt;

use jiff::{Timestamp, civil::Date, tz::Offset};

use super::{Draw, Subject};
use crate::draw::mac;

/// Days between a key's day and its publication: nothing may still be drawn with it.
const REVEAL_AFTER: i64 = 2;

/// What the keys of all days come from. It stays where it is; a day's key tells nothing about it.
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl Secret {
    /// Takes 32 random bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key of the day (UTC) of this moment.
    pub fn day_key(&self, moment: Timestamp) -> DayKey {
        self.key_of(day_of(moment))
    }

    /// The key of a day: [`mac`] of the label `audit day` and the day as `2026-01-07`.
    pub fn key_of(&self, day: Date) -> DayKey {
        DayKey { day, key: mac(&self.0, "audit day", &[day.to_string().as_bytes()]) }
    }
}

/// Bytes are never shown.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The key of one day.
#[derive(Clone)]
pub struct DayKey {
    day: Date,
    key: [u8; 32],
}

impl DayKey {
    /// The day (UTC) whose draws it makes.
    pub const fn day(&self) -> Date {
        self.day
    }

    /// The draw for one result: [`mac`] of the label `audit` and orchestrator, job, number (8 bytes,
    /// big endian) and output.
    pub fn draw(&self, subject: &Subject<'_>) -> Draw {
        self.derive("audit", subject)
    }

    /// Secret bits for something else about the same result: which rendition, which pictures, the
    /// offset of the lattice. Different for each `purpose`, and unrelated to the draw.
    pub fn derive(&self, purpose: &str, subject: &Subject<'_>) -> Draw {
        Draw(subject.with(|parts| mac(&self.key, purpose, parts)))
    }

    /// The key itself, for publication: two days after its day, never before.
    pub fn reveal(&self, now: Timestamp) -> Option<[u8; 32]> {
        let since = self.day.until(day_of(now)).ok()?;
        (i64::from(since.get_days()) >= REVEAL_AFTER).then_some(self.key)
    }
}

/// Bytes are never shown.
impl fmt::Debug for DayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DayKey({})", self.day)
    }
}

fn day_of(moment: Timestamp) -> Date {
    Offset::UTC.to_datetime(moment).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_key_is_for_one_day_and_is_published_two_days_later() {
        let secret = Secret::new([7; 32]);
        let key = secret.day_key(at("2026-01-07T23:59:59Z"));
        assert_eq!(key.day().to_string(), "2026-01-07");
        assert_eq!(key.reveal(at("2026-01-08T23:59:59Z")), None);
        assert_eq!(key.reveal(at("2026-01-06T00:00:00Z")), None);
        assert!(key.reveal(at("2026-01-09T00:00:00Z")).is_some());
        let next = secret.day_key(at("2026-01-08T00:00:00Z"));
        assert_ne!(key.reveal(at("2026-03-01T00:00:00Z")), next.reveal(at("2026-03-01T00:00:00Z")));
    }

    #[test]
    fn nothing_secret_is_shown() {
        let secret = Secret::new([7; 32]);
        assert_eq!(format!("{secret:?}"), "Secret");
        let key = secret.day_key(at("2026-01-07T00:00:00Z"));
        assert_eq!(format!("{key:?}"), "DayKey(2026-01-07)");
    }
}
