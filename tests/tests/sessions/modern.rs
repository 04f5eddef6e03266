//! Requests of 2026-07-28 on the same URL: no session is ever read, given or told.

use mcp_tests::{http1::Response, request::Request};
use serde_json::{Value, json};

use crate::{
    client::{NEWEST, call, initialized, post, request},
    served::{Served, said},
    tokens::{ALICE, BOB},
};

pub(crate) const REVISION: &str = "2026-07-28";

/// The metadata of a request.
pub(crate) fn envelope() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": REVISION,
        "io.modelcontextprotocol/clientInfo": {"name": "probe", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

fn modern(mut message: Value) -> Request {
    message["params"]["_meta"] = envelope();
    let method = message["method"].as_str().unwrap_or_default();
    let request = post(message.to_string()).field("MCP-Protocol-Version", REVISION);
    let request = request.field("Mcp-Method", method);
    match message["params"]["name"].as_str() {
        Some(name) => request.field("Mcp-Name", name),
        None => request,
    }
}

fn without_date(mut response: Response) -> Response {
    response.head.fields.retain(|(name, _)| name != "date");
    response
}

#[tokio::test]
async fn what_a_request_says_of_sessions_changes_nothing() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let requests = [
        modern(call(1, "whoami")),
        modern(request(1, "tools/list", &json!({}))),
        modern(request(1, "server/discover", &json!({}))),
        modern(request(1, "initialize", &json!({}))),
        modern(request(1, "no/such/method", &json!({}))),
        modern(initialized()),
    ];
    for request in requests {
        let request = request.token(&BOB.text());
        let without = without_date(served.answer(&request).await);
        assert_eq!(without.head.field("mcp-session-id"), None);
        let ids = [&session.id, "unknown", "", "a b"];
        for id in ids {
            let with = request.clone().field("Mcp-Session-Id", id).field("Last-Event-ID", "1-1");
            assert_eq!(without_date(served.answer(&with).await), without, "{id}");
        }
        let twice = request.field("Mcp-Session-Id", &session.id).field("Mcp-Session-Id", "x");
        assert_eq!(without_date(served.answer(&twice).await), without);
    }
    assert_eq!(served.sessions(), 1);
    assert!(session.is_there().await);
}

#[tokio::test]
async fn its_answers_are_those_of_a_server_without_sessions() {
    let served = Served::start().await;
    let stateless = Served::built(|server| server.mode(mcp_tokio::Mode::Stateless)).await;
    for request in [
        modern(call(1, "whoami")),
        modern(request(1, "tools/list", &json!({}))),
        modern(request(1, "server/discover", &json!({}))),
        modern(request(1, "resources/read", &json!({"uri": "note://1"}))).field("Mcp-Name", "note://1"),
        modern(request(1, "resources/subscribe", &json!({"uri": "note://1"}))),
        modern(request(1, "logging/setLevel", &json!({"level": "debug"}))),
        modern(call(1, "secret")),
    ] {
        for token in [Some(ALICE), None] {
            let request = match token {
                Some(token) => request.clone().token(&token.text()),
                None => request.clone(),
            };
            let (here, there) = (served.answer(&request).await, stateless.answer(&request).await);
            assert_eq!(without_date(here), without_date(there), "{token:?}");
        }
    }
}

#[tokio::test]
async fn its_other_verbs_are_405() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    for request in [session.get(), session.delete()] {
        for request in [request.clone(), request.without("Mcp-Session-Id")] {
            let response = served.answer(&request.with("MCP-Protocol-Version", REVISION)).await;
            assert_eq!((response.head.status, response.head.field("allow")), (405, Some("POST")));
        }
    }
    assert!(session.is_there().await);
}

#[tokio::test]
async fn both_are_served_over_one_connection() {
    let served = Served::start().await;
    let session = served.session_of(ALICE, NEWEST).await;
    let mut socket = mcp_tests::socket::Socket::connect(served.address).await;
    for _ in 0..3 {
        let modern = socket.exchange(&modern(call(1, "whoami")).token(&BOB.text())).await;
        let older = socket.exchange(&session.post(&call(1, "whoami"))).await;
        let ((one, modern), (other, older)) = (said(&modern), said(&older));
        assert_eq!((one, other), (200, 200));
        assert_eq!(modern["result"]["content"][0]["text"], "bob");
        assert_eq!(older["result"]["content"][0]["text"], "alice");
    }
}
