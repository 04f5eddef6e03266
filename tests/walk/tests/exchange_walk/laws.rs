//! Laws that hold for every exchange, whatever the table says.

use std::{borrow::Cow, collections::BTreeSet};

use http::{HeaderValue, header};
use mcp_proto::{Engine, Response, Step, exchange::ItemKind};

use crate::{
    answer::{Answer, Challenges},
    case::{Case, Content},
    drive::{Run, drive, drive_with, drive_with_proof, drive_without_credentials},
    fields::{CredentialMeans, HostMeans, OURS, OriginMeans, SECRET},
    listed::List,
    messages::ComesTo,
    scene::{Bound, Guard, Shows, Verdict},
    table::{METADATA, Row, is_endpoint, needs_of},
    tokens::{Binding, EXPIRES, HOLDER, ID_OF_PROOFS, NONCE_OF_PROOFS, SentProof, Token},
};

/// The most steps of an exchange, besides those for each message of a batch.
const STEPS_MAX: usize = 6;

pub(crate) type Kept = Result<(), String>;

pub(crate) fn law(holds: bool, message: &str) -> Kept {
    if holds { Ok(()) } else { Err(message.to_owned()) }
}

/// Whether a request may get past the endpoint's own checks: judged from the facts alone.
pub(crate) fn is_accepted(case: &Case<'_>) -> bool {
    if case.is_trusted() {
        return case.has_session();
    }
    let is_recognised = match case.server().guard() {
        Guard::None => return true,
        Guard::Own => matches!(case.verdict(), Verdict::Accepted(_)) && case.clock() < EXPIRES,
        Guard::Tokens => case.token().is_some_and(|token| match case.credential() {
            CredentialMeans::Bound(_) => {
                case.verdict() == Verdict::Proven
                    && case.sent_proof().is_some_and(|proof| is_good_with(case, token, proof))
            }
            _ => {
                case.verdict() == Verdict::GoodSignature
                    && case.server().bound() != Bound::Required
                    && matches!(token.binding, Binding::None | Binding::Certificate)
                    && case.has_certificate_of(token)
                    && is_good(case, token)
            }
        }),
    };
    is_recognised && case.holds(case.server().baseline())
}

/// Whether a token is good now, for whoever may use it.
fn is_good(case: &Case<'_>, token: &Token) -> bool {
    let now = case.clock();
    !token.is_flawed
        && !token.has_expired(now)
        && !token.is_not_yet_valid(now)
        && !token.is_from_the_future(now)
}

/// Whether the sender of a token and a proof may use the token.
fn is_good_with(case: &Case<'_>, token: &Token, proof: &SentProof) -> bool {
    case.server().bound() != Bound::Refused
        && is_good(case, token)
        && matches!(token.binding, Binding::Holder | Binding::Both)
        && case.has_certificate_of(token)
        && proof.spec.key == HOLDER
        && proof.spec.is_good(case.clock())
}

/// Law 1: no handler runs without accepted facts and the scopes of what it is.
pub(crate) fn no_call_without_accepted_facts(case: &Case<'_>, run: &Run<'_>) -> Kept {
    if run.called.is_empty() {
        return Ok(());
    }
    law(is_accepted(case), "law 1: a handler was to run for a caller who is not let in")?;
    match case.content() {
        // Nobody finds out what half of a batch does.
        Content::Batch(_) => law(
            !case.each_request(|_| case.holds(needs_of(case))).contains(&false),
            "law 1: a handler of a batch was to run for a caller who may not have all of it run",
        ),
        Content::Message | Content::Special(_) => law(
            case.holds(case.operation().needs),
            "law 1: a handler was to run for a caller who may not have it run",
        ),
    }
}

/// Law 2: no body is read for strangers; what is read for an id changes nothing.
pub(crate) fn no_body_before_good_facts(case: &Case<'_>, run: &Run<'_>, answer: &Answer) -> Kept {
    law(!run.has_read_body || is_accepted(case), "law 2: the body of a stranger was read")?;
    let is_refusal =
        matches!(answer.status, 400 | 401 | 403 | 404 | 503) && run.called.is_empty() && !run.has_read_body;
    law(!run.has_read_id || is_refusal, "law 2: reading an id ended in something else than the refusal")
}

