//! One stream of a session: the events that it keeps, and the connection that they are sent on.

use std::collections::VecDeque;

use bytes::Bytes;
use smallvec::SmallVec;

use super::{
    change::Key,
    event::{Class, EventId, StreamHandle},
};
use crate::{
    auth::scope::{Requirement, Scopes},
    sse,
    time::{Tick, UnixSeconds},
};

/// What a stream is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// All there is about one call, or the calls of a batch; ends with the last answer.
    Call,
    /// What is about no call.
    Standalone,
    /// Everything, for a client of 2024-11-05; cannot be resumed.
    Legacy,
}

/// On what terms a client gets a stream.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    /// When the token is over that the connection was opened with.
    pub(crate) until: UnixSeconds,
    /// What that token grants; `None` on a server without authentication.
    pub(crate) granted: Option<Scopes>,
}

impl Terms {
    /// Whether somebody with these terms may have what needs all of this.
    pub(super) fn permit(&self, needs: &[Requirement]) -> bool {
        match &self.granted {
            Some(granted) => needs.iter().all(|needs| needs.satisfied_by(granted)),
            None => needs.iter().all(Requirement::is_empty),
        }
    }
}

/// What there is to be granted before one may have something. Most calls come alone.
pub(super) type Needs = SmallVec<[Requirement; 1]>;

/// Why a connection's stream is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closing {
    /// Without a word.
    Quietly,
    /// With a hint when to connect again, in milliseconds (SSE-06).
    Retry(u32),
}

pub(super) struct Stream {
    pub(super) number: u64,
    pub(super) purpose: Purpose,
    /// What whoever is sent any of it needs.
    pub(super) needs: Needs,
    pub(super) events: VecDeque<Kept>,
    /// The sequence of the next event.
    pub(super) next: u64,
    /// Up to where the present or last connection was sent events.
    pub(super) sent: u64,
    /// Up to where any connection was.
    pub(super) shown: u64,
    /// Up to where events were given up.
    pub(super) evicted: u64,
    pub(super) connection: Option<Connection>,
    pub(super) connections: u32,
    /// Its last message is there.
    pub(super) is_finished: bool,
}

/// An event that is kept.
pub(super) struct Kept {
    pub(super) sequence: u64,
    /// Its age among all events of the session.
    pub(super) order: u64,
    pub(super) class: Class,
    pub(super) key: Option<Key>,
    /// What whoever is sent this needs besides.
    pub(super) needs: Option<Requirement>,
    pub(super) payload: Payload,
    /// It may be shown.
    pub(super) is_stored: bool,
    /// It came back from a store, for one connection: it takes no room of others.
    pub(super) is_guest: bool,
}

/// What an event says.
pub(super) enum Payload {
    /// Nothing yet: it gives the client an id to resume from (SSE-05).
    Prime(u32),
    /// Where to post messages (LSE-02). Holds the session's id.
    Endpoint(Box<str>),
    /// JSON text.
    Message(Bytes),
}

pub(super) struct Connection {
    pub(super) number: u32,
    /// Its age among all events and connections of the session.
    pub(super) age: u64,
    pub(super) terms: Terms,
    pub(super) heartbeat: Tick,
    pub(super) is_heartbeat_due: bool,
    /// Whoever pulls has been told that there is something.
    pub(super) is_woken: bool,
    /// Events before those in memory are being fetched.
    pub(super) is_replaying: bool,
    /// Events behind this one are not to be shown before others have been fetched.
    pub(super) replayed_to: Option<u64>,
    pub(super) closing: Option<Closing>,
}

impl Payload {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Prime(_) => 0,
            Self::Endpoint(path) => path.len(),
            Self::Message(message) => message.len(),
        }
    }
}

impl Connection {
    fn new(number: u32, terms: Terms, heartbeat: Tick, age: u64) -> Self {
        Self {
            number,
            age,
            terms,
            heartbeat,
            is_heartbeat_due: false,
            is_woken: false,
            is_replaying: false,
            replayed_to: None,
            closing: None,
        }
    }
}

impl Connection {
    /// Whether there are events before those in memory that it has not had.
    pub(super) fn is_being_fetched(&self) -> bool {
        self.is_replaying || self.replayed_to.is_some()
    }
}

impl Stream {
    pub(super) fn new(number: u64, purpose: Purpose) -> Self {
        Self {
            number,
            purpose,
            needs: Needs::new(),
            events: VecDeque::new(),
            next: 1,
            sent: 0,
            shown: 0,
            evicted: 0,
            connection: None,
            connections: 0,
            is_finished: false,
        }
    }

