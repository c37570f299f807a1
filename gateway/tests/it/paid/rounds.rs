//! Round books on a local chain with the registry of tags: numbers, nonces, commitments, and what goes
//! wrong with them.

mod trouble;

use std::sync::Arc;

use alloy_primitives::{B256, U256, keccak256};
use reqwest::StatusCode;
use waymark::{
    config::{Config, TagNumber},
    payments::books::Report,
};
use waymark_contracts::{
    JobTagRegistry::{self, RoundCommitted},
    TicketBroker::WinningTicketRedeemed,
};
use waymark_payments::ledger::GroupBy;
use waymark_tagging::round::RoundBook;
use waymark_testkit::{OnChain, RpcChain, chain::Options};

use super::harness::{
    Market, PATIENCE, SENDER, TICKET_EV, at_once, base, finney, heard, payments, totals,
};
use crate::harness::{Gateway, Pushed, answer, segment};

/// A tag of the seed, and its number.
const LIVE: (&str, u32) = ("transcode/live/abr", 5);

fn number(tag: &str, id: u32) -> TagNumber {
    (tag.parse().expect("a tag"), id.try_into().expect("a number"))
}

/// Settings of a gateway that uses the registry.
fn with_registry(market: &Market) -> impl Fn(&mut Config) + use<> {
    let registry = market.chain.contracts().job_tag_registry;
    move |config| {
        config.chain.as_mut().expect("on chain").tag_registry = Some(registry);
        config.tags.ids = vec![number(LIVE.0, LIVE.1)];
    }
}

/// One orchestrator, nearly every ticket wins and is redeemed at once.
async fn winning() -> Market {
    let mut market = Market::unfunded(0, Options::default(), base).await;
    market.fund(finney(100_000), finney(100_000)).await;
    let terms = |terms: &mut OnChain, view: &Arc<RpcChain>| {
        at_once(terms, view);
        terms.max_face_value = U256::from(TICKET_EV + 1_000_000_000_000);
    };
    market.add_with(terms).await;
    market
}

async fn push(gateway: &Gateway, tag: &str, manifest: &str, seq: usize) -> Pushed {
    let path = format!("/live/{manifest}/{seq}.ts");
    let pushed = answer(gateway.pushing(&path, segment(seq)).header("livepeer-job-tag", tag)).await;
    assert_eq!(pushed.status, StatusCode::OK, "{manifest} {seq}: {:?}", pushed.body);
    pushed
}