/// Law 3: more scopes never turn a yes into a no, and no credential never turns a no into a yes.
pub(crate) fn monotone(engine: &Engine, case: &Case<'_>, run: &Run<'_>, response: &Response) -> Kept {
    if let Some(verify) = run.verify.as_ref().filter(|_| !matches!(response.status.as_u16(), 401 | 403 | 503))
    {
        for richer in case.richer_facts() {
            let other = drive_with(engine, case, verify.clone(), richer);
            law(
                is_as_good(case, run, &other, response),
                "law 3: a caller with more scopes got another answer than one who was let in",
            )?;
        }
    }
    if response.status.as_u16() < 400 {
        return Ok(());
    }
    let is_refused = match drive_without_credentials(engine, case) {
        Step::Respond(response) => response.status.as_u16() >= 400,
        // A server that is not ready asks nobody for credentials.
        Step::ReadId(_) | Step::Probe(_) => true,
        Step::ReadBody(_) => !case.server().asks_for_callers(),
        // There may be credentials that only the application knows of.
        Step::Verify(_) => case.server().guard() == Guard::Own,
        // It is found out later who may use a session.
        Step::FindSession(_) => case.is_trusted() || !case.server().asks_for_callers(),
        Step::OpenSession(_) => !case.server().asks_for_callers(),
        Step::Call(_) | Step::Filter(_) | Step::UseSession(_) | Step::Stream(_) => false,
    };
    law(is_refused, "law 3: a refused request got further without credentials")
}

/// Whether somebody who has more scopes got what somebody got who has fewer.
fn is_as_good(case: &Case<'_>, run: &Run<'_>, more: &Response, fewer: &Response) -> bool {
    let shows_more =
        run.has_read_body && case.server().shows() != Shows::Everything && !lists(case).is_empty();
    if shows_more {
        return more.status == fewer.status;
    }
    let anonymous = |response: &Response| Response { about: None, ..response.clone() };
    more == fewer || (case.records() && anonymous(more) == anonymous(fewer))
}

/// Law 3, of proofs: who is refused a token without a proof gets no further with one than the claims
/// of the token allow.
pub(crate) fn proofs_add_nothing(engine: &Engine, case: &Case<'_>, response: &Response) -> Kept {
    if response.status != 401 || case.server().bound() == Bound::Refused {
        return Ok(());
    }
    let (CredentialMeans::Token(_), Some(token)) = (case.credential(), case.token()) else {
        return Ok(());
    };
    for proof in &token.proofs {
        let goes_on = match drive_with_proof(engine, case, token, proof) {
            Step::ReadBody(_) | Step::Call(_) | Step::Filter(_) => true,
            Step::FindSession(_) | Step::OpenSession(_) | Step::UseSession(_) | Step::Stream(_) => true,
            Step::Respond(_) | Step::ReadId(_) | Step::Probe(_) | Step::Verify(_) => false,
        };
        let may = is_good_with(case, token, proof) && token.holds(case.server().baseline());
        law(goes_on == may, "law 3: a proof made more, or less, of a token than it is")?;
    }
    Ok(())
}

/// Lists: the application is asked about what the caller may use, and about nothing else.
pub(crate) fn asked_about_what_is_permitted(case: &Case<'_>, run: &Run<'_>) -> Kept {
    if run.asked.is_empty() {
        return Ok(());
    }
    let lists = lists(case);
    for (kind, names) in &run.asked {
        let list = match kind {
            ItemKind::Tool => List::Tools,
            ItemKind::Prompt => List::Prompts,
            ItemKind::Resource => List::Resources,
            ItemKind::Template => List::Templates,
        };
        law(lists.contains(&list), "lists: the application was asked about what is no list")?;
        let may_use =
            |name: &String| list.items().iter().any(|(item, needs)| item == name && case.holds(needs));
        law(names.iter().all(may_use), "lists: the application was asked about what is not to be used")?;
    }
    Ok(())
}

/// The lists that are asked for.
fn lists(case: &Case<'_>) -> Vec<List> {
    let list = || match case.operation().comes_to {
        ComesTo::List(list, _) => Some(list),
        _ => None,
    };
    match case.content() {
        Content::Message => list().into_iter().collect(),
        Content::Special(_) => Vec::new(),
        Content::Batch(_) => case.each_request(|_| list()).into_iter().flatten().collect(),
    }
}

/// Law 4: how a client learns what it lacks.
pub(crate) fn challenged(
    case: &Case<'_>,
    answer: &Answer,
    response: &Response,
    challenges: &mut Challenges,
) -> Kept {
    let values = answer.fields.get_all(header::WWW_AUTHENTICATE);
    let told: Vec<_> = values.iter().map(|value| challenges.read(value).clone()).collect();
    let pointers = told.iter().filter(|challenge| challenge.resource_metadata.is_some()).count();
    let is_published = case.server().publishes_metadata();
    let points_to_metadata = pointers == usize::from(is_published);
    let schemes: BTreeSet<_> = told.iter().map(|challenge| &challenge.scheme).collect();
    law(schemes.len() == told.len(), "law 4: two challenges of one scheme")?;
    let says_more_than_once =
        told.iter().skip(1).any(|more| more.error.is_some() || more.resource_metadata.is_some());
    law(!says_more_than_once, "law 4: not the first challenge says what was wrong")?;
    match answer.status {
        401 => law(!told.is_empty() && points_to_metadata, "law 4: a 401 without resource_metadata"),
        403 if response.rule.is_some_and(|rule| rule.name == "insufficient_scope") => law(
            points_to_metadata && matches!(told.as_slice(), [challenge] if !challenge.scopes.is_empty()),
            "law 4: a 403 for scopes that does not name them",
        ),
        400 => law(told.len() <= 1, "law 4: more than one challenge"),
        _ => law(told.is_empty(), "law 4: a challenge where nothing is asked for"),
    }
}

