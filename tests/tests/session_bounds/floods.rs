//! Floods of handshakes: what they cost is bounded, and strangers get nothing.

use http::Method;
use http_body_util::Full;
use serde_json::json;

use mcp_sim::Allocated;

use crate::{
    client::{bare, get, handshake, initialized, post},
    record::SESSION_BYTES_MAX,
    served::{Served, settle},
};

/// Handshakes of a flood.
const FLOOD: usize = 5_000;

/// What the server may keep beside sessions, whatever comes: the tables, the counts of callers.
const BESIDE_BYTES: i64 = 64 << 10;

/// What so many sessions may cost at most.
fn cost(sessions: i64) -> i64 {
    sessions * SESSION_BYTES_MAX + BESIDE_BYTES
}

#[tokio::test(start_paused = true)]
async fn many_parties_fill_the_server_and_no_more() {
    const MAX: usize = 100;
    let served = Served::with(|policy| policy.sessions_max = MAX);
    settle().await;
    let before = Allocated::now();
    for party in 0..FLOOD {
        let answer = served.answer(post(&format!("party-{party}"), &handshake())).await;
        let status = if party < MAX { 200 } else { 503 };
        assert_eq!((answer.status, answer.session().is_some()), (status, party < MAX));
        assert_eq!(answer.fields.contains_key("retry-after"), party >= MAX);
        assert_eq!(served.sessions(), MAX.min(party + 1));
        drop(answer);
        let cost_now = (Allocated::now() - before).bytes;
        assert!(cost_now <= cost(100), "{cost_now} after {party}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_party_fills_its_share_and_no_more() {
    const MAX: usize = 10;
    let served = Served::with(|policy| policy.sessions_per_principal_max = MAX);
    let others = served.session("bob").await;
    settle().await;
    let before = Allocated::now();
    for number in 0..FLOOD {
        let answer = served.answer(post("alice", &handshake())).await;
        assert_eq!(answer.status, 200);
        assert_eq!(served.sessions(), 1 + MAX.min(number + 1));
        drop(answer);
        let cost_now = (Allocated::now() - before).bytes;
        assert!(cost_now <= cost(10), "{cost_now} after {number}");
    }
    assert_eq!(served.ask(&others, "bob", &initialized()).await.status, 202);
    assert_eq!(served.server.sessions().end("application", "alice"), MAX);
    assert_eq!(served.sessions(), 1);
}

#[tokio::test(start_paused = true)]
async fn nobody_in_particular_fills_a_server_without_authentication_and_no_more() {
    const MAX: usize = 100;
    let served = Served::open(|policy| policy.sessions_max = MAX);
    settle().await;
    let before = Allocated::now();
    for number in 0..FLOOD {
        let answer = served.answer(post("", &handshake())).await;
        assert_eq!(answer.status, if number < MAX { 200 } else { 503 });
        drop(answer);
        let cost_now = (Allocated::now() - before).bytes;
        assert!(cost_now <= cost(100), "{cost_now} after {number}");
    }
    assert_eq!(served.sessions(), MAX);
}

#[tokio::test(start_paused = true)]
async fn streams_of_2024_11_05_are_sessions_as_well() {
    let served = Served::with(|policy| (policy.sessions_max, policy.sessions_per_principal_max) = (3, 2));
    let first = served.legacy("alice").await;
    let second = served.legacy("alice").await;
    // Hers are both in use, so there is nothing to give up for a third one.
    for request in [get("/sse", "alice"), post("alice", &handshake())] {
        let answer = served.answer(request).await;
        assert_eq!((answer.status, served.sessions()), (429, 2));
        assert!(answer.fields.contains_key("retry-after"));
    }
    let third = served.legacy("bob").await;
    for request in [get("/sse", "carol"), post("carol", &handshake())] {
        let answer = served.answer(request).await;
        assert_eq!((answer.status, served.sessions()), (503, 3));
        assert!(answer.fields.contains_key("retry-after"));
    }
    drop((first, second, third));
    assert_eq!(served.sessions(), 0);
    assert_eq!(served.answer(post("carol", &handshake())).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn who_is_refused_gets_no_session_and_leaves_nothing() {
    let served = Served::with(|policy| policy.handshake_bytes_max = 100);
    let no_revision = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}});
    let mut large = handshake();
    large["params"]["clientInfo"]["name"] = "x".repeat(100).into();
    let unanswerable = json!({"jsonrpc": "2.0", "method": "initialize", "params": {}});
    let refused = |status: u16, verb: Method, target: &'static str, token: &'static str, body: String| {
        (status, verb, target, token, body)
    };
    let no_body = String::new;
    let table = [
        refused(401, Method::POST, "/mcp", "", handshake().to_string()),
        refused(401, Method::GET, "/mcp", "", no_body()),
        refused(401, Method::DELETE, "/mcp", "", no_body()),
        refused(401, Method::GET, "/sse", "", no_body()),
        refused(401, Method::POST, "/messages?sessionId=00000000000000000000000000000000", "", no_body()),
        refused(400, Method::POST, "/mcp", "alice", no_revision.to_string()),
        refused(400, Method::POST, "/mcp", "alice", unanswerable.to_string()),
        refused(400, Method::POST, "/mcp", "alice", large.to_string()),
        refused(400, Method::POST, "/mcp", "alice", format!("[{}]", handshake())),
        refused(400, Method::GET, "/mcp", "alice", no_body()),
        refused(400, Method::DELETE, "/mcp", "alice", no_body()),
        refused(405, Method::PUT, "/mcp", "alice", no_body()),
        refused(405, Method::HEAD, "/mcp", "alice", no_body()),
        refused(405, Method::POST, "/sse", "alice", no_body()),
        refused(405, Method::GET, "/messages", "alice", no_body()),
    ];
    let once = async || {
        for (status, verb, target, token, body) in &table {
            let request = bare(verb.clone(), target, token, Full::from(body.clone()));
            let answer = served.answer(request).await;
            // JSON-RPC errors about parameters have status 200 in these revisions.
            let is_expected =
                answer.status == *status || *status == 400 && answer.outcome() == (200, Some(-32602));
            assert!(is_expected, "{verb} {target} {token:?} {answer:?}");
            assert_eq!((served.sessions(), answer.session()), (0, None));
        }
        settle().await;
    };
    once().await;
    let before = Allocated::now();
    for _ in 0..500 {
        once().await;
    }
    assert_eq!(Allocated::now(), before);
}
