//! Results of containers that only their owner understands: a schema, a size, a time.

use std::time::Duration;

use jsonschema::Validator;
use serde_json::Value;

use super::{Job, Memory, Pipeline, ResultCheck};
use crate::check::{Check, Kind};
use crate::number::many;
use crate::verdict::Verdict;

/// Bounds that whoever registers a capability states for its results.
#[derive(Debug, Default)]
pub struct Byoc {
    schema: Option<Validator>,
    /// Least bytes of an answer.
    pub least: usize,
    /// Most bytes of an answer; `None` takes the bound of all answers.
    pub most: Option<usize>,
    /// Longest time between two parts of a streamed answer.
    pub silence: Option<Duration>,
}

/// Why a schema cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("not a JSON Schema: {reason}")]
pub struct SchemaError {
    reason: String,
}

/// Any answer that is not empty.
pub(super) static ANY: Byoc = Byoc { schema: None, least: 1, most: None, silence: None };

impl Byoc {
    /// Answers must be documents of this schema. References to other places are not followed.
    pub fn with_schema(mut self, schema: &Value) -> Result<Self, SchemaError> {
        let made = jsonschema::validator_for(schema);
        self.schema = Some(made.map_err(|error| SchemaError { reason: error.to_string() })?);
        Ok(self)
    }

    fn document(&self, answer: &[u8]) -> Check {
        const ID: &str = "byoc.schema";
        let Some(schema) = &self.schema else { return Check::not_run(ID, "no schema was stated") };
        let document: Value = match serde_json::from_slice(answer) {
            Ok(document) => document,
            Err(error) => return Check::fail(ID, format!("not JSON: {error}")),
        };
        match schema.validate(&document) {
            Ok(()) => Check::pass(ID, ""),
            // the answer is somebody's: it says where, not what
            Err(error) => Check::fail(
                ID,
                format!("not as the schema says at {:?}", error.instance_path().to_string()),
            ),
        }
    }
}

impl ResultCheck for Byoc {
    fn pipeline(&self) -> Pipeline {
        Pipeline::Byoc
    }

    fn check(&self, job: &Job<'_>, _: &mut Memory) -> Verdict {
        let bytes = job.answer.len();
        let most =
            self.most.unwrap_or(usize::try_from(job.bounds.answer_bytes).unwrap_or(usize::MAX));
        let size = Check::at_most("byoc.bytes", many(bytes), many(most));
        let empty = if bytes >= self.least {
            Check::pass("byoc.least", "")
        } else {
            Check::fail(
                "byoc.least",
                format!("{bytes} bytes, at least {} are expected", self.least),
            )
        };
        let document = if bytes > most {
            Check::not_run("byoc.schema", "too large to read")
        } else {
            self.document(job.answer)
        };
        let pairs = job.arrivals.iter().zip(job.arrivals.iter().skip(1));
        let longest = pairs.map(|(a, b)| b.saturating_sub(*a)).max();
        let alive = match (self.silence, longest) {
            (Some(bound), Some(longest)) => {
                Check::at_most("byoc.silence", longest.as_secs_f64(), bound.as_secs_f64())
            }
            _ => Check::not_run("byoc.silence", "no stream, or no bound"),
        };
        Verdict::from_iter([size, empty, document, alive.kind(Kind::Soft)])
    }
}
