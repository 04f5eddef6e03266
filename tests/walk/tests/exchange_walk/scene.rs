//! A scene: which choices are multiplied with which. Each of the [`scenes`] has everything in some
//! dimensions and what is ordinary in the others; together they have everything in each.

mod callers;
mod eras;
mod list;
mod server;
mod session;
mod sessions;
mod verdict;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use mcp_proto::{
    head::{Framing, ParamFields},
    jws::CertificateThumbprint,
};

pub(crate) use self::{
    list::scenes,
    server::{Bound, Guard, ServerKind, Shows},
    session::{
        CALLS_MAX, HANDSHAKE_BYTES_MAX, IDLE_SECONDS, LIFE_SECONDS, Opener, Room, STREAMS_MAX,
        SUBSCRIPTIONS_MAX, State,
    },
    sessions::where_something_is_told,
    verdict::Verdict,
};
use self::{session::ROOMS, verdict::VERDICTS};
use crate::{
    fields::{
        self, AUTHORITIES, AcceptMeans, CodingMeans, CredentialMeans, Entry, EventMeans, HostMeans,
        LengthMeans, OriginMeans, ProofField, QUERIES, Query, Sent, SessionMeans, VersionMeans,
    },
    listed::{CHOSEN, Chosen},
    messages::{
        self, Batch, COMPLETE_ENVELOPE, Envelope, Id, MethodField, NO_PARAMS, NameField, ONE, OPERATIONS,
        Operation, ParamSet, Special,
    },
    surface::Revision,
    tokens::{NOON, Token},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    Complete,
    /// Complete, says a driver that has not kept to the limit.
    Unbounded,
    TooLarge,
    Aborted,
    TimedOut,
    /// The server collects too much already.
    Overloaded,
}

/// Which revisions a server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// All of them, without sessions.
    Stateless,
    /// 2026-07-28 alone.
    ModernOnly,
    /// All of them, those before 2026-07-28 in sessions.
    Stateful,
    /// As `Stateful`; who has a session is not asked again who they are.
    Trusting,
    /// As `Stateful`, and HTTP+SSE on two paths of its own.
    StatefulSse,
    /// As `Trusting`, and HTTP+SSE on two paths of its own.
    TrustingSse,
}

/// The modes without sessions.
pub(crate) const MODES: [Mode; 2] = [Mode::Stateless, Mode::ModernOnly];

impl Mode {
    pub(crate) const ALL: [Self; 6] = [
        Self::Stateless,
        Self::ModernOnly,
        Self::Stateful,
        Self::Trusting,
        Self::StatefulSse,
        Self::TrustingSse,
    ];

    pub(crate) fn keeps_sessions(self) -> bool {
        !matches!(self, Self::Stateless | Self::ModernOnly)
    }

    pub(crate) fn trusts_sessions(self) -> bool {
        matches!(self, Self::Trusting | Self::TrustingSse)
    }

    pub(crate) fn has_old_paths(self) -> bool {
        matches!(self, Self::StatefulSse | Self::TrustingSse)
    }
}

/// What a handler tells the client while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    Nothing,
    /// A log message of this level.
    Log(&'static str),
    Progress,
    /// Nothing, for so long that the driver opens a stream.
    Silence,
}

const NOTICES: [Notice; 6] = [
    Notice::Nothing,
    Notice::Log("info"),
    Notice::Log("debug"),
    Notice::Log("error"),
    Notice::Progress,
    Notice::Silence,
];

const ARRIVALS: [Arrival; 6] = [
    Arrival::Complete,
    Arrival::Unbounded,
    Arrival::TooLarge,
    Arrival::Aborted,
    Arrival::TimedOut,
    Arrival::Overloaded,
];

/// What a handler comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum HandlerOutcome {
    Done,
    /// Done, with everything that a result can have.
    Rich,
    /// As `Rich`; the structured value of a tool is no object.
    RichList,
    BadArguments,
    Failed,
    Panicked,
    TimedOut,
    Overloaded,
    MissingScope,
    MissingCapability,
    NoResource,
}

pub(crate) const OUTCOMES: [HandlerOutcome; 11] = [
    HandlerOutcome::Done,
    HandlerOutcome::Rich,
    HandlerOutcome::RichList,
    HandlerOutcome::BadArguments,
    HandlerOutcome::Failed,
    HandlerOutcome::Panicked,
    HandlerOutcome::TimedOut,
    HandlerOutcome::Overloaded,
    HandlerOutcome::MissingScope,
    HandlerOutcome::MissingCapability,
    HandlerOutcome::NoResource,
];

