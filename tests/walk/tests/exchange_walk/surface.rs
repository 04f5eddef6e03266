//! What a revision of the protocol knows of, by requirements 1.8 and 1.9: who serves an older one
//! says nothing that came later (VER-13, JR-18).

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::listed::List;

/// The revisions, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Revision {
    A,
    B,
    C,
    D,
    E,
}

use Revision::{A, B, C, D, E};

impl Revision {
    const ALL: [Self; 5] = [A, B, C, D, E];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            A => "2024-11-05",
            B => "2025-03-26",
            C => "2025-06-18",
            D => "2025-11-25",
            E => "2026-07-28",
        }
    }

    /// The revision before 2026-07-28 of this name.
    pub(crate) fn legacy(name: &str) -> Option<Self> {
        [A, B, C, D].into_iter().find(|revision| revision.name() == name)
    }

    pub(crate) fn is_legacy(self) -> bool {
        self < E
    }
}

/// In which revision a member of an item of a list appeared.
const ITEM_MEMBERS: &[(&str, Revision)] = &[("title", C), ("_meta", C), ("outputSchema", C), ("icons", D)];

/// In which revision a member of what says who the server is appeared.
const SERVER_MEMBERS: &[(&str, Revision)] =
    &[("title", C), ("description", D), ("websiteUrl", D), ("icons", D)];

fn without_later(value: &mut Value, members: &[(&str, Revision)], revision: Revision) {
    let Some(object) = value.as_object_mut() else {
        return;
    };
    for (member, _) in members.iter().filter(|(_, since)| *since > revision) {
        object.remove(*member);
    }
}

/// The items of every list in every revision.
static ITEMS: LazyLock<Vec<Vec<Vec<Value>>>> = LazyLock::new(|| {
    let of_list = |list: List, revision| {
        let named = |(name, _): &(&str, _)| item(list, name, revision);
        list.items().iter().map(named).collect()
    };
    List::ALL
        .iter()
        .map(|list| Revision::ALL.iter().map(|revision| of_list(*list, *revision)).collect())
        .collect()
});

/// The items of a list as they are told to a client of a revision.
pub(crate) fn items(list: List, revision: Revision) -> &'static [Value] {
    &ITEMS[list as usize][revision as usize]
}

fn item(list: List, name: &str, revision: Revision) -> Value {
    let mut item = whole_item(list, name);
    if list == List::Tools {
        as_tool(&mut item, revision);
    } else if let Some(annotations) = item.get_mut("annotations") {
        without_later(annotations, &[("lastModified", C)], revision);
    }
    for argument in item.get_mut("arguments").and_then(Value::as_array_mut).into_iter().flatten() {
        without_later(argument, &[("title", C)], revision);
    }
    without_later(&mut item, ITEM_MEMBERS, revision);
    item
}

fn as_tool(tool: &mut Value, revision: Revision) {
    match revision {
        A => without_later(tool, &[("annotations", B)], revision),
        // Before tools had titles, their annotations had.
        B => {
            if let Some(title) = tool.get("title").cloned() {
                tool["annotations"]["title"] = title;
            }
        }
        // TOOL-09.
        C | D => {
            if tool.get("outputSchema").is_some_and(|schema| schema["type"] != "object") {
                without_later(tool, &[("outputSchema", E)], revision);
            }
        }
        E => {}
    }
}

pub(crate) const ICON: &str = "https://walk.example/icon.png";
pub(crate) const MODIFIED: &str = "2025-01-12T15:00:58Z";

/// An item with everything that it has.
fn whole_item(list: List, name: &str) -> Value {
    let icons = json!([{"src": ICON, "mimeType": "image/png", "sizes": ["48x48"]}]);
    let meta = json!({"com.example/kept": 1});
    match (list, name) {
        (List::Tools, "echo") => json!({
            "name": "echo", "title": "Echo it", "description": "Says it again",
            "inputSchema": {"type": "object"}, "outputSchema": {"type": "object"},
            "annotations": {"readOnlyHint": true}, "icons": icons, "_meta": meta,
        }),
        (List::Tools, "write") => json!({
            "name": "write", "inputSchema": {"type": "object"}, "outputSchema": {"type": "array"},
            "annotations": {"destructiveHint": false},
        }),
        (List::Tools, "read") => json!({
            "name": "read", "title": "Read it", "inputSchema": {"type": "object"},
            "outputSchema": {"type": ["object", "null"]},
        }),
        (List::Tools, _) => json!({
            "name": name,
            "inputSchema": {"type": "object", "properties": {
                "region": {"type": "string", "x-mcp-header": "Region"},
                "count": {"type": "integer", "x-mcp-header": "count"},
                "flag": {"type": "boolean", "x-mcp-header": "FLAG"},
                "place": {"type": "object", "properties": {
                    "zone": {"type": "string", "x-mcp-header": "Zone"},
                }},
            }},
        }),
        (List::Prompts, "greet") => json!({
            "name": "greet", "title": "Greet someone", "description": "Says hello",
            "arguments": [
                {"name": "who", "title": "Who it is", "description": "A name", "required": true},
            ],
            "icons": icons, "_meta": meta,
        }),
        (List::Prompts, _) => json!({"name": name}),
        (List::Resources, "file:///a") => json!({
            "uri": "file:///a", "name": "file:///a", "title": "The first", "description": "A file",
            "mimeType": "text/plain", "size": 3,
            "annotations": {"audience": ["user"], "priority": 0.5, "lastModified": MODIFIED},
            "icons": icons, "_meta": meta,
        }),
        (List::Resources, _) => json!({"uri": name, "name": name}),
        (List::Templates, "note://{id}") => json!({
            "uriTemplate": "note://{id}", "name": "note://{id}", "title": "Notes", "description": "A note",
            "mimeType": "text/plain", "annotations": {"lastModified": MODIFIED, "priority": 1.0},
            "icons": icons, "_meta": meta,
        }),
        (List::Templates, _) => json!({"uriTemplate": name, "name": name}),
    }
}

static SERVERS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let told = |revision: &Revision| {
        let mut server = json!({
            "name": "walk", "title": "The walk", "version": "1", "description": "Goes everywhere",
            "websiteUrl": "https://walk.example",
            "icons": [{"src": ICON, "mimeType": "image/png", "sizes": ["48x48"]}],
        });
        without_later(&mut server, SERVER_MEMBERS, *revision);
        server
    };
    Revision::ALL.iter().map(told).collect()
});

/// Who the server says it is.
pub(crate) fn server_info(revision: Revision) -> &'static Value {
    &SERVERS[revision as usize]
}

/// What the server says it can do (1.8), with a full catalog or an empty one. In a session it can also
/// tell what changes.
pub(crate) fn capabilities(revision: Revision, is_full: bool, in_session: bool) -> Value {
    let mut told = json!({"logging": {}});
    if is_full {
        for name in ["tools", "prompts", "resources"] {
            told[name] = json!({});
        }
        // CMPL-01: in the first revision completions had no name.
        if revision >= B {
            told["completions"] = json!({});
        }
        if in_session {
            told["tools"] = json!({"listChanged": true});
            told["prompts"] = json!({"listChanged": true});
            told["resources"] = json!({"listChanged": true, "subscribe": true});
        }
    }
    told
}

pub(crate) const INSTRUCTIONS: &str = "Go everywhere";
