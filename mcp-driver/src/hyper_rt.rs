//! hyper's timer and executor, made of a [`Runtime`].

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use hyper::rt::{Executor, Sleep, Timer};
use mcp_proto::Tick;
use pin_project_lite::pin_project;

use crate::runtime::Runtime;

/// Runs hyper's tasks and timers on `R`.
#[derive(Debug, Clone)]
pub(crate) struct HyperRuntime<R> {
    runtime: R,
    /// Where hyper's clock begins, and when that was on the runtime's: what translates one into the other.
    epoch: (Instant, Tick),
}

impl<R: Runtime> HyperRuntime<R> {
    pub(crate) fn new(runtime: R) -> Self {
        let epoch = (Instant::now(), runtime.now().tick);
        Self { runtime, epoch }
    }
}

impl<R: Runtime, F> Executor<F> for HyperRuntime<R>
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        self.runtime.spawn(task);
    }
}

pin_project! {
    struct HyperSleep<S> {
        #[pin]
        sleep: S,
    }
}

impl<S: Future<Output = ()>> Future for HyperSleep<S> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().sleep.poll(cx)
    }
}

impl<S: Future<Output = ()> + Send + Sync> Sleep for HyperSleep<S> {}

impl<R: Runtime> Timer for HyperRuntime<R> {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        let at = self.runtime.now().tick.after_micros(micros(duration));
        Box::pin(HyperSleep { sleep: self.runtime.sleep_until(at) })
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        let (instant, tick) = self.epoch;
        let at = tick.after_micros(micros(deadline.saturating_duration_since(instant)));
        Box::pin(HyperSleep { sleep: self.runtime.sleep_until(at) })
    }

    /// On the runtime's clock, so that a deadline that hyper computes is on the same one as the timer that waits
    /// for it.
    fn now(&self) -> Instant {
        let (instant, tick) = self.epoch;
        let passed = Duration::from_micros(self.runtime.now().tick.0.saturating_sub(tick.0));
        instant.checked_add(passed).unwrap_or(instant)
    }
}

/// Whole microseconds, up to the end of time.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
