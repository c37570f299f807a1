//! A gateway's requirements from file to document, over changes, mistakes and restarts.

use std::{collections::BTreeMap, fs, path::Path, sync::atomic::AtomicU32, time::Duration};

use jiff::Timestamp;

use jsonschema::{Registry as Schemas, Validator};
use parking_lot::Mutex as PlainMutex;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use waymark_proto::net::{Capabilities, OrchestratorInfo};
use waymark_selection::Sample;
use waymark_tagging::{
    JobClass,
    canonical::SigningDomain,
    document::{AnyDocument, Expectation, GatewayDocument, Requirements, SignedBy},
};

use super::*;
use crate::{
    config, lifecycle::Phase, orchestrator::node::Node, signer::LocalKey, wire::InfoError,
};

const CLASS: &str = include_str!("../../../tagging/schemas/jobclass.schema.json");
const GATEWAY: &str = include_str!("../../../tagging/schemas/livepeer-gateway.schema.json");
const REQUIREMENTS: &str = include_str!("../../../tagging/schemas/requirements.schema.json");

/// A gateway's directory, with a key and a clock of its own.
struct Desk {
    folder: tempfile::TempDir,
    clock: Clock,
    identity: Identity,
    measured: Arc<Mutex<Measured>>,
    draw: Draw,
}

impl Desk {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Clock::start(),
            identity: Identity::OFF_CHAIN,
            measured: Arc::default(),
            draw: Draw::new(|| 0.5),
        }
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.classes()).unwrap();
        fs::write(self.classes().join(name), text).unwrap();
    }

    fn classes(&self) -> PathBuf {
        self.folder.path().join("classes")
    }

    fn start(&self) -> Result<Arc<Advertiser>, AdvertiseError> {
        let path = |path: &Path| path.display().to_string();
        let sets = [
            format!("data_dir={}", path(self.folder.path())),
            format!("requirements.files={}", path(&self.classes())),
            "requirements.contact=ops@gateway.example".to_owned(),
            "requirements.url=https://gateway.example".to_owned(),
        ];
        let env = BTreeMap::from([("HOME".to_owned(), "/home/op".to_owned())]);
        let config = config::load(None, &sets, &env).unwrap().config;
        let (clock, registry) = (self.clock.clone(), prometheus::Registry::new());
        let tags = Registry::builtin();
        let draw = self.draw.clone();
        let measured = Arc::clone(&self.measured);
        Advertiser::start(&config, self.identity.clone(), clock, tags, &registry, measured, draw)
            .map(|advertiser| advertiser.expect("files are named"))
    }

    /// A class that ends so long from now.
    fn class(&self, tag: &str, rev: u32, version: &str, lives: Duration) -> String {
        let now = self.clock.wall();
        let at = |at: Timestamp| Timestamp::from_second(at.as_second()).unwrap();
        format!(
            "api: lp.jobclass/v1\ntag: {tag}\nrev: {rev}\ngateway: \"{:#x}\"\nissued_at: \"{}\"\n\
             expires_at: \"{}\"\ninterface: {{mode: segment, work_unit: pixel}}\nrequires:\n  \
             - {{key: node.version, op: semver, values: [\"{version}\"]}}\n",
            self.identity.gateway,
            at(now),
            at(now + lives),
        )
    }

    fn usual(&self, rev: u32, version: &str) -> String {
        self.class("transcode/live/abr", rev, version, DAYS)
    }
}

const DAYS: Duration = Duration::from_secs(30 * 86_400);

fn schema(text: &str) -> Validator {
    let class: serde_json::Value = serde_json::from_str(CLASS).unwrap();
    let schemas = Schemas::new().add("urn:livepeer:jobclass:v1", class).unwrap().prepare().unwrap();
    let options = jsonschema::options().should_validate_formats(true).with_registry(&schemas);
    options.build(&serde_json::from_str(text).unwrap()).unwrap()
}

