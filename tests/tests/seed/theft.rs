//! Defects D1 to D4, D16 and D33 of the seed and its newer versions: what somebody else can do with a session.
//! Each of these fails on a server that looks a session up by its id alone.

use mcp_tests::socket::{End, Stream};
use mcp_tokio::{Auth, Change, Context, LegacySse, ListRoots, Mode, NoArguments, SessionPolicy, Tool};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::{
    answer::{Answer, error, names, result, said_by_tool},
    request::{Request, bare, call, handshake, initialize, message, notification, older, post},
    served::{Served, authenticate, server},
    session::Session,
};

const NOT_FOUND: &str = "Session not found";
const UNKNOWN: &str = "6f1c0a3e0c3e4b1a9a582f2f5a0f7c11";

fn stream() -> Request {
    bare("GET", "/mcp").field("Accept", "text/event-stream")
}

fn list() -> Request {
    older("tools/list", &json!({}))
}

/// Fails unless it is told what whoever makes an id up is told.
fn assert_nothing_there(answer: &Answer, what: &str) {
    let (status, body) = answer.said();
    let refused = json!({"code": -32001, "message": NOT_FOUND});
    assert_eq!((status, &body["error"], body.get("result")), (404, &refused, None), "{what}");
}

/// Better: D1.
#[tokio::test]
async fn row_d1_what_a_session_may_do_is_what_the_token_of_each_request_may() {
    let server = server(Auth::verifier(authenticate)).mode(Mode::Stateful).list_by_scope();
    let served = Served::start(server).await;
    // `good` and `promoted` are one user; `admin` is another. Whoever opened it, nothing of its rights stays.
    for opener in ["good", "promoted"] {
        let session = Session::open(&served, Some(opener)).await;
        for _ in 0..2 {
            let listed = served.answer(&session.of(list()).token("good")).await.json();
            assert_eq!(names(&listed), ["echo", "whoami"], "{opener}");
            assert_eq!(served.answer(&session.of(call("secret")).token("good")).await.status(), 403);
            let listed = served.answer(&session.of(list()).token("promoted")).await.json();
            assert_eq!(names(&listed), ["echo", "whoami", "secret"], "{opener}");
            let answer = served.answer(&session.of(call("secret")).token("promoted")).await;
            assert_eq!(answer.said(), (200, said_by_tool(1, "secret")));
        }
    }
    for (opener, other) in [("admin", "good"), ("good", "admin"), ("admin", "promoted")] {
        let session = Session::open(&served, Some(opener)).await;
        for request in [list(), call("secret"), call("whoami")] {
            let answer = served.answer(&session.of(request).token(other)).await;
            assert_nothing_there(&answer, other);
        }
    }
}

/// A call that waits until it is told to go on, after it has asked its client a question and told it how far it is.
struct Waiting {
    stream: Stream,
    last: String,
    question: Value,
    /// What the handler got for an answer, or `dropped`.
    heard: UnboundedReceiver<String>,
}

/// Tells its test that its handler has gone.
struct Life(tokio::sync::mpsc::UnboundedSender<String>);

impl Drop for Life {
    fn drop(&mut self) {
        let _ = self.0.send("dropped".to_owned());
    }
}

async fn waiting() -> (Served, Session, Waiting) {
    let (told, heard) = unbounded_channel();
    let asks = Tool::new("asks").typed(move |_: NoArguments, context: Context| {
        let told = told.clone();
        async move {
            let life = Life(told);
            context.progress(1.0, None).await;
            let uris = match context.input("roots", ListRoots).await {
                Ok(roots) => roots.into_iter().map(|root| root.uri).collect(),
                Err(_) => "nobody answered".to_owned(),
            };
            let _ = life.0.send(uris);
            std::future::pending::<&str>().await
        }
    });
    let served = Served::start(server(Auth::verifier(authenticate)).mode(Mode::Stateful).tool(asks)).await;
    let session = Session::declaring(&served, Some("good"), json!({"roots": {}})).await;
    let params = json!({"name": "asks", "arguments": {}, "_meta": {"progressToken": "p"}});
    let request = session.of(older("tools/call", &params)).token("good");
    let mut stream = served.connect().await.stream(&request).await;
    let last = stream.event().await.id().to_owned();
    let question = stream.message().await["id"].clone();
    (served, session, Waiting { stream, last, question, heard })
}

