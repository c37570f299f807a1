//! Why a registry file was refused, and where in it.

/// A registry file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// Not YAML, or not the shape of a registry.
    #[error("registry line {line} column {column}: {message}")]
    Syntax {
        /// One-based line, 0 when the reader could not tell.
        line: u64,
        /// One-based column, 0 when the reader could not tell.
        column: u64,
        /// What the YAML reader found, and what it accepts.
        message: String,
    },
    /// The right shape with a value that cannot be right.
    #[error("registry line {line} column {column}: {problem}")]
    Invalid {
        /// One-based line.
        line: u64,
        /// One-based column.
        column: u64,
        /// What is wrong, and what is accepted.
        problem: String,
    },
    /// Larger than any registry needs to be.
    #[error("registry has {bytes} bytes; accepted: at most {max}")]
    TooLarge {
        /// Size of the text.
        bytes: usize,
        /// The limit.
        max: usize,
    },
}
