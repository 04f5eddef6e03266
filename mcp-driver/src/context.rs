//! What a handler can ask and tell while it runs.

use std::{
    any::Any,
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context as TaskContext, Poll, Waker},
    time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue};
use mcp_proto::{
    Engine, Principal,
    exchange::{Caller, ClientFacts, LogLevel, Notification},
    session::{Answer, Question},
};
use serde::Serialize;

use crate::{
    authenticate::CallerValue,
    held::Held,
    input::{self, Ask, InputError},
    interrupt::Interrupt,
    peer::ClientCertificate,
    recognise::CallerData,
    sessions::{SessionHandle, Visited},
};

/// The call that a handler serves. Cheap to clone; a task that the handler spawned may use it too.
///
/// The caller's token is not here, so that passing it on to another service, which MCP forbids
/// (AUTH-10, ELI-15), cannot happen by accident.
///
/// ```
/// use mcp_tokio::{Auth, Context, Identity, Interrupt, KeySource, Server, Tool, testing::Notification};
/// use schemars::JsonSchema;
/// use serde::Deserialize;
/// use serde_json::json;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Deletion {
///     folder: String,
/// }
///
/// async fn delete(deletion: Deletion, cx: Context) -> Result<&'static str, Interrupt> {
///     if deletion.folder == "archive" {
///         cx.require("files:archive")?;
///     }
///     cx.progress(1.0, Some(2.0)).await;
///     Ok("deleted")
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mcp_tokio::ServerError> {
/// let auth = Auth::jwt("https://auth.example.com", "https://mcp.example.com/mcp", KeySource::discovery());
/// let server = Server::builder("files", "1.0.0", auth).tool(Tool::new("delete").typed(delete));
///
/// let client = mcp_tokio::test_kit(server)?.caller(Identity::new("alice"));
/// let deleted = client.call_tool("delete", json!({"folder": "drafts"})).await;
/// let halfway = Notification::Progress { progress: 1.0, total: Some(2.0), message: None };
/// assert_eq!(deleted.notifications(), [halfway]);
/// let refused = client.call_tool("delete", json!({"folder": "archive"})).await;
/// assert_eq!(refused.status(), 403);
/// assert_eq!(refused.challenged_scopes(), ["files:archive"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    held: Arc<Held>,
    caller: Option<Caller>,
    value: Option<CallerData>,
    client: ClientFacts,
    headers: HeaderMap,
    certificate: Option<ClientCertificate>,
    session: Option<Visited>,
    slot: Slot,
}

/// What a handler says to its client.
pub(crate) enum Said {
    Note(Notification),
    /// A question, under a number of its own.
    Ask(u64, Question),
    /// The client is to come back for the rest after this time.
    CloseStream(Duration),
}

/// Sleeping without naming the runtime.
pub(crate) trait Timer: Send + Sync {
    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// Where the handler and the answer's body meet.
#[derive(Default)]
pub(crate) struct Slot(Mutex<SlotState>);

#[derive(Default)]
struct SlotState {
    queue: VecDeque<Said>,
    /// The number of the next question.
    asked: u64,
    /// Questions that a handler waits for, and what came of them.
    answers: Vec<(u64, Option<Result<Answer, InputError>>)>,
    /// The body, waiting for something to send.
    body: Option<Waker>,
    /// Handlers that wait for room in the queue or for the end.
    handlers: Vec<Waker>,
    over: bool,
}

/// What may wait to be sent. Beyond it the handler waits.
const QUEUED_MAX: usize = 16;

impl Context {
    pub(crate) fn new(
        held: Arc<Held>,
        caller: Option<Caller>,
        value: Option<CallerData>,
        client: ClientFacts,
        headers: HeaderMap,
        certificate: Option<ClientCertificate>,
        session: Option<Visited>,
    ) -> Self {
        let slot = Slot::default();
        Self(Arc::new(Inner { held, caller, value, client, headers, certificate, session, slot }))
    }

    pub(crate) fn slot(&self) -> &Slot {
        &self.0.slot
    }

    fn engine(&self) -> &Engine {
        self.0.held.engine()
    }

    /// Who calls; `None` on a server without authentication.
    #[must_use]
    pub fn principal(&self) -> Option<&Principal> {
        self.0.caller.as_ref().map(Caller::principal)
    }

    /// The value that the application's verifier gave about the caller, for handlers that are given nothing
    /// but a context; tools may take it as an argument.
    ///
    /// # Errors
    /// When the verifier gave none, or one of another type: the client is told of an internal error.
    pub fn value<T: Any + Send + Sync>(&self) -> Result<CallerValue<T>, Interrupt> {
        CallerValue::typed(self.0.value.clone()).map_err(Interrupt::internal)
    }

