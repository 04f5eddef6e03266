//! What a driver does about handlers.

use mcp_proto::{
    Callee, Engine, Finish, Outcome, Response, Step,
    exchange::{Call, Notified, SessionStream, Told},
    response::Payload,
    session::Session,
};

use super::{Called, Run, Watch};
use crate::{
    case::Case,
    handlers::{notification, outcome},
    scene::{HandlerOutcome, Notice},
    sessions,
};

/// What has begun of an answer before it is complete.
#[derive(Default)]
struct Begun {
    head: Option<Response>,
    frames: Vec<u8>,
    stream: Option<SessionStream>,
}

/// Runs one handler after another, and leads to the answer.
pub(super) fn run<'e>(
    engine: &'e Engine,
    case: &Case<'_>,
    run: &mut Run<'e>,
    mut call: Box<Call>,
    watch: &mut Watch<'_>,
) -> Step<'e> {
    // Whether there is room is found out once, before the first of them begins.
    if case.outcome_after(0) == HandlerOutcome::Overloaded {
        return refuse(engine, run, *call);
    }
    let mut begun = Begun::default();
    let acknowledged = call.acknowledged.take();
    loop {
        let calls_before = run.called.len();
        run.called.push(called(&call));
        // However many calls there are, the client waits no longer than for one.
        assert_eq!(*run.deadline.get_or_insert(call.deadline), call.deadline, "one deadline");
        run.abouts.extend(call.about.as_deref().cloned());
        let outcome = outcome(&call.callee, case.outcome_after(calls_before));
        let kept = run.kept.as_mut().filter(|_| call.session.is_some());
        let finish = match kept {
            Some((kept, _)) => begun.within(case, *call, outcome, &mut kept.session, engine),
            None => begun.alone(case, *call, outcome, engine),
        };
        match finish {
            Finish::Whole(response) => {
                let is_first = begun.head.is_none() && begun.stream.is_none() && begun.frames.is_empty();
                assert!(is_first, "a whole answer behind a stream");
                return Step::Respond(response);
            }
            Finish::LastFrame(frame) => {
                begun.frames.extend(frame);
                let head = begun.head.expect("a stream begins with a head");
                assert!(matches!(head.payload, Payload::Stream), "a stream that has an end");
                run.is_stream = true;
                return Step::Respond(Response { payload: Payload::Whole(begun.frames.into()), ..head });
            }
            Finish::Queued => return queued(run, begun.stream, acknowledged),
            Finish::Next { frame, call: next } => {
                assert!(begun.head.is_some() || frame.is_empty(), "a frame before the head");
                begun.frames.extend(frame);
                call = next;
                if let Some(watch) = watch {
                    watch(&call);
                }
            }
        }
    }
}

/// There is no room for a call.
fn refuse<'e>(engine: &'e Engine, run: &mut Run<'e>, call: Call) -> Step<'e> {
    let Call { reply, about, session, acknowledged, .. } = call;
    let kept = run.kept.as_mut().filter(|_| session.is_some());
    let response = match kept {
        Some((kept, _)) => match reply.refuse_overloaded_in(engine, &mut kept.session) {
            Finish::Whole(response) => response,
            Finish::Queued => *acknowledged.expect("what is refused on a stream was acknowledged"),
            Finish::LastFrame(_) | Finish::Next { .. } => panic!("what is refused has no more to say"),
        },
        None => reply.refuse_overloaded(engine),
    };
    Step::Respond(Response { about, ..response })
}

/// The answer is on a stream of the session.
fn queued<'e>(
    run: &mut Run<'e>,
    stream: Option<SessionStream>,
    acknowledged: Option<Box<Response>>,
) -> Step<'e> {
    let (kept, _) = run.kept.as_mut().expect("a stream is one of a session");
    if let Some(response) = acknowledged {
        return Step::Respond(*response);
    }
    let SessionStream { response, stream } = stream.expect("a stream begins with a head");
    run.is_stream = true;
    let bytes = sessions::take(&mut kept.session, stream);
    Step::Respond(Response { payload: Payload::Whole(bytes.into()), ..response })
}

impl Begun {
    /// A call that belongs to no session.
    fn alone(&mut self, case: &Case<'_>, call: Call, outcome: Outcome, engine: &Engine) -> Finish {
        let mut reply = call.reply;
        if let Some(notification) = notification(case.notice()) {
            match reply.notify(&notification, &mut self.frames) {
                Notified::Opened(head) => {
                    assert!(self.head.replace(head).is_none(), "a second head");
                }
                Notified::Frame | Notified::Suppressed(_) => {}
            }
        }
        if case.notice() == Notice::Silence
            && let Some(head) = reply.open_stream(&mut self.frames)
        {
            assert!(self.head.replace(head).is_none(), "a second head");
        }
        if self.head.is_some() {
            reply.heartbeat(&mut self.frames);
        }
        reply.finish(engine, outcome)
    }

    /// A call in a session.
    fn within(
        &mut self,
        case: &Case<'_>,
        call: Call,
        outcome: Outcome,
        session: &mut Session,
        engine: &Engine,
    ) -> Finish {
        let mut reply = call.reply;
        if let Some(notification) = notification(case.notice()) {
            match reply.tell(session, &notification, case.now()) {
                Told::Opened(stream) => {
                    assert!(self.stream.replace(stream).is_none(), "a second head");
                }
                Told::Queued | Told::Suppressed(_) => {}
            }
        }
        if case.notice() == Notice::Silence
            && let Some(stream) = reply.open_stream_in(session, case.now())
        {
            assert!(self.stream.replace(stream).is_none(), "a second head");
        }
        reply.finish_in(engine, session, outcome, case.now())
    }
}

/// What was to run.
fn called(call: &Call) -> Called {
    let (kind, item, input) = match &call.callee {
        Callee::Tool(item, arguments) => ("tool", *item, String::from_utf8_lossy(arguments).into_owned()),
        Callee::Prompt(item, arguments) => {
            ("prompt", *item, serde_json::to_string(arguments).expect("strings have a JSON form"))
        }
        Callee::Resource(item, uri) => ("resource", *item, uri.to_string()),
        Callee::Template(item, uri, _) => ("template", *item, uri.to_string()),
        Callee::Completion(item, input) => {
            ("completion", *item, format!("{}={}", input.argument, input.value))
        }
    };
    Called {
        kind,
        item,
        input,
        subject: call.caller.as_ref().map(|caller| caller.principal().subject().to_owned()),
        revision: call.client.revision().as_str(),
        log_level: call.client.log_level().map(|level| level.as_str()),
        client: (call.client.capabilities(), call.client.info()),
    }
}
