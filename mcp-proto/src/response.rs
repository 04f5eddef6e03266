//! What goes back: a status, a closed set of header fields, and a payload.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::{exchange::About, session::SessionId};

/// A finished answer, or the head of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: StatusCode,
    /// The header fields.
    pub fields: Fields,
    /// What follows them.
    pub payload: Payload,
    /// The rule that refused, for logs and audits; `None` when nothing was refused.
    pub rule: Option<Rule>,
    /// Who asked for what, where the server keeps records and this came out.
    pub about: Option<Box<About>>,
}

/// A rule that refused a request. Holds nothing of what the request said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// A stable name in snake case.
    pub name: &'static str,
    /// The setting that would allow the request, where there is one.
    pub setting: Option<&'static str>,
}

/// What follows the header fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// Nothing.
    Empty,
    /// These bytes, complete.
    Whole(Bytes),
    /// An event stream that the driver goes on writing.
    Stream,
}

/// The media type of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContentType {
    /// `application/json`
    Json,
    /// `text/event-stream`
    EventStream,
    /// `text/plain; charset=utf-8`
    PlainText,
}

/// Who may read the answer from a web page, and what it depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Cors {
    /// The request came from no web page.
    #[default]
    None,
    /// The answer depends on the origin, and this one may not read it.
    Foreign,
    /// This origin may read the answer.
    Origin(Box<HeaderValue>),
    /// Anyone may read the answer: it is public and carries no credentials.
    Anyone,
}

/// Methods that a target understands, for `Allow`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Allow {
    /// The MCP endpoint.
    Post,
    /// The MCP endpoint of a server with sessions.
    PostGetDelete,
    /// An event stream.
    Get,
    /// Documents and probes.
    GetHead,
}

impl Allow {
    /// The value of the `Allow` field.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::PostGetDelete => "POST, GET, DELETE",
            Self::Get => "GET",
            Self::GetHead => "GET, HEAD",
        }
    }
}

/// Permission for the request that a browser asks about first (Fetch standard, CORS preflight).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preflight {
    /// `Access-Control-Allow-Methods`
    pub methods: &'static str,
    /// `Access-Control-Allow-Headers`
    pub headers: HeaderValue,
}

/// The header fields of an answer. A field that is not here cannot be sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields {
    /// `Content-Type`
    pub content_type: Option<ContentType>,
    /// `WWW-Authenticate` (RFC 6750 section 3, RFC 9728 section 5.1)
    pub challenge: Option<Box<HeaderValue>>,
    /// A second `WWW-Authenticate`, of another scheme
    pub other_challenge: Option<Box<HeaderValue>>,
    /// `DPoP-Nonce` (RFC 9449 section 9)
    pub dpop_nonce: Option<Box<HeaderValue>>,
    /// `Allow`
    pub allow: Option<Allow>,
    /// `Mcp-Session-Id`
    pub session: Option<Box<SessionId>>,
    /// `Retry-After`, in seconds
    pub retry_after: Option<u32>,
    /// `Cache-Control: no-store`
    pub no_store: bool,
    /// `Connection: close`
    pub close: bool,
    /// `Access-Control-*` and `Vary`
    pub cors: Cors,
    /// The answer to a preflight
    pub preflight: Option<Box<Preflight>>,
}

/// What a page of an allowed origin may read besides the safelisted fields.
const EXPOSED: HeaderValue =
    HeaderValue::from_static("Mcp-Session-Id, WWW-Authenticate, DPoP-Nonce, Retry-After");
/// Seconds a browser may remember a preflight.
const PREFLIGHT_MAX_AGE: HeaderValue = HeaderValue::from_static("600");

impl Fields {
    /// Only a content type.
    #[must_use]
    pub fn of(content_type: ContentType) -> Self {
        Self { content_type: Some(content_type), ..Self::default() }
    }

