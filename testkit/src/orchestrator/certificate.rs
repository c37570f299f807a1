//! The certificate a node makes for itself at every start.
//!
//! ECDSA P-256, random 128-bit serial, empty subject, the host of its service URI as DNS name even where
//! it is an IP address, flagged as a CA, for server authentication, good for a year (go-livepeer
//! `server/cert.go:27-98`).

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType, SerialNumber,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

const VALIDITY: Duration = Duration::from_hours(8765);

/// A certificate in use.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) acceptor: TlsAcceptor,
}

impl Identity {
    /// Makes a certificate for `host` that is valid from `now`.
    pub(crate) fn generate(host: &str, now: SystemTime) -> anyhow::Result<Self> {
        let key =
            KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).context("cannot make a P-256 key")?;
        let mut params = CertificateParams::default();
        params.not_before = now.into();
        params.not_after = (now + VALIDITY).into();
        params.serial_number = Some(SerialNumber::from_slice(&rand::random::<[u8; 16]>()));
        params.distinguished_name = DistinguishedName::new();
        let name = Ia5String::try_from(host).context("the host of the service URI is not ASCII")?;
        params.subject_alt_names = vec![SanType::DnsName(name)];
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate =
            params.self_signed(&key).context("cannot sign the certificate")?.der().clone();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .context("no TLS versions")?
                .with_no_client_auth()
                .with_single_cert(vec![certificate.clone()], key)
                .context("cannot use the certificate")?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { certificate, acceptor: TlsAcceptor::from(Arc::new(config)) })
    }
}
