//! The head of a request as the gates see it: a target and the few header fields they read.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::jws::CertificateThumbprint;

/// What a path stands for. [`crate::Engine::route`] decides for a listener of one's own; a mount
/// inside another framework, which may have stripped a prefix, says [`Target::Endpoint`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// The MCP endpoint.
    Endpoint,
    /// The event stream of 2024-11-05.
    LegacyStream,
    /// Where clients of that stream post.
    LegacyMessages,
    /// The protected resource metadata document (RFC 9728).
    Metadata,
    /// `GET /ping`: the process answers.
    Ping,
    /// `GET /health`: the process is well.
    Health,
    /// `GET /ready`: the server can do its work, keys included.
    Ready,
    /// No target of this server.
    Unknown,
}

/// The request head. `F` is where header fields come from, usually [`ScannedFields`]. `Debug` shows neither fields
/// nor query, which may name a session.
#[derive(Clone, Copy)]
pub struct Head<'h, F> {
    /// The HTTP method.
    pub method: &'h http::Method,
    /// What the path stands for.
    pub target: Target,
    /// The query, without the question mark.
    pub query: Option<&'h str>,
    /// The authority of an absolute-form target or of HTTP/2's `:authority`.
    pub authority: Option<&'h str>,
    /// Whether the end of the body is beyond doubt.
    pub framing: Framing,
    /// The certificate that the client presented when its connection was made, and whose key it proved to hold.
    /// Known from the connection: no header field can say it.
    pub certificate: Option<CertificateThumbprint>,
    /// The header fields.
    pub fields: F,
}

impl<F> std::fmt::Debug for Head<'_, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Head")
            .field("method", self.method)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

/// Whether all who read a message agree on where its body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Framing {
    /// They do.
    #[default]
    Clear,
    /// `Content-Length` and `Transfer-Encoding` were both sent (RFC 9112 section 6.3). Parsers tend
    /// to drop the former, so only what has seen the bytes can tell.
    Ambiguous,
}

/// The header fields that the gates read, by name in any case (HDR-04). No other field influences an answer but
/// `Mcp-Param-*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Name {
    /// `Host`
    Host,
    /// `Origin`
    Origin,
    /// `Access-Control-Request-Method`
    RequestMethod,
    /// `Authorization`
    Authorization,
    /// `DPoP`
    Dpop,
    /// `Content-Type`
    ContentType,
    /// `Content-Length`
    ContentLength,
    /// `Transfer-Encoding`
    TransferEncoding,
    /// `Expect`
    Expect,
    /// `Accept`
    Accept,
    /// `MCP-Protocol-Version`
    ProtocolVersion,
    /// `Mcp-Method`
    McpMethod,
    /// `Mcp-Name`
    McpName,
    /// `Mcp-Session-Id`
    SessionId,
    /// `Last-Event-ID`
    LastEventId,
}

impl Name {
    /// How many fields there are.
    pub const COUNT: usize = 15;

    fn of(name: &HeaderName) -> Option<Self> {
        Some(match name.as_str() {
            "host" => Self::Host,
            "origin" => Self::Origin,
            "access-control-request-method" => Self::RequestMethod,
            "authorization" => Self::Authorization,
            "dpop" => Self::Dpop,
            "content-type" => Self::ContentType,
            "content-length" => Self::ContentLength,
            "transfer-encoding" => Self::TransferEncoding,
            "expect" => Self::Expect,
            "accept" => Self::Accept,
            "mcp-protocol-version" => Self::ProtocolVersion,
            "mcp-method" => Self::McpMethod,
            "mcp-name" => Self::McpName,
            "mcp-session-id" => Self::SessionId,
            "last-event-id" => Self::LastEventId,
            _ => return None,
        })
    }
}

/// One header field. Two fields of one name are not "the first one": readers of a message must
/// not be able to disagree (RFC 9110 section 5.2).
#[derive(Debug, Clone, Copy, Default)]
pub enum Field<'h> {
    /// Not sent.
    #[default]
    Absent,
    /// Sent once.
    One(&'h HeaderValue),
    /// Sent more than once.
    Repeated,
}

