//! Masks of a picture.

use serde_json::json;

use super::super::fixture::{judge, png, request, scene};
use super::super::masks::Masks;
use super::super::{Pipeline, checks, second};
use crate::thresholds::Ai;
use crate::verdict::{Decision, Outcome};

/// A mask of 16x12 that covers the first `columns`, as a runner prints it.
fn mask(columns: usize) -> String {
    let row: Vec<&str> = (0..16).map(|x| if x < columns { "1.5" } else { "-9.25" }).collect();
    let row = format!("[{}]", row.join(", "));
    format!("[{}]", vec![row; 12].join(", "))
}

fn judged(masks: &[usize], scores: &str) -> crate::Verdict {
    let masks: Vec<String> = masks.iter().map(|columns| mask(*columns)).collect();
    let answer = json!({"masks": format!("[{}]", masks.join(", ")), "scores": scores, "logits": "[[[0.5]]]"});
    let input: &'static [u8] = Vec::leak(png(&scene(1, (16, 12))));
    judge(checks(Pipeline::SegmentAnything), &request(json!({})), &answer, |job| {
        job.input = Some(input);
    })
}

#[test]
fn three_masks_of_the_picture_with_their_scores_are_accepted() {
    let verdict = judged(&[3, 5, 8], "[0.9, 0.8, 0.4]");
    assert_eq!(verdict.decision(), Decision::Accepted, "{verdict}");
}

#[test]
fn empty_whole_and_missing_masks_and_impossible_scores_are_found() {
    assert_eq!(judged(&[0, 0, 0], "[0.9, 0.8, 0.4]").outcome_of("mask.area"), Outcome::Fail);
    assert_eq!(judged(&[16, 16, 16], "[0.9, 0.8, 0.4]").outcome_of("mask.area"), Outcome::Fail);
    assert_eq!(judged(&[3, 5], "[0.9, 0.8]").outcome_of("mask.count"), Outcome::Fail);
    assert_eq!(judged(&[3, 5, 8], "[0.9]").outcome_of("mask.count"), Outcome::Fail);
    assert_eq!(judged(&[3, 5, 8], "[0.9, 0.8, 7]").outcome_of("mask.score"), Outcome::Fail);
    assert_eq!(judged(&[3, 5, 8], "[0.9, 0.8, NaN]").outcome_of("mask.score"), Outcome::Fail);
    let other: &'static [u8] = Vec::leak(png(&scene(1, (12, 16))));
    let answer = json!({"masks": format!("[{}]", mask(3)), "scores": "[1.0]"});
    let fields = request(json!({"multimask_output": "false"}));
    let verdict =
        judge(checks(Pipeline::SegmentAnything), &fields, &answer, |job| job.input = Some(other));
    assert_eq!(verdict.outcome_of("mask.size"), Outcome::Fail, "of another picture");
    assert_eq!(verdict.outcome_of("mask.count"), Outcome::Pass);
    let broken = json!({"masks": "[[1, 2], [3]]", "scores": "[1.0]"});
    let verdict = judge(checks(Pipeline::SegmentAnything), &fields, &broken, |_| {});
    assert_eq!(verdict.decision(), Decision::Refused);
}

#[test]
fn a_second_cut_covers_nearly_the_same() {
    let masks = |columns| Masks::parse(&format!("[{}]", mask(columns))).unwrap();
    let bounds = Ai::default();
    let outcome = |a, b| second::masks(&masks(a), &masks(b), &bounds).outcome;
    assert_eq!(outcome(10, 10), Outcome::Pass);
    assert_eq!(outcome(10, 11), Outcome::Pass);
    assert_eq!(outcome(10, 5), Outcome::Fail);
}
