//! What is told before there is a message, to a caller who is known: the scopes of the endpoint, section
//! 5.2.

use super::{
    ErrorId::{Early, OfBody, Unreadable},
    INTERNAL, INVALID, PARSE, Row, Then,
    With::{Challenge, Nothing, RetryAfter},
    condition::{asks, has_flaw},
    refuse, row,
};
use crate::{
    fields::{BODY_BYTES_MAX, LengthMeans},
    messages::Flaw,
    scene::Arrival,
};

const MALFORMED: Then = refuse(400, INVALID, OfBody, Nothing);

pub(super) const ROWS: &[Row] = &[
    row(
        "DT-09 AUTH-19 RFC6750-03",
        |c| asks(c) && !c.holds(c.server().baseline()),
        refuse(403, INVALID, Early, Challenge(Some("insufficient_scope"))),
    )
    .by("insufficient_scope"),
    row("DT-10 AMB-04 JR-02", |c| !c.is_json(), refuse(415, INVALID, Unreadable, Nothing)),
    row(
        "DT-11/announced",
        |c| matches!(c.length(), LengthMeans::Bytes(bytes) if bytes > BODY_BYTES_MAX),
        refuse(413, INVALID, Unreadable, Nothing),
    ),
    row(
        "DT-11/received",
        |c| [Arrival::TooLarge, Arrival::Unbounded].contains(&c.arrival()),
        refuse(413, INVALID, Unreadable, Nothing),
    ),
    row("body/too late", |c| c.arrival() == Arrival::TimedOut, refuse(408, INVALID, Unreadable, Nothing)),
    row(
        "body/no room",
        |c| c.arrival() == Arrival::Overloaded,
        refuse(503, INTERNAL, Unreadable, RetryAfter),
    ),
    row("body/incomplete", |c| c.arrival() == Arrival::Aborted, refuse(400, INVALID, Unreadable, Nothing)),
    // Section 5.2, parse and shape.
    row("DT-20", |c| has_flaw(c, Flaw::NotJson), refuse(400, PARSE, Unreadable, Nothing)),
    row("DT-21", |c| has_flaw(c, Flaw::NotObject), MALFORMED),
    row("DT-22", |c| has_flaw(c, Flaw::NotMessage), MALFORMED),
    row("DT-23 JR-03 JR-04/size", |c| has_flaw(c, Flaw::BadId), MALFORMED),
    row("DT-24", |c| has_flaw(c, Flaw::BadParams), MALFORMED),
    row("DT-25", |c| has_flaw(c, Flaw::Duplicate), MALFORMED),
    row("DT-96 JR-27", |c| has_flaw(c, Flaw::Response), MALFORMED),
];
