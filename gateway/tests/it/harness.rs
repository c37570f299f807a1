//! A whole gateway on free ports, and what a client does with it.

use std::{collections::BTreeMap, ffi::OsString, sync::OnceLock, time::Duration};

use bytes::Bytes;
use reqwest::{Method, RequestBuilder, Response, StatusCode, header::HeaderMap};
use serde_json::Value;
use tempfile::TempDir;
use waymark::{
    app::{self, Handle},
    cli::{self, Command},
    config::{Config, VerificationMode},
    context::Context,
};
use waymark_media::TestPattern;
use waymark_testkit::{Builder, Orchestrator, Transcoding};

/// Longest wait for anything; only a hang gets there.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Twelve consecutive segments of one small generated stream, 2 s each.
pub(crate) fn segments() -> &'static [Bytes] {
    static SEGMENTS: OnceLock<Vec<Bytes>> = OnceLock::new();
    SEGMENTS.get_or_init(|| {
        let pattern =
            TestPattern { width: 320, height: 180, bitrate: 200_000, ..TestPattern::default() };
        let made = pattern.segments(12).expect("libav makes test segments");
        made.into_iter().map(|s| s.bytes).collect()
    })
}

/// Segment number `seq` of the generated stream, from the start again after the last.
pub(crate) fn segment(seq: usize) -> Bytes {
    segments()[seq % segments().len()].clone()
}

/// An orchestrator that answers at once with media of its own: for everything that is not about
/// transcoding.
pub(crate) fn instant() -> Builder {
    static RENDITIONS: OnceLock<Vec<Bytes>> = OnceLock::new();
    let bytes = |height, seed| {
        let pattern = TestPattern {
            width: height * 16 / 9 / 2 * 2,
            height,
            bitrate: 100_000,
            audio: false,
            segment: Duration::from_millis(500),
            seed,
            ..TestPattern::default()
        };
        let made = pattern.segments(1).expect("libav makes test segments");
        made.into_iter().next().expect("one segment was asked for").bytes
    };
    let renditions = RENDITIONS.get_or_init(|| vec![bytes(144, 1), bytes(180, 2)]);
    Orchestrator::builder().transcoding(Transcoding::Fixed(renditions.clone()))
}

/// Starts an orchestrator that answers at once.
pub(crate) async fn orchestrator() -> Orchestrator {
    instant().start().await.expect("an orchestrator starts on a free port")
}

/// A gateway that runs, with its data in a directory that goes with it.
pub(crate) struct Gateway {
    handle: Option<Handle>,
    client: reqwest::Client,
    media: String,
    admin: String,
    pub(crate) dir: TempDir,
}

/// What a push was answered with.
#[derive(Debug)]
pub(crate) struct Pushed {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Pushed {
    /// The answer as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the answer is JSON")
    }

    /// The `reason` of a problem.
    pub(crate) fn reason(&self) -> String {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        problem["reason"].as_str().expect("a problem has a reason").to_owned()
    }

    /// Parts of a multipart reply, by rendition name, read by somebody else's parser.
    pub(crate) async fn parts(&self) -> Vec<(String, Bytes)> {
        let kind = self.headers["content-type"].to_str().expect("a text");
        let boundary = kind.split("boundary=").nth(1).expect("a boundary").to_owned();
        let body = self.body.clone();
        let stream = futures_util::stream::once(async move { Ok::<_, std::io::Error>(body) });
        let mut parts = multer::Multipart::new(stream, boundary);
        let mut found = Vec::new();
        while let Some(part) = parts.next_field().await.expect("a well-formed part") {
            let name = part.headers()["rendition-name"].to_str().expect("a text").to_owned();
            found.push((name, part.bytes().await.expect("the part's bytes")));
        }
        found
    }
}

impl Gateway {
    /// A gateway in front of these orchestrators, started with the stock command line.
    pub(crate) async fn start(orchestrators: &[&Orchestrator]) -> Self {
        Self::with(orchestrators, &[], |_| ()).await
    }

    /// The same with more flags, and with settings no stock flag has.
    pub(crate) async fn with(
        orchestrators: &[&Orchestrator],
        flags: &[&str],
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let urls: Vec<String> = orchestrators.iter().map(|o| o.uri().to_owned()).collect();
        Self::at(&urls, flags, change).await
    }

    /// The same with orchestrators by address.
    pub(crate) async fn at(
        orchestrators: &[String],
        flags: &[&str],
        change: impl FnOnce(&mut Config),
    ) -> Self {
        // Making them holds up the thread, and with it the probes of a gateway that runs already.
        segments();
        let dir = tempfile::tempdir().expect("a temporary directory");
        let data_dir = dir.path().to_str().expect("a UTF-8 path").to_owned();
        let list = orchestrators.join(",");
        let mut arguments = vec![
            "waymark",
            "-gateway",
            "-network",
            "offchain",
            "-httpIngest",
            "-httpAddr",
            "127.0.0.1:0",
            "-cliAddr",
            "127.0.0.1:0",
            "-dataDir",
            &data_dir,
        ];
        if !list.is_empty() {
            arguments.extend(["-orchAddr", list.as_str()]);
        }
        arguments.extend(flags);
        let mut config = config_of(&arguments);
        change(&mut config);
        Self::run(config, dir).await
    }

