//! A connection to one of the addresses of a host.

#[cfg(test)]
mod tests;

use std::{
    future::{Future, poll_fn},
    io,
    net::{IpAddr, SocketAddr},
    pin::{Pin, pin},
    task::{Context, Poll},
};

use super::FetchUrl;
use crate::runtime::Runtime;

/// How long an attempt is alone before the next address is tried beside it, in microseconds: the recommended value of
/// RFC 8305 section 5.
const ATTEMPT_PAUSE_MICROS: u64 = 250_000;

/// The most addresses of a host that are tried.
const ADDRESSES_MAX: usize = 16;

/// Connects to the host of this URL, of which these are the addresses, by the first that answers. Each one has a head
/// start before the next, and one that fails makes place for it at once, so that a silent address does not use up the
/// time of the others (RFC 8305 section 5). With `http` only loopback addresses are tried: a name may stand for others
/// too.
///
/// # Errors
/// The last failure of an attempt; [`NotFound`](io::ErrorKind::NotFound) where there is no address to try.
pub async fn connect_first<R, F, S>(
    runtime: &R,
    url: &FetchUrl,
    addresses: impl IntoIterator<Item = SocketAddr>,
    connect: impl Fn(SocketAddr) -> F,
) -> io::Result<(S, SocketAddr)>
where
    R: Runtime,
    F: Future<Output = io::Result<S>>,
{
    let is_allowed = |address: &SocketAddr| url.is_https() || is_loopback(address.ip());
    let addresses = addresses.into_iter().filter(is_allowed).take(ADDRESSES_MAX);
    let mut attempts = Attempts(Vec::new());
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the host has no address that may be used");
    for address in addresses {
        attempts.0.push((Box::pin(connect(address)), address));
        let mut pause = pin!(runtime.sleep_until(runtime.now().tick.after_micros(ATTEMPT_PAUSE_MICROS)));
        let finished = poll_fn(|cx| match attempts.poll(cx) {
            Poll::Ready(finished) => Poll::Ready(Some(finished)),
            // The next one is tried beside it.
            Poll::Pending => pause.as_mut().poll(cx).map(|()| None),
        });
        match finished.await {
            None => {}
            Some((Ok(stream), address)) => return Ok((stream, address)),
            Some((Err(error), _)) => failure = error,
        }
    }
    while !attempts.0.is_empty() {
        match poll_fn(|cx| attempts.poll(cx)).await {
            (Ok(stream), address) => return Ok((stream, address)),
            (Err(error), _) => failure = error,
        }
    }
    Err(failure)
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// The attempts that are under way.
struct Attempts<F>(Vec<(Pin<Box<F>>, SocketAddr)>);

impl<F: Future> Attempts<F> {
    /// The first one that is over.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<(F::Output, SocketAddr)> {
        let over = self.0.iter_mut().enumerate().find_map(|(index, (attempt, address))| {
            match attempt.as_mut().poll(cx) {
                Poll::Ready(output) => Some((index, (output, *address))),
                Poll::Pending => None,
            }
        });
        match over {
            Some((index, over)) => {
                drop(self.0.swap_remove(index));
                Poll::Ready(over)
            }
            None => Poll::Pending,
        }
    }
}
