//! Segment push: every answer that other programs see.

use bytes::Bytes;
use reqwest::{Method, StatusCode};
use waymark_testkit::Orchestrator;

use crate::harness::{Gateway, answer, instant, orchestrator, segment};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_really_transcoded_and_comes_back_in_profile_order() {
    let orchestrator = Orchestrator::builder().start().await.unwrap();
    let gateway = Gateway::start(&[&orchestrator]).await;
    for seq in 0..2 {
        let pushed = gateway.push("movie", seq).await;
        assert_eq!(pushed.status, StatusCode::OK, "{pushed:?}");
        let parts = pushed.parts().await;
        let names: Vec<_> = parts.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["P240p30fps16x9", "P360p30fps16x9"]);
        for ((_, bytes), height) in parts.iter().zip([240, 360]) {
            let seen = waymark_media::inspect(bytes).expect("the rendition decodes");
            assert_eq!((seen.height, seen.frames), (height, 60));
        }
    }
    gateway.stop().await;
    let stats = orchestrator.stats();
    assert_eq!(stats.segments_accepted, 2);
    assert_eq!(stats.sessions_ended, 1, "the one session that was opened was ended");
}

#[tokio::test]
async fn the_source_is_signed_for_by_its_hash_and_sent_whole() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    assert_eq!(gateway.push("movie", 3).await.status, StatusCode::OK);
    let stats = orchestrator.stats();
    let seen = &stats.segments[0];
    assert_eq!(seen.manifest, "movie");
    assert_eq!(seen.seq, 3);
    assert_eq!(seen.body_len, segment(3).len() as u64);
    assert_eq!(seen.payment_header.as_deref(), Some(&b""[..]), "sent, and empty off-chain");
    gateway.stop().await;
}

#[tokio::test]
async fn without_accept_the_answer_names_the_renditions() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    let pushed = answer(gateway.pushing("/live/movie/0.ts", segment(0))).await;
    assert_eq!(pushed.status, StatusCode::OK);
    let summary = pushed.json();
    assert_eq!(summary["manifest"], "movie");
    assert_eq!(summary["tag"]["name"], "transcode/live/abr");
    let uri = summary["renditions"][0]["uri"].as_str().expect("a URI");
    assert_eq!(uri, "/stream/movie/P240p30fps16x9/0.ts");
    let (status, _) = gateway.get(uri).await;
    assert_eq!(status, StatusCode::OK);
    gateway.stop().await;
}

#[tokio::test]
async fn put_pushes_like_post_and_other_methods_are_named() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    let put = gateway.request(Method::PUT, "/live/movie/0.ts").body(segment(0));
    assert_eq!(answer(put).await.status, StatusCode::OK);
    let patch = answer(gateway.request(Method::PATCH, "/live/movie/0.ts")).await;
    assert_eq!(patch.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(patch.headers["allow"], "POST, PUT, DELETE");
    gateway.stop().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_whether_announced_or_not() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::with(&[&orchestrator], &[], |c| c.limits.segment_bytes = 1000).await;
    let announced = answer(gateway.pushing("/live/movie/0.ts", Bytes::from(vec![0; 1001]))).await;
    assert_eq!(
        (announced.status, announced.reason().as_str()),
        (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large")
    );
    let chunks = futures_util::stream::iter(
        (0..8).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(&[0; 200]))),
    );
    let chunked =
        gateway.request(Method::POST, "/live/movie/0.ts").body(reqwest::Body::wrap_stream(chunks));
    let chunked = answer(chunked).await;
    assert_eq!(chunked.status, StatusCode::PAYLOAD_TOO_LARGE);
    gateway.stop().await;
}

