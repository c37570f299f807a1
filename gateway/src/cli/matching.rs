//! `waymark match`: its arguments.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use alloy_primitives::{Address, U256};
use clap::Args;
use url::Url;
use waymark_tagging::UnitPrice;

use super::own::Which;
use crate::matching::{MatchRequest, Output, RegistryAt};

#[derive(Debug, Args)]
pub(super) struct Match {
    /// Address of an orchestrator's node (https://host:port), or a file of facts.
    #[arg(long, value_name = "URL|FILE")]
    orchestrator: String,
    /// Address of a gateway or of a document, a file of classes or of a document, or chain for all
    /// gateways that anchored theirs.
    #[arg(long, value_name = "URL|FILE|chain")]
    requirements: String,
    /// What the orchestrator asks, where a file does not say.
    #[arg(long, value_name = "WEI[/UNITS]", value_parser = price)]
    price: Option<UnitPrice>,
    /// Look again and again, and tell what changed.
    #[arg(long)]
    watch: bool,
    /// How often.
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = every)]
    every: Duration,
    /// One JSON object a line.
    #[arg(long, conflicts_with = "prom")]
    json: bool,
    /// Metrics for Prometheus: printed, or served at an address, like 127.0.0.1:9109, for as long
    /// as the command runs.
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "-", value_parser = serve)]
    prom: Option<Output>,
    /// A file that adds tags and keys of a namespace to the built-in ones; several times for several.
    #[arg(long, value_name = "FILE")]
    tags: Vec<PathBuf>,
    /// With chain: a node's address; several, separated by commas, are asked in this order.
    #[arg(long, value_name = "URL", value_delimiter = ',', value_parser = node, requires = "registry")]
    rpc: Vec<Url>,
    /// With chain: the JobTagRegistry.
    #[arg(long, value_name = "ADDRESS", requires = "rpc")]
    registry: Option<Address>,
    /// With chain: the first block to read.
    #[arg(long, value_name = "BLOCK", requires = "rpc", default_value_t = 0)]
    from_block: u64,
    #[command(flatten)]
    pub(super) which: Which,
}

impl Match {
    pub(super) fn request(self) -> MatchRequest {
        let output = match (self.json, self.prom) {
            (true, _) => Output::Json,
            (false, Some(output)) => output,
            (false, None) => Output::Text,
        };
        // What is served has to be looked at again, or it would be a lie soon.
        let again = self.watch || matches!(output, Output::Serve(_));
        let (rpc, from_block) = (self.rpc, self.from_block);
        MatchRequest {
            orchestrator: self.orchestrator,
            requirements: self.requirements,
            chain: self.registry.map(|registry| RegistryAt { rpc, registry, from_block }),
            price: self.price,
            tags: self.tags,
            every: again.then_some(self.every),
            output,
        }
    }
}

fn price(text: &str) -> Result<UnitPrice, String> {
    let (wei, units) = text.split_once('/').unwrap_or((text, "1"));
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| U256::from_str_radix(text, 10).ok()).flatten()
    };
    let price = number(wei).zip(number(units)).and_then(|(wei, units)| UnitPrice::new(wei, units));
    price
        .ok_or_else(|| "expected wei for one unit or for several, like 1200 or 1200/720".to_owned())
}

fn every(text: &str) -> Result<Duration, String> {
    let every = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if every < Duration::from_secs(1) {
        return Err("expected a second or more".to_owned());
    }
    Ok(every)
}

fn serve(text: &str) -> Result<Output, String> {
    if text == "-" {
        return Ok(Output::Prometheus);
    }
    let address: Result<SocketAddr, _> = text.parse();
    address
        .map(Output::Serve)
        .map_err(|_| "expected an address and a port, like 127.0.0.1:9109".to_owned())
}

fn node(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let known = matches!(url.scheme(), "http" | "https" | "ws" | "wss");
    known.then_some(url).ok_or_else(|| "expected http, https, ws or wss".to_owned())
}
