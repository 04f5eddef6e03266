//! What came back.

use mcp_tests::http1::Response;
use serde_json::{Value, json};

/// Nothing was brought: a challenge without an error.
pub(crate) const REQUIRED: &str = "Unauthorized: Authentication required";
/// The first of the two texts that clients of the seed may look for: the function let nobody in.
pub(crate) const FAILED: &str = "Unauthorized: Authentication failed";
/// The second one: the function broke.
pub(crate) const ERROR: &str = "Unauthorized: Authentication error";

pub(crate) struct Answer(pub(crate) Response);

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.0.head.status
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.0.head.field(name)
    }

    /// How to authenticate; the empty text where nothing is said about it.
    pub(crate) fn challenge(&self) -> &str {
        self.field("www-authenticate").unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.field("content-type"), Some("application/json"), "{}", self.text());
        serde_json::from_slice(&self.0.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    /// Status and JSON.
    pub(crate) fn said(&self) -> (u16, Value) {
        (self.status(), self.json())
    }

    /// Status and body of an answer that is no JSON.
    pub(crate) fn plain(&self) -> (u16, String) {
        (self.status(), self.text())
    }

    /// The `access-control-*` fields, sorted.
    pub(crate) fn cross_origin(&self) -> Vec<(&str, &str)> {
        let fields = self.0.head.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut fields: Vec<_> = fields.filter(|(name, _)| name.starts_with("access-control-")).collect();
        fields.sort_unstable();
        fields
    }
}

pub(crate) fn result(id: impl Into<Value>, result: impl Into<Value>) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "result": result.into()})
}

pub(crate) fn error(id: impl Into<Value>, code: i32, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "error": {"code": code, "message": message}})
}

pub(crate) fn error_without_id(code: i32, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "error": {"code": code, "message": message}})
}

/// An error that says more.
pub(crate) fn error_with(id: impl Into<Value>, code: i32, message: &str, data: impl Into<Value>) -> Value {
    let mut error = error(id, code, message);
    error["error"]["data"] = data.into();
    error
}

/// What a tool returned, to a client of an older revision.
pub(crate) fn said_by_tool(id: impl Into<Value>, text: &str) -> Value {
    result(id, json!({"content": [{"type": "text", "text": text}], "isError": false}))
}

/// The names of the tools that were listed.
pub(crate) fn names(listed: &Value) -> Vec<&str> {
    let tools = listed["result"]["tools"].as_array().expect("a list");
    tools.iter().map(|tool| tool["name"].as_str().expect("a name")).collect()
}
