//! The step that needs the session that was found: a message that does something to it.

use super::{Exchange, Step, batch::Batch, call::Call};
use crate::{
    auth::scope::Requirement,
    engine::Engine,
    exchange::LogLevel,
    jsonrpc::{self, AnswerId, RawId},
    refusal::{ParamsFault, Refusal},
    response::Response,
    session::{Answer, Beginning, CallId, Session, SessionInfo, Terms},
    time::Now,
};

/// A message is read and allowed; it needs its session.
#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
pub struct UseSession<'e>(Use<'e>);

#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
enum Use<'e> {
    Message(Exchange<'e>, Purpose<'e>),
    /// Calls that were noted and are not going to run, and the answer to the request that they were in.
    Abandon(CallId, Response),
}

/// What a message does to its session.
#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
pub(super) enum Purpose<'e> {
    Call(RawId, Box<Call>),
    /// Of a request, with its id, or of a message that is not answered.
    Deed(Option<RawId>, Deed),
    /// What is done at once, and what has to be answered.
    Batch(Vec<(Option<Place>, Deed)>, Box<Batch<'e>>),
    /// An answer for the stream of 2024-11-05.
    Post(Vec<u8>),
    /// A handshake on that stream, and its result.
    Introduce(RawId, SessionInfo, Vec<u8>),
}

/// The place of a request in a batch, and its id.
pub(super) type Place = (usize, RawId);

/// Something that is done to a session and over at once.
#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
pub(super) enum Deed {
    Initialized,
    /// With the JSON text of the request's id.
    Cancel(Box<[u8]>),
    /// A response, with its id.
    Answer(RawId, Answer),
    SetLevel(LogLevel),
    Subscribe(Box<str>, Requirement),
    Unsubscribe(Box<str>),
    /// A notification of no consequence.
    Nothing,
}

impl<'e> UseSession<'e> {
    pub(super) fn new(exchange: Exchange<'e>, purpose: Purpose<'e>) -> Self {
        Self(Use::Message(exchange, purpose))
    }

    pub(super) fn abandon(first: CallId, response: Response) -> Step<'e> {
        Step::UseSession(Box::new(Self(Use::Abandon(first, response))))
    }

    /// Goes on with the session that was found before; `None` where it has gone since.
    pub fn resolve(self, session: Option<&mut Session>, now: Now) -> Step<'e> {
        let (exchange, purpose) = match self.0 {
            Use::Message(exchange, purpose) => (exchange, purpose),
            Use::Abandon(first, response) => {
                if let Some(session) = session {
                    session.abandon(first);
                }
                return Step::Respond(response);
            }
        };
        let Some(session) = session.filter(|session| !session.is_over()) else {
            let id = purpose.answer_id(&exchange);
            return exchange.refuse(Refusal::SessionNotFound, &id);
        };
        match purpose {
            Purpose::Call(id, call) => exchange.call(session, id, call),
            Purpose::Deed(id, deed) => match (id, deed.apply(session, &exchange.terms())) {
                (None, Ok(())) => exchange.acknowledge(),
                (None, Err(refusal)) => exchange.refuse(refusal, &AnswerId::Omitted),
                (Some(id), Ok(())) => exchange.conclude(session, jsonrpc::result(&id, NOTHING_MORE)),
                (Some(id), Err(refusal)) => exchange.conclude_refused(session, refusal, id),
            },
            Purpose::Batch(deeds, batch) => exchange.batch(session, deeds, *batch),
            Purpose::Post(body) => exchange.conclude(session, body),
            Purpose::Introduce(id, info, result) => {
                session.touch(now);
                if session.introduce(info) {
                    exchange.conclude(session, jsonrpc::result(&id, &result))
                } else {
                    exchange.conclude_refused(session, Refusal::AlreadyInitialized, id)
                }
            }
        }
    }
}

/// The result of a request that has nothing to tell.
const NOTHING_MORE: &[u8] = b"{}";

