//! A handler that runs, first as the answer's future, then, once it has told the client something,
//! inside the answer's body. Dropping it is cancelling it. In a batch one handler follows another.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll},
};

use bytes::Bytes;
use mcp_proto::{
    Call, Callee, Finish, Outcome, Refusal, Reply, Response, auth::scope::Scopes, exchange::Notified,
    time::Deadline,
};

use crate::{
    audit::Record,
    handler::{CallParts, Running as Handler},
    load::Permit,
    runtime::Runtime,
};

/// A call whose answer is not complete.
pub(crate) struct Running<R: Runtime> {
    runtime: R,
    parts: CallParts,
    /// `None` once it has ended.
    handler: Option<GuardedHandler>,
    /// `None` once the final message is written.
    reply: Option<Reply>,
    deadline: Deadline,
    timers: Option<Timers<R::Sleep>>,
    record: Option<Record>,
    _permit: Permit,
}

/// Made when the handler is first pending: a call that ends at once costs no timer.
struct Timers<S> {
    deadline: Pin<Box<S>>,
    heartbeat: Pin<Box<S>>,
}

/// What comes of polling a call that is not a stream yet.
pub(crate) enum Begun {
    /// The whole answer.
    Whole(Response),
    /// The head of a stream, and its first bytes.
    Opened(Response, Bytes),
}

impl<R: Runtime> Running<R> {
    /// Builds the handler's future, which may panic like the handler itself.
    pub(crate) fn new(
        callee: Callee,
        mut parts: CallParts,
        reply: Reply,
        deadline: Deadline,
        runtime: R,
        permit: Permit,
        record: Option<Record>,
    ) -> Self {
        let handler = GuardedHandler::build(|| build(callee, &mut parts));
        Self {
            runtime,
            parts,
            handler: Some(handler),
            reply: Some(reply),
            deadline,
            timers: None,
            record,
            _permit: permit,
        }
    }

    /// Polls a call whose answer has not begun.
    pub(crate) fn poll_begin(&mut self, cx: &mut TaskContext<'_>) -> Poll<Begun> {
        let mut out = Vec::new();
        while let Poll::Ready(outcome) = self.poll_outcome(cx) {
            // Notifications of a handler that has ended by now come before its result.
            let opened = self.drain(cx, &mut out);
            match (opened, self.finish(outcome)) {
                (None, Some(Finish::Whole(response))) => return Poll::Ready(Begun::Whole(response)),
                (None, Some(Finish::Next { call, .. })) => self.go_on(*call),
                (Some(head), Some(Finish::LastFrame(frame))) => {
                    out.extend_from_slice(&frame);
                    return Poll::Ready(Begun::Opened(head, out.into()));
                }
                (Some(head), Some(Finish::Next { frame, call })) => {
                    out.extend_from_slice(&frame);
                    self.go_on(*call);
                    return Poll::Ready(Begun::Opened(head, out.into()));
                }
                (_, _) => return Poll::Pending,
            }
        }
        match self.drain(cx, &mut out) {
            Some(head) => Poll::Ready(Begun::Opened(head, out.into())),
            None => self.poll_open(cx, &mut out),
        }
    }

    /// Begins the next call of a batch. What had no time left is not begun.
    fn go_on(&mut self, call: Call) {
        let Call { callee, client, reply, about, .. } = call;
        let now = self.runtime.now();
        if let Some(context) = self.parts.context.take() {
            context.slot().end();
        }
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
        self.reply = Some(reply);
    }

    /// A call that has been silent for long becomes a stream.
    fn poll_open(&mut self, cx: &mut TaskContext<'_>, out: &mut Vec<u8>) -> Poll<Begun> {
        let wait = self.parts.held.engine().timeouts().open_stream_micros;
        if self.poll_heartbeat(cx, wait).is_pending() {
            return Poll::Pending;
        }
        match self.reply.as_mut().and_then(|reply| reply.open_stream(out)) {
            Some(head) => {
                let every = self.parts.held.engine().timeouts().heartbeat_micros;
                // Registers the timer of the first heartbeat.
                let _ = self.poll_heartbeat(cx, every);
                Poll::Ready(Begun::Opened(head, std::mem::take(out).into()))
            }
            // The client takes no stream, so there is nothing to do but wait.
            None => Poll::Pending,
        }
    }

