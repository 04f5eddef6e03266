//! Requests as bytes.

pub(crate) use mcp_tests::request::Request;
use serde_json::{Value, json};

/// What clients of every revision say that they take.
const BOTH: &str = "application/json, text/event-stream";

/// What this method sends to this target.
pub(crate) fn bare(verb: &str, target: &str) -> Request {
    Request::bare(verb, target)
}

/// A body to the endpoint, from a client that says nothing of its revision.
pub(crate) fn post(body: impl AsRef<[u8]>) -> Request {
    bare("POST", "/mcp").field("Content-Type", "application/json").field("Accept", BOTH).body(body)
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
