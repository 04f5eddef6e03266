//! What handlers do, and what clients say to them.

use http::StatusCode;
use mcp_proto::{
    Finish, Outcome, Response, ToolResult,
    exchange::{LogLevel, Notification, SessionStream, Suppressed, Told},
    response::Payload,
    session::{self, Answer, AskFault, Directive, ElicitMode, QuestionMethod},
};
use serde_json::{Value, json};

use super::{BOTH, Compared, answered, connect, document, request_id, same};
use crate::{
    command::{self, Accepts, Pick, Reply, Whom},
    laws::Seen,
    machine::{Got, Handler, Machine},
    reader,
    reference::{self, Answered, Asking, Came, Change, Ended, Level, Note, Question, Quiet},
};

pub(super) fn call(
    machine: &mut Machine<'_>,
    accepts: Accepts,
    wants_progress: bool,
    reuse: Option<Pick>,
) -> Compared {
    let id = request_id(machine, reuse);
    let token = wants_progress.then(|| json!(format!("p{id}")));
    let takes_stream = accepts != Accepts::Json;
    let expires = machine.expires();
    let expected = machine.reference.request_call(json!(id), takes_stream, token.clone(), expires);
    let mut params = json!({"name": "work", "arguments": {}});
    if let Some(token) = token {
        params["_meta"] = json!({"progressToken": token});
    }
    let body = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params});
    match (expected, machine.post(accepts.field(), &body)) {
        (Answered::Call(number), Got::Call(call)) => {
            same("call", number, machine.handlers.len())?;
            machine.transcript.add(Seen::Called(json!(id)));
            machine.begun(*call, id, accepts != Accepts::Stream)
        }
        (expected, got) => answered(machine, &expected, got, Some(id)),
    }
}

fn as_level(level: Level) -> LogLevel {
    LogLevel::from_name(level.name()).expect("a level")
}

pub(super) fn as_change(change: &Change) -> session::Change {
    match change {
        Change::Tools => session::Change::ToolsChanged,
        Change::Prompts => session::Change::PromptsChanged,
        Change::Resources => session::Change::ResourcesChanged,
        Change::Updated(uri) => session::Change::ResourceUpdated(uri.as_str().into()),
        Change::Log(level, data) => {
            session::Change::Log { level: as_level(*level), logger: None, data: json!(data) }
        }
    }
}

fn as_question(question: Question) -> session::Question {
    let method = match question {
        Question::Sample => QuestionMethod::Sample { tools: false },
        Question::SampleWithTools => QuestionMethod::Sample { tools: true },
        Question::ElicitForm => QuestionMethod::Elicit(ElicitMode::Form),
        Question::ElicitUrl => QuestionMethod::Elicit(ElicitMode::Url),
        Question::ListRoots => QuestionMethod::ListRoots,
    };
    session::Question { method, params: params_of(question) }
}

fn params_of(question: Question) -> Value {
    match question {
        Question::ListRoots => json!({}),
        _ => json!({"message": "Who?"}),
    }
}

pub(super) fn tell(machine: &mut Machine<'_>, call: usize, note: &Note) -> Compared {
    let note = &match note {
        Note::Log(level, text) => Note::Log(*level, machine.own_text(text)),
        Note::Progress(progress) => Note::Progress(*progress),
    };
    let expected = machine.reference.tell(call, note);
    let now = machine.now();
    let notification = match note {
        Note::Progress(progress) => {
            Notification::Progress { progress: f64::from(*progress), total: None, message: None }
        }
        Note::Log(level, data) => {
            Notification::Log { level: as_level(*level), logger: None, data: json!(data) }
        }
    };
    let reply = machine.handlers[call].reply.as_mut().ok_or("a handler that has ended tells nothing")?;
    let got = reply.tell(&mut machine.session, &notification, now);
    let suppressed = |why| reference::Told::Suppressed(why);
    let got = match got {
        Told::Opened(stream) => {
            let reference::Told::Opened(number) = expected else {
                return Err(format!("expected {expected:?}, got a stream"));
            };
            return connect(machine, number, stream);
        }
        Told::Queued => reference::Told::Queued,
        Told::Suppressed(Suppressed::NoProgressToken) => suppressed(Quiet::NoProgressToken),
        Told::Suppressed(Suppressed::NotIncreasing) => suppressed(Quiet::NotIncreasing),
        Told::Suppressed(Suppressed::BelowLogLevel | Suppressed::NoLogLevel) => {
            suppressed(Quiet::BelowLogLevel)
        }
        Told::Suppressed(Suppressed::NoStream) => suppressed(Quiet::NoStream),
        Told::Suppressed(Suppressed::Over) => suppressed(Quiet::Over),
    };
    same("told", expected, got)
}

