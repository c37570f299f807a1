//! Attacks on quality: fewer bits, less detail, less effort than was paid for.

use waymark_media::{Encoding, H264Profile, Reel, Speed, Target};

use super::scene::{Forged, Scene, pixels};
use super::{Attack, Attack as A};

/// log2 of detail lost that is seen.
const LOST_DETAIL: f64 = -0.5;
/// Mean squared error over that of honest work that is seen (1 dB).
const LOST_FIDELITY: f64 = 1.26;

pub(super) fn forge(
    scene: &Scene,
    attack: Attack,
    target: &Target,
    honest: &Reel,
) -> anyhow::Result<Option<Forged>> {
    let (w, h) = honest.size();
    let from = |num: u32, den: u32| {
        let [sw, sh] = [w, h].map(|side| (side * num / den / 2 * 2).max(16));
        format!("scale={sw}:{sh}:flags=bicubic,scale={w}:{h}:flags=bicubic")
    };
    // The same blur to the eye at any size.
    let sigma = f64::from(h).mul_add(1.0 / 720.0, 1.0);
    let graph = match attack {
        A::UpscaledQuarter => Some(from(1, 4)),
        A::UpscaledHalf => Some(from(1, 2)),
        A::UpscaledTwoThirds => Some(from(2, 3)),
        A::Blurred => Some(format!("gblur=sigma={sigma:.2}")),
        A::Grain => Some("noise=alls=20:allf=t:all_seed=5".to_owned()),
        _ => None,
    };
    if let Some(graph) = graph {
        let reel = honest.filter(&format!("[in]{graph}[out]"), None)?;
        let difference = reel.difference(honest);
        let material = difference.detail <= LOST_DETAIL || attack == A::Grain;
        let bytes = scene.file(&scene.encode(&reel, target)?, target)?;
        return Ok(Some(Forged { bytes, pixels: pixels(honest), material }));
    }
    let usual = scene.encoding(target);
    let encoding = match attack {
        A::Starved => Encoding { bitrate: target.bitrate / 25, ..usual },
        A::Meagre => Encoding { bitrate: target.bitrate / 8, ..usual },
        // In the profile it must have: the least effort alone makes baseline, which parsing sees.
        A::Careless => Encoding {
            bitrate: target.bitrate / 2,
            speed: Speed::Ultrafast,
            profile: usual.profile.or(Some(H264Profile::High)),
            ..usual
        },
        _ => return Ok(None),
    };
    let bytes = scene.file(&honest.encode(&encoding)?, target)?;
    // What counts is how much farther from the pictures it is than an honest encode.
    let error = |bytes: &[u8]| anyhow::Ok(Reel::decode(bytes)?.difference(honest).mse + 0.1);
    let usual = scene.file(&scene.encode(honest, target)?, target)?;
    let material = error(&bytes)? > LOST_FIDELITY * error(&usual)?;
    Ok(Some(Forged { bytes, pixels: pixels(honest), material }))
}
