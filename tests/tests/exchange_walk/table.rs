//! What the specification says about each exchange: a table, read from the top; the first row whose
//! condition holds tells the answer. Rows bear the ids of the requirements they are written from.

mod condition;

use std::sync::LazyLock;

use http::Method;
use mcp_proto::head::Framing;

pub(crate) use self::condition::{METADATA, is_metadata};
use self::condition::{
    PROBES, asks, comes_with_proof, has_envelope, has_flaw, has_no_single_host, is_complete, is_for_us,
    is_get, is_guarded, is_initialize, is_known, is_legacy, is_notification, is_of_other_kind,
    is_of_other_scheme, is_own, is_served, is_tool, method_differs, params_agree, proof, takes_proofs, token,
    version_differs,
};
use crate::{
    case::Case,
    fields::{
        BODY_BYTES_MAX, CodingMeans, CredentialMeans, LengthMeans, OriginMeans, ProofField, VersionMeans,
    },
    listed::is_hidden,
    messages::{ComesTo, EnvelopeMeans, Flaw, Id, Meta, MethodField, MethodKind},
    scene::{Arrival, Bound, HandlerOutcome, ServerKind, Verdict},
    tokens::{Binding, EXPIRES, HOLDER},
};
use ErrorId::{Early, Left, OfBody, Unreadable};
use With::{Allow, Capabilities, Challenge, Close, Nothing, RetryAfter, Scopes, Versions};

/// One row.
pub(crate) struct Row {
    /// The requirement, and where several rows serve one, which part of it.
    pub(crate) id: &'static str,
    pub(crate) when: fn(&Case<'_>) -> bool,
    pub(crate) then: Then,
    /// The name of the rule that refuses, as logs have it.
    pub(crate) rule: Rule,
}

/// The name of a rule.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rule {
    /// Any.
    Some,
    Is(&'static str),
    /// That of the token, if it has one.
    OfToken,
    /// That of what the verifier found.
    OfVerdict,
}

/// What an exchange comes to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Then {
    Refuse(Refused),
    /// 204 with these methods.
    Preflight(&'static str),
    /// This status and media type without JSON-RPC.
    Document(u16, &'static str),
    /// 202 without a body (HTTP-12).
    Accepted,
    /// 200 with a result from the server itself.
    Answer,
    /// 200 with a result from a handler; of a tool, whether it says that the tool failed.
    Handled {
        is_error: bool,
    },
}

/// A refusal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) body: Body,
    pub(crate) with: With,
}

/// The JSON-RPC error of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    None,
    Error(i32, ErrorId),
}

/// The `id` of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorId {
    /// There is no such member.
    Left,
    /// That of the request, if its small body is on its way and has a readable one; else as
    /// `Unreadable`.
    Early,
    /// AMB-01, by `MCP-Protocol-Version`.
    Unreadable,
    /// That of the body if one can be read; else as `Unreadable`.
    OfBody,
}

/// What else a refusal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum With {
    Nothing,
    /// `Connection: close`
    Close,
    Allow(&'static str),
    /// A challenge with this error and the scopes of the endpoint.
    Challenge(Option<&'static str>),
    /// A challenge `invalid_token` that asks for a proof, where any are taken.
    BoundOnly,
    /// A challenge `use_dpop_nonce`, and the nonce in a field of its own (RFC 9449 section 9).
    NonceField,
    /// A challenge `insufficient_scope` with the scopes of the endpoint and of the operation, and
    /// these.
    Scopes(&'static [&'static str]),
    RetryAfter,
    /// The served versions, and what was requested where it was named.
    Versions(Requested),
    /// `data.uri` (ERR-17).
    Uri(&'static str),
    /// `data.requiredCapabilities` with the member `sampling` (META-11).
    Capabilities,
}

/// Who named the version that was requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Requested {
    Envelope,
    Header,
    Handshake,
}

const fn row(id: &'static str, when: fn(&Case<'_>) -> bool, then: Then) -> Row {
    Row { id, when, then, rule: Rule::Some }
}

impl Row {
    const fn by(self, rule: &'static str) -> Self {
        self.told(Rule::Is(rule))
    }

    const fn told(self, rule: Rule) -> Self {
        let Self { id, when, then, rule: _ } = self;
        Self { id, when, then, rule }
    }
}

const fn refuse(status: u16, code: i32, id: ErrorId, with: With) -> Then {
    Then::Refuse(Refused { status, body: Body::Error(code, id), with })
}

const fn without_body(status: u16, with: With) -> Then {
    Then::Refuse(Refused { status, body: Body::None, with })
}

