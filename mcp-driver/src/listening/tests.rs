//! The accept loop over connections that a test hands out, in time that a test lets pass.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::Waker,
    time::Duration,
};

use mcp_proto::{Now, Tick, UnixSeconds};

use super::*;
use crate::{
    auth::Auth,
    keys::testing::{Begun, ManualRuntime},
    limits::{ConnectionTimeouts, ServerLimits},
    server::Server,
};

const DRAIN_SECONDS: u64 = 7;

/// Who wants to connect, by number; `None` is a connection that there is no resource for.
#[derive(Clone, Default)]
struct Queue(Arc<Mutex<Waiting>>);

/// Who waits, and the listener that is to be woken for them.
type Waiting = (VecDeque<Option<u32>>, Option<Waker>);

impl Queue {
    fn push(&self, connection: Option<u32>) {
        let mut queue = self.0.lock().unwrap();
        queue.0.push_back(connection);
        if let Some(waker) = queue.1.take() {
            waker.wake();
        }
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().0.len()
    }
}

/// The listening sockets, which tell when they are closed.
struct Sockets(Queue, Arc<AtomicBool>);

impl super::Sockets for Sockets {
    type Stream = u32;

    async fn accept(&self) -> io::Result<u32> {
        poll_fn(|cx| {
            let mut queue = self.0.0.lock().unwrap();
            let Some(next) = queue.0.pop_front() else {
                queue.1 = Some(cx.waker().clone());
                return Poll::Pending;
            };
            Poll::Ready(next.ok_or_else(|| io::Error::other("too many open files")))
        })
        .await
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        self.1.store(true, Ordering::SeqCst);
    }
}

/// What becomes of a connection.
#[derive(Clone, Default)]
struct Seen {
    begun: Arc<AtomicUsize>,
    stopped: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
}

impl Seen {
    fn counts(&self) -> [usize; 3] {
        [&self.begun, &self.stopped, &self.ended].map(|count| count.load(Ordering::SeqCst))
    }
}

struct Life(Arc<AtomicUsize>);

impl Drop for Life {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A number that ends at once.
const BRIEF: u32 = 0;
/// One that ends when it is asked to.
const POLITE: u32 = 1;
/// One that ends when it is dropped.
const STUBBORN: u32 = 2;
/// One that panics.
const FAULTY: u32 = 3;

async fn serve(seen: Seen, number: u32, stop: Stop) {
    seen.begun.fetch_add(1, Ordering::SeqCst);
    let _life = Life(Arc::clone(&seen.ended));
    match number {
        BRIEF => {}
        POLITE => {
            stop.await;
            seen.stopped.fetch_add(1, Ordering::SeqCst);
        }
        STUBBORN => {
            stop.await;
            seen.stopped.fetch_add(1, Ordering::SeqCst);
            std::future::pending::<()>().await;
        }
        _ => panic!("as this connection is meant to"),
    }
}

struct Stage {
    runtime: ManualRuntime,
    queue: Queue,
    is_closed: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    seen: Seen,
}

impl Stage {
    fn start(connections: usize) -> (Self, Begun<impl Future<Output = ()>>) {
        let runtime = ManualRuntime::at(Now { tick: Tick(0), unix: UnixSeconds(1_000) });
        let limits = ServerLimits { connections, ..ServerLimits::default() };
        let drain = Duration::from_secs(DRAIN_SECONDS);
        let timeouts = ConnectionTimeouts { drain, ..ConnectionTimeouts::default() };
        let server = Server::builder("test", "1", Auth::none()).limits(limits).connection_timeouts(timeouts);
        let service = Service::start(server.build().unwrap(), runtime.clone(), None).unwrap();
        let stage = Self {
            runtime: runtime.clone(),
            queue: Queue::default(),
            is_closed: Arc::default(),
            stop: Arc::default(),
            seen: Seen::default(),
        };
        let sockets = Sockets(stage.queue.clone(), Arc::clone(&stage.is_closed));
        let (seen, stop) = (stage.seen.clone(), Arc::clone(&stage.stop));
        let serve = move |_, number, stop| serve(seen.clone(), number, stop);
        let stopped =
            poll_fn(move |_| if stop.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending });
        let running = runtime.begin(service.serve_sockets(sockets, serve, stopped));
        (stage, running)
    }

    /// From here on the listener is to stop, when it looks next.
    fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        self.queue.push(Some(BRIEF));
    }
}

#[test]
fn there_are_never_more_connections_than_places() {
    let (stage, mut running) = Stage::start(2);
    for number in [POLITE, POLITE, BRIEF, BRIEF] {
        stage.queue.push(Some(number));
    }
    assert!(running.result().is_none());
    assert_eq!(stage.seen.counts(), [2, 0, 0]);
    assert_eq!(stage.queue.len(), 2, "they stay where they are until there is a place");

    let (stage, mut running) = Stage::start(2);
    for number in [POLITE, BRIEF, FAULTY, BRIEF] {
        stage.queue.push(Some(number));
    }
    assert!(running.result().is_none());
    assert_eq!(stage.seen.counts(), [4, 0, 3], "whoever ends makes room, also by a panic");
}

#[test]
fn a_shortage_makes_a_pause() {
    let (stage, mut running) = Stage::start(2);
    stage.queue.push(None);
    stage.queue.push(Some(POLITE));
    assert!(running.result().is_none());
    assert_eq!(stage.queue.len(), 1);
    stage.runtime.pass_seconds(1);
    assert!(running.result().is_none());
    assert_eq!(stage.seen.counts(), [1, 0, 0]);
}

#[test]
fn who_stops_in_time_is_not_dropped() {
    let (stage, mut running) = Stage::start(9);
    stage.queue.push(Some(POLITE));
    assert!(running.result().is_none());
    stage.stop();
    assert!(running.result().is_some());
    assert_eq!(stage.seen.counts(), [1, 1, 1]);
    assert!(stage.is_closed.load(Ordering::SeqCst));
    assert_eq!(stage.runtime.tasks(), 0);
}

#[test]
fn who_does_not_stop_is_dropped_at_the_drain_deadline() {
    let (stage, mut running) = Stage::start(9);
    stage.queue.push(Some(POLITE));
    stage.queue.push(Some(STUBBORN));
    assert!(running.result().is_none());
    stage.stop();
    assert!(running.result().is_none());
    assert!(stage.is_closed.load(Ordering::SeqCst), "nobody else is let in meanwhile");
    assert_eq!(stage.seen.counts(), [2, 2, 1]);
    stage.runtime.pass_seconds(DRAIN_SECONDS - 1);
    assert!(running.result().is_none());
    assert_eq!(stage.seen.counts(), [2, 2, 1]);
    stage.runtime.pass_seconds(1);
    assert!(running.result().is_some());
    assert_eq!(stage.seen.counts(), [2, 2, 2]);
    assert_eq!(stage.runtime.tasks(), 0);
}

#[test]
fn a_listener_that_is_dropped_drops_its_connections() {
    let (stage, mut running) = Stage::start(9);
    stage.queue.push(Some(POLITE));
    stage.queue.push(Some(STUBBORN));
    assert!(running.result().is_none());
    drop(running);
    stage.runtime.run();
    assert_eq!(stage.seen.counts(), [2, 0, 2]);
    assert_eq!(stage.runtime.tasks(), 0);
}
