//! What is told about requests of older revisions: section 5.5, without sessions. Of the errors only
//! those of scopes and of load have a status of their own (AMB-28).

use super::{
    ErrorId::OfBody,
    INTERNAL, INVALID, NO_METHOD, NO_RESOURCE, NO_SESSION, PARAMS, Row, Then, With,
    With::{Nothing, RetryAfter, Says, Scopes},
    condition::{
        asks, batch, has_envelope, is_done, is_handshake, is_method_of_old, is_of_old, is_offered, is_tool,
        revision,
    },
    refuse, row,
    session::GONE,
};
use crate::{
    case::Case,
    listed::is_hidden,
    messages::{ComesTo, Id, MethodKind},
    scene::{HandlerOutcome, Room, State},
    sessions::SUBSCRIBED,
    surface::Revision,
};

const BAD_PARAMS: Then = refuse(200, PARAMS, OfBody, Nothing);
const UNKNOWN_METHOD: Then = refuse(200, NO_METHOD, OfBody, Nothing);
const FAILED: Then = refuse(200, INTERNAL, OfBody, Nothing);

fn comes_to(case: &Case<'_>, what: ComesTo) -> bool {
    is_of_old(case) && case.operation().comes_to == what
}

fn ran(case: &Case<'_>, outcome: HandlerOutcome) -> bool {
    is_of_old(case) && case.outcome() == outcome
}

