//! Requests from text.

use http::{HeaderName, HeaderValue, Request};
use serde_json::{Value, json};

/// What `text` stands for: a line with method and path, fields, and a body behind an empty line.
pub(crate) fn read(text: &str) -> Request<String> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let (method, target) = lines.next().and_then(|line| line.split_once(' ')).expect("a method and a path");
    let mut request =
        Request::builder().method(method).uri(target).body(body.trim_end().to_owned()).expect("a request");
    add(&mut request, "host", "localhost");
    if method == "POST" {
        add(&mut request, "content-type", "application/json");
    }
    if let Some(modern) = body.strip_prefix("modern ") {
        write_modern(&mut request, modern.trim_end());
    }
    let mut is_first = Vec::new();
    for line in lines {
        if let Some(name) = line.strip_prefix('-') {
            request.headers_mut().remove(name);
            continue;
        }
        let (name, value) = line.split_once(": ").expect("a field");
        // What is sent replaces what would be sent; sent again, it is there twice.
        if !is_first.contains(&name) {
            request.headers_mut().remove(name);
            is_first.push(name);
        }
        add(&mut request, name, value);
    }
    request
}

fn add(request: &mut Request<String>, name: &str, value: &str) {
    let name: HeaderName = name.parse().expect("a name");
    request.headers_mut().append(name, HeaderValue::from_str(value).expect("a value"));
}

/// `METHOD PARAMETERS`, with the metadata of 2026-07-28 unless they have their own.
fn write_modern(request: &mut Request<String>, text: &str) {
    let (method, params) = text.split_once(' ').unwrap_or((text, "{}"));
    let mut params: Value = serde_json::from_str(params).expect("parameters");
    add(request, "mcp-protocol-version", "2026-07-28");
    add(request, "mcp-method", method);
    let name = params.get("name").or(params.get("uri")).and_then(Value::as_str).map(str::to_owned);
    if let Some(name) = name {
        add(request, "mcp-name", &name);
    }
    let meta = params.as_object_mut().expect("an object").entry("_meta").or_insert(json!({}));
    if let Some(meta) = meta.as_object_mut() {
        let said = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        for (key, value) in said.as_object().into_iter().flatten() {
            meta.entry(key.as_str()).or_insert(value.clone());
        }
        meta.retain(|_, value| value != "absent");
    }
    *request.body_mut() = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
}
