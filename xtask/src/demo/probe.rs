//! What ffprobe, a program that is not ours, says about every segment that was played: whether it
//! decodes, its size, its length, and whether it begins where the one before ended.

use std::{collections::BTreeMap, path::Path, time::Duration};

use anyhow::Context as _;
use serde::Deserialize;
use tokio::{process::Command, time::timeout};

use super::{RENDITIONS, Rendition, SEGMENT, SOURCE};
use crate::workspace::shown;

/// Longest run of ffprobe over one segment.
const PROBE: Duration = Duration::from_mins(1);
/// Accepted difference of a segment's length, seconds.
const LENGTH_OFF: f64 = 0.1;
/// Frame rate of what is pushed; the presets ask for the same.
const FRAMES_PER_SECOND: f64 = 30.0;
/// Length of one AAC frame at 48 kHz, seconds: where sound can be cut.
const AUDIO_FRAME: f64 = 1024.0 / 48_000.0;

/// How the segments of one rendition are.
#[derive(Debug)]
pub(super) struct Probed {
    /// Its name.
    pub(super) rendition: &'static str,
    /// Segments without a fault.
    pub(super) good: u64,
    /// What is wrong, in words.
    pub(super) faults: Vec<String>,
}

/// Checks every segment of every rendition, and the source as it was played.
pub(super) async fn all(played: &Path, count: u64) -> anyhow::Result<Vec<Probed>> {
    let mut all = Vec::new();
    for rendition in RENDITIONS.into_iter().chain([SOURCE]) {
        let mut probed = Probed { rendition: rendition.name, good: 0, faults: Vec::new() };
        let mut before = None;
        for seq in 0..count {
            let path = played.join(rendition.name).join(format!("{seq}.ts"));
            let (faults, ends) = if path.exists() {
                let media = ffprobe(&path).await?;
                (media.faults(rendition, before.as_ref()), Some(media.ends()))
            } else {
                (vec!["was never played".to_owned()], None)
            };
            probed.good += u64::from(faults.is_empty());
            probed.faults.extend(faults.iter().map(|f| format!("{} {seq}: {f}", rendition.name)));
            before = ends;
        }
        all.push(probed);
    }
    Ok(all)
}

async fn ffprobe(path: &Path) -> anyhow::Result<Media> {
    const WANTED: &str = "stream=index,codec_type,codec_name,width,height,nb_read_frames\
                          :packet=stream_index,pts_time";
    let mut command = Command::new("ffprobe");
    // -count_frames decodes the whole segment.
    command.args(["-v", "error", "-count_frames", "-show_entries", WANTED, "-of", "json"]);
    let running = command.arg(path).kill_on_drop(true).output();
    let output = timeout(PROBE, running)
        .await
        .with_context(|| format!("ffprobe hangs over {}", shown(path)))?
        .context("ffprobe cannot be started; make packages installs it")?;
    let complaints = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if !output.status.success() {
        return Ok(Media { complaints: format!("not readable: {complaints}"), ..Media::default() });
    }
    let report: Report = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("ffprobe's report on {} cannot be read", shown(path)))?;
    Ok(Media { complaints, ..report.into_media() })
}

/// ffprobe's JSON.
#[derive(Debug, Deserialize)]
struct Report {
    #[serde(default)]
    packets: Vec<Packet>,
    #[serde(default)]
    streams: Vec<Stream>,
}

#[derive(Debug, Deserialize)]
struct Packet {
    stream_index: u32,
    pts_time: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Stream {
    index: u32,
    codec_type: String,
    codec_name: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    nb_read_frames: Option<String>,
}

/// One segment.
#[derive(Debug, Default)]
struct Media {
    /// What ffprobe found wrong with it.
    complaints: String,
    video: Option<Video>,
    audio: Option<Track>,
}

#[derive(Debug)]
struct Video {
    codec: String,
    width: u32,
    height: u32,
    track: Track,
}

/// Pictures or sound on the time line.
#[derive(Debug, Clone, Copy)]
struct Track {
    codec_is_aac: bool,
    /// Frames that were decoded.
    frames: u64,
    /// Presentation time of the first, seconds.
    start: f64,
    /// End of the last, seconds.
    end: f64,
}

/// Where the tracks of a segment end, seconds.
#[derive(Debug, Clone, Copy)]
struct Ends {
    video: Option<f64>,
    audio: Option<f64>,
}

impl Report {
    fn into_media(self) -> Media {
        let mut times: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
        for packet in &self.packets {
            if let Some(time) = packet.pts_time.as_deref().and_then(|t| t.parse().ok()) {
                times.entry(packet.stream_index).or_default().push(time);
            }
        }
        let mut media = Media::default();
        for stream in self.streams {
            let frames = stream.nb_read_frames.as_deref().and_then(|f| f.parse().ok()).unwrap_or(0);
            let codec = stream.codec_name.unwrap_or_default();
            let times = times.get(&stream.index).map_or(&[][..], Vec::as_slice);
            match stream.codec_type.as_str() {
                "video" => {
                    media.video = Some(Video {
                        codec,
                        width: stream.width.unwrap_or(0),
                        height: stream.height.unwrap_or(0),
                        track: Track::new(times, frames, 1.0 / FRAMES_PER_SECOND, false),
                    });
                }
                "audio" => {
                    media.audio = Some(Track::new(times, frames, AUDIO_FRAME, codec == "aac"));
                }
                _ => {}
            }
        }
        media
    }
}

impl Track {
    fn new(times: &[f64], frames: u64, frame: f64, codec_is_aac: bool) -> Self {
        let start = times.iter().copied().reduce(f64::min).unwrap_or(f64::NAN);
        let last = times.iter().copied().reduce(f64::max).unwrap_or(f64::NAN);
        Self { codec_is_aac, frames, start, end: last + frame }
    }

