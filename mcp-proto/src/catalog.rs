//! Everything a server offers, checked and rendered once.

mod listing;
mod spec;

use std::collections::BTreeMap;

use serde_json::Value;

use self::listing::Layout;
pub(crate) use self::listing::{Listed, Listing, PerRevision};
pub use self::spec::{
    CompletionSpec, Icon, PromptArgument, PromptSpec, ResourceSpec, TemplateSpec, ToolAnnotations, ToolSpec,
};
use crate::{
    auth::{AuthPolicy, scope::Requirement},
    content::{CacheScope, Caching},
    engine::Visibility,
    error::BuildError,
    mirror::{self, ParamHeader},
    revision::Revision,
    surface,
    uri_template::{UriTemplate, Variables},
};

/// The number of an item among those of its kind, in the order they were added: a driver keeps
/// its handlers in the same order.
pub type ItemId = u32;

/// What a server offers, as plain values.
#[derive(Debug, Clone, Default)]
pub struct CatalogSpec {
    /// The tools.
    pub tools: Vec<ToolSpec>,
    /// The prompts.
    pub prompts: Vec<PromptSpec>,
    /// The resources.
    pub resources: Vec<ResourceSpec>,
    /// The resource templates.
    pub templates: Vec<TemplateSpec>,
    /// What arguments can be completed of.
    pub completions: Vec<CompletionSpec>,
    /// How long clients may keep lists and share them. `None`: not at all; shared with anyone on
    /// an open server, with nobody where callers authenticate.
    pub list_caching: Option<Caching>,
}

/// A catalog that can be served.
#[derive(Debug)]
pub(crate) struct Catalog {
    tools: BTreeMap<Box<str>, ItemId>,
    tool_facts: Vec<ToolFacts>,
    prompts: BTreeMap<Box<str>, ItemId>,
    prompt_facts: Vec<PromptFacts>,
    resources: BTreeMap<Box<str>, ItemId>,
    resource_needs: Vec<Requirement>,
    templates: Vec<TemplateFacts>,
    completions: BTreeMap<CompletionSpec, ItemId>,
    completion_needs: Vec<Requirement>,
    pub(crate) tool_list: Listing,
    pub(crate) prompt_list: Listing,
    pub(crate) resource_list: Listing,
    pub(crate) template_list: Listing,
    pub(crate) hints: Caching,
}

/// What the gates need to know of a tool.
#[derive(Debug)]
pub(crate) struct ToolFacts {
    pub(crate) needs: Requirement,
    pub(crate) params: Vec<ParamHeader>,
}

/// What the gates need to know of a prompt.
#[derive(Debug)]
pub(crate) struct PromptFacts {
    pub(crate) needs: Requirement,
    pub(crate) required: Vec<Box<str>>,
}

#[derive(Debug)]
struct TemplateFacts {
    template: UriTemplate,
    needs: Requirement,
}

/// The longest tool name, in characters (TOOL-06).
const TOOL_NAME_CHARS_MAX: usize = 128;

impl Catalog {
    pub(crate) fn build(
        spec: &CatalogSpec,
        auth: &AuthPolicy,
        visibility: Visibility,
        served: &[Revision],
        page_items: usize,
        server: &[u8],
    ) -> Result<Self, BuildError> {
        if page_items == 0 {
            return Err(BuildError::PageItems);
        }
        let mut hints = spec.list_caching.unwrap_or_else(|| auth.default_list_caching());
        match visibility {
            Visibility::Everything => {}
            // CACH-06: what one caller is shown is not for another.
            Visibility::ByScope | Visibility::ByApplication => hints.scope = CacheScope::Private,
        }
        let tools = numbered(spec.tools.iter().map(|tool| &tool.name))?;
        let prompts = numbered(spec.prompts.iter().map(|prompt| &prompt.name))?;
        let resources = numbered(spec.resources.iter().map(|resource| &resource.uri))?;
        numbered(spec.templates.iter().map(|template| &template.uri_template))?;
        let tool_facts = spec.tools.iter().map(|tool| tool_facts(tool, auth));
        let tool_facts: Vec<_> = tool_facts.collect::<Result<_, _>>()?;
        let prompt_facts = spec.prompts.iter().map(|prompt| prompt_facts(prompt, auth));
        let prompt_facts: Vec<_> = prompt_facts.collect::<Result<_, _>>()?;
        let resource_needs = resource_needs(&spec.resources, auth)?;
        let templates = spec.templates.iter().map(|template| template_facts(template, auth));
        let templates: Vec<_> = templates.collect::<Result<_, _>>()?;
        let lists = Lists { served, page_items, hints, server };
        let mut catalog = Self {
            tools,
            tool_list: lists.list(
                "tools",
                &spec.tools,
                surface::tool,
                |tool| &tool.name,
                tool_facts.iter().map(|facts| &facts.needs),
            ),
            prompt_list: lists.list(
                "prompts",
                &spec.prompts,
                surface::prompt,
                |item| &item.name,
                prompt_facts.iter().map(|facts| &facts.needs),
            ),
            resource_list: lists.list(
                "resources",
                &spec.resources,
                surface::resource,
                |item| &item.uri,
                resource_needs.iter(),
            ),
            template_list: lists.list(
                "resourceTemplates",
                &spec.templates,
                surface::template,
                |item| &item.uri_template,
                templates.iter().map(|facts| &facts.needs),
            ),
            tool_facts,
            prompts,
            prompt_facts,
            resources,
            resource_needs,
            templates,
            completions: BTreeMap::new(),
            completion_needs: Vec::new(),
            hints,
        };
        catalog.add_completions(spec)?;
        Ok(catalog)
    }