/// An operation with the fields that mirror it, each as far as the scene has it.
pub(crate) struct Mirrored {
    pub(crate) operation: &'static Operation,
    pub(crate) methods: Vec<Sent>,
    pub(crate) names: Vec<(NameField, Sent)>,
}

pub(crate) struct Scene {
    pub(crate) name: &'static str,
    pub(crate) servers: Vec<ServerKind>,
    pub(crate) modes: Vec<Mode>,
    pub(crate) framings: Vec<Framing>,
    pub(crate) paths: Vec<&'static str>,
    pub(crate) methods: Vec<Method>,
    pub(crate) queries: Vec<Query>,
    pub(crate) authorities: Vec<Option<&'static str>>,
    pub(crate) hosts: Vec<Entry<HostMeans>>,
    pub(crate) origins: Vec<Entry<OriginMeans>>,
    pub(crate) request_methods: Vec<Entry<bool>>,
    pub(crate) tokens: Vec<Token>,
    pub(crate) credentials: Vec<Entry<CredentialMeans>>,
    pub(crate) proof_fields: Vec<ProofField>,
    pub(crate) verdicts: Vec<Verdict>,
    /// What the connection was made with.
    pub(crate) certificates: Vec<Option<CertificateThumbprint>>,
    pub(crate) clocks: Vec<u64>,
    pub(crate) content_types: Vec<Entry<bool>>,
    pub(crate) lengths: Vec<Entry<LengthMeans>>,
    pub(crate) transfer_encodings: Vec<Entry<CodingMeans>>,
    pub(crate) expects: Vec<Entry<bool>>,
    pub(crate) accepts: Vec<Entry<AcceptMeans>>,
    pub(crate) versions: Vec<Entry<VersionMeans>>,
    pub(crate) operations: Vec<Mirrored>,
    pub(crate) method_fields: Vec<MethodField>,
    pub(crate) param_sets: Vec<(ParamSet, Option<ParamFields>)>,
    pub(crate) arrivals: Vec<Arrival>,
    /// Whether bodies may be well-formed messages.
    pub(crate) has_messages: bool,
    pub(crate) specials: Vec<Special>,
    pub(crate) envelopes: Vec<&'static Envelope>,
    pub(crate) ids: Vec<Id>,
    pub(crate) batches: Vec<Batch>,
    pub(crate) outcomes: Vec<HandlerOutcome>,
    /// What the handlers of a batch come to behind its first call.
    pub(crate) later_outcomes: Vec<HandlerOutcome>,
    /// What each handler tells while it runs.
    pub(crate) notices: Vec<Notice>,
    /// What the application shows of lists, by name.
    pub(crate) chosen: Vec<Chosen>,
    /// Whether the server keeps records.
    pub(crate) records: Vec<bool>,
    pub(crate) session_fields: Vec<Entry<SessionMeans>>,
    pub(crate) event_fields: Vec<Entry<EventMeans>>,
    /// What the session is like that is named.
    pub(crate) states: Vec<State>,
    /// Who opened it.
    pub(crate) openers: Vec<Opener>,
    pub(crate) session_revisions: Vec<Revision>,
    /// Whether there is room for a session.
    pub(crate) rooms: Vec<Room>,
    bodies: Vec<Bytes>,
}

/// The dimensions that most scenes leave as they are.
struct Messages<'m> {
    operations: Vec<&'static Operation>,
    method_fields: &'m [MethodField],
    name_fields: &'m [NameField],
    envelopes: Vec<&'static Envelope>,
    ids: &'m [Id],
}

/// Fields where nothing has to be mirrored (AMB-27).
const UNNEEDED_NAMES: [NameField; 3] = [NameField::Absent, NameField::Other, NameField::Repeated];

fn first<T: Clone>(menu: &[T], count: usize) -> Vec<T> {
    menu.iter().take(count).cloned().collect()
}

fn operations(methods: &[&str]) -> Vec<&'static Operation> {
    OPERATIONS.iter().filter(|operation| methods.contains(&operation.method)).collect()
}

/// The operation that stands for all others where the body does not matter.
fn ordinary() -> Vec<&'static Operation> {
    OPERATIONS.iter().take(1).collect()
}

