//! smol as a [`Runtime`].

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use mcp_driver::{
    EntropyError, Runtime,
    proto::{Now, Tick, UnixSeconds},
};
use smol::{Executor, Timer};

/// Tasks on smol's global executor or on one of your own, timers of `async-io`.
#[derive(Clone)]
pub struct SmolRuntime {
    epoch: Instant,
    executor: Option<Arc<Executor<'static>>>,
}

impl SmolRuntime {
    /// Tasks run on smol's global executor. Time begins now.
    #[must_use]
    pub fn new() -> Self {
        Self { epoch: Instant::now(), executor: None }
    }

    /// Tasks run on this executor, on as many threads as run it, and while one does. Time begins now.
    ///
    /// ```no_run
    /// # use std::{sync::Arc, thread};
    /// # use mcp_smol::{Auth, Server, SmolRuntime};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = Server::builder("greeter", "1.0.0", Auth::none()).build()?;
    /// let executor = Arc::new(smol::Executor::new());
    /// for _ in 0..3 {
    ///     let executor = Arc::clone(&executor);
    ///     thread::spawn(move || smol::block_on(executor.run(std::future::pending::<()>())));
    /// }
    /// let runtime = SmolRuntime::on(Arc::clone(&executor));
    /// smol::block_on(executor.run(runtime.serve(server, "127.0.0.1:3000")))?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn on(executor: Arc<Executor<'static>>) -> Self {
        Self { epoch: Instant::now(), executor: Some(executor) }
    }
}

impl Default for SmolRuntime {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SmolRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.executor.is_some() { "SmolRuntime(own executor)" } else { "SmolRuntime" })
    }
}

impl Runtime for SmolRuntime {
    type Sleep = SmolSleep;

    fn now(&self) -> Now {
        let elapsed = self.epoch.elapsed().as_micros();
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Now { tick: Tick(u64::try_from(elapsed).unwrap_or(u64::MAX)), unix: UnixSeconds(unix.as_secs()) }
    }

    fn sleep_until(&self, at: Tick) -> SmolSleep {
        // A moment that cannot be counted does not come.
        SmolSleep(self.epoch.checked_add(Duration::from_micros(at.0)).map_or_else(Timer::never, Timer::at))
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(&self, task: F) {
        match &self.executor {
            Some(executor) => executor.spawn(task).detach(),
            None => smol::spawn(task).detach(),
        }
    }

    fn entropy(&self) -> Result<[u8; 32], EntropyError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|_| EntropyError)?;
        Ok(bytes)
    }
}

/// The timer of [`SmolRuntime`].
#[derive(Debug)]
pub struct SmolSleep(Timer);

impl Future for SmolSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx).map(drop)
    }
}
