//! Sessions of clients before 2026-07-28, over sockets: what they are told, what they are not, and whose they
//! are.
//!
//! Nothing here sleeps to be right. A call does what its test says when it says it ([`puppet`]), and whatever is
//! waited for has an upper bound.

#![allow(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod batches;
mod bounds;
mod calls;
mod client;
mod crowds;
mod handshake;
mod ids;
mod journal;
mod lasting;
mod listening;
mod modern;
mod older_transport;
mod principals;
mod puppet;
mod questions;
mod refused;
mod resumption;
mod served;
mod tokens;
