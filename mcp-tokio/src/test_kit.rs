//! The test kit of handlers on tokio.

use mcp_driver::{ServerBuilder, ServerError, testing::TestKit};

use crate::runtime::TokioRuntime;

/// The server that `builder` would build, for callers whom a test names: see [`testing`](mcp_driver::testing).
///
/// Where tokio's time is paused (`#[tokio::test(start_paused = true)]`), a handler that sleeps takes no time.
///
/// # Errors
/// Those of [`ServerBuilder::build`].
pub fn test_kit(builder: ServerBuilder) -> Result<TestKit<TokioRuntime>, ServerError> {
    TestKit::new(builder, TokioRuntime::new())
}
