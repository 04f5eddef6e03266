//! Plays exchanges and writes down what comes.

use bytes::Bytes;
use http::HeaderMap;
use mcp_proto::{
    BodyRead, Call, Callee, Engine, Finish, Head, Now, Outcome, Principal, Response, Step, Tick, ToolResult,
    UnixSeconds,
    content::{Completion, PromptResult, ResourceContents, ResourceResult},
    exchange::{About, FindSession, Presented, Verify},
    response::{Payload, Rule},
    session::{Pull, Session, SessionId, StreamHandle},
};

use crate::{
    facts::{self, NOON},
    request, servers,
};

const NOW: Now = Now { tick: Tick(1_000_000), unix: UnixSeconds(NOON) };

/// Plays one exchange after another; keeps the session that one of them opened.
#[derive(Default)]
pub(crate) struct Player {
    session: Option<Session>,
    opened: u8,
    /// The stream that was opened last.
    stream: Option<StreamHandle>,
}

impl Player {
    /// Plays an exchange, and writes it down with the answer that came.
    pub(crate) fn play(&mut self, exchange: &str) -> String {
        let (asked, _) = exchange.split_once("\n---\n").expect("an answer");
        let mut lines = asked.splitn(3, '\n');
        assert!(lines.next().is_some_and(|title| title.starts_with("=== ")), "a title: {asked}");
        let to = lines.next().and_then(|line| line.strip_prefix("to ")).expect("a server");
        let (to, outcome) = to.split_once("; ").unwrap_or((to, ""));
        let (server, facts) = to.split_once(", ").unwrap_or((to, ""));
        let engine = servers::named(server);
        let mut came = String::new();
        let request = request::read(lines.next().expect("a request"));
        let answer = self.drive(&engine, &request, facts, outcome, &mut came);
        write_answer(&answer, &mut came);
        self.write_stream(&mut came);
        // Ids are of this player's making.
        for opened in 1..=self.opened {
            came = came.replace(&id(opened).reveal(), &format!("SESSION-{opened}"));
        }
        format!("{asked}\n---\n{}", came.trim_end())
    }

    fn drive(
        &mut self,
        engine: &Engine,
        request: &http::Request<String>,
        facts: &str,
        outcome: &str,
        came: &mut String,
    ) -> Response {
        let request = self.with_session(request);
        let mut step = engine.accept(&Head::new(&request, engine.route(request.uri().path())), NOW);
        loop {
            step = match step {
                Step::Respond(response) => return response,
                Step::Stream(stream) => {
                    self.stream = Some(stream.stream);
                    return stream.response;
                }
                Step::Probe(probe) => probe.resolve(facts != "not ready"),
                Step::Verify(verify) => {
                    note(came, &format!("verify {}", presented(&verify)));
                    verify.resolve(facts::of(facts, engine), NOW)
                }
                Step::ReadId(read) => {
                    let read_as = body(&request, read.limit());
                    Step::Respond(read.resolve(read_as))
                }
                Step::ReadBody(read) => {
                    note(came, "body");
                    let read_as = body(&request, read.limit());
                    read.resolve(read_as, NOW)
                }
                Step::Filter(filter) => {
                    let asker = filter.principal().map_or("nobody", Principal::subject);
                    note(came, &format!("filter {:?} for {asker}", filter.kind()));
                    // What the application hides.
                    filter.resolve(|name| name != "route")
                }
                Step::FindSession(find) => {
                    note(came, &found(&find));
                    let own = self.session.as_mut().filter(|_| find.id() == Some(&id(self.opened)));
                    find.resolve(own, NOW)
                }
                Step::UseSession(using) => using.resolve(self.session.as_mut(), NOW),
                Step::OpenSession(open) => {
                    note(came, "open");
                    self.opened += 1;
                    let (session, step) = open.open(&id(self.opened), NOW).expect("sessions");
                    self.session = Some(session);
                    step
                }
                Step::Call(call) => self.call(engine, *call, outcome, came),
            };
        }
    }

    /// Runs what stands for the handler.
    fn call<'e>(&mut self, engine: &'e Engine, call: Call, outcome: &str, came: &mut String) -> Step<'e> {
        note(came, &format!("call {}", called(&call.callee)));
        if let Some(caller) = &call.caller {
            note(came, &format!("as {}", caller.principal().subject()));
        }
        for told in call.about.iter().flat_map(|about| told(about)) {
            note(came, &told);
        }
        let outcome = outcome_of(&call.callee, outcome);
        let finish = match self.session.as_mut().filter(|_| call.session.is_some()) {
            Some(session) => call.reply.finish_in(engine, session, outcome, NOW),
            None => call.reply.finish(engine, outcome),
        };
        match finish {
            Finish::Whole(response) => Step::Respond(response),
            Finish::Queued => {
                Step::Respond(*call.acknowledged.expect("an answer on a stream is acknowledged"))
            }
            Finish::Next { call, .. } => Step::Call(call),
            Finish::LastFrame(_) => panic!("nobody opened a stream"),
        }
    }

    /// `SESSION` in a request is the one that was opened last.
    fn with_session(&self, request: &http::Request<String>) -> http::Request<String> {
        let name = id(self.opened).reveal();
        let mut request = request.clone();
        for value in request.headers_mut().values_mut().filter(|value| *value == "SESSION") {
            *value = name.parse().expect("visible text");
        }
        if request.uri().query().is_some_and(|query| query.contains("SESSION")) {
            let uri = request.uri().to_string().replace("SESSION", &name);
            *request.uri_mut() = uri.parse().expect("a target");
        }
        request
    }

    /// What went on the stream that was opened last.
    fn write_stream(&mut self, came: &mut String) {
        let (Some(session), Some(stream)) = (&mut self.session, self.stream) else { return };
        let mut out = Vec::new();
        let mut pulled = session.pull(stream, &mut out, usize::MAX);
        while pulled == Pull::Wrote {
            pulled = session.pull(stream, &mut out, usize::MAX);
        }
        if !out.is_empty() {
            came.push_str("\n> on the stream:\n");
            came.push_str(String::from_utf8(out).expect("events are text").trim_end());
        }
    }
}

