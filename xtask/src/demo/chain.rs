//! The local chain: a process of its own, and what its log says of redeemed tickets.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::json;
use tokio::process::Command;

use crate::{
    process::{Service, post},
    workspace::shown,
};

/// Deploying contracts takes a few blocks.
const START: Duration = Duration::from_secs(60);
/// Seconds between blocks.
const BLOCK: &str = "0.5";
/// Blocks in a round: none ends by itself while the demo runs.
const ROUND: &str = "1000";
/// Calls that make as many blocks.
const PARTS: u64 = 50;
/// Wei for a unit of gas: next to nothing, so that small winners are worth redeeming.
const GAS_PRICE: &str = "4000";
/// Deposit and reserve of the gateway: an ether each.
const FUNDS: &str = "1000000000000000000,1000000000000000000";

/// `WinningTicketRedeemed(address,address,uint256,uint256,uint256,uint256,bytes)`.
const REDEEMED: &str = "0xc389eb51ed006dbf2528507f010efdf5225ea596e1e1741d74f550dab1925ee7";
/// `WinningTicketTransfer(address,address,uint256)`: what was really paid; it comes before the other.
const TRANSFER: &str = "0x8b87351a208c06e3ceee59d80725fd77a23b4129e1b51ca231fc89b40712649c";

/// The running chain.
#[derive(Debug)]
pub(crate) struct Chain {
    /// Its process.
    pub(crate) service: Service,
    /// Where it answers.
    pub(crate) url: String,
    /// The contract that knows all others.
    pub(crate) controller: String,
    /// The contract that pays winners.
    pub(crate) broker: String,
    /// The contract that knows tags.
    pub(crate) registry: String,
    /// Who is paid, in the order of the URIs.
    pub(crate) payees: Vec<Payee>,
}

/// An account that is paid.
#[derive(Debug)]
pub(crate) struct Payee {
    /// In lower case.
    pub(crate) address: String,
    /// Holds its private key.
    pub(crate) key_file: PathBuf,
}

/// A winning ticket as the chain's log has it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Redemption {
    /// Who was paid; in lower case.
    pub(crate) recipient: String,
    /// The tag's number, out of the ticket's nonce.
    pub(crate) tag: u32,
    /// What was paid.
    pub(crate) wei: u128,
}

/// What the process says when it is ready. Its keys are those of every development chain: public.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ready {
    url: String,
    contracts: Contracts,
    accounts: Vec<Account>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Contracts {
    controller: String,
    ticket_broker: String,
    job_tag_registry: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    address: String,
    private_key: String,
}

impl Chain {
    /// Starts it, with the gateway's money (development account 1) and orchestrators at these URIs
    /// (accounts 2 and so on) in its contracts.
    pub(crate) async fn start(
        programs: &Path,
        dir: &Path,
        uris: &[String],
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(programs.join("waymark-chain"));
        command.args(["--block-time", BLOCK, "--round-length", ROUND, "--gas-price", GAS_PRICE]);
        command.args(["--sender", &format!("1={FUNDS}")]);
        for (number, uri) in (2..).zip(uris) {
            command.args(["--orchestrator", &format!("{number}={uri}")]);
        }
        let mut service = Service::start("chain", command, &dir.join("logs"))?;
        // A line that is half written is no JSON yet.
        let ready = |line: &str| serde_json::from_str::<Ready>(line).ok();
        let Ready { url, contracts, accounts } =
            service.says("its contracts", START, ready).await?;
        let payees = accounts.iter().skip(1).take(uris.len()).zip(1..).map(|(account, number)| {
            let key_file = dir.join(format!("orchestrator-{number}.key"));
            fs::write(&key_file, &account.private_key)
                .with_context(|| format!("cannot write {}", shown(&key_file)))?;
            Ok(Payee { address: account.address.to_lowercase(), key_file })
        });
        let payees: Vec<_> = payees.collect::<anyhow::Result<_>>()?;
        anyhow::ensure!(payees.len() == uris.len(), "the chain has too few accounts");
        let Contracts { controller, ticket_broker: broker, job_tag_registry: registry } = contracts;
        Ok(Self { service, url, controller, broker, registry, payees })
    }

