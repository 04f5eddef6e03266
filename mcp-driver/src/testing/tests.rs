use http::{HeaderValue, header};
use mcp_proto::Now;
use serde_json::json;

use super::*;
use crate::{
    api_keys::ApiKeys,
    auth::Auth,
    keys::{KeySource, testing::ManualRuntime},
    tool::{NoArguments, Tool},
};

async fn lets_everybody_in(_: RequestHead) -> Result<Identity, Rejection> {
    Ok(Identity::new("anybody"))
}

/// What answers a call when nothing but the server itself says who may be let in.
fn answered(server: Server) -> Answer {
    let runtime = ManualRuntime::at(Now::default());
    let service = Service::start(server, runtime.clone(), None).expect("nothing to fetch");
    let client = TestClient::new(service, Arc::new(Mirrors::of(&[])))
        .header(header::AUTHORIZATION, HeaderValue::from_static("Bearer token"));
    runtime.finish(client.call_tool("tool", json!({})))
}

#[test]
fn a_server_that_was_built_for_tests_lets_nobody_in_without_its_kit() {
    let tokens = Auth::jwt("https://auth.example.com", "https://mcp.example.com/mcp", KeySource::discovery());
    let (keys, anybody) = (Auth::api_keys(ApiKeys::new()), || Auth::verifier(lets_everybody_in));
    let builder = |auth| {
        Server::builder("test", "1", auth).tool(Tool::new("tool").typed(async |_: NoArguments| "done"))
    };
    for auth in [tokens.into(), keys, anybody()] {
        let server = builder(auth).build_for_tests().expect("a server");
        assert_eq!(answered(server).status(), 503);
    }
    let server = builder(anybody()).build().expect("a server");
    assert_eq!(answered(server).text(), "done", "the server itself does");
}
