//! No lock is held where foreign code runs: wakers, the application's values, whoever listens to the log.
//!
//! Each of these calls back into the server, and would wait for itself for ever.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    task::{Context, Poll, Wake, Waker},
    thread,
    time::Duration,
};

use http_body::Body as _;
use mcp_tokio::{Auth, Change, Identity, LogLevel, Rejection, RequestHead, Server, SessionAuth};
use tracing::{Event, Metadata, Subscriber, span};

use crate::{
    client::{Stream, act, get, handshake, of_session, poll_once, post},
    served::{IDLE, SWEEP, Served, pass, settle},
};

/// How long a test may take that would otherwise never end.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs a test on a thread of its own, which is given up when it waits for itself.
fn unlocked<F: Future<Output = ()>>(test: impl FnOnce() -> F + Send + 'static) {
    let (done, waiting) = mpsc::channel();
    let thread = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(test());
        let _ = done.send(());
    });
    if waiting.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
        panic!("somebody waits for itself");
    }
    thread.join().expect("the test");
}

/// Uses every lock that a session is behind, to tell clients what none of them wants to know.
fn call_back(server: &Server) {
    let sessions = server.sessions();
    let unwanted = Change::Log { level: LogLevel::Debug, logger: None, data: "unwanted".into() };
    sessions.notify_all(&unwanted);
    sessions.notify("application", "alice", &unwanted);
    sessions.end("application", "nobody");
    assert!(sessions.len() < 10);
}

/// Calls back when it is woken, and when it is dropped.
struct Foreign {
    server: Server,
    woken: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
}

impl Wake for Foreign {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, Ordering::Relaxed);
        call_back(&self.server);
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        call_back(&self.server);
    }
}

/// Makes wakers, and counts what becomes of them.
struct Wakers {
    server: Server,
    made: AtomicUsize,
    woken: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
}

impl Wakers {
    fn of(served: &Served) -> Self {
        let server = served.server.clone();
        Self { server, made: AtomicUsize::new(0), woken: Arc::default(), dropped: Arc::default() }
    }

    fn waker(&self) -> Waker {
        self.made.fetch_add(1, Ordering::Relaxed);
        let (woken, dropped) = (Arc::clone(&self.woken), Arc::clone(&self.dropped));
        Waker::from(Arc::new(Foreign { server: self.server.clone(), woken, dropped }))
    }

    /// How many were woken.
    fn woken(&self) -> usize {
        self.woken.load(Ordering::Relaxed)
    }

    /// How many somebody still has.
    fn alive(&self) -> usize {
        self.made.load(Ordering::Relaxed) - self.dropped.load(Ordering::Relaxed)
    }
}

#[test]
fn a_waker_at_a_stream_may_use_the_sessions() {
    unlocked(|| async {
        let served = Served::with(|_| {});
        let wakers = Wakers::of(&served);
        let session = served.session("alice").await;
        let mut stream = served.listen(&session, "alice").await;
        assert_eq!(stream.now().await.len(), 1);
        let poll = |stream: &mut Stream| {
            let waker = wakers.waker();
            let polled = Pin::new(&mut stream.0).poll_frame(&mut Context::from_waker(&waker));
            matches!(polled, Poll::Ready(Some(Ok(_))))
        };
        assert!(!poll(&mut stream));
        assert_eq!((wakers.woken(), wakers.alive()), (0, 1));
        // The second takes the place of the first, of which there is no other.
        assert!(!poll(&mut stream));
        assert_eq!((wakers.woken(), wakers.alive()), (0, 1));
        served.server.sessions().notify_all(&Change::ResourcesChanged);
        assert_eq!((wakers.woken(), wakers.alive()), (1, 0));
        assert!(poll(&mut stream));
        assert!(!poll(&mut stream));
        // The last one goes with the stream.
        assert_eq!((wakers.woken(), wakers.alive()), (1, 1));
        drop(stream);
        assert_eq!((wakers.woken(), wakers.alive()), (1, 0));
        let mut stream = served.listen(&session, "alice").await;
        while poll(&mut stream) {}
        // And here with the session.
        assert_eq!(wakers.alive(), 1);
        assert_eq!(served.server.sessions().end("application", "alice"), 1);
        assert_eq!((wakers.woken(), wakers.alive()), (2, 0));
    });
}

