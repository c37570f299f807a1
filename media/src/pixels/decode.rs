//! Decoded pictures of the coded ones that are wanted; the others never reach the decoder.

use ffmpeg_next as ffmpeg;
use ffmpeg_next::codec::{self, Compliance, Id, Parameters, threading};
use ffmpeg_next::frame::Video;
use ffmpeg_next::{Dictionary, Packet, decoder, media};

use super::demux::{TICKS, Unit, Units};
use super::limits::{Budget, PixelError};
use super::planes::take_range;
use crate::av::failed;

/// Errors after which the end of a stream is taken as reached.
const MAX_DRAIN_ERRORS: u32 = 100;

/// What is known of a decoded picture beside its samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) pts: i64,
    pub(super) key: bool,
    pub(super) damaged: bool,
    /// Samples use the full range.
    pub(super) full_range: bool,
}

/// Takes a decoded picture.
pub(super) type Each<'a> = dyn FnMut(&mut Video, Shown) -> Result<(), PixelError> + 'a;

/// Decodes those of `units` that are `wanted` and shows each picture to `each`, in the decoder's order of output.
/// Returns the number of errors the decoder reported.
pub(super) fn decode(
    units: &Units,
    wanted: &[bool],
    budget: &Budget<'_>,
    each: &mut Each<'_>,
) -> Result<u32, PixelError> {
    let mut decoder = Decoder::open(units.codec, units.parameters.clone(), budget)?;
    decoder.keys = times_of(units, |unit| unit.key);
    decoder.corrupt = times_of(units, |unit| unit.packet.is_corrupt());
    let (mut gap, mut started) = (false, false);
    for (unit, wanted) in units.all.iter().zip(wanted) {
        if !wanted {
            gap = started;
            continue;
        }
        if std::mem::take(&mut gap) {
            // what was left out would be missed: everything before comes out now, and decoding starts anew
            decoder.drain(each)?;
            decoder.inner.flush();
        }
        started = true;
        decoder.send(&unit.packet, unit.pts, each)?;
    }
    decoder.drain(each)?;
    Ok(decoder.errors)
}

/// Times of some units, in order.
fn times_of(units: &Units, which: impl Fn(&Unit) -> bool) -> Vec<i64> {
    let mut times: Vec<i64> =
        units.all.iter().filter(|unit| which(unit)).map(|unit| unit.pts).collect();
    times.sort_unstable();
    times
}

/// An open decoder and what it has done so far.
pub(super) struct Decoder<'a, 'b> {
    inner: decoder::Video,
    picture: Video,
    /// Times of key frames, and of pictures that were damaged before they came here.
    keys: Vec<i64>,
    corrupt: Vec<i64>,
    last: Option<i64>,
    frames: u32,
    pub(super) errors: u32,
    budget: &'a Budget<'b>,
}

impl<'a, 'b> Decoder<'a, 'b> {
    pub(super) fn open(
        codec: Id,
        parameters: Parameters,
        budget: &'a Budget<'b>,
    ) -> Result<Self, PixelError> {
        Ok(Self {
            inner: open(codec, parameters, budget)?,
            picture: Video::empty(),
            keys: Vec::new(),
            corrupt: Vec::new(),
            last: None,
            frames: 0,
            errors: 0,
            budget,
        })
    }

    /// For H.264 with its parameter sets in band.
    pub(super) fn h264(budget: &'a Budget<'b>) -> Result<Self, PixelError> {
        let mut parameters = Parameters::new();
        parameters.set_medium(media::Type::Video);
        parameters.set_id(Id::H264);
        Self::open(Id::H264, parameters, budget)
    }

    /// Decodes a coded picture and shows what comes out.
    pub(super) fn send(
        &mut self,
        packet: &Packet,
        pts: i64,
        each: &mut Each<'_>,
    ) -> Result<(), PixelError> {
        self.budget.check_time()?;
        // a reference to the same bytes, with the time by which the picture is recognised when it comes out
        let mut packet = packet.clone();
        packet.set_pts(Some(pts));
        packet.set_dts(None);
        if self.inner.send_packet(&packet).is_err() {
            self.errors = self.errors.saturating_add(1);
        }
        loop {
            match self.inner.receive_frame(&mut self.picture) {
                Ok(()) => self.show(each)?,
                Err(error) => {
                    self.errors = self.errors.saturating_add(u32::from(!is_pause(error)));
                    return Ok(());
                }
            }
        }
    }

    /// Shows all pictures that are still inside.
    pub(super) fn drain(&mut self, each: &mut Each<'_>) -> Result<(), PixelError> {
        if self.inner.send_eof().is_err() {
            return Ok(());
        }
        let mut failures = 0;
        while failures < MAX_DRAIN_ERRORS {
            self.budget.check_time()?;
            match self.inner.receive_frame(&mut self.picture) {
                Ok(()) => self.show(each)?,
                Err(error) if is_pause(error) => break,
                Err(_) => {
                    failures += 1;
                    self.errors = self.errors.saturating_add(1);
                }
            }
        }
        Ok(())
    }

    fn show(&mut self, each: &mut Each<'_>) -> Result<(), PixelError> {
        let picture = &mut self.picture;
        self.budget.check_size(picture.width(), picture.height())?;
        self.frames = self.frames.saturating_add(1);
        self.budget.check_frames(self.frames)?;
        let next = self.last.map_or(0, |last| last.saturating_add(1));
        let pts = picture.pts().unwrap_or(next);
        self.last = Some(pts);
        let holds = |times: &[i64]| times.binary_search(&pts).is_ok();
        let damaged = picture.is_corrupt() || picture.has_decode_errors() || holds(&self.corrupt);
        let full_range = take_range(picture);
        each(picture, Shown { pts, key: holds(&self.keys), damaged, full_range })
    }
}

/// Whether an answer only says that the decoder wants more, or that there is no more.
const fn is_pause(error: ffmpeg::Error) -> bool {
    matches!(error, ffmpeg::Error::Eof | ffmpeg::Error::Other { errno: ffmpeg::error::EAGAIN })
}

fn open(id: Id, parameters: Parameters, budget: &Budget<'_>) -> Result<decoder::Video, PixelError> {
    let name = || format!("{id:?}").to_lowercase();
    let codec = decoder::find(id).ok_or_else(|| PixelError::Codec { codec: name() })?;
    let mut context =
        codec::Context::from_parameters(parameters).map_err(failed("set up a decoder"))?;
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
