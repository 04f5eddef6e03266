//! Requests to an issuer over a socket of smol.

#[cfg(feature = "https")]
mod tls;

use std::{io, net::SocketAddr};

#[cfg(feature = "https")]
use mcp_driver::TlsClient;
use mcp_driver::{
    Fetch, FetchFailure, FetchUrl, Fetched, Fetching, Outgoing, Server, connect_first, fetch_over,
};

use crate::{SmolIo, SmolRuntime, socket::Socket};

/// Asks issuers over TCP, with TLS where the URL says so.
#[derive(Debug, Clone)]
pub(crate) struct SmolFetch {
    runtime: SmolRuntime,
    #[cfg(feature = "https")]
    tls: TlsClient,
}

impl SmolFetch {
    /// For the issuers of this server.
    #[cfg_attr(not(feature = "https"), expect(unused_variables, reason = "it says whom to trust over TLS"))]
    pub(crate) fn new(runtime: SmolRuntime, server: &Server) -> Self {
        Self {
            runtime,
            #[cfg(feature = "https")]
            tls: TlsClient::new(server),
        }
    }

    async fn ask(self, request: Outgoing) -> Result<Fetched, FetchFailure> {
        let host = request.url.host();
        let (socket, address) = self.connect(&request.url).await.map_err(|error| {
            tracing::debug!(host, %error, "cannot connect to the issuer");
            FetchFailure::Unreachable
        })?;
        let fetched = self.talk(socket, address, &request).await;
        // What it means, and how often to say so, the caller knows.
        if let Err(failure) = &fetched {
            tracing::debug!(host, %address, %failure, "no answer of the issuer");
        }
        fetched
    }

    async fn connect(&self, url: &FetchUrl) -> io::Result<(Socket, SocketAddr)> {
        let addresses = smol::net::resolve((url.host(), url.port())).await?;
        connect_first(&self.runtime, url, addresses, Socket::connect).await
    }

    async fn talk(
        &self,
        socket: Socket,
        address: SocketAddr,
        request: &Outgoing,
    ) -> Result<Fetched, FetchFailure> {
        if !request.url.is_https() {
            return fetch_over(SmolIo::new(socket), request, Some(address)).await;
        }
        #[cfg(feature = "https")]
        {
            let stream = tls::over(&self.tls, socket, request.url.host()).await?;
            fetch_over(SmolIo::new(stream), request, Some(address)).await
        }
        #[cfg(not(feature = "https"))]
        Err(FetchFailure::Tls(mcp_driver::TlsFailure::Unsupported))
    }
}

impl Fetch for SmolFetch {
    fn fetch(&self, request: Outgoing) -> Fetching {
        Box::pin(self.clone().ask(request))
    }
}
