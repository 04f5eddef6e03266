//! Each command, done by the machine and by the reference, and what both say to it.

mod connections;
mod handlers;

use http::StatusCode;
use mcp_proto::{Response, UnixSeconds, response::Payload};
use serde_json::{Value, json};

use crate::{
    command::{Accepts, Command, Pick, Span, Uri, Whom},
    laws::Seen,
    machine::{Got, Machine},
    reference::{Answered, Change},
    server::{SECOND, TOKEN_SECONDS},
};

pub(crate) use self::connections::read;
use self::{
    connections::{connect, get},
    handlers::{answer, as_change, ask, call, close, finish, hear, silent, tell},
};

/// That both agree, or else what is wrong.
pub(crate) type Compared = Result<(), String>;

/// That two things are the same.
pub(crate) fn same<E: std::fmt::Debug + PartialEq<G>, G: std::fmt::Debug>(
    what: &str,
    expected: E,
    got: G,
) -> Compared {
    if expected == got { Ok(()) } else { Err(format!("{what}: expected {expected:?}, got {got:?}")) }
}

const BOTH: &str = "application/json, text/event-stream";

impl Accepts {
    const fn field(self) -> &'static str {
        match self {
            Self::Both => BOTH,
            Self::Json => "application/json",
            Self::Stream => "text/event-stream",
        }
    }
}

