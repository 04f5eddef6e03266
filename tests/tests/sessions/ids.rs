//! Which session a request is about, and what it is told where it is none.

use mcp_tests::{http1::Response, request::Request};
use serde_json::{Value, json};

use crate::{
    client::{ID_LENGTH, NEWEST, REVISIONS, Session, call, handshake, initialized, ping, post, request},
    refused::{FORBIDDEN, NO_ID, NOT_FOUND, Refusal, TWO_IDS, UNAUTHORIZED},
    served::{Served, policy, said},
    tokens::{ALICE, ALICE_WITHOUT_SCOPES, BOB, OTHERS},
};

/// What a request is refused with, whatever its id: status, code and words.
fn refusal(response: &Response) -> (u16, i64, String) {
    let (status, json) = said(response);
    let error = &json["error"];
    assert_eq!((&json["jsonrpc"], json.get("result")), (&json!("2.0"), None));
    let words = error["message"].as_str().expect("words").to_owned();
    (status, error["code"].as_i64().expect("a code"), words)
}

fn assert_refused(response: &Response, (status, code, words): Refusal, what: &str) {
    assert_eq!(refusal(response), (status, i64::from(code), words.to_owned()), "{what}");
    assert_eq!(response.head.field("mcp-session-id"), None, "{what}");
}

/// The revision of which a session can be sent everything that there is.
const WITH_BATCHES: &str = "2025-03-26";

/// One request of each kind that needs a session.
fn requests(session: &Session<'_>) -> [(&'static str, Request); 6] {
    let batch = json!([ping(1), ping(2)]);
    [
        ("a request", session.post(&call(1, "whoami"))),
        ("a notification", session.post(&initialized())),
        ("a response", session.post(&json!({"jsonrpc": "2.0", "id": 1, "result": {}}))),
        ("a batch", session.post(&batch)),
        ("GET", session.get()),
        ("DELETE", session.delete()),
    ]
}

/// An id that no server has given out.
const UNKNOWN: &str = "6f1c0a3e0c3e4b1a9a582f2f5a0f7c11";

#[tokio::test]
async fn a_request_without_a_session_id_is_400() {
    let served = Served::start().await;
    let session = served.session_of(ALICE, WITH_BATCHES).await;
    for (what, request) in requests(&session) {
        let response = served.answer(&request.without("Mcp-Session-Id")).await;
        assert_refused(&response, NO_ID, what);
    }
    // The only session of its caller is not meant by saying nothing.
    assert!(session.is_there().await);
}

#[tokio::test]
async fn a_session_id_that_is_sent_twice_is_400() {
    let served = Served::start().await;
    let session = served.session_of(ALICE, WITH_BATCHES).await;
    for second in [session.id.as_str(), UNKNOWN, ""] {
        for (what, request) in requests(&session) {
            let response = served.answer(&request.field("Mcp-Session-Id", second)).await;
            assert_refused(&response, TWO_IDS, what);
        }
    }
    assert!(session.is_there().await);
}

#[tokio::test]
async fn an_id_that_names_no_session_is_404() {
    let served = Served::start().await;
    let session = served.session_of(ALICE, WITH_BATCHES).await;
    let upper_case = session.id.to_uppercase();
    let longer = format!("{}0", session.id);
    let shorter = &session.id[1..];
    let list = format!("{}, {}", session.id, session.id);
    for id in [UNKNOWN, "", "x", "\"", "a b", &"0".repeat(10_000), &longer, shorter, &list] {
        for (what, request) in requests(&session) {
            let response = served.answer(&request.with("Mcp-Session-Id", id)).await;
            assert_refused(&response, NOT_FOUND, &format!("{what} {id:?}"));
        }
    }
    if upper_case != session.id {
        let request = session.get().with("Mcp-Session-Id", &upper_case);
        assert_refused(&served.answer(&request).await, NOT_FOUND, "another case");
    }
    assert!(session.is_there().await);
}

#[tokio::test]
async fn a_session_that_was_ended_is_not_found() {
    let served = Served::start().await;
    let session = served.session_of(ALICE, WITH_BATCHES).await;
    session.end().await;
    for (what, request) in requests(&session) {
        assert_refused(&served.answer(&request).await, NOT_FOUND, what);
    }
    assert_eq!(served.sessions(), 0);
}

#[tokio::test]
async fn a_session_that_nobody_used_is_not_found() {
    let served = Served::with(|policy| policy.idle_micros = 50_000).await;
    let session = served.unready(ALICE, WITH_BATCHES, json!({})).await;
    served.until_there_are(0).await;
    for (what, request) in requests(&session) {
        assert_refused(&served.answer(&request).await, NOT_FOUND, what);
    }
}

#[tokio::test]
async fn a_session_of_somebody_else_is_answered_byte_for_byte_like_one_that_does_not_exist() {
    let served = Served::start().await;
    let session = served.session_of(ALICE, WITH_BATCHES).await;
    let without_date = |mut response: Response| {
        response.head.fields.retain(|(name, _)| name != "date");
        response
    };
    for other in OTHERS {
        let stolen = session.with(other);
        for (what, request) in requests(&stolen) {
            let foreign = without_date(served.answer(&request).await);
            assert_refused(&foreign, NOT_FOUND, what);
            let unknown = served.answer(&request.with("Mcp-Session-Id", UNKNOWN)).await;
            assert_eq!(foreign, without_date(unknown), "{what} {other:?}");
        }
    }
    assert!(session.is_there().await);
}

