//! The kinds of renditions that are told apart.

use crate::profile::Profile;

/// Rungs of a ladder, by the shorter side. Few, so that no client makes an orchestrator unknown by
/// asking for a size nobody asked for before.
const RUNGS: [(i32, &str); 6] =
    [(240, "240p"), (360, "360p"), (480, "480p"), (720, "720p"), (1080, "1080p"), (2160, "2160p")];

/// What a rendition counts as: its rung.
pub fn kind_of(profile: &Profile) -> &'static str {
    rung(profile.width, profile.height)
}

/// A side of 0 follows the other one.
fn rung(width: i32, height: i32) -> &'static str {
    let side = if width.min(height) > 0 { width.min(height) } else { width.max(height) };
    RUNGS.iter().find(|(most, _)| side <= *most).map_or("4320p", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::rung;

    #[test]
    fn renditions_are_told_apart_by_rungs() {
        assert_eq!([rung(1280, 720), rung(720, 1280), rung(1279, 719), rung(0, 720)], ["720p"; 4]);
        assert_eq!([rung(320, 240), rung(7680, 4320)], ["240p", "4320p"]);
    }
}
