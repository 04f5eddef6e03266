//! One HTTP exchange as a value that moves through typed steps. It knows of no other request (STL-01).
//!
//! ```text
//! accept ─┬─> Respond                                   head refused, preflight, metadata
//!         ├─> Probe ──────────────────────> Respond     /ping, /health, /ready
//!         ├─> ReadId ─────────────────────> Respond     refused without a token, with the request's id
//!         ├─> Verify ─┬─> ReadId ─────────> Respond     refused, with the request's id
//!         │           ├─> ReadBody ─┬─────> Respond     refused, listed, acknowledged
//!         │           │             ├─> Filter ─> Respond   a list that the application filters
//!         │           │             └─────> Call        a handler has to run
//!         │           └─> Respond                       refused
//!         └─> ReadBody (no authentication configured)
//! ```
//!
//! Requests of older revisions belong to a session, on servers that have them:
//!
//! ```text
//! Verify ─> FindSession ─┬─> ReadId ─> Respond          no such session of this caller
//!                        ├─> Stream                     GET: a stream of the session
//!                        ├─> Respond                    DELETE
//!                        └─> ReadBody ─┬─> Respond      listed
//!                                      └─> UseSession ─┬─> Respond   acknowledged, subscribed
//!                                                      └─> Call
//! Verify ─> ReadBody ─> OpenSession ─> Respond          the handshake
//! ```
//!
//! Each step carries the data of its effect and the only method that goes on; a driver cannot
//! skip one. Verification comes before the body, so that strangers cannot make a server buffer
//! or parse more than [`crate::limits::Limits::refused_body_bytes_max`], and only to give them
//! their request id back.

mod audit;
mod batch;
mod call;
mod dispatch;
mod filter;
mod gate;
mod message;
mod mirrored;
mod open_session;
mod read_body;
mod reply;
mod session_reply;
mod use_session;
mod verify;
mod visit;

use http::StatusCode;

pub use self::{
    audit::{About, RECORDED_NAME_BYTES_MAX},
    call::{Call, Callee, Caller, ClientFacts, CompletionInput, LogLevel},
    filter::{Filter, ItemKind},
    open_session::OpenSession,
    read_body::{BodyRead, ReadBody, ReadId},
    reply::{Finish, Notification, Notified, Outcome, Reply, Suppressed, Told},
    use_session::UseSession,
    verify::{Facts, Presented, ProofFacts, Token, Verify},
    visit::FindSession,
};
pub(crate) use self::{gate::Accept, reply::Operation};
use self::{
    gate::Announced,
    mirrored::Mirrored,
    use_session::Purpose,
    visit::{Verb, Visit},
};
use crate::{
    auth::Scheme,
    engine::Engine,
    jsonrpc::AnswerId,
    jws::CertificateThumbprint,
    refusal::{Refusal, RequestFault},
    response::{ContentType, Cors, Fields, Payload, Response},
    revision::Revision,
    session::StreamHandle,
};

