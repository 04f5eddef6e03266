//! The servers of the walk.

use mcp_proto::{
    AuthPolicy, BearerPolicy, CatalogSpec, Engine, EngineBuilder, Implementation, PromptSpec, ResourceSpec,
    TemplateSpec, ToolSpec,
    auth::IssuerPolicy,
    catalog::{CompletionSpec, PromptArgument},
    jws::TokenRules,
};
use serde_json::json;

use crate::{
    scene::ServerKind,
    tokens::{AUDIENCE, ISSUER, LEEWAY},
};

/// One engine of each kind.
pub(crate) struct Servers {
    open: Engine,
    guarded: Engine,
    unscoped: Engine,
    bare: Engine,
}

impl Servers {
    pub(crate) fn new() -> Self {
        let full = catalog();
        Self {
            open: engine(AuthPolicy::Open, &full),
            guarded: engine(AuthPolicy::Bearer(policy(ServerKind::Guarded)), &full),
            unscoped: engine(AuthPolicy::Bearer(policy(ServerKind::Unscoped)), &full),
            bare: engine(AuthPolicy::Open, &CatalogSpec::default()),
        }
    }

    pub(crate) fn of(&self, kind: ServerKind) -> &Engine {
        match kind {
            ServerKind::Open => &self.open,
            ServerKind::Guarded => &self.guarded,
            ServerKind::Unscoped => &self.unscoped,
            ServerKind::Bare => &self.bare,
        }
    }

    /// What every token has to be like.
    pub(crate) fn rules(&self) -> &TokenRules {
        match self.guarded.auth() {
            AuthPolicy::Bearer(policy) => policy.issuers().get(0).expect("one issuer"),
            AuthPolicy::Open | AuthPolicy::Custom(_) => unreachable!("the guarded server asks for tokens"),
        }
    }
}

fn policy(kind: ServerKind) -> BearerPolicy {
    let issuer = IssuerPolicy::new(ISSUER, AUDIENCE).leeway_seconds(LEEWAY);
    let builder =
        BearerPolicy::trusting(issuer).implies("mcp:admin", "mcp:use").implies("files:write", "files:read");
    kind.baseline().iter().fold(builder, |builder, scope| builder.scope(*scope)).build().expect("a policy")
}

fn engine(auth: AuthPolicy, catalog: &CatalogSpec) -> Engine {
    let info = Implementation { name: "walk".into(), version: "1".into(), ..Implementation::default() };
    EngineBuilder::new(info, auth).build(catalog).expect("an engine")
}

fn catalog() -> CatalogSpec {
    let scopes = |scopes: &[&str]| scopes.iter().map(|scope| (*scope).to_owned()).collect::<Vec<_>>();
    let tool = |name: &str, needs: &[&str]| ToolSpec {
        scopes: scopes(needs),
        ..ToolSpec::new(name, json!({"type": "object"}))
    };
    let region = ToolSpec::new(
        "region",
        json!({"type": "object", "properties": {
            "region": {"type": "string", "x-mcp-header": "Region"},
            "count": {"type": "integer", "x-mcp-header": "count"},
            "flag": {"type": "boolean", "x-mcp-header": "FLAG"},
            "place": {"type": "object", "properties": {
                "zone": {"type": "string", "x-mcp-header": "Zone"},
            }},
        }}),
    );
    let prompt = |name: &str, arguments: Vec<PromptArgument>, needs: &[&str]| PromptSpec {
        name: name.into(),
        arguments,
        scopes: scopes(needs),
        ..PromptSpec::default()
    };
    let who = PromptArgument { name: "who".into(), required: true, ..PromptArgument::default() };
    let resource = |uri: &str, needs: &[&str]| ResourceSpec {
        uri: uri.into(),
        name: uri.into(),
        scopes: scopes(needs),
        ..ResourceSpec::default()
    };
    let template = |uri: &str, needs: &[&str]| TemplateSpec {
        uri_template: uri.into(),
        name: uri.into(),
        scopes: scopes(needs),
        ..TemplateSpec::default()
    };
    CatalogSpec {
        tools: vec![
            tool("echo", &[]),
            tool("write", &["files:write"]),
            tool("read", &["files:read"]),
            region,
        ],
        prompts: vec![prompt("greet", vec![who], &[]), prompt("secret", Vec::new(), &["prompts:secret"])],
        resources: vec![resource("file:///a", &[]), resource("file:///b", &["files:read"])],
        templates: vec![template("note://{id}", &[]), template("vault://{id}", &["vault:read"])],
        completions: vec![
            CompletionSpec::Prompt("greet".into()),
            CompletionSpec::Template("note://{id}".into()),
            CompletionSpec::Prompt("secret".into()),
        ],
        list_caching: None,
    }
}
