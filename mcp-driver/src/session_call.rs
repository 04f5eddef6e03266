//! A call in a session: it runs where its client waits, and when the client goes, on its own.

use std::{
    future::poll_fn,
    task::{Context as TaskContext, Poll},
};

use mcp_proto::{
    Call, Finish, Outcome, Reply, Response,
    exchange::{SessionStream, Told},
    session::{AskId, CallId, Directive, Party},
};

use crate::{context::Said, execution::Execution, input::InputError, runtime::Runtime, sessions::Visited};

/// A call in a session whose answer is not complete.
pub(crate) struct SessionCall<R: Runtime> {
    execution: Execution<R>,
    /// `None` once the final message is written.
    reply: Option<Reply>,
    session: Visited,
    call: CallId,
    /// Questions that the client has been asked, and the numbers that the handler knows them by.
    asked: Vec<(AskId, u64)>,
}

/// What comes of polling a call in a session.
pub(crate) enum Came {
    /// The whole answer.
    Whole(Response),
    /// The answer is a stream of the session; the call may go on.
    Opened(SessionStream),
    /// The call is over, and what it had to say is on its stream.
    Over,
}

impl<R: Runtime> SessionCall<R> {
    pub(crate) fn new(execution: Execution<R>, reply: Reply, session: Visited, call: CallId) -> Self {
        Self { execution, reply: Some(reply), session, call, asked: Vec::new() }
    }

    pub(crate) fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Came> {
        loop {
            if self.reply.is_none() {
                return Poll::Ready(Came::Over);
            }
            let mut outcome = self.execution.poll(cx);
            let opened = self.drain(cx);
            if outcome.is_pending() {
                match self.hear(cx) {
                    Heard::Cancel => {
                        self.execution.stop();
                        tracing::debug!("call cancelled");
                        outcome = Poll::Ready(Outcome::Cancelled);
                    }
                    Heard::Answers if opened.is_none() => continue,
                    Heard::Answers | Heard::Nothing => {}
                }
            }
            let mut finish = match outcome {
                Poll::Pending => return self.poll_open(cx, opened),
                Poll::Ready(outcome) => self.finish(outcome),
            };
            while let Some(Finish::Next { call, .. }) = finish {
                finish = self.go_on(*call);
            }
            return Poll::Ready(match (finish, opened) {
                (Some(Finish::Whole(response)), None) => Came::Whole(response),
                (_, Some(stream)) => Came::Opened(stream),
                (Some(_), None) => Came::Over,
                // The next call of a batch has begun.
                (None, None) => continue,
            });
        }
    }

    /// Begins the next call of a batch, unless the client has cancelled it already.
    fn go_on(&mut self, call: Call) -> Option<Finish> {
        let before = self.call;
        let named = call.session.unwrap_or(before);
        self.call = named;
        let directive = self.session.with(|session, wakers| {
            wakers.forget(Party::Call(before));
            session.directive(named)
        });
        if directive == Some(Directive::Cancel) {
            self.reply = Some(call.reply);
            return self.finish(Outcome::Cancelled);
        }
        self.reply = Some(self.execution.go_on(call));
        None
    }

    /// A call that has been silent for long becomes a stream.
    fn poll_open(&mut self, cx: &mut TaskContext<'_>, opened: Option<SessionStream>) -> Poll<Came> {
        let call_micros = self.execution.parts.held.engine().timeouts().call_micros;
        let is_silent = self.execution.poll_silence(cx, call_micros).is_ready();
        if let Some(stream) = opened {
            return Poll::Ready(Came::Opened(stream));
        }
        if is_silent {
            let now = self.execution.runtime.now();
            let reply = self.reply.as_mut();
            let stream =
                reply.and_then(|reply| self.session.with(|session, _| reply.open_stream_in(session, now)));
            if let Some(stream) = stream {
                return Poll::Ready(Came::Opened(stream));
            }
        }
        Poll::Pending
    }

    /// What the session has for the call. If that is nothing, the call is woken when there is something.
    fn hear(&mut self, cx: &TaskContext<'_>) -> Heard {
        let mut answers = Vec::new();
        let call = self.call;
        let is_cancelled = self.session.with(|session, wakers| {
            while let Some(directive) = session.directive(call) {
                match directive {
                    Directive::Answer(ask, answer) => answers.push((ask, answer)),
                    Directive::Cancel => return true,
                }
            }
            wakers.wait(Party::Call(call), cx.waker());
            false
        });
        if is_cancelled {
            return Heard::Cancel;
        }
        let heard = if answers.is_empty() { Heard::Nothing } else { Heard::Answers };
        for (ask, answer) in answers {
            let Some(place) = self.asked.iter().position(|(asked, _)| *asked == ask) else { continue };
            let (_, number) = self.asked.swap_remove(place);
            if let Some(context) = &self.execution.parts.context {
                context.slot().answer(number, Ok(answer));
            }
        }
        heard
    }

