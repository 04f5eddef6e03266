//! The core and the driver without sockets, threads or real time: on a simulated runtime, over pipes in memory.

use std::{
    cell::RefCell,
    future::{Future, poll_fn, ready},
    io::{self, Read, Write},
    pin::pin,
    rc::Rc,
    sync::{Arc, mpsc::Receiver},
    task::Poll,
    time::Duration,
};

use mcp_driver::{
    Fetch, Fetching, Outgoing, Runtime, Server, Service, UnixSeconds,
    proto::{Tick, jws::keyset::FetchFailure},
};
use mcp_sim::{ClientEnd, Executor, SimRuntime, pipe};
use mcp_tests::scenario::{Connection, PATIENCE, Scenario, Sighting, Stage};
use tokio::sync::watch;

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

    fn stage(&self, server: Server) -> Box<dyn Stage> {
        let mut executor = Executor::new(self.seed);
        let service = Service::start(server, executor.runtime(), Some(Arc::new(Nowhere))).expect("a service");
        let signals = Signals { stop: watch::Sender::new(false), open: watch::Sender::new(0) };
        let stopping = drained(service.clone(), executor.runtime(), signals.clone());
        let listener = executor.start(stopping);
        let time = Time(Rc::new(RefCell::new(executor)));
        Box::new(Simulated { time, service, signals, listener })
    }
}

/// Reaches nobody.
struct Nowhere;

impl Fetch for Nowhere {
    fn fetch(&self, _: Outgoing) -> Fetching {
        Box::pin(ready(Err(FetchFailure::Unreachable)))
    }
}

/// Bytes that are under way in each direction of a connection: about what sockets keep.
const CAPACITY_BYTES: usize = 256 << 10;

/// What the parts of a listener tell one another.
#[derive(Clone)]
struct Signals {
    /// Nothing new is begun.
    stop: watch::Sender<bool>,
    /// Open connections; those that are left behind the drain deadline are dropped.
    open: watch::Sender<usize>,
}

struct Simulated {
    time: Time,
    service: Service<SimRuntime>,
    signals: Signals,
    listener: mcp_sim::Task,
}

/// Drains a server once it is told to stop, as a listener has to.
async fn drained(service: Service<SimRuntime>, runtime: SimRuntime, signals: Signals) {
    let mut stop = signals.stop.subscribe();
    let _ = stop.wait_for(|stop| *stop).await;
    service.server().sessions().release_streams();
    let drain = service.server().connection_timeouts().drain;
    let mut open = signals.open.subscribe();
    let mut closed = pin!(open.wait_for(|open| *open == 0));
    let mut deadline = pin!(runtime.sleep_until(after(&runtime, drain)));
    poll_fn(
        |cx| {
            if closed.as_mut().poll(cx).is_ready() { Poll::Ready(()) } else { deadline.as_mut().poll(cx) }
        },
    )
    .await;
    signals.open.send_replace(DROPPED);
    service.server().sessions().cancel_calls();
}

/// In the place of a number of connections: all have to go.
const DROPPED: usize = usize::MAX;

/// A connection until it ends or has to go.
async fn connection(served: impl Future<Output = ()>, signals: Signals) {
    let mut open = signals.open.subscribe();
    let mut served = pin!(served);
    let mut dropped = pin!(open.wait_for(|open| *open == DROPPED));
    let is_dropped = poll_fn(|cx| match served.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(false),
        Poll::Pending => dropped.as_mut().poll(cx).map(|_| true),
    })
    .await;
    if !is_dropped {
        signals.open.send_modify(|open| *open -= 1);
    }
}

fn after(runtime: &SimRuntime, time: Duration) -> Tick {
    let micros = u64::try_from(time.as_micros()).expect("a time that somebody waits for");
    Tick(runtime.now().tick.0.checked_add(micros).expect("a moment"))
}

impl Stage for Simulated {
    fn connect(&mut self) -> io::Result<Box<dyn Connection>> {
        if *self.signals.stop.borrow() {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let (server_end, client) = pipe(CAPACITY_BYTES);
        self.signals.open.send_modify(|open| *open += 1);
        let (service, signals) = (self.service.clone(), self.signals.clone());
        let mut stop = self.signals.stop.subscribe();
        self.time.0.borrow_mut().start(async move {
            let stop = async move { drop(stop.wait_for(|stop| *stop).await) };
            connection(service.serve_connection(server_end, stop), signals).await;
        });
        Ok(Box::new(Client { time: self.time.clone(), client }))
    }

    fn sighting(&mut self, sightings: &Receiver<Sighting>) -> Option<Sighting> {
        self.time.wait_for(|| sightings.try_recv().ok())
    }

    fn now(&self) -> UnixSeconds {
        self.time.0.borrow().runtime().now().unix
    }

    fn stop(&mut self) -> Result<(), String> {
        self.signals.stop.send_replace(true);
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
        let until = after(&executor.runtime(), time);
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
        let deadline = after(&self.0.borrow().runtime(), PATIENCE);
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

/// The client's end of a pipe, as something that can be read and written. Reading and writing lets time pass.
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
