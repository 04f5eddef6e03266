//! Sessions of the walk: each is opened as clients open them, by a handshake, and then lives up to when a
//! request for it comes.

use bytes::Bytes;
use http::{HeaderValue, Method};
use mcp_proto::{
    Engine, Head, Now, Reply, Step,
    exchange::{BodyRead, LogLevel, Notification, Told},
    head::{Field, Fields, Framing, Name, ParamFields, Target},
    session::{CallId, Pull, Session, SessionId, StreamHandle},
};
use mcp_walk::draw::Draw;
use serde_json::{Value, json};

use crate::{
    answer::{Event, events},
    case::Case,
    fields::{ENTROPY, OURS},
    scene::{CALLS_MAX, STREAMS_MAX, SUBSCRIPTIONS_MAX, Scene, State},
    surface::Revision,
};

/// What is subscribed to where nothing more may be.
pub(crate) const SUBSCRIBED: [&str; SUBSCRIPTIONS_MAX] = ["file:///a", "note://7"];
/// So many events a call has sent in [`State::Told`], with the one that only says where a stream begins.
pub(crate) const TOLD_EVENTS: usize = 3;
/// So many bytes are taken from a stream at once.
const BUDGET: usize = 64 << 10;

/// What each client says of itself in its handshake.
pub(crate) fn client_of_session() -> (Value, Value) {
    (json!({"roots": {"listChanged": true}}), json!({"name": "kept", "version": "1"}))
}

/// A session, and what runs in it.
pub(crate) struct Kept {
    pub(crate) session: Session,
    /// The first of the calls that run.
    pub(crate) running: Option<CallId>,
    /// The stream on which all answers go, where there is such a stream (LSE-04).
    pub(crate) stream: Option<StreamHandle>,
    /// The ids of the first and of the last event of what a call has told.
    pub(crate) told: Option<(String, String)>,
    /// What runs goes on as long as its reply is there.
    replies: Vec<Reply>,
}

impl Kept {
    /// The session that the request belongs to, if it is the caller's and still there.
    pub(crate) fn open(engine: &Engine, case: &Case<'_>) -> Self {
        let client = Client { engine, case, is_old: case.path() == "/messages" };
        let mut kept = if client.is_old { client.connect() } else { client.initialize() };
        if !matches!(case.state(), State::Fresh) {
            client.send(
                &mut kept,
                r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
                case.opened(),
            );
        }
        client.live(&mut kept);
        kept
    }

    /// Everything that can be taken from a stream now.
    pub(crate) fn take(&mut self, stream: StreamHandle) -> Vec<u8> {
        take(&mut self.session, stream)
    }
}

pub(crate) fn take(session: &mut Session, stream: StreamHandle) -> Vec<u8> {
    let mut bytes = Vec::new();
    while matches!(session.pull(stream, &mut bytes, BUDGET), Pull::Wrote) {}
    bytes
}

/// The client that opened the session.
struct Client<'c, 's> {
    engine: &'c Engine,
    case: &'c Case<'s>,
    /// Whether it speaks HTTP+SSE.
    is_old: bool,
}

impl Client<'_, '_> {
    fn initialize(&self) -> Kept {
        let handshake = self.handshake();
        match self.ask(None, Method::POST, &handshake, self.case.opened()) {
            Step::OpenSession(open) => {
                let (session, step) = open
                    .open(&SessionId::from_entropy(&ENTROPY), self.case.opened())
                    .expect("this engine keeps sessions");
                assert!(matches!(step, Step::Respond(_)), "a handshake is answered");
                Kept { session, running: None, stream: None, told: None, replies: Vec::new() }
            }
            step => panic!("a handshake opens a session: {step:?}"),
        }
    }

