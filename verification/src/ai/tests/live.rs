//! Video: made from a picture, or changed while it runs.

use serde_json::json;
use waymark_media::pixels::Grids;

use super::super::fixture::{grids, images, judge, png, request};
use super::super::{Pipeline, checks, second};
use crate::thresholds::Ai;
use crate::verdict::{Decision, Outcome};

fn camera() -> &'static Grids {
    Box::leak(Box::new(grids(50, |n, block| 40 + n * 3 + block)))
}

fn live(output: Grids, model: &str) -> crate::Verdict {
    let output: &'static Grids = Box::leak(Box::new(output));
    let fields = request(json!({"model_id": model, "width": 512, "height": 288}));
    judge(checks(Pipeline::LiveVideo), &fields, &json!({}), |job| {
        job.input_pictures = Some(camera());
        job.output_pictures = Some(output);
    })
}

fn painted() -> Grids {
    grids(50, |n, block| 200_u16.saturating_sub(n * 2) + (block * 7) % 50)
}

#[test]
fn video_that_was_changed_is_accepted() {
    let verdict = live(painted(), "streamdiffusion");
    assert_eq!(verdict.decision(), Decision::Accepted, "{verdict}");
}

#[test]
fn the_camera_itself_is_no_work_however_late_unless_nothing_was_asked_for() {
    let late = || {
        let mut late = camera().clone();
        late.frames.rotate_right(7);
        for (n, frame) in (0_i64..).zip(&mut late.frames) {
            frame.pts = n * 3_600;
        }
        late
    };
    assert_eq!(live(late(), "streamdiffusion").outcome_of("live.changed"), Outcome::Fail);
    assert_eq!(live(late(), "noop").decision(), Decision::Accepted, "{}", live(late(), "noop"));
}

#[test]
fn frozen_black_halting_and_small_video_is_found() {
    let frozen = grids(50, |_, block| 90 + block % 60);
    assert_eq!(live(frozen, "m").outcome_of("live.still"), Outcome::Fail);
    assert_eq!(live(grids(50, |_, _| 0), "m").outcome_of("live.black"), Outcome::Fail);
    let mut halting = painted();
    halting.frames.drain(5..45);
    assert_eq!(live(halting, "m").outcome_of("live.gap"), Outcome::Fail);
    let mut small = painted();
    small.size = (64, 36);
    assert_eq!(live(small, "m").decision(), Decision::Refused);
    let nothing = judge(checks(Pipeline::LiveVideo), &request(json!({})), &json!({}), |_| {});
    assert_eq!(nothing.decision(), Decision::NotJudged);
}

/// A recorded rendition of 60 pictures; any MP4 will do.
fn recorded() -> Vec<u8> {
    let at = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/renditions/mp4_240p30_0.p90_25.mp4");
    std::fs::read(at).unwrap()
}

#[test]
fn a_video_shows_its_picture_first_and_then_moves() {
    let picture = image::RgbImage::from_fn(256, 256, |x, y| {
        let level = u8::try_from((x / 16 * 8 + y / 32 * 9) % 256).unwrap();
        image::Rgb([level, level, level])
    });
    let input: &'static [u8] = Vec::leak(png(&picture));
    let shown =
        |shift: u16| grids(25, move |n, block| (block % 16) * 8 + (block / 16) * 8 + shift + n);
    let bytes: &'static [u8] = Vec::leak(recorded());
    let decide = |output: Grids, size: (u32, u32)| {
        let output: &'static Grids = Box::leak(Box::new(output));
        let fields = request(json!({"width": size.0, "height": size.1, "fps": 25}));
        judge(checks(Pipeline::ImageToVideo), &fields, &images(&[1]), |job| {
            job.input = Some(input);
            job.media = Vec::leak(vec![Some(bytes)]);
            job.output_pictures = Some(output);
        })
    };
    let size = (160, 90);
    let verdict = decide(shown(0), size);
    assert_eq!(verdict.decision(), Decision::Accepted, "{verdict}");
    assert_eq!(decide(shown(40), size).outcome_of("video.first_mean"), Outcome::Fail);
    assert_eq!(decide(grids(25, |_, b| b), size).outcome_of("video.still"), Outcome::Fail);
    assert_eq!(decide(shown(0), (1_024, 576)).decision(), Decision::Refused);
}

#[test]
fn what_is_no_video_is_refused() {
    let verdict =
        judge(checks(Pipeline::ImageToVideo), &request(json!({})), &images(&[1]), |job| {
            job.media = &[Some(b"not a video")];
        });
    assert_eq!(verdict.decision(), Decision::Refused, "{verdict}");
}

#[test]
fn two_cards_make_the_same_video_for_a_while() {
    let bounds = Ai::default();
    let mut other = painted();
    other
        .frames
        .iter_mut()
        .for_each(|frame| frame.y.iter_mut().for_each(|v| *v = v.saturating_add(900)));
    assert_eq!(second::videos(&painted(), &other, 8, &bounds).outcome, Outcome::Pass);
    assert_eq!(second::videos(&painted(), camera(), 8, &bounds).outcome, Outcome::Fail);
}
