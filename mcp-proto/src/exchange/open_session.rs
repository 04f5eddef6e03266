//! The step that opens a session: everything that has to be so before something is kept is so.

use std::borrow::Cow;

use super::{Exchange, SessionStream, Step};
use crate::{
    engine::Engine,
    exchange::Caller,
    jsonrpc::{self, AnswerId, RawId},
    refusal::Refusal,
    response::{Fields, Response},
    session::{Crowded, Owner, Session, SessionId, SessionInfo},
    time::Now,
};

/// A handshake, or a stream of 2024-11-05, is allowed; it needs an id, and room.
///
/// A driver asks [`crate::session::room`] whether there is some, and keeps the session before it sends the answer.
#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
pub struct OpenSession<'e> {
    exchange: Exchange<'e>,
    opening: Opening<'e>,
}

#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
enum Opening<'e> {
    Handshake { id: RawId, info: SessionInfo, result: Cow<'e, [u8]> },
    Stream,
}

impl<'e> OpenSession<'e> {
    pub(super) fn of_handshake(
        exchange: Exchange<'e>,
        id: RawId,
        info: SessionInfo,
        result: Cow<'e, [u8]>,
    ) -> Self {
        Self { exchange, opening: Opening::Handshake { id, info, result } }
    }

    pub(super) fn of_stream(exchange: Exchange<'e>) -> Self {
        Self { exchange, opening: Opening::Stream }
    }

    /// Who opens it.
    #[must_use]
    pub fn owner(&self) -> Owner {
        Owner::of(self.exchange.principal())
    }

    /// Whether it is answered with a stream that stays open: it takes a place until it ends.
    #[must_use]
    pub fn opens_stream(&self) -> bool {
        match self.opening {
            Opening::Handshake { .. } => false,
            Opening::Stream => true,
        }
    }

    /// Opens it. `id` is made of random bytes that were used for nothing else.
    ///
    /// `None` on an engine without sessions, which makes no such step.
    #[must_use]
    pub fn open(self, id: &SessionId, now: Now) -> Option<(Session, Step<'e>)> {
        let Self { exchange, opening } = self;
        let engine: &Engine = exchange.engine;
        let policy = engine.sessions()?;
        let opener: Option<Caller> = exchange.caller.clone();
        match opening {
            Opening::Handshake { id: request, info, result } => {
                let mut session = Session::new(info, engine, policy, opener, now);
                session.save();
                let named = Some(Box::new(id.clone()));
                let body = jsonrpc::result(&request, &result);
                let Step::Respond(response) = exchange.answer(body) else { return None };
                let fields = Fields { session: named, ..response.fields };
                Some((session, Step::Respond(Response { fields, ..response })))
            }
            Opening::Stream => {
                let paths = engine.legacy_sse()?;
                let endpoint = format!("{}?sessionId={}", paths.messages, id.reveal());
                let terms = exchange.terms();
                let (session, stream) =
                    Session::awaiting(engine, policy, opener, endpoint.into(), terms, now);
                let response = Response::event_stream(exchange.manner.cors.clone());
                Some((session, exchange.stream(SessionStream { response, stream })))
            }
        }
    }

    /// There is no room for it, or nothing to make an id of.
    pub fn refuse(self, crowded: Crowded) -> Step<'e> {
        let Self { exchange, opening } = self;
        match opening {
            Opening::Handshake { id, .. } => exchange.refuse(Refusal::Crowded(crowded), &AnswerId::Known(id)),
            Opening::Stream => exchange.refuse_without_id(Refusal::Crowded(crowded)),
        }
    }
}
