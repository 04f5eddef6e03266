//! Tools that a client's model may ask for.

use std::collections::BTreeSet;

use mcp_proto::content::Role;
use schemars::JsonSchema;
use serde_json::{Value, json};

use super::message::{SampleContent, SampleMessage};
use crate::{input::unaskable, interrupt::Interrupt, schema};

/// A tool that a model is offered in one conversation. It need not be one of the server's, and the client does not
/// call it: the handler does.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleTool {
    name: String,
    description: Option<String>,
    input_schema: Value,
}

/// Whether a model uses tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolChoice {
    /// It may.
    Auto,
    /// It has to, once at least.
    Required,
    /// It must not.
    Never,
}

impl SampleTool {
    /// A tool whose input is an object of this JSON Schema.
    pub fn new(name: impl Into<String>, input_schema: Value) -> Self {
        Self { name: name.into(), description: None, input_schema }
    }

    /// A tool whose input is of this type.
    pub fn of<T: JsonSchema>(name: impl Into<String>) -> Self {
        Self::new(name, schema::of::<T>())
    }

    /// What it does, for the model.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    pub(super) fn write(&self) -> Value {
        let mut tool = json!({"name": self.name, "inputSchema": self.input_schema});
        if let Some(description) = &self.description {
            tool["description"] = json!(description);
        }
        tool
    }
}

impl ToolChoice {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Required => "required",
            Self::Never => "none",
        }
    }
}

/// SAM-03: a message with results has nothing else, and each use of a tool has its result in the next message.
///
/// # Errors
/// When that is not so.
pub(super) fn check_order(messages: &[SampleMessage]) -> Result<(), Interrupt> {
    const UNMATCHED: &str = "uses of tools and their results do not match";
    let mut unanswered = BTreeSet::new();
    for SampleMessage { role, content } in messages {
        let mut answered = BTreeSet::new();
        let mut used = BTreeSet::new();
        for piece in content {
            let is_first = match piece {
                SampleContent::ToolUse(tool) => *role == Role::Assistant && used.insert(&tool.id),
                SampleContent::ToolResult(result) => {
                    *role == Role::User && answered.insert(&result.tool_use_id)
                }
                SampleContent::Text(_) | SampleContent::Image(_) | SampleContent::Audio(_) => true,
            };
            if !is_first {
                return Err(unaskable(UNMATCHED));
            }
        }
        if answered != unanswered {
            return Err(unaskable(UNMATCHED));
        }
        if !answered.is_empty() && answered.len() != content.len() {
            return Err(unaskable("a message with results of tools has something else in it"));
        }
        unanswered = used;
    }
    if unanswered.is_empty() { Ok(()) } else { Err(unaskable(UNMATCHED)) }
}
