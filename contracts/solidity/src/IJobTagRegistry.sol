// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @title What the JobTagRegistry says, refuses and holds
/// @notice Structures, events and errors of the registry, apart from what makes them. Times are Unix seconds,
/// rounds those of Livepeer's RoundsManager, prices wei for each unit of work as an exact fraction.
interface IJobTagRegistry {
    /// @notice A ticket as Livepeer's TicketBroker sees it.
    struct Ticket {
        address recipient;
        address sender;
        uint256 faceValue;
        uint256 winProb;
        uint256 senderNonce;
        bytes32 recipientRandHash;
        bytes auxData;
    }

    /// @notice A line of a round book: one payment session, named by its recipientRandHash.
    /// `evWei` is the expected value of one of its `ticketCount` tickets.
    struct Leaf {
        address recipient;
        bytes32 recipientRandHash;
        uint32 tagId;
        bytes32 jobRef;
        uint128 evWei;
        uint32 ticketCount;
    }

    /// @notice A tag, in one slot. A root has depth 1 and parent 0.
    struct TagInfo {
        uint32 parentId;
        uint8 depth;
        uint8 flags;
        uint8 status;
        uint40 createdAt;
        address owner;
    }

    /// @notice What a gateway pays at most for a tag, and what it asks of orchestrators at least. Three slots.
    struct Advert {
        uint40 expiry;
        uint32 revision;
        uint8 unit;
        uint64 priceDen;
        uint96 priceNum;
        bytes32 floors;
        bytes32 contentHash;
    }

    /// @notice The newest commitment to a round book. Two slots; revision 0 when there is none.
    struct Commit {
        bytes32 root;
        uint32 revision;
        uint32 leaves;
        uint40 at;
        uint128 totalEV;
    }

    // Tags.

    /// @notice A tag exists. `key` is the namehash of its path, numbers are dense and never given again.
    event TagRegistered(
        uint32 indexed tagId,
        uint32 indexed parentId,
        bytes32 indexed key,
        address owner,
        uint8 flags,
        string label,
        bytes32 schemaHash,
        string schemaURI
    );
    /// @notice A tag is described by another document.
    event TagSchemaUpdated(uint32 indexed tagId, bytes32 schemaHash, string schemaURI);
    /// @notice A tag is in use (1) or no longer (2), and what to use instead; 0 for nothing.
    event TagStatusSet(uint32 indexed tagId, uint8 status, uint32 replacementId);
    /// @notice A tag has another owner.
    event TagOwnerSet(uint32 indexed tagId, address indexed owner);

    // Gateways.

    /// @notice A gateway buys work of a tag.
    event AdvertPosted(
        address indexed gateway,
        uint32 indexed tagId,
        uint32 revision,
        uint40 expiry,
        uint8 unit,
        uint96 priceNum,
        uint64 priceDen,
        bytes32 floors,
        bytes32 contentHash,
        string uri
    );
    /// @notice It does not any more.
    event AdvertCancelled(address indexed gateway, uint32 indexed tagId, uint32 revision);
    /// @notice How the nonces of a gateway's tickets are read, for tickets created from `fromRound` on.
    event NonceSchemeSet(address indexed gateway, uint64 indexed fromRound, uint8 scheme, bytes32 param);
    /// @notice A gateway's book of a round, and the root over its published data files, which is kept only here.
    event RoundCommitted(
        address indexed gateway,
        uint64 indexed round,
        uint32 revision,
        bytes32 root,
        bytes32 datasetRoot,
        uint32 leaves,
        uint128 totalEV,
        string uri
    );
    /// @notice A redeemed ticket is in its sender's book.
    event TicketTagProven(
        bytes32 indexed ticketHash,
        address indexed gateway,
        uint32 indexed tagId,
        address recipient,
        uint256 faceValue,
        uint64 round,
        bytes32 jobRef
    );
    /// @notice A gateway names the tag of tickets after the fact.
    event TicketsAttested(address indexed gateway, uint32 indexed tagId, bytes32[] ticketHashes);
    /// @notice A redeemed ticket's nonce says one tag, its sender's book another.
    event Equivocation(bytes32 indexed ticketHash, address indexed gateway, uint32 nonceTagId, uint32 leafTagId);
    /// @notice Who may write for a gateway, until when; 0 is never.
    event OperatorSet(address indexed gateway, address indexed operator, uint40 expiry);
    /// @notice Where a gateway's manifest is, and its hash.
    event ManifestSet(address indexed gateway, string uri, bytes32 hash);
    /// @notice The key that signs a gateway's published data; zero for none.
    event DataKeySet(address indexed gateway, address indexed key);

