//! What a language model said, and what it says it has counted.

mod answer;

pub use self::answer::{ChatError, Reply, Usage};
use super::{Fields, Job, Memory, Pipeline, ResultCheck, fact, text, within};
use crate::check::{Check, Kind};
use crate::number::{float, many};
use crate::verdict::Verdict;

/// Bytes from which on an echo of the prompt says something.
const ECHO: usize = 32;
/// The longest tokens of the vocabularies in use are runs of spaces of this many bytes.
const LONGEST: u64 = 256;
/// Tokens that mark the beginning and the end, and carry no text.
const MARKS: u64 = 16;

/// Checks of llm. Token counts are compared with bounds of bytes for a token, both ways: the vocabulary is the
/// model's, tens of megabytes each, and a gateway does not have them all.
#[derive(Clone, Copy, Debug)]
pub struct Llm;

impl ResultCheck for Llm {
    fn pipeline(&self) -> Pipeline {
        Pipeline::Llm
    }

    fn check(&self, job: &Job<'_>, _: &mut Memory) -> Verdict {
        let most = usize::try_from(job.bounds.answer_bytes).unwrap_or(usize::MAX);
        let reply = match Reply::parse(job.answer, most) {
            Ok(reply) => reply,
            Err(error) => {
                return Verdict::from_iter([Check::fail("chat.schema", error.to_string())]);
            }
        };
        let mut checks = vec![Check::pass("chat.schema", ""), finish(&reply)];
        checks.extend(usage(job, &reply));
        checks.push(length(job.request, &reply));
        checks.push(stops(job.request, &reply.text));
        checks.push(echo(job.request, &reply.text));
        checks.push(text::repetition("chat.repeats", &reply.text, job.bounds.distinct));
        checks.push(gaps(job));
        checks.into_iter().collect()
    }
}

/// A reply that just ends has been cut off.
fn finish(reply: &Reply) -> Check {
    const KNOWN: [&str; 4] = ["stop", "length", "tool_calls", "content_filter"];
    let found = reply.finish.clone().unwrap_or_else(|| "none".to_owned());
    fact("chat.finish", KNOWN.contains(&found.as_str()), found, KNOWN.join(", "))
}

/// The counts add up, and the text can have that many tokens.
fn usage(job: &Job<'_>, reply: &Reply) -> Vec<Check> {
    let Some(usage) = reply.usage else {
        return vec![Check::fail("chat.usage", "no counts of tokens")];
    };
    let sum = usage.prompt_tokens.checked_add(usage.completion_tokens);
    let total = usage.total_tokens.to_string();
    let adds = fact(
        "chat.usage",
        sum == Some(usage.total_tokens),
        total,
        format!("{} and {}", usage.prompt_tokens, usage.completion_tokens),
    );
    let bytes = |text: &str| u64::try_from(text.len()).unwrap_or(u64::MAX);
    let said = bytes(&reply.text).saturating_add(bytes(&reply.hidden));
    let counted = usage.completion_tokens;
    let mut checks = vec![adds, tokens(job, "chat.tokens", counted, said, MARKS)];
    let possible = counted.saturating_mul(LONGEST) >= said;
    checks.push(fact(
        "chat.possible",
        possible,
        format!("{said} bytes in {counted} tokens"),
        format!("{LONGEST} bytes in one at most"),
    ));
    if let Some(asked) = prompt(job.request) {
        let template = u64::from(job.bounds.template_tokens);
        let check = tokens(job, "chat.prompt_tokens", usage.prompt_tokens, asked, template);
        // stock orchestrators charge nothing for it
        checks.push(check.kind(Kind::Hint));
    }
    checks
}

