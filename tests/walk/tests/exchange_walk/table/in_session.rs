//! What is told about requests that belong to a session, or have to (section 5.5), before the rows for
//! requests of older revisions.

use super::{
    ErrorId::OfBody,
    INVALID, NO_SESSION, Row,
    With::Nothing,
    condition::{is_handshake, is_of_old, is_posted, lacks_session},
    refuse, row,
    session::GONE,
};
use crate::{case::Case, messages::ComesTo, scene::State};

fn belongs(case: &Case<'_>) -> bool {
    is_of_old(case) && case.has_session()
}

/// Whether the session is one of HTTP+SSE whose client has not said who it is.
fn is_unintroduced(case: &Case<'_>) -> bool {
    belongs(case) && is_posted(case) && case.state() == State::Unintroduced
}

/// Whether a handshake says what it has to, which comes first where it comes beside its answer.
fn is_good(case: &Case<'_>) -> bool {
    matches!(case.operation().comes_to, ComesTo::Handshake { is_good: true, .. })
}

pub(super) const ROWS: &[Row] = &[
    row(
        "SES-06/ended meanwhile, posted",
        |c| belongs(c) && is_posted(c) && c.state().goes_meanwhile(),
        refuse(404, NO_SESSION, OfBody, GONE),
    ),
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
        |c| belongs(c) && is_handshake(c) && !is_unintroduced(c) && (!is_posted(c) || is_good(c)),
        refuse(400, INVALID, OfBody, Nothing),
    ),
];
