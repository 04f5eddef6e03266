//! Laws about the revisions that are served side by side, whatever the table says.

use http::{HeaderValue, Method, header};
use mcp_proto::{Engine, Response};

use crate::{
    answer::Answer,
    case::{Case, Content},
    drive::{Run, drive, drive_with_fields},
    fields::SessionMeans,
    laws::{Kept, law},
    messages::{EnvelopeMeans, MODERN},
    scene::Mode,
    table::is_of_old,
};

/// Law 10: no session ids and no event ids where there are no sessions.
pub(crate) fn stateless(case: &Case<'_>, run: &Run<'_>, answer: &Answer) -> Kept {
    let has_session =
        answer.fields.keys().any(|name| matches!(name.as_str(), "mcp-session-id" | "last-event-id"));
    law(!has_session || case.mode().keeps_sessions(), "law 10: a session id")?;
    let has_event_id = answer.events.iter().any(|event| event.id.is_some());
    law(!has_event_id || run.session_steps > 0, "law 10: an event id")
}

/// Whether the request is of a revision that knows sessions, so that law 11 says something about it.
pub(crate) fn may_know_sessions(case: &Case<'_>, run: &Run<'_>) -> bool {
    run.has_read_body
        && match case.content() {
            Content::Message => is_of_old(case),
            Content::Batch(_) => true,
            Content::Special(_) => false,
        }
}

/// Law 11: what sessions were kept by says nothing to a server without sessions. The same fields, this
/// time all at once and with those of a session among them, lead to the same answer.
pub(crate) fn deaf_to_sessions(engine: &Engine, case: &Case<'_>, run: &Run<'_>, response: &Response) -> Kept {
    if case.may_name_session() {
        return Ok(());
    }
    let mut fields = case.drawn_fields();
    fields.append("mcp-session-id", HeaderValue::from_static("5e5510n"));
    fields.append("last-event-id", HeaderValue::from_static("1"));
    let (again, answered) = drive_with_fields(engine, case, &fields);
    law(answered == *response, "law 11: a session id changed the answer")?;
    law(again.called == run.called, "law 11: a session id changed what is called")
}

/// Law 12 (VER-08): a request that says all about itself is answered alike, whatever else is served.
pub(crate) fn same_in_both_modes(
    other: &Engine,
    case: &Case<'_>,
    run: &Run<'_>,
    response: &Response,
) -> Kept {
    let is_alone = case.path() == "/mcp" && run.session_steps == 0 && !case.is_trusted();
    if !is_alone || !run.has_read_body || !matches!(case.content(), Content::Message) {
        return Ok(());
    }
    let has_envelope = case.envelope().means != EnvelopeMeans::None;
    let version = case.envelope().means.version();
    let is_handshake =
        case.operation().method == "initialize" && version.is_some_and(|version| version < MODERN);
    if !has_envelope || is_handshake {
        return Ok(());
    }
    // Where there are sessions, what names one and does not say in its head what it is meets them first.
    if !case.version().is_modern() && case.session_named() != SessionMeans::Absent {
        return Ok(());
    }
    let (again, answered) = drive(other, case, None);
    law(answered == *response, "law 12: the mode changed the answer to a modern request")?;
    law(again.called == run.called, "law 12: the mode changed what a modern request calls")
}

/// Law 13 (JR-16 to JR-18): what is of 2026-07-28 stands in every answer to who speaks it, and in no
/// other.
pub(crate) fn in_one_era(case: &Case<'_>, run: &Run<'_>, answer: &Answer) -> Kept {
    const NEW: [&str; 4] =
        [r#""resultType""#, r#""ttlMs""#, r#""cacheScope""#, "io.modelcontextprotocol/serverInfo"];
    if !run.has_read_body || answer.status != 200 {
        return Ok(());
    }
    let request = case.bytes();
    let request = String::from_utf8_lossy(&request);
    let is_modern = request.contains(r#""io.modelcontextprotocol/protocolVersion":"2026-07-28""#);
    let text = std::str::from_utf8(&answer.body).map_err(|_| "law 13: an answer that is no text")?;
    if is_modern {
        let has_all = [NEW[0], NEW[3]].iter().all(|word| text.contains(word));
        return law(text.contains(r#""error""#) || has_all, "law 13: a modern result without its own words");
    }
    law(case.mode() != Mode::ModernOnly, "law 13: an older revision was served")?;
    law(!NEW.iter().any(|word| text.contains(word)), "law 13: an old answer with words that came later")
}

/// Law 14 (DT-134): without sessions there is nothing to listen to and nothing to end.
pub(crate) fn only_posts(case: &Case<'_>, run: &Run<'_>, answer: &Answer) -> Kept {
    if case.path() != "/mcp"
        || case.may_name_session()
        || ![Method::GET, Method::DELETE].contains(case.method())
    {
        return Ok(());
    }
    law(answer.status >= 400 && run.steps == 1, "law 14: something came of a GET or a DELETE")?;
    law(
        answer.status != 405 || answer.field(&header::ALLOW) == Some("POST"),
        "law 14: a 405 that does not say what is allowed",
    )
}
