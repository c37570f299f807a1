//! The registry on a chain, and many calls in one.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolEvent};
use waymark_contracts::{
    JobTagRegistry, Multicall3, RoundsManager, TicketBroker, job_tag_registry, multicall3,
};
use waymark_payments::ticket::{Creation, Ticket};
use waymark_testkit::chain::{Account, LocalChain, LocalChainError, Receipt, dev_account};

/// Nonces are read by scheme 1 from this many rounds after the first on.
pub(crate) const LEAD: u64 = 1;

pub(crate) struct OnChain {
    pub(crate) chain: LocalChain,
    pub(crate) registry: Address,
    pub(crate) gateway: Account,
    pub(crate) recipient: Address,
}

/// A redeemed ticket, and its hash.
pub(crate) struct Paid {
    pub(crate) ticket: job_tag_registry::Ticket,
    pub(crate) hash: B256,
}

impl OnChain {
    pub(crate) async fn new() -> Self {
        let chain = LocalChain::start().await.unwrap();
        let registry = chain.contracts().job_tag_registry;
        let (gateway, recipient) = (dev_account(1), dev_account(2).address());
        Self { chain, registry, gateway, recipient }
    }

    /// The same with an orchestrator and money, in the first round whose nonces are read by scheme 1.
    pub(crate) async fn tagged() -> Self {
        let s = Self::new().await;
        let stake = U256::from(10).pow(U256::from(21));
        s.chain.register_orchestrator(s.recipient, "https://127.0.0.1:1", stake).await.unwrap();
        let money = U256::from(10).pow(U256::from(18));
        s.chain.fund_sender(s.gateway.address(), money, money).await.unwrap();
        let from_round = s.round().await + LEAD;
        s.announce(1, from_round).await.unwrap();
        s.chain.next_round().await.unwrap();
        s
    }

    pub(crate) async fn round(&self) -> u64 {
        self.chain.current_round().await.unwrap()
    }

    pub(crate) async fn announce(&self, scheme: u8, from: u64) -> Result<Receipt, LocalChainError> {
        let gw = self.gateway.address();
        let call =
            JobTagRegistry::setNonceSchemeCall { gw, scheme, fromRound: from, param: B256::ZERO };
        self.send(gw, &call).await
    }

    pub(crate) async fn send<C: SolCall>(
        &self,
        from: Address,
        call: &C,
    ) -> Result<Receipt, LocalChainError> {
        self.chain.send(from, self.registry, call, U256::ZERO).await
    }

    pub(crate) async fn read<C: SolCall>(&self, call: &C) -> C::Return {
        self.chain.read(self.registry, call).await.unwrap()
    }

    /// Calls the registry many times on the same state, which is thrown away; the caller that it sees is
    /// [`multicall3::ADDRESS`]. Success, and what was returned.
    pub(crate) async fn many(&self, calls: Vec<Vec<u8>>) -> Vec<(bool, Bytes)> {
        let calls = calls.into_iter().map(|data| Multicall3::Call3 {
            target: self.registry,
            allowFailure: true,
            callData: data.into(),
        });
        let call = Multicall3::aggregate3Call { calls: calls.collect() };
        let results = self.chain.read(multicall3::ADDRESS, &call).await.unwrap();
        results.into_iter().map(|result| (result.success, result.returnData)).collect()
    }

    /// The same in parts of so many, for calls that return words. Every one must succeed.
    pub(crate) async fn words<C: SolCall>(&self, calls: &[C], part: usize) -> Vec<C::Return> {
        let mut words = Vec::with_capacity(calls.len());
        for part in calls.chunks(part) {
            for (done, word) in self.many(part.iter().map(C::abi_encode).collect()).await {
                assert!(done, "{}", C::SIGNATURE);
                words.push(C::abi_decode_returns(&word).unwrap());
            }
        }
        words
    }

    /// Redeems a ticket of the current round for a session, whose secret is `rand`.
    pub(crate) async fn pay(&self, nonce: u32, rand: u64) -> Paid {
        let rand = U256::from(rand);
        let ticket = Ticket {
            recipient: self.recipient,
            sender: self.gateway.address(),
            face_value: U256::from(2_400_000_000_000_000_u64),
            win_prob: U256::MAX,
            nonce,
            recipient_rand_hash: session(rand),
            creation: self.creation().await,
        };
        let hash = ticket.hash();
        let signature = self.gateway.key().sign_eth(hash.as_slice());
        let ticket = broker_ticket(&ticket);
        let anybody = dev_account(7).address();
        self.chain.redeem(anybody, ticket.clone(), signature, rand).await.unwrap();
        Paid { ticket: ticket.into(), hash }
    }

    async fn creation(&self) -> Creation {
        let round = self.round().await;
        let call = RoundsManager::blockHashForRoundCall { round: U256::from(round) };
        let rounds = self.chain.contracts().rounds_manager;
        Creation { round, block_hash: self.chain.read(rounds, &call).await.unwrap() }
    }
}

/// The `recipientRandHash` of a secret.
pub(crate) fn session(rand: U256) -> B256 {
    keccak256(rand.to_be_bytes::<32>())
}

/// A ticket as the contracts see it.
pub(crate) fn broker_ticket(ticket: &Ticket) -> TicketBroker::Ticket {
    TicketBroker::Ticket {
        recipient: ticket.recipient,
        sender: ticket.sender,
        faceValue: ticket.face_value,
        winProb: ticket.win_prob,
        senderNonce: U256::from(ticket.nonce),
        recipientRandHash: ticket.recipient_rand_hash,
        auxData: ticket.creation.aux_data().into(),
    }
}

/// The only event of a kind.
pub(crate) fn one<E: SolEvent>(receipt: &Receipt) -> E {
    let mut events = receipt.events::<E>();
    assert_eq!(events.len(), 1, "{}", E::SIGNATURE);
    events.remove(0)
}

/// The sentence with which a call was refused.
#[track_caller]
pub(crate) fn refusal<T: std::fmt::Debug>(result: Result<T, LocalChainError>) -> String {
    let error = result.expect_err("it should have been refused");
    error.revert_reason().unwrap_or_else(|| panic!("no revert: {error:?}")).to_owned()
}