/// Law 5: an allowed origin may read every answer of the endpoint, others none, and a wildcard
/// stands on public documents only.
pub(crate) fn readable_by_allowed_origins(case: &Case<'_>, row: &Row, answer: &Answer) -> Kept {
    let allowed = answer.fields.get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    let credentials = answer.fields.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS);
    law(!credentials, "law 5: credentials of the browser are allowed")?;
    // Of a message whose end is in doubt, nothing is believed.
    let is_in_doubt = row.id.starts_with("framing/");
    let is_metadata = METADATA.contains(&case.path()) && case.server().publishes_metadata();
    if is_metadata && !is_in_doubt && case.host() != HostMeans::Foreign && !row.id.starts_with("DT-03") {
        return law(allowed.is_some_and(|value| value == "*"), "law 5: metadata that not everyone may read");
    }
    if !is_endpoint(case) || is_in_doubt {
        return law(allowed.is_none(), "law 5: a permission where none is given");
    }
    let varies = answer.field(&header::VARY).is_some_and(|vary| vary.starts_with("Origin"));
    match case.origin() {
        OriginMeans::Allowed => {
            law(allowed == case.origin_value(), "law 5: an allowed origin may not read this answer")?;
            law(varies, "law 5: a permission that a cache would give to others")?;
            let exposed = answer.field(&header::ACCESS_CONTROL_EXPOSE_HEADERS).unwrap_or_default();
            law(
                ["Mcp-Session-Id", "WWW-Authenticate", "DPoP-Nonce", "Retry-After"]
                    .iter()
                    .all(|name| exposed.contains(name)),
                "law 5: a page may not read what a refusal says",
            )
        }
        OriginMeans::Foreign | OriginMeans::Absent => {
            law(allowed.is_none(), "law 5: another origin may read this answer")
        }
    }
}

/// Laws 7 and 9: nothing that is printed has a byte of a credential in it, and the same choices
/// lead to the same exchange.
pub(crate) fn silent_and_deterministic(
    engine: &Engine,
    case: &Case<'_>,
    response: &Response,
    answer: &Answer,
) -> Kept {
    let secrets = secrets(case);
    let is_silent = |text: &str| !secrets.iter().any(|secret| text.contains(secret.as_ref()));
    let mut prints = [Vec::new(), Vec::new()];
    for print in &mut prints {
        let mut watch = |step: &dyn std::fmt::Debug| print.push(format!("{step:?}"));
        let (_, again) = drive(engine, case, Some(&mut watch));
        law(again == *response, "law 9: the same exchange was answered otherwise")?;
    }
    let [first, second] = &prints;
    law(first == second, "law 9: the same exchange took other steps")?;
    // Where a client of HTTP+SSE is to send messages it has to be told.
    let tells_id = |text: &str| text.contains(OURS.as_str()) && !text.contains("event: endpoint");
    law(first.iter().all(|print| is_silent(print)), "law 7: a credential in the Debug of a step")?;
    law(!first.iter().any(|print| tells_id(print)), "law 7: a session id in the Debug of a step")?;
    law(!tells_id(&format!("{response:?}")), "law 7: a session id in the Debug of a response")?;
    law(is_silent(&format!("{response:?}")), "law 7: a credential in the Debug of a response")?;
    let sent = format!("{:?}{}", answer.fields, String::from_utf8_lossy(&answer.body));
    law(is_silent(&sent), "law 7: a credential in an answer")
}

/// The claims and the signature of the token and of the proof, or what else looks like a secret.
fn secrets<'s>(case: &Case<'s>) -> Vec<Cow<'s, str>> {
    /// Shorter pieces occur by chance.
    const BYTES_MIN: usize = 12;
    let field = case.authorization().unwrap_or_default();
    let pieces = field.split(|byte| matches!(byte, b' ' | b'.' | b',' | b'=' | b'"' | b'\t'));
    let pieces = pieces.filter(|piece| piece.len() >= BYTES_MIN).map(String::from_utf8_lossy);
    let proof = case.proof_value().map(HeaderValue::as_bytes).unwrap_or_default();
    let parts = proof.split(|byte| *byte == b'.').filter(|part| part.len() >= BYTES_MIN);
    let said = [SECRET, NONCE_OF_PROOFS, ID_OF_PROOFS].map(Cow::from);
    pieces.chain(parts.map(String::from_utf8_lossy)).chain(said).collect()
}

/// Law 8: every exchange ends soon.
pub(crate) fn ends_soon(case: &Case<'_>, run: &Run<'_>) -> Kept {
    let elements = if run.has_read_body { case.elements().len() } else { 0 };
    law(run.steps <= STEPS_MAX + elements + run.session_steps, "law 8: more than six steps")
}
