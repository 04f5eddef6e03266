//! An answer against the row of the table that applies.

use http::{HeaderName, Method, header};
use mcp_proto::{jws::dpop::ProofDenial, refusal::Outage, session::Session};
use serde_json::{Value, json};

use crate::{
    answer::{Answer, Challenges, Message},
    case::{Case, Content, NONCE},
    challenged::expected_challenges,
    drive::Run,
    entries::{compare_entries, expected_notice, is_kept_open},
    fields::{CodingMeans, LengthMeans, REFUSED_BODY_BYTES_MAX, VersionMeans},
    messages::{ComesTo, EnvelopeMeans, Id},
    results::{compare_result, expected_call},
    scene::{Arrival, Bound, Mode, ServerKind, Verdict},
    streams::{compare_connected, compare_listening, compare_posted, compare_resumed},
    table::{Body, ErrorId, ROWS, Refused, Requested, Rule, Then, With, has_run, is_on_stream, revision},
    tokens::{AUDIENCE, ISSUER, OTHER_ISSUER},
};

/// As long as a version may be to be repeated, in bytes.
const ECHOED_VERSION_BYTES_MAX: usize = 128;

pub(crate) type Compared = Result<(), String>;

/// Compares two values that have to be the same.
#[expect(clippy::needless_pass_by_value, reason = "what is expected is usually written at the call")]
pub(crate) fn same<T: PartialEq + std::fmt::Debug>(what: &str, expected: T, got: T) -> Compared {
    if expected == got { Ok(()) } else { Err(format!("{what}: expected {expected:?}, got {got:?}")) }
}

/// Compares everything that the row tells.
pub(crate) fn compare(
    case: &Case<'_>,
    place: usize,
    run: &Run<'_>,
    answer: &Answer,
    challenges: &mut Challenges,
    hits: &mut [u64],
) -> Compared {
    let row = ROWS[place];
    if !matches!(row.then, Then::Entries) {
        let expected = if has_run(case, place) { expected_call(case) } else { None };
        same("calls", expected.as_slice(), &run.called)?;
        if is_on_stream(case, place) {
            return compare_posted(case, run, place, answer, challenges);
        }
        let told: Vec<_> = expected.as_ref().and_then(|_| expected_notice(case)).into_iter().collect();
        let is_of_session = matches!(row.then, Then::Listening | Then::Resumed | Then::Connected);
        let is_stream = is_of_session || !told.is_empty() || expected.is_some() && is_kept_open(case);
        same("a stream", is_stream, run.is_stream)?;
        if is_stream && !is_of_session {
            same("notifications", told, answer.notifications())?;
        }
    }
    match &row.then {
        Then::Refuse(refused) => {
            // Where the status is sent already, the rule has nowhere to go.
            if !run.is_stream {
                compare_rule(case, row.rule, answer)?;
            }
            compare_refusal(case, refused, row.rule, run, answer, challenges)
        }
        Then::Preflight(methods) => compare_preflight(case, answer, methods),
        Then::Document(status, media_type) => {
            same("status", *status, answer.status)?;
            same("media type", Some(*media_type), answer.field(&header::CONTENT_TYPE))?;
            compare_document(case, answer)
        }
        Then::Accepted => {
            same("status", 202, answer.status)?;
            same("body", true, answer.body.is_empty())
        }
        Then::Answer | Then::Handshake | Then::Handled => {
            same("status", 200, answer.status)?;
            compare_media_type(case, answer, run.is_stream)?;
            if matches!(row.then, Then::Handshake) {
                compare_opened(case, run)?;
            }
            compare_result(case, &row.then, &answer.message())
        }
        Then::Listening => compare_listening(case, answer),
        Then::Resumed => compare_resumed(case, answer),
        Then::Connected => compare_connected(answer),
        Then::Ended => {
            same("status", 200, answer.status)?;
            same("body", true, answer.body.is_empty())?;
            let session = run.kept.as_ref().map(|(kept, _)| &kept.session);
            same("ended", Some(true), session.map(Session::is_over))
        }
        Then::Entries => compare_entries(case, run, answer, challenges, hits),
    }
}

