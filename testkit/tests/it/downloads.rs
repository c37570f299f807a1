//! Renditions, fetched as a gateway does.

use bytes::Bytes;
use http::Version;
use waymark_testkit::client::seg_data;

use crate::harness::{SEGMENT, fetch, fixed, profile, raw, recorded, renditions, send_data, token};

fn path(url: &str) -> String {
    format!("/{}", url.splitn(4, '/').nth(3).expect("a path"))
}

#[tokio::test]
async fn a_rendition_comes_with_the_recorded_headers() {
    let orchestrator = fixed().start().await.unwrap();
    let token = token(&orchestrator).await;
    let made = renditions(&orchestrator, &token, 0).await;
    let theirs = &recorded("rendition_get")[0];
    let path = path(&made[1].url);
    assert_eq!(path, format!("/stream/{}/P180/0.ts", token.session_id));
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let answer = raw(&orchestrator, version, &path, &[], Bytes::new()).await.unwrap();
        assert_eq!(theirs["status"], answer.status().as_u16());
        for (name, values) in theirs["response_headers"].as_object().unwrap() {
            let ours = answer.headers().get(name.as_str()).expect(name).to_str().unwrap();
            if !["Content-Length", "Date"].contains(&name.as_str()) {
                assert_eq!(values[0], ours, "{name}");
            }
        }
        assert_eq!(answer.headers()["content-length"], "4000");
        assert_eq!(answer.body(), &Bytes::from(vec![2; 4000]));
    }
    assert_eq!(orchestrator.stats().downloads, 2);
}

#[tokio::test]
async fn only_the_last_twelve_of_a_profile_are_kept() {
    let orchestrator = fixed().start().await.unwrap();
    let token = token(&orchestrator).await;
    let mut urls = Vec::new();
    for seq in 0..13 {
        urls.push(renditions(&orchestrator, &token, seq).await[0].url.clone());
    }
    let missing = fetch(&urls[0]).await.unwrap_err().to_string();
    assert!(missing.ends_with("answered 404: ErrNotFound"), "{missing}");
    for url in &urls[1..] {
        assert_eq!(fetch(url).await.unwrap().len(), 3000);
    }
    assert_eq!(orchestrator.stats().downloads_missing, 1);
}

#[tokio::test]
async fn a_profile_whose_name_ends_in_live_cannot_be_fetched() {
    let orchestrator = fixed().start().await.unwrap();
    let token = token(&orchestrator).await;
    let profiles = [profile("mylive", 256, 144), profile("livestream", 256, 144)];
    let data = seg_data("movie", 0, &SEGMENT, &profiles, token);
    let outcome = send_data(&orchestrator, &data).await.unwrap();
    let made = outcome.renditions().unwrap();
    fetch(&made[0].url).await.unwrap_err();
    fetch(&made[1].url).await.unwrap();
}

#[tokio::test]
async fn other_paths_are_not_found_and_a_doubled_slash_is_moved() {
    let orchestrator = fixed().start().await.unwrap();
    for path in ["/", "/stream/", "/stream/0a1b2c3d/P240/0.ts", "/segments"] {
        let answer = raw(&orchestrator, Version::HTTP_11, path, &[], Bytes::new()).await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
    }
    let moved = raw(&orchestrator, Version::HTTP_11, "//segment", &[], Bytes::new()).await.unwrap();
    assert_eq!(moved.status(), 301);
    assert_eq!(moved.headers()["location"], "/segment");
}
