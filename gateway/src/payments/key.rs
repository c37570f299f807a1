//! The key that pays, as the settings name it.

use jiff::Timestamp;
use waymark_payments::signer::{
    KeystoreError, LocalKey, Passphrase, PassphraseError,
    keystore::{self, Found, Location},
};

use crate::config::Config;

/// There is no key to pay with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The files cannot be used, or the pass-phrase does not open them.
    #[error("the key cannot be opened")]
    Keystore(#[from] KeystoreError),
    /// The pass-phrase cannot be had.
    #[error("the pass-phrase cannot be read")]
    Passphrase(#[from] PassphraseError),
    /// No pass-phrase was given and nobody can be asked.
    #[error(
        "no pass-phrase is given for the key; set -ethPassword (chain.passphrase) to the path of a \
         file that holds it, or start the gateway at a terminal to be asked"
    )]
    NoPassphrase,
    /// The terminal could not be read.
    #[error("the pass-phrase could not be read from the terminal")]
    Prompt(#[source] std::io::Error),
}

/// Finds and opens the key, or makes one where there is none at all. Blocks for seconds: deriving
/// the key of a file is made slow on purpose. `ask` is called for a pass-phrase that no setting
/// gives; it returns `None` where there is nobody to ask.
pub fn open_key(
    config: &Config,
    now: Timestamp,
    ask: impl FnOnce(&str) -> std::io::Result<Option<String>>,
) -> Result<LocalKey, KeyError> {
    let chain = config.chain.as_ref();
    let location = Location {
        data_dir: &config.data_dir,
        keystore_path: chain.and_then(|c| c.keystore.as_deref()),
        account: chain.and_then(|c| c.account),
    };
    let found = keystore::find(&location)?;
    let given = chain.and_then(|c| c.passphrase.as_ref());
    let passphrase = if let Some(setting) = given {
        Passphrase::from_setting(setting.expose())?
    } else {
        let question = match &found {
            Found::Account(account) => format!("Pass-phrase of {}: ", account.address()),
            Found::Nothing { directory } => format!(
                "There is no key in {} yet. Pass-phrase for a new one: ",
                directory.display()
            ),
        };
        let answer = ask(&question).map_err(KeyError::Prompt)?;
        Passphrase::literal(answer.ok_or(KeyError::NoPassphrase)?)
    };
    let account = match found {
        Found::Account(account) => account,
        Found::Nothing { directory } => {
            let account = keystore::create(&directory, &passphrase, now)?;
            tracing::warn!(
                address = %account.address(),
                file = %account.path().display(),
                "made a new account; back the file up and fund the address before anything can be paid"
            );
            account
        }
    };
    Ok(account.unlock(&passphrase)?)
}
