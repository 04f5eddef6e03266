//! What the handlers of the walk come to.

use mcp_proto::{
    Callee, Outcome, ToolResult,
    content::{
        Annotations, CacheScope, Caching, Completion, Content, Embedded, Link, Media, Meta, PromptMessage,
        PromptResult, ResourceBody, ResourceContents, ResourceResult, Role,
    },
    exchange::{LogLevel, Notification},
};
use serde_json::{json, value::to_raw_value};

use crate::{
    scene::{HandlerOutcome, Notice},
    surface::MODIFIED,
};

/// What a handler tells while it runs.
pub(crate) fn notification(notice: Notice) -> Option<Notification> {
    match notice {
        Notice::Nothing | Notice::Silence => None,
        Notice::Log(level) => Some(Notification::Log {
            level: LogLevel::from_name(level).expect("a level"),
            logger: None,
            data: json!("heard"),
        }),
        Notice::Progress => {
            Some(Notification::Progress { progress: 1.0, total: Some(2.0), message: Some("half".into()) })
        }
    }
}

pub(crate) fn outcome(callee: &Callee, outcome: HandlerOutcome) -> Outcome {
    match outcome {
        HandlerOutcome::Done => done(callee),
        HandlerOutcome::Rich => rich(callee, &json!({"a": 1})),
        HandlerOutcome::RichList => rich(callee, &json!([1])),
        HandlerOutcome::BadArguments => Outcome::InvalidArguments("a must be a number".into()),
        HandlerOutcome::Failed => Outcome::Failed,
        HandlerOutcome::Panicked => Outcome::Panicked,
        HandlerOutcome::TimedOut => Outcome::TimedOut,
        HandlerOutcome::Overloaded => unreachable!("a call for which there is no room does not begin"),
        HandlerOutcome::MissingScope => Outcome::MissingScope(vec!["more".into()]),
        HandlerOutcome::MissingCapability => Outcome::MissingClientCapability(r#"{"sampling":{}}"#.into()),
        HandlerOutcome::NoResource => Outcome::UnknownResource("gone:///x".into()),
    }
}

fn done(callee: &Callee) -> Outcome {
    match callee {
        Callee::Tool(..) => Outcome::Tool(ToolResult::text("done")),
        Callee::Prompt(..) => Outcome::Prompt(PromptResult::default()),
        Callee::Resource(_, uri) | Callee::Template(_, uri, _) => {
            let contents = ResourceContents {
                uri: uri.to_string(),
                mime_type: None,
                body: ResourceBody::Text("done".into()),
            };
            Outcome::Resource(ResourceResult { contents: vec![contents], ..ResourceResult::default() })
        }
        Callee::Completion(..) => Outcome::Completion(Completion::default()),
    }
}

/// Everything that a result can have; of a tool, with this structured value.
fn rich(callee: &Callee, structured: &serde_json::Value) -> Outcome {
    match callee {
        Callee::Tool(..) => Outcome::Tool(ToolResult {
            content: contents().into_iter().collect(),
            structured: Some(to_raw_value(structured).expect("a value has a JSON form")),
            is_error: false,
            meta: Some(Box::new(own_meta())),
        }),
        Callee::Prompt(..) => Outcome::Prompt(PromptResult {
            description: Some("Hello".into()),
            messages: contents().into_iter().map(PromptMessage::user).collect(),
            meta: Some(Box::new(own_meta())),
        }),
        Callee::Resource(_, uri) | Callee::Template(_, uri, _) => Outcome::Resource(ResourceResult {
            contents: vec![
                ResourceContents::text(&**uri, "text").mime_type("text/plain"),
                ResourceContents::blob(&**uri, b"b"),
            ],
            caching: Caching { ttl_millis: 5000, scope: CacheScope::Public },
            meta: Some(Box::new(own_meta())),
        }),
        Callee::Completion(..) => Outcome::Completion(Completion {
            values: vec!["Bo".into(), "Bob".into()],
            total: Some(7),
            has_more: true,
        }),
    }
}

fn own_meta() -> Meta {
    [("com.example/own".to_owned(), json!(7))].into_iter().collect()
}

/// One of each kind.
fn contents() -> [Content; 5] {
    let annotations =
        Annotations { audience: vec![Role::User], priority: Some(0.5), last_modified: Some(MODIFIED.into()) };
    let image = Media { annotations: Some(annotations.clone()), ..Media::new(b"\x89PNG", "image/png") };
    let link = Link {
        uri: "file:///b".into(),
        name: "b".into(),
        title: Some("The second".into()),
        description: Some("A file".into()),
        mime_type: Some("text/plain".into()),
        size: Some(3),
    };
    [
        Content::text("said"),
        Content::Image(Box::new(image)),
        Content::audio(b"RIFF", "audio/wav"),
        Content::Resource(Box::new(Embedded {
            resource: ResourceContents::text("file:///a", "within").mime_type("text/plain"),
            annotations: Some(annotations),
        })),
        Content::Link(Box::new(link)),
    ]
}
