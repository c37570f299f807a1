//! As many renditions as profiles were asked for.
//!
//! A stock orchestrator that cannot store a rendition answers with fewer entries and calls it a
//! success (server/segment_rpc.go:173-205), so the number is checked on every result.

use super::Check;

/// Name of this check.
pub const NAME: &str = "rendition_count";

/// Compares the number of renditions reported with the number of profiles asked for.
pub fn check(expected: usize, reported: usize) -> Check {
    if expected == reported {
        Check::pass(NAME, format!("{reported} renditions"))
    } else {
        Check::fail(NAME, format!("{reported} renditions for {expected} profiles"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;

    #[test]
    fn exactly_one_rendition_per_profile_passes() {
        assert_eq!(check(2, 2).outcome, Outcome::Pass);
        assert_eq!(check(0, 0).outcome, Outcome::Pass);
    }

    #[test]
    fn fewer_or_more_renditions_fail_and_say_how_many() {
        assert_eq!(check(3, 2), Check::fail(NAME, "2 renditions for 3 profiles"));
        assert_eq!(check(1, 2).outcome, Outcome::Fail);
    }
}
