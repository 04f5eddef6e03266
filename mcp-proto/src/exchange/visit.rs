//! A request that belongs to a session, and the step that finds it.
//!
//! Requests of 2026-07-28 never get here: no step of theirs knows of a session.

use std::sync::Arc;

use super::{Accept, Exchange, OpenSession, SessionStream, Step, mirrored::VersionField, read_body};
use crate::{
    auth::{AuthPolicy, principal::Principal},
    engine::Engine,
    exchange::Caller,
    head::{Field, Fields, Head, Name, Target},
    jsonrpc::RawId,
    jws::{CertificateThumbprint, check_certificate},
    refusal::{Mirror, Refusal},
    response::{Allow, Response},
    session::{EventId, Owner, Session, SessionAuth, SessionId, SessionInfo, SessionPolicy, Terms},
    time::{Now, UnixSeconds},
};

/// What a request says of the session that it belongs to, and what is known of that.
#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
pub(super) struct Visit {
    pub(super) verb: Verb,
    pub(super) transport: Transport,
    session: Named<SessionId>,
    last_event: Named<EventId>,
    /// The request has to prove who it comes from, and where there is authentication it has.
    is_verified: bool,
    /// What holds for the session that was found.
    found: Option<Arc<SessionInfo>>,
    /// The id of the request, whose answer goes another way.
    pub(super) posted: Option<RawId>,
}

/// What is done to the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Post,
    Get,
    Delete,
}

/// Which way messages go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    /// Each answer is that of its request.
    Streamable,
    /// Every answer goes on the stream of 2024-11-05.
    Legacy,
}

/// A name that a request may bear.
#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
enum Named<T> {
    Absent,
    /// `None`: what cannot be one.
    One(Option<T>),
    Repeated,
}

impl<T> Named<T> {
    fn read(field: Field<'_>, read: impl FnOnce(&[u8]) -> Option<T>) -> Self {
        match field {
            Field::Absent => Self::Absent,
            Field::One(value) => Self::One(read(value.as_bytes())),
            Field::Repeated => Self::Repeated,
        }
    }

    fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl Verb {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Get => "GET",
            Self::Delete => "DELETE",
        }
    }
}

impl Visit {
    /// DT-05, DT-97, DT-134: what the endpoint makes of the verb.
    pub(super) fn judge_verb<F: Fields>(engine: &Engine, head: &Head<'_, F>) -> Result<Verb, Refusal> {
        if *head.method == http::Method::POST {
            return Ok(Verb::Post);
        }
        if engine.sessions().is_none()
            || VersionField::read(head.fields.field(Name::ProtocolVersion)).is_modern()
        {
            return Err(Refusal::VerbNotAllowed(Allow::Post));
        }
        if *head.method == http::Method::GET {
            Ok(Verb::Get)
        } else if *head.method == http::Method::DELETE {
            Ok(Verb::Delete)
        } else {
            Err(Refusal::VerbNotAllowed(Allow::PostGetDelete))
        }
    }

    /// The visit that a request to the endpoint is, if it is one. A POST without an id may be a handshake.
    pub(super) fn at_endpoint(
        engine: &Engine,
        fields: &impl Fields,
        verb: Verb,
        version: &VersionField,
    ) -> Option<Box<Self>> {
        let policy = engine.sessions()?;
        // What is of 2026-07-28 has no session, whatever it names (DT-62).
        if verb == Verb::Post && version.is_modern() {
            return None;
        }
        let session = Named::read(fields.field(Name::SessionId), SessionId::read);
        let is_one = match verb {
            Verb::Post => !session.is_absent(),
            Verb::Get | Verb::Delete => true,
        };
        is_one.then(|| {
            Box::new(Self {
                verb,
                transport: Transport::Streamable,
                last_event: Named::read(fields.field(Name::LastEventId), EventId::read),
                is_verified: is_verified(engine, policy, &session),
                session,
                found: None,
                posted: None,
            })
        })
    }

    /// A request to one of the two paths of 2024-11-05.
    pub(super) fn at_legacy<F: Fields>(
        engine: &Engine,
        head: &Head<'_, F>,
        version: &VersionField,
    ) -> Result<Box<Self>, Refusal> {
        let policy = engine.sessions().ok_or(Refusal::UnknownPath)?;
        let (verb, method, allow, session) = match head.target {
            Target::LegacyStream => (Verb::Get, http::Method::GET, Allow::Get, Named::Absent),
            Target::LegacyMessages => (Verb::Post, http::Method::POST, Allow::Post, in_query(head.query)),
            Target::Endpoint
            | Target::Metadata
            | Target::Ping
            | Target::Health
            | Target::Ready
            | Target::Unknown => {
                return Err(Refusal::UnknownPath);
            }
        };
        if *head.method != method {
            return Err(Refusal::VerbNotAllowed(allow));
        }
        // A page can have its browser get anything as an image, without saying where from; not as events.
        if verb == Verb::Get && !names_event_stream(head.fields.field(Name::Accept)) {
            return Err(Refusal::EventStreamNotAccepted);
        }
        Ok(Box::new(Self {
            verb,
            transport: Transport::Legacy,
            last_event: Named::Absent,
            is_verified: verb == Verb::Get || version.is_modern() || is_verified(engine, policy, &session),
            session,
            found: None,
            posted: None,
        }))
    }