#[test]
fn a_waker_at_a_call_may_use_the_sessions() {
    unlocked(|| async {
        let served = Served::with(|_| {});
        let wakers = Wakers::of(&served);
        let session = served.session("alice").await;
        let mut call = served.begin(of_session(post("alice", &act(1, "wait")), &session));
        for _ in 0..2 {
            let waker = wakers.waker();
            assert!(call.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        served.delete(&session, "alice").await;
        assert!(wakers.woken() > 0);
        let waker = wakers.waker();
        let Poll::Ready(unread) = call.as_mut().poll(&mut Context::from_waker(&waker)) else {
            panic!("a call of a session that is over")
        };
        assert_eq!(unread.status(), 404);
        drop((call, unread, waker));
        settle().await;
        assert_eq!(wakers.alive(), 0);
    });
}

/// What the application knows of a caller: it uses the sessions when it goes.
struct Known(Arc<OnceLock<Server>>, Arc<AtomicUsize>);

impl Drop for Known {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.get().into_iter().for_each(call_back);
    }
}

#[test]
fn what_the_application_knows_of_a_caller_may_use_the_sessions_when_it_goes() {
    unlocked(|| async {
        let (place, gone) = (Arc::new(OnceLock::new()), Arc::new(AtomicUsize::new(0)));
        let (in_server, counted) = (Arc::clone(&place), Arc::clone(&gone));
        let verify = move |head: RequestHead| {
            let known = Known(Arc::clone(&in_server), Arc::clone(&counted));
            async move {
                let token = head.bearer().ok_or_else(Rejection::denied)?;
                Ok::<_, Rejection>(Identity::new(token).value(known))
            }
        };
        let terms = |policy: &mut mcp_tokio::SessionPolicy| {
            policy.auth = SessionAuth::InitializeOnly;
            policy.sessions_per_principal_max = 2;
        };
        let served = Served::of(Auth::verifier(verify), terms, |server| server);
        assert!(place.set(served.server.clone()).is_ok());
        let known_to_be_gone = || gone.load(Ordering::Relaxed);

        let first = served.session("alice").await;
        let second = served.session("alice").await;
        assert_eq!(known_to_be_gone(), 0, "an opener's is kept for later requests");
        // A third one takes the place of the first.
        let third = served.session("alice").await;
        assert_eq!((served.sessions(), known_to_be_gone()), (2, 1), "{first}");
        served.delete(&second, "").await;
        assert_eq!((served.sessions(), known_to_be_gone()), (1, 2));
        served.session("bob").await;
        assert_eq!(served.server.sessions().end("application", "bob"), 1);
        assert_eq!((served.sessions(), known_to_be_gone()), (1, 3));
        assert_eq!(served.ask(&third, "", &act(1, "return")).await.status, 200);
        pass(IDLE + SWEEP).await;
        assert_eq!((served.sessions(), known_to_be_gone()), (0, 4));
    });
}

#[tokio::test(start_paused = true)]
async fn what_no_later_request_needs_of_an_opener_is_not_kept() {
    let gone = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&gone);
    let verify = move |head: RequestHead| {
        let known = Known(Arc::default(), Arc::clone(&counted));
        async move {
            let token = head.bearer().ok_or_else(Rejection::denied)?;
            Ok::<_, Rejection>(Identity::new(token).value(known))
        }
    };
    let served = Served::of(Auth::verifier(verify), |_| {}, |server| server);
    assert!(served.answer(post("alice", &handshake())).await.session().is_some());
    assert_eq!((served.sessions(), gone.load(Ordering::Relaxed)), (1, 1));
}

/// Calls back with every event that is logged.
struct Listening(Server);

impl Subscriber for Listening {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, _: &Event<'_>) {
        call_back(&self.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[test]
fn whoever_listens_to_the_log_may_use_the_sessions() {
    unlocked(|| async {
        let served = Served::with(|policy| policy.sessions_per_principal_max = 2);
        let listening = tracing::subscriber::set_default(Listening(served.server.clone()));
        let session = served.session("alice").await;
        // Nobody asked how far it is, so it is not told.
        let mut unasked = act(1, "tell");
        unasked["params"]["_meta"] = serde_json::json!({});
        let mut call = served.begin(of_session(post("alice", &unasked), &session));
        assert!(poll_once(call.as_mut()).await.is_pending());
        drop(call);
        let asked = served.begin(of_session(post("alice", &act(2, "ask")), &session)).await;
        drop(asked);
        settle().await;
        served.delete(&session, "alice").await;
        for _ in 0..3 {
            served.session("alice").await;
        }
        assert_eq!(served.answer(get("/mcp", "")).await.status, 401);
        pass(IDLE + SWEEP).await;
        assert_eq!(served.sessions(), 0);
        drop(listening);
    });
}