    /// Makes as many blocks as a round has: the next one begins.
    pub(crate) async fn next_round(&self) -> anyhow::Result<()> {
        // In parts: all at once take a busy machine longer than one answer may.
        let blocks = format!("0x{:x}", ROUND.parse::<u64>()? / PARTS);
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "anvil_mine", "params": [blocks] });
        for _ in 0..PARTS {
            let answer = post(self.host(), &call).await?;
            anyhow::ensure!(answer.get("error").is_none(), "the chain makes no blocks: {answer}");
        }
        Ok(())
    }

    fn host(&self) -> &str {
        self.url.strip_prefix("http://").unwrap_or(&self.url)
    }

    /// Every ticket that was redeemed, read from the log of the contract that pays.
    pub(crate) async fn redemptions(&self) -> anyhow::Result<Vec<Redemption>> {
        let filter = json!({
            "fromBlock": "0x0", "toBlock": "latest",
            "address": self.broker, "topics": [[REDEEMED, TRANSFER]],
        });
        let call = json!({
            "jsonrpc": "2.0", "id": 1, "method": "eth_getLogs", "params": [filter],
        });
        let mut answer = post(self.host(), &call).await?;
        let logs = serde_json::from_value(answer["result"].take())
            .with_context(|| format!("the chain answered eth_getLogs with {answer}"))?;
        read(logs)
    }
}

/// An entry of the log.
#[derive(Debug, Deserialize)]
struct Log {
    topics: Vec<String>,
    data: String,
}

impl Log {
    /// One of the 32-byte words of its data, as far as it fits.
    fn word(&self, index: usize) -> anyhow::Result<u128> {
        let digits = self.data.strip_prefix("0x").unwrap_or(&self.data);
        let word = digits.get(index * 64..(index + 1) * 64);
        let parts = word.and_then(|word| Some((word, word.split_at_checked(32)?)));
        let (word, (high, low)) =
            parts.with_context(|| format!("a log has no word {index}: {}", self.data))?;
        anyhow::ensure!(high.bytes().all(|b| b == b'0'), "a number in a log is too large: {word}");
        u128::from_str_radix(low, 16).with_context(|| format!("a log has no number: {word}"))
    }

    /// An indexed address.
    fn address(&self, index: usize) -> anyhow::Result<String> {
        let topic = self.topics.get(index).and_then(|topic| topic.get(26..));
        topic.map(|a| format!("0x{}", a.to_lowercase())).context("a log has no such address")
    }
}

fn read(logs: Vec<Log>) -> anyhow::Result<Vec<Redemption>> {
    let mut paid = 0;
    let mut redemptions = Vec::new();
    for log in logs {
        if log.topics.first().is_some_and(|topic| topic == TRANSFER) {
            paid = log.word(0)?;
            continue;
        }
        let nonce = log.word(2)?;
        redemptions.push(Redemption {
            recipient: log.address(2)?,
            tag: tag(nonce).with_context(|| format!("{nonce} is no nonce"))?,
            wei: std::mem::take(&mut paid),
        });
    }
    Ok(redemptions)
}

/// The tag in a nonce: what is above the ten bits that count.
fn tag(nonce: u128) -> Option<u32> {
    u32::try_from(nonce).ok().map(|nonce| nonce >> 10)
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{hex, keccak256};

    use super::*;

    fn log(topics: &[&str], words: &[u128]) -> Log {
        let data = words.iter().map(|word| format!("{word:064x}")).collect::<Vec<_>>().concat();
        let topics = topics.iter().map(|&topic| topic.to_owned()).collect();
        Log { topics, data: format!("0x{data}") }
    }

    #[test]
    fn events_are_known_by_their_hashes() {
        let of = |text: &str| hex::encode_prefixed(keccak256(text));
        let redeemed =
            "WinningTicketRedeemed(address,address,uint256,uint256,uint256,uint256,bytes)";
        assert_eq!(REDEEMED, of(redeemed));
        assert_eq!(TRANSFER, of("WinningTicketTransfer(address,address,uint256)"));
    }

    #[test]
    fn a_redemption_is_read_with_what_was_paid_and_the_tag_of_its_nonce() {
        let sender = format!("0x{:064x}", 1);
        let recipient = format!("0x{:024x}{}", 0, "AB".repeat(20));
        let logs = vec![
            log(&[TRANSFER, &sender, &recipient], &[70]),
            log(&[REDEEMED, &sender, &recipient], &[80, 5, 7 << 10 | 3, 0]),
            log(&[REDEEMED, &sender, &recipient], &[80, 5, 600, 0]),
        ];
        let recipient = format!("0x{}", "ab".repeat(20));
        let of = |tag, wei| Redemption { recipient: recipient.clone(), tag, wei };
        assert_eq!(read(logs).unwrap(), [of(7, 70), of(0, 0)]);
    }

    #[test]
    fn what_is_no_redemption_is_an_error_and_no_panic() {
        assert!(read(vec![log(&[REDEEMED], &[])]).is_err());
        assert!(read(vec![log(&[], &[1, 2, 1 << 40])]).is_err());
        assert!(read(vec![log(&[REDEEMED, "0x", "0x"], &[1, 2, 3])]).is_err());
    }
}
