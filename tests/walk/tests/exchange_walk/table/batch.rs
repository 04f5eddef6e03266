//! What is told about arrays: DT-26 to DT-35.

use super::{
    ErrorId::{OfBatches, Unreadable},
    INTERNAL, INVALID, NO_SESSION, Row, Then,
    With::{Nothing, RetryAfter, ScopesOfAll},
    condition::{asks, batch, has_batch_flaw, needs_of, takes_batches},
    is_of_call, lookup_element, refuse, row,
    session::GONE,
};
use crate::{
    case::Case,
    messages::{BatchFlaw, Id},
    scene::{HandlerOutcome, State},
};

const MALFORMED: Then = refuse(400, INVALID, Unreadable, Nothing);

fn lacks_scopes(case: &Case<'_>) -> bool {
    asks(case) && case.each_request(|_| case.holds(needs_of(case))).contains(&false)
}

fn has_calls(case: &Case<'_>) -> bool {
    case.each_request(|_| is_of_call(lookup_element(case))).contains(&true)
}

/// Whether a call of a batch has the id of one that runs in the session.
fn repeats_id(case: &Case<'_>) -> bool {
    let is_running = |case: &Case<'_>| matches!(case.id(), Id::Good("1"));
    batch(case).is_some()
        && case.has_session()
        && case.state() == State::Busy
        && case.each_request(|_| is_running(case) && is_of_call(lookup_element(case))).contains(&true)
}

fn is_answered(case: &Case<'_>) -> bool {
    case.elements().iter().any(|element| !matches!(element.id, Id::None))
}

fn has_gone(case: &Case<'_>) -> bool {
    case.has_session() && case.state().goes_meanwhile()
}

pub(super) const ROWS: &[Row] = &[
    row("DT-27 DT-28 DT-30 JR-26", |c| batch(c).is_some() && !takes_batches(c), MALFORMED),
    row("DT-26 JR-24", |c| has_batch_flaw(c, BatchFlaw::Empty), MALFORMED),
    row("batch/too long", |c| has_batch_flaw(c, BatchFlaw::TooLong), MALFORMED),
    row("DT-33", |c| has_batch_flaw(c, BatchFlaw::Invalid), MALFORMED),
    row("DT-32 JR-22", |c| has_batch_flaw(c, BatchFlaw::Response) && !c.has_session(), MALFORMED),
    row("DT-31 JR-21", |c| has_batch_flaw(c, BatchFlaw::Handshake), MALFORMED),
    row("DT-27", |c| has_batch_flaw(c, BatchFlaw::Envelope), MALFORMED),
    row("DT-34", |c| batch(c).is_some() && !is_answered(c) && !has_gone(c), Then::Accepted),
    row(
        "DT-12 AMB-03/batch",
        |c| batch(c).is_some() && is_answered(c) && !c.accept().json && !c.accept().stream,
        refuse(406, INVALID, Unreadable, Nothing),
    ),
    row(
        "DT-79 AUTH-19 AUTH-22/batch",
        |c| batch(c).is_some() && lacks_scopes(c),
        refuse(403, INVALID, Unreadable, ScopesOfAll),
    )
    .by("insufficient_scope"),
    row(
        "SES-06/ended meanwhile, batch",
        |c| batch(c).is_some() && has_gone(c),
        refuse(404, NO_SESSION, Unreadable, GONE),
    ),
    row("DT-122/batch", repeats_id, MALFORMED),
    row(
        "call/no room in the session for a batch",
        |c| batch(c).is_some() && c.has_session() && c.state() == State::Full && has_calls(c),
        refuse(503, INTERNAL, Unreadable, RetryAfter),
    ),
    row(
        "call/no room for a batch",
        |c| batch(c).is_some() && has_calls(c) && c.outcome_after(0) == HandlerOutcome::Overloaded,
        refuse(503, INTERNAL, OfBatches, RetryAfter),
    ),
    row("DT-29 DT-35 JR-20 JR-23", |c| batch(c).is_some(), Then::Entries),
];
