//! What hurts users of other gateways, row by row of the list this project keeps; each test is named
//! after its row.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use waymark_testkit::{DownloadFault, SegmentFault, Times};

use crate::harness::{Gateway, PATIENCE, answer, instant, orchestrator, segment};

#[tokio::test]
async fn pain_01_a_refusing_orchestrator_costs_the_client_nothing() {
    for fault in [
        SegmentFault::Status(403),
        SegmentFault::Status(500),
        SegmentFault::DropBeforeHeaders,
        SegmentFault::Busy,
    ] {
        let (a, b) = (orchestrator().await, orchestrator().await);
        let gateway = Gateway::start(&[&a, &b]).await;
        a.inject(fault.clone(), Times::Always);
        for stream in ["one", "two"] {
            let pushed = gateway.push(stream, 0).await;
            assert_eq!(pushed.status, StatusCode::OK, "{fault:?}: {:?}", pushed.body);
        }
        gateway.stop().await;
    }
}

#[tokio::test]
async fn pain_02_no_rendition_and_no_name_ends_the_process() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    for fault in [DownloadFault::NotFound, DownloadFault::Truncated, DownloadFault::Hang] {
        orchestrator.inject(fault, Times::Always);
        let refused = gateway.push("movie", 0).await;
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
        orchestrator.clear_faults();
    }
    let named = r#"{"profiles":[{"name":"xlive","width":320,"height":180,"bitrate":1}]}"#;
    let request = gateway
        .pushing("/live/other/0.ts", segment(0))
        .header("livepeer-transcode-configuration", named);
    assert_eq!(answer(request).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(gateway.push("movie", 1).await.status, StatusCode::OK, "all streams go on");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pain_03_one_of_two_orchestrators_is_killed_and_nothing_is_lost() {
    let (a, b) = (orchestrator().await, orchestrator().await);
    let gateway = Gateway::start(&[&a, &b]).await;
    assert!(gateway.context().directory.until(PATIENCE, |census| census.ready == 2).await);
    let mut lost = 0;
    for seq in 0..10 {
        if seq == 5 {
            assert!(a.stats().segments_accepted > 0 && b.stats().segments_accepted > 0);
            a.kill().await;
        }
        let names: Vec<String> = (0..10).map(|n| format!("stream{n}")).collect();
        let pushed = join_all(names.iter().map(|name| gateway.push(name, seq))).await;
        lost += pushed.iter().filter(|p| p.status != StatusCode::OK).count();
    }
    assert_eq!(lost, 0);
    gateway.stop().await;
}

#[tokio::test]
async fn pain_04_a_restarted_orchestrator_gets_a_new_session_within_the_segment() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    for seq in 0..3 {
        if seq > 0 {
            orchestrator.restart().await.unwrap();
        }
        let pushed = gateway.push("movie", seq).await;
        assert_eq!(pushed.status, StatusCode::OK, "segment {seq}: {:?}", pushed.body);
    }
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pain_05_under_overload_everyone_is_answered_or_told_when_to_come_back() {
    let orchestrator = instant().max_sessions(20).start().await.unwrap();
    let gateway = Gateway::with(&[&orchestrator], &["-maxSessions", "200"], |_| ()).await;
    let names: Vec<String> = (0..60).map(|n| format!("stream{n}")).collect();
    let pushed = join_all(names.iter().map(|name| gateway.push(name, 0))).await;
    let served = pushed.iter().filter(|p| p.status == StatusCode::OK).count();
    for refused in pushed.iter().filter(|p| p.status != StatusCode::OK) {
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "{:?}", refused.body);
        assert!(refused.headers.contains_key("retry-after"));
    }
    assert_eq!(served, 20, "as many as the orchestrator holds");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pain_06_twelve_segments_at_once_are_all_answered() {
    let orchestrator = orchestrator().await;
    let gateway = Arc::new(Gateway::start(&[&orchestrator]).await);
    let pushed = join_all((0..12).map(|seq| {
        let gateway = Arc::clone(&gateway);
        async move { gateway.push("movie", seq).await.status }
    }))
    .await;
    assert!(pushed.iter().all(|s| *s == StatusCode::OK), "{pushed:?}");
    let stats = orchestrator.stats();
    assert_eq!(
        stats.errors(),
        0,
        "never more than an orchestrator holds: {:?}",
        stats.result_errors
    );
    Arc::into_inner(gateway).expect("the only owner").stop().await;
}

#[tokio::test]
async fn pain_07_a_stream_asks_for_a_session_once() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    for seq in 0..84 {
        assert_eq!(gateway.push("movie", seq).await.status, StatusCode::OK);
    }
    let asked = orchestrator.stats().get_orchestrator;
    assert!((1..=2).contains(&asked), "{asked} times for 84 segments");
    gateway.stop().await;
}

