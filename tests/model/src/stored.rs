//! Sessions that keep few events and have a store that keeps all: whoever comes back gets everything that
//! followed, whatever had to go in the meantime and however slowly the store answers. Judged by the laws alone.

use mcp_proto::{
    Engine, Outcome, ToolResult,
    exchange::{LogLevel, Notification, Told},
    session::{Change, Effect, Event, EventId, Pull, Question, QuestionMethod, Replayed, StreamHandle},
};
use serde_json::{Value, json};

use crate::{
    command::{Pick, Story},
    laws::{Kept, Seen},
    machine::{Got, Machine},
    reader,
    reference::Revision,
    server,
    steps::Compared,
};

const BOTH: &str = "application/json, text/event-stream";

mod spelt;
#[cfg(test)]
mod tests;

/// A session that keeps few events, a store that keeps all, and what happens to both.
#[derive(Debug, Clone)]
pub struct Tale {
    revision: Revision,
    events_max: usize,
    deeds: Vec<Deed>,
}

impl Tale {
    /// Has all of it happen.
    ///
    /// # Errors
    /// What is missing, or which law is broken.
    pub fn tell(&self) -> Result<(), String> {
        let story =
            Story { events_max: self.events_max, keeps_events_elsewhere: true, ..Story::of(self.revision) };
        let engine = server::engine(&story);
        let mut stored = Stored::new(&engine, &story);
        self.deeds.iter().try_for_each(|deed| stored.act(*deed))?;
        stored.everything_is_there()?;
        stored.machine.transcript.judge(Kept::WhatMatters)
    }
}

#[derive(Debug, Clone, Copy)]
enum Deed {
    Call,
    Tell(Pick),
    /// A handler asks, and is answered at once.
    Ask(Pick),
    Finish(Pick),
    Notify,
    Get,
    Resume(Pick),
    Read(Pick),
    Detach(Pick),
    /// The store has kept an event.
    Keep(Pick),
    /// The store gives what it was asked for.
    Give(Pick),
}

/// A session and its store.
struct Stored<'e> {
    machine: Machine<'e>,
    events_max: usize,
    asks: u64,
    given: Vec<Event>,
    kept: Vec<Event>,
    wanted: Vec<(StreamHandle, u64, u64)>,
}

impl<'e> Stored<'e> {
    fn new(engine: &'e Engine, story: &Story) -> Self {
        let mut machine = Machine::open(engine, story);
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        assert!(matches!(machine.post(BOTH, &ready), Got::Response(_)));
        machine.transcript.add(Seen::Initialized);
        let events_max = story.events_max;
        Self { machine, events_max, asks: 0, given: Vec::new(), kept: Vec::new(), wanted: Vec::new() }
    }

    fn open_wires(&self) -> Vec<usize> {
        (0..self.machine.wires.len()).filter(|wire| self.machine.wires[*wire].is_open).collect()
    }

    fn running(&self) -> Vec<usize> {
        let runs = |call: &usize| self.machine.handlers[*call].reply.is_some();
        (0..self.machine.handlers.len()).filter(runs).collect()
    }

    /// What was shown on any connection.
    fn shown(&self) -> Vec<EventId> {
        self.machine.shown.keys().copied().collect()
    }

    fn act(&mut self, deed: Deed) -> Compared {
        match deed {
            Deed::Call => self.call(),
            Deed::Tell(pick) => {
                if let Some(place) = pick.of(self.running().len()) {
                    self.tell(self.running()[place]);
                }
            }
            Deed::Ask(pick) => {
                if let Some(place) = pick.of(self.running().len()) {
                    self.ask(self.running()[place]);
                }
            }
            Deed::Finish(pick) => {
                if let Some(place) = pick.of(self.running().len()) {
                    self.finish(self.running()[place]);
                }
            }
            Deed::Notify => {
                let data = json!(self.machine.own_text("change"));
                let change = Change::Log { level: LogLevel::Error, logger: None, data };
                self.machine.session.notify(&(&change).into());
            }
            Deed::Get => self.get(None),
            Deed::Resume(pick) => {
                let shown = self.shown();
                if let Some(place) = pick.of(shown.len()) {
                    self.get(Some(shown[place]));
                }
            }
            Deed::Read(pick) => {
                if let Some(place) = pick.of(self.open_wires().len()) {
                    self.read(self.open_wires()[place])?;
                }
            }
            Deed::Detach(pick) => {
                if let Some(place) = pick.of(self.open_wires().len()) {
                    self.detach(self.open_wires()[place]);
                }
            }
            Deed::Keep(pick) => {
                if let Some(place) = pick.of(self.given.len()) {
                    self.keep(place);
                }
            }
            Deed::Give(pick) => {
                if let Some(place) = pick.of(self.wanted.len()) {
                    self.give(place);
                }
            }
        }
        self.drain_effects();
        Ok(())
    }

    fn drain_effects(&mut self) {
        while let Some(effect) = self.machine.session.poll_effect() {
            match effect {
                Effect::Append(event) => self.given.push(event),
                Effect::Replay { connection, stream, after } => self.wanted.push((connection, stream, after)),
                Effect::Wake(_) | Effect::Save => {}
            }
        }
    }

    fn call(&mut self) {
        let id = self.machine.next_request_id();
        let body = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": "work"}});
        if let Got::Call(call) = self.machine.post(BOTH, &body) {
            self.machine.transcript.add(Seen::Called(json!(id)));
            self.machine.begun(*call, id, true).expect("a call in a session has a name");
        }
    }

