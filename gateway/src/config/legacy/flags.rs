//! The table of go-livepeer's flags (v0.9.1, `cmd/livepeer/starter/flags.go` and
//! `cmd/livepeer/livepeer.go:38-46`) and what each of them means to a gateway that is not
//! go-livepeer. A flag that is not in this table does not exist.

use super::go;

/// One flag of the stock command line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flag {
    /// Name without the hyphen; case matters.
    pub(super) name: &'static str,
    /// Type its text must have.
    pub(super) form: Form,
    /// Default in stock, as text.
    pub(super) default: &'static str,
    /// What it does here.
    pub(super) meaning: Meaning,
    /// Whether its value must never be shown.
    pub(super) secret: bool,
}

/// The type of a flag's text, as Go's `flag` package reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Bool,
    Int,
    Float,
    Duration,
    Text,
}

/// What a flag does here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The role that this program has.
    Gateway,
    /// About the command line itself: `-config`, `-version`, `-j`.
    CommandLine,
    /// The setting with this key.
    Setting(&'static str),
    /// The setting with this key, of use on a chain only, in stock as well; checked, and without
    /// effect off-chain.
    OnChain(&'static str, Check),
    /// Of use on a chain only, where it would change what the gateway does in a way that is not there
    /// (the text says which); checked, and without effect off-chain.
    MissingOnChain(&'static str, Check),
    /// Refines something that is not there (the text says what), so it has nothing to act on.
    Idle(&'static str),
    /// Changes what the gateway does, in a way that is not there (the text says which).
    Missing(&'static str),
    /// Turns on what is done in any case (the text says what); `false` turns nothing off.
    Always(&'static str),
    /// Never there, for the reason in the text.
    Never(&'static str),
    /// A role of another program. `true` is refused.
    OtherRole,
    /// Configures an orchestrator, a transcoder, a worker or a signer.
    NotForGateways,
    /// Without effect in stock too.
    Dead,
}

/// What the text of a chain flag must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    Anything,
    Address,
    Url,
    /// A whole number of at least this much.
    AtLeast(u64),
    /// A price: a number, and a currency if it is not wei.
    Price,
    /// JSON, or the path of a file with it.
    Json,
    /// One of the weights that must sum to 1.
    Weight,
    /// A number that is not negative.
    Positive,
}

use Form::{Bool, Duration, Float, Int, Text};
use Meaning::{
    Always, CommandLine, Dead, Gateway, Idle, Missing, MissingOnChain, Never, NotForGateways,
    OnChain, OtherRole, Setting,
};

const fn flag(name: &'static str, form: Form, default: &'static str, meaning: Meaning) -> Flag {
    Flag { name, form, default, meaning, secret: false }
}

const fn secret(name: &'static str, meaning: Meaning) -> Flag {
    Flag { name, form: Text, default: "", meaning, secret: true }
}

const AI: &str = "AI jobs";
const KAFKA: &str = "events to Kafka";
const AMQP: &str = "events to AMQP";
const SIGNER: &str = "payment by a remote signer";
const WEIGHTS: &str = "selection by stake and price";
const ROUNDS: &str = "initialising rounds";
const REWARD: &str = "calling reward, which orchestrators do";
const SCORES: &str = "performance scores in discovery";

/// Every flag, in groups.
pub(super) const FLAGS: &[Flag] = &[
    // The command line itself.
    flag("gateway", Bool, "false", Gateway),
    flag("broadcaster", Bool, "false", Gateway),
    flag("config", Text, "", CommandLine),
    flag("version", Bool, "false", CommandLine),
    flag("j", Bool, "false", CommandLine),
    // Settings.
    flag("network", Text, "offchain", Setting("network")),
    flag("dataDir", Text, "", Setting("data_dir")),
    flag("datadir", Text, "", Setting("data_dir")),
    flag("httpAddr", Text, "", Setting("listen.http")),
    flag("httpIngest", Bool, "true", Setting("ingest.http")),
    Flag { secret: true, ..flag("authWebhookUrl", Text, "", Setting("ingest.auth_webhook")) },
    flag("rtmpAddr", Text, "", Setting("listen.rtmp")),
    flag("cliAddr", Text, "", Setting("listen.cli")),
    flag("currentManifest", Bool, "false", Setting("ingest.current_manifest")),
    flag("maxSessions", Text, "10", Setting("ingest.max_sessions")),
    flag(
        "transcodingOptions",
        Text,
        "P240p30fps16x9,P360p30fps16x9",
        Setting("transcoding.profiles"),
    ),
    flag("maxAttempts", Int, "3", Setting("transcoding.max_attempts")),
    flag("orchAddr", Text, "", Setting("orchestrators.addresses")),
    Flag { secret: true, ..flag("orchWebhookUrl", Text, "", Setting("orchestrators.webhook")) },
    flag("orchBlocklist", Text, "", Setting("orchestrators.block_list")),
    flag("orchMinLivepeerVersion", Text, "", Setting("orchestrators.min_version")),
    flag("extraNodes", Int, "0", Setting("orchestrators.extra_nodes")),
    flag("discoveryTimeout", Duration, "500ms", Setting("orchestrators.discovery_timeout")),
    flag("region", Text, "", Setting("region")),
    flag("v", Text, "3", Setting("log.filter")),
    flag("monitor", Bool, "false", Setting("metrics.enabled")),
    flag("metricsPerStream", Bool, "false", Setting("metrics.per_stream")),
    Flag { secret: true, ..flag("verifierUrl", Text, "", Setting("verification.webhook")) },
    flag("verifierPath", Text, "", Setting("verification.webhook_folder")),
    flag(
        "localVerify",
        Bool,
        "true",
        Always("signatures are always checked, and pixel counts unless verification.mode is none"),
    ),
    // Selection, prices and payment: on a chain only.
    flag("selectRandFreq", Float, "0.3", MissingOnChain(WEIGHTS, Check::Weight)),
    flag("selectStakeWeight", Float, "0.7", MissingOnChain(WEIGHTS, Check::Weight)),
    flag("selectPriceWeight", Float, "0", MissingOnChain(WEIGHTS, Check::Weight)),
    flag("selectPriceExpFactor", Float, "100", MissingOnChain(WEIGHTS, Check::Positive)),
    flag("maxPricePerUnit", Text, "0", OnChain("prices.max", Check::Price)),
    flag("maxPricePerCapability", Text, "", OnChain("prices.per_capability", Check::Json)),
    flag(
        "ignoreMaxPriceIfNeeded",
        Bool,
        "false",
        OnChain("prices.ignore_max_if_needed", Check::Anything),
    ),
    flag("pixelsPerUnit", Text, "1", OnChain("prices.pixels", Check::AtLeast(1))),
    flag(
        "priceFeedAddr",
        Text,
        "0x639Fe6ab55C921f74e7fac1ee960C0B6293ba612",
        OnChain("chain.price_feed", Check::Address),
    ),
    Flag { secret: true, ..flag("ethUrl", Text, "", OnChain("chain.rpc", Check::Url)) },
    flag("ethAcctAddr", Text, "", OnChain("chain.account", Check::Address)),
    secret("ethPassword", OnChain("chain.passphrase", Check::Anything)),
    flag("ethKeystorePath", Text, "", OnChain("chain.keystore", Check::Anything)),
    flag("ethController", Text, "", OnChain("chain.controller", Check::Address)),
    flag(
        "transactionTimeout",
        Duration,
        "5m0s",
        OnChain("chain.transaction_timeout", Check::Anything),
    ),
    flag(
        "maxTransactionReplacements",
        Int,
        "1",
        OnChain("chain.max_replacements", Check::AtLeast(0)),
    ),
    flag("gasLimit", Int, "0", OnChain("chain.gas_limit", Check::AtLeast(0))),
    flag("minGasPrice", Int, "0", OnChain("chain.min_gas_price", Check::AtLeast(0))),
    flag("maxGasPrice", Int, "0", OnChain("chain.max_gas_price", Check::AtLeast(0))),
    flag(
        "maxTicketEV",
        Text,
        "3000000000000",
        OnChain("payments.max_ticket_ev", Check::AtLeast(0)),
    ),
    flag("maxTotalEV", Text, "20000000000000", OnChain("payments.max_total_ev", Check::AtLeast(0))),
    flag("depositMultiplier", Int, "1", OnChain("payments.deposit_multiplier", Check::AtLeast(1))),
    flag("blockPollingInterval", Int, "5", OnChain("chain.poll", Check::AtLeast(1))),
    flag("initializeRound", Bool, "false", MissingOnChain(ROUNDS, Check::Anything)),
    flag("initializeRoundMaxDelay", Duration, "30s", MissingOnChain(ROUNDS, Check::Anything)),
    flag("reward", Bool, "false", MissingOnChain(REWARD, Check::Anything)),
    flag("aiServiceRegistry", Bool, "false", OnChain("chain.ai_registry", Check::Anything)),
    // Not there yet.
    Flag { secret: true, ..flag("objectStore", Text, "", Missing("external object storage")) },
    Flag { secret: true, ..flag("recordStore", Text, "", Missing("recording of streams")) },
    flag("FVfailGsbucket", Text, "", Missing("storage of segments that failed verification")),
    secret("FVfailGskey", Idle("storage of segments that failed verification")),
    Flag { secret: true, ..flag("orchPerfStatsUrl", Text, "", Missing(SCORES)) },
    flag("minPerfScore", Float, "0", Missing(SCORES)),
    Flag { secret: true, ..flag("remoteSignerUrl", Text, "", Missing(SIGNER)) },
    secret("remoteSignerHeaders", Idle(SIGNER)),
    Flag { secret: true, ..flag("kafkaBootstrapServers", Text, "", Missing(KAFKA)) },
    secret("kafkaUser", Idle(KAFKA)),
    secret("kafkaPassword", Idle(KAFKA)),
    flag("kafkaGatewayTopic", Text, "", Idle(KAFKA)),
    Flag { secret: true, ..flag("metadataQueueUri", Text, "", Missing(AMQP)) },
    flag("metadataAmqpExchange", Text, "lp_golivepeer_metadata", Idle(AMQP)),
    flag("metadataPublishTimeout", Duration, "1s", Idle(AMQP)),
    Flag {
        secret: true,
        ..flag("liveAIAuthWebhookUrl", Text, "", Missing("authorisation of live AI streams"))
    },
    secret("liveAIAuthApiKey", Idle("authorisation of live AI streams")),
    Flag {
        secret: true,
        ..flag("liveAIHeartbeatURL", Text, "", Missing("heartbeats of live AI streams"))
    },
    secret("liveAIHeartbeatHeaders", Idle("heartbeats of live AI streams")),
    flag("liveAIHeartbeatInterval", Duration, "5s", Idle("heartbeats of live AI streams")),
    secret("mediaMTXApiPassword", Idle(AI)),
    flag("gatewayHost", Text, "", Idle(AI)),
    flag("aiProcessingRetryTimeout", Duration, "2s", Idle(AI)),
    flag("aiMinRunnerVersion", Text, "[]", Idle(AI)),
    flag("livePaymentInterval", Duration, "5s", Idle(AI)),
    flag("liveOutSegmentTimeout", Duration, "0s", Idle(AI)),
    flag("liveAISaveNSegments", Int, "10", Idle(AI)),
    flag("liveAICapReportInterval", Duration, "25m0s", Idle(AI)),
    flag("liveAICapRefreshModels", Text, "", Dead),
    flag(
        "metricsClientIP",
        Bool,
        "false",
        Never("addresses of clients are kept out of metrics, logs and records"),
    ),
    // Roles of other programs.
    flag("orchestrator", Bool, "false", OtherRole),
    flag("transcoder", Bool, "false", OtherRole),
    flag("aiWorker", Bool, "false", OtherRole),
    flag("redeemer", Bool, "false", OtherRole),
    flag("remoteSigner", Bool, "false", OtherRole),
    // Their settings.
    flag("serviceAddr", Text, "", NotForGateways),
    flag("nodes", Text, "", NotForGateways),
    secret("orchSecret", NotForGateways),
    flag("nvidia", Text, "", NotForGateways),
    flag("netint", Text, "", NotForGateways),
    flag("testTranscoder", Bool, "true", NotForGateways),
    flag("hevcDecoding", Bool, "false", NotForGateways),
    flag("aiServerless", Bool, "false", NotForGateways),
    flag("useLiveRunners", Bool, "false", NotForGateways),
    flag("liveRunnerConfig", Text, "", NotForGateways),
    flag("liveRunnerProxyUrl", Text, "", NotForGateways),
    flag("liveRunnerAddr", Text, "", NotForGateways),
    flag("liveAITrickleHostForRunner", Text, "", NotForGateways),
    flag("aiModels", Text, "", NotForGateways),
    flag("aiModelsDir", Text, "", NotForGateways),
    flag("aiRunnerImage", Text, "livepeer/ai-runner:latest", NotForGateways),
    flag("aiRunnerImageOverrides", Text, "", NotForGateways),
    flag("aiRunnerContainersPerGPU", Int, "1", NotForGateways),
    flag("aiVerboseLogs", Bool, "false", NotForGateways),
    flag("ethOrchAddr", Text, "", NotForGateways),
    flag("ticketEV", Text, "8000000000", NotForGateways),
    flag("maxFaceValue", Text, "0", NotForGateways),
    flag("pricePerUnit", Text, "0", NotForGateways),
    flag("autoAdjustPrice", Bool, "true", NotForGateways),
    flag("pricePerGateway", Text, "", NotForGateways),
    flag("pricePerBroadcaster", Text, "", NotForGateways),
    flag("redeemerAddr", Text, "", NotForGateways),
    flag("startupAvailabilityCheck", Bool, "true", NotForGateways),
    secret("remoteSignerWebhookUrl", NotForGateways),
    secret("remoteSignerWebhookHeaders", NotForGateways),
    flag("remoteSignerAllowNoAuth", Bool, "false", NotForGateways),
    flag("remoteDiscovery", Bool, "false", NotForGateways),
];

/// The flag with exactly this name.
pub(super) fn find(name: &str) -> Option<&'static Flag> {
    FLAGS.iter().find(|flag| flag.name == name)
}

impl Meaning {
    /// The setting that the flag gives, if it gives one.
    pub(super) fn key(self) -> Option<&'static str> {
        match self {
            Self::Setting(key) | Self::OnChain(key, _) => Some(key),
            _ => None,
        }
    }
}

impl Flag {
    /// Environment variable of the flag: `LP_HTTPADDR`.
    pub(super) fn variable(&self) -> String {
        format!("LP_{}", self.name.to_ascii_uppercase())
    }

    /// True when the canonical `text` says nothing that stock does not do by itself.
    pub(super) fn is_default(&self, text: &str) -> bool {
        (self.form == Text && text.is_empty())
            || go::canonical(self.form, self.default).is_ok_and(|default| default == text)
    }
}
