//! One exchange: facts that are drawn when the machine or the table first asks for them.

mod body;
mod caller;
mod sent;
mod session;

use std::{cell::Cell, fmt};

use http::HeaderValue;
use mcp_proto::head::Framing;
use mcp_walk::draw::Draw;

use self::body::View;
pub(crate) use self::{
    body::Content,
    caller::{NONCE, OF_APPLICATION},
    sent::{WithProof, WithoutCredentials},
    session::{OPENED, Pretence},
};
use crate::{
    fields::{
        AcceptMeans, CodingMeans, CredentialMeans, Entry, HostMeans, LengthMeans, OriginMeans, Query, Sent,
        VersionMeans,
    },
    scene::{Mode, Scene, ServerKind},
};

/// What can be drawn.
#[derive(Debug, Clone, Copy)]
enum Fact {
    Server,
    Mode,
    Records,
    Framing,
    Path,
    Method,
    Query,
    Authority,
    Ready,
    Host,
    Origin,
    RequestMethod,
    Credential,
    Proof,
    Verdict,
    Clock,
    ContentType,
    Length,
    TransferEncoding,
    Expect,
    Accept,
    Version,
    Operation,
    MethodField,
    NameField,
    Params,
    Arrival,
    Content,
    Envelope,
    Id,
    Chosen,
    Notice,
    Outcome,
    LaterOutcome,
    SessionField,
    EventField,
    State,
    Opener,
    SessionRevision,
    Certificate,
    Room,
}

const FACTS: usize = Fact::Room as usize + 1;

/// The choices of one exchange of a scene.
pub(crate) struct Case<'s> {
    scene: &'s Scene,
    draw: &'s Draw,
    drawn: [Cell<Option<usize>>; FACTS],
    /// The element of a batch that is looked at.
    view: Cell<Option<View>>,
    pretence: Cell<Option<Pretence>>,
}

impl<'s> Case<'s> {
    pub(crate) fn new(scene: &'s Scene, draw: &'s Draw) -> Self {
        Self {
            scene,
            draw,
            drawn: [const { Cell::new(None) }; FACTS],
            view: Cell::new(None),
            pretence: Cell::new(None),
        }
    }

    fn place(&self, fact: Fact, count: usize) -> usize {
        let cell = &self.drawn[fact as usize];
        cell.get().unwrap_or_else(|| {
            // What leaves no choice takes no place in the sequence.
            let place = if count == 1 { 0 } else { self.draw.choice(count) };
            cell.set(Some(place));
            place
        })
    }

    fn pick<T>(&self, fact: Fact, menu: &'s [T]) -> &'s T {
        &menu[self.place(fact, menu.len())]
    }

    pub(crate) fn server(&self) -> ServerKind {
        *self.pick(Fact::Server, &self.scene.servers)
    }

    pub(crate) fn mode(&self) -> Mode {
        *self.pick(Fact::Mode, &self.scene.modes)
    }

    /// Whether the server keeps records.
    pub(crate) fn records(&self) -> bool {
        *self.pick(Fact::Records, &self.scene.records)
    }

    pub(crate) fn framing(&self) -> Framing {
        *self.pick(Fact::Framing, &self.scene.framings)
    }

    pub(crate) fn path(&self) -> &'static str {
        self.pick::<&'static str>(Fact::Path, &self.scene.paths)
    }

