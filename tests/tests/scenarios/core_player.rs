//! The core and the driver without sockets, threads or real time: on a simulated runtime, over pipes in memory.

use std::{
    cell::RefCell,
    collections::VecDeque,
    future::{poll_fn, ready},
    io::{self, Read, Write},
    rc::Rc,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc::Receiver},
    task::{Poll, Waker},
    time::Duration,
};

use mcp_driver::{
    Fetch, Fetching, Outgoing, Runtime, Server, Service, Sockets, UnixSeconds,
    proto::{Tick, jws::keyset::FetchFailure},
};
use mcp_sim::{ClientEnd, Executor, ServerEnd, SimRuntime, Task, pipe};
use mcp_tests::scenario::{Backstage, Connection, PATIENCE, Scenario, Sighting, Stage};
use tokio::sync::oneshot;

use crate::players::Player;

/// Plays in the order of tasks that a seed gives.
pub(crate) struct Core {
    pub(crate) name: &'static str,
    pub(crate) seed: u64,
}

impl Player for Core {
    fn name(&self) -> &'static str {
        self.name
    }

    fn plays(&self, _: &Scenario) -> bool {
        true
    }

    fn stage(&self, server: Server, _: &Backstage) -> Box<dyn Stage> {
        let mut executor = Executor::new(self.seed);
        let service = Service::start(server, executor.runtime(), Some(Arc::new(Nowhere))).expect("a service");
        let (stop, stopping) = oneshot::channel();
        let queue = Queue::default();
        let sockets = Listening(queue.clone());
        let serve = async |service: Service<SimRuntime>, socket, stop| {
            service.serve_connection(socket, stop).await;
        };
        // Whoever drops the other end has no more use for the server.
        let listener = executor.start(service.serve_sockets(sockets, serve, async { drop(stopping.await) }));
        let time = Time(Rc::new(RefCell::new(executor)));
        Box::new(Simulated { time, queue, stop: Some(stop), listener })
    }
}

/// Reaches nobody.
struct Nowhere;

impl Fetch for Nowhere {
    fn fetch(&self, _: Outgoing) -> Fetching {
        Box::pin(ready(Err(FetchFailure::Unreachable)))
    }
}

/// Connections that wait to be accepted.
#[derive(Clone, Default)]
struct Queue(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    connections: VecDeque<ServerEnd>,
    acceptor: Option<Waker>,
    is_closed: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing that can panic runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The server's end of the queue. Nothing is accepted once it is dropped.
struct Listening(Queue);

impl Sockets for Listening {
    type Stream = ServerEnd;

    async fn accept(&self) -> io::Result<ServerEnd> {
        poll_fn(|cx| {
            let mut waiting = self.0.lock();
            match waiting.connections.pop_front() {
                Some(connection) => Poll::Ready(Ok(connection)),
                None => {
                    waiting.acceptor = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.is_closed = true;
        let left = std::mem::take(&mut waiting.connections);
        drop(waiting);
        drop(left);
    }
}

/// A server on virtual time.
struct Simulated {
    time: Time,
    queue: Queue,
    stop: Option<oneshot::Sender<()>>,
    listener: Task,
}

/// Bytes that are under way in each direction of a connection: about what sockets keep.
const CAPACITY_BYTES: usize = 256 << 10;

impl Stage for Simulated {
    fn connect(&mut self) -> io::Result<Box<dyn Connection>> {
        let (server_end, client) = pipe(CAPACITY_BYTES);
        let mut waiting = self.queue.lock();
        if waiting.is_closed {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        waiting.connections.push_back(server_end);
        let acceptor = waiting.acceptor.take();
        drop(waiting);
        if let Some(acceptor) = acceptor {
            acceptor.wake();
        }
        Ok(Box::new(Client { time: self.time.clone(), client }))
    }

    fn sighting(&mut self, sightings: &Receiver<Sighting>) -> Option<Sighting> {
        self.time.wait_for(|| sightings.try_recv().ok())
    }

    fn now(&self) -> UnixSeconds {
        self.time.0.borrow().runtime().now().unix
    }

    fn stop(&mut self) -> Result<(), String> {
        let stop = self.stop.take().ok_or("it was told to stop before")?;
        stop.send(()).map_err(|()| "it has stopped before".to_owned())?;
        self.time.settle();
        Ok(())
    }

    fn stopped(&mut self) -> Result<(), String> {
        let executor = Rc::clone(&self.time.0);
        let listener = self.listener;
        let is_over = self.time.wait_for(|| executor.borrow().is_over(listener).then_some(()));
        is_over.ok_or_else(|| "it does not stop".to_owned())
    }

    fn pass(&mut self, time: Duration) -> Result<(), String> {
        let mut executor = self.time.0.borrow_mut();
        let until = after(executor.tick(), time);
        executor.run_until(until);
        Ok(())
    }
}

/// Virtual time: what is waited for lets it pass.
#[derive(Clone)]
struct Time(Rc<RefCell<Executor>>);

impl Time {
    /// Runs until nobody can go on without time passing.
    fn settle(&self) {
        self.0.borrow_mut().run_until_idle();
    }

    /// Lets time pass, no more than needed and no more than [`PATIENCE`], until this is there.
    fn wait_for<T>(&self, mut look: impl FnMut() -> Option<T>) -> Option<T> {
        let deadline = after(self.0.borrow().tick(), PATIENCE);
        loop {
            self.settle();
            if let Some(found) = look() {
                return Some(found);
            }
            let mut executor = self.0.borrow_mut();
            let next = executor.next_timer().filter(|next| *next <= deadline)?;
            executor.advance_to(next);
        }
    }
}

fn after(tick: Tick, time: Duration) -> Tick {
    let micros = u64::try_from(time.as_micros()).expect("a time that somebody waits for");
    Tick(tick.0.checked_add(micros).expect("a moment"))
}

/// The client's end of a pipe. Reading and writing lets time pass where nothing else helps.
struct Client {
    time: Time,
    client: ClientEnd,
}

impl Read for Client {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let client = &self.client;
        let came = self.time.wait_for(|| {
            let bytes = client.read(buffer.len());
            (!bytes.is_empty() || client.is_closed()).then_some(bytes)
        });
        let bytes = came.ok_or(io::ErrorKind::TimedOut)?;
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

impl Write for Client {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let client = &self.client;
        let written = self.time.wait_for(|| {
            let length = client.write(bytes);
            (length > 0 || client.is_closed()).then_some(length)
        });
        match written {
            Some(0) if !bytes.is_empty() => Err(io::ErrorKind::BrokenPipe.into()),
            Some(length) => Ok(length),
            None => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.time.settle();
        Ok(())
    }
}
