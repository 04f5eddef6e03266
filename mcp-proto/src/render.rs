//! Results as JSON text of the client's revision.
//!
//! Each function writes one `result` object.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    content::{Caching, Completion, Content, Meta, PromptResult, ResourceResult, ToolResult},
    revision::Revision,
    surface,
};

/// What the frame of a result depends on, whatever it holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form<'s> {
    pub(crate) revision: Revision,
    /// The `"io.modelcontextprotocol/serverInfo":{…}` member that results of 2026-07-28 carry
    /// (META-12).
    pub(crate) server: &'s [u8],
}

/// Writes a value as JSON. Writing to a `Vec` does not fail, and the types of this crate have no
/// map with keys other than strings, so neither does rendering.
fn json(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let _ = serde_json::to_writer(out, value);
}

/// The first member follows without a comma.
fn begin(out: &mut Vec<u8>, form: Form<'_>) {
    out.push(b'{');
    if form.revision.is_modern() {
        // JR-16, JR-18: every result of 2026-07-28 says what kind it is.
        out.extend_from_slice(br#""resultType":"complete","#);
    }
}

fn end(out: &mut Vec<u8>, form: Form<'_>, meta: Option<&Meta>) {
    const BEGIN: &[u8] = br#","_meta":{"#;
    let mut before: &[u8] = BEGIN;
    if form.revision.is_modern() {
        out.extend_from_slice(BEGIN);
        out.extend_from_slice(form.server);
        before = b",";
    }
    for (key, value) in meta.into_iter().flatten().filter(|(key, _)| *key != SERVER_INFO) {
        out.extend_from_slice(before);
        json(out, key);
        out.push(b':');
        json(out, value);
        before = b",";
    }
    if before != BEGIN {
        out.push(b'}');
    }
    out.push(b'}');
}

pub(crate) const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// CACH-01 to CACH-03: 2026-07-28 alone has hints about caching.
fn caching(out: &mut Vec<u8>, caching: Caching, form: Form<'_>) {
    if form.revision.is_modern() {
        out.extend_from_slice(br#","ttlMs":"#);
        json(out, &caching.ttl_millis);
        out.extend_from_slice(br#","cacheScope":""#);
        out.extend_from_slice(caching.scope.as_str().as_bytes());
        out.push(b'"');
    }
}

fn content(out: &mut Vec<u8>, content: &Content, revision: Revision) {
    match surface::content(content, revision) {
        None => json(out, content),
        Some(older) => json(out, &older),
    }
}

pub(crate) fn tool_result(out: &mut Vec<u8>, result: &ToolResult, form: Form<'_>) {
    begin(out, form);
    out.extend_from_slice(br#""content":["#);
    for (index, piece) in result.content.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        content(out, piece, form.revision);
    }
    out.push(b']');
    if let Some(structured) = &result.structured
        && form.revision.takes_structured(structured.get())
    {
        out.extend_from_slice(br#","structuredContent":"#);
        out.extend_from_slice(structured.get().as_bytes());
    }
    out.extend_from_slice(if result.is_error { br#","isError":true"# } else { br#","isError":false"# });
    end(out, form, result.meta.as_deref());
}

pub(crate) fn resource_result(out: &mut Vec<u8>, result: &ResourceResult, form: Form<'_>) {
    begin(out, form);
    out.extend_from_slice(br#""contents":"#);
    json(out, &result.contents);
    caching(out, result.caching, form);
    end(out, form, result.meta.as_deref());
}

pub(crate) fn prompt_result(out: &mut Vec<u8>, result: &PromptResult, form: Form<'_>) {
    begin(out, form);
    if let Some(description) = &result.description {
        out.extend_from_slice(br#""description":"#);
        json(out, description);
        out.push(b',');
    }
    out.extend_from_slice(br#""messages":["#);
    for (index, message) in result.messages.iter().enumerate() {
        out.extend_from_slice(if index > 0 { br#",{"role":"# } else { br#"{"role":"# });
        json(out, &message.role);
        out.extend_from_slice(br#","content":"#);
        content(out, &message.content, form.revision);
        out.push(b'}');
    }
    out.push(b']');
    end(out, form, result.meta.as_deref());
}

pub(crate) fn completion(out: &mut Vec<u8>, completion: &Completion, form: Form<'_>) {
    let values = completion.values.get(..Completion::VALUES_MAX).unwrap_or(&completion.values);
    begin(out, form);
    out.extend_from_slice(br#""completion":{"values":"#);
    json(out, values);
    if let Some(total) = completion.total {
        out.extend_from_slice(br#","total":"#);
        json(out, &total);
    }
    out.extend_from_slice(br#","hasMore":"#);
    json(out, &(completion.has_more || completion.values.len() > values.len()));
    out.push(b'}');
    end(out, form, None);
}

/// A page of a list: the items are JSON text already.
pub(crate) fn page<'i>(
    member: &str,
    items: impl Iterator<Item = &'i [u8]>,
    next_cursor: Option<&str>,
    hints: Caching,
    form: Form<'_>,
) -> Vec<u8> {
    let mut out = Vec::new();
    begin(&mut out, form);
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
    caching(&mut out, hints, form);
    end(&mut out, form, None);
    out
}

/// What a server says of itself: in the answer of `server/discover` (DIS-02), or of a handshake
/// (LIF-02).
#[derive(Debug)]
pub(crate) struct Introduction<'i> {
    /// What it offers: the names of capabilities, and JSON text of what there is to say of each.
    pub(crate) offers: &'i [(&'static str, &'static str)],
    pub(crate) instructions: Option<&'i str>,
}

impl Introduction<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(br#","capabilities":"#);
        let offers: BTreeMap<_, _> = self.offers.iter().copied().collect();
        let mut before: &[u8] = b"{";
        for (name, details) in offers {
            out.extend_from_slice(before);
            json(out, name);
            out.push(b':');
            out.extend_from_slice(details.as_bytes());
            before = b",";
        }
        out.extend_from_slice(if before == b"{" { b"{}" } else { b"}" });
        if let Some(instructions) = self.instructions {
            out.extend_from_slice(br#","instructions":"#);
            json(out, instructions);
        }
    }
}

/// What `server/discover` answers (DIS-02 to DIS-06).
pub(crate) fn discovery(introduction: &Introduction<'_>, hints: Caching, form: Form<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    begin(&mut out, form);
    out.extend_from_slice(br#""supportedVersions":"#);
    json(&mut out, &Revision::MODERN.map(Revision::as_str));
    introduction.write(&mut out);
    caching(&mut out, hints, form);
    end(&mut out, form, None);
    out
}

/// What `initialize` answers when this revision is agreed on (LIF-02, LIF-03). `server` is the JSON text of
/// `serverInfo`.
pub(crate) fn handshake(revision: Revision, introduction: &Introduction<'_>, server: &[u8]) -> Vec<u8> {
    let mut out = br#"{"protocolVersion":"#.to_vec();
    json(&mut out, revision.as_str());
    introduction.write(&mut out);
    out.extend_from_slice(br#","serverInfo":"#);
    out.extend_from_slice(server);
    out.push(b'}');
    out
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::content::{Content, PromptMessage, ResourceContents};

    const SERVER: Form<'_> = Form {
        revision: Revision::V2026_07_28,
        server: br#""io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}"#,
    };

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
