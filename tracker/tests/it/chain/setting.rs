//! A chain with two orchestrators, gateways as needed, and a count of everything that is redeemed.

use std::collections::BTreeMap;
use std::ops::Range;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolCall;
use serde_json::{Value, json};
use waymark_contracts::job_tag_registry::JobTagRegistry as abi;
use waymark_contracts::{RoundsManager, TicketBroker};
use waymark_testkit::chain::{Account, LocalChain, Receipt, dev_account};

/// Ether in wei, in thousandths.
pub(crate) fn milliether(amount: u64) -> U256 {
    U256::from(amount) * U256::from(10).pow(U256::from(15))
}

/// A ticket and what its recipient keeps secret.
#[derive(Debug, Clone)]
pub(crate) struct Drawn {
    pub(crate) ticket: TicketBroker::Ticket,
    rand: U256,
}

impl Drawn {
    pub(crate) fn hash(&self) -> B256 {
        let t = &self.ticket;
        let mut bytes = [t.recipient.as_slice(), t.sender.as_slice()].concat();
        for word in [t.faceValue, t.winProb, t.senderNonce] {
            bytes.extend_from_slice(&word.to_be_bytes::<32>());
        }
        bytes.extend_from_slice(t.recipientRandHash.as_slice());
        bytes.extend_from_slice(&t.auxData);
        keccak256(bytes)
    }

    fn signed(&self, by: &Account) -> Bytes {
        by.key().sign_eth(self.hash().as_slice()).into()
    }
}

/// What must be in the report.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    winners: u64,
    face_value: U256,
    paid: U256,
}

pub(crate) struct Setting {
    pub(crate) chain: LocalChain,
    recipients: [Address; 2],
    counted: BTreeMap<(u64, Address, u32), Counted>,
    drawn: u64,
}

impl Setting {
    pub(crate) async fn new() -> Self {
        let chain = LocalChain::start().await.unwrap();
        let recipients = [2, 3].map(|index| dev_account(index).address());
        for recipient in recipients {
            let uri = "https://127.0.0.1:1";
            chain.register_orchestrator(recipient, uri, milliether(1_000)).await.unwrap();
        }
        Self { chain, recipients, counted: BTreeMap::new(), drawn: 0 }
    }

    pub(crate) async fn gateway(&self, deposit: U256, reserve: U256) -> Account {
        let gateway = self.chain.account(milliether(1_000)).await.unwrap();
        self.chain.fund_sender(gateway.address(), deposit, reserve).await.unwrap();
        gateway
    }

    pub(crate) async fn registry(&self, gateway: &Account, call: &impl SolCall) -> Receipt {
        let registry = self.chain.contracts().job_tag_registry;
        self.chain.send(gateway.address(), registry, call, U256::ZERO).await.unwrap()
    }

    pub(crate) async fn set_scheme(&self, gateway: &Account, scheme: u8, from_round: u64) {
        let (gw, param) = (gateway.address(), B256::ZERO);
        let call = abi::setNonceSchemeCall { gw, scheme, fromRound: from_round, param };
        self.registry(gateway, &call).await;
    }

    /// A winning ticket of this round, for the first orchestrator, in a session of its own.
    pub(crate) async fn draw(&mut self, gateway: &Account, nonce: u64, face_value: U256) -> Drawn {
        self.drawn += 1;
        let rand = U256::from(self.drawn);
        let round = U256::from(self.chain.current_round().await.unwrap());
        let call = RoundsManager::blockHashForRoundCall { round };
        let hash = self.chain.read(self.chain.contracts().rounds_manager, &call).await.unwrap();
        let ticket = TicketBroker::Ticket {
            recipient: self.recipients[0],
            sender: gateway.address(),
            faceValue: face_value,
            winProb: U256::MAX,
            senderNonce: U256::from(nonce),
            recipientRandHash: keccak256(rand.to_be_bytes::<32>()),
            auxData: [round.to_be_bytes::<32>(), hash.0].concat().into(),
        };
        Drawn { ticket, rand }
    }

    /// Draws a ticket and redeems it; so much of it is paid, under this tag.
    pub(crate) async fn redeem(
        &mut self,
        gateway: &Account,
        nonce: u64,
        face_value: U256,
        paid: U256,
        tag: u32,
    ) -> Drawn {
        let drawn = self.draw(gateway, nonce, face_value).await;
        self.redeem_drawn(gateway, &drawn, paid, tag).await;
        drawn
    }