fn id(opened: u8) -> SessionId {
    SessionId::from_entropy(&[opened; 32])
}

/// What the verifier is given.
fn presented(verify: &Verify<'_>) -> String {
    match verify.presented() {
        Presented::Head => "the head".to_owned(),
        Presented::Bearer(token) => token.reveal().to_owned(),
        Presented::Dpop { token, proof } => format!("{} with {}", token.reveal(), proof.reveal()),
    }
}

/// What is looked up.
fn found(find: &FindSession<'_>) -> String {
    let what = if find.opens_stream() { "find, for a stream" } else { "find" };
    match find.owner() {
        Some(owner) => format!("{what}, of {}", owner.party().map_or("nobody", |(_, subject, _)| subject)),
        None if find.acts_as_opener() => format!("{what}, as whoever opened it"),
        None => what.to_owned(),
    }
}

fn note(came: &mut String, what: &str) {
    came.push_str("> ");
    came.push_str(what);
    came.push('\n');
}

/// The body, or how it fails to come.
fn body(request: &http::Request<String>, limit: u32) -> BodyRead {
    match request.body().as_str() {
        "too late" => BodyRead::TimedOut,
        "cut off" => BodyRead::Aborted,
        body if body.len() > limit as usize => BodyRead::TooLarge,
        body => BodyRead::Complete(Bytes::from(body.to_owned())),
    }
}

fn called(callee: &Callee) -> String {
    match callee {
        Callee::Tool(id, arguments) => format!("tool {} {}", id, String::from_utf8_lossy(arguments)),
        Callee::Prompt(id, arguments) => format!("prompt {} {arguments:?}", id),
        Callee::Resource(id, uri) => format!("resource {} {uri}", id),
        Callee::Template(id, uri, _) => format!("template {} {uri}", id),
        Callee::Completion(id, input) => format!("completion {} {}={}", id, input.argument, input.value),
    }
}

fn outcome_of(callee: &Callee, outcome: &str) -> Outcome {
    match (outcome, callee) {
        ("failed", _) => Outcome::Failed,
        ("too late", _) => Outcome::TimedOut,
        ("bad arguments", _) => Outcome::InvalidArguments("a is missing".into()),
        ("no sampling", _) => Outcome::MissingClientCapability(r#"{"sampling":{}}"#.into()),
        ("no scope", _) => Outcome::MissingScope(vec!["purge".into()]),
        ("no resource", _) => Outcome::UnknownResource("note://x".into()),
        (_, Callee::Tool(..)) => Outcome::Tool(ToolResult::text("done")),
        (_, Callee::Prompt(..)) => Outcome::Prompt(PromptResult::default()),
        ("nothing", Callee::Resource(..)) => Outcome::Resource(ResourceResult::default()),
        (_, Callee::Resource(_, uri) | Callee::Template(_, uri, _)) => {
            Outcome::Resource(ResourceContents::text(uri.clone(), "text").into())
        }
        (_, Callee::Completion(..)) => Outcome::Completion(Completion::default()),
    }
}

/// What a record says, with the requests of a batch that no handler was needed for.
fn told(about: &About) -> Vec<String> {
    let asked = |about: &About| {
        let caller = about.caller().map_or("nobody", |caller| caller.principal().subject());
        format!("about: {caller}, {:?} {}", about.method(), about.target().unwrap_or_default())
    };
    let element = |(about, rule): (About, Option<Rule>)| {
        format!("{} {}", asked(&about), rule.map_or("served", |rule| rule.name))
    };
    std::iter::once(asked(about)).chain(about.elements().map(element)).collect()
}

/// Status, rule, fields and body.
fn write_answer(answer: &Response, came: &mut String) {
    came.push_str(&answer.status.as_u16().to_string());
    if let Some(rule) = answer.rule {
        came.push_str(&format!(" by {}", rule.name));
        rule.setting.iter().for_each(|setting| came.push_str(&format!(", see {setting}")));
    }
    let mut fields = HeaderMap::new();
    answer.fields.write_to(&mut fields);
    let mut lines: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}: {}", value.to_str().expect("text"))).collect();
    if let Some(about) = &answer.about {
        lines.extend(told(about));
    }
    lines.sort_by(|one, other| one.split(':').next().cmp(&other.split(':').next()));
    lines.iter().for_each(|line| came.push_str(&format!("\n{line}")));
    match &answer.payload {
        Payload::Empty => {}
        Payload::Whole(body) => came.push_str(&format!("\n\n{}", String::from_utf8_lossy(body))),
        Payload::Stream => came.push_str("\n\na stream"),
    }
}
