//! The recorded renditions with their sources and profiles: `tests/renditions` and `tests/refresh`.

use std::path::PathBuf;
use std::sync::LazyLock;

use serde_json::Value;
use waymark_media::scan::{Scan, ScanLimits, scan};
use waymark_media::{Container, Gop, H264Profile, Target};
use waymark_verification::expect::{Expectation, Wanted};
use waymark_verification::fast::{Evidence, packets};
use waymark_verification::thresholds::Thresholds;
use waymark_verification::{Check, Decision, Kind, Outcome, Verdict};

/// A file and what is in it.
#[derive(Clone, Debug)]
pub(crate) struct Media {
    pub(crate) file: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) scan: Scan,
}

/// One segment that was sent.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) stream: String,
    pub(crate) number: u64,
    pub(crate) source: Media,
    /// What the index says about the source.
    pub(crate) facts: Value,
    pub(crate) renditions: Vec<Rendition>,
}

/// One rendition that came back for it.
#[derive(Debug)]
pub(crate) struct Rendition {
    pub(crate) profile: String,
    pub(crate) wanted: Wanted,
    pub(crate) media: Media,
    pub(crate) claimed: u64,
    /// What the index says about the rendition.
    pub(crate) facts: Value,
}

static ALL: LazyLock<Vec<Segment>> = LazyLock::new(|| load("renditions"));

static REFRESHED: LazyLock<Vec<Segment>> = LazyLock::new(|| load("refresh"));

/// Every segment.
pub(crate) fn segments() -> &'static [Segment] {
    &ALL
}

/// Segments that refresh their pictures bit by bit.
pub(crate) fn refreshed() -> &'static [Segment] {
    &REFRESHED
}

/// Every rendition with its segment: 168.
pub(crate) fn renditions() -> impl Iterator<Item = (&'static Segment, &'static Rendition)> {
    segments().iter().flat_map(|segment| segment.renditions.iter().map(move |r| (segment, r)))
}

/// The rendition of this name.
pub(crate) fn rendition(file: &str) -> (&'static Segment, &'static Rendition) {
    renditions().find(|(_, r)| r.media.file == file).expect("a recorded rendition")
}

/// Parses bytes as the gateway does.
pub(crate) fn scanned(bytes: &[u8]) -> Option<Scan> {
    scan(bytes, &ScanLimits::default()).ok()
}

impl Segment {
    /// What the checks say when `scan` comes back for `wanted`, with this claim.
    pub(crate) fn judge(&self, wanted: &Wanted, scan: &Scan, claimed: u64) -> Vec<Check> {
        let expected = Expectation::of(&self.source.scan, wanted);
        let evidence = Evidence {
            wanted,
            expected: &expected,
            source: &self.source.scan,
            rendition: scan,
            bytes: 10_000,
            claimed_pixels: Some(claimed),
            usual_bytes: None,
        };
        packets(&evidence, &Thresholds::default())
    }

    /// As [`Segment::judge`], with a claim that fits what comes back.
    pub(crate) fn judge_consistent(&self, wanted: &Wanted, scan: &Scan) -> Vec<Check> {
        self.judge(wanted, scan, pixels(scan))
    }

    /// Bytes instead of a scan; `None` if they cannot be read at all.
    pub(crate) fn judge_bytes(&self, wanted: &Wanted, bytes: &[u8]) -> Option<Vec<Check>> {
        scanned(bytes).map(|scan| self.judge_consistent(wanted, &scan))
    }
}

/// Pixels that are in a file.
pub(crate) fn pixels(scan: &Scan) -> u64 {
    scan.video.first().map_or(0, |track| {
        u64::from(track.cropped.0) * u64::from(track.cropped.1) * track.units.len() as u64
    })
}

/// Names of the hard checks that failed.
pub(crate) fn facts(checks: &[Check]) -> Vec<&'static str> {
    let failed = |check: &&Check| check.kind == Kind::Hard && check.outcome == Outcome::Fail;
    checks.iter().filter(failed).map(|check| check.id).collect()
}

/// Whether the checks refuse.
pub(crate) fn refused(checks: &[Check]) -> bool {
    checks.iter().cloned().collect::<Verdict>().decision() == Decision::Refused
}

fn load(folder: &str) -> Vec<Segment> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let text = std::fs::read_to_string(folder.join("index.json")).expect("the index");
    let index: Value = serde_json::from_str(&text).expect("JSON");
    let media = |facts: &Value| {
        let file = facts["file"].as_str().expect("a name").to_owned();
        let bytes = std::fs::read(folder.join(&file)).expect("the file");
        let scan = scan(&bytes, &ScanLimits::default()).expect("a file that can be read");
        Media { file, bytes, scan }
    };
    let segment = |entry: &Value| {
        let profiles = index["profiles"][entry["profile_set"].as_str().expect("a set")].as_array();
        let rendition = |facts: &Value| {
            let name = facts["profile"].as_str().expect("a name");
            let profiles = profiles.expect("profiles");
            let profile = profiles.iter().find(|profile| profile["name"] == name).expect("listed");
            let media = media(facts);
            let wanted = wanted(profile, &media.file);
            let claimed = facts["reported_pixels"].as_u64().expect("a claim");
            Rendition { profile: name.to_owned(), wanted, media, claimed, facts: facts.clone() }
        };
        Segment {
            stream: entry["stream"].as_str().expect("a stream").to_owned(),
            number: entry["seq"].as_u64().expect("a number"),
            source: media(&entry["source"]),
            facts: entry["source"].clone(),
            renditions: entry["renditions"]
                .as_array()
                .expect("a list")
                .iter()
                .map(rendition)
                .collect(),
        }
    };
    index["segments"].as_array().expect("segments").iter().map(segment).collect()
}

/// A profile as it was sent. The container follows the source's.
fn wanted(profile: &Value, file: &str) -> Wanted {
    let number = |key: &str| profile[key].as_i64().unwrap_or(0);
    let unsigned = |key: &str| u32::try_from(number(key)).expect("a small number");
    let signed = |key: &str| i32::try_from(number(key)).expect("a small number");
    let target = Target {
        fps: (number("fps") > 0).then(|| (unsigned("fps"), unsigned("fpsDen").max(1))),
        gop: match profile["gop"].as_str().unwrap_or("") {
            "" => Gop::Default,
            "intra" => Gop::Intra,
            seconds => Gop::Seconds(seconds.parse().expect("seconds")),
        },
        container: match file.rsplit_once('.') {
            Some((_, "mp4")) => Container::Mp4,
            _ => Container::MpegTs,
        },
        h264_profile: match profile["profile"].as_str().unwrap_or("") {
            "h264baseline" => Some(H264Profile::Baseline),
            "h264main" => Some(H264Profile::Main),
            "h264high" => Some(H264Profile::High),
            "h264constrainedhigh" => Some(H264Profile::ConstrainedHigh),
            _ => None,
        },
        ..Target::new(signed("width"), signed("height"), unsigned("bitrate"))
    };
    Wanted::from(&target)
}
