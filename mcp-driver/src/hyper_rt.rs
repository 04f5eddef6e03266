//! hyper's timer and executor, made of a [`Runtime`].

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use hyper::rt::{Executor, Sleep, Timer};
use pin_project_lite::pin_project;

use crate::runtime::Runtime;

/// Runs hyper's tasks and timers on `R`.
#[derive(Debug, Clone)]
pub(crate) struct HyperRuntime<R>(pub(crate) R);

impl<R: Runtime, F> Executor<F> for HyperRuntime<R>
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        self.0.spawn(task);
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
        let at = self.0.now().tick.after_micros(micros(duration));
        Box::pin(HyperSleep { sleep: self.0.sleep_until(at) })
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.sleep(deadline.saturating_duration_since(Instant::now()))
    }
}

/// Whole microseconds, up to the end of time.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
