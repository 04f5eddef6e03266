//! Fetching a key set: what a runtime's crate implements, and the HTTP part of it.

#[cfg(test)]
mod tests;

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Request, Response, StatusCode, Uri,
    header::{ACCEPT, CONNECTION, CONTENT_TYPE, HOST},
};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::{
    body::{Body, Incoming},
    client::conn::http1::{Builder, SendRequest},
    rt::{Read, Write},
};
use mcp_proto::jws::{
    keys::{KEY_SET_BYTES_MAX, KeySetError},
    keyset::FetchFailure,
};

/// The most bytes of an answer's head that [`get_over`] reads.
const RESPONSE_HEAD_BYTES_MAX: usize = 16 * 1024;

/// The most header fields of an answer that [`get_over`] reads.
const RESPONSE_FIELDS_MAX: usize = 64;

/// The future of [`Fetch::get`].
pub type Fetching = Pin<Box<dyn Future<Output = Result<Bytes, FetchFailure>> + Send>>;

/// Gets a document from the issuer.
///
/// An implementation connects to the host and port of the URL and hands the stream to [`get_over`]. It
/// follows no redirects, uses no proxy, and connects to `localhost` only where that is a loopback address.
/// The time limit is the caller's, who drops the future when it has passed.
pub trait Fetch: Send + Sync + 'static {
    /// The document at this URL.
    fn get(&self, url: &Uri) -> Fetching;
}

/// What [`get_over`] bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FetchLimits {
    /// Bytes of the document, as received. Default [`KEY_SET_BYTES_MAX`].
    pub body_bytes_max: usize,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self { body_bytes_max: KEY_SET_BYTES_MAX }
    }
}

/// Gets a JSON document by HTTP/1.1 over a stream that is connected to the host of `url`.
///
/// Nothing is spawned; dropping the future closes the stream. There is no time limit.
///
/// # Errors
/// [`FetchFailure::Status`] for any status but 200, [`FetchFailure::Document`] for a document that is too
/// long or not announced as `application/json` or `application/jwk-set+json`, [`FetchFailure::Unreachable`]
/// when the stream ends or fails before the document is complete, or does not speak HTTP/1.1.
pub async fn get_over<I>(io: I, url: &Uri, limits: FetchLimits) -> Result<Bytes, FetchFailure>
where
    I: Read + Write + Unpin + Send + 'static,
{
    let request = request(url).ok_or(FetchFailure::Unreachable)?;
    let (sender, connection) = Builder::new()
        .max_buf_size(RESPONSE_HEAD_BYTES_MAX)
        .max_headers(RESPONSE_FIELDS_MAX)
        .handshake(io)
        .await
        .map_err(unreachable)?;
    let mut exchange = pin!(exchange(sender, request, limits));
    let mut connection = pin!(connection);
    let mut connected = true;
    poll_fn(|context| {
        // The connection comes first: what it has read or lost, the exchange learns in the same turn. How the
        // connection ended is told to the exchange too.
        if connected && connection.as_mut().poll(context).is_ready() {
            connected = false;
        }
        exchange.as_mut().poll(context)
    })
    .await
}

async fn exchange(
    mut sender: SendRequest<Empty<Bytes>>,
    request: Request<Empty<Bytes>>,
    limits: FetchLimits,
) -> Result<Bytes, FetchFailure> {
    let response = sender.send_request(request).await.map_err(unreachable)?;
    if response.status() != StatusCode::OK {
        return Err(FetchFailure::Status(response.status().as_u16()));
    }
    if !is_json(response.headers()) {
        tracing::debug!("the key server's answer is not announced as JSON");
        return Err(FetchFailure::Document(KeySetError::Malformed));
    }
    read_body(response, limits.body_bytes_max).await
}

async fn read_body(response: Response<Incoming>, bytes_max: usize) -> Result<Bytes, FetchFailure> {
    let body = response.into_body();
    let too_long = FetchFailure::Document(KeySetError::TooLong);
    // A declared length is refused before a byte of it is taken; whatever was declared, what arrives is
    // counted.
    if usize::try_from(body.size_hint().lower()).map_or(true, |declared| declared > bytes_max) {
        return Err(too_long);
    }
    match Limited::new(body, bytes_max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_long),
        Err(error) => {
            tracing::debug!(%error, "the key server's answer broke off");
            Err(FetchFailure::Unreachable)
        }
    }
}

/// The request for the document; nothing for a URL without a host.
fn request(url: &Uri) -> Option<Request<Empty<Bytes>>> {
    let target = url.path_and_query().map_or("/", |target| target.as_str());
    // User information stays out of it (RFC 9110 section 7.2).
    let host = match (url.host()?, url.port_u16()) {
        (host, Some(port)) => format!("{host}:{port}"),
        (host, None) => host.to_owned(),
    };
    Request::get(target)
        .header(HOST, host)
        .header(ACCEPT, HeaderValue::from_static("application/jwk-set+json, application/json"))
        .header(CONNECTION, HeaderValue::from_static("close"))
        .body(Empty::new())
        .ok()
}

/// One content type, with whatever parameters.
fn is_json(fields: &HeaderMap) -> bool {
    let mut types = fields.get_all(CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else {
        return false;
    };
    let media_type = only.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
    let media_type = media_type.trim_ascii();
    media_type.eq_ignore_ascii_case(b"application/json")
        || media_type.eq_ignore_ascii_case(b"application/jwk-set+json")
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unreachable(error: hyper::Error) -> FetchFailure {
    tracing::debug!(%error, "no answer from the key server");
    FetchFailure::Unreachable
}