/// Better: D2.
#[tokio::test]
async fn row_d2_nobody_else_can_use_a_session() {
    let (served, session, mut waiting) = waiting().await;
    let evil = result(waiting.question.clone(), json!({"roots": [{"uri": "file:///evil"}]}));
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});
    let attempts = [
        ("POST", call("whoami")),
        ("a notification", notification()),
        ("a handshake", initialize()),
        ("GET", stream()),
        ("the events of a call", stream().field("Last-Event-ID", &waiting.last)),
        ("an answer to its question", post(evil.to_string())),
        ("an end to its call", post(cancel.to_string())),
        ("DELETE", bare("DELETE", "/mcp")),
    ];
    for (what, request) in attempts {
        // The same words as for an id that nobody was given.
        let stolen = served.answer(&session.of(request.clone()).token("admin")).await;
        assert_nothing_there(&stolen, what);
        let made_up = request.clone().token("admin").field("Mcp-Session-Id", UNKNOWN);
        assert_eq!(stolen.0.body, served.answer(&made_up).await.0.body, "{what}");
        for bad in [session.of(request.clone()), session.of(request).token("bad")] {
            assert_eq!(served.answer(&bad).await.status(), 401, "{what}");
        }
    }
    // Nothing of it has reached the session: its call waits for its own client's answer.
    assert!(waiting.heard.try_recv().is_err());
    let answer = result(waiting.question.clone(), json!({"roots": [{"uri": "file:///own"}]}));
    let answer = session.of(post(answer.to_string()));
    assert_eq!(served.answer(&answer.clone().token("refreshed")).await.status(), 202);
    assert_eq!(waiting.heard.recv().await.as_deref(), Some("file:///own"));
    assert_eq!(served.answer(&session.of(post(cancel.to_string())).token("good")).await.status(), 202);
    assert_eq!(waiting.heard.recv().await.as_deref(), Some("dropped"));
    assert_eq!(waiting.stream.rest().await, (Vec::new(), End::Whole));
}

/// A server with the two paths of 2024-11-05.
async fn with_old_paths() -> Served {
    let mut policy = SessionPolicy::default();
    policy.legacy_sse = Some(LegacySse::default());
    Served::start(server(Auth::verifier(authenticate)).mode(Mode::Stateful).sessions(policy)).await
}

fn old_stream() -> Request {
    bare("GET", "/sse").field("Accept", "text/event-stream")
}

/// The stream of a client of 2024-11-05, and where it posts.
async fn old_session(served: &Served, token: &str) -> (Stream, String) {
    let mut stream = served.connect().await.stream(&old_stream().token(token)).await;
    let endpoint = stream.event().await;
    assert_eq!(endpoint.kind.as_deref(), Some("endpoint"));
    (stream, endpoint.data.expect("a target"))
}

fn old_post(target: &str, body: &Value) -> Request {
    bare("POST", target).field("Content-Type", "application/json").body(body.to_string())
}

/// Better: D3.
#[tokio::test]
async fn row_f56_d3_the_stream_of_2024_asks_for_a_token_and_is_off_without_a_word() {
    let served = with_old_paths().await;
    for request in [old_stream(), old_stream().token("bad"), old_stream().field("X-Api-Key", "x")] {
        let answer = served.answer(&request).await;
        assert_eq!(answer.status(), 401);
        assert!(!answer.text().contains("sessionId"));
    }
    assert_eq!(served.answer(&old_stream().token("good").with("Host", "evil.example")).await.status(), 403);
    assert_eq!(served.answer(&bare("POST", "/sse").token("good")).await.status(), 405);
    let (stream, target) = old_session(&served, "good").await;
    assert!(target.starts_with("/messages?sessionId="));
    drop(stream);
    let served = Served::stateful().await;
    assert_eq!(served.answer(&old_stream().token("good")).await.plain(), (404, String::new()));
}

/// Better: D4.
#[tokio::test]
async fn row_f57_d4_every_message_of_2024_asks_for_the_token_of_its_stream() {
    let served = with_old_paths().await;
    let (mut stream, target) = old_session(&served, "good").await;
    let greeting = message(&json!(1), "initialize", &handshake("2024-11-05"));
    assert_eq!(served.answer(&old_post(&target, &greeting).token("good")).await.status(), 202);
    assert_eq!(stream.message().await["id"], 1);
    let whoami = message(&json!(2), "tools/call", &json!({"name": "whoami", "arguments": {}}));
    let request = old_post(&target, &whoami);
    assert_eq!(served.answer(&request).await.status(), 401);
    assert_eq!(served.answer(&request.clone().token("bad")).await.status(), 401);
    let stolen = served.answer(&request.clone().token("admin")).await;
    assert_eq!(stolen.status(), 404);
    let made_up = old_post(&format!("/messages?sessionId={UNKNOWN}"), &whoami).token("admin");
    assert_eq!(stolen.0.body, served.answer(&made_up).await.0.body);
    // None of them ran: the first thing on the stream is the answer to its own client.
    assert_eq!(served.answer(&request.token("refreshed")).await.plain(), (202, String::new()));
    assert_eq!(stream.message().await, said_by_tool(2, "user-1"));
    stream.expect_silence().await;
}