    /// LSE-02: a client of HTTP+SSE has a session before it has a handshake.
    fn connect(&self) -> Kept {
        let open = match self.ask(None, Method::GET, "", self.case.opened()) {
            Step::OpenSession(open) => open,
            step => panic!("a connection opens a session: {step:?}"),
        };
        let (session, step) = open
            .open(&SessionId::from_entropy(&ENTROPY), self.case.opened())
            .expect("this engine keeps sessions");
        let Step::Stream(stream) = step else { panic!("a connection is a stream") };
        let stream_of_all = Some(stream.stream);
        let mut kept =
            Kept { session, running: None, stream: stream_of_all, told: None, replies: Vec::new() };
        kept.take(stream.stream);
        if self.case.state() != State::Unintroduced {
            self.send(&mut kept, &self.handshake(), self.case.opened());
            kept.take(stream.stream);
        }
        kept
    }

    fn handshake(&self) -> String {
        let (capabilities, client) = client_of_session();
        let version = self.case.session_revision().name();
        let params = json!({"protocolVersion": version, "capabilities": capabilities, "clientInfo": client});
        json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}).to_string()
    }

    /// What happens in the session until the request comes.
    fn live(&self, kept: &mut Kept) {
        let opened = self.case.opened();
        match self.case.state() {
            State::Busy => self.call(kept, "1"),
            State::Full => (0..CALLS_MAX).for_each(|number| self.call(kept, &format!("\"{number}\""))),
            State::Told => self.tell(kept),
            State::Listening => {
                for _ in 0..STREAMS_MAX {
                    let step = self.ask(Some(&mut kept.session), Method::GET, "", opened);
                    assert!(matches!(step, Step::Stream(_)), "there is room for this stream");
                }
            }
            State::Subscribed => {
                for uri in SUBSCRIBED {
                    let params = json!({"uri": uri});
                    let request = json!({"jsonrpc": "2.0", "id": uri, "method": "resources/subscribe", "params": params});
                    self.send(kept, &request.to_string(), opened);
                }
            }
            State::NearlyOld | State::Old => {
                let used = self.case.used().expect("a session that gets old is used");
                self.send(kept, r#"{"jsonrpc":"2.0","id":0,"method":"ping"}"#, used);
            }
            State::Swept => kept.session.on_deadline(self.case.now()),
            State::Ended => kept.session.end(),
            State::Ready
            | State::Fresh
            | State::Unintroduced
            | State::NearlyIdle
            | State::Idle
            | State::EndsMeanwhile
            | State::GoesMeanwhile => {}
        }
    }

    /// A call that goes on.
    fn call(&self, kept: &mut Kept, id: &str) {
        let request =
            format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"echo"}}}}"#);
        match self.ask(Some(&mut kept.session), Method::POST, &request, self.case.opened()) {
            Step::Call(call) => {
                kept.running = kept.running.or(call.session);
                kept.replies.push(call.reply);
            }
            step => panic!("a call in a session: {step:?}"),
        }
    }

    /// A call that tells the client so much that there are so many events, and goes on; the connection
    /// goes when it has got all of it.
    fn tell(&self, kept: &mut Kept) {
        self.call(kept, r#""told""#);
        let mut streams = Vec::new();
        let Kept { session, replies, told: ids, .. } = kept;
        let reply = replies.last_mut().expect("the call that goes on");
        for number in told(self.case.session_revision()) {
            let note = Notification::Log { level: LogLevel::Error, logger: None, data: json!(number) };
            if let Told::Opened(stream) = reply.tell(session, &note, self.case.opened()) {
                streams.push(stream);
            }
        }
        let [stream] = streams.as_slice() else { panic!("one stream for all that is told") };
        let events = events(&take(session, stream.stream));
        assert_eq!(events.len(), TOLD_EVENTS, "all that is told is sent");
        let id =
            |event: Option<&Event>| event.and_then(|event| event.id.clone()).expect("each event has an id");
        *ids = Some((id(events.first()), id(events.last())));
        session.detach(stream.stream, self.case.opened());
    }

    /// A message that is answered at once.
    fn send(&self, kept: &mut Kept, message: &str, now: Now) {
        let step = self.ask(Some(&mut kept.session), Method::POST, message, now);
        match step {
            Step::Respond(response) => assert!(response.status.is_success(), "{message}: {response:?}"),
            step => panic!("{message} is answered: {step:?}"),
        }
    }

    /// An exchange of the opener's up to where something is to be done.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "methods are constants that are named where they are asked for"
    )]
    fn ask(&self, mut session: Option<&mut Session>, method: Method, body: &str, now: Now) -> Step<'_> {
        let fields = OpenerFields {
            session: session.as_ref().map(|_| HeaderValue::from_str(&OURS).expect("ids are ASCII")),
            version: session.as_ref().map(|_| HeaderValue::from_static(self.case.session_revision().name())),
        };
        let query = format!("sessionId={}", *OURS);
        let target = match (self.is_old, session.is_some()) {
            (false, _) => Target::Endpoint,
            (true, false) => Target::LegacyStream,
            (true, true) => Target::LegacyMessages,
        };
        let head = Head {
            method: &method,
            target,
            query: (target == Target::LegacyMessages).then_some(&*query),
            authority: None,
            framing: Framing::Clear,
            certificate: None,
            fields,
        };
        let mut step = self.engine.accept(&head, now);
        loop {
            step = match step {
                Step::Verify(verify) => {
                    let facts = self.case.opener().facts.clone();
                    verify.resolve(facts.expect("who opened a session was found out"), now)
                }
                Step::ReadBody(read) => {
                    read.resolve(BodyRead::Complete(Bytes::copy_from_slice(body.as_bytes())), now)
                }
                Step::FindSession(find) => find.resolve(session.as_deref_mut(), now),
                Step::UseSession(usage) => usage.resolve(session.as_deref_mut(), now),
                step => return step,
            };
        }
    }
}

