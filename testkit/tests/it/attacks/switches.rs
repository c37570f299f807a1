//! The orchestrator cheats when it is told to, and signs what it sends.

use std::time::Duration;

use alloy_primitives::keccak256;
use waymark_media::inspect;
use waymark_proto::net;
use waymark_testkit::attack::{Attack, AttackSpec, Schedule};
use waymark_testkit::client::{SegmentOutcome, seg_data};
use waymark_testkit::{
    Accomplices, Builder, Orchestrator, SegmentFault, Times, result_digest, verify_eth,
};

use crate::harness::{SEGMENT, fetch, profile, send_data, token};

struct Answer {
    data: net::TranscodeData,
    receipt: Option<net::Receipt>,
}

async fn ask(orchestrator: &Orchestrator, token: &net::AuthToken, seq: i64) -> Answer {
    let profiles = [profile("P144", 256, 144), profile("P180", 320, 180)];
    let data = seg_data("movie", seq, &SEGMENT, &profiles, token.clone());
    let outcome = send_data(orchestrator, &data).await.unwrap();
    let SegmentOutcome::Result(result) = outcome else { panic!("{outcome:?}") };
    let Some(net::transcode_result::Result::Data(data)) = result.result else { panic!() };
    Answer { data, receipt: result.receipt }
}

impl Answer {
    /// Mean luma of the pictures of a rendition.
    async fn luma(&self, rendition: usize) -> Vec<u8> {
        inspect(&fetch(&self.data.segments[rendition].url).await.unwrap()).unwrap().luma
    }

    async fn is_signed_by(&self, orchestrator: &Orchestrator) -> bool {
        let mut hashes = Vec::new();
        for rendition in &self.data.segments {
            hashes.push(keccak256(fetch(&rendition.url).await.unwrap()));
        }
        let digest = result_digest(&hashes);
        verify_eth(orchestrator.address(), digest.as_slice(), &self.data.sig)
    }
}

async fn cheater(attack: impl Into<AttackSpec>) -> Orchestrator {
    Orchestrator::builder().attack(attack).start().await.unwrap()
}

#[tokio::test]
async fn a_cheater_signs_what_it_sends_and_can_become_honest() {
    let orchestrator = cheater(Attack::Black).await;
    let token = token(&orchestrator).await;
    let answer = ask(&orchestrator, &token, 0).await;
    for rendition in 0..2 {
        let luma = answer.luma(rendition).await;
        assert!(luma.len() == 60 && luma.iter().all(|mean| *mean < 20), "{luma:?}");
    }
    assert!(answer.is_signed_by(&orchestrator).await);
    orchestrator.be_honest();
    let luma = ask(&orchestrator, &token, 1).await.luma(0).await;
    assert!(luma.iter().all(|mean| *mean > 40), "{luma:?}");
    assert_eq!(orchestrator.stats().faults["attack:A17"], 1);
}

#[tokio::test]
async fn a_fault_can_be_an_attack_for_once() {
    let orchestrator = Orchestrator::builder().start().await.unwrap();
    orchestrator.inject(SegmentFault::Attack(Attack::InflatedClaim), Times::Once);
    let token = token(&orchestrator).await;
    let pixels = |answer: &Answer| answer.data.segments[1].pixels;
    assert_eq!(pixels(&ask(&orchestrator, &token, 0).await), 2 * 320 * 180 * 60);
    assert_eq!(pixels(&ask(&orchestrator, &token, 1).await), 320 * 180 * 60);
}

#[tokio::test]
async fn a_cheater_is_good_first_and_bad_later() {
    let schedule = Schedule::ALWAYS.after(2);
    let orchestrator = cheater(AttackSpec { attack: Attack::CheatLater, schedule }).await;
    let token = token(&orchestrator).await;
    let mut shown = Vec::new();
    for seq in 0..4 {
        shown.push(ask(&orchestrator, &token, seq).await.luma(0).await);
    }
    // The same segment each time, so that honest answers are the same pictures.
    assert_eq!(shown[0], shown[1]);
    assert_ne!(shown[1], shown[2]);
    assert_eq!(shown[2], shown[3]);
}