    /// Appends the fields to `map`.
    pub fn write_to(&self, map: &mut HeaderMap) {
        if let Some(content_type) = self.content_type {
            map.insert(header::CONTENT_TYPE, content_type.value());
            if content_type == ContentType::EventStream {
                // HTTP-18: proxies must not hold events back.
                map.insert("x-accel-buffering", HeaderValue::from_static("no"));
                map.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
            }
        }
        if let Some(challenge) = &self.challenge {
            map.insert(header::WWW_AUTHENTICATE, (**challenge).clone());
        }
        if let Some(challenge) = &self.other_challenge {
            map.append(header::WWW_AUTHENTICATE, (**challenge).clone());
        }
        if let Some(nonce) = &self.dpop_nonce {
            map.insert("dpop-nonce", (**nonce).clone());
        }
        if let Some(allow) = self.allow {
            map.insert(header::ALLOW, HeaderValue::from_static(allow.as_str()));
            // A cache may keep this answer, and give it to a page that it was not made for.
            map.insert(header::VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(session) = &self.session
            && let Ok(id) = HeaderValue::try_from(session.reveal())
        {
            map.insert("mcp-session-id", id);
        }
        if let Some(seconds) = self.retry_after {
            map.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.no_store {
            map.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        if self.close {
            map.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        self.write_cors(map);
    }

    fn write_cors(&self, map: &mut HeaderMap) {
        match &self.cors {
            Cors::None => {}
            Cors::Foreign => {
                map.insert(header::VARY, HeaderValue::from_static("Origin"));
            }
            Cors::Origin(origin) => {
                map.insert(header::VARY, HeaderValue::from_static("Origin"));
                map.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, (**origin).clone());
                map.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
            }
            Cors::Anyone => {
                map.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            }
        }
        if let Some(preflight) = &self.preflight {
            map.insert(
                header::VARY,
                HeaderValue::from_static(
                    "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
                ),
            );
            map.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(preflight.methods));
            map.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, preflight.headers.clone());
            map.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_MAX_AGE);
        }
    }
}

impl ContentType {
    const fn value(self) -> HeaderValue {
        match self {
            Self::Json => HeaderValue::from_static("application/json"),
            Self::EventStream => HeaderValue::from_static("text/event-stream"),
            Self::PlainText => HeaderValue::from_static("text/plain; charset=utf-8"),
        }
    }
}

impl Response {
    /// An answer without a body.
    #[must_use]
    pub fn empty(status: StatusCode, fields: Fields) -> Self {
        Self { status, fields, payload: Payload::Empty, rule: None, about: None }
    }

    /// The answer in the types of the `http` crate, with its length; the date is for whoever sends it,
    /// and so is leaving the body out where the request was `HEAD`. Of a stream it is the head, without a length.
    #[must_use]
    pub fn into_http(self) -> http::Response<Bytes> {
        let mut response = http::Response::new(Bytes::new());
        *response.status_mut() = self.status;
        self.fields.write_to(response.headers_mut());
        let body = match self.payload {
            Payload::Whole(bytes) => bytes,
            Payload::Empty => Bytes::new(),
            Payload::Stream => return response,
        };
        // RFC 9110 section 8.6.
        if self.status != StatusCode::NO_CONTENT {
            response.headers_mut().insert(header::CONTENT_LENGTH, body.len().into());
        }
        response.map(|_| body)
    }

    /// The head of an event stream.
    #[must_use]
    pub fn event_stream(cors: Cors) -> Self {
        Self {
            status: StatusCode::OK,
            fields: Fields { cors, ..Fields::of(ContentType::EventStream) },
            payload: Payload::Stream,
            rule: None,
            about: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9110 section 8.6: what has a body, or could have one, says how long it is; 204 and a stream do not.
    #[test]
    fn an_answer_in_other_types_has_its_status_its_fields_and_its_length() {
        let whole = Response {
            payload: Payload::Whole(Bytes::from_static(b"{}")),
            ..Response::empty(StatusCode::BAD_REQUEST, Fields::of(ContentType::Json))
        };
        let empty = |status| Response::empty(status, Fields::default());
        let table = [
            (whole, StatusCode::BAD_REQUEST, "{}", Some("2"), Some("application/json")),
            (empty(StatusCode::ACCEPTED), StatusCode::ACCEPTED, "", Some("0"), None),
            (empty(StatusCode::NO_CONTENT), StatusCode::NO_CONTENT, "", None, None),
            (Response::event_stream(Cors::default()), StatusCode::OK, "", None, Some("text/event-stream")),
        ];
        for (response, status, body, length, content_type) in table {
            let response = response.into_http();
            assert_eq!((response.status(), &**response.body()), (status, body.as_bytes()));
            let field = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
            assert_eq!(field(header::CONTENT_LENGTH), length, "{status}");
            assert_eq!(field(header::CONTENT_TYPE), content_type, "{status}");
        }
    }
}
