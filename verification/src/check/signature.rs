//! The orchestrator stands by these very bytes: its signature over the renditions' hashes.
//!
//! Signed is `K(K(rendition 0) || K(rendition 1) || …)`, in profile order, as a personal message
//! (core/orchestrator.go:774-814, verification/verify.go:186-215). Off-chain there is no signer.

use alloy_primitives::{Address, B256, Keccak256};

use super::Check;
use crate::signature::recover;

/// Name of this check.
pub const NAME: &str = "result_signature";

/// The message an orchestrator signs: one Keccak-256 over the renditions' Keccak-256 hashes.
///
/// With one rendition it is the hash of a hash.
pub fn signed_message<'a>(hashes: impl IntoIterator<Item = &'a B256>) -> B256 {
    let mut keccak = Keccak256::new();
    for hash in hashes {
        keccak.update(hash);
    }
    keccak.finalize()
}

/// Checks that `signature` over the renditions' hashes was made by `signer`.
///
/// `hashes` are Keccak-256 of each rendition in profile order. Without a signer, or with the zero
/// address of an off-chain orchestrator, there is nothing to compare with: not run.
pub fn check(signer: impl Into<Option<Address>>, hashes: &[B256], signature: &[u8]) -> Check {
    let Some(signer) = signer.into().filter(|address| !address.is_zero()) else {
        return Check::not_run(NAME, "the orchestrator has no address");
    };
    match recover(&signed_message(hashes), signature) {
        Ok(found) if found == signer => Check::pass(NAME, format!("signed by {signer}")),
        Ok(found) => Check::fail(NAME, format!("signed by {found}, not by {signer}")),
        Err(error) => Check::fail(NAME, format!("no signature by {signer}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{address, b256, hex, keccak256};

    use super::*;
    use crate::Outcome;

    /// Address of the key `11` x 32, which made the signatures below.
    const SIGNER: Address = address!("19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A");
    const BOTH: [u8; 65] = hex!(
        "d92a0bb724d7218baa47f56e2d755437ec9170c497052fa5c6c376dae299318d73ccdef5dc4b9a571515f56a640355253bd953436588c540406700caf6cc90ff1c"
    );
    const FIRST: [u8; 65] = hex!(
        "0e641f9ab9a25c680f038e543d4a9a787c466b5675f91c9c63919e90cd1b1b2245a60873aefc48bb2fae171adc1bad257bbebed05819f245b5781ad7d4ea82bb1b"
    );

    fn hashes() -> [B256; 2] {
        [keccak256("rendition-0"), keccak256("rendition-1")]
    }

    #[test]
    fn the_signed_message_is_one_hash_over_the_hashes_in_order() {
        let [first, second] = hashes();
        assert_eq!(
            first,
            b256!("498736c257e4fdc75fbf26a2f56536cca5d78eeee37364f87e381f12390e6272")
        );
        assert_eq!(
            second,
            b256!("a3b1fbadf68768f1e67eea77c860c80dc48a0184870d261edc513c1ca73a11a5")
        );
        assert_eq!(
            signed_message(&hashes()),
            b256!("280a8d232fedf497ed3ee90fbb9127030b958aa2b6ce582fed735d929e7a9257")
        );
        assert_eq!(
            signed_message([&first]),
            b256!("d4fc133cebd675542d88d53aa55944671670040c19a27cdfc16efc14adcbccd1")
        );
    }

    #[test]
    fn the_orchestrators_signature_passes() {
        assert_eq!(check(SIGNER, &hashes(), &BOTH).outcome, Outcome::Pass);
        assert_eq!(check(SIGNER, &hashes()[..1], &FIRST).outcome, Outcome::Pass);
    }

    #[test]
    fn one_changed_byte_in_a_rendition_fails() {
        let tampered = [keccak256("rendition-0"), keccak256("rendition-2")];
        let found = check(SIGNER, &tampered, &BOTH);
        assert_eq!(found.outcome, Outcome::Fail);
        assert!(found.detail.ends_with(&format!("not by {SIGNER}")), "{}", found.detail);
    }

    #[test]
    fn renditions_in_another_order_fail() {
        let [first, second] = hashes();
        assert_eq!(check(SIGNER, &[second, first], &BOTH).outcome, Outcome::Fail);
    }

    #[test]
    fn a_rendition_left_out_fails() {
        assert_eq!(check(SIGNER, &hashes()[..1], &BOTH).outcome, Outcome::Fail);
    }

    #[test]
    fn another_signer_fails() {
        let other = address!("9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F");
        assert_eq!(check(other, &hashes(), &BOTH).outcome, Outcome::Fail);
    }

    #[test]
    fn an_orchestrator_with_an_address_must_sign() {
        let found = check(SIGNER, &hashes(), &[]);
        assert_eq!(found.outcome, Outcome::Fail);
        assert!(found.detail.contains("0 bytes"), "{}", found.detail);
    }

    #[test]
    fn an_off_chain_orchestrator_is_not_asked_for_a_signature() {
        assert_eq!(check(None, &hashes(), &[]).outcome, Outcome::NotRun);
        assert_eq!(check(Address::ZERO, &hashes(), &BOTH).outcome, Outcome::NotRun);
    }
}
