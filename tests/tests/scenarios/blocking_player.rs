//! The core without the driver: the server of its own example, over loopback.

#[path = "../../../mcp-proto/examples/blocking.rs"]
#[allow(dead_code, reason = "its main is for those who try it")]
mod blocking;

use std::sync::Arc;

use http::HeaderValue;
use mcp_driver::{BearerPolicy, KeySource, Server};
use mcp_proto::{
    AuthPolicy, Call, Callee, CatalogSpec, Engine, EngineBuilder, Implementation, Outcome, ToolResult, ToolSpec,
    jws::KeySet,
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

/// What stands in scenarios about more than the rules of the core: streams, and HTTP itself.
const NOT_OURS: [&str; 0] = [];

fn engine() -> Engine {
    let policy = BearerPolicy::builder("https://issuer.example", "http://127.0.0.1/mcp").scope("mcp");
    let info = Implementation { name: "scenarios".into(), version: "1".into(), ..Implementation::default() };
    let mut builder = EngineBuilder::new(info, AuthPolicy::Bearer(policy.build().expect("a policy")));
    builder.limits = Settings::default().limits;
    builder
}
