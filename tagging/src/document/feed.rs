//! One entry of the feed of requirements: what an Atom reader shows. Writing the XML is left to
//! whoever serves it.

use alloy_primitives::Address;

use super::Change;

/// One change, as text for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedEntry {
    /// Never the same for another change of any gateway.
    pub id: String,
    /// `ai/llm/chat: revision 3`.
    pub title: String,
    /// When it changed, RFC 3339.
    pub updated: String,
    /// What is asked for, one requirement a line.
    pub summary: String,
}

impl FeedEntry {
    /// The entry of a change of a gateway's classes.
    pub fn new(gateway: Address, change: &Change) -> Self {
        let (title, summary) = match &change.class {
            None => (format!("{}: withdrawn", change.tag), "No longer bought.".to_owned()),
            Some(class) => {
                let mut lines: Vec<String> = class.title.iter().cloned().collect();
                lines.extend(class.requires.iter().map(|one| format!("needs {one}")));
                if let Some(price) = &class.price {
                    let unit = &class.interface.work_unit;
                    lines.push(format!("pays up to {} wei per {unit}", price.most));
                }
                (format!("{}: revision {}", change.tag, class.rev), lines.join("\n"))
            }
        };
        let id = format!("urn:livepeer:requirements:{gateway:#x}:{}", change.seq);
        Self { id, title, updated: change.at.to_string(), summary }
    }
}
