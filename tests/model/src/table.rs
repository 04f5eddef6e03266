//! Every state of a session and of a call in it against everything that can happen there, as two tables that a
//! person can read: `table/session.txt` and `table/call.txt`.
//!
//! `SESSION_MODEL_BLESS` writes them anew.

use http::StatusCode;
use mcp_proto::{
    Finish, Outcome, ToolResult,
    exchange::{LogLevel, Notification, SessionStream, Told},
    response::Payload,
    session::{AskFault, Change, Directive, Pull, Question, QuestionMethod},
};
use serde_json::{Value, json};

use crate::{
    command::Story,
    machine::{Got, Machine},
    reader,
    reference::Revision,
    server,
};

const BOTH: &str = "application/json, text/event-stream";

/// Writes down what has happened.
fn got(machine: &mut Machine<'_>, got: Got) -> String {
    match got {
        Got::Response(response) => {
            let code = match &response.payload {
                Payload::Empty => "nothing".into(),
                Payload::Whole(body) => {
                    let body: Value = serde_json::from_slice(body).expect("JSON");
                    body.get("error").map_or("a result".into(), |error| error["code"].to_string())
                }
                Payload::Stream => "a stream without a handle".into(),
            };
            format!("{} with {code}", response.status.as_u16())
        }
        Got::Stream(stream) => opened(machine, stream),
        Got::Call(call) => {
            machine.begun(*call, 0, true).expect("a call in a session has a name");
            "a handler runs".into()
        }
    }
}

fn opened(machine: &mut Machine<'_>, stream: SessionStream) -> String {
    assert_eq!(stream.response.status, StatusCode::OK);
    machine.connected(stream.stream);
    "a stream".into()
}

/// What each open connection reads, in words.
fn reading(machine: &mut Machine<'_>) -> String {
    let mut said = Vec::new();
    for number in 0..machine.wires.len() {
        if !machine.wires[number].is_open {
            continue;
        }
        let handle = machine.wires[number].handle;
        let mut out = Vec::new();
        let ended = loop {
            match machine.session.pull(handle, &mut out, usize::MAX) {
                Pull::Wrote => {}
                Pull::Empty => break false,
                Pull::Ended => break true,
            }
        };
        machine.wires[number].is_open = !ended;
        if ended {
            let now = machine.now();
            machine.session.detach(handle, now);
        }
        let frames = reader::read(&out).expect("whole events");
        said.extend(frames.iter().map(|frame| format!("{number}:{}", word(frame))));
        if ended {
            said.push(format!("{number}:end"));
        }
    }
    if said.is_empty() { "-".into() } else { said.join(" ") }
}

fn word(frame: &reader::Frame) -> String {
    match frame.data.as_deref() {
        None if frame.retry.is_some() => "retry".into(),
        None => "sign of life".into(),
        Some("") => "priming".into(),
        Some(data) => {
            let message: Value = serde_json::from_str(data).expect("JSON");
            let method = message["method"].as_str().map(|method| method.trim_start_matches("notifications/"));
            method.unwrap_or(if message.get("error").is_some() { "error" } else { "result" }).into()
        }
    }
}

fn state(machine: &Machine<'_>) -> &'static str {
    match (machine.session.is_over(), machine.session.is_idle()) {
        (true, _) => "over",
        (false, true) => "idle",
        (false, false) => "in use",
    }
}

/// One thing that can be done.
type Act = (&'static str, fn(&mut Machine<'_>) -> String);

fn post(machine: &mut Machine<'_>, body: &Value) -> String {
    let come = machine.post(BOTH, body);
    got(machine, come)
}