impl Scene {
    /// A good request to a server, without choices but those of `tokens`.
    fn plain(name: &'static str, server: ServerKind, tokens: Vec<Token>) -> Self {
        let texts: Vec<_> = tokens.iter().map(|token| token.text.clone()).collect();
        let scene = Self {
            name,
            servers: vec![server],
            modes: first(&MODES, 1),
            framings: vec![Framing::Clear],
            paths: vec!["/mcp"],
            methods: vec![Method::POST],
            queries: first(&QUERIES, 1),
            authorities: first(&AUTHORITIES, 1),
            hosts: first(&fields::hosts(), 1),
            origins: first(&fields::origins(), 1),
            request_methods: first(&fields::presence("POST"), 1),
            credentials: fields::bearer(&texts),
            proof_fields: vec![ProofField::Absent],
            certificates: vec![None],
            tokens,
            verdicts: first(&VERDICTS, 1),
            clocks: vec![NOON],
            content_types: first(&fields::content_types(), 1),
            lengths: fields::small_length(),
            transfer_encodings: first(&fields::codings(), 1),
            expects: first(&fields::presence("100-continue"), 1),
            accepts: first(&fields::accepts(), 1),
            versions: first(&fields::versions(), 1),
            operations: Vec::new(),
            method_fields: Vec::new(),
            param_sets: param_sets(&[NO_PARAMS]),
            arrivals: first(&ARRIVALS, 1),
            has_messages: true,
            specials: Vec::new(),
            envelopes: Vec::new(),
            ids: Vec::new(),
            batches: Vec::new(),
            outcomes: first(&OUTCOMES, 1),
            later_outcomes: first(&OUTCOMES, 1),
            notices: first(&NOTICES, 1),
            chosen: first(&CHOSEN, 1),
            records: vec![false],
            session_fields: first(&fields::session_fields(), 1),
            event_fields: first(&fields::event_fields("", ""), 1),
            states: first(&State::ALL, 1),
            openers: vec![Opener::STRANGER],
            session_revisions: vec![Revision::D],
            rooms: first(&ROOMS, 1),
            bodies: Vec::new(),
        };
        scene.with_messages(&Messages {
            operations: ordinary(),
            method_fields: &[MethodField::Equal],
            name_fields: &[NameField::Equal],
            envelopes: vec![&COMPLETE_ENVELOPE],
            ids: &[ONE],
        })
    }

    fn with_messages(mut self, messages: &Messages<'_>) -> Self {
        self.bodies.clear();
        for operation in &messages.operations {
            for envelope in &messages.envelopes {
                let body = |id: &Id| messages::message(operation, envelope, *id).into();
                self.bodies.extend(messages.ids.iter().map(body));
            }
        }
        self.operations = messages.operations.iter().map(|operation| mirrored(operation, messages)).collect();
        self.method_fields = messages.method_fields.to_vec();
        self.envelopes.clone_from(&messages.envelopes);
        self.ids = messages.ids.to_vec();
        self
    }

    /// The body of the operation, envelope and id at these places.
    pub(crate) fn body(&self, operation: usize, envelope: usize, id: usize) -> Bytes {
        let place = (operation * self.envelopes.len() + envelope) * self.ids.len() + id;
        self.bodies[place].clone()
    }
}

fn mirrored(operation: &'static Operation, messages: &Messages<'_>) -> Mirrored {
    let menu = match operation.mirrored {
        Some(_) => messages.name_fields,
        // Where one field is enough for what is needed, one is enough for what is not.
        None => &UNNEEDED_NAMES[..messages.name_fields.len().min(UNNEEDED_NAMES.len())],
    };
    let name = operation.mirrored.unwrap_or("echo");
    Mirrored {
        operation,
        methods: messages.method_fields.iter().map(|field| field.sent(operation.method)).collect(),
        names: menu.iter().map(|field| (*field, field.sent(name))).collect(),
    }
}

fn param_sets(sets: &[ParamSet]) -> Vec<(ParamSet, Option<ParamFields>)> {
    let fields = |set: &ParamSet| -> ParamFields {
        let value = |bytes| HeaderValue::from_bytes(bytes).expect("a field value");
        set.iter().map(|(name, bytes, _)| (HeaderName::from_static(name), value(bytes))).collect()
    };
    sets.iter().map(|set| (*set, (!set.is_empty()).then(|| fields(set)))).collect()
}
