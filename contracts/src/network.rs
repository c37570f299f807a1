//! The value of go-livepeer's `-network` flag (`cmd/livepeer/starter/starter.go:547-602`).
//!
//! The name is also the name of a directory below the data directory, so a custom one may hold
//! nothing that means something to a file system.

use std::fmt;
use std::str::FromStr;

use alloy_primitives::{Address, address};

/// The longest custom name, in bytes.
pub const MAX_NAME_BYTES: usize = 64;

/// A network.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Network {
    /// No chain and no payments.
    #[default]
    Offchain,
    /// Arbitrum One, chain 42161: where Livepeer lives.
    ArbitrumOneMainnet,
    /// Ethereum mainnet, chain 1: where Livepeer lived before.
    Mainnet,
    /// The retired test network on Arbitrum, chain 421611. Its chain is gone.
    ArbitrumOneRinkeby,
    /// The retired test network on Ethereum, chain 4. Its chain is gone.
    Rinkeby,
    /// Any other network, by the operator's name for it. Its Controller must be configured.
    Custom(CustomName),
}

/// A name that is safe as the name of a directory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CustomName(String);

impl CustomName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Network {
    /// The names that stand for a known network.
    pub const KNOWN: [&'static str; 5] =
        ["offchain", "arbitrum-one-mainnet", "mainnet", "arbitrum-one-rinkeby", "rinkeby"];

    /// The name, as the flag has it.
    pub fn name(&self) -> &str {
        match self {
            Self::Offchain => "offchain",
            Self::ArbitrumOneMainnet => "arbitrum-one-mainnet",
            Self::Mainnet => "mainnet",
            Self::ArbitrumOneRinkeby => "arbitrum-one-rinkeby",
            Self::Rinkeby => "rinkeby",
            Self::Custom(name) => name.as_str(),
        }
    }

    /// Address of the Controller, with the checksum of EIP-55 where the deployment's record has it.
    ///
    /// `None` off-chain, on retired networks (there is nothing left to call), and on custom ones,
    /// where the operator must name it.
    pub const fn controller(&self) -> Option<&'static str> {
        match self {
            // Livepeer protocol, deployments/arbitrumMainnet.
            Self::ArbitrumOneMainnet => Some("0xD8E8328501E9645d16Cf49539efC04f734606ee4"),
            // go-livepeer, cmd/livepeer/starter/starter.go:554-602.
            Self::Mainnet => Some("0xf96d54e490317c557a967abfa5d6e33006be69b3"),
            Self::Offchain | Self::ArbitrumOneRinkeby | Self::Rinkeby | Self::Custom(_) => None,
        }
    }

    /// The id of the chain; nothing off-chain and on custom networks, where the endpoint tells it.
    pub const fn chain_id(&self) -> Option<u64> {
        match self {
            Self::ArbitrumOneMainnet => Some(42161),
            Self::Mainnet => Some(1),
            Self::ArbitrumOneRinkeby => Some(421_611),
            Self::Rinkeby => Some(4),
            Self::Offchain | Self::Custom(_) => None,
        }
    }

    /// Gas that an orchestrator reckons with for a redemption (`starter.go:56-61`): face values
    /// follow from it.
    pub const fn redeem_gas(&self) -> u64 {
        match self {
            Self::ArbitrumOneMainnet | Self::ArbitrumOneRinkeby => 1_200_000,
            Self::Offchain | Self::Mainnet | Self::Rinkeby | Self::Custom(_) => 350_000,
        }
    }

    /// The registry of service URIs for AI jobs, which the Controller does not know
    /// (`starter.go:896-899`).
    pub const fn ai_service_registry(&self) -> Option<Address> {
        match self {
            Self::ArbitrumOneMainnet => Some(address!("04C0b249740175999E5BF5c9ac1dA92431EF34C5")),
            _ => None,
        }
    }

    /// Chainlink's feed of ether in dollars (`starter.go:288`).
    pub const fn eth_usd_feed(&self) -> Option<Address> {
        match self {
            Self::ArbitrumOneMainnet => Some(address!("639Fe6ab55C921f74e7fac1ee960C0B6293ba612")),
            _ => None,
        }
    }

    /// The block in which the TicketBroker was deployed: there is no event before it (protocol,
    /// deployments/arbitrumMainnet).
    pub const fn first_event_block(&self) -> Option<u64> {
        match self {
            Self::ArbitrumOneMainnet => Some(5_856_357),
            _ => None,
        }
    }

    /// Address of the Controller, see [`controller`](Self::controller).
    pub fn controller_address(&self) -> Option<Address> {
        self.controller()
            .map(|text| text.parse().expect("the table holds addresses; a test reads each"))
    }

    /// True when there is no chain to talk to.
    pub const fn is_offchain(&self) -> bool {
        matches!(self, Self::Offchain)
    }

