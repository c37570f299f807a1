//! Renditions come in the order of the job's profiles.
//!
//! Results carry no profile names, but every store of a stock orchestrator names a file
//! `…/{profile}/{seq}{ext}` (go-tools drivers/local.go:226), so a place in the list and a name in
//! its address can contradict each other. An address that names no profile of the job says nothing.

use super::Check;

/// Name of this check.
pub const NAME: &str = "rendition_order";

/// Compares the profile names of the job with the names that the renditions' addresses carry.
///
/// `named[i]` is what the address of rendition `i` says, if anything. Fails if an address names
/// another profile of the job; passes only if every address names its own.
pub fn check(profiles: &[&str], named: &[Option<&str>]) -> Check {
    let mut confirmed = 0;
    for (i, (&profile, &name)) in profiles.iter().zip(named).enumerate() {
        match name {
            Some(name) if name == profile => confirmed += 1,
            Some(name) if profiles.contains(&name) => {
                let detail = format!("rendition {i} is named {name}, but profile {i} is {profile}");
                return Check::fail(NAME, detail);
            }
            Some(_) | None => {}
        }
    }
    if confirmed == profiles.len() && confirmed == named.len() {
        Check::pass(NAME, format!("{confirmed} renditions named in order"))
    } else {
        let total = named.len();
        Check::not_run(NAME, format!("{confirmed} of {total} addresses name their profile"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;

    const JOB: [&str; 2] = ["P240p30fps16x9", "P360p30fps16x9"];

    #[test]
    fn renditions_named_in_the_order_of_the_profiles_pass() {
        assert_eq!(check(&JOB, &[Some(JOB[0]), Some(JOB[1])]).outcome, Outcome::Pass);
    }

    #[test]
    fn swapped_renditions_fail() {
        let found = check(&JOB, &[Some(JOB[1]), Some(JOB[0])]);
        assert_eq!(found.outcome, Outcome::Fail);
        assert_eq!(
            found.detail,
            "rendition 0 is named P360p30fps16x9, but profile 0 is P240p30fps16x9"
        );
    }

    #[test]
    fn the_same_rendition_twice_fails() {
        assert_eq!(check(&JOB, &[Some(JOB[0]), Some(JOB[0])]).outcome, Outcome::Fail);
    }

    #[test]
    fn addresses_that_name_nothing_of_the_job_prove_nothing() {
        assert_eq!(check(&JOB, &[None, Some("bucket")]).outcome, Outcome::NotRun);
        assert_eq!(check(&JOB, &[Some(JOB[0])]).outcome, Outcome::NotRun);
    }
}
