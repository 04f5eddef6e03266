//! Streams, the connections that read them, and the bounds on what is kept and what waits.

use serde_json::Value;

use super::{RefSession, Revision};

/// How much it matters that an event arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Responses, questions, cancellations.
    Must,
    /// Changes: one of each is as good as several.
    Coalesce,
    /// Progress and log.
    Lossy,
}

/// What one event says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Said {
    /// One JSON-RPC message.
    Message(Value),
    /// Nothing, so that there is an id to resume from, and when to come again, in milliseconds (SSE-05).
    Priming(u64),
}

/// Where an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The connection has yet to read it.
    Waiting,
    /// Read, and kept for those who resume.
    Sent,
    /// Dropped before it was read, or evicted after.
    Gone,
}

#[derive(Debug, Clone)]
pub(super) struct Event {
    /// `None`: it waits for a stream that belongs to no call.
    stream: Option<usize>,
    said: Said,
    class: Class,
    place: Place,
    /// What it was called on the wire; `None` until then.
    id: Option<String>,
}

#[derive(Debug)]
pub(super) struct Stream {
    /// The call whose stream it is.
    pub(super) of_call: Option<usize>,
    /// Nothing will be added.
    pub(super) is_finished: bool,
}

/// One HTTP response that reads a stream.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: usize,
    state: State,
    /// When the token that opened it is over, in seconds.
    pub(super) expires: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// It ends when it has read everything, with a hint when to come again, in milliseconds (SSE-06).
    Pausing(u64),
    /// It ends when it looks.
    Ending,
    /// It has ended.
    Over,
}

/// What a connection gets when it looks.
#[derive(Debug, PartialEq)]
pub(crate) struct Read {
    /// The events, by their numbers in the session.
    pub(crate) events: Vec<(usize, Said)>,
    /// When to come again, in milliseconds, where that is said at the end.
    pub(crate) retry: Option<u64>,
    pub(crate) has_ended: bool,
}

impl Event {
    fn waits(&self) -> bool {
        self.place == Place::Waiting
    }

    fn waits_on(&self, stream: usize) -> bool {
        self.waits() && self.stream == Some(stream)
    }

    pub(super) fn says(&self, message: &Value) -> bool {
        matches!(&self.said, Said::Message(own) if own == message)
    }

    /// Bytes of JSON.
    fn weight(&self) -> usize {
        match &self.said {
            Said::Message(message) => message.to_string().len(),
            Said::Priming(_) => 0,
        }
    }
}

impl Connection {
    pub(super) fn is_open(&self) -> bool {
        self.state != State::Over
    }

    pub(super) fn cut(&mut self) {
        if self.is_open() {
            self.state = State::Ending;
        }
    }
}

impl RefSession {
    /// A new stream and its first connection.
    pub(super) fn begin_stream(&mut self, of_call: Option<usize>, expires: u64) -> usize {
        let stream = self.streams.len();
        self.streams.push(Stream { of_call, is_finished: false });
        self.connections.push(Connection { stream, state: State::Open, expires });
        let connection = self.connections.len() - 1;
        if self.revision == Revision::D {
            self.send(Some(stream), Said::Priming(self.bounds.retry_millis), Class::Lossy);
        }
        if of_call.is_none() {
            self.hand_over_to_newest();
        }
        connection
    }

    /// Another connection to a stream, for what follows an event.
    pub(super) fn resume_stream(&mut self, event: usize, expires: u64) -> usize {
        let stream = self.events[event].stream.expect("what was sent has a stream");
        for connection in self.connections.iter_mut().filter(|connection| connection.stream == stream) {
            connection.state = State::Over;
        }
        for (number, own) in self.events.iter_mut().enumerate() {
            if own.stream == Some(stream) && own.place != Place::Gone {
                own.place = if number <= event { Place::Sent } else { Place::Waiting };
            }
        }
        self.connections.push(Connection { stream, state: State::Open, expires });
        if self.streams[stream].of_call.is_none() {
            self.hand_over_to_newest();
        }
        self.connections.len() - 1
    }

    /// The newest stream that can bring what concerns no call.
    fn newest_listening(&self) -> Option<usize> {
        // LIF-07.
        if !self.is_ready {
            return None;
        }
        let listens = |connection: &&Connection| {
            connection.state == State::Open && self.streams[connection.stream].of_call.is_none()
        };
        self.connections.iter().rfind(listens).map(|connection| connection.stream)
    }

    pub(super) fn send_about_no_call(&mut self, message: Value, class: Class) {
        let stream = self.newest_listening();
        let waits = |event: &Event| event.waits() && event.stream == stream && event.says(&message);
        if class != Class::Coalesce || !self.events.iter().any(waits) {
            self.send(stream, Said::Message(message), class);
        }
    }

    pub(super) fn hand_over_to_newest(&mut self) {
        if let Some(stream) = self.newest_listening() {
            self.hand_over(stream);
        }
    }

    /// What waited for a stream to be said on is said on this one.
    fn hand_over(&mut self, stream: usize) {
        let waits = |event: &&mut Event| event.stream.is_none() && event.waits();
        let mut waiting = Vec::new();
        for event in self.events.iter_mut().filter(waits) {
            waiting.push(event.clone());
            event.place = Place::Gone;
        }
        self.events.extend(waiting.into_iter().map(|event| Event { stream: Some(stream), ..event }));
    }

