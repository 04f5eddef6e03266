//! The example of the tokio driver that tells callers who they are.

#![allow(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod whoami;

/// The package of the example, and its name.
const EXAMPLE: (&str, &str) = ("mcp-tokio", "whoami");
