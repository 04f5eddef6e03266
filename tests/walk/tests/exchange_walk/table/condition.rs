//! Conditions that several rows share.

use http::Method;

use crate::{
    case::{Case, Content},
    fields::{CredentialMeans, HostMeans, SessionMeans, VersionMeans},
    messages::{Batch, BatchFlaw, ComesTo, EnvelopeMeans, Flaw, Id, MethodKind},
    scene::{Bound, Guard, HandlerOutcome, Mode, ServerKind, Verdict},
    surface::Revision,
    tokens::{ProofSpec, Token},
};

pub(crate) const METADATA: [&str; 2] =
    ["/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"];
pub(super) const PROBES: [&str; 3] = ["/ping", "/health", "/ready"];

/// The paths of HTTP+SSE, where there are any (LSE-01).
pub(super) const OLD_PATHS: [&str; 2] = ["/sse", "/messages"];

pub(super) fn is_known(case: &Case<'_>) -> bool {
    let path = case.path();
    path == "/mcp" || METADATA.contains(&path) || PROBES.contains(&path) || is_old_path(case)
}

/// Whether the path is one that messages are sent to or come from.
pub(crate) fn is_endpoint(case: &Case<'_>) -> bool {
    case.path() == "/mcp" || is_old_path(case)
}

pub(super) fn is_old_path(case: &Case<'_>) -> bool {
    case.mode().has_old_paths() && OLD_PATHS.contains(&case.path())
}

/// Whether the request is a message that is answered on the stream of its session.
pub(crate) fn is_posted(case: &Case<'_>) -> bool {
    is_old_path(case) && case.path() == "/messages"
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

/// Whether callers have to bring tokens.
pub(super) fn is_guarded(case: &Case<'_>) -> bool {
    case.server().asks_for_tokens() && !case.is_trusted()
}

/// The token on which the answer depends.
pub(super) fn token<'s>(case: &Case<'s>) -> Option<&'s Token> {
    if is_guarded(case) { case.token() } else { None }
}

/// Whether it depends on the caller what may be done.
pub(super) fn asks(case: &Case<'_>) -> bool {
    case.server().asks_for_callers()
}

/// Whether the request has to say who sends it.
pub(super) fn is_asked(case: &Case<'_>) -> bool {
    asks(case) && !case.is_trusted()
}

/// Whether the application says who calls.
pub(super) fn is_own(case: &Case<'_>) -> bool {
    case.server().guard() == Guard::Own && !case.is_trusted()
}

pub(super) fn takes_proofs(case: &Case<'_>) -> bool {
    is_guarded(case) && case.server().bound() != Bound::Refused
}

/// Whether a verifier is asked about a token with a proof, or one without.
pub(super) fn comes_with_proof(case: &Case<'_>) -> bool {
    takes_proofs(case) && matches!(case.credential(), CredentialMeans::Bound(_))
}

/// DT-07: simply not a scheme that is understood here.
pub(super) fn is_of_other_scheme(case: &Case<'_>) -> bool {
    match case.credential() {
        CredentialMeans::OtherScheme => true,
        CredentialMeans::Bound(_) | CredentialMeans::BoundMalformed => !takes_proofs(case),
        CredentialMeans::Absent
        | CredentialMeans::Token(_)
        | CredentialMeans::Malformed
        | CredentialMeans::Repeated => false,
    }
}

/// Facts of a kind that the policy did not ask for say nothing about the caller.
pub(super) fn is_of_other_kind(case: &Case<'_>) -> bool {
    match case.verdict() {
        Verdict::GoodSignature | Verdict::BadSignature => is_own(case),
        // Of a token that is not good itself, nothing else is reported.
        Verdict::Proven => is_own(case) || (!comes_with_proof(case) && !is_refused_unread(case)),
        Verdict::ProofRefused(_) | Verdict::NonceNeeded => is_own(case) || !comes_with_proof(case),
        Verdict::Accepted(_) | Verdict::Rejected | Verdict::Failed => !is_own(case),
        Verdict::Out(_) => false,
    }
}

fn is_refused_unread(case: &Case<'_>) -> bool {
    case.token().is_some_and(Token::is_refused_unread)
}

/// What the proof says that was found good.
pub(super) fn proof(case: &Case<'_>) -> Option<ProofSpec> {
    let is_proven = comes_with_proof(case) && case.verdict() == Verdict::Proven;
    if is_proven { case.sent_proof().map(|proof| proof.spec) } else { None }
}

/// DT-139: on the paths of HTTP+SSE nothing is served that says that it is of 2026-07-28.
pub(super) fn is_posted_in_vain(case: &Case<'_>) -> bool {
    let is_request_of_old = !is_notification(case) && is_handshake(case);
    let says_so = if has_envelope(case) { !is_request_of_old } else { case.version().is_modern() };
    is_posted(case) && says_so
}