    pub(crate) async fn redeem_drawn(
        &mut self,
        gateway: &Account,
        drawn: &Drawn,
        paid: U256,
        tag: u32,
    ) {
        let (ticket, signature) = (drawn.ticket.clone(), drawn.signed(gateway));
        let anybody = dev_account(7).address();
        let receipt = self.chain.redeem(anybody, ticket, signature, drawn.rand).await.unwrap();
        let transfers: Vec<TicketBroker::WinningTicketTransfer> = receipt.events();
        let transferred: U256 = transfers.iter().map(|transfer| transfer.amount).sum();
        assert_eq!(transferred, paid, "the setting is as it should be");
        self.count(drawn, paid, tag);
    }

    /// Redeems one ticket for each nonce in one transaction, a thousandth of an ether each.
    pub(crate) async fn batch(&mut self, gateway: &Account, nonces: Range<u64>, tag: u32) {
        let mut all = Vec::new();
        for nonce in nonces {
            all.push(self.draw(gateway, nonce, milliether(1)).await);
        }
        let receipt = self.send_batch(gateway, &all).await;
        let redeemed: Vec<TicketBroker::WinningTicketRedeemed> = receipt.events();
        assert_eq!(redeemed.len(), all.len());
        for drawn in &all {
            self.count(drawn, milliether(1), tag);
        }
    }

    /// A batch of which every other ticket fails, each for another reason, with two orchestrators.
    pub(crate) async fn batch_with_failures(&mut self, gateway: &Account, tag: u32) {
        let mut all = Vec::new();
        for counter in 1..=7 {
            let nonce = u64::from(tag) << 10 | counter;
            all.push(self.draw(gateway, nonce, milliether(counter)).await);
        }
        all[1].ticket.winProb = U256::ZERO;
        all[2].ticket.recipient = self.recipients[1];
        all[3].rand += U256::from(1);
        all[5] = all[0].clone();
        let receipt = self.send_batch(gateway, &all).await;
        let redeemed: Vec<TicketBroker::WinningTicketRedeemed> = receipt.events();
        assert_eq!(redeemed.len(), 4);
        for index in [0, 2, 4, 6] {
            let drawn = all[index].clone();
            self.count(&drawn, drawn.ticket.faceValue, tag);
        }
    }

    async fn send_batch(&self, gateway: &Account, all: &[Drawn]) -> Receipt {
        let call = TicketBroker::batchRedeemWinningTicketsCall {
            tickets: all.iter().map(|drawn| drawn.ticket.clone()).collect(),
            sigs: all.iter().map(|drawn| drawn.signed(gateway)).collect(),
            recipientRands: all.iter().map(|drawn| drawn.rand).collect(),
        };
        let broker = self.chain.contracts().ticket_broker;
        self.chain.send(dev_account(7).address(), broker, &call, U256::ZERO).await.unwrap()
    }

    fn count(&mut self, drawn: &Drawn, paid: U256, tag: u32) {
        let ticket = &drawn.ticket;
        let round = U256::from_be_slice(&ticket.auxData[..32]).to();
        let counted = self.counted.entry((round, ticket.sender, tag)).or_default();
        counted.winners += 1;
        counted.face_value += ticket.faceValue;
        counted.paid += paid;
    }

    /// Round, gateway, tag, winners, face value and paid, as text.
    pub(crate) fn expected(&self) -> Vec<String> {
        let text = |((round, gateway, tag), counted): (&(u64, Address, u32), &Counted)| {
            let Counted { winners, face_value, paid } = counted;
            format!("{round} {gateway:#x} {tag} {winners} {face_value} {paid}")
        };
        let mut all: Vec<String> = self.counted.iter().map(text).collect();
        all.sort();
        all
    }

    /// Every log of the chain, as the node gives them.
    pub(crate) async fn logs(&self) -> String {
        let filter = json!([{ "fromBlock": "0x0", "toBlock": "latest" }]);
        let logs: Value = self.chain.rpc().call("eth_getLogs", filter).await.unwrap();
        logs.to_string()
    }
}
