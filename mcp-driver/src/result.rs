//! What a tool's function may return.

use mcp_proto::{Content, ToolResult};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::{interrupt::Interrupt, schema};

/// Something that can be a tool's result.
pub trait IntoToolResult {
    /// JSON Schema of the structured result, if it has one.
    #[must_use]
    fn output_schema() -> Option<Value> {
        None
    }

    /// The result.
    ///
    /// # Errors
    /// When the tool ended without one.
    fn into_tool_result(self) -> Result<ToolResult, Interrupt>;
}

/// A structured result: sent as JSON, and as text for clients that read only text (TOOL-08).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: Serialize + JsonSchema> IntoToolResult for Json<T> {
    fn output_schema() -> Option<Value> {
        Some(schema::of::<T>())
    }

    fn into_tool_result(self) -> Result<ToolResult, Interrupt> {
        Ok(ToolResult::structured(&self.0)?)
    }
}

impl IntoToolResult for ToolResult {
    fn into_tool_result(self) -> Result<ToolResult, Interrupt> {
        Ok(self)
    }
}

impl IntoToolResult for String {
    fn into_tool_result(self) -> Result<ToolResult, Interrupt> {
        Ok(ToolResult::text(self))
    }
}

impl IntoToolResult for &str {
    fn into_tool_result(self) -> Result<ToolResult, Interrupt> {
        Ok(ToolResult::text(self))
    }
}

impl IntoToolResult for () {
    fn into_tool_result(self) -> Result<ToolResult, Interrupt> {
        Ok(ToolResult::default())
    }
}

impl IntoToolResult for Content {
    fn into_tool_result(self) -> Result<ToolResult, Interrupt> {
        Ok(ToolResult::default().with(self))
    }
}

impl IntoToolResult for Vec<Content> {
    fn into_tool_result(self) -> Result<ToolResult, Interrupt> {
        Ok(self.into_iter().collect())
    }
}

impl<T: IntoToolResult, E: Into<Interrupt>> IntoToolResult for Result<T, E> {
    fn output_schema() -> Option<Value> {
        T::output_schema()
    }

    fn into_tool_result(self) -> Result<ToolResult, Interrupt> {
        self.map_err(Into::into)?.into_tool_result()
    }
}