    fn seconds(self) -> f64 {
        self.end - self.start
    }
}

impl Media {
    fn ends(&self) -> Ends {
        Ends { video: self.video.as_ref().map(|v| v.track.end), audio: self.audio.map(|a| a.end) }
    }

    /// Everything that is not as it should be.
    fn faults(&self, expected: Rendition, before: Option<&Ends>) -> Vec<String> {
        let mut faults = Vec::new();
        if !self.complaints.is_empty() {
            faults.push(format!("ffprobe says: {}", self.complaints));
        }
        match &self.video {
            None => faults.push("has no picture".to_owned()),
            Some(video) => {
                video.faults(expected, &mut faults);
                let gap = before.and_then(|b| b.video).map(|end| video.track.start - end);
                seam("picture", gap, 0.5 / FRAMES_PER_SECOND, &mut faults);
            }
        }
        match &self.audio {
            None => faults.push("has no sound".to_owned()),
            Some(audio) => {
                if !audio.codec_is_aac {
                    faults.push("the sound is not AAC".to_owned());
                }
                let gap = before.and_then(|b| b.audio).map(|end| audio.start - end);
                seam("sound", gap, AUDIO_FRAME, &mut faults);
            }
        }
        faults
    }
}

impl Video {
    fn faults(&self, expected: Rendition, faults: &mut Vec<String>) {
        let Self { codec, width, height, track } = self;
        if codec != "h264" {
            faults.push(format!("the picture is {codec}, not h264"));
        }
        if (*width, *height) != (expected.width, expected.height) {
            let Rendition { width: w, height: h, .. } = expected;
            faults.push(format!("is {width}x{height}, not {w}x{h}"));
        }
        let length = SEGMENT.as_secs_f64();
        if beyond(track.seconds() - length, LENGTH_OFF) {
            faults.push(format!("lasts {:.3} s, not {length} s", track.seconds()));
        }
        let wanted = (length * FRAMES_PER_SECOND).round();
        #[allow(clippy::cast_precision_loss, reason = "a few dozen frames")]
        let frames = track.frames as f64;
        if (frames - wanted).abs() > LENGTH_OFF * FRAMES_PER_SECOND {
            faults.push(format!("has {frames} decodable pictures, not {wanted}"));
        }
    }
}

/// Whether a difference is larger than accepted. What is not a number is.
fn beyond(difference: f64, accepted: f64) -> bool {
    difference.is_nan() || difference.abs() > accepted
}

/// A segment begins where the one before ended; nothing is missing and nothing comes twice.
fn seam(what: &str, gap: Option<f64>, tolerance: f64, faults: &mut Vec<String>) {
    let Some(gap) = gap else { return };
    if beyond(gap, tolerance) {
        faults.push(format!("{what}: {gap:+.3} s between it and the segment before"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A report on a segment of 60 pictures and 94 sounds that begins at `start`.
    fn report(start: f64, pictures: u32) -> Media {
        let packet = |stream: u32, time: f64| serde_json::json!({ "stream_index": stream, "pts_time": format!("{time:.6}") });
        let video = (0..pictures).map(|i| packet(0, start + f64::from(i) / FRAMES_PER_SECOND));
        let audio = (0..94).map(|i| packet(1, start + f64::from(i) * AUDIO_FRAME));
        let report = serde_json::json!({
            "packets": video.chain(audio).collect::<Vec<_>>(),
            "streams": [
                { "index": 0, "codec_type": "video", "codec_name": "h264", "width": 426, "height": 240,
                  "nb_read_frames": pictures.to_string() },
                { "index": 1, "codec_type": "audio", "codec_name": "aac", "nb_read_frames": "94" },
            ],
        });
        serde_json::from_value::<Report>(report).unwrap().into_media()
    }

    const EXPECTED: Rendition = RENDITIONS[0];

    #[test]
    fn segments_that_follow_each_other_have_no_fault() {
        let one = report(3.4, 60);
        assert_eq!(one.faults(EXPECTED, None), [""; 0]);
        assert_eq!(report(5.4, 60).faults(EXPECTED, Some(&one.ends())), [""; 0]);
    }

    #[test]
    fn a_missing_segment_is_a_gap_in_picture_and_sound() {
        let faults = report(7.4, 60).faults(EXPECTED, Some(&report(3.4, 60).ends()));
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].starts_with("picture: +2.000 s"), "{faults:?}");
    }

    #[test]
    fn a_short_segment_is_told_by_its_length_and_its_pictures() {
        let faults = report(3.4, 50).faults(EXPECTED, None);
        assert_eq!(faults, ["lasts 1.667 s, not 2 s", "has 50 decodable pictures, not 60"]);
    }

    #[test]
    fn another_size_is_a_fault() {
        let expected = Rendition { name: "x", width: 640, height: 360 };
        assert_eq!(report(3.4, 60).faults(expected, None), ["is 426x240, not 640x360"]);
    }

    #[test]
    fn a_file_without_anything_in_it_has_faults_and_no_panic() {
        let empty = Report { packets: Vec::new(), streams: Vec::new() }.into_media();
        assert_eq!(empty.faults(EXPECTED, None), ["has no picture", "has no sound"]);
    }
}
