//! Runs tasks one at a time, in an order that is drawn from a seed.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use mcp_driver::{Runtime, proto::Tick};

use crate::{
    draw::Draw,
    runtime::{SimRuntime, Spawned},
};

/// Owns the tasks of a [`SimRuntime`] and runs them. Dropping it drops them.
///
/// Whichever tasks are ready, and in whatever order they became so, the next one is drawn from the seed.
pub struct Executor {
    runtime: SimRuntime,
    order: Draw,
    tasks: BTreeMap<u64, Running>,
    ready: Arc<Ready>,
    next: u64,
}

/// Names a task of one executor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Task(u64);

struct Running {
    future: Spawned,
    waker: Waker,
}

/// The tasks that are ready: a set, so that the order of waking is none of running.
#[derive(Default)]
struct Ready {
    tasks: Mutex<BTreeSet<u64>>,
    /// Wakers that somebody holds, those of a task being one.
    wakers: AtomicUsize,
}

impl Ready {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<u64>> {
        // Nothing that can panic runs under this lock.
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct TaskWaker {
    task: u64,
    ready: Arc<Ready>,
}

impl TaskWaker {
    fn of(task: u64, ready: &Arc<Ready>) -> Waker {
        ready.wakers.fetch_add(1, Ordering::Relaxed);
        Waker::from(Arc::new(Self { task, ready: Arc::clone(ready) }))
    }
}

impl Drop for TaskWaker {
    fn drop(&mut self) {
        self.ready.wakers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ready.lock().insert(self.task);
    }
}

/// Polls without time passing after which something keeps waking itself.
const POLLS_MAX: usize = 1_000_000;

impl Executor {
    /// An executor for this seed, at the beginning of time.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut draw = Draw::new(seed);
        let runtime = SimRuntime::new(draw.fork());
        Self { runtime, order: draw, tasks: BTreeMap::new(), ready: Arc::default(), next: 0 }
    }

    /// The runtime whose tasks run here.
    #[must_use]
    pub fn runtime(&self) -> SimRuntime {
        self.runtime.clone()
    }

    /// What virtual time it is.
    #[must_use]
    pub fn tick(&self) -> Tick {
        self.runtime.now().tick
    }

    /// Starts a task that can be asked after. [`Runtime::spawn`] starts others.
    pub fn start(&mut self, future: impl Future<Output = ()> + Send + 'static) -> Task {
        self.admit();
        Task(self.add(Box::pin(future)))
    }

    fn add(&mut self, future: Spawned) -> u64 {
        let task = self.next;
        self.next = task.wrapping_add(1);
        let waker = TaskWaker::of(task, &self.ready);
        self.tasks.insert(task, Running { future, waker });
        self.ready.lock().insert(task);
        task
    }

    /// Takes over what the tasks have spawned.
    fn admit(&mut self) {
        for spawned in self.runtime.take_spawned() {
            self.add(spawned);
        }
    }

    /// Whether a task has ended.
    #[must_use]
    pub fn is_over(&self, task: Task) -> bool {
        !self.tasks.contains_key(&task.0)
    }

    /// Drops a task, wherever it is.
    pub fn abort(&mut self, task: Task) {
        let dropped = self.tasks.remove(&task.0);
        drop(dropped);
        self.admit();
    }

    /// Tasks that have not ended.
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.tasks.len()
    }

    /// Tasks whose wakers somebody holds. All those that have not ended are among them: if there are more, the waker
    /// of one that has ended is kept.
    #[must_use]
    pub fn wakers(&self) -> usize {
        self.ready.wakers.load(Ordering::Relaxed)
    }

    /// Polls one of the tasks that are ready; `false` if none is.
    pub fn step(&mut self) -> bool {
        self.admit();
        let mut ready = self.ready.lock();
        let place = match ready.len() {
            0 => return false,
            count => self.order.below(count),
        };
        let Some(task) = ready.iter().nth(place).copied() else { return false };
        ready.remove(&task);
        drop(ready);
        // One that has ended may still be woken.
        let Some(mut running) = self.tasks.remove(&task) else { return true };
        let waker = running.waker.clone();
        if running.future.as_mut().poll(&mut Context::from_waker(&waker)) == Poll::Pending {
            self.tasks.insert(task, running);
        }
        self.admit();
        true
    }

    /// Polls until no task is ready. No time passes.
    ///
    /// # Panics
    /// When that does not come to an end.
    pub fn run_until_idle(&mut self) {
        for _ in 0..POLLS_MAX {
            if !self.step() {
                return;
            }
        }
        unreachable!("tasks wake themselves without end");
    }

    /// The next moment at which something happens if nothing does before.
    #[must_use]
    pub fn next_timer(&self) -> Option<Tick> {
        self.runtime.first_timer()
    }

    /// Lets time pass until `tick`, stopping at each timer on the way to run what it wakes.
    pub fn run_until(&mut self, tick: Tick) {
        self.run_until_idle();
        while let Some(next) = self.next_timer().filter(|next| *next <= tick) {
            self.runtime.advance_to(next);
            self.run_until_idle();
        }
        self.runtime.advance_to(tick);
        self.run_until_idle();
    }

    /// Sets the time to `tick`, or leaves it if that is in the past. Whoever waited for that becomes ready, and
    /// is not run yet.
    pub fn advance_to(&mut self, tick: Tick) {
        self.runtime.advance_to(tick);
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        // A task may spawn another when it is dropped.
        while !self.tasks.is_empty() {
            drop(std::mem::take(&mut self.tasks));
            self.admit();
        }
        self.ready.lock().clear();
    }
}

#[cfg(test)]
mod tests;
