//! Names for sessions that cannot be followed from one UTC day to the next.
//!
//! A pseudonym is the head of an HMAC-SHA256 over the session's id. Its key is made for one day,
//! lives in memory only, and is gone when the day after has begun: after that nobody, this gateway
//! included, can say which session a pseudonym was.

use std::fmt;

use hmac::{Hmac, Mac};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use parking_lot::Mutex;
use sha2::Sha256;

/// The name of a session within one day: 8 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionPseudonym([u8; 8]);

impl SessionPseudonym {
    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

/// The key of one UTC day.
pub struct DayKey {
    day: Date,
    key: [u8; 32],
}

impl DayKey {
    /// A new random key for `day`.
    pub fn random(day: Date) -> Self {
        Self { day, key: rand::random() }
    }

    /// A key that tests can compute with.
    #[cfg(test)]
    pub(crate) fn fixed(day: Date) -> Self {
        Self { day, key: [0xab; 32] }
    }

    /// The day it is for.
    pub fn day(&self) -> Date {
        self.day
    }

    /// The pseudonym of a session's id on this day.
    pub fn session_pseudonym(&self, session: &[u8]) -> SessionPseudonym {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        mac.update(session);
        let digest = mac.finalize().into_bytes();
        let mut head = [0; 8];
        head.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        SessionPseudonym(head)
    }
}

/// The key itself is never shown.
impl fmt::Debug for DayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DayKey").field("day", &self.day).finish_non_exhaustive()
    }
}

/// The keys in use: that of the latest day seen, and of the day before for jobs that began just
/// before midnight.
#[derive(Debug, Default)]
pub struct DayKeys {
    keys: Mutex<[Option<DayKey>; 2]>,
}

impl DayKeys {
    /// The pseudonym of a session for a job that began at `started_at`.
    ///
    /// For a day before yesterday the key is gone: such a row gets a pseudonym of its own that
    /// nothing else shares.
    pub fn pseudonym(&self, started_at: Timestamp, session: &[u8]) -> SessionPseudonym {
        let day = Offset::UTC.to_datetime(started_at).date();
        let mut keys = self.keys.lock();
        let [latest, before] = &mut *keys;
        if latest.as_ref().is_none_or(|key| key.day < day) {
            *before = latest.take().filter(|key| day.yesterday().is_ok_and(|d| d == key.day));
            *latest = Some(DayKey::random(day));
        }
        if before.is_none()
            && latest.as_ref().is_some_and(|key| day.tomorrow().is_ok_and(|d| d == key.day))
        {
            *before = Some(DayKey::random(day));
        }
        let known = [&*latest, &*before].into_iter().flatten().find(|key| key.day == day);
        match known {
            Some(key) => key.session_pseudonym(session),
            None => DayKey::random(day).session_pseudonym(session),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_session_keeps_its_pseudonym_through_a_day() {
        let keys = DayKeys::default();
        let morning = keys.pseudonym(at("2026-11-22T00:00:00Z"), b"stream");
        assert_eq!(keys.pseudonym(at("2026-11-22T23:59:59.999Z"), b"stream"), morning);
        assert_ne!(keys.pseudonym(at("2026-11-22T12:00:00Z"), b"other"), morning);
    }

    #[test]
    fn the_next_day_it_has_another() {
        let keys = DayKeys::default();
        let before = keys.pseudonym(at("2026-11-22T23:59:59Z"), b"stream");
        assert_ne!(keys.pseudonym(at("2026-11-23T00:00:00Z"), b"stream"), before);
        assert_eq!(keys.pseudonym(at("2026-11-22T23:59:59Z"), b"stream"), before);
    }

    #[test]
    fn a_key_is_gone_when_the_day_after_has_begun() {
        let keys = DayKeys::default();
        let first = keys.pseudonym(at("2026-11-22T12:00:00Z"), b"stream");
        keys.pseudonym(at("2026-11-23T12:00:00Z"), b"stream");
        keys.pseudonym(at("2026-11-24T12:00:00Z"), b"stream");
        assert_ne!(keys.pseudonym(at("2026-11-22T12:00:00Z"), b"stream"), first);
    }

    #[test]
    fn two_gateways_name_the_same_session_differently() {
        let moment = at("2026-11-22T12:00:00Z");
        let here = DayKeys::default().pseudonym(moment, b"stream");
        assert_ne!(DayKeys::default().pseudonym(moment, b"stream"), here);
    }

    #[test]
    fn a_key_does_not_show_itself() {
        let key = DayKey::fixed(jiff::civil::date(2026, 11, 22));
        assert_eq!(format!("{key:?}"), "DayKey { day: 2026-11-22, .. }");
    }

    /// Expected value from Python's `hmac.new(b"\xab" * 32, b"stream", "sha256")`.
    #[test]
    fn a_pseudonym_is_the_head_of_an_hmac_sha256() {
        let key = DayKey::fixed(jiff::civil::date(2026, 11, 22));
        let name = key.session_pseudonym(b"stream");
        assert_eq!(u64::from_be_bytes(*name.as_bytes()), 0x238d_f14c_4720_ab98);
    }
}
