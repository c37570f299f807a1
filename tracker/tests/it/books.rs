//! Grades, round books and attestations, with a registry.

use alloy_primitives::{Address, B256, U256, address};
use serde_json::{Value, json};
use waymark_contracts::job_tag_registry::JobTagRegistry as abi;
use waymark_tagging::TagId;
use waymark_tagging::round::{BookId, Leaf, RoundBook};

use crate::command::{demand, fits_schema, lines};
use crate::synth::{BROKER, REGISTRY, Spot, Ticket, log};

pub(crate) const GATEWAY: Address = address!("90f79bf6eb2c4f870365e785982e1f101e93b906");
pub(crate) const ORCHESTRATOR: Address = address!("3c44cdddb6a900fa2b585dd299e03d12fa4293bc");
pub(crate) const ROUND: u64 = 13;
const FACE: u64 = 2_400_000_000_000_000;

/// A world with a registry: its logs, its books.
pub(crate) struct World {
    pub(crate) logs: Vec<Value>,
    block: u64,
    pub(crate) books: tempfile::TempDir,
}

impl World {
    /// Tags `transcode`, `transcode/live` and `transcode/live/abr` are 1, 2 and 7.
    pub(crate) fn new() -> Self {
        let books = tempfile::tempdir().unwrap();
        let mut world = Self { logs: Vec::new(), block: 0, books };
        for (id, parent, label) in
            [(1, 0, "transcode"), (2, 1, "live"), (7, 2, "abr"), (8, 2, "sd")]
        {
            world.registry(&abi::TagRegistered {
                tagId: id,
                parentId: parent,
                key: B256::ZERO,
                owner: GATEWAY,
                flags: 0,
                label: label.to_owned(),
                schemaHash: B256::ZERO,
                schemaURI: String::new(),
            });
        }
        world
    }

    fn spot(&self, index: u64) -> Spot {
        Spot { block: self.block, fork: 0, index, tx: 0 }
    }

    fn time(&self) -> u64 {
        1_700_000_000 + self.block * 3600
    }

    pub(crate) fn registry(&mut self, event: &impl alloy_sol_types::SolEvent) {
        self.block += 1;
        self.logs.push(log(REGISTRY, event, self.spot(0), Some(self.time())));
    }

    pub(crate) fn scheme(&mut self, from_round: u64, scheme: u8) {
        let param = B256::ZERO;
        let event = abi::NonceSchemeSet { gateway: GATEWAY, fromRound: from_round, scheme, param };
        self.registry(&event);
    }

    /// Redeems a ticket of a session, fully paid.
    pub(crate) fn redeem(&mut self, session: u64, nonce: u64, round: u64) -> Ticket {
        let ticket = Ticket {
            sender: GATEWAY,
            recipient: ORCHESTRATOR,
            face_value: U256::from(FACE),
            nonce: U256::from(nonce),
            rand: U256::from(session),
            round,
        };
        self.redeem_ticket(&ticket);
        ticket
    }

    pub(crate) fn redeem_ticket(&mut self, ticket: &Ticket) {
        self.block += 1;
        let time = Some(self.time());
        self.logs.push(ticket.transfer(self.spot(0), ticket.face_value, time));
        self.logs.push(ticket.redeemed(self.spot(1), time));
    }

    pub(crate) fn commit(&mut self, book: &RoundBook, revision: u32) {
        self.registry(&abi::RoundCommitted {
            gateway: GATEWAY,
            round: book.id().round,
            revision,
            root: book.root(),
            datasetRoot: B256::ZERO,
            leaves: u32::try_from(book.leaves().len()).unwrap(),
            totalEV: book.total_ev().unwrap(),
            uri: "https://gateway.example/13.json".to_owned(),
        });
    }

