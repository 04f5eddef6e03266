//! tokio as a [`Runtime`].

use std::{
    future::Future,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use mcp_driver::{
    EntropyError, Runtime,
    proto::{Now, Tick, UnixSeconds},
};
use tokio::time::{Instant, Sleep};

/// The tokio runtime that it was made in, or any other that its tasks run on.
#[derive(Debug, Clone, Copy)]
pub struct TokioRuntime {
    epoch: Instant,
}

impl TokioRuntime {
    /// Time begins now.
    #[must_use]
    pub fn new() -> Self {
        Self { epoch: Instant::now() }
    }
}

impl Default for TokioRuntime {
    fn default() -> Self {
        Self::new()
    }
}

impl Runtime for TokioRuntime {
    type Sleep = Sleep;

    fn now(&self) -> Now {
        let elapsed = self.epoch.elapsed().as_micros();
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Now { tick: Tick(u64::try_from(elapsed).unwrap_or(u64::MAX)), unix: UnixSeconds(unix.as_secs()) }
    }

    fn sleep_until(&self, at: Tick) -> Sleep {
        let deadline = self.epoch.checked_add(Duration::from_micros(at.0));
        // The end of time is far enough away; tokio clamps what it cannot count.
        tokio::time::sleep_until(deadline.unwrap_or_else(|| self.epoch + FAR))
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(&self, task: F) {
        tokio::spawn(task);
    }

    fn entropy(&self) -> Result<[u8; 32], EntropyError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|_| EntropyError)?;
        Ok(bytes)
    }
}

/// About 30 years.
const FAR: Duration = Duration::from_secs(86_400 * 365 * 30);