#[tokio::test]
async fn a_refused_request_gets_its_id_back() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let (_, _, not_found) = NOT_FOUND;
    let (_, _, no_id) = NO_ID;
    for id in [json!(0), json!(7), json!(""), json!("a"), json!(-1)] {
        let message = request(id.clone(), "tools/list", &json!({}));
        let unknown = session.post(&message).with("Mcp-Session-Id", UNKNOWN);
        let expected = crate::client::error(id.clone(), -32001, not_found);
        assert_eq!(said(&served.answer(&unknown).await), (404, expected));
        let missing = session.post(&message).without("Mcp-Session-Id");
        let expected = crate::client::error(id, -32600, no_id);
        assert_eq!(said(&served.answer(&missing).await), (400, expected));
    }
}

#[tokio::test]
async fn whoever_asks_is_asked_who_it_is_before_anything_is_said_of_sessions() {
    let served = Served::start().await;
    let session = served.session_of(ALICE, WITH_BATCHES).await;
    for id in [Some(session.id.as_str()), Some(UNKNOWN), None] {
        for (nobody, refusal) in [(None, UNAUTHORIZED), (Some(ALICE_WITHOUT_SCOPES), FORBIDDEN)] {
            for (what, request) in requests(&session.with(nobody)) {
                let request = match id {
                    Some(id) => request.with("Mcp-Session-Id", id),
                    None => request.without("Mcp-Session-Id"),
                };
                let response = served.answer(&request).await;
                assert_eq!(response.head.status, refusal.0, "{what} {id:?}");
                assert!(response.head.field("www-authenticate").is_some(), "{what} {id:?}");
            }
        }
    }
    assert!(session.is_there().await);
}

#[tokio::test]
async fn ids_are_128_bits_that_nobody_can_foresee() {
    let served = Served::with(|policy| policy.sessions_per_principal_max = 1_000).await;
    let mut ids = std::collections::BTreeSet::new();
    for _ in 0..64 {
        let session = served.session(ALICE).await;
        let is_hex = session.id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        assert!(is_hex && session.id.len() == ID_LENGTH, "{}", session.id.len());
        assert!(ids.insert(session.id), "an id was given out twice");
    }
    // Each of the digits varies: 64 equal ones in a row are one in 16 to the 63rd.
    for place in 0..ID_LENGTH {
        let digits: std::collections::BTreeSet<_> =
            ids.iter().map(|id| id.as_bytes().get(place).copied()).collect();
        assert!(digits.len() > 4, "place {place}");
    }
}

#[tokio::test]
async fn the_id_comes_with_the_handshake_and_never_again() {
    let served = Served::start().await;
    let session = served.session_of(ALICE, WITH_BATCHES).await;
    for (what, request) in requests(&session) {
        if what == "GET" {
            let stream = served.stream(&request).await;
            assert_eq!(stream.head.field("mcp-session-id"), None);
        } else {
            let response = served.answer(&request).await;
            assert_eq!(response.head.field("mcp-session-id"), None, "{what}");
        }
    }
}

#[tokio::test]
async fn without_authentication_whoever_knows_the_id_is_in_the_session() {
    let served = Served::open(|_| {}).await;
    let session = served.session_of(None, WITH_BATCHES).await;
    assert!(session.is_there().await);
    assert!(session.with(BOB).is_there().await);
    for (what, request) in requests(&session) {
        let response = served.answer(&request.clone().with("Mcp-Session-Id", UNKNOWN)).await;
        assert_refused(&response, NOT_FOUND, what);
        assert_refused(&served.answer(&request.without("Mcp-Session-Id")).await, NO_ID, what);
    }
    session.end().await;
    assert!(!session.is_there().await);
}

#[tokio::test]
async fn other_verbs_are_told_which_there_are() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    for verb in ["PUT", "PATCH", "HEAD", "OPTIONS"] {
        let request = Request::bare(verb, "/mcp").token(&ALICE.text()).field("Mcp-Session-Id", &session.id);
        let response = served.answer(&request).await;
        let allow = response.head.field("allow");
        assert_eq!((response.head.status, allow), (405, Some("POST, GET, DELETE")), "{verb}");
    }
}

