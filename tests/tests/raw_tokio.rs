//! Raw sockets against the tokio driver.

#![allow(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod raw;

/// What waits until a cooldown is over: on this driver the clock can be moved.
#[path = "raw/keys.rs"]
mod keys;

use mcp_tests::driver::Driver;

/// What the servers of these tests run on.
const DRIVER: Driver = Driver::Tokio;