#[tokio::test]
async fn bad_requests_say_what_is_accepted() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    let push = |path: &str| gateway.pushing(path, segment(0));
    let cases = [
        (push("/live/movie/0.m3u8"), "unsupported-extension"),
        (push("/live/movie/0.ts").header("content-duration", "-5"), "invalid-duration"),
        (push("/live/movie/0.ts").header("content-resolution", "big"), "invalid-resolution"),
        (push("/live/..%2f..%2fetc/0.ts"), "invalid-path"),
        (push("/live/a%2fb/0.ts"), "invalid-path"),
        (push("/live/movie/0.ts").header("livepeer-job-tag", "No Tag"), "invalid-tag"),
        (
            push("/live/movie/0.ts").header("livepeer-transcode-configuration", "{"),
            "invalid-configuration",
        ),
        (
            push("/live/movie/0.ts")
                .header("livepeer-transcode-configuration", r#"{"presets":["P1p"]}"#),
            "unknown-preset",
        ),
    ];
    for (request, reason) in cases {
        let refused = answer(request).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{reason}: {refused:?}");
        assert_eq!(refused.reason(), reason);
    }
    assert_eq!(orchestrator.stats().get_orchestrator, 0, "nobody was asked");
    gateway.stop().await;
}

#[tokio::test]
async fn headers_over_the_limit_are_431() {
    let gateway = Gateway::start(&[]).await;
    let request =
        gateway.pushing("/live/movie/0.ts", segment(0)).header("x-big", "a".repeat(70_000));
    let refused = answer(request).await;
    assert_eq!(refused.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert_eq!(refused.reason(), "headers-too-large");
    gateway.stop().await;
}

#[tokio::test]
async fn a_path_that_climbs_is_refused_however_it_is_written() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let gateway = Gateway::start(&[]).await;
    for path in ["/live/../0.ts", "/live/%2e%2e/0.ts", "/live/a/../../0.ts", "/live/./0.ts"] {
        let mut socket = tokio::net::TcpStream::connect(gateway.media_address()).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: g\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{path}: {answer}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_a_body_leaves_no_trace() {
    use tokio::io::AsyncWriteExt as _;
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    let address = gateway.media_address();
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    socket
        .write_all(b"POST /live/gone/0.ts HTTP/1.1\r\nhost: g\r\ncontent-length: 9999\r\n\r\nabc")
        .await
        .unwrap();
    drop(socket);
    assert_eq!(gateway.push("other", 0).await.status, StatusCode::OK);
    assert_eq!(gateway.context().streams.count(), 1, "only the other stream was made");
    gateway.stop().await;
}

#[tokio::test]
async fn a_client_that_leaves_while_its_segment_is_transcoded_cancels_nothing() {
    use tokio::io::AsyncWriteExt as _;
    let orchestrator = orchestrator().await;
    let held = orchestrator.hold();
    let gateway = Gateway::start(&[&orchestrator]).await;
    let mut socket = tokio::net::TcpStream::connect(gateway.media_address()).await.unwrap();
    let body = segment(0);
    let head = format!(
        "POST /live/movie/0.ts HTTP/1.1\r\nhost: g\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(&body).await.unwrap();
    orchestrator.wait_for(|s| s.segments_accepted == 1).await.expect("the segment is sent");
    drop(socket);
    drop(held);
    let records = gateway.records().await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["outcome"], "ok");
    assert_eq!(orchestrator.stats().downloads, 2, "the renditions were fetched all the same");
}

#[tokio::test]
async fn a_repeated_sequence_is_transcoded_again_and_listed_once() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    assert_eq!(gateway.push("movie", 0).await.status, StatusCode::OK);
    let (_, before) = gateway.get("/stream/movie/source.m3u8").await;
    assert_eq!(gateway.push("movie", 0).await.status, StatusCode::OK);
    let (_, after) = gateway.get("/stream/movie/source.m3u8").await;
    assert_eq!(before, after);
    assert_eq!(orchestrator.stats().segments_accepted, 2);
    gateway.stop().await;
}

#[tokio::test]
async fn ten_thousand_manifests_are_each_answered_and_never_kept() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::with(&[&orchestrator], &["-maxSessions", "3"], |_| ()).await;
    let tiny = Bytes::from_static(b"");
    for n in 0..10_000 {
        let path = format!("/live/m{n}/0.ts");
        let pushed = answer(gateway.pushing(&path, tiny.clone())).await;
        assert_eq!(pushed.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(gateway.context().streams.count(), 0);
    for n in 0..10 {
        let pushed = gateway.push(&format!("real{n}"), 0).await;
        let expected = if n < 3 { 200 } else { 503 };
        assert_eq!(pushed.status.as_u16(), expected, "stream {n}");
    }
    assert_eq!(gateway.context().streams.count(), 3);
    gateway.stop().await;
}

#[tokio::test]
async fn delete_ends_a_stream_and_frees_its_place() {
    let orchestrator = instant().max_sessions(1).start().await.unwrap();
    let gateway = Gateway::with(&[&orchestrator], &["-maxSessions", "1"], |_| ()).await;
    assert_eq!(gateway.push("first", 0).await.status, StatusCode::OK);
    assert_eq!(gateway.push("second", 0).await.reason(), "too-many-streams");
    let ended = answer(gateway.request(Method::DELETE, "/live/first")).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    orchestrator.wait_for(|s| s.sessions_ended == 1).await.expect("its session is ended");
    assert_eq!(gateway.push("second", 0).await.status, StatusCode::OK);
    let again = answer(gateway.request(Method::DELETE, "/live/first")).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    gateway.stop().await;
}

#[tokio::test]
async fn profiles_of_the_configuration_header_decide_the_renditions() {
    let orchestrator = Orchestrator::builder().start().await.unwrap();
    let gateway = Gateway::start(&[&orchestrator]).await;
    let profiles = r#"{"profiles":[{"name":"small","width":256,"height":144,"bitrate":200000,
        "fps":30000,"fpsDen":1001,"gop":"1","profile":"h264main"}]}"#;
    let pushed = answer(
        gateway
            .pushing("/live/movie/0.ts", segment(0))
            .header("accept", "multipart/mixed")
            .header("livepeer-transcode-configuration", profiles.replace('\n', "")),
    )
    .await;
    assert_eq!(pushed.status, StatusCode::OK, "{pushed:?}");
    let parts = pushed.parts().await;
    assert_eq!(parts.len(), 1);
    assert_eq!(parts[0].0, "small");
    let seen = waymark_media::inspect(&parts[0].1).expect("it decodes");
    assert_eq!((seen.width, seen.height), (256, 144));
    gateway.stop().await;
}

