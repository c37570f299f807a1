//! A demand tracker in a few calls. A local chain first gets something to read: a gateway that pays with
//! plain and with tagged nonces, commits to a round book and attests a ticket. Then its logs are read
//! from the node and the report is printed.
//!
//! `cargo run -p read-demand` needs the local chain's node; `make packages` gets it.
#![forbid(unsafe_code)]

mod story;

use anyhow::Context as _;
use waymark_tracker::book::Library;
use waymark_tracker::event::Contracts;
use waymark_tracker::output::{self, Format};
use waymark_tracker::report::{Question, Report, report};
use waymark_tracker::source::{Node, NodeSettings};
use waymark_tracker::store::{Identity, Store};

use self::story::Story;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let report = read(&Story::tell().await?).await?;
    Ok(output::write(&report, Format::Table, false, false, &mut std::io::stdout())?)
}

/// Everything a tracker does.
async fn read(story: &Story) -> anyhow::Result<Report> {
    let url = story.chain.url().parse().context("the chain's address")?;
    let mut node = Node::connect(&[url], NodeSettings::default()).await?;
    let contracts = Contracts {
        broker: story.chain.contracts().ticket_broker,
        registry: Some(story.chain.contracts().job_tag_registry),
        bonding: None,
    };
    node.check(&contracts).await?;
    // A file instead of a temporary state would go on the next time where this one ends.
    let mut store = Store::temporary(Identity { contracts, chain_id: Some(node.chain_id()) })?;
    while !node.step(&mut store).await?.is_done() {}
    let books = Library::directory(story.books.path())?;
    Ok(report(&store, &books, Question::default())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_ticket_has_its_tag_and_its_grade() {
        let report = read(&Story::tell().await.unwrap()).await.unwrap();
        let row = |row: &waymark_tracker::report::Row| {
            let grade = row.grade.map_or("-", waymark_tracker::grade::Grade::letter);
            format!("{} {grade} {}", row.tag.as_deref().unwrap_or("untagged"), row.winners)
        };
        let mut rows: Vec<String> = report.rows.iter().map(row).collect();
        rows.sort();
        assert_eq!(
            rows,
            ["ai/llm/chat B 1", "ai/text-to-image D 1", "transcode/live/abr A 2", "untagged - 1"]
        );
        assert_eq!(report.books.len(), 1);
        assert_eq!(report.books[0].completeness, Some(0.6), "two of five sessions are left out");
    }
}