pub(super) fn silent(machine: &mut Machine<'_>, call: usize) -> Compared {
    let expected = machine.reference.open_stream(call);
    let now = machine.now();
    let reply = machine.handlers[call].reply.as_mut().ok_or("a handler that has ended is not silent")?;
    let got = reply.open_stream_in(&mut machine.session, now);
    opened(machine, expected, got)
}

pub(super) fn close(machine: &mut Machine<'_>, call: usize, retry: u32) -> Compared {
    let expected = machine.reference.close_stream(call, retry.into());
    let now = machine.now();
    let reply = machine.handlers[call].reply.as_mut().ok_or("a handler that has ended closes nothing")?;
    let got = reply.close_stream(&mut machine.session, retry, now);
    opened(machine, expected, got)
}

fn opened(machine: &mut Machine<'_>, expected: Option<usize>, got: Option<SessionStream>) -> Compared {
    match (expected, got) {
        (Some(number), Some(stream)) => connect(machine, number, stream),
        (None, None) => Ok(()),
        (expected, got) => Err(format!("opened: expected {expected:?}, got {got:?}")),
    }
}

pub(super) fn ask(machine: &mut Machine<'_>, call: usize, question: Question) -> Compared {
    let expected = machine.reference.ask(call, question, &params_of(question));
    let now = machine.now();
    let reply = machine.handlers[call].reply.as_mut().ok_or("a handler that has ended asks nothing")?;
    let got = reply.ask(&mut machine.session, &as_question(question), now);
    match (expected, got) {
        (Asking::Asked(asked), Ok((id, stream))) => {
            if machine.asked.iter().any(|(ask, _)| *ask == id) {
                return Err(format!("{id:?} is another's"));
            }
            machine.asked.push((id, asked.id));
            opened(machine, asked.opened, stream)
        }
        (Asking::NoStream, Err(AskFault::NoStream))
        | (Asking::Undeclared, Err(AskFault::NotDeclared(_)))
        | (Asking::Crowded, Err(AskFault::TooMany))
        | (Asking::Over, Err(AskFault::Over)) => Ok(()),
        (expected, got) => Err(format!("ask: expected {expected:?}, got {got:?}")),
    }
}

/// A handler looks whether there is something for it.
pub(super) fn hear(machine: &mut Machine<'_>, call: usize) -> Compared {
    let got = machine.session.directive(machine.handlers[call].call);
    machine.handlers[call].sleeps = got.is_none();
    if machine.reference.is_cancelled(call) {
        return match got {
            Some(Directive::Cancel) => Ok(()),
            got => Err(format!("heard: expected a cancellation, got {got:?}")),
        };
    }
    let expected = machine.reference.hears(call);
    let got = match got {
        None => None,
        Some(Directive::Cancel) => return Err(format!("heard: expected {expected:?}, got a cancellation")),
        Some(Directive::Answer(id, answer)) => {
            let came = match answer {
                Answer::Result(json) => {
                    Came::Result(serde_json::from_slice(&json).map_err(|error| error.to_string())?)
                }
                Answer::Error { code, message } => Came::Error(code, message.into()),
                Answer::TimedOut => Came::TimedOut,
            };
            let asked = machine.asked.iter().find(|(ask, _)| *ask == id);
            let (_, number) = asked.ok_or("an answer to what was not asked")?;
            machine.transcript.add(Seen::Heard(*number));
            Some((*number, came))
        }
    };
    same("heard", expected, got)
}

pub(super) fn answer(machine: &mut Machine<'_>, whom: Whom, reply: Reply) -> Compared {
    let known = |pick: Pick| pick.of(machine.asked.len()).map_or(1, |place| machine.asked[place].1);
    let (id, number) = match whom {
        Whom::Known(pick) => (json!(known(pick)), known(pick)),
        // The server's ids are numbers: a text is nobody's.
        Whom::AsText(pick) => (json!(known(pick).to_string()), 0),
        Whom::Unknown => (json!(9_999), 0),
    };
    let result = json!({"action": "accept", "content": {"name": "Bo"}});
    let mut body = json!({"jsonrpc": "2.0", "id": id});
    if matches!(reply, Reply::Result | Reply::Both) {
        body["result"] = result.clone();
    }
    if matches!(reply, Reply::Error | Reply::Both) {
        body["error"] = json!({"code": -1, "message": "no"});
    }
    let came = match reply {
        Reply::Result => Some(Came::Result(result)),
        Reply::Error => Some(Came::Error(-1, "no".into())),
        Reply::Both | Reply::Neither => None,
    };
    let expected = machine.reference.accept_response(number, came);
    let got = machine.post(BOTH, &body);
    match (expected, got) {
        // Whose id a refusal of a response has is not said.
        (Answered::Error(status, code), Got::Response(response)) => {
            same("status", status, response.status.as_u16())?;
            same("code", json!(code), document(&response)?["error"]["code"].clone())
        }
        (expected, got) => answered(machine, &expected, got, None),
    }
}

