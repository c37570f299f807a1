//! Clips to judge with: two seconds each, drawn at test time by libavfilter from fixed seeds, nobody's property.
//!
//! One half of them ([`Half::Training`]) may be used to choose thresholds, the other ([`Half::Unseen`]) only to measure
//! them. Each comes with the segment before it in its stream, since a lazy node may answer with that. Drawing takes
//! about a third of a second a clip and happens once a process.

mod recipes;
mod scenery;
mod variants;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use anyhow::Context as _;
use bytes::Bytes;
use parking_lot::Mutex;
use waymark_media::{Container, Encoding, Reel, Tape, TrackKind};

pub use variants::{Honest, Variant, variants};

use recipes::{Recipe, Sound, Timing};

/// Time of a clip's first picture, in seconds; that of the segment before it is two less.
const START: u32 = 10;
/// Length of a clip in seconds.
const LENGTH: u32 = 2;

/// What a clip may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Half {
    /// Choosing thresholds.
    Training,
    /// Measuring what the chosen ones do.
    Unseen,
}

/// A source segment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Clip {
    /// Name, unique in the corpus.
    pub name: &'static str,
    /// What it may be used for.
    pub half: Half,
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// Nominal pictures per second, numerator and denominator.
    pub rate: (u32, u32),
    /// Whether there is sound.
    pub sound: bool,
    /// Container of both segments.
    pub container: Container,
    /// The segment.
    pub segment: Bytes,
    /// The segment before it.
    pub previous: Bytes,
}

/// Names of the clips of a half, in a fixed order.
pub fn names(half: Half) -> Vec<&'static str> {
    recipes::of(half).iter().map(|recipe| recipe.name).collect()
}

/// The clip of this name, drawn on first use. Blocks.
pub fn clip(name: &str) -> anyhow::Result<Arc<Clip>> {
    type Slot = Arc<Mutex<Option<Arc<Clip>>>>;
    static DRAWN: LazyLock<Mutex<HashMap<&'static str, Slot>>> = LazyLock::new(Mutex::default);
    let (half, recipe) = [Half::Training, Half::Unseen]
        .into_iter()
        .flat_map(|half| recipes::of(half).iter().map(move |recipe| (half, recipe)))
        .find(|(_, recipe)| recipe.name == name)
        .with_context(|| format!("no clip is called `{name}`"))?;
    let slot = Arc::clone(DRAWN.lock().entry(recipe.name).or_default());
    let mut slot = slot.lock();
    if let Some(clip) = &*slot {
        return Ok(Arc::clone(clip));
    }
    let clip =
        Arc::new(draw(recipe, half).with_context(|| format!("cannot draw the clip `{name}`"))?);
    *slot = Some(Arc::clone(&clip));
    Ok(clip)
}

/// Another clip of the same half, for attacks that show another stream. Blocks.
pub fn other(clip: &Clip) -> anyhow::Result<Arc<Clip>> {
    let [first, second] = match clip.half {
        Half::Training => ["traffic", "handheld"],
        Half::Unseen => ["two-in-one", "pan-fast"],
    };
    self::clip(if clip.name == first { second } else { first })
}

/// All clips of a half, drawn by as many threads as there are processors. Blocks.
pub fn clips(half: Half) -> anyhow::Result<Vec<Arc<Clip>>> {
    let names = names(half);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                // Whatever fails here fails again, with its reason, where it is collected.
                while let Some(name) =
                    names.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
                {
                    drop(clip(name));
                }
            });
        }
    });
    names.into_iter().map(clip).collect()
}

/// A segment of sound alone, which no node can transcode.
pub fn without_video() -> anyhow::Result<Bytes> {
    let (start, length) = (i64::from(START) * 1_000_000, i64::from(LENGTH) * 1_000_000);
    let sound = Tape::sound("sine=frequency=333", "aac", start, length, Container::MpegTs)?;
    Ok(sound.write(Container::MpegTs)?)
}

fn draw(recipe: &Recipe, half: Half) -> anyhow::Result<Clip> {
    let (num, den) = recipe.rate;
    let per_clip = usize::try_from(LENGTH * num / den)?;
    let start = (START - LENGTH) * num / den;
    let both = Reel::draw(&recipe.graph(), recipe.rate, start, 2 * per_clip)?;
    let size = both.size();
    let first = both.part(0, per_clip);
    let second = both.part(per_clip, both.len());
    let segment = |reel: &Reel| -> anyhow::Result<Bytes> {
        let timed = recipe.timing.apply(reel);
        let encoding = Encoding {
            container: recipe.container,
            gop: recipe.gop,
            further: recipe.further,
            ..Encoding::source(recipe.bitrate)
        };
        let mut tape = timed.encode(&encoding)?;
        if let Some((graph, codec)) = recipe.sound.source() {
            let from = reel.times_us().first().copied().unwrap_or(0);
            let length = match recipe.timing {
                Timing::Single => 40_000,
                _ => i64::from(LENGTH) * 1_000_000,
            };
            let sound = Tape::sound(&graph, codec, from, length, recipe.container)?;
            tape = tape.with(&sound, TrackKind::Audio);
        }
        Ok(tape.write(recipe.container)?)
    };
    Ok(Clip {
        name: recipe.name,
        half,
        size,
        rate: recipe.rate,
        sound: recipe.sound != Sound::None,
        container: recipe.container,
        segment: segment(&second)?,
        previous: segment(&first)?,
    })
}
