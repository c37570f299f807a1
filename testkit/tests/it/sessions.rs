//! Slots, idle sessions, and what a session's life means for its files and its token.

use std::time::Duration;

use waymark_proto::net;
use waymark_testkit::client::{SegmentOutcome, grpc};

use crate::harness::{fetch, fixed, renditions, send, token};

#[tokio::test]
async fn an_idle_session_loses_its_slot_and_files_and_its_token_opens_a_new_one() {
    let orchestrator = fixed().max_sessions(1).session_idle(Duration::ZERO).start().await.unwrap();
    let token = token(&orchestrator).await;
    let made = renditions(&orchestrator, &token, 0).await;
    orchestrator.wait_for(|stats| stats.open_sessions == 0).await.unwrap();
    let gone = fetch(&made[0].url).await.unwrap_err().to_string();
    assert!(gone.ends_with("404: ErrNotFound"), "{gone}");
    assert_eq!(renditions(&orchestrator, &token, 1).await.len(), 2);
}

#[tokio::test]
async fn after_its_end_the_same_token_opens_an_empty_session() {
    let orchestrator = fixed().start().await.unwrap();
    let token = token(&orchestrator).await;
    let made = renditions(&orchestrator, &token, 0).await;
    fetch(&made[0].url).await.unwrap();
    let request = net::EndTranscodingSessionRequest { auth_token: Some(token.clone()) };
    grpc(orchestrator.uri()).await.unwrap().end_transcoding_session(request).await.unwrap();
    fetch(&made[0].url).await.unwrap_err();
    renditions(&orchestrator, &token, 1).await;
    assert_eq!(orchestrator.stats().open_sessions, 1);
}

#[tokio::test]
async fn the_same_segment_may_be_sent_again() {
    let orchestrator = fixed().start().await.unwrap();
    let token = token(&orchestrator).await;
    let (first, again) =
        (renditions(&orchestrator, &token, 3).await, renditions(&orchestrator, &token, 3).await);
    assert_eq!(first, again);
}

#[tokio::test]
async fn a_session_holds_its_slot_before_its_first_segment_is_transcoded() {
    let orchestrator = fixed().max_sessions(1).start().await.unwrap();
    let (first, second) = (token(&orchestrator).await, token(&orchestrator).await);
    let held = orchestrator.hold();
    let (won, lost) = tokio::join!(send(&orchestrator, &first, 0), async {
        orchestrator.wait_for(|stats| stats.open_sessions == 1).await.unwrap();
        let lost = send(&orchestrator, &second, 0).await;
        drop(held);
        lost
    });
    assert!(won.unwrap().renditions().is_some());
    let refused = SegmentOutcome::Refused { status: 403, text: "OrchestratorCapped\n".to_owned() };
    assert_eq!(lost.unwrap(), refused);
}
