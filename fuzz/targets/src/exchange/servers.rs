//! The servers that requests are sent to, and what each of their items needs.

use std::sync::LazyLock;

use mcp_proto::{
    AuthPolicy, BearerPolicy, Callee, CatalogSpec, Engine, EngineBuilder, Implementation, Mode, PromptSpec,
    ResourceSpec, TemplateSpec, ToolSpec, Visibility,
    auth::{CustomPolicy, DpopPolicy},
    catalog::CompletionSpec,
    session::LegacySse,
};
use serde_json::json;

use crate::tokens::{AUDIENCE, STRICT};

/// How a server recognises its callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    /// Not at all.
    Open,
    /// By tokens, of which none, some or all are bound.
    Tokens,
    TokensAndProofs,
    Proofs,
    /// By a verifier of its own.
    Own,
}

const GUARDS: [Guard; 5] = [Guard::Open, Guard::Tokens, Guard::TokensAndProofs, Guard::Proofs, Guard::Own];

/// What every caller has to have.
pub(super) const BASELINE: &str = "mcp:use";

/// A server, and how it recognises callers.
pub(super) struct Server {
    pub(super) guard: Guard,
    pub(super) engine: Engine,
}

static SERVERS: LazyLock<Vec<Vec<Server>>> = LazyLock::new(|| {
    let server = |guard, place| Server { guard, engine: engine(guard, place) };
    GUARDS.iter().map(|guard| (0..4).map(|place| server(*guard, place)).collect()).collect()
});

/// The server of these choices.
pub(super) fn server((guard, mode): (usize, usize)) -> &'static Server {
    &SERVERS[guard % GUARDS.len()][mode % 4]
}

fn auth(guard: Guard) -> AuthPolicy {
    let tokens = || {
        BearerPolicy::builder(STRICT, AUDIENCE)
            .implies("mcp:admin", BASELINE)
            .implies("files:write", "files:read")
            .scope(BASELINE)
    };
    let tokens = match guard {
        Guard::Open => return AuthPolicy::Open,
        Guard::Own => {
            let policy =
                CustomPolicy::builder().implies("mcp:admin", BASELINE).implies("files:write", "files:read");
            let policy = policy.scope(BASELINE).resource(AUDIENCE).authorization_server(STRICT);
            return AuthPolicy::Custom(policy.build().expect("a policy"));
        }
        Guard::Tokens => tokens(),
        Guard::TokensAndProofs => tokens().dpop(DpopPolicy::allowed()),
        Guard::Proofs => tokens().dpop(DpopPolicy::required()),
    };
    AuthPolicy::Bearer(tokens.build().expect("a policy"))
}

fn engine(guard: Guard, mode: usize) -> Engine {
    let info = Implementation { name: "fuzz".into(), version: "1".into(), ..Implementation::default() };
    let mut builder = EngineBuilder::new(info, auth(guard));
    match mode {
        0 => {}
        1 => builder.mode = Mode::ModernOnly,
        _ => builder.mode = Mode::Stateful,
    }
    if mode == 3 {
        builder.sessions.legacy_sse = Some(LegacySse::default());
    }
    if mode == 1 && guard != Guard::Open {
        builder.visibility = Visibility::ByApplication;
    }
    builder.keeps_records = mode == 2;
    builder.limits.page_items = 2;
    builder.build(&catalog(guard)).expect("an engine")
}

/// Names, and the scopes that they need.
const TOOLS: [(&str, &[&str]); 4] =
    [("echo", &[]), ("write", &["files:write"]), ("read", &["files:read"]), ("region", &[])];
const PROMPTS: [(&str, &[&str]); 2] = [("greet", &[]), ("secret", &["prompts:secret"])];
const RESOURCES: [(&str, &[&str]); 2] = [("file:///a", &[]), ("file:///b", &["files:read"])];
const TEMPLATES: [(&str, &[&str]); 2] = [("note://{id}", &[]), ("vault://{id}", &["vault:read"])];
/// In their order: of the first prompt, of the first template, of the second prompt.
const COMPLETIONS: [&[&str]; 3] = [&[], &[], &["prompts:secret"]];

/// What a caller needs, besides the baseline, to have this run.
pub(super) fn needs(callee: &Callee) -> &'static [&'static str] {
    let of = |items: &[(&str, &'static [&'static str])], item: u32| items[item as usize].1;
    match callee {
        Callee::Tool(item, _) => of(&TOOLS, *item),
        Callee::Prompt(item, _) => of(&PROMPTS, *item),
        Callee::Resource(item, _) => of(&RESOURCES, *item),
        Callee::Template(item, ..) => of(&TEMPLATES, *item),
        Callee::Completion(item, _) => COMPLETIONS[*item as usize],
    }
}

/// Whether whoever was granted these has what is needed.
pub(super) fn holds(granted: &[&str], needed: &str) -> bool {
    let broader = match needed {
        BASELINE => "mcp:admin",
        "files:read" => "files:write",
        _ => needed,
    };
    granted.contains(&needed) || granted.contains(&broader)
}

fn catalog(guard: Guard) -> CatalogSpec {
    // Nobody could have any scopes on an open server.
    let scopes = |scopes: &[&str]| -> Vec<String> {
        if guard == Guard::Open {
            Vec::new()
        } else {
            scopes.iter().map(|scope| (*scope).to_owned()).collect()
        }
    };
    let tool = |(name, needs): &(&str, &[&str])| {
        let schema = json!({"type": "object", "properties": {
            "region": {"type": "string", "x-mcp-header": "Region"},
            "count": {"type": "integer", "x-mcp-header": "Count"},
            "flag": {"type": "boolean", "x-mcp-header": "Flag"},
        }});
        let schema = if *name == "region" { schema } else { json!({"type": "object"}) };
        ToolSpec { scopes: scopes(needs), ..ToolSpec::new(*name, schema) }
    };
    CatalogSpec {
        tools: TOOLS.iter().map(tool).collect(),
        prompts: PROMPTS
            .iter()
            .map(|(name, needs)| PromptSpec {
                name: (*name).into(),
                scopes: scopes(needs),
                ..PromptSpec::default()
            })
            .collect(),
        resources: RESOURCES
            .iter()
            .map(|(uri, needs)| ResourceSpec {
                uri: (*uri).into(),
                name: (*uri).into(),
                scopes: scopes(needs),
                ..ResourceSpec::default()
            })
            .collect(),
        templates: TEMPLATES
            .iter()
            .map(|(uri, needs)| TemplateSpec {
                uri_template: (*uri).into(),
                name: (*uri).into(),
                scopes: scopes(needs),
                ..TemplateSpec::default()
            })
            .collect(),
        completions: vec![
            CompletionSpec::Prompt("greet".into()),
            CompletionSpec::Template("note://{id}".into()),
            CompletionSpec::Prompt("secret".into()),
        ],
        list_caching: None,
    }
}
