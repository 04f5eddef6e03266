//! What a driver crate adds to a service: connections, and stopping.

use std::{
    collections::BTreeMap,
    future::{Future, pending},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

use mcp_driver::{Server, Service, proto::Tick};
use mcp_sim::{ClientEnd, Executor, SimRuntime, Task, draw::Draw, pipe, pipe_in_pieces};

use crate::plan::Plan;

/// A server with its connections.
pub(crate) struct Listener {
    service: Service<SimRuntime>,
    pub(crate) server: Server,
    stop: Arc<Mutex<Stop>>,
    connections: Vec<Task>,
    /// How many there have been.
    connected: usize,
    state: State,
}

#[derive(Default)]
struct Stop {
    is_stopping: bool,
    /// By the numbers of connections.
    waiting: BTreeMap<usize, Waker>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// What is under way has until then.
    Draining(Tick),
    Stopped,
}

/// Ready when the server is told to stop.
struct Stopped {
    connection: usize,
    stop: Arc<Mutex<Stop>>,
}

impl Future for Stopped {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        if stop.is_stopping {
            return Poll::Ready(());
        }
        stop.waiting.insert(self.connection, cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let mut stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        let waker = stop.waiting.remove(&self.connection);
        if stop.waiting.is_empty() {
            stop.waiting = BTreeMap::new();
        }
        drop(stop);
        drop(waker);
    }
}

impl Listener {
    pub(crate) fn new(service: Service<SimRuntime>) -> Self {
        let server = service.server().clone();
        Self {
            service,
            server,
            stop: Arc::default(),
            connections: Vec::new(),
            connected: 0,
            state: State::Open,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// A connection, if the server takes any.
    pub(crate) fn connect(
        &mut self,
        executor: &mut Executor,
        plan: &Plan,
        draw: &mut Draw,
    ) -> Option<ClientEnd> {
        if !self.is_open() {
            return None;
        }
        let (server_end, client) = match plan.pieces {
            Some(bytes_max) => pipe_in_pieces(plan.capacity, bytes_max, draw.fork()),
            None => pipe(plan.capacity),
        };
        self.connected = self.connected.saturating_add(1);
        let (service, stop) =
            (self.service.clone(), Stopped { connection: self.connected, stop: Arc::clone(&self.stop) });
        let connection = async move { service.serve_connection(server_end, stop).await };
        self.connections.push(executor.start(connection));
        Some(client)
    }

    /// A connection of somebody who is no part of the world, also after the server has stopped.
    pub(crate) fn visit(&self, executor: &mut Executor, capacity: usize) -> ClientEnd {
        let (server_end, client) = pipe(capacity);
        let service = self.service.clone();
        executor.start(async move { service.serve_connection(server_end, pending()).await });
        client
    }

    /// Connections that are not over.
    pub(crate) fn connections(&mut self, executor: &Executor) -> usize {
        self.connections.retain(|connection| !executor.is_over(*connection));
        if self.connections.is_empty() {
            self.connections = Vec::new();
        }
        self.connections.len()
    }

    /// Begins to stop.
    pub(crate) fn stop(&mut self, executor: &Executor) {
        if !self.is_open() {
            return;
        }
        let mut stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        stop.is_stopping = true;
        let waiting = std::mem::take(&mut stop.waiting);
        drop(stop);
        waiting.into_values().for_each(Waker::wake);
        self.server.sessions().release_streams();
        let drain = u64::try_from(self.server.connection_timeouts().drain.as_micros()).unwrap_or(u64::MAX);
        self.state = State::Draining(executor.tick().after_micros(drain));
    }

    /// Goes on with stopping; when it has to be asked again at the latest.
    pub(crate) fn tend(&mut self, executor: &mut Executor) -> Option<Tick> {
        let State::Draining(until) = self.state else { return None };
        if self.connections(executor) > 0 && executor.tick() < until {
            return Some(until);
        }
        for connection in std::mem::take(&mut self.connections) {
            executor.abort(connection);
        }
        self.server.sessions().cancel_calls();
        self.state = State::Stopped;
        None
    }
}
