//! Tools that change what clients may have seen before.

use std::future::ready;

use mcp_driver::{NoArguments, Tool};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::conformance::world::World;

#[derive(Deserialize, JsonSchema)]
struct ToolChange {
    /// The name of a tool that is to be there besides the others
    added: Option<String>,
}

pub(super) fn tools(world: &World) -> Tool {
    let world = world.clone();
    Tool::new("test_trigger_tool_change")
        .description("Adds a tool, or removes the added one; clients are told that the list has changed")
        .typed(move |change: ToolChange| {
            ready(world.change_tools(change.added).map(|()| "The list of tools has changed"))
        })
}

pub(super) fn prompts(world: &World) -> Tool {
    let world = world.clone();
    Tool::new("test_trigger_prompt_change")
        .description("Has clients told that the list of prompts has changed")
        .typed(move |_: NoArguments| {
            ready(world.change_prompts().map(|()| "The list of prompts has changed"))
        })
}

pub(super) fn resource(world: &World) -> Tool {
    let world = world.clone();
    Tool::new("test_trigger_resource_change")
        .description("Changes the watched resource; clients that have subscribed to it are told")
        .typed(move |_: NoArguments| {
            ready(world.change_resource().map(|()| "The watched resource has changed"))
        })
}
