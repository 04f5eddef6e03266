//! Tools that show what the server asks of a client, and what it sends to one unasked.

use mcp_driver::{Context, Interrupt, LogLevel, NoArguments, Tool};
use schemars::JsonSchema;
use serde::Deserialize;

pub(super) fn missing_capability() -> Tool {
    Tool::new("test_missing_capability").description("Needs a client that offers sampling").typed(
        async |_: NoArguments, cx: Context| {
            cx.require_client(&["sampling"])?;
            Ok::<_, Interrupt>("The client offers sampling")
        },
    )
}

pub(super) fn streaming_elicitation() -> Tool {
    Tool::new("test_streaming_elicitation")
        .description("Reports progress to a client that offers elicitation, and asks it nothing")
        .typed(async |_: NoArguments, cx: Context| {
            cx.require_client(&["elicitation"])?;
            cx.progress(1.0, Some(1.0)).await;
            Ok::<_, Interrupt>("Nothing was asked")
        })
}

pub(super) fn logging() -> Tool {
    Tool::new("test_logging_tool").description("Logs, for clients that ask for log messages").typed(
        async |_: NoArguments, cx: Context| {
            cx.log(LogLevel::Info, "The logging tool runs").await;
            "Logged"
        },
    )
}

#[derive(Deserialize, JsonSchema)]
struct Mirrored {
    /// Where to run
    #[serde(default)]
    #[schemars(extend("x-mcp-header" = "Region"))]
    region: String,
}

pub(super) fn mirrored_argument() -> Tool {
    Tool::new("test_x_mcp_header")
        .description("Takes an argument that clients also send as the header Mcp-Param-Region")
        .typed(async |arguments: Mirrored| format!("The region is {:?}", arguments.region))
}
