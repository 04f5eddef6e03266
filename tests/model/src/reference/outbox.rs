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
    /// It may be shown.
    is_stored: bool,
    /// Whose turn it is among those that wait for a stream: the least goes first.
    turn: i64,
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
    /// It ends when it has read everything, with a hint when to come again, in milliseconds (SSE-06). To come again
    /// takes the id of an event (SSE-03): before there was one, it goes on.
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

    fn is_priming(&self) -> bool {
        matches!(self.said, Said::Priming(_))
    }

    fn must_arrive(&self) -> bool {
        self.waits() && self.class == Class::Must && !self.is_priming()
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
            self.send(Some(stream), Said::Priming(self.bounds.retry_millis), Class::Must);
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

    /// How many connections there are for what concerns no call.
    pub(super) fn listening(&self) -> usize {
        let listens = |connection: &&Connection| {
            connection.is_open() && self.streams[connection.stream].of_call.is_none()
        };
        self.connections.iter().filter(listens).count()
    }

    /// Whether who resumes after an event is one more of those.
    pub(super) fn listens_anew(&self, event: usize) -> bool {
        let stream = self.events[event].stream.expect("what was sent has a stream");
        let is_connected = self.connections.iter().any(|own| own.stream == stream && own.is_open());
        self.streams[stream].of_call.is_none() && !is_connected
    }

    pub(super) fn send_about_no_call(&mut self, message: Value, class: Class) {
        let stream = self.newest_listening();
        // What waits where nobody may ever look again is as good as not said.
        let has_reader = |stream| self.connections.iter().any(|own| own.stream == stream && own.is_open());
        let waits =
            |event: &Event| event.waits() && event.says(&message) && event.stream.is_none_or(has_reader);
        if class != Class::Coalesce || !self.events.iter().any(waits) {
            self.send(stream, Said::Message(message), class);
        }
    }

    pub(super) fn hand_over_to_newest(&mut self) {
        if let Some(stream) = self.newest_listening() {
            self.hand_over(stream);
        }
    }

    /// The first of those that wait for a stream.
    fn next_in_turn(&self, counts: impl Fn(&Event) -> bool) -> Option<usize> {
        let waits = |number: &usize| {
            let event = &self.events[*number];
            event.stream.is_none() && event.waits() && counts(event)
        };
        (0..self.events.len()).filter(waits).min_by_key(|number| self.events[*number].turn)
    }

    /// What waited for a stream to be said on is said on this one; not what it is about to say anyway.
    fn hand_over(&mut self, stream: usize) {
        while let Some(number) = self.next_in_turn(|_| true) {
            let event = self.events[number].clone();
            self.events[number].place = Place::Gone;
            let is_same = |own: &Event| own.waits_on(stream) && own.said == event.said;
            if event.class != Class::Coalesce || !self.events.iter().any(is_same) {
                self.put(Event { stream: Some(stream), ..event });
            }
        }
    }

    /// Says something on a stream, as far as there is room.
    pub(super) fn send(&mut self, stream: Option<usize>, said: Said, class: Class) {
        let turn = self.events.iter().map(|event| event.turn).max().map_or(0, |last| last + 1);
        let event = Event { stream, said, class, place: Place::Waiting, is_stored: false, turn, id: None };
        // A stream without its first event is of no use.
        if self.make_room(&event) || event.is_priming() {
            self.put(event);
        }
    }

    /// What is on a stream is shown once it is stored, where there is a store.
    fn put(&mut self, event: Event) {
        let has_to_be_stored = self.bounds.keeps_events_elsewhere && event.stream.is_some();
        if has_to_be_stored {
            self.to_store.push_back(self.events.len());
        }
        self.events.push(Event { is_stored: !has_to_be_stored, ..event });
    }

    /// What the store is given next, and what it says.
    pub(crate) fn next_to_store(&mut self) -> Option<(usize, Said)> {
        let event = self.to_store.pop_front()?;
        Some((event, self.events[event].said.clone()))
    }

    /// The store has an event, or failed to keep it: then what was shown could not be shown again.
    pub(crate) fn stored(&mut self, event: usize, is_kept: bool) {
        self.events[event].is_stored = true;
        if !is_kept {
            self.end();
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
                first(&|event| waits(event) && event.stream.is_some()).or_else(|| self.next_in_turn(waits))
            };
            let victim = first(&|event| event.place == Place::Sent)
                .or_else(|| waiting(Class::Lossy))
                .or_else(|| waiting(Class::Coalesce).filter(|_| new.class == Class::Must));
            match victim {
                Some(victim) => self.events[victim].place = Place::Gone,
                None if new.class != Class::Must => return false,
                // One always fits.
                None if new.is_priming() || first(&Event::must_arrive).is_none() => return true,
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
            let waiting = self.events.iter_mut().enumerate().filter(|(_, event)| event.waits_on(stream));
            for (number, event) in waiting.take_while(|(_, event)| event.is_stored).take(most) {
                event.place = Place::Sent;
                read.events.push((number, event.said.clone()));
            }
        }
        if read.events.len() == most {
            return read;
        }
        let is_over = self.has_come_to_its_end(stream);
        let may_pause = is_over || !read.events.is_empty() || self.was_read(stream);
        if let State::Pausing(retry) = state
            && may_pause
        {
            read.retry = Some(retry);
            self.connections[connection].cut();
            if most == 1 {
                return read;
            }
        }
        read.has_ended = match state {
            State::Open => is_over,
            State::Pausing(_) => may_pause,
            State::Ending | State::Over => true,
        };
        if read.has_ended {
            self.detach(connection);
        }
        read
    }

    /// Whether everything that there is to read on a stream was read.
    fn has_come_to_its_end(&self, stream: usize) -> bool {
        self.streams[stream].is_finished && !self.events.iter().any(|event| event.waits_on(stream))
    }

    /// Whether an event of a stream was ever read.
    fn was_read(&self, stream: usize) -> bool {
        self.events.iter().any(|event| event.stream == Some(stream) && event.id.is_some())
    }

    /// Whether a connection that looks gets anything.
    pub(crate) fn has_news(&self, connection: usize) -> bool {
        let Connection { stream, state, .. } = self.connections[connection];
        let next = || self.events.iter().find(|event| event.waits_on(stream));
        let goes_on = || next().is_some_and(|event| event.is_stored) || self.has_come_to_its_end(stream);
        match state {
            State::Open => goes_on(),
            State::Pausing(_) => goes_on() || self.was_read(stream),
            State::Ending => true,
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
        // What a store has as an event of this stream stays one.
        if self.streams[stream].of_call.is_some() || self.bounds.keeps_events_elsewhere {
            return;
        }
        // It was its turn before, so it is again.
        let first = self.next_in_turn(|_| true).map_or(0, |first| self.events[first].turn);
        let unseen = |event: &&mut Event| event.waits_on(stream) && event.id.is_none();
        for (place, event) in self.events.iter_mut().rev().filter(unseen).enumerate() {
            match event.said {
                Said::Message(_) => {
                    event.stream = None;
                    event.turn = first - 1 - place as i64;
                }
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

    /// Whether nothing is left of the stream of an event.
    pub(super) fn is_spent(&self, event: usize) -> bool {
        let stream = self.events[event].stream.expect("what was sent has a stream");
        let is_kept = |own: &Event| own.stream == Some(stream) && own.place != Place::Gone;
        let is_connected = self.connections.iter().any(|own| own.stream == stream && own.is_open());
        let Stream { of_call, is_finished } = self.streams[stream];
        !is_connected && !self.events.iter().any(is_kept) && (of_call.is_none() || is_finished)
    }

    /// Whether an id that names no event names a stream of which nothing is left.
    pub(super) fn is_of_spent(&self, id: &str) -> bool {
        let stream_in = |id: &str| id.split_once('-').map(|(stream, _)| stream.to_owned());
        let is_of_same =
            |event: &Event| event.id.as_deref().is_some_and(|own| stream_in(own) == stream_in(id));
        self.events.iter().position(is_of_same).is_some_and(|event| self.is_spent(event))
    }

    /// Whether an event is the last that there will be on its stream.
    pub(super) fn is_the_end(&self, event: usize) -> bool {
        let stream = self.events[event].stream.expect("what was sent has a stream");
        let is_last = self.events.iter().skip(event + 1).all(|later| later.stream != Some(stream));
        self.streams[stream].is_finished && is_last
    }

    /// Ends the connection of a stream once it has read what is there.
    pub(super) fn pause(&mut self, stream: usize, retry: u64) {
        for connection in self.connections.iter_mut().filter(|connection| connection.stream == stream) {
            if connection.state == State::Open {
                connection.state = State::Pausing(retry);
            }
        }
    }

    /// CANC-02: what has not been read on a stream is not said after all.
    pub(super) fn take_back(&mut self, stream: usize) {
        for event in self.events.iter_mut().filter(|event| event.waits_on(stream) && !event.is_priming()) {
            event.place = Place::Gone;
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
