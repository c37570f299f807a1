//! A gateway asks for pictures, and some orchestrators are lazy.

use std::time::Duration;

use image::ImageFormat;
use image::imageops::{self, FilterType};
use serde_json::json;

use super::super::fixture::{file, images, judge, kept, png, request, scene};
use super::super::picture::{Limits, Picture};
use super::super::{Job, Memory, Pipeline, checks, second};
use crate::thresholds::Ai;
use crate::verdict::{Decision, Outcome};

const SIZE: (u32, u32) = (128, 96);

fn prompt(count: u32) -> super::Fields {
    request(
        json!({"prompt": "a lake", "width": 128, "height": 96, "seed": 7, "num_images_per_prompt": count}),
    )
}

#[test]
fn two_pictures_as_they_were_asked_for_are_accepted_in_every_format() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        let (a, b) = (file(&scene(1, SIZE), format), file(&scene(2, SIZE), format));
        let verdict = judge(checks(Pipeline::TextToImage), &prompt(2), &images(&[7, 8]), |job| {
            job.media = kept(vec![a, b]);
        });
        assert_eq!(verdict.decision(), Decision::Accepted, "{format:?} {verdict}");
        assert_eq!(verdict.outcome_of("image.size"), Outcome::Pass);
        assert_eq!(verdict.outcome_of("image.batch"), Outcome::Pass);
    }
}

#[test]
fn a_smaller_picture_another_seed_or_one_too_few_is_refused() {
    let cases = [
        ("image.size", scene(1, (64, 48)), images(&[7])),
        ("image.seed", scene(1, SIZE), images(&[9])),
        ("image.count", scene(1, SIZE), images(&[7, 8])),
    ];
    for (id, picture, answer) in cases {
        let bytes = png(&picture);
        let verdict = judge(checks(Pipeline::TextToImage), &prompt(1), &answer, |job| {
            job.media = kept(vec![bytes]);
        });
        assert_eq!(verdict.outcome_of(id), Outcome::Fail, "{verdict}");
        assert_eq!(verdict.decision(), Decision::Refused);
    }
}

#[test]
fn what_is_no_picture_is_refused_with_the_reason() {
    let whole = png(&scene(1, SIZE));
    for bytes in [&b"<html>busy</html>"[..], &whole[..whole.len() / 2], b""] {
        let bytes: &'static [u8] = Vec::leak(bytes.to_vec());
        let verdict = judge(checks(Pipeline::TextToImage), &prompt(1), &images(&[7]), |job| {
            job.media = Vec::leak(vec![Some(bytes)]);
        });
        assert_eq!(verdict.outcome_of("image.decodes"), Outcome::Fail, "{verdict}");
    }
    let verdict = judge(checks(Pipeline::TextToImage), &prompt(1), &json!({"frames": []}), |_| {});
    assert_eq!(verdict.decision(), Decision::Refused);
}

#[test]
fn a_header_that_promises_too_much_is_refused_before_it_is_decoded() {
    let mut bytes = png(&scene(1, (16, 16)));
    // the width and the height of the header, and its checksum
    bytes[16..24].copy_from_slice(&[0, 0, 0x3f, 0xff, 0, 0, 0x3f, 0xff]);
    let crc = crc(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    let error = Picture::measure(&bytes, &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "pixels of a picture: 268402689, at most 67108864 are read");
}

/// The checksum of PNG chunks.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            crc >> 1 ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1))
        })
    })
}

#[test]
fn a_blank_picture_is_suspicious_unless_a_filter_that_was_asked_for_painted_it() {
    let grey = png(&image::RgbImage::from_pixel(128, 96, image::Rgb([0, 0, 0])));
    let grey: &'static [u8] = Vec::leak(grey);
    let mut answer = images(&[7]);
    let decide = |answer: &serde_json::Value| {
        judge(checks(Pipeline::TextToImage), &prompt(1), answer, |job| {
            job.media = Vec::leak(vec![Some(grey)]);
        })
    };
    assert_eq!(decide(&answer).decision(), Decision::Soft, "{}", decide(&answer));
    answer["images"][0]["nsfw"] = true.into();
    assert_eq!(decide(&answer).decision(), Decision::Accepted);
}

