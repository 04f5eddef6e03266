//! TLS for connections that are accepted: our certificate, and those of clients. Accepting is the runtime's.

mod error;
mod handshake;
mod material;
mod watch;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustls::ServerConfig;

pub use self::error::ServerTlsError;
use self::material::{Material, Pem};

/// How often the files are looked at, in seconds, unless something else is said.
pub const TLS_WATCH_SECONDS_DEFAULT: u64 = 10;

/// The longest file of certificates or keys that is read, in bytes.
pub const TLS_FILE_BYTES_MAX: usize = 1 << 20;

/// TLS 1.2 and 1.3 for a listener, with the cryptography of `ring`, whatever a process has as its default; HTTP/2 and
/// HTTP/1.1 are offered in the handshake (ALPN). Cheap to clone; clones share everything.
///
/// ```no_run
/// use mcp_driver::{Auth, KeySource, Server, ServerTls};
///
/// let tls = ServerTls::files("/etc/mcp/tls.crt", "/etc/mcp/tls.key").client_ca_file("/etc/mcp/clients.crt").build()?;
/// let auth = Auth::jwt("https://auth.example.com", "https://mcp.example.com/mcp", KeySource::discovery());
/// let server =
///     Server::builder("files", "1.0.0", auth).allow_host("mcp.example.com").tls(tls.clone()).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// What is in files is read again when they change ([`Self::reload`]). Connections keep what they began with; what is
/// not whole changes nothing.
#[derive(Clone)]
pub struct ServerTls(Arc<Inner>);

struct Inner {
    material: Material,
    /// `None`: nobody looks.
    watch_every: Option<Duration>,
    current: Mutex<Current>,
    /// Held while files are read, so that what was read earlier never replaces what was read later.
    reading: Mutex<()>,
}

struct Current {
    config: Arc<ServerConfig>,
    /// Of everything that the configuration was made from.
    digest: [u8; 32],
}

impl ServerTls {
    /// A certificate chain, our own certificate first, and its private key, in PEM files (RFC 7468). They may be one
    /// file.
    pub fn files(certificates: impl Into<PathBuf>, key: impl Into<PathBuf>) -> ServerTlsBuilder {
        ServerTlsBuilder::new(Pem::File(certificates.into()), Pem::File(key.into()))
    }

    /// The same as PEM text, which stays as it is.
    pub fn pem(certificates: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> ServerTlsBuilder {
        ServerTlsBuilder::new(Pem::text(certificates.into()), Pem::text(key.into()))
    }

    /// Reads the files again and uses what they say for handshakes from now on; whether that is something else than
    /// before. It blocks while it reads.
    ///
    /// A server that listens does this by itself now and then ([`ServerTlsBuilder::watch_every`]).
    ///
    /// # Errors
    /// What is wrong with the files; what was there before then stays in use.
    pub fn reload(&self) -> Result<bool, ServerTlsError> {
        let _reading = self.0.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let texts = self.0.material.read()?;
        let digest = texts.digest();
        // Sessions of TLS can be resumed only with the configuration that began them.
        if self.lock().digest == digest {
            return Ok(false);
        }
        let config = self.0.material.config(&texts)?;
        *self.lock() = Current { config, digest };
        Ok(true)
    }

    /// What the next handshake is made with.
    #[must_use]
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.lock().config)
    }

    /// Whether clients are asked for a certificate.
    #[must_use]
    pub fn asks_clients(&self) -> bool {
        self.0.material.clients.is_some()
    }

    /// Whether no connection is made with a client that has no certificate.
    #[must_use]
    pub fn requires_client_certificate(&self) -> bool {
        self.0.material.requires_client
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Current> {
        // Nothing that can panic runs under this lock.
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says where everything comes from, and never what it is.
impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServerTls").field(&self.0.material).finish()
    }
}

/// Collects what a [`ServerTls`] is made of.
#[derive(Debug, Clone)]
pub struct ServerTlsBuilder {
    material: Material,
    watch_every: Duration,
}

impl ServerTlsBuilder {
    fn new(certificates: Pem, key: Pem) -> Self {
        let material = Material { certificates, key, clients: None, requires_client: false };
        Self { material, watch_every: Duration::from_secs(TLS_WATCH_SECONDS_DEFAULT) }
    }

    /// Asks clients for a certificate that one of the authorities in this PEM file vouches for. A client that has
    /// none is served all the same, and one with another certificate is not.
    ///
    /// A certificate tells which client made a connection, not who calls: that is up to tokens, which may be bound to
    /// the certificate (RFC 8705), or to the application's verifier, which sees it
    /// ([`RequestHead::client_certificate`](crate::RequestHead::client_certificate)). Every handshake of such a server is a
    /// complete one: nobody comes back with a certificate that was good some time ago.
    #[must_use]
    pub fn client_ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.material.clients = Some(Pem::File(path.into()));
        self
    }

    /// The same with PEM text.
    #[must_use]
    pub fn client_ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.material.clients = Some(Pem::text(pem.into()));
        self
    }

    /// Serves no client without a certificate, nor `/ping` and the other probes.
    #[must_use]
    pub fn require_client_certificate(mut self) -> Self {
        self.material.requires_client = true;
        self
    }

    /// How often a server that runs looks whether the files have changed; every 10 s without this. Zero: never.
    #[must_use]
    pub fn watch_every(mut self, time: Duration) -> Self {
        self.watch_every = time;
        self
    }

    /// Reads everything.
    ///
    /// # Errors
    /// When a file cannot be read, a certificate or the key is missing or malformed, they do not belong together, or
    /// a client certificate is required and nobody is trusted to vouch for any.
    pub fn build(self) -> Result<ServerTls, ServerTlsError> {
        let Self { material, watch_every } = self;
        let texts = material.read()?;
        let current = Mutex::new(Current { config: material.config(&texts)?, digest: texts.digest() });
        let is_watched = material.has_files() && watch_every > Duration::ZERO;
        let watch_every = is_watched.then_some(watch_every);
        Ok(ServerTls(Arc::new(Inner { material, watch_every, current, reading: Mutex::default() })))
    }
}
