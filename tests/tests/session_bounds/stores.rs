//! Stores: what they keep of sessions that are over, and what one that never answers holds up.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use mcp_tokio::{
    EventStore, MemoryEvents, MemorySessions, Server, SessionKey, SessionStore, Storing,
    proto::session::Owner,
};
use tokio::sync::Semaphore;

use mcp_sim::Allocated;

use crate::{
    client::{act, of_session, ping, post},
    served::{CALL, IDLE, SWEEP, Served, pass, settle},
};

/// A store of events and sessions that a test can hold up for one owner, and that uses the server.
#[derive(Clone)]
struct Slow(Arc<Inner>);

struct Inner {
    events: MemoryEvents,
    sessions: MemorySessions,
    server: OnceLock<Server>,
    /// Whose events and sessions have to wait.
    held_up: Mutex<Option<&'static str>>,
    gate: Semaphore,
}

impl Slow {
    fn new() -> Self {
        Self(Arc::new(Inner {
            events: MemoryEvents::new(256, 1 << 20),
            sessions: MemorySessions::new(),
            server: OnceLock::new(),
            held_up: Mutex::default(),
            gate: Semaphore::new(0),
        }))
    }

    /// A server with this store.
    fn served(&self) -> Served {
        let served = Served::built(|server| server.event_store(self.clone()).session_store(self.clone()));
        assert!(self.0.server.set(served.server.clone()).is_ok());
        served
    }

    fn hold_up(&self, subject: impl Into<Option<&'static str>>) {
        *self.0.held_up.lock().unwrap_or_else(PoisonError::into_inner) = subject.into();
    }

    /// What is held up now goes on.
    fn let_go(&self) {
        self.hold_up(None);
        self.0.gate.add_permits(Semaphore::MAX_PERMITS);
    }

    /// Uses every lock that a session is behind, as a store does that keeps a log of its own.
    fn call_back(&self) {
        if let Some(server) = self.0.server.get() {
            assert!(server.sessions().len() < 1_000);
            server.sessions().notify("application", "nobody", &mcp_tokio::Change::ToolsChanged);
            server.sessions().end("application", "nobody");
        }
    }

    async fn wait(&self, owner: &Owner) {
        let held_up = *self.0.held_up.lock().unwrap_or_else(PoisonError::into_inner);
        if held_up.is_some_and(|held_up| owner.party().is_some_and(|(_, subject, _)| subject == held_up)) {
            drop(self.0.gate.acquire().await);
        }
        self.call_back();
    }

    fn kept(&self) -> (usize, usize) {
        (self.0.events.len(), self.0.sessions.len())
    }
}

impl EventStore for Slow {
    fn append<'s>(
        &'s self,
        owner: &'s Owner,
        session: &'s SessionKey,
        stream: u64,
        sequence: u64,
        event: Bytes,
    ) -> Storing<'s, ()> {
        self.call_back();
        Box::pin(async move {
            self.wait(owner).await;
            self.0.events.append(owner, session, stream, sequence, event).await
        })
    }

    fn replay<'s>(
        &'s self,
        owner: &'s Owner,
        session: &'s SessionKey,
        stream: u64,
        after: u64,
        events_max: usize,
    ) -> Storing<'s, Option<Vec<(u64, Bytes)>>> {
        self.call_back();
        Box::pin(async move {
            self.wait(owner).await;
            self.0.events.replay(owner, session, stream, after, events_max).await
        })
    }

    fn forget<'s>(&'s self, owner: &'s Owner, session: &'s SessionKey) -> Storing<'s, ()> {
        self.call_back();
        // What is to go can go at once.
        EventStore::forget(&self.0.events, owner, session)
    }
}

impl SessionStore for Slow {
    fn save<'s>(&'s self, owner: &'s Owner, session: &'s SessionKey, record: &'s [u8]) -> Storing<'s, ()> {
        self.call_back();
        Box::pin(async move {
            self.wait(owner).await;
            self.0.sessions.save(owner, session, record).await
        })
    }

    fn load<'s>(&'s self, owner: &'s Owner, session: &'s SessionKey) -> Storing<'s, Option<Vec<u8>>> {
        self.call_back();
        Box::pin(async move {
            self.wait(owner).await;
            self.0.sessions.load(owner, session).await
        })
    }

    fn forget<'s>(&'s self, owner: &'s Owner, session: &'s SessionKey) -> Storing<'s, ()> {
        self.call_back();
        SessionStore::forget(&self.0.sessions, owner, session)
    }
}

