//! Conditions that several rows share.

use http::Method;

use crate::{
    case::{Case, Content},
    fields::{HostMeans, VersionMeans},
    messages::{ComesTo, EnvelopeMeans, Flaw, Id},
    tokens::Token,
};

pub(crate) const METADATA: [&str; 2] =
    ["/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"];
pub(super) const PROBES: [&str; 3] = ["/ping", "/health", "/ready"];

pub(super) fn is_known(path: &str) -> bool {
    path == "/mcp" || METADATA.contains(&path) || PROBES.contains(&path)
}

pub(crate) fn is_metadata(case: &Case<'_>) -> bool {
    METADATA.contains(&case.path())
}

pub(super) fn is_get(case: &Case<'_>) -> bool {
    [Method::GET, Method::HEAD].contains(case.method())
}

/// Every name by which the request calls the server is one of ours, and there is one.
/// RFC 9112 section 3.2: a message with no authority, or with two, is malformed.
pub(super) fn has_no_single_host(case: &Case<'_>) -> bool {
    match (case.host(), case.authority()) {
        (HostMeans::Repeated, _) | (HostMeans::Absent, None) => true,
        (HostMeans::Absent, Some(_)) | (HostMeans::Ours | HostMeans::Foreign, _) => false,
    }
}

pub(super) fn is_for_us(case: &Case<'_>) -> bool {
    match (case.host(), case.authority()) {
        (HostMeans::Foreign | HostMeans::Repeated, _) | (HostMeans::Absent, None) => false,
        (HostMeans::Ours, None) => true,
        (HostMeans::Ours | HostMeans::Absent, Some(authority)) => authority == "localhost:8080",
    }
}

pub(super) fn is_guarded(case: &Case<'_>) -> bool {
    case.server().asks_for_tokens()
}

/// The token on which the answer depends.
pub(super) fn token<'s>(case: &Case<'s>) -> Option<&'s Token> {
    if is_guarded(case) { case.token() } else { None }
}

pub(super) fn has_flaw(case: &Case<'_>, flaw: Flaw) -> bool {
    match case.content() {
        Content::Special(special) => special.flaw == flaw,
        Content::Message => false,
    }
}

pub(super) fn is_notification(case: &Case<'_>) -> bool {
    matches!(case.id(), Id::None)
}

pub(super) fn has_envelope(case: &Case<'_>) -> bool {
    case.envelope().means != EnvelopeMeans::None
}

pub(super) fn is_complete(case: &Case<'_>) -> bool {
    matches!(case.envelope().means, EnvelopeMeans::Complete(_, _))
}

pub(super) fn is_initialize(case: &Case<'_>) -> bool {
    case.operation().method == "initialize"
}

pub(super) fn is_legacy(version: &str) -> bool {
    ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"].contains(&version)
}

pub(super) fn is_served(case: &Case<'_>) -> bool {
    case.envelope().means.version() == Some("2026-07-28")
}

/// The version field is there and says something else than the envelope.
pub(super) fn version_differs(case: &Case<'_>) -> bool {
    match case.version() {
        VersionMeans::Absent => false,
        VersionMeans::Names(version) => case.envelope().means.version() != Some(version),
        VersionMeans::Unreadable | VersionMeans::Repeated => true,
    }
}

pub(super) fn method_differs(case: &Case<'_>) -> bool {
    !case.method_field().agrees(case.operation().method)
}

pub(super) fn is_tool(case: &Case<'_>) -> bool {
    matches!(case.operation().comes_to, ComesTo::Call("tool", _, _))
}

/// DT-83: of each mirrored argument that is there, one field that is equal; of the others, none.
pub(super) fn params_agree(case: &Case<'_>) -> bool {
    let Some(mirrored) = case.operation().params_mirrored else {
        return true;
    };
    ["region", "count", "flag", "zone"].iter().all(|suffix| {
        let expected = mirrored.iter().find(|(name, _)| name == suffix);
        let mut sent =
            case.param_set().iter().filter(|(name, _, _)| name.strip_prefix("mcp-param-") == Some(suffix));
        match (expected, sent.next(), sent.next()) {
            (None, None, _) => true,
            (Some((_, equal)), Some((_, _, Some(text))), None) => equal.contains(text),
            (_, _, _) => false,
        }
    })
}
