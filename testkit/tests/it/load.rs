//! Load runs on a small scale: against answerers, and against a stand-in for a gateway.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use waymark_media::inspect;
use waymark_testkit::load::{
    AnswererOptions, Pace, PushOptions, Report, Source, Target, answerer, push,
};
use waymark_testkit::{SegmentFault, Times};

use crate::harness::{SEGMENT, fetch, renditions, token};

fn source() -> Source {
    Source::bytes(vec![SEGMENT.clone()], Duration::from_secs(2)).unwrap()
}

fn small_answerer() -> AnswererOptions {
    let mut options = AnswererOptions::default();
    options.rendition_bytes = 100_016;
    options
}

async fn run(target: Target, change: impl FnOnce(&mut PushOptions)) -> Report {
    let mut options = PushOptions::new(target);
    (options.streams, options.segments, options.pace) = (3, 4, Pace::ClosedLoop);
    change(&mut options);
    push(options, source()).await.unwrap()
}

#[tokio::test]
async fn an_answerer_gives_real_video_of_the_size_asked_for_on_every_port() {
    let mut options = small_answerer();
    options.ports = 2;
    let answerers = answerer(&options).await.unwrap();
    assert_ne!(answerers[0].addr(), answerers[1].addr());
    for answerer in &answerers {
        let made = renditions(answerer, &token(answerer).await, 0).await;
        for (rendition, size) in made.iter().zip([(426, 240), (640, 360)]) {
            let file = fetch(&rendition.url).await.unwrap();
            assert_eq!(file.len(), 100_016);
            let seen = inspect(&file).unwrap();
            assert_eq!((seen.width, seen.height), size);
        }
    }
}

#[tokio::test]
async fn a_direct_push_gets_every_rendition_and_ends_its_sessions() {
    let answerers = answerer(&small_answerer()).await.unwrap();
    let urls = answerers.iter().map(|answerer| answerer.uri().to_owned()).collect();
    let report = run(Target::Direct { urls }, |options| {
        options.renditions = Some(2);
        options.rendition_bytes = Some(100_016);
        options.pids = vec![std::process::id()];
    })
    .await;
    assert_eq!((report.ok, report.failed, report.not_pushed), (12, 0, 0), "{report:?}");
    assert_eq!((report.latency.count, report.latency_without_first.count), (12, 9));
    assert!(report.cpu_s_per_1000.is_some() && report.processes[0].rss_max_kib > 0);
    let stats = answerers[0].stats();
    assert_eq!((stats.segments_accepted, stats.downloads), (12, 24));
    assert_eq!((stats.get_orchestrator, stats.sessions_ended, stats.open_sessions), (3, 3, 0));
}

#[tokio::test]
async fn failures_are_counted_by_kind_and_the_stream_goes_on() {
    let answerers = answerer(&small_answerer()).await.unwrap();
    answerers[0].inject(SegmentFault::Busy, Times::Once);
    answerers[0].inject(SegmentFault::Status(503), Times::Once);
    answerers[0].inject(SegmentFault::FewerRenditions, Times::Once);
    let urls = vec![answerers[0].uri().to_owned()];
    let report = run(Target::Direct { urls }, |options| {
        options.streams = 1;
        options.renditions = Some(2);
    })
    .await;
    let kinds: Vec<_> = report.failures.keys().map(String::as_str).collect();
    assert_eq!(kinds, ["1 renditions", "OrchestratorBusy", "status 503: Service Unavailable"]);
    assert_eq!((report.ok, report.failed), (1, 3));
}

#[tokio::test]
async fn a_live_push_keeps_the_pace_of_its_streams() {
    let answerers = answerer(&small_answerer()).await.unwrap();
    let urls = vec![answerers[0].uri().to_owned()];
    let report = run(Target::Direct { urls }, |options| {
        options.pace = Pace::Live(Duration::from_millis(30));
    })
    .await;
    assert_eq!((report.ok, report.period_ms), (12, 30));
    assert!(
        report.wall_s >= 0.11,
        "the last of three streams begins at 20 ms and has four segments"
    );
}

#[tokio::test]
async fn a_run_stops_when_its_time_is_up() {
    let answerers = answerer(&small_answerer()).await.unwrap();
    let urls = vec![answerers[0].uri().to_owned()];
    let report = run(Target::Direct { urls }, |options| options.max_time = Duration::ZERO).await;
    assert_eq!((report.pushed, report.not_pushed), (0, 12));
}

#[tokio::test]
async fn a_gateway_gets_pushes_and_its_multipart_answers_are_checked() {
    let mut gateway = StandIn::start().await;
    let url = gateway.url.clone();
    let target = Target::Gateway { url, configuration: None, end_streams: true };
    let report = run(target.clone(), |options| options.renditions = Some(2)).await;
    assert_eq!((report.ok, report.failed), (12, 0), "{report:?}");
    let report = run(target, |options| options.rendition_bytes = Some(9)).await;
    assert_eq!(report.failures.get("rendition of 5 bytes"), Some(&12), "{report:?}");
    gateway.tasks.abort_all();
}

/// Answers every push with two renditions, and other methods with nothing.
struct StandIn {
    url: String,
    tasks: JoinSet<()>,
}

impl StandIn {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service_fn(answer)),
                );
            }
        });
        Self { url, tasks }
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let push = request.method() == http::Method::POST;
    let body = request.into_body().collect().await.unwrap().to_bytes();
    if !push {
        return Ok(Response::default());
    }
    assert_eq!(body, *SEGMENT);
    let number = path.strip_prefix("/live/load-").and_then(|path| path.strip_suffix(".ts"));
    assert!(number.is_some_and(|path| path.contains('/')), "{path}");
    let part = "Content-Type: video/mp2t\r\nContent-Length: 5\r\n\r\nvideo";
    let body = format!("--b\r\n{part}\r\n--b\r\n{part}\r\n--b--\r\n");
    let response = Response::builder().header("content-type", "multipart/mixed; boundary=b");
    Ok(response.body(Full::new(Bytes::from(body))).unwrap())
}