/// The response that an outcome means, and the outcome.
fn response_of(id: u64, outcome: command::Outcome, revision: reference::Revision) -> (Value, Outcome) {
    let result = |text: &str, is_error: bool| {
        json!({"jsonrpc": "2.0", "id": id,
            "result": {"content": [{"type": "text", "text": text}], "isError": is_error}})
    };
    let error = |code: i64, message: &str| json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}});
    match outcome {
        command::Outcome::Done(length) => {
            let text = "z".repeat(length.into());
            (result(&text, false), Outcome::Tool(ToolResult::text(text)))
        }
        command::Outcome::Failed => (result("The tool failed", true), Outcome::Failed),
        command::Outcome::TimedOut => (error(-32603, "The call took too long"), Outcome::TimedOut),
        command::Outcome::Panicked => (error(-32603, "Internal error"), Outcome::Panicked),
        command::Outcome::BadArguments if revision == reference::Revision::D => {
            (result("bad", true), Outcome::InvalidArguments("bad".into()))
        }
        command::Outcome::BadArguments => (error(-32602, "bad"), Outcome::InvalidArguments("bad".into())),
        command::Outcome::Cancelled => (error(-32603, "The request was cancelled"), Outcome::Cancelled),
    }
}

pub(super) fn finish(machine: &mut Machine<'_>, call: usize, outcome: command::Outcome) -> Compared {
    let Handler { request_id, takes_json, .. } = machine.handlers[call];
    // Only a handler that was told to stop says that it did.
    let outcome = match outcome {
        command::Outcome::Cancelled if !machine.reference.is_cancelled(call) => command::Outcome::Failed,
        outcome => outcome,
    };
    let (message, outcome) = response_of(request_id, outcome, machine.reference.revision());
    let expected = machine.reference.finish(call, message);
    let now = machine.now();
    let reply = machine.handlers[call].reply.take().ok_or("a handler ends once")?;
    let got = reply.finish_in(machine.engine(), &mut machine.session, outcome, now);
    match (expected, got) {
        (Ended::Queued, Finish::Queued) => Ok(()),
        (Ended::Whole(message), Finish::Whole(response)) => {
            same("status", StatusCode::OK, response.status)?;
            let got = whole(&response, takes_json)?;
            machine.transcript.add(Seen::Answer(got.clone()));
            same("answer", message, got)
        }
        (Ended::Nothing, Finish::Whole(response)) => {
            same("status", StatusCode::OK, response.status)?;
            let is_nothing = match &response.payload {
                Payload::Empty => true,
                Payload::Whole(bytes) => bytes.is_empty(),
                Payload::Stream => false,
            };
            same("nothing is said", true, is_nothing)
        }
        (Ended::Cancelled, Finish::Whole(response)) => {
            same("status", StatusCode::OK, response.status)?;
            same("code", json!(-32603), document(&response)?["error"]["code"].clone())
        }
        (Ended::NotFound, Finish::Whole(response)) => {
            same("status", StatusCode::NOT_FOUND, response.status)?;
            same("code", json!(-32001), document(&response)?["error"]["code"].clone())
        }
        (expected, got) => Err(format!("finish: expected {expected:?}, got {got:?}")),
    }
}

/// A whole answer, which is one event for a client that takes no JSON.
fn whole(response: &Response, takes_json: bool) -> Result<Value, String> {
    let Payload::Whole(bytes) = &response.payload else {
        return Err(format!("{:?} is not whole", response.payload));
    };
    if takes_json {
        return document(response);
    }
    match reader::read(bytes)?.as_slice() {
        [reader::Frame { event: None, id: None, retry: None, data: Some(data), comments: 0 }] => {
            serde_json::from_str(data).map_err(|error| error.to_string())
        }
        frames => Err(format!("one event without an id, not {frames:?}")),
    }
}
