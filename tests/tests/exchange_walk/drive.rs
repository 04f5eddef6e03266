//! Drives an exchange from its head to its answer.

use std::fmt;

use http::HeaderMap;
use mcp_proto::{
    Callee, Engine, Finish, Head, Now, Response, Step, Tick, UnixSeconds,
    exchange::{About, Call, Facts, ItemKind, Notified, Presented, Verify},
    head::{Fields, ScannedFields},
    response::Payload,
    time::Deadline,
};

use serde_json::Value;

use crate::{
    case::{Case, WithProof, WithoutCredentials},
    fields::{BODY_BYTES_MAX, CredentialMeans, REFUSED_BODY_BYTES_MAX},
    handlers::{notification, outcome},
    scene::{Guard, HandlerOutcome, Notice},
    tokens::{NOON, SentProof, Token},
};

/// What happened on the way.
#[derive(Default)]
pub(crate) struct Run<'e> {
    pub(crate) steps: usize,
    /// The step at which the verifier was asked.
    pub(crate) verify: Option<Verify<'e>>,
    pub(crate) has_read_id: bool,
    pub(crate) has_read_body: bool,
    /// The handlers that were to run, one after another.
    pub(crate) called: Vec<Called>,
    /// The records of the calls.
    pub(crate) abouts: Vec<About>,
    /// What lists the application was asked about, and about which of their items.
    pub(crate) asked: Vec<(ItemKind, Vec<String>)>,
    pub(crate) deadline: Option<Deadline>,
    /// Whether the answer was sent piece by piece.
    pub(crate) is_stream: bool,
}

/// A handler that was to run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Called {
    pub(crate) kind: &'static str,
    pub(crate) item: u32,
    pub(crate) input: String,
    pub(crate) subject: Option<String>,
    pub(crate) revision: &'static str,
    pub(crate) log_level: Option<&'static str>,
    /// The capabilities of the client and who it says it is.
    pub(crate) client: (Value, Value),
}

/// Looks at each step.
pub(crate) type Watch<'w> = Option<&'w mut dyn FnMut(&dyn fmt::Debug)>;

fn now(unix: u64) -> Now {
    Now { tick: Tick(1), unix: UnixSeconds(unix) }
}

fn head<'c, F: Fields>(engine: &Engine, case: &Case<'c>, query: Option<&'c str>, fields: F) -> Head<'c, F> {
    Head {
        method: case.method(),
        target: engine.route(case.path()),
        query,
        authority: case.authority(),
        framing: case.framing(),
        fields,
    }
}

/// The whole exchange.
pub(crate) fn drive<'e>(engine: &'e Engine, case: &Case<'_>, watch: Watch<'_>) -> (Run<'e>, Response) {
    let step = engine.accept(&head(engine, case, case.query().0, case), now(NOON));
    finish(engine, case, step, watch)
}

/// The whole exchange, with all header fields in a map.
pub(crate) fn drive_with_fields<'e>(
    engine: &'e Engine,
    case: &Case<'_>,
    fields: &HeaderMap,
) -> (Run<'e>, Response) {
    let step = engine.accept(&head(engine, case, case.query().0, ScannedFields::new(fields)), now(NOON));
    finish(engine, case, step, None)
}

/// The exchange from the verifier on, for another caller.
pub(crate) fn drive_with(engine: &Engine, case: &Case<'_>, verify: Verify<'_>, facts: Facts) -> Response {
    let step = verify.resolve(facts, now(case.clock()));
    finish(engine, case, step, None).1
}

/// The exchange of the same request without credentials.
pub(crate) fn drive_without_credentials<'e>(engine: &'e Engine, case: &Case<'_>) -> Step<'e> {
    engine.accept(&head(engine, case, None, WithoutCredentials(case)), now(NOON))
}

/// The exchange of the same request with its token in the scheme `DPoP` and this proof, up to where
/// it is known whether it goes on.
pub(crate) fn drive_with_proof<'e>(
    engine: &'e Engine,
    case: &Case<'_>,
    token: &Token,
    proof: &SentProof,
) -> Step<'e> {
    let authorization = format!("DPoP {}", token.text).parse().expect("tokens are ASCII");
    let fields = WithProof { case, authorization, proof: &proof.field };
    match engine.accept(&head(engine, case, None, fields), now(NOON)) {
        Step::Verify(verify) => verify.resolve(proof.facts.clone(), now(case.clock())),
        step => step,
    }
}

