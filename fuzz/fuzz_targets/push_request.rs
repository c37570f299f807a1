//! The head of a push, as raw bytes: method, path, headers, and the JSON document in one of them.
//!
//! Input: a request head as on the wire; the empty line at its end may be missing. The whole input
//! is also read as a transcode configuration, because a webhook sends that as a body.
#![no_main]

use std::str::FromStr as _;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use waymark::capability::{JobNeeds, job_capabilities};
use waymark::deliver::hls::{HlsPath, SegmentUri};
use waymark::errors::Problem;
use waymark::ingest::ManifestId;
use waymark::ingest::http_push::{ConfigError, LiveRequest, PushRequest, TranscodeConfig};
use waymark::profile::{Profile, check_list, default_profiles};
use waymark::wire::{profile_ids, video_profile};
use waymark_fuzz::{rendition_name, showable, stream_name};
use waymark_media::Container;
use waymark_tagging::Tag;

/// Headers of one request, as many as the HTTP library reads.
const MOST_HEADERS: usize = 100;

fuzz_target!(|data: &[u8]| {
    document(TranscodeConfig::from_json(data));
    let Some(head) = head(data) else { return };
    match LiveRequest::parse(&head) {
        Ok(LiveRequest::End(manifest)) => named(&manifest),
        Ok(LiveRequest::Push(push)) => pushed(&push),
        Err(error) => {
            showable(&error);
            refused(error.into());
        }
    }
});

/// Splits a request head as the server does.
fn head(data: &[u8]) -> Option<http::request::Parts> {
    let wire = [data, b"\r\n\r\n"].concat();
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    if !request.parse(&wire).ok()?.is_complete() {
        return None;
    }
    let mut builder = http::Request::builder().method(request.method?).uri(request.path?);
    for header in request.headers.iter() {
        builder = builder.header(header.name, header.value);
    }
    Some(builder.body(()).ok()?.into_parts().0)
}

fn named(manifest: &ManifestId) {
    stream_name(manifest.as_str());
    assert_eq!(ManifestId::from_str(manifest.as_str()).as_ref(), Ok(manifest));
}

fn pushed(push: &PushRequest) {
    named(&push.manifest);
    if let Some(key) = &push.stream_key {
        assert!((1..=512).contains(&key.len()), "a stream key of {} bytes", key.len());
        assert!(!key.contains('\\') && !key.contains(char::is_control), "an odd key: {key:?}");
        for element in key.split('/') {
            assert!(!matches!(element, "" | "." | ".."), "a key that leads elsewhere: {key:?}");
        }
    }
    assert!(push.duration <= Duration::from_mins(5), "{:?} is too long", push.duration);
    if let Some((width, height)) = push.resolution {
        assert!(width <= 65_535 && height <= 65_535, "{width}x{height} is too large");
    }
    if let Some(clip) = push.clip {
        assert!(clip.to_ms == 0 || clip.from_ms <= clip.to_ms, "{clip:?} ends before it begins");
        assert!(clip.from_ms > 0 || clip.to_ms > 0, "an empty clip");
    }
    if let Some(tag) = &push.explicit_tag
        && let Err(error) = Tag::parse(tag.as_bytes())
    {
        showable(&error);
    }
    let renditions = match &push.transcode_config {
        Some(config) => configured(config),
        None => default_profiles(),
    };
    for profile in &renditions {
        playable(push, profile);
    }
}

/// What was pushed can be asked for under the address that the playlist will write.
fn playable(push: &PushRequest, profile: &Profile) {
    let (manifest, seq, container) = (&push.manifest, push.seq, push.container);
    let written = SegmentUri {
        manifest: manifest.as_str(),
        rendition: &profile.name,
        seq,
        epoch: 0,
        container,
    };
    let uri = written.to_string().parse().expect("what playlists list is a URI");
    let (manifest, rendition) = (manifest.clone(), profile.name.clone());
    let read = HlsPath::Segment { manifest, rendition, seq, epoch: 0, container };
    assert_eq!(HlsPath::parse(&uri), Some(read), "{written}");
}

fn document(read: Result<Option<TranscodeConfig>, ConfigError>) {
    match read {
        Ok(Some(config)) => {
            configured(&config);
        }
        Ok(None) => {}
        Err(error) => {
            showable(&error);
            assert!(!error.whole_text().contains(char::is_control), "{error:?}");
        }
    }
}

/// Checks a configuration and gives its renditions, none if they cannot be used.
fn configured(config: &TranscodeConfig) -> Vec<Profile> {
    if let Some(manifest) = &config.manifest_id {
        named(manifest);
    }
    assert!((1..=100).contains(&config.timeout_multiplier), "{}", config.timeout_multiplier);
    match config.profiles(&default_profiles()) {
        Ok(profiles) => {
            renditions(&profiles);
            profiles
        }
        Err(errors) => {
            showable(&errors);
            for line in errors.lines() {
                assert!(!line.contains(char::is_control), "{line:?}");
            }
            refused(errors.into());
            Vec::new()
        }
    }
}

fn renditions(profiles: &[Profile]) {
    assert!(profiles.len() <= 16, "{} renditions", profiles.len());
    assert!(check_list(profiles).is_ok(), "a list that does not pass its own check");
    for (index, profile) in profiles.iter().enumerate() {
        rendition_name(&profile.name);
        let twice = profiles.iter().take(index).any(|earlier| earlier.name == profile.name);
        assert!(!twice, "{:?} names two renditions", profile.name);
        for container in [None, Some(Container::MpegTs), Some(Container::Mp4)] {
            video_profile(&Profile { container, ..profile.clone() });
        }
    }
    assert_eq!(profile_ids(profiles).len(), profiles.len() * 8);
    let needs = JobNeeds { profiles, push: true, ..JobNeeds::default() };
    assert!(job_capabilities(&needs).is_ok(), "the input alone can be unsupported");
}

/// The answer is the client's fault, small, and JSON.
fn refused(problem: Problem) {
    let response = problem.response();
    assert!(response.status().is_client_error(), "{}", response.status());
    assert!(response.body().len() <= 8 * 1024, "an answer of {} bytes", response.body().len());
    let body: serde_json::Value =
        serde_json::from_slice(response.body()).expect("a problem's body is JSON");
    assert_eq!(body["status"], response.status().as_u16());
}
