//! Logs: to standard error, as text or JSON lines, filtered by `-v` or a filter expression.

use std::io::IsTerminal as _;

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::config::{Log, LogFormat};

/// Sets the process's log output. Later calls change nothing.
pub fn init(log: &Log) {
    let filter = EnvFilter::builder().parse_lossy(&log.filter);
    let registry = tracing_subscriber::registry().with(filter);
    let set = match log.format {
        LogFormat::Text => {
            // Colours are for people at a terminal; files and supervisors get plain text.
            let colours = std::io::stderr().is_terminal();
            let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
            registry.with(lines.with_target(false)).try_init()
        }
        LogFormat::Json => registry
            .with(fmt::layer().json().flatten_event(true).with_writer(std::io::stderr))
            .try_init(),
    };
    if let Err(error) = set {
        tracing::debug!(%error, "logging was set up before");
    }
}
