//! hyper's timer and executor, made of a [`Runtime`].

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use hyper::rt::{Executor, Sleep, Timer};
use mcp_proto::Tick;

use crate::runtime::Runtime;

/// Runs hyper's tasks and timers on `R`, for one connection.
pub(crate) struct HyperRuntime<R: Runtime>(Arc<Shared<R>>);

struct Shared<R: Runtime> {
    runtime: R,
    /// Where hyper's clock begins, and when that was on the runtime's: what translates one into the other.
    epoch: (Instant, Tick),
    /// A timer that was set and that nobody waits for any more. hyper makes one for each head that it waits for, always
    /// for later than the last; to set the runtime's anew each time would cost some runtimes several system calls.
    spare: Mutex<Option<Alarm<R>>>,
}

/// A timer of the runtime, and when it goes off.
struct Alarm<R: Runtime> {
    at: Tick,
    sleep: Pin<Box<R::Sleep>>,
}

impl<R: Runtime> HyperRuntime<R> {
    pub(crate) fn new(runtime: R) -> Self {
        let epoch = (Instant::now(), runtime.now().tick);
        Self(Arc::new(Shared { runtime, epoch, spare: Mutex::new(None) }))
    }

    fn sleep_until_tick(&self, until: Tick) -> Pin<Box<dyn Sleep>> {
        Box::pin(HyperSleep { until, alarm: None, shared: Arc::clone(&self.0) })
    }
}

impl<R: Runtime> Clone for HyperRuntime<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R: Runtime> Shared<R> {
    fn spare(&self) -> MutexGuard<'_, Option<Alarm<R>>> {
        // Nothing that can panic runs under this lock.
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A timer that goes off then, or before.
    fn alarm(&self, until: Tick) -> Alarm<R> {
        let spare = self.spare().take();
        spare
            .filter(|alarm| alarm.at <= until)
            .unwrap_or_else(|| Alarm { at: until, sleep: Box::pin(self.runtime.sleep_until(until)) })
    }
}

impl<R: Runtime, F> Executor<F> for HyperRuntime<R>
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        self.0.runtime.spawn(task);
    }
}

struct HyperSleep<R: Runtime> {
    until: Tick,
    /// Set when it is first waited for. It may go off too early, and is set anew then.
    alarm: Option<Alarm<R>>,
    shared: Arc<Shared<R>>,
}

impl<R: Runtime> Future for HyperSleep<R> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        loop {
            let alarm = this.alarm.get_or_insert_with(|| this.shared.alarm(this.until));
            ready!(alarm.sleep.as_mut().poll(cx));
            let is_over = alarm.at >= this.until;
            this.alarm = None;
            if is_over {
                return Poll::Ready(());
            }
        }
    }
}

impl<R: Runtime> Drop for HyperSleep<R> {
    fn drop(&mut self) {
        if let Some(alarm) = self.alarm.take() {
            let replaced = self.shared.spare().replace(alarm);
            // Outside of the lock: the runtime takes it back.
            drop(replaced);
        }
    }
}

impl<R: Runtime> Sleep for HyperSleep<R> {}

impl<R: Runtime> Timer for HyperRuntime<R> {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until_tick(self.0.runtime.now().tick.after_micros(micros(duration)))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        let (instant, tick) = self.0.epoch;
        self.sleep_until_tick(tick.after_micros(micros(deadline.saturating_duration_since(instant))))
    }

    /// On the runtime's clock, so that a deadline that hyper computes is on the same one as the timer that waits
    /// for it.
    fn now(&self) -> Instant {
        let (instant, tick) = self.0.epoch;
        let passed = Duration::from_micros(self.0.runtime.now().tick.0.saturating_sub(tick.0));
        instant.checked_add(passed).unwrap_or(instant)
    }
}

/// Whole microseconds, up to the end of time.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use mcp_proto::{Now, UnixSeconds};

    use super::*;
    use crate::keys::testing::ManualRuntime;

    #[test]
    fn a_timer_that_takes_over_an_earlier_one_goes_off_at_its_own_time() {
        for (first, second) in [(10, 15), (20, 5), (7, 7)] {
            let runtime = ManualRuntime::at(Now { tick: Tick(0), unix: UnixSeconds(1_000) });
            let hyper = HyperRuntime::new(runtime.clone());
            let mut before = runtime.begin(hyper.sleep(Duration::from_secs(first)));
            assert!(before.result().is_none());
            drop(before);
            let mut after = runtime.begin(hyper.sleep(Duration::from_secs(second)));
            assert!(after.result().is_none());
            runtime.pass_seconds(second - 1);
            assert!(after.result().is_none(), "{second} after {first}");
            runtime.pass_seconds(1);
            assert!(after.result().is_some(), "{second} after {first}");
        }
    }

    #[test]
    fn one_that_was_set_is_not_set_anew() {
        let runtime = ManualRuntime::at(Now { tick: Tick(0), unix: UnixSeconds(1_000) });
        let hyper = HyperRuntime::new(runtime.clone());
        for second in 0..5 {
            let mut sleep = runtime.begin(hyper.sleep(Duration::from_secs(10)));
            assert!(sleep.result().is_none());
            drop(sleep);
            assert_eq!(hyper.0.spare().as_ref().map(|alarm| alarm.at), Some(Tick(10_000_000)), "{second}");
            runtime.pass_seconds(1);
        }
    }
}
