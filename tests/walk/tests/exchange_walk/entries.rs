//! The answers to the requests of a batch, and what handlers tell while they run.

use serde_json::{Value, json};

use crate::{
    answer::{Answer, Challenges, Message},
    case::Case,
    compare::{Compared, compare_error, compare_fields, compare_media_type, same},
    drive::{Called, Run},
    results::{compare_result, expected_call, log_level},
    scene::Notice,
    surface::Revision,
    table::{Body, ROWS, Refused, Then, With, has_run, is_posted, lookup_element, revision},
};

/// What is to be told of an element.
struct Entry {
    /// The place of the request in the batch.
    place: usize,
    calls_before: usize,
    /// The place of the row that applies.
    row: usize,
}

/// JR-23: one answer for each request, in order; as events in any. The handlers run in order too.
pub(crate) fn compare_entries(
    case: &Case<'_>,
    run: &Run<'_>,
    answer: &Answer,
    challenges: &mut Challenges,
    hits: &mut [u64],
) -> Compared {
    const PLAIN: Refused = Refused { status: 200, body: Body::None, with: With::Nothing };
    same("status", 200, answer.status)?;
    compare_fields(case, &PLAIN, answer, challenges)?;
    let (entries, calls, told) = expected(case);
    for entry in &entries {
        hits[entry.row] += 1;
    }
    same("calls", &calls, &run.called)?;
    same("a stream", !told.is_empty() || !calls.is_empty() && is_kept_open(case), run.is_stream)?;
    compare_media_type(case, answer, run.is_stream)?;
    let (messages, notifications) = answer.entries();
    same("notifications", told, notifications)?;
    same("answers", entries.len(), messages.len())?;
    if answer.is_stream() {
        return compare_in_any_order(case, &entries, messages);
    }
    entries.iter().zip(&messages).try_for_each(|(entry, message)| compare_entry(case, entry, message))
}

fn expected(case: &Case<'_>) -> (Vec<Entry>, Vec<Called>, Vec<Value>) {
    let (mut entries, mut calls, mut told) = (Vec::new(), Vec::new(), Vec::new());
    for place in case.each_request(|place| place) {
        let calls_before = calls.len();
        case.at(place, calls_before, || {
            let row = lookup_element(case);
            entries.push(Entry { place, calls_before, row });
            if has_run(case, row) {
                calls.extend(expected_call(case));
                told.extend(expected_notice(case));
            }
        });
    }
    (entries, calls, told)
}

fn compare_entry(case: &Case<'_>, entry: &Entry, message: &Message<'_>) -> Compared {
    let row = ROWS[entry.row];
    let compare = || match &row.then {
        Then::Refuse(Refused { body: Body::Error(code, id), with, .. }) => {
            compare_error(case, *code, *id, *with, message)
        }
        then => compare_result(case, then, message),
    };
    case.at(entry.place, entry.calls_before, compare)
        .map_err(|difference| format!("row {}: {difference}", row.id))
}

fn compare_in_any_order(case: &Case<'_>, entries: &[Entry], mut messages: Vec<Message<'_>>) -> Compared {
    for entry in entries {
        let place = messages.iter().position(|message| compare_entry(case, entry, message).is_ok());
        match place {
            Some(place) => {
                messages.remove(place);
            }
            None => {
                return messages.first().map_or(Ok(()), |message| compare_entry(case, entry, message));
            }
        }
    }
    Ok(())
}

/// LOGG-02, LOGG-03, LOGG-05, PROG-02: what the client gets of what the handler tells.
pub(crate) fn expected_notice(case: &Case<'_>) -> Option<Value> {
    if !takes_stream(case) {
        return None;
    }
    match case.notice() {
        Notice::Nothing | Notice::Silence => None,
        Notice::Log(level) => {
            let is_wanted = log_level(case).is_some_and(|least| rank(level) >= rank(least));
            is_wanted.then(|| {
                let params = json!({"level": level, "data": "heard"});
                json!({"jsonrpc": "2.0", "method": "notifications/message", "params": params})
            })
        }
        Notice::Progress => {
            let token: Value = serde_json::from_str(case.envelope().progress_token()?).expect("JSON");
            let mut params = json!({"progressToken": token, "progress": 1.0, "total": 2.0});
            if revision(case) > Revision::A {
                params["message"] = "half".into();
            }
            Some(json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": params}))
        }
    }
}

/// Whether there is, or can be, a stream.
fn takes_stream(case: &Case<'_>) -> bool {
    case.accept().stream || is_posted(case)
}

/// Whether the client is kept waiting by a stream.
pub(crate) fn is_kept_open(case: &Case<'_>) -> bool {
    takes_stream(case) && case.notice() == Notice::Silence
}

/// LOGG-08, least serious first.
fn rank(level: &str) -> usize {
    let levels = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];
    levels.iter().position(|name| *name == level).expect("a level")
}
