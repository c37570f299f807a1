//! Our own encode of what a rendition should show, to tell a cheap encode from hard content.
//!
//! The source's pictures are scaled and paced as the rendition has them, encoded at its bit rate by libx264
//! `veryfast`, decoded again and handed back beside what went in. It is expensive and only there to settle a dispute.

use ffmpeg_next::Rational;
use ffmpeg_next::frame::Video;

use super::decode::{Decoder, Shown, decode};
use super::demux::{TICKS, units};
use super::limits::{Budget, PixelError, PixelLimits};
use super::measure::{check_lattice, check_size, count};
use super::reduce::Reducer;
use super::scale::Scaler;
use super::{Grid, Grids, Lattice, Luma};
use crate::encode::{Settings, VideoEncoder};
use crate::reel::Scaling;
use crate::transcode::Speed;
use crate::{Container, Gop, Target};

/// What to encode.
#[derive(Clone, Copy, Debug)]
pub struct ReferenceRequest<'a> {
    /// Bit rate, frame rate, key frames and profile; its size and container are not used.
    pub target: &'a Target,
    /// Width and height of the rendition: even, as 4:2:0 pictures are.
    pub size: (u32, u32),
    /// Presentation times of the rendition's pictures, ascending.
    pub pts: &'a [i64],
    /// For each of them the presentation time of the source picture it shows, never descending. If that picture
    /// cannot be decoded, the last one before it is shown.
    pub shows: &'a [i64],
    /// Presentation times, among `pts`, of the pictures to hand back.
    pub lumas: &'a [i64],
    /// How the source's pictures are scaled. Which method it uses is a node's own choice, so a rendition belongs beside
    /// an encode of the one that it resembles more.
    pub scaling: Scaling,
    /// How the encoded pictures are divided.
    pub lattice: Lattice,
    /// Whether pictures may be coded in another order than they are shown in (B pictures). Without them the same bit
    /// rate is worth less, by up to 6 dB in dense patterns.
    pub reorders: bool,
}

/// The outcome of an encode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Luma planes that went into the encoder, in presentation order: those asked for, as far as there was a picture.
    pub source: Vec<Luma>,
    /// The same pictures after encoding and decoding.
    pub encoded: Vec<Luma>,
    /// All pictures after encoding and decoding, in limited range.
    pub grids: Grids,
    /// Bytes of the encoded video.
    pub bytes: u64,
}

/// Encodes the pictures of `source` as `request` says. Blocks; on one thread, for seconds.
pub fn reference(
    source: &[u8],
    container: Container,
    request: &ReferenceRequest<'_>,
    limits: &PixelLimits,
) -> Result<Reference, PixelError> {
    let budget = Budget::open(limits, source)?;
    check_size(request.size, &budget)?;
    check_lattice(request.lattice)?;
    let units = units(source, container, &budget)?;
    let wanted = vec![true; units.all.len()];
    let mut encode = Encode::open(request, &budget)?;
    let errors =
        decode(&units, &wanted, &budget, &mut |picture, shown| encode.arrive(picture, shown))?;
    if encode.held.is_none() {
        return Err(PixelError::NoPicture { units: count(&units), errors });
    }
    encode.finish()
}

/// An encode under way.
struct Encode<'a, 'b> {
    request: &'a ReferenceRequest<'a>,
    budget: &'a Budget<'b>,
    scaler: Scaler,
    planes: Scaler,
    encoder: VideoEncoder,
    decoder: Decoder<'a, 'b>,
    reducer: Reducer,
    /// The last source picture, scaled, and its time.
    held: Option<(Video, i64)>,
    /// Pictures encoded.
    sent: usize,
    last_key: Option<i64>,
    outcome: Reference,
}

impl<'a, 'b> Encode<'a, 'b> {
    fn open(request: &'a ReferenceRequest<'a>, budget: &'a Budget<'b>) -> Result<Self, PixelError> {
        let target = request.target;
        let settings = Settings {
            width: request.size.0,
            height: request.size.1,
            time_base: TICKS,
            frame_rate: rate(request),
            bitrate: target.bitrate,
            quality: target.quality,
            gop: match target.gop {
                Gop::Default => None,
                Gop::Intra => Some(1),
                Gop::Seconds(_) => Some(1 << 20),
            },
            scene_cuts: true,
            profile: target.h264_profile,
            speed: Speed::Veryfast,
            threads: 1,
            // parameter sets belong in band, whatever the rendition's container
            container: Container::MpegTs,
        };
        let further: &[_] = if request.reorders { &[] } else { &[("bf", "0")] };
        let encoder = VideoEncoder::open_with(&settings, "libx264", further)?;
        Ok(Self {
            request,
            budget,
            scaler: Scaler::new(Some(request.size), true).by(request.scaling),
            planes: Scaler::new(None, false),
            encoder,
            decoder: Decoder::h264(budget)?,
            reducer: Reducer::new(request.lattice),
            held: None,
            sent: 0,
            last_key: None,
            outcome: Reference {
                source: Vec::new(),
                encoded: Vec::new(),
                grids: Grids {
                    lattice: request.lattice,
                    size: request.size,
                    full_range: false,
                    frames: Vec::new(),
                    decode_errors: 0,
                },
                bytes: 0,
            },
        })
    }

