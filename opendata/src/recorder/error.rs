//! Why a recorder could not start, flush or stop. Trouble with single rows is not here: it is
//! counted and logged, and no job hears of it.

use std::io;
use std::path::PathBuf;

/// Something the recorder could not do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecorderError {
    /// The data directory cannot be used.
    #[error("cannot use {} for records; it must be a directory this process may write to", .path.display())]
    Directory {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another recorder writes there.
    #[error("{} is in use by another gateway; give each its own data directory", .path.display())]
    InUse {
        /// Where.
        path: PathBuf,
    },
    /// The metrics could not be registered.
    #[error("cannot register the recorder's metrics; one recorder per registry")]
    Metrics {
        /// Why.
        #[source]
        source: prometheus::Error,
    },
    /// The writer thread could not start.
    #[error("cannot start the recorder's thread")]
    Thread {
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The recorder has been shut down.
    #[error("the recorder is closed")]
    Closed,
    /// The disk refused; the rows are kept and tried again.
    #[error("{rows} rows are not on disk yet")]
    Unwritten {
        /// How many.
        rows: u64,
    },
    /// A defect: the writer thread panicked.
    #[error("the recorder's thread panicked")]
    WriterPanicked,
}
