//! What a token that grants less than another of the same party gets of their session.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use mcp_proto::{
    AuthPolicy, BodyRead, Call, CatalogSpec, Engine, EngineBuilder, Head, Implementation, Mode, Now, Outcome,
    Principal, Response, Step, Tick, ToolResult, ToolSpec, UnixSeconds,
    auth::{CustomPolicy, scope::Scopes},
    exchange::{Facts, Notification, SessionStream, Told},
    session::{Pull, Session, SessionId},
};
use serde_json::{Value, json};

const NOW: Now = Now { tick: Tick(1_000_000), unix: UnixSeconds(1_000_000) };

/// A tool that needs the scope `admin`.
fn engine() -> Engine {
    let info = Implementation { name: "test".into(), version: "1".into(), ..Implementation::default() };
    let mut catalog = CatalogSpec::default();
    let scopes = vec!["admin".to_owned()];
    catalog.tools.push(ToolSpec { scopes, ..ToolSpec::new("erase", json!({"type": "object"})) });
    let auth = AuthPolicy::Custom(CustomPolicy::builder().build().expect("a policy"));
    let builder = EngineBuilder { mode: Mode::Stateful, ..EngineBuilder::new(info, auth) };
    builder.build(&catalog).expect("an engine")
}

enum Came {
    Response(Response),
    Stream(SessionStream),
    Call(Box<Call>),
}

/// Serves a request of alice's, with a token of these scopes.
fn serve(engine: &Engine, session: &mut Option<Session>, request: &Request<String>, scopes: &str) -> Came {
    let id = SessionId::from_entropy(&[7; 32]);
    let alice = Principal::new("issuer", "alice", "desk", Scopes::parse(scopes), UnixSeconds(2_000_000));
    let mut step = engine.accept(&Head::new(request, engine.route(request.uri().path())), NOW);
    loop {
        step = match step {
            Step::Verify(verify) => verify.resolve(Facts::Accepted(Arc::new(alice.clone())), NOW),
            Step::ReadBody(read) => {
                read.resolve(BodyRead::Complete(Bytes::from(request.body().clone())), NOW)
            }
            Step::ReadId(read) => Step::Respond(read.resolve(BodyRead::Aborted)),
            Step::FindSession(find) => find.resolve(session.as_mut(), NOW),
            Step::UseSession(using) => using.resolve(session.as_mut(), NOW),
            Step::OpenSession(open) => {
                let (opened, step) = open.open(&id, NOW).expect("sessions");
                *session = Some(opened);
                step
            }
            Step::Respond(response) => return Came::Response(response),
            Step::Stream(stream) => return Came::Stream(stream),
            Step::Call(call) => return Came::Call(call),
            Step::Probe(_) | Step::Filter(_) => unreachable!("not here"),
        }
    }
}

fn post(body: &Value, in_session: bool) -> Request<String> {
    let mut request = Request::post("/mcp")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream");
    if in_session {
        request = request.header("mcp-session-id", SessionId::from_entropy(&[7; 32]).reveal());
    }
    request.body(body.to_string()).expect("a request")
}

/// What there is on a stream.
fn pulled(session: &mut Session, stream: &SessionStream) -> String {
    let mut out = Vec::new();
    while session.pull(stream.stream, &mut out, usize::MAX) == Pull::Wrote {}
    String::from_utf8(out).expect("text")
}

/// "Session state never grants more than the token of this request": who may not make a call is not shown what
/// came of it.
#[test]
fn the_stream_of_a_call_is_not_resumed_by_a_token_that_could_not_make_the_call() {
    let (engine, mut held) = (engine(), None);
    let handshake = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}});
    let Came::Response(opened) = serve(&engine, &mut held, &post(&handshake, false), "read") else {
        panic!()
    };
    assert_eq!(opened.status, 200);
    let erase = json!({"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": {
        "name": "erase", "_meta": {"progressToken": 1}}});
    let Came::Response(refused) = serve(&engine, &mut held, &post(&erase, true), "read") else { panic!() };
    assert_eq!(refused.status, 403, "the weaker token may not make the call");
    let Came::Call(call) = serve(&engine, &mut held, &post(&erase, true), "read admin") else { panic!() };
    let session = held.as_mut().expect("a session");
    let mut reply = call.reply;
    let note = Notification::Progress { progress: 1.0, total: None, message: None };
    let Told::Opened(stream) = reply.tell(session, &note, NOW) else { panic!() };
    let _ = pulled(session, &stream);
    session.detach(stream.stream, NOW);
    let _ = reply.finish_in(&engine, session, Outcome::Tool(ToolResult::text("for admins only")), NOW);

    let resume = Request::get("/mcp")
        .header("host", "localhost")
        .header("accept", "text/event-stream")
        .header("mcp-session-id", SessionId::from_entropy(&[7; 32]).reveal())
        .header("last-event-id", "1-1")
        .body(String::new())
        .expect("a request");
    if let Came::Stream(stream) = serve(&engine, &mut held, &resume, "read") {
        let shown = pulled(held.as_mut().expect("a session"), &stream);
        assert!(!shown.contains("for admins only"), "{shown}");
    }
    let Came::Stream(stream) = serve(&engine, &mut held, &resume, "read admin") else { panic!() };
    let shown = pulled(held.as_mut().expect("a session"), &stream);
    assert!(shown.contains("for admins only"), "{shown}");
}
