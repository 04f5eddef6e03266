//! Calls that run in a session, and what their handlers ask the client.

use serde_json::{Value, json};

use super::{
    RefSession, Revision, notification,
    outbox::{Class, Said},
};

/// How serious a log message is (RFC 5424, LOGG-02).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Debug,
    Info,
    Notice,
    Warning,
    Error,
    Critical,
    Alert,
    Emergency,
}

impl Level {
    pub(crate) const ALL: [Self; 8] = [
        Self::Debug,
        Self::Info,
        Self::Notice,
        Self::Warning,
        Self::Error,
        Self::Critical,
        Self::Alert,
        Self::Emergency,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Alert => "alert",
            Self::Emergency => "emergency",
        }
    }

    pub(super) fn message(self, data: &str) -> Value {
        json!({"level": self.name(), "data": data})
    }
}

/// What a handler tells while it runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Note {
    Progress(u32),
    Log(Level, String),
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// The answer has become a stream; the connection.
    Opened(usize),
    Queued,
    Suppressed(Quiet),
}

/// Why nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quiet {
    NoProgressToken,
    NotIncreasing,
    BelowLogLevel,
    NoStream,
    /// The client has cancelled the call, or the session is over.
    Over,
}

/// What a client can be asked, each named by what it declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    Sample,
    SampleWithTools,
    ElicitForm,
    ElicitUrl,
    ListRoots,
}

impl Question {
    pub(crate) const ALL: [Self; 5] =
        [Self::Sample, Self::SampleWithTools, Self::ElicitForm, Self::ElicitUrl, Self::ListRoots];

    /// The first revision that has it (ELI-05, ELI-06, SAM-01).
    fn since(self) -> Revision {
        match self {
            Self::Sample | Self::ListRoots => Revision::A,
            Self::ElicitForm => Revision::C,
            Self::ElicitUrl | Self::SampleWithTools => Revision::D,
        }
    }

    /// A client that can be asked with tools can be asked without.
    fn is_declared(self, declared: &[Self]) -> bool {
        declared.contains(&self) || self == Self::Sample && declared.contains(&Self::SampleWithTools)
    }

    pub(crate) fn method(self) -> &'static str {
        match self {
            Self::Sample | Self::SampleWithTools => "sampling/createMessage",
            Self::ElicitForm | Self::ElicitUrl => "elicitation/create",
            Self::ListRoots => "roots/list",
        }
    }
}

/// What becomes of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asking {
    /// Sent, under this id; the connection, where the answer became a stream for it.
    Asked(Asked),
    /// The client takes no stream.
    NoStream,
    /// The client did not say that it can be asked, or its revision knows nothing of it.
    Undeclared,
    /// Too many are unanswered.
    Crowded,
    /// The call is cancelled, or the session over.
    Over,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) id: u64,
    pub(crate) opened: Option<usize>,
}

/// What comes back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Came {
    Result(Value),
    Error(i64, String),
    TimedOut,
    Gone,
}

/// How an answer ends.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ended {
    /// It is one document.
    Whole(Value),
    /// It is on the stream, or nothing is.
    Queued,
    /// The client cancelled it and nothing was begun: nothing is said, on a stream that ends at once.
    Nothing,
    /// The client cancelled it and takes no stream.
    Cancelled,
    /// The session is over.
    NotFound,
}

#[derive(Debug)]
pub(super) struct Call {
    request_id: Value,
    takes_stream: bool,
    progress_token: Option<Value>,
    progress: Option<u32>,
    stream: Option<usize>,
    state: State,
    /// When the token of the request is over, in seconds.
    expires: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Running,
    Cancelled,
    Finished,
}

impl Call {
    /// Its handler has not come to an end.
    pub(super) fn runs(&self) -> bool {
        self.state != State::Finished
    }
}

#[derive(Debug)]
pub(super) struct Ask {
    call: usize,
    id: u64,
    until: u64,
    /// What came back first.
    came: Option<Came>,
}

impl Ask {
    /// When it is too late to answer.
    pub(super) fn due(&self) -> Option<u64> {
        self.came.is_none().then_some(self.until)
    }

    pub(super) fn come(&mut self, came: Came) {
        self.came.get_or_insert(came);
    }
}

impl RefSession {
    /// A call begins. `None`: there are too many.
    pub(super) fn begin_call(
        &mut self,
        request_id: Value,
        takes_stream: bool,
        progress_token: Option<Value>,
        expires: u64,
    ) -> Option<usize> {
        if self.calls.iter().filter(|call| call.runs()).count() >= self.bounds.calls_max {
            return None;
        }
        self.calls.push(Call {
            request_id,
            takes_stream,
            progress_token,
            progress: None,
            stream: None,
            state: State::Running,
            expires,
        });
        Some(self.calls.len() - 1)
    }

    pub(crate) fn is_running(&self, request_id: &Value) -> bool {
        self.calls.iter().any(|call| call.state == State::Running && call.request_id == *request_id)
    }

    pub(super) fn cancel(&mut self, request_id: &Value) {
        let named = |call: &Call| call.state == State::Running && call.request_id == *request_id;
        let Some(number) = self.calls.iter().position(named) else {
            return;
        };
        self.calls[number].state = State::Cancelled;
        self.forget_asks(number);
        if let Some(stream) = self.calls[number].stream {
            self.take_back(stream);
        }
    }

    /// Nobody waits for the answers any more.
    fn forget_asks(&mut self, call: usize) {
        self.asks.iter_mut().filter(|ask| ask.call == call).for_each(|ask| ask.come(Came::Gone));
    }

