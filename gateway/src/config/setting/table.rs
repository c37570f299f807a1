//! The table of settings: one entry for each key of `waymark.yaml`, grouped by section.

use std::time::Duration;

use super::{Kind, Setting};

const fn count(min: u64, max: u64) -> Kind {
    Kind::Count { min, max }
}

const fn size(min: u64, max: u64) -> Kind {
    Kind::Size { min, max }
}

const fn time(min_millis: u64, max_seconds: u64) -> Kind {
    Kind::Duration { min: Duration::from_millis(min_millis), max: Duration::from_secs(max_seconds) }
}

const fn setting(
    key: &'static str,
    kind: Kind,
    default: &'static str,
    flag: Option<&'static str>,
    doc: &'static str,
) -> Setting {
    Setting { key, kind, default, flag, doc }
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const DAY: u64 = 86_400;

/// What a section is about, in the order in which sections are shown.
pub(in crate::config) const SECTIONS: &[(&str, &str)] = &[
    ("", "The gateway as a whole."),
    ("listen", "Addresses to listen on. `:PORT` means 127.0.0.1:PORT."),
    ("ingest", "Streams that applications push."),
    ("limits", "Bounds on what one request and all requests together may take."),
    ("transcoding", "What is made of each segment."),
    ("orchestrators", "Who does the work, and how they are found."),
    (
        "chain",
        "The chain that orchestrators are paid on. Without effect where `network` is `offchain`.",
    ),
    ("prices", "What an orchestrator may cost. Without effect off-chain."),
    ("payments", "What tickets are accepted and issued. Without effect off-chain."),
    (
        "spending",
        "Limits on what is promised to orchestrators: expected value of tickets, like `0.05 eth`, \
         `200 gwei`, `5000 wei` or `12.50 usd`. A limit that is reached refuses the job. Days are UTC. \
         Without effect off-chain.",
    ),
    ("hls", "Playback of streams while they run."),
    ("tags", "The tag that each job carries."),
    (
        "requirements",
        "What orchestrators are asked for, and how that is published (`docs/requirements.md`). Without \
         `requirements.files` nothing is asked for and nothing is published.",
    ),
    ("verification", "Whether results are what was asked for (`docs/verification.md`)."),
    ("evidence", "What is kept of results that are not, in `<data_dir>/evidence`."),
    ("records", "One row of open data for each attempt."),
    ("log", "Log lines on stderr."),
    ("metrics", "Prometheus metrics on the admin listener."),
];

/// Every setting, grouped by section.
pub(in crate::config) const SETTINGS: &[Setting] = &[
    setting(
        "network",
        Kind::Network,
        "offchain",
        Some("network"),
        "Network whose orchestrators and contracts are used: `offchain`, `arbitrum-one-mainnet`, \
         `mainnet`, or a name of your own together with `chain.controller`.",
    ),
    setting(
        "data_dir",
        Kind::Directory,
        "",
        Some("dataDir"),
        "Directory for state, records and spilled segments; created when missing. Without it: \
         `$HOME/.lpData/<network>`.",
    ),
    setting(
        "region",
        Kind::Region,
        "ZZZ",
        Some("region"),
        "Metro area of this gateway as a three-letter IATA code, for records. `ZZZ` is unknown.",
    ),
    setting(
        "shutdown_grace",
        time(0, 600),
        "10s",
        None,
        "How long a stopping gateway finishes what it has begun before it cuts.",
    ),
    setting(
        "listen.http",
        Kind::Listen(9935),
        "127.0.0.1:9935",
        Some("httpAddr"),
        "Segment push and playback.",
    ),
    setting(
        "listen.rtmp",
        Kind::Listen(1935),
        "127.0.0.1:1935",
        Some("rtmpAddr"),
        "RTMP ingest. Kept for command lines that give it: nothing listens there yet.",
    ),
    setting(
        "listen.cli",
        Kind::Listen(5935),
        "127.0.0.1:5935",
        Some("cliAddr"),
        "Status, health, metrics and admin calls.",
    ),
    setting(
        "listen.admin_token",
        Kind::Secret,
        "",
        None,
        "Token for admin calls that change something, or better the path of a file that holds it; \
         at least 16 characters. Where `listen.cli` can be reached from other machines such calls \
         are refused without it: `Authorization: Bearer TOKEN`.",
    ),
    setting(
        "ingest.http",
        Kind::Switch,
        "auto",
        Some("httpIngest"),
        "Whether segments may be pushed over HTTP. `auto` is yes, except when `listen.http` can \
         be reached from other machines.",
    ),
    setting(
        "ingest.auth_webhook",
        Kind::Url,
        "",
        Some("authWebhookUrl"),
        "URL that is asked whether a stream may be pushed: `POST` with `{\"url\": …}`. 200 allows it; \
         the answer may be empty or an object like that of `Livepeer-Transcode-Configuration`, with \
         the name the stream is known by as `manifestID`.",
    ),
    setting(
        "ingest.current_manifest",
        Kind::Truth,
        "false",
        Some("currentManifest"),
        "Serve the most recent stream as `/stream/current.m3u8` too.",
    ),
    setting(
        "ingest.max_sessions",
        count(1, 100_000),
        "10",
        Some("maxSessions"),
        "Streams at the same time; one more is refused with 503.",
    ),
    setting(
        "ingest.stream_idle",
        time(1000, DAY),
        "60s",
        None,
        "A stream without a push for this long ends.",
    ),
    setting(
        "limits.segment",
        size(64 * KIB, 2 * GIB),
        "300MB",
        None,
        "Largest body of a pushed segment; a larger one is refused with 413.",
    ),
    setting(
        "limits.in_flight",
        size(MIB, 1024 * GIB),
        "512MiB",
        None,
        "Bytes of segments being worked on, all streams together; past it a push is refused \
         with 503.",
    ),
    setting(
        "limits.header",
        size(4 * KIB, MIB),
        "64KiB",
        None,
        "Largest set of headers of a request.",
    ),
    setting(
        "transcoding.profiles",
        Kind::Profiles,
        "P240p30fps16x9,P360p30fps16x9",
        Some("transcodingOptions"),
        "Renditions of streams that bring none of their own: names of presets, or profiles \
         (`name`, `width`, `height`, `bitrate`, `fps`, `fps_den`, `profile`, `gop`, `encoder`, \
         `color_depth`, `chroma_format`, `quality`). As text: preset names with commas, or the \
         path of a JSON file with a list of profiles.",
    ),
    setting(
        "transcoding.max_attempts",
        count(1, 100),
        "3",
        Some("maxAttempts"),
        "Attempts for one segment, each with another orchestrator while there is one.",
    ),
    setting(
        "orchestrators.addresses",
        Kind::Orchestrators,
        "",
        Some("orchAddr"),
        "Orchestrators to use: `host`, `host:port` or a URL. Without a scheme it is https, \
         without a port 8935.",
    ),
    setting(
        "orchestrators.webhook",
        Kind::Url,
        "",
        Some("orchWebhookUrl"),
        "URL that answers with the list of orchestrators. Wins over `addresses`.",
    ),
    setting(
        "orchestrators.block_list",
        Kind::EthAddresses,
        "",
        Some("orchBlocklist"),
        "Ethereum addresses of orchestrators that are never used.",
    ),
    setting(
        "orchestrators.min_version",
        Kind::Version,
        "",
        Some("orchMinLivepeerVersion"),
        "Lowest software version of an orchestrator, like `0.9.1`.",
    ),
    setting(
        "orchestrators.extra_nodes",
        count(0, 100),
        "0",
        Some("extraNodes"),
        "How many further nodes named by an orchestrator are asked as well.",
    ),
    setting(
        "orchestrators.discovery_timeout",
        time(1, 60),
        "500ms",
        Some("discoveryTimeout"),
        "First wait for answers of orchestrators; it grows while nothing usable was found.",
    ),
    setting(
        "chain.rpc",
        Kind::RpcUrls,
        "",
        Some("ethUrl"),
        "JSON-RPC endpoints, http(s) or ws(s); needed on chain. The first that works is used, the \
         others stand in for it.",
    ),
    setting(
        "chain.controller",
        Kind::EthAddress,
        "",
        Some("ethController"),
        "Address of Livepeer's Controller contract. Known networks have it built in.",
    ),
    setting(
        "chain.account",
        Kind::EthAddress,
        "",
        Some("ethAcctAddr"),
        "Account that pays. Without it the first key in `chain.keystore`.",
    ),
    setting(
        "chain.keystore",
        Kind::OptionalPath,
        "",
        Some("ethKeystorePath"),
        "Directory with key files, or one key file. Without it `<data_dir>/keystore`.",
    ),
    setting(
        "chain.passphrase",
        Kind::Secret,
        "",
        Some("ethPassword"),
        "Pass-phrase of the key, or better the path of a file that holds it.",
    ),
    setting(
        "chain.poll",
        time(100, 600),
        "5s",
        Some("blockPollingInterval"),
        "How often the newest block is asked for.",
    ),
    setting(
        "chain.transaction_timeout",
        time(1000, DAY),
        "5m",
        Some("transactionTimeout"),
        "How long a transaction may take before it is sent again with a higher fee.",
    ),
    setting(
        "chain.max_replacements",
        count(0, 10),
        "1",
        Some("maxTransactionReplacements"),
        "How often a transaction is sent again with a higher fee.",
    ),
    setting(
        "chain.gas_limit",
        count(0, 1_000_000_000),
        "0",
        Some("gasLimit"),
        "Gas limit of transactions; 0 is what the endpoint estimates.",
    ),
    setting(
        "chain.min_gas_price",
        Kind::Wei,
        "0",
        Some("minGasPrice"),
        "What gas is taken to cost where an endpoint says less.",
    ),
    setting(
        "chain.max_gas_price",
        Kind::Wei,
        "0",
        Some("maxGasPrice"),
        "No transaction is sent while gas costs more; 0 is any price.",
    ),
    setting(
        "chain.price_feed",
        Kind::EthAddress,
        "",
        Some("priceFeedAddr"),
        "Contract that tells the price of ether in dollars, for prices and limits in a currency. \
         Known networks have it built in.",
    ),
    setting(
        "chain.ai_registry",
        Kind::Truth,
        "false",
        Some("aiServiceRegistry"),
        "Find orchestrators by the registry of AI services instead of that of transcoders.",
    ),
    setting(
        "chain.tag_registry",
        Kind::EthAddress,
        "",
        None,
        "The JobTagRegistry on this chain: numbers of tags come from it, round books are committed to \
         in it, published documents are signed for it. Without it the zero address stands for it.",
    ),
    setting(
        "prices.max",
        Kind::Price,
        "0",
        Some("maxPricePerUnit"),
        "Highest price of an orchestrator for `prices.pixels` pixels, in wei, or with a currency \
         like `0.50USD`; 0 is any price.",
    ),
    setting(
        "prices.pixels",
        count(1, 1_000_000_000_000_000),
        "1",
        Some("pixelsPerUnit"),
        "How many pixels `prices.max` pays for.",
    ),
    setting(
        "prices.per_capability",
        Kind::CapabilityPrices,
        "",
        Some("maxPricePerCapability"),
        "Highest price for a pipeline and a model: the JSON of the stock flag, the path of a file \
         with it, or a list of `pipeline`, `model`, `max` and `units`.",
    ),
    setting(
        "prices.per_tag",
        Kind::TagPrices,
        "",
        None,
        "Highest price by tag: a list of `tag` (or a prefix like `transcode/live/*`), `max` and \
         `pixels`; the first that matches counts, before `prices.max`.",
    ),
    setting(
        "prices.ignore_max_if_needed",
        Kind::Truth,
        "false",
        Some("ignoreMaxPriceIfNeeded"),
        "Use an orchestrator above `prices.max` when none is below it.",
    ),
    setting(
        "payments.max_ticket_ev",
        Kind::Wei,
        "3000000000000",
        Some("maxTicketEV"),
        "Highest expected value of one ticket.",
    ),
    setting(
        "payments.max_total_ev",
        Kind::Wei,
        "20000000000000",
        Some("maxTotalEV"),
        "Highest expected value of all tickets of one payment.",
    ),
    setting(
        "payments.deposit_multiplier",
        count(1, 1_000_000),
        "1",
        Some("depositMultiplier"),
        "How many times its face value must be in the deposit for a ticket to be issued.",
    ),
    setting(
        "payments.header",
        size(2 * KIB, 256 * KIB),
        "8KiB",
        None,
        "Largest payment header. A ticket takes about 96 bytes; proxies in front of orchestrators \
         often take 8 KiB of headers, orchestrators themselves about 1 MiB.",
    ),
    setting(
        "payments.plain_nonces",
        Kind::EthAddresses,
        "",
        None,
        "Orchestrators that are paid with tickets that carry no tag.",
    ),
    setting(
        "payments.rate_max_age",
        time(60_000, 7 * DAY),
        "1h",
        None,
        "How old the price of a currency may be. Limits and prices in a currency refuse jobs when \
         it is older.",
    ),
    setting("spending.ticket_expected_value", Kind::Amount, "", None, "Limit for one ticket."),
    setting(
        "spending.ticket_face_value",
        Kind::Amount,
        "",
        None,
        "Limit for the face value of one ticket.",
    ),
    setting("spending.payment", Kind::Amount, "", None, "Limit for all tickets of one payment."),
    setting(
        "spending.session",
        Kind::Amount,
        "",
        None,
        "Limit for one session with an orchestrator.",
    ),
    setting("spending.orchestrator", Kind::Amount, "", None, "Limit for one orchestrator and day."),
    setting("spending.day", Kind::Amount, "", None, "Limit for a day, everything together."),
    setting(
        "spending.tags",
        Kind::TagAmounts,
        "",
        None,
        "Limits by tag and day: a list of `tag` (or a prefix like `transcode/live/*`) and `day`; \
         every one that matches counts.",
    ),
    setting(
        "hls.window",
        count(1, 1000),
        "6",
        None,
        "Segments of each rendition that a playlist lists and that can be played.",
    ),
    setting(
        "hls.memory",
        size(0, 1024 * GIB),
        "128MiB",
        None,
        "Memory for playable segments, all streams together; past it they go to files in \
         `data_dir`.",
    ),
    setting(
        "hls.grace",
        time(0, DAY),
        "60s",
        None,
        "How long the playlists of an ended stream stay.",
    ),
    setting(
        "tags.carry",
        Kind::Truth,
        "true",
        None,
        "Tell orchestrators the tag of each job. Those that do not know tags ignore it.",
    ),
    setting(
        "tags.silent_orchestrators",
        Kind::Orchestrators,
        "",
        None,
        "Orchestrators that are never told a tag.",
    ),
    setting(
        "tags.routes",
        Kind::Routes,
        "",
        None,
        "Tags by manifest id: a list of `manifest` (with `*` and `?`) and `tag`; the first that \
         matches counts. A tag chosen by the client comes before it.",
    ),
    setting(
        "tags.allowed",
        Kind::TagPatterns,
        "",
        None,
        "Tags that clients may choose: tags, prefixes like `transcode/live/*`, or `*`. Without \
         it every tag; an empty list is none.",
    ),
    setting(
        "tags.ids",
        Kind::TagIds,
        "",
        None,
        "Numbers of tags on this chain: a list of `tag` and `id`, or a text like \
         `transcode/live/abr=7`. A tag with a number is written into every ticket that pays for it.",
    ),
    setting(
        "tags.register",
        Kind::Truth,
        "false",
        None,
        "Register tags of `tags.ids` and `tags.routes` that the registry (`chain.tag_registry`) does \
         not have. Each costs a transaction, and is for ever.",
    ),
    setting(
        "tags.files",
        Kind::Paths,
        "",
        None,
        "Files that add tags and keys of a namespace of yours, such as `x-acme`, to the built-in ones \
         (`docs/requirements.md`). Read at start.",
    ),
    setting(
        "requirements.files",
        Kind::Paths,
        "",
        None,
        "Files of job classes, or directories of `*.yaml` and `*.yml` files. They are read again when \
         they change, and on SIGHUP.",
    ),
    setting(
        "requirements.name",
        Kind::Text(120),
        "Waymark gateway",
        None,
        "Name of this gateway in its published document.",
    ),
    setting(
        "requirements.contact",
        Kind::Text(200),
        "",
        None,
        "How orchestrators reach the operator; published.",
    ),
    setting(
        "requirements.url",
        Kind::Url,
        "",
        None,
        "Where programs reach the media listener from outside; published.",
    ),
    setting(
        "requirements.data_url",
        Kind::Url,
        "",
        None,
        "Where this gateway's data is published; published.",
    ),
    setting(
        "requirements.lifetime",
        time(60_000, 365 * DAY),
        "24h",
        None,
        "How long a published document is valid. It is made anew when half of that is over.",
    ),
    setting(
        "requirements.anchor",
        Kind::Truth,
        "true",
        None,
        "Tell the registry (`chain.tag_registry`) where the published document is, with its hash, and \
         what each class pays at most. Needs `requirements.url` or `requirements.data_url`, and a key \
         that signs transactions. Each costs gas.",
    ),
    setting(
        "requirements.anchor_every",
        time(0, 30 * DAY),
        "1h",
        None,
        "The registry is told of changes at most so often; the first is told at once.",
    ),
    setting(
        "requirements.probe_percent",
        count(0, 100),
        "2",
        None,
        "Share of new sessions, in percent, for which orchestrators come first of whom too little is \
         known, where a class says `unknown: probe`.",
    ),
    setting(
        "verification.mode",
        Kind::VerificationMode,
        "fast+full",
        None,
        "What results are put through before they are delivered. `fast`: every one is parsed and its \
         key pictures are compared with the source's. `full`: every one is compared with the source \
         picture by picture as well. `fast+full`: fast for all, full for a secret sample, after \
         delivery where the orchestrator is trusted. `none`: number, order, signature and container \
         only. The class of a job's tag comes first.",
    ),
    setting(
        "verification.deadline",
        time(1, 60),
        "500ms",
        None,
        "Longest time a stream waits for a check that decodes. Past it the check is recorded as not run.",
    ),
    setting(
        "verification.workers",
        count(0, 1024),
        "0",
        None,
        "Processes that decode, confined and apart from the gateway. 0: one for each core.",
    ),
    setting(
        "verification.worker_memory",
        size(256 * MIB, 1024 * GIB),
        "2GiB",
        None,
        "Address space of each of them.",
    ),
    setting(
        "verification.worker_deadline",
        time(100, 600),
        "10s",
        None,
        "Longest time for one measurement; a process that takes longer is ended.",
    ),
    setting(
        "verification.queue",
        count(1, 100_000),
        "64",
        None,
        "Measurements that may wait for such a process. What comes when it is full is recorded as not \
         run and counted.",
    ),
    setting(
        "verification.webhook",
        Kind::Url,
        "",
        Some("verifierUrl"),
        "An external verifier, which is posted the paths of each source and its renditions before they are \
         delivered, as go-livepeer does. What it rejects is asked of another orchestrator; without its \
         answer nothing is rejected. Needs `verification.webhook_folder`.",
    ),
    setting(
        "verification.webhook_folder",
        Kind::OptionalPath,
        "",
        Some("verifierPath"),
        "Folder that the external verifier sees as `/stream`. Files of each call are put there and removed \
         when it is over.",
    ),
    setting(
        "verification.webhook_deadline",
        time(100, 60),
        "2s",
        None,
        "Longest time a stream waits for the external verifier. Past it the check is recorded as not run.",
    ),
    setting(
        "verification.floor_percent",
        count(1, 100),
        "1",
        None,
        "Least share of results that are audited in full, in percent, however much an orchestrator is \
         trusted.",
    ),
    setting(
        "verification.max_bad_segments",
        count(0, 100_000),
        "20",
        None,
        "Bad segments of a trusted orchestrator that may pass before the first is found, on average; the \
         share of audits follows from it. 20: one in twenty is audited, 9: one in ten.",
    ),
    setting(
        "verification.look_percent",
        count(0, 100),
        "10",
        None,
        "Share of new sessions, in percent, that begin with suspected orchestrators, whose results are all \
         audited. With 0 they work only where nobody else is left, and may stay suspected.",
    ),
    setting(
        "verification.remembered",
        count(100, 1_000_000),
        "10000",
        None,
        "Orchestrators whose trust is kept, in `<data_dir>/trust.sqlite3`. Past that, those are forgotten \
         who were neither trusted nor at fault.",
    ),
    setting(
        "evidence.size",
        size(0, 1024 * GIB),
        "4GiB",
        None,
        "Bytes of evidence kept; the oldest goes first. 0 keeps none.",
    ),
    setting("evidence.age", time(0, 3660 * DAY), "30d", None, "How long evidence is kept."),
    setting(
        "records.jsonl",
        Kind::Truth,
        "true",
        None,
        "Write records as JSON lines under `<data_dir>/data/jsonl`.",
    ),
    setting(
        "records.parquet",
        Kind::Truth,
        "true",
        None,
        "Write records as Parquet under `<data_dir>/data/v1`.",
    ),
    setting(
        "records.queue",
        count(1, 10_000_000),
        "8192",
        None,
        "Records waiting to be written. When it is full the newest are dropped and counted: \
         writing never holds up a job.",
    ),
    setting(
        "records.parquet_rows",
        count(1, 10_000_000),
        "50000",
        None,
        "Rows after which a Parquet file is closed.",
    ),
    setting(
        "records.parquet_age",
        time(1000, DAY),
        "5m",
        None,
        "Time after which a Parquet file that has rows is closed.",
    ),
    setting(
        "log.filter",
        Kind::LogFilter,
        "info",
        Some("v"),
        "Which log lines: a level, or directives like `info,waymark=debug`. Of `-v`, 0 to 3 is \
         `info`, 4 and 5 is `info,waymark=debug`, 6 to 98 is `info,waymark=trace`, 99 is \
         `debug,waymark=trace`.",
    ),
    setting("log.format", Kind::LogFormat, "text", None, "`text` for people, `json` for machines."),
    setting("metrics.enabled", Kind::Truth, "false", Some("monitor"), "Serve `/metrics`."),
    setting(
        "metrics.per_stream",
        Kind::Truth,
        "false",
        Some("metricsPerStream"),
        "Label metrics with the manifest id. Many streams make many series.",
    ),
];
