//! What each revision knows of the things that results hold: whatever is newer is left out for older
//! clients, or told in words (VER-13, requirements 1.9).

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    catalog::{PromptSpec, ResourceSpec, TemplateSpec, ToolSpec},
    content::{Annotations, Content},
    engine::Implementation,
    revision::Revision,
};

type Members = Map<String, Value>;

/// Since when there is audio, annotations of tools, messages with progress, and a key for completions.
const RICHER_TOOLS: Revision = Revision::V2025_03_26;
/// Since when there are titles, metadata of items, structured results, and links to resources.
const TITLES: Revision = Revision::V2025_06_18;
/// Since when there are icons, and more to say about an implementation.
const ICONS: Revision = Revision::V2025_11_25;

impl Revision {
    pub(crate) fn has_progress_messages(self) -> bool {
        self >= RICHER_TOOLS
    }

    /// Whether a stream begins with an event that gives the client an id to resume from (SSE-05, SSE-11).
    pub(crate) fn has_priming_events(self) -> bool {
        self == Revision::V2025_11_25
    }

    pub(crate) fn has_completions_key(self) -> bool {
        self >= RICHER_TOOLS
    }

    /// Whether arguments that do not fit a tool's schema are for the model, in a result, or an error of
    /// the protocol (ERR-22, ERR-23, AMB-12).
    pub(crate) fn tells_the_model_of_arguments(self) -> bool {
        self >= ICONS
    }

    /// Whether a tool's structured result can be sent: it has to be an object before 2026-07-28
    /// (TOOL-09).
    pub(crate) fn takes_structured(self, json: &str) -> bool {
        self.is_modern() || (self >= TITLES && json.trim_ascii_start().starts_with('{'))
    }
}

/// A tool as a list shows it.
pub(crate) fn tool(tool: &ToolSpec, revision: Revision) -> Vec<u8> {
    item(tool, revision, |members| {
        let describes_objects = |schema: &Value| schema.get("type").and_then(Value::as_str) == Some("object");
        if revision < TITLES || !members.get("outputSchema").is_some_and(describes_objects) {
            members.remove("outputSchema");
        }
        for schema in ["inputSchema", "outputSchema"] {
            replace_boolean_schemas(members.get_mut(schema));
        }
        if revision < RICHER_TOOLS {
            members.remove("annotations");
        } else if revision < TITLES
            && let Some(title) = &tool.title
            && let Some(annotations) =
                members.entry("annotations").or_insert_with(|| json!({})).as_object_mut()
        {
            // This revision alone has the title of a tool among its hints.
            annotations.insert("title".into(), title.as_str().into());
        }
    })
}

/// Older schemas have objects alone under `properties`; a client that checks them refuses the whole list for
/// one that is a boolean.
fn replace_boolean_schemas(schema: Option<&mut Value>) {
    let properties = schema.and_then(|schema| schema.get_mut("properties")?.as_object_mut());
    for (_, property) in properties.into_iter().flatten() {
        match property {
            Value::Bool(true) => *property = json!({}),
            Value::Bool(false) => *property = json!({"not": {}}),
            Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {}
        }
    }
}

/// A prompt as a list shows it.
pub(crate) fn prompt(prompt: &PromptSpec, revision: Revision) -> Vec<u8> {
    item(prompt, revision, |members| {
        let arguments = members.get_mut("arguments").and_then(Value::as_array_mut);
        for argument in arguments.into_iter().flatten().filter_map(Value::as_object_mut) {
            remove_titles(argument, revision);
        }
    })
}

/// A resource as a list shows it.
pub(crate) fn resource(resource: &ResourceSpec, revision: Revision) -> Vec<u8> {
    item(resource, revision, |members| remove_last_modified(members, revision))
}

/// A template as a list shows it.
pub(crate) fn template(template: &TemplateSpec, revision: Revision) -> Vec<u8> {
    item(template, revision, |members| remove_last_modified(members, revision))
}

/// Who the server says it is.
pub(crate) fn implementation(info: &Implementation, revision: Revision) -> Vec<u8> {
    item(info, revision, |members| {
        if revision < ICONS {
            members.remove("description");
            members.remove("websiteUrl");
        }
    })
}

/// The JSON text of an item, without what the revision does not know.
fn item(item: &impl Serialize, revision: Revision, adapt: impl FnOnce(&mut Members)) -> Vec<u8> {
    // The specs have no map with keys other than strings, so writing them cannot fail.
    if revision.is_modern() {
        return serde_json::to_vec(item).unwrap_or_default();
    }
    let mut value = serde_json::to_value(item).unwrap_or_default();
    if let Some(members) = value.as_object_mut() {
        remove_titles(members, revision);
        if revision < TITLES {
            members.remove("_meta");
        }
        if revision < ICONS {
            members.remove("icons");
        }
        adapt(members);
    }
    value.to_string().into_bytes()
}

fn remove_titles(members: &mut Members, revision: Revision) {
    if revision < TITLES {
        members.remove("title");
    }
}

fn remove_last_modified(members: &mut Members, revision: Revision) {
    if revision < TITLES
        && let Some(annotations) = members.get_mut("annotations").and_then(Value::as_object_mut)
    {
        annotations.remove("lastModified");
    }
}

/// A piece of content as the revision can have it, where it cannot have it as it is: in words, where there is
/// no such kind of content, or without what is newer.
pub(crate) fn content(content: &Content, revision: Revision) -> Option<Value> {
    let annotations = match content {
        Content::Audio(audio) if revision < RICHER_TOOLS => {
            let text = format!("(Audio of type {} is left out: the client cannot take it.)", audio.mime_type);
            return Some(json!({"type": "text", "text": text}));
        }
        Content::Link(link) if revision < TITLES => {
            let text = format!("Resource {}: {}", link.name, link.uri);
            return Some(json!({"type": "text", "text": text}));
        }
        Content::Text(_) | Content::Link(_) => None,
        Content::Image(media) | Content::Audio(media) => media.annotations.as_ref(),
        Content::Resource(embedded) => embedded.annotations.as_ref(),
    };
    let is_dated = |annotations: &Annotations| annotations.last_modified.is_some();
    if revision >= TITLES || !annotations.is_some_and(is_dated) {
        return None;
    }
    let mut value = serde_json::to_value(content).unwrap_or_default();
    if let Some(members) = value.as_object_mut() {
        remove_last_modified(members, revision);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_that_may_be_anything_is_an_object_for_older_clients() {
        let schema = json!({"type": "object", "properties": {"a": true, "b": false, "c": {"type": "null"}}});
        let spec = ToolSpec::new("t", schema.clone());
        for revision in Revision::ALL {
            let shown: Value = serde_json::from_slice(&tool(&spec, revision)).expect("JSON");
            let older = json!({"a": {}, "b": {"not": {}}, "c": {"type": "null"}});
            let expected = if revision.is_modern() { &schema["properties"] } else { &older };
            assert_eq!(shown["inputSchema"]["properties"], *expected, "{revision:?}");
        }
    }
}
