//! The reply of a language model, whole or as a stream of parts.

use serde::Deserialize;

/// Most parts of a stream.
const PARTS: usize = 200_000;
/// Most bytes of text of a reply: a million tokens.
const TEXT: usize = 8 << 20;

/// What was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The text of the first choice.
    pub text: String,
    /// What was thought before, where the runner says so: it has tokens too.
    pub hidden: String,
    /// Why it ended.
    pub finish: Option<String>,
    /// The last counts of tokens.
    pub usage: Option<Usage>,
}

/// Tokens as the orchestrator counted them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Usage {
    /// Of the question.
    pub prompt_tokens: u64,
    /// Of the reply.
    pub completion_tokens: u64,
    /// Of both.
    pub total_tokens: u64,
}

/// Why bytes are no reply.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChatError {
    /// More than is read.
    #[error("more than {limit} {what} in one reply")]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// Not the document of a reply or of a part.
    #[error("part {part} is not a reply of a language model: {source}")]
    Document {
        /// Which part, from 0 on.
        part: usize,
        /// What the reader says.
        source: serde_json::Error,
    },
    /// The orchestrator reports an error inside of the stream.
    #[error("the stream reports an error in part {part}")]
    Reported {
        /// Which part, from 0 on.
        part: usize,
    },
    /// No choice in any part.
    #[error("no choice in {parts} parts")]
    Empty {
        /// Parts read.
        parts: usize,
    },
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(default)]
    error: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: u64,
    #[serde(default)]
    finish_reason: Option<String>,
    #[serde(default)]
    message: Option<Message>,
    #[serde(default)]
    delta: Option<Message>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Message {
    content: Option<String>,
    reasoning_content: Option<String>,
}

impl Reply {
    /// Reads a document, or the `data:` lines of a stream up to its end. The mark `[DONE]` may be there or not.
    pub fn parse(bytes: &[u8], most: usize) -> Result<Self, ChatError> {
        if bytes.len() > most {
            return Err(ChatError::TooLarge { what: "bytes", limit: most });
        }
        let mut reply = Self::default();
        let mut choices = false;
        if bytes.trim_ascii_start().first() == Some(&b'{') {
            choices = reply.take(0, bytes)?;
            return if choices { Ok(reply) } else { Err(ChatError::Empty { parts: 1 }) };
        }
        let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let data = lines.filter_map(|line| line.strip_prefix(b"data:")).map(<[u8]>::trim_ascii);
        let mut parts = 0;
        for part in data.take_while(|part| *part != b"[DONE]") {
            if parts >= PARTS {
                return Err(ChatError::TooLarge { what: "parts", limit: PARTS });
            }
            choices |= reply.take(parts, part)?;
            parts += 1;
        }
        if choices { Ok(reply) } else { Err(ChatError::Empty { parts }) }
    }

    /// Adds one part, and says whether it has a choice.
    fn take(&mut self, part: usize, bytes: &[u8]) -> Result<bool, ChatError> {
        let document: Part =
            serde_json::from_slice(bytes).map_err(|source| ChatError::Document { part, source })?;
        if document.error.is_some() {
            return Err(ChatError::Reported { part });
        }
        self.usage = document.usage.or(self.usage);
        let Some(choice) = document.choices.into_iter().find(|choice| choice.index == 0) else {
            return Ok(false);
        };
        // stock orchestrators write "" in parts that are not the last
        let finish = choice.finish_reason.filter(|reason| !reason.is_empty());
        self.finish = finish.or(self.finish.take());
        let message = choice.message.or(choice.delta).unwrap_or_default();
        self.text.push_str(message.content.as_deref().unwrap_or_default());
        self.hidden.push_str(message.reasoning_content.as_deref().unwrap_or_default());
        if self.text.len() + self.hidden.len() > TEXT {
            return Err(ChatError::TooLarge { what: "bytes of text", limit: TEXT });
        }
        Ok(true)
    }
}
