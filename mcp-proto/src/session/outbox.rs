//! Everything that a session has to send and may have to send again, within its bounds.
//!
//! Every message is on exactly one stream (SSE-17). Streams are pulled: what a client does not take stays here,
//! where it is counted.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{
    Effect, Party,
    change::Key,
    event::{Class, Event, EventId, Pull, StreamHandle},
    policy::SessionPolicy,
    stored,
    stream::{Closing, Connection, Kept, Needs, Payload, Purpose, Stream, Terms},
};
use crate::{
    auth::scope::{Requirement, Scopes},
    sse,
    time::{Now, Tick},
};

/// The first stream of a session that was taken over from another server. Numbers of one server end here.
const STREAMS_PER_EPOCH: u64 = 1 << 32;

pub(super) struct Outbox {
    streams: Vec<Stream>,
    /// Messages about no call, while no stream takes them.
    waiting: VecDeque<Outgoing>,
    /// The number of the next stream.
    next: u64,
    /// The age of the next event.
    order: u64,
    /// What is kept: events, those that wait included, and bytes of their messages.
    events: usize,
    bytes: usize,
    effects: VecDeque<Effect>,
}

/// A message on its way to a stream.
pub(super) struct Outgoing {
    pub(super) class: Class,
    pub(super) key: Option<Key>,
    /// What whoever is sent it needs besides what its stream does.
    pub(super) needs: Option<Requirement>,
    pub(super) message: Bytes,
}

/// A message that has to be sent cannot be kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Overflow;

/// What comes of resuming.
pub(super) enum Resumed {
    /// The stream goes on.
    Live(StreamHandle),
    /// The stream is not here any more.
    Evicted,
    /// As many streams as there may be are open.
    TooMany,
    /// What is on it is for callers with these scopes.
    Denied(Scopes),
    /// There never was such an event, or nothing came or will come after it.
    Unknown,
}

/// What a store has to say of events that are not here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replayed {
    /// These, in order, without a gap.
    Events(Vec<Event>),
    /// It does not know the event that they would come after.
    Evicted,
    /// It failed.
    Failed,
}

impl Outbox {
    pub(super) fn new(epoch: u32) -> Self {
        Self {
            streams: Vec::new(),
            waiting: VecDeque::new(),
            next: u64::from(epoch).saturating_mul(STREAMS_PER_EPOCH).saturating_add(1),
            order: 0,
            events: 0,
            bytes: 0,
            effects: VecDeque::new(),
        }
    }

    pub(super) fn effect(&mut self, effect: Effect) {
        if !(matches!(effect, Effect::Save) && self.effects.contains(&Effect::Save)) {
            self.effects.push_back(effect);
        }
    }

    pub(super) fn poll_effect(&mut self) -> Option<Effect> {
        let effect = self.effects.pop_front();
        if effect.is_none() {
            // An idle session holds on to nothing.
            self.effects = VecDeque::new();
        }
        effect
    }

    /// The stream of a client of 2024-11-05, which everything goes to.
    pub(super) fn legacy_stream(&self) -> Option<u64> {
        self.streams.iter().find(|stream| stream.purpose == Purpose::Legacy).map(|stream| stream.number)
    }

    /// Whether a stream is open.
    pub(super) fn is_connected(&self) -> bool {
        self.streams.iter().any(|stream| stream.connection.is_some())
    }

    /// How many streams are open that are about no call.
    pub(super) fn standalone(&self) -> usize {
        let is_one = |stream: &&Stream| stream.connection.is_some() && stream.purpose != Purpose::Call;
        self.streams.iter().filter(is_one).count()
    }

    /// Begins a stream, with an event that gives the client an id where its revision has that.
    pub(super) fn open(
        &mut self,
        purpose: Purpose,
        (terms, needs): (Terms, Needs),
        first: Option<Payload>,
        now: Now,
        every_micros: u64,
        policy: &SessionPolicy,
    ) -> StreamHandle {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        let mut stream = Stream::new(number, purpose);
        stream.needs = needs;
        let handle = stream.connect(terms, now.tick.after_micros(every_micros), self.age());
        if let Some(payload) = first {
            // It is small, and a stream without it is of less use than what goes for it.
            let _ = self.make_room(Class::Must, payload.len(), policy);
            let is_stored = !policy.keeps_events_elsewhere || purpose == Purpose::Legacy;
            if !is_stored {
                self.append(&stream, None, &[]);
            }
            let event = self.event(&stream, Class::Must, payload, is_stored);
            self.keep(&mut stream, event);
        }
        self.streams.push(stream);
        handle
    }

