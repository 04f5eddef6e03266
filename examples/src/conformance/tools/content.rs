//! Tools that return each kind of content, an error, and log messages and progress on the way.

use std::time::Duration;

use mcp_driver::{Content, Context, Interrupt, LogLevel, NoArguments, ResourceContents, Tool};

use crate::conformance::media;

pub(super) fn simple_text() -> Tool {
    Tool::new("test_simple_text")
        .description("Returns a text")
        .typed(async |_: NoArguments| "This is a simple text response for testing.")
}

pub(super) fn image() -> Tool {
    Tool::new("test_image_content")
        .description("Returns a PNG image")
        .typed(async |_: NoArguments| media::picture())
}

pub(super) fn audio() -> Tool {
    Tool::new("test_audio_content")
        .description("Returns a WAV sound")
        .typed(async |_: NoArguments| media::sound())
}

pub(super) fn embedded_resource() -> Tool {
    Tool::new("test_embedded_resource").description("Returns a resource within its content").typed(
        async |_: NoArguments| {
            let text = "This is an embedded resource content.";
            Content::resource(
                ResourceContents::text("test://embedded-resource", text).mime_type("text/plain"),
            )
        },
    )
}

pub(super) fn multiple_types() -> Tool {
    Tool::new("test_multiple_content_types").description("Returns a text, an image and a resource").typed(
        async |_: NoArguments| {
            let json = r#"{"test":"data","value":123}"#;
            vec![
                Content::text("Multiple content types test:"),
                media::picture(),
                Content::resource(
                    ResourceContents::text("test://mixed-content-resource", json)
                        .mime_type("application/json"),
                ),
            ]
        },
    )
}

pub(super) fn error() -> Tool {
    Tool::new("test_error_handling").description("Always fails").typed(async |_: NoArguments| {
        Err::<(), _>(Interrupt::tool("This tool intentionally returns an error for testing"))
    })
}

/// Between two messages about progress.
const STEP: Duration = Duration::from_millis(50);

pub(super) fn logging() -> Tool {
    Tool::new("test_tool_with_logging").description("Logs what it does, three times").typed(
        async |_: NoArguments, cx: Context| {
            cx.log(LogLevel::Info, "Tool execution started").await;
            for what in ["Tool processing data", "Tool execution completed"] {
                cx.sleep(STEP).await;
                cx.log(LogLevel::Info, what).await;
            }
            "Done"
        },
    )
}

pub(super) fn progress() -> Tool {
    Tool::new("test_tool_with_progress").description("Tells how far it has come, three times").typed(
        async |_: NoArguments, cx: Context| {
            cx.progress(0.0, Some(100.0)).await;
            for done in [50.0, 100.0] {
                cx.sleep(STEP).await;
                cx.progress(done, Some(100.0)).await;
            }
            "Done"
        },
    )
}
