//! Drives an exchange from its head to its answer.

mod calls;
mod sessions;

use std::fmt;

use http::HeaderMap;
use mcp_proto::{
    Engine, Head, Now, Response, Step, Tick, UnixSeconds,
    exchange::{About, Facts, ItemKind, Presented, Verify},
    head::{Fields, ScannedFields},
    session::{Owner, Session},
    time::Deadline,
};

use serde_json::Value;

use crate::{
    case::{Case, OPENED, WithProof, WithoutCredentials},
    fields::{BODY_BYTES_MAX, CredentialMeans, REFUSED_BODY_BYTES_MAX},
    scene::Guard,
    sessions::Kept,
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
    /// How often somebody was asked about sessions.
    pub(crate) session_steps: usize,
    /// Whether the message did something to a session.
    pub(crate) has_used_session: bool,
    /// The session that the request belongs to, if there is one, and when it was used last before.
    pub(crate) kept: Option<(Kept, Tick)>,
    /// The session that was opened, and who owns it.
    pub(crate) opened: Option<(Session, Owner)>,
    /// What went on the stream of the session instead of into the answer (LSE-04).
    pub(crate) on_stream: Vec<u8>,
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

/// When a request comes.
const BEGIN: Now = Now { tick: OPENED, unix: UnixSeconds(NOON) };

fn head<'c, F: Fields>(engine: &Engine, case: &Case<'c>, query: Option<&'c str>, fields: F) -> Head<'c, F> {
    Head {
        method: case.method(),
        target: engine.route(case.path()),
        query,
        authority: case.authority(),
        framing: case.framing(),
        certificate: case.certificate(),
        fields,
    }
}

/// The whole exchange.
pub(crate) fn drive<'e>(engine: &'e Engine, case: &Case<'_>, watch: Watch<'_>) -> (Run<'e>, Response) {
    let step = engine.accept(&head(engine, case, case.query().text, case), BEGIN);
    finish(engine, case, step, watch)
}

/// The whole exchange, with all header fields in a map.
pub(crate) fn drive_with_fields<'e>(
    engine: &'e Engine,
    case: &Case<'_>,
    fields: &HeaderMap,
) -> (Run<'e>, Response) {
    let step = engine.accept(&head(engine, case, case.query().text, ScannedFields::new(fields)), BEGIN);
    finish(engine, case, step, None)
}

/// The exchange from the verifier on, for another caller.
pub(crate) fn drive_with<'e>(
    engine: &'e Engine,
    case: &Case<'_>,
    verify: Verify<'e>,
    facts: Facts,
) -> Response {
    let step = verify.resolve(facts, case.now());
    finish(engine, case, step, None).1
}

/// The exchange of the same request without credentials.
pub(crate) fn drive_without_credentials<'e>(engine: &'e Engine, case: &Case<'_>) -> Step<'e> {
    // A query with a token in it is one with credentials.
    let query = case.query().text.filter(|_| !case.query().has_token);
    engine.accept(&head(engine, case, query, WithoutCredentials(case)), BEGIN)
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
    match engine.accept(&head(engine, case, None, fields), BEGIN) {
        Step::Verify(verify) => verify.resolve(proof.facts.clone(), case.now()),
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
    engine: &'e Engine,
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
            Step::Respond(response) => {
                sessions::hear(&mut run);
                return (run, response);
            }
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
                verify.resolve(facts, case.now())
            }
            Step::ReadId(read) => {
                run.has_read_id = true;
                assert_eq!(u64::from(read.limit()), REFUSED_BODY_BYTES_MAX, "what is read for an id");
                Step::Respond(read.resolve(case.body()))
            }
            Step::ReadBody(read) => {
                run.has_read_body = true;
                assert_eq!(u64::from(read.limit()), BODY_BYTES_MAX, "what is read of a body");
                read.resolve(case.body(), case.now())
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
            Step::FindSession(find) => sessions::find(engine, case, &mut run, *find),
            Step::UseSession(usage) => sessions::resume(case, &mut run, *usage),
            Step::OpenSession(open) => sessions::open(case, &mut run, *open),
            Step::Stream(stream) => sessions::stream(&mut run, stream),
            Step::Call(call) => calls::run(engine, case, &mut run, call, &mut watch),
        };
    }
}
