//! The machine under test, driven as a driver drives it, beside the reference.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, StatusCode};
use mcp_proto::{
    BodyRead, Call, Engine, Head, Now, Principal, Response, Step, Tick, UnixSeconds,
    auth::scope::Scopes,
    exchange::{Facts, Reply, SessionStream},
    head::ScannedFields,
    session::{AskId, CallId, Effect, Event, EventId, Party, Session, SessionId, StreamHandle},
};
use serde_json::{Value, json};

use crate::{
    command::Story,
    laws::Transcript,
    reference::{Question, RefSession, Said},
    server::{SECOND, TOKEN_SECONDS, bounds},
};

/// What a request came to.
#[derive(Debug)]
pub(crate) enum Got {
    Response(Response),
    Stream(SessionStream),
    Call(Box<Call>),
}

/// A handler that runs.
pub(crate) struct Handler {
    pub(crate) call: CallId,
    pub(crate) reply: Option<Reply>,
    pub(crate) request_id: u64,
    pub(crate) takes_json: bool,
    /// It has looked since it was woken, and found nothing.
    pub(crate) sleeps: bool,
}

/// A connection that reads a stream.
pub(crate) struct Wire {
    pub(crate) handle: StreamHandle,
    pub(crate) is_open: bool,
    /// The stream that its ids name.
    pub(crate) stream: Option<u64>,
    /// The last id that the client has seen.
    pub(crate) last: Option<EventId>,
    /// It has looked since it was woken, and found nothing.
    pub(crate) sleeps: bool,
    pub(crate) opened: u64,
    /// How often the server said no more than that it is there.
    pub(crate) heartbeats: u64,
}

/// A session of each kind, and what the world around them knows.
pub(crate) struct Machine<'e> {
    engine: &'e Engine,
    pub(crate) session: Session,
    pub(crate) reference: RefSession,
    id: String,
    has_tokens: bool,
    pub(crate) tick: u64,
    pub(crate) handlers: Vec<Handler>,
    pub(crate) wires: Vec<Wire>,
    /// Every event id that was ever seen, with what it stood for.
    pub(crate) shown: BTreeMap<EventId, Value>,
    /// Questions that were asked, with their ids on the wire.
    pub(crate) asked: Vec<(AskId, u64)>,
    /// What the store was given and has not acknowledged.
    pub(crate) pending: Vec<(Event, usize)>,
    pub(crate) transcript: Transcript,
    requests: u64,
    texts: u64,
}

impl<'e> Machine<'e> {
    pub(crate) fn open(engine: &'e Engine, story: &Story) -> Self {
        let tick = 1_000 * SECOND;
        let body = json!({"jsonrpc": "2.0", "id": "open", "method": "initialize", "params": {
            "protocolVersion": story.revision.name(),
            "clientInfo": {"name": "client", "version": "1"},
            "capabilities": capabilities(&story.declared),
        }});
        let body = body.to_string();
        let request = post("application/json, text/event-stream").body(()).expect("a request");
        let mut step = engine.accept(&head(engine, &request), now(tick));
        let (session, response) = loop {
            step = match step {
                Step::Verify(verify) => verify.resolve(facts(tick), now(tick)),
                Step::ReadBody(read) => read.resolve(BodyRead::Complete(body.clone().into()), now(tick)),
                Step::OpenSession(open) => {
                    let id = SessionId::from_entropy(&[7; 32]);
                    match open.open(&id, now(tick)) {
                        Some((session, Step::Respond(response))) => break (session, response),
                        opened => panic!("the handshake comes to {opened:?}"),
                    }
                }
                step => panic!("the handshake comes to {step:?}"),
            };
        };
        assert_eq!(response.status, StatusCode::OK);
        let mut fields = http::HeaderMap::new();
        response.fields.write_to(&mut fields);
        let id = fields["mcp-session-id"].to_str().expect("visible ASCII").to_owned();
        Self {
            engine,
            session,
            reference: RefSession::open(story.revision, bounds(story), story.declared.clone(), tick),
            id,
            has_tokens: story.has_tokens,
            tick,
            handlers: Vec::new(),
            wires: Vec::new(),
            shown: BTreeMap::new(),
            asked: Vec::new(),
            pending: Vec::new(),
            transcript: Transcript::default(),
            requests: 0,
            texts: 0,
        }
    }

