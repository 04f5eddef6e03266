//! What is told about requests that belong to a session, or have to (section 5.5), before the rows for
//! requests of older revisions.

use super::{
    ErrorId::OfBody,
    INTERNAL, INVALID, PARAMS, Row,
    With::{Nothing, RetryAfter},
    condition::{is_handshake, is_of_old, is_posted, lacks_session},
    refuse, row,
};
use crate::{
    case::Case,
    messages::{ComesTo, Id},
    scene::{Room, State},
};

fn belongs(case: &Case<'_>) -> bool {
    is_of_old(case) && case.has_session()
}

/// Whether a request with the same id is being served in the session (JR-06).
fn repeats_id(case: &Case<'_>) -> bool {
    belongs(case) && case.state() == State::Busy && matches!(case.id(), Id::Good("1"))
}

/// Whether a handshake is one that a session can be opened by.
fn opens(case: &Case<'_>) -> bool {
    is_handshake(case)
        && case.mode().keeps_sessions()
        && matches!(case.operation().comes_to, ComesTo::Handshake { is_good: true, .. })
}

/// Whether the session is one of HTTP+SSE whose client has not said who it is.
fn is_unintroduced(case: &Case<'_>) -> bool {
    belongs(case) && is_posted(case) && case.state() == State::Unintroduced
}

pub(super) const ROWS: &[Row] = &[
    row(
        "LIF-01 LIF-08",
        |c| is_unintroduced(c) && !is_handshake(c) && c.operation().method != "ping",
        refuse(400, INVALID, OfBody, Nothing),
    ),
    row(
        "DT-55 DT-61 SES-04",
        |c| is_of_old(c) && !is_handshake(c) && lacks_session(c),
        refuse(400, INVALID, OfBody, Nothing),
    ),
    row(
        "DT-113 LIF-15",
        |c| belongs(c) && is_handshake(c) && !is_unintroduced(c),
        refuse(400, INVALID, OfBody, Nothing),
    ),
    row("DT-122", repeats_id, refuse(400, INVALID, OfBody, Nothing)),
    row("DT-112/too much", |c| opens(c) && c.operation().is_too_much, refuse(200, PARAMS, OfBody, Nothing)),
    row(
        "session/no room",
        |c| opens(c) && c.room() == Room::NoneAtAll,
        refuse(503, INTERNAL, OfBody, RetryAfter),
    ),
    row(
        "session/no room for this caller",
        |c| opens(c) && c.room() == Room::NoneOfTheirs,
        refuse(429, INTERNAL, OfBody, RetryAfter),
    ),
];
