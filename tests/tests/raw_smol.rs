//! Raw sockets against the smol driver.

#![allow(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod raw;

use mcp_tests::driver::Driver;

/// What the servers of these tests run on.
const DRIVER: Driver = Driver::Smol;
