//! A runtime whose two clocks are one: the one of tokio, which a test can stop and move.

use std::future::Future;

use mcp_tokio::{
    EntropyError, Runtime,
    proto::{Now, Tick, UnixSeconds},
};
use tokio::time::{Duration, Instant, Sleep, sleep_until};

/// What the clock of the wall shows when a [`Clock`] is made.
pub const START: UnixSeconds = UnixSeconds(1_800_000_000);

/// Tasks and timers of tokio. Nothing here is random.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    epoch: Instant,
}

impl Clock {
    /// A clock that shows [`START`].
    #[must_use]
    pub fn new() -> Self {
        Self { epoch: Instant::now() }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl Runtime for Clock {
    type Sleep = Sleep;

    fn now(&self) -> Now {
        let elapsed = self.epoch.elapsed();
        let tick = Tick(u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX));
        Now { tick, unix: UnixSeconds(START.0.saturating_add(elapsed.as_secs())) }
    }

    fn sleep_until(&self, at: Tick) -> Sleep {
        let deadline = self.epoch.checked_add(Duration::from_micros(at.0));
        // Whatever is later than the end of tokio's time is as good as an hour hence.
        sleep_until(deadline.unwrap_or_else(|| self.epoch + Duration::from_secs(3_600)))
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(&self, task: F) {
        tokio::spawn(task);
    }

    fn entropy(&self) -> Result<[u8; 32], EntropyError> {
        Ok([7; 32])
    }
}
