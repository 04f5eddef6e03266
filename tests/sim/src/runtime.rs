//! The runtime as a server sees it.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use mcp_driver::{
    EntropyError, Runtime,
    proto::{Now, Tick, UnixSeconds},
};

use crate::{
    draw::Draw,
    timers::{Key, Timers},
};

/// What the wall clock says when an executor begins: 2026-01-01T00:00:00Z.
pub const UNIX_START: UnixSeconds = UnixSeconds(1_767_225_600);

/// A future that an executor owns.
pub(crate) type Spawned = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A runtime on virtual time. Its tasks run on the [`Executor`](crate::Executor) that it is of.
#[derive(Clone)]
pub struct SimRuntime(Arc<Mutex<State>>);

struct State {
    tick: Tick,
    /// What the wall clock says, less the time that has passed: it can be set.
    unix_start: UnixSeconds,
    timers: Timers,
    spawned: Vec<Spawned>,
    entropy: Draw,
    has_entropy: bool,
}

const MICROS: u64 = 1_000_000;

impl SimRuntime {
    pub(crate) fn new(entropy: Draw) -> Self {
        Self(Arc::new(Mutex::new(State {
            tick: Tick(0),
            unix_start: UNIX_START,
            timers: Timers::default(),
            spawned: Vec::new(),
            entropy,
            has_entropy: true,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the wall clock forward or back. Virtual time goes on as before.
    pub fn jump_wall_clock(&self, seconds: i64) {
        let mut state = self.state();
        state.unix_start = UnixSeconds(state.unix_start.0.saturating_add_signed(seconds));
    }

    /// Whether there are random bytes to be had from now on.
    pub fn set_entropy(&self, has_entropy: bool) {
        self.state().has_entropy = has_entropy;
    }

    /// Timers that somebody waits at.
    #[must_use]
    pub fn timers(&self) -> usize {
        self.state().timers.len()
    }

    pub(crate) fn first_timer(&self) -> Option<Tick> {
        self.state().timers.first()
    }

    /// It is `tick` now; whoever waited for that is woken.
    pub(crate) fn advance_to(&self, tick: Tick) {
        let mut state = self.state();
        state.tick = state.tick.max(tick);
        let now = state.tick;
        let due = state.timers.due(now);
        drop(state);
        due.into_iter().for_each(std::task::Waker::wake);
    }

    pub(crate) fn take_spawned(&self) -> Vec<Spawned> {
        std::mem::take(&mut self.state().spawned)
    }
}

impl Runtime for SimRuntime {
    type Sleep = Sleep;

    fn now(&self) -> Now {
        let state = self.state();
        let passed = state.tick.0 / MICROS;
        Now { tick: state.tick, unix: UnixSeconds(state.unix_start.0.saturating_add(passed)) }
    }

    fn sleep_until(&self, at: Tick) -> Sleep {
        Sleep { runtime: self.clone(), at, key: None }
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(&self, task: F) {
        let task = Box::pin(task);
        self.state().spawned.push(task);
    }

    fn entropy(&self) -> Result<[u8; 32], EntropyError> {
        let mut state = self.state();
        if !state.has_entropy {
            return Err(EntropyError);
        }
        let mut bytes = [0; 32];
        for eight in bytes.chunks_mut(8) {
            eight.copy_from_slice(&state.entropy.next().to_be_bytes());
        }
        Ok(bytes)
    }
}

/// Ready when its moment has come. Dropped before that, nothing is left of it.
pub struct Sleep {
    runtime: SimRuntime,
    at: Tick,
    key: Option<Key>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let runtime = self.runtime.clone();
        let mut state = runtime.state();
        if state.tick >= self.at {
            return Poll::Ready(());
        }
        let (key, earlier) = state.timers.wait(self.at, self.key, cx.waker());
        drop(state);
        // Dropping a waker may run foreign code, so it happens without the lock.
        drop(earlier);
        self.key = Some(key);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let waiting = self.runtime.state().timers.forget(key);
            drop(waiting);
        }
    }
}
