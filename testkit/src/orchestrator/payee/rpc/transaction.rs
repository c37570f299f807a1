//! A signed transaction of EIP-1559: just what a redemption needs.

use alloy_primitives::{Address, Bytes, U256, keccak256};

use crate::crypto::Key;
use crate::ticket::minimal;

/// Type of the transaction's envelope.
const TYPE: u8 = 2;

/// A call of a contract that sends no ether.
#[derive(Clone, Debug)]
pub(super) struct Transaction {
    pub(super) chain_id: u64,
    pub(super) nonce: u64,
    /// Most for the block's maker, wei for a unit of gas.
    pub(super) tip: u64,
    /// Most in all, wei for a unit of gas.
    pub(super) max_fee: u64,
    pub(super) gas: u64,
    pub(super) to: Address,
    pub(super) data: Bytes,
}

impl Transaction {
    /// The bytes that a node takes.
    pub(super) fn signed(&self, key: &Key) -> Vec<u8> {
        let fields = self.fields();
        let signature = key.sign_hash(&keccak256(envelope(&fields)));
        let scalar = |bytes: &[u8]| string(&minimal(&U256::from_be_slice(bytes)));
        let mut all = fields;
        all.extend(string(&minimal(&U256::from(signature[64] - 27))));
        all.extend(scalar(&signature[..32]));
        all.extend(scalar(&signature[32..64]));
        envelope(&all)
    }

    fn fields(&self) -> Vec<u8> {
        let number = |number: u64| string(&minimal(&U256::from(number)));
        [
            number(self.chain_id),
            number(self.nonce),
            number(self.tip),
            number(self.max_fee),
            number(self.gas),
            string(self.to.as_slice()),
            number(0),
            string(&self.data),
            list(&[]),
        ]
        .concat()
    }
}

fn envelope(fields: &[u8]) -> Vec<u8> {
    [&[TYPE][..], &list(fields)].concat()
}

/// RLP of a string of bytes.
fn string(bytes: &[u8]) -> Vec<u8> {
    match bytes {
        [byte] if *byte < 0x80 => vec![*byte],
        _ => [head(0x80, bytes.len()), bytes.to_vec()].concat(),
    }
}

/// RLP of a list whose items are encoded already.
fn list(items: &[u8]) -> Vec<u8> {
    [head(0xc0, items.len()), items.to_vec()].concat()
}

fn head(base: u8, len: usize) -> Vec<u8> {
    let digits = minimal(&U256::from(len));
    match u8::try_from(len) {
        Ok(short) if short < 56 => vec![base + short],
        // A length has eight digits at most.
        _ => [vec![base + 55 + u8::try_from(digits.len()).unwrap_or(8)], digits].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_lists_are_those_of_the_definition() {
        assert_eq!(string(b"dog"), [0x83, b'd', b'o', b'g']);
        assert_eq!(string(b""), [0x80]);
        assert_eq!(string(&[0x0f]), [0x0f]);
        assert_eq!(string(&[0x80]), [0x81, 0x80]);
        assert_eq!(list(&[]), [0xc0]);
        assert_eq!(list(&[string(b"cat"), string(b"dog")].concat())[..2], [0xc8, 0x83]);
        let lorem = b"Lorem ipsum dolor sit amet, consectetur adipisicing elit";
        assert_eq!(string(lorem)[..3], [0xb8, 0x38, b'L']);
        assert_eq!(string(&[1; 1024])[..4], [0xb9, 4, 0, 1]);
    }
}