fn follows(schema_text: &str, document: &[u8]) {
    let value = serde_json::from_slice(document).unwrap();
    let schema = schema(schema_text);
    let problems: Vec<_> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(problems.is_empty(), "{problems:#?}\n{value:#}");
}

fn requirements(bytes: &[u8]) -> Requirements {
    follows(REQUIREMENTS, bytes);
    Requirements::read("answer", bytes).unwrap_or_else(|p| panic!("{p}")).document
}

/// Two looks: what changed has to look the same twice.
fn settle(advertiser: &Advertiser) {
    advertiser.look(false);
    advertiser.look(false);
}

#[test]
fn every_document_follows_its_schema_and_is_signed_by_the_gateway() {
    let key = LocalKey::from_slice(&[7; 32]).unwrap();
    let domain =
        SigningDomain { chain_id: 42161, registry: alloy_primitives::Address::repeat_byte(2) };
    let desk = Desk { identity: Identity::of_key(key.clone(), domain), ..Desk::new() };
    desk.write("one.yaml", &desk.usual(1, ">=0.9.0"));
    let published = desk.start().unwrap().published();
    follows(GATEWAY, &published.gateway.bytes);
    follows(REQUIREMENTS, &published.requirements.bytes);
    let expect = Expectation {
        gateway: Some(key.address()),
        domain: Some(domain),
        min_seq: 1,
        ..Expectation::at(desk.clock.wall())
    };
    for bytes in [&published.gateway.bytes, &published.requirements.bytes] {
        let document = AnyDocument::read("document", bytes).unwrap_or_else(|p| panic!("{p}"));
        assert_eq!(document.verify(&expect), Ok(SignedBy::Gateway(key.address())));
    }
    // A class can be passed on alone.
    let document = GatewayDocument::read("document", &published.gateway.bytes).unwrap().document;
    assert_eq!(document.contact.as_deref(), Some("ops@gateway.example"));
    let entry = &document.classes[0];
    let digest = domain.class_digest(entry.class.as_ref().unwrap()).unwrap();
    assert_eq!(entry.signature.unwrap().signer(&digest), Some(key.address()));
}

#[test]
fn without_a_key_documents_say_that_nobody_signed_them() {
    let desk = Desk::new();
    desk.write("one.yaml", &desk.usual(1, ">=0.9.0"));
    let advertiser = desk.start().unwrap();
    let document = AnyDocument::read("d", &advertiser.published().gateway.bytes).unwrap();
    assert_eq!(document.verify(&Expectation::at(desk.clock.wall())), Ok(SignedBy::Nobody));
    assert!(!advertiser.report().signed);
}

#[test]
fn one_bad_file_refuses_the_whole_set_and_the_old_one_stays() {
    let desk = Desk::new();
    desk.write("a.yaml", &desk.usual(1, ">=0.9.0"));
    let advertiser = desk.start().unwrap();
    let before = advertiser.published();
    desk.write("a.yaml", &desk.usual(2, ">=0.9.1"));
    desk.write("b.yaml", "api: lp.jobclass/v1\ntag: transcode/vod\nrequirez: []\n");
    settle(&advertiser);
    assert_eq!(advertiser.published().gateway, before.gateway, "nothing of it is taken over");
    let report = advertiser.report().files;
    assert!(
        report.problems.iter().any(|p| p.contains("b.yaml") && p.contains("requirez")),
        "{report:?}"
    );
    // Repaired, it is taken over, and the report is clean again.
    fs::remove_file(desk.classes().join("b.yaml")).unwrap();
    settle(&advertiser);
    assert_eq!(advertiser.published().seq(), 2);
    assert_eq!(advertiser.report().files.problems, Vec::<String>::new());
}

#[test]
fn a_set_that_cannot_be_used_at_all_ends_the_start() {
    let desk = Desk::new();
    desk.write("a.yaml", "tag: nonsense");
    let error = desk.start().unwrap_err();
    assert!(matches!(error, AdvertiseError::Refused(Refused::Problems(_))), "{error}");
    let desk = Desk::new();
    let error = crate::orchestrator::error::chain(&desk.start().unwrap_err());
    assert!(error.contains("classes: cannot be read"), "{error}");
}

