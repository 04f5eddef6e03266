//! The tools, in the order they are listed.

mod asking;
mod changes;
mod content;
mod diagnostic;
mod json_schema;
mod streams;

use mcp_driver::{Catalog, NoArguments, Tool, schema::SchemaError};

use crate::conformance::world::World;

/// The header scenario calls whichever tool is listed first, without arguments, and wants a plain
/// result: so the simple text comes first.
pub(crate) fn add_to(catalog: Catalog, world: &World) -> Result<Catalog, SchemaError> {
    Ok(catalog
        .tool(content::simple_text())
        .tool(content::image())
        .tool(content::audio())
        .tool(content::embedded_resource())
        .tool(content::multiple_types())
        .tool(content::error())
        .tool(content::logging())
        .tool(content::progress())
        .tool(json_schema::tool()?)
        .tool(diagnostic::missing_capability())
        .tool(diagnostic::streaming_elicitation())
        .tool(diagnostic::logging())
        .tool(diagnostic::mirrored_argument())
        .tool(asking::sampling())
        .tool(asking::elicitation())
        .tool(asking::defaults())
        .tool(asking::choices())
        .tool(asking::roots())
        .tool(streams::reconnection())
        .tool(streams::slow())
        .tool(changes::tools(world))
        .tool(changes::prompts(world))
        .tool(changes::resource(world)))
}

/// A tool that is not always there.
pub(crate) fn newcomer(name: &str) -> Tool {
    Tool::new(name).description("Was added while the server ran").typed(async |_: NoArguments| "Here I am")
}