/// Does one thing and compares what comes of it.
pub(crate) fn step(machine: &mut Machine<'_>, command: &Command) -> Compared {
    match command {
        Command::Initialized => {
            machine.transcript.add(Seen::Initialized);
            let expected = machine.reference.accept_initialized();
            notify(machine, "notifications/initialized", json!({}), expected)
        }
        Command::OtherNotification => {
            let expected = machine.reference.accept_other();
            notify(machine, "notifications/roots/list_changed", json!({}), expected)
        }
        Command::InitializeAgain => {
            let expected = machine.reference.request_initialize();
            let params = json!({"protocolVersion": machine.reference.revision().name(),
                "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}});
            request(machine, "initialize", params, None, expected)
        }
        Command::Ping { reuse } => {
            let id = request_id(machine, *reuse);
            let expected = machine.reference.request_simple();
            request(machine, "ping", json!({}), Some(id), expected)
        }
        Command::SetLevel(level) => {
            let id = machine.next_request_id();
            let expected = machine.reference.request_level(*level);
            request(machine, "logging/setLevel", json!({"level": level.name()}), Some(id), expected)
        }
        Command::Subscribe(uri) => {
            let id = machine.next_request_id();
            let exists = *uri != Uri::Unknown;
            let expected = machine.reference.request_subscribe(uri.text(), exists);
            request(machine, "resources/subscribe", json!({"uri": uri.text()}), Some(id), expected)
        }
        Command::Unsubscribe(uri) => {
            let id = machine.next_request_id();
            let expected = machine.reference.request_unsubscribe(uri.text());
            request(machine, "resources/unsubscribe", json!({"uri": uri.text()}), Some(id), expected)
        }
        Command::Call { accepts, wants_progress, reuse } => call(machine, *accepts, *wants_progress, *reuse),
        Command::Tell(pick, note) => on_handler(machine, *pick, |machine, call| tell(machine, call, note)),
        Command::Silent(pick) => on_handler(machine, *pick, silent),
        Command::Ask(pick, question) => {
            on_handler(machine, *pick, |machine, call| ask(machine, call, *question))
        }
        Command::Hear(pick) => on_handler(machine, *pick, hear),
        Command::Answer(whom, reply) => answer(machine, *whom, *reply),
        Command::Cancel(whom) => {
            let id = whom_called(machine, *whom);
            if machine.reference.is_running(&id) {
                machine.transcript.add(Seen::Cancelled(id.clone()));
            }
            let expected = machine.reference.accept_cancelled(&id);
            notify(machine, "notifications/cancelled", json!({"requestId": id}), expected)
        }
        Command::Finish(pick, outcome) => {
            on_handler(machine, *pick, |machine, call| finish(machine, call, *outcome))
        }
        Command::CloseStream(pick, retry) => {
            on_handler(machine, *pick, |machine, call| close(machine, call, *retry))
        }
        Command::Get { since, takes_stream } => get(machine, since, *takes_stream),
        Command::Read(pick) => on_wire(machine, *pick, |machine, wire| read(machine, wire, usize::MAX)),
        Command::ReadOne(pick) => on_wire(machine, *pick, |machine, wire| read(machine, wire, 1)),
        Command::ReadAll => (0..machine.wires.len()).try_for_each(|wire| read(machine, wire, usize::MAX)),
        Command::Detach(pick) => on_wire(machine, *pick, |machine, wire| {
            machine.reference.detach(wire);
            let now = machine.now();
            machine.session.detach(machine.wires[wire].handle, now);
            machine.wires[wire].is_open = false;
            Ok(())
        }),
        Command::Notify(change) => {
            let change = match change {
                Change::Log(level, text) => Change::Log(*level, machine.own_text(text)),
                change => change.clone(),
            };
            machine.reference.notify(&change);
            machine.session.notify(&(&as_change(&change)).into());
            Ok(())
        }
        Command::Pass { span, exact } => pass(machine, *span, *exact),
        Command::Stored { which, ok } => stored(machine, *which, *ok),
        Command::Delete => {
            let expected = machine.reference.delete();
            let got = machine.delete();
            answered(machine, &expected, got, None)
        }
        Command::End => {
            machine.reference.end();
            machine.session.end();
            Ok(())
        }
        Command::Release => {
            machine.reference.release_streams();
            machine.session.release_streams();
            Ok(())
        }
    }
}

fn on_handler(
    machine: &mut Machine<'_>,
    pick: Pick,
    act: impl FnOnce(&mut Machine<'_>, usize) -> Compared,
) -> Compared {
    let running: Vec<_> =
        (0..machine.handlers.len()).filter(|call| machine.handlers[*call].reply.is_some()).collect();
    pick.of(running.len()).map_or(Ok(()), |place| act(machine, running[place]))
}

fn on_wire(
    machine: &mut Machine<'_>,
    pick: Pick,
    act: impl FnOnce(&mut Machine<'_>, usize) -> Compared,
) -> Compared {
    let open: Vec<_> = (0..machine.wires.len()).filter(|wire| machine.wires[*wire].is_open).collect();
    pick.of(open.len()).map_or(Ok(()), |place| act(machine, open[place]))
}

/// A new id, or one that was used.
fn request_id(machine: &mut Machine<'_>, reuse: Option<Pick>) -> u64 {
    let used = reuse.and_then(|pick| pick.of(machine.handlers.len()));
    used.map(|call| machine.handlers[call].request_id).unwrap_or_else(|| machine.next_request_id())
}

fn whom_called(machine: &Machine<'_>, whom: Whom) -> Value {
    let known =
        |pick: Pick| pick.of(machine.handlers.len()).map_or(0, |call| machine.handlers[call].request_id);
    match whom {
        Whom::Known(pick) => json!(known(pick)),
        Whom::AsText(pick) => json!(known(pick).to_string()),
        Whom::Unknown => json!(9_999),
    }
}

fn notify(machine: &mut Machine<'_>, method: &str, params: Value, expected: Answered) -> Compared {
    let got = machine.post(BOTH, &json!({"jsonrpc": "2.0", "method": method, "params": params}));
    answered(machine, &expected, got, None)
}

fn request(
    machine: &mut Machine<'_>,
    method: &str,
    params: Value,
    id: Option<u64>,
    expected: Answered,
) -> Compared {
    let id = id.unwrap_or_else(|| machine.next_request_id());
    let got = machine.post(BOTH, &json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
    answered(machine, &expected, got, Some(id))
}

/// Compares what a request came to, and takes up what has begun with it.
fn answered(machine: &mut Machine<'_>, expected: &Answered, got: Got, id: Option<u64>) -> Compared {
    match (expected, got) {
        (Answered::Stream(number), Got::Stream(stream)) => connect(machine, *number, stream),
        (Answered::Accepted, Got::Response(response)) => {
            same("status", 202, response.status.as_u16())?;
            same("payload", Payload::Empty, response.payload)
        }
        (Answered::Empty, Got::Response(response)) => {
            same("status", StatusCode::OK, response.status)?;
            same("payload", Payload::Empty, response.payload)
        }
        (Answered::Status(status), Got::Response(response)) => {
            same("status", *status, response.status.as_u16())
        }
        (Answered::Result, Got::Response(response)) => {
            same("status", StatusCode::OK, response.status)?;
            same("result", json!({"jsonrpc": "2.0", "id": id, "result": {}}), document(&response)?)
        }
        (Answered::Error(status, code), Got::Response(response)) => {
            same("status", *status, response.status.as_u16())?;
            let document = document(&response)?;
            same("code", json!(code), document["error"]["code"].clone())?;
            let expected = id.map_or(Value::Null, |id| json!(id));
            same("id", expected, document.get("id").cloned().unwrap_or_default())
        }
        (expected, got) => Err(format!("expected {expected:?}, got {got:?}")),
    }
}

fn document(response: &Response) -> Result<Value, String> {
    match &response.payload {
        Payload::Whole(bytes) => serde_json::from_slice(bytes).map_err(|error| error.to_string()),
        payload => Err(format!("{payload:?} is no document")),
    }
}

fn pass(machine: &mut Machine<'_>, span: Span, exact: bool) -> Compared {
    let micros = match span {
        Span::Moment => 1_000,
        Span::Beat => 15 * SECOND,
        Span::Question => 20 * SECOND,
        Span::Token => TOKEN_SECONDS * SECOND,
        Span::Idle => 100 * SECOND,
        Span::Life => 290 * SECOND,
    };
    let due = machine.session.next_deadline(machine.now()).map(|deadline| deadline.0.max(machine.tick));
    let until = machine.tick + micros;
    machine.tick = match due {
        Some(due) if exact => due.min(until),
        _ => until,
    };
    let now = machine.now();
    let UnixSeconds(unix) = now.unix;
    machine.reference.pass(machine.tick, unix);
    if due.is_some_and(|due| due <= machine.tick) {
        machine.session.on_deadline(now);
    }
    Ok(())
}

fn stored(machine: &mut Machine<'_>, which: Pick, ok: bool) -> Compared {
    let Some(place) = which.of(machine.pending.len()) else { return Ok(()) };
    let (event, number) = machine.pending.remove(place);
    machine.reference.stored(number, ok);
    machine.session.stored(event.id, ok);
    Ok(())
}
