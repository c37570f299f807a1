//! Whatever an orchestrator sends, there is a verdict.

use std::time::Duration;

use image::ImageFormat;
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::super::fixture::{file, scene, wav};
use super::super::picture::{Limits, Picture};
use super::super::sound::Sound;
use super::super::{Fields, Job, Memory, Pipeline, checks};
use crate::thresholds::Ai;

/// Any JSON, often with the names that the documents have.
fn json() -> impl Strategy<Value = Value> {
    let number =
        prop_oneof![any::<i64>().prop_map(Value::from), any::<f64>().prop_map(Value::from)];
    let text = prop_oneof!["[\\[\\],0-9.a ]{0,20}", "\\PC{0,30}"].prop_map(Value::from);
    let leaf = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), number, text];
    let name = prop::sample::select(vec![
        "images",
        "url",
        "seed",
        "nsfw",
        "text",
        "chunks",
        "timestamp",
        "masks",
        "scores",
        "logits",
        "audio",
        "choices",
        "usage",
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "message",
        "content",
        "finish_reason",
        "index",
        "width",
        "height",
        "fps",
        "strength",
        "max_tokens",
        "stop",
        "messages",
        "num_images_per_prompt",
        "model_id",
    ]);
    leaf.prop_recursive(4, 40, 6, move |inner| {
        let object = prop::collection::vec((name.clone(), inner.clone()), 0..6);
        let object = object.prop_map(|fields| {
            Value::from(
                fields
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect::<Map<_, _>>(),
            )
        });
        prop_oneof![prop::collection::vec(inner, 0..5).prop_map(Value::from), object]
    })
}

/// A file of the kinds that are decoded, with some bytes changed and the end cut off, or any bytes at all.
fn media() -> impl Strategy<Value = Vec<u8>> {
    let whole = prop::sample::select(vec![
        file(&scene(1, (24, 16)), ImageFormat::Png),
        file(&scene(2, (24, 16)), ImageFormat::Jpeg),
        file(&scene(3, (24, 16)), ImageFormat::WebP),
        wav(1, 900)[..400].to_vec(),
    ]);
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8);
    let damaged =
        (whole, changes, any::<prop::sample::Index>()).prop_map(|(mut bytes, changes, cut)| {
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            // half of them keep their end
            let cut = cut.index(bytes.len() * 2);
            bytes.truncate(cut.max(1));
            bytes
        });
    prop_oneof![damaged, prop::collection::vec(any::<u8>(), 0..200)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn any_document_and_any_media_have_a_verdict(
        request in json(),
        answer in json(),
        raw in prop::collection::vec(any::<u8>(), 0..60),
        files in prop::collection::vec(media(), 0..3),
        seconds in any::<f64>(),
    ) {
        let (fields, bounds) = (Fields::from(request), Ai::default());
        let answer = answer.to_string();
        let stream = format!("data: {answer}\n\ndata: [DONE]");
        let media: Vec<Option<&[u8]>> = files.iter().map(|file| Some(file.as_slice())).collect();
        let mut memory = Memory::new(2, 4);
        for pipeline in Pipeline::ALL {
            for body in [answer.as_bytes(), stream.as_bytes(), &raw] {
                let job = Job {
                    input: media.first().copied().flatten(),
                    input_seconds: Some(seconds),
                    media: &media,
                    arrivals: &[Duration::MAX, Duration::ZERO],
                    ..Job::new(&fields, body, &bounds)
                };
                let verdict = checks(pipeline).check(&job, &mut memory);
                prop_assert!(!verdict.checks().is_empty());
            }
        }
    }

    #[test]
    fn any_bytes_are_a_picture_or_sound_or_an_error(bytes in media()) {
        if let Ok(picture) = Picture::measure(&bytes, &Limits::default()) {
            prop_assert!(picture.width > 0 && picture.height > 0 && picture.sigma.is_finite());
            prop_assert_eq!(picture.small.len(), 65_536);
        }
        if let Ok(sound) = Sound::measure(&bytes) {
            prop_assert!(sound.seconds.is_finite() && sound.loudness.is_finite());
        }
    }
}
