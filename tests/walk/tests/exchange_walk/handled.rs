//! What clients of each revision are told of what handlers came to (requirements 1.9, TOOL-09).

use std::{collections::HashMap, sync::LazyLock};

use serde_json::{Value, json};

use crate::{
    scene::HandlerOutcome,
    surface::{
        MODIFIED, Revision,
        Revision::{A, B, C, D, E},
        server_info,
    },
};

type Key = (&'static str, HandlerOutcome, Revision);

/// Text of which only a part is told by the specification.
const CONTAINS: &str = "contains";

static RESULTS: LazyLock<HashMap<Key, Value>> = LazyLock::new(|| {
    let mut results = HashMap::new();
    for revision in [A, B, C, D, E] {
        for outcome in crate::scene::OUTCOMES {
            for kind in ["tool", "prompt", "resource", "template", "completion"] {
                if let Some(result) = result(kind, outcome, revision) {
                    results.insert((kind, outcome, revision), result);
                }
            }
        }
    }
    results
});

/// The `result` member; without the URI of what was read, which is that of the request.
pub(crate) fn expected_result(
    kind: &'static str,
    outcome: HandlerOutcome,
    revision: Revision,
) -> Option<&'static Value> {
    RESULTS.get(&(kind, outcome, revision))
}

/// Whether a value is what was expected, where that leaves something open.
pub(crate) fn fits(expected: &Value, got: &Value) -> bool {
    match (expected, got) {
        (Value::Object(part), Value::String(text)) => {
            part.get(CONTAINS).and_then(Value::as_str).is_some_and(|part| text.contains(part))
        }
        (Value::Object(expected), Value::Object(got)) => {
            expected.len() == got.len()
                && expected.iter().all(|(name, value)| got.get(name).is_some_and(|got| fits(value, got)))
        }
        (Value::Array(expected), Value::Array(got)) => {
            expected.len() == got.len() && expected.iter().zip(got).all(|(expected, got)| fits(expected, got))
        }
        _ => expected == got,
    }
}

fn any_text(part: &str) -> Value {
    json!({"type": "text", "text": {CONTAINS: part}})
}

fn result(kind: &str, outcome: HandlerOutcome, revision: Revision) -> Option<Value> {
    let is_rich = match outcome {
        HandlerOutcome::Done => false,
        HandlerOutcome::Rich | HandlerOutcome::RichList => true,
        HandlerOutcome::BadArguments if kind == "tool" && revision >= D => {
            return Some(of_revision(tool_error("a must be a number"), None, revision));
        }
        HandlerOutcome::Failed if kind == "tool" => {
            return Some(of_revision(tool_error(""), None, revision));
        }
        HandlerOutcome::MissingCapability if kind == "tool" && revision.is_legacy() => {
            return Some(of_revision(tool_error(""), None, revision));
        }
        _ => return None,
    };
    let mut value = match kind {
        "tool" if is_rich => json!({"content": contents(revision), "isError": false}),
        "tool" => json!({"content": [{"type": "text", "text": "done"}], "isError": false}),
        "prompt" if is_rich => {
            let messages: Vec<_> = contents(revision)
                .into_iter()
                .map(|piece| json!({"role": "user", "content": piece}))
                .collect();
            json!({"description": "Hello", "messages": messages})
        }
        "prompt" => json!({"messages": []}),
        "completion" if is_rich => {
            json!({"completion": {"values": ["Bo", "Bob"], "total": 7, "hasMore": true}})
        }
        "completion" => json!({"completion": {"values": [], "hasMore": false}}),
        _ if is_rich => json!({"contents": [
            {"uri": {CONTAINS: ""}, "mimeType": "text/plain", "text": "text"},
            {"uri": {CONTAINS: ""}, "blob": "Yg=="},
        ]}),
        _ => json!({"contents": [{"uri": {CONTAINS: ""}, "text": "done"}]}),
    };
    let structured = match outcome {
        HandlerOutcome::Rich if revision >= C => Some(json!({"a": 1})),
        // TOOL-09: any JSON value from the last revision on.
        HandlerOutcome::RichList if revision == E => Some(json!([1])),
        _ => None,
    };
    if let Some(structured) = structured.filter(|_| kind == "tool") {
        value["structuredContent"] = structured;
    }
    if revision == E && matches!(kind, "resource" | "template") {
        let (ttl, scope) = if is_rich { (5000, "public") } else { (0, "private") };
        value["ttlMs"] = ttl.into();
        value["cacheScope"] = scope.into();
    }
    let own = (is_rich && kind != "completion").then(|| json!(7));
    Some(of_revision(value, own, revision))
}

fn tool_error(says: &str) -> Value {
    json!({"content": [any_text(says)], "isError": true})
}

/// With what every result of the revision has (JR-16, META-12), and `_meta` where there is any.
fn of_revision(mut result: Value, own: Option<Value>, revision: Revision) -> Value {
    if let Some(own) = own {
        result["_meta"] = json!({"com.example/own": own});
    }
    if revision == E {
        result["resultType"] = "complete".into();
        result["_meta"]["io.modelcontextprotocol/serverInfo"] = server_info(E).clone();
    }
    result
}

/// One piece of each kind, as far as there is a form for it.
fn contents(revision: Revision) -> [Value; 5] {
    let mut annotations = json!({"audience": ["user"], "priority": 0.5});
    if revision >= C {
        annotations["lastModified"] = MODIFIED.into();
    }
    let audio = json!({"type": "audio", "data": "UklGRg==", "mimeType": "audio/wav"});
    let link = json!({
        "type": "resource_link", "uri": "file:///b", "name": "b", "title": "The second",
        "description": "A file", "mimeType": "text/plain", "size": 3,
    });
    [
        json!({"type": "text", "text": "said"}),
        json!({"type": "image", "data": "iVBORw==", "mimeType": "image/png", "annotations": annotations}),
        if revision >= B { audio } else { any_text("") },
        json!({"type": "resource", "annotations": annotations,
            "resource": {"uri": "file:///a", "mimeType": "text/plain", "text": "within"}}),
        if revision >= C { link } else { any_text("file:///b") },
    ]
}
