//! The session that there is when a request comes.

use http::{HeaderMap, Request};
use mcp_proto::{
    BodyRead, Engine, Head, Now, Step,
    session::{Pull, Session, SessionId, StreamHandle},
};
use serde_json::json;

use super::found::{EVERYTHING, Found};
use super::servers::Guard;

const REVISIONS: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

/// The id of the session.
pub(super) fn id() -> SessionId {
    SessionId::from_entropy(&[7; 32])
}

/// A session of alice's in which her client has said that it is ready.
pub(super) fn open(engine: &Engine, guard: Guard, revision: usize, now: Now) -> Option<Session> {
    let version = REVISIONS[revision % REVISIONS.len()];
    let params =
        json!({"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}});
    let handshake = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}).to_string();
    let mut session = None;
    post(engine, guard, &handshake, None, &mut session, now);
    let id = id().reveal();
    let ready = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    post(engine, guard, ready, Some(&id), &mut session, now);
    session
}

fn post(
    engine: &Engine,
    guard: Guard,
    body: &str,
    id: Option<&str>,
    session: &mut Option<Session>,
    now: Now,
) {
    let mut request = Request::post("/mcp")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream");
    let (credentials, found) = match guard {
        Guard::Open => (None, Found::Rejected),
        Guard::Own => (None, Found::Accepted(EVERYTHING)),
        Guard::Tokens => (Some("Bearer abc"), Found::Signed(EVERYTHING)),
        Guard::TokensAndProofs | Guard::Proofs => (Some("DPoP abc"), Found::Proven(EVERYTHING)),
    };
    if let Some(credentials) = credentials {
        request = request.header("authorization", credentials);
    }
    if guard != Guard::Tokens {
        request = request.header("dpop", "abc");
    }
    if let Some(id) = id {
        request = request.header("mcp-session-id", id);
    }
    let request = request.body(()).expect("a request");
    let mut step = engine.accept(&Head::new(&request, engine.route("/mcp")), now);
    loop {
        step = match step {
            Step::Verify(verify) => verify.resolve(found.facts(), now),
            Step::ReadBody(read) => read.resolve(BodyRead::Complete(body.to_owned().into()), now),
            Step::OpenSession(open) => match open.open(&self::id(), now) {
                Some((opened, step)) => {
                    *session = Some(opened);
                    step
                }
                None => return,
            },
            Step::FindSession(find) => find.resolve(session.as_mut(), now),
            Step::UseSession(usage) => usage.resolve(session.as_mut(), now),
            Step::Respond(_) => return,
            step => panic!("a handshake comes to {step:?}"),
        };
    }
}

/// Everything that a stream has now.
pub(super) fn take(session: &mut Session, stream: StreamHandle) -> Vec<u8> {
    const BUDGET: usize = 64 << 10;
    let mut bytes = Vec::new();
    while matches!(session.pull(stream, &mut bytes, BUDGET), Pull::Wrote) {}
    bytes
}

/// Whether an answer gives a session's id away.
pub(super) fn is_in(fields: &HeaderMap) -> bool {
    fields.contains_key("mcp-session-id")
}