/// LIF-09, VER-13: a session keeps what was agreed on.
fn compare_opened(case: &Case<'_>, run: &Run<'_>) -> Compared {
    same("a session", case.mode().keeps_sessions(), run.opened.is_some())?;
    let Some((session, _)) = &run.opened else {
        return Ok(());
    };
    let info = session.info();
    let params: Value = serde_json::from_str(&format!("{{{}}}", case.operation().params)).expect("JSON");
    same("revision", revision(case).name(), info.revision().as_str())?;
    same("capabilities", &params["capabilities"], &info.capabilities())?;
    same("client", &params["clientInfo"], &info.client())
}

/// What logs and records call the refusal.
fn compare_rule(case: &Case<'_>, rule: Rule, answer: &Answer) -> Compared {
    let got = answer.rule.ok_or("a refusal without a rule")?;
    let expected = match rule {
        Rule::Some => None,
        Rule::Is(name) => Some(name),
        Rule::OfToken => case.token().and_then(|token| token.rule),
        Rule::OfVerdict => match case.verdict() {
            Verdict::ProofRefused(denial) => Some(rule_of_proof(denial)),
            Verdict::Out(outage) => Some(rule_of_outage(outage)),
            _ => None,
        },
    };
    same("rule", expected.unwrap_or(got), got)
}

fn rule_of_proof(denial: ProofDenial) -> &'static str {
    match denial {
        ProofDenial::Missing => "proof_missing",
        ProofDenial::Repeated => "proof_repeated",
        ProofDenial::TooLong => "proof_too_long",
        ProofDenial::Malformed => "proof_malformed",
        ProofDenial::TypeRefused => "proof_type_refused",
        ProofDenial::AlgorithmRefused => "proof_algorithm_refused",
        ProofDenial::CriticalExtension => "proof_critical_extension",
        ProofDenial::KeyRefused => "proof_key_refused",
        ProofDenial::BadSignature => "proof_bad_signature",
        ProofDenial::ClaimsMalformed => "proof_claims_malformed",
        ProofDenial::MethodForeign => "proof_method_foreign",
        ProofDenial::TargetForeign => "proof_target_foreign",
        ProofDenial::TooOld => "proof_too_old",
        ProofDenial::IssuedInFuture => "proof_issued_in_future",
        ProofDenial::TokenForeign => "proof_token_foreign",
        ProofDenial::NonceNeeded => "proof_nonce_needed",
        ProofDenial::Replayed => "proof_replayed",
    }
}

fn rule_of_outage(outage: Outage) -> &'static str {
    match outage {
        Outage::KeysUnavailable => "keys_unavailable",
        Outage::TimedOut => "verifier_timed_out",
        Outage::VerifierUnavailable => "verifier_unavailable",
        Outage::IntrospectionUnavailable => "introspection_unavailable",
        Outage::Overloaded => "verifier_overloaded",
    }
}

fn compare_refusal(
    case: &Case<'_>,
    refused: &Refused,
    rule: Rule,
    run: &Run<'_>,
    answer: &Answer,
    challenges: &mut Challenges,
) -> Compared {
    same("status", refused.status, answer.status)?;
    compare_fields(case, refused, answer, challenges)?;
    let (code, id) = match refused.body {
        Body::None => return same("body", true, answer.body.is_empty()),
        Body::Error(code, id) => (code, id),
    };
    compare_media_type(case, answer, run.is_stream)?;
    compare_error(case, code, id, refused.with, &answer.message())?;
    if refused.status == 401 {
        let expected = match (rule, refused.with) {
            // The words that clients of a verifier of the application's own know.
            (Rule::Is("verifier_failed"), _) => "Unauthorized: Authentication error",
            (Rule::Is("rejected"), _) => "Unauthorized: Authentication failed",
            (_, With::Challenge(None)) => "Unauthorized: Authentication required",
            _ => "Unauthorized: Authentication failed",
        };
        let message = answer.message();
        same("message", Some(expected), message.error.as_ref().map(|error| &*error.message))?;
    }
    Ok(())
}