/// What a call tells in [`State::Told`]: before it, the stream of a client of 2025-11-25 has an event that
/// says where it begins (SSE-05, SSE-11).
pub(crate) fn told(revision: Revision) -> std::ops::Range<usize> {
    let has_first_event = usize::from(revision == Revision::D);
    has_first_event..TOLD_EVENTS
}

/// The header fields of the opener's requests.
struct OpenerFields {
    session: Option<HeaderValue>,
    version: Option<HeaderValue>,
}

static HOST: HeaderValue = HeaderValue::from_static("localhost");
static JSON: HeaderValue = HeaderValue::from_static("application/json");
static ACCEPTED: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");
static AUTHORIZATION: HeaderValue = HeaderValue::from_static("Bearer t0ken-of-the-opener");

impl Fields for OpenerFields {
    fn field(&self, name: Name) -> Field<'_> {
        match name {
            Name::Host => Field::One(&HOST),
            Name::ContentType => Field::One(&JSON),
            Name::Accept => Field::One(&ACCEPTED),
            Name::Authorization => Field::One(&AUTHORIZATION),
            Name::SessionId => self.session.as_ref().map_or(Field::Absent, Field::One),
            Name::ProtocolVersion => self.version.as_ref().map_or(Field::Absent, Field::One),
            Name::Origin
            | Name::RequestMethod
            | Name::Dpop
            | Name::ContentLength
            | Name::TransferEncoding
            | Name::Expect
            | Name::LastEventId
            | Name::McpMethod
            | Name::McpName => Field::Absent,
        }
    }

    fn params(&self) -> Option<ParamFields> {
        None
    }
}

/// The ids of the events that calls have told where they have ([`State::Told`]): the first, and the last. They
/// are the same in every session.
pub(crate) fn ids_of_events(engine: &Engine, scene: &Scene) -> (String, String) {
    let draw = Draw::default();
    Kept::open(engine, &Case::new(scene, &draw)).told.expect("a call has told something")
}
