//! Drives an exchange from its head to its answer.

use std::fmt;

use mcp_proto::{
    Callee, Engine, Finish, Head, Now, Outcome, Response, Step, Tick, ToolResult, UnixSeconds,
    content::{Completion, PromptResult, ResourceBody, ResourceContents, ResourceResult},
    exchange::{Call, Facts, Presented, Verify},
    head::Fields,
};

use crate::{
    case::{Case, WithoutCredentials},
    fields::{BODY_BYTES_MAX, REFUSED_BODY_BYTES_MAX},
    scene::HandlerOutcome,
    tokens::{NOON, Token},
};

/// What happened on the way.
#[derive(Default)]
pub(crate) struct Run<'e> {
    pub(crate) steps: usize,
    /// The step at which the verifier was asked.
    pub(crate) verify: Option<Verify<'e>>,
    pub(crate) has_read_id: bool,
    pub(crate) has_read_body: bool,
    pub(crate) called: Option<Called>,
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

/// The exchange from the verifier on, for a caller with another token.
pub(crate) fn drive_with(engine: &Engine, case: &Case<'_>, verify: Verify<'_>, token: &Token) -> Response {
    let step = verify.resolve(token.facts(true), now(case.clock()));
    finish(engine, case, step, None).1
}

/// The exchange of the same request without credentials.
pub(crate) fn drive_without_credentials<'e>(engine: &'e Engine, case: &Case<'_>) -> Step<'e> {
    engine.accept(&head(engine, case, None, WithoutCredentials(case)), now(NOON))
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
                let Presented::Bearer(token) = verify.presented() else {
                    panic!("a server that asks for tokens has something else verified")
                };
                let carried = case.token().map(|token| token.text.as_str());
                assert_eq!(Some(token.reveal()), carried, "the verifier gets the token as it was sent");
                let facts = case.facts();
                if let Some(watch) = &mut watch {
                    watch(&token);
                    watch(&facts);
                }
                if matches!(facts, Facts::Signed(_)) {
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
            Step::Filter(_) => panic!("no server of the walk filters its lists"),
            Step::Call(call) => {
                run.called = Some(called(&call));
                let outcome = outcome(&call, case.outcome());
                match call.reply.finish(engine, outcome) {
                    Finish::Whole(response) => Step::Respond(response),
                    Finish::LastFrame(_) => panic!("no handler has notified, and yet a stream is open"),
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
    }
}

fn outcome(call: &Call, outcome: HandlerOutcome) -> Outcome {
    match outcome {
        HandlerOutcome::Done => done(&call.callee),
        HandlerOutcome::BadArguments => Outcome::InvalidArguments("a must be a number".into()),
        HandlerOutcome::Failed => Outcome::Failed,
        HandlerOutcome::Panicked => Outcome::Panicked,
        HandlerOutcome::TimedOut => Outcome::TimedOut,
        HandlerOutcome::Overloaded => Outcome::Overloaded,
        HandlerOutcome::MissingScope => Outcome::MissingScope(vec!["more".into()]),
        HandlerOutcome::MissingCapability => Outcome::MissingClientCapability(r#"{"sampling":{}}"#.into()),
        HandlerOutcome::NoResource => Outcome::UnknownResource("gone:///x".into()),
    }
}

fn done(callee: &Callee) -> Outcome {
    match callee {
        Callee::Tool(..) => Outcome::Tool(ToolResult::text("done")),
        Callee::Prompt(..) => Outcome::Prompt(PromptResult::default()),
        Callee::Resource(_, uri) | Callee::Template(_, uri, _) => {
            let contents = ResourceContents {
                uri: uri.to_string(),
                mime_type: None,
                body: ResourceBody::Text("done".into()),
            };
            Outcome::Resource(ResourceResult { contents: vec![contents], ..ResourceResult::default() })
        }
        Callee::Completion(..) => Outcome::Completion(Completion::default()),
    }
}
