//! Sessions through whole exchanges.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use bytes::Bytes;
use http::Request;
use mcp_proto::{
    AuthPolicy, BodyRead, Call, CatalogSpec, Engine, EngineBuilder, Finish, Head, Implementation, Mode, Now,
    Outcome, Response, Step, Tick, ToolResult, ToolSpec, UnixSeconds,
    exchange::{Notification, SessionStream, Told},
    response::Payload,
    session::{
        Answer, Change, Directive, Effect, Event, EventId, Notice, Pull, Question, QuestionMethod, Replayed,
        Session, SessionId,
    },
};
use serde_json::json;

fn engine() -> Engine {
    engine_with(false)
}

fn engine_with(keeps_events_elsewhere: bool) -> Engine {
    let info = Implementation { name: "test".into(), version: "1".into(), ..Implementation::default() };
    let mut catalog = CatalogSpec::default();
    catalog.tools.push(ToolSpec::new("work", json!({"type": "object"})));
    let mut builder = EngineBuilder { mode: Mode::Stateful, ..EngineBuilder::new(info, AuthPolicy::Open) };
    builder.sessions.keeps_events_elsewhere = keeps_events_elsewhere;
    builder.build(&catalog).expect("an engine")
}

fn now(seconds: u64) -> Now {
    Now { tick: Tick(seconds * 1_000_000), unix: UnixSeconds(1_000_000 + seconds) }
}

enum Came {
    Response(Response),
    Stream(SessionStream),
    Call(Box<Call>),
}

fn drive(engine: &Engine, session: &mut Option<Session>, request: &Request<String>, at: u64) -> Came {
    let target = engine.route(request.uri().path());
    let mut step = engine.accept(&Head::new(request, target), now(at));
    loop {
        step = match step {
            Step::ReadBody(read) => {
                read.resolve(BodyRead::Complete(Bytes::from(request.body().clone())), now(at))
            }
            Step::ReadId(read) => Step::Respond(read.resolve(BodyRead::Aborted)),
            Step::FindSession(find) => find.resolve(session.as_mut(), now(at)),
            Step::UseSession(using) => using.resolve(session.as_mut(), now(at)),
            Step::OpenSession(open) => {
                let (opened, step) =
                    open.open(&SessionId::from_entropy(&[7; 32]), now(at)).expect("sessions");
                *session = Some(opened);
                step
            }
            Step::Respond(response) => return Came::Response(response),
            Step::Stream(stream) => return Came::Stream(stream),
            Step::Call(call) => return Came::Call(call),
            Step::Verify(_) | Step::Probe(_) | Step::Filter(_) => unreachable!("not here"),
        }
    }
}

fn post(body: &serde_json::Value, in_session: bool) -> Request<String> {
    let mut request =
        Request::post("/mcp").header("host", "localhost").header("content-type", "application/json");
    request = request.header("accept", "application/json, text/event-stream");
    if in_session {
        request = request.header("mcp-session-id", SessionId::from_entropy(&[7; 32]).reveal());
    }
    request.body(body.to_string()).expect("a request")
}

fn pulled(session: &mut Session, stream: &SessionStream) -> (String, Pull) {
    let mut out = Vec::new();
    let mut last = session.pull(stream.stream, &mut out, usize::MAX);
    while last == Pull::Wrote {
        last = session.pull(stream.stream, &mut out, usize::MAX);
    }
    (String::from_utf8(out).expect("text"), last)
}

