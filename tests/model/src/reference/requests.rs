//! What clients send, and what is answered at once.

use serde_json::Value;

use super::{Came, Level, RefSession, updated};

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

/// Whether a text is two decimal numbers, each written in the one way that there is, neither of them 0.
#[must_use]
pub fn is_event_id(text: &str) -> bool {
    let is_number = |digits: &str| {
        digits.bytes().all(|digit| digit.is_ascii_digit())
            && !digits.starts_with('0')
            && digits.parse::<u64>().is_ok()
    };
    text.split_once('-').is_some_and(|(stream, sequence)| is_number(stream) && is_number(sequence))
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
    pub(crate) fn request_simple(&mut self) -> Answered {
        self.found().unwrap_or(Answered::Result)
    }

    /// LIF-15.
    pub(crate) fn request_initialize(&mut self) -> Answered {
        self.found().unwrap_or(INVALID)
    }

    pub(crate) fn request_level(&mut self, level: Level) -> Answered {
        let answered = self.request_simple();
        if answered == Answered::Result {
            self.level = level;
        }
        answered
    }

    /// `exists`: whether there is such a resource.
    pub(crate) fn request_subscribe(&mut self, uri: &str, exists: bool) -> Answered {
        let answered = self.request_simple();
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

    /// Also from a resource that there is no more.
    pub(crate) fn request_unsubscribe(&mut self, uri: &str) -> Answered {
        let answered = self.request_simple();
        if answered != Answered::Result {
            return answered;
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
                // Of a stream of which nothing is left nobody knows how far it went.
                None if is_event_id(id) && self.is_of_spent(id) => None,
                None => return INVALID,
                Some(event) if self.is_spent(event) => None,
                // There is nothing more, and a client that is told so does not come again.
                Some(event) if self.is_the_end(event) => return INVALID,
                // What is left has to do.
                Some(event) => Some(event),
            },
        };
        // A connection that takes the place of another is not one more.
        let is_more = resumed.is_none_or(|event| self.listens_anew(event));
        if is_more && self.listening() >= self.bounds.streams_max {
            return Answered::Status(429);
        }
        Answered::Stream(match resumed {
            Some(event) => self.resume_stream(event, expires),
            None => self.begin_stream(None, expires),
        })
    }

    pub(crate) fn delete(&mut self) -> Answered {
        self.found().unwrap_or_else(|| {
            self.end();
            Answered::Empty
        })
    }
}