#[test]
fn the_number_of_the_state_rises_with_content_alone() {
    let desk = Desk::new();
    desk.write("a.yaml", &desk.usual(1, ">=0.9.0"));
    let advertiser = desk.start().unwrap();
    let class = desk.usual(1, ">=0.9.0");
    desk.write("a.yaml", &format!("# a comment\n{class}"));
    settle(&advertiser);
    assert_eq!(advertiser.published().seq(), 1, "a comment is no content");
    desk.write("a.yaml", &class.replace("rev: 1", "rev: 2"));
    settle(&advertiser);
    assert_eq!(advertiser.published().seq(), 2);
    assert_eq!(desk.start().unwrap().published().seq(), 2, "a restart is no change");
}

#[test]
fn a_file_that_is_being_written_is_left_alone_unless_a_signal_says_it_is_whole() {
    let desk = Desk::new();
    desk.write("a.yaml", &desk.usual(1, ">=0.9.0"));
    let advertiser = desk.start().unwrap();
    desk.write("a.yaml", &desk.usual(2, ">=0.9.1"));
    advertiser.look(false);
    assert_eq!(advertiser.published().seq(), 1);
    advertiser.look(false);
    assert_eq!(advertiser.published().seq(), 2);
    desk.write("a.yaml", &desk.usual(30, ">=0.9.10"));
    advertiser.look(true);
    assert_eq!(advertiser.published().seq(), 3);
}

#[test]
fn readers_get_changes_alone_across_a_restart() {
    let desk = Desk::new();
    desk.write("a.yaml", &desk.usual(1, ">=0.9.0"));
    desk.write("b.yaml", &desk.class("transcode/vod", 1, ">=0.8.0", DAYS));
    let first = desk.start().unwrap();
    let mut known = BTreeMap::new();
    let all = requirements(&first.published().since(0).unwrap().bytes);
    assert!(all.complete);
    all.apply(&mut known);
    drop(first);
    // While the gateway is down one class changes and one goes.
    desk.write("a.yaml", &desk.usual(2, ">=0.9.1"));
    fs::remove_file(desk.classes().join("b.yaml")).unwrap();
    let second = desk.start().unwrap();
    assert_eq!(second.published().seq(), 4);
    let delta = requirements(&second.published().since(all.head.seq).unwrap().bytes);
    assert_eq!((delta.complete, delta.changes.len()), (false, 2));
    delta.apply(&mut known);
    let revs: Vec<_> = known.values().map(|class: &Arc<JobClass>| class.rev).collect();
    assert_eq!(revs, [2]);
    // The same question is answered with the same bytes, one from the future with everything.
    let again = second.published();
    assert_eq!(again.since(2).unwrap(), again.since(2).unwrap());
    assert!(requirements(&again.since(99).unwrap().bytes).complete);
    assert_eq!(requirements(&again.since(4).unwrap().bytes).changes, []);
}

#[test]
fn a_restart_with_a_bad_set_goes_on_with_the_one_before() {
    let desk = Desk::new();
    desk.write("a.yaml", &desk.usual(1, ">=0.9.0"));
    drop(desk.start().unwrap());
    desk.write("a.yaml", "tag: [");
    let advertiser = desk.start().unwrap();
    assert_eq!(advertiser.published().classes().count(), 1);
    assert!(!advertiser.report().files.problems.is_empty());
}