    /// Takes the next source picture: all that is shown before it is known then.
    fn arrive(&mut self, picture: &Video, shown: Shown) -> Result<(), PixelError> {
        if self.held.as_ref().is_some_and(|(_, pts)| shown.pts <= *pts) {
            return Ok(());
        }
        self.show_until(shown.pts)?;
        self.held = Some((self.scaler.picture(picture, shown)?, shown.pts));
        Ok(())
    }

    /// Encodes the held picture for every picture of the rendition that shows a source time before `end`.
    fn show_until(&mut self, end: i64) -> Result<(), PixelError> {
        let Some((mut picture, own)) = self.held.take() else { return Ok(()) };
        let (pts, shows) = (self.request.pts, self.request.shows);
        while let (Some(&at), Some(&source)) = (pts.get(self.sent), shows.get(self.sent)) {
            if source >= end {
                break;
            }
            self.budget.check_time()?;
            self.sent += 1;
            if self.request.lumas.contains(&at) {
                let shown = Shown { pts: at, key: false, damaged: false, full_range: false };
                let luma = self.planes.luma(&mut picture, shown)?;
                // once for what went in and once for what will come out
                self.budget.take(2 * luma.samples.len() as u64)?;
                self.outcome.source.push(luma);
            }
            let key = self.is_key(at);
            self.encoder.send(&mut picture, at, key)?;
            self.receive()?;
        }
        self.held = Some((picture, own));
        Ok(())
    }

    /// Whether a key frame is due by the target's distance between them.
    fn is_key(&mut self, pts: i64) -> bool {
        let due = match (self.last_key, self.request.target.gop) {
            (None, _) | (_, Gop::Intra) => true,
            (Some(_), Gop::Default) => false,
            (Some(last), Gop::Seconds(seconds)) => {
                #[allow(clippy::cast_precision_loss, reason = "ticks of minutes, not of millennia")]
                let elapsed = pts.saturating_sub(last) as f64 * f64::from(TICKS);
                elapsed + 0.0005 >= seconds
            }
        };
        if due {
            self.last_key = Some(pts);
        }
        due
    }

    /// Decodes what the encoder has finished.
    fn receive(&mut self) -> Result<(), PixelError> {
        while let Some(packet) = self.encoder.receive() {
            self.outcome.bytes = self.outcome.bytes.saturating_add(packet.size() as u64);
            let pts = packet.pts().unwrap_or(0);
            let Self { decoder, planes, reducer, request, budget, outcome, .. } = self;
            let mut keep = Keep { planes, reducer, lumas: request.lumas, budget, outcome };
            decoder.send(&packet, pts, &mut |picture, shown| keep.picture(picture, shown))?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Reference, PixelError> {
        self.show_until(i64::MAX)?;
        self.encoder.end()?;
        self.receive()?;
        let Self { mut decoder, mut planes, mut reducer, request, budget, mut outcome, .. } = self;
        let (planes, reducer) = (&mut planes, &mut reducer);
        let mut keep =
            Keep { planes, reducer, lumas: request.lumas, budget, outcome: &mut outcome };
        decoder.drain(&mut |picture, shown| keep.picture(picture, shown))?;
        outcome.encoded.sort_by_key(|luma| luma.pts);
        outcome.grids.frames.sort_by_key(|grid| grid.pts);
        outcome.grids.decode_errors = decoder.errors;
        Ok(outcome)
    }
}

/// Takes the encoded pictures as they come out of the decoder.
struct Keep<'k, 'a, 'b> {
    planes: &'k mut Scaler,
    reducer: &'k mut Reducer,
    lumas: &'a [i64],
    budget: &'a Budget<'b>,
    outcome: &'k mut Reference,
}

impl Keep<'_, '_, '_> {
    fn picture(&mut self, picture: &mut Video, shown: Shown) -> Result<(), PixelError> {
        let grids = &mut self.outcome.grids;
        self.budget.take(6 * grids.lattice.cells() as u64 + size_of::<Grid>() as u64)?;
        grids.frames.push(self.reducer.grid(picture, shown)?);
        if self.lumas.contains(&shown.pts) {
            self.outcome.encoded.push(self.planes.luma(picture, shown)?);
        }
        Ok(())
    }
}

/// The target's frame rate, or the mean of the times given.
fn rate(request: &ReferenceRequest<'_>) -> Rational {
    let number = |value: u32| i32::try_from(value).ok().filter(|value| *value > 0);
    if let Some((num, den)) = request.target.fps
        && let (Some(num), Some(den)) = (number(num), number(den))
    {
        return Rational::new(num, den);
    }
    let usual = Rational::new(30, 1);
    let (Some(first), Some(last)) = (request.pts.first(), request.pts.last()) else { return usual };
    let steps = i64::try_from(request.pts.len()).unwrap_or(0) - 1;
    let step = last.saturating_sub(*first).checked_div(steps.max(1)).unwrap_or(0);
    match i32::try_from(step) {
        Ok(step @ 300..=9_000_000) => Rational::new(TICKS.denominator(), step),
        _ => usual,
    }
}
