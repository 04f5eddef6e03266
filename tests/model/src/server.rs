//! The servers whose sessions are compared.

use mcp_proto::{
    AuthPolicy, CatalogSpec, Engine, EngineBuilder, Implementation, Mode, PromptSpec, ResourceSpec,
    TemplateSpec, ToolSpec, auth::CustomPolicy, session::SessionPolicy,
};
use serde_json::json;

use crate::{
    command::{Story, Uri},
    reference::Bounds,
};

/// How long a token is good, in seconds.
pub(crate) const TOKEN_SECONDS: u64 = 30;

pub(crate) const SECOND: u64 = 1_000_000;

pub(crate) fn bounds(story: &Story) -> Bounds {
    Bounds {
        events_max: story.events_max,
        bytes_max: story.bytes_max,
        streams_max: 3,
        calls_max: 3,
        asks_max: 2,
        subscriptions_max: 2,
        idle_micros: 100 * SECOND,
        life_micros: 290 * SECOND,
        ask_micros: 20 * SECOND,
        heartbeat_micros: 15 * SECOND,
        retry_millis: 1_000,
        keeps_events_elsewhere: story.keeps_events_elsewhere,
    }
}

pub(crate) fn engine(story: &Story) -> Engine {
    let Bounds {
        events_max,
        bytes_max,
        streams_max,
        calls_max,
        asks_max,
        subscriptions_max,
        idle_micros,
        life_micros,
        ask_micros,
        heartbeat_micros,
        retry_millis: _,
        keeps_events_elsewhere,
    } = bounds(story);
    let auth = if story.has_tokens {
        AuthPolicy::Custom(CustomPolicy::builder().build().expect("a policy"))
    } else {
        AuthPolicy::Open
    };
    let info = Implementation { name: "model".into(), version: "1".into(), ..Implementation::default() };
    let mut builder = EngineBuilder::new(info, auth);
    builder.mode = Mode::Stateful;
    builder.timeouts.heartbeat_micros = heartbeat_micros;
    let mut policy = SessionPolicy::default();
    policy.events_max = events_max;
    policy.bytes_max = bytes_max;
    policy.streams_max = streams_max;
    policy.calls_max = calls_max;
    policy.asks_max = asks_max;
    policy.subscriptions_max = subscriptions_max;
    policy.idle_micros = idle_micros;
    policy.life_micros = life_micros;
    policy.ask_micros = ask_micros;
    policy.keeps_events_elsewhere = keeps_events_elsewhere;
    builder.sessions = policy;
    builder.build(&catalog()).expect("an engine")
}

fn catalog() -> CatalogSpec {
    let resource = |uri: Uri| ResourceSpec {
        uri: uri.text().into(),
        name: uri.text().into(),
        ..ResourceSpec::default()
    };
    CatalogSpec {
        tools: vec![ToolSpec::new("work", json!({"type": "object"}))],
        prompts: vec![PromptSpec { name: "greet".into(), ..PromptSpec::default() }],
        resources: vec![resource(Uri::First), resource(Uri::Second)],
        templates: vec![TemplateSpec {
            uri_template: "note://{id}".into(),
            name: "notes".into(),
            ..TemplateSpec::default()
        }],
        ..CatalogSpec::default()
    }
}