/// An error, of a whole body or of one request in it.
pub(crate) fn compare_error(
    case: &Case<'_>,
    code: i32,
    id: ErrorId,
    with: With,
    message: &Message<'_>,
) -> Compared {
    same("jsonrpc", "2.0", message.jsonrpc)?;
    same("result", true, message.result.is_none())?;
    let error = message.error.as_ref().ok_or("no error member")?;
    same("code", code, error.code)?;
    same("id", expected_id(case, id), message.id.map(|id| id.get()))?;
    if let With::Says(text) = with {
        same("message", text, &error.message)?;
    }
    let data = error.data.map(|data| serde_json::from_str(data.get()).expect("JSON within JSON"));
    same("data", expected_data(case, with), data)
}

/// Header fields that some refusals have and the others do not.
pub(crate) fn compare_fields(
    case: &Case<'_>,
    Refused { status, with, .. }: &Refused,
    answer: &Answer,
    challenges: &mut Challenges,
) -> Compared {
    let allow = match with {
        With::Allow(allow) => Some(*allow),
        _ => None,
    };
    same("Allow", allow, answer.field(&header::ALLOW))?;
    same("Retry-After", *with == With::RetryAfter, answer.field(&header::RETRY_AFTER).is_some())?;
    let connection = (*with == With::Close).then_some("close");
    same("Connection", connection, answer.field(&header::CONNECTION))?;
    let nonce = (*with == With::NonceField).then_some(NONCE);
    same("DPoP-Nonce", nonce, answer.field(&HeaderName::from_static("dpop-nonce")))?;
    let values = answer.fields.get_all(header::WWW_AUTHENTICATE);
    let told: Vec<_> = values.iter().map(|value| challenges.read(value).clone()).collect();
    same("challenges", expected_challenges(case, *status, *with), told)
}

/// DT-12, HTTP-13: JSON, or what the client takes where the answer is one to its request.
pub(crate) fn compare_media_type(case: &Case<'_>, answer: &Answer, is_told: bool) -> Compared {
    let expected = match answer.status {
        200 if !case.accept().json || is_told => "text/event-stream",
        _ => "application/json",
    };
    same("media type", Some(expected), answer.field(&header::CONTENT_TYPE))
}

