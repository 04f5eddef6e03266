//! A driver, as plain as can be, that writes down what happens.

use bytes::Bytes;
use mcp_proto::{
    BodyRead, Call, Callee, Finish, Now, Outcome, Response, Step, Tick, ToolResult, UnixSeconds,
    content::{Completion, PromptResult, ResourceContents, ResourceResult},
    exchange::{LogLevel, Notification, Notified, Told},
    response::Payload,
    session::{Crowded, Session},
};
use serde_json::json;

use super::{
    found::Found,
    kept,
    sent::Sent,
    servers::{BASELINE, Guard, Server, holds, needs},
};
use crate::tokens::NOON;

/// The most steps of an exchange, besides those for each call.
const STEPS_MAX: usize = 10;

const NOW: Now = Now { tick: Tick(1_000_000_000), unix: UnixSeconds(NOON) };

/// What came of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Driven {
    pub(super) response: Response,
    /// What follows the head where the answer is a stream.
    pub(super) stream: Vec<u8>,
    /// Everything that was printed on the way.
    pub(super) prints: Vec<String>,
    /// Whether a handler was to run.
    pub(super) calls: usize,
    /// Whether the request reached a session, or opened one.
    pub(super) used_session: bool,
    /// Whether more was read than the id of a refused request.
    pub(super) has_read_body: bool,
    pub(super) has_read_id: bool,
}

struct Run<'s> {
    server: &'s Server,
    sent: &'s Sent<'s>,
    found: Found,
    /// What the caller was granted, once that is known.
    granted: Option<Vec<&'static str>>,
    session: Option<Session>,
    driven: Driven,
}

/// Drives the request to its answer, with this found out about its sender.
pub(super) fn drive(server: &Server, sent: &Sent<'_>, found: Found) -> Driven {
    let driven = Driven {
        response: Response::empty(http::StatusCode::OK, mcp_proto::response::Fields::default()),
        stream: Vec::new(),
        prints: Vec::new(),
        calls: 0,
        used_session: false,
        has_read_body: false,
        has_read_id: false,
    };
    let mut run = Run { server, sent, found, granted: None, session: None, driven };
    run.drive();
    run.driven
}