/// An `Mcp-Param-*` field: its name, and the value of each time it was sent.
pub type ParamFields = Box<[(HeaderName, HeaderValue)]>;

/// Where the gates read header fields from. A test that enumerates exchanges draws each field
/// when it is first read.
pub trait Fields {
    /// The field of this name.
    fn field(&self, name: Name) -> Field<'_>;
    /// Every `Mcp-Param-*` field in the order sent; `None` when there is none.
    fn params(&self) -> Option<ParamFields>;
}

impl<F: Fields> Fields for &F {
    fn field(&self, name: Name) -> Field<'_> {
        (**self).field(name)
    }

    fn params(&self) -> Option<ParamFields> {
        (**self).params()
    }
}

const PARAM_PREFIX: &str = "mcp-param-";

/// A header map read once: each field of interest in its place, repetitions noticed.
#[derive(Debug, Clone, Copy)]
pub struct ScannedFields<'h> {
    map: &'h HeaderMap,
    fields: [Field<'h>; Name::COUNT],
    has_params: bool,
}

impl<'h> ScannedFields<'h> {
    /// Reads `map` in one pass.
    #[must_use]
    pub fn new(map: &'h HeaderMap) -> Self {
        let mut fields = [Field::Absent; Name::COUNT];
        let mut has_params = false;
        for (name, value) in map {
            match Name::of(name) {
                Some(name) => {
                    // A `Name` is smaller than `COUNT`, so the slot is always there.
                    if let Some(slot) = fields.get_mut(name as usize) {
                        *slot = match slot {
                            Field::Absent => Field::One(value),
                            Field::One(_) | Field::Repeated => Field::Repeated,
                        };
                    }
                }
                None => has_params |= name.as_str().starts_with(PARAM_PREFIX),
            }
        }
        Self { map, fields, has_params }
    }
}

impl Fields for ScannedFields<'_> {
    fn field(&self, name: Name) -> Field<'_> {
        self.fields.get(name as usize).copied().unwrap_or_default()
    }

    fn params(&self) -> Option<ParamFields> {
        self.has_params.then(|| {
            self.map
                .iter()
                .filter(|(name, _)| name.as_str().starts_with(PARAM_PREFIX))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect()
        })
    }
}

impl<'h> Head<'h, ScannedFields<'h>> {
    /// The head of an `http` request whose path stands for `target`.
    #[must_use]
    pub fn new<B>(request: &'h http::Request<B>, target: Target) -> Self {
        Self::from_parts(request.method(), request.uri(), request.headers(), target)
    }

    /// The head of a request that was taken apart.
    #[must_use]
    pub fn from_parts(
        method: &'h http::Method,
        uri: &'h http::Uri,
        headers: &'h HeaderMap,
        target: Target,
    ) -> Self {
        Self {
            method,
            target,
            query: uri.query(),
            authority: uri.authority().map(http::uri::Authority::as_str),
            framing: Framing::Clear,
            certificate: None,
            fields: ScannedFields::new(headers),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_field_is_neither_its_first_nor_its_last_value() {
        let mut map = HeaderMap::new();
        map.append("host", HeaderValue::from_static("a"));
        map.append("mcp-name", HeaderValue::from_static("a"));
        map.append("mcp-name", HeaderValue::from_static("b"));
        map.append("Mcp-Param-Region", HeaderValue::from_static("eu"));
        map.append("x-other", HeaderValue::from_static("1"));
        let fields = ScannedFields::new(&map);
        assert!(matches!(fields.field(Name::Host), Field::One(value) if value == "a"));
        assert!(matches!(fields.field(Name::McpName), Field::Repeated));
        assert!(matches!(fields.field(Name::Origin), Field::Absent));
        let params = fields.params().expect("one Mcp-Param field");
        assert_eq!(params.len(), 1);
        assert_eq!(params[0].0.as_str(), "mcp-param-region");
    }

    #[test]
    fn without_param_fields_nothing_is_collected() {
        assert!(ScannedFields::new(&HeaderMap::new()).params().is_none());
    }
}
