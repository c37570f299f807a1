//! Attacks on pictures: other ones, missing or repeated ones, things laid over them, other tones.

use waymark_media::Reel;

use super::lettering::{Style, letters};
use super::scene::Scene;
use super::{Attack, Attack as A};

/// What a block of the lattice may move before it is noticed.
const HUG: f64 = 11.0;

/// The pictures of an attack; `None` when it is not about them, or cannot be made.
pub(super) fn forge(scene: &Scene, attack: Attack, honest: &Reel) -> anyhow::Result<Option<Reel>> {
    let n = honest.len();
    let half = n / 2;
    let filter = |graph: &str| honest.filter(&format!("[in]{graph}[out]"), None);
    let beside =
        |graph: &str| honest.filter(graph, Some(scene.other()?)).map_err(anyhow::Error::from);
    let Size { w, h } = Size::of(honest);
    let black = "drawbox=c=black:t=fill";
    Ok(Some(match attack {
        A::HalfRate => honest.thin(|k| k % 2 == 0),
        A::PicturesCut => honest.thin(|k| !(n / 3..n / 3 + (n / 10).max(2)).contains(&k)),
        A::TailMissing => honest.thin(|k| k < n * 3 / 4),
        A::Doubled => honest.reorder(|k| k - k % 2),
        A::Frozen => honest.reorder(|_| 0),
        A::FrozenHalf => honest.reorder(|k| k.min(half)),
        A::FrozenShort => {
            let from = n / 3;
            honest
                .reorder(|k| if (from..from + 8).contains(&k) { from.saturating_sub(1) } else { k })
        }
        A::Black => filter(black)?,
        A::BlackHalf => filter(&format!("{black}:enable='gte(n,{half})'"))?,
        A::BlackShort => {
            let (from, to) = (half, half + (n / 6).clamp(1, 10) - 1);
            filter(&format!("{black}:enable='between(n,{from},{to})'"))?
        }
        // The pictures of the last three are the same; what differs is the protocol around them.
        A::OtherStream | A::HonestHash | A::CheatAlone | A::CheatLater => {
            honest.showing(scene.other()?)?
        }
        A::Stale => match scene.previous()? {
            Some(previous) => honest.showing(previous)?,
            None => return Ok(None),
        },
        A::OtherHalf => beside(&format!("[in][other]overlay=enable='gte(n,{half})'[out]"))?,
        A::Splice => {
            let (from, to) = (n * 2 / 5, n * 2 / 5 + (n / 6).clamp(1, 10) - 1);
            beside(&format!("[in][other]overlay=enable='between(n,{from},{to})'[out]"))?
        }
        A::Reversed => honest.reorder(|k| n - 1 - k),
        A::Shuffled => honest.reorder(|k| k / 10 * 10 + (9 - k % 10)),
        A::Late => honest.reorder(|k| k.saturating_sub(5)),
        A::Mirrored => filter("hflip")?,
        A::Letterboxed => {
            let (sw, sh) = (even(w * 9 / 10), even(h * 9 / 10));
            let (x, y) = (even((w - sw) / 2), even((h - sh) / 2));
            filter(&format!("scale={sw}:{sh}:flags=bicubic,pad={w}:{h}:{x}:{y}"))?
        }
        A::Zoomed => filter(&zoom(w, h, 0.9))?,
        A::ZoomedSlightly => filter(&zoom(w, h, 0.97))?,
        A::Banner => {
            let (y, height) = (h * 632 / 720, h - h * 632 / 720);
            let text = Style::at(w / 4, y + height / 4).letter_height(height / 2);
            filter(&format!(
                "drawbox=x=0:y={y}:w={w}:h={height}:c=blue:t=fill,{}",
                letters("BEST BREAD IN TOWN", text)
            ))?
        }
        A::Logo => {
            let (bw, bh) = (w * 110 / 1280, h * 62 / 720);
            let text = Style::at(w * 1160 / 1280, h * 30 / 720).letter_height(h * 40 / 720);
            filter(&format!(
                "drawbox=x={}:y={}:w={bw}:h={bh}:c=white:t=fill,{}",
                w * 1150 / 1280,
                h * 20 / 720,
                letters("TV", text.colour("red"))
            ))?
        }
        A::PictureInPicture => {
            let (pw, ph) = (even(w / 4), even(h / 4));
            let (x, y) = (w * 940 / 1280, h * 20 / 720);
            beside(&format!(
                "[other]scale={pw}:{ph}:flags=bicubic[b];[in][b]overlay=x={x}:y={y}[out]"
            ))?
        }
        A::Subtitles => {
            let style = Style::at(w * 3 / 20, h * 640 / 720).letter_height((h * 36 / 720).max(7));
            filter(&letters("NOTHING OF THIS IS TRUE", style))?
        }
        A::Watermark => {
            let style =
                Style::at(w / 5, h * 300 / 720).letter_height(h * 100 / 720).colour("white@0.25");
            filter(&letters("PREVIEW", style))?
        }
        A::FaintText => {
            let style = Style::at(w * 1100 / 1280, h * 30 / 720)
                .letter_height((h * 32 / 720).max(7))
                .colour("white@0.5");
            filter(&letters("LIVE", style))?
        }
        A::Blend => beside("[in][other]blend=all_mode=normal:all_opacity=0.7[out]")?,
        A::Censored => {
            let (x, y, side) = (w * 480 / 1280, h * 200 / 720, h * 320 / 720);
            filter(&format!("drawbox=x={x}:y={y}:w={side}:h={side}:c=gray:t=fill"))?
        }
        A::Monochrome => filter("hue=s=0")?,
        A::HueTurned => filter("hue=h=60")?,
        A::Brighter => filter("eq=brightness=0.08")?,
        A::Gamma => filter("eq=gamma=1.3")?,
        A::ThresholdHugging => hug(honest)?,
        _ => return Ok(None),
    }))
}

struct Size {
    w: u32,
    h: u32,
}

impl Size {
    fn of(reel: &Reel) -> Self {
        let (w, h) = reel.size();
        Self { w, h }
    }
}

fn even(side: u32) -> u32 {
    (side / 2 * 2).max(2)
}

/// Keeps the middle and scales it back.
fn zoom(w: u32, h: u32, share: f64) -> String {
    format!("crop=iw*{share}:ih*{share},scale={w}:{h}:flags=bicubic")
}

/// One block of the lattice, made lighter until its mean has moved by as much as goes unnoticed.
fn hug(honest: &Reel) -> anyhow::Result<Reel> {
    let Size { w, h } = Size::of(honest);
    let (x, y, bw, bh) = (w * 20 / 32, h * 9 / 18, w.div_ceil(32), h.div_ceil(18));
    let (mut least, mut most) = (0.0, 1.0);
    let mut best = None;
    for _ in 0..6 {
        let opacity = f64::midpoint(least, most);
        let graph =
            format!("[in]drawbox=x={x}:y={y}:w={bw}:h={bh}:c=white@{opacity:.4}:t=fill[out]");
        let reel = honest.filter(&graph, None)?;
        if reel.difference(honest).luma > HUG {
            most = opacity;
        } else {
            least = opacity;
            best = Some(reel);
        }
    }
    Ok(best.unwrap_or_else(|| honest.reorder(|k| k)))
}
