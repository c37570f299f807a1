//! Decoded pictures of the coded ones that are wanted; the others never reach the decoder.

use std::ops::ControlFlow;

use ffmpeg_next as ffmpeg;
use ffmpeg_next::codec::{self, Compliance, threading};
use ffmpeg_next::frame::Video;
use ffmpeg_next::{Dictionary, Packet, decoder};

use super::demux::{TICKS, Unit, Units};
use super::limits::{Budget, PixelError};
use crate::av::failed;

/// Errors in a row after which the end of a stream is taken as reached.
const MAX_DRAIN_ERRORS: u32 = 100;

/// What is known of a decoded picture beside its samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) pts: i64,
    pub(super) key: bool,
    pub(super) damaged: bool,
}

/// Takes a decoded picture and says whether more are needed.
pub(super) type Each<'a> = dyn FnMut(&Video, Shown) -> Result<ControlFlow<()>, PixelError> + 'a;

/// Decodes all `units` for which `wanted` holds and shows each picture to `each`, in the decoder's order of output,
/// until it breaks. Returns the number of errors the decoder reported.
pub(super) fn decode(
    units: &Units,
    wanted: impl Fn(usize) -> bool,
    budget: &Budget<'_>,
    each: &mut Each<'_>,
) -> Result<u32, PixelError> {
    let mut run = Run {
        decoder: open(units, budget)?,
        picture: Video::empty(),
        keys: times_of(units, |unit| unit.key),
        corrupt: times_of(units, |unit| unit.packet.is_corrupt()),
        last: None,
        frames: 0,
        errors: 0,
        budget,
        each,
    };
    for (_, unit) in units.all.iter().enumerate().filter(|(index, _)| wanted(*index)) {
        budget.check_time()?;
        if run.send(&unit.packet, unit.pts)?.is_break() {
            return Ok(run.errors);
        }
    }
    run.drain()?;
    Ok(run.errors)
}

/// Times of some units, in order.
fn times_of(units: &Units, which: impl Fn(&Unit) -> bool) -> Vec<i64> {
    let mut times: Vec<i64> =
        units.all.iter().filter(|unit| which(unit)).map(|unit| unit.pts).collect();
    times.sort_unstable();
    times
}

struct Run<'a, 'b> {
    decoder: decoder::Video,
    picture: Video,
    keys: Vec<i64>,
    corrupt: Vec<i64>,
    last: Option<i64>,
    frames: u32,
    errors: u32,
    budget: &'a Budget<'b>,
    each: &'a mut Each<'a>,
}

impl Run<'_, '_> {
    fn send(&mut self, packet: &Packet, pts: i64) -> Result<ControlFlow<()>, PixelError> {
        // a reference to the same bytes, with the time by which the picture is recognised when it comes out
        let mut packet = packet.clone();
        packet.set_pts(Some(pts));
        packet.set_dts(None);
        if self.decoder.send_packet(&packet).is_err() {
            self.errors = self.errors.saturating_add(1);
        }
        loop {
            match self.decoder.receive_frame(&mut self.picture) {
                Ok(()) => {
                    if self.show()?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Err(ffmpeg::Error::Other { errno: ffmpeg::error::EAGAIN } | ffmpeg::Error::Eof) => {
                    break;
                }
                Err(_) => {
                    self.errors = self.errors.saturating_add(1);
                    break;
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn drain(&mut self) -> Result<(), PixelError> {
        if self.decoder.send_eof().is_err() {
            return Ok(());
        }
        let mut failures = 0;
        while failures < MAX_DRAIN_ERRORS {
            self.budget.check_time()?;
            match self.decoder.receive_frame(&mut self.picture) {
                Ok(()) => {
                    if self.show()?.is_break() {
                        return Ok(());
                    }
                }
                Err(ffmpeg::Error::Other { errno: ffmpeg::error::EAGAIN } | ffmpeg::Error::Eof) => {
                    return Ok(());
                }
                Err(_) => {
                    failures += 1;
                    self.errors = self.errors.saturating_add(1);
                }
            }
        }
        Ok(())
    }

    fn show(&mut self) -> Result<ControlFlow<()>, PixelError> {
        let picture = &self.picture;
        self.budget.check_size(picture.width(), picture.height())?;
        self.frames = self.frames.saturating_add(1);
        self.budget.check_frames(self.frames)?;
        let next = self.last.map_or(0, |last: i64| last.saturating_add(1));
        let pts = picture.pts().unwrap_or(next);
        self.last = Some(pts);
        let holds = |times: &[i64]| times.binary_search(&pts).is_ok();
        let damaged = picture.is_corrupt() || picture.has_decode_errors() || holds(&self.corrupt);
        (self.each)(picture, Shown { pts, key: holds(&self.keys), damaged })
    }
}

fn open(units: &Units, budget: &Budget<'_>) -> Result<decoder::Video, PixelError> {
    let name = || format!("{:?}", units.codec).to_lowercase();
    let codec = decoder::find(units.codec).ok_or_else(|| PixelError::Codec { codec: name() })?;
    let mut context = codec::Context::from_parameters(units.parameters.clone())
        .map_err(failed("set up a decoder"))?;
    context.set_threading(threading::Config::count(1));
    // Nothing was decoded ahead to learn how far pictures are reordered, so the decoder must keep to what the
    // stream's level allows instead of guessing, or pictures would be lost.
    context.compliance(Compliance::Strict);
    let mut decoder = context.decoder();
    decoder.set_packet_time_base(TICKS);
    let mut options = Dictionary::new();
    // what a parameter set claims is allocated before a picture can be looked at
    options.set("max_pixels", &budget.limits.pixels.min(i32::MAX as u64).to_string());
    let opened = decoder.open_as_with(codec, options).map_err(failed("open a decoder"))?;
    Ok(opened.video().map_err(failed("open a video decoder"))?)
}