#[test]
fn classes_that_end_are_withdrawn_and_documents_are_renewed_in_time() {
    let desk = Desk::new();
    desk.write("a.yaml", &desk.usual(1, ">=0.9.0"));
    desk.write("b.yaml", &desk.class("transcode/vod", 1, ">=0.8.0", Duration::from_secs(3600)));
    let advertiser = desk.start().unwrap();
    let before = advertiser.published();
    desk.clock.shift_wall(Duration::from_secs(2 * 3600));
    advertiser.look(false);
    let tags: Vec<_> = advertiser.published().classes().map(|c| c.tag.to_string()).collect();
    assert_eq!(tags, ["transcode/live/abr"]);
    assert_eq!(advertiser.published().seq(), before.seq() + 1);
    desk.clock.shift_wall(Duration::from_secs(13 * 3600));
    advertiser.look(false);
    let after = advertiser.published();
    assert_eq!(after.seq(), before.seq() + 1, "new documents of the same state");
    assert!(after.expires_at() > before.expires_at());
    follows(GATEWAY, &after.gateway.bytes);
}

#[test]
fn the_feed_tells_each_change() {
    let desk = Desk::new();
    desk.write("a.yaml", &desk.usual(1, ">=0.9.0"));
    let advertiser = desk.start().unwrap();
    fs::remove_file(desk.classes().join("a.yaml")).unwrap();
    settle(&advertiser);
    let feed = advertiser.published().atom.clone();
    let text = String::from_utf8(feed.bytes.to_vec()).unwrap();
    let start = text.find("<updated>").unwrap();
    let end = start + text[start..].find("</updated>").unwrap();
    insta::assert_snapshot!(text.replace(&text[start + 9..end], "TIME"));
}

/// What a reader gets, without signs of life.
async fn next(taken: &mut mpsc::Receiver<bytes::Bytes>) -> String {
    loop {
        let bytes = taken.recv().await.expect("the stream goes on");
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        if !text.starts_with(':') {
            return text;
        }
    }
}

fn event(text: &str) -> (u64, Requirements) {
    let rest = text.strip_prefix("id: ").unwrap();
    let (id, rest) = rest.split_once("\nevent: requirements\ndata: ").unwrap();
    (id.parse().unwrap(), requirements(rest.strip_suffix("\n\n").unwrap().as_bytes()))
}

fn reader(
    advertiser: &Arc<Advertiser>,
    seen: Option<u64>,
) -> (mpsc::Receiver<bytes::Bytes>, watch::Sender<Phase>, CancellationToken) {
    let (phase, cut) = (watch::Sender::new(Phase::Running), CancellationToken::new());
    let (events, taken) = advertiser.events(seen, phase.subscribe(), cut.clone()).unwrap();
    drop(crate::lifecycle::Tasks::default().job("reader", events.run()));
    (taken, phase, cut)
}

