//! Results as JSON text of revision 2026-07-28.
//!
//! Each function writes one `result` object. `server` is the `"io.modelcontextprotocol/serverInfo":{…}`
//! member that every result carries (META-12).

use serde::Serialize;

use crate::content::{Caching, Completion, Meta, PromptResult, ResourceResult, ToolResult};

/// Writes a value as JSON. Writing to a `Vec` does not fail, and the types of this crate have no
/// map with keys other than strings, so neither does rendering.
fn json(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let _ = serde_json::to_writer(out, value);
}

fn begin(out: &mut Vec<u8>) {
    // JR-16: every result says what kind it is.
    out.extend_from_slice(br#"{"resultType":"complete""#);
}

fn end(out: &mut Vec<u8>, server: &[u8], meta: Option<&Meta>) {
    out.extend_from_slice(br#","_meta":{"#);
    out.extend_from_slice(server);
    for (key, value) in meta.into_iter().flatten() {
        if key != SERVER_INFO {
            out.push(b',');
            json(out, key);
            out.push(b':');
            json(out, value);
        }
    }
    out.extend_from_slice(b"}}");
}

pub(crate) const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// CACH-01 to CACH-03.
pub(crate) fn caching(out: &mut Vec<u8>, caching: Caching) {
    out.extend_from_slice(br#","ttlMs":"#);
    json(out, &caching.ttl_millis);
    out.extend_from_slice(br#","cacheScope":""#);
    out.extend_from_slice(caching.scope.as_str().as_bytes());
    out.push(b'"');
}

pub(crate) fn tool_result(out: &mut Vec<u8>, result: &ToolResult, server: &[u8]) {
    begin(out);
    out.extend_from_slice(br#","content":["#);
    for (index, content) in result.content.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        json(out, content);
    }
    out.push(b']');
    if let Some(structured) = &result.structured {
        out.extend_from_slice(br#","structuredContent":"#);
        out.extend_from_slice(structured.get().as_bytes());
    }
    out.extend_from_slice(if result.is_error { br#","isError":true"# } else { br#","isError":false"# });
    end(out, server, result.meta.as_deref());
}

pub(crate) fn resource_result(out: &mut Vec<u8>, result: &ResourceResult, server: &[u8]) {
    begin(out);
    out.extend_from_slice(br#","contents":"#);
    json(out, &result.contents);
    caching(out, result.caching);
    end(out, server, result.meta.as_deref());
}

pub(crate) fn prompt_result(out: &mut Vec<u8>, result: &PromptResult, server: &[u8]) {
    begin(out);
    if let Some(description) = &result.description {
        out.extend_from_slice(br#","description":"#);
        json(out, description);
    }
    out.extend_from_slice(br#","messages":"#);
    json(out, &result.messages);
    end(out, server, result.meta.as_deref());
}

pub(crate) fn completion(out: &mut Vec<u8>, completion: &Completion, server: &[u8]) {
    let values = completion.values.get(..Completion::VALUES_MAX).unwrap_or(&completion.values);
    begin(out);
    out.extend_from_slice(br#","completion":{"values":"#);
    json(out, values);
    if let Some(total) = completion.total {
        out.extend_from_slice(br#","total":"#);
        json(out, &total);
    }
    out.extend_from_slice(br#","hasMore":"#);
    json(out, &(completion.has_more || completion.values.len() > values.len()));
    out.push(b'}');
    end(out, server, None);
}

/// A page of a list: the items are JSON text already.
pub(crate) fn page<'i>(
    member: &str,
    items: impl Iterator<Item = &'i [u8]>,
    next_cursor: Option<&str>,
    hints: Caching,
    server: &[u8],
) -> Vec<u8> {
    let mut out = Vec::new();
    begin(&mut out);
    out.push(b',');
    json(&mut out, member);
    out.extend_from_slice(b":[");
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(item);
    }
    out.push(b']');
    // PAGE-03: the end of a list is the absence of the member.
    if let Some(cursor) = next_cursor {
        out.extend_from_slice(br#","nextCursor":"#);
        json(&mut out, cursor);
    }
    caching(&mut out, hints);
    end(&mut out, server, None);
    out
}

/// What `server/discover` answers (DIS-02): `members` are further members of the result.
pub(crate) fn discover(members: &[u8], hints: Caching, server: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    begin(&mut out);
    out.extend_from_slice(members);
    caching(&mut out, hints);
    end(&mut out, server, None);
    out
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::content::{Content, PromptMessage, ResourceContents};

    const SERVER: &[u8] = br#""io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}"#;

    fn rendered(write: impl FnOnce(&mut Vec<u8>)) -> Value {
        let mut out = Vec::new();
        write(&mut out);
        serde_json::from_slice(&out).expect("a result is JSON")
    }

    fn meta() -> Value {
        json!({"io.modelcontextprotocol/serverInfo": {"name": "s", "version": "1"}})
    }

    #[test]
    fn a_tool_result_has_every_kind_of_content() {
        let result = ToolResult::structured(&json!({"a": 1}))
            .expect("JSON")
            .with(Content::image(b"\x89PNG", "image/png"))
            .with(Content::audio(b"RIFF", "audio/wav"))
            .with(Content::resource(ResourceContents::text("test://r", "t").mime_type("text/plain")))
            .with(Content::link("test://l", "l"));
        assert_eq!(
            rendered(|out| tool_result(out, &result, SERVER)),
            json!({
                "resultType": "complete",
                "content": [
                    {"type": "text", "text": "{\"a\":1}"},
                    {"type": "image", "data": "iVBORw==", "mimeType": "image/png"},
                    {"type": "audio", "data": "UklGRg==", "mimeType": "audio/wav"},
                    {"type": "resource", "resource":
                        {"uri": "test://r", "mimeType": "text/plain", "text": "t"}},
                    {"type": "resource_link", "uri": "test://l", "name": "l"},
                ],
                "structuredContent": {"a": 1},
                "isError": false,
                "_meta": meta(),
            })
        );
    }

    #[test]
    fn own_metadata_joins_the_server_info_and_cannot_replace_it() {
        let mut own = Meta::new();
        own.insert("com.example/a".into(), json!("b"));
        own.insert(SERVER_INFO.into(), json!("forged"));
        let result = ToolResult { meta: Some(Box::new(own)), ..ToolResult::error("no") };
        let value = rendered(|out| tool_result(out, &result, SERVER));
        assert_eq!(value["isError"], true);
        assert_eq!(value["_meta"]["com.example/a"], "b");
        assert_eq!(value["_meta"][SERVER_INFO]["name"], "s");
    }

    #[test]
    fn a_completion_is_cut_at_its_limit_and_says_so() {
        for (count, has_more) in [(100, false), (101, true)] {
            let all: Completion = (0..count).map(|n| n.to_string()).collect();
            let value = rendered(|out| completion(out, &all, SERVER));
            assert_eq!(value["completion"]["values"].as_array().map(Vec::len), Some(100));
            assert_eq!(value["completion"]["hasMore"], has_more);
        }
    }

    #[test]
    fn prompts_and_resources_have_their_members() {
        let prompt = PromptResult {
            description: Some("d".into()),
            ..PromptMessage::assistant(Content::text("t")).into()
        };
        assert_eq!(
            rendered(|out| prompt_result(out, &prompt, SERVER)),
            json!({
                "resultType": "complete",
                "description": "d",
                "messages": [{"role": "assistant", "content": {"type": "text", "text": "t"}}],
                "_meta": meta(),
            })
        );
        let resource = ResourceResult::from(ResourceContents::blob("test://b", b"b"));
        assert_eq!(
            rendered(|out| resource_result(out, &resource, SERVER)),
            json!({
                "resultType": "complete",
                "contents": [{"uri": "test://b", "blob": "Yg=="}],
                "ttlMs": 0,
                "cacheScope": "private",
                "_meta": meta(),
            })
        );
    }

    #[test]
    fn a_page_names_the_next_one_only_if_there_is_one() {
        for next in [None, Some("c")] {
            let bytes = page("tools", [&b"{}"[..], b"[]"].into_iter(), next, Caching::default(), SERVER);
            let value: Value = serde_json::from_slice(&bytes).expect("JSON");
            assert_eq!(value["tools"], json!([{}, []]));
            assert_eq!(value.get("nextCursor").and_then(Value::as_str), next);
        }
    }
}
