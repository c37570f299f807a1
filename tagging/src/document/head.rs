//! What both documents begin with: who says it, which state it is, until when, and the signature.

use alloy_primitives::Address;
use serde::ser::SerializeMap;

use super::{B256, DocumentSignature, Moment, SigningDomain};
use crate::class::read::address;
use crate::predicate::SAFE_WHOLE;
use crate::tree::{Fields, Item, Path, Report};

/// Who says it, which state it is, and until when.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// Whose document it is; the zero address off-chain.
    pub gateway: Address,
    /// Rises with each change of the classes; at most 2^53 - 1.
    pub seq: u64,
    /// When it was made.
    pub issued_at: Moment,
    /// When it ends; later than `issued_at`.
    pub expires_at: Moment,
    /// For which chain and registry it is signed.
    pub domain: SigningDomain,
    /// Whose key signs it, when that is not the gateway's own: its data key.
    pub signer: Option<Address>,
    /// Over everything else. A gateway without a key has none.
    pub signature: Option<DocumentSignature>,
}

impl Head {
    /// The keys of a head in a document.
    pub(super) const KEYS: [&'static str; 8] = [
        "gateway",
        "seq",
        "issued_at",
        "expires_at",
        "chain_id",
        "registry",
        "signer",
        "signature",
    ];

    pub(super) fn digest(&self, document: B256) -> B256 {
        let expires_at = self.expires_at.unix_seconds();
        self.domain.manifest_digest(self.gateway, self.seq, document, expires_at)
    }

    pub(super) fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("gateway", &format_args!("{:#x}", self.gateway))?;
        map.serialize_entry("seq", &self.seq)?;
        map.serialize_entry("issued_at", &self.issued_at)?;
        map.serialize_entry("expires_at", &self.expires_at)?;
        map.serialize_entry("chain_id", &self.domain.chain_id)?;
        map.serialize_entry("registry", &format_args!("{:#x}", self.domain.registry))?;
        if let Some(signer) = &self.signer {
            map.serialize_entry("signer", &format_args!("{signer:#x}"))?;
        }
        if let Some(signature) = &self.signature {
            map.serialize_entry("signature", signature)?;
        }
        Ok(())
    }

    pub(super) fn read(report: &mut Report, fields: &Fields<'_>, path: &Path<'_>) -> Option<Self> {
        let gateway = report.need(fields, path, "gateway", address);
        let seq = report.need(fields, path, "seq", whole);
        let issued_at: Option<Moment> = report.need(fields, path, "issued_at", Report::parsed);
        let expires_at: Option<Moment> = report.need(fields, path, "expires_at", Report::parsed);
        if let (Some(issued), Some(expires)) = (&issued_at, &expires_at)
            && expires.at() <= issued.at()
        {
            let rule = format!("{expires} is not after issued_at {issued}");
            let place = fields.get("expires_at").and_then(|item| item.place);
            report.refuse(place, &path.key("expires_at"), rule);
        }
        let chain_id = report.need(fields, path, "chain_id", whole);
        let registry = report.need(fields, path, "registry", address);
        let signer = report.maybe(fields, path, "signer", address);
        let signature = report.maybe(fields, path, "signature", Report::parsed);
        Some(Self {
            gateway: gateway?,
            seq: seq?,
            issued_at: issued_at?,
            expires_at: expires_at?,
            domain: SigningDomain { chain_id: chain_id?, registry: registry? },
            signer,
            signature,
        })
    }
}

pub(super) fn whole(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<u64> {
    report.whole(item, path, 0..=SAFE_WHOLE)
}

/// Checks the key `api`.
pub(super) fn api(
    report: &mut Report,
    fields: &Fields<'_>,
    path: &Path<'_>,
    accepted: &str,
) -> Option<()> {
    report.need(fields, path, "api", |report, item, path| {
        let text = report.text(item, path)?;
        if text != accepted {
            let shown = crate::problem::shown(text);
            report.refuse(item.place, path, format!("{shown} is unknown; accepted: {accepted}"));
            return None;
        }
        Some(())
    })
}
