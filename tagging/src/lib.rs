//! The vocabulary of jobs: what a tag is, what it is called on chain, what is known about it,
//! and which one a job gets when nobody chose.
//!
//! ```text
//!   header, query, configuration ──► Tag::parse ──────────────┐
//!   a job nobody tagged ──► JobShape ──► Registry::default_tag ┤
//!                                                              ▼
//!                    Tag ──► key() (namehash) ──► contract     Registry: title, work unit,
//!                     └─► Registry::id() ──► nonce::encode     attributes that may be published
//!
//!   class files ──► ClassSet ──► Revisions ──► signed documents ──► an orchestrator's reader
//!                      └──► Matcher ◄── Facts of an orchestrator            │
//!                              └──► pass, fail or unknown, and what is missing ◄┘
//! ```
//!
//! [`class`] is what a gateway asks for, [`facts`] what is known of an orchestrator, [`predicate`] the
//! language between them, [`matching`] the one place that compares them, [`document`] and
//! [`canonical`] how requirements travel and who vouches for them.
//!
//! Everything here is pure: no file, no socket, no clock, no async, and no input that panics. It
//! must stay usable by an orchestrator's own tool and by a contract test.
//!
//! ```
//! use waymark_tagging::{Registry, Tag};
//!
//! let tag: Tag = "transcode/live/abr".parse()?;
//! assert_eq!(tag.root(), "transcode");
//! assert_eq!(tag.parent().map(|t| t.to_string()), Some("transcode/live".to_owned()));
//! assert!(Registry::builtin().get(&tag).is_some());
//! # Ok::<(), waymark_tagging::TagError>(())
//! ```
//!
//! ```
//! use std::sync::Arc;
//! use waymark_tagging::{Facts, JobClass, Matcher, Verdict};
//!
//! let class = JobClass::from_json("class.json", br#"{
//!     "api": "lp.jobclass/v1", "tag": "transcode/vod/hevc", "rev": 1,
//!     "gateway": "0x0000000000000000000000000000000000000000",
//!     "issued_at": "2026-11-22T00:00:00Z", "expires_at": "2026-12-22T00:00:00Z",
//!     "interface": {"mode": "segment", "work_unit": "pixel"},
//!     "requires": [{"key": "hw.gpu.memory_mib", "op": "ge", "values": [12288]}]}"#)?;
//! let matcher = Matcher::new([Arc::new(class)]);
//! let node = matcher.candidate(&Facts::from_yaml("node.yaml", "hw.gpu.memory_mib: 8192")?);
//! for class in matcher.classes() {
//!     let found = class.explain(&node, None);
//!     assert_eq!(found.decision.verdict, Verdict::Fail);
//!     let gap = found.gaps().next().map(ToString::to_string);
//!     assert_eq!(gap.as_deref(), Some("needs hw.gpu.memory_mib >= 12288, declares 8192"));
//! }
//! # Ok::<(), waymark_tagging::Problems>(())
//! ```
#![forbid(unsafe_code)]

pub mod attribute;
pub mod canonical;
pub mod class;
pub mod document;
pub mod facts;
mod id;
mod mapping;
pub mod matching;
pub mod nonce;
mod pattern;
pub mod predicate;
mod problem;
mod registry;
pub mod round;
mod shape;
mod source;
mod tag;
mod tree;
mod value;

pub use attribute::{Attribute, CardinalityClass, Fact, PublicAttributes, ValueType};
pub use class::{JobClass, UnitPrice};
pub use facts::{Facts, Statement};
pub use id::{TagId, TagIdError};
pub use mapping::{default_tag, slug};
pub use matching::{Candidate, ClassMatch, Decision, Matcher};
pub use pattern::{PatternError, TagPattern};
pub use predicate::{Admission, Evidence, Predicate, PredicateKey, Verdict, Vocabulary, Window};
pub use problem::{Place, Problem, Problems};
pub use registry::{
    DeclaredKey, Entry, MAX_REGISTRY_BYTES, MapSystem, Mapping, Registry, RegistryError, Status,
};
pub use shape::{
    Codec, Container, Delivery, JobShape, RenditionShape, SourceShape, TranscodeShape,
};
pub use source::{TagSource, UnknownTagSource};
pub use tag::{MAX_SEGMENTS, MAX_TAG_BYTES, Tag, TagError, TagRule};
pub use value::{Number, Value};
