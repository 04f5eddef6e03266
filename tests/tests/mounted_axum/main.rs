//! The server inside an axum application: in every place that a router has, under a timeout, and on
//! connections that belong to axum.
//!
//! Only `connections` has sockets. Elsewhere time is tokio's, which stands still but for what a test waits for.

#![allow(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod application;
mod connections;
mod places;
mod refusals;
mod streams;
mod witness;
