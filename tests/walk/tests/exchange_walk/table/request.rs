//! What is told about a request by what it says of its revision: section 5.3.

use super::{
    ErrorId::OfBody,
    INVALID, MISMATCH, PARAMS, Requested, Row, Then, UNAUTHORIZED, VERSION,
    With::{Challenge, Nothing, Versions},
    condition::{
        has_envelope, is_initialize, is_legacy, is_modern_only, is_of_old, is_posted, is_posted_in_vain,
        is_trusted_in_vain,
    },
    refuse, row,
};
use crate::{fields::VersionMeans, messages::Meta};

const BAD_ENVELOPE: Then = refuse(400, PARAMS, OfBody, Nothing);
const NOT_MIRRORED: Then = refuse(400, MISMATCH, OfBody, Nothing);

pub(super) const ROWS: &[Row] = &[
    row(
        "DT-12 AMB-03",
        |c| !is_posted(c) && !c.accept().json && !c.accept().stream,
        refuse(406, INVALID, OfBody, Nothing),
    ),
    row("SES-12 VER-08", is_trusted_in_vain, refuse(401, UNAUTHORIZED, OfBody, Challenge(None)))
        .by("unauthenticated"),
    row("DT-139", is_posted_in_vain, refuse(400, INVALID, OfBody, Nothing)),
    // Section 5.3, classification: an older revision, or a modern request that is incomplete.
    row(
        "DT-53 VER-09 DT-133",
        |c| is_modern_only(c) && is_initialize(c) && c.envelope().means.version().is_some_and(is_legacy),
        refuse(400, VERSION, OfBody, Versions(Requested::Handshake)),
    ),
    row(
        "DT-64/without envelope",
        |c| !has_envelope(c) && c.version() == VersionMeans::Repeated,
        NOT_MIRRORED,
    ),
    row("DT-50", |c| !has_envelope(c) && c.version().is_modern() && is_initialize(c), NOT_MIRRORED),
    row(
        "DT-60",
        |c| !has_envelope(c) && c.version().is_modern() && c.version() != VersionMeans::Names("2026-07-28"),
        BAD_ENVELOPE,
    ),
    row(
        "DT-48 VER-11",
        |c| !has_envelope(c) && c.version().is_modern() && matches!(c.envelope().meta, Meta::Is(_)),
        BAD_ENVELOPE,
    ),
    row("DT-49 VER-11 META-07", |c| !has_envelope(c) && c.version().is_modern(), BAD_ENVELOPE),
    row(
        "DT-133 HTTP-31/initialize",
        |c| is_modern_only(c) && !has_envelope(c) && is_initialize(c),
        refuse(400, VERSION, OfBody, Versions(Requested::Handshake)),
    ),
    row(
        "AMB-11 DT-133/nothing claimed",
        |c| is_modern_only(c) && !has_envelope(c) && c.version() == VersionMeans::Absent,
        refuse(400, VERSION, OfBody, Versions(Requested::Header)),
    ),
    row(
        "DT-59 DT-133/by its header",
        |c| is_modern_only(c) && !has_envelope(c),
        refuse(400, VERSION, OfBody, Versions(Requested::Header)),
    ),
    row(
        "DT-59 VER-06",
        |c| !has_envelope(c) && !is_of_old(c),
        refuse(400, VERSION, OfBody, Versions(Requested::Header)),
    ),
    // Requests of older revisions, and then modern ones.
];
