//! A session of the revisions before 2026-07-28: what lives from one request to the next.
//!
//! A poll machine. A driver keeps each behind a lock, looks it up when [`crate::Step::FindSession`] asks, lends
//! it to [`crate::Step::UseSession`] and to the [`crate::Reply`] of a call, and afterwards does what
//! [`Session::poll_effect`] says, without the lock. Streams are pulled ([`Session::pull`]), so that a client that
//! reads slowly is not sent more than it takes; time is told by [`Session::on_deadline`].
//!
//! Whose a session is and who may use it is decided before it is touched, by [`crate::exchange::FindSession`].

mod calls;
mod change;
mod event;
mod id;
mod info;
mod lifecycle;
mod outbox;
mod owner;
mod policy;
mod question;
mod record;
mod room;
mod stored;
mod stream;

use std::{collections::VecDeque, fmt, sync::Arc};

use serde_json::{Value, json};

pub(crate) use self::{calls::Beginning, change::notification, stream::Terms};
pub use self::{
    calls::{AskId, CallId, Directive},
    change::{Change, Notice},
    event::{Event, EventId, Pull, StreamHandle},
    id::SessionId,
    info::SessionInfo,
    lifecycle::{Lifecycle, LifecycleEvent},
    outbox::Replayed,
    owner::Owner,
    policy::{LegacySse, SessionAuth, SessionPolicy},
    question::{Answer, AskFault, ERROR_MESSAGE_BYTES_MAX, ElicitMode, Question, QuestionMethod},
    record::Record,
    room::{Crowded, Room, Use, room},
};
use self::{
    calls::{OpenAsk, RunningCall},
    event::Class,
    outbox::{Outbox, Outgoing, Resumed},
    stream::{Closing, Needs, Payload, Purpose},
};
use crate::{
    auth::scope::{Requirement, Scopes},
    engine::Engine,
    exchange::{Caller, LogLevel},
    jsonrpc::RawId,
    refusal::{Refusal, RequestFault},
    time::{Now, Tick, UnixSeconds},
};

/// One session.
pub struct Session {
    info: Arc<SessionInfo>,
    policy: Arc<SessionPolicy>,
    /// Who acts where later requests bring no credentials.
    opener: Option<Caller>,
    state: Lifecycle,
    level: LogLevel,
    opened_unix: u64,
    /// When its life is over.
    ends: Tick,
    /// When the credentials are over that vouch for it.
    until: UnixSeconds,
    used: Tick,
    heartbeat_micros: u64,
    epoch: u32,
    next_call: CallId,
    next_ask: u64,
    calls: Vec<RunningCall>,
    asks: Vec<OpenAsk>,
    subscriptions: Vec<Subscription>,
    /// Bytes of their URIs.
    subscribed_bytes: usize,
    outbox: Outbox,
}

/// A resource that the client wants to hear of.
struct Subscription {
    uri: Box<str>,
    needs: Requirement,
}

/// What a session wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Let them look at the session again.
    Wake(Party),
    /// Keep this event, then tell [`Session::stored`].
    Append(Event),
    /// Fetch the events of a stream behind this one, in order, at most [`SessionPolicy::events_max`], then tell
    /// [`Session::replayed`].
    Replay {
        /// Who waits for them.
        connection: StreamHandle,
        /// The stream.
        stream: u64,
        /// The sequence of the last event that is not wanted.
        after: u64,
    },
    /// Its record has changed, where somebody keeps it.
    Save,
}

/// Who is waiting at a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Party {
    /// Who pulls a stream.
    Stream(StreamHandle),
    /// Who runs a call.
    Call(CallId),
}

/// How long a call may outlive its own deadline before the session takes it for lost.
const LOST_CALL_MICROS: u64 = 10_000_000;

impl Session {
    /// A session that a handshake opened. `opener` is who acts where later requests bring no credentials.
    pub(crate) fn new(
        info: SessionInfo,
        engine: &Engine,
        policy: &Arc<SessionPolicy>,
        opener: Option<Caller>,
        now: Now,
    ) -> Self {
        let until = match (policy.auth, &opener) {
            (SessionAuth::InitializeOnly, Some(opener)) => engine.auth().until(opener.principal()),
            (SessionAuth::InitializeOnly, None) | (SessionAuth::EveryRequest, _) => UnixSeconds(u64::MAX),
        };
        Self {
            info: Arc::new(info),
            policy: Arc::clone(policy),
            opener: opener.filter(|_| policy.auth == SessionAuth::InitializeOnly),
            state: Lifecycle::Opened,
            level: LogLevel::Info,
            opened_unix: now.unix.0,
            ends: now.tick.after_micros(policy.life_micros),
            until,
            used: now.tick,
            heartbeat_micros: engine.timeouts().heartbeat_micros,
            epoch: 0,
            next_call: CallId(0),
            next_ask: 1,
            calls: Vec::new(),
            asks: Vec::new(),
            subscriptions: Vec::new(),
            subscribed_bytes: 0,
            outbox: Outbox::new(0),
        }
    }

