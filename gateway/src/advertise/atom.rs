//! The feed of changes for people and their readers (RFC 4287).

use std::fmt::Write as _;

use alloy_primitives::Address;
use jiff::Timestamp;
use waymark_tagging::document::{FeedEntry, REQUIREMENTS_PATH, Revisions, WELL_KNOWN_PATH};

use crate::config;

/// Entries shown: readers of feeds look often and keep what they saw.
const MOST_ENTRIES: usize = 100;

/// The feed, newest change first. Without a public URL it links to nothing.
pub(super) fn feed(
    settings: &config::Requirements,
    gateway: Address,
    revisions: &Revisions,
    now: Timestamp,
) -> String {
    let changes = revisions.newest_first();
    let updated = changes.first().map_or_else(|| now.to_string(), |change| change.at.to_string());
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    xml.push_str("<feed xmlns=\"http://www.w3.org/2005/Atom\">\n");
    element(&mut xml, "id", &format!("urn:livepeer:requirements:{gateway:#x}"));
    element(&mut xml, "title", &format!("What {} buys", settings.name));
    element(&mut xml, "updated", &updated);
    xml.push_str("<author>");
    element(&mut xml, "name", &settings.name);
    xml.push_str("</author>\n");
    if let Some(url) = &settings.url {
        let base = url.as_str().trim_end_matches('/');
        link(&mut xml, "self", &format!("{base}{REQUIREMENTS_PATH}.atom"));
        link(&mut xml, "related", &format!("{base}{WELL_KNOWN_PATH}"));
    }
    for change in changes.into_iter().take(MOST_ENTRIES) {
        let entry = FeedEntry::new(gateway, change);
        xml.push_str("<entry>\n");
        element(&mut xml, "id", &entry.id);
        element(&mut xml, "title", &entry.title);
        element(&mut xml, "updated", &entry.updated);
        element(&mut xml, "summary", &entry.summary);
        xml.push_str("</entry>\n");
    }
    xml.push_str("</feed>\n");
    xml
}

fn element(xml: &mut String, name: &str, text: &str) {
    writeln!(xml, "<{name}>{}</{name}>", escaped(text)).expect("writing to a String cannot fail");
}

fn link(xml: &mut String, rel: &str, href: &str) {
    writeln!(xml, "<link rel=\"{rel}\" href=\"{}\"/>", escaped(href))
        .expect("writing to a String cannot fail");
}

/// Text as XML 1.0 takes it: characters it has no place for are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(c),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text_whatever_it_holds() {
        assert_eq!(escaped("a <b> & \"c\"\u{0}\u{1b}\n"), "a &lt;b&gt; &amp; &quot;c&quot;\n");
    }
}