/// Other: nothing more.
#[tokio::test]
async fn row_l1_the_stream_of_2024_begins_with_where_to_post() {
    let served = with_old_paths().await;
    let (mut stream, target) = old_session(&served, "good").await;
    assert!(target.starts_with("/messages?sessionId="));
    stream.expect_silence().await;
}

/// Better: lost or missing.
#[tokio::test]
async fn row_l2_a_message_of_2024_without_a_session_is_400_and_of_an_unknown_one_404() {
    let served = with_old_paths().await;
    let ping = message(&json!(1), "ping", &json!({}));
    for (target, status, code) in [
        ("/messages".to_owned(), 400, -32600),
        ("/messages?sessionId=x".to_owned(), 404, -32001),
        (format!("/messages?sessionId={UNKNOWN}"), 404, -32001),
    ] {
        let (said, body) = served.answer(&old_post(&target, &ping).token("good")).await.said();
        assert_eq!((said, &body["error"]["code"]), (status, &json!(code)), "{target}");
    }
}

/// Better: D16.
#[tokio::test]
async fn row_d16_a_flood_of_handshakes_costs_the_flooder_its_own_sessions() {
    let mut policy = SessionPolicy::default();
    policy.sessions_per_principal_max = 3;
    policy.sessions_max = 5;
    let server = server(Auth::verifier(authenticate)).mode(Mode::Stateful).sessions(policy);
    let built = server.build().expect("a server");
    let sessions = built.sessions();
    let served = Served::run(built).await;
    let victim = Session::open(&served, Some("admin")).await;
    for _ in 0..50 {
        assert_eq!(served.answer(&initialize().token("good")).await.status(), 200);
        assert!(sessions.len() <= 4);
    }
    assert_eq!(served.answer(&victim.of(list()).token("admin")).await.status(), 200);
    // Where all that it has is in use, it waits.
    let mut streams = Vec::new();
    for _ in 0..3 {
        let session = Session::open(&served, Some("good")).await;
        streams.push(served.connect().await.stream(&session.of(stream()).token("good")).await);
    }
    let crowded = served.answer(&initialize().token("good")).await;
    assert_eq!((crowded.status(), crowded.field("mcp-session-id")), (429, None));
    assert!(crowded.field("retry-after").is_some());
    assert_eq!(served.answer(&initialize().token("other")).await.status(), 200);
    let full = served.answer(&initialize().token("another")).await;
    assert_eq!((full.status(), full.field("mcp-session-id")), (503, None));
    assert!(full.field("retry-after").is_some());
    assert_eq!(sessions.len(), 5);
}

/// Better: D33.
#[tokio::test]
async fn row_d33_events_belong_to_their_session() {
    let server = server(Auth::verifier(authenticate)).mode(Mode::Stateful).build().expect("a server");
    let sessions = server.sessions();
    let served = Served::run(server).await;
    let session = Session::open(&served, Some("good")).await;
    let mut events = served.connect().await.stream(&session.of(stream()).token("good")).await;
    sessions.notify_all(&Change::ToolsChanged);
    let first = events.event().await.id().to_owned();
    sessions.notify_all(&Change::PromptsChanged);
    assert_eq!(events.message().await["method"], "notifications/prompts/list_changed");
    drop(events);
    // Of another user, of another session of the same one, and of nobody's.
    let bobs = Session::open(&served, Some("admin")).await;
    let own = Session::open(&served, Some("good")).await;
    for (session, token) in [(&bobs, "admin"), (&own, "good")] {
        let request = session.of(stream()).token(token).field("Last-Event-ID", &first);
        let (status, body) = served.answer(&request).await.said();
        assert_eq!((status, &body["error"]["code"]), (400, &json!(-32600)), "{token}");
    }
    let stolen = session.of(stream()).token("admin").field("Last-Event-ID", &first);
    assert_nothing_there(&served.answer(&stolen).await, "somebody else's events");
    let request = session.of(stream()).token("good").field("Last-Event-ID", &first);
    let mut resumed = served.connect().await.stream(&request).await;
    assert_eq!(resumed.message().await["method"], "notifications/prompts/list_changed");
    let unknown = error(1, -32601, "Method not found");
    let request = session.of(older("no/such/method", &json!({}))).token("good");
    assert_eq!(served.answer(&request).await.said(), (200, unknown));
}