    /// Says something on a stream, as far as there is room.
    pub(super) fn send(&mut self, stream: Option<usize>, said: Said, class: Class) {
        let event = Event { stream, said, class, place: Place::Waiting, id: None };
        if self.make_room(&event) {
            self.events.push(event);
        }
    }

    /// Makes room: first goes what was sent, then progress and log, then changes, and nothing for the sake of
    /// what matters less.
    fn make_room(&mut self, new: &Event) -> bool {
        loop {
            let held = || self.events.iter().filter(|event| event.place != Place::Gone);
            let events = held().count() + 1;
            let bytes = held().map(Event::weight).sum::<usize>() + new.weight();
            if events <= self.bounds.events_max && bytes <= self.bounds.bytes_max {
                return true;
            }
            let first = |goes: &dyn Fn(&Event) -> bool| self.events.iter().position(goes);
            let waiting = |class| {
                let waits = move |event: &Event| event.waits() && event.class == class;
                // What is on a stream, and then what waits for one.
                first(&|event| waits(event) && event.stream.is_some()).or_else(|| first(&waits))
            };
            let victim = first(&|event| event.place == Place::Sent)
                .or_else(|| waiting(Class::Lossy))
                .or_else(|| waiting(Class::Coalesce).filter(|_| new.class == Class::Must));
            match victim {
                Some(victim) => self.events[victim].place = Place::Gone,
                None if new.class != Class::Must => return false,
                None if waiting(Class::Must).is_none() => return true,
                None => {
                    self.end();
                    return false;
                }
            }
        }
    }

    /// A connection looks what there is for it, at most this many events.
    pub(crate) fn read(&mut self, connection: usize, most: usize) -> Read {
        let Connection { stream, state, .. } = self.connections[connection];
        let mut read = Read { events: Vec::new(), retry: None, has_ended: false };
        if matches!(state, State::Open | State::Pausing(_)) {
            for (number, event) in self.events.iter_mut().enumerate() {
                if !event.waits_on(stream) {
                    continue;
                }
                if read.events.len() == most {
                    return read;
                }
                event.place = Place::Sent;
                read.events.push((number, event.said.clone()));
            }
        }
        if let State::Pausing(retry) = state {
            read.retry = Some(retry);
        }
        read.has_ended = state != State::Open || self.streams[stream].is_finished;
        if read.has_ended {
            self.detach(connection);
        }
        read
    }

    /// Whether a connection that looks gets anything.
    pub(crate) fn has_news(&self, connection: usize) -> bool {
        let Connection { stream, state, .. } = self.connections[connection];
        let waits = || self.events.iter().any(|event| event.waits_on(stream));
        match state {
            State::Open => waits() || self.streams[stream].is_finished,
            State::Pausing(_) | State::Ending => true,
            State::Over => false,
        }
    }

    /// Its connection has gone. What it was not shown of a stream about no call is said elsewhere.
    pub(crate) fn detach(&mut self, connection: usize) {
        if !self.connections[connection].is_open() {
            return;
        }
        self.connections[connection].state = State::Over;
        self.used = self.now;
        let stream = self.connections[connection].stream;
        if self.streams[stream].of_call.is_some() {
            return;
        }
        for event in self.events.iter_mut().filter(|event| event.waits_on(stream) && event.id.is_none()) {
            match event.said {
                Said::Message(_) => event.stream = None,
                Said::Priming(_) => event.place = Place::Gone,
            }
        }
        self.hand_over_to_newest();
    }

    /// What an event was called when it was first read.
    pub(crate) fn learn(&mut self, event: usize, id: &str) -> Option<String> {
        self.events[event].id.replace(id.into())
    }

    /// The event that a client names, whether or not it is still there.
    pub(super) fn named(&self, id: &str) -> Option<usize> {
        self.events.iter().position(|event| event.id.as_deref() == Some(id))
    }

    /// Whether everything that was shown after an event on its stream is still there.
    pub(super) fn follows_whole(&self, event: usize) -> bool {
        let stream = self.events[event].stream;
        let mut later = self.events.iter().skip(event + 1).filter(|later| later.stream == stream);
        later.all(|later| later.place != Place::Gone || later.id.is_none())
    }

    /// Ends the connection of a stream once it has read what is there.
    pub(super) fn pause(&mut self, stream: usize, retry: u64) {
        for connection in self.connections.iter_mut().filter(|connection| connection.stream == stream) {
            if connection.state == State::Open {
                connection.state = State::Pausing(retry);
            }
        }
    }

    /// What waits for a stream is not said after all.
    pub(super) fn withdraw(&mut self, message: &Value) {
        for event in self.events.iter_mut().filter(|event| event.stream.is_none() && event.says(message)) {
            event.place = Place::Gone;
        }
    }

    pub(crate) fn is_connected(&self, connection: usize) -> bool {
        self.connections[connection].is_open()
    }

    /// Nothing is kept any more.
    pub(super) fn forget_events(&mut self) {
        self.events.iter_mut().for_each(|event| event.place = Place::Gone);
    }
}
