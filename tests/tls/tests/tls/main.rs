//! Connections with TLS, on both drivers: what is agreed on, who is refused, and what a client certificate is worth.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod authority;
mod bound;
mod client;
mod clients;
mod files;
mod handshakes;
mod served;
mod stalled;