const INVALID: i32 = -32600;
const NO_METHOD: i32 = -32601;
const PARAMS: i32 = -32602;
const INTERNAL: i32 = -32603;
const PARSE: i32 = -32700;
const UNAUTHORIZED: i32 = -32000;
const MISMATCH: i32 = -32020;
const CAPABILITY: i32 = -32021;
const VERSION: i32 = -32022;

const NOT_POST: Then = refuse(405, INVALID, Left, Allow("POST"));
const NOT_GET: Then = refuse(405, INVALID, Left, Allow("GET, HEAD"));
const BAD_REQUEST: Then = refuse(400, INVALID, Early, Challenge(Some("invalid_request")));
const NO_CREDENTIALS: Then = refuse(401, UNAUTHORIZED, Early, Challenge(None));
const BAD_TOKEN: Then = refuse(401, UNAUTHORIZED, Early, Challenge(Some("invalid_token")));
const BOUND_TOKEN: Then = refuse(401, UNAUTHORIZED, Early, With::BoundOnly);
const BAD_PROOF: Then = refuse(401, UNAUTHORIZED, Early, Challenge(Some("invalid_dpop_proof")));
const NO_NONCE: Then = refuse(401, UNAUTHORIZED, Early, With::NonceField);
const OUTAGE: Then = refuse(503, INTERNAL, Early, RetryAfter);
const MALFORMED: Then = refuse(400, INVALID, OfBody, Nothing);
const BAD_ENVELOPE: Then = refuse(400, PARAMS, OfBody, Nothing);
const NOT_MIRRORED: Then = refuse(400, MISMATCH, OfBody, Nothing);
const BAD_PARAMS: Then = refuse(200, PARAMS, OfBody, Nothing);
const UNKNOWN_METHOD: Then = refuse(404, NO_METHOD, OfBody, Nothing);
const FAILED: Then = refuse(200, INTERNAL, OfBody, Nothing);

/// Rows that others are told by where they stand.
const QUERY: &str = "AUTH-04 RFC6750-06";
const BASELINE: &str = "DT-09 AUTH-19 RFC6750-03";
const ACCEPT: &str = "DT-12 AMB-03";

const JSON: &str = "application/json";

