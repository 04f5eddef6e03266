//! Sessions against a reference model: the reference and what it is made of.

#![allow(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]
#![allow(unused, reason = "nothing is compared with it yet")]

mod command;
mod reader;
mod reference;
