use proptest::prelude::*;

use super::*;
use crate::capability::Bitstring;

/// Default capabilities of every stock orchestrator.
const DEFAULT: u64 = 0x0400_5fff;

fn job(capabilities: &[Capability]) -> JobCapabilities {
    JobCapabilities { bitstring: capabilities.iter().copied().collect(), min_version: None }
}

fn orchestrator(bitstring: Vec<u64>) -> net::Capabilities {
    net::Capabilities { bitstring, version: "0.9.1".to_owned(), ..Default::default() }
}

fn versions(minimum: &str, found: &str) -> Result<(), Incompatible> {
    let min_version = Some(minimum.to_owned()).filter(|m| !m.is_empty());
    let job = JobCapabilities { bitstring: Bitstring::new(), min_version };
    compatible(&job, &net::Capabilities { version: found.to_owned(), ..Default::default() })
}

#[test]
fn a_push_of_h264_fits_a_stock_orchestrator() {
    let push =
        [Capability::H264, Capability::MpegTs, Capability::AuthToken, Capability::SegmentSlicing];
    assert_eq!(compatible(&job(&push), &orchestrator(vec![DEFAULT])), Ok(()));
    // As recorded from a software orchestrator.
    assert_eq!(compatible(&job(&push), &orchestrator(vec![94_487_339_007])), Ok(()));
}

#[test]
fn what_is_missing_is_named() {
    let hevc = [Capability::AuthToken, Capability::HevcDecode, Capability::Vp9Encode];
    let error = compatible(&job(&hevc), &orchestrator(vec![DEFAULT])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the orchestrator does not offer HEVC_Decode (15), VP9_Encode (20)"
    );
    assert_eq!(error.reason(), "missing_capability");
}

#[test]
fn an_orchestrator_without_capabilities_takes_no_job() {
    let error = compatible(&job(&[Capability::AuthToken]), &orchestrator(vec![])).unwrap_err();
    assert_eq!(error.to_string(), "the orchestrator does not offer AuthToken (12)");
}

#[test]
fn what_an_orchestrator_insists_on_must_be_in_the_job() {
    let mut insists = orchestrator(vec![DEFAULT]);
    insists.mandatories = vec![1 << 12];
    assert_eq!(compatible(&job(&[Capability::H264, Capability::AuthToken]), &insists), Ok(()));
    insists.mandatories = vec![1 << 12 | 1 << 35];
    let error = compatible(&job(&[Capability::AuthToken]), &insists).unwrap_err();
    assert_eq!(error.to_string(), "the orchestrator takes only jobs with LiveVideoToVideo (35)");
    assert_eq!(error.reason(), "mandatory_capability");
}

#[test]
fn a_padded_demand_is_refused_as_the_orchestrator_would_refuse_it() {
    let mut padded = orchestrator(vec![DEFAULT]);
    padded.mandatories = vec![1 << 12, 0];
    let error = compatible(&job(&[Capability::AuthToken]), &padded).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the orchestrator takes only jobs with a longer set of capabilities"
    );
}

#[test]
fn a_demand_without_end_is_named_in_one_line() {
    let mut endless = orchestrator(vec![DEFAULT]);
    endless.mandatories = vec![u64::MAX; 100_000];
    let error = compatible(&job(&[Capability::AuthToken]), &endless).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the orchestrator takes only jobs with H264 (0), MPEGTS (1), MP4 (2), \
         FractionalFramerates (3), StorageDirect (4), StorageS3 (5), StorageGCS (6), \
         ProfileH264Baseline (7) and more"
    );
}

/// The table of core/capabilities_test.go:545-622.
#[test]
fn versions_compare_without_their_suffixes() {
    let ok = [
        ("0.4.1", "0.4.1"),
        ("0.4.0", "0.4.1"),
        ("0.4.1", "0.4.1-b3278dce-dirty"),
        ("", "0.4.1"),
        ("", ""),
        ("nonparsablesemversion", "0.4.1"),
        ("0.9", "v0.9.0"),
        ("0.9.1-rc.1", "0.9.1+build"),
    ];
    for (minimum, found) in ok {
        assert_eq!(versions(minimum, found), Ok(()), "{minimum:?} {found:?}");
    }
    let refused = [
        ("0.4.2", "0.4.1"),
        ("0.4.2", "0.4.1-b3278dce-dirty"),
        ("0.4.0", ""),
        ("0.4.0", "undefined"),
        ("0.4.1", "nonparsablesemversion"),
        ("0.4.1", "0.4.1.1"),
        ("1", "0.99"),
    ];
    for (minimum, found) in refused {
        let error = versions(minimum, found).unwrap_err();
        assert_eq!(error.reason(), "version", "{minimum:?} {found:?}");
    }
}

#[test]
fn version_refusals_say_what_was_compared() {
    assert_eq!(
        versions("0.9.1", "0.8.10").unwrap_err().to_string(),
        "the orchestrator runs version 0.8.10, the minimum is 0.9.1"
    );
    assert_eq!(
        versions("0.9.1", "undefined").unwrap_err().to_string(),
        "the orchestrator's version is \"undefined\", which cannot be compared with the minimum 0.9.1"
    );
    assert!(versions("0.9.1", &"9".repeat(100_000)).unwrap_err().to_string().len() < 200);
}

proptest! {
    #[test]
    fn nothing_an_orchestrator_advertises_makes_it_panic(
        bitstring in proptest::collection::vec(any::<u64>(), 0..4),
        mandatories in proptest::collection::vec(any::<u64>(), 0..4),
        version in ".{0,40}",
        minimum in "[0-9v.+-]{0,12}",
    ) {
        let orchestrator =
            net::Capabilities { bitstring, mandatories, version, ..Default::default() };
        let needs = JobCapabilities {
            bitstring: [Capability::AuthToken, Capability::Byoc].into_iter().collect(),
            min_version: Some(minimum),
        };
        if let Err(error) = compatible(&needs, &orchestrator) {
            prop_assert!(error.to_string().len() < 400);
        }
    }
}
