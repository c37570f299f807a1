//! Who the gateway is towards orchestrators: an address, and signatures that prove it. Keys live in
//! the crate that touches money; here they have the name the wire code knows.

pub use waymark_payments::signer::*;

#[cfg(test)]
pub(crate) mod tests {
    use alloy_primitives::{Address, B256};
    use bytes::Bytes;

    use super::{LocalKey, SignError, Signer};

    /// A key in memory, for tests alone.
    #[derive(Debug)]
    pub(crate) struct TestKey(LocalKey);

    impl TestKey {
        /// The key of 32 equal bytes.
        pub(crate) fn of(byte: u8) -> Self {
            Self(LocalKey::from_slice(&[byte; 32]).unwrap())
        }
    }

    impl Signer for TestKey {
        fn address(&self) -> Address {
            self.0.address()
        }

        fn sign(&self, message: &B256) -> Result<Bytes, SignError> {
            self.0.sign(message)
        }
    }
}