    /// Gives the session what the handler has said; the stream, if that opens it.
    fn drain(&mut self, cx: &TaskContext<'_>) -> Option<SessionStream> {
        let context = self.execution.parts.context.as_ref()?;
        let mut said = Vec::new();
        while let Some(one) = context.slot().pop(cx) {
            said.push(one);
        }
        if said.is_empty() {
            return None;
        }
        let (now, reply) = (self.execution.runtime.now(), self.reply.as_mut()?);
        let (asked, mut faults, mut opened) = (&mut self.asked, Vec::new(), None);
        let mut suppressed = Vec::new();
        self.session.with(|session, _| {
            for one in said {
                match one {
                    Said::Note(notification) => match reply.tell(session, &notification, now) {
                        Told::Opened(stream) => opened = Some(stream),
                        Told::Queued => {}
                        Told::Suppressed(why) => suppressed.push(why),
                    },
                    Said::Ask(number, question) => match reply.ask(session, &question, now) {
                        Ok((ask, stream)) => {
                            asked.push((ask, number));
                            opened = opened.take().or(stream);
                        }
                        Err(fault) => faults.push((number, fault)),
                    },
                    Said::CloseStream(retry) => {
                        let millis = u32::try_from(retry.as_millis()).unwrap_or(u32::MAX);
                        opened = opened.take().or(reply.close_stream(session, millis, now));
                    }
                }
            }
        });
        for why in suppressed {
            tracing::trace!(?why, "notification not sent");
        }
        for (number, fault) in faults {
            context.slot().answer(number, Err(InputError::from(fault)));
        }
        opened
    }

    fn finish(&mut self, outcome: Outcome) -> Option<Finish> {
        let engine = self.execution.parts.held.engine();
        let (reply, now) = (self.reply.take()?, self.execution.runtime.now());
        Some(self.session.with(|session, _| reply.finish_in(engine, session, outcome, now)))
    }
}

/// What a session had for a call.
enum Heard {
    Nothing,
    Answers,
    Cancel,
}

impl<R: Runtime> Drop for SessionCall<R> {
    fn drop(&mut self) {
        self.execution.end();
        let (call, is_over) = (self.call, self.reply.is_none());
        self.session.with(|session, wakers| {
            wakers.forget(Party::Call(call));
            if !is_over {
                session.abandon(call);
            }
        });
    }
}

/// A call that somebody waits for. When nobody does any longer, it goes on in a task of its own: a client that
/// has gone may come back for the answer (SSE-09).
pub(crate) struct Attended<R: Runtime>(Option<Box<SessionCall<R>>>);

impl<R: Runtime> Attended<R> {
    pub(crate) fn new(call: SessionCall<R>) -> Self {
        Self(Some(Box::new(call)))
    }

    pub(crate) fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Came> {
        let Some(call) = &mut self.0 else { return Poll::Ready(Came::Over) };
        let came = call.poll(cx);
        if matches!(came, Poll::Ready(Came::Whole(_) | Came::Over)) {
            self.0 = None;
        }
        came
    }
}

impl<R: Runtime> Drop for Attended<R> {
    fn drop(&mut self) {
        let Some(mut call) = self.0.take() else { return };
        let Some(place) = call.execution.alone(call.session.limits()) else {
            tracing::debug!("call cancelled: its client has left, and too many run without theirs");
            return;
        };
        let session = call.session.clone();
        session.run(async move {
            poll_fn(|cx| call.poll_to_end(cx)).await;
            drop(place);
        });
    }
}

impl<R: Runtime> SessionCall<R> {
    /// Runs a call whose client waits elsewhere: on the stream of 2024-11-05.
    pub(crate) fn run(mut self) {
        let session = self.session.clone();
        session.run(async move { poll_fn(|cx| self.poll_to_end(cx)).await });
    }

    /// Polls a call whose answer nobody waits for on this connection.
    fn poll_to_end(&mut self, cx: &mut TaskContext<'_>) -> Poll<()> {
        loop {
            match self.poll(cx) {
                Poll::Ready(Came::Whole(_) | Came::Over) => return Poll::Ready(()),
                Poll::Ready(Came::Opened(stream)) => {
                    let now = self.execution.runtime.now();
                    self.session.with(|session, _| session.detach(stream.stream, now));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}
