//! A tool that does what the scenario says, when the scenario says it.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    future::{Future, poll_fn},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::Sender,
    },
    task::{Poll, Waker},
    time::Duration,
};

use mcp_driver::{Context, Elicit, Elicited, Interrupt, ListRoots, LogLevel, Sample, Tool};
use serde_json::{Value, json};

/// What a handler has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The name in the arguments of its call; for `endless` its own.
    pub who: String,
    /// What it was.
    pub moment: Moment,
}

/// A moment in the life of a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// It has begun.
    Running,
    /// It was dropped before its end.
    Cancelled,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Cancelled => "cancelled",
        })
    }
}

/// What a puppet is told to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// To say that it has come so far.
    Progress(u32),
    /// To log this at `info`.
    Log(String),
    /// To ask the client, and to remember what came of it. It fails where the client does not answer.
    Ask(Question),
    /// To demand this scope.
    Require(String),
    /// To demand that the client declares `sampling`.
    RequireSampling,
    /// To end the connection that its client waits on.
    CloseStream,
    /// To send this many large messages.
    Flood(u32),
    /// To return this text.
    Finish(String),
    /// To return what came of the last question.
    Tell,
    /// To fail with a text for the client.
    Fail(String),
    /// To fail with an error whose text is nobody's business.
    Break,
    /// To panic.
    Panic,
}

/// What a client can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// The person: a form with a `city`.
    Form,
    /// The person: a page.
    Page,
    /// The model.
    Sample,
    /// Where it works.
    Roots,
}

impl Order {
    /// Reads the words of a file.
    ///
    /// # Errors
    /// When there is no such order.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let number = || rest.parse::<u32>().map_err(|_| format!("no number: {rest:?}"));
        Ok(match (word, rest) {
            ("progress", _) => Self::Progress(number()?),
            ("log", text) => Self::Log(text.to_owned()),
            ("ask", "form") => Self::Ask(Question::Form),
            ("ask", "page") => Self::Ask(Question::Page),
            ("ask", "sample") => Self::Ask(Question::Sample),
            ("ask", "roots") => Self::Ask(Question::Roots),
            ("require", "sampling") => Self::RequireSampling,
            ("require", scope) => Self::Require(scope.to_owned()),
            ("close-stream", "") => Self::CloseStream,
            ("flood", _) => Self::Flood(number()?),
            ("finish", text) => Self::Finish(text.to_owned()),
            ("tell", "") => Self::Tell,
            ("fail", text) => Self::Fail(text.to_owned()),
            ("break", "") => Self::Break,
            ("panic", "") => Self::Panic,
            _ => return Err(format!("no such order: {text}")),
        })
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Progress(done) => write!(f, "progress {done}"),
            Self::Log(text) => write!(f, "log {text}"),
            Self::Ask(Question::Form) => f.write_str("ask form"),
            Self::Ask(Question::Page) => f.write_str("ask page"),
            Self::Ask(Question::Sample) => f.write_str("ask sample"),
            Self::Ask(Question::Roots) => f.write_str("ask roots"),
            Self::Require(scope) => write!(f, "require {scope}"),
            Self::RequireSampling => f.write_str("require sampling"),
            Self::CloseStream => f.write_str("close-stream"),
            Self::Flood(count) => write!(f, "flood {count}"),
            Self::Finish(text) => write!(f, "finish {text}"),
            Self::Tell => f.write_str("tell"),
            Self::Fail(text) => write!(f, "fail {text}"),
            Self::Break => f.write_str("break"),
            Self::Panic => f.write_str("panic"),
        }
    }
}

/// Where puppets are told what to do.
#[derive(Clone, Default)]
pub struct Puppets(Arc<Mutex<BTreeMap<String, Mailbox>>>);

#[derive(Default)]
struct Mailbox {
    orders: VecDeque<Order>,
    reader: Option<Waker>,
}

