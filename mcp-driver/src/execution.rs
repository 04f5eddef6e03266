//! A handler that runs under a deadline. Dropping it is cancelling it. In a batch one handler follows another.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll},
};

use mcp_proto::{Call, Callee, Outcome, Refusal, Reply, auth::scope::Scopes, time::Deadline};

use crate::{
    audit::Record,
    handler::{CallParts, Running as Handler},
    limits::ServerLimits,
    load::{AlonePlace, Permit},
    runtime::Runtime,
};

/// The handler of a call, and what it needs.
pub(crate) struct Execution<R: Runtime> {
    pub(crate) runtime: R,
    pub(crate) parts: CallParts,
    /// `None` once it has ended.
    handler: Option<GuardedHandler>,
    deadline: Deadline,
    /// How long the call may be silent, in microseconds.
    silence_micros: u64,
    timers: Option<Timers<R::Sleep>>,
    record: Option<Record>,
    permit: Permit,
}

/// Made when the handler is first pending: a call that ends at once costs no timer.
struct Timers<S> {
    deadline: Pin<Box<S>>,
    silence: Pin<Box<S>>,
}

/// What a call brings along besides its answer.
pub(crate) struct Allowed {
    pub(crate) permit: Permit,
    pub(crate) record: Option<Record>,
}

impl<R: Runtime> Execution<R> {
    /// Builds the handler's future, which may panic like the handler itself.
    pub(crate) fn new(
        callee: Callee,
        mut parts: CallParts,
        deadline: Deadline,
        silence_micros: u64,
        runtime: R,
        allowed: Allowed,
    ) -> Self {
        let handler = GuardedHandler::build(|| build(callee, &mut parts));
        let Allowed { permit, record } = allowed;
        Self {
            runtime,
            parts,
            handler: Some(handler),
            deadline,
            silence_micros,
            timers: None,
            record,
            permit,
        }
    }

    /// Begins the next call of a batch, whose answer goes to the reply. What had no time left is not begun.
    pub(crate) fn go_on(&mut self, call: Call) -> Reply {
        let Call { callee, client, reply, about, .. } = call;
        let now = self.runtime.now();
        self.end();
        self.parts.context = None;
        self.parts.client = client;
        self.handler = Some(if self.deadline.at <= now.tick {
            GuardedHandler::ended(Outcome::TimedOut)
        } else {
            if let Some(record) = &mut self.record {
                record.go_on(about, now.unix);
            }
            let parts = &mut self.parts;
            GuardedHandler::build(|| build(callee, parts))
        });
        reply
    }

    pub(crate) fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Outcome> {
        let Some(handler) = &mut self.handler else { return Poll::Pending };
        if let Poll::Ready(outcome) = handler.poll(cx) {
            self.handler = None;
            self.judge(&outcome);
            return Poll::Ready(outcome);
        }
        let timers = self.timers.get_or_insert_with(|| {
            let now = self.runtime.now().tick;
            Timers {
                deadline: Box::pin(self.runtime.sleep_until(self.deadline.at)),
                silence: Box::pin(self.runtime.sleep_until(now.after_micros(self.silence_micros))),
            }
        });
        if timers.deadline.as_mut().poll(cx).is_ready() {
            self.handler = None;
            // Not every timer can be polled again once it was ready.
            self.timers = None;
            return Poll::Ready(Outcome::TimedOut);
        }
        Poll::Pending
    }

    /// Keeps a record of a handler that refuses its caller.
    fn judge(&self, outcome: &Outcome) {
        if let (Some(record), Outcome::MissingScope(_)) = (&self.record, outcome) {
            record.refused(&Refusal::InsufficientScope(Scopes::default()), self.runtime.now().unix);
        }
    }

    /// Ready when the call has been silent for long; next then `every` microseconds later.
    pub(crate) fn poll_silence(&mut self, cx: &mut TaskContext<'_>, every: u64) -> Poll<()> {
        let Some(timers) = &mut self.timers else { return Poll::Pending };
        if timers.silence.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        let next = self.runtime.now().tick.after_micros(every);
        timers.silence = Box::pin(self.runtime.sleep_until(next));
        Poll::Ready(())
    }

    /// A place among the calls that run though their clients have gone.
    pub(crate) fn alone(&self, limits: &ServerLimits) -> Option<AlonePlace> {
        self.permit.alone(limits)
    }

    /// Drops the handler.
    pub(crate) fn stop(&mut self) {
        self.handler = None;
        self.timers = None;
    }

    /// Nobody waits for the answer any more.
    pub(crate) fn end(&self) {
        if let Some(context) = &self.parts.context {
            context.slot().end();
        }
    }
}

fn build(callee: Callee, parts: &mut CallParts) -> Option<Handler> {
    let held = Arc::clone(&parts.held);
    let handlers = held.handlers();
    // The engine and the handlers were built from one catalog, so every number has its handler.
    match callee {
        Callee::Tool(id, arguments) => handlers.tool(id).map(|call| call(arguments, parts)),
        Callee::Prompt(id, arguments) => handlers.prompt(id).map(|get| get(arguments, parts)),
        Callee::Resource(id, uri) => handlers.resource(id).map(|read| read(uri, Default::default(), parts)),
        Callee::Template(id, uri, variables) => handlers.template(id).map(|read| read(uri, variables, parts)),
        Callee::Completion(id, input) => handlers.completion(id).map(|complete| complete(input, parts)),
    }
}

/// A handler whose panics end the call and nothing else.
struct GuardedHandler(Option<Handler>);

impl GuardedHandler {
    fn build(build: impl FnOnce() -> Option<Handler>) -> Self {
        Self(catch_unwind(AssertUnwindSafe(build)).unwrap_or_else(|_| {
            tracing::error!("handler panicked before it began");
            None
        }))
    }

    fn ended(outcome: Outcome) -> Self {
        Self(Some(Box::pin(std::future::ready(outcome))))
    }

    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Outcome> {
        let Some(handler) = &mut self.0 else { return Poll::Ready(Outcome::Panicked) };
        let polled = catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll(cx)));
        polled.unwrap_or_else(|_| {
            tracing::error!("handler panicked");
            Poll::Ready(Outcome::Panicked)
        })
    }
}

impl Drop for GuardedHandler {
    fn drop(&mut self) {
        if let Some(handler) = self.0.take()
            && catch_unwind(AssertUnwindSafe(|| drop(handler))).is_err()
        {
            tracing::error!("handler panicked while it was dropped");
        }
    }
}
