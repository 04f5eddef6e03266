//! What a runtime has to offer: four methods.

use std::{fmt, future::Future};

use mcp_proto::{Now, Tick};

/// An async runtime. `mcp-tokio` implements it in a few lines; so can any other.
pub trait Runtime: Clone + Send + Sync + Unpin + 'static {
    /// A timer. hyper demands `Sync` of it.
    type Sleep: Future<Output = ()> + Send + Sync + 'static;

    /// Both clocks, read at the same moment.
    fn now(&self) -> Now;

    /// A future that is ready at `at`.
    fn sleep_until(&self, at: Tick) -> Self::Sleep;

    /// Runs a future to its end beside the caller.
    fn spawn<F: Future<Output = ()> + Send + 'static>(&self, task: F);

    /// Random bytes that nobody can guess.
    ///
    /// # Errors
    /// When the operating system has none.
    fn entropy(&self) -> Result<[u8; 32], EntropyError>;
}

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntropyError;

impl fmt::Display for EntropyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no random bytes could be had")
    }
}

impl std::error::Error for EntropyError {}
