//! What becomes of connections, and what they read.

use http::StatusCode;
use mcp_proto::{
    exchange::SessionStream,
    response::{ContentType, Payload},
    session::{self, Pull},
};
use serde_json::Value;

use super::{Compared, answered, same};
use crate::{
    command::Since,
    laws::Seen,
    machine::{Got, Machine},
    reader,
    reference::{After, Said},
    server::SECOND,
};

/// A connection begins to read a stream.
pub(super) fn connect(machine: &mut Machine<'_>, number: usize, stream: SessionStream) -> Compared {
    same("connection", number, machine.wires.len())?;
    same("status", StatusCode::OK, stream.response.status)?;
    same("payload", Payload::Stream, stream.response.payload)?;
    same("type", Some(ContentType::EventStream), stream.response.fields.content_type)?;
    if machine.wires.iter().any(|wire| wire.handle == stream.stream) {
        return Err(format!("{:?} is another's", stream.stream));
    }
    machine.connected(stream.stream);
    Ok(())
}

pub(super) fn get(machine: &mut Machine<'_>, since: &Since, takes_stream: bool) -> Compared {
    let after = match since {
        Since::Nothing => After::Nothing,
        Since::Given(pick) => {
            let place = pick.of(machine.shown.len());
            let id = place.and_then(|place| machine.shown.keys().nth(place));
            id.map_or(After::Nothing, |id| After::Id(id.to_string()))
        }
        Since::NewestOf(pick) => {
            let seen: Vec<_> = machine.wires.iter().filter_map(|wire| wire.last).collect();
            pick.of(seen.len()).map_or(After::Nothing, |place| After::Id(seen[place].to_string()))
        }
        Since::Ahead(pick) => {
            let seen: Vec<_> = machine.wires.iter().filter_map(|wire| wire.last).collect();
            let ahead = pick
                .of(seen.len())
                .map(|place| format!("{}-{}", seen[place].stream, seen[place].sequence + 500));
            After::Id(ahead.unwrap_or_else(|| "77-1".into()))
        }
        Since::Malformed(text) => After::Id(text.clone()),
    };
    let expires = machine.expires();
    let expected = machine.reference.get(&after, takes_stream, expires);
    let accept = if takes_stream { "text/event-stream" } else { "application/json" };
    let id = match &after {
        After::Nothing => None,
        After::Id(id) => Some(id.as_str()),
    };
    let attached = machine.wires.len();
    let got = machine.get(accept, id);
    if matches!(got, Got::Stream(_)) {
        let after = id.and_then(|id| session::EventId::read(id.as_bytes()));
        machine.transcript.add(Seen::Attached { wire: attached, after });
    }
    answered(machine, &expected, got, None)?;
    for wire in 0..machine.wires.len() {
        // One that was replaced finds out when it looks.
        if !machine.reference.is_connected(wire) && machine.wires[wire].is_open {
            machine.wires[wire].sleeps = false;
        }
    }
    Ok(())
}

/// A connection looks what there is, at most this many events.
pub(crate) fn read(machine: &mut Machine<'_>, wire: usize, most: usize) -> Compared {
    if !machine.wires[wire].is_open {
        return Ok(());
    }
    let handle = machine.wires[wire].handle;
    let mut out = Vec::new();
    let mut has_ended = false;
    let mut pulls = 0;
    loop {
        let budget = if most == 1 { 1 } else { usize::MAX };
        let before = out.len();
        match machine.session.pull(handle, &mut out, budget) {
            Pull::Wrote if out.len() == before => return Err("wrote nothing".into()),
            Pull::Wrote if most == 1 => break,
            Pull::Wrote => {}
            Pull::Empty => {
                machine.wires[wire].sleeps = true;
                break;
            }
            Pull::Ended => {
                has_ended = true;
                break;
            }
        }
        pulls += 1;
        if pulls > 1_000 {
            return Err("there is no end to it".into());
        }
    }
    let mut frames = reader::read(&out)?;
    heartbeats(machine, wire, &mut frames)?;
    compare_read(machine, wire, most, frames, has_ended)
}

/// Takes out what only says that the server is there (SSE-22).
fn heartbeats(machine: &mut Machine<'_>, wire: usize, frames: &mut Vec<reader::Frame>) -> Compared {
    let beat = reader::Frame { comments: 1, ..reader::Frame::default() };
    let before = frames.len();
    frames.retain(|frame| *frame != beat);
    let beats = before - frames.len();
    let wire = &mut machine.wires[wire];
    wire.heartbeats += beats as u64;
    let due = (machine.tick - wire.opened) / (15 * SECOND);
    if beats > 1 || wire.heartbeats > due {
        return Err(format!("{beats} heartbeats of {} at {}", wire.heartbeats, machine.tick));
    }
    Ok(())
}

fn compare_read(
    machine: &mut Machine<'_>,
    wire: usize,
    most: usize,
    frames: Vec<reader::Frame>,
    has_ended: bool,
) -> Compared {
    // A look at one event may have brought a heartbeat instead.
    if most == 1 && frames.is_empty() && !has_ended && machine.reference.has_news(wire) {
        return Ok(());
    }
    let expected = machine.reference.read(wire, most);
    let mut frames = frames.into_iter();
    for (event, said) in &expected.events {
        let frame = frames.next().ok_or_else(|| format!("{said:?} is missing"))?;
        compare_frame(machine, wire, *event, said, &frame)?;
    }
    if let Some(retry) = expected.retry {
        let hint = reader::Frame { retry: Some(retry), ..reader::Frame::default() };
        same("hint", Some(hint), frames.next())?;
    }
    same("more", None, frames.next())?;
    same("ended", expected.has_ended, has_ended)?;
    if has_ended {
        machine.transcript.add(Seen::Ended { wire });
        machine.wires[wire].is_open = false;
        let now = machine.now();
        machine.session.detach(machine.wires[wire].handle, now);
    }
    Ok(())
}

/// RES-01 to RES-03: what an event says, and what it is called.
fn compare_frame(
    machine: &mut Machine<'_>,
    wire: usize,
    event: usize,
    said: &Said,
    frame: &reader::Frame,
) -> Compared {
    same("name of the event", None, frame.event.as_deref().filter(|event| *event != "message"))?;
    let data = frame.data.as_deref().ok_or("an event without data")?;
    let stands_for = match said {
        Said::Priming(retry) => {
            same("priming", "", data)?;
            same("retry", Some(*retry), frame.retry)?;
            Value::Null
        }
        Said::Message(message) => {
            let got: Value = serde_json::from_str(data).map_err(|error| error.to_string())?;
            same("message", message, &got)?;
            same("retry", None, frame.retry)?;
            got
        }
    };
    let text = frame.id.as_deref().ok_or("an event without an id")?;
    let id = session::EventId::read(text.as_bytes()).ok_or("an id of another form")?;
    same("written", text, id.to_string())?;
    let own = &mut machine.wires[wire];
    if own.stream.is_some_and(|stream| stream != id.stream) || own.last.is_some_and(|last| last >= id) {
        return Err(format!("{id} after {:?}", own.last));
    }
    machine.transcript.add(Seen::Event { wire, id, message: stands_for.clone() });
    own.stream = Some(id.stream);
    own.last = Some(id);
    match machine.reference.learn(event, text) {
        // Nobody has seen it, so nothing may be called so.
        None => same("an id of its own", None, machine.shown.insert(id, stands_for)),
        Some(before) => same("the id of an event that is sent again", before.as_str(), text),
    }
}