#[tokio::test]
async fn an_empty_list_of_profiles_means_no_transcoding() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    let pushed = answer(
        gateway
            .pushing("/live/movie/0.ts", segment(0))
            .header("livepeer-transcode-configuration", r#"{"profiles":[]}"#),
    )
    .await;
    assert_eq!(pushed.status, StatusCode::OK);
    assert_eq!(pushed.json()["renditions"].as_array().map(Vec::len), Some(0));
    let (status, _) = gateway.get("/stream/movie/source/0.ts").await;
    assert_eq!(status, StatusCode::OK, "the source can be played");
    assert_eq!(orchestrator.stats().segments_accepted, 0);
    gateway.stop().await;
}

#[tokio::test]
async fn mp4_in_is_mp4_out() {
    let pattern = waymark_media::TestPattern {
        width: 320,
        height: 180,
        container: waymark_media::Container::Mp4,
        ..waymark_media::TestPattern::default()
    };
    let source = pattern.segments(1).unwrap().remove(0).bytes;
    let orchestrator = Orchestrator::builder().start().await.unwrap();
    let gateway = Gateway::start(&[&orchestrator]).await;
    let request = gateway.pushing("/live/movie/0.mp4", source).header("accept", "multipart/mixed");
    let pushed = answer(request).await;
    assert_eq!(pushed.status, StatusCode::OK, "{pushed:?}");
    for (_, bytes) in pushed.parts().await {
        let probe = waymark_media::probe(&bytes, waymark_media::Container::Mp4).unwrap();
        assert_eq!(probe.container, waymark_media::Container::Mp4);
    }
    gateway.stop().await;
}

