//! How callers are recognised by a whole server, and what follows from it: through a service, and through
//! sockets where only these show it.
//!
//! Time is tokio's, which stands still but for what a test waits for.

#![allow(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod api_keys;
mod application;
mod audit;
mod caller_value;
mod dpop;
mod introspection;
mod issuers;
mod lists;
