//! What the servers of the walk offer, with everything that an item can say about itself.

use mcp_proto::{
    CatalogSpec, PromptSpec, ResourceSpec, TemplateSpec, ToolSpec,
    catalog::{CompletionSpec, Icon, PromptArgument, ToolAnnotations},
    content::{Annotations, Meta, Role},
};
use serde_json::json;

use crate::surface::{ICON, MODIFIED};

pub(crate) fn icon() -> Icon {
    Icon { src: ICON.into(), mime_type: Some("image/png".into()), sizes: vec!["48x48".into()] }
}

fn meta() -> Option<Meta> {
    Some([("com.example/kept".to_owned(), json!(1))].into_iter().collect())
}

fn scopes(scopes: &[&str]) -> Vec<String> {
    scopes.iter().map(|scope| (*scope).to_owned()).collect()
}

/// The same for strangers, who cannot have any scopes.
pub(crate) fn without_scopes(mut spec: CatalogSpec) -> CatalogSpec {
    spec.tools.iter_mut().for_each(|tool| tool.scopes.clear());
    spec.prompts.iter_mut().for_each(|prompt| prompt.scopes.clear());
    spec.resources.iter_mut().for_each(|resource| resource.scopes.clear());
    spec.templates.iter_mut().for_each(|template| template.scopes.clear());
    spec
}

pub(crate) fn catalog() -> CatalogSpec {
    CatalogSpec {
        tools: tools(),
        prompts: prompts(),
        resources: resources(),
        templates: templates(),
        completions: vec![
            CompletionSpec::Prompt("greet".into()),
            CompletionSpec::Template("note://{id}".into()),
            CompletionSpec::Prompt("secret".into()),
        ],
        list_caching: None,
    }
}

fn tools() -> Vec<ToolSpec> {
    let object = || json!({"type": "object"});
    vec![
        ToolSpec {
            title: Some("Echo it".into()),
            description: Some("Says it again".into()),
            output_schema: Some(object()),
            annotations: Some(ToolAnnotations { read_only_hint: Some(true), ..ToolAnnotations::default() }),
            icons: vec![icon()],
            meta: meta(),
            ..ToolSpec::new("echo", object())
        },
        ToolSpec {
            output_schema: Some(json!({"type": "array"})),
            annotations: Some(ToolAnnotations {
                destructive_hint: Some(false),
                ..ToolAnnotations::default()
            }),
            scopes: scopes(&["files:write"]),
            ..ToolSpec::new("write", object())
        },
        ToolSpec {
            title: Some("Read it".into()),
            output_schema: Some(json!({"type": ["object", "null"]})),
            scopes: scopes(&["files:read"]),
            ..ToolSpec::new("read", object())
        },
        ToolSpec::new(
            "region",
            json!({"type": "object", "properties": {
                "region": {"type": "string", "x-mcp-header": "Region"},
                "count": {"type": "integer", "x-mcp-header": "count"},
                "flag": {"type": "boolean", "x-mcp-header": "FLAG"},
                "place": {"type": "object", "properties": {
                    "zone": {"type": "string", "x-mcp-header": "Zone"},
                }},
            }}),
        ),
    ]
}

fn prompts() -> Vec<PromptSpec> {
    let who = PromptArgument {
        name: "who".into(),
        title: Some("Who it is".into()),
        description: Some("A name".into()),
        required: true,
    };
    vec![
        PromptSpec {
            name: "greet".into(),
            title: Some("Greet someone".into()),
            description: Some("Says hello".into()),
            arguments: vec![who],
            icons: vec![icon()],
            meta: meta(),
            scopes: Vec::new(),
        },
        PromptSpec { name: "secret".into(), scopes: scopes(&["prompts:secret"]), ..PromptSpec::default() },
    ]
}

fn resources() -> Vec<ResourceSpec> {
    vec![
        ResourceSpec {
            uri: "file:///a".into(),
            name: "file:///a".into(),
            title: Some("The first".into()),
            description: Some("A file".into()),
            mime_type: Some("text/plain".into()),
            size: Some(3),
            annotations: Some(Annotations {
                audience: vec![Role::User],
                priority: Some(0.5),
                last_modified: Some(MODIFIED.into()),
            }),
            icons: vec![icon()],
            meta: meta(),
            scopes: Vec::new(),
        },
        ResourceSpec {
            uri: "file:///b".into(),
            name: "file:///b".into(),
            scopes: scopes(&["files:read"]),
            ..ResourceSpec::default()
        },
    ]
}

fn templates() -> Vec<TemplateSpec> {
    vec![
        TemplateSpec {
            uri_template: "note://{id}".into(),
            name: "note://{id}".into(),
            title: Some("Notes".into()),
            description: Some("A note".into()),
            mime_type: Some("text/plain".into()),
            annotations: Some(Annotations {
                priority: Some(1.0),
                last_modified: Some(MODIFIED.into()),
                ..Annotations::default()
            }),
            icons: vec![icon()],
            meta: meta(),
            scopes: Vec::new(),
        },
        TemplateSpec {
            uri_template: "vault://{id}".into(),
            name: "vault://{id}".into(),
            scopes: scopes(&["vault:read"]),
            ..TemplateSpec::default()
        },
    ]
}
