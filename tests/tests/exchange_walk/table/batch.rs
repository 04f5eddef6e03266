//! What is told about arrays: DT-26 to DT-35.

use super::{
    ErrorId::Unreadable,
    INTERNAL, INVALID, Row, Then,
    With::{Nothing, RetryAfter, ScopesOfAll},
    condition::{asks, batch, has_batch_flaw, needs_of, takes_batches},
    is_of_call, lookup_element, refuse, row,
};
use crate::{
    case::Case,
    messages::{BatchFlaw, Id},
    scene::HandlerOutcome,
};

const MALFORMED: Then = refuse(400, INVALID, Unreadable, Nothing);

fn lacks_scopes(case: &Case<'_>) -> bool {
    asks(case) && case.each_request(|_| case.holds(needs_of(case))).contains(&false)
}

fn has_calls(case: &Case<'_>) -> bool {
    case.each_request(|_| is_of_call(lookup_element(case))).contains(&true)
}

pub(super) const ROWS: &[Row] = &[
    row("DT-27 DT-28 DT-30 JR-26", |c| batch(c).is_some() && !takes_batches(c), MALFORMED),
    row("DT-26 JR-24", |c| has_batch_flaw(c, BatchFlaw::Empty), MALFORMED),
    row("batch/too long", |c| has_batch_flaw(c, BatchFlaw::TooLong), MALFORMED),
    row("DT-33", |c| has_batch_flaw(c, BatchFlaw::Invalid), MALFORMED),
    row("DT-32 JR-22", |c| has_batch_flaw(c, BatchFlaw::Response), MALFORMED),
    row("DT-31 JR-21", |c| has_batch_flaw(c, BatchFlaw::Handshake), MALFORMED),
    row("DT-27", |c| has_batch_flaw(c, BatchFlaw::Envelope), MALFORMED),
    row(
        "DT-34",
        |c| batch(c).is_some() && c.elements().iter().all(|element| matches!(element.id, Id::None)),
        Then::Accepted,
    ),
    row(
        "DT-12 AMB-03/batch",
        |c| batch(c).is_some() && !c.accept().json && !c.accept().stream,
        refuse(406, INVALID, Unreadable, Nothing),
    ),
    row(
        "DT-79 AUTH-19 AUTH-22/batch",
        |c| batch(c).is_some() && lacks_scopes(c),
        refuse(403, INVALID, Unreadable, ScopesOfAll),
    )
    .by("insufficient_scope"),
    row(
        "call/no room for a batch",
        |c| batch(c).is_some() && has_calls(c) && c.outcome_after(0) == HandlerOutcome::Overloaded,
        refuse(503, INTERNAL, Unreadable, RetryAfter),
    ),
    row("DT-29 DT-35 JR-20 JR-23", |c| batch(c).is_some(), Then::Entries),
];