/// VER-08, in a session whose opener nobody asks about: who says that they are of 2026-07-28 belongs to no
/// session, and has not said who they are.
pub(super) fn is_trusted_in_vain(case: &Case<'_>) -> bool {
    let is_request_of_old = !is_notification(case) && is_handshake(case);
    case.is_trusted() && has_envelope(case) && !is_request_of_old
}

pub(super) fn has_flaw(case: &Case<'_>, flaw: Flaw) -> bool {
    match case.content() {
        Content::Special(special) => special.flaw == flaw,
        Content::Message | Content::Batch(_) => false,
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

pub(super) fn is_modern_only(case: &Case<'_>) -> bool {
    case.mode() == Mode::ModernOnly
}

/// SES-04: what is not modern has to belong to a session, where there are any.
pub(super) fn lacks_session(case: &Case<'_>) -> bool {
    case.may_name_session() && case.session_named() == SessionMeans::Absent
}

/// DT-52, DT-53, AMB-23: how clients of older revisions begin. An envelope of one of those says no
/// more than what the handshake says; a field that names none is older than what it has to name.
pub(crate) fn is_handshake(case: &Case<'_>) -> bool {
    !is_modern_only(case)
        && is_initialize(case)
        && match case.envelope().means.version() {
            Some(version) => is_legacy(version),
            None => {
                !has_envelope(case) && !case.version().is_modern() && case.version() != VersionMeans::Repeated
            }
        }
}

/// VER-08, DT-56: a request that is answered as one of an older revision.
pub(crate) fn is_of_old(case: &Case<'_>) -> bool {
    // Of a batch it was said before.
    let is_version_of_old = || case.is_at_element() || case.version().legacy().is_some();
    let is_plain =
        || !is_modern_only(case) && !is_initialize(case) && !has_envelope(case) && is_version_of_old();
    is_handshake(case) || is_plain()
}

/// The revision that the answer is of (VER-13): of a handshake, the one that it agrees on.
pub(crate) fn revision(case: &Case<'_>) -> Revision {
    if !is_of_old(case) {
        return Revision::E;
    }
    match case.operation().comes_to {
        // LIF-03 to LIF-05.
        ComesTo::Handshake { asked, .. } => asked.and_then(Revision::legacy).unwrap_or(Revision::D),
        // VER-13, AMB-05: that of its session, whatever it says itself.
        _ if case.may_name_session() => case.session_revision(),
        _ => case.version().legacy().expect("requests of old say so, or nothing"),
    }
}

/// Whether the method was served before 2026-07-28, where its capability is (1.1).
pub(super) fn is_method_of_old(case: &Case<'_>) -> bool {
    let operation = case.operation();
    operation.kind == MethodKind::Offered
        || ["initialize", "ping", "logging/setLevel"].contains(&operation.method)
        || (operation.kind == MethodKind::InSessions && case.has_session())
}

/// Whether the server has what the method is about.
pub(super) fn is_offered(case: &Case<'_>) -> bool {
    case.server() != ServerKind::Bare
        || !matches!(case.operation().kind, MethodKind::Offered | MethodKind::InSessions)
}

pub(super) fn batch<'s>(case: &Case<'s>) -> Option<&'s Batch> {
    match case.content() {
        Content::Batch(batch) => Some(batch),
        Content::Message | Content::Special(_) => None,
    }
}

/// JR-20, JR-26, DT-29: arrays are of 2025-03-26, which is what is meant where nothing is said. Where
/// there are sessions, they say it.
pub(super) fn takes_batches(case: &Case<'_>) -> bool {
    if is_posted(case) {
        return false;
    }
    if case.mode().keeps_sessions() {
        return case.has_session() && case.session_revision() == Revision::B;
    }
    !is_modern_only(case) && case.version().legacy() == Some(Revision::B)
}

pub(super) fn has_batch_flaw(case: &Case<'_>, flaw: BatchFlaw) -> bool {
    batch(case).is_some_and(|batch| batch.flaw == Some(flaw))
}

/// The scopes of what an element of a batch names.
pub(crate) fn named_needs(case: &Case<'_>) -> &'static [&'static str] {
    let names_something = !is_notification(case) && is_method_of_old(case) && is_offered(case);
    if names_something { case.operation().needs } else { &[] }
}

/// Those of them that the caller has to have: scopes come behind `_meta`.
pub(crate) fn needs_of(case: &Case<'_>) -> &'static [&'static str] {
    if case.envelope().is_wrong { &[] } else { named_needs(case) }
}

pub(super) fn is_done(case: &Case<'_>) -> bool {
    [HandlerOutcome::Done, HandlerOutcome::Rich, HandlerOutcome::RichList].contains(&case.outcome())
}