    /// Whether the request brings credentials that have to be verified.
    pub(super) fn is_verified(&self) -> bool {
        self.is_verified
    }

    /// The last event that the client has, if it names one (DT-125).
    fn last_event(&self) -> Result<Option<EventId>, Refusal> {
        match self.last_event {
            Named::Absent => Ok(None),
            Named::One(Some(id)) => Ok(Some(id)),
            Named::One(None) | Named::Repeated => Err(Refusal::UnknownEvent),
        }
    }
}

/// Whether a request proves who it comes from. On a server without authentication there is nothing to prove.
fn is_verified(engine: &Engine, policy: &SessionPolicy, session: &Named<SessionId>) -> bool {
    let is_open = matches!(engine.auth(), AuthPolicy::Open);
    is_open || session.is_absent() || policy.auth == SessionAuth::EveryRequest
}

/// RFC 8705 section 3: whoever was let in for the certificate of a connection is somebody on such connections alone,
/// also where the token is not sent again.
fn may_act_as(opener: Option<&Caller>, certificate: Option<&CertificateThumbprint>) -> bool {
    let bound = opener.and_then(|opener| opener.principal().certificate());
    check_certificate(bound, certificate).is_ok()
}

/// Whether a client names the type itself, not only anything.
fn names_event_stream(accept: Field<'_>) -> bool {
    match accept {
        Field::One(value) => value.to_str().is_ok_and(|value| value.contains("text/event-stream")),
        Field::Absent | Field::Repeated => false,
    }
}

/// `sessionId` of a query (LSE-08).
fn in_query(query: Option<&str>) -> Named<SessionId> {
    let pairs = query.unwrap_or_default().split('&');
    let mut ids = pairs.filter_map(|pair| pair.strip_prefix("sessionId="));
    match (ids.next(), ids.next()) {
        (None, _) => Named::Absent,
        (Some(id), None) => Named::One(SessionId::read(id.as_bytes())),
        (Some(_), Some(_)) => Named::Repeated,
    }
}

/// A session has to be looked up.
#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
pub struct FindSession<'e>(Exchange<'e>);

impl<'e> FindSession<'e> {
    /// The id; `None` where the request names something that cannot be one.
    #[must_use]
    pub fn id(&self) -> Option<&SessionId> {
        match &self.0.visit.as_ref()?.session {
            Named::One(id) => id.as_ref(),
            Named::Absent | Named::Repeated => None,
        }
    }

    /// Whether the request is to be answered with a stream that stays open: it takes a place until it ends.
    #[must_use]
    pub fn opens_stream(&self) -> bool {
        self.0.visit.as_ref().is_some_and(|visit| visit.verb == Verb::Get)
    }

    /// There is no place for one more open stream.
    pub fn refuse_stream(self) -> Step<'e> {
        self.0.refuse_without_id(Refusal::TooManyStreams)
    }

    /// Whether the request does not prove who it comes from, and will act as the opener of the session
    /// ([`SessionAuth::InitializeOnly`]).
    #[must_use]
    pub fn acts_as_opener(&self) -> bool {
        self.0.visit.as_ref().is_some_and(|visit| !visit.is_verified)
    }

    /// Whose it has to be, for a store that keeps sessions by their owners. `None` where the request does not
    /// prove who it comes from ([`SessionAuth::InitializeOnly`]): what is not held here is not to be looked for.
    #[must_use]
    pub fn owner(&self) -> Option<Owner> {
        let visit = self.0.visit.as_ref()?;
        visit.is_verified.then(|| Owner::of(self.0.principal()))
    }

    /// Goes on with the session of that id, if it is held. One that is over, or somebody else's, is as good as
    /// none, byte for byte (DT-115, DT-116).
    pub fn resolve(self, session: Option<&mut Session>, now: Now) -> Step<'e> {
        let Self(mut exchange) = self;
        let Some(visit) = exchange.visit.as_mut() else {
            return read_body::refuse(exchange, Refusal::SessionIdMissing, now);
        };
        let caller = exchange.caller.as_ref().map(Caller::principal);
        let certificate = exchange.certificate.as_deref();
        let own = session.filter(|session| {
            let is_own = if visit.is_verified {
                session.info().owner().is(caller)
            } else {
                may_act_as(session.opener(), certificate)
            };
            is_own && session.is_legacy() == (visit.transport == Transport::Legacy)
        });
        let Some(session) = own.and_then(|session| session.touch(now).then_some(session)) else {
            return read_body::refuse(exchange, Refusal::SessionNotFound, now);
        };
        visit.found = Some(Arc::clone(session.info()));
        if !visit.is_verified {
            exchange.caller = session.opener().cloned();
        }
        let (verb, transport) = (visit.verb, visit.transport);
        match verb {
            Verb::Post => {
                if transport == Transport::Legacy {
                    // Nothing of what the client takes is sent here.
                    exchange.manner.accept = Accept::BOTH;
                }
                read_body::after_the_head(exchange, now)
            }
            Verb::Get => exchange.attach(session, now),
            Verb::Delete => exchange.delete(session),
        }
    }
}

