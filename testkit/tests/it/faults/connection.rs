//! Faults of new connections.

use waymark_testkit::client::{ClientError, get_orchestrator};
use waymark_testkit::{ConnectionFault, Times};

use crate::harness::fixed;

#[tokio::test]
async fn a_refused_connection_is_reset_before_anything_is_said() {
    let orchestrator = fixed().fault(ConnectionFault::Refuse, Times::N(2)).start().await.unwrap();
    for _ in 0..2 {
        let error = get_orchestrator(orchestrator.uri(), None).await.unwrap_err();
        assert!(matches!(error, ClientError::Connect { .. }), "{error:?}");
    }
    get_orchestrator(orchestrator.uri(), None).await.unwrap();
    let stats = orchestrator.stats();
    assert_eq!((stats.faults["connection:refuse"], stats.connections), (2, 1));
}

#[tokio::test]
async fn a_new_certificate_is_used_from_the_next_connection_on() {
    let orchestrator = fixed().start().await.unwrap();
    let before = orchestrator.certificate();
    orchestrator.inject(ConnectionFault::NewCertificate, Times::Once);
    assert_eq!(orchestrator.certificate(), before);
    get_orchestrator(orchestrator.uri(), None).await.unwrap();
    assert_ne!(orchestrator.certificate(), before);
}