    /// The stream of a call, begun if need be.
    fn stream_of(&mut self, call: usize) -> (usize, Option<usize>) {
        if let Some(stream) = self.calls[call].stream {
            return (stream, None);
        }
        let connection = self.begin_stream(Some(call), self.calls[call].expires);
        let stream = self.connections[connection].stream;
        self.calls[call].stream = Some(stream);
        (stream, Some(connection))
    }

    /// The call was silent for so long that its answer becomes a stream. The connection, if that is new.
    pub(crate) fn open_stream(&mut self, call: usize) -> Option<usize> {
        let may = self.calls[call].takes_stream && self.calls[call].state == State::Running && !self.is_over;
        if may { self.stream_of(call).1 } else { None }
    }

    pub(crate) fn tell(&mut self, call: usize, note: &Note) -> Told {
        let own = &mut self.calls[call];
        if self.is_over || own.state != State::Running {
            return Told::Suppressed(Quiet::Over);
        }
        if !own.takes_stream {
            return Told::Suppressed(Quiet::NoStream);
        }
        let message = match note {
            Note::Progress(progress) => {
                let Some(token) = &own.progress_token else {
                    return Told::Suppressed(Quiet::NoProgressToken);
                };
                // PROG-03.
                if own.progress.is_some_and(|last| last >= *progress) {
                    return Told::Suppressed(Quiet::NotIncreasing);
                }
                own.progress = Some(*progress);
                let params = json!({"progressToken": token, "progress": f64::from(*progress)});
                notification("notifications/progress", Some(params))
            }
            Note::Log(level, _) if *level < self.level => return Told::Suppressed(Quiet::BelowLogLevel),
            Note::Log(level, data) => notification("notifications/message", Some(level.message(data))),
        };
        let (stream, opened) = self.stream_of(call);
        self.send(Some(stream), Said::Message(message), Class::Lossy);
        opened.map_or(Told::Queued, Told::Opened)
    }

    pub(crate) fn ask(&mut self, call: usize, question: Question, params: &Value) -> Asking {
        let own = &self.calls[call];
        if self.is_over || own.state != State::Running {
            return Asking::Over;
        }
        if !question.is_declared(&self.declared) || self.revision < question.since() {
            return Asking::Undeclared;
        }
        if self.asks.iter().filter(|ask| ask.came.is_none()).count() >= self.bounds.asks_max {
            return Asking::Crowded;
        }
        if !own.takes_stream {
            return Asking::NoStream;
        }
        let id = self.asks.len() as u64 + 1;
        let (stream, opened) = self.stream_of(call);
        let until = self.now + self.bounds.ask_micros;
        self.asks.push(Ask { call, id, until, came: None });
        let mut message = json!({"jsonrpc": "2.0", "id": id, "method": question.method()});
        if params.as_object().is_some_and(|params| !params.is_empty()) {
            message["params"] = params.clone();
        }
        self.send(Some(stream), Said::Message(message), Class::Must);
        Asking::Asked(Asked { id, opened })
    }

    pub(super) fn answer(&mut self, id: u64, came: Came) {
        let Some(number) = self.asks.iter().position(|ask| ask.id == id && ask.came.is_none()) else {
            return;
        };
        self.asks[number].come(came);
        self.answers.push(number);
    }

    /// LIF-11: who does not answer in time is told that nobody waits any more.
    pub(super) fn time_out_asks(&mut self) {
        for number in 0..self.asks.len() {
            let ask = &mut self.asks[number];
            if ask.came.is_some() || ask.until > self.now {
                continue;
            }
            ask.come(Came::TimedOut);
            self.answers.push(number);
            let stream = self.calls[ask.call].stream;
            let params = json!({"requestId": ask.id, "reason": "The answer took too long"});
            let message = notification("notifications/cancelled", Some(params));
            self.send(stream, Said::Message(message), Class::Must);
        }
    }

    /// What a handler hears next: what came back for one of its questions, in the order in which it came.
    pub(crate) fn hears(&mut self, call: usize) -> Option<(u64, Came)> {
        let place = self.answers.iter().position(|number| self.asks[*number].call == call)?;
        let ask = &self.asks[self.answers.remove(place)];
        ask.came.clone().map(|came| (ask.id, came))
    }

    /// Whether a handler that looks hears anything.
    pub(crate) fn would_hear(&self, call: usize) -> bool {
        self.is_cancelled(call) || self.answers.iter().any(|number| self.asks[*number].call == call)
    }

    /// Whether the handler is to stop.
    pub(crate) fn is_cancelled(&self, call: usize) -> bool {
        self.is_over || self.calls[call].state == State::Cancelled
    }

    /// SSE-04: the connection ends and the call goes on. The connection, where the answer became a stream by
    /// that.
    pub(crate) fn close_stream(&mut self, call: usize, retry: u64) -> Option<usize> {
        let Call { takes_stream, state, .. } = self.calls[call];
        if self.is_over || !takes_stream || state != State::Running || self.revision != Revision::D {
            return None;
        }
        let (stream, opened) = self.stream_of(call);
        self.pause(stream, retry);
        opened
    }

    /// The handler has come to an end; `message` is the response that says so.
    pub(crate) fn finish(&mut self, call: usize, message: Value) -> Ended {
        let was = std::mem::replace(&mut self.calls[call].state, State::Finished);
        self.used = self.now;
        self.forget_asks(call);
        let Some(stream) = self.calls[call].stream else {
            return match was {
                _ if self.is_over => Ended::NotFound,
                State::Cancelled if self.calls[call].takes_stream => Ended::Nothing,
                State::Cancelled => Ended::Cancelled,
                State::Running | State::Finished => Ended::Whole(message),
            };
        };
        if !self.is_over && was == State::Running {
            self.send(Some(stream), Said::Message(message), Class::Must);
        }
        self.streams[stream].is_finished = true;
        Ended::Queued
    }
}
