//! What a request brings to say which session it belongs to, and what that session is like.

use http::Method;
use mcp_proto::{Now, Tick, UnixSeconds};

use super::{Case, Fact};
use crate::{
    fields::{Entry, EventMeans, SessionMeans},
    scene::{IDLE_SECONDS, LIFE_SECONDS, Opener, Room, State},
    surface::Revision,
};

/// When every session is opened, by the clock that only counts.
pub(crate) const OPENED: Tick = Tick(1_000_000);
const SECOND_MICROS: u64 = 1_000_000;

/// Who opens sessions where nobody says who they are.
static STRANGERS: [Opener; 1] = [Opener::STRANGER];

/// What is made believe of a session, to see what depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pretence {
    /// There is no such session.
    NoSession,
    /// It was opened by the one of this place.
    Opener(usize),
}

impl<'s> Case<'s> {
    /// Whether the request may belong to a session: those that say that they are of 2026-07-28 never do.
    pub(crate) fn names_session(&self) -> bool {
        self.may_name_session() && self.session_named() != SessionMeans::Absent
    }

    /// Whether it depends on the session that is named, if one is, what becomes of the request.
    pub(crate) fn may_name_session(&self) -> bool {
        match self.path() {
            "/mcp" => {
                self.mode().keeps_sessions()
                    && [Method::POST, Method::GET, Method::DELETE].contains(self.method())
                    && !self.version().is_modern()
            }
            "/messages" => self.mode().has_old_paths() && *self.method() == Method::POST,
            _ => false,
        }
    }

    /// Whether nobody asks who sends the request, because the session knows who opened it.
    pub(crate) fn is_trusted(&self) -> bool {
        self.mode().trusts_sessions()
            && self.server().asks_for_callers()
            && self.names_session()
            && !self.version().is_modern()
    }

    /// Whether the request belongs to a session that is there and that the caller may use.
    pub(crate) fn has_session(&self) -> bool {
        self.names_session()
            && self.session_named() == SessionMeans::Ours
            && !self.pretends_no_session()
            && self.state().is_found()
            && !self.has_expired_with_opener()
            && (self.is_trusted() || self.is_opener())
    }

    /// Where nobody asks who sends a request, a session is over with what it was opened with.
    pub(crate) fn has_expired_with_opener(&self) -> bool {
        self.mode().trusts_sessions() && self.clock() >= self.opener().until
    }

    /// Whether the caller is who opened the session.
    pub(crate) fn is_opener(&self) -> bool {
        self.opener().party == self.verified_party()
    }

    pub(super) fn session_entry(&self) -> &'s Entry<SessionMeans> {
        self.pick(Fact::SessionField, &self.scene.session_fields)
    }

    /// Which session the request names: in its target where that is how it is done (LSE-08), else in a
    /// header field.
    pub(crate) fn session_named(&self) -> SessionMeans {
        if self.path() == "/messages" { self.query().session } else { self.session_entry().means }
    }

    pub(super) fn event_entry(&self) -> &'s Entry<EventMeans> {
        self.pick(Fact::EventField, &self.scene.event_fields)
    }

    /// The last event that the client says it has seen.
    pub(crate) fn event_seen(&self) -> EventMeans {
        self.event_entry().means
    }

    pub(crate) fn room(&self) -> Room {
        *self.pick(Fact::Room, &self.scene.rooms)
    }

    /// What the session is like that bears the id.
    pub(crate) fn state(&self) -> State {
        *self.pick(Fact::State, &self.scene.states)
    }

    pub(crate) fn opener_place(&self) -> usize {
        match self.pretence.get() {
            Some(Pretence::Opener(place)) => place,
            Some(Pretence::NoSession) | None => self.place(Fact::Opener, self.openers().len()),
        }
    }

    /// Who opened the session.
    pub(crate) fn opener(&self) -> &'s Opener {
        &self.openers()[self.opener_place()]
    }

    /// The places of all who may have opened it.
    pub(crate) fn openers(&self) -> &'s [Opener] {
        if self.server().asks_for_callers() { &self.scene.openers } else { &STRANGERS }
    }

    /// The revision that was agreed on when the session was opened.
    pub(crate) fn session_revision(&self) -> Revision {
        *self.pick(Fact::SessionRevision, &self.scene.session_revisions)
    }

    /// Makes believe something about the session.
    pub(crate) fn pretending<T>(&self, pretence: Pretence, ask: impl FnOnce() -> T) -> T {
        let before = self.pretence.replace(Some(pretence));
        let told = ask();
        self.pretence.set(before);
        told
    }

    pub(crate) fn pretends_no_session(&self) -> bool {
        self.pretence.get() == Some(Pretence::NoSession)
    }

    /// How old the session is when the request comes, in microseconds.
    fn age_micros(&self) -> u64 {
        match self.state() {
            State::NearlyIdle => IDLE_SECONDS * SECOND_MICROS - 1,
            State::Idle | State::Swept => IDLE_SECONDS * SECOND_MICROS,
            State::NearlyOld => LIFE_SECONDS * SECOND_MICROS - 1,
            State::Old => LIFE_SECONDS * SECOND_MICROS,
            _ => SECOND_MICROS,
        }
    }

    /// Now, where a session has been asked for; clocks agree.
    pub(crate) fn now(&self) -> Now {
        let age = if self.drawn[Fact::State as usize].get().is_some() { self.age_micros() } else { 0 };
        Now { tick: Tick(OPENED.0 + age), unix: UnixSeconds(self.clock()) }
    }

    /// When the session was opened.
    pub(crate) fn opened(&self) -> Now {
        let seconds = self.age_micros().div_ceil(SECOND_MICROS);
        Now { tick: OPENED, unix: UnixSeconds(self.clock().saturating_sub(seconds)) }
    }

    /// When it was used last, where that was neither when it was opened nor now.
    pub(crate) fn used(&self) -> Option<Now> {
        // Long enough ago that it is old before it is idle.
        const AGO_SECONDS: u64 = 60;
        match self.state() {
            State::NearlyOld | State::Old => {
                let tick = Tick(OPENED.0 + (LIFE_SECONDS - AGO_SECONDS) * SECOND_MICROS);
                Some(Now { tick, unix: UnixSeconds(self.clock().saturating_sub(AGO_SECONDS)) })
            }
            _ => None,
        }
    }
}
