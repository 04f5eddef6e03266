//! Tools that put the stream of their call to the test.

use std::time::Duration;

use mcp_driver::{Context, NoArguments, Tool};
use schemars::JsonSchema;
use serde::Deserialize;

/// How long the client is asked to stay away, and how long what it comes back for takes.
const ABSENCE: Duration = Duration::from_millis(300);
const WORK: Duration = Duration::from_millis(100);

pub(super) fn reconnection() -> Tool {
    Tool::new("test_reconnection")
        .description("Hangs up in the middle of the call; clients come back for the result")
        .typed(async |_: NoArguments, cx: Context| {
            cx.close_stream(ABSENCE).await;
            cx.sleep(WORK).await;
            "Reconnected"
        })
}

#[derive(Deserialize, JsonSchema)]
struct Slow {
    /// For how long, in seconds, at most a minute
    seconds: u64,
}

/// Between two messages.
const TICK: Duration = Duration::from_millis(100);

pub(super) fn slow() -> Tool {
    Tool::new("test_slow").description("Takes its time and tells how far it has come").typed(
        async |slow: Slow, cx: Context| {
            let ticks = slow.seconds.min(60) * 10;
            for tick in 1..=ticks {
                cx.progress(tick as f64, Some(ticks as f64)).await;
                cx.sleep(TICK).await;
            }
            "done"
        },
    )
}
