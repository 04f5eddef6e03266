//! Whom to trust over https. Connecting is the runtime's.

#[cfg(test)]
mod tests;

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use mcp_proto::jws::keyset::TlsFailure;
use rustls::{
    CertificateError, ClientConfig, Error, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

/// The certificate authorities that are trusted to say who an issuer's server is.
#[derive(Clone, Default)]
pub struct TlsRoots(Roots);

#[derive(Clone, Default)]
enum Roots {
    #[default]
    Platform,
    Given(Arc<RootCertStore>),
}

impl TlsRoots {
    /// Those of the operating system, or of the file or folder that the environment variables `SSL_CERT_FILE`
    /// and `SSL_CERT_DIR` name. They are read when something is first fetched over https, and not before: a
    /// server that fetches nothing needs none.
    #[must_use]
    pub fn platform() -> Self {
        Self(Roots::Platform)
    }

    /// Those in this PEM file, read once, now, and no others.
    ///
    /// # Errors
    /// [`TlsError::File`] when it cannot be read, else as [`Self::pem`].
    pub fn pem_file(path: impl AsRef<Path>) -> Result<Self, TlsError> {
        let path = path.as_ref();
        let pem = std::fs::read(path).map_err(|error| TlsError::File(path.to_owned(), error.kind()))?;
        Self::pem(pem)
    }

    /// Those in this PEM text (RFC 7468), and no others. Sections that are no certificates are skipped.
    ///
    /// # Errors
    /// [`TlsError::Malformed`] when a certificate cannot be read, [`TlsError::RootsMissing`] when there is none.
    pub fn pem(pem: impl AsRef<[u8]>) -> Result<Self, TlsError> {
        let mut store = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem.as_ref()) {
            let certificate = certificate.map_err(|_| TlsError::Malformed)?;
            store.add(certificate).map_err(|_| TlsError::Malformed)?;
        }
        Ok(Self(Roots::Given(Arc::new(not_empty(store)?))))
    }

    fn store(&self) -> Result<Arc<RootCertStore>, TlsError> {
        match &self.0 {
            Roots::Given(store) => Ok(Arc::clone(store)),
            Roots::Platform => {
                let found = rustls_native_certs::load_native_certs();
                for error in &found.errors {
                    tracing::debug!(%error, "root certificates that cannot be read");
                }
                let mut store = RootCertStore::empty();
                let (_, skipped) = store.add_parsable_certificates(found.certs);
                tracing::debug!(roots = store.len(), skipped, "read the platform's root certificates");
                Ok(Arc::new(not_empty(store)?))
            }
        }
    }
}

fn not_empty(store: RootCertStore) -> Result<RootCertStore, TlsError> {
    if store.is_empty() { Err(TlsError::RootsMissing) } else { Ok(store) }
}

impl fmt::Debug for TlsRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Roots::Platform => f.write_str("TlsRoots(platform)"),
            Roots::Given(store) => write!(f, "TlsRoots({} given)", store.len()),
        }
    }
}

/// How to connect to servers that one of these authorities vouches for: TLS 1.2 and 1.3, with the cryptography of
/// `ring`, whatever a process has as its default. The platform's certificates are read from files here.
///
/// # Errors
/// [`TlsError::RootsMissing`] when there is nobody to trust.
pub fn client_config(roots: &TlsRoots) -> Result<Arc<ClientConfig>, TlsError> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| TlsError::Unsupported)?
        .with_root_certificates(roots.store()?)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// What a failed handshake says about the server, when it is not simply gone.
#[must_use]
pub fn tls_failure(error: &io::Error) -> Option<TlsFailure> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    let Error::InvalidCertificate(certificate) = error else {
        return Some(TlsFailure::Handshake);
    };
    Some(match certificate {
        CertificateError::UnknownIssuer => TlsFailure::IssuerUnknown,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsFailure::NameWrong
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsFailure::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            TlsFailure::NotYetValid
        }
        // The enum is not ours, and grows.
        _ => TlsFailure::Handshake,
    })
}

/// Why nothing can be fetched over https.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsError {
    /// The file cannot be read.
    File(PathBuf, io::ErrorKind),
    /// The text has a certificate that cannot be read.
    Malformed,
    /// There are no certificates, so there is nobody to trust.
    RootsMissing,
    /// The cryptography does not have what TLS 1.2 and 1.3 need.
    Unsupported,
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, kind) => {
                write!(f, "the root certificates in {} cannot be read: {kind}", path.display())
            }
            Self::Malformed => f.write_str("there is a root certificate that cannot be read"),
            Self::RootsMissing => f.write_str(
                "there are no root certificates to trust: install the system's, or name a file with \
                 SSL_CERT_FILE or tls_roots",
            ),
            Self::Unsupported => f.write_str("TLS 1.2 and 1.3 are not to be had"),
        }
    }
}

impl std::error::Error for TlsError {}