    pub(crate) fn engine(&self) -> &'e Engine {
        self.engine
    }

    pub(crate) fn now(&self) -> Now {
        now(self.tick)
    }

    /// When the token of a request that is made now is over.
    pub(crate) fn expires(&self) -> u64 {
        if self.has_tokens { now(self.tick).unix.0 + TOKEN_SECONDS } else { u64::MAX }
    }

    pub(crate) fn next_request_id(&mut self) -> u64 {
        self.requests += 1;
        self.requests
    }

    /// The text that no other log message has.
    pub(crate) fn own_text(&mut self, text: &str) -> String {
        self.texts += 1;
        format!("{} {text}", self.texts)
    }

    pub(crate) fn post(&mut self, accept: &str, body: &Value) -> Got {
        let body = body.to_string();
        let request = post(accept).header("mcp-session-id", &self.id).header("content-length", body.len());
        self.exchange(&request.body(()).expect("a request"), &body)
    }

    pub(crate) fn get(&mut self, accept: &str, last_event_id: Option<&str>) -> Got {
        let mut request = Request::get("/mcp").header("host", "localhost").header("accept", accept);
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let request = request.header("mcp-session-id", &self.id).body(()).expect("a request");
        self.exchange(&request, "")
    }

    pub(crate) fn delete(&mut self) -> Got {
        let request = Request::delete("/mcp").header("host", "localhost").header("mcp-session-id", &self.id);
        self.exchange(&request.body(()).expect("a request"), "")
    }

    fn exchange(&mut self, request: &Request<()>, body: &str) -> Got {
        let now = now(self.tick);
        let mut step = self.engine.accept(&head(self.engine, request), now);
        loop {
            step = match step {
                Step::Verify(verify) => verify.resolve(facts(self.tick), now),
                Step::ReadId(read) => {
                    Step::Respond(read.resolve(BodyRead::Complete(Bytes::from(body.to_owned()))))
                }
                Step::ReadBody(read) => read.resolve(BodyRead::Complete(Bytes::from(body.to_owned())), now),
                Step::FindSession(find) => {
                    assert_eq!(find.id().map(SessionId::reveal).as_ref(), Some(&self.id));
                    find.resolve(Some(&mut self.session), now)
                }
                Step::UseSession(session) => session.resolve(Some(&mut self.session), now),
                Step::Respond(response) => return Got::Response(response),
                Step::Stream(stream) => return Got::Stream(stream),
                Step::Call(call) => return Got::Call(call),
                Step::Probe(_) | Step::Filter(_) | Step::OpenSession(_) => {
                    panic!("a request in a session comes to {step:?}")
                }
            };
        }
    }

    /// A connection begins to read a stream.
    pub(crate) fn connected(&mut self, handle: StreamHandle) {
        self.wires.push(Wire {
            handle,
            is_open: true,
            stream: None,
            last: None,
            sleeps: false,
            opened: self.tick,
            heartbeats: 0,
        });
    }

    /// A handler begins.
    pub(crate) fn begun(&mut self, call: Call, request_id: u64, takes_json: bool) -> Result<(), String> {
        let name = call.session.ok_or("a call in a session has a name there")?;
        let reply = Some(call.reply);
        self.handlers.push(Handler { call: name, reply, request_id, takes_json, sleeps: true });
        Ok(())
    }

    /// Does what the session asks for, as far as that is to be done at once.
    pub(crate) fn drain_effects(&mut self) -> Result<(), String> {
        while let Some(effect) = self.session.poll_effect() {
            match effect {
                Effect::Wake(Party::Stream(handle)) => {
                    for wire in self.wires.iter_mut().filter(|wire| wire.handle == handle) {
                        wire.sleeps = false;
                    }
                }
                Effect::Wake(Party::Call(call)) => {
                    for handler in self.handlers.iter_mut().filter(|handler| handler.call == call) {
                        handler.sleeps = false;
                    }
                }
                Effect::Append(event) => self.store(event)?,
                Effect::Replay { .. } => return Err("nothing is missing".into()),
                Effect::Save => {}
            }
        }
        match self.reference.next_to_store() {
            Some((_, said)) if !self.session.is_over() => Err(format!("{said:?} is not stored")),
            _ => Ok(()),
        }
    }

    /// The store is given an event, and keeps it for later.
    fn store(&mut self, event: Event) -> Result<(), String> {
        let (number, said) = self.reference.next_to_store().ok_or("nothing was to be stored")?;
        // Before the message is a line with what it takes to be shown it.
        let message = event.message.splitn(2, |byte| *byte == b'\n').last().unwrap_or_default();
        let is_same = match said {
            Said::Priming(_) => message.is_empty(),
            Said::Message(expected) => {
                serde_json::from_slice(message).is_ok_and(|message: Value| message == expected)
            }
        };
        if !is_same {
            return Err(format!("stored: expected {number}, got {:?}", event.message));
        }
        self.pending.push((event, number));
        Ok(())
    }
}

fn now(tick: u64) -> Now {
    Now { tick: Tick(tick), unix: UnixSeconds(tick / SECOND) }
}

fn facts(tick: u64) -> Facts {
    let expires = UnixSeconds(tick / SECOND + TOKEN_SECONDS);
    Facts::Accepted(Principal::new("issuer", "subject", "client", Scopes::parse(""), expires).into())
}

fn post(accept: &str) -> http::request::Builder {
    Request::post("/mcp")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("accept", accept)
}

fn head<'r>(engine: &Engine, request: &'r Request<()>) -> Head<'r, ScannedFields<'r>> {
    Head::new(request, engine.route(request.uri().path()))
}

/// What a client says that can be asked all this. `{}` for elicitation means forms (ELI-03).
fn capabilities(declared: &[Question]) -> Value {
    let has = |question| declared.contains(&question);
    let mut capabilities = json!({});
    if has(Question::SampleWithTools) {
        capabilities["sampling"] = json!({"tools": {}});
    } else if has(Question::Sample) {
        capabilities["sampling"] = json!({});
    }
    match (has(Question::ElicitForm), has(Question::ElicitUrl)) {
        (false, false) => {}
        (true, false) => capabilities["elicitation"] = json!({}),
        (false, true) => capabilities["elicitation"] = json!({"url": {}}),
        (true, true) => capabilities["elicitation"] = json!({"form": {}, "url": {}}),
    }
    if has(Question::ListRoots) {
        capabilities["roots"] = json!({"listChanged": true});
    }
    capabilities
}
