//! What is told about notifications, and about what would be a request but for its id.

use super::{
    ErrorId::{Left, OfBody},
    INVALID, MISMATCH, NO_SESSION, PARAMS, Requested, Row, Then, UNAUTHORIZED, VERSION,
    With::{Challenge, Nothing, Versions},
    condition::{
        has_envelope, is_complete, is_initialize, is_notification, is_posted_in_vain, is_trusted_in_vain,
        lacks_session, method_differs, version_differs,
    },
    refuse, row,
    session::GONE,
};
use crate::{fields::VersionMeans, messages::Id};

pub(super) const ROWS: &[Row] = &[
    row("DT-23 JR-03 JR-04/type", |c| matches!(c.id(), Id::Bad(_)), refuse(400, INVALID, OfBody, Nothing)),
    // HTTP-12: what is refused has no id.
    row(
        "DT-64/notification",
        |c| is_notification(c) && !has_envelope(c) && c.version() == VersionMeans::Repeated,
        refuse(400, MISMATCH, Left, Nothing),
    ),
    row(
        "HTTP-11 HTTP-34",
        |c| is_notification(c) && !has_envelope(c) && c.version().is_unknown(),
        refuse(400, VERSION, Left, Versions(Requested::Header)),
    ),
    row(
        "DT-55 SES-04/notification",
        |c| is_notification(c) && !has_envelope(c) && lacks_session(c),
        refuse(400, INVALID, Left, Nothing),
    ),
    row(
        "SES-12 VER-08/notification",
        |c| is_notification(c) && is_trusted_in_vain(c),
        refuse(401, UNAUTHORIZED, Left, Challenge(None)),
    ),
    row(
        "DT-139/notification",
        |c| is_notification(c) && is_posted_in_vain(c),
        refuse(400, INVALID, Left, Nothing),
    ),
    row(
        "LIF-02/not a request",
        |c| is_notification(c) && !has_envelope(c) && c.has_session() && is_initialize(c),
        refuse(400, INVALID, Left, Nothing),
    ),
    row(
        "SES-06/ended meanwhile, notification",
        |c| is_notification(c) && !has_envelope(c) && c.has_session() && c.state().goes_meanwhile(),
        refuse(404, NO_SESSION, Left, GONE),
    ),
    row("DT-91 DT-95 DT-118 DT-135", |c| is_notification(c) && !has_envelope(c), Then::Accepted),
    row("DT-93", |c| is_notification(c) && !is_complete(c), refuse(400, PARAMS, Left, Nothing)),
    row("DT-92", |c| is_notification(c) && version_differs(c), refuse(400, MISMATCH, Left, Nothing)),
    row("AMB-29", |c| is_notification(c) && method_differs(c), refuse(400, MISMATCH, Left, Nothing)),
    row("DT-91 DT-94 HTTP-14", is_notification, Then::Accepted),
    // Requests.
];