fn request(machine: &mut Machine<'_>, method: &str, params: Value) -> String {
    let id = machine.next_request_id();
    post(machine, &json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
}

fn notification(machine: &mut Machine<'_>, method: &str, params: Value) -> String {
    post(machine, &json!({"jsonrpc": "2.0", "method": method, "params": params}))
}

fn get(machine: &mut Machine<'_>, id: Option<&str>) -> String {
    let come = machine.get("text/event-stream", id);
    got(machine, come)
}

fn delete(machine: &mut Machine<'_>) -> String {
    let come = machine.delete();
    got(machine, come)
}

fn call(machine: &mut Machine<'_>) -> String {
    post(
        machine,
        &json!({"jsonrpc": "2.0", "id": "call", "method": "tools/call",
        "params": {"name": "work", "_meta": {"progressToken": "p"}}}),
    )
}

fn later(machine: &mut Machine<'_>, seconds: u64) -> String {
    machine.tick += seconds * server::SECOND;
    let now = machine.now();
    machine.session.on_deadline(now);
    "time passes".into()
}

fn change(machine: &mut Machine<'_>) -> String {
    machine.session.notify(&(&Change::ToolsChanged).into());
    "told".into()
}

/// What can happen to a session.
const SESSION_ACTS: &[Act] = &[
    ("initialize", |machine| {
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": {"name": "c", "version": "1"}});
        request(machine, "initialize", params)
    }),
    ("initialized", |machine| notification(machine, "notifications/initialized", json!({}))),
    ("ping", |machine| request(machine, "ping", json!({}))),
    ("tools/list", |machine| request(machine, "tools/list", json!({}))),
    ("tools/call", call),
    ("subscribe", |machine| request(machine, "resources/subscribe", json!({"uri": "file:///a"}))),
    ("response", |machine| post(machine, &json!({"jsonrpc": "2.0", "id": 1, "result": {}}))),
    ("cancelled", |machine| notification(machine, "notifications/cancelled", json!({"requestId": 1}))),
    ("GET", |machine| get(machine, None)),
    ("GET after 1-1", |machine| get(machine, Some("1-1"))),
    ("DELETE", delete),
    ("a change", change),
    ("20 s", |machine| later(machine, 20)),
    ("idle time", |machine| later(machine, 100)),
    ("life", |machine| later(machine, 290)),
    ("release", |machine| {
        machine.session.release_streams();
        "done".into()
    }),
    ("end", |machine| {
        machine.session.end();
        "done".into()
    }),
];

/// How a session gets where it is.
const SESSION_STATES: &[Act] = &[
    ("opened", |_| String::new()),
    ("ready", |machine| notification(machine, "notifications/initialized", json!({}))),
    ("opened, listening", |machine| get(machine, None)),
    ("ready, listening", |machine| {
        notification(machine, "notifications/initialized", json!({}));
        get(machine, None)
    }),
    ("ready, a change waits", |machine| {
        notification(machine, "notifications/initialized", json!({}));
        change(machine)
    }),
    ("ready, a call runs", |machine| {
        notification(machine, "notifications/initialized", json!({}));
        call(machine)
    }),
    ("deleted", delete),
    ("expired", |machine| later(machine, 100)),
    ("ended", |machine| {
        machine.session.end();
        String::new()
    }),
];

fn tell(machine: &mut Machine<'_>) -> String {
    let now = machine.now();
    let note = Notification::Log { level: LogLevel::Error, logger: None, data: json!("x") };
    let Some(reply) = machine.handlers[0].reply.as_mut() else { return "-".into() };
    match reply.tell(&mut machine.session, &note, now) {
        Told::Opened(stream) => opened(machine, stream),
        Told::Queued => "queued".into(),
        Told::Suppressed(why) => format!("{why:?}"),
    }
}

fn ask(machine: &mut Machine<'_>) -> String {
    let now = machine.now();
    let question = Question { method: QuestionMethod::ListRoots, params: json!({}) };
    let Some(reply) = machine.handlers[0].reply.as_mut() else { return "-".into() };
    match reply.ask(&mut machine.session, &question, now) {
        Ok((_, Some(stream))) => opened(machine, stream),
        Ok((_, None)) => "queued".into(),
        Err(AskFault::NotDeclared(_)) => "NotDeclared".into(),
        Err(fault) => format!("{fault:?}"),
    }
}

fn finish(machine: &mut Machine<'_>, outcome: Outcome) -> String {
    let now = machine.now();
    let Some(reply) = machine.handlers[0].reply.take() else { return "-".into() };
    match reply.finish_in(machine.engine(), &mut machine.session, outcome, now) {
        Finish::Whole(response) => match &response.payload {
            Payload::Whole(body) if body.is_empty() => format!("{} with nothing", response.status.as_u16()),
            _ => got(machine, Got::Response(response)),
        },
        Finish::Queued => "queued".into(),
        Finish::LastFrame(_) | Finish::Next { .. } => "another's end".into(),
    }
}

fn hear(machine: &mut Machine<'_>) -> String {
    if machine.handlers[0].reply.is_none() {
        return "-".into();
    }
    match machine.session.directive(machine.handlers[0].call) {
        None => "nothing".into(),
        Some(Directive::Cancel) => "Cancel".into(),
        Some(Directive::Answer(_, answer)) => format!("{answer:?}"),
    }
}

fn disconnect(machine: &mut Machine<'_>) -> String {
    let now = machine.now();
    let Some(wire) = machine.wires.first_mut().filter(|wire| wire.is_open) else { return "-".into() };
    wire.is_open = false;
    machine.session.detach(wire.handle, now);
    "gone".into()
}

/// What can happen to a call.
const CALL_ACTS: &[Act] = &[
    ("tells", tell),
    ("is silent", |machine| {
        let now = machine.now();
        let Some(reply) = machine.handlers[0].reply.as_mut() else { return "-".into() };
        let stream = reply.open_stream_in(&mut machine.session, now);
        stream.map_or("-".into(), |stream| opened(machine, stream))
    }),
    ("asks", ask),
    ("closes its stream", |machine| {
        let now = machine.now();
        let Some(reply) = machine.handlers[0].reply.as_mut() else { return "-".into() };
        let stream = reply.close_stream(&mut machine.session, 5, now);
        stream.map_or("-".into(), |stream| opened(machine, stream))
    }),
    ("is answered", |machine| post(machine, &json!({"jsonrpc": "2.0", "id": 1, "result": {"roots": []}}))),
    ("is cancelled", |machine| {
        notification(machine, "notifications/cancelled", json!({"requestId": "call"}))
    }),
    ("its id again", call),
    ("disconnects", disconnect),
    ("resumes", |machine| get(machine, Some("1-1"))),
    ("20 s", |machine| later(machine, 20)),
    ("looks", hear),
    ("succeeds", |machine| finish(machine, Outcome::Tool(ToolResult::text("done")))),
    ("fails", |machine| finish(machine, Outcome::Panicked)),
    ("stops", |machine| finish(machine, Outcome::Cancelled)),
    ("DELETE", delete),
];

fn cancelled(machine: &mut Machine<'_>) -> String {
    notification(machine, "notifications/cancelled", json!({"requestId": "call"}))
}

/// How a call gets where it is; what its connection has read by then is not in the table.
const CALL_STATES: &[Act] = &[
    ("running", call),
    ("told", |machine| {
        call(machine);
        tell(machine)
    }),
    ("asked", |machine| {
        call(machine);
        ask(machine)
    }),
    ("answered", |machine| {
        call(machine);
        ask(machine);
        post(machine, &json!({"jsonrpc": "2.0", "id": 1, "result": {"roots": []}}))
    }),
    ("told, disconnected", |machine| {
        call(machine);
        tell(machine);
        reading(machine);
        disconnect(machine)
    }),
    ("cancelled", |machine| {
        call(machine);
        cancelled(machine)
    }),
    ("told, cancelled", |machine| {
        call(machine);
        tell(machine);
        cancelled(machine)
    }),
    ("asked, cancelled", |machine| {
        call(machine);
        ask(machine);
        cancelled(machine)
    }),
    ("deleted", |machine| {
        call(machine);
        delete(machine)
    }),
    ("told, deleted", |machine| {
        call(machine);
        tell(machine);
        delete(machine)
    }),
    ("told, succeeded", |machine| {
        call(machine);
        tell(machine);
        finish(machine, Outcome::Tool(ToolResult::text("done")))
    }),
];

/// Each state with each thing that can happen in it.
fn table(states: &[Act], acts: &[Act]) -> String {
    let story = Story::of(Revision::D);
    let engine = server::engine(&story);
    let mut table = String::new();
    for (state_name, arrive) in states {
        for (act_name, act) in acts {
            let mut machine = Machine::open(&engine, &story);
            arrive(&mut machine);
            reading(&mut machine);
            let comes_to = act(&mut machine);
            let read = reading(&mut machine);
            let state = state(&machine);
            table.push_str(&format!("{state_name} | {act_name} | {comes_to} | {state} | {read}\n"));
        }
    }
    table
}

fn compare(name: &str, kept: &str, table: &str) {
    if std::env::var_os("SESSION_MODEL_BLESS").is_some() {
        let path = format!("{}/src/table/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        std::fs::write(path, table).expect("the table is written");
        return;
    }
    for (kept, line) in kept.lines().zip(table.lines()) {
        assert_eq!(kept, line, "{name}");
    }
    assert_eq!(kept.lines().count(), table.lines().count(), "{name}");
}

#[test]
fn a_session_in_each_state() {
    compare("session", include_str!("table/session.txt"), &table(SESSION_STATES, SESSION_ACTS));
}

#[test]
fn a_call_in_each_state() {
    compare("call", include_str!("table/call.txt"), &table(CALL_STATES, CALL_ACTS));
}
