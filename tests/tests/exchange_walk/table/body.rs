//! What is told before there is a request, to a caller who is known: the scopes of the endpoint, section
//! 5.2, notifications.

use super::{
    ErrorId::{Early, Left, OfBody, Unreadable},
    INTERNAL, INVALID, MISMATCH, PARAMS, PARSE, Row, Then,
    With::{Challenge, Nothing, RetryAfter},
    condition::{
        asks, has_envelope, has_flaw, is_complete, is_notification, method_differs, version_differs,
    },
    refuse, row,
};
use crate::{
    fields::{BODY_BYTES_MAX, LengthMeans},
    messages::{Flaw, Id},
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
    row("DT-26 DT-27 JR-26", |c| has_flaw(c, Flaw::Array), MALFORMED),
    row("DT-96 JR-27", |c| has_flaw(c, Flaw::Response), MALFORMED),
    row("DT-23 JR-03 JR-04/type", |c| matches!(c.id(), Id::Bad(_)), MALFORMED),
    // Notifications; HTTP-12: what is refused has no id.
    row("DT-91 DT-95 DT-135", |c| is_notification(c) && !has_envelope(c), Then::Accepted),
    row("DT-93", |c| is_notification(c) && !is_complete(c), refuse(400, PARAMS, Left, Nothing)),
    row("DT-92", |c| is_notification(c) && version_differs(c), refuse(400, MISMATCH, Left, Nothing)),
    row("AMB-29", |c| is_notification(c) && method_differs(c), refuse(400, MISMATCH, Left, Nothing)),
    row("DT-91 DT-94 HTTP-14", is_notification, Then::Accepted),
    // Requests.
];