/// Ends all streams, and waits until it is on record that payments made ahead were not sent.
async fn end(gateway: &Gateway, manifests: &[&str], round: u64) {
    for manifest in manifests {
        let request = gateway.request(reqwest::Method::DELETE, &format!("/live/{manifest}"));
        assert!(request.send().await.expect("an answer").status().is_success());
    }
    let open = || {
        let ledger = &payments(gateway).ledger;
        ledger.has_open_promises(round, jiff::Timestamp::UNIX_EPOCH).expect("an answer")
    };
    let settled = async {
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
        while open() {
            ticks.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, settled).await.expect("every payment ends");
}

fn report(gateway: &Gateway) -> Report {
    payments(gateway).books.report()
}

/// Waits until books are as `known` says.
async fn until(gateway: &Gateway, known: impl Fn(&Report) -> bool) -> Report {
    let reached = async {
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
        loop {
            ticks.tick().await;
            let report = report(gateway);
            if known(&report) {
                return report;
            }
        }
    };
    let reached = tokio::time::timeout(PATIENCE, reached).await;
    reached.unwrap_or_else(|_| panic!("the last report is {:#?}", report(gateway)))
}

/// Waits until the book of a round is in a state, at a revision.
async fn book_is(gateway: &Gateway, round: u64, state: &str, revision: u32) {
    until(gateway, |report| {
        let of_round = report.books.iter().find(|book| book.round == round);
        of_round.is_some_and(|book| book.state == state && book.revision == revision)
    })
    .await;
}

async fn next_round(market: &Market, gateway: &Gateway) -> u64 {
    let round = market.chain.next_round().await.expect("a round");
    // Orchestrators hear of it, too.
    market.mine(1).await;
    heard(gateway, |state| state.round.number >= round).await;
    round
}

/// Commitments to a round, in order.
async fn commitments(market: &Market, round: u64) -> Vec<RoundCommitted> {
    committed(market).await.into_iter().filter(|event| event.round == round).collect()
}

async fn committed(market: &Market) -> Vec<RoundCommitted> {
    let registry = market.chain.contracts().job_tag_registry;
    let events = market.chain.events::<RoundCommitted>(registry, 0).await.expect("logs");
    events.into_iter().map(|(_, event)| event).collect()
}

/// The leaf file as anybody gets it.
async fn leaf_file(gateway: &Gateway, round: u64) -> RoundBook {
    let (status, text) = gateway.get(&format!("/data/v1/rounds/{round}.json")).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    RoundBook::read(text.as_bytes()).expect("a leaf file")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_round_is_committed_to_and_what_is_redeemed_is_proved_from_the_leaf_file() {
    let market = winning().await;
    let registry = market.chain.contracts().job_tag_registry;
    let first = market.chain.current_round().await.expect("a round");
    let gateway = market
        .gateway(|config| {
            with_registry(&market)(config);
            config.requirements.url = Some("https://gateway.example".parse().expect("a URL"));
        })
        .await;
    // The scheme begins with the next round: plain nonces until then, and the tag in the book.
    let report = until(&gateway, |report| report.tagged_from.is_some()).await;
    assert_eq!((report.tagged_from, report.plain_tags), (Some(first + 1), vec![]));
    for seq in 0..3 {
        push(&gateway, LIVE.0, "early", seq).await;
    }
    let tags = || {
        let stats = market.orchestrators[0].stats();
        stats.payments.tags.keys().copied().collect::<Vec<_>>()
    };
    assert_eq!(tags(), [0]);
    end(&gateway, &["early"], first).await;
    next_round(&market, &gateway).await;
    book_is(&gateway, first, "committed", 1).await;
    for seq in 0..3 {
        push(&gateway, LIVE.0, "later", seq).await;
    }
    push(&gateway, "ai/upscale", "other", 0).await;
    assert_eq!(tags(), [0, LIVE.1, 11]);
    end(&gateway, &["later", "other"], first + 1).await;
    next_round(&market, &gateway).await;
    book_is(&gateway, first + 1, "committed", 1).await;

    let events = committed(&market).await;
    assert_eq!(events.len(), 2, "each round once: {events:?}");
    let mut by_tag = std::collections::BTreeMap::new();
    let mut tickets = 0;
    for event in &events {
        let book = leaf_file(&gateway, event.round).await;
        assert_eq!((book.root(), event.revision), (event.root, 1));
        assert_eq!(
            (u32::try_from(book.leaves().len()), book.total_ev()),
            (Ok(event.leaves), Ok(event.totalEV))
        );
        assert_eq!(
            event.uri,
            format!("https://gateway.example/data/v1/rounds/{}.json", event.round)
        );
        for (tag, total) in book.totals().by_tag {
            *by_tag.entry(tag.get()).or_insert(U256::ZERO) += total.ev_wei;
            tickets += total.tickets;
        }
    }
    // The ledger has payments made ahead as well, which were never sent. It rounds a payment up to whole
    // wei, a book each ticket.
    let ledger = totals(&payments(&gateway).ledger, GroupBy::Tag);
    for row in &ledger {
        let id = if row.key == LIVE.0 { LIVE.1 } else { 11 };
        let (most, book) = (row.value + U256::from(row.tickets), by_tag[&id]);
        assert!(book <= most && (row.outcomes.not_sent > 0 || book >= row.value), "{row:?} {book}");
    }
    // What arrived, to the wei but for rounding.
    let (books, arrived) = (by_tag.values().sum::<U256>(), market.received());
    let more = books.checked_sub(arrived).expect("not less than arrived");
    assert!(more <= U256::from(tickets), "{books} {arrived}");
    assert_eq!(ledger.len(), by_tag.len());
    prove(&market, &gateway, registry).await;
    let (_, list) = gateway.get(&format!("/data/v1/rounds/{first}.files.json")).await;
    assert!(list.contains("no such round book") || list.contains("datasetRoot"), "{list}");
    gateway.stop().await;
}

/// Proves the tag of every redeemed ticket to the contract.
async fn prove(market: &Market, gateway: &Gateway, registry: alloy_primitives::Address) {
    let broker = market.chain.contracts().ticket_broker;
    let all = market.orchestrators[0].wait_for(|s| s.payments.redeemed == s.payments.winners);
    all.await.expect("winners are redeemed");
    let redeemed = market.chain.events::<WinningTicketRedeemed>(broker, 0).await.expect("logs");
    assert!(redeemed.len() > 2, "nearly every ticket wins");
    for (_, event) in redeemed {
        let round = U256::from_be_slice(&event.auxData[..32]).to::<u64>();
        let session = keccak256(B256::from(event.recipientRand));
        let book = leaf_file(gateway, round).await;
        let at = book.position(session).expect("every redeemed ticket has a leaf");
        let leaf = book.leaves()[at];
        let call = JobTagRegistry::proveTicketTagCall {
            ticket: JobTagRegistry::Ticket {
                recipient: event.recipient,
                sender: event.sender,
                faceValue: event.faceValue,
                winProb: event.winProb,
                senderNonce: event.senderNonce,
                recipientRandHash: session,
                auxData: event.auxData.clone(),
            },
            leaf: JobTagRegistry::Leaf {
                recipient: leaf.recipient,
                recipientRandHash: leaf.recipient_rand_hash,
                tagId: leaf.tag_id.get(),
                jobRef: leaf.job_ref,
                evWei: leaf.ev_wei,
                ticketCount: leaf.ticket_count,
            },
            proof: book.proof(at).expect("a leaf of it"),
        };
        let proved = market.chain.send(market.chain.owner(), registry, &call, U256::ZERO).await;
        let receipt = proved.expect("the contract takes the proof");
        let said = receipt.events::<JobTagRegistry::TicketTagProven>();
        assert!(matches!(said.as_slice(), [said] if said.tagId == leaf.tag_id.get()), "{said:?}");
    }
}

#[tokio::test]
async fn tags_are_registered_when_that_is_allowed_and_named_when_it_is_not() {
    let market = Market::open(1).await;
    let mine = "x-acme/render/fast";
    let change = |register: bool| {
        let base = with_registry(&market);
        move |config: &mut Config| {
            base(config);
            // The first is another one's number.
            config.tags.ids = vec![number(LIVE.0, 9), number(mine, 23)];
            config.tags.register = register;
        }
    };
    let gateway = market.gateway(change(false)).await;
    let report = until(&gateway, |report| report.tagged_from.is_some()).await;
    let [differs, missing] = report.plain_tags.as_slice() else { panic!("{report:?}") };
    assert!(differs.contains("is number 9 in tags.ids and 5 at 0x"), "{differs}");
    assert!(missing.contains(mine) && missing.contains("tags.register: true"), "{missing}");
    next_round(&market, &gateway).await;
    push(&gateway, LIVE.0, "differs", 0).await;
    push(&gateway, mine, "missing", 0).await;
    let stats = market.orchestrators[0].stats();
    assert_eq!(stats.payments.tags.keys().collect::<Vec<_>>(), [&0], "both are paid plainly");
    assert!((gateway.metric("waymark_round_plain_tags").await - 2.0).abs() < 0.1);
    let dir = gateway.stop().await;

    // 22 tags are there; x-acme is 23, x-acme/render 24.
    let orchestrators: Vec<_> = market.orchestrators.iter().collect();
    let allowed = |config: &mut Config| {
        change(true)(config);
        config.tags.ids = vec![number(LIVE.0, LIVE.1), number(mine, 25)];
    };
    let gateway = market.gateway_in(dir, market.chain.url(), &orchestrators, allowed).await;
    until(&gateway, |report| report.tagged_from.is_some() && report.plain_tags.is_empty()).await;
    push(&gateway, mine, "registered", 0).await;
    let stats = market.orchestrators[0].stats();
    assert_eq!(stats.payments.tags.keys().collect::<Vec<_>>(), [&0, &25]);
    let count = JobTagRegistry::tagCountCall {};
    let registry = market.chain.contracts().job_tag_registry;
    assert_eq!(market.chain.read(registry, &count).await.expect("a number"), 25);
    gateway.stop().await;
}

#[tokio::test]
async fn without_a_registry_books_are_written_and_nothing_is_sent() {
    let market = Market::open(1).await;
    let gateway = market.gateway(|_| ()).await;
    let before: U256 = market
        .chain
        .rpc()
        .call("eth_getTransactionCount", (SENDER, "latest"))
        .await
        .expect("a number");
    let round = market.chain.current_round().await.expect("a round");
    push(&gateway, super::harness::TAG.0, "movie", 0).await;
    next_round(&market, &gateway).await;
    book_is(&gateway, round, "written", 0).await;
    let book = leaf_file(&gateway, round).await;
    assert_eq!((book.id().round, book.id().gateway), (round, SENDER));
    assert_eq!(book.leaves()[0].tag_id.get(), super::harness::TAG.1);
    for _ in 0..2 {
        next_round(&market, &gateway).await;
    }
    book_is(&gateway, round, "kept", 0).await;
    let after: U256 = market
        .chain
        .rpc()
        .call("eth_getTransactionCount", (SENDER, "latest"))
        .await
        .expect("a number");
    assert_eq!(after, before);
    let (status, text) = gateway.admin("/status").await;
    assert_eq!(status, StatusCode::OK);
    assert!(text.contains("\"RoundBooks\"") && text.contains("\"kept\""), "{text}");
    gateway.stop().await;
}
