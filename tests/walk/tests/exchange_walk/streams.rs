//! What is on the streams of sessions.

use http::{HeaderName, header};
use serde_json::Value;

use crate::{
    answer::{Answer, Challenges, Event, Message, events},
    case::Case,
    compare::{Compared, compare_error, compare_fields, same},
    drive::Run,
    entries::expected_notice,
    fields::{EventMeans, OURS},
    results::compare_result,
    sessions::told,
    surface::Revision,
    table::{Body, ROWS, Refused, Then, With, has_run},
};

/// The head of a stream, and what is on it.
fn events_of(answer: &Answer) -> Result<&[Event], String> {
    same("status", 200, answer.status)?;
    same("media type", Some("text/event-stream"), answer.field(&header::CONTENT_TYPE))?;
    same("session", None, answer.field(&HeaderName::from_static("mcp-session-id")))?;
    Ok(&answer.events)
}

/// SSE-05, SSE-11, SSE-14: nothing has happened yet, and who can make something of it is told where the
/// stream begins.
pub(crate) fn compare_listening(case: &Case<'_>, answer: &Answer) -> Compared {
    let events = events_of(answer)?;
    let says = |event: &Event| (event.name.clone(), event.data.clone());
    let expected =
        if case.session_revision() == Revision::D { vec![(None, String::new())] } else { Vec::new() };
    same("events", expected, events.iter().map(says).collect())?;
    same("ids", true, events.iter().all(|event| event.id.is_some()))
}

/// RES-04, RES-05, SSE-17: what was told on that stream behind the event, and nothing else.
pub(crate) fn compare_resumed(case: &Case<'_>, answer: &Answer) -> Compared {
    let events = events_of(answer)?;
    let all: Vec<_> = told(case.session_revision()).collect();
    let missed = match case.event_seen() {
        // The first event is the one that says where the stream begins, or the first that was told.
        EventMeans::First if case.session_revision() == Revision::D => &all[..],
        EventMeans::First => &all[1..],
        EventMeans::Last | EventMeans::Absent | EventMeans::Never => &[],
    };
    let heard = events.iter().filter(|event| !event.data.is_empty());
    let heard: Vec<Value> = heard.map(|event| json(&event.data)["params"]["data"].clone()).collect();
    let missed: Vec<Value> = missed.iter().map(|number| Value::from(*number)).collect();
    same("events", missed, heard)?;
    same("ids", true, events.iter().all(|event| event.id.is_some()))
}

/// LSE-02, LSE-09: where to send messages, within the same origin.
pub(crate) fn compare_connected(answer: &Answer) -> Compared {
    let events = events_of(answer)?;
    let endpoint = format!("/messages?sessionId={}", *OURS);
    let says = |event: &Event| (event.id.clone(), event.name.clone(), event.data.clone());
    same("events", vec![(None, Some("endpoint".to_owned()), endpoint)], events.iter().map(says).collect())
}

/// LSE-04, LSE-07: taken, and answered on the stream.
pub(crate) fn compare_posted(
    case: &Case<'_>,
    run: &Run<'_>,
    place: usize,
    answer: &Answer,
    challenges: &mut Challenges,
) -> Compared {
    const PLAIN: Refused = Refused { status: 202, body: Body::None, with: With::Nothing };
    same("status", 202, answer.status)?;
    same("body", true, answer.body.is_empty())?;
    compare_fields(case, &PLAIN, answer, challenges)?;
    let events = events(&run.on_stream);
    let Some((event, told)) = events.split_last() else {
        return Err("nothing on the stream".into());
    };
    let named = events.iter().all(|event| event.id.is_none() && event.name.as_deref() == Some("message"));
    same("events without ids", true, named)?;
    let expected = if has_run(case, place) { expected_notice(case) } else { None };
    let expected: Vec<_> = expected.into_iter().collect();
    same("notifications", expected, told.iter().map(|event| json(&event.data)).collect())?;
    let message: Message<'_> = serde_json::from_str(&event.data).map_err(|error| error.to_string())?;
    match &ROWS[place].then {
        Then::Refuse(Refused { body: Body::Error(code, id), with, .. }) => {
            compare_error(case, *code, *id, *with, &message)
        }
        then => compare_result(case, then, &message),
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("an event is JSON")
}
