//! What a configuration is made from: PEM text, in files or given.

use std::{
    fmt,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    Error, RootCertStore, ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
    server::{NoServerSessionStorage, WebPkiClientVerifier, danger::ClientCertVerifier},
};

use super::{ServerTlsError, TLS_FILE_BYTES_MAX};
use crate::sha256::sha256;

/// What is offered in the handshake (RFC 7301), the best first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Where PEM text comes from.
#[derive(Clone)]
pub(super) enum Pem {
    File(PathBuf),
    Text(Arc<[u8]>),
}

/// Where everything comes from.
#[derive(Clone)]
pub(super) struct Material {
    pub(super) certificates: Pem,
    pub(super) key: Pem,
    /// The authorities that vouch for clients; `None`: these are not asked for certificates.
    pub(super) clients: Option<Pem>,
    pub(super) requires_client: bool,
}

/// Everything that was read at one time.
pub(super) struct Texts {
    certificates: Arc<[u8]>,
    key: Arc<[u8]>,
    clients: Option<Arc<[u8]>>,
}

impl Pem {
    pub(super) fn text(text: Vec<u8>) -> Self {
        Self::Text(text.into())
    }

    fn read(&self) -> Result<Arc<[u8]>, ServerTlsError> {
        match self {
            Self::File(path) => read_file(path).map(Into::into),
            Self::Text(text) => Ok(Arc::clone(text)),
        }
    }

    fn is_file(&self) -> bool {
        matches!(self, Self::File(_))
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, ServerTlsError> {
    let mut text = Vec::new();
    // One byte more tells that it is too long.
    let longest = TLS_FILE_BYTES_MAX as u64 + 1;
    let read = File::open(path).and_then(|file| file.take(longest).read_to_end(&mut text));
    match read {
        Err(error) => Err(ServerTlsError::File(path.to_owned(), error.kind())),
        Ok(length) if length > TLS_FILE_BYTES_MAX => Err(ServerTlsError::FileTooLong(path.to_owned())),
        Ok(_) => Ok(text),
    }
}

impl Texts {
    /// Another one for other texts.
    pub(super) fn digest(&self) -> [u8; 32] {
        let clients = self.clients.as_deref().unwrap_or_default();
        let parts = [&*self.certificates, &*self.key, clients].map(|text| sha256([text]));
        sha256(parts.iter().map(<[u8; 32]>::as_slice))
    }
}

impl Material {
    pub(super) fn has_files(&self) -> bool {
        self.certificates.is_file() || self.key.is_file() || self.clients.as_ref().is_some_and(Pem::is_file)
    }

    pub(super) fn read(&self) -> Result<Texts, ServerTlsError> {
        Ok(Texts {
            certificates: self.certificates.read()?,
            key: self.key.read()?,
            clients: self.clients.as_ref().map(Pem::read).transpose()?,
        })
    }

    pub(super) fn config(&self, texts: &Texts) -> Result<Arc<ServerConfig>, ServerTlsError> {
        let provider = Arc::new(ring::default_provider());
        let clients = self.clients(texts.clients.as_deref(), &provider)?;
        let asks_clients = clients.is_some();
        let builder = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| ServerTlsError::Unsupported)?
            .with_client_cert_verifier(clients.unwrap_or_else(WebPkiClientVerifier::no_client_auth));
        let (chain, key) = (chain(&texts.certificates)?, private_key(&texts.key)?);
        let mut config = builder.with_single_cert(chain, key).map_err(|error| match error {
            Error::InconsistentKeys(_) => ServerTlsError::KeyForeign,
            Error::InvalidCertificate(_) => ServerTlsError::CertificateMalformed,
            // The enum is not ours, and grows; what is left is about the key.
            _ => ServerTlsError::KeyMalformed,
        })?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        if asks_clients {
            // A session that is resumed brings the certificate of its first handshake, which nobody would look at
            // again: not whether it has expired since.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        Ok(Arc::new(config))
    }

    fn clients(
        &self,
        pem: Option<&[u8]>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Option<Arc<dyn ClientCertVerifier>>, ServerTlsError> {
        let Some(pem) = pem else {
            return if self.requires_client { Err(ServerTlsError::ClientAuthorityMissing) } else { Ok(None) };
        };
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|_| ServerTlsError::ClientAuthorityMalformed)?;
            roots.add(certificate).map_err(|_| ServerTlsError::ClientAuthorityMalformed)?;
        }
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
        let builder = if self.requires_client { builder } else { builder.allow_unauthenticated() };
        // Without revocation lists, all that can be missing is somebody to trust.
        builder.build().map(Some).map_err(|_| ServerTlsError::ClientAuthorityMissing)
    }
}

/// Our certificate, and those on the way to an authority.
fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, ServerTlsError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let chain = chain.map_err(|_| ServerTlsError::CertificateMalformed)?;
    if chain.is_empty() { Err(ServerTlsError::CertificateMissing) } else { Ok(chain) }
}

/// The first private key, in whichever of the three forms.
fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, ServerTlsError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        pem::Error::NoItemsFound => ServerTlsError::KeyMissing,
        // The enum is not ours, and grows.
        _ => ServerTlsError::KeyMalformed,
    })
}

/// Says where text comes from, and never what it is.
impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.fmt(f),
            Self::Text(text) => write!(f, "{} bytes", text.len()),
        }
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Material")
            .field("certificates", &self.certificates)
            .field("key", &self.key)
            .field("clients", &self.clients)
            .field("requires_client", &self.requires_client)
            .finish()
    }
}