    /// A session on a stream of 2024-11-05, whose first event says where to post.
    pub(crate) fn awaiting(
        engine: &Engine,
        policy: &Arc<SessionPolicy>,
        opener: Option<Caller>,
        endpoint: Box<str>,
        terms: Terms,
        now: Now,
    ) -> (Self, StreamHandle) {
        let owner = Owner::of(opener.as_ref().map(Caller::principal));
        let mut session = Self::new(SessionInfo::before_handshake(owner), engine, policy, opener, now);
        session.state = Lifecycle::Awaiting;
        let endpoint = Some(Payload::Endpoint(endpoint));
        let every = session.heartbeat_micros;
        let wanted = (terms, Needs::new());
        let stream = session.outbox.open(Purpose::Legacy, wanted, endpoint, now, every, policy);
        (session, stream)
    }

    /// What holds for all its requests.
    #[must_use]
    pub fn info(&self) -> &Arc<SessionInfo> {
        &self.info
    }

    /// How often it was taken over from a record. What has to have another name each time is named after this too.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Whether its answers go on the stream of 2024-11-05. That stream is there from its beginning to its end.
    pub(crate) fn is_legacy(&self) -> bool {
        self.outbox.legacy_stream().is_some()
    }

    pub(crate) fn opener(&self) -> Option<&Caller> {
        self.opener.as_ref()
    }

    /// The least serious log messages that the client gets.
    pub(crate) fn level(&self) -> LogLevel {
        self.level
    }

