use std::time::Duration;

use tempfile::TempDir;
use waymark_verification::trust::{Consequence, Sign};

use super::*;
use crate::advertise::Draw;

const HARD: Finding<'static> = Finding {
    sign: Sign::Hard,
    consequence: Consequence::Exclude,
    why: "F12.passthrough: the video is the source's",
};
const SOFT: Finding<'static> =
    Finding { sign: Sign::Soft { confirmed: false }, why: "A.pbk 14.0 above 12.0", ..HARD };

/// A trust store that can be closed and opened again.
struct Story {
    folder: TempDir,
    clock: Clock,
    trust: Arc<Trust>,
}

impl Story {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::start();
        let trust = open(&folder, &clock).unwrap();
        Self { folder, clock, trust }
    }

    fn restarts(&mut self) {
        self.trust.write();
        self.trust = open(&self.folder, &self.clock).unwrap();
    }

    fn observe(&self, node: &Node, finding: &Finding<'_>) -> Change {
        self.trust.observe(&Trust::identity(node, None), "video/live", "720p", finding)
    }

    fn state(&self, node: &Node) -> State {
        let kinds = ["720p"];
        self.trust.standing(&Trust::identity(node, None), "video/live", kinds).state
    }

    fn ranks(&self, nodes: &[Arc<Node>], drawn: f64) -> Vec<String> {
        let draw = Draw::new(move || drawn);
        let trusting = Trusting {
            trust: Arc::clone(&self.trust),
            tag: "video/live".to_owned(),
            kinds: Arc::new(["720p"]),
            draw,
        };
        trusting.admitted(nodes).iter().map(|node| node.host().to_owned()).collect()
    }
}

fn open(folder: &TempDir, clock: &Clock) -> Result<Arc<Trust>, TrustError> {
    let settings = TrustSettings::default();
    Trust::open(settings, folder.path(), clock.clone(), &prometheus::Registry::new())
}

fn node(host: &str) -> Arc<Node> {
    Arc::new(Node::new(format!("https://{host}:8935").parse().unwrap()).unwrap())
}

#[tokio::test]
async fn a_penalty_outlives_a_restart_and_ends_in_time() {
    let mut story = Story::new();
    let cheat = node("cheat.example");
    story.observe(&cheat, &HARD);
    story.restarts();
    assert_eq!(story.state(&cheat), State::Out);
    assert!(story.trust.out(&cheat).unwrap().why.contains("F12.passthrough"));
    story.clock.shift_wall(Duration::from_secs(3_601));
    story.restarts();
    assert_eq!(story.state(&cheat), State::Probation);
}

#[tokio::test]
async fn clean_audits_and_the_secret_outlive_a_restart() {
    let mut story = Story::new();
    let good = node("good.example");
    for _ in 0..60 {
        story.observe(&good, &Finding::CLEAN);
    }
    story.clock.shift_wall(Duration::from_secs(3 * 86_400));
    let keys = story.trust.revealed_keys();
    assert!(!keys.is_empty());
    story.restarts();
    assert_eq!(story.state(&good), State::Trusted);
    assert_eq!(story.trust.revealed_keys(), keys);
    let today = story.trust.day_key().day();
    assert!(keys.iter().all(|(day, _)| *day < today), "today's key is nobody's business");
}

#[tokio::test]
async fn nobody_who_is_out_is_asked_and_suspects_are_asked_last() {
    let story = Story::new();
    let nodes = ["suspect.example", "cheat.example", "good.example"].map(node);
    story.observe(&nodes[0], &SOFT);
    story.observe(&nodes[1], &HARD);
    assert_eq!(story.ranks(&nodes, 0.5), ["good.example:8935", "suspect.example:8935"]);
    // In one session of ten they may show what they are.
    assert_eq!(story.ranks(&nodes, 0.05), ["suspect.example:8935", "good.example:8935"]);
}

#[tokio::test]
async fn a_pardon_by_hand_lets_it_work_again() {
    let mut story = Story::new();
    let cheat = node("cheat.example");
    story.observe(&cheat, &HARD);
    let key = Key::new("cheat.example");
    assert_eq!(story.trust.penalised_with(&key).len(), 1);
    assert_eq!(story.trust.pardon(&key), std::slice::from_ref(&key));
    assert!(story.trust.penalised_with(&key).is_empty());
    story.restarts();
    assert_eq!(story.state(&cheat), State::Probation);
    assert!(story.trust.report()[0].penalty.as_ref().unwrap().pardoned);
}

#[tokio::test]
async fn what_is_no_trust_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trust.sqlite3");
    std::fs::write(&path, b"something else, of some length").unwrap();
    let error = open(&folder, &Clock::start()).unwrap_err();
    assert!(error.to_string().contains("move it away"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"something else, of some length");
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_costs_that_entry() {
    let mut story = Story::new();
    story.observe(&node("cheat.example"), &HARD);
    story.trust.write();
    let file = rusqlite::Connection::open(story.folder.path().join("trust.sqlite3")).unwrap();
    file.execute("INSERT INTO orchestrators VALUES ('x.example', '{\"v\":9}')", []).unwrap();
    drop(file);
    story.restarts();
    assert_eq!(story.trust.full().entries, 1);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_reads_the_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let story = Story::new();
    let path = story.folder.path().join("trust.sqlite3");
    assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}
