//! The JobTagRegistry: what tags exist, which gateway wants which, and what a gateway says it paid for.
//!
//! Written for this project (`solidity/src/JobTagRegistry.sol`); no part of Livepeer. It holds no money and
//! has no power over anybody's record: each entry belongs to one gateway and is written by it or by an
//! operator that it named. Interface: payments-contracts 6.4, with the data set's root in a round's commitment,
//! the manifest and the data key of product.md 3.
//!
//! Prices are wei for each unit of work as an exact fraction, times are Unix seconds, rounds those of the
//! RoundsManager.

use alloy_primitives::Address;
use alloy_sol_types::{Eip712Domain, eip712_domain, sol};

#[cfg(test)]
mod abi;
mod floors;
pub(crate) mod refusal;
mod seed;
#[cfg(test)]
mod tests;

pub use self::JobTagRegistry::{Advert, Commit, Leaf, TagInfo, Ticket};
pub use self::floors::Floors;
pub use self::seed::{SeedTag, seed};

/// Children of a tag with this flag may be registered by anybody.
pub const OPEN: u8 = 1;

/// [`TagInfo::status`] of a tag in use.
pub const ACTIVE: u8 = 1;
/// [`TagInfo::status`] of a tag that should not be used any more.
pub const DEPRECATED: u8 = 2;

/// Plain nonces: nothing can be read from them.
pub const SCHEME_PLAIN: u8 = 0;
/// `nonce = tag id << 10 | counter`.
pub const SCHEME_TAGGED: u8 = 1;
/// Reserved: tag bits permuted by a key of the round, committed to in `param`.
pub const SCHEME_SEALED: u8 = 2;