#[test]
fn a_call_is_asked_about_cut_resumed_and_answered() {
    let engine = engine();
    let mut held = None;
    let handshake = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {"sampling": {}}, "clientInfo": {"name": "c", "version": "1"}}});
    let Came::Response(response) = drive(&engine, &mut held, &post(&handshake, false), 0) else { panic!() };
    assert_eq!(response.status, 200);
    assert!(response.fields.session.is_some());
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let Came::Response(response) = drive(&engine, &mut held, &post(&ready, true), 0) else { panic!() };
    assert_eq!((response.status.as_u16(), response.payload), (202, Payload::Empty));
    let work = json!({"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": {"name": "work", "_meta": {"progressToken": 1}}});
    let Came::Call(call) = drive(&engine, &mut held, &post(&work, true), 0) else { panic!() };
    let id = call.session.expect("in a session");
    let mut reply = call.reply;
    let session = held.as_mut().expect("a session");
    let note = Notification::Progress { progress: 1.0, total: None, message: None };
    let Told::Opened(stream) = reply.tell(session, &note, now(1)) else { panic!() };
    let question =
        Question { method: QuestionMethod::Sample { tools: false }, params: json!({"maxTokens": 1}) };
    let (ask, opened) = reply.ask(session, &question, now(1)).expect("asked");
    assert!(opened.is_none());
    let (text, last) = pulled(session, &stream);
    assert_eq!(
        text,
        "id: 1-1\nretry: 1000\ndata: \n\n\
         id: 1-2\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progress\":1.0,\"progressToken\":1}}\n\n\
         id: 1-3\ndata: {\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"sampling/createMessage\",\"params\":{\"maxTokens\":1}}\n\n"
    );
    assert_eq!(last, Pull::Empty);
    session.detach(stream.stream, now(2));
    let answer = json!({"jsonrpc": "2.0", "id": 1, "result": {"role": "assistant"}});
    drive(&engine, &mut held, &post(&answer, true), 2);
    let session = held.as_mut().expect("a session");
    let answer = Answer::Result(Bytes::from_static(br#"{"role":"assistant"}"#));
    assert_eq!(session.directive(id), Some(Directive::Answer(ask, answer)));
    assert_eq!(session.directive(id), None);
    let finish = reply.finish_in(&engine, session, Outcome::Tool(ToolResult::text("done")), now(2));
    assert!(matches!(finish, Finish::Queued));
    let id = SessionId::from_entropy(&[7; 32]).reveal();
    let resume = Request::get("/mcp").header("host", "localhost").header("accept", "text/event-stream");
    let resume = resume
        .header("mcp-session-id", &id)
        .header("last-event-id", "1-2")
        .body(String::new())
        .expect("a request");
    let Came::Stream(stream) = drive(&engine, &mut held, &resume, 3) else { panic!() };
    let session = held.as_mut().expect("a session");
    let (text, last) = pulled(session, &stream);
    assert!(
        text.starts_with("id: 1-3\n")
            && text.contains("\nid: 1-4\ndata: {\"jsonrpc\":\"2.0\",\"id\":5,\"result\":"),
        "{text}"
    );
    assert_eq!(last, Pull::Ended);
    session.detach(stream.stream, now(3));
    assert!(session.is_idle());
    while let Some(effect) = session.poll_effect() {
        assert!(matches!(effect, Effect::Wake(_) | Effect::Save));
    }
    let end = Request::delete("/mcp")
        .header("host", "localhost")
        .header("mcp-session-id", &id)
        .body(String::new())
        .expect("a request");
    let Came::Response(response) = drive(&engine, &mut held, &end, 4) else { panic!() };
    assert_eq!(response.status, 200);
    let Came::Response(response) = drive(&engine, &mut held, &post(&work, true), 4) else { panic!() };
    assert_eq!(response.status, 404);
}

/// What is told of a change, and under which name, on a stream that was taken up again behind `last`, where the store
/// has one event of it behind that, which cannot be read any more.
fn told_behind(last: u64, unreadable: u64) -> (Option<EventId>, String) {
    let engine = engine_with(true);
    let mut held = None;
    let handshake = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}});
    drive(&engine, &mut held, &post(&handshake, false), 0);
    drive(
        &engine,
        &mut held,
        &post(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}), true),
        0,
    );
    let record = held.as_ref().expect("a session").record();
    let mut held = Session::restore(record, &engine, now(1));
    let resume = Request::get("/mcp").header("host", "localhost").header("accept", "text/event-stream");
    let resume = resume.header("mcp-session-id", SessionId::from_entropy(&[7; 32]).reveal());
    let resume = resume.header("last-event-id", format!("1-{last}")).body(String::new()).expect("a request");
    let Came::Stream(stream) = drive(&engine, &mut held, &resume, 2) else { panic!() };
    let session = held.as_mut().expect("a session");
    let wants = std::iter::from_fn(|| session.poll_effect()).find_map(|effect| {
        if let Effect::Replay { connection, .. } = effect { Some(connection) } else { None }
    });
    let id = EventId { stream: 1, sequence: unreadable };
    let events = vec![Event { id, message: Bytes::from_static(b"no line") }];
    session.replayed(wants.expect("events are fetched again"), Replayed::Events(events));
    session.notify(&Notice::from(&Change::ToolsChanged));
    let kept = std::iter::from_fn(|| session.poll_effect())
        .find_map(|effect| if let Effect::Append(event) = effect { Some(event.id) } else { None });
    kept.into_iter().for_each(|id| session.stored(id, true));
    (kept, pulled(session, &stream).0)
}

/// A store may have an event that cannot be read any more: nobody is shown it, and its name stays its own.
#[test]
fn the_name_of_an_event_that_cannot_be_read_is_not_given_to_another_one() {
    let (kept, text) = told_behind(1, 2);
    assert_eq!(kept, Some(EventId { stream: 1, sequence: 3 }));
    assert!(text.starts_with("id: 1-3\ndata: {") && !text.contains("no line"), "{text}");
}

/// Nothing new comes on a stream that has an event of the largest number, or whose next event would have it.
#[test]
fn a_stream_that_has_no_names_left_carries_nothing_new() {
    let last_name = EventId { stream: 1, sequence: u64::MAX - 1 };
    assert_eq!(told_behind(u64::MAX - 4, u64::MAX - 2).0, Some(last_name));
    for unreadable in [u64::MAX - 1, u64::MAX] {
        assert_eq!(told_behind(u64::MAX - 4, unreadable), (None, String::new()), "behind {unreadable}");
    }
}