/// The version that a handshake asks for, if the handshake is as it has to be.
fn asked(case: &Case<'_>) -> Option<&'static str> {
    match case.operation().comes_to {
        ComesTo::Handshake { asked, is_good: true } => asked.filter(|_| is_handshake(case)),
        _ => None,
    }
}

/// Whether a request with the same id is being served in the session (JR-06).
fn repeats_id(case: &Case<'_>) -> bool {
    is_of_old(case) && case.has_session() && case.state() == State::Busy && matches!(case.id(), Id::Good("1"))
}

/// Whether a handshake is one that a session can be opened by.
fn opens(case: &Case<'_>) -> bool {
    is_handshake(case)
        && case.mode().keeps_sessions()
        && matches!(case.operation().comes_to, ComesTo::Handshake { is_good: true, .. })
}

/// Whether more than an answer comes of a request: something runs in the session, or it is changed.
fn does_something(case: &Case<'_>) -> bool {
    let changes =
        case.operation().method == "logging/setLevel" || case.operation().kind == MethodKind::InSessions;
    is_call(case) || (changes && case.operation().comes_to == ComesTo::Answer)
}

fn is_call(case: &Case<'_>) -> bool {
    matches!(case.operation().comes_to, ComesTo::Call(..))
}

/// Whether a resource is to be subscribed to that is not yet.
fn wants_one_more(case: &Case<'_>) -> bool {
    case.operation().method == "resources/subscribe"
        && case.operation().comes_to == ComesTo::Answer
        && !SUBSCRIBED.iter().any(|uri| case.operation().params.contains(uri))
}

pub(super) const ROWS: &[Row] = &[
    row("DT-61 DT-121 AMB-28", |c| is_of_old(c) && !is_method_of_old(c), UNKNOWN_METHOD),
    row("DT-121/capability", |c| is_of_old(c) && !is_offered(c), UNKNOWN_METHOD),
    row("PROG-01/old", |c| is_of_old(c) && c.envelope().is_wrong, BAD_PARAMS),
    row(
        "AUTH-19 AUTH-22/old",
        |c| is_of_old(c) && asks(c) && !c.holds(c.operation().needs),
        refuse(403, INVALID, OfBody, Scopes(&[])),
    )
    .by("insufficient_scope"),
    row("DT-112", |c| is_handshake(c) && asked(c).is_none(), BAD_PARAMS),
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
    row("DT-53 VER-09/old", |c| asked(c).is_some() && has_envelope(c), Then::Handshake),
    row("AMB-23", |c| asked(c).is_some() && c.version().is_unknown(), Then::Handshake),
    row(
        "DT-52 DT-110 LIF-02 LIF-03",
        |c| asked(c).is_some_and(|asked| Revision::legacy(asked).is_some()),
        Then::Handshake,
    ),
    row("DT-111 LIF-04 LIF-05 AMB-16", |c| asked(c).is_some(), Then::Handshake),
    row("DT-81/old", |c| comes_to(c, ComesTo::BadParams), BAD_PARAMS),
    row("ERR-18/old", |c| comes_to(c, ComesTo::BadCursor), BAD_PARAMS),
    row(
        "PAGE-04 PAGE-07/what is hidden, old",
        |c| {
            is_of_old(c)
                && matches!(c.operation().comes_to, ComesTo::List(list, cursor) if is_hidden(c, list, cursor))
        },
        BAD_PARAMS,
    ),
    row(
        "JR-18 VER-13/list",
        |c| is_of_old(c) && matches!(c.operation().comes_to, ComesTo::List(..)),
        Then::Answer,
    ),
    row("DT-82/old", |c| comes_to(c, ComesTo::Nothing), BAD_PARAMS),
    row(
        "DT-123 RSRC-15",
        |c| is_of_old(c) && matches!(c.operation().comes_to, ComesTo::NoResource(_)),
        refuse(200, NO_RESOURCE, OfBody, With::Uri("file:///c")),
    ),
    // Who only asks has been answered by then.
    row(
        "SES-06/ended meanwhile",
        |c| is_of_old(c) && c.has_session() && c.state().goes_meanwhile() && does_something(c),
        refuse(404, NO_SESSION, OfBody, GONE),
    ),
    row(
        "RSRC-08/too many",
        |c| c.has_session() && c.state() == State::Subscribed && wants_one_more(c),
        BAD_PARAMS,
    ),
    row("PING-01 LOGG-05 LOGG-08 RSRC-08", |c| comes_to(c, ComesTo::Answer), Then::Answer),
    row(
        "DT-122",
        |c| repeats_id(c) && is_call(c) && !c.is_at_element(),
        refuse(400, INVALID, OfBody, Nothing),
    ),
    row(
        "call/no room in the session",
        |c| is_of_old(c) && c.has_session() && c.state() == State::Full && is_call(c) && !c.is_at_element(),
        refuse(503, INTERNAL, OfBody, RetryAfter),
    ),
];

/// What is told when a handler ran. In a batch there is no status of one answer.
pub(super) const RAN: &[Row] = &[
    row(
        "call/no room, old",
        |c| ran(c, HandlerOutcome::Overloaded),
        refuse(503, INTERNAL, OfBody, RetryAfter),
    ),
    row("DT-56 VER-13/called", |c| is_of_old(c) && is_done(c), Then::Handled),
    row(
        "AMB-12/before 2025-11-25",
        |c| ran(c, HandlerOutcome::BadArguments) && is_tool(c) && revision(c) < Revision::D,
        refuse(200, PARAMS, OfBody, Says("a must be a number")),
    ),
    row("AMB-12/2025-11-25", |c| ran(c, HandlerOutcome::BadArguments) && is_tool(c), Then::Handled),
    row("DT-88 ERR-24/old", |c| ran(c, HandlerOutcome::Failed) && is_tool(c), Then::Handled),
    row(
        "AUTH-22 TOK-07/found by a handler in a batch",
        |c| ran(c, HandlerOutcome::MissingScope) && batch(c).is_some(),
        refuse(200, INVALID, OfBody, Nothing),
    ),
    row(
        "AUTH-22 TOK-07/found by the handler, old",
        |c| ran(c, HandlerOutcome::MissingScope),
        refuse(403, INVALID, OfBody, Scopes(&["more"])),
    ),
    row(
        "META-11/no capability is known, tool",
        |c| ran(c, HandlerOutcome::MissingCapability) && is_tool(c),
        Then::Handled,
    ),
    row("META-11/no capability is known", |c| ran(c, HandlerOutcome::MissingCapability), FAILED),
    row(
        "DT-123 RSRC-15/found by the handler",
        |c| ran(c, HandlerOutcome::NoResource),
        refuse(200, NO_RESOURCE, OfBody, With::Uri("gone:///x")),
    ),
    row("call/too late, old", |c| ran(c, HandlerOutcome::TimedOut), FAILED),
    row("DT-88/others, old", is_of_old, FAILED),
];