/// Longer than a server knows of a session that it is over.
const REMEMBERED: Duration = Duration::from_secs(120);

/// A call whose stream has begun.
async fn tell(served: &Served, token: &str, session: &str) -> crate::client::Stream {
    served.stream(of_session(post(token, &act(1, "tell")), session)).await
}

#[tokio::test(start_paused = true)]
async fn stores_forget_what_is_over() {
    let store = Slow::new();
    let served = store.served();
    for number in 0..30 {
        let session = served.session("alice").await;
        let mut stream = tell(&served, "alice", &session).await;
        assert_eq!(stream.now().await.len(), 2);
        drop(stream);
        let listening = served.listen(&session, "alice").await;
        settle().await;
        drop(listening);
        assert_eq!(store.kept(), (1, 1));
        match number % 3 {
            0 => served.delete(&session, "alice").await,
            1 => assert_eq!(served.server.sessions().end("application", "alice"), 1),
            _ => pass(CALL + IDLE + SWEEP * 2).await,
        }
        settle().await;
        assert_eq!((served.sessions(), store.kept()), (0, (0, 0)), "{number}");
    }
    assert_eq!(served.lives.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_stored_late_of_a_session_that_is_over_is_forgotten_as_well() {
    let store = Slow::new();
    let served = store.served();
    let session = served.session("alice").await;
    settle().await;
    store.hold_up("alice");
    let stream = tell(&served, "alice", &session).await;
    settle().await;
    served.delete(&session, "alice").await;
    settle().await;
    assert_eq!(store.kept(), (0, 0));
    store.let_go();
    drop(stream);
    settle().await;
    assert_eq!((served.sessions(), store.kept()), (0, (0, 0)));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_never_answers_holds_up_nobody_else() {
    let store = Slow::new();
    let served = store.served();
    let (hers, his) = (served.session("alice").await, served.session("bob").await);
    settle().await;
    store.hold_up("alice");
    // Her events are shown when they are stored, and so they are not.
    let mut held_up = tell(&served, "alice", &hers).await;
    assert_eq!(held_up.now().await, []);
    assert_eq!(served.lives.count(), 1);
    // A session that is only in the store cannot be found now.
    let mut looking = served.begin(of_session(post("alice", &ping()), &"1".repeat(32)));
    assert!(crate::client::poll_once(looking.as_mut()).await.is_pending());

    // She has everything else, and he has everything.
    assert_eq!(served.ask(&hers, "alice", &ping()).await.status, 200);
    assert_eq!(served.ask(&hers, "alice", &act(2, "return")).await.status, 200);
    let mut told = tell(&served, "bob", &his).await;
    assert_eq!(told.now().await.len(), 2);
    let third = served.session("carol").await;
    assert_eq!(served.ask(&third, "carol", &ping()).await.status, 200);
    assert_eq!(served.ask(&"1".repeat(32), "bob", &ping()).await.status, 404);
    let another = served.session("alice").await;
    assert_eq!(served.ask(&another, "alice", &ping()).await.status, 200);
    assert_eq!((served.sessions(), served.lives.count()), (4, 2));

    // Time goes on, and ends what it ends.
    drop((looking, held_up, told));
    pass(CALL + SWEEP).await;
    assert_eq!(served.lives.count(), 0);
    pass(IDLE + SWEEP).await;
    assert_eq!(served.sessions(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_store_never_answers_about_a_session_goes_with_the_session() {
    let store = Slow::new();
    let served = store.served();
    settle().await;
    store.hold_up("alice");
    let come_and_go = async || {
        let session = served.session("alice").await;
        let stream = tell(&served, "alice", &session).await;
        settle().await;
        served.delete(&session, "alice").await;
        drop(stream);
        settle().await;
    };
    // For a while it is known which sessions are over, so that none of them comes back from the store.
    come_and_go().await;
    pass(REMEMBERED).await;
    let before = Allocated::now();
    for _ in 0..500 {
        come_and_go().await;
    }
    pass(REMEMBERED).await;
    assert_eq!((served.sessions(), served.lives.count()), (0, 0));
    let held = Allocated::now() - before;
    // Parts of the table are made when the first session comes into them.
    assert!(held.blocks <= 100, "{held:?}");
}
