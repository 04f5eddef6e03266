//! Servers on tokio, and their issuers.

#![allow(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod issuers;

#[path = "issuers/minutes.rs"]
mod minutes;

use std::time::Duration;

use mcp_tests::driver::Driver;

/// What the servers of these tests run on.
const DRIVER: Driver = Driver::Tokio;

/// Moves the clock of this test on.
async fn later(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}
