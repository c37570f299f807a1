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
    ("hls", "Playback of streams while they run."),
    ("tags", "The tag that each job carries."),
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
        "Network whose orchestrators and contracts are used. Only `offchain` is there yet.",
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
        "ingest.http",
        Kind::Switch,
        "auto",
        Some("httpIngest"),
        "Whether segments may be pushed over HTTP. `auto` is yes, except when `listen.http` can \
         be reached from other machines.",
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