    fn add_completions(&mut self, spec: &CatalogSpec) -> Result<(), BuildError> {
        for (completion, id) in spec.completions.iter().zip(0..) {
            let (name, needs) = match completion {
                CompletionSpec::Prompt(name) => {
                    (name, self.prompt(name).map(|(_, facts)| facts.needs.clone()))
                }
                CompletionSpec::Template(text) => {
                    let position = spec.templates.iter().position(|template| template.uri_template == *text);
                    let facts = position.and_then(|position| self.templates.get(position));
                    (text, facts.map(|facts| facts.needs.clone()))
                }
            };
            let needs = needs.ok_or_else(|| BuildError::CompletionTarget(name.clone()))?;
            self.completion_needs.push(needs);
            if self.completions.insert(completion.clone(), id).is_some() {
                return Err(BuildError::Duplicate(name.clone()));
            }
        }
        Ok(())
    }

    pub(crate) fn tool(&self, name: &str) -> Option<(ItemId, &ToolFacts)> {
        let id = *self.tools.get(name)?;
        Some((id, self.tool_facts.get(id as usize)?))
    }

    pub(crate) fn prompt(&self, name: &str) -> Option<(ItemId, &PromptFacts)> {
        let id = *self.prompts.get(name)?;
        Some((id, self.prompt_facts.get(id as usize)?))
    }

    pub(crate) fn resource(&self, uri: &str) -> Option<(ItemId, &Requirement)> {
        let id = *self.resources.get(uri)?;
        Some((id, self.resource_needs.get(id as usize)?))
    }

    /// The first template that fits, and what all that fit need: a wide template is no way round the
    /// scopes of a narrow one.
    pub(crate) fn template(&self, uri: &str) -> Option<(ItemId, Variables, Requirement)> {
        let mut fitting = self.templates.iter().zip(0..).filter_map(|(facts, id)| {
            facts.template.matches(uri).map(|variables| (id, variables, &facts.needs))
        });
        let (id, variables, needs) = fitting.next()?;
        let needs = fitting.fold(needs.clone(), |all, (_, _, needs)| all.union(needs));
        Some((id, variables, needs))
    }

    /// What reading the resource of this URI needs, where there is one.
    pub(crate) fn subscribable(&self, uri: &str) -> Option<Requirement> {
        let resource = self.resource(uri).map(|(_, needs)| needs.clone());
        resource.or_else(|| self.template(uri).map(|(_, _, needs)| needs))
    }

    pub(crate) fn completion(&self, reference: &CompletionSpec) -> Option<(ItemId, &Requirement)> {
        let id = *self.completions.get(reference)?;
        Some((id, self.completion_needs.get(id as usize)?))
    }

    pub(crate) fn tool_needs(&self, id: ItemId) -> Option<&Requirement> {
        self.tool_facts.get(id as usize).map(|facts| &facts.needs)
    }

    pub(crate) fn prompt_needs(&self, id: ItemId) -> Option<&Requirement> {
        self.prompt_facts.get(id as usize).map(|facts| &facts.needs)
    }

    pub(crate) fn resource_needs(&self, id: ItemId) -> Option<&Requirement> {
        self.resource_needs.get(id as usize)
    }

    pub(crate) fn template_needs(&self, id: ItemId) -> Option<&Requirement> {
        self.templates.get(id as usize).map(|facts| &facts.needs)
    }

