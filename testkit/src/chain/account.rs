//! Accounts of the local chain. Their keys are public or made up for one run.

use alloy_primitives::{Address, U256};

use super::{LocalChain, LocalChainError};
use crate::crypto::Key;

/// The first keys of the mnemonic that every development chain begins with: public, worthless.
const DEV_KEYS: [&str; 8] = [
    "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    "5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
    "7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
    "47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a",
    "8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba",
    "92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e",
    "4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356",
];

/// A key, and its bytes for programs that want them.
#[derive(Clone, Debug)]
pub struct Account {
    key: Key,
    secret: Secret,
}

#[derive(Clone)]
struct Secret([u8; 32]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("..")
    }
}

impl Account {
    /// A new one, without money.
    pub fn random() -> Self {
        loop {
            // One draw in 2^128 is not below the curve's order.
            let secret = rand::random();
            if let Ok(key) = Key::from_bytes(&secret) {
                return Self { key, secret: Secret(secret) };
            }
        }
    }

    /// Its address.
    pub fn address(&self) -> Address {
        self.key.address()
    }

    /// Its key.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The key's bytes, to give to a program under test.
    pub fn secret(&self) -> [u8; 32] {
        self.secret.0
    }
}

/// One of the public development accounts, 0 to 7; each has ether from the start. 0 owns the contracts.
///
/// # Panics
///
/// If there is no such account.
pub fn dev_account(index: usize) -> Account {
    let mut secret = [0; 32];
    alloy_primitives::hex::decode_to_slice(DEV_KEYS[index], &mut secret)
        .expect("the constants are 32 bytes of hex");
    let key = Key::from_bytes(&secret).expect("the constants are keys");
    Account { key, secret: Secret(secret) }
}

impl LocalChain {
    /// A new account with this much ether, in wei.
    pub async fn account(&self, balance: U256) -> Result<Account, LocalChainError> {
        let account = Account::random();
        self.set_balance(account.address(), balance).await?;
        Ok(account)
    }

    /// Sets an account's ether, in wei.
    pub async fn set_balance(&self, address: Address, wei: U256) -> Result<(), LocalChainError> {
        self.rpc().call::<()>("anvil_setBalance", (address, wei)).await
    }

    /// An account's ether, in wei.
    pub async fn balance(&self, address: Address) -> Result<U256, LocalChainError> {
        self.rpc().call("eth_getBalance", (address, "latest")).await
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::address;

    use super::*;

    #[test]
    fn development_accounts_are_those_everybody_knows() {
        assert_eq!(dev_account(0).address(), address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266"));
        assert_eq!(dev_account(7).address(), address!("14dC79964da2C08b23698B3D3cc7Ca32193d9955"));
    }

    #[test]
    fn a_key_is_not_shown() {
        let shown = format!("{:?}", dev_account(0));
        assert!(!shown.contains("ac09") && !shown.contains("172"), "{shown}");
    }
}
