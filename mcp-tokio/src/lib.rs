//! An MCP HTTP server with OAuth, on tokio.
//!
//! See the README for a first program, and [`Server::builder`] for everything that can be set.

mod fetch;
mod listener;
mod mount;
mod runtime;
mod test_kit;
#[cfg(feature = "https")]
mod tls;

pub use mcp_driver::*;

pub use self::{
    listener::{Listener, bind, listen, serve},
    mount::mount,
    runtime::TokioRuntime,
    test_kit::test_kit,
};

/// The programs of the guide to sessions compile.
#[cfg(doctest)]
#[doc = include_str!("../../docs/sessions.md")]
struct GuideToSessions;

/// That of the guide to TLS too.
#[cfg(all(doctest, feature = "https"))]
#[doc = include_str!("../../docs/tls.md")]
struct GuideToTls;
