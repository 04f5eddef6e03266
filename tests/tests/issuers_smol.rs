//! Servers on smol, and their issuers.

#![allow(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod issuers;

use std::time::Duration;

use mcp_tests::driver::Driver;

/// What the servers of these tests run on.
const DRIVER: Driver = Driver::Smol;

/// Time passes here as it does.
async fn later(time: Duration) {
    tokio::time::sleep(time).await;
}