impl Puppets {
    /// Tells the puppet of this name what to do next.
    pub fn tell(&self, name: &str, order: Order) {
        let mut mailboxes = self.mailboxes();
        let mailbox = mailboxes.entry(name.to_owned()).or_default();
        mailbox.orders.push_back(order);
        let reader = mailbox.reader.take();
        drop(mailboxes);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    fn next(&self, name: &str) -> impl Future<Output = Order> + Send {
        poll_fn(move |cx| {
            let mut mailboxes = self.mailboxes();
            let mailbox = mailboxes.entry(name.to_owned()).or_default();
            match mailbox.orders.pop_front() {
                Some(order) => Poll::Ready(order),
                None => {
                    mailbox.reader = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
    }

    fn mailboxes(&self) -> MutexGuard<'_, BTreeMap<String, Mailbox>> {
        // Nothing that can panic runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The tool of this name: each of its calls does what is told to the name in its arguments.
pub(super) fn puppet(tool: &str, puppets: Puppets, sightings: Sender<Sighting>) -> Tool {
    let properties = json!({"name": {"type": "string"}});
    let schema = json!({"type": "object", "properties": properties});
    Tool::new(tool).raw_unchecked(schema, move |arguments: Value, cx: Context| {
        let name = arguments["name"].as_str().unwrap_or(NAME_DEFAULT).to_owned();
        let puppets = puppets.clone();
        let life = Life::new(name.clone(), sightings.clone());
        async move {
            life.begin();
            let mut heard = String::new();
            loop {
                match obey(puppets.next(&name).await, &cx, &mut heard).await {
                    Ok(None) => {}
                    Ok(Some(result)) => {
                        life.end();
                        return Ok(result);
                    }
                    Err(interrupt) => {
                        life.end();
                        return Err(interrupt);
                    }
                }
            }
        }
    })
}

/// Does one thing; the result of the call, if that is over with it.
async fn obey(order: Order, cx: &Context, heard: &mut String) -> Result<Option<String>, Interrupt> {
    match order {
        Order::Progress(done) => cx.progress(f64::from(done), None).await,
        Order::Log(text) => cx.log(LogLevel::Info, text).await,
        Order::Ask(question) => *heard = ask(question, cx).await?,
        Order::Require(scope) => cx.require(&scope)?,
        Order::RequireSampling => cx.require_client(&["sampling"])?,
        Order::CloseStream => cx.close_stream(RETRY).await,
        Order::Flood(count) => {
            for done in 1..=count {
                cx.progress_with(f64::from(done), None, "x".repeat(FLOOD_BYTES)).await;
            }
        }
        Order::Finish(text) => return Ok(Some(text)),
        Order::Tell => return Ok(Some(std::mem::take(heard))),
        Order::Fail(text) => return Err(Interrupt::tool(text)),
        Order::Break => return Err(std::io::Error::other(SECRET).into()),
        #[expect(clippy::panic, reason = "what becomes of a handler that panics is to be seen")]
        Order::Panic => panic!("{SECRET}"),
    }
    Ok(None)
}

/// The name that a call has where its arguments say none.
const NAME_DEFAULT: &str = "puppet";

/// When a client is to come back whose connection was ended.
const RETRY: Duration = Duration::from_secs(2);

/// The text of each message of a flood. A few hundred of them are more than sockets keep for a peer that does not
/// read.
const FLOOD_BYTES: usize = 16 << 10;

/// What no client may learn.
const SECRET: &str = "the database is at 10.0.0.7";

/// What the client said, in words.
async fn ask(question: Question, cx: &Context) -> Result<String, Interrupt> {
    let person = |elicited: Elicited<String>| match elicited {
        Elicited::Accepted(text) => format!("accepted {text}"),
        Elicited::Declined => "declined".to_owned(),
        Elicited::Cancelled => "cancelled".to_owned(),
    };
    match question {
        Question::Form => {
            let properties = json!({"city": {"type": "string"}});
            let schema = json!({"type": "object", "properties": properties, "required": ["city"]});
            let elicited = cx.input("city", Elicit::form_raw("Where to?", &schema)).await?;
            Ok(person(match elicited {
                Elicited::Accepted(answer) => {
                    Elicited::Accepted(answer["city"].as_str().unwrap_or_default().to_owned())
                }
                Elicited::Declined => Elicited::Declined,
                Elicited::Cancelled => Elicited::Cancelled,
            }))
        }
        Question::Page => match cx.input("page", Elicit::url("Pay here", "https://pay.example/1")).await? {
            Elicited::Accepted(()) => Ok(person(Elicited::Accepted("the page".to_owned()))),
            Elicited::Declined => Ok(person(Elicited::Declined)),
            Elicited::Cancelled => Ok(person(Elicited::Cancelled)),
        },
        Question::Sample => Ok(cx.input("sample", Sample::new(["Hello"], 10)).await?.text()),
        Question::Roots => {
            let roots = cx.input("roots", ListRoots).await?;
            Ok(roots.into_iter().map(|root| root.uri).collect::<Vec<_>>().join(" "))
        }
    }
}

/// Reports the life of a call; its drop, unless the call has come to its end.
pub(super) struct Life {
    who: String,
    sightings: Sender<Sighting>,
    has_ended: AtomicBool,
}

impl Life {
    pub(super) fn new(who: String, sightings: Sender<Sighting>) -> Self {
        Self { who, sightings, has_ended: AtomicBool::new(false) }
    }

    pub(super) fn begin(&self) {
        self.report(Moment::Running);
    }

    fn end(&self) {
        self.has_ended.store(true, Ordering::Relaxed);
    }

    fn report(&self, moment: Moment) {
        // Whether somebody listens is nothing to a handler.
        let _ = self.sightings.send(Sighting { who: self.who.clone(), moment });
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        if !self.has_ended.load(Ordering::Relaxed) {
            self.report(Moment::Cancelled);
        }
    }
}