    fn tell(&mut self, call: usize) {
        let now = self.machine.now();
        let data = json!(self.machine.own_text("note"));
        let note = Notification::Log { level: LogLevel::Error, logger: None, data };
        let reply = self.machine.handlers[call].reply.as_mut().expect("it runs");
        if let Told::Opened(stream) = reply.tell(&mut self.machine.session, &note, now) {
            self.machine.transcript.add(Seen::Attached { wire: self.machine.wires.len(), after: None });
            self.machine.connected(stream.stream);
        }
    }

    fn ask(&mut self, call: usize) {
        let now = self.machine.now();
        let question = Question { method: QuestionMethod::ListRoots, params: json!({}) };
        let reply = self.machine.handlers[call].reply.as_mut().expect("it runs");
        let Ok((_, opened)) = reply.ask(&mut self.machine.session, &question, now) else { return };
        if let Some(stream) = opened {
            self.machine.transcript.add(Seen::Attached { wire: self.machine.wires.len(), after: None });
            self.machine.connected(stream.stream);
        }
        self.asks += 1;
        let answer = json!({"jsonrpc": "2.0", "id": self.asks, "result": {"roots": []}});
        self.machine.post(BOTH, &answer);
    }

    fn finish(&mut self, call: usize) {
        let now = self.machine.now();
        let reply = self.machine.handlers[call].reply.take().expect("it runs");
        let outcome = Outcome::Tool(ToolResult::text("done"));
        let _ = reply.finish_in(self.machine.engine(), &mut self.machine.session, outcome, now);
    }

    fn get(&mut self, after: Option<EventId>) {
        let id = after.map(|after| after.to_string());
        if let Got::Stream(stream) = self.machine.get("text/event-stream", id.as_deref()) {
            self.machine.transcript.add(Seen::Attached { wire: self.machine.wires.len(), after });
            self.machine.connected(stream.stream);
        }
    }

    fn detach(&mut self, wire: usize) {
        let now = self.machine.now();
        self.machine.session.detach(self.machine.wires[wire].handle, now);
        self.machine.wires[wire].is_open = false;
    }

    fn keep(&mut self, place: usize) {
        let event = self.given.remove(place);
        self.machine.session.stored(event.id, true);
        self.kept.push(event);
    }

    fn give(&mut self, place: usize) {
        let (connection, stream, after) = self.wanted.remove(place);
        let of_stream = |event: &&Event| event.id.stream == stream && event.id.sequence > after;
        let mut events: Vec<Event> = self.kept.iter().filter(of_stream).cloned().collect();
        events.sort_by_key(|event| event.id);
        // Without a gap, where one before another is not kept yet.
        let follows = |(event, sequence): &(Event, u64)| event.id.sequence == *sequence;
        let events = events.into_iter().zip(after + 1..).take_while(follows).take(self.events_max);
        let events = events.map(|(event, _)| event).collect();
        self.machine.session.replayed(connection, Replayed::Events(events));
    }

    fn read(&mut self, wire: usize) -> Compared {
        let handle = self.machine.wires[wire].handle;
        let mut out = Vec::new();
        let has_ended = loop {
            match self.machine.session.pull(handle, &mut out, 1) {
                Pull::Wrote => {}
                Pull::Empty => break false,
                Pull::Ended => break true,
            }
        };
        for frame in reader::read(&out)? {
            let id = frame.id.as_deref().and_then(|id| EventId::read(id.as_bytes())).ok_or("an id")?;
            let data = frame.data.unwrap_or_default();
            let message = serde_json::from_str(&data).unwrap_or(Value::Null);
            // It may be lost with this server, and yet the client may come back for what follows it.
            if !self.kept.iter().any(|event| event.id == id) {
                return Err(format!("{id} is shown and not kept"));
            }
            self.machine.shown.insert(id, message.clone());
            self.machine.transcript.add(Seen::Event { wire, id, message });
        }
        if has_ended {
            self.machine.transcript.add(Seen::Ended { wire });
            self.detach(wire);
        }
        Ok(())
    }

    /// The store does all that is left to do, and every client reads what there is.
    fn settle(&mut self) -> Compared {
        for _ in 0..200 {
            while !self.given.is_empty() {
                self.keep(0);
            }
            while !self.wanted.is_empty() {
                self.give(0);
            }
            for wire in self.open_wires() {
                self.read(wire)?;
            }
            self.drain_effects();
            if self.given.is_empty() && self.wanted.is_empty() {
                return Ok(());
            }
        }
        Err("it never settles".into())
    }

    /// Whoever comes back behind the first event of a stream gets the answer that was kept of it after that: an
    /// answer is nothing that may be dropped before it is shown.
    fn everything_is_there(&mut self) -> Compared {
        self.settle()?;
        let mut firsts = self.shown();
        firsts.dedup_by_key(|id| id.stream);
        for first in firsts {
            if self.machine.session.is_over() {
                return Ok(());
            }
            let is_answer = |event: &&Event| event.message.windows(8).any(|part| part == b"\"result\"");
            let kept: Vec<EventId> = self.kept.iter().filter(is_answer).map(|event| event.id).collect();
            self.get(Some(first));
            self.drain_effects();
            self.settle()?;
            let shown = self.shown();
            let followed = |id: &&EventId| id.stream == first.stream && **id > first;
            if let Some(missing) = kept.iter().filter(followed).find(|id| !shown.contains(id)) {
                return Err(format!("{missing} is never shown after {first}"));
            }
        }
        Ok(())
    }
}
