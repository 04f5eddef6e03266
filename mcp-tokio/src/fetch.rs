//! Requests to an issuer over a tokio socket.

#[cfg(feature = "https")]
mod tls;

#[cfg(test)]
#[cfg(feature = "https")]
mod tests;

use std::net::SocketAddr;

use hyper_util::rt::TokioIo;
#[cfg(feature = "https")]
use mcp_driver::TlsClient;
use mcp_driver::{
    Fetch, FetchFailure, FetchUrl, Fetched, Fetching, Outgoing, Server, connect_first, fetch_over,
};
use tokio::{
    io,
    net::{TcpStream, lookup_host},
};

use crate::TokioRuntime;

/// Asks issuers over TCP, with TLS where the URL says so.
#[derive(Debug, Clone)]
pub(crate) struct TokioFetch {
    runtime: TokioRuntime,
    #[cfg(feature = "https")]
    tls: TlsClient,
}

impl TokioFetch {
    /// For the issuers of this server.
    #[cfg_attr(not(feature = "https"), expect(unused_variables, reason = "it says whom to trust over TLS"))]
    pub(crate) fn new(runtime: TokioRuntime, server: &Server) -> Self {
        Self {
            runtime,
            #[cfg(feature = "https")]
            tls: TlsClient::new(server),
        }
    }

    async fn ask(self, request: Outgoing) -> Result<Fetched, FetchFailure> {
        let host = request.url.host();
        let (stream, address) = self.connect(&request.url).await.map_err(|error| {
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

    async fn connect(&self, url: &FetchUrl) -> io::Result<(TcpStream, SocketAddr)> {
        let addresses = lookup_host((url.host(), url.port())).await?;
        connect_first(&self.runtime, url, addresses, TcpStream::connect).await
    }

    async fn talk(
        &self,
        stream: TcpStream,
        address: SocketAddr,
        request: &Outgoing,
    ) -> Result<Fetched, FetchFailure> {
        if !request.url.is_https() {
            return fetch_over(TokioIo::new(stream), request, Some(address)).await;
        }
        #[cfg(feature = "https")]
        {
            let stream = tls::over(&self.tls, stream, request.url.host()).await?;
            fetch_over(TokioIo::new(stream), request, Some(address)).await
        }
        #[cfg(not(feature = "https"))]
        Err(FetchFailure::Tls(mcp_driver::TlsFailure::Unsupported))
    }
}

impl Fetch for TokioFetch {
    fn fetch(&self, request: Outgoing) -> Fetching {
        Box::pin(self.clone().ask(request))
    }
}
