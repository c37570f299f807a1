//! A chain with one sender and one recipient, and tickets between them.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use waymark_contracts::{RoundsManager, TicketBroker};
use waymark_testkit::chain::{Account, LocalChain, LocalChainError, Receipt, dev_account};

/// Ether in wei, in thousandths.
pub(crate) fn milliether(amount: u64) -> U256 {
    U256::from(amount) * U256::from(10).pow(U256::from(15))
}

/// A ticket and what its recipient keeps secret.
#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    pub(crate) ticket: TicketBroker::Ticket,
    pub(crate) rand: U256,
}

impl Drawn {
    pub(crate) fn hash(&self) -> B256 {
        let t = &self.ticket;
        keccak256(
            [
                t.recipient.as_slice(),
                t.sender.as_slice(),
                &t.faceValue.to_be_bytes::<32>(),
                &t.winProb.to_be_bytes::<32>(),
                &t.senderNonce.to_be_bytes::<32>(),
                t.recipientRandHash.as_slice(),
                &t.auxData,
            ]
            .concat(),
        )
    }

    pub(crate) fn signed(&self, by: &Account) -> Bytes {
        by.key().sign_eth(self.hash().as_slice()).into()
    }
}

pub(crate) struct Setting {
    pub(crate) chain: LocalChain,
    pub(crate) sender: Account,
    pub(crate) recipient: Address,
}

impl Setting {
    /// One active orchestrator; the sender has no funds yet.
    pub(crate) async fn new() -> Self {
        let chain = LocalChain::start().await.unwrap();
        let (sender, recipient) = (dev_account(1), dev_account(2).address());
        let stake = milliether(1_000);
        chain.register_orchestrator(recipient, "https://127.0.0.1:1", stake).await.unwrap();
        Self { chain, sender, recipient }
    }

    /// The same with money in both pockets.
    pub(crate) async fn funded(deposit: U256, reserve: U256) -> Self {
        let setting = Self::new().await;
        setting.fund(deposit, reserve).await;
        setting
    }

    pub(crate) async fn fund(&self, deposit: U256, reserve: U256) -> Receipt {
        self.chain.fund_sender(self.sender.address(), deposit, reserve).await.unwrap()
    }

    /// A ticket of the current round that always wins.
    pub(crate) async fn ticket(&self, nonce: u64, face_value: U256) -> Drawn {
        let round = U256::from(self.chain.current_round().await.unwrap());
        let rand = U256::from(5);
        let ticket = TicketBroker::Ticket {
            recipient: self.recipient,
            sender: self.sender.address(),
            faceValue: face_value,
            winProb: U256::MAX,
            senderNonce: U256::from(nonce),
            recipientRandHash: keccak256(rand.to_be_bytes::<32>()),
            auxData: self.aux(round).await,
        };
        Drawn { ticket, rand }
    }

    /// Aux data of a round, with the hash that the chain has for it.
    pub(crate) async fn aux(&self, round: U256) -> Bytes {
        let call = RoundsManager::blockHashForRoundCall { round };
        let hash = self.chain.read(self.chain.contracts().rounds_manager, &call).await.unwrap();
        aux(round, hash)
    }

    /// Redeems a ticket signed by its sender, from an account that has nothing to do with it.
    pub(crate) async fn redeem(&self, drawn: &Drawn) -> Result<Receipt, LocalChainError> {
        self.redeem_with(drawn, drawn.signed(&self.sender)).await
    }

    pub(crate) async fn redeem_with(
        &self,
        drawn: &Drawn,
        sig: impl Into<Bytes>,
    ) -> Result<Receipt, LocalChainError> {
        let anybody = dev_account(7).address();
        self.chain.redeem(anybody, drawn.ticket.clone(), sig, drawn.rand).await
    }
}

pub(crate) fn aux(round: U256, hash: B256) -> Bytes {
    [round.to_be_bytes::<32>(), hash.0].concat().into()
}

/// The text with which a call was refused.
#[track_caller]
pub(crate) fn reason<T: std::fmt::Debug>(result: Result<T, LocalChainError>) -> String {
    let error = result.expect_err("it should have been refused");
    error.revert_reason().unwrap_or_else(|| panic!("no revert: {error:?}")).to_owned()
}
