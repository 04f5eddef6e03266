//! Requests to an issuer over a tokio socket.

mod connect;
#[cfg(feature = "https")]
mod tls;

#[cfg(test)]
#[cfg(feature = "https")]
mod tests;

use std::net::SocketAddr;

use hyper_util::rt::TokioIo;
use mcp_driver::{Fetch, FetchFailure, Fetched, Fetching, Outgoing, Server, fetch_over};
use tokio::net::TcpStream;

#[cfg(feature = "https")]
use self::tls::Tls;

/// Asks issuers over TCP, with TLS where the URL says so.
#[derive(Debug, Clone)]
pub(crate) struct TokioFetch {
    #[cfg(feature = "https")]
    tls: Tls,
}

impl TokioFetch {
    /// For the issuers of this server.
    #[cfg(feature = "https")]
    pub(crate) fn new(server: &Server) -> Self {
        Self { tls: Tls::new(server.tls_roots().clone()) }
    }

    /// For the issuers of this server.
    #[cfg(not(feature = "https"))]
    pub(crate) fn new(_: &Server) -> Self {
        Self {}
    }

    async fn ask(self, request: Outgoing) -> Result<Fetched, FetchFailure> {
        let host = request.url.host();
        let (stream, address) = connect::connect(&request.url).await.map_err(|error| {
            tracing::debug!(host, %error, "cannot connect to the issuer");
            FetchFailure::Unreachable
        })?;
        let fetched = self.talk(stream, address, &request).await;
        // What it means, and how often to say so, the caller knows.
        if let Err(failure) = &fetched {
            tracing::debug!(host, %address, %failure, "no answer of the issuer");
        }
        fetched
    }

    #[cfg(feature = "https")]
    async fn talk(
        &self,
        stream: TcpStream,
        address: SocketAddr,
        request: &Outgoing,
    ) -> Result<Fetched, FetchFailure> {
        if request.url.is_https() {
            let stream = self.tls.over(stream, request.url.host()).await?;
            fetch_over(TokioIo::new(stream), request, Some(address)).await
        } else {
            fetch_over(TokioIo::new(stream), request, Some(address)).await
        }
    }

    #[cfg(not(feature = "https"))]
    async fn talk(
        &self,
        stream: TcpStream,
        address: SocketAddr,
        request: &Outgoing,
    ) -> Result<Fetched, FetchFailure> {
        if request.url.is_https() {
            return Err(FetchFailure::Tls(mcp_driver::TlsFailure::Unsupported));
        }
        fetch_over(TokioIo::new(stream), request, Some(address)).await
    }
}

impl Fetch for TokioFetch {
    fn fetch(&self, request: Outgoing) -> Fetching {
        Box::pin(self.clone().ask(request))
    }
}
