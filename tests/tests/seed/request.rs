//! Requests as bytes.

use serde_json::{Value, json};

/// What clients of every revision say that they take.
const BOTH: &str = "application/json, text/event-stream";

/// A request in the making.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    line: String,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What this method sends to this target.
pub(crate) fn bare(verb: &str, target: &str) -> Request {
    let request = Request { line: format!("{verb} {target}"), fields: Vec::new(), body: Vec::new() };
    request.field("Host", "127.0.0.1")
}

/// A body to the endpoint, from a client that says nothing of its revision.
pub(crate) fn post(body: impl AsRef<[u8]>) -> Request {
    let mut request = bare("POST", "/mcp").field("Content-Type", "application/json").field("Accept", BOTH);
    request.body = body.as_ref().to_vec();
    request
}

/// A request with the id 1 of a client that says nothing of its revision.
pub(crate) fn older(method: &str, params: &Value) -> Request {
    older_with_id(&json!(1), method, params)
}

pub(crate) fn older_with_id(id: &Value, method: &str, params: &Value) -> Request {
    post(message(id, method, params).to_string())
}

pub(crate) fn message(id: &Value, method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

/// The handshake of a client of 2025-06-18, which is the newest that the seed knew.
pub(crate) fn initialize() -> Request {
    older("initialize", &handshake("2025-06-18"))
}

pub(crate) fn handshake(version: &str) -> Value {
    json!({
        "protocolVersion": version,
        "capabilities": {},
        "clientInfo": {"name": "probe", "version": "1"},
    })
}

/// A call of a tool without arguments.
pub(crate) fn call(tool: &str) -> Request {
    older("tools/call", &json!({"name": tool, "arguments": {}}))
}

pub(crate) fn notification() -> Request {
    post(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)
}

pub(crate) const MODERN: &str = "2026-07-28";

/// The metadata of a request of 2026-07-28.
pub(crate) fn envelope() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "probe", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

/// A request of 2026-07-28 with the id 1.
pub(crate) fn modern(method: &str, params: &Value) -> Request {
    let mut params = params.clone();
    params["_meta"] = envelope();
    older(method, &params).field("MCP-Protocol-Version", MODERN).field("Mcp-Method", method)
}

/// A call of a tool without arguments.
pub(crate) fn modern_call(tool: &str) -> Request {
    modern("tools/call", &json!({"name": tool, "arguments": {}})).field("Mcp-Name", tool)
}

impl Request {
    /// With one more field.
    pub(crate) fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        let fields = self.fields.len();
        self.fields.retain(|(field, _)| field != name);
        assert_ne!(self.fields.len(), fields, "{name} was not there");
        self
    }

    /// With another value in place of the one that it has.
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        self.without(name).field(name, value)
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.field("Authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let length = match self.body.len() {
            0 => String::new(),
            length => format!("Content-Length: {length}\r\n"),
        };
        [self.head(&length).as_bytes(), &self.body].concat()
    }

    /// The same with its body in chunks of this length.
    pub(crate) fn chunked(&self, chunk_bytes: usize) -> Vec<u8> {
        let mut bytes = self.head("Transfer-Encoding: chunked\r\n").into_bytes();
        for chunk in self.body.chunks(chunk_bytes) {
            bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
        bytes
    }

    /// Everything before the body.
    pub(crate) fn head(&self, framing: &str) -> String {
        let fields: String = self.fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("{} HTTP/1.1\r\n{fields}{framing}\r\n", self.line)
    }

    pub(crate) fn is_head(&self) -> bool {
        self.line.starts_with("HEAD ")
    }
}
