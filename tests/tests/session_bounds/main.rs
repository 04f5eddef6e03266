//! What sessions cost, and that nothing of them is left when they are over.
//!
//! Each test has a thread, a runtime and a server of its own, whose clock stands still until the test moves it.
//! Clients are futures and bodies that are polled, and dropped when they leave: that is all that a connection does
//! to a service. What is allocated is counted on the thread of the test ([`mcp_sim::Allocated`]), so that no test sees what
//! others do, and the counts are the same each time.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test says what is wrong")]

mod abandoned;
mod bounds;
mod client;
mod cut_sockets;
mod floods;
mod locks;
mod record;
mod served;
mod stores;
mod suspended;

#[global_allocator]
static ALLOCATOR: mcp_sim::Counting = mcp_sim::Counting;
