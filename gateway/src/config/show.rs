//! A [`Config`] written back as `waymark.yaml`, so that an operator sees what is in force, where
//! it comes from, and can move from a stock command line to a file in one step.
//!
//! What is written reads back as the same configuration, except that secrets are hidden.

use std::fmt::{Display, Write as _};

use super::node::{Item, Key, Node};
use super::setting::{SECTIONS, SETTINGS};
use super::units::{show_duration, show_size};
use super::{Config, LogFormat, Origin, redact};
use crate::profile::{Chroma, Encoder, EncoderProfile, Gop, Profile};

/// Every key with its value on one line.
pub(super) fn values(config: &Config) -> impl Iterator<Item = (&'static str, String)> + '_ {
    SETTINGS.iter().map(|setting| (setting.key, flow(&value(config, setting.key))))
}

/// The whole configuration.
pub(super) fn yaml(config: &Config, origins: bool) -> String {
    let mut text = String::new();
    for (section, _) in SECTIONS {
        let indent = if section.is_empty() { "" } else { "  " };
        if !section.is_empty() {
            line(&mut text, &format!("{section}:"), "");
        }
        for setting in SETTINGS.iter().filter(|setting| setting.split().0 == *section) {
            let origin = origins.then(|| config.origins.of(setting.key));
            entry(&mut text, indent, setting.split().1, &value(config, setting.key), origin);
        }
    }
    text
}

fn entry(text: &mut String, indent: &str, name: &str, value: &Node, origin: Option<&Origin>) {
    let comment = origin.map_or_else(String::new, |origin| format!("  # {origin}"));
    match value {
        Node::List(items) if items.iter().any(|item| matches!(item.node, Node::Map(_))) => {
            line(text, &format!("{indent}{name}:"), &comment);
            for item in items {
                line(text, &format!("{indent}  - {}", flow(&item.node)), "");
            }
        }
        _ => line(text, &format!("{indent}{name}: {}", flow(value)), &comment),
    }
}

fn line(text: &mut String, content: &str, comment: &str) {
    writeln!(text, "{content}{comment}").expect("writing to a String cannot fail");
}

/// A value on one line.
fn flow(node: &Node) -> String {
    match node {
        Node::Null => "null".to_owned(),
        Node::Text(text) => quoted(text),
        Node::List(items) => {
            let items: Vec<String> = items.iter().map(|item| flow(&item.node)).collect();
            format!("[{}]", items.join(", "))
        }
        Node::Map(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, item)| format!("{}: {}", key.name, flow(&item.node)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// The text as it is where YAML takes it so, in double quotes otherwise.
fn quoted(text: &str) -> String {
    let first = |c: char| c.is_ascii_alphanumeric() || c == '/';
    let rest = |c: char| c.is_ascii_alphanumeric() || "_./:@+-=".contains(c);
    let plain = text.starts_with(first)
        && text.chars().all(rest)
        && !text.ends_with(':')
        && !matches!(text, "null" | "Null" | "NULL");
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

fn value(config: &Config, key: &str) -> Node {
    match key {
        "network" => text(config.network.name()),
        "data_dir" => text(config.data_dir.display()),
        "region" => text(&config.region),
        "shutdown_grace" => text(show_duration(config.shutdown_grace)),
        "listen.http" => text(&config.http_addr),
        "listen.rtmp" => text(&config.rtmp_addr),
        "listen.cli" => text(&config.cli_addr),
        "listen.admin_token" => config.admin_token.as_ref().map_or(Node::Null, |_| text("***")),
        "ingest.http" => text(config.http_ingest),
        "ingest.auth_webhook" => config.auth_webhook.as_ref().map(redact).map_or(Node::Null, text),
        "ingest.current_manifest" => text(config.current_manifest),
        "ingest.max_sessions" => text(config.max_sessions),
        "ingest.stream_idle" => text(show_duration(config.stream_idle)),
        "limits.segment" => text(show_size(config.limits.segment_bytes)),
        "limits.in_flight" => text(show_size(config.limits.in_flight_bytes)),
        "limits.header" => {
            text(show_size(u64::try_from(config.limits.header_bytes).unwrap_or(u64::MAX)))
        }
        "transcoding.profiles" => list(config.profiles.iter().map(profile)),
        "transcoding.max_attempts" => text(config.max_attempts),
        "orchestrators.addresses" => list(config.orchestrators.iter().map(orchestrator)),
        "orchestrators.webhook" => {
            config.orchestrator_webhook.as_ref().map(redact).map_or(Node::Null, text)
        }
        "orchestrators.block_list" => list(config.block_list.iter().map(text)),
        "orchestrators.min_version" => {
            config.min_orchestrator_version.as_ref().map_or(Node::Null, text)
        }
        "orchestrators.extra_nodes" => text(config.extra_nodes),
        "orchestrators.discovery_timeout" => text(show_duration(config.discovery_timeout)),
        key if key.starts_with("chain.") => chain(config, key),
        key if key.starts_with("prices.") => prices(config, key),
        key if key.starts_with("payments.") => tickets(config, key),
        key if key.starts_with("spending.") => spending(config, key),
        "hls.window" => text(config.hls.window),
        "hls.memory" => text(show_size(config.hls.memory_bytes)),
        "hls.grace" => text(show_duration(config.hls.grace)),
        "tags.carry" => text(config.tags.carry),
        "tags.silent_orchestrators" => {
            list(config.tags.silent_orchestrators.iter().map(orchestrator))
        }
        "tags.routes" => list(config.tags.routes.iter().map(|route| {
            map([("manifest", text(route.manifest.as_str())), ("tag", text(&route.tag))])
        })),
        "tags.allowed" => match &config.tags.allowed {
            None => Node::Null,
            Some(patterns) => list(patterns.iter().map(text)),
        },
        "tags.register" => text(config.tags.register),
        "tags.files" => list(config.tags.files.iter().map(|p| text(p.display()))),
        "tags.ids" => list(
            config
                .tags
                .ids
                .iter()
                .map(|(tag, id)| map([("tag", text(tag)), ("id", text(id.get()))])),
        ),
        "requirements.files" => list(config.requirements.files.iter().map(|p| text(p.display()))),
        "requirements.name" => text(&config.requirements.name),
        "requirements.contact" => config.requirements.contact.as_ref().map_or(Node::Null, text),
        "requirements.url" => config.requirements.url.as_ref().map_or(Node::Null, text),
        "requirements.data_url" => config.requirements.data_url.as_ref().map_or(Node::Null, text),
        "requirements.lifetime" => text(show_duration(config.requirements.lifetime)),
        "requirements.anchor" => text(config.requirements.anchor),
        "requirements.anchor_every" => text(show_duration(config.requirements.anchor_every)),
        "requirements.probe_percent" => text(config.requirements.probe_percent),
        "verification.mode" => text(config.verification.mode.as_str()),
        "verification.deadline" => text(show_duration(config.verification.deadline)),
        "verification.workers" => text(config.verification.workers),
        "verification.worker_memory" => text(show_size(config.verification.worker_memory_bytes)),
        "verification.worker_deadline" => text(show_duration(config.verification.worker_deadline)),
        "verification.queue" => text(config.verification.queue),
        key if key.starts_with("verification.webhook") => verifier_webhook(config, key),
        "verification.floor_percent" => text(config.trust.floor_percent),
        "verification.max_bad_segments" => text(config.trust.max_bad_segments),
        "verification.look_percent" => text(config.trust.look_percent),
        "verification.remembered" => text(config.trust.remembered),
        "evidence.size" => text(show_size(config.evidence.size_bytes)),
        "evidence.age" => text(show_duration(config.evidence.age)),
        "records.jsonl" => text(config.records.jsonl),
        "records.parquet" => text(config.records.parquet),
        "records.queue" => text(config.records.queue),
        "records.parquet_rows" => text(config.records.parquet_rows),
        "records.parquet_age" => text(show_duration(config.records.parquet_age)),
        "log.filter" => text(&config.log.filter),
        "log.format" => text(match config.log.format {
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        }),
        "metrics.enabled" => text(config.monitor),
        "metrics.per_stream" => text(config.metrics_per_stream),
        // A test shows every key of the table, so one that is missing here cannot ship.
        other => unreachable!("setting {other} is not shown"),
    }
}

/// Without a verifier nothing of it is in force.
fn verifier_webhook(config: &Config, key: &str) -> Node {
    let Some(webhook) = &config.verification.webhook else { return Node::Null };
    match key {
        "verification.webhook" => text(redact(&webhook.url)),
        "verification.webhook_folder" => text(webhook.folder.display()),
        _ => text(show_duration(webhook.deadline)),
    }
}

/// Off-chain nothing of it is in force.
fn chain(config: &Config, key: &str) -> Node {
    let Some(chain) = &config.chain else { return Node::Null };
    let optional = |value: Option<String>| value.map_or(Node::Null, text);
    match key {
        "chain.rpc" => list(chain.rpc.iter().map(endpoint).map(text)),
        "chain.controller" => optional(chain.controller.map(|a| a.to_string())),
        "chain.account" => optional(chain.account.map(|a| a.to_string())),
        "chain.keystore" => optional(chain.keystore.as_ref().map(|p| p.display().to_string())),
        "chain.passphrase" => optional(chain.passphrase.as_ref().map(|_| "***".to_owned())),
        "chain.poll" => text(show_duration(chain.poll)),
        "chain.transaction_timeout" => text(show_duration(chain.transaction_timeout)),
        "chain.max_replacements" => text(chain.max_replacements),
        "chain.gas_limit" => text(chain.gas_limit.unwrap_or(0)),
        "chain.min_gas_price" => text(chain.min_gas_price),
        "chain.max_gas_price" => text(chain.max_gas_price.unwrap_or_default()),
        "chain.price_feed" => optional(chain.price_feed.map(|a| a.to_string())),
        "chain.ai_registry" => text(chain.ai_registry),
        "chain.tag_registry" => optional(chain.tag_registry.map(|a| a.to_string())),
        other => unreachable!("setting {other} is not shown"),
    }
}

/// Providers put the key of their customer into the path.
fn endpoint(url: &url::Url) -> String {
    let mut shown = url.clone();
    if !matches!(url.path(), "" | "/") {
        shown.set_path("/***");
    }
    redact(&shown)
}

fn prices(config: &Config, key: &str) -> Node {
    let prices = &config.prices;
    match key {
        "prices.max" => prices.max.as_ref().map_or_else(|| text(0), text),
        "prices.pixels" => text(prices.max.as_ref().map_or(1, |max| max.per.get())),
        "prices.per_capability" => list(prices.per_capability.iter().map(|price| {
            map([
                ("pipeline", text(&price.pipeline)),
                ("model", text(price.model.as_deref().unwrap_or("default"))),
                ("max", text(&price.max)),
                ("units", text(price.max.per)),
            ])
        })),
        "prices.per_tag" => list(prices.per_tag.iter().map(|(tag, max)| {
            map([("tag", text(tag)), ("max", text(max)), ("pixels", text(max.per))])
        })),
        "prices.ignore_max_if_needed" => text(prices.ignore_max_if_needed),
        other => unreachable!("setting {other} is not shown"),
    }
}

fn tickets(config: &Config, key: &str) -> Node {
    let tickets = &config.tickets;
    match key {
        "payments.max_ticket_ev" => text(tickets.max_ticket_ev),
        "payments.max_total_ev" => text(tickets.max_total_ev),
        "payments.deposit_multiplier" => text(tickets.deposit_multiplier),
        "payments.header" => {
            text(show_size(u64::try_from(tickets.header_bytes).unwrap_or(u64::MAX)))
        }
        "payments.plain_nonces" => list(tickets.plain_nonces.iter().map(text)),
        "payments.rate_max_age" => text(show_duration(config.spending.max_rate_age.unsigned_abs())),
        other => unreachable!("setting {other} is not shown"),
    }
}

fn spending(config: &Config, key: &str) -> Node {
    let spending = &config.spending;
    let limit = match key {
        "spending.ticket_expected_value" => &spending.ticket_expected_value,
        "spending.ticket_face_value" => &spending.ticket_face_value,
        "spending.payment" => &spending.payment,
        "spending.session" => &spending.session,
        "spending.orchestrator" => &spending.orchestrator,
        "spending.day" => &spending.day,
        "spending.tags" => {
            return list(
                spending
                    .tags
                    .iter()
                    .map(|(tag, day)| map([("tag", text(tag)), ("day", text(day))])),
            );
        }
        other => unreachable!("setting {other} is not shown"),
    };
    limit.as_ref().map_or(Node::Null, text)
}

fn text(value: impl Display) -> Node {
    Node::Text(format!("{value}"))
}

fn item(node: Node) -> Item {
    Item { node, place: None }
}

fn list(nodes: impl Iterator<Item = Node>) -> Node {
    Node::List(nodes.map(item).collect())
}

fn map<const N: usize>(entries: [(&str, Node); N]) -> Node {
    let entry =
        |(name, node): (&str, Node)| (Key { name: name.to_owned(), place: None }, item(node));
    Node::Map(entries.into_iter().map(entry).collect())
}

/// With its port, even where that is the scheme's own.
fn orchestrator(url: &url::Url) -> Node {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(super::ORCHESTRATOR_PORT);
    let path = url.path().trim_end_matches('/');
    text(format!("{}://{host}:{port}{path}", url.scheme()))
}

/// A preset by its name, any other profile by what differs from nothing.
fn profile(profile: &Profile) -> Node {
    if let Some(name) = profile.preset_name() {
        return text(name);
    }
    let gop = match profile.gop {
        Gop::Unset => None,
        gop @ (Gop::Intra | Gop::Millis(_)) => Some(text(gop)),
    };
    let number = |value: u32| (value != 0).then(|| text(value));
    let Node::Map(mut entries) = map([
        ("name", text(&profile.name)),
        ("width", text(profile.width)),
        ("height", text(profile.height)),
        ("bitrate", text(profile.bitrate)),
    ]) else {
        return Node::Null;
    };
    let optional = [
        ("fps", number(profile.fps)),
        ("fps_den", number(profile.fps_den)),
        (
            "profile",
            (profile.encoder_profile != EncoderProfile::None)
                .then(|| text(profile.encoder_profile.name())),
        ),
        ("gop", gop),
        ("encoder", (profile.encoder != Encoder::H264).then(|| text(profile.encoder.name()))),
        ("color_depth", (profile.color_depth != 0).then(|| text(profile.color_depth))),
        ("chroma_format", (profile.chroma != Chroma::C420).then(|| text(profile.chroma.number()))),
        ("quality", number(profile.quality)),
    ];
    for (name, value) in optional {
        if let Some(node) = value {
            entries.push((Key { name: name.to_owned(), place: None }, item(node)));
        }
    }
    Node::Map(entries)
}
