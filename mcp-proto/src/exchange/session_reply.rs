//! Where the answer of a call in a session goes: one JSON document, or, once there is something to say before
//! it, a stream of the session, which outlives the connection.

use super::{
    Finish, Manner, Notification, Outcome, Reply, SessionStream,
    reply::{self, Suppressed, Told},
};
use crate::{
    engine::Engine,
    jsonrpc::AnswerId,
    refusal::Refusal,
    response::{ContentType, Fields, Payload, Response},
    session::{AskFault, AskId, CallId, Question, Session},
    time::Now,
};

impl Reply {
    /// Tells the client how the call is getting on, if it is to know.
    pub fn tell(&mut self, session: &mut Session, notification: &Notification, now: Now) -> Told {
        let Some(call) = self.session.filter(|call| session.runs(*call)) else {
            return Told::Suppressed(Suppressed::Over);
        };
        self.log_level = Some(session.level());
        let message = match self.message(notification) {
            Ok(message) => message,
            Err(why) => return Told::Suppressed(why),
        };
        let opened = self.open_in(session, call, now);
        session.tell(call, message.to_string().into_bytes());
        opened.map_or(Told::Queued, Told::Opened)
    }

    /// Asks the client something. The stream, where the answer becomes one by that.
    ///
    /// # Errors
    /// When the client cannot be asked. Nothing is sent then.
    pub fn ask(
        &mut self,
        session: &mut Session,
        question: &Question,
        now: Now,
    ) -> Result<(AskId, Option<SessionStream>), AskFault> {
        let call = self.session.ok_or(AskFault::Over)?;
        session.judge_ask(call, question)?;
        if !self.manner.accept.event_stream {
            return Err(AskFault::NoStream);
        }
        let opened = self.open_in(session, call, now);
        Ok((session.ask(call, question, now)?, opened))
    }

    /// Turns a call that is silent for long into a stream, which the client can resume. `None` when it takes
    /// no stream, or it is one already.
    pub fn open_stream_in(&mut self, session: &mut Session, now: Now) -> Option<SessionStream> {
        let call = self.session.filter(|call| session.runs(*call) && self.manner.accept.event_stream)?;
        self.open_in(session, call, now)
    }

    /// Ends the connection of the call's stream, where the client can come back for the rest
    /// (SSE-04, SSE-06). The stream, where the answer becomes one by that.
    pub fn close_stream(
        &mut self,
        session: &mut Session,
        retry_millis: u32,
        now: Now,
    ) -> Option<SessionStream> {
        let call = self.session?;
        if !session.can_resume_calls() {
            return None;
        }
        let opened = self.open_stream_in(session, now);
        session.close_call_stream(call, retry_millis);
        opened
    }

    fn open_in(&mut self, session: &mut Session, call: CallId, now: Now) -> Option<SessionStream> {
        if self.is_stream {
            return None;
        }
        let stream = session.open_call_stream(call, now)?;
        self.is_stream = true;
        // What is there of a batch is said first.
        for answer in self.rest.iter_mut().flat_map(|rest| rest.take_answers()) {
            session.put(call, answer);
        }
        Some(SessionStream { response: Response::event_stream(self.manner.cors.clone()), stream })
    }

    /// Ends the answer with what the handler came to. After [`Outcome::Cancelled`], or once the client has
    /// cancelled the call, nothing is said of it (CANC-02).
    pub fn finish_in(self, engine: &Engine, session: &mut Session, outcome: Outcome, now: Now) -> Finish {
        session.used(now);
        let Some(call) = self.session else { return self.finish(engine, outcome) };
        let group = session.group_of(call);
        let finish = self.finish_call(engine, session, call, outcome);
        // What is left of a batch then had no room for its answer.
        if let Some(group) = group
            && !matches!(finish, Finish::Next { .. })
        {
            session.abandon_group(group);
        }
        finish
    }

    fn finish_call(
        mut self,
        engine: &Engine,
        session: &mut Session,
        call: CallId,
        outcome: Outcome,
    ) -> Finish {
        let is_cancelled = matches!(outcome, Outcome::Cancelled) || !session.runs(call);
        let rest = self.rest.take();
        let result = (!is_cancelled).then(|| self.result(engine, outcome));
        let Self { id, manner, is_stream, .. } = self;
        if is_stream {
            let revision = manner.revision;
            let last = result.map(|result| result.unwrap_or_else(|refusal| refusal.entry(id, revision)));
            session.finish(call, last);
            let rest = rest.filter(|_| !session.is_over());
            return match rest.map(|rest| rest.go_on(None, true, manner)) {
                Some(Finish::Next { frame, call }) => Finish::Next { frame, call },
                Some(Finish::Whole(_) | Finish::LastFrame(_) | Finish::Queued) | None => Finish::Queued,
            };
        }
        session.finish(call, None);
        let refused = |refusal, id, manner| reply::refused(refusal, engine, &AnswerId::Known(id), manner);
        match (result, rest) {
            _ if session.is_over() => Finish::Whole(refused(Refusal::SessionNotFound, id, manner)),
            (None, Some(rest)) => rest.go_on(None, false, manner),
            (Some(Ok(body)), Some(rest)) => rest.go_on(Some(body), false, manner),
            (Some(Err(refusal)), Some(rest)) => {
                rest.go_on(Some(refusal.entry(id, manner.revision)), false, manner)
            }
            // AMB-20: the exchange has to end somehow.
            (None, None) if manner.accept.event_stream => Finish::Whole(silence(manner)),
            (None, None) => Finish::Whole(refused(Refusal::Cancelled, id, manner)),
            (Some(Ok(body)), None) => Finish::Whole(reply::whole(body, manner)),
            (Some(Err(refusal)), None) => Finish::Whole(refused(refusal, id, manner)),
        }
    }

    /// Refuses the whole request, because too many calls are running to begin this one.
    pub fn refuse_overloaded_in(self, engine: &Engine, session: &mut Session) -> Finish {
        let Some(call) = self.session else { return Finish::Whole(self.refuse_overloaded(engine)) };
        if self.is_stream {
            session.finish(call, Some(Refusal::Overloaded.entry(self.id, self.manner.revision)));
            return Finish::Queued;
        }
        session.abandon(call);
        Finish::Whole(self.refuse_overloaded(engine))
    }
}

/// A stream of nothing.
fn silence(manner: Manner) -> Response {
    Response {
        status: http::StatusCode::OK,
        fields: Fields { cors: manner.cors, ..Fields::of(ContentType::EventStream) },
        payload: Payload::Empty,
        rule: None,
        about: None,
    }
}