#[tokio::test(start_paused = true)]
async fn a_reader_of_events_gets_everything_then_what_changes_and_comes_back_where_it_left() {
    let desk = Desk::new();
    desk.write("a.yaml", &desk.usual(1, ">=0.9.0"));
    let advertiser = desk.start().unwrap();
    let (mut taken, phase, _cut) = reader(&advertiser, None);
    assert_eq!(next(&mut taken).await, "retry: 3000\n\n");
    let (id, first) = event(&next(&mut taken).await);
    assert_eq!((id, first.complete, first.changes.len()), (1, true, 1));
    desk.write("b.yaml", &desk.class("transcode/vod", 1, ">=0.8.0", DAYS));
    settle(&advertiser);
    let (id, second) = event(&next(&mut taken).await);
    assert_eq!((id, second.since_seq, second.complete, second.changes.len()), (2, 1, false, 1));
    drop(taken);
    // With Last-Event-ID 1 the same change comes again, and nothing else.
    let (mut taken, _phase_of_it, _) = reader(&advertiser, Some(1));
    next(&mut taken).await;
    assert_eq!(event(&next(&mut taken).await).1.changes, second.changes);
    // Who has everything hears a sign of life.
    let (mut taken, _phase, _) = reader(&advertiser, Some(2));
    assert_eq!(taken.recv().await.unwrap(), "retry: 3000\n\n");
    assert_eq!(taken.recv().await.unwrap(), ": still here\n\n");
    // The gateway drains: streams end.
    let (mut ended, phase_of_ended, _) = reader(&advertiser, Some(2));
    phase_of_ended.send_replace(Phase::Draining);
    while ended.recv().await.is_some() {}
    drop(phase);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_takes_nothing_is_cut_off_and_makes_room() {
    let desk = Desk::new();
    desk.write("a.yaml", &desk.usual(1, ">=0.9.0"));
    let advertiser = desk.start().unwrap();
    let (_taken, _phase, cut) = reader(&advertiser, None);
    cut.cancelled().await;
    assert_eq!(advertiser.metrics.dropped.get(), 1);
    let readers: Vec<_> = (0..MOST_READERS)
        .map(|_| {
            let phase = watch::Sender::new(Phase::Running);
            advertiser.events(None, phase.subscribe(), CancellationToken::new())
        })
        .collect();
    let places = readers.iter().filter(|reader| reader.is_ok()).count();
    assert!(places >= MOST_READERS - 1, "{places}");
    let phase = watch::Sender::new(Phase::Running);
    let one_more = advertiser.events(None, phase.subscribe(), CancellationToken::new());
    assert_eq!(one_more.err(), Some(TooManyReaders));
}

fn node(name: &str) -> Arc<Node> {
    Arc::new(Node::new(format!("https://{name}:8935").parse().unwrap()).unwrap())
}

fn says(version: &str) -> OrchestratorInfo {
    let capabilities = Capabilities { version: version.to_owned(), ..Capabilities::default() };
    OrchestratorInfo { capabilities: Some(capabilities), ..OrchestratorInfo::default() }
}

#[tokio::test]
async fn who_fails_a_class_is_left_out_and_newcomers_get_their_share() {
    let draws = Arc::new(PlainMutex::new(vec![0.5, 0.019]));
    let asked = Arc::new(AtomicU32::new(0));
    let source = {
        let (draws, asked) = (Arc::clone(&draws), Arc::clone(&asked));
        Draw::new(move || {
            asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            draws.lock().remove(0)
        })
    };
    let desk = Desk { draw: source, ..Desk::new() };
    let class = desk.usual(1, ">=0.9.0").replace(
        "requires:\n",
        "requires:\n  - {key: net.up_mbps, \
        op: ge, values: [100], unknown: probe}\n",
    );
    desk.write("a.yaml", &class);
    desk.write("b.yaml", &desk.class("transcode/vod", 1, ">=0.9.0", DAYS));
    let advertiser = desk.start().unwrap();
    let [old, new, unheard] = ["old", "new", "unheard"].map(node);
    let all = || vec![Arc::clone(&old), Arc::clone(&new), Arc::clone(&unheard)];
    let hosts = |nodes: Vec<Arc<Node>>| -> Vec<String> {
        nodes.iter().map(|node| node.host().to_owned()).collect()
    };
    let live = Qualification::new(Arc::clone(&advertiser), "transcode/live/abr".parse().unwrap());
    assert_eq!(hosts(live.admitted(all())).len(), 3, "whoever was not heard is asked");

    let refused = live.check(&old, &says("0.8.10")).unwrap_err();
    insta::assert_snapshot!(refused);
    assert!(matches!(refused, InfoError::Unqualified { .. }));
    live.check(&new, &says("0.9.1-1f2e3d4c")).unwrap();
    // Nothing measured is known of the new one: 50 of 100 is above the share, 1.9 below.
    assert_eq!(hosts(live.admitted(all())), ["unheard:8935", "new:8935"]);
    assert_eq!(hosts(live.admitted(all())), ["new:8935", "unheard:8935"]);
    assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 2);
    // Another class sees the same orchestrators otherwise; a tag without a class sees everybody.
    let vod = Qualification::new(Arc::clone(&advertiser), "transcode/vod".parse().unwrap());
    assert_eq!(hosts(vod.admitted(all())), ["new:8935", "unheard:8935"]);
    let other = Qualification::new(Arc::clone(&advertiser), "ai/llm/chat".parse().unwrap());
    assert_eq!(hosts(other.admitted(all())).len(), 3);
    let (count, missing) = advertiser.unqualified(&"transcode/vod".parse().unwrap());
    assert_eq!(
        (count, missing.as_deref()),
        (1, Some("old:8935: needs node.version >=0.9.0, declares 0.8.10"))
    );
    // When the classes change, what was decided counts no more.
    desk.write("b.yaml", &desk.class("transcode/vod", 2, ">=0.8.0", DAYS));
    settle(&advertiser);
    assert_eq!(hosts(vod.admitted(all())).len(), 3);
    assert!(advertiser.is_due(&old));
}

