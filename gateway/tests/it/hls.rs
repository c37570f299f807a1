//! Playback while pushing, read by somebody else's playlist parser.

use std::time::Duration;

use m3u8_rs::Playlist;
use reqwest::{Method, StatusCode};

use crate::harness::{Gateway, answer, orchestrator};

#[tokio::test]
async fn a_player_that_joins_late_finds_six_segments_of_every_rendition() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    for seq in 0..9 {
        gateway.push("movie", seq).await;
    }
    let (_, text) = gateway.get("/stream/movie.m3u8").await;
    let Ok(Playlist::MasterPlaylist(master)) = m3u8_rs::parse_playlist_res(text.as_bytes()) else {
        panic!("not a master playlist: {text}");
    };
    let uris: Vec<_> = master.variants.iter().map(|v| v.uri.as_str()).collect();
    assert_eq!(
        uris,
        ["movie/source.m3u8", "movie/P240p30fps16x9.m3u8", "movie/P360p30fps16x9.m3u8"]
    );
    for uri in uris {
        let (_, text) = gateway.get(&format!("/stream/{uri}")).await;
        let Ok(Playlist::MediaPlaylist(media)) = m3u8_rs::parse_playlist_res(text.as_bytes())
        else {
            panic!("not a media playlist: {text}");
        };
        assert_eq!(media.media_sequence, 3);
        assert_eq!(media.segments.len(), 6);
        for segment in &media.segments {
            let response = gateway.request(Method::GET, &segment.uri).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.headers()["content-type"], "video/mp2t");
            assert_eq!(response.headers()["access-control-allow-origin"], "*");
        }
    }
    gateway.stop().await;
}

#[tokio::test]
async fn a_window_larger_than_the_memory_is_played_from_disk() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::with(&[&orchestrator], &[], |c| c.hls.memory_bytes = 1).await;
    for seq in 0..4 {
        gateway.push("movie", seq).await;
    }
    for seq in 0..4 {
        let path = format!("/stream/movie/source/{seq}.ts");
        let response = gateway.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let bytes = response.bytes().await.unwrap();
        assert_eq!(bytes, crate::harness::segment(seq));
    }
    gateway.stop().await;
}

#[tokio::test]
async fn an_ended_stream_can_be_played_to_its_end_for_a_while() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    gateway.push("movie", 0).await;
    answer(gateway.request(Method::DELETE, "/live/movie")).await;
    let (status, text) = gateway.get("/stream/movie/source.m3u8").await;
    assert_eq!(status, StatusCode::OK);
    assert!(text.ends_with("#EXT-X-ENDLIST\n"), "{text}");
    let now = gateway.context().clock.now();
    gateway.context().streams.tick(now + Duration::from_secs(3600));
    let (status, _) = gateway.get("/stream/movie/source.m3u8").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    gateway.stop().await;
}

#[tokio::test]
async fn a_stream_without_pushes_ends_by_itself() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    gateway.push("movie", 0).await;
    let now = gateway.context().clock.now();
    gateway.context().streams.tick(now + Duration::from_secs(59));
    assert_eq!(gateway.context().streams.count(), 1);
    gateway.context().streams.tick(now + Duration::from_secs(61));
    assert_eq!(gateway.context().streams.count(), 0);
    orchestrator.wait_for(|s| s.sessions_ended == 1).await.expect("its session is ended");
    gateway.stop().await;
}

#[tokio::test]
async fn pain_19_duplicates_late_segments_and_restarts_never_hurt_the_window() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    let mut last_sequence = 0;
    for seq in [0, 1, 2, 2, 4, 3, 5, 6, 7, 8, 0, 1, 2, 3] {
        assert_eq!(gateway.push("movie", seq).await.status, StatusCode::OK);
        let (_, text) = gateway.get("/stream/movie/source.m3u8").await;
        let Ok(Playlist::MediaPlaylist(media)) = m3u8_rs::parse_playlist_res(text.as_bytes())
        else {
            panic!("not a media playlist: {text}");
        };
        assert!(media.media_sequence >= last_sequence, "{text}");
        last_sequence = media.media_sequence;
        let mut uris: Vec<_> = media.segments.iter().map(|s| s.uri.clone()).collect();
        let listed = uris.len();
        uris.sort();
        uris.dedup();
        assert_eq!(uris.len(), listed, "URIs are unique: {text}");
        for uri in uris {
            assert_eq!(gateway.get(&uri).await.0, StatusCode::OK, "{uri}");
        }
    }
    let (_, text) = gateway.get("/stream/movie/source.m3u8").await;
    assert!(text.contains("#EXT-X-DISCONTINUITY\n"), "{text}");
    assert!(text.contains("/stream/movie/source/3.ts?e=1"), "{text}");
    gateway.stop().await;
}

#[tokio::test]
async fn nothing_outside_the_window_is_served() {
    let orchestrator = orchestrator().await;
    let gateway = Gateway::start(&[&orchestrator]).await;
    gateway.push("movie", 0).await;
    for path in [
        "/stream/other.m3u8",
        "/stream/movie/P1080p.m3u8",
        "/stream/movie/source/99.ts",
        "/stream/movie/source/0.mp4",
        "/stream/../../etc/passwd",
        "/stream/%2e%2e/%2e%2e/etc/passwd",
        "/vod/x.m3u8",
        "/",
    ] {
        assert_eq!(gateway.get(path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    gateway.stop().await;
}
