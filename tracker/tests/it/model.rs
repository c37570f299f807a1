//! What should come out, worked out the slow and plain way: a list of what stands on the chain, added
//! up with ordinary numbers.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, U256};
use proptest::prelude::*;
use serde_json::Value;

use crate::synth::{Spot, Ticket};

/// One redemption in a transaction.
#[derive(Debug, Clone)]
pub(crate) struct Won {
    pub(crate) sender: u8,
    pub(crate) recipient: u8,
    pub(crate) face_value: u64,
    /// Hundredths of the face value that were paid; 0 leaves no transfer.
    pub(crate) percent: u64,
    pub(crate) nonce: u64,
    pub(crate) round: u64,
}

/// A block: transactions of one or several redemptions.
pub(crate) type Block = Vec<Vec<Won>>;

/// A block where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Mined {
    pub(crate) number: u64,
    pub(crate) fork: u64,
    pub(crate) content: Block,
}

impl Mined {
    fn tickets(&self) -> Vec<(Won, Ticket)> {
        let wins = self.content.iter().flatten().enumerate();
        wins.map(|(at, won)| {
            let ticket = Ticket {
                sender: Address::repeat_byte(won.sender),
                recipient: Address::repeat_byte(won.recipient),
                face_value: U256::from(won.face_value),
                nonce: U256::from(won.nonce),
                // Another session each, so that no two tickets are one.
                rand: U256::from(self.fork * 1_000_000 + self.number * 1_000 + at as u64 + 1),
                round: won.round,
            };
            (won.clone(), ticket)
        })
        .collect()
    }

    pub(crate) fn spot(&self) -> Spot {
        Spot { block: self.number, fork: self.fork, index: 0, tx: 0 }
    }

    /// Its logs, as a node gives them.
    pub(crate) fn logs(&self) -> Vec<Value> {
        let mut tickets = self.tickets().into_iter();
        let mut logs: Vec<Value> = Vec::new();
        let time = Some(1_700_000_000 + self.number * 30_000);
        for (tx, content) in self.content.iter().enumerate() {
            for _ in content {
                let (won, ticket) = tickets.next().unwrap();
                let spot =
                    |index: usize| Spot { index: index as u64, tx: tx as u64, ..self.spot() };
                let paid = won.face_value * won.percent / 100;
                if paid > 0 {
                    logs.push(ticket.transfer(spot(logs.len()), U256::from(paid), time));
                }
                logs.push(ticket.redeemed(spot(logs.len()), time));
            }
        }
        logs
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Sums {
    winners: u64,
    face_value: u128,
    paid: u128,
    squares: u128,
    recipients: BTreeSet<u8>,
}

/// A row as text: everything that is compared.
fn text(round: u64, sender: &str, tag: u64, sums: &Sums) -> String {
    let Sums { winners, face_value, paid, squares, recipients } = sums;
    let (grade, error) = (if tag == 0 { "null" } else { "\"A\"" }, squares.isqrt());
    let recipients = recipients.len();
    format!("{round} {sender} {tag} {grade} {winners} {face_value} {paid} {error} {recipients}")
}

/// The report of these blocks, without a registry.
pub(crate) fn expected(chain: &[Mined]) -> Vec<String> {
    let mut rows: BTreeMap<(u64, u8, u64), Sums> = BTreeMap::new();
    for won in chain.iter().flat_map(|block| block.content.iter().flatten()) {
        let tagged = won.nonce < 1 << 31 && won.nonce % 1024 != 0;
        let tag = if tagged { won.nonce / 1024 } else { 0 };
        let sums = rows.entry((won.round, won.sender, tag)).or_default();
        sums.winners += 1;
        sums.face_value += u128::from(won.face_value);
        sums.paid += u128::from(won.face_value * won.percent / 100);
        sums.squares += u128::from(won.face_value).pow(2);
        sums.recipients.insert(won.recipient);
    }
    let row = |((round, sender, tag), sums): (&(u64, u8, u64), &Sums)| {
        text(*round, &format!("{:#x}", Address::repeat_byte(*sender)), *tag, sums)
    };
    rows.iter().map(row).collect()
}

/// The same of a report.
pub(crate) fn found(rows: &[Value]) -> Vec<String> {
    let row = |row: &Value| {
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        format!(
            "{} {} {} {} {} {} {} {} {}",
            row["round"],
            text("gateway"),
            row["tag_id"],
            row["grade"],
            row["winners"],
            text("face_value_wei"),
            text("paid_wei"),
            text("stderr_wei"),
            row["recipients"],
        )
    };
    rows.iter().map(row).collect()
}

fn won() -> impl Strategy<Value = Won> {
    let nonce = prop_oneof![
        1_u64..600,
        (1_u64..4, 1_u64..600).prop_map(|(tag, counter)| (tag << 10) | counter),
        Just(2 << 10),
        Just((1 << 31) | 1),
        Just(1 << 40),
    ];
    let percent = prop_oneof![3 => Just(100_u64), 1 => Just(0), 1 => 1_u64..100];
    (1_u8..3, 0x11_u8..0x14, 100_u64..10_000, percent, nonce, 5_u64..8).prop_map(
        |(sender, recipient, face_value, percent, nonce, round)| Won {
            sender,
            recipient,
            face_value,
            percent,
            nonce,
            round,
        },
    )
}

/// A block of up to three transactions, with batches of up to three redemptions.
pub(crate) fn block() -> impl Strategy<Value = Block> {
    let transaction = proptest::collection::vec(won(), 1..4);
    proptest::collection::vec(transaction, 0..4)
}

/// What happens to a chain.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    Mined(Block),
    /// So many blocks are replaced by these.
    Reorg(usize, Vec<Block>),
}

pub(crate) fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let reorg = (1_usize..6, proptest::collection::vec(block(), 0..6));
    let one = prop_oneof![
        3 => block().prop_map(Happening::Mined),
        1 => reorg.prop_map(|(depth, blocks)| Happening::Reorg(depth, blocks)),
    ];
    proptest::collection::vec(one, 1..15)
}

/// A chain that things happen to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chain {
    pub(crate) blocks: Vec<Mined>,
    forks: u64,
}

impl Chain {
    /// Lets something happen: blocks that went, newest first, and blocks that came.
    pub(crate) fn happen(&mut self, happening: &Happening) -> (Vec<Mined>, Vec<Mined>) {
        let (depth, new) = match happening {
            Happening::Mined(block) => (0, std::slice::from_ref(block)),
            Happening::Reorg(depth, blocks) => (*depth, blocks.as_slice()),
        };
        let keep = self.blocks.len().saturating_sub(depth);
        let mut gone = self.blocks.split_off(keep);
        gone.reverse();
        self.forks += u64::from(depth > 0);
        let (first, fork) = (self.blocks.len() as u64, self.forks);
        let come: Vec<Mined> = (first..)
            .zip(new)
            .map(|(number, content)| Mined { number, fork, content: content.clone() })
            .collect();
        self.blocks.extend(come.iter().cloned());
        (gone, come)
    }
}
