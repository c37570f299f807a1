//! What happened on the chain: one round of a gateway that says its tags in every way there is.

use alloy_primitives::{Address, B256, U256, keccak256};
use waymark_contracts::job_tag_registry::JobTagRegistry::{
    attestTicketsCall, commitRoundCall, setNonceSchemeCall,
};
use waymark_contracts::{RoundsManager, TicketBroker, job_tag_registry};
use waymark_tagging::round::{BookId, Leaf, RoundBook};
use waymark_tagging::{Tag, TagId, nonce};
use waymark_testkit::chain::{Account, LocalChain, dev_account};

/// A thousandth of an ether.
const MILLIETHER: u64 = 1_000_000_000_000_000;

/// A chain with something to read, and where the gateway published its book.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) chain: LocalChain,
    pub(crate) books: tempfile::TempDir,
    gateway: Account,
    orchestrator: Address,
    sessions: u64,
}

/// A winning ticket and the number that its orchestrator reveals.
struct Won {
    ticket: TicketBroker::Ticket,
    rand: U256,
    hash: B256,
}

impl Story {
    pub(crate) async fn tell() -> anyhow::Result<Self> {
        let mut story = Self::begin().await?;
        let abr = id("transcode/live/abr")?;
        // Announced for the next round, the earliest there is.
        let round = story.chain.current_round().await?.saturating_add(1);
        let scheme = job_tag_registry::SCHEME_TAGGED;
        let gw = story.gateway.address();
        let announce = setNonceSchemeCall { gw, scheme, fromRound: round, param: B256::ZERO };
        story.registry(&announce).await?;
        story.chain.next_round().await?;

        // In the nonce: grade A. A nonce as a stock gateway counts: untagged.
        let tagged =
            [story.win(nonce::encode(abr, 1)?).await?, story.win(nonce::encode(abr, 2)?).await?];
        let plain = story.win(1).await?;
        for won in tagged.iter().chain([&plain]) {
            story.redeem(won).await?;
        }
        // In a book that was committed before the redemption: grade B.
        let committed = story.win(2).await?;
        let leaves = [(&tagged[0], abr), (&tagged[1], abr), (&committed, id("ai/llm/chat")?)];
        story.commit(round, &leaves).await?;
        story.redeem(&committed).await?;
        // Attested after the redemption: grade D.
        let attested = story.win(3).await?;
        story.redeem(&attested).await?;
        let tag = id("ai/text-to-image")?.get();
        let attest = attestTicketsCall { gw, tagId: tag, ticketHashes: vec![attested.hash] };
        story.registry(&attest).await?;
        Ok(story)
    }

    async fn begin() -> anyhow::Result<Self> {
        let chain = LocalChain::start().await?;
        let (gateway, orchestrator) = (dev_account(1), dev_account(2).address());
        let ether = U256::from(MILLIETHER).saturating_mul(U256::from(1000));
        chain.register_orchestrator(orchestrator, "https://127.0.0.1:1", ether).await?;
        chain.fund_sender(gateway.address(), ether, ether).await?;
        Ok(Self { chain, books: tempfile::tempdir()?, gateway, orchestrator, sessions: 0 })
    }

    /// A ticket that wins for sure, in a session of its own.
    async fn win(&mut self, nonce: u32) -> anyhow::Result<Won> {
        self.sessions = self.sessions.saturating_add(1);
        let rand = U256::from(self.sessions);
        let round = U256::from(self.chain.current_round().await?);
        let rounds = self.chain.contracts().rounds_manager;
        let call = RoundsManager::blockHashForRoundCall { round };
        let hash = self.chain.read(rounds, &call).await?;
        let ticket = TicketBroker::Ticket {
            recipient: self.orchestrator,
            sender: self.gateway.address(),
            faceValue: U256::from(MILLIETHER),
            winProb: U256::MAX,
            senderNonce: U256::from(nonce),
            recipientRandHash: keccak256(rand.to_be_bytes::<32>()),
            auxData: [round.to_be_bytes::<32>(), hash.0].concat().into(),
        };
        let call = TicketBroker::getTicketHashCall { ticket: ticket.clone() };
        let hash = self.chain.read(self.chain.contracts().ticket_broker, &call).await?;
        Ok(Won { ticket, rand, hash })
    }

    async fn redeem(&self, won: &Won) -> anyhow::Result<()> {
        let signature = self.gateway.key().sign_eth(won.hash.as_slice());
        self.chain.redeem(self.orchestrator, won.ticket.clone(), signature, won.rand).await?;
        Ok(())
    }

    /// Commits to a book with these sessions, and publishes its leaf file.
    async fn commit(&self, round: u64, sessions: &[(&Won, TagId)]) -> anyhow::Result<()> {
        let (chain_id, gateway) = (self.chain.options().chain_id, self.gateway.address());
        let leaf = |(won, tag): &(&Won, TagId)| Leaf {
            recipient: won.ticket.recipient,
            recipient_rand_hash: won.ticket.recipientRandHash,
            tag_id: *tag,
            job_ref: B256::ZERO,
            ev_wei: u128::from(MILLIETHER),
            ticket_count: 3,
        };
        let book = RoundBook::new(
            BookId { chain_id, gateway, round },
            sessions.iter().map(leaf).collect(),
        )?;
        std::fs::write(self.books.path().join("book.json"), book.to_json())?;
        let call = commitRoundCall {
            gw: gateway,
            round,
            root: book.root(),
            datasetRoot: B256::ZERO,
            leaves: u32::try_from(book.leaves().len())?,
            totalEV: book.total_ev()?,
            uri: String::new(),
        };
        self.registry(&call).await
    }

    async fn registry(&self, call: &impl alloy_sol_types::SolCall) -> anyhow::Result<()> {
        let registry = self.chain.contracts().job_tag_registry;
        self.chain.send(self.gateway.address(), registry, call, U256::ZERO).await?;
        Ok(())
    }
}

/// A tag's number in a new registry.
fn id(path: &str) -> anyhow::Result<TagId> {
    let tag: Tag = path.parse()?;
    let seed = job_tag_registry::seed().find(|seed| seed.path == tag.as_str());
    let seed = seed.ok_or_else(|| anyhow::anyhow!("{tag} is not in the registry"))?;
    Ok(TagId::try_from(seed.id)?)
}