    /// What the client says about itself. Nothing of it is verified.
    #[must_use]
    pub fn client(&self) -> &ClientFacts {
        &self.0.client
    }

    /// A request header that the server exposes to handlers; see
    /// [`crate::ServerBuilder::expose_header`].
    #[must_use]
    pub fn header(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.0.headers.get(name)
    }

    /// The certificate of the client that made the connection which the call came on, where the server asks for
    /// one and the client has one. Whether the caller has to be its owner is up to the server's policy and verifier.
    #[must_use]
    pub fn client_certificate(&self) -> Option<&ClientCertificate> {
        self.0.certificate.as_ref()
    }

    /// Demands a scope that depends on the arguments. Scopes that do not are declared with the
    /// tool. On a server without authentication nobody has any.
    ///
    /// # Errors
    /// When the caller does not have it. Return the error: it becomes HTTP 403 with a challenge
    /// while nothing has been sent.
    pub fn require(&self, scope: &str) -> Result<(), Interrupt> {
        let granted = self.principal().map(Principal::scopes);
        if self.engine().grants(granted, scope) { Ok(()) } else { Err(Interrupt::missing_scope(scope)) }
    }

    /// Demands a client capability by its path, such as `["sampling"]`.
    ///
    /// # Errors
    /// When the request does not declare it. Return the error: it becomes HTTP 400 while nothing
    /// has been sent.
    pub fn require_client(&self, path: &[&str]) -> Result<(), Interrupt> {
        if self.client().declares(path) {
            return Ok(());
        }
        let shape = path.iter().rev().fold(serde_json::json!({}), |inner, key| {
            serde_json::Value::Object([((*key).to_owned(), inner)].into_iter().collect())
        });
        Err(Interrupt::missing_client_capability(shape))
    }

    /// Waits.
    pub async fn sleep(&self, time: Duration) {
        self.0.held.timer.sleep(time).await;
    }

    /// Tells the client how far the call has come, if it asked for that. `done` grows with each
    /// message; waits while the client is slow to read.
    pub async fn progress(&self, done: f64, total: Option<f64>) {
        self.notify(Notification::Progress { progress: done, total, message: None }).await;
    }

    /// The same with a message for people.
    pub async fn progress_with(&self, done: f64, total: Option<f64>, message: impl Into<String>) {
        let message = Some(message.into());
        self.notify(Notification::Progress { progress: done, total, message }).await;
    }

    /// Logs to the client, if it asked for messages of this level. No secrets (LOGG-06).
    pub async fn log(&self, level: LogLevel, data: impl Serialize) {
        self.log_as(None, level, data).await;
    }

    /// The same under a logger's name.
    pub async fn log_as(&self, logger: Option<&str>, level: LogLevel, data: impl Serialize) {
        if self.client().log_level().is_none_or(|wanted| level < wanted) {
            return;
        }
        match serde_json::to_value(data) {
            Ok(data) => {
                let logger = logger.map(Into::into);
                self.notify(Notification::Log { level, logger, data }).await;
            }
            Err(error) => tracing::error!(error = ?error.to_string(), "log data has no JSON form"),
        }
    }

    async fn notify(&self, notification: Notification) {
        self.say(Said::Note(notification)).await;
    }

    async fn say(&self, said: Said) {
        let mut said = Some(said);
        poll_fn(|cx| self.0.slot.poll_push(&mut said, cx)).await;
    }

    /// Asks the client for something in the middle of the call: the person at it ([`Elicit`](crate::Elicit)), its
    /// model ([`Sample`](crate::Sample)), or where it works ([`ListRoots`](crate::ListRoots)).
    ///
    /// `key` names the question in this call: each has one of its own, whatever way the handler takes. Where a
    /// client cannot be asked while the call waits, as in 2026-07-28, it will bring the answers along under these
    /// names when it calls again, and the handler will run again from its beginning: what must not happen twice
    /// belongs behind the last question.
    ///
    /// # Errors
    /// When the client cannot be asked or does not answer; [`Interrupt::input_error`] says why. So far, only
    /// clients with a session can be asked.
    pub async fn input<A: Ask>(&self, key: &str, ask: A) -> Result<A::Answer, Interrupt> {
        let session = self.0.session.as_ref().ok_or(InputError::NoSession)?;
        let number = self.0.slot.expect();
        let pending = Expected { slot: &self.0.slot, number };
        let elicitation = format!("{}-{key}", session.name_question());
        let question = ask.question(self.client().revision(), &elicitation)?;
        self.say(Said::Ask(number, question)).await;
        let answer = poll_fn(|cx| self.0.slot.poll_answer(number, cx)).await;
        drop(pending);
        input::answered(&ask, answer?)
    }

