//! One request and its answer by HTTP/1.1 over a stream that is connected already.

use std::{
    future::{Future, poll_fn},
    net::SocketAddr,
    pin::pin,
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HOST},
};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{
    body::{Body, Incoming},
    client::conn::http1::{Builder, SendRequest},
    rt::{Read, Write},
};
use mcp_proto::jws::keyset::FetchFailure;

use super::{Fetched, Outgoing};

/// The most bytes of an answer's head that [`fetch_over`] reads.
pub(super) const RESPONSE_HEAD_BYTES_MAX: usize = 16 * 1024;

/// The most header fields of an answer that [`fetch_over`] reads.
pub(super) const RESPONSE_FIELDS_MAX: usize = 64;

/// Sends a request by HTTP/1.1 over a stream that is connected to the host of its URL, at `address`, and takes
/// the answer.
///
/// Nothing is spawned; dropping the future closes the stream. There is no time limit.
///
/// # Errors
/// [`FetchFailure::Status`] for any status but 200, [`FetchFailure::TooLong`] and [`FetchFailure::MediaType`]
/// for a document that is not what the request permits, [`FetchFailure::Unreachable`] when the stream ends or
/// fails before the document is complete, or does not speak HTTP/1.1.
pub async fn fetch_over<I>(
    io: I,
    request: &Outgoing,
    address: Option<SocketAddr>,
) -> Result<Fetched, FetchFailure>
where
    I: Read + Write + Unpin + Send + 'static,
{
    let message = message(request).ok_or(FetchFailure::Unreachable)?;
    let (sender, connection) = Builder::new()
        .max_buf_size(RESPONSE_HEAD_BYTES_MAX)
        .max_headers(RESPONSE_FIELDS_MAX)
        .handshake(io)
        .await
        .map_err(unreachable)?;
    let mut exchange = pin!(exchange(sender, message, request));
    let mut connection = pin!(connection);
    let mut connected = true;
    let (body, fresh_seconds) = poll_fn(|context| {
        // The connection comes first: what it has read or lost, the exchange learns in the same turn. How the
        // connection ended is told to the exchange too.
        if connected && connection.as_mut().poll(context).is_ready() {
            connected = false;
        }
        exchange.as_mut().poll(context)
    })
    .await?;
    Ok(Fetched { body, address, fresh_seconds })
}

async fn exchange(
    mut sender: SendRequest<Full<Bytes>>,
    message: Request<Full<Bytes>>,
    request: &Outgoing,
) -> Result<(Bytes, Option<u64>), FetchFailure> {
    let response = sender.send_request(message).await.map_err(unreachable)?;
    if response.status() != StatusCode::OK {
        return Err(FetchFailure::Status(response.status().as_u16()));
    }
    if !is_accepted(response.headers(), request.accept) {
        return Err(FetchFailure::MediaType);
    }
    let fresh_seconds = fresh_seconds(response.headers());
    Ok((read_body(response, request.body_bytes_max).await?, fresh_seconds))
}

async fn read_body(response: Response<Incoming>, bytes_max: usize) -> Result<Bytes, FetchFailure> {
    let body = response.into_body();
    // A declared length is refused before a byte of it is taken; whatever was declared, what arrives is
    // counted.
    if usize::try_from(body.size_hint().lower()).map_or(true, |declared| declared > bytes_max) {
        return Err(FetchFailure::TooLong);
    }
    match Limited::new(body, bytes_max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(FetchFailure::TooLong),
        Err(error) => {
            tracing::debug!(%error, "the server's answer broke off");
            Err(FetchFailure::Unreachable)
        }
    }
}

/// The request as it is sent; nothing when it cannot be.
fn message(request: &Outgoing) -> Option<Request<Full<Bytes>>> {
    let uri = request.url.uri();
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let mut message = Request::builder()
        .uri(target)
        .header(HOST, uri.authority()?.as_str())
        .header(ACCEPT, request.accept.join(", "))
        .header(CONNECTION, HeaderValue::from_static("close"));
    if let Some(credentials) = &request.authorization {
        message = message.header(AUTHORIZATION, credentials);
    }
    match request.form.clone() {
        None => message.method(Method::GET).body(Full::default()).ok(),
        Some(form) => message
            .method(Method::POST)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))
            .body(Full::new(form))
            .ok(),
    }
}

/// One content type, with whatever parameters, and one that was asked for.
fn is_accepted(fields: &HeaderMap, accept: &[&str]) -> bool {
    let mut types = fields.get_all(CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else {
        return false;
    };
    let media_type = only.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    accept.iter().any(|accepted| media_type.eq_ignore_ascii_case(accepted.as_bytes()))
}

/// `max-age` of `Cache-Control` (RFC 9111 sections 4.2.1 and 5.2). Nothing when there is none, when it is not
/// one number, or when the answer should not be kept at all: what is not understood is as good as not said.
fn fresh_seconds(fields: &HeaderMap) -> Option<u64> {
    let mut seconds = None;
    for field in fields.get_all(CACHE_CONTROL) {
        for directive in field.to_str().ok()?.split(',') {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            let name = name.trim();
            if name.eq_ignore_ascii_case("no-store") || name.eq_ignore_ascii_case("no-cache") {
                return None;
            }
            if name.eq_ignore_ascii_case("max-age") && seconds.replace(number(value.trim())?).is_some() {
                return None;
            }
        }
    }
    seconds
}

/// `delta-seconds` (RFC 9111 section 1.2.2), also in quotes; one that is too large is very large.
fn number(text: &str) -> Option<u64> {
    let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let digits = quoted.unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unreachable(error: hyper::Error) -> FetchFailure {
    tracing::debug!(%error, "no answer from the server");
    FetchFailure::Unreachable
}