    /// A new connection for it, which takes the place of an earlier one.
    pub(super) fn connect(&mut self, terms: Terms, heartbeat: Tick, age: u64) -> StreamHandle {
        self.connections = self.connections.wrapping_add(1);
        self.connection = Some(Connection::new(self.connections, terms, heartbeat, age));
        StreamHandle { stream: self.number, connection: self.connections }
    }

    pub(super) fn handle(&self) -> Option<StreamHandle> {
        let connection = self.connection.as_ref()?;
        Some(StreamHandle { stream: self.number, connection: connection.number })
    }

    pub(super) fn is_on(&self, handle: StreamHandle) -> bool {
        self.handle() == Some(handle)
    }

    /// Whether nothing will ever be asked of it again.
    pub(super) fn is_spent(&self) -> bool {
        let may_be_resumed = match self.purpose {
            Purpose::Call => !self.is_finished || !self.events.is_empty(),
            Purpose::Standalone | Purpose::Legacy => !self.events.is_empty(),
        };
        self.connection.is_none() && !may_be_resumed
    }

    /// The oldest event, if it was sent.
    pub(super) fn oldest_sent(&self) -> Option<&Kept> {
        self.events.front().filter(|event| event.sequence <= self.sent)
    }

    pub(super) fn unsent(&self) -> impl DoubleEndedIterator<Item = &Kept> {
        self.events.iter().filter(|event| event.sequence > self.sent)
    }

    /// Whether there is an event that the connection may be sent now.
    fn has_event(&self, connection: &Connection) -> bool {
        let is_shown = |event: &Kept| {
            event.is_stored && connection.replayed_to.is_none_or(|last| event.sequence <= last)
        };
        let is_told_nothing = connection.is_replaying || connection.closing == Some(Closing::Quietly);
        !is_told_nothing && self.unsent().next().is_some_and(is_shown)
    }

    /// Whether whoever pulls would get something.
    pub(super) fn is_pullable(&self) -> bool {
        let Some(connection) = &self.connection else { return false };
        self.has_event(connection) || connection.is_heartbeat_due || self.is_at_its_end()
    }

    /// Whether the connection's stream ends before anything else is sent.
    pub(super) fn is_at_its_end(&self) -> bool {
        let Some(connection) = &self.connection else { return true };
        let is_complete = || self.is_finished && !connection.is_replaying && self.unsent().next().is_none();
        match connection.closing {
            Some(Closing::Quietly) => true,
            // Nobody can come back who has not been given an id to come back with, which a store may still keep.
            Some(Closing::Retry(_)) => self.shown > 0 && !self.has_event(connection) || is_complete(),
            None => is_complete(),
        }
    }

    /// Whether a further event can be named. Only a store or a client can claim that there are that many.
    pub(super) fn has_names(&self) -> bool {
        self.next < u64::MAX
    }

    /// Whether an event that is not sent has this key.
    pub(super) fn has_unsent(&self, key: &Key) -> bool {
        self.unsent().any(|event| event.key.as_ref() == Some(key))
    }

    /// Appends events that may be shown to `out`, until it has grown by `budget` bytes.
    pub(super) fn write(&mut self, out: &mut Vec<u8>, budget: usize) {
        let Some(connection) = self.connection.as_ref().filter(|connection| self.has_event(connection))
        else {
            return;
        };
        let start = out.len();
        let (number, purpose, sent) = (self.number, self.purpose, self.sent);
        let last = connection.replayed_to.unwrap_or(u64::MAX);
        for event in self.events.iter().skip_while(|event| event.sequence <= sent) {
            if !event.is_stored || event.sequence > last || out.len().saturating_sub(start) >= budget {
                break;
            }
            self.sent = event.sequence;
            let is_permitted =
                event.needs.as_ref().is_none_or(|needs| connection.terms.permit(std::slice::from_ref(needs)));
            if !is_permitted {
                continue;
            }
            let id = EventId { stream: number, sequence: event.sequence };
            match (&event.payload, purpose) {
                (Payload::Prime(retry), _) => sse::prime(out, &id.to_string(), *retry),
                (Payload::Endpoint(path), _) => sse::named(out, "endpoint", path.as_bytes()),
                (Payload::Message(message), Purpose::Legacy) => sse::named(out, "message", message),
                (Payload::Message(message), Purpose::Call | Purpose::Standalone) => {
                    sse::identified(out, &id.to_string(), message);
                }
            }
        }
        self.shown = self.shown.max(self.sent);
    }
}