    pub(crate) fn completion_needs(&self, id: ItemId) -> Option<&Requirement> {
        self.completion_needs.get(id as usize)
    }

    pub(crate) fn has_tools(&self) -> bool {
        !self.tools.is_empty()
    }

    pub(crate) fn has_prompts(&self) -> bool {
        !self.prompts.is_empty()
    }

    pub(crate) fn has_resources(&self) -> bool {
        !self.resources.is_empty() || !self.templates.is_empty()
    }

    pub(crate) fn has_completions(&self) -> bool {
        !self.completions.is_empty()
    }

    /// The `Mcp-Param-*` fields that tools ask for, for CORS.
    pub(crate) fn param_suffixes(&self) -> impl Iterator<Item = &str> {
        self.tool_facts.iter().flat_map(|facts| &facts.params).map(|param| &*param.suffix)
    }
}

fn numbered<'n>(names: impl Iterator<Item = &'n String>) -> Result<BTreeMap<Box<str>, ItemId>, BuildError> {
    let mut map = BTreeMap::new();
    for (index, name) in names.enumerate() {
        let id = ItemId::try_from(index).map_err(|_| BuildError::TooMany)?;
        if map.insert(name.as_str().into(), id).is_some() {
            return Err(BuildError::Duplicate(name.clone()));
        }
    }
    Ok(map)
}

/// What all lists have in common.
#[derive(Clone, Copy)]
struct Lists<'s> {
    served: &'s [Revision],
    page_items: usize,
    hints: Caching,
    server: &'s [u8],
}

impl Lists<'_> {
    /// `needs` has what each item needs, in the same order.
    fn list<'n, T>(
        self,
        member: &'static str,
        items: &[T],
        render: impl Fn(&T, Revision) -> Vec<u8>,
        name: impl Fn(&T) -> &String,
        needs: impl Iterator<Item = &'n Requirement>,
    ) -> Listing {
        let items = items.iter().zip(needs).map(|(item, needs)| {
            let json = PerRevision::new(self.served, |revision| render(item, revision));
            Listed::new(name(item).as_str().into(), json, needs.clone())
        });
        let Self { served, page_items, hints, server } = self;
        Listing::new(items.collect(), Layout { member, page_items, hints, server: server.into() }, served)
    }
}

fn tool_facts(tool: &ToolSpec, auth: &AuthPolicy) -> Result<ToolFacts, BuildError> {
    let name = &tool.name;
    let is_name_character = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if name.is_empty() || name.len() > TOOL_NAME_CHARS_MAX || !name.bytes().all(is_name_character) {
        return Err(BuildError::ToolName(name.clone()));
    }
    if tool.input_schema.get("type").and_then(Value::as_str) != Some("object") {
        return Err(BuildError::InputSchema(name.clone()));
    }
    if tool.output_schema.as_ref().is_some_and(|schema| !schema.is_object()) {
        return Err(BuildError::OutputSchema(name.clone()));
    }
    let params = mirror::param_headers(&tool.input_schema)
        .map_err(|error| BuildError::ParamHeader(name.clone(), error))?;
    Ok(ToolFacts { needs: auth.requirement(&tool.scopes)?, params })
}

fn prompt_facts(prompt: &PromptSpec, auth: &AuthPolicy) -> Result<PromptFacts, BuildError> {
    if prompt.name.is_empty() {
        return Err(BuildError::PromptName);
    }
    let required = prompt.arguments.iter().filter(|argument| argument.required);
    Ok(PromptFacts {
        needs: auth.requirement(&prompt.scopes)?,
        required: required.map(|argument| argument.name.as_str().into()).collect(),
    })
}

fn resource_needs(resources: &[ResourceSpec], auth: &AuthPolicy) -> Result<Vec<Requirement>, BuildError> {
    let needs = |resource: &ResourceSpec| {
        let has_scheme = resource.uri.split_once(':').is_some_and(|(scheme, _)| {
            scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                && scheme
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        });
        if !has_scheme {
            return Err(BuildError::ResourceUri(resource.uri.clone()));
        }
        auth.requirement(&resource.scopes)
    };
    resources.iter().map(needs).collect()
}

fn template_facts(spec: &TemplateSpec, auth: &AuthPolicy) -> Result<TemplateFacts, BuildError> {
    let template = UriTemplate::parse(&spec.uri_template)
        .map_err(|error| BuildError::UriTemplate(spec.uri_template.clone(), error))?;
    Ok(TemplateFacts { template, needs: auth.requirement(&spec.scopes)? })
}