    pub(crate) fn method(&self) -> &'s http::Method {
        self.pick(Fact::Method, &self.scene.methods)
    }

    pub(crate) fn query(&self) -> Query {
        *self.pick(Fact::Query, &self.scene.queries)
    }

    pub(crate) fn authority(&self) -> Option<&'static str> {
        *self.pick(Fact::Authority, &self.scene.authorities)
    }

    /// Whether the keys are there when `/ready` is asked.
    pub(crate) fn ready(&self) -> bool {
        *self.pick(Fact::Ready, &[true, false])
    }

    fn host_entry(&self) -> &'s Entry<HostMeans> {
        self.pick(Fact::Host, &self.scene.hosts)
    }

    pub(crate) fn host(&self) -> HostMeans {
        self.host_entry().means
    }

    fn origin_entry(&self) -> &'s Entry<OriginMeans> {
        self.pick(Fact::Origin, &self.scene.origins)
    }

    pub(crate) fn origin(&self) -> OriginMeans {
        self.origin_entry().means
    }

    /// The field value of an allowed origin.
    pub(crate) fn origin_value(&self) -> Option<&'s HeaderValue> {
        match &self.origin_entry().sent {
            Sent::One(value) => Some(value),
            Sent::Absent | Sent::Repeated => None,
        }
    }

    fn request_method(&self) -> &'s Entry<bool> {
        self.pick(Fact::RequestMethod, &self.scene.request_methods)
    }

    /// DT-04: a preflight as the Fetch standard sends it.
    pub(crate) fn is_preflight(&self) -> bool {
        *self.method() == http::Method::OPTIONS
            && self.origin() != OriginMeans::Absent
            && self.request_method().means
    }

    fn credential_entry(&self) -> &'s Entry<CredentialMeans> {
        self.pick(Fact::Credential, &self.scene.credentials)
    }

    pub(crate) fn credential(&self) -> CredentialMeans {
        self.credential_entry().means
    }

    /// Which credential was drawn, if one was.
    pub(crate) fn credential_place(&self) -> Option<usize> {
        self.drawn[Fact::Credential as usize].get()
    }

    /// The `Authorization` field, if one was drawn.
    pub(crate) fn authorization(&self) -> Option<&'s [u8]> {
        let entry = self.credential_place().and_then(|place| self.scene.credentials.get(place))?;
        match &entry.sent {
            Sent::One(value) => Some(value.as_bytes()),
            Sent::Absent | Sent::Repeated => None,
        }
    }

    /// Seconds since 1970 when the facts are there.
    pub(crate) fn clock(&self) -> u64 {
        *self.pick(Fact::Clock, &self.scene.clocks)
    }

    fn content_type(&self) -> &'s Entry<bool> {
        self.pick(Fact::ContentType, &self.scene.content_types)
    }

    /// Whether the body is announced as JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.content_type().means
    }

    fn length_entry(&self) -> &'s Entry<LengthMeans> {
        self.pick(Fact::Length, &self.scene.lengths)
    }

    pub(crate) fn length(&self) -> LengthMeans {
        self.length_entry().means
    }

    fn transfer_encoding(&self) -> &'s Entry<CodingMeans> {
        self.pick(Fact::TransferEncoding, &self.scene.transfer_encodings)
    }

    pub(crate) fn coding(&self) -> CodingMeans {
        self.transfer_encoding().means
    }

    fn expect(&self) -> &'s Entry<bool> {
        self.pick(Fact::Expect, &self.scene.expects)
    }

    pub(crate) fn holds_body_back(&self) -> bool {
        self.expect().means
    }

    fn accept_entry(&self) -> &'s Entry<AcceptMeans> {
        self.pick(Fact::Accept, &self.scene.accepts)
    }

    pub(crate) fn accept(&self) -> AcceptMeans {
        self.accept_entry().means
    }

    /// Whether the client names event streams, and not only anything that there is.
    pub(crate) fn names_stream(&self) -> bool {
        match &self.accept_entry().sent {
            Sent::One(value) => value.to_str().is_ok_and(|value| value.contains("text/event-stream")),
            Sent::Absent | Sent::Repeated => false,
        }
    }

    fn version_entry(&self) -> &'s Entry<VersionMeans> {
        self.pick(Fact::Version, &self.scene.versions)
    }

    pub(crate) fn version(&self) -> VersionMeans {
        self.version_entry().means
    }

    fn operation_place(&self) -> usize {
        self.place(Fact::Operation, self.scene.operations.len())
    }
}

/// So much of a body is shown.
const SHOWN_BYTES: usize = 400;

/// What was drawn, as far as it is not what is ordinary in the scene.
impl fmt::Debug for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |fact: Fact| self.drawn[fact as usize].get();
        let mut out = f.debug_struct(self.scene.name);
        out.field("Server", &self.server());
        if place(Fact::Mode).is_some() {
            out.field("Mode", &self.mode());
        }
        out.field("Request", &(self.method(), self.path(), self.query().text));
        macro_rules! show {
            ($($fact:ident: $value:expr),* $(,)?) => {
                $(if place(Fact::$fact).is_some_and(|place| place > 0) {
                    out.field(stringify!($fact), &$value);
                })*
            };
        }
        show! {
            Framing: self.framing(),
            Authority: self.authority(),
            Ready: self.ready(),
            Host: self.host_entry().sent,
            Origin: self.origin_entry().sent,
            RequestMethod: self.request_method().sent,
            Credential: self.credential_entry().sent,
            Proof: self.proof_field(),
            Certificate: self.certificate(),
            Verdict: self.verdict(),
            Clock: self.clock(),
            ContentType: self.content_type().sent,
            Length: self.length_entry().sent,
            TransferEncoding: self.transfer_encoding().sent,
            Expect: self.expect().sent,
            Accept: self.accept_entry().sent,
            Version: self.version_entry().sent,
            MethodField: self.method_field(),
            NameField: self.name_field(),
            Params: self.param_set(),
            Arrival: self.arrival(),
            Chosen: self.chosen(),
            Records: self.records(),
            Notice: self.notice(),
            Outcome: self.outcome_after(0),
            LaterOutcome: self.outcome_after(1),
            SessionField: self.session_entry().sent,
            EventField: self.event_entry().sent,
            State: self.state(),
            SessionRevision: self.session_revision(),
            Room: self.room(),
        }
        if place(Fact::Opener).is_some() {
            out.field("Opener", &(self.opener().party, self.opener().grant, self.opener().until));
        }
        if let Some(token) = place(Fact::Credential).and_then(|_| self.token()) {
            out.field("token", &token.label);
        }
        if place(Fact::Content).is_some() && place(Fact::Arrival) == Some(0) {
            let bytes = self.bytes();
            let shown = bytes.get(..SHOWN_BYTES).unwrap_or(&bytes);
            out.field("body", &String::from_utf8_lossy(shown));
        }
        out.finish()
    }
}