/// The verifier gets the credentials as they were sent, and nothing else.
fn check_presented(case: &Case<'_>, presented: Presented<'_>) {
    let token = case.token().map(|token| token.text.as_str());
    match presented {
        Presented::Head => assert_eq!(case.server().guard(), Guard::Own, "who is asked about a head"),
        Presented::Bearer(sent) => {
            assert!(matches!(case.credential(), CredentialMeans::Token(_)), "what a bearer token is");
            assert_eq!(Some(sent.reveal()), token, "the verifier gets the token as it was sent");
        }
        Presented::Dpop { token: sent, proof } => {
            assert!(matches!(case.credential(), CredentialMeans::Bound(_)), "what comes with a proof");
            assert_eq!(Some(sent.reveal()), token, "the verifier gets the token as it was sent");
            let field = case.proof_value().map_or("", |field| field.to_str().expect("proofs are ASCII"));
            assert_eq!(proof.reveal(), field, "the verifier gets the proof as it was sent");
        }
    }
}

fn finish<'e>(
    engine: &Engine,
    case: &Case<'_>,
    mut step: Step<'e>,
    mut watch: Watch<'_>,
) -> (Run<'e>, Response) {
    let mut run = Run::default();
    loop {
        run.steps += 1;
        if let Some(watch) = &mut watch {
            watch(&step);
        }
        step = match step {
            Step::Respond(response) => return (run, response),
            Step::Probe(probe) => probe.resolve(case.ready()),
            Step::Verify(verify) => {
                check_presented(case, verify.presented());
                let facts = case.facts();
                if let Some(watch) = &mut watch {
                    watch(&verify.presented());
                    // What is to be told to the client is no secret.
                    if !matches!(facts, Facts::NonceNeeded(_)) {
                        watch(&facts);
                    }
                }
                if matches!(facts, Facts::Signed(_) | Facts::Proven(..) | Facts::Accepted(_)) {
                    run.verify = Some(verify.clone());
                }
                verify.resolve(facts, now(case.clock()))
            }
            Step::ReadId(read) => {
                run.has_read_id = true;
                assert_eq!(u64::from(read.limit()), REFUSED_BODY_BYTES_MAX, "what is read for an id");
                Step::Respond(read.resolve(case.body()))
            }
            Step::ReadBody(read) => {
                run.has_read_body = true;
                assert_eq!(u64::from(read.limit()), BODY_BYTES_MAX, "what is read of a body");
                read.resolve(case.body(), now(case.clock()))
            }
            Step::Filter(filter) => {
                let mut names = Vec::new();
                let kind = filter.kind();
                let step = filter.resolve(|name| {
                    names.push(name.to_owned());
                    case.chosen().shows(name)
                });
                run.asked.push((kind, names));
                step
            }
            Step::Call(call) => {
                let mut stream = None;
                let mut frames = Vec::new();
                let mut call = call;
                // Whether there is room is found out once, before the first of them begins.
                if case.outcome_after(0) == HandlerOutcome::Overloaded {
                    let response = call.reply.refuse_overloaded(engine);
                    return (run, Response { about: call.about, ..response });
                }
                loop {
                    let calls_before = run.called.len();
                    run.called.push(called(&call));
                    // However many calls there are, the client waits no longer than for one.
                    assert_eq!(*run.deadline.get_or_insert(call.deadline), call.deadline, "one deadline");
                    run.abouts.extend(call.about.as_deref().cloned());
                    if let Some(notification) = notification(case.notice()) {
                        match call.reply.notify(&notification, &mut frames) {
                            Notified::Opened(head) => {
                                assert!(stream.replace(head).is_none(), "a second head");
                            }
                            Notified::Frame | Notified::Suppressed(_) => {}
                        }
                    }
                    if case.notice() == Notice::Silence
                        && let Some(head) = call.reply.open_stream(&mut frames)
                    {
                        assert!(stream.replace(head).is_none(), "a second head");
                    }
                    if stream.is_some() {
                        call.reply.heartbeat(&mut frames);
                    }
                    let outcome = outcome(&call.callee, case.outcome_after(calls_before));
                    match call.reply.finish(engine, outcome) {
                        Finish::Whole(response) => {
                            assert!(stream.is_none() && frames.is_empty(), "a whole answer behind a stream");
                            break Step::Respond(response);
                        }
                        Finish::LastFrame(frame) => {
                            frames.extend(frame);
                            let head: Response = stream.expect("a stream begins with a head");
                            assert!(matches!(head.payload, Payload::Stream), "a stream that has an end");
                            run.is_stream = true;
                            break Step::Respond(Response { payload: Payload::Whole(frames.into()), ..head });
                        }
                        Finish::Next { frame, call: next } => {
                            assert!(stream.is_some() || frame.is_empty(), "a frame before the head");
                            frames.extend(frame);
                            call = next;
                            if let Some(watch) = &mut watch {
                                watch(&call);
                            }
                        }
                    }
                }
            }
        };
    }
}

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