#[tokio::test]
async fn pain_13_every_spelling_of_accept_has_its_answer() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    for accept in ["multipart/mixed", "Multipart/Mixed; q=1", "text/html, multipart/mixed;q=0.5"] {
        let request = gateway.pushing("/live/movie/0.ts", segment(0)).header("accept", accept);
        assert_eq!(answer(request).await.parts().await.len(), 2, "{accept}");
    }
    for accept in ["*/*", "application/json", "multipart/mixed;q=0"] {
        let request = gateway.pushing("/live/movie/0.ts", segment(0)).header("accept", accept);
        let pushed = answer(request).await;
        assert_eq!(pushed.json()["renditions"].as_array().map(Vec::len), Some(2), "{accept}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn pain_14_a_piece_cut_inside_a_gop_is_never_passed_off_as_a_rendition() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    let whole = segment(0);
    let packets = whole.len() / 188;
    // Tables stay, the key frame at the start goes.
    let mut cut = whole.slice(..3 * 188).to_vec();
    cut.extend_from_slice(&whole[packets / 2 * 188..packets * 188]);
    let refused = answer(gateway.pushing("/live/movie/0.ts", cut.into())).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let reason = refused.reason();
    assert!(["no-key-frame", "no-decodable-frame"].contains(&reason.as_str()), "{reason}");
    assert_eq!(orchestrator.stats().segments_accepted, 0);
    gateway.stop().await;
}

#[tokio::test]
async fn pain_15_each_kind_of_bad_media_has_its_own_reason_and_costs_no_round_trip() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    let noise: Vec<u8> =
        (0..100_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let sound = include_bytes!("../data/sound-only.ts");
    let cases = [
        (Bytes::new(), "empty-body"),
        (Bytes::from(noise), "not-media"),
        (Bytes::from_static(sound), "no-video"),
    ];
    for (body, reason) in cases {
        let refused = answer(gateway.pushing("/live/movie/0.ts", body)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(refused.reason(), reason);
    }
    assert_eq!(orchestrator.stats().get_orchestrator, 0);
    let hevc = answer(
        gateway.pushing("/live/movie/0.ts", Bytes::from_static(include_bytes!("../data/hevc.ts"))),
    )
    .await;
    assert_eq!(hevc.reason(), "codec-not-supported", "{:?}", hevc.body);
    assert_eq!(orchestrator.stats().segments_accepted, 0);
    gateway.stop().await;
}

#[tokio::test]
async fn pain_16_the_limit_of_streams_is_named_and_its_place_is_free_at_once() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::with(&[&orchestrator], &["-maxSessions", "1"], |_| ()).await;
    assert_eq!(gateway.push("one", 0).await.status, StatusCode::OK);
    let refused = gateway.push("two", 0).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers.contains_key("retry-after"));
    assert!(refused.json()["detail"].as_str().unwrap().contains("-maxSessions"));
    answer(gateway.request(Method::DELETE, "/live/one")).await;
    assert_eq!(gateway.push("two", 0).await.status, StatusCode::OK);
    gateway.stop().await;
}

#[tokio::test]
async fn pain_17_when_nobody_is_there_no_push_waits_for_a_dial() {
    let gone = orchestrator().await;
    let gateway = Gateway::start(&[&gone]).await;
    gone.kill().await;
    let first = gateway.push("movie", 0).await;
    assert_eq!(first.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(gateway.context().directory.until(PATIENCE, |c| c.down == 1).await);
    let refused = gateway.push("movie", 1).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.reason(), "no-orchestrator", "known from the background");
    assert!(refused.json()["attempts"].is_null(), "nobody was dialled: {:?}", refused.body);
    assert_eq!(refused.json()["refusals"]["down"], 1);
    let (status, text) = gateway.admin("/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(text.contains("1 down"), "{text}");
    gateway.stop().await;
}

#[tokio::test]
async fn pain_20_every_attempt_is_counted_once_and_failures_show() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::with(&[&orchestrator], &["-maxAttempts", "1"], |_| ()).await;
    assert_eq!(gateway.push("movie", 0).await.status, StatusCode::OK);
    orchestrator.inject(SegmentFault::DropBeforeHeaders, Times::N(3));
    for seq in 1..4 {
        assert_eq!(gateway.push("movie", seq).await.status, StatusCode::SERVICE_UNAVAILABLE);
    }
    let host = orchestrator.addr();
    let attempts = |result: &str| {
        format!("waymark_attempts_total{{orchestrator=\"{host}\",result=\"{result}\"}}")
    };
    assert!((gateway.metric(&attempts("ok")).await - 1.0).abs() < f64::EPSILON);
    assert!((gateway.metric(&attempts("connect")).await - 3.0).abs() < f64::EPSILON);
    assert!((gateway.metric("livepeer_success_rate").await - 0.25).abs() < f64::EPSILON);
    let records = gateway.records().await;
    assert_eq!(records.len(), 4);
}

#[tokio::test]
async fn pain_24_an_orchestrator_that_lacks_a_capability_is_never_sent_the_job() {
    let plain = instant().capabilities([0, 1, 12]).start().await.unwrap();
    let able = orchestrator().await;
    let gateway = Gateway::start(&[&plain, &able]).await;
    for stream in ["one", "two", "three"] {
        assert_eq!(gateway.push(stream, 0).await.status, StatusCode::OK);
    }
    let stats = plain.stats();
    assert_eq!(stats.segments_accepted + stats.refused(), 0, "it was never sent a segment");
    gateway.stop().await;
}

#[tokio::test]
async fn pain_25_a_renewed_session_is_ended_on_the_old_token() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    assert_eq!(gateway.push("movie", 0).await.status, StatusCode::OK);
    let old = orchestrator.stats().segments[0].session_id.clone();
    gateway.context().clock.shift_wall(Duration::from_secs(28 * 60));
    assert_eq!(gateway.push("movie", 1).await.status, StatusCode::OK);
    let stats = orchestrator.wait_for(|s| s.sessions_ended == 1).await.expect("the old one ends");
    assert_eq!(stats.ended.front(), Some(&old));
    assert_eq!(gateway.push("movie", 2).await.status, StatusCode::OK);
    let stats = orchestrator.stats();
    assert_ne!(stats.segments[2].session_id, old);
    assert_eq!(stats.get_orchestrator, 2, "once at the start, once for the renewal");
    gateway.stop().await;
}
