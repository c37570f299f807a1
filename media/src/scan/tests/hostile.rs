//! Whatever the bytes are, a scan ends, and claims no more than they hold.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::scan::{Bounded, Scan, ScanError, ScanLimits, scan};

const TS: &[u8] = include_bytes!("../../../tests/data/late_audio_short_tail_2.ts");
const MP4: &[u8] = include_bytes!("../../../tests/data/mp4_240p30_0.p90_25.mp4");

/// Scans and checks that what is claimed fits into the bytes.
fn plausible(bytes: &[u8]) -> Result<Scan, ScanError> {
    let limits = ScanLimits::default();
    let found = scan(bytes, &limits);
    if let Ok(found) = &found {
        let pictures: u64 = found
            .video
            .iter()
            .flat_map(|track| &track.units)
            .map(|unit| u64::from(unit.bytes))
            .sum();
        let sound: u64 = found
            .audio
            .iter()
            .flat_map(|track| &track.packets)
            .map(|packet| u64::from(packet.bytes))
            .sum();
        let len = bytes.len() as u64;
        assert!(pictures + sound <= len && found.stray_bytes <= len, "{pictures} {sound} of {len}");
        for unit in found.video.iter().flat_map(|track| &track.units) {
            assert!(unit.filler <= unit.bytes, "{unit:?}");
        }
    }
    found
}

#[test]
fn a_file_cut_anywhere_is_described_as_far_as_it_goes() {
    for file in [TS, MP4] {
        let whole = plausible(file).unwrap();
        let units = whole.video[0].units.len();
        for len in (0..file.len()).step_by(97) {
            let Ok(cut) = plausible(&file[..len]) else { continue };
            assert!(cut.video.iter().map(|track| track.units.len()).sum::<usize>() <= units);
        }
    }
}

#[test]
fn limits_are_named_with_what_was_found() {
    let limits = ScanLimits { access_units: 3, ..ScanLimits::default() };
    let error = scan(TS, &limits).unwrap_err();
    assert_eq!(error.to_string(), "the file has 4 coded pictures or more, at most 3 are read");
    let limits = ScanLimits { side: 100, ..ScanLimits::default() };
    let error = scan(MP4, &limits).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the file has 160 samples on one side of the picture or more, at most 100 are read"
    );
    let limits = ScanLimits { audio_packets: 2, ..ScanLimits::default() };
    assert!(matches!(scan(MP4, &limits), Err(ScanError::Exceeded { value: 3, limit: 2, .. })));
    let limits = ScanLimits { bytes: 10, ..ScanLimits::default() };
    assert!(matches!(scan(TS, &limits), Err(ScanError::Exceeded { limit: 10, .. })));
    let limits = ScanLimits { tracks: 1, ..ScanLimits::default() };
    assert!(scan(TS, &limits).is_err() && scan(MP4, &limits).is_err());
    assert_eq!(scan(&[], &ScanLimits::default()), Err(ScanError::Empty));
    assert_eq!(scan(b"no media", &ScanLimits::default()), Err(ScanError::NotMedia { bytes: 8 }));
}

#[test]
fn samples_that_name_the_same_bytes_again_are_refused() {
    let files: [&[u8]; 2] = [
        include_bytes!("../../../tests/data/hostile/overlapping_runs.mp4"),
        include_bytes!("../../../tests/data/hostile/overlapping_chunks.mp4"),
    ];
    for file in files {
        let found = plausible(file);
        assert!(
            matches!(found, Err(ScanError::Exceeded { what: Bounded::SampleBytes, .. })),
            "{found:?}"
        );
    }
}

proptest! {
    #[test]
    fn flipped_bytes_never_panic(
        ts in any::<bool>(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..60),
    ) {
        let mut file = if ts { TS } else { MP4 }.to_vec();
        // half of them where the structure is
        for (number, (at, value)) in changes.into_iter().enumerate() {
            let len = if number % 2 == 0 { file.len() } else { file.len().min(4_000) };
            file[at.index(len)] = value;
        }
        let _found = plausible(&file);
    }

    #[test]
    fn random_bytes_never_panic(bytes in vec(any::<u8>(), 0..2_000), ts in any::<bool>()) {
        let mut bytes = bytes;
        if ts {
            bytes.iter_mut().step_by(188).for_each(|byte| *byte = 0x47);
        }
        let _found = plausible(&bytes);
    }
}
