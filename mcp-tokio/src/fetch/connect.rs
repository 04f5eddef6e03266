//! A connection to one of the addresses of a host.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use mcp_driver::FetchUrl;
use tokio::{
    net::{TcpStream, lookup_host},
    task::JoinSet,
    time::{Duration, timeout},
};

/// How long an attempt is alone before the next address is tried beside it: the recommended value of RFC 8305
/// section 5.
const ATTEMPT_PAUSE: Duration = Duration::from_millis(250);

/// The most addresses of a host that are tried.
const ADDRESSES_MAX: usize = 16;

/// Connects to the host of this URL, whichever of its addresses answers first. With `http` only loopback
/// addresses are tried: a name may stand for others too.
pub(super) async fn connect(url: &FetchUrl) -> io::Result<(TcpStream, SocketAddr)> {
    let is_allowed = |address: &SocketAddr| url.is_https() || is_loopback(address.ip());
    let addresses = lookup_host((url.host(), url.port())).await?;
    connect_first(addresses.filter(is_allowed).take(ADDRESSES_MAX)).await
}

/// Connects to the first address that answers. Each one has a head start before the next, and one that fails
/// makes place for it at once, so that a silent address does not use up the time of the others.
pub(super) async fn connect_first(
    addresses: impl Iterator<Item = SocketAddr>,
) -> io::Result<(TcpStream, SocketAddr)> {
    let mut addresses = addresses.fuse();
    let mut attempts = JoinSet::new();
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the host has no address that may be used");
    loop {
        let next = addresses.next();
        let is_last = next.is_none();
        if let Some(address) = next {
            attempts.spawn(async move { (TcpStream::connect(address).await, address) });
        }
        let finished = if is_last {
            attempts.join_next().await
        } else {
            match timeout(ATTEMPT_PAUSE, attempts.join_next()).await {
                Ok(finished) => finished,
                // The next one is tried beside it.
                Err(_) => continue,
            }
        };
        match finished {
            None => return Err(failure),
            Some(Ok((Ok(stream), address))) => return Ok((stream, address)),
            Some(Ok((Err(error), _))) => failure = error,
            Some(Err(error)) => failure = error.into(),
        }
    }
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}
