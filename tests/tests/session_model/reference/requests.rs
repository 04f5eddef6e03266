//! What clients send, and what is answered at once.

use serde_json::Value;

use super::{Came, Level, RefSession, outbox::Connection, updated};

/// What a request is answered with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answered {
    /// 202, and nothing else.
    Accepted,
    /// 200, and nothing else.
    Empty,
    /// 200 with a result.
    Result,
    /// A JSON-RPC error.
    Error(u16, i64),
    /// A status without a message.
    Status(u16),
    /// An event stream that this connection reads.
    Stream(usize),
    /// A handler runs.
    Call(usize),
}

/// What `Last-Event-ID` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum After {
    Nothing,
    Id(String),
}

const NOT_FOUND: Answered = Answered::Error(404, -32001);
const INVALID: Answered = Answered::Error(400, -32600);

impl RefSession {
    /// SES-06: what is over is not found.
    fn found(&mut self) -> Option<Answered> {
        self.used = self.now;
        self.is_over.then_some(NOT_FOUND)
    }

    pub(crate) fn request_call(
        &mut self,
        id: Value,
        takes_stream: bool,
        progress_token: Option<Value>,
        expires: u64,
    ) -> Answered {
        if let Some(refused) = self.found() {
            return refused;
        }
        if self.is_running(&id) {
            return INVALID;
        }
        match self.begin_call(id, takes_stream, progress_token, expires) {
            Some(call) => Answered::Call(call),
            None => Answered::Error(503, -32603),
        }
    }

    /// `ping`, and lists.
    pub(crate) fn request_simple(&mut self, id: &Value) -> Answered {
        match self.found() {
            Some(refused) => refused,
            None if self.is_running(id) => INVALID,
            None => Answered::Result,
        }
    }

    /// LIF-15.
    pub(crate) fn request_initialize(&mut self) -> Answered {
        self.found().unwrap_or(INVALID)
    }

    pub(crate) fn request_level(&mut self, id: &Value, level: Level) -> Answered {
        let answered = self.request_simple(id);
        if answered == Answered::Result {
            self.level = level;
        }
        answered
    }

    /// `exists`: whether there is such a resource.
    pub(crate) fn request_subscribe(&mut self, id: &Value, uri: &str, exists: bool) -> Answered {
        let answered = self.request_simple(id);
        if answered != Answered::Result || self.subscriptions.iter().any(|own| own == uri) {
            return answered;
        }
        if !exists {
            return Answered::Error(200, -32002);
        }
        if self.subscriptions.len() >= self.bounds.subscriptions_max {
            return Answered::Error(200, -32602);
        }
        self.subscriptions.push(uri.into());
        answered
    }

    pub(crate) fn request_unsubscribe(&mut self, id: &Value, uri: &str, exists: bool) -> Answered {
        let answered = self.request_simple(id);
        if answered != Answered::Result {
            return answered;
        }
        if !exists {
            return Answered::Error(200, -32002);
        }
        self.subscriptions.retain(|own| own != uri);
        self.withdraw(&updated(uri));
        answered
    }

    pub(crate) fn accept_initialized(&mut self) -> Answered {
        self.found().unwrap_or_else(|| {
            self.is_ready = true;
            self.hand_over_to_newest();
            Answered::Accepted
        })
    }

    pub(crate) fn accept_cancelled(&mut self, request_id: &Value) -> Answered {
        self.found().unwrap_or_else(|| {
            self.cancel(request_id);
            Answered::Accepted
        })
    }

    /// A notification that means nothing to a server.
    pub(crate) fn accept_other(&mut self) -> Answered {
        self.found().unwrap_or(Answered::Accepted)
    }

    /// A response; `came` is `None` for one with both a result and an error, or neither.
    pub(crate) fn accept_response(&mut self, id: u64, came: Option<Came>) -> Answered {
        if let Some(refused) = self.found() {
            return refused;
        }
        let Some(came) = came else {
            return INVALID;
        };
        self.answer(id, came);
        Answered::Accepted
    }

    pub(crate) fn get(&mut self, after: &After, takes_stream: bool, expires: u64) -> Answered {
        if let Some(refused) = self.found() {
            return refused;
        }
        if !takes_stream {
            return Answered::Error(406, -32600);
        }
        let resumed = match after {
            After::Nothing => None,
            After::Id(id) => match self.named(id) {
                None => return INVALID,
                Some(event) => Some(event).filter(|event| self.follows_whole(*event)),
            },
        };
        if let Some(event) = resumed {
            return Answered::Stream(self.resume_stream(event, expires));
        }
        if self.connections.iter().filter(|connection| Connection::is_open(connection)).count()
            >= self.bounds.streams_max
        {
            return Answered::Status(429);
        }
        Answered::Stream(self.begin_stream(None, expires))
    }

    pub(crate) fn delete(&mut self) -> Answered {
        self.found().unwrap_or_else(|| {
            self.end();
            Answered::Empty
        })
    }
}
