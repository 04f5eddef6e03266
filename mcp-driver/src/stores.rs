//! Where sessions may be kept besides the memory of the server.

mod error;
mod memory;
mod session_key;

use std::{future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use mcp_proto::session::Owner;

pub use self::{
    error::StoreError,
    memory::{MemoryEvents, MemorySessions},
    session_key::SessionKey,
};

/// What a store is doing.
pub type Storing<'s, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 's>>;

/// Keeps the events of sessions, so that a client that lost its connection gets what it missed (RES-01). An event
/// is sent to a client only after the store has it; an event that cannot be stored ends the session.
///
/// Everything belongs to an owner *and* a session: whoever implements this compares both in full and never
/// reduces them to one text, so that no party gets what is another's. Within a session, no stream has the number
/// of an earlier one, and the numbers of a stream's events grow; but appending one may end before appending an
/// earlier one does.
///
/// A store may let go of a session's oldest events at any time, and of all those of a session that nobody has used
/// for longer than sessions live, which happens where a server ended without a goodbye.
///
/// Test an implementation with [`testing::check_event_store`](crate::testing::check_event_store).
///
/// ```
/// use bytes::Bytes;
/// use mcp_tokio::{EventStore, MemoryEvents, SessionKey, Storing, proto::session::Owner};
///
/// /// Keeps events in memory and counts them.
/// struct Counted {
///     events: MemoryEvents,
///     count: std::sync::atomic::AtomicU64,
/// }
///
/// impl EventStore for Counted {
///     fn append<'s>(
///         &'s self,
///         owner: &'s Owner,
///         session: &'s SessionKey,
///         stream: u64,
///         sequence: u64,
///         event: Bytes,
///     ) -> Storing<'s, ()> {
///         Box::pin(async move {
///             self.events.append(owner, session, stream, sequence, event).await?;
///             self.count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
///             Ok(())
///         })
///     }
///
///     fn replay<'s>(
///         &'s self,
///         owner: &'s Owner,
///         session: &'s SessionKey,
///         stream: u64,
///         after: u64,
///         events_max: usize,
///     ) -> Storing<'s, Option<Vec<(u64, Bytes)>>> {
///         self.events.replay(owner, session, stream, after, events_max)
///     }
///
///     fn forget<'s>(&'s self, owner: &'s Owner, session: &'s SessionKey) -> Storing<'s, ()> {
///         self.events.forget(owner, session)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let counted = Counted { events: MemoryEvents::new(256, 1 << 20), count: 0.into() };
/// assert_eq!(mcp_tokio::testing::check_event_store(&counted).await, Ok(()));
/// assert!(counted.events.is_empty());
/// # }
/// ```
pub trait EventStore: Send + Sync + 'static {
    /// Keeps an event. Appending one that is there already changes nothing and is no error.
    fn append<'s>(
        &'s self,
        owner: &'s Owner,
        session: &'s SessionKey,
        stream: u64,
        sequence: u64,
        event: Bytes,
    ) -> Storing<'s, ()>;

    /// The events of a stream behind the one with the number `after`, in the order of their numbers, at most so
    /// many, without a gap. `None` where the event `after` is not there, because it was let go or never was: what
    /// followed it would then be a guess.
    fn replay<'s>(
        &'s self,
        owner: &'s Owner,
        session: &'s SessionKey,
        stream: u64,
        after: u64,
        events_max: usize,
    ) -> Storing<'s, Option<Vec<(u64, Bytes)>>>;

    /// The session is over, and nothing of it is asked for again. That there is nothing is no error.
    fn forget<'s>(&'s self, owner: &'s Owner, session: &'s SessionKey) -> Storing<'s, ()>;
}

/// Keeps what sessions are made of, so that another server or the next process can go on with one.
///
/// Of owner, session and what may be let go of the same holds as for an [`EventStore`]. Test an implementation
/// with [`testing::check_session_store`](crate::testing::check_session_store).
pub trait SessionStore: Send + Sync + 'static {
    /// Keeps a record of the session in place of any before. What is in it is the server's business: it has no id
    /// and no token, and says what the client is and can do.
    fn save<'s>(&'s self, owner: &'s Owner, session: &'s SessionKey, record: &'s [u8]) -> Storing<'s, ()>;

    /// The newest record of the session, if it is there.
    fn load<'s>(&'s self, owner: &'s Owner, session: &'s SessionKey) -> Storing<'s, Option<Vec<u8>>>;

    /// The session is over. That there is nothing is no error.
    fn forget<'s>(&'s self, owner: &'s Owner, session: &'s SessionKey) -> Storing<'s, ()>;
}

impl<S: EventStore + ?Sized> EventStore for Arc<S> {
    fn append<'s>(
        &'s self,
        owner: &'s Owner,
        session: &'s SessionKey,
        stream: u64,
        sequence: u64,
        event: Bytes,
    ) -> Storing<'s, ()> {
        (**self).append(owner, session, stream, sequence, event)
    }

    fn replay<'s>(
        &'s self,
        owner: &'s Owner,
        session: &'s SessionKey,
        stream: u64,
        after: u64,
        events_max: usize,
    ) -> Storing<'s, Option<Vec<(u64, Bytes)>>> {
        (**self).replay(owner, session, stream, after, events_max)
    }

    fn forget<'s>(&'s self, owner: &'s Owner, session: &'s SessionKey) -> Storing<'s, ()> {
        (**self).forget(owner, session)
    }
}

impl<S: SessionStore + ?Sized> SessionStore for Arc<S> {
    fn save<'s>(&'s self, owner: &'s Owner, session: &'s SessionKey, record: &'s [u8]) -> Storing<'s, ()> {
        (**self).save(owner, session, record)
    }

    fn load<'s>(&'s self, owner: &'s Owner, session: &'s SessionKey) -> Storing<'s, Option<Vec<u8>>> {
        (**self).load(owner, session)
    }

    fn forget<'s>(&'s self, owner: &'s Owner, session: &'s SessionKey) -> Storing<'s, ()> {
        (**self).forget(owner, session)
    }
}
