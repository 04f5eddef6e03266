//! Sessions begin with a handshake, and with nothing else.

use mcp_tests::{event_reader::Event, http1::Response};
use serde_json::{Value, json};

use crate::{
    client::{
        NEWEST, REVISIONS, call, error, handshake, initialized, notification, ping, post, request, result,
        said_by_tool,
    },
    refused::{INITIALIZED, NO_ID, NOT_FOUND, refused, refused_without_id},
    served::{Served, said},
    tokens::{ALICE, BOB},
};

/// What the server says of itself.
fn welcome(revision: &str) -> Value {
    let changes = json!({"listChanged": true});
    json!({
        "protocolVersion": revision,
        "capabilities": {
            "completions": {},
            "logging": {},
            "prompts": changes,
            "resources": {"listChanged": true, "subscribe": true},
            "tools": changes,
        },
        "serverInfo": {"name": "sessions", "version": "1.0.0"},
    })
}

fn session_id(response: &Response) -> Option<&str> {
    response.head.field("mcp-session-id")
}

#[tokio::test]
async fn a_handshake_opens_a_session_and_tells_what_sessions_can_do() {
    let served = Served::start().await;
    for (opened, revision) in REVISIONS.into_iter().enumerate() {
        let request = post(handshake(revision, &json!({})).to_string()).token(&ALICE.text());
        let response = served.answer(&request).await;
        let mut expected = welcome(revision);
        if revision == "2024-11-05" {
            // It has no such capability.
            let capabilities = expected["capabilities"].as_object_mut().expect("an object");
            capabilities.remove("completions");
        }
        assert_eq!(said(&response), (200, result("hello", expected)));
        assert!(session_id(&response).is_some());
        assert_eq!(served.sessions(), opened + 1);
    }
}

#[tokio::test]
async fn an_unknown_revision_is_answered_with_the_newest_that_has_sessions() {
    let served = Served::start().await;
    for revision in ["1999-01-01", "2026-07-28", "2099-01-01", "nonsense"] {
        let request = post(handshake(revision, &json!({})).to_string()).token(&ALICE.text());
        let response = served.answer(&request).await;
        assert_eq!(said(&response), (200, result("hello", welcome(NEWEST))));
        assert!(session_id(&response).is_some());
    }
}

#[tokio::test]
async fn a_client_that_takes_events_alone_is_given_its_session_with_the_head() {
    let served = Served::start().await;
    let request = post(handshake(NEWEST, &json!({})).to_string()).token(&ALICE.text());
    let mut stream = served.stream(&request.with("Accept", "text/event-stream")).await;
    let id = stream.head.field("mcp-session-id").expect("a session").to_owned();
    let expected = Event { data: stream_data(&mut stream).await, ..Event::default() };
    assert_eq!(expected.message(), result("hello", welcome(NEWEST)));
    stream.expect_end().await;
    let session = served.session(ALICE).await;
    let ping = session.post(&ping(1)).with("Mcp-Session-Id", &id);
    assert_eq!(said(&served.answer(&ping).await), (200, result(1, json!({}))));
}

/// The data of the next event, which has nothing else.
async fn stream_data(stream: &mut mcp_tests::socket::Stream) -> Option<String> {
    let event = stream.event().await;
    assert_eq!((&event.kind, &event.id, event.retry), (&None, &None, None));
    event.data
}

