//! What is told about notifications, and about what would be a request but for its id.

use super::{
    ErrorId::{Left, OfBody},
    INVALID, MISMATCH, PARAMS, Requested, Row, Then, VERSION,
    With::{Nothing, Versions},
    condition::{has_envelope, is_complete, is_notification, method_differs, version_differs},
    refuse, row,
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
    row("DT-91 DT-95 DT-118 DT-135", |c| is_notification(c) && !has_envelope(c), Then::Accepted),
    row("DT-93", |c| is_notification(c) && !is_complete(c), refuse(400, PARAMS, Left, Nothing)),
    row("DT-92", |c| is_notification(c) && version_differs(c), refuse(400, MISMATCH, Left, Nothing)),
    row("AMB-29", |c| is_notification(c) && method_differs(c), refuse(400, MISMATCH, Left, Nothing)),
    row("DT-91 DT-94 HTTP-14", is_notification, Then::Accepted),
    // Requests.
];