impl<'e> Exchange<'e> {
    /// The caller is known, or nobody has to be: what comes next.
    pub(super) fn go_on(self, now: Now) -> Step<'e> {
        let Some(visit) = &self.visit else { return read_body::after_the_head(self, now) };
        match (&visit.session, visit.transport, visit.verb) {
            (_, Transport::Legacy, Verb::Get) => self.open_legacy(),
            (Named::Absent, _, _) => read_body::refuse(self, Refusal::SessionIdMissing, now),
            (Named::Repeated, _, _) => read_body::refuse(self, Refusal::SessionIdRepeated, now),
            (Named::One(_), _, _) => Step::FindSession(Box::new(FindSession(self))),
        }
    }

    pub(super) fn principal(&self) -> Option<&Principal> {
        self.caller.as_ref().map(Caller::principal)
    }

    /// On what terms the caller gets a stream: as long as the token lasts (AMB-24, TOK-06).
    pub(super) fn terms(&self) -> Terms {
        let until =
            self.principal().map_or(UnixSeconds(u64::MAX), |principal| self.engine.auth().until(principal));
        Terms { until, granted: self.principal().map(|principal| principal.scopes().clone()) }
    }

    /// DT-132: a version that nobody knows is refused whatever carries it.
    fn judge_version_field(&self) -> Result<(), Refusal> {
        let field = &self.mirrored.version;
        if field.is_repeated() {
            return Err(Refusal::HeaderMismatch(Mirror::ProtocolVersion));
        }
        if field.legacy().is_some() { Ok(()) } else { Err(self.unsupported_field()) }
    }

    /// DT-124 to DT-126.
    fn attach(self, session: &mut Session, now: Now) -> Step<'e> {
        let attached = self.judge_version_field().and_then(|()| {
            if !self.manner.accept.event_stream {
                return Err(Refusal::EventStreamNotAccepted);
            }
            let last = self.visit.as_ref().map_or(Ok(None), |visit| visit.last_event())?;
            session.attach(last, self.terms(), now)
        });
        match attached {
            Ok(stream) => {
                let cors = self.manner.cors.clone();
                self.stream(SessionStream { response: Response::event_stream(cors), stream })
            }
            Err(refusal) => self.refuse_without_id(refusal),
        }
    }

    /// DT-130.
    fn delete(self, session: &mut Session) -> Step<'e> {
        match self.judge_version_field() {
            Ok(()) => {
                session.end();
                let cors = self.manner.cors.clone();
                let fields = crate::response::Fields { cors, ..crate::response::Fields::default() };
                self.respond(Response::empty(http::StatusCode::OK, fields))
            }
            Err(refusal) => self.refuse_without_id(refusal),
        }
    }

    /// The stream of 2024-11-05 (DT-136).
    fn open_legacy(self) -> Step<'e> {
        if !self.manner.accept.event_stream {
            return self.refuse_without_id(Refusal::EventStreamNotAccepted);
        }
        if self.mirrored.version.is_modern() {
            return self
                .refuse_without_id(Refusal::InvalidRequest(crate::refusal::RequestFault::ModernOnLegacy));
        }
        Step::OpenSession(Box::new(OpenSession::of_stream(self)))
    }

    pub(super) fn stream(mut self, stream: SessionStream) -> Step<'e> {
        let about = self.about();
        Step::Stream(SessionStream { response: Response { about, ..stream.response }, ..stream })
    }

    /// Whether answers go on the stream of 2024-11-05.
    pub(super) fn is_posted(&self) -> bool {
        self.visit
            .as_ref()
            .is_some_and(|visit| visit.transport == Transport::Legacy && visit.verb == Verb::Post)
    }

    /// What holds for the session that was found for this request.
    pub(super) fn session(&self) -> Option<&Arc<SessionInfo>> {
        self.visit.as_ref()?.found.as_ref()
    }
}

impl Engine {
    /// The gates of the two paths of 2024-11-05: those of the endpoint.
    pub(super) fn accept_at_legacy<F: Fields>(&self, head: &Head<'_, F>, now: Now) -> Step<'_> {
        self.gate(head, now, |engine, head, version| Visit::at_legacy(engine, head, version).map(Some))
    }
}