    /// The age of the next event or connection.
    fn age(&mut self) -> u64 {
        let age = self.order;
        self.order = self.order.saturating_add(1);
        age
    }

    /// Puts an event on a stream.
    fn keep(&mut self, stream: &mut Stream, event: Kept) {
        stream.next = stream.next.saturating_add(1);
        self.events = self.events.saturating_add(1);
        self.bytes = self.bytes.saturating_add(event.payload.len());
        stream.events.push_back(event);
    }

    /// The next event of a stream.
    fn event(&mut self, stream: &Stream, class: Class, payload: Payload, is_stored: bool) -> Kept {
        let (sequence, order) = (stream.next, self.age());
        Kept { sequence, order, class, key: None, needs: None, payload, is_stored, is_guest: false }
    }

    /// RES-04, RES-05, AMB-19: the stream of the event, from the next one on.
    pub(super) fn resume(
        &mut self,
        id: EventId,
        terms: Terms,
        now: Now,
        every_micros: u64,
        policy: &SessionPolicy,
    ) -> Resumed {
        if id.stream == 0 || id.stream >= self.next {
            return Resumed::Unknown;
        }
        let standalone = self.standalone();
        let (heartbeat, age) = (now.tick.after_micros(every_micros), self.age());
        if let Some(stream) = self.streams.iter_mut().find(|stream| stream.number == id.stream) {
            // A client that is told that it has everything asks no more.
            let is_over = stream.is_finished && id.sequence.saturating_add(1) >= stream.next;
            if stream.purpose == Purpose::Legacy || id.sequence > stream.shown || is_over {
                return Resumed::Unknown;
            }
            if !terms.permit(&stream.needs) {
                return Resumed::Denied(Scopes::union(stream.needs.iter().map(Requirement::scopes)));
            }
            let takes_place = stream.connection.is_some() || stream.purpose == Purpose::Call;
            if !takes_place && standalone >= policy.streams_max {
                return Resumed::TooMany;
            }
            // Without a store, what is left has to do: better than never to hear of the end of a call.
            let is_being_fetched = stream.connection.as_ref().is_some_and(Connection::is_being_fetched);
            let is_here =
                stream.evicted <= id.sequence && !is_being_fetched || !policy.keeps_events_elsewhere;
            let earlier = stream.handle();
            let handle = stream.connect(terms, heartbeat, age);
            stream.sent = id.sequence;
            if !is_here {
                replay(stream, handle, id.sequence, &mut self.effects);
            }
            self.effects.extend(earlier.map(|earlier| Effect::Wake(Party::Stream(earlier))));
            return Resumed::Live(handle);
        }
        if !policy.keeps_events_elsewhere {
            return Resumed::Evicted;
        }
        if standalone >= policy.streams_max {
            return Resumed::TooMany;
        }
        // Whatever it was for, what comes behind its events is about no call.
        let mut stream = Stream::new(id.stream, Purpose::Standalone);
        stream.sent = id.sequence;
        stream.shown = id.sequence;
        stream.next = id.sequence.saturating_add(1);
        stream.evicted = id.sequence;
        let handle = stream.connect(terms, heartbeat, age);
        replay(&mut stream, handle, id.sequence, &mut self.effects);
        self.streams.push(stream);
        Resumed::Live(handle)
    }

    fn stream(&mut self, number: u64) -> Option<&mut Stream> {
        self.streams.iter_mut().find(|stream| stream.number == number)
    }

    /// Asks for the next event of a stream to be kept.
    fn append(&mut self, stream: &Stream, needs: Option<&Requirement>, message: &[u8]) {
        let id = EventId { stream: stream.number, sequence: stream.next };
        let message = stored::write(stream.needs.iter().chain(needs), message);
        self.effects.push_back(Effect::Append(Event { id, message }));
    }

