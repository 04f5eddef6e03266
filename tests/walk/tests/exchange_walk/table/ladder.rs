//! What is told about modern requests: section 5.4.

use super::{
    CAPABILITY,
    ErrorId::OfBody,
    INTERNAL, INVALID, MISMATCH, NO_METHOD, PARAMS, Requested, Row, Then, VERSION, With,
    With::{Capabilities, Nothing, RetryAfter, Scopes, Versions},
    condition::{
        asks, is_done, is_legacy, is_offered, is_served, is_tool, method_differs, params_agree,
        version_differs,
    },
    refuse, row,
};
use crate::{
    fields::VersionMeans,
    listed::is_hidden,
    messages::{ComesTo, EnvelopeMeans, MethodField, MethodKind},
    scene::HandlerOutcome,
};

const BAD_ENVELOPE: Then = refuse(400, PARAMS, OfBody, Nothing);
const NOT_MIRRORED: Then = refuse(400, MISMATCH, OfBody, Nothing);
const BAD_PARAMS: Then = refuse(200, PARAMS, OfBody, Nothing);
const UNKNOWN_METHOD: Then = refuse(404, NO_METHOD, OfBody, Nothing);
const FAILED: Then = refuse(200, INTERNAL, OfBody, Nothing);

pub(super) const ROWS: &[Row] = &[
    row("DT-46 DT-70", |c| c.envelope().means == EnvelopeMeans::VersionNotText, BAD_ENVELOPE),
    row(
        "DT-47 DT-70 META-07 META-15",
        |c| matches!(c.envelope().means, EnvelopeMeans::NoCapabilities(_)),
        BAD_ENVELOPE,
    ),
    row("DT-70", |c| matches!(c.envelope().means, EnvelopeMeans::Malformed(_)), BAD_ENVELOPE),
    row("DT-85 ERR-20", |c| matches!(c.envelope().means, EnvelopeMeans::LogLevel(_)), BAD_ENVELOPE),
    row("DT-64/version", |c| c.version() == VersionMeans::Repeated, NOT_MIRRORED),
    row("DT-42 DT-71 HDR-01", version_differs, NOT_MIRRORED),
    row("DT-64/method", |c| c.method_field() == MethodField::Repeated, NOT_MIRRORED),
    row("DT-72 HDR-02 HDR-05", method_differs, NOT_MIRRORED),
    row(
        "DT-44",
        |c| c.envelope().means.version().is_some_and(is_legacy),
        refuse(400, VERSION, OfBody, Versions(Requested::Envelope)),
    ),
    row(
        "DT-45",
        |c| !is_served(c) && c.version() == VersionMeans::Absent,
        refuse(400, VERSION, OfBody, Versions(Requested::Envelope)),
    ),
    row(
        "DT-43 DT-73 HTTP-24 VER-02 VER-07",
        |c| !is_served(c),
        refuse(400, VERSION, OfBody, Versions(Requested::Envelope)),
    ),
    row("DT-41 DT-74 HTTP-27", |c| c.version() == VersionMeans::Absent, NOT_MIRRORED),
    row("DT-75 HDR-02", |c| c.method_field() == MethodField::Absent, NOT_MIRRORED),
    row(
        "DT-76 HDR-03 HDR-06 HDR-07 HDR-08 HDR-09 HDR-10 HDR-15",
        |c| c.operation().mirrored.is_some() && !c.name_field().agrees(),
        NOT_MIRRORED,
    ),
    row(
        "DT-51 VER-10",
        |c| matches!(c.operation().kind, MethodKind::Removed | MethodKind::InSessions),
        UNKNOWN_METHOD,
    ),
    row("DT-78 HTTP-25", |c| c.operation().kind == MethodKind::Unknown, UNKNOWN_METHOD),
    row("DT-78 ERR-10/capability", |c| !is_offered(c), UNKNOWN_METHOD),
    row(
        "DT-79 AUTH-19 AUTH-22",
        |c| asks(c) && !c.holds(c.operation().needs),
        refuse(403, INVALID, OfBody, Scopes(&[])),
    )
    .by("insufficient_scope"),
    row("DT-77 DT-81", |c| c.operation().comes_to == ComesTo::BadParams, BAD_PARAMS),
    row("ERR-18", |c| c.operation().comes_to == ComesTo::BadCursor, BAD_PARAMS),
    row(
        "ERR-18 PAGE-04 PAGE-07/what is hidden",
        |c| matches!(c.operation().comes_to, ComesTo::List(list, cursor) if is_hidden(c, list, cursor)),
        BAD_PARAMS,
    ),
    row("CACH-06 CACH-08/list", |c| matches!(c.operation().comes_to, ComesTo::List(..)), Then::Answer),
    row("DT-82", |c| c.operation().comes_to == ComesTo::Nothing, BAD_PARAMS),
    row(
        "ERR-17",
        |c| matches!(c.operation().comes_to, ComesTo::NoResource(_)),
        refuse(200, PARAMS, OfBody, With::Uri("file:///c")),
    ),
    row("DT-83 MPH-09 MPH-10 MPH-11 MPH-12 AMB-13", |c| !params_agree(c), NOT_MIRRORED),
    row("DT-40", |c| c.operation().comes_to == ComesTo::Answer, Then::Answer),
];

/// What is told when a handler ran.
pub(super) const RAN: &[Row] = &[
    row(
        "call/no room",
        |c| c.outcome() == HandlerOutcome::Overloaded,
        refuse(503, INTERNAL, OfBody, RetryAfter),
    ),
    row("DT-40/called", is_done, Then::Handled),
    row("DT-86 AMB-12", |c| c.outcome() == HandlerOutcome::BadArguments && is_tool(c), Then::Handled),
    row("DT-88 ERR-24", |c| c.outcome() == HandlerOutcome::Failed && is_tool(c), Then::Handled),
    row(
        "AUTH-22 TOK-07/found by the handler",
        |c| c.outcome() == HandlerOutcome::MissingScope,
        refuse(403, INVALID, OfBody, Scopes(&["more"])),
    ),
    row(
        "DT-87 META-11",
        |c| c.outcome() == HandlerOutcome::MissingCapability,
        refuse(400, CAPABILITY, OfBody, Capabilities),
    ),
    row(
        "ERR-17/found by the handler",
        |c| c.outcome() == HandlerOutcome::NoResource,
        refuse(200, PARAMS, OfBody, With::Uri("gone:///x")),
    ),
    row("call/too late", |c| c.outcome() == HandlerOutcome::TimedOut, FAILED),
    row("DT-88/others", |_| true, FAILED),
];
