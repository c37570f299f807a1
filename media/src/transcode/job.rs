//! Hands each decoded picture and audio packet of one source to all its renditions, within the limits.

use std::rc::Rc;
use std::sync::atomic::Ordering;

use ffmpeg_next::frame::Video;
use ffmpeg_next::{Packet, Rational};

use super::rendition::Rendition;
use super::{Limits, Output, TranscodeError};
use crate::Target;
use crate::source::Source;

/// One decode on its way into all renditions.
pub(super) struct Job<'a> {
    limits: &'a Limits,
    time_base: Rational,
    /// Empty until the first picture tells the source's size.
    renditions: Vec<Rendition>,
    /// Audio that came before it.
    early_audio: Vec<Packet>,
    pictures: u32,
    first_pts: i64,
    last_pts: i64,
    /// Ticks of the last picture, as far as known.
    last_length: i64,
}

impl<'a> Job<'a> {
    pub(super) const fn new(limits: &'a Limits, time_base: Rational) -> Self {
        Self {
            limits,
            time_base,
            renditions: Vec::new(),
            early_audio: Vec::new(),
            pictures: 0,
            first_pts: 0,
            last_pts: 0,
            last_length: 0,
        }
    }

    pub(super) fn picture(
        &mut self,
        picture: Video,
        targets: &[Target],
        source: &Source,
    ) -> Result<(), TranscodeError> {
        self.check_limits(&picture)?;
        let pts =
            picture.timestamp().unwrap_or_else(|| self.last_pts.saturating_add(self.last_length));
        if self.pictures == 0 {
            self.first_pts = pts;
            for target in targets {
                self.renditions.push(Rendition::open(target, source, &picture, self.limits)?);
            }
            for packet in std::mem::take(&mut self.early_audio) {
                self.audio(packet)?;
            }
        } else {
            self.last_length = pts.saturating_sub(self.last_pts).max(0);
        }
        // A single picture's length is libav's guess alone, and stock transcoders do not use it.
        let length = picture.packet().duration;
        if self.pictures > 0 && length > 0 {
            self.last_length = length;
        }
        self.last_pts = pts;
        self.pictures += 1;
        self.check_length(pts)?;
        let picture = Rc::new(picture);
        for rendition in &mut self.renditions {
            rendition.picture(&picture, pts, self.time_base)?;
        }
        Ok(())
    }

    fn check_limits(&self, picture: &Video) -> Result<(), TranscodeError> {
        if self.limits.cancel.as_ref().is_some_and(|cancel| cancel.load(Ordering::Relaxed)) {
            return Err(TranscodeError::Cancelled);
        }
        if self.pictures >= self.limits.max_frames {
            let max = u64::from(self.limits.max_frames);
            return Err(TranscodeError::TooLarge { what: "pictures", max });
        }
        if u64::from(picture.width()) * u64::from(picture.height()) > self.limits.max_pixels {
            return Err(TranscodeError::TooLarge { what: "pixels", max: self.limits.max_pixels });
        }
        Ok(())
    }

    fn check_length(&self, pts: i64) -> Result<(), TranscodeError> {
        #[allow(clippy::cast_precision_loss, reason = "compared with a limit of minutes")]
        let seconds = pts.saturating_sub(self.first_pts) as f64 * f64::from(self.time_base);
        if seconds > self.limits.max_duration.as_secs_f64() {
            return Err(TranscodeError::TooLong { max: self.limits.max_duration });
        }
        Ok(())
    }

    pub(super) fn audio(&mut self, packet: Packet) -> Result<(), TranscodeError> {
        if self.pictures == 0 && self.renditions.is_empty() {
            self.early_audio.push(packet);
            return Ok(());
        }
        for rendition in &mut self.renditions {
            rendition.audio(&packet)?;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Vec<Output>, TranscodeError> {
        if self.pictures == 0 {
            return Err(TranscodeError::InvalidVideo);
        }
        let end = self.last_pts.saturating_add(self.last_length);
        let time_base = self.time_base;
        self.renditions.into_iter().map(|rendition| rendition.finish(end, time_base)).collect()
    }
}