    pub(crate) fn publish(&self, book: &RoundBook) {
        let gateway = format!("{:#x}", book.id().gateway);
        let directory = self.books.path().join(gateway);
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join(format!("{}.json", book.id().round)), book.to_json())
            .unwrap();
    }

    pub(crate) fn attest(&mut self, tag: u32, tickets: &[&Ticket]) {
        let hashes = tickets.iter().map(|ticket| ticket.hash()).collect();
        self.registry(&abi::TicketsAttested { gateway: GATEWAY, tagId: tag, ticketHashes: hashes });
    }

    /// The report with everything in it.
    pub(crate) async fn report(&self, more: &[&str]) -> Value {
        let books = self.books.path().to_str().unwrap();
        self.report_with(&[&["--books", books], more].concat()).await
    }

    async fn report_with(&self, more: &[&str]) -> Value {
        let (broker, registry) = (BROKER.to_string(), REGISTRY.to_string());
        let mut arguments = vec!["--logs", "-", "--broker", &broker, "--registry", &registry];
        arguments.extend(["--format", "json", "--full"]);
        arguments.extend(more);
        let ran = demand(&arguments, &lines(&self.logs)).await.unwrap();
        let report = serde_json::from_slice(&ran.out).unwrap();
        fits_schema(&report);
        report
    }

    pub(crate) async fn table(&self) -> String {
        let (broker, registry) = (BROKER.to_string(), REGISTRY.to_string());
        let books = self.books.path().to_str().unwrap();
        let arguments =
            ["--logs", "-", "--broker", &broker, "--registry", &registry, "--books", books];
        String::from_utf8(demand(&arguments, &lines(&self.logs)).await.unwrap().out).unwrap()
    }
}

/// A book with these sessions and tags, three tickets each.
pub(crate) fn book(sessions: &[(u64, u32)]) -> RoundBook {
    let leaf = |&(session, tag): &(u64, u32)| Leaf {
        recipient: ORCHESTRATOR,
        recipient_rand_hash: alloy_primitives::keccak256(U256::from(session).to_be_bytes::<32>()),
        tag_id: TagId::try_from(tag).unwrap(),
        job_ref: B256::with_last_byte(1),
        ev_wei: 480_000_000_000_000,
        ticket_count: 3,
    };
    let id = BookId { chain_id: 7337, gateway: GATEWAY, round: ROUND };
    RoundBook::new(id, sessions.iter().map(leaf).collect()).unwrap()
}

/// Tag, grade, winners, conflicts of each row.
pub(crate) fn short(report: &Value) -> Vec<Value> {
    let rows = report["rows"].as_array().unwrap();
    let row = |row: &Value| json!([row["tag_id"], row["grade"], row["winners"], row["conflicts"]]);
    rows.iter().map(row).collect()
}

#[tokio::test]
async fn a_scheme_counts_from_its_round_on() {
    let mut world = World::new();
    world.scheme(13, 1);
    world.redeem(1, (7 << 10) | 1, 12);
    world.redeem(2, (7 << 10) | 1, 13);
    world.redeem(3, 600, 13);
    world.scheme(15, 0);
    world.redeem(4, (7 << 10) | 1, 14);
    world.redeem(5, (7 << 10) | 1, 15);
    let report = world.report(&[]).await;
    let rows = report["rows"].as_array().unwrap();
    let of = |row: &Value| json!([row["round"], row["tag_id"], row["tag"], row["grade"]]);
    let abr = "transcode/live/abr";
    assert_eq!(
        rows.iter().map(of).collect::<Vec<_>>(),
        [
            json!([12, 0, null, null]),
            json!([13, 0, null, null]),
            json!([13, 7, abr, "A"]),
            json!([14, 7, abr, "A"]),
            json!([15, 0, null, null]),
        ]
    );
}

#[tokio::test]
async fn a_book_gives_grade_b_before_and_c_after_the_redemption_and_the_whole_beside_it() {
    let mut world = World::new();
    let book = book(&[(1, 7), (2, 7), (3, 8), (4, 7)]);
    world.publish(&book);
    world.redeem(1, 5, ROUND);
    world.commit(&book, 1);
    world.redeem(2, 6, ROUND);
    let report = world.report(&[]).await;
    assert_eq!(
        short(&report),
        [json!([7, "B", 1, 0]), json!([7, "C", 1, 0]), json!([8, null, 0, 0])]
    );
    let row = &report["rows"][0];
    assert_eq!((&row["book"], &row["coverage"]), (&json!("verified"), &json!(1.0)));
    assert_eq!((&row["book_sessions"], &row["book_tickets"]), (&json!(3), &json!(9)));
    assert_eq!(row["book_ev_wei"], "4320000000000000");
    assert_eq!((&row["estimate"], &report["rows"][1]["estimate"]), (&json!(true), &json!(false)));
    assert_eq!(report["rows"][2]["book_ev_wei"], "1440000000000000");
    assert_eq!(report["books"][0]["completeness"], 1.0);
    insta::assert_snapshot!(world.table().await);
}

