//! What servers made with `FastMCP` or `mcp-proxy` answered, and what this one does: each row of
//! `docs/seed-compatibility.md` is a test of its name here, and each test here is a row there ([`document`]).
//!
//! Over sockets, with every byte of the requests written out. The first line of a test's documentation is the
//! row's verdict.

#![allow(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod access;
mod answer;
mod api_keys;
mod bodies;
mod challenges;
mod credentials;
mod cross_origin;
mod document;
mod matrix;
mod modern;
mod older_clients;
mod operation;
mod request;
mod served;
mod session;
mod stateful;
mod theft;
mod verbs;
