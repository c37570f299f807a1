//! What happened, told as it happens: text for people, JSON lines for programs.

use std::time::Duration;

use serde::Serialize;

use crate::{play::Played, push::Pushed};

/// One thing that happened.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event<'a> {
    /// A segment's upload begins, this much later than a live encoder would.
    Pushing { seq: u64, bytes: usize, late_millis: u128 },
    /// A segment came back.
    Delivered { seq: u64, millis: u128, renditions: &'a [Rendition] },
    /// A segment did not come back.
    Refused { seq: u64, millis: u128, reason: &'a str },
    /// The player fetched a segment.
    Fetched { rendition: &'a str, seq: u64, bytes: usize, seconds: f32 },
    /// All is over.
    Ended { pushed: &'a Pushed, played: &'a [Played], faults: &'a [String] },
}

/// One rendition in a reply.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Rendition {
    /// Its name.
    pub(crate) name: String,
    /// Its size.
    pub(crate) bytes: usize,
}

/// Writes events to standard output.
#[derive(Debug)]
pub(crate) struct Reporter {
    json: bool,
}

impl Reporter {
    /// Text, or JSON lines.
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// A segment's upload begins.
    pub(crate) fn pushing(&self, seq: u64, bytes: usize, late: Duration) {
        self.write(&Event::Pushing { seq, bytes, late_millis: late.as_millis() });
    }

    /// A segment came back.
    pub(crate) fn delivered(&self, seq: u64, took: Duration, renditions: &[Rendition]) {
        self.write(&Event::Delivered { seq, millis: took.as_millis(), renditions });
    }

    /// A segment did not come back.
    pub(crate) fn refused(&self, seq: u64, took: Duration, reason: &str) {
        self.write(&Event::Refused { seq, millis: took.as_millis(), reason });
    }

    /// The player fetched a segment.
    pub(crate) fn fetched(&self, rendition: &str, seq: u64, bytes: usize, seconds: f32) {
        self.write(&Event::Fetched { rendition, seq, bytes, seconds });
    }

    /// All is over.
    pub(crate) fn end(&self, pushed: &Pushed, played: &[Played], faults: &[String]) {
        self.write(&Event::Ended { pushed, played, faults });
    }

    #[allow(clippy::print_stdout, reason = "the output of a command-line program")]
    fn write(&self, event: &Event<'_>) {
        if self.json {
            let line = serde_json::to_string(event).expect("events are plain data");
            println!("{line}");
        } else if let Some(line) = text(event) {
            println!("{line}");
        }
    }
}

fn text(event: &Event<'_>) -> Option<String> {
    match event {
        Event::Pushing { .. } => None,
        Event::Delivered { seq, millis, renditions } => {
            let list: Vec<_> =
                renditions.iter().map(|r| format!("{} {} kB", r.name, r.bytes / 1000)).collect();
            Some(format!("segment {seq}: back after {millis} ms: {}", list.join(", ")))
        }
        Event::Refused { seq, millis, reason } => {
            Some(format!("segment {seq}: refused after {millis} ms: {reason}"))
        }
        Event::Fetched { rendition, seq, bytes, .. } => {
            Some(format!("played {rendition} {seq}: {} kB", bytes / 1000))
        }
        Event::Ended { pushed, played, faults } => {
            let list: Vec<_> = played
                .iter()
                .map(|p| format!("{}: {} segments, {:.1} s", p.rendition, p.segments, p.seconds))
                .collect();
            let end = format!(
                "pushed {} segments, {} came back; played {}",
                pushed.segments,
                pushed.delivered,
                list.join("; ")
            );
            Some(if faults.is_empty() { end } else { format!("{end}; {} faults", faults.len()) })
        }
    }
}
