//! The tools, in the order they are listed.

mod content;
mod diagnostic;
mod json_schema;

use mcp_tokio::{Catalog, schema::SchemaError};

/// The header scenario calls whichever tool is listed first, without arguments, and wants a plain
/// result: so the simple text comes first.
pub(crate) fn add_to(catalog: Catalog) -> Result<Catalog, SchemaError> {
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
        .tool(diagnostic::mirrored_argument()))
}
