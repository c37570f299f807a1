//! Attacks: each is real, and none is more than it says; and the orchestrator makes them on demand.

mod bitstream;
mod pictures;
mod switches;

use std::sync::LazyLock;

use bytes::Bytes;
use waymark_media::{Inspection, Speed, Target, inspect};
use waymark_testkit::attack::{Attack, Forged, Scene};
use waymark_testkit::corpus;

/// The profile that is cheated on.
fn target() -> Target {
    Target::new(320, 180, 400_000)
}

/// A camera that moves, with sound; another scene; the segment before.
fn scene() -> Scene {
    let (clip, other) = (corpus::clip("handheld").unwrap(), corpus::clip("traffic").unwrap());
    let scene = Scene::open(&clip.segment, &other.segment, Some(&clip.previous)).unwrap();
    scene.with_speed(Speed::Ultrafast)
}

/// The honest rendition of that profile.
static HONEST: LazyLock<Bytes> = LazyLock::new(|| scene().honest_file(&target()).unwrap());

/// What decoding it shows.
static INSPECTED: LazyLock<Inspection> = LazyLock::new(|| inspect(&HONEST).unwrap());

fn forge(attack: Attack) -> Forged {
    scene().forge(attack, &target()).unwrap().unwrap_or_else(|| panic!("{attack} cannot be made"))
}
