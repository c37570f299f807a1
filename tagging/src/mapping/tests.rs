use proptest::prelude::*;

use super::*;
use crate::{Codec, Container, RenditionShape, SourceShape};

fn push(delivery: Delivery, source: Codec, bit_depth: u8, outputs: &[Codec]) -> TranscodeShape {
    TranscodeShape {
        delivery,
        source: SourceShape {
            container: Some(Container::MpegTs),
            codec: Some(source),
            height: 1080,
            fps: 30,
            bit_depth,
        },
        renditions: outputs.iter().map(|&codec| RenditionShape { codec, height: 720 }).collect(),
    }
}

fn tag_of(shape: JobShape<'_>) -> String {
    default_tag(&shape).to_string()
}

#[test]
fn a_pushed_stream_is_live_abr_whatever_codec_comes_out() {
    for outputs in [&[Codec::H264][..], &[Codec::Hevc], &[Codec::Av1], &[Codec::Vp9], &[]] {
        let job = push(Delivery::Live, Codec::H264, 8, outputs);
        assert_eq!(tag_of(JobShape::Transcode(&job)), "transcode/live/abr");
    }
}

#[test]
fn an_offline_job_is_vod_and_hevc_or_ten_bit_sets_it_apart() {
    let cases = [
        (push(Delivery::Vod, Codec::H264, 8, &[Codec::H264]), "transcode/vod"),
        (push(Delivery::Vod, Codec::H264, 10, &[Codec::H264]), "transcode/vod/hevc"),
        (push(Delivery::Vod, Codec::Hevc, 8, &[Codec::H264]), "transcode/vod/hevc"),
        (push(Delivery::Vod, Codec::H264, 8, &[Codec::H264, Codec::Hevc]), "transcode/vod/hevc"),
    ];
    for (job, tag) in cases {
        assert_eq!(tag_of(JobShape::Transcode(&job)), tag);
    }
}

#[test]
fn each_ai_capability_has_its_tag() {
    let cases = [
        (27, "ai/text-to-image"),
        (28, "ai/image-to-image"),
        (29, "ai/image-to-video"),
        (30, "ai/upscale"),
        (31, "ai/audio-to-text"),
        (32, "ai/segment-anything-2"),
        (33, "ai/llm/chat"),
        (34, "ai/image-to-text"),
        (36, "ai/text-to-speech"),
    ];
    for (id, tag) in cases {
        assert_eq!(tag_of(JobShape::Capability { id, name: "" }), tag, "{id}");
    }
}

#[test]
fn feature_capabilities_and_unknown_ones_are_not_tags() {
    for id in (0..=26).chain([38, u16::MAX]) {
        assert_eq!(tag_of(JobShape::Capability { id, name: "x" }), "compute/other", "{id}");
    }
}

#[test]
fn live_video_is_tagged_by_its_pipeline() {
    for (name, tag) in [
        ("", "ai/live-video-to-video"),
        ("noop", "ai/live-video-to-video/noop"),
        ("StreamDiffusion SDXL", "ai/live-video-to-video/streamdiffusion-sdxl"),
        ("live-video-to-video/scope", "ai/live-video-to-video/scope"),
        ("///", "ai/live-video-to-video"),
    ] {
        assert_eq!(tag_of(JobShape::Capability { id: 35, name }), tag);
    }
}

#[test]
fn a_container_is_tagged_by_its_name_until_the_registry_knows_it() {
    let shape = JobShape::Capability { id: 37, name: "Acme Whisper (EU)" };
    assert_eq!(tag_of(shape), "compute/byoc/acme-whisper-eu");
    assert_eq!(tag_of(JobShape::Capability { id: 37, name: "\u{1f600}" }), "compute/other");

    let registry = Registry::from_yaml(
        "version: 1\ntags:\n  - tag: x-acme/audio/transcribe\n    title: T\n    description: D\n    work_unit: second\n    status: active\n    since: 2026-11-22\n    maps: [{system: byoc, value: Acme Whisper (EU)}]\n",
    )
    .unwrap();
    assert_eq!(registry.default_tag(&shape).to_string(), "x-acme/audio/transcribe");
}

#[test]
fn offerings_pipelines_and_apps_are_looked_up() {
    let cases = [
        (JobShape::Offering("openai:/v1/chat/completions"), "ai/llm/chat"),
        (JobShape::Offering("openai:/v1/embeddings"), "ai/llm/embed"),
        (JobShape::Offering("openai:/v1/rerank"), "ai/llm/rerank"),
        (JobShape::Offering("openai:/v1/images/generations"), "ai/text-to-image"),
        (JobShape::Offering("openai:/v1/audio/transcriptions"), "ai/audio-to-text"),
        (JobShape::Offering("video:transcode.live.rtmp"), "transcode/live/abr"),
        (JobShape::Offering("livepeer:transcoder/h264"), "transcode/live/abr"),
        (JobShape::Offering("unheard:of"), "compute/other"),
        (JobShape::Pipeline("text-to-image"), "ai/text-to-image"),
        (JobShape::Pipeline("llm"), "ai/llm/chat"),
        (JobShape::Pipeline("live-video-to-video"), "ai/live-video-to-video"),
        (JobShape::Pipeline("something-new"), "compute/other"),
        (JobShape::App("live-video-to-video/scope"), "ai/live-video-to-video/scope"),
        (JobShape::App("acme/thing"), "compute/other"),
    ];
    for (shape, tag) in cases {
        assert_eq!(tag_of(shape), tag, "{shape:?}");
    }
}

#[test]
fn a_slug_keeps_what_a_segment_may_hold() {
    for (name, expected) in [
        ("acme-whisper-eu", Some("acme-whisper-eu")),
        ("Model_v1.5", Some("model_v1.5")),
        ("--.a", Some("a")),
        ("a  /  b!", Some("a-b")),
        ("", None),
        ("\u{e9}\u{e8}", None),
    ] {
        assert_eq!(slug(name).as_deref(), expected, "{name:?}");
    }
}

proptest! {
    #[test]
    fn every_slug_is_one_segment_of_a_tag(name in ".{0,80}") {
        if let Some(slug) = slug(&name) {
            let tag: Tag = format!("compute/byoc/{slug}").parse().unwrap();
            prop_assert_eq!(tag.segments().count(), 2);
        }
    }

    #[test]
    fn every_name_gets_a_tag(id in any::<u16>(), name in ".{0,80}") {
        default_tag(&JobShape::Capability { id, name: &name });
        default_tag(&JobShape::App(&name));
        default_tag(&JobShape::Offering(&name));
        default_tag(&JobShape::Pipeline(&name));
    }
}
