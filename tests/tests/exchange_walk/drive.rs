//! Drives an exchange from its head to its answer.

use std::fmt;

use mcp_proto::{
    Callee, Engine, Finish, Head, Now, Outcome, Response, Step, Tick, ToolResult, UnixSeconds,
    content::{Completion, PromptResult, ResourceBody, ResourceContents, ResourceResult},
    exchange::{About, Call, Facts, ItemKind, Presented, Verify},
    head::Fields,
};

use crate::{
    case::{Case, WithProof, WithoutCredentials},
    fields::{BODY_BYTES_MAX, CredentialMeans, REFUSED_BODY_BYTES_MAX},
    scene::{Guard, HandlerOutcome},
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
    pub(crate) called: Option<Called>,
    /// The record of the call.
    pub(crate) about: Option<About>,
    /// What list the application was asked about, and about which of its items.
    pub(crate) asked: Option<(ItemKind, Vec<String>)>,
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
                run.asked = Some((kind, names));
                step
            }
            Step::Call(call) => {
                run.called = Some(called(&call));
                run.about = call.about.as_deref().cloned();
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