/// Bytes of text for each counted token. `free` tokens need no text at all.
fn tokens(job: &Job<'_>, id: &'static str, counted: u64, bytes: u64, free: u64) -> Check {
    if bytes < u64::from(job.bounds.token_text) {
        let most = bytes.saturating_add(free);
        let check = Check::at_most(id, float(counted), float(most.max(1)));
        return check.detail(format!("{counted} tokens of {bytes} bytes")).kind(Kind::Soft);
    }
    let with_text = counted.saturating_sub(free).max(1);
    let (least, most) = job.bounds.token_bytes;
    let fewest = float(bytes) / float(counted.max(1));
    let check = within(id, float(bytes) / float(with_text), (least, f64::INFINITY));
    if fewest > most { within(id, fewest, (least, most)) } else { check }
}

/// Bytes of what was asked.
fn prompt(request: &Fields) -> Option<u64> {
    let messages = request.get("messages")?.as_array()?;
    let contents = messages.iter().filter_map(|message| message.get("content")?.as_str());
    let bytes: usize = contents.map(str::len).sum();
    u64::try_from(bytes).ok()
}

/// No more tokens than were asked for; and if the limit is said to be the end, it was reached.
fn length(request: &Fields, reply: &Reply) -> Check {
    const ID: &str = "chat.max_tokens";
    let limit = request.whole("max_tokens").and_then(|limit| u64::try_from(limit).ok());
    let (Some(limit), Some(usage)) = (limit.filter(|limit| *limit > 0), reply.usage) else {
        return Check::not_run(ID, "no limit, or no counts");
    };
    let found = usage.completion_tokens;
    if found > limit {
        return fact(ID, false, format!("{found} tokens"), format!("{limit} at most"));
    }
    if reply.finish.as_deref() == Some("length") && found < limit {
        // the window of the model is an honest reason as well
        let detail = format!("cut off for length after {found} of {limit} tokens");
        return Check::fail(ID, detail).kind(Kind::Soft);
    }
    Check::pass(ID, "").value(float(found)).threshold(float(limit))
}

/// What ends a text is not in it.
fn stops(request: &Fields, said: &str) -> Check {
    const ID: &str = "chat.stop";
    let stops: Vec<&str> = match request.get("stop") {
        Some(serde_json::Value::String(stop)) => vec![stop],
        Some(serde_json::Value::Array(stops)) => {
            stops.iter().filter_map(|s| s.as_str()).take(16).collect()
        }
        _ => Vec::new(),
    };
    let stops: Vec<&str> = stops.into_iter().filter(|stop| !stop.is_empty()).collect();
    if stops.is_empty() {
        return Check::not_run(ID, "nothing was to stop it");
    }
    // a runner may leave the words in that ended the text
    let early =
        |stop: &&&str| said.find(**stop).is_some_and(|at| at + stop.len() < said.trim_end().len());
    let check = stops.iter().find(early).map_or_else(
        || Check::pass(ID, ""),
        |stop| Check::fail(ID, format!("goes on after {stop:?}")),
    );
    check.kind(Kind::Soft)
}

/// The last message, said back.
fn echo(request: &Fields, said: &str) -> Check {
    const ID: &str = "chat.echo";
    let messages = request.get("messages").and_then(|messages| messages.as_array());
    let last = messages.and_then(|messages| messages.last()?.get("content")?.as_str());
    let Some(last) = last.map(str::trim).filter(|last| last.len() >= ECHO) else {
        return Check::not_run(ID, "too short to be an echo");
    };
    let check = if said.trim() == last {
        Check::fail(ID, "the question as it was")
    } else {
        Check::pass(ID, "")
    };
    check.kind(Kind::Soft)
}

/// Longest silence inside of a stream.
fn gaps(job: &Job<'_>) -> Check {
    const ID: &str = "chat.gap";
    let pairs = job.arrivals.iter().zip(job.arrivals.iter().skip(1));
    let longest = pairs.map(|(a, b)| b.saturating_sub(*a).as_millis()).max();
    longest.map_or_else(
        || Check::not_run(ID, "not a stream"),
        |ms| {
            let ms = many(usize::try_from(ms).unwrap_or(usize::MAX));
            Check::at_most(ID, ms, job.bounds.text_gap_ms).kind(Kind::Hint)
        },
    )
}