/// Sends bytes on a connection of their own and reads until the gateway ends it.
async fn raw(gateway: &Gateway, bytes: &[u8]) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut socket =
        tokio::net::TcpStream::connect(gateway.media_address()).await.expect("it listens");
    socket.write_all(bytes).await.expect("the gateway reads it");
    let mut answers = Vec::new();
    socket.read_to_end(&mut answers).await.expect("it ends the connection");
    String::from_utf8_lossy(&answers).into_owned()
}

fn push_of(seq: usize, headers: &str) -> Vec<u8> {
    let body = segment(seq);
    let head = format!(
        "POST /live/movie/{seq}.ts HTTP/1.1\r\nhost: g\r\ncontent-length: {}\r\n{headers}\r\n",
        body.len()
    );
    [head.as_bytes(), &body].concat()
}

#[tokio::test]
async fn pushes_on_one_connection_are_answered_in_order_whoever_serves_them() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    let plain = [push_of(0, ""), push_of(1, "")].concat();
    let playlist = b"GET /stream/movie.m3u8 HTTP/1.1\r\nhost: g\r\n\r\n";
    let last = push_of(2, "connection: close\r\n");
    let answers = raw(&gateway, &[&plain, &playlist[..], &last].concat()).await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK\r\n").count(), 4, "{answers}");
    let at = |what: &str| answers.find(what).expect(what);
    assert!(at("/0.ts") < at("/1.ts") && at("/1.ts") < at("#EXTM3U"), "{answers}");
    assert!(at("#EXTM3U") < at("/2.ts"), "{answers}");
    assert_eq!(orchestrator.stats().segments_accepted, 3);
    gateway.stop().await;
}

#[tokio::test]
async fn an_answer_before_the_end_of_the_body_ends_the_connection() {
    let gateway = Gateway::start(&[]).await;
    // What is left of the body looks like a request and is none.
    let hidden = "DELETE /live/movie HTTP/1.1\r\nhost: g\r\n\r\n";
    let head = "POST /live/movie/0.ts HTTP/1.1\r\nhost: g\r\ncontent-length: 999999999999\r\n\r\n";
    let answers = raw(&gateway, format!("{head}{hidden}").as_bytes()).await;
    assert!(answers.starts_with("HTTP/1.1 413 "), "{answers}");
    assert!(answers.contains("\r\nconnection: close\r\n"), "{answers}");
    assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{answers}");
    gateway.stop().await;
}

#[tokio::test]
async fn a_body_framed_in_two_ways_is_never_two_requests() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    let hidden = "DELETE /live/movie HTTP/1.1\r\nhost: g\r\n\r\n";
    for headers in [
        "content-length: 3\r\ncontent-length: 4",
        "content-length: +3",
        "content-length: 3, 4",
        "content-length : 3",
        "content-length: 3\r\n 4",
        "transfer-encoding: x",
        "content-length: 3\r\ntransfer-encoding: gzip",
    ] {
        let text =
            format!("POST /live/movie/0.ts HTTP/1.1\r\nhost: g\r\n{headers}\r\n\r\nabc{hidden}");
        let answers = raw(&gateway, text.as_bytes()).await;
        assert!(answers.starts_with("HTTP/1.1 400 "), "{headers}: {answers}");
        assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{headers}: {answers}");
    }
    gateway.stop().await;
}

#[tokio::test]
async fn a_client_that_waits_for_a_hundred_gets_it() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    let answers = raw(&gateway, &push_of(0, "expect: 100-continue\r\nconnection: close\r\n")).await;
    assert!(answers.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"), "{answers}");
    gateway.stop().await;
}