fn expected_id(case: &Case<'_>, id: ErrorId) -> Option<&'static str> {
    let readable = match id {
        ErrorId::Left => return None,
        ErrorId::Early => {
            let is_on_its_way =
                is_small(case) && !case.holds_body_back() && case.arrival() == Arrival::Complete;
            // What is longer than announced is not read to its end.
            let is_short = || case.bytes().len() as u64 <= REFUSED_BODY_BYTES_MAX;
            if is_on_its_way && is_short() { id_of_body(case) } else { None }
        }
        ErrorId::Unreadable => None,
        ErrorId::OfBatches => return Some("null"),
        ErrorId::OfBody => id_of_body(case),
    };
    let unreadable = (!case.version().leaves_unreadable_id_out()).then_some("null");
    readable.or(unreadable)
}

fn is_small(case: &Case<'_>) -> bool {
    case.coding() == CodingMeans::Absent
        && matches!(case.length(), LengthMeans::Bytes(bytes) if (1..=REFUSED_BODY_BYTES_MAX).contains(&bytes))
}

/// JR-05, JR-09: as it is written.
pub(crate) fn id_of_body(case: &Case<'_>) -> Option<&'static str> {
    match case.content() {
        Content::Special(special) => special.id,
        Content::Batch(_) if !case.is_at_element() => None,
        Content::Message | Content::Batch(_) => match case.id() {
            Id::Good(json) => Some(json),
            Id::None | Id::Bad(_) => None,
        },
    }
}

fn expected_data(case: &Case<'_>, with: With) -> Option<Value> {
    match with {
        With::Versions(by) => {
            let requested = match by {
                Requested::Envelope => case.envelope().means.version(),
                Requested::Header => match case.version() {
                    VersionMeans::Names(version) => Some(version),
                    VersionMeans::Absent | VersionMeans::Unreadable | VersionMeans::Repeated => None,
                },
                Requested::Handshake => {
                    let asked = match case.operation().comes_to {
                        ComesTo::Handshake { asked, .. } => asked,
                        _ => None,
                    };
                    asked.or(case.envelope().means.version())
                }
            };
            let mut data = json!({"supported": supported(case)});
            if let Some(version) = requested.filter(|version| version.len() <= ECHOED_VERSION_BYTES_MAX) {
                data["requested"] = version.into();
            }
            Some(data)
        }
        With::Uri(uri) => Some(serde_json::json!({"uri": uri})),
        With::Capabilities => Some(serde_json::json!({"requiredCapabilities": {"sampling": {}}})),
        With::Nothing
        | With::Close
        | With::Allow(_)
        | With::Challenge(_)
        | With::BoundOnly
        | With::NonceField
        | With::Scopes(_)
        | With::ScopesOfAll
        | With::Says(_)
        | With::RetryAfter => None,
    }
}

/// VER-06, AMB-09: who spoke of a modern revision is told of those; others of all.
fn supported(case: &Case<'_>) -> &'static [&'static str] {
    let is_message = || *case.method() == Method::POST && matches!(case.content(), Content::Message);
    let has_envelope = || is_message() && case.envelope().means != EnvelopeMeans::None;
    let speaks_of_modern = case.mode() == Mode::ModernOnly || has_envelope();
    if speaks_of_modern {
        &["2026-07-28"]
    } else {
        &["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]
    }
}

/// DT-04: what a page may send, with every field by its name, as a wildcard does not cover
/// `Authorization`.
fn compare_preflight(case: &Case<'_>, answer: &Answer, methods: &str) -> Compared {
    same("status", 204, answer.status)?;
    same("body", true, answer.body.is_empty())?;
    same("methods", Some(methods), answer.field(&header::ACCESS_CONTROL_ALLOW_METHODS))?;
    let headers = answer.field(&header::ACCESS_CONTROL_ALLOW_HEADERS).ok_or("no allowed headers")?;
    let headers: Vec<_> = headers.split(", ").map(str::to_ascii_lowercase).collect();
    let needed = [
        "authorization",
        "content-type",
        "mcp-session-id",
        "mcp-protocol-version",
        "last-event-id",
        "mcp-method",
        "mcp-name",
    ];
    for name in needed.into_iter().chain(case.server().credential_field()) {
        same(name, true, headers.iter().any(|header| header == name))?;
    }
    Ok(())
}

fn compare_document(case: &Case<'_>, answer: &Answer) -> Compared {
    if !crate::table::is_metadata(case) {
        return same("body", false, answer.body.is_empty());
    }
    let mut document: Value = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
    let mut expected = serde_json::json!({
        "resource": AUDIENCE,
        "authorization_servers": [ISSUER],
        "bearer_methods_supported": ["header"],
    });
    // RFC9728-05: no empty lists.
    if !case.server().baseline().is_empty() {
        expected["scopes_supported"] = case.server().baseline().into();
    }
    if case.server() == ServerKind::TwoIssuers {
        expected["authorization_servers"] = serde_json::json!([ISSUER, OTHER_ISSUER]);
    }
    // XDPOP-08.
    if !case.server().proof_algorithms().is_empty() {
        expected["dpop_signing_alg_values_supported"] = case.server().proof_algorithms().into();
    }
    const REQUIRED: &str = "dpop_bound_access_tokens_required";
    if case.server().bound() == Bound::Required {
        expected[REQUIRED] = true.into();
    } else if document[REQUIRED] == false {
        document.as_object_mut().and_then(|members| members.remove(REQUIRED));
    }
    same("metadata", expected, document)
}