    /// A gateway with these settings, whose data are in `dir`.
    pub(crate) async fn run(config: Config, dir: TempDir) -> Self {
        let handle = app::start(config).await.expect("the gateway starts");
        Self {
            client: reqwest::Client::builder().timeout(PATIENCE * 2).build().expect("a client"),
            media: format!("http://{}", handle.media),
            admin: format!("http://{}", handle.admin),
            handle: Some(handle),
            dir,
        }
    }

    pub(crate) fn media_address(&self) -> std::net::SocketAddr {
        self.handle.as_ref().expect("the gateway runs").media
    }

    pub(crate) fn context(&self) -> &Context {
        self.handle.as_ref().expect("the gateway runs").context()
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.media))
    }

    /// A POST of a segment, two seconds long unless the caller adds a header that says otherwise.
    pub(crate) fn pushing(&self, path: &str, body: Bytes) -> RequestBuilder {
        self.request(Method::POST, path).body(body)
    }

    /// Pushes a segment and asks for the renditions.
    pub(crate) async fn push(&self, manifest: &str, seq: usize) -> Pushed {
        let path = format!("/live/{manifest}/{seq}.ts");
        answer(self.pushing(&path, segment(seq)).header("accept", "multipart/mixed")).await
    }

    /// Status and text of a GET.
    pub(crate) async fn get(&self, path: &str) -> (StatusCode, String) {
        let response = self.request(Method::GET, path).send().await.expect("an answer");
        (response.status(), response.text().await.expect("a text"))
    }

    /// A request to the admin listener.
    pub(crate) fn admin_request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.admin))
    }

    /// Status and text of a GET on the admin listener.
    pub(crate) async fn admin(&self, path: &str) -> (StatusCode, String) {
        let response =
            self.client.get(format!("{}{path}", self.admin)).send().await.expect("an answer");
        (response.status(), response.text().await.expect("a text"))
    }

    /// One sample of `/metrics`, 0 where it is not there.
    pub(crate) async fn metric(&self, series: &str) -> f64 {
        let (_, text) = self.admin("/metrics").await;
        let line = text.lines().find(|l| {
            l.split_once("} ").map_or_else(
                || l.split(' ').next() == Some(series),
                |(name, _)| format!("{name}}}") == series,
            )
        });
        line.and_then(|l| l.rsplit(' ').next()).map_or(0.0, |v| v.parse().expect("a number"))
    }

    /// Stops the gateway and reads what it recorded.
    pub(crate) async fn records(mut self) -> Vec<Value> {
        let handle = self.handle.take().expect("the gateway runs");
        assert!(handle.stop(PATIENCE).await, "everything begun was finished");
        read_records(self.dir.path())
    }

    /// Stops the gateway and looks at what it left, before its directory goes.
    pub(crate) async fn stopped<T>(mut self, look: impl FnOnce() -> T) -> T {
        let handle = self.handle.take().expect("the gateway runs");
        assert!(handle.stop(PATIENCE).await, "everything begun was finished");
        look()
    }

    /// Stops the gateway and keeps what it left.
    pub(crate) async fn stop(mut self) -> TempDir {
        let handle = self.handle.take().expect("the gateway runs");
        assert!(handle.stop(PATIENCE).await, "everything begun was finished");
        self.dir
    }
}

/// All rows about jobs under a data directory.
pub(crate) fn read_records(data_dir: &std::path::Path) -> Vec<Value> {
    read_table(data_dir, "jobs-")
}

/// All rows of the JSON-lines files that begin so.
pub(crate) fn read_table(data_dir: &std::path::Path, table: &str) -> Vec<Value> {
    let folder = data_dir.join("data/jsonl");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .map(|entries| entries.map(|e| e.expect("an entry").path()).collect())
        .unwrap_or_default();
    files.retain(|path| {
        path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(table.as_bytes()))
    });
    files.sort();
    let texts = files.iter().map(|f| std::fs::read_to_string(f).expect("a readable file"));
    texts
        .flat_map(|t| t.lines().map(str::to_owned).collect::<Vec<_>>())
        .map(|line| serde_json::from_str(&line).expect("a row of JSON"))
        .collect()
}

/// Serves a router on a free port.
#[expect(clippy::disallowed_methods, reason = "no part of a gateway, whose shutdown would wait")]
pub(crate) async fn serve(router: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// Sends a request and reads the whole answer.
pub(crate) async fn answer(request: RequestBuilder) -> Pushed {
    let response: Response = request.send().await.expect("every push is answered");
    Pushed {
        status: response.status(),
        headers: response.headers().clone(),
        body: response.bytes().await.expect("a whole answer"),
    }
}

/// The settings a command line gives, but that nothing is decoded: most orchestrators here answer
/// with media of their own.
pub(crate) fn config_of(arguments: &[&str]) -> Config {
    let arguments = arguments.iter().map(OsString::from);
    let mut config = match cli::parse(arguments, &BTreeMap::new()) {
        Ok(Command::Serve { config, .. }) => *config,
        other => panic!("not a command line that serves: {other:?}"),
    };
    config.verification.mode = VerificationMode::None;
    config.verification.program = Some(env!("CARGO_BIN_EXE_waymark").into());
    config
}
