//! TLS with issuers, but for the sockets.

use std::{
    io,
    sync::{Arc, OnceLock},
};

use mcp_proto::jws::keyset::{FetchFailure, TlsFailure};
use rustls::{ClientConfig, pki_types::ServerName};

use crate::{
    server::Server,
    tls::{TlsRoots, client_config, tls_failure},
};

/// What a runtime's crate begins TLS with issuers by. Clones share what was read of the root certificates.
#[derive(Debug, Clone)]
pub struct TlsClient {
    roots: TlsRoots,
    /// Made when it is first needed. One that cannot be made is tried again at the next need.
    config: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl TlsClient {
    /// For the issuers of this server.
    #[must_use]
    pub fn new(server: &Server) -> Self {
        Self { roots: server.tls_roots().clone(), config: Arc::default() }
    }

    /// The configuration, if it was made already.
    #[must_use]
    pub fn made(&self) -> Option<Arc<ClientConfig>> {
        self.config.get().map(Arc::clone)
    }

    /// The configuration. It may be made of files, so this is to run where blocking does no harm.
    ///
    /// # Errors
    /// [`TlsFailure::RootsMissing`] when it cannot be made; the log says why.
    pub fn make(&self) -> Result<Arc<ClientConfig>, FetchFailure> {
        match client_config(&self.roots) {
            Ok(config) => Ok(Arc::clone(self.config.get_or_init(|| config))),
            Err(error) => {
                tracing::error!(%error, "nothing can be fetched over https");
                Err(FetchFailure::Tls(TlsFailure::RootsMissing))
            }
        }
    }

    /// The name or address that the server's certificate has to have.
    ///
    /// # Errors
    /// [`FetchFailure::Unreachable`] when no certificate can have it.
    pub fn name(host: &str) -> Result<ServerName<'static>, FetchFailure> {
        ServerName::try_from(host.to_owned()).map_err(|_| FetchFailure::Unreachable)
    }

    /// What a handshake with this host that failed is told as.
    #[must_use]
    pub fn failure(host: &str, error: &io::Error) -> FetchFailure {
        tracing::debug!(host, %error, "no TLS with the issuer");
        tls_failure(error).map_or(FetchFailure::Unreachable, FetchFailure::Tls)
    }
}