pub(crate) const ROWS: &[Row] = &[
    // RFC 9112 section 6.3: nobody may be in doubt where the body ends.
    row("framing/seen in the bytes", |c| c.framing() == Framing::Ambiguous, without_body(400, Close)),
    row(
        "framing/seen in the head",
        |c| c.length() != LengthMeans::Absent && c.coding() != CodingMeans::Absent,
        without_body(400, Close),
    ),
    row("framing/another coding", |c| c.coding() == CodingMeans::Other, without_body(400, Close)),
    // Section 5.1, before the body.
    row("DT-01 BC-02", |c| !is_known(c.path()), without_body(404, Nothing)),
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
    row("DT-04", |c| c.is_preflight(), Then::Preflight("POST")),
    row("DT-134 HTTP-28", |c| [Method::GET, Method::DELETE].contains(c.method()), NOT_POST),
    row("DT-05", |c| *c.method() != Method::POST, NOT_POST),
    row(QUERY, |c| asks(c) && c.query().1, BAD_REQUEST).by("credentials_in_query"),
    row(
        "DT-07 RFC6750-06/two fields",
        |c| is_guarded(c) && c.credential() == CredentialMeans::Repeated,
        BAD_REQUEST,
    ),
    row(
        "DT-07 RFC6750-07/malformed",
        |c| is_guarded(c) && c.credential() == CredentialMeans::Malformed,
        BAD_REQUEST,
    )
    .by("credentials_malformed"),
    row(
        "DT-07 XDPOP-01/malformed behind DPoP",
        |c| takes_proofs(c) && c.credential() == CredentialMeans::BoundMalformed,
        BAD_REQUEST,
    )
    .by("credentials_malformed"),
    row(
        "DT-06 RFC6750-01 RFC6750-02",
        |c| is_guarded(c) && c.credential() == CredentialMeans::Absent,
        NO_CREDENTIALS,
    )
    .by("unauthenticated"),
    row("DT-07 RFC6750-07/not Bearer", |c| is_guarded(c) && is_of_other_scheme(c), NO_CREDENTIALS)
        .by("unauthenticated"),
    row(
        "XDPOP-06/no bearer tokens here",
        |c| c.server().bound() == Bound::Required && matches!(c.credential(), CredentialMeans::Token(_)),
        NO_CREDENTIALS,
    )
    .by("unauthenticated"),
    row(
        "XDPOP-01 RS-101/no proof",
        |c| comes_with_proof(c) && c.proof_field() == ProofField::Absent,
        BAD_PROOF,
    )
    .by("proof_missing"),
    row(
        "XDPOP-01 RS-101/two proofs",
        |c| comes_with_proof(c) && c.proof_field() == ProofField::Repeated,
        BAD_PROOF,
    )
    .by("proof_repeated"),
    row("outage", |c| asks(c) && matches!(c.verdict(), Verdict::Out(_)), OUTAGE).told(Rule::OfVerdict),
    row("facts of another kind", |c| asks(c) && is_of_other_kind(c), OUTAGE).by("verifier_unavailable"),
    // What the application says.
    row(
        "RFC6750-02/nobody recognised",
        |c| is_own(c) && c.verdict() == Verdict::Rejected && c.credential() == CredentialMeans::Absent,
        NO_CREDENTIALS,
    )
    .by("rejected"),
    row("DT-08/nobody recognised", |c| is_own(c) && c.verdict() == Verdict::Rejected, BAD_TOKEN)
        .by("rejected"),
    row(
        "RFC6750-02/verifier failed",
        |c| is_own(c) && c.verdict() == Verdict::Failed && c.credential() == CredentialMeans::Absent,
        NO_CREDENTIALS,
    )
    .by("verifier_failed"),
    row("DT-08/verifier failed", |c| is_own(c) && c.verdict() == Verdict::Failed, BAD_TOKEN)
        .by("verifier_failed"),
    row("DT-08/recognised too long ago", |c| is_own(c) && c.clock() >= EXPIRES, BAD_TOKEN).by("expired"),
    // What the verifier of tokens says.
    row("DT-08 TOK-01/signature", |c| is_guarded(c) && c.verdict() == Verdict::BadSignature, BAD_TOKEN),
    row(
        "XDPOP-01 XDPOP-03 XDPOP-04/refused by the verifier",
        |c| is_guarded(c) && matches!(c.verdict(), Verdict::ProofRefused(_)),
        BAD_PROOF,
    )
    .told(Rule::OfVerdict),
    row("XDPOP-03 RS-103/nonce", |c| is_guarded(c) && c.verdict() == Verdict::NonceNeeded, NO_NONCE)
        .by("proof_nonce_needed"),
    row(
        "DT-08 TOK-01 TOK-02 AUTH-06 XDPOP-05/flaw",
        |c| token(c).is_some_and(|token| token.is_flawed),
        BAD_TOKEN,
    )
    .told(Rule::OfToken),
    row("DT-08 TOK-01/exp", |c| token(c).is_some_and(|token| token.has_expired(c.clock())), BAD_TOKEN)
        .by("expired"),
    row("DT-08 TOK-01/nbf", |c| token(c).is_some_and(|token| token.is_not_yet_valid(c.clock())), BAD_TOKEN)
        .by("not_yet_valid"),
    row("DT-08 TOK-01/iat", |c| token(c).is_some_and(|token| token.is_from_the_future(c.clock())), BAD_TOKEN)
        .by("issued_in_future"),
    row(
        "XDPOP-06 RS-100 RS-104/bound token as bearer token",
        |c| token(c).is_some_and(|token| token.binding != Binding::None) && !comes_with_proof(c),
        BOUND_TOKEN,
    )
    .by("sender_constrained"),
    row(
        "XDPOP-01/bearer token with a proof",
        |c| comes_with_proof(c) && token(c).is_some_and(|token| token.binding == Binding::None),
        BAD_TOKEN,
    )
    .by("not_sender_constrained"),
    row(
        "XDPOP-01/binding that cannot be checked",
        |c| comes_with_proof(c) && token(c).is_some_and(|token| token.binding == Binding::Other),
        BAD_TOKEN,
    )
    .by("sender_constrained"),
    row(
        "XDPOP-01/nothing found out about the proof",
        |c| comes_with_proof(c) && c.verdict() != Verdict::Proven,
        BAD_TOKEN,
    )
    .by("sender_constrained"),
    // RFC 9449 section 7.1 has `invalid_token` for this one.
    row("XDPOP-01 RS-101/jkt", |c| proof(c).is_some_and(|proof| proof.key != HOLDER), BAD_TOKEN)
        .by("key_not_bound"),
    row("XDPOP-01 RS-101/htm", |c| proof(c).is_some_and(|proof| !proof.has_our_method()), BAD_PROOF)
        .by("proof_method_foreign"),
    row("XDPOP-01 RS-101/htu", |c| proof(c).is_some_and(|proof| !proof.has_our_target()), BAD_PROOF)
        .by("proof_target_foreign"),
    row("XDPOP-02/old", |c| proof(c).is_some_and(|proof| proof.is_too_old(c.clock())), BAD_PROOF)
        .by("proof_too_old"),
    row("XDPOP-02/future", |c| proof(c).is_some_and(|proof| proof.is_from_the_future(c.clock())), BAD_PROOF)
        .by("proof_issued_in_future"),
    row("XDPOP-01 RS-101/ath", |c| proof(c).is_some_and(|proof| !proof.is_for_token), BAD_PROOF)
        .by("proof_token_foreign"),
    row(
        BASELINE,
        |c| asks(c) && !c.holds(c.server().baseline()),
        refuse(403, INVALID, Early, Challenge(Some("insufficient_scope"))),
    )
    .by("insufficient_scope"),
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
    row("DT-26 DT-27 JR-26", |c| has_flaw(c, Flaw::Array), MALFORMED),
    row("DT-96 JR-27", |c| has_flaw(c, Flaw::Response), MALFORMED),
    row("DT-23 JR-03 JR-04/type", |c| matches!(c.id(), Id::Bad(_)), MALFORMED),
    // Notifications; HTTP-12: what is refused has no id.
    row("DT-91 DT-95 DT-135", |c| is_notification(c) && !has_envelope(c), Then::Accepted),
    row("DT-93", |c| is_notification(c) && !is_complete(c), refuse(400, PARAMS, Left, Nothing)),
    row("DT-92", |c| is_notification(c) && version_differs(c), refuse(400, MISMATCH, Left, Nothing)),
    row("AMB-29", |c| is_notification(c) && method_differs(c), refuse(400, MISMATCH, Left, Nothing)),
    row("DT-91 DT-94 HTTP-14", is_notification, Then::Accepted),
    // Requests.
    row(ACCEPT, |c| !c.accept().json && !c.accept().stream, refuse(406, INVALID, OfBody, Nothing)),
    // Section 5.3, classification: an older revision, or a modern request that is incomplete.
    row(
        "DT-53 VER-09 DT-133",
        |c| is_initialize(c) && c.envelope().means.version().is_some_and(is_legacy),
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
        |c| !has_envelope(c) && is_initialize(c),
        refuse(400, VERSION, OfBody, Versions(Requested::Handshake)),
    ),
    row(
        "AMB-11 DT-133/nothing claimed",
        |c| !has_envelope(c) && c.version() == VersionMeans::Absent,
        refuse(400, VERSION, OfBody, Versions(Requested::Header)),
    ),
    row(
        "DT-59 DT-133/by its header",
        |c| !has_envelope(c),
        refuse(400, VERSION, OfBody, Versions(Requested::Header)),
    ),
    // Section 5.4, the modern ladder.
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
    row("DT-51 VER-10", |c| c.operation().kind == MethodKind::Removed, UNKNOWN_METHOD),
    row("DT-78 HTTP-25", |c| c.operation().kind == MethodKind::Unknown, UNKNOWN_METHOD),
    row(
        "DT-78 ERR-10/capability",
        |c| c.server() == ServerKind::Bare && c.operation().kind == MethodKind::Offered,
        UNKNOWN_METHOD,
    ),
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
    // A handler ran.
    row("DT-40/called", |c| c.outcome() == HandlerOutcome::Done, Then::Handled { is_error: false }),
    row(
        "DT-86 AMB-12",
        |c| c.outcome() == HandlerOutcome::BadArguments && is_tool(c),
        Then::Handled { is_error: true },
    ),
    row(
        "DT-88 ERR-24",
        |c| c.outcome() == HandlerOutcome::Failed && is_tool(c),
        Then::Handled { is_error: true },
    ),
    row(
        "call/overloaded",
        |c| c.outcome() == HandlerOutcome::Overloaded,
        refuse(503, INTERNAL, OfBody, RetryAfter),
    ),
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

/// The place of the row of this id.
fn place_of(id: &str) -> usize {
    ROWS.iter().position(|row| row.id == id).expect("a row of the table")
}

/// Whether the head is good, but for who sends it.
pub(crate) fn is_behind_the_gate(place: usize) -> bool {
    static QUERY_PLACE: LazyLock<usize> = LazyLock::new(|| place_of(QUERY));
    place >= *QUERY_PLACE
}

/// Whether the caller is who they say.
pub(crate) fn is_verified(place: usize) -> bool {
    static BASELINE_PLACE: LazyLock<usize> = LazyLock::new(|| place_of(BASELINE));
    place >= *BASELINE_PLACE
}

/// Whether the body is a request of well-formed parts.
pub(crate) fn is_request(place: usize) -> bool {
    static ACCEPT_PLACE: LazyLock<usize> = LazyLock::new(|| place_of(ACCEPT));
    place >= *ACCEPT_PLACE
}

/// The first row that applies, by its place.
pub(crate) fn lookup(case: &Case<'_>) -> usize {
    ROWS.iter().position(|row| (row.when)(case)).expect("the last row always applies")
}
