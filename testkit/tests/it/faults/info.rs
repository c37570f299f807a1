//! Faults while a gateway asks for information.

use std::time::Duration;

use waymark_testkit::client::{ClientError, get_orchestrator};
use waymark_testkit::{GetOrchestratorFault, Orchestrator, Times};

use crate::harness::fixed;

async fn with(fault: GetOrchestratorFault) -> Orchestrator {
    fixed().fault(fault, Times::Once).start().await.unwrap()
}

#[tokio::test]
async fn a_hanging_orchestrator_never_answers() {
    let orchestrator = with(GetOrchestratorFault::Hang).await;
    let (answer, ()) = tokio::join!(get_orchestrator(orchestrator.uri(), None), async {
        orchestrator.wait_for(|stats| stats.faults.contains_key("info:hang")).await.unwrap();
        orchestrator.kill().await;
    });
    assert!(matches!(answer, Err(ClientError::Grpc { .. })), "{answer:?}");
}

#[tokio::test]
async fn errors_have_the_text_asked_for_and_strike_once() {
    for (fault, text) in [
        (GetOrchestratorFault::Error("no more GPUs".to_owned()), "no more GPUs"),
        (GetOrchestratorFault::Capped, "Invalid orchestrator request: OrchestratorCapped"),
    ] {
        let orchestrator = with(fault).await;
        let error = get_orchestrator(orchestrator.uri(), None).await.unwrap_err().to_string();
        assert!(error.ends_with(text), "{error}");
        assert_eq!(orchestrator.stats().get_orchestrator_refused[text], 1);
        get_orchestrator(orchestrator.uri(), None).await.unwrap();
    }
}

#[tokio::test]
async fn a_dropped_connection_gives_no_answer() {
    let orchestrator = with(GetOrchestratorFault::DropConnection).await;
    get_orchestrator(orchestrator.uri(), None).await.unwrap_err();
    get_orchestrator(orchestrator.uri(), None).await.unwrap();
}

#[tokio::test]
async fn a_slow_answer_is_right_in_the_end() {
    let orchestrator = with(GetOrchestratorFault::Slow(Duration::from_millis(1))).await;
    assert!(get_orchestrator(orchestrator.uri(), None).await.unwrap().auth_token.is_some());
    assert_eq!(orchestrator.stats().faults["info:slow"], 1);
}

#[tokio::test]
async fn useless_answers_lack_what_their_fault_says() {
    let orchestrator = with(GetOrchestratorFault::EmptyTranscoder).await;
    orchestrator.inject(GetOrchestratorFault::NoAuthToken, Times::Once);
    orchestrator.inject(GetOrchestratorFault::IncompatibleCapabilities, Times::Once);
    let no_work = get_orchestrator(orchestrator.uri(), None).await.unwrap();
    assert_eq!(no_work.transcoder, "");
    let no_token = get_orchestrator(orchestrator.uri(), None).await.unwrap();
    assert_eq!(no_token.auth_token, None);
    let incapable = get_orchestrator(orchestrator.uri(), None).await.unwrap();
    assert_eq!(incapable.capabilities.unwrap().bitstring, [4]);
    assert_eq!(orchestrator.stats().faults_struck(), 3);
}