    // Refusals.

    /// @notice The caller is neither the gateway nor its operator.
    error NotAuthorized(address gateway, address caller);
    /// @notice The caller may not register below this parent; 0 stands for a root that is the curator's.
    error NotTagOwner(uint32 tagId, address caller);
    /// @notice There is no such tag.
    error UnknownTag(uint32 tagId);
    /// @notice The tag exists already.
    error TagExists(uint32 tagId);
    /// @notice All numbers that a nonce has room for are given.
    error TagIdsExhausted();
    /// @notice The label breaks the grammar; at which byte.
    error InvalidLabel(string label, uint256 position);
    /// @notice More than a root and four segments.
    error TooDeep(uint32 parentId);
    /// @notice The whole path has more than 96 bytes.
    error PathTooLong(uint256 length);
    /// @notice Flags that mean nothing.
    error UnknownFlags(uint8 flags);
    /// @notice Neither 1 (active) nor 2 (deprecated).
    error UnknownStatus(uint8 status);
    /// @notice The replacement is no active tag, is the tag itself, or the tag stays active.
    error InvalidReplacement(uint32 tagId, uint32 replacementId);
    /// @notice The tag is deprecated.
    error TagNotActive(uint32 tagId);
    /// @notice The zero address where an account is needed.
    error ZeroAddress();
    /// @notice A time that is over, or too far away.
    error InvalidExpiry(uint40 expiry, uint256 earliest, uint256 latest);
    /// @notice A unit that no meaning is agreed for.
    error UnknownUnit(uint8 unit);
    /// @notice A fraction of nothing.
    error ZeroDenominator();
    /// @notice Floors that are not encoded as their version says.
    error InvalidFloors(bytes32 floors);
    /// @notice Nothing to cancel.
    error NoAdvert(address gateway, uint32 tagId);
    /// @notice A scheme that no meaning is agreed for.
    error UnknownScheme(uint8 scheme);
    /// @notice A scheme begins in a future round, after the one announced last, within a bound.
    error InvalidSchemeRound(uint64 fromRound, uint256 earliest, uint256 latest);
    /// @notice A round is committed while it runs and in the two after it.
    error OutsideCommitWindow(uint64 round, uint256 currentRound);
    /// @notice A root without leaves, or leaves without a root.
    error InvalidBook(bytes32 root, uint32 leaves);
    /// @notice The gateway has no book of the round.
    error NotCommitted(address gateway, uint64 round);
    /// @notice The ticket names no round: aux data are not 64 bytes, or the round has more than 64 bits.
    error InvalidAuxData();
    /// @notice The leaf is of another payment session than the ticket.
    error LeafMismatch();
    /// @notice The leaf is not in the book.
    error NotInBook(bytes32 root, bytes32 leaf);
    /// @notice The ticket was not redeemed.
    error TicketNotUsed(bytes32 ticketHash);
    /// @notice Nonce and book say the same, or the nonce says nothing.
    error NoEquivocation(uint32 nonceTagId, uint32 leafTagId);
    /// @notice No ticket in the list.
    error NothingAttested();
    /// @notice No valid signature of the gateway over this permission.
    error InvalidSignature();
    /// @notice The Controller does not know the contract.
    error UnknownContract(bytes32 id);
}
