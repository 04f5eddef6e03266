//! Requests as they go over a connection.

use serde_json::{Value, json};

pub(crate) const MODERN: &str = "2026-07-28";

/// A request in the making.
pub(crate) struct Request {
    head: String,
    body: String,
}

impl Request {
    pub(crate) fn new(verb: &str, target: &str) -> Self {
        Self { head: format!("{verb} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n"), body: String::new() }
    }

    pub(crate) fn post(target: &str, message: &Value) -> Self {
        let mut request = Self::new("POST", target).field("Content-Type", "application/json");
        request.body = message.to_string();
        request.field("Accept", "application/json, text/event-stream")
    }

    pub(crate) fn get(target: &str) -> Self {
        Self::new("GET", target).field("Accept", "text/event-stream")
    }

    #[must_use]
    pub(crate) fn field(mut self, name: &str, value: &str) -> Self {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    #[must_use]
    pub(crate) fn token(self, token: Option<&str>) -> Self {
        match token {
            Some(token) => self.field("Authorization", &format!("Bearer {token}")),
            None => self,
        }
    }

    /// The bytes, the body in chunks of this length if one is given.
    pub(crate) fn bytes(self, chunk_bytes: Option<usize>) -> Vec<u8> {
        let Self { mut head, body } = self;
        match chunk_bytes {
            Some(chunk_bytes) if !body.is_empty() => {
                head.push_str("Transfer-Encoding: chunked\r\n\r\n");
                let mut bytes = head.into_bytes();
                for chunk in body.as_bytes().chunks(chunk_bytes) {
                    bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    bytes.extend_from_slice(chunk);
                    bytes.extend_from_slice(b"\r\n");
                }
                bytes.extend_from_slice(b"0\r\n\r\n");
                bytes
            }
            Some(_) | None => {
                if !body.is_empty() {
                    head.push_str(&format!("Content-Length: {}\r\n", body.len()));
                }
                head.push_str("\r\n");
                head.push_str(&body);
                head.into_bytes()
            }
        }
    }
}

/// The metadata of a request of 2026-07-28 that wants to hear how far it is.
pub(crate) fn metadata(progress_token: u64) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "simulated", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {"roots": {}},
        "progressToken": progress_token,
    })
}

pub(crate) fn request(id: u64, method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

pub(crate) fn notification(method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "method": method, "params": params})
}

pub(crate) fn handshake(id: u64, revision: &str) -> Value {
    let client = json!({"name": "simulated", "version": "1"});
    let params = json!({"protocolVersion": revision, "capabilities": {"roots": {}}, "clientInfo": client});
    request(id, "initialize", &params)
}
