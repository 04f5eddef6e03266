//! JSON-RPC 2.0 as MCP uses it: request ids, error codes, and the frames around results.

pub mod strict;

use smallvec::SmallVec;

/// A request id or progress token, kept as the JSON text it was sent as, so that `1` and `"1"`
/// stay different and every spelling comes back byte for byte (JR-05, PROG-05).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RawId(SmallVec<[u8; 24]>);

impl RawId {
    /// `json` has been read as a string or an integer by [`strict::read`].
    pub(crate) fn from_checked(json: &[u8]) -> Self {
        Self(SmallVec::from_slice(json))
    }

    /// The JSON text.
    #[must_use]
    pub fn as_json(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for RawId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RawId({})", String::from_utf8_lossy(&self.0))
    }
}

/// The `id` member of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerId {
    /// The id of the request (JR-08).
    Known(RawId),
    /// Unreadable, for clients whose revision requires the member: `null` (AMB-01).
    Null,
    /// Unreadable, for clients whose revision leaves the member out (JR-09, AMB-01).
    Omitted,
}

/// JSON-RPC error codes that this server sends: none that it made up (ERR-01, ERR-04), those of the specification with
/// their meaning there (ERR-05), and never -32042 (ERR-07).
pub mod code {
    /// The body is not JSON.
    pub const PARSE_ERROR: i32 = -32700;
    /// The body is JSON but no request.
    pub const INVALID_REQUEST: i32 = -32600;
    /// The method is unknown or its capability is not offered.
    pub const METHOD_NOT_FOUND: i32 = -32601;
    /// The parameters do not fit the method.
    pub const INVALID_PARAMS: i32 = -32602;
    /// The server failed.
    pub const INTERNAL_ERROR: i32 = -32603;
    /// There is no such resource, before 2026-07-28, which forbids it (ERR-06, ERR-16).
    pub const RESOURCE_NOT_FOUND: i32 = -32002;
    /// No or no good credentials. From before the specification reserved the range; FastMCP
    /// clients match on it.
    pub const UNAUTHORIZED: i32 = -32000;
    /// There is no such session. As servers before this one answer.
    pub const SESSION_NOT_FOUND: i32 = -32001;
    /// A header field does not mirror the body.
    pub const HEADER_MISMATCH: i32 = -32020;
    /// The request needs a client capability that it does not declare.
    pub const MISSING_CLIENT_CAPABILITY: i32 = -32021;
    /// The protocol version is not served.
    pub const UNSUPPORTED_PROTOCOL_VERSION: i32 = -32022;
}

/// Bytes of a result frame around the id and the result: enough for one allocation.
const FRAME_BYTES: usize = 40;

/// Begins a buffer with `{"jsonrpc":"2.0","id":…,"result":`; [`end_result`] closes it
/// (JR-10, JR-11).
#[must_use]
pub fn begin_result(id: &RawId, result_bytes: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(FRAME_BYTES + id.as_json().len() + result_bytes);
    out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    out.extend_from_slice(id.as_json());
    out.extend_from_slice(br#","result":"#);
    out
}

/// Closes what [`begin_result`] began.
pub fn end_result(out: &mut Vec<u8>) {
    out.push(b'}');
}

/// A whole answer with this result, which is JSON text.
#[must_use]
pub fn result(id: &RawId, result: &[u8]) -> Vec<u8> {
    let mut out = begin_result(id, result.len().saturating_add(1));
    out.extend_from_slice(result);
    end_result(&mut out);
    out
}

/// An error object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorObject<'e> {
    /// The code (JR-12).
    pub code: i32,
    /// A short single sentence (JR-14).
    pub message: &'e str,
    /// JSON text of the `data` member.
    pub data: Option<&'e str>,
}

/// A whole error answer (JR-10, JR-11).
#[must_use]
pub fn error(id: &AnswerId, error: &ErrorObject<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(128 + error.message.len() + error.data.map_or(0, str::len));
    out.extend_from_slice(br#"{"jsonrpc":"2.0","#);
    match id {
        AnswerId::Known(id) => {
            out.extend_from_slice(br#""id":"#);
            out.extend_from_slice(id.as_json());
            out.push(b',');
        }
        AnswerId::Null => out.extend_from_slice(br#""id":null,"#),
        AnswerId::Omitted => {}
    }
    out.extend_from_slice(br#""error":{"code":"#);
    out.extend_from_slice(error.code.to_string().as_bytes());
    out.extend_from_slice(br#","message":"#);
    string(&mut out, error.message);
    if let Some(data) = error.data {
        out.extend_from_slice(br#","data":"#);
        out.extend_from_slice(data.as_bytes());
    }
    out.extend_from_slice(b"}}");
    out
}

/// Writes `text` as a JSON string.
pub fn string(out: &mut Vec<u8>, text: &str) {
    // Writing to a `Vec` does not fail, and a string has no key that could.
    let _ = serde_json::to_writer(out, text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_echoes_the_id_as_it_was_spelt() {
        for id in ["0", "\"\"", "-7", "\"\\u0041\"", "9007199254740993"] {
            let body = error(
                &AnswerId::Known(RawId::from_checked(id.as_bytes())),
                &ErrorObject { code: -32600, message: "No \"good\"", data: Some("{\"a\":1}") },
            );
            assert_eq!(
                String::from_utf8(body).expect("JSON is UTF-8"),
                format!(
                    r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32600,"message":"No \"good\"","data":{{"a":1}}}}}}"#
                )
            );
        }
    }

    #[test]
    fn an_unreadable_id_is_null_or_absent() {
        let object = ErrorObject { code: -32700, message: "x", data: None };
        assert_eq!(
            error(&AnswerId::Null, &object),
            br#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"x"}}"#
        );
        assert_eq!(
            error(&AnswerId::Omitted, &object),
            br#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"x"}}"#
        );
    }
}
