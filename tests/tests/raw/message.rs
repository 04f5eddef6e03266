//! Requests as bytes.

use serde_json::{Map, Value, json};

pub(crate) const REVISION: &str = "2026-07-28";

/// A `tools/call`.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    name: String,
    arguments: Value,
    id: Value,
    token: Option<String>,
    accept: &'static str,
    meta: Map<String, Value>,
}

/// A call of this tool with the id 1.
pub(crate) fn call(name: &str) -> Call {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": REVISION,
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    Call {
        name: name.to_owned(),
        arguments: json!({}),
        id: json!(1),
        token: None,
        accept: "application/json, text/event-stream",
        meta: meta.as_object().cloned().unwrap_or_default(),
    }
}

/// A call of `echo`, which answers with `text`.
pub(crate) fn echo(text: &str) -> Call {
    call("echo").arguments(json!({"text": text}))
}

impl Call {
    pub(crate) fn arguments(mut self, arguments: Value) -> Self {
        self.arguments = arguments;
        self
    }

    pub(crate) fn id(mut self, id: impl Into<Value>) -> Self {
        self.id = id.into();
        self
    }

    pub(crate) fn token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    pub(crate) fn accept(mut self, accept: &'static str) -> Self {
        self.accept = accept;
        self
    }

    pub(crate) fn progress_token(mut self, token: impl Into<Value>) -> Self {
        self.meta.insert("progressToken".to_owned(), token.into());
        self
    }

    pub(crate) fn log_level(mut self, level: &str) -> Self {
        self.meta.insert("io.modelcontextprotocol/logLevel".to_owned(), level.into());
        self
    }

    pub(crate) fn body(&self) -> String {
        let params = json!({"name": self.name, "arguments": self.arguments, "_meta": self.meta});
        json!({"jsonrpc": "2.0", "id": self.id, "method": "tools/call", "params": params}).to_string()
    }

    /// The header fields without those that belong to the connection or to the body's framing.
    pub(crate) fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = vec![
            ("content-type", "application/json".to_owned()),
            ("accept", self.accept.to_owned()),
            ("mcp-protocol-version", REVISION.to_owned()),
            ("mcp-method", "tools/call".to_owned()),
            ("mcp-name", self.name.clone()),
        ];
        fields.extend(self.token.iter().map(|token| ("authorization", format!("Bearer {token}"))));
        fields
    }

    /// The request line and the header fields, and `framing`, without the empty line behind.
    pub(crate) fn head(&self, framing: &str) -> String {
        let fields: String =
            self.fields().iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields}{framing}")
    }

    /// The request.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.with_body(&self.body())
    }

    /// The request with this body instead.
    pub(crate) fn with_body(&self, body: &str) -> Vec<u8> {
        let head = self.head(&format!("Content-Length: {}\r\n", body.len()));
        format!("{head}\r\n{body}").into_bytes()
    }

    /// The request with this body in chunks of at most `chunk_bytes`.
    pub(crate) fn chunked(&self, body: &str, chunk_bytes: usize) -> Vec<u8> {
        let mut bytes = format!("{}\r\n", self.head("Transfer-Encoding: chunked\r\n")).into_bytes();
        for chunk in body.as_bytes().chunks(chunk_bytes) {
            bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
        bytes
    }
}

/// A request that asks for a probe or a document.
pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
}
