//! The server under test, without a socket.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use mcp_tests::clock::Clock;
use mcp_tokio::{
    Auth, Context, EntropyError, Identity, Interrupt, LegacySse, ListRoots, Mode, ReadRequest, Rejection,
    RequestHead, Resource, ResourceContents, Runtime, Server, ServerBuilder, ServerLimits, Service,
    SessionPolicy, Timeouts, Tool,
    proto::{Now, Tick, UnixSeconds},
};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::task::yield_now;

/// A session that nobody uses ends after this long.
pub(crate) const IDLE: Duration = Duration::from_secs(60);

/// A call ends after this long.
pub(crate) const CALL: Duration = Duration::from_secs(20);

/// Within this time the server notices that something is past its time.
pub(crate) const SWEEP: Duration = Duration::from_secs(2);

/// More than any test has.
const MANY: usize = 100_000;

/// The clock of tokio, and random bytes that are the same in each run.
#[derive(Clone)]
pub(crate) struct Ticking {
    clock: Clock,
    drawn: Arc<AtomicU64>,
}

impl Runtime for Ticking {
    type Sleep = tokio::time::Sleep;

    fn now(&self) -> Now {
        self.clock.now()
    }

    fn sleep_until(&self, at: Tick) -> Self::Sleep {
        self.clock.sleep_until(at)
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(&self, task: F) {
        self.clock.spawn(task);
    }

    fn entropy(&self) -> Result<[u8; 32], EntropyError> {
        let mut bytes = [7; 32];
        let number = self.drawn.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        bytes.iter_mut().zip(number).for_each(|(byte, drawn)| *byte = drawn);
        Ok(bytes)
    }
}

/// How many handlers have begun and were not dropped.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lives(Arc<AtomicUsize>);

impl Lives {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn begin(&self) -> Life {
        self.0.fetch_add(1, Ordering::Relaxed);
        Life(self.clone())
    }
}

struct Life(Lives);

impl Drop for Life {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What the tool `act` does.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum How {
    /// Says nothing and never ends.
    Wait,
    /// Tells how far it is, and never ends.
    Tell,
    /// Tells it nine times, and returns.
    TellNineTimes,
    /// Asks the client where it works, and returns once it knows.
    Ask,
    /// Asks three questions at once.
    AskThreeTimes,
    /// Ends its session.
    End,
    /// Returns.
    Return,
}

/// The arguments of `act`. Whatever else a client sends is dropped.
#[derive(Deserialize, JsonSchema)]
struct Act {
    how: How,
}

async fn act(how: How, cx: Context) -> Result<&'static str, Interrupt> {
    match how {
        How::Wait => std::future::pending().await,
        How::Tell => {
            cx.progress(1.0, None).await;
            std::future::pending::<()>().await;
        }
        How::TellNineTimes => {
            for done in 1..=9 {
                cx.progress(f64::from(done), None).await;
            }
        }
        How::Ask => {
            cx.input("roots", ListRoots).await?;
        }
        How::AskThreeTimes => {
            let ask = |key| cx.input(key, ListRoots);
            let (one, two, three) = tokio::join!(ask("one"), ask("two"), ask("three"));
            one.and(two).and(three)?;
        }
        How::End => {
            if let Some(session) = cx.session() {
                session.end();
            }
            std::future::pending::<()>().await;
        }
        How::Return => {}
    }
    Ok("done")
}

/// A token says who its bearer is and until when it is good: `subject` or `subject~seconds`.
async fn verify(head: RequestHead) -> Result<Identity, Rejection> {
    let token = head.bearer().ok_or_else(Rejection::denied)?;
    let (subject, expires) = token.split_once('~').unwrap_or((token, ""));
    let identity = Identity::new(subject);
    match expires.parse() {
        Ok(expires) => Ok(identity.expires(UnixSeconds(expires))),
        Err(_) => Ok(identity),
    }
}

pub(crate) struct Served {
    pub(crate) service: Service<Ticking>,
    pub(crate) server: Server,
    pub(crate) lives: Lives,
}

impl Served {
    /// A server with authentication and the transport of 2024-11-05, whose sessions are bounded like this.
    pub(crate) fn with(change: impl FnOnce(&mut SessionPolicy)) -> Self {
        Self::of(Auth::verifier(verify), change, |server| server)
    }

    /// One without authentication.
    pub(crate) fn open(change: impl FnOnce(&mut SessionPolicy)) -> Self {
        Self::of(Auth::none(), change, |server| server)
    }

    /// One with authentication that also differs in something else.
    pub(crate) fn built(build: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
        Self::of(Auth::verifier(verify), |_| {}, build)
    }

    pub(crate) fn of(
        auth: Auth,
        change: impl FnOnce(&mut SessionPolicy),
        build: impl FnOnce(ServerBuilder) -> ServerBuilder,
    ) -> Self {
        let (server, lives) = server(auth, change, build);
        let runtime = Ticking { clock: Clock::new(), drawn: Arc::default() };
        let service = Service::start(server.clone(), runtime, None).expect("a service");
        Self { service, server, lives }
    }

    pub(crate) fn sessions(&self) -> usize {
        self.server.sessions().len()
    }
}

/// The server, and the handlers that run on it.
pub(crate) fn server(
    auth: Auth,
    change: impl FnOnce(&mut SessionPolicy),
    build: impl FnOnce(ServerBuilder) -> ServerBuilder,
) -> (Server, Lives) {
    let lives = Lives::default();
    let living = lives.clone();
    let tool = Tool::new("act").typed(move |arguments: Act, cx: Context| {
        let life = living.begin();
        async move {
            let done = act(arguments.how, cx).await;
            drop(life);
            done
        }
    });
    let mut policy = SessionPolicy::default();
    policy.legacy_sse = Some(LegacySse::default());
    policy.idle_micros = u64::try_from(IDLE.as_micros()).expect("a minute");
    policy.calls_max = MANY;
    change(&mut policy);
    let mut timeouts = Timeouts::default();
    timeouts.call_micros = u64::try_from(CALL.as_micros()).expect("seconds");
    let mut limits = ServerLimits::default();
    (limits.calls, limits.calls_per_principal) = (MANY, MANY);
    (limits.calls_alone, limits.calls_alone_per_principal) = (MANY, MANY);
    (limits.session_streams, limits.session_streams_per_principal) = (MANY, MANY);
    let read = async |request: ReadRequest| -> Result<ResourceContents, Interrupt> {
        Ok(ResourceContents::text(request.uri, "a note"))
    };
    let builder = Server::builder("bounded", "1", auth)
        .mode(Mode::Stateful)
        .sessions(policy)
        .core_timeouts(timeouts)
        .limits(limits)
        .resource(Resource::new("note://1", "note").handler(read))
        .tool(tool);
    (build(builder).build().expect("a server"), lives)
}

/// Lets everything run that can.
pub(crate) async fn settle() {
    for _ in 0..64 {
        yield_now().await;
    }
}

/// Lets time pass, and what that brings about happen.
pub(crate) async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
    settle().await;
}