#[tokio::test]
async fn the_recorded_book_is_believed_with_the_recorded_root_and_no_other() {
    let file = include_str!("../vectors/round-book.json");
    let recorded: Value = serde_json::from_str(file).unwrap();
    let book = RoundBook::read(file.as_bytes()).unwrap();
    assert_eq!(json!(book.root()), recorded["root"]);
    let mut world = World::new();
    std::fs::write(world.books.path().join("round-book.json"), file).unwrap();
    world.commit(&book, 1);
    let report = world.report(&[]).await;
    assert_eq!(report["books"][0]["status"], "verified");
    assert_eq!(report["rows"][0]["book_tickets"], 24);
    // On another chain it is refused.
    let report = world.report(&["--chain-id", "42161"]).await;
    assert_eq!(report["books"][0]["status"], "refused");
    assert_eq!(report["books"][0]["problem"], "the file is of chain 7337, not 42161");
}

#[tokio::test]
async fn attested_tickets_have_grade_d() {
    let mut world = World::new();
    let first = world.redeem(1, 5, ROUND);
    world.redeem(2, 6, ROUND);
    world.attest(8, &[&first]);
    let report = world.report(&[]).await;
    assert_eq!(short(&report), [json!([0, null, 1, 0]), json!([8, "D", 1, 0])]);
    assert_eq!(report["rows"][1]["estimate"], false);
}

#[tokio::test]
async fn the_higher_grade_wins_and_who_contradicts_himself_is_flagged() {
    let mut world = World::new();
    world.scheme(0, 1);
    let book = book(&[(1, 8), (2, 7)]);
    world.publish(&book);
    world.commit(&book, 1);
    let (nonce_against_book, plain) =
        (world.redeem(1, (7 << 10) | 1, ROUND), world.redeem(2, 5, ROUND));
    world.attest(8, &[&plain, &nonce_against_book]);
    let report = world.report(&[]).await;
    assert_eq!(
        short(&report),
        [json!([7, "A", 1, 1]), json!([7, "B", 1, 1]), json!([8, null, 0, 0])]
    );
    assert!(world.table().await.contains("contradict their book or attestation"));
}

#[tokio::test]
async fn parents_are_the_sums_of_their_children() {
    let mut world = World::new();
    world.scheme(0, 1);
    for (session, tag) in [(1, 7), (2, 7), (3, 8)] {
        world.redeem(session, (tag << 10) | 1, ROUND);
    }
    let report = world.report(&["--subtrees"]).await;
    let rows = report["rows"].as_array().unwrap();
    let of = |row: &Value| json!([row["tag"], row["scope"], row["winners"], row["stderr_wei"]]);
    let error = |winners: u128| (u128::from(FACE).pow(2) * winners).isqrt().to_string();
    assert_eq!(
        rows.iter().map(of).collect::<Vec<_>>(),
        [
            json!(["transcode", "subtree", 3, error(3)]),
            json!(["transcode/live", "subtree", 3, error(3)]),
            json!(["transcode/live/abr", "subtree", 2, error(2)]),
            json!(["transcode/live/sd", "subtree", 1, error(1)]),
        ]
    );
}

/// A web server with files, and a list of what was asked.
async fn serve(
    files: Vec<(String, String)>,
) -> (String, std::sync::Arc<parking_lot::Mutex<Vec<String>>>) {
    use axum::http::{StatusCode, Uri};
    let asked = std::sync::Arc::new(parking_lot::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&asked);
    let app = axum::Router::new().fallback(async move |uri: Uri| {
        seen.lock().push(uri.path().to_owned());
        let file = files.iter().find(|(path, _)| path == uri.path());
        file.map(|(_, text)| text.clone()).ok_or(StatusCode::NOT_FOUND)
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    #[expect(clippy::disallowed_methods, reason = "a test's own server")]
    drop(tokio::spawn(async move { axum::serve(listener, app).await }));
    (url, asked)
}

#[tokio::test]
async fn leaf_files_are_fetched_below_the_address_given_and_nowhere_else() {
    let mut world = World::new();
    let book = book(&[(1, 7)]);
    // The gateway names an address of somebody else's.
    world.commit(&book, 1);
    world.redeem(1, 5, ROUND);
    let path = format!("/books/{GATEWAY:#x}/{ROUND}.json");
    let (url, asked) = serve(vec![(path.clone(), book.to_json())]).await;
    let report = world.report_with(&["--books", &format!("{url}/books")]).await;
    assert_eq!(report["books"][0]["status"], "verified");
    assert_eq!(short(&report), [json!([7, "B", 1, 0])]);
    assert_eq!(*asked.lock(), [path]);
    let report = world.report_with(&["--books", &format!("{url}/other/")]).await;
    assert_eq!(report["books"][0]["status"], "pending", "not found");
}
