//! What is told from the head, whoever sends it: sections 5.1 up to the credentials.

use http::Method;
use mcp_proto::head::Framing;

use super::{
    ErrorId::Left,
    INVALID, Row, Then,
    With::{Allow, Close, Nothing},
    condition::{PROBES, has_no_single_host, is_for_us, is_get, is_known, is_metadata},
    refuse, row, without_body,
};
use crate::{
    case::Case,
    fields::{CodingMeans, LengthMeans, OriginMeans},
};

const JSON: &str = "application/json";
const NOT_POST: Then = refuse(405, INVALID, Left, Allow("POST"));
const NOT_GET_POST_DELETE: Then = refuse(405, INVALID, Left, Allow("POST, GET, DELETE"));
const NOT_ONLY_GET: Then = refuse(405, INVALID, Left, Allow("GET"));
const NOT_GET: Then = refuse(405, INVALID, Left, Allow("GET, HEAD"));

fn is_with_sessions(case: &Case<'_>) -> bool {
    case.path() == "/mcp" && case.mode().keeps_sessions()
}

/// Verbs that are of sessions alone.
fn is_of_session(case: &Case<'_>) -> bool {
    [Method::GET, Method::DELETE].contains(case.method())
}

pub(super) const ROWS: &[Row] = &[
    // RFC 9112 section 6.3: nobody may be in doubt where the body ends.
    row("framing/seen in the bytes", |c| c.framing() == Framing::Ambiguous, without_body(400, Close)),
    row(
        "framing/seen in the head",
        |c| c.length() != LengthMeans::Absent && c.coding() != CodingMeans::Absent,
        without_body(400, Close),
    ),
    row("framing/another coding", |c| c.coding() == CodingMeans::Other, without_body(400, Close)),
    // Section 5.1, before the body.
    row("DT-01 BC-02", |c| !is_known(c), without_body(404, Nothing)),
    row(
        "DT-01 AUTH-11/no metadata without authentication",
        |c| is_metadata(c) && !c.server().publishes_metadata(),
        without_body(404, Nothing),
    ),
    row("DT-05/probe", |c| PROBES.contains(&c.path()) && !is_get(c), NOT_GET),
    row("probe/ping", |c| c.path() == "/ping", Then::Document(200, "text/plain; charset=utf-8")),
    row("probe/health", |c| c.path() == "/health", Then::Document(200, JSON)),
    row("probe/ready", |c| c.path() == "/ready" && c.ready(), Then::Document(200, JSON)),
    row("probe/not ready", |c| c.path() == "/ready", Then::Document(503, JSON)),
    row("DT-03/RFC 9112 section 3.2", has_no_single_host, without_body(400, Close)),
    row("DT-03 HTTP-06", |c| !is_for_us(c), refuse(403, INVALID, Left, Nothing)),
    row("RFC9728-11 DT-04", |c| is_metadata(c) && c.is_preflight(), Then::Preflight("GET, HEAD")),
    row("RFC9728-04/verb", |c| is_metadata(c) && !is_get(c), NOT_GET),
    row("RFC9728-04", is_metadata, Then::Document(200, JSON)),
    row("DT-02 HTTP-03 HTTP-04", |c| c.origin() == OriginMeans::Foreign, refuse(403, INVALID, Left, Nothing)),
    row(
        "DT-04/with sessions",
        |c| c.is_preflight() && c.mode().keeps_sessions() && c.path() == "/mcp",
        Then::Preflight("POST, GET, DELETE"),
    ),
    row("DT-04 LSE-02", |c| c.is_preflight() && c.path() == "/sse", Then::Preflight("GET")),
    row("DT-04", |c| c.is_preflight(), Then::Preflight("POST")),
    row("DT-138 LSE-12", |c| c.path() == "/sse" && *c.method() != Method::GET, NOT_ONLY_GET),
    // A page that is not let in can have its browser get anything, but not by that name.
    row(
        "DT-126 DT-136/not by name",
        |c| c.path() == "/sse" && !c.names_stream(),
        refuse(406, INVALID, Left, Nothing),
    ),
    row("DT-137/verb", |c| c.path() == "/messages" && *c.method() != Method::POST, NOT_POST),
    row("DT-97", |c| is_with_sessions(c) && c.version().is_modern() && is_of_session(c), NOT_POST),
    row("DT-134 HTTP-28", |c| !c.mode().keeps_sessions() && is_of_session(c), NOT_POST),
    row(
        "DT-05/with sessions",
        |c| {
            let is_other = *c.method() != Method::POST && !is_of_session(c);
            is_with_sessions(c) && is_other && !c.version().is_modern()
        },
        NOT_GET_POST_DELETE,
    ),
    row("DT-05", |c| c.path() == "/mcp" && *c.method() != Method::POST && !is_of_session(c), NOT_POST),
];
