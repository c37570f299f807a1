//! The registry's refusals as sentences: what failed, with which value, what is accepted.

use alloy_sol_types::SolInterface as _;

use super::JobTagRegistry::JobTagRegistryErrors as Refusal;

/// The sentence of a refusal; nothing if the data are none of the registry's errors.
pub(crate) fn sentence(data: &[u8]) -> Option<String> {
    Refusal::abi_decode(data).ok().map(|refusal| told(&refusal))
}

fn told(refusal: &Refusal) -> String {
    match refusal {
        Refusal::NotAuthorized(e) => format!(
            "{} may not write for gateway {}; accepted: the gateway itself and an operator that it named and that is not expired (setOperator)",
            e.caller, e.gateway
        ),
        Refusal::NotTagOwner(e) if e.tagId == 0 => format!(
            "{} may not register this root; accepted: the curator, or x-<namespace> by anybody",
            e.caller
        ),
        Refusal::NotTagOwner(e) => format!(
            "{} does not own tag {}; accepted: its owner, or anybody below a tag that is open",
            e.caller, e.tagId
        ),
        Refusal::UnknownTag(e) => format!("there is no tag number {}", e.tagId),
        Refusal::TagExists(e) => format!("the tag exists already, as number {}", e.tagId),
        Refusal::TagIdsExhausted(_) => "no tag number is left: a nonce has room for 2097151".into(),
        Refusal::InvalidLabel(e) => format!(
            "label {:?} is not valid at byte {}; accepted: 1 to 32 of a-z 0-9 . _ -, the first of a-z 0-9; a root x-<namespace> 1 to 24 of a-z 0-9 after x-",
            e.label, e.position
        ),
        Refusal::TooDeep(e) => format!(
            "tag {} can have no children; accepted: a root and at most 4 segments",
            e.parentId
        ),
        Refusal::PathTooLong(e) => {
            format!("the tag's path has {} bytes; accepted: at most 96", e.length)
        }
        Refusal::UnknownFlags(e) => {
            format!("flags {} are unknown; accepted: 0, or 1 for open", e.flags)
        }
        Refusal::UnknownStatus(e) => {
            format!("status {} is unknown; accepted: 1 active, 2 deprecated", e.status)
        }
        Refusal::InvalidReplacement(e) => format!(
            "tag {} cannot be replaced by {}; accepted: 0, or another active tag when it is deprecated",
            e.tagId, e.replacementId
        ),
        Refusal::TagNotActive(e) => format!("tag {} is deprecated", e.tagId),
        Refusal::ZeroAddress(_) => "the zero address is nobody".into(),
        Refusal::InvalidExpiry(e) => format!(
            "expiry {} is out of range; accepted: {} to {} (Unix seconds)",
            e.expiry, e.earliest, e.latest
        ),
        Refusal::UnknownUnit(e) => format!(
            "unit {} is unknown; accepted: 0 pixel, 1 720p-pixel-second, 2 second, 3 fixed job, 4 token, 5 ms of audio, 6 character",
            e.unit
        ),
        Refusal::ZeroDenominator(_) => "the price's denominator is 0; accepted: 1 and above".into(),
        Refusal::InvalidFloors(e) => format!(
            "floors {} are not valid; accepted: zero, or version 1 with its reserved bytes 0 and shares up to 10000 bps",
            e.floors
        ),
        Refusal::NoAdvert(e) => format!("gateway {} has no advert for tag {}", e.gateway, e.tagId),
        Refusal::UnknownScheme(e) => format!(
            "nonce scheme {} is unknown; accepted: 0 plain, 1 tagged, 2 sealed",
            e.scheme
        ),
        Refusal::InvalidSchemeRound(e) => format!(
            "a nonce scheme cannot begin in round {}; accepted: {} to {}",
            e.fromRound, e.earliest, e.latest
        ),
        Refusal::OutsideCommitWindow(e) => format!(
            "round {} cannot be committed in round {}; accepted: while it runs and in the two rounds after it",
            e.round, e.currentRound
        ),
        Refusal::InvalidBook(e) => format!(
            "a book of {} leaves cannot have the root {}; accepted: both zero or neither",
            e.leaves, e.root
        ),
        Refusal::NotCommitted(e) => {
            format!("gateway {} has committed no book of round {}", e.gateway, e.round)
        }
        Refusal::InvalidAuxData(_) => {
            "the ticket names no round; accepted: aux data of 64 bytes that begin with one".into()
        }
        Refusal::LeafMismatch(_) => {
            "the leaf's recipient or session is not that of the ticket".into()
        }
        Refusal::NotInBook(e) => format!(
            "leaf {} is not in the book with root {}, by this proof",
            e.leaf, e.root
        ),
        Refusal::TicketNotUsed(e) => format!("ticket {} was not redeemed", e.ticketHash),
        Refusal::NoEquivocation(e) => format!(
            "the nonce says tag {} (0: nothing) and the book {}: no contradiction",
            e.nonceTagId, e.leafTagId
        ),
        Refusal::NothingAttested(_) => "the list of tickets is empty".into(),
        Refusal::InvalidSignature(_) => {
            "the permission is not signed by the gateway; accepted: 65 bytes, s in the lower half, over its next nonce (sigNonce)".into()
        }
        Refusal::UnknownContract(e) => {
            format!("the Controller knows no contract with id {}", e.id)
        }
    }
}