#[tokio::test]
async fn a_page_may_do_what_sessions_need() {
    let served = Served::start().await;
    let preflight = |verb: &str| {
        let request = Request::bare("OPTIONS", "/mcp").field("Origin", "http://localhost:8000");
        request.field("Access-Control-Request-Method", verb)
    };
    for verb in ["POST", "GET", "DELETE"] {
        let response = served.answer(&preflight(verb)).await;
        assert_eq!(response.head.status, 204, "{verb}");
        let methods = response.head.field("access-control-allow-methods");
        assert_eq!(methods, Some("POST, GET, DELETE"));
        let headers = response.head.field("access-control-allow-headers").unwrap_or_default();
        let allowed: Vec<_> = headers.split(", ").map(str::to_ascii_lowercase).collect();
        for needed in ["mcp-session-id", "last-event-id", "mcp-protocol-version", "authorization"] {
            assert!(allowed.iter().any(|name| name == needed), "{needed} {headers}");
        }
    }
    let handshake = post(handshake(NEWEST, &json!({})).to_string()).token(&ALICE.text());
    let response = served.answer(&handshake.field("Origin", "http://localhost:8000")).await;
    let exposed = response.head.field("access-control-expose-headers").unwrap_or_default();
    assert!(exposed.split(", ").any(|name| name.eq_ignore_ascii_case("mcp-session-id")), "{exposed}");
    // It can read why it is refused, too.
    let unknown = Request::bare("DELETE", "/mcp").field("Mcp-Session-Id", UNKNOWN).token(&ALICE.text());
    let response = served.answer(&unknown.field("Origin", "http://localhost:8000")).await;
    let origin = response.head.field("access-control-allow-origin");
    assert_eq!((response.head.status, origin), (404, Some("http://localhost:8000")));
    let foreign = preflight("GET").with("Origin", "https://elsewhere.example");
    assert_eq!(served.answer(&foreign).await.head.status, 403);
}

#[tokio::test]
async fn another_revision_that_is_served_is_answered_in_the_sessions_own() {
    let served = Served::start().await;
    for revision in REVISIONS {
        let session = served.session_of(ALICE, revision).await;
        let list = request(1, "tools/list", &json!({}));
        let own = session.served(&list).await;
        // Titles are of 2025-06-18 and later.
        let title = own["result"]["tools"][0].get("title");
        assert_eq!(title.is_some(), revision >= "2025-06-18", "{revision} {own}");
        for header in REVISIONS {
            let other = session.post(&list).with("MCP-Protocol-Version", header);
            assert_eq!(said(&served.answer(&other).await), (200, own.clone()), "{revision} {header}");
        }
        let without = session.post(&list).without("MCP-Protocol-Version");
        assert_eq!(said(&served.answer(&without).await), (200, own), "{revision}");
    }
}

#[tokio::test]
async fn a_version_that_is_not_served_is_refused_on_every_verb() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let data = |requested: &str| {
        let supported = ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];
        json!({"supported": supported, "requested": requested})
    };
    for version in ["1999-01-01", "nonsense"] {
        for request in [session.post(&ping(1)), session.get(), session.delete()] {
            let response = served.answer(&request.with("MCP-Protocol-Version", version)).await;
            let (status, json) = said(&response);
            assert_eq!((status, &json["error"]["code"]), (400, &json!(-32022)), "{json}");
            assert_eq!(json["error"]["data"], data(version));
        }
    }
    for request in [session.post(&ping(1)), session.get(), session.delete()] {
        let twice = request.field("MCP-Protocol-Version", NEWEST);
        let (status, json) = said(&served.answer(&twice).await);
        assert_eq!((status, &json["error"]["code"]), (400, &json!(-32020)), "{json}");
    }
    // Which session it is comes first.
    for request in [session.get(), session.delete()] {
        let request = request.with("MCP-Protocol-Version", "1999-01-01").with("Mcp-Session-Id", UNKNOWN);
        assert_refused(&served.answer(&request).await, NOT_FOUND, "unknown and unsupported");
    }
    assert!(session.is_there().await);
}

#[tokio::test]
async fn a_refused_id_is_not_a_reason_to_read_a_body() {
    // A body that never comes: the refusal cannot wait for it.
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let head = session.post(&ping(1)).with("Mcp-Session-Id", UNKNOWN).head("Content-Length: 4000000\r\n");
    let mut socket = mcp_tests::socket::Socket::connect(served.address).await;
    socket.send(head).await;
    assert_refused(&socket.response().await, NOT_FOUND, "a large body");
}

#[tokio::test]
async fn bounds_on_bodies_hold_in_sessions_too() {
    let served = Served::built(|server| {
        let mut limits = mcp_tokio::Limits::default();
        limits.body_bytes_max = 1_000;
        server.core_limits(limits).sessions(policy(|_| {}))
    })
    .await;
    let session = served.session(ALICE).await;
    let large = request(1, "ping", &json!({"pad": "x".repeat(1_000)}));
    assert_eq!(served.answer(&session.post(&large)).await.head.status, 413);
    let text = session.post(&ping(1)).with("Content-Type", "text/plain");
    assert_eq!(served.answer(&text).await.head.status, 415);
    let (status, json) = said(&served.answer(&session.post(&json!(1)).body("{")).await);
    assert_eq!((status, &json["error"]["code"]), (400, &json!(-32700)));
    let (status, json) = said(&session.ask(&json!({"jsonrpc": "2.0", "id": 1})).await);
    assert_eq!((status, &json["error"]["code"]), (400, &json!(-32600)));
    assert_eq!(json.get("id"), Some(&Value::from(1)));
    assert!(session.is_there().await);
}