/// What an exchange needs next.
#[must_use = "an exchange that is dropped is never answered"]
#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
pub enum Step<'e> {
    /// Find out whether the server is ready.
    Probe(Probe),
    /// Find out the facts about the caller's token.
    Verify(Verify<'e>),
    /// Read the small body of a request that is already refused, for its id.
    ReadId(ReadId<'e>),
    /// Read the body.
    ReadBody(ReadBody<'e>),
    /// Say which items of a list the caller gets to see.
    Filter(Box<Filter<'e>>),
    /// Look a session up.
    FindSession(Box<FindSession<'e>>),
    /// Lend the session that was found.
    UseSession(Box<UseSession<'e>>),
    /// Keep a new session.
    OpenSession(Box<OpenSession<'e>>),
    /// Run a handler.
    Call(Box<Call>),
    /// Send this head, and then what the stream of the session brings; the exchange is over.
    Stream(SessionStream),
    /// Send this; the exchange is over.
    Respond(Response),
}

/// An answer whose body comes from a session: [`crate::session::Session::pull`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionStream {
    /// The head.
    pub response: Response,
    /// What to pull.
    pub stream: StreamHandle,
}

/// `GET /ready`: only the driver knows whether keys are loaded.
#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
pub struct Probe(());

impl Probe {
    fn new() -> Self {
        Self(())
    }

    /// Goes on with whether everything is there that requests need.
    pub fn resolve<'e>(self, ready: bool) -> Step<'e> {
        let (status, body) = if ready {
            (StatusCode::OK, r#"{"status":"ready"}"#)
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"not ready"}"#)
        };
        Step::Respond(document(status, ContentType::Json, body, Cors::None))
    }
}

/// What an exchange carries from step to step.
#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
struct Exchange<'e> {
    engine: &'e Engine,
    manner: Manner,
    announced: Announced,
    mirrored: Mirrored,
    /// The client certificate of the connection; in a place of its own, since few have one.
    certificate: Option<Box<CertificateThumbprint>>,
    caller: Option<Caller>,
    /// What the message asks for, where somebody keeps a record.
    named: Option<Box<audit::Named>>,
    /// The session that the request belongs to, if it belongs to one.
    visit: Option<Box<Visit>>,
}

/// What the form of an answer depends on, whatever it says.
#[derive(Debug, Clone)]
pub(crate) struct Manner {
    pub(crate) accept: Accept,
    pub(crate) cors: Cors,
    pub(crate) scheme: Scheme,
    /// Whose surface and codes the answer has: the newest until the message says otherwise.
    pub(crate) revision: Revision,
}

impl Manner {
    /// Of an answer that depends on nothing but who may read it.
    fn of(cors: Cors) -> Self {
        Self { accept: Accept::BOTH, cors, scheme: Scheme::None, revision: Revision::V2026_07_28 }
    }
}

impl<'e> Exchange<'e> {
    fn refuse(self, refusal: Refusal, id: &AnswerId) -> Step<'e> {
        let is_about_a_request = refusal.status(self.manner.revision) == StatusCode::OK
            || refusal == Refusal::InvalidRequest(RequestFault::NotIntroduced);
        if self.is_posted()
            && is_about_a_request
            && let AnswerId::Known(id) = id
        {
            let entry = refusal.entry(id.clone(), self.manner.revision);
            return self.post(entry);
        }
        let response = reply::refused(refusal, self.engine, id, self.manner.clone());
        self.respond(response)
    }

    /// Answers with a complete message.
    fn answer(self, body: Vec<u8>) -> Step<'e> {
        if self.is_posted() {
            return self.post(body);
        }
        let response = reply::whole(body, self.manner.clone());
        self.respond(response)
    }

    /// Answers on the stream of 2024-11-05.
    fn post(self, body: Vec<u8>) -> Step<'e> {
        Step::UseSession(Box::new(UseSession::new(self, Purpose::Post(body))))
    }

    /// What is done to the target.
    fn verb(&self) -> Verb {
        self.visit.as_ref().map_or(Verb::Post, |visit| visit.verb)
    }

    /// Answers what needs no answer (HTTP-10, HTTP-12, JR-15).
    fn acknowledge(self) -> Step<'e> {
        let fields = Fields { cors: self.manner.cors.clone(), ..Fields::default() };
        self.respond(Response::empty(StatusCode::ACCEPTED, fields))
    }

    fn respond(mut self, response: Response) -> Step<'e> {
        let about = self.about();
        Step::Respond(Response { about, ..response })
    }

    /// Answers a batch whose requests needed no call.
    fn respond_about(mut self, response: Response, elements: Vec<audit::Element>) -> Step<'e> {
        let mut about = self.about();
        if let Some(about) = &mut about {
            about.add(elements);
        }
        Step::Respond(Response { about, ..response })
    }

    /// Who asks for what, where somebody keeps a record.
    fn about(&mut self) -> Option<Box<About>> {
        self.engine.keeps_records().then(|| Box::new(About::new(self.caller.clone(), self.named.take())))
    }

    /// Refuses a message whose id cannot be told.
    fn refuse_without_id(self, refusal: Refusal) -> Step<'e> {
        let id = self.mirrored.version.unreadable_id();
        self.refuse(refusal, &id)
    }
}

fn document(
    status: StatusCode,
    content_type: ContentType,
    body: impl Into<bytes::Bytes>,
    cors: Cors,
) -> Response {
    Response {
        status,
        fields: Fields { cors, ..Fields::of(content_type) },
        payload: Payload::Whole(body.into()),
        rule: None,
        about: None,
    }
}
