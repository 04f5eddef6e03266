//! The steps that need the body: of a request that goes on, or, if it is small, of one that is
//! refused.

use bytes::Bytes;

use super::{
    Exchange, Step, dispatch,
    message::{Member, Message},
};
use crate::{
    jsonrpc::{AnswerId, RawId, strict::Kind},
    limits::Limits,
    refusal::Refusal,
    response::Response,
    time::{Deadline, Now, Why},
};

/// What reading a body came to.
#[derive(Debug, Clone)]
pub enum BodyRead {
    /// All of it.
    Complete(Bytes),
    /// It went on beyond the limit.
    TooLarge,
    /// It ended before it was complete.
    Aborted,
    /// It did not arrive before the deadline.
    TimedOut,
    /// Too much is being collected already.
    Overloaded,
}

/// The request goes on; its body is wanted: what a chunked one carries, without its framing.
#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
pub struct ReadBody<'e> {
    exchange: Exchange<'e>,
    deadline: Deadline,
}

impl<'e> ReadBody<'e> {
    /// The most bytes to take; one more is [`BodyRead::TooLarge`].
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.exchange.engine.limits().body_bytes_max
    }

    /// How many bytes `Content-Length` announced, if it did; never more than [`ReadBody::limit`]. Nobody has to read
    /// that field again.
    #[must_use]
    pub fn announced(&self) -> Option<u32> {
        self.exchange.announced.length.and_then(|length| u32::try_from(length).ok())
    }

    /// When to give up and report [`BodyRead::TimedOut`].
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// Goes on with the body.
    pub fn resolve(self, body: BodyRead, now: Now) -> Step<'e> {
        match body {
            BodyRead::Complete(body) if body.len() <= self.limit() as usize => {
                dispatch::dispatch(self.exchange, body, now)
            }
            BodyRead::Complete(_) | BodyRead::TooLarge => {
                self.exchange.refuse_without_id(Refusal::BodyTooLarge)
            }
            BodyRead::Aborted => self.exchange.refuse_without_id(Refusal::BodyAborted),
            BodyRead::TimedOut => self.exchange.refuse_without_id(Refusal::BodyTimedOut),
            BodyRead::Overloaded => self.exchange.refuse_without_id(Refusal::Overloaded),
        }
    }
}

/// The request is refused; its small body is read for the id and nothing else.
#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
pub struct ReadId<'e> {
    exchange: Exchange<'e>,
    refusal: Refusal,
    deadline: Deadline,
}

impl ReadId<'_> {
    /// The most bytes to take.
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.exchange.engine.limits().refused_body_bytes_max
    }

    /// When to give up and report [`BodyRead::TimedOut`].
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// The refusal, whatever the body turns out to be.
    #[must_use]
    pub fn resolve(self, body: BodyRead) -> Response {
        let unreadable = self.exchange.mirrored.version.unreadable_id();
        let limits = self.exchange.engine.limits();
        let id = match body {
            BodyRead::Complete(body) if body.len() <= limits.refused_body_bytes_max as usize => {
                Message::read(body)
                    .ok()
                    .and_then(|message| id_of(&message, limits))
                    .map_or(unreadable, AnswerId::Known)
            }
            BodyRead::Complete(_)
            | BodyRead::TooLarge
            | BodyRead::Aborted
            | BodyRead::TimedOut
            | BodyRead::Overloaded => unreadable,
        };
        let mut exchange = self.exchange;
        let about = exchange.about();
        let Exchange { engine, manner, .. } = exchange;
        let response = self.refusal.into_response(engine.auth(), &id, manner);
        Response { about, ..response }
    }
}

/// The id of a message, if it is one that may be echoed (JR-03, JR-04).
pub(super) fn id_of(message: &Message, limits: &Limits) -> Option<RawId> {
    if message.root() != Kind::Object || message.has_duplicate_of_its_own() {
        return None;
    }
    match message.kind(Member::Id)? {
        Kind::Integer | Kind::String | Kind::EscapedString => {
            let json = message.json(Member::Id)?;
            if message.kind(Member::Id) == Some(Kind::Integer) && !fits_64_bits(json) {
                return None;
            }
            (json.len() <= limits.id_bytes_max).then(|| RawId::from_checked(json))
        }
        Kind::Null | Kind::Bool | Kind::Number | Kind::Array | Kind::Object => None,
    }
}

/// Whether an integer fits a signed 64-bit number, which is what clients can be expected to hold.
fn fits_64_bits(integer: &[u8]) -> bool {
    /// No integer of so few characters is too large.
    const SURE_TO_FIT: usize = 18;
    integer.len() <= SURE_TO_FIT
        || std::str::from_utf8(integer).is_ok_and(|integer| integer.parse::<i64>().is_ok())
}

/// The gates on what the head announces of the body: media type (DT-10), then size (DT-11).
pub(super) fn after_the_head(exchange: Exchange<'_>, now: Now) -> Step<'_> {
    if !exchange.announced.is_json {
        return exchange.refuse_without_id(Refusal::UnsupportedMediaType);
    }
    let limit = u64::from(exchange.engine.limits().body_bytes_max);
    if exchange.announced.length.is_some_and(|length| length > limit) {
        return exchange.refuse_without_id(Refusal::BodyTooLarge);
    }
    let deadline =
        Deadline { at: now.tick.after_micros(exchange.engine.timeouts().body_micros), why: Why::Body };
    Step::ReadBody(ReadBody { exchange, deadline })
}

/// Refuses, with the id of the request where its body is announced as small and on its way: a
/// client matches replies by it. Never asks for a body that is still held back.
pub(super) fn refuse(exchange: Exchange<'_>, refusal: Refusal, now: Now) -> Step<'_> {
    let limit = u64::from(exchange.engine.limits().refused_body_bytes_max);
    let small = exchange.announced.length.is_some_and(|length| 0 < length && length <= limit);
    if !small || exchange.announced.expects_continue {
        return exchange.refuse_without_id(refusal);
    }
    let deadline = Deadline {
        at: now.tick.after_micros(exchange.engine.timeouts().refused_body_micros),
        why: Why::RefusedBody,
    };
    Step::ReadId(ReadId { exchange, refusal, deadline })
}