#[tokio::test(start_paused = true)]
async fn what_was_measured_decides_where_a_class_asks_for_it() {
    let desk = Desk::new();
    let asked = "requires:\n  - {key: slo.success_rate, op: ge, values: [0.9], evidence: observed, \
        window: 1h, min_samples: 10, unknown: probe}\n";
    desk.write("a.yaml", &desk.usual(1, ">=0.9.0").replace("requires:\n", asked));
    let advertiser = desk.start().unwrap();
    let tag: waymark_tagging::Tag = "transcode/live/abr".parse().unwrap();
    let live = Qualification::new(Arc::clone(&advertiser), tag.clone());
    let (good, bad) = (node("good"), node("bad"));
    for node in [&good, &bad] {
        live.check(node, &says("0.9.1")).unwrap();
    }
    let admission = |node: &Node| advertiser.standing(node.id(), &tag).unwrap().decision.admission;
    assert_eq!(admission(&good), waymark_tagging::Admission::Probe, "nothing was measured yet");

    tokio::time::advance(Duration::from_secs(10)).await;
    for n in 0..20 {
        let sample = |ok| Sample { ok, ..Sample::default() };
        let mut measured = desk.measured.lock();
        measured.attempted(good.id(), sample(true), desk.clock.now());
        measured.attempted(bad.id(), sample(n % 2 == 0), desk.clock.now());
    }
    assert_eq!(admission(&good), waymark_tagging::Admission::Yes);
    assert_eq!(admission(&bad), waymark_tagging::Admission::No);
    let missing = advertiser.standing(bad.id(), &tag).unwrap().missing.join("; ");
    assert_eq!(
        missing,
        "needs observed slo.success_rate >= 0.9 over 1h with 10 samples, was observed at 0.5 over 1h"
    );
    let told = advertiser.matches(Some("bad:8935"), None);
    assert_eq!(told[0].missing.join("; "), missing, "the report says what is decided");

    // An hour later the window is empty: it gets its chance again.
    tokio::time::advance(Duration::from_secs(3601)).await;
    live.check(&bad, &says("0.9.1")).unwrap();
    assert_eq!(admission(&bad), waymark_tagging::Admission::Probe);
}

#[tokio::test]
async fn what_a_class_prefers_is_earned_in_part_or_whole() {
    let desk = Desk::new();
    let prefers = "\nprefers:\n  - {weight: 60, when: {key: codec.decode, op: in, values: [hevc]}}\n  \
        - {weight: 20, when: {key: node.version, op: semver, values: [\">=0.9.1\"]}}\n";
    desk.write("a.yaml", &format!("{}{prefers}", desk.usual(1, ">=0.8.0").trim_end()));
    let advertiser = desk.start().unwrap();
    let live = Qualification::new(Arc::clone(&advertiser), "transcode/live/abr".parse().unwrap());
    let (newer, older, unheard) = (node("newer"), node("older"), node("unheard"));
    live.check(&newer, &says("0.9.1")).unwrap();
    live.check(&older, &says("0.8.9")).unwrap();
    let earned = [&newer, &older, &unheard].map(|node| live.preference(node.id()));
    let percent = earned.map(|share| format!("{:.0} %", share * 100.0));
    assert_eq!(percent, ["25 %", "0 %", "0 %"]);
}
