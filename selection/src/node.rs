//! Identity of an orchestrator as the gateway dials it.

use std::{fmt, sync::Arc};

/// Base URI of an orchestrator, normalised: scheme, host and port, no trailing slash.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(Arc<str>);

impl NodeId {
    /// Takes a base URI as given; trailing slashes go, since paths are appended to it.
    pub fn new(uri: &str) -> Self {
        Self(uri.trim_end_matches('/').into())
    }

    /// The base URI.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({})", self.0)
    }
}