    /// Puts a message on a stream.
    pub(super) fn push(
        &mut self,
        number: u64,
        outgoing: Outgoing,
        policy: &SessionPolicy,
    ) -> Result<(), Overflow> {
        let Outgoing { class, key, needs, message } = outgoing;
        if let Some(key) = &key
            && self.stream(number).is_some_and(|stream| stream.has_unsent(key))
        {
            return Ok(());
        }
        if !self.make_room(class, message.len(), policy)? {
            return Ok(());
        }
        let Some(place) = self.streams.iter().position(|stream| stream.number == number) else {
            return Ok(());
        };
        let mut stream = self.streams.swap_remove(place);
        let is_stored = !policy.keeps_events_elsewhere || stream.purpose == Purpose::Legacy;
        if !is_stored {
            self.append(&stream, needs.as_ref(), &message);
        }
        let event = self.event(&stream, class, Payload::Message(message), is_stored);
        self.keep(&mut stream, Kept { key, needs, ..event });
        wake(&mut stream, &mut self.effects);
        self.streams.push(stream);
        Ok(())
    }

    /// Keeps a message about no call until there is a stream for it.
    pub(super) fn wait(&mut self, outgoing: Outgoing, policy: &SessionPolicy) {
        if let Some(key) = &outgoing.key
            && (self.waiting.iter().any(|waiting| waiting.key.as_ref() == Some(key))
                || self.streams.iter().any(|stream| stream.connection.is_some() && stream.has_unsent(key)))
        {
            return;
        }
        // Nothing about no call has to be sent, so nothing overflows.
        if self.make_room(outgoing.class, outgoing.message.len(), policy) == Ok(true) {
            self.count(&outgoing.message);
            self.waiting.push_back(outgoing);
        }
    }

    fn count(&mut self, message: &Bytes) {
        self.events = self.events.saturating_add(1);
        self.bytes = self.bytes.saturating_add(message.len());
    }