sol! {
    #![sol(all_derives)]

    /// Tags, adverts, nonce schemes, round books, attestations.
    #[allow(clippy::too_many_arguments, reason = "the macro makes functions of the contract's")]
    interface JobTagRegistry {
        /// A ticket as the TicketBroker sees it.
        struct Ticket {
            address recipient;
            address sender;
            uint256 faceValue;
            uint256 winProb;
            uint256 senderNonce;
            bytes32 recipientRandHash;
            bytes auxData;
        }

        /// A line of a round book: one payment session, named by its `recipientRandHash`.
        /// `evWei` is the expected value of one of its `ticketCount` tickets.
        struct Leaf {
            address recipient;
            bytes32 recipientRandHash;
            uint32 tagId;
            bytes32 jobRef;
            uint128 evWei;
            uint32 ticketCount;
        }

        /// A tag. `depth` of a root is 1, `parentId` of a root 0.
        struct TagInfo {
            uint32 parentId;
            uint8 depth;
            uint8 flags;
            uint8 status;
            uint40 createdAt;
            address owner;
        }

        /// What a gateway says it pays at most for a tag, and what it asks of orchestrators at least.
        struct Advert {
            uint40 expiry;
            uint32 revision;
            uint8 unit;
            uint64 priceDen;
            uint96 priceNum;
            bytes32 floors;
            bytes32 contentHash;
        }

        /// The newest commitment to a round book; revision 0 when there is none.
        struct Commit {
            bytes32 root;
            uint32 revision;
            uint32 leaves;
            uint40 at;
            uint128 totalEV;
        }

        /// A tag exists. `key` is the namehash of its path.
        event TagRegistered(uint32 indexed tagId, uint32 indexed parentId, bytes32 indexed key, address owner, uint8 flags, string label, bytes32 schemaHash, string schemaURI);
        /// A tag is described by another document.
        event TagSchemaUpdated(uint32 indexed tagId, bytes32 schemaHash, string schemaURI);
        /// A tag is in use or no longer, and what to use instead.
        event TagStatusSet(uint32 indexed tagId, uint8 status, uint32 replacementId);
        /// A tag has another owner.
        event TagOwnerSet(uint32 indexed tagId, address indexed owner);
        /// A gateway buys work of a tag.
        event AdvertPosted(address indexed gateway, uint32 indexed tagId, uint32 revision, uint40 expiry, uint8 unit, uint96 priceNum, uint64 priceDen, bytes32 floors, bytes32 contentHash, string uri);
        /// It does not any more.
        event AdvertCancelled(address indexed gateway, uint32 indexed tagId, uint32 revision);
        /// How the nonces of a gateway's tickets are read, for tickets created from `fromRound` on.
        event NonceSchemeSet(address indexed gateway, uint64 indexed fromRound, uint8 scheme, bytes32 param);
        /// A gateway's book of a round. `datasetRoot` is over its published data files.
        event RoundCommitted(address indexed gateway, uint64 indexed round, uint32 revision, bytes32 root, bytes32 datasetRoot, uint32 leaves, uint128 totalEV, string uri);
        /// A redeemed ticket is in the book.
        event TicketTagProven(bytes32 indexed ticketHash, address indexed gateway, uint32 indexed tagId, address recipient, uint256 faceValue, uint64 round, bytes32 jobRef);
        /// A gateway names the tag of tickets after the fact.
        event TicketsAttested(address indexed gateway, uint32 indexed tagId, bytes32[] ticketHashes);
        /// A ticket's nonce says one tag, its sender's book another.
        event Equivocation(bytes32 indexed ticketHash, address indexed gateway, uint32 nonceTagId, uint32 leafTagId);
        /// Who may write for a gateway, until when; 0 is never.
        event OperatorSet(address indexed gateway, address indexed operator, uint40 expiry);
        /// Where a gateway's manifest is, and its hash.
        event ManifestSet(address indexed gateway, string uri, bytes32 hash);
        /// The key that signs a gateway's published data; zero for none.
        event DataKeySet(address indexed gateway, address indexed key);

        /// The caller is neither the gateway nor its operator.
        error NotAuthorized(address gateway, address caller);
        /// The caller may not register below this parent; 0 stands for a root that is the curator's.
        error NotTagOwner(uint32 tagId, address caller);
        /// There is no such tag.
        error UnknownTag(uint32 tagId);
        /// The tag exists already.
        error TagExists(uint32 tagId);
        /// All numbers that a nonce has room for are given.
        error TagIdsExhausted();
        /// The label breaks the grammar; at which byte.
        error InvalidLabel(string label, uint256 position);
        /// More than a root and four segments.
        error TooDeep(uint32 parentId);
        /// The whole path has more than 96 bytes.
        error PathTooLong(uint256 length);
        /// Flags that mean nothing.
        error UnknownFlags(uint8 flags);
        /// Neither 1 (active) nor 2 (deprecated).
        error UnknownStatus(uint8 status);
        /// The replacement is no active tag, is the tag itself, or the tag stays active.
        error InvalidReplacement(uint32 tagId, uint32 replacementId);
        /// The tag is deprecated.
        error TagNotActive(uint32 tagId);
        /// The zero address where an account is needed.
        error ZeroAddress();
        /// A time that is over, or too far away.
        error InvalidExpiry(uint40 expiry, uint256 earliest, uint256 latest);
        /// A unit that no meaning is agreed for.
        error UnknownUnit(uint8 unit);
        /// A fraction of nothing.
        error ZeroDenominator();
        /// Floors that are not encoded as their version says.
        error InvalidFloors(bytes32 floors);
        /// Nothing to cancel.
        error NoAdvert(address gateway, uint32 tagId);
        /// A scheme that no meaning is agreed for.
        error UnknownScheme(uint8 scheme);
        /// A scheme begins in a future round, after the one announced last, within a bound.
        error InvalidSchemeRound(uint64 fromRound, uint256 earliest, uint256 latest);
        /// A round is committed while it runs and in the two after it.
        error OutsideCommitWindow(uint64 round, uint256 currentRound);
        /// A root without leaves, or leaves without a root.
        error InvalidBook(bytes32 root, uint32 leaves);
        /// The gateway has no book of the round.
        error NotCommitted(address gateway, uint64 round);
        /// The ticket names no round: aux data are not 64 bytes, or the round has more than 64 bits.
        error InvalidAuxData();
        /// The leaf is of another payment session than the ticket.
        error LeafMismatch();
        /// The leaf is not in the book.
        error NotInBook(bytes32 root, bytes32 leaf);
        /// The ticket was not redeemed.
        error TicketNotUsed(bytes32 ticketHash);
        /// Nonce and book say the same, or the nonce says nothing.
        error NoEquivocation(uint32 nonceTagId, uint32 leafTagId);
        /// No ticket in the list.
        error NothingAttested();
        /// No valid signature of the gateway over this permission.
        error InvalidSignature();
        /// The Controller does not know the contract.
        error UnknownContract(bytes32 id);

        /// Registers a tag below a parent, 0 for a root.
        function registerTag(uint32 parentId, string memory label, uint8 flags, bytes32 schemaHash, string memory schemaURI) external returns (uint32 tagId);
        /// Describes a tag by another document.
        function updateSchema(uint32 tagId, bytes32 schemaHash, string memory schemaURI) external;
        /// Deprecates a tag, or takes that back.
        function setTagStatus(uint32 tagId, uint8 status, uint32 replacementId) external;
        /// Gives a tag to somebody else.
        function transferTag(uint32 tagId, address newOwner) external;
        /// Number of a namehash; 0 for none.
        function tagIdOf(bytes32 key) external view returns (uint32 tagId);
        /// Namehash of a number; zero for none.
        function keyOf(uint32 tagId) external view returns (bytes32 key);
        /// A tag.
        function tagInfo(uint32 tagId) external view returns (TagInfo memory info);
        /// Bytes of a tag's path.
        function pathLength(uint32 tagId) external view returns (uint256 length);
        /// How many tags there are; they are numbered from 1.
        function tagCount() external view returns (uint32 count);

        /// Says that a gateway buys work of a tag.
        function postAdvert(address gw, uint32 tagId, uint40 expiry, uint8 unit, uint96 priceNum, uint64 priceDen, bytes32 floors, bytes32 contentHash, string memory uri) external;
        /// Takes that back.
        function cancelAdvert(address gw, uint32 tagId) external;
        /// A gateway's advert, and whether it holds now.
        function advertOf(address gw, uint32 tagId) external view returns (Advert memory advert, bool active);

        /// Announces how nonces are read from a future round on.
        function setNonceScheme(address gw, uint8 scheme, uint64 fromRound, bytes32 param) external;
        /// Scheme of tickets created in a round.
        function schemeAt(address gw, uint64 round) external view returns (uint8 scheme);
        /// Tag and counter in a nonce; (0, 0) when it carries neither.
        function decodeNonce(address gw, uint64 creationRound, uint256 nonce) external view returns (uint32 tagId, uint16 counter);

        /// Commits a gateway to its book of a round.
        function commitRound(address gw, uint64 round, bytes32 root, bytes32 datasetRoot, uint32 leaves, uint128 totalEV, string memory uri) external;
        /// The newest commitment of a round.
        function commitOf(address gw, uint64 round) external view returns (Commit memory commit);
        /// Hash of a ticket, as the TicketBroker makes it.
        function ticketHash(Ticket memory ticket) external pure returns (bytes32 hash);
        /// Hash of a line of a round book.
        function leafHash(address gw, uint64 round, Leaf memory leaf) external view returns (bytes32 hash);
        /// Records that a redeemed ticket is in its sender's book, and under which tag.
        function proveTicketTag(Ticket memory ticket, Leaf memory leaf, bytes32[] memory proof) external;
        /// Records that a redeemed ticket's nonce and its sender's book name different tags.
        function reportEquivocation(Ticket memory ticket, Leaf memory leaf, bytes32[] memory proof) external;
        /// Names the tag of tickets after the fact.
        function attestTickets(address gw, uint32 tagId, bytes32[] memory ticketHashes) external;

        /// Lets an account write for the caller until a time; 0 ends that.
        function setOperator(address operator, uint40 expiry) external;
        /// The same with the gateway's signature, sent by anybody.
        function setOperatorBySig(address gw, address op, uint40 expiry, bytes memory sig) external;
        /// Until when an account may write for a gateway.
        function operatorExpiry(address gw, address op) external view returns (uint40 expiry);
        /// Whether an account may write for a gateway now.
        function isAuthorized(address gw, address account) external view returns (bool authorized);
        /// How many signed permissions of a gateway were used; the next one signs this number.
        function sigNonce(address gw) external view returns (uint256 nonce);
        /// EIP-712 domain of signed permissions.
        function domainSeparator() external view returns (bytes32 separator);

        /// Publishes where the caller's manifest is.
        function setManifest(string memory uri, bytes32 hash) external;
        /// Publishes the key that signs the caller's data.
        function setDataKey(address key) external;

        /// Livepeer's Controller, through which its other contracts are found.
        function controller() external view returns (address controller);
        /// Who registers the roots outside `x-`.
        function curator() external view returns (address curator);
    }

    /// What a gateway signs to let an account write for it. Domain: `JobTagRegistry`, version 1.
    struct SetOperator {
        address gateway;
        address operator;
        uint40 expiry;
        uint256 nonce;
    }
}

/// The domain under which a gateway signs [`SetOperator`].
pub fn operator_domain(chain_id: u64, registry: Address) -> Eip712Domain {
    eip712_domain! {
        name: "JobTagRegistry",
        version: "1",
        chain_id: chain_id,
        verifying_contract: registry,
    }
}

impl From<crate::TicketBroker::Ticket> for Ticket {
    fn from(ticket: crate::TicketBroker::Ticket) -> Self {
        Self {
            recipient: ticket.recipient,
            sender: ticket.sender,
            faceValue: ticket.faceValue,
            winProb: ticket.winProb,
            senderNonce: ticket.senderNonce,
            recipientRandHash: ticket.recipientRandHash,
            auxData: ticket.auxData,
        }
    }
}