#[tokio::test]
async fn a_handshake_that_is_refused_opens_nothing() {
    let served = Served::start().await;
    let hello = handshake(NEWEST, &json!({}));
    let token = ALICE.text();
    let body = |body: String| post(body).token(&token);
    let mut no_capabilities = hello.clone();
    no_capabilities["params"].as_object_mut().expect("an object").remove("capabilities");
    let mut no_version = hello.clone();
    no_version["params"].as_object_mut().expect("an object").remove("protocolVersion");
    let mut no_client = hello.clone();
    no_client["params"].as_object_mut().expect("an object").remove("clientInfo");
    let mut odd_client = hello.clone();
    odd_client["params"]["clientInfo"] = json!("probe");
    let mut null_id = hello.clone();
    null_id["id"] = Value::Null;
    let mut without_id = hello.clone();
    without_id.as_object_mut().expect("an object").remove("id");
    let table = [
        ("no token", post(hello.to_string()), 401),
        ("a bad token", post(hello.to_string()).token("bad"), 401),
        ("no version", body(no_version.to_string()), 0),
        ("no client", body(no_client.to_string()), 0),
        ("no capabilities", body(no_capabilities.to_string()), 0),
        ("odd client", body(odd_client.to_string()), 0),
        ("null id", body(null_id.to_string()), 400),
        ("a notification", body(without_id.to_string()), 400),
        ("in a batch", body(json!([hello]).to_string()), 400),
        ("in a batch of two", body(json!([hello, ping(1)]).to_string()), 400),
        ("media type", body(hello.to_string()).with("Content-Type", "text/plain"), 415),
        ("half of it", body(hello.to_string().split_at(40).0.to_owned()), 400),
        ("not acceptable", body(hello.to_string()).with("Accept", "text/html"), 406),
        ("modern header", body(hello.to_string()).field("MCP-Protocol-Version", "2026-07-28"), 400),
        ("foreign page", body(hello.to_string()).field("Origin", "https://elsewhere.example"), 403),
        ("an unknown session", body(hello.to_string()).field("Mcp-Session-Id", "0"), 404),
    ];
    for (what, request, status) in table {
        let response = served.answer(&request).await;
        let text = String::from_utf8_lossy(&response.body);
        // Which parameters a handshake needs is judged as without sessions.
        let status = if status == 0 { response.head.status } else { status };
        assert_eq!(response.head.status, status, "{what} {text}");
        assert!(text.contains("\"error\""), "{what} {text}");
        assert_eq!(session_id(&response), None, "{what}");
        assert_eq!(served.sessions(), 0, "{what}");
    }
}

#[tokio::test]
async fn a_second_handshake_in_a_session_is_refused_and_changes_nothing() {
    let served = Served::start().await;
    let session = served.session_of(ALICE, "2025-06-18").await;
    for revision in [NEWEST, "2025-06-18"] {
        let response = session.ask(&handshake(revision, &json!({"roots": {}}))).await;
        assert_eq!(said(&response), refused("hello", INITIALIZED));
        assert_eq!(session_id(&response), None);
    }
    let mut notification = handshake(NEWEST, &json!({}));
    notification.as_object_mut().expect("an object").remove("id");
    let response = session.ask(&notification).await;
    assert_eq!(said(&response), refused_without_id(INITIALIZED));
    assert_eq!((served.sessions(), session.revision), (1, "2025-06-18"));
    assert!(session.is_there().await);
    // In the hands of somebody else it is no session at all.
    let foreign = session.with(BOB).ask(&handshake(NEWEST, &json!({}))).await;
    assert_eq!(said(&foreign), refused("hello", NOT_FOUND));
}

#[tokio::test]
async fn two_handshakes_are_two_sessions() {
    let served = Served::start().await;
    let (first, second) = (served.session(ALICE).await, served.session(ALICE).await);
    assert_ne!(first.id, second.id);
    first.end().await;
    assert!(!first.is_there().await && second.is_there().await);
}

#[tokio::test]
async fn requests_are_served_before_the_client_says_that_it_is_ready() {
    let served = Served::start().await;
    let session = served.unready(ALICE, NEWEST, json!({})).await;
    assert_eq!(session.served(&call(1, "whoami")).await, said_by_tool(1, "alice"));
    session.tell(&initialized()).await;
    session.tell(&initialized()).await;
    assert_eq!(session.served(&call(2, "whoami")).await, said_by_tool(2, "alice"));
}

#[tokio::test]
async fn nothing_but_a_handshake_opens_a_session() {
    let served = Served::start().await;
    for message in [
        request(1, "tools/list", &json!({})),
        call(1, "whoami"),
        ping(1),
        request(1, "no/such/method", &json!({})),
        request(1, "server/discover", &json!({})),
    ] {
        let response = served.answer(&post(message.to_string()).token(&ALICE.text())).await;
        assert_eq!(said(&response), refused(1, NO_ID), "{message}");
    }
    for message in [initialized(), notification("notifications/cancelled", &json!({"requestId": 1}))] {
        let response = served.answer(&post(message.to_string()).token(&ALICE.text())).await;
        let (status, json) = said(&response);
        assert_eq!((status, &json["error"]["code"]), (400, &json!(-32600)), "{message}");
    }
    assert_eq!(served.sessions(), 0);
}

#[tokio::test]
async fn methods_are_those_of_the_revision() {
    let served = Served::start().await;
    for revision in REVISIONS {
        let session = served.session_of(ALICE, revision).await;
        for method in ["no/such/method", "server/discover", "subscriptions/listen", "tasks/list"] {
            let answer = session.served(&request(1, method, &json!({}))).await;
            assert_eq!(answer, error(1, -32601, "Method not found"), "{revision} {method}");
        }
        assert_eq!(session.served(&ping("p")).await, result("p", json!({})), "{revision}");
    }
}
