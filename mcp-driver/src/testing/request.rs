//! What a client sends: the one place that knows how revisions differ.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use http_body_util::Full;
use mcp_proto::exchange::LogLevel;
use serde_json::{Map, Value, json};

use super::{
    client::TestClient,
    mirrored::{self, MCP_NAME},
};
use crate::runtime::Runtime;

const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const MCP_METHOD: HeaderName = HeaderName::from_static("mcp-method");

/// What every client names its requests for progress by: one request has one answer.
const PROGRESS_TOKEN: &str = "progress";

/// The request of a client, as the specification wants it of the client's revision.
pub(super) fn request<R: Runtime>(
    client: &TestClient<R>,
    path: &str,
    method: &str,
    mut params: Value,
) -> Request<Full<Bytes>> {
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, HeaderValue::from_static("localhost"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    headers.insert(PROTOCOL_VERSION, HeaderValue::from_static(client.revision.as_str()));
    if client.revision.is_modern() {
        mirror(client, method, &params, &mut headers);
    }
    complete(client, &mut params);
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let body = message.to_string();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    for (name, value) in &client.headers {
        headers.insert(name.clone(), value.clone());
    }
    let mut request = Request::new(Full::from(body));
    *request.method_mut() = Method::POST;
    // A path that no request can name is one that no client reaches.
    *request.uri_mut() = path.parse().unwrap_or_default();
    *request.headers_mut() = headers;
    request
}

/// HDR-02, HDR-03, MPH-09: what the body says, where gateways read it.
fn mirror<R: Runtime>(client: &TestClient<R>, method: &str, params: &Value, headers: &mut HeaderMap) {
    // A method that no field can hold is sent without, and refused.
    if let Ok(value) = HeaderValue::from_str(method) {
        headers.insert(MCP_METHOD, value);
    }
    let named = match method {
        "tools/call" | "prompts/get" => params.get("name"),
        "resources/read" => params.get("uri"),
        _ => None,
    };
    let Some(named) = named.and_then(Value::as_str) else { return };
    headers.insert(MCP_NAME, mirrored::encode(named));
    if method == "tools/call"
        && let Some(arguments) = params.get("arguments")
    {
        client.mirrors.write(named, arguments, headers);
    }
}

/// Adds the metadata that a client sends with each request. Parameters that are no object stay as they are.
fn complete<R: Runtime>(client: &TestClient<R>, params: &mut Value) {
    let Some(params) = params.as_object_mut() else { return };
    let mut meta = client.meta.clone();
    if client.wants_progress {
        meta.insert("progressToken".into(), PROGRESS_TOKEN.into());
    }
    if client.revision.is_modern() {
        envelope(client, &mut meta);
    }
    match params.get_mut("_meta") {
        None if meta.is_empty() => {}
        None => {
            params.insert("_meta".into(), meta.into());
        }
        Some(Value::Object(given)) => {
            for (key, value) in meta {
                given.entry(key).or_insert(value);
            }
        }
        Some(_) => {}
    }
}

/// META-07: what a client of 2026-07-28 says about itself in each request.
fn envelope<R: Runtime>(client: &TestClient<R>, meta: &mut Map<String, Value>) {
    let members = [
        ("protocolVersion", Some(client.revision.as_str().into())),
        ("clientCapabilities", Some(client.capabilities.clone())),
        ("logLevel", client.log_level.map(LogLevel::as_str).map(Value::from)),
    ];
    for (name, value) in members {
        if let Some(value) = value {
            meta.insert(format!("io.modelcontextprotocol/{name}"), value);
        }
    }
}
