//! Faults while a rendition is fetched.

use std::time::Duration;

use bytes::Bytes;
use waymark_testkit::client::{ClientError, get};
use waymark_testkit::{DownloadFault, Orchestrator, Times};

use crate::harness::{deadline, fetch, fixed, renditions, token};

async fn with(fault: DownloadFault) -> (Orchestrator, String) {
    let orchestrator = fixed().fault(fault, Times::Once).start().await.unwrap();
    let token = token(&orchestrator).await;
    let url = renditions(&orchestrator, &token, 0).await.remove(0).url;
    (orchestrator, url)
}

#[tokio::test]
async fn a_rendition_can_be_missing_or_refused() {
    for (fault, text) in [
        (DownloadFault::NotFound, "404: ErrNotFound"),
        (DownloadFault::Status(500), "500: Internal Server Error"),
    ] {
        let (_orchestrator, url) = with(fault).await;
        let error = fetch(&url).await.unwrap_err().to_string();
        assert!(error.ends_with(text), "{error}");
        assert_eq!(fetch(&url).await.unwrap().len(), 3000, "the fault is over");
    }
}

#[tokio::test]
async fn a_hanging_download_ends_only_with_the_process() {
    let (orchestrator, url) = with(DownloadFault::Hang).await;
    let (fetched, ()) = tokio::join!(fetch(&url), async {
        orchestrator.wait_for(|stats| stats.faults.contains_key("download:hang")).await.unwrap();
        orchestrator.kill().await;
    });
    assert!(matches!(fetched, Err(ClientError::Http { .. })), "{fetched:?}");
}

#[tokio::test]
async fn a_truncated_download_announces_more_than_it_sends() {
    let (_orchestrator, url) = with(DownloadFault::Truncated).await;
    let error = fetch(&url).await.unwrap_err();
    assert!(matches!(error, ClientError::Http { .. }), "{error:?}");
}

#[tokio::test]
async fn a_corrupt_download_has_the_right_length_and_other_bytes() {
    let (_orchestrator, url) = with(DownloadFault::Corrupt).await;
    let corrupt = fetch(&url).await.unwrap();
    assert_eq!(corrupt.len(), 3000);
    assert_ne!(corrupt, Bytes::from(vec![1; 3000]));
}

#[tokio::test]
async fn an_oversized_download_is_as_long_as_announced() {
    let (orchestrator, url) = with(DownloadFault::Oversized(200_000)).await;
    orchestrator.inject(DownloadFault::Oversized(200_000), Times::Once);
    assert_eq!(fetch(&url).await.unwrap().len(), 200_000);
    let error = get(&url, 100_000, deadline()).await.unwrap_err();
    assert!(matches!(error, ClientError::TooLarge { .. }), "{error:?}");
}

#[tokio::test]
async fn a_slow_download_is_right_in_the_end() {
    let (orchestrator, url) = with(DownloadFault::Slow(Duration::from_millis(1))).await;
    assert_eq!(fetch(&url).await.unwrap().len(), 3000);
    assert_eq!(orchestrator.stats().faults["download:slow"], 1);
}