#[test]
fn one_picture_sold_twice_is_found_in_the_batch_and_a_day_later() {
    let (bounds, mut memory) = (Ai::default(), Memory::new(4, 16));
    let original = scene(3, SIZE);
    // scaled, cut at the edges of a jpeg, and a little brighter: it is still the same
    let again = file(&imageops::colorops::brighten(&original, 6), ImageFormat::Jpeg);
    let original = png(&original);
    let media = [Some(original.as_slice()), Some(again.as_slice())];
    let (fields, answer) = (prompt(2), images(&[7, 8]).to_string());
    let job =
        Job { media: &media, orchestrator: "o", ..Job::new(&fields, answer.as_bytes(), &bounds) };
    let verdict = checks(Pipeline::TextToImage).check(&job, &mut memory);
    assert_eq!(verdict.outcome_of("image.batch"), Outcome::Fail, "{verdict}");
    assert_eq!(verdict.outcome_of("image.earlier"), Outcome::Pass);

    let other = request(json!({"prompt": "a dog", "width": 128, "height": 96}));
    let answer = images(&[1]).to_string();
    let media = [Some(again.as_slice())];
    let mut job = Job {
        media: &media,
        orchestrator: "o",
        now: Duration::from_hours(5),
        ..Job::new(&other, answer.as_bytes(), &bounds)
    };
    let judged = checks(Pipeline::TextToImage).check(&job, &mut memory);
    assert_eq!(judged.outcome_of("image.earlier"), Outcome::Fail, "{judged}");
    assert_eq!(judged.decision(), Decision::Soft);
    job.orchestrator = "another";
    let judged = checks(Pipeline::TextToImage).check(&job, &mut memory);
    assert_eq!(judged.decision(), Decision::Accepted, "{judged}");
}

#[test]
fn a_batch_that_was_stored_under_one_name_is_a_hint_only() {
    let picture: &'static [u8] = Vec::leak(png(&scene(1, SIZE)));
    let answer = json!({"images": [{"url": "/a.png", "seed": 7}, {"url": "/a.png", "seed": 8}]});
    let verdict = judge(checks(Pipeline::TextToImage), &prompt(2), &answer, |job| {
        job.media = Vec::leak(vec![Some(picture), Some(picture)]);
    });
    assert_eq!(verdict.outcome_of("image.batch"), Outcome::Fail);
    assert_eq!(verdict.decision(), Decision::Accepted, "{verdict}");
}

#[test]
fn an_input_returned_as_the_output_is_suspicious_unless_little_was_to_change() {
    let input = scene(1, SIZE);
    let coded: &'static [u8] = Vec::leak(file(&input, ImageFormat::Jpeg));
    let changed: &'static [u8] = Vec::leak(png(&scene(2, SIZE)));
    let input: &'static [u8] = Vec::leak(png(&input));
    let decide = |output: &'static [u8], strength: f64| {
        let fields = request(json!({"prompt": "in winter", "strength": strength}));
        judge(checks(Pipeline::ImageToImage), &fields, &images(&[3]), |job| {
            job.input = Some(input);
            job.media = Vec::leak(vec![Some(output)]);
        })
        .decision()
    };
    assert_eq!(decide(changed, 0.8), Decision::Accepted);
    assert_eq!(decide(input, 0.8), Decision::Soft);
    assert_eq!(decide(coded, 0.8), Decision::Soft);
    assert_eq!(decide(coded, 0.05), Decision::Accepted);
}

#[test]
fn an_upscaled_picture_made_small_again_is_its_input() {
    let input = scene(1, SIZE);
    let mut sharp = imageops::resize(&input, 512, 384, FilterType::CatmullRom);
    // detail that interpolation cannot give
    for (x, y, pixel) in sharp.enumerate_pixels_mut() {
        pixel.0 = pixel
            .0
            .map(|v| if (x + y) % 2 == 0 { v.saturating_add(4) } else { v.saturating_sub(4) });
    }
    let other = imageops::resize(&scene(5, SIZE), 512, 384, FilterType::CatmullRom);
    let input: &'static [u8] = Vec::leak(png(&input));
    let fields =
        request(json!({"prompt": "", "model_id": "stabilityai/stable-diffusion-x4-upscaler"}));
    let decide = |output: &image::RgbImage| {
        let bytes: &'static [u8] = Vec::leak(png(output));
        judge(checks(Pipeline::Upscale), &fields, &images(&[3]), |job| {
            job.input = Some(input);
            job.media = Vec::leak(vec![Some(bytes)]);
        })
    };
    assert_eq!(decide(&sharp).decision(), Decision::Accepted, "{}", decide(&sharp));
    for filter in
        [FilterType::Nearest, FilterType::Triangle, FilterType::CatmullRom, FilterType::Lanczos3]
    {
        let plain = decide(&imageops::resize(&scene(1, SIZE), 512, 384, filter));
        let found = plain.outcome_of("upscale.detail");
        assert_eq!(found, Outcome::Fail, "{filter:?} {plain:?}");
    }
    assert_eq!(decide(&other).outcome_of("upscale.same"), Outcome::Fail, "another picture");
    assert_eq!(decide(&scene(1, SIZE)).decision(), Decision::Refused, "not larger");
}

#[test]
fn two_cards_draw_alike_and_two_models_do_not() {
    let measure = |picture| Picture::measure(&png(&picture), &Limits::default()).unwrap();
    let one = scene(4, (256, 256));
    let alike = measure(imageops::blur(&one, 0.8));
    let (one, other) = (measure(one), measure(scene(9, (256, 256))));
    let bounds = Ai::default();
    let failed = |a, b| second::pictures(a, b, &bounds).iter().any(|c| c.outcome == Outcome::Fail);
    assert!(!failed(&one, &alike), "{:?}", second::pictures(&one, &alike, &bounds));
    assert!(failed(&one, &other));
    assert_eq!(one.distance(&one), 0);
}