#[tokio::test]
async fn bad_signatures_are_changed_missing_or_by_another_key() {
    let orchestrator = cheater(Attack::BadSignature).await;
    let token = token(&orchestrator).await;
    let mut lengths = Vec::new();
    for seq in 0..3 {
        let answer = ask(&orchestrator, &token, seq).await;
        assert!(!answer.is_signed_by(&orchestrator).await, "{seq}");
        lengths.push(answer.data.sig.len());
    }
    assert_eq!(lengths, [65, 0, 65]);
}

#[tokio::test]
async fn renditions_are_swapped_missing_and_hashes_lie() {
    let orchestrator = cheater(Attack::Swapped).await;
    let answer = ask(&orchestrator, &token(&orchestrator).await, 0).await;
    let first = inspect(&fetch(&answer.data.segments[0].url).await.unwrap()).unwrap();
    assert_eq!((first.width, first.height), (320, 180));
    assert!(answer.is_signed_by(&orchestrator).await);

    let orchestrator = cheater(Attack::HonestHash).await;
    let answer = ask(&orchestrator, &token(&orchestrator).await, 0).await;
    let hash = &answer.data.segments[0].perceptual_hash_url;
    assert_eq!(fetch(hash).await.unwrap().len(), 5_538);

    let orchestrator = cheater(Attack::HugeHash).await;
    let token = token(&orchestrator).await;
    assert_eq!(ask(&orchestrator, &token, 0).await.data.segments[0].perceptual_hash_url, "");
    let empty = ask(&orchestrator, &token, 1).await;
    assert_eq!(fetch(&empty.data.segments[0].perceptual_hash_url).await.unwrap().len(), 0);
}

#[tokio::test]
async fn the_last_rendition_of_a_late_answer_is_missing() {
    let orchestrator = cheater(Attack::LateOrPartial).await;
    let answer = ask(&orchestrator, &token(&orchestrator).await, 0).await;
    assert_eq!(answer.data.segments.len(), 1);
    assert!(answer.is_signed_by(&orchestrator).await);
}

#[tokio::test]
async fn the_segment_before_can_be_the_answer() {
    let orchestrator = cheater(Attack::Stale).await;
    let token = token(&orchestrator).await;
    let first = ask(&orchestrator, &token, 0).await.luma(0).await;
    // The test's segments are all the same, so the answers are too, but for how they were encoded.
    let second = ask(&orchestrator, &token, 1).await.luma(0).await;
    assert!(first.iter().zip(&second).all(|(a, b)| a.abs_diff(*b) <= 1), "{first:?} {second:?}");
    assert_eq!(orchestrator.stats().faults["attack:A21"], 2);
}

#[tokio::test]
async fn accomplices_cheat_on_what_only_one_of_them_was_sent() {
    let all = Accomplices::patient(Duration::from_secs(60));
    let node =
        || -> Builder { Orchestrator::builder().attack(Attack::CheatAlone).accomplices(&all) };
    let (one, two) = (node().start().await.unwrap(), node().start().await.unwrap());
    let (first, second) = (token(&one).await, token(&two).await);
    let (a, b) = tokio::join!(ask(&one, &first, 0), ask(&two, &second, 0));
    assert_eq!(a.luma(0).await, b.luma(0).await, "compared, both are honest");
    assert_eq!(one.stats().faults.get("attack:A60"), None);
    assert_eq!(two.stats().faults.get("attack:A60"), None);
}

#[tokio::test]
async fn results_carry_a_receipt_unless_the_node_is_stock() {
    let orchestrator = Orchestrator::builder().receipts_for(42_161).start().await.unwrap();
    let answer = ask(&orchestrator, &token(&orchestrator).await, 0).await;
    let receipt = answer.receipt.expect("a receipt");
    assert_eq!((receipt.version, receipt.chain_id, receipt.sig.len()), (1, 42_161, 65));
    let stock = Orchestrator::builder().no_receipts().start().await.unwrap();
    assert_eq!(ask(&stock, &token(&stock).await, 0).await.receipt, None);
}