impl Purpose<'_> {
    fn answer_id(&self, exchange: &Exchange<'_>) -> AnswerId {
        match self {
            Self::Call(id, _) | Self::Deed(Some(id), _) | Self::Introduce(id, ..) => {
                AnswerId::Known(id.clone())
            }
            Self::Deed(None, _) => AnswerId::Omitted,
            Self::Batch(..) => exchange.mirrored.version.unreadable_id(),
            Self::Post(_) => {
                let posted = exchange.visit.as_ref().and_then(|visit| visit.posted.clone());
                posted.map_or_else(|| exchange.mirrored.version.unreadable_id(), AnswerId::Known)
            }
        }
    }
}

impl Deed {
    fn apply(self, session: &mut Session, terms: &Terms) -> Result<(), Refusal> {
        match self {
            Self::Initialized => session.initialized(),
            Self::Cancel(request) => session.cancel(&request),
            Self::Answer(id, answer) => session.answered(id.as_json(), answer, terms)?,
            Self::SetLevel(level) => session.set_level(level),
            Self::Subscribe(uri, needs) => {
                if !session.subscribe(uri, needs) {
                    return Err(Refusal::InvalidParams(ParamsFault::TooManySubscriptions));
                }
            }
            Self::Unsubscribe(uri) => session.unsubscribe(&uri),
            Self::Nothing => {}
        }
        Ok(())
    }
}

impl Beginning {
    fn of(call: &Call, engine: &Engine) -> Self {
        Self {
            request: call.reply.id().clone(),
            deadline: call.deadline.at,
            needs: engine.requirement(call.reply.operation).cloned(),
        }
    }
}

impl<'e> Exchange<'e> {
    /// Sends a message that answers the request, the way that its transport has it.
    fn conclude(self, session: &mut Session, body: Vec<u8>) -> Step<'e> {
        if !self.is_posted() {
            return self.answer(body);
        }
        session.post(body);
        self.acknowledge()
    }

    fn conclude_refused(self, session: &mut Session, refusal: Refusal, id: RawId) -> Step<'e> {
        if !self.is_posted() {
            return self.refuse(refusal, &AnswerId::Known(id));
        }
        session.post(refusal.entry(id, self.manner.revision));
        self.acknowledge()
    }

    /// From here on the call can be cancelled, and can ask.
    fn call(mut self, session: &mut Session, id: RawId, mut call: Box<Call>) -> Step<'e> {
        let noted = session.begin(&[Beginning::of(&call, self.engine)], &self.terms());
        let named = match noted.map(|mut noted| noted.next()) {
            Ok(named) => named,
            Err(refusal) => return self.conclude_refused(session, refusal, id),
        };
        if let Some(named) = named {
            call.join(named, session, self.is_posted());
        }
        call.about = self.about();
        if self.is_posted()
            && let Step::Respond(acknowledged) = self.acknowledge()
        {
            call.acknowledged = Some(Box::new(acknowledged));
        }
        Step::Call(call)
    }

    fn batch(
        self,
        session: &mut Session,
        deeds: Vec<(Option<Place>, Deed)>,
        mut batch: Batch<'e>,
    ) -> Step<'e> {
        let terms = self.terms();
        let calls: Vec<_> = batch.calls_mut().map(|call| Beginning::of(call, self.engine)).collect();
        let noted = match session.begin(&calls, &terms) {
            Ok(noted) => noted,
            Err(refusal) => return self.refuse_without_id(refusal),
        };
        let mut first = None;
        for (named, call) in noted.zip(batch.calls_mut()) {
            first.get_or_insert(named);
            call.join(named, session, false);
        }
        if let Some(first) = first {
            batch.note(first);
        }
        for (place, deed) in deeds {
            match (place, deed.apply(session, &terms)) {
                (None, _) => {}
                (Some((place, id)), Ok(())) => batch.answer(place, jsonrpc::result(&id, NOTHING_MORE)),
                (Some((place, id)), Err(refusal)) => {
                    batch.answer(place, refusal.entry(id, self.manner.revision));
                }
            }
        }
        if batch.is_empty() {
            return self.acknowledge();
        }
        batch.go_on(self)
    }
}
