//! A call whose answer is its own: first the answer's future, then, once it has told the client something,
//! inside the answer's body. Dropping it is cancelling it.

use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use mcp_proto::{Call, Finish, Outcome, Reply, Response, exchange::Notified};

use crate::{context::Said, execution::Execution, input::InputError, runtime::Runtime};

/// A call whose answer is not complete.
pub(crate) struct Running<R: Runtime> {
    execution: Execution<R>,
    /// `None` once the final message is written.
    reply: Option<Reply>,
}

/// What comes of polling a call that is not a stream yet.
pub(crate) enum Begun {
    /// The whole answer.
    Whole(Response),
    /// The head of a stream, and its first bytes.
    Opened(Response, Bytes),
}

impl<R: Runtime> Running<R> {
    pub(crate) fn new(execution: Execution<R>, reply: Reply) -> Self {
        Self { execution, reply: Some(reply) }
    }

    /// Polls a call whose answer has not begun.
    pub(crate) fn poll_begin(&mut self, cx: &mut TaskContext<'_>) -> Poll<Begun> {
        let mut out = Vec::new();
        while let Poll::Ready(outcome) = self.execution.poll(cx) {
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

    fn go_on(&mut self, call: Call) {
        self.reply = Some(self.execution.go_on(call));
    }

    fn heartbeat_micros(&self) -> u64 {
        self.execution.parts.held.engine().timeouts().heartbeat_micros
    }

    /// A call that has been silent for long becomes a stream.
    fn poll_open(&mut self, cx: &mut TaskContext<'_>, out: &mut Vec<u8>) -> Poll<Begun> {
        let every = self.heartbeat_micros();
        if self.execution.poll_silence(cx, every).is_pending() {
            return Poll::Pending;
        }
        // Registers the timer of the first heartbeat.
        let _ = self.execution.poll_silence(cx, every);
        match self.reply.as_mut().and_then(|reply| reply.open_stream(out)) {
            Some(head) => Poll::Ready(Begun::Opened(head, std::mem::take(out).into())),
            // The client takes no stream, so there is nothing to do but wait.
            None => Poll::Pending,
        }
    }

    /// Polls the rest of a stream.
    pub(crate) fn poll_frame(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Bytes>> {
        if self.reply.is_none() {
            return Poll::Ready(None);
        }
        let outcome = self.execution.poll(cx);
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
        if out.is_empty()
            && let Some(reply) = &self.reply
        {
            let every = self.execution.parts.held.engine().timeouts().heartbeat_micros;
            if self.execution.poll_silence(cx, every).is_ready() {
                reply.heartbeat(&mut out);
                let _ = self.execution.poll_silence(cx, every);
            }
        }
        if out.is_empty() { Poll::Pending } else { Poll::Ready(Some(out.into())) }
    }

    /// Whether the final message is written.
    pub(crate) fn is_over(&self) -> bool {
        self.reply.is_none()
    }

    /// Writes what the handler has told the client; the head, if that opens the stream.
    fn drain(&mut self, cx: &TaskContext<'_>, out: &mut Vec<u8>) -> Option<Response> {
        let mut head = None;
        let (context, reply) = (self.execution.parts.context.as_ref()?, self.reply.as_mut()?);
        while let Some(said) = context.slot().pop(cx) {
            match said {
                Said::Note(notification) => match reply.notify(&notification, out) {
                    Notified::Opened(response) => head = Some(response),
                    Notified::Frame => {}
                    Notified::Suppressed(why) => tracing::trace!(?why, "notification not sent"),
                },
                // There is no way back to the client, and no way for it to come back.
                Said::Ask(number, _) => context.slot().answer(number, Err(InputError::NoSession)),
                Said::CloseStream(_) => {}
            }
        }
        head
    }

    fn finish(&mut self, outcome: Outcome) -> Option<Finish> {
        let engine = self.execution.parts.held.engine();
        self.reply.take().map(|reply| reply.finish(engine, outcome))
    }
}

impl<R: Runtime> Drop for Running<R> {
    fn drop(&mut self) {
        self.execution.end();
        if self.reply.is_some() {
            tracing::debug!("call cancelled: its client has left");
        }
    }
}