    /// The session that the call belongs to; `None` for clients of 2026-07-28 and on servers without sessions.
    #[must_use]
    pub fn session(&self) -> Option<SessionHandle> {
        self.0.session.clone().map(SessionHandle::new)
    }

    /// Ends the connection that the client waits on, which comes back for the rest after `retry` (SSE-04): for
    /// calls that take longer than anything in between keeps a silent connection. Clients before 2025-11-25 do not
    /// know how, and those of 2026-07-28 neither; nothing happens then.
    pub async fn close_stream(&self, retry: Duration) {
        self.say(Said::CloseStream(retry)).await;
    }

    /// Ready when nobody waits for the answer any more. The handler's own future is dropped then;
    /// this is for tasks that it spawned.
    pub async fn cancelled(&self) {
        poll_fn(|cx| self.0.slot.poll_over(cx)).await;
    }

    /// Whether nobody waits for the answer any more.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.slot.state().over
    }
}

/// A question that a handler waits for; forgotten when it does no longer.
struct Expected<'s> {
    slot: &'s Slot,
    number: u64,
}

impl Drop for Expected<'_> {
    fn drop(&mut self) {
        self.slot.state().answers.retain(|(number, _)| *number != self.number);
    }
}

impl SlotState {
    /// Notes a handler that waits, once however often it is polled.
    fn wait(&mut self, waker: &Waker) {
        if !self.handlers.iter().any(|known| known.will_wake(waker)) {
            self.handlers.push(waker.clone());
        }
    }
}

impl Slot {
    fn state(&self) -> MutexGuard<'_, SlotState> {
        // No code of a user runs under this lock, so a poisoned state is still whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll_push(&self, said: &mut Option<Said>, cx: &mut TaskContext<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.over {
            return Poll::Ready(());
        }
        if state.queue.len() >= QUEUED_MAX {
            state.wait(cx.waker());
            return Poll::Pending;
        }
        state.queue.extend(said.take());
        let body = state.body.take();
        drop(state);
        if let Some(body) = body {
            body.wake();
        }
        Poll::Ready(())
    }

    fn poll_over(&self, cx: &mut TaskContext<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.over {
            return Poll::Ready(());
        }
        state.wait(cx.waker());
        Poll::Pending
    }

    /// A handler is about to ask something, under this number.
    fn expect(&self) -> u64 {
        let mut state = self.state();
        let number = state.asked;
        state.asked = number.wrapping_add(1);
        state.answers.push((number, None));
        number
    }

    /// What came of a question; nothing, if nobody waits for that any more.
    pub(crate) fn answer(&self, number: u64, answer: Result<Answer, InputError>) {
        let mut state = self.state();
        if let Some((_, waiting)) = state.answers.iter_mut().find(|(expected, _)| *expected == number) {
            waiting.get_or_insert(answer);
        }
        let woken = std::mem::take(&mut state.handlers);
        drop(state);
        woken.into_iter().for_each(Waker::wake);
    }

    fn poll_answer(&self, number: u64, cx: &mut TaskContext<'_>) -> Poll<Result<Answer, InputError>> {
        let mut state = self.state();
        let expected = state.answers.iter_mut().find(|(expected, _)| *expected == number);
        if let Some(answer) = expected.and_then(|(_, answer)| answer.take()) {
            return Poll::Ready(answer);
        }
        if state.over {
            return Poll::Ready(Err(InputError::Over));
        }
        state.wait(cx.waker());
        Poll::Pending
    }

    /// The next thing to send; without one, the body is woken when there is.
    pub(crate) fn pop(&self, cx: &TaskContext<'_>) -> Option<Said> {
        let mut state = self.state();
        let said = state.queue.pop_front();
        let woken = match said {
            Some(_) => std::mem::take(&mut state.handlers),
            None => {
                if !state.body.as_ref().is_some_and(|body| body.will_wake(cx.waker())) {
                    state.body = Some(cx.waker().clone());
                }
                Vec::new()
            }
        };
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        said
    }

    /// Nobody waits for the answer any more.
    pub(crate) fn end(&self) {
        let mut state = self.state();
        state.over = true;
        state.queue.clear();
        state.body = None;
        let woken = std::mem::take(&mut state.handlers);
        drop(state);
        woken.into_iter().for_each(Waker::wake);
    }
}
