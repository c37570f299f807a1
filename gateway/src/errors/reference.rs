//! The reference page of reasons, `docs/errors.md`, made from the table.

use std::fmt::Write as _;

use super::{Group, Reason};

const HEAD: &str = "\
# Errors

<!-- Made from the table in gateway/src/errors/table.rs; UPDATE_DOCS=1 cargo test -p waymark writes it anew. -->

Every answer of the media port that is not 2xx has a body of type `application/problem+json` (RFC 9457):

```json
{
  \"type\": \"urn:waymark:problem:orchestrators-failed\",
  \"title\": \"Every orchestrator tried has failed\",
  \"status\": 503,
  \"detail\": \"2 of 2 attempts failed\",
  \"reason\": \"orchestrators-failed\",
  \"attempts\": [
    { \"orchestrator\": \"10.0.0.1:8935\", \"outcome\": \"refused\", \"error\": \"OrchestratorBusy\" },
    { \"orchestrator\": \"10.0.0.2:8935\", \"outcome\": \"timeout\" }
  ]
}
```

Programs decide by `status` and `reason`. The reasons below are all there are: one is never renamed and never changes
its status. `title` belongs to the reason, `detail` to the occurrence; both are for people and may change.
`attempts` is there when orchestrators were tried, `refusals` (a count per cause) when known ones were left out.
Where a delay is named, the answer has `Retry-After` with that many seconds unless the gateway knows better.

The status tells a pusher what to do. **422**: this media cannot be processed, by whomever. **5xx**, and the two
reasons about a body that did not arrive whole: push the same segment again. Any other **4xx**: the same request will
fail again.
";

/// The text of `docs/errors.md`.
pub fn markdown() -> String {
    let mut page = HEAD.to_owned();
    for (group, title) in [
        (Group::Request, "The request"),
        (Group::Media, "The media"),
        (Group::Capacity, "Nobody can take it now"),
        (Group::Playback, "Playback"),
        (Group::Gateway, "The gateway"),
    ] {
        write!(
            page,
            "\n## {title}\n\n| Reason | Status | Title | Retry after | What to do |\n|---|---|---|---|---|\n"
        )
        .expect("writing to a String cannot fail");
        for reason in Reason::ALL.iter().filter(|r| r.row().group == group) {
            let row = reason.row();
            let retry = row.retry_after.map(|d| format!("{} s", d.as_secs())).unwrap_or_default();
            writeln!(
                page,
                "| `{}` | {} | {} | {retry} | {} |",
                row.name,
                row.status.as_u16(),
                row.title,
                row.remedy
            )
            .expect("writing to a String cannot fail");
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the switch of a test, not of the program")]
    fn the_reference_page_is_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/errors.md");
        if std::env::var("UPDATE_DOCS").is_ok() {
            std::fs::write(path, markdown()).unwrap();
        }
        let page = std::fs::read_to_string(path).unwrap();
        assert_eq!(page, markdown(), "UPDATE_DOCS=1 writes docs/errors.md anew");
    }
}