    /// True when the chain no longer exists.
    pub const fn is_retired(&self) -> bool {
        matches!(self, Self::ArbitrumOneRinkeby | Self::Rinkeby)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text that cannot be the name of a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "network {given:?} is not valid; accepted: {}, or a name of your own: 1 to {MAX_NAME_BYTES} of a-z A-Z 0-9 . _ -, beginning with a letter or digit",
    Network::KNOWN.join(", ")
)]
#[non_exhaustive]
pub struct NetworkError {
    /// What was given, cut to the longest possible name.
    pub given: String,
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = match text {
            "offchain" => Self::Offchain,
            "arbitrum-one-mainnet" => Self::ArbitrumOneMainnet,
            "mainnet" => Self::Mainnet,
            "arbitrum-one-rinkeby" => Self::ArbitrumOneRinkeby,
            "rinkeby" => Self::Rinkeby,
            name if is_custom_name(name) => Self::Custom(CustomName(name.to_owned())),
            _ => return Err(NetworkError { given: text.chars().take(MAX_NAME_BYTES).collect() }),
        };
        Ok(known)
    }
}

fn is_custom_name(name: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_name_is_read_back_from_its_own_spelling() {
        for name in Network::KNOWN {
            let network: Network = name.parse().unwrap();
            assert!(!matches!(network, Network::Custom(_)), "{name}");
            assert_eq!(network.to_string(), name);
        }
    }

    #[test]
    fn arbitrum_one_has_its_controller_built_in() {
        assert_eq!(
            Network::ArbitrumOneMainnet.controller(),
            Some("0xD8E8328501E9645d16Cf49539efC04f734606ee4")
        );
    }

    #[test]
    fn ethereum_mainnet_is_another_network_with_another_controller() {
        assert_eq!(
            "mainnet".parse::<Network>().unwrap().controller(),
            Some("0xf96d54e490317c557a967abfa5d6e33006be69b3")
        );
    }

    #[test]
    fn a_controller_is_an_address() {
        for name in Network::KNOWN {
            if let Some(controller) = name.parse::<Network>().unwrap().controller() {
                let digits = controller.strip_prefix("0x").unwrap();
                assert_eq!(digits.len(), 40, "{name}");
                assert!(digits.bytes().all(|b| b.is_ascii_hexdigit()), "{name}");
            }
            let network = name.parse::<Network>().unwrap();
            assert_eq!(network.controller_address().is_some(), network.controller().is_some());
        }
    }

    #[test]
    fn networks_without_a_chain_or_with_a_dead_one_have_no_controller() {
        for name in ["offchain", "rinkeby", "arbitrum-one-rinkeby", "my-devnet"] {
            assert_eq!(name.parse::<Network>().unwrap().controller(), None, "{name}");
        }
        assert!(Network::Offchain.is_offchain());
        assert!(Network::Rinkeby.is_retired() && Network::ArbitrumOneRinkeby.is_retired());
        assert!(!Network::ArbitrumOneMainnet.is_retired());
    }

    #[test]
    fn each_chain_has_its_id_and_its_gas_of_redemption() {
        // payments-contracts 4.1
        let table = [
            ("arbitrum-one-mainnet", Some(42161), 1_200_000),
            ("mainnet", Some(1), 350_000),
            ("arbitrum-one-rinkeby", Some(421_611), 1_200_000),
            ("rinkeby", Some(4), 350_000),
            ("my-devnet", None, 350_000),
            ("offchain", None, 350_000),
        ];
        for (name, chain_id, gas) in table {
            let network = name.parse::<Network>().unwrap();
            assert_eq!((network.chain_id(), network.redeem_gas()), (chain_id, gas), "{name}");
        }
    }

    #[test]
    fn only_the_live_network_has_addresses_outside_the_controller() {
        for name in Network::KNOWN {
            let network = name.parse::<Network>().unwrap();
            let live = network == Network::ArbitrumOneMainnet;
            assert_eq!(network.ai_service_registry().is_some(), live, "{name}");
            assert_eq!(network.eth_usd_feed().is_some(), live, "{name}");
            assert_eq!(network.first_event_block().is_some(), live, "{name}");
        }
    }

    #[test]
    fn any_other_plain_name_is_a_custom_network() {
        let network: Network = "my-devnet_2.0".parse().unwrap();
        assert!(matches!(network, Network::Custom(_)));
        assert_eq!(network.to_string(), "my-devnet_2.0");
    }

    #[test]
    fn a_name_that_a_file_system_could_misread_is_refused() {
        let long = "n".repeat(65);
        for name in ["", ".", "..", "../x", "a/b", "a\\b", "a b", "-x", "n\u{e9}t", "a\0", &long] {
            assert!(name.parse::<Network>().is_err(), "{name:?}");
        }
    }

    #[test]
    fn the_refusal_lists_what_is_accepted() {
        let error = "../etc".parse::<Network>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "network \"../etc\" is not valid; accepted: offchain, arbitrum-one-mainnet, mainnet, arbitrum-one-rinkeby, rinkeby, or a name of your own: 1 to 64 of a-z A-Z 0-9 . _ -, beginning with a letter or digit"
        );
    }
}
