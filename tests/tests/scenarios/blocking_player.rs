//! The core without the driver: the server of its own example, over loopback.

#[path = "../../../mcp-proto/examples/blocking.rs"]
#[allow(dead_code, reason = "its main is for those who try it")]
mod blocking;

use std::sync::Arc;

use mcp_driver::{BearerPolicy, KeySource, Server};
use mcp_proto::{
    AuthPolicy, Call, Callee, CatalogSpec, Engine, EngineBuilder, Implementation, Outcome, ToolResult,
    ToolSpec, jws::KeySet, origin::OriginPolicy,
};
use mcp_tests::scenario::{Backstage, Scenario, Settings, Stage, Step};
use serde_json::{Value, json};

use crate::{loopback::Loopback, players::Player};

pub(crate) struct Blocking;

impl Player for Blocking {
    fn name(&self) -> &'static str {
        "blocking"
    }

    /// It has the tools that answer at once, and no deadlines; how HTTP is read is its library's business.
    fn plays(&self, scenario: &Scenario) -> bool {
        let is_whole = |(_, step): &(usize, Step)| {
            matches!(step, Step::On(_) | Step::Send(_) | Step::Answer(_) | Step::Close)
        };
        let transcript = scenario.transcript();
        scenario.settings == Settings::default()
            && scenario.steps.iter().all(is_whole)
            && !NOT_OURS.iter().any(|words| transcript.contains(words))
    }

    fn stage(&self, _: Server, backstage: &Backstage) -> Box<dyn Stage> {
        let server = Arc::new((engine(), keys(backstage), run as fn(&Call) -> Outcome));
        Box::new(Loopback::start(move |sockets, _| {
            sockets.set_nonblocking(false).expect("sockets that block");
            blocking::serve(server, &sockets).expect("a server");
        }))
    }
}

/// What stands in scenarios about more than the rules of the core: streams, and two things that `touche` does otherwise.
const NOT_OURS: [&str; 3] = ["< content-type: text/event-stream", "Expect: 100-continue", "204 No Content"];

fn engine() -> Engine {
    let policy = BearerPolicy::builder("https://issuer.example", "http://127.0.0.1/mcp").scope("mcp");
    let info = Implementation { name: "scenarios".into(), version: "1".into(), ..Implementation::default() };
    let auth = AuthPolicy::Bearer(policy.build().expect("a policy"));
    let origins = OriginPolicy::allow(["https://app.example"]).expect("an origin");
    let limits = Settings::default().limits;
    let builder = EngineBuilder { origins, limits, ..EngineBuilder::new(info, auth) };
    builder.build(&catalog()).expect("an engine")
}

/// The names of its tools, in order. What runs them knows them by their places.
const TOOLS: [&str; 6] = ["echo", "count", "fail", "puppet", "endless", "write"];

fn catalog() -> CatalogSpec {
    let mut catalog = CatalogSpec::default();
    for name in TOOLS {
        let properties = match name {
            "echo" => json!({"text": {"type": "string"}}),
            "puppet" => json!({"name": {"type": "string"}}),
            _ => json!({}),
        };
        let mut tool = ToolSpec::new(name, json!({"type": "object", "properties": properties}));
        if name == "write" {
            tool.scopes.push("mcp:write".to_owned());
        }
        catalog.tools.push(tool);
    }
    catalog
}

fn keys(backstage: &Backstage) -> KeySet {
    let KeySource::Given(keys) = backstage.tokens.keys() else { panic!("keys that are there") };
    keys
}

fn run(call: &Call) -> Outcome {
    let Callee::Tool(place, arguments) = &call.callee else { return Outcome::Internal };
    let arguments: Value = serde_json::from_slice(arguments).unwrap_or_default();
    match (TOOLS[*place as usize], arguments["text"].as_str()) {
        ("echo", Some(text)) => Outcome::Tool(ToolResult::text(text)),
        ("echo", None) => Outcome::InvalidArguments("text must be a string".to_owned()),
        ("count", _) => Outcome::Tool(ToolResult::text("done")),
        ("write", _) => Outcome::Tool(ToolResult::text("written")),
        _ => Outcome::Failed,
    }
}
