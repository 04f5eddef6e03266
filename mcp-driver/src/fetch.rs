//! Asking other servers over HTTP: what a runtime's crate implements, and the HTTP part of it.

mod connect;
mod exchange;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    future::{Future, poll_fn},
    net::SocketAddr,
    pin::{Pin, pin},
    task::Poll,
};

use bytes::Bytes;
use http::HeaderValue;
pub use mcp_proto::discovery::{FetchUrl, FetchUrlError};
use mcp_proto::jws::keyset::FetchFailure;

pub use self::{connect::connect_first, exchange::fetch_over};
use crate::runtime::Runtime;

/// How long one request may take from the connection to the last byte of the answer, in seconds.
pub const FETCH_TIMEOUT_SECONDS: u64 = 5;

/// The future of [`Fetch::fetch`].
pub type Fetching = Pin<Box<dyn Future<Output = Result<Fetched, FetchFailure>> + Send>>;

/// Sends requests to an issuer.
///
/// An implementation connects to the host and port of the URL, with TLS where the URL says `https`, and hands
/// the stream to [`fetch_over`]. It follows no redirects, uses no proxy, and connects for `http` to loopback
/// addresses only. The time limit is the caller's, who drops the future when it has passed.
pub trait Fetch: Send + Sync + 'static {
    /// The answer to this request.
    fn fetch(&self, request: Outgoing) -> Fetching;
}

/// A request to an issuer. `Debug` shows neither the form nor the credentials.
#[derive(Clone)]
#[non_exhaustive]
pub struct Outgoing {
    /// Where it goes.
    pub url: FetchUrl,
    /// The form to POST, as `application/x-www-form-urlencoded`. Without one the request is a GET.
    pub form: Option<Bytes>,
    /// The media types that the answer may have, in lower case.
    pub accept: &'static [&'static str],
    /// What the field `Authorization` says.
    pub authorization: Option<HeaderValue>,
    /// The most bytes that the answer may have, as received.
    pub body_bytes_max: usize,
}

impl Outgoing {
    /// A GET.
    #[must_use]
    pub fn get(url: FetchUrl, accept: &'static [&'static str], body_bytes_max: usize) -> Self {
        Self { url, form: None, accept, authorization: None, body_bytes_max }
    }

    /// A POST of a form, which is encoded already.
    #[must_use]
    pub fn post(
        url: FetchUrl,
        form: impl Into<Bytes>,
        accept: &'static [&'static str],
        body_bytes_max: usize,
    ) -> Self {
        Self { form: Some(form.into()), ..Self::get(url, accept, body_bytes_max) }
    }

    /// The same with credentials.
    #[must_use]
    pub fn with_authorization(mut self, mut value: HeaderValue) -> Self {
        value.set_sensitive(true);
        self.authorization = Some(value);
        self
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("url", &self.url)
            .field("has_form", &self.form.is_some())
            .field("accept", &self.accept)
            .field("has_authorization", &self.authorization.is_some())
            .field("body_bytes_max", &self.body_bytes_max)
            .finish()
    }
}

/// An answer with status 200. `Debug` does not show the document, which may be about somebody's token.
#[derive(Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The document.
    pub body: Bytes,
    /// Who answered.
    pub address: Option<SocketAddr>,
    /// For how many seconds the answer is fresh, where it says so: `max-age` of `Cache-Control` (RFC 9111
    /// section 5.2.2.1).
    pub fresh_seconds: Option<u64>,
}

impl fmt::Debug for Fetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetched")
            .field("body_bytes", &self.body.len())
            .field("address", &self.address)
            .field("fresh_seconds", &self.fresh_seconds)
            .finish()
    }
}

/// The answer to a request if it comes within [`FETCH_TIMEOUT_SECONDS`].
pub(crate) async fn fetch_in_time<R: Runtime>(
    fetch: &dyn Fetch,
    request: Outgoing,
    runtime: &R,
) -> Result<Fetched, FetchFailure> {
    let over = runtime.now().tick.after_seconds(FETCH_TIMEOUT_SECONDS);
    let mut timeout = pin!(runtime.sleep_until(over));
    let mut fetching = fetch.fetch(request);
    poll_fn(|context| match fetching.as_mut().poll(context) {
        Poll::Ready(fetched) => Poll::Ready(fetched),
        Poll::Pending => timeout.as_mut().poll(context).map(|()| Err(FetchFailure::TimedOut)),
    })
    .await
}