    fn discount(&mut self, bytes: usize) {
        self.events = self.events.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Makes room for a message: first what was sent goes, the oldest before others, then what nobody has to
    /// get. Whether there is room then.
    fn make_room(&mut self, class: Class, bytes: usize, policy: &SessionPolicy) -> Result<bool, Overflow> {
        let is_full = |outbox: &Self| {
            outbox.events >= policy.events_max || outbox.bytes.saturating_add(bytes) > policy.bytes_max
        };
        while is_full(self) {
            let has_gone = self.evict_sent()
                || self.drop_unsent(Class::Lossy)
                || class == Class::Must && self.drop_unsent(Class::Coalesce);
            if !has_gone {
                return match class {
                    Class::Lossy | Class::Coalesce => Ok(false),
                    // One that a client has to get may be larger than everything else may be together.
                    Class::Must if !self.has_unsent_message() => Ok(true),
                    Class::Must => Err(Overflow),
                };
            }
        }
        Ok(true)
    }

    /// Bytes of messages that are kept.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Gives up what was sent, and what nobody has to get.
    pub(super) fn shed(&mut self) {
        while self.evict_sent() || self.drop_unsent(Class::Lossy) {}
    }

    fn has_unsent_message(&self) -> bool {
        let is_message = |event: &Kept| matches!(event.payload, Payload::Message(_)) && !event.is_guest;
        self.streams.iter().any(|stream| stream.unsent().any(is_message))
    }

    fn evict_sent(&mut self) -> bool {
        let age = |stream: &Stream| stream.oldest_sent().map(|event| event.order);
        let oldest =
            self.streams.iter_mut().filter(|stream| age(stream).is_some()).min_by_key(|stream| age(stream));
        let Some(stream) = oldest else { return false };
        let Some(event) = stream.events.pop_front() else { return false };
        stream.evicted = event.sequence;
        if !event.is_guest {
            self.discount(event.payload.len());
        }
        self.streams.retain(|stream| !stream.is_spent());
        true
    }

    /// Drops the oldest message of this class that was not sent.
    fn drop_unsent(&mut self, class: Class) -> bool {
        let of_class = |event: &&Kept| event.class == class;
        let oldest = self
            .streams
            .iter()
            .filter_map(|stream| Some((stream.unsent().find(of_class)?.order, stream.number)))
            .min();
        if let Some((order, number)) = oldest {
            let Some(stream) = self.stream(number) else { return false };
            let Some(place) = stream.events.iter().position(|event| event.order == order) else {
                return false;
            };
            let dropped = stream.events.remove(place);
            if let Some(event) = dropped.filter(|event| !event.is_guest) {
                self.discount(event.payload.len());
            }
            return true;
        }
        let Some(place) = self.waiting.iter().position(|waiting| waiting.class == class) else {
            return false;
        };
        let bytes = self.waiting.remove(place).map_or(0, |waiting| waiting.message.len());
        self.discount(bytes);
        true
    }

    /// Gives what waits to the newest open stream that may carry it. Where there are streams and none may, nobody
    /// is told.
    pub(super) fn deliver(&mut self, policy: &SessionPolicy) {
        let is_open = |stream: &Stream| {
            let connection = stream.connection.as_ref();
            // The store may have further events of the stream, whose names would be given twice.
            let is_ready =
                |connection: &Connection| connection.closing.is_none() && !connection.is_being_fetched();
            let may_grow = stream.purpose != Purpose::Call && !stream.is_finished && stream.has_names();
            may_grow && connection.is_some_and(is_ready)
        };
        let mut open: Vec<(u64, u64, Terms)> = self
            .streams
            .iter()
            .filter(|stream| is_open(stream))
            .filter_map(|stream| Some((stream, stream.connection.as_ref()?)))
            .map(|(stream, connection)| (connection.age, stream.number, connection.terms.clone()))
            .collect();
        if open.is_empty() {
            return;
        }
        open.sort_unstable_by_key(|(age, ..)| std::cmp::Reverse(*age));
        while let Some(outgoing) = self.waiting.pop_front() {
            self.discount(outgoing.message.len());
            let may_carry = |terms: &Terms| terms.permit(outgoing.needs.as_slice());
            if let Some((_, number, _)) = open.iter().find(|(.., terms)| may_carry(terms)) {
                // Its room has just become free.
                let _ = self.push(*number, outgoing, policy);
            }
        }
    }

    /// Drops what waits to be told of this.
    pub(super) fn forget(&mut self, key: &Key) {
        let (before, mut bytes) = (self.waiting.len(), 0);
        self.waiting.retain(|waiting| {
            let stays = waiting.key.as_ref() != Some(key);
            bytes += if stays { 0 } else { waiting.message.len() };
            stays
        });
        self.events = self.events.saturating_sub(before.saturating_sub(self.waiting.len()));
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// What was not sent on a stream is not to be sent any more.
    pub(super) fn retract(&mut self, number: u64) {
        let Some(place) = self.streams.iter().position(|stream| stream.number == number) else { return };
        let mut stream = self.streams.swap_remove(place);
        let sent = stream.sent;
        let is_unsent = |event: &Kept| event.sequence > sent && matches!(event.payload, Payload::Message(_));
        while stream.events.back().is_some_and(is_unsent)
            && let Some(event) = stream.events.pop_back()
        {
            if !event.is_guest {
                self.discount(event.payload.len());
            }
        }
        self.streams.push(stream);
    }

    /// The stream's last message is there.
    pub(super) fn finish(&mut self, number: u64) {
        let Some(stream) = self.streams.iter_mut().find(|stream| stream.number == number) else { return };
        stream.is_finished = stream.purpose == Purpose::Call;
        wake(stream, &mut self.effects);
        self.streams.retain(|stream| !stream.is_spent());
    }

    /// The connection of a stream is to end; the stream is not.
    pub(super) fn close(&mut self, number: u64, closing: Closing) {
        let Some(stream) = self.streams.iter_mut().find(|stream| stream.number == number) else { return };
        if let Some(connection) = &mut stream.connection {
            connection.closing.get_or_insert(closing);
            wake(stream, &mut self.effects);
        }
    }

    /// The connections of streams that are about no call are to end.
    pub(super) fn close_standalone(&mut self) {
        let numbers: Vec<u64> = self
            .streams
            .iter()
            .filter(|stream| stream.purpose != Purpose::Call)
            .map(|stream| stream.number)
            .collect();
        numbers.into_iter().for_each(|number| self.close(number, Closing::Quietly));
    }

    /// Appends what there is for a connection.
    pub(super) fn pull(&mut self, handle: StreamHandle, out: &mut Vec<u8>, budget: usize) -> Pull {
        let Some(stream) = self.streams.iter_mut().find(|stream| stream.is_on(handle)) else {
            return Pull::Ended;
        };
        let before = out.len();
        stream.write(out, budget);
        let is_at_its_end = stream.is_at_its_end();
        fetch_on(stream, handle, &mut self.effects);
        let Some(connection) = &mut stream.connection else { return Pull::Ended };
        connection.is_woken = false;
        if out.len() > before {
            connection.is_heartbeat_due = false;
            return Pull::Wrote;
        }
        if is_at_its_end {
            let closing = connection.closing.replace(Closing::Quietly);
            if let Some(Closing::Retry(millis)) = closing {
                sse::retry(out, millis);
                return Pull::Wrote;
            }
            return Pull::Ended;
        }
        if std::mem::take(&mut connection.is_heartbeat_due) {
            sse::comment(out);
            return Pull::Wrote;
        }
        Pull::Empty
    }

    /// A connection has gone. What nobody was shown of a stream about no call waits for another one.
    pub(super) fn disconnect(&mut self, handle: StreamHandle, policy: &SessionPolicy) -> Option<Purpose> {
        let stream = self.streams.iter_mut().find(|stream| stream.is_on(handle))?;
        stream.connection = None;
        let purpose = stream.purpose;
        // What a store has under the id of this stream stays on it.
        if purpose == Purpose::Standalone && !policy.keeps_events_elsewhere {
            while stream.events.back().is_some_and(|event| event.sequence > stream.shown)
                && let Some(event) = stream.events.pop_back()
            {
                let is_known =
                    event.key.is_some() && self.waiting.iter().any(|waiting| waiting.key == event.key);
                match event.payload {
                    Payload::Message(message) if !is_known => {
                        let Kept { class, key, needs, .. } = event;
                        self.waiting.push_front(Outgoing { class, key, needs, message });
                    }
                    payload @ (Payload::Message(_) | Payload::Prime(_) | Payload::Endpoint(_)) => {
                        self.events = self.events.saturating_sub(1);
                        self.bytes = self.bytes.saturating_sub(payload.len());
                    }
                }
            }
        }
        self.streams.retain(|stream| !stream.is_spent());
        Some(purpose)
    }

    /// The store has an event, which may be shown now.
    pub(super) fn stored(&mut self, id: EventId) {
        let Some(stream) = self.streams.iter_mut().find(|stream| stream.number == id.stream) else { return };
        if let Some(event) = stream.events.iter_mut().find(|event| event.sequence == id.sequence) {
            event.is_stored = true;
            wake(stream, &mut self.effects);
        }
    }

    /// The store does not have what a client missed: what comes now is all that it gets, as on a fresh stream.
    pub(super) fn begin_anew(&mut self, handle: StreamHandle) {
        let Some(stream) = self.streams.iter_mut().find(|stream| stream.is_on(handle)) else { return };
        stream.sent = stream.next.saturating_sub(1);
        if stream.is_finished {
            stream.is_finished = false;
            stream.purpose = Purpose::Standalone;
        }
        if let Some(connection) = &mut stream.connection {
            connection.is_replaying = false;
        }
    }

    /// The store gave events that are not here. Where these are as many as were asked for, there may be more.
    pub(super) fn replayed(&mut self, handle: StreamHandle, events: Vec<Event>, policy: &SessionPolicy) {
        let Some(place) = self.streams.iter().position(|stream| stream.is_on(handle)) else { return };
        let mut stream = self.streams.swap_remove(place);
        let is_full = events.len() >= policy.events_max;
        let before = stream.sent;
        let mut last = before;
        for event in events {
            let sequence = event.id.sequence;
            if event.id.stream != stream.number || sequence <= last {
                continue;
            }
            last = sequence;
            // Its name is taken, whatever becomes of it here.
            stream.next = stream.next.max(sequence.saturating_add(1));
            let behind = stream.events.partition_point(|event| event.sequence < sequence);
            if stream.events.get(behind).is_some_and(|event| event.sequence == sequence) {
                continue;
            }
            let Some((needs, message)) = stored::read(&event.message) else { continue };
            let payload = if message.is_empty() {
                Payload::Prime(policy.retry_millis)
            } else {
                Payload::Message(message)
            };
            let event = self.event(&stream, Class::Must, payload, true);
            stream.events.insert(behind, Kept { sequence, needs: Some(needs), is_guest: true, ..event });
        }
        if let Some(connection) = &mut stream.connection {
            connection.is_replaying = false;
            // A store that has got no further has nothing more.
            connection.replayed_to = (is_full && last > before).then_some(last);
        }
        fetch_on(&mut stream, handle, &mut self.effects);
        wake(&mut stream, &mut self.effects);
        self.streams.push(stream);
    }

    /// Ends connections whose token is over, and says which are due for a heartbeat.
    pub(super) fn on_deadline(&mut self, now: Now, every_micros: u64) {
        for stream in &mut self.streams {
            let Some(connection) = &mut stream.connection else { continue };
            if connection.terms.until <= now.unix {
                connection.closing = Some(Closing::Quietly);
            }
            if connection.heartbeat <= now.tick {
                connection.heartbeat = now.tick.after_micros(every_micros);
                connection.is_heartbeat_due = true;
            }
            wake(stream, &mut self.effects);
        }
    }

    /// When [`Outbox::on_deadline`] has something to do next.
    pub(super) fn next_deadline(&self, now: Now) -> Option<Tick> {
        let connections = self.streams.iter().filter_map(|stream| stream.connection.as_ref());
        connections
            .map(|connection| {
                let left = connection.terms.until.0.saturating_sub(now.unix.0);
                connection.heartbeat.min(now.tick.after_seconds(left))
            })
            .min()
    }

    /// Everything is over: whoever pulls finds out.
    pub(super) fn clear(&mut self) {
        let handles = self.streams.iter().filter_map(Stream::handle);
        self.effects.retain(|effect| !matches!(effect, Effect::Append(_) | Effect::Replay { .. }));
        self.effects.extend(handles.map(|handle| Effect::Wake(Party::Stream(handle))));
        self.streams = Vec::new();
        self.waiting = VecDeque::new();
        self.events = 0;
        self.bytes = 0;
    }
}

/// Tells whoever pulls that there is something, once.
fn wake(stream: &mut Stream, effects: &mut VecDeque<Effect>) {
    if !stream.is_pullable() {
        return;
    }
    let Some(handle) = stream.handle() else { return };
    if let Some(connection) = &mut stream.connection
        && !std::mem::replace(&mut connection.is_woken, true)
    {
        effects.push_back(Effect::Wake(Party::Stream(handle)));
    }
}

/// Asks the store for what came after `after` on a stream.
/// Asks for what follows the events that were fetched, once they were sent, or when there is none among them that
/// can be.
fn fetch_on(stream: &mut Stream, handle: StreamHandle, effects: &mut VecDeque<Effect>) {
    let connection = stream.connection.as_ref();
    let Some(last) = connection.and_then(|connection| connection.replayed_to) else { return };
    if stream.unsent().any(|event| event.sequence <= last) {
        return;
    }
    stream.sent = stream.sent.max(last);
    if let Some(connection) = &mut stream.connection {
        connection.replayed_to = None;
    }
    replay(stream, handle, last, effects);
}

fn replay(stream: &mut Stream, handle: StreamHandle, after: u64, effects: &mut VecDeque<Effect>) {
    if let Some(connection) = &mut stream.connection {
        connection.is_replaying = true;
    }
    effects.push_back(Effect::Replay { connection: handle, stream: stream.number, after });
}
