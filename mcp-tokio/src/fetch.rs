//! Fetching a document over a tokio socket.

use std::net::IpAddr;

use http::Uri;
use hyper_util::rt::TokioIo;
use mcp_driver::{Fetch, FetchFailure, FetchLimits, Fetching, get_over};
use tokio::net::TcpStream;

/// Fetches over plain TCP from loopback addresses.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TokioFetch;

/// The port of `http`.
const HTTP_PORT: u16 = 80;

impl Fetch for TokioFetch {
    fn get(&self, url: &Uri) -> Fetching {
        let url = url.clone();
        Box::pin(async move {
            let stream = connect(&url).await.ok_or(FetchFailure::Unreachable)?;
            get_over(TokioIo::new(stream), &url, FetchLimits::default()).await
        })
    }
}

/// Connects to an address of the host that is a loopback address: a name may stand for others too.
async fn connect(url: &Uri) -> Option<TcpStream> {
    let host = url.host()?.trim_start_matches('[').trim_end_matches(']');
    let port = url.port_u16().unwrap_or(HTTP_PORT);
    let addresses = tokio::net::lookup_host((host, port)).await.ok()?;
    for address in addresses.filter(|address| is_loopback(address.ip())) {
        if let Ok(stream) = TcpStream::connect(address).await {
            return Some(stream);
        }
    }
    None
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}
