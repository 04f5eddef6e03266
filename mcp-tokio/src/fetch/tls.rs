//! TLS over a tokio socket.

use std::{
    io,
    sync::{Arc, OnceLock},
};

use mcp_driver::{FetchFailure, TlsFailure, TlsRoots, client_config, tls_failure};
use tokio::{net::TcpStream, task::spawn_blocking};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, pki_types::ServerName},
};

/// Begins TLS with servers. Clones share what was read of the root certificates.
#[derive(Debug, Clone)]
pub(super) struct Tls {
    roots: TlsRoots,
    /// Made when it is first needed. One that cannot be made is tried again at the next need.
    config: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl Tls {
    pub(super) fn new(roots: TlsRoots) -> Self {
        Self { roots, config: Arc::default() }
    }

    /// TLS with the server of this name or address at the other end of the stream.
    pub(super) async fn over(
        &self,
        stream: TcpStream,
        host: &str,
    ) -> Result<TlsStream<TcpStream>, FetchFailure> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| FetchFailure::Unreachable)?;
        let connector = TlsConnector::from(self.config().await?);
        connector.connect(name, stream).await.map_err(|error| {
            tracing::debug!(host, %error, "no TLS with the issuer");
            tls_failure(&error).map_or(FetchFailure::Unreachable, FetchFailure::Tls)
        })
    }

    async fn config(&self) -> Result<Arc<ClientConfig>, FetchFailure> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let roots = self.roots.clone();
        // Reads files.
        let config = spawn_blocking(move || client_config(&roots)).await.map_err(io::Error::from);
        match config {
            Ok(Ok(config)) => Ok(Arc::clone(self.config.get_or_init(|| config))),
            Ok(Err(error)) => {
                tracing::error!(%error, "nothing can be fetched over https");
                Err(FetchFailure::Tls(TlsFailure::RootsMissing))
            }
            Err(error) => {
                tracing::error!(%error, "the root certificates were not read");
                Err(FetchFailure::Tls(TlsFailure::RootsMissing))
            }
        }
    }
}
