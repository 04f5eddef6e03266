//! The header fields in which a client of 2026-07-28 repeats what the body says.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue};
use mcp_proto::{
    ToolSpec,
    mirror::{self, ParamHeader},
};
use serde_json::Value;

pub(super) const MCP_NAME: HeaderName = HeaderName::from_static("mcp-name");

/// For each tool the arguments that clients repeat: what they know of its listed schema.
pub(super) struct Mirrors(BTreeMap<String, Vec<ParamHeader>>);

impl Mirrors {
    pub(super) fn of(tools: &[ToolSpec]) -> Self {
        // A schema with a wrong annotation has none, and the server is not built with it.
        let params = |tool: &ToolSpec| mirror::param_headers(&tool.input_schema).unwrap_or_default();
        Self(tools.iter().map(|tool| (tool.name.clone(), params(tool))).collect())
    }

    /// Adds the fields of a call. An argument that is absent, null or no plain value has none (MPH-10).
    pub(super) fn write(&self, tool: &str, arguments: &Value, headers: &mut HeaderMap) {
        for param in self.0.get(tool).into_iter().flatten() {
            let argument = param.path.iter().try_fold(arguments, |value, name| value.get(&**name));
            let text = match argument {
                Some(Value::String(text)) => text.clone(),
                Some(value @ (Value::Bool(_) | Value::Number(_))) => value.to_string(),
                Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => continue,
            };
            if let Ok(name) = HeaderName::try_from(format!("mcp-param-{}", param.suffix)) {
                headers.insert(name, encode(&text));
            }
        }
    }
}

/// The field value that stands for this text (HDR-07, HDR-15): the text itself where a field can hold it and
/// nobody would decode it, or else its Base64.
pub(super) fn encode(text: &str) -> HeaderValue {
    let fits = text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.starts_with("=?base64?");
    let value = if fits {
        HeaderValue::try_from(text)
    } else {
        HeaderValue::try_from(format!("=?base64?{}?=", STANDARD.encode(text)))
    };
    // Either is visible ASCII and spaces, of which every field value can be made.
    value.unwrap_or(HeaderValue::from_static(""))
}
