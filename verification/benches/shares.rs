//! What it costs to look at a rendition beside plainly decoding it: a segment of 2 s in 720p, everything included.
//!
//! Rounds take turns, so that all figures are of one run; each is the median of CPU time of one thread. What renditions of
//! a segment have in common (parsing and decoding its source) is measured apart, for it is paid once: the rows "source"
//! say how much it is, and the ladder is a source with three renditions from nothing to the end.
#![allow(clippy::print_stdout, reason = "figures, for whoever runs it")]
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on should stop where it is")]

use std::{hint::black_box, time::Duration};

use rustix::time::{ClockId, clock_gettime};
use waymark_media::{
    Container, Limits, Speed, Target, TestPattern, inspect,
    pixels::{Grids, PixelLimits, key_grids},
    scan::{Scan, ScanLimits, scan},
    transcode,
};
use waymark_verification::{
    Check,
    draw::Choice,
    expect::{Expectation, Wanted},
    fast::{self, Evidence},
    full::{Conditions, checks},
    measure::{Comparison, Keep, Secrets, Source},
    thresholds::Thresholds,
};

/// Rounds of each measurement.
const ROUNDS: usize = 31;
/// Most that each tier may take of a plain decode, percent.
const MOST: [(&str, f64); 2] = [("fast", 12.0), ("full", 120.0)];
const TS: Container = Container::MpegTs;

/// A rendition, and what is expected of it.
struct Rendition {
    bytes: Vec<u8>,
    wanted: Wanted,
    scan: Scan,
    expected: Expectation,
}

/// A segment as it is pushed, and as nodes return it.
struct Segment {
    source: Vec<u8>,
    scan: Scan,
    ladder: Vec<Rendition>,
}

impl Segment {
    fn new() -> Self {
        let pattern = TestPattern { width: 1280, height: 720, ..TestPattern::default() };
        let source = pattern.segments(1).unwrap().remove(0).bytes.to_vec();
        let stated = scan(&source, &ScanLimits::default()).unwrap();
        let targets = [(1280, 720, 2_500_000), (854, 480, 1_200_000), (640, 360, 800_000)];
        let targets = targets.map(|(width, height, rate)| Target::new(width, height, rate));
        let limits = Limits { speed: Speed::Veryfast, ..Limits::default() };
        let made = transcode(&source, &targets, &limits).unwrap();
        let ladder = made.into_iter().zip(&targets).map(|(made, target)| {
            let wanted = Wanted::from(target);
            let bytes = made.bytes.to_vec();
            Rendition {
                scan: scan(&bytes, &ScanLimits::default()).unwrap(),
                expected: Expectation::of(&stated, &wanted),
                bytes,
                wanted,
            }
        });
        Self { ladder: ladder.collect(), scan: stated, source }
    }

    fn open(&self) -> Source<'_> {
        Source::new(&self.source, TS, PixelLimits::default(), Keep::Needed)
    }

    /// Everything the fast tier does with one rendition.
    fn fast(&self, one: &Rendition, source: &Grids, bounds: &Thresholds) -> Vec<Check> {
        let found = scan(&one.bytes, &ScanLimits::default()).unwrap();
        let expected = Expectation::of(&self.scan, &one.wanted);
        let evidence = Evidence {
            wanted: &one.wanted,
            expected: &expected,
            source: &self.scan,
            rendition: &found,
            bytes: one.bytes.len() as u64,
            claimed_pixels: None,
            usual_bytes: None,
        };
        let mut checks = fast::packets(&evidence, bounds);
        let limits = PixelLimits::default();
        let keys = key_grids(&one.bytes, TS, expected.lattice, &limits).unwrap();
        checks.extend(fast::key(&expected, source, &keys, &bounds.key));
        checks
    }
}

impl Rendition {
    /// Everything the full tier does with it: block means of all pictures, detail, SSIM and PSNR of those drawn.
    fn full(&self, source: &mut Source<'_>, secret: &Choice, bounds: &Thresholds) -> Vec<Check> {
        let secrets = Secrets { borders: secret, pictures: secret };
        let asked = Comparison::full(&self.expected, &self.scan, secrets);
        let found = source.compare(&self.bytes, &asked).unwrap();
        assert!(!found.pictures.is_empty(), "nothing was drawn");
        checks(&found, &bounds.full, Conditions::default())
    }
}

/// CPU time of this thread.
fn timed<T>(work: impl FnOnce() -> T) -> f64 {
    let now = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap();
    let before = now();
    black_box(work());
    now().saturating_sub(before).as_secs_f64() * 1e3
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let (segment, bounds) = (Segment::new(), Thresholds::default());
    let first = &segment.ladder[0];
    let keys = segment.open().keys(first.expected.lattice).unwrap();
    let mut rounds: [Vec<f64>; 6] = Default::default();
    for round in 0..ROUNDS {
        // Other borders and pictures in each.
        let secret = Choice::new(&[7; 32], "job", round as u64, b"");
        let mut source = segment.open();
        let cold = timed(|| first.full(&mut source, &secret, &bounds));
        let warm = timed(|| first.full(&mut source, &secret, &bounds));
        let ladder = timed(|| {
            let mut source = segment.open();
            let mut one = |one: &Rendition| one.full(&mut source, &secret, &bounds);
            segment.ladder.iter().map(&mut one).collect::<Vec<_>>()
        });
        let figures = [
            timed(|| inspect(&first.bytes)),
            timed(|| segment.fast(first, &keys, &bounds)),
            warm,
            cold - warm,
            ladder,
            timed(|| segment.ladder.iter().map(|one| inspect(&one.bytes)).collect::<Vec<_>>()),
        ];
        rounds.iter_mut().zip(figures).for_each(|(all, one)| all.push(one));
    }
    let source = timed(|| {
        drop(scan(&segment.source, &ScanLimits::default()));
        segment.open().keys(first.expected.lattice)
    });
    let [plain, fast, full, shared, ladder, decodes] = rounds.map(median);
    let row = |name: &str, ms: f64| println!("{name:<44} {ms:8.2} ms {:7.1} %", ms / plain * 100.0);
    row("plain decode of the rendition", plain);
    row("fast, everything", fast);
    row("fast, source, once for all renditions", source);
    row("full, everything", full);
    row("full, source, once for all renditions", shared);
    row("full, a source and three renditions", ladder);
    println!(
        "three renditions and their source beside plain decodes of the three: {:.2}",
        ladder / decodes
    );
    for ((name, most), value) in MOST.into_iter().zip([fast, full]) {
        let share = value / plain * 100.0;
        let word = if share <= most { "holds" } else { "is MISSED" };
        println!("{name}: {share:.1} % of a plain decode; at most {most} % {word}");
    }
}
