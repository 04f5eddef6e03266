//! What is told before there is a message, to a caller who is known: section 5.2.

use super::{
    ErrorId::{Left, OfBody, Unreadable},
    INTERNAL, INVALID, MISMATCH, NO_SESSION, PARSE, Requested, Row, Then, VERSION,
    With::{Nothing, RetryAfter, Versions},
    condition::has_flaw,
    refuse, row,
    session::GONE,
};
use crate::{
    case::Case,
    fields::{BODY_BYTES_MAX, LengthMeans, VersionMeans},
    messages::Flaw,
    scene::Arrival,
};

const MALFORMED: Then = refuse(400, INVALID, OfBody, Nothing);

fn is_response(case: &Case<'_>) -> bool {
    has_flaw(case, Flaw::Response) || has_flaw(case, Flaw::BadResponse)
}

pub(super) const ROWS: &[Row] = &[
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
    row("DT-96 JR-27", |c| is_response(c) && !c.has_session(), MALFORMED),
    row(
        "DT-64/response",
        |c| is_response(c) && c.version() == VersionMeans::Repeated,
        refuse(400, MISMATCH, OfBody, Nothing),
    ),
    row(
        "DT-59 HTTP-34/response",
        |c| is_response(c) && c.version().is_unknown(),
        refuse(400, VERSION, OfBody, Versions(Requested::Header)),
    ),
    row("DT-139/response", |c| is_response(c) && c.version().is_modern(), MALFORMED),
    row("JR-27/malformed", |c| has_flaw(c, Flaw::BadResponse), MALFORMED),
    row(
        "SES-06/ended meanwhile, response",
        |c| has_flaw(c, Flaw::Response) && c.state().goes_meanwhile(),
        refuse(404, NO_SESSION, Left, GONE),
    ),
    row("DT-118 DT-119", |c| has_flaw(c, Flaw::Response), Then::Accepted),
];
