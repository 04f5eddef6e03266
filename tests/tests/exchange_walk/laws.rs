//! Laws that hold for every exchange, whatever the table says.

use std::borrow::Cow;

use http::header;
use mcp_proto::{Engine, Response, Step};

use crate::{
    answer::{Answer, Challenges},
    case::Case,
    drive::{Run, drive, drive_with, drive_without_credentials},
    fields::{HostMeans, OriginMeans, SECRET},
    scene::Verdict,
    table::{METADATA, Row},
};

/// The most steps of an exchange.
const STEPS_MAX: usize = 6;

type Kept = Result<(), String>;

fn law(holds: bool, message: &str) -> Kept {
    if holds { Ok(()) } else { Err(message.to_owned()) }
}

/// Whether a request may get past the endpoint's own checks: judged from the facts alone.
fn is_accepted(case: &Case<'_>) -> bool {
    if !case.server().asks_for_tokens() {
        return true;
    }
    let now = case.clock();
    case.verdict() == Verdict::GoodSignature
        && case.token().is_some_and(|token| {
            !token.is_flawed
                && !token.has_expired(now)
                && !token.is_not_yet_valid(now)
                && !token.is_from_the_future(now)
                && token.holds(case.server().baseline())
        })
}

/// Law 1: no handler runs without accepted facts and the scopes of what it is.
pub(crate) fn no_call_without_accepted_facts(case: &Case<'_>, run: &Run<'_>) -> Kept {
    let Some(_) = run.called else {
        return Ok(());
    };
    let holds = is_accepted(case)
        && (!case.server().asks_for_tokens()
            || case.token().is_some_and(|token| token.holds(case.operation().needs)));
    law(holds, "law 1: a handler was to run for a caller who may not have it run")
}

/// Law 2: no body is read for strangers; what is read for an id changes nothing.
pub(crate) fn no_body_before_good_facts(case: &Case<'_>, run: &Run<'_>, answer: &Answer) -> Kept {
    law(!run.has_read_body || is_accepted(case), "law 2: the body of a stranger was read")?;
    let is_refusal =
        matches!(answer.status, 400 | 401 | 403 | 503) && run.called.is_none() && !run.has_read_body;
    law(!run.has_read_id || is_refusal, "law 2: reading an id ended in something else than the refusal")
}

/// Law 3: more scopes never turn a yes into a no, and no credential never turns a no into a yes.
pub(crate) fn monotone(engine: &Engine, case: &Case<'_>, run: &Run<'_>, response: &Response) -> Kept {
    if let Some(verify) = run.verify.as_ref().filter(|_| !matches!(response.status.as_u16(), 401 | 403)) {
        for richer in case.richer_tokens() {
            let other = drive_with(engine, case, verify.clone(), richer);
            law(
                other == *response,
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
        Step::ReadBody(_) => !case.server().asks_for_tokens(),
        Step::Verify(_) | Step::Call(_) | Step::Filter(_) => false,
    };
    law(is_refused, "law 3: a refused request got further without credentials")
}

/// Law 4: how a client learns what it lacks.
pub(crate) fn challenged(answer: &Answer, response: &Response, challenges: &mut Challenges) -> Kept {
    let mut fields = answer.fields.get_all(header::WWW_AUTHENTICATE).iter();
    let (first, second) = (fields.next(), fields.next());
    law(second.is_none(), "law 4: more than one challenge")?;
    let challenge = first.map(|value| challenges.read(value));
    let points_to_metadata = challenge.is_some_and(|challenge| challenge.resource_metadata.is_some());
    match answer.status {
        401 => law(points_to_metadata, "law 4: a 401 without resource_metadata"),
        403 if response.rule.is_some_and(|rule| rule.name == "insufficient_scope") => law(
            points_to_metadata && challenge.is_some_and(|challenge| !challenge.scopes.is_empty()),
            "law 4: a 403 for scopes that does not name them",
        ),
        503 => law(challenge.is_none(), "law 4: a 503 with a challenge"),
        _ => Ok(()),
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
    let is_metadata = METADATA.contains(&case.path()) && case.server().asks_for_tokens();
    if is_metadata && !is_in_doubt && case.host() != HostMeans::Foreign && !row.id.starts_with("DT-03") {
        return law(allowed.is_some_and(|value| value == "*"), "law 5: metadata that not everyone may read");
    }
    if case.path() != "/mcp" || is_in_doubt {
        return law(allowed.is_none(), "law 5: a permission where none is given");
    }
    let varies = answer.field(&header::VARY).is_some_and(|vary| vary.starts_with("Origin"));
    match case.origin() {
        OriginMeans::Allowed => {
            law(allowed == case.origin_value(), "law 5: an allowed origin may not read this answer")?;
            law(varies, "law 5: a permission that a cache would give to others")?;
            let exposed = answer.field(&header::ACCESS_CONTROL_EXPOSE_HEADERS).unwrap_or_default();
            law(exposed.contains("WWW-Authenticate"), "law 5: a page may not read the challenge")
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
    law(first.iter().all(|print| is_silent(print)), "law 7: a credential in the Debug of a step")?;
    law(is_silent(&format!("{response:?}")), "law 7: a credential in the Debug of a response")?;
    let sent = format!("{:?}{}", answer.fields, String::from_utf8_lossy(&answer.body));
    law(is_silent(&sent), "law 7: a credential in an answer")
}

/// The claims and the signature of the token, or what else looks like a secret.
fn secrets<'s>(case: &Case<'s>) -> Vec<Cow<'s, str>> {
    /// Shorter pieces occur by chance.
    const BYTES_MIN: usize = 12;
    let field = case.authorization().unwrap_or_default();
    let pieces = field.split(|byte| matches!(byte, b' ' | b'.' | b',' | b'=' | b'"' | b'\t'));
    let pieces = pieces.filter(|piece| piece.len() >= BYTES_MIN).map(String::from_utf8_lossy);
    pieces.chain([SECRET.into()]).collect()
}

/// Law 8: every exchange ends soon.
pub(crate) fn ends_soon(run: &Run<'_>) -> Kept {
    law(run.steps <= STEPS_MAX, "law 8: more than six steps")
}

/// Law 10: no session ids and no event ids.
pub(crate) fn stateless(answer: &Answer) -> Kept {
    let has_session =
        answer.fields.keys().any(|name| matches!(name.as_str(), "mcp-session-id" | "last-event-id"));
    law(!has_session, "law 10: a session id")?;
    let is_stream = answer.field(&header::CONTENT_TYPE) == Some("text/event-stream");
    let has_event_id =
        is_stream && answer.body.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"id"));
    law(!has_event_id, "law 10: an event id")
}
