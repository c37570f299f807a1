//! Tags: who chooses one, how it travels, and what is refused.

use reqwest::StatusCode;

use crate::harness::{Gateway, answer, instant, orchestrator, segment};

#[tokio::test]
async fn a_tag_reaches_the_orchestrator_in_every_carrier_and_comes_into_the_record() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    let push = gateway
        .pushing("/live/movie/0.ts", segment(0))
        .header("livepeer-job-tag", "transcode/live/sport");
    assert_eq!(answer(push).await.status, StatusCode::OK);
    let stats = orchestrator.stats();
    let request = &stats.requests[0].message;
    assert_eq!(request.job_tag.as_ref().map(|t| t.tag.as_str()), Some("transcode/live/sport"));
    let seen = &stats.segments[0];
    assert_eq!(seen.tag_header.as_deref(), Some("transcode/live/sport"));
    for tag in [seen.tag(), seen.token_tag()] {
        let tag = tag.expect("the message carries the tag");
        assert_eq!((tag.tag.as_str(), tag.tag_id), ("transcode/live/sport", 0));
    }
    let records = gateway.records().await;
    assert_eq!(records[0]["tag"], "transcode/live/sport");
    assert_eq!(records[0]["tag_source"], "declared");
}

#[tokio::test]
async fn a_job_that_nobody_tagged_gets_the_default() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    gateway.push("movie", 0).await;
    let records = gateway.records().await;
    assert_eq!(records[0]["tag"], "transcode/live/abr");
    assert_eq!(records[0]["tag_source"], "mapped");
    assert_eq!(records[0]["attrs"]["src.codec"], "h264");
}

#[tokio::test]
async fn the_query_chooses_a_tag_like_the_header() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    let push = gateway.pushing("/live/movie/0.ts?tag=transcode/vod", segment(0));
    assert_eq!(answer(push).await.json()["tag"]["name"], "transcode/vod");
    gateway.stop().await;
}

#[tokio::test]
async fn the_first_segment_fixes_the_tag_of_a_stream() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    gateway.push("movie", 0).await;
    let other =
        gateway.pushing("/live/movie/1.ts", segment(1)).header("livepeer-job-tag", "transcode/vod");
    let refused = answer(other).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert_eq!(refused.reason(), "tag-changed");
    let same = gateway
        .pushing("/live/movie/1.ts", segment(1))
        .header("livepeer-job-tag", "transcode/live/abr");
    assert_eq!(answer(same).await.status, StatusCode::OK);
    gateway.stop().await;
}

#[tokio::test]
async fn a_tag_the_operator_does_not_allow_is_403() {
    let orchestrator = orchestrator().await;
    let allowed = ["transcode/live/abr".parse().expect("a pattern")];
    let gateway =
        Gateway::with(&[&orchestrator], &[], |c| c.tags.allowed = Some(allowed.into())).await;
    let push =
        gateway.pushing("/live/movie/0.ts", segment(0)).header("livepeer-job-tag", "transcode/vod");
    let refused = answer(push).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.reason(), "tag-not-allowed");
    gateway.stop().await;
}

#[tokio::test]
async fn a_silenced_orchestrator_is_told_no_tag_anywhere() {
    let orchestrator = instant().start().await.unwrap();
    let url = orchestrator.uri().parse().expect("a URL");
    let gateway = Gateway::with(&[&orchestrator], &[], |c| {
        c.tags.silent_orchestrators = vec![url];
    })
    .await;
    assert_eq!(gateway.push("movie", 0).await.status, StatusCode::OK);
    let stats = orchestrator.stats();
    assert!(stats.requests.iter().all(|r| r.message.job_tag.is_none()));
    let seen = &stats.segments[0];
    assert!(seen.tag().is_none() && seen.token_tag().is_none() && seen.tag_header.is_none());
    gateway.stop().await;
}