    /// Whether it has ended. What is past its time has when this is asked by a request.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.state == Lifecycle::Over
    }

    /// Whether nothing runs in it and no stream of it is open.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.calls.is_empty() && !self.outbox.is_connected()
    }

    /// When it was used last.
    #[must_use]
    pub fn last_used(&self) -> Tick {
        self.used
    }

    fn effect(&mut self, effect: Effect) {
        self.outbox.effect(effect);
    }

    /// Bytes of what it keeps for its client: events, and the names of resources.
    #[must_use]
    pub fn kept_bytes(&self) -> usize {
        self.outbox.bytes().saturating_add(self.subscribed_bytes)
    }

    /// Gives up what it keeps and does not have to: what was sent already, and what nobody has to get.
    pub fn shed(&mut self) {
        self.outbox.shed();
    }

    /// Has its record kept, where it is one that can be taken over.
    pub(crate) fn save(&mut self) {
        if self.policy.auth == SessionAuth::EveryRequest && !self.is_legacy() {
            self.effect(Effect::Save);
        }
    }

    /// The next thing to do. `None`: nothing, until the session is used again.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.outbox.poll_effect()
    }

    /// A request uses it; whether it still can be used.
    pub(crate) fn touch(&mut self, now: Now) -> bool {
        self.expire(now);
        if !self.is_over() {
            self.used = now.tick;
        }
        !self.is_over()
    }

    fn expire(&mut self, now: Now) {
        if !self.is_idle() {
            self.used = self.used.max(now.tick);
        }
        let idle_ends = self.used.after_micros(self.policy.idle_micros);
        if self.ends <= now.tick || self.until <= now.unix || idle_ends <= now.tick {
            self.end();
        }
    }

    /// Ends it: its streams end without a word, its calls are cancelled (SES-05, SES-16).
    pub fn end(&mut self) {
        if self.is_over() {
            return;
        }
        self.advance(LifecycleEvent::End);
        self.outbox.clear();
        self.asks = Vec::new();
        self.subscriptions = Vec::new();
        self.subscribed_bytes = 0;
        for call in std::mem::take(&mut self.calls) {
            self.effect(Effect::Wake(Party::Call(call.id)));
        }
    }

    /// Whether the event had a place.
    fn advance(&mut self, event: LifecycleEvent) -> bool {
        let after = self.state.after(event);
        self.state = after.unwrap_or(self.state);
        after.is_some()
    }

    /// The client has introduced itself on its stream of 2024-11-05; whether it had not before.
    pub(crate) fn introduce(&mut self, info: SessionInfo) -> bool {
        let is_first = self.advance(LifecycleEvent::Handshake);
        if is_first {
            self.info = Arc::new(info);
        }
        is_first
    }

    /// `notifications/initialized`
    pub(crate) fn initialized(&mut self) {
        if self.state != Lifecycle::Ready && self.advance(LifecycleEvent::Initialized) {
            self.save();
            self.deliver();
        }
    }

    /// `logging/setLevel`
    pub(crate) fn set_level(&mut self, level: LogLevel) {
        if self.level != level {
            self.level = level;
            self.save();
        }
    }

    /// `resources/subscribe`; whether there is room for one more.
    pub(crate) fn subscribe(&mut self, uri: Box<str>, needs: Requirement) -> bool {
        if self.subscriptions.iter().any(|known| known.uri == uri) {
            return true;
        }
        let bytes = self.subscribed_bytes.saturating_add(uri.len());
        if self.subscriptions.len() >= self.policy.subscriptions_max
            || bytes > self.policy.subscription_bytes_max
        {
            return false;
        }
        self.subscribed_bytes = bytes;
        self.subscriptions.push(Subscription { uri, needs });
        self.save();
        true
    }

    /// `resources/unsubscribe`
    pub(crate) fn unsubscribe(&mut self, uri: &str) {
        let before = self.subscriptions.len();
        self.subscriptions.retain(|subscription| &*subscription.uri != uri);
        if self.subscriptions.len() < before {
            self.subscribed_bytes = self.subscribed_bytes.saturating_sub(uri.len());
            self.outbox.forget(&change::Key::Resource(uri.into()));
            self.save();
        }
    }

    /// Tells the client of a change, if it wants to know.
    pub fn notify(&mut self, notice: &Notice) {
        let is_wanted = match (&notice.key, notice.level) {
            (Some(change::Key::Resource(uri)), _) => {
                self.subscriptions.iter().any(|subscription| subscription.uri == *uri)
            }
            (Some(change::Key::Tools | change::Key::Prompts | change::Key::Resources), _) => true,
            (None, level) => level.is_some_and(|level| level >= self.level),
        };
        if self.is_over() || !is_wanted {
            return;
        }
        let class = if notice.key.is_some() { Class::Coalesce } else { Class::Lossy };
        // The scopes that count are those of whoever reads the stream, not of whoever subscribed.
        let subscription =
            |uri: &str| self.subscriptions.iter().find(|subscription| &*subscription.uri == uri);
        let needs = match &notice.key {
            Some(change::Key::Resource(uri)) => {
                subscription(uri).map(|subscription| subscription.needs.clone())
            }
            Some(change::Key::Tools | change::Key::Prompts | change::Key::Resources) | None => None,
        };
        let outgoing = Outgoing { class, key: notice.key.clone(), needs, message: notice.message.clone() };
        self.outbox.wait(outgoing, &self.policy);
        self.deliver();
    }

    /// Gives what waits to a stream, once the client is ready for it (LIF-07).
    fn deliver(&mut self) {
        if self.state == Lifecycle::Ready {
            self.outbox.deliver(&self.policy);
        }
    }

    /// A client opens a stream, or takes one up again behind an event.
    pub(crate) fn attach(
        &mut self,
        last: Option<EventId>,
        terms: Terms,
        now: Now,
    ) -> Result<StreamHandle, Refusal> {
        if let Some(id) = last {
            match self.outbox.resume(id, terms.clone(), now, self.heartbeat_micros, &self.policy) {
                Resumed::Live(handle) => {
                    self.deliver();
                    return Ok(handle);
                }
                Resumed::Unknown => return Err(Refusal::UnknownEvent),
                Resumed::Denied(needs) => return Err(Refusal::InsufficientScope(needs)),
                Resumed::TooMany => return Err(Refusal::TooManyStreams),
                Resumed::Evicted => {}
            }
        }
        if self.outbox.standalone() >= self.policy.streams_max {
            return Err(Refusal::TooManyStreams);
        }
        let handle = self.open(Purpose::Standalone, (terms, Needs::new()), now);
        self.deliver();
        Ok(handle)
    }

    fn open(&mut self, purpose: Purpose, wanted: (Terms, Needs), now: Now) -> StreamHandle {
        // SSE-11: older clients cannot read an event without data.
        let prime =
            self.info.revision.has_priming_events().then_some(Payload::Prime(self.policy.retry_millis));
        self.outbox.open(purpose, wanted, prime, now, self.heartbeat_micros, &self.policy)
    }

    /// Appends what there is for a stream's connection to `out`, until it has grown by about `budget` bytes.
    pub fn pull(&mut self, stream: StreamHandle, out: &mut Vec<u8>, budget: usize) -> Pull {
        self.outbox.pull(stream, out, budget)
    }

    /// A stream's connection has gone. The session of a client of 2024-11-05 goes with it (LSE-13).
    pub fn detach(&mut self, stream: StreamHandle, now: Now) {
        // Another connection may have taken its place long ago: its end is no use of the session any more.
        let Some(purpose) = self.outbox.disconnect(stream, &self.policy) else { return };
        self.used(now);
        match purpose {
            Purpose::Legacy => self.end(),
            Purpose::Standalone => self.deliver(),
            Purpose::Call => {}
        }
    }

    /// Cancels every call, as its client could: the server is about to stop.
    pub fn cancel_calls(&mut self) {
        let running: Vec<RawId> = self.calls.iter().map(|call| call.request.clone()).collect();
        running.iter().for_each(|request| self.cancel(request.as_json()));
    }

    /// Ends streams that are about no call, so that clients connect elsewhere: the server is about to stop.
    pub fn release_streams(&mut self) {
        self.outbox.close_standalone();
    }

    /// A store has an event, which may be shown now; or it failed to, which ends the session, since what a
    /// client is shown has to be there when it comes back.
    pub fn stored(&mut self, event: EventId, is_kept: bool) {
        if is_kept {
            self.outbox.stored(event);
        } else {
            self.end();
        }
    }

    /// What came of [`Effect::Replay`]. A store that failed ends the session.
    pub fn replayed(&mut self, connection: StreamHandle, replayed: Replayed) {
        match replayed {
            Replayed::Events(events) => self.outbox.replayed(connection, events, &self.policy),
            Replayed::Evicted => self.outbox.begin_anew(connection),
            Replayed::Failed => self.end(),
        }
        self.deliver();
    }

    /// When [`Session::on_deadline`] has something to do. May change with everything that is done to it.
    #[must_use]
    pub fn next_deadline(&self, now: Now) -> Option<Tick> {
        if self.is_over() {
            return None;
        }
        let idle = self.is_idle().then(|| self.used.after_micros(self.policy.idle_micros));
        let credentials = now.tick.after_seconds(self.until.0.saturating_sub(now.unix.0));
        let asks = self.asks.iter().map(|ask| ask.deadline);
        let calls = self.calls.iter().map(|call| call.deadline.after_micros(LOST_CALL_MICROS));
        let streams = self.outbox.next_deadline(now);
        [Some(self.ends), Some(credentials), idle, streams]
            .into_iter()
            .flatten()
            .chain(asks)
            .chain(calls)
            .min()
    }

    /// Time has passed: what is over ends, questions go unanswered, silent streams get a sign of life.
    pub fn on_deadline(&mut self, now: Now) {
        self.expire(now);
        if self.is_over() {
            return;
        }
        let late = |ask: &OpenAsk| ask.deadline <= now.tick;
        while let Some(place) = self.asks.iter().position(late) {
            let OpenAsk { id, call, .. } = self.asks.remove(place);
            // LIF-11: the client need not answer any more. It is of an older revision, since 2026-07-28 has no sessions
            // (CANC-07).
            let params = json!({"requestId": id.0, "reason": "The answer took too long"});
            self.say(call, &notification("notifications/cancelled", Some(params)));
            self.answer_call(id, call, Answer::TimedOut);
        }
        let lost = |call: &RunningCall| call.deadline.after_micros(LOST_CALL_MICROS) <= now.tick;
        while let Some(lost) = self.calls.iter().find(|call| lost(call)).map(|call| call.id) {
            self.abandon(lost);
        }
        self.outbox.on_deadline(now, self.heartbeat_micros);
    }

    // Calls.

    /// Notes calls that are about to run, as one group. Refused where one has an id that is in use
    /// (DT-122), or where there are too many.
    pub(crate) fn begin(
        &mut self,
        calls: &[Beginning],
        terms: &Terms,
    ) -> Result<impl Iterator<Item = CallId> + use<>, Refusal> {
        let in_use = |begun: &Beginning| {
            self.calls.iter().any(|call| call.request == begun.request && !call.is_cancelled)
        };
        if calls.iter().any(in_use) {
            return Err(Refusal::InvalidRequest(RequestFault::IdInUse));
        }
        if self.calls.len().saturating_add(calls.len()) > self.policy.calls_max {
            return Err(Refusal::Overloaded);
        }
        let group = self.next_call;
        let stream = self.outbox.legacy_stream();
        let needs: Needs = calls.iter().map(|call| call.needs.clone()).collect();
        for Beginning { request, deadline, .. } in calls {
            let id = self.next_call;
            self.next_call = CallId(id.0.saturating_add(1));
            self.calls.push(RunningCall {
                id,
                group,
                request: request.clone(),
                terms: terms.clone(),
                needs: needs.clone(),
                deadline: *deadline,
                stream,
                is_cancelled: false,
                answers: VecDeque::new(),
            });
        }
        Ok((group.0..).take(calls.len()).map(CallId))
    }

    fn call(&mut self, id: CallId) -> Option<&mut RunningCall> {
        self.calls.iter_mut().find(|call| call.id == id)
    }

    /// What a call has to be told next. A call that the session does not know is to stop.
    pub fn directive(&mut self, call: CallId) -> Option<Directive> {
        match self.call(call) {
            Some(call) if !call.is_cancelled => {
                call.answers.pop_front().map(|(ask, answer)| Directive::Answer(ask, answer))
            }
            Some(_) | None => Some(Directive::Cancel),
        }
    }

    /// Whether a call still runs, as far as its client is concerned.
    pub(crate) fn runs(&self, id: CallId) -> bool {
        self.calls.iter().any(|call| call.id == id && !call.is_cancelled)
    }

    /// `notifications/cancelled` (CANC-01 to CANC-05). A handshake is no call of the session (LIF-14).
    pub(crate) fn cancel(&mut self, request: &[u8]) {
        let running =
            self.calls.iter_mut().filter(|call| call.request.as_json() == request && !call.is_cancelled);
        let cancelled: Vec<CallId> = running
            .map(|call| {
                call.is_cancelled = true;
                call.answers = VecDeque::new();
                call.id
            })
            .collect();
        for call in cancelled {
            self.asks.retain(|ask| ask.call != call);
            self.retract(call);
            self.effect(Effect::Wake(Party::Call(call)));
        }
    }

    /// Nothing more is sent of a call (CANC-02). The answers of others are.
    fn retract(&mut self, id: CallId) {
        let Some((group, stream)) = self.call(id).map(|call| (call.group, call.stream)) else { return };
        let is_alone = self.calls.iter().filter(|call| call.group == group).count() == 1;
        if let Some(stream) = stream.filter(|stream| is_alone && self.outbox.legacy_stream() != Some(*stream))
        {
            self.outbox.retract(stream);
        }
    }

    /// Opens the stream of a call, if it has none; its first connection.
    pub(crate) fn open_call_stream(&mut self, id: CallId, now: Now) -> Option<StreamHandle> {
        let call = self.call(id)?;
        if call.stream.is_some() {
            return None;
        }
        let (group, wanted) = (call.group, (call.terms.clone(), call.needs.clone()));
        let handle = self.open(Purpose::Call, wanted, now);
        for call in self.calls.iter_mut().filter(|call| call.group == group) {
            call.stream = Some(handle.stream);
        }
        Some(handle)
    }

    /// Sends a message about a call on its stream.
    fn push(&mut self, id: CallId, class: Class, message: Vec<u8>) {
        let Some(stream) = self.call(id).and_then(|call| call.stream) else { return };
        let outgoing = Outgoing { class, key: None, needs: None, message: message.into() };
        if self.outbox.push(stream, outgoing, &self.policy).is_err() {
            self.end();
        }
    }

    /// Something that the client has to be told about a call that runs.
    fn say(&mut self, id: CallId, message: &Value) {
        if self.runs(id) {
            self.push(id, Class::Must, message.to_string().into_bytes());
        }
    }

    /// How a call is getting on.
    pub(crate) fn tell(&mut self, id: CallId, message: Vec<u8>) {
        if self.runs(id) {
            self.push(id, Class::Lossy, message);
        }
    }

    /// Asks the client, on the stream of the call (SSE-23).
    pub(crate) fn ask(&mut self, id: CallId, question: &Question, now: Now) -> Result<AskId, AskFault> {
        let ask = AskId(self.next_ask);
        let message = self.judge_ask(id, question)?;
        self.next_ask = self.next_ask.saturating_add(1);
        let deadline = now.tick.after_micros(self.policy.ask_micros);
        self.asks.push(OpenAsk { id: ask, call: id, deadline });
        self.push(id, Class::Must, message);
        Ok(ask)
    }

    /// Whether the client can be asked this now; the message.
    pub(crate) fn judge_ask(&self, id: CallId, question: &Question) -> Result<Vec<u8>, AskFault> {
        if !self.runs(id) {
            return Err(AskFault::Over);
        }
        let message = question.message(self.next_ask, &self.info)?;
        if self.asks.len() >= self.policy.asks_max { Err(AskFault::TooMany) } else { Ok(message) }
    }

    /// The client answers a question; nothing if nobody waits for it (DT-119). Whoever answers for a call could
    /// have made it.
    pub(crate) fn answered(&mut self, id: &[u8], answer: Answer, terms: &Terms) -> Result<(), Refusal> {
        let is_named = |ask: &OpenAsk| ask.id.0.to_string().as_bytes() == id;
        let Some(place) = self.asks.iter().position(is_named) else { return Ok(()) };
        let needs = self.asks.get(place).and_then(|ask| self.calls.iter().find(|call| call.id == ask.call));
        if let Some(call) = needs.filter(|call| !terms.permit(&call.needs)) {
            let scopes = Scopes::union(call.needs.iter().map(Requirement::scopes));
            return Err(Refusal::InsufficientScope(scopes));
        }
        let OpenAsk { id, call, .. } = self.asks.remove(place);
        self.answer_call(id, call, answer);
        Ok(())
    }

    fn answer_call(&mut self, ask: AskId, id: CallId, answer: Answer) {
        if let Some(call) = self.call(id) {
            call.answers.push_back((ask, answer));
            self.effect(Effect::Wake(Party::Call(id)));
        }
    }

    /// Whether the client knows how to come back to the stream of a call (SSE-03, SSE-04).
    pub(crate) fn can_resume_calls(&self) -> bool {
        self.info.revision.has_priming_events() && self.outbox.legacy_stream().is_none()
    }

    /// The connection of a call's stream is to end; the call and its stream are not.
    pub(crate) fn close_call_stream(&mut self, id: CallId, retry_millis: u32) {
        if let Some(stream) = self.call(id).filter(|call| !call.is_cancelled).and_then(|call| call.stream) {
            self.outbox.close(stream, Closing::Retry(retry_millis));
        }
    }

    /// Something of the session has come to an end, which was use of it until now.
    pub(crate) fn used(&mut self, now: Now) {
        self.used = self.used.max(now.tick);
    }

    /// A call is over. `last` is what the client is told of it, on the call's stream.
    pub(crate) fn finish(&mut self, id: CallId, last: Option<Vec<u8>>) {
        if let Some(last) = last.filter(|_| self.runs(id)) {
            self.push(id, Class::Must, last);
        }
        let Some(place) = self.calls.iter().position(|call| call.id == id) else { return };
        let RunningCall { group, stream, .. } = self.calls.remove(place);
        self.asks.retain(|ask| ask.call != id);
        let is_last = self.calls.iter().all(|call| call.group != group);
        if let Some(stream) = stream
            && is_last
        {
            self.outbox.finish(stream);
        }
    }

    /// The calls of this one's group are not going to run, or not any longer, and nobody is told.
    pub fn abandon(&mut self, call: CallId) {
        if let Some(group) = self.group_of(call) {
            self.abandon_group(group);
        }
    }

    /// The first call of the request that a call belongs to.
    pub(crate) fn group_of(&self, call: CallId) -> Option<CallId> {
        self.calls.iter().find(|known| known.id == call).map(|known| known.group)
    }

    pub(crate) fn abandon_group(&mut self, group: CallId) {
        let of_group = |call: &&RunningCall| call.group == group;
        let of_group: Vec<CallId> = self.calls.iter().filter(of_group).map(|call| call.id).collect();
        of_group.into_iter().for_each(|call| self.finish(call, None));
    }

    /// An answer of the batch that a call belongs to, on their stream.
    pub(crate) fn put(&mut self, id: CallId, message: Vec<u8>) {
        self.push(id, Class::Must, message);
    }

    /// Puts an answer on the stream of a client of 2024-11-05.
    pub(crate) fn post(&mut self, message: Vec<u8>) {
        let Some(stream) = self.outbox.legacy_stream() else { return };
        let outgoing = Outgoing { class: Class::Must, key: None, needs: None, message: message.into() };
        if self.outbox.push(stream, outgoing, &self.policy).is_err() {
            self.end();
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("info", &self.info)
            .field("state", &self.state)
            .field("calls", &self.calls.len())
            .finish_non_exhaustive()
    }
}
