//! What is told about sessions before the body: the one that is named, and requests that have no body
//! (sections 5.1 and 5.5). To who may not use a session it is one that never was.

use http::Method;

use super::{
    ErrorId::{Early, Unreadable},
    INTERNAL, INVALID, MISMATCH, NO_SESSION, Requested, Row, Then, VERSION, With,
    With::{Challenge, Nothing, RetryAfter, Says, Versions},
    condition::asks,
    refuse, row,
};
use crate::{
    case::Case,
    fields::{EventMeans, SessionMeans, VersionMeans},
    scene::{Opener, Room, State},
    tokens::Party,
};

pub(super) const GONE: With = Says("Session not found");
const NOT_FOUND: Then = refuse(404, NO_SESSION, Early, GONE);

fn is(case: &Case<'_>, method: &Method) -> bool {
    case.path() == "/mcp" && case.method() == method
}

/// GET and DELETE of the endpoint, where there are sessions for them.
fn needs_session(case: &Case<'_>) -> bool {
    is(case, &Method::GET) || is(case, &Method::DELETE)
}

fn names(case: &Case<'_>, session: SessionMeans) -> bool {
    case.names_session() && case.session_named() == session
}

fn is_in(case: &Case<'_>, states: &[State]) -> bool {
    names(case, SessionMeans::Ours) && states.contains(&case.state())
}

/// Whether the session of the request was opened by somebody else, who differs by this.
fn is_foreign<'p>(case: &Case<'p>, by: fn(&Party) -> &str) -> bool {
    if !names(case, SessionMeans::Ours) || case.is_trusted() {
        return false;
    }
    let Opener { party, .. } = case.opener();
    match (party, case.party()) {
        (Some(opener), Some(caller)) => by(opener) != by(&caller),
        (None, None) => false,
        (Some(_), None) | (None, Some(_)) => true,
    }
}

/// GET of the path of HTTP+SSE, which opens a session.
fn connects(case: &Case<'_>) -> bool {
    case.path() == "/sse" && case.mode().has_old_paths()
}

/// Whether the last event that was seen is one of a stream of the session.
fn saw(case: &Case<'_>, event: EventMeans) -> bool {
    case.event_seen() == event && case.state() == State::Told
}

pub(super) const ROWS: &[Row] = &[
    row(
        "DT-09 AUTH-19 RFC6750-03",
        |c| asks(c) && !c.is_trusted() && !c.holds(c.server().baseline()),
        refuse(403, INVALID, Early, Challenge(Some("insufficient_scope"))),
    )
    .by("insufficient_scope"),
    row("DT-126 DT-136", |c| connects(c) && !c.accept().stream, refuse(406, INVALID, Unreadable, Nothing)),
    row(
        "DT-139/stream",
        |c| connects(c) && c.version().is_modern(),
        refuse(400, INVALID, Unreadable, Nothing),
    ),
    row(
        "DT-136/no room",
        |c| connects(c) && c.room() == Room::NoneAtAll,
        refuse(503, INTERNAL, Unreadable, RetryAfter),
    ),
    row(
        "DT-136/no room for this caller",
        |c| connects(c) && c.room() == Room::NoneOfTheirs,
        refuse(429, INTERNAL, Unreadable, RetryAfter),
    ),
    row("DT-136 LSE-02", connects, Then::Connected),
    row("DT-127 DT-131 SES-04", |c| needs_session(c) && names_none(c), refuse(400, INVALID, Early, Nothing)),
    row(
        "DT-137/no session",
        |c| c.path() == "/messages" && names_none(c),
        refuse(400, INVALID, Early, Nothing),
    ),
    row("session/two of them", |c| names(c, SessionMeans::Repeated), refuse(400, INVALID, Early, Nothing)),
    row("DT-115 DT-128 DT-131 DT-137 SES-07", |c| names(c, SessionMeans::Strange), NOT_FOUND),
    row("DT-117 SES-03", |c| names(c, SessionMeans::Impossible), NOT_FOUND),
    row("DT-115 SES-06 SES-10/ended", |c| is_in(c, &[State::Ended]), NOT_FOUND),
    row("DT-115 SES-05/idle", |c| is_in(c, &[State::Idle, State::Swept]), NOT_FOUND),
    row("DT-115 SES-05/old", |c| is_in(c, &[State::Old]), NOT_FOUND),
    row(
        "SES-05/as old as what it was opened with",
        |c| names(c, SessionMeans::Ours) && c.has_expired_with_opener(),
        NOT_FOUND,
    ),
    row("DT-116 SES-12 SES-14/issuer", |c| is_foreign(c, |party| party.issuer), NOT_FOUND),
    row("DT-116 SES-12 SES-14/subject", |c| is_foreign(c, |party| party.subject), NOT_FOUND),
    row("DT-116 SES-12 SES-14/client", |c| is_foreign(c, |party| party.client), NOT_FOUND),
    row(
        "DT-132",
        |c| needs_session(c) && c.version().is_unknown(),
        refuse(400, VERSION, Unreadable, Versions(Requested::Header)),
    ),
    row(
        "DT-132 DT-64",
        |c| needs_session(c) && c.version() == VersionMeans::Repeated,
        refuse(400, MISMATCH, Unreadable, Nothing),
    ),
    row(
        "DT-126 SSE-12",
        |c| is(c, &Method::GET) && !c.accept().stream,
        refuse(406, INVALID, Unreadable, Nothing),
    ),
    row("DT-125 RES-04", |c| is(c, &Method::GET) && saw(c, EventMeans::First), Then::Resumed),
    row("DT-125 RES-04/nothing missed", |c| is(c, &Method::GET) && saw(c, EventMeans::Last), Then::Resumed),
    row(
        "DT-125 AMB-19 RES-05",
        |c| is(c, &Method::GET) && c.event_seen() != EventMeans::Absent,
        refuse(400, INVALID, Unreadable, Nothing),
    ),
    row(
        "stream/no room",
        |c| is(c, &Method::GET) && c.state() == State::Listening,
        refuse(429, INTERNAL, Unreadable, RetryAfter),
    ),
    row("DT-124 DT-129 AMB-18", |c| is(c, &Method::GET), Then::Listening),
    row("DT-130 SES-09", |c| is(c, &Method::DELETE), Then::Ended),
];

fn names_none(case: &Case<'_>) -> bool {
    case.may_name_session() && case.session_named() == SessionMeans::Absent
}
