//! The other side: the classes of a gateway, from a file or from the gateway itself.

use std::sync::Arc;

use alloy_primitives::{Address, B256};
use jiff::Timestamp;
use url::Url;
use waymark_tagging::{
    JobClass, Registry,
    class::{Authoring, ClassFile, ClassSet},
    document::{
        AnyDocument, Expectation, GatewayDocument, MAX_DOCUMENT_BYTES, REQUIREMENTS_PATH,
        Requirements, SignedBy, WELL_KNOWN_PATH,
    },
};

use super::{MatchError, MatchRequest, address, chain, orchestrator::not_text, read, shown};

/// Classes, and whose word they are.
#[derive(Debug)]
pub(super) struct Loaded {
    /// Where they came from.
    pub(super) source: String,
    pub(super) classes: Vec<Arc<JobClass>>,
    /// Of each document: whose it is, which state, until when, and who signed it.
    pub(super) documents: Vec<Document>,
    /// What the reader may want to know.
    pub(super) notices: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Document {
    pub(super) gateway: Address,
    pub(super) seq: u64,
    pub(super) expires_at: String,
    pub(super) signed: SignedBy,
}

/// The newest state that was seen of the gateway: an older one later is a replay.
#[derive(Debug, Default)]
pub(super) struct Seen {
    gateway: Option<Address>,
    seq: u64,
}

pub(super) async fn load(
    request: &MatchRequest,
    http: &reqwest::Client,
    now: Timestamp,
    seen: &mut Seen,
) -> Result<Loaded, MatchError> {
    let source = request.requirements.as_str();
    if source == "chain" {
        let at = request.chain.as_ref().ok_or(MatchError::NoChain)?;
        return chain::load(at, http, now).await;
    }
    let Some(url) = address(source) else { return file(source, now, seen) };
    let url = if matches!(url.path(), "" | "/") { at(&url, WELL_KNOWN_PATH) } else { url };
    let bytes = fetch(http, &url).await?;
    let label = shown(&url);
    let document = AnyDocument::read(&label, &bytes).map_err(MatchError::Malformed)?;
    let mut loaded = used(label, &document, now, seen)?;
    loaded.classes = classes_of(&document, http, &url, &Expectation::at(now)).await?;
    Ok(settled(loaded, now))
}

/// The classes of a document that was verified; those it names by their hash alone are fetched.
pub(super) async fn classes_of(
    document: &AnyDocument,
    http: &reqwest::Client,
    url: &Url,
    expect: &Expectation,
) -> Result<Vec<Arc<JobClass>>, MatchError> {
    let mut classes = document.classes();
    if let AnyDocument::Gateway(received) = document {
        let missing = absent(&received.document);
        if !missing.is_empty() {
            classes.extend(rest(http, url, &received.document, &missing, expect).await?);
        }
    }
    Ok(classes)
}

fn file(path: &str, now: Timestamp, seen: &mut Seen) -> Result<Loaded, MatchError> {
    let bytes = read(path, MAX_DOCUMENT_BYTES)?;
    let text = str::from_utf8(&bytes).map_err(|_| MatchError::Malformed(not_text(path)))?;
    if is_document(text) {
        let document = AnyDocument::read(path, &bytes).map_err(MatchError::Malformed)?;
        return Ok(settled(used(path.to_owned(), &document, now, seen)?, now));
    }
    let rules = Authoring { registry: Registry::builtin(), now, gateway: None };
    let set = ClassSet::from_yaml(&[ClassFile { label: path, text }], &rules)
        .map_err(MatchError::Malformed)?;
    Ok(Loaded {
        source: path.to_owned(),
        classes: set.classes().to_vec(),
        documents: Vec::new(),
        notices: set.notices().iter().map(ToString::to_string).collect(),
    })
}

/// Whether a file is a gateway's document and not its classes. JSON that is neither is read as
/// classes: YAML holds JSON.
fn is_document(text: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Kind {
        api: String,
    }
    let quoted = |text: &str| text.trim_start().starts_with('"');
    if !text.trim_start().strip_prefix('{').is_some_and(quoted) {
        return false;
    }
    match serde_json::from_str::<Kind>(text) {
        Ok(kind) => kind.api != waymark_tagging::class::API,
        // Half a document is half a document.
        Err(error) => !error.is_data(),
    }
}

/// What a document says, if it may be used.
fn used(
    source: String,
    document: &AnyDocument,
    now: Timestamp,
    seen: &mut Seen,
) -> Result<Loaded, MatchError> {
    let expect = Expectation { gateway: seen.gateway, min_seq: seen.seq, ..Expectation::at(now) };
    let refused = |error| MatchError::Untrusted { what: source.clone(), source: error };
    let signed = document.verify(&expect).map_err(refused)?;
    let head = document.head();
    (seen.gateway, seen.seq) = (Some(head.gateway), head.seq);
    let about = Document {
        gateway: head.gateway,
        seq: head.seq,
        expires_at: head.expires_at.to_string(),
        signed,
    };
    let classes = document.classes();
    Ok(Loaded { source, classes, documents: vec![about], notices: Vec::new() })
}

/// The classes that a document names and does not write out.
fn absent(document: &GatewayDocument) -> Vec<B256> {
    document.classes.iter().filter(|entry| entry.class.is_none()).map(|entry| entry.hash).collect()
}

/// Those classes from the gateway's requirements.
async fn rest(
    http: &reqwest::Client,
    url: &Url,
    document: &GatewayDocument,
    missing: &[B256],
    expect: &Expectation,
) -> Result<Vec<Arc<JobClass>>, MatchError> {
    let base = document.urls.api.as_deref().and_then(address).unwrap_or_else(|| url.clone());
    let url = at(&base, REQUIREMENTS_PATH);
    let what = shown(&url);
    let bytes = fetch(http, &url).await?;
    let received = Requirements::read(&what, &bytes).map_err(MatchError::Malformed)?;
    let expect = Expectation { gateway: Some(document.head.gateway), ..*expect };
    let refused = |source| MatchError::Untrusted { what: what.clone(), source };
    received.verify(&expect).map_err(refused)?;
    let classes = received.document.changes.into_iter().filter_map(|change| change.class);
    let found: Vec<_> =
        classes.filter(|class| class.hash().is_ok_and(|hash| missing.contains(&hash))).collect();
    match missing.len().saturating_sub(found.len()) {
        0 => Ok(found),
        missing => Err(MatchError::MissingClasses { what, missing }),
    }
}

/// Without the classes that have ended, sorted by tag.
pub(super) fn settled(mut loaded: Loaded, now: Timestamp) -> Loaded {
    for class in loaded.classes.iter().filter(|class| class.is_expired(now)) {
        let (tag, expired) = (&class.tag, &class.expires_at);
        loaded.notices.push(format!("the class of {tag} expired at {expired} and is left out"));
    }
    loaded.classes.retain(|class| !class.is_expired(now));
    loaded.classes.sort_by(|a, b| a.tag.cmp(&b.tag));
    loaded
}

/// The same place, another path.
pub(super) fn at(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(path);
    url.set_query(None);
    url
}

/// The body at an address, if it is no larger than a document may be.
pub(super) async fn fetch(http: &reqwest::Client, url: &Url) -> Result<Vec<u8>, MatchError> {
    let unreachable = |source: reqwest::Error| MatchError::Unreachable {
        url: shown(url),
        source: source.without_url(),
    };
    let too_large = || MatchError::TooLarge { what: shown(url), limit: MAX_DOCUMENT_BYTES };
    let mut response = http.get(url.clone()).send().await.map_err(unreachable)?;
    if !response.status().is_success() {
        let status = response.status().as_u16();
        return Err(MatchError::Status { url: shown(url), status });
    }
    let limit = u64::try_from(MAX_DOCUMENT_BYTES).unwrap_or(u64::MAX);
    if response.content_length().is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len().saturating_add(chunk.len()) > MAX_DOCUMENT_BYTES {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