    /// Polls the rest of a stream.
    pub(crate) fn poll_frame(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Bytes>> {
        if self.reply.is_none() {
            return Poll::Ready(None);
        }
        let outcome = self.poll_outcome(cx);
        let mut out = Vec::new();
        let _ = self.drain(cx, &mut out);
        if let Poll::Ready(outcome) = outcome {
            match self.finish(outcome) {
                Some(Finish::LastFrame(frame)) => out.extend_from_slice(&frame),
                Some(Finish::Next { frame, call }) => {
                    out.extend_from_slice(&frame);
                    self.go_on(*call);
                }
                Some(Finish::Whole(_) | Finish::Queued) | None => {}
            }
        }
        if out.is_empty() && self.reply.is_some() {
            let every = self.parts.held.engine().timeouts().heartbeat_micros;
            if self.poll_heartbeat(cx, every).is_ready()
                && let Some(reply) = &self.reply
            {
                reply.heartbeat(&mut out);
                let _ = self.poll_heartbeat(cx, every);
            }
        }
        if out.is_empty() { Poll::Pending } else { Poll::Ready(Some(out.into())) }
    }

    /// Whether the final message is written.
    pub(crate) fn is_over(&self) -> bool {
        self.reply.is_none()
    }

    fn poll_outcome(&mut self, cx: &mut TaskContext<'_>) -> Poll<Outcome> {
        let Some(handler) = &mut self.handler else { return Poll::Pending };
        if let Poll::Ready(outcome) = handler.poll(cx) {
            self.handler = None;
            return Poll::Ready(outcome);
        }
        let timers = self.timers.get_or_insert_with(|| {
            let now = self.runtime.now().tick;
            let open = self.parts.held.engine().timeouts().open_stream_micros;
            Timers {
                deadline: Box::pin(self.runtime.sleep_until(self.deadline.at)),
                heartbeat: Box::pin(self.runtime.sleep_until(now.after_micros(open))),
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

    /// Ready when the heartbeat is due; the next one is then due `every` microseconds later.
    fn poll_heartbeat(&mut self, cx: &mut TaskContext<'_>, every: u64) -> Poll<()> {
        let Some(timers) = &mut self.timers else { return Poll::Pending };
        if timers.heartbeat.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        let next = self.runtime.now().tick.after_micros(every);
        timers.heartbeat = Box::pin(self.runtime.sleep_until(next));
        Poll::Ready(())
    }

    /// Writes what the handler has told the client; the head, if that opens the stream.
    fn drain(&mut self, cx: &TaskContext<'_>, out: &mut Vec<u8>) -> Option<Response> {
        let mut head = None;
        let (context, reply) = (self.parts.context.as_ref()?, self.reply.as_mut()?);
        while let Some(notification) = context.slot().pop(cx) {
            match reply.notify(&notification, out) {
                Notified::Opened(response) => head = Some(response),
                Notified::Frame => {}
                Notified::Suppressed(why) => tracing::trace!(?why, "notification not sent"),
            }
        }
        head
    }

    fn finish(&mut self, outcome: Outcome) -> Option<Finish> {
        if let (Some(record), Outcome::MissingScope(_)) = (&self.record, &outcome) {
            record.refused(&Refusal::InsufficientScope(Scopes::default()), self.runtime.now().unix);
        }
        self.reply.take().map(|reply| reply.finish(self.parts.held.engine(), outcome))
    }
}

impl<R: Runtime> Drop for Running<R> {
    fn drop(&mut self) {
        if let Some(context) = &self.parts.context {
            context.slot().end();
        }
        if self.reply.is_some() {
            tracing::debug!("call cancelled: its client has left");
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