impl Run<'_> {
    fn drive(&mut self) {
        let engine = &self.server.engine;
        let choices = self.sent.choices;
        let mut step = engine.accept(&self.sent.head(engine.route(self.sent.path())), NOW);
        for steps in 0.. {
            assert!(steps < STEPS_MAX, "law 8: the exchange goes on and on");
            self.print(&step);
            step = match step {
                Step::Probe(probe) => probe.resolve(choices.is_ready()),
                Step::Verify(verify) => {
                    self.print(&verify.presented());
                    self.granted =
                        self.found.grants(self.server.guard, verify.presented(), self.sent.method());
                    verify.resolve(self.found.facts(), NOW)
                }
                Step::ReadId(read) => {
                    self.driven.has_read_id = true;
                    Step::Respond(read.resolve(self.body()))
                }
                Step::ReadBody(read) => {
                    self.is_let_in("reads a body");
                    self.driven.has_read_body = true;
                    read.resolve(self.body(), NOW)
                }
                Step::Filter(filter) => {
                    self.is_let_in("is listed something");
                    filter.resolve(|name| name.len() % 2 == 0)
                }
                Step::FindSession(find) => {
                    self.is_let_in("finds a session");
                    let is_ours = find.id().is_some_and(|id| *id == kept::id());
                    let open = || kept::open(engine, self.server.guard, choices.session(), NOW);
                    self.session = is_ours.then(open).flatten();
                    self.driven.used_session = self.session.is_some();
                    find.resolve(self.session.as_mut(), NOW)
                }
                Step::UseSession(usage) => {
                    self.is_let_in("uses a session");
                    usage.resolve(self.session.as_mut(), NOW)
                }
                Step::OpenSession(open) => {
                    self.is_let_in("opens a session");
                    self.driven.used_session = true;
                    if choices.has_room() {
                        let (session, step) =
                            open.open(&kept::id(), NOW).expect("this server keeps sessions");
                        self.session = Some(session);
                        step
                    } else {
                        open.refuse(Crowded::Principal)
                    }
                }
                Step::Stream(stream) => {
                    self.is_let_in("gets a stream");
                    let session = self.session.as_mut().expect("a stream is one of a session");
                    self.driven.stream = kept::take(session, stream.stream);
                    Step::Respond(stream.response)
                }
                Step::Call(call) => self.call(call),
                Step::Respond(response) => {
                    self.driven.response = response;
                    return;
                }
            };
        }
    }

    fn print(&mut self, shown: &dyn std::fmt::Debug) {
        self.driven.prints.push(format!("{shown:?}"));
    }

    /// Laws 1 and 2: nobody gets any further without what the server asks for.
    fn is_let_in(&self, what: &str) {
        let is_let_in = self.server.guard == Guard::Open
            || self.granted.as_ref().is_some_and(|granted| holds(granted, BASELINE));
        assert!(is_let_in, "a stranger {what}");
    }

    fn body(&self) -> BodyRead {
        match self.sent.choices.body() {
            1 => BodyRead::TooLarge,
            2 => BodyRead::Aborted,
            3 => BodyRead::TimedOut,
            4 => BodyRead::Overloaded,
            _ => BodyRead::Complete(Bytes::copy_from_slice(self.sent.body)),
        }
    }

    /// Runs one handler after another.
    fn call<'e>(&mut self, mut call: Box<Call>) -> Step<'e>
    where
        Self: 'e,
    {
        let engine = &self.server.engine;
        let mut head = None;
        let mut frames = Vec::new();
        let mut opened = None;
        let acknowledged = call.acknowledged.take();
        loop {
            self.is_let_in("has a handler run");
            self.print(&call);
            let needed = needs(&call.callee);
            let granted = self.granted.as_deref().unwrap_or_default();
            let may = self.server.guard == Guard::Open || needed.iter().all(|scope| holds(granted, scope));
            assert!(may, "law 1: a handler runs for somebody who lacks {needed:?}");
            assert!(
                !call.client.revision().is_modern() || call.session.is_none(),
                "law 10: a modern call is in a session"
            );
            self.driven.calls += 1;
            let outcome = outcome(&call.callee, self.sent.choices.outcome());
            let notice = notice(self.sent.choices.notice());
            let is_silent = self.sent.choices.notice() == 3;
            let mut reply = call.reply;
            let finish = match self.session.as_mut().filter(|_| call.session.is_some()) {
                Some(session) => {
                    if let Some(notice) = &notice
                        && let Told::Opened(stream) = reply.tell(session, notice, NOW)
                    {
                        opened = Some(stream);
                    }
                    if is_silent {
                        opened = reply.open_stream_in(session, NOW).or(opened);
                    }
                    reply.finish_in(engine, session, outcome, NOW)
                }
                None => {
                    if let Some(notice) = &notice
                        && let Notified::Opened(response) = reply.notify(notice, &mut frames)
                    {
                        assert!(head.replace(response).is_none(), "a second head");
                    }
                    if is_silent && let Some(response) = reply.open_stream(&mut frames) {
                        assert!(head.replace(response).is_none(), "a second head");
                    }
                    reply.finish(engine, outcome)
                }
            };
            match finish {
                Finish::Whole(response) => {
                    assert!(head.is_none() && frames.is_empty(), "a whole answer behind a stream");
                    return Step::Respond(response);
                }
                Finish::LastFrame(frame) => {
                    frames.extend(frame);
                    self.driven.stream = frames;
                    return Step::Respond(head.expect("a stream begins with a head"));
                }
                Finish::Queued => {
                    if let Some(response) = acknowledged {
                        return Step::Respond(*response);
                    }
                    let stream = opened.expect("what is queued is on a stream");
                    let session = self.session.as_mut().expect("a stream is one of a session");
                    self.driven.stream = kept::take(session, stream.stream);
                    assert_eq!(stream.response.payload, Payload::Stream);
                    return Step::Respond(stream.response);
                }
                Finish::Next { frame, call: next } => {
                    frames.extend(frame);
                    call = next;
                }
            }
        }
    }
}

fn notice(choice: usize) -> Option<Notification> {
    match choice {
        1 => Some(Notification::Progress { progress: 1.0, total: Some(2.0), message: Some("half".into()) }),
        2 => LogLevel::from_name("error").map(|level| Notification::Log {
            level,
            logger: None,
            data: json!("heard\r\n"),
        }),
        _ => None,
    }
}

fn outcome(callee: &Callee, choice: usize) -> Outcome {
    match choice {
        1 => Outcome::Failed,
        2 => Outcome::TimedOut,
        3 => Outcome::Panicked,
        4 => Outcome::InvalidArguments("a must be a number".into()),
        5 => Outcome::MissingScope(vec!["more".into()]),
        6 => Outcome::MissingClientCapability(r#"{"sampling":{}}"#.into()),
        7 => Outcome::UnknownResource("gone:///x".into()),
        _ => match callee {
            Callee::Tool(..) => Outcome::Tool(ToolResult::text("done\r\n\r\ndata: x")),
            Callee::Prompt(..) => Outcome::Prompt(PromptResult::default()),
            Callee::Resource(_, uri) | Callee::Template(_, uri, _) => Outcome::Resource(ResourceResult {
                contents: vec![ResourceContents::text(&**uri, "text")],
                ..ResourceResult::default()
            }),
            Callee::Completion(..) => Outcome::Completion(Completion::default()),
        },
    }
}
