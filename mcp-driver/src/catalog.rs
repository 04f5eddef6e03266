//! Everything a server offers, as one value that is built at run time.

use mcp_proto::{CatalogSpec, catalog::ItemId, content::Caching};

use crate::{
    completion::Completion,
    handler::{CompleteFn, PromptFn, ReadFn, ToolFn},
    prompt::Prompt,
    resource::{Resource, ResourceTemplate},
    tool::Tool,
};

/// Tools, prompts, resources and completions, in the order they are listed.
///
/// A catalog is a plain value: build it whenever you like, and give a running server another one
/// with [`crate::Server::replace`].
#[derive(Default)]
pub struct Catalog {
    pub(crate) spec: CatalogSpec,
    pub(crate) handlers: Handlers,
    /// The first item that only authenticated callers can use.
    pub(crate) needs_caller: Option<String>,
}

/// The functions behind a catalog, in its order.
#[derive(Default)]
pub(crate) struct Handlers {
    tools: Vec<ToolFn>,
    prompts: Vec<PromptFn>,
    resources: Vec<ReadFn>,
    templates: Vec<ReadFn>,
    completions: Vec<CompleteFn>,
}

impl Catalog {
    /// A catalog without anything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tool.
    #[must_use]
    pub fn tool(mut self, tool: Tool) -> Self {
        if tool.needs_caller && self.needs_caller.is_none() {
            self.needs_caller = Some(tool.spec.name.clone());
        }
        self.spec.tools.push(tool.spec);
        self.handlers.tools.push(tool.call);
        self
    }

    /// Adds a prompt.
    #[must_use]
    pub fn prompt(mut self, prompt: Prompt) -> Self {
        self.spec.prompts.push(prompt.spec);
        self.handlers.prompts.push(prompt.get);
        self
    }

    /// Adds a resource.
    #[must_use]
    pub fn resource(mut self, resource: Resource) -> Self {
        self.spec.resources.push(resource.spec);
        self.handlers.resources.push(resource.read);
        self
    }

    /// Adds a resource template. A URI is read by the first that fits.
    #[must_use]
    pub fn template(mut self, template: ResourceTemplate) -> Self {
        self.spec.templates.push(template.spec);
        self.handlers.templates.push(template.read);
        self
    }

    /// Adds a completion. Its prompt or template has to be in the catalog too.
    #[must_use]
    pub fn completion(mut self, completion: Completion) -> Self {
        self.spec.completions.push(completion.spec);
        self.handlers.completions.push(completion.complete);
        self
    }

    /// How long clients may keep lists, and whom they may share them with. Without this: not at
    /// all, and with nobody where callers authenticate.
    #[must_use]
    pub fn list_caching(mut self, caching: Caching) -> Self {
        self.spec.list_caching = Some(caching);
        self
    }
}

impl Handlers {
    pub(crate) fn tool(&self, id: ItemId) -> Option<&ToolFn> {
        self.tools.get(id as usize)
    }

    pub(crate) fn prompt(&self, id: ItemId) -> Option<&PromptFn> {
        self.prompts.get(id as usize)
    }

    pub(crate) fn resource(&self, id: ItemId) -> Option<&ReadFn> {
        self.resources.get(id as usize)
    }

    pub(crate) fn template(&self, id: ItemId) -> Option<&ReadFn> {
        self.templates.get(id as usize)
    }

    pub(crate) fn completion(&self, id: ItemId) -> Option<&CompleteFn> {
        self.completions.get(id as usize)
    }
}

impl std::fmt::Debug for Catalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Catalog")
            .field("tools", &self.spec.tools.len())
            .field("prompts", &self.spec.prompts.len())
            .field("resources", &self.spec.resources.len())
            .field("templates", &self.spec.templates.len())
            .field("completions", &self.spec.completions.len())
            .finish()
    }
}
