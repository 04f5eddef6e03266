//! Requests to an issuer over a tokio socket.

use std::net::{IpAddr, SocketAddr};

use hyper_util::rt::TokioIo;
use mcp_driver::{Fetch, FetchFailure, FetchUrl, Fetched, Fetching, Outgoing, TlsFailure, fetch_over};
use tokio::net::TcpStream;

/// Asks over TCP.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TokioFetch;

impl Fetch for TokioFetch {
    fn fetch(&self, request: Outgoing) -> Fetching {
        Box::pin(ask(request))
    }
}

async fn ask(request: Outgoing) -> Result<Fetched, FetchFailure> {
    if request.url.is_https() {
        return Err(FetchFailure::Tls(TlsFailure::Unsupported));
    }
    let (stream, address) = connect(&request.url).await.ok_or(FetchFailure::Unreachable)?;
    fetch_over(TokioIo::new(stream), &request, Some(address)).await
}

/// Connects to an address of the host that is a loopback address: a name may stand for others too.
async fn connect(url: &FetchUrl) -> Option<(TcpStream, SocketAddr)> {
    let addresses = tokio::net::lookup_host((url.host(), url.port())).await.ok()?;
    for address in addresses.filter(|address| is_loopback(address.ip())) {
        if let Ok(stream) = TcpStream::connect(address).await {
            return Some((stream, address));
        }
    }
    None
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}
