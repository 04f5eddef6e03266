//! Stores in the memory of one process.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    future::ready,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use mcp_proto::session::Owner;

use super::{EventStore, SessionKey, SessionStore, StoreError, Storing};

/// What is kept for each session of each owner. There is as much of it as there are sessions, which the server
/// bounds.
struct Table<T>(Mutex<HashMap<Owner, HashMap<SessionKey, T>>>);

impl<T> Table<T> {
    fn sessions(&self) -> MutexGuard<'_, HashMap<Owner, HashMap<SessionKey, T>>> {
        // Nothing under this lock panics half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<U>(&self, owner: &Owner, session: &SessionKey, use_it: impl FnOnce(&T) -> U) -> Option<U> {
        self.sessions().get(owner)?.get(session).map(use_it)
    }

    fn change<U>(&self, owner: &Owner, session: &SessionKey, change: impl FnOnce(&mut T) -> U) -> U
    where
        T: Default,
    {
        change(self.sessions().entry(owner.clone()).or_default().entry(session.clone()).or_default())
    }

    fn forget(&self, owner: &Owner, session: &SessionKey) {
        let mut sessions = self.sessions();
        if let Some(own) = sessions.get_mut(owner) {
            own.remove(session);
            if own.is_empty() {
                sessions.remove(owner);
            }
        }
        if sessions.is_empty() {
            *sessions = HashMap::new();
        }
    }

    fn len(&self) -> usize {
        self.sessions().values().map(HashMap::len).sum()
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// Events in memory: for each session the newest, up to a number and to a number of bytes.
pub struct MemoryEvents {
    events_max: usize,
    bytes_max: usize,
    sessions: Table<Kept>,
}

/// The events of a session, oldest first.
#[derive(Default)]
struct Kept {
    events: VecDeque<Event>,
    bytes: usize,
}

struct Event {
    stream: u64,
    sequence: u64,
    event: Bytes,
}

/// One event is larger than all of a session may be.
#[derive(Debug)]
struct EventTooLarge;

impl MemoryEvents {
    /// A store of at most so many events, and so many bytes of them, for each session.
    #[must_use]
    pub fn new(events_max: usize, bytes_max: usize) -> Self {
        Self { events_max, bytes_max, sessions: Table::default() }
    }

    /// Sessions that events are kept for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn keep(&self, kept: &mut Kept, new: Event) {
        if kept.events.iter().any(|event| event.stream == new.stream && event.sequence == new.sequence) {
            return;
        }
        kept.bytes = kept.bytes.saturating_add(new.event.len());
        kept.events.push_back(new);
        while kept.events.len() > self.events_max || kept.bytes > self.bytes_max {
            let Some(oldest) = kept.events.pop_front() else { break };
            kept.bytes = kept.bytes.saturating_sub(oldest.event.len());
        }
    }
}

impl Kept {
    fn after(&self, stream: u64, after: u64, events_max: usize) -> Option<Vec<(u64, Bytes)>> {
        let own = || self.events.iter().filter(|event| event.stream == stream);
        own().find(|event| event.sequence == after)?;
        let missed = own().filter(|event| event.sequence > after);
        let mut missed: Vec<_> = missed.map(|event| (event.sequence, event.event.clone())).collect();
        // One may have been here before an earlier one.
        missed.sort_unstable_by_key(|(sequence, _)| *sequence);
        missed.truncate(events_max);
        Some(missed)
    }
}

impl EventStore for MemoryEvents {
    /// # Errors
    /// When the event alone has more bytes than a session may have.
    fn append<'s>(
        &'s self,
        owner: &'s Owner,
        session: &'s SessionKey,
        stream: u64,
        sequence: u64,
        event: Bytes,
    ) -> Storing<'s, ()> {
        if event.len() > self.bytes_max || self.events_max == 0 {
            return Box::pin(ready(Err(EventTooLarge.into())));
        }
        let new = Event { stream, sequence, event };
        self.sessions.change(owner, session, |kept| self.keep(kept, new));
        done(())
    }

    fn replay<'s>(
        &'s self,
        owner: &'s Owner,
        session: &'s SessionKey,
        stream: u64,
        after: u64,
        events_max: usize,
    ) -> Storing<'s, Option<Vec<(u64, Bytes)>>> {
        done(self.sessions.with(owner, session, |kept| kept.after(stream, after, events_max)).flatten())
    }

    fn forget<'s>(&'s self, owner: &'s Owner, session: &'s SessionKey) -> Storing<'s, ()> {
        self.sessions.forget(owner, session);
        done(())
    }
}

/// Records of sessions in memory. They end with the process: this is for tests, and to see how a store is made.
#[derive(Default)]
pub struct MemorySessions {
    sessions: Table<Vec<u8>>,
}

impl MemorySessions {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sessions that have a record.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl SessionStore for MemorySessions {
    fn save<'s>(&'s self, owner: &'s Owner, session: &'s SessionKey, record: &'s [u8]) -> Storing<'s, ()> {
        self.sessions.change(owner, session, |kept| *kept = record.to_vec());
        done(())
    }

    fn load<'s>(&'s self, owner: &'s Owner, session: &'s SessionKey) -> Storing<'s, Option<Vec<u8>>> {
        done(self.sessions.with(owner, session, Clone::clone))
    }

    fn forget<'s>(&'s self, owner: &'s Owner, session: &'s SessionKey) -> Storing<'s, ()> {
        self.sessions.forget(owner, session);
        done(())
    }
}

fn done<'s, T: Send + 's>(value: T) -> Storing<'s, T> {
    Box::pin(ready(Ok::<T, StoreError>(value)))
}

impl fmt::Display for EventTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the event is larger than what may be kept for a session")
    }
}

impl std::error::Error for EventTooLarge {}

impl fmt::Debug for MemoryEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryEvents").field("sessions", &self.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for MemorySessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySessions").field("sessions", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
