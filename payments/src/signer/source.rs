//! Where payments come from: the choice an operator makes, and what it can serve.

use std::{fmt, sync::Arc};

use alloy::network::EthereumWallet;
use alloy_primitives::{Address, ChainId};

use super::{LocalKey, OffChain, RemoteSigner, Signer};

/// Where the gateway's payments come from.
#[derive(Debug, Clone)]
pub enum PaymentSource {
    /// Nothing is paid.
    OffChain,
    /// A key in this process: tickets are made here, with tags in their nonces.
    Key(LocalKey),
    /// Somebody else's key: whole live payments come over HTTP, with the nonces it chose.
    Remote(Arc<RemoteSigner>),
}

/// Work that takes a signature of the payer's own key over something other than its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Work {
    /// Segments: credentials over the hash of each (go-livepeer `core/streamdata.go:73-83`).
    Transcoding,
    /// Single AI jobs: go-livepeer has no path from them to a remote signer.
    BatchAi,
    /// Jobs of one's own containers: a signature over request and parameters.
    Byoc,
    /// Deposit, reserve and everything else that is a transaction.
    Transactions,
}

/// The configured remote signer cannot do what is asked: the stock protocol has no message for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{work} need a key in this process: the remote signer's protocol makes live payments and proves an \
     address, it has no call for this; set -ethKeystorePath and -ethPassword instead of -remoteSignerUrl, \
     or leave {work} out"
)]
pub struct KeyNeeded {
    /// What was asked.
    pub work: Work,
}

impl PaymentSource {
    /// Who pays: zero off-chain.
    pub fn address(&self) -> Address {
        match self {
            Self::OffChain => Address::ZERO,
            Self::Key(key) => key.address(),
            Self::Remote(signer) => signer.address(),
        }
    }

    /// Proves the address to orchestrators (GetOrchestrator). Every kind can.
    pub fn identity(&self) -> Arc<dyn Signer> {
        match self {
            Self::OffChain => Arc::new(OffChain),
            Self::Key(key) => Arc::new(key.clone()),
            Self::Remote(signer) => Arc::<RemoteSigner>::clone(signer),
        }
    }

    /// Signs whatever this kind of work needs. Asked when the gateway starts: a configuration that
    /// cannot work is refused there and not at the first segment.
    pub fn signer_for(&self, work: Work) -> Result<Arc<dyn Signer>, KeyNeeded> {
        match self {
            Self::Remote(_) => Err(KeyNeeded { work }),
            Self::OffChain | Self::Key(_) => Ok(self.identity()),
        }
    }

    /// Signs transactions on one chain.
    pub fn wallet(&self, chain: ChainId) -> Result<EthereumWallet, KeyNeeded> {
        match self {
            Self::Key(key) => Ok(key.wallet(chain)),
            Self::OffChain | Self::Remote(_) => Err(KeyNeeded { work: Work::Transactions }),
        }
    }

    /// The remote signer, for live payments.
    pub fn remote(&self) -> Option<&Arc<RemoteSigner>> {
        match self {
            Self::Remote(signer) => Some(signer),
            Self::OffChain | Self::Key(_) => None,
        }
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Transcoding => "transcoding jobs",
            Self::BatchAi => "single AI jobs",
            Self::Byoc => "BYOC jobs",
            Self::Transactions => "transactions",
        })
    }
}
