//! Key pictures of whole files: what a worker decodes before anything else.
//!
//! Input: a file, read as the container that its first byte belongs to. Errors inside libav itself show as well.
#![no_main]

use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use waymark_fuzz::showable;
use waymark_media::Container;
use waymark_media::pixels::{Lattice, PixelLimits, key_grids};

/// Far more than the limits allow, even with sanitizers and while others keep the machine busy for seconds.
const LONGEST: Duration = Duration::from_secs(30);
/// Limits that the inputs of a fuzzer reach.
const TIGHT: PixelLimits = PixelLimits {
    bytes: 1 << 20,
    streams: 4,
    pixels: 640 * 360,
    units: 60,
    frames: 20,
    key_frames: 2,
    time: Duration::from_secs(2),
    memory: 32 << 20,
};
/// With a shift, so that borders lie inside of pixels.
const LATTICE: Lattice = Lattice { columns: 16, rows: 9, shift: (-64, 63) };

fuzz_target!(|file: &[u8]| {
    // The byte that each packet of a transport stream begins with.
    let container = if file.first() == Some(&0x47) { Container::MpegTs } else { Container::Mp4 };
    let start = Instant::now();
    match key_grids(file, container, LATTICE, &TIGHT) {
        Ok(grids) => {
            assert_eq!(grids.lattice, LATTICE);
            assert!(grids.frames.len() <= TIGHT.frames as usize, "{} pictures", grids.frames.len());
            assert!(grids.frames.is_sorted_by_key(|grid| grid.pts), "not in presentation order");
            let (width, height) = grids.size;
            assert!(u64::from(width) * u64::from(height) <= TIGHT.pixels, "{width}x{height}");
            for grid in &grids.frames {
                let planes = [&grid.y, &grid.u, &grid.v];
                assert!(planes.iter().all(|plane| plane.len() == LATTICE.cells()), "a block is missing");
                let bright = planes.into_iter().flatten().max().copied().unwrap_or(0);
                assert!(bright <= 255 << 8, "{bright} is brighter than white");
            }
        }
        Err(error) => showable(&error),
    }
    assert!(start.elapsed() < LONGEST, "{:?} for {} bytes", start.elapsed(), file.len());
});
