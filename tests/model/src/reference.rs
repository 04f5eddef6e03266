//! What a session does, said as plainly as it can be: lists, and no thought for speed.
//!
//! Written from the protocol (basic/transports, basic/lifecycle, utilities/cancellation and
//! utilities/progress of each revision) and from what this server promises on top. It shares no code with
//! the machine that it is compared with.

mod calls;
mod outbox;
mod requests;

use std::collections::VecDeque;

use serde_json::Value;

pub use self::requests::is_event_id;
use self::{
    calls::{Ask, Call},
    outbox::{Connection, Event, Stream},
};
pub(crate) use self::{
    calls::{Asking, Came, Ended, Level, Note, Question, Quiet, Told},
    outbox::{Class, Said},
    requests::{After, Answered},
};

/// The revisions that have sessions, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Revision {
    A,
    B,
    C,
    D,
}

impl Revision {
    pub(crate) const ALL: [Self; 4] = [Self::A, Self::B, Self::C, Self::D];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::A => "2024-11-05",
            Self::B => "2025-03-26",
            Self::C => "2025-06-18",
            Self::D => "2025-11-25",
        }
    }
}

/// What a session may hold, and for how long; times in microseconds.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    pub(crate) events_max: usize,
    pub(crate) bytes_max: usize,
    pub(crate) streams_max: usize,
    pub(crate) calls_max: usize,
    pub(crate) asks_max: usize,
    pub(crate) subscriptions_max: usize,
    pub(crate) idle_micros: u64,
    pub(crate) life_micros: u64,
    pub(crate) ask_micros: u64,
    pub(crate) heartbeat_micros: u64,
    pub(crate) retry_millis: u64,
    /// An event is shown once somebody else has it.
    pub(crate) keeps_events_elsewhere: bool,
}

/// A change that concerns no call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    Tools,
    Prompts,
    Resources,
    Updated(String),
    Log(Level, String),
}

/// One session.
#[derive(Debug)]
pub(crate) struct RefSession {
    revision: Revision,
    bounds: Bounds,
    /// What the client said it can be asked.
    declared: Vec<Question>,
    /// `notifications/initialized` has come.
    is_ready: bool,
    is_over: bool,
    level: Level,
    subscriptions: Vec<String>,
    calls: Vec<Call>,
    asks: Vec<Ask>,
    /// The questions that were answered and whose handlers have not heard of it, in that order.
    answers: Vec<usize>,
    streams: Vec<Stream>,
    connections: Vec<Connection>,
    /// Everything that was ever to be sent, oldest first.
    events: Vec<Event>,
    /// Those that somebody else has to be given, in this order.
    to_store: VecDeque<usize>,
    now: u64,
    opened: u64,
    used: u64,
}

impl RefSession {
    pub(crate) fn open(revision: Revision, bounds: Bounds, declared: Vec<Question>, now: u64) -> Self {
        Self {
            revision,
            bounds,
            declared,
            is_ready: false,
            is_over: false,
            level: Level::Info,
            subscriptions: Vec::new(),
            calls: Vec::new(),
            asks: Vec::new(),
            answers: Vec::new(),
            streams: Vec::new(),
            connections: Vec::new(),
            events: Vec::new(),
            to_store: VecDeque::new(),
            now,
            opened: now,
            used: now,
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    pub(crate) fn revision(&self) -> Revision {
        self.revision
    }

    /// Nothing runs and nothing is open.
    pub(crate) fn is_idle(&self) -> bool {
        !self.calls.iter().any(Call::runs) && !self.connections.iter().any(Connection::is_open)
    }

    /// Streams end without a final message, calls are cancelled, nobody waits any more.
    pub(crate) fn end(&mut self) {
        self.is_over = true;
        self.connections.iter_mut().for_each(Connection::cut);
        self.forget_events();
        self.asks.iter_mut().for_each(|ask| ask.come(Came::Gone));
    }

    /// Streams that belong to no call end; the session stays.
    pub(crate) fn release_streams(&mut self) {
        for connection in &mut self.connections {
            if self.streams[connection.stream].of_call.is_none() {
                connection.cut();
            }
        }
    }

    /// The application has something to say that concerns no call.
    pub(crate) fn notify(&mut self, change: &Change) {
        if self.is_over {
            return;
        }
        let (message, class) = match change {
            Change::Tools => (notification("notifications/tools/list_changed", None), Class::Coalesce),
            Change::Prompts => (notification("notifications/prompts/list_changed", None), Class::Coalesce),
            Change::Resources => {
                (notification("notifications/resources/list_changed", None), Class::Coalesce)
            }
            Change::Updated(uri) if self.subscriptions.contains(uri) => (updated(uri), Class::Coalesce),
            Change::Log(level, data) if *level >= self.level => {
                (notification("notifications/message", Some(level.message(data))), Class::Lossy)
            }
            Change::Updated(_) | Change::Log(..) => return,
        };
        self.send_about_no_call(message, class);
    }

    /// Time passes, and with it what was to happen by now. `unix` is the other clock, in seconds.
    pub(crate) fn pass(&mut self, now: u64, unix: u64) {
        self.now = now;
        if self.is_over {
            return;
        }
        // What runs or is open is in use all the time.
        if !self.is_idle() {
            self.used = now;
        }
        if now >= self.opened + self.bounds.life_micros || now >= self.used + self.bounds.idle_micros {
            self.end();
            return;
        }
        for connection in self.connections.iter_mut().filter(|connection| connection.expires <= unix) {
            connection.cut();
        }
        self.time_out_asks();
    }

    /// When time brings something next.
    pub(crate) fn due(&self) -> Option<u64> {
        if self.is_over {
            return None;
        }
        let life = self.opened + self.bounds.life_micros;
        let idle = self.is_idle().then_some(self.used + self.bounds.idle_micros);
        let asks = self.asks.iter().filter_map(Ask::due);
        asks.chain(idle).chain([life]).min()
    }
}

fn updated(uri: &str) -> Value {
    notification("notifications/resources/updated", Some(serde_json::json!({"uri": uri})))
}

/// A JSON-RPC notification.
fn notification(method: &str, params: Option<Value>) -> Value {
    let mut message = serde_json::json!({"jsonrpc": "2.0", "method": method});
    if let Some(params) = params {
        message["params"] = params;
    }
    message
}
