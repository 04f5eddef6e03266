//! The servers that requests are made to.

use http::HeaderName;
use mcp_proto::{
    AuthPolicy, BearerPolicy, CatalogSpec, Engine, EngineBuilder, Implementation, Mode, PromptSpec,
    ResourceSpec, TemplateSpec, ToolSpec, Visibility,
    auth::{CustomPolicy, DpopPolicy},
    catalog::{CompletionSpec, PromptArgument},
    origin::{HostPolicy, OriginPolicy},
    session::{LegacySse, SessionAuth},
};
use serde_json::json;

pub(crate) const ISSUER: &str = "https://auth.example.com";
pub(crate) const AUDIENCE: &str = "https://mcp.example.com/mcp";

/// The server of this name; `-sessions`, `-modern` and so on change it.
pub(crate) fn named(name: &str) -> Engine {
    let mut words = name.split('-');
    let auth = match words.next() {
        Some("open") => AuthPolicy::Open,
        Some("tokens") => AuthPolicy::Bearer(tokens().build().expect("a policy")),
        Some("proofs") => AuthPolicy::Bearer(tokens().dpop(DpopPolicy::allowed()).build().expect("a policy")),
        Some("bound") => AuthPolicy::Bearer(tokens().dpop(DpopPolicy::required()).build().expect("a policy")),
        Some("own") => AuthPolicy::Custom(own()),
        _ => panic!("no server: {name}"),
    };
    let is_guarded = !matches!(auth, AuthPolicy::Open);
    let info = Implementation { name: "test".into(), version: "1".into(), ..Implementation::default() };
    let mut builder = EngineBuilder::new(info, auth);
    builder.origins = OriginPolicy::allow(["https://app.example.com"]).expect("an origin");
    builder.hosts = HostPolicy::allow(["localhost", "mcp.example.com"]).expect("hosts");
    let mut catalog = catalog(is_guarded);
    for word in words {
        match word {
            "sessions" => builder.mode = Mode::Stateful,
            "trusting" => builder.sessions.auth = SessionAuth::InitializeOnly,
            "sse" => builder.sessions.legacy_sse = Some(LegacySse::default()),
            "records" => builder.keeps_records = true,
            "tight" => builder.sessions.subscriptions_max = 0,
            "modern" => builder.mode = Mode::ModernOnly,
            "empty" => catalog = CatalogSpec::default(),
            "scoped" => need_scopes(&mut catalog),
            "byscope" => builder.visibility = Visibility::ByScope,
            "filtered" => builder.visibility = Visibility::ByApplication,
            "narrow" => builder.limits.uri_bytes_max = 8,
            "brief" => builder.limits.batch_answer_bytes_max = 40,
            "small" => {
                builder.limits.body_values_max = 12;
                builder.limits.id_bytes_max = 8;
                builder.limits.batch_items_max = 2;
                // The capabilities `{}` and the client of the handshakes here.
                builder.sessions.handshake_bytes_max = 30;
                builder.limits.body_bytes_max = 512;
                builder.limits.uri_bytes_max = 8;
                builder.limits.echoed_version_bytes_max = 8;
            }
            _ => panic!("no server: {name}"),
        }
    }
    builder.build(&catalog).expect("an engine")
}

fn tokens() -> mcp_proto::auth::BearerPolicyBuilder {
    BearerPolicy::builder(ISSUER, AUDIENCE).scope("mcp").implies("admin", "write")
}

fn own() -> CustomPolicy {
    CustomPolicy::builder()
        .challenge_scheme("Badge")
        .credential_field(HeaderName::from_static("x-badge"))
        .resource(AUDIENCE)
        .authorization_server(ISSUER)
        .scope("mcp")
        .implies("admin", "write")
        .build()
        .expect("a policy")
}

/// Each thing needs a scope of its own.
fn need_scopes(catalog: &mut CatalogSpec) {
    let scope = |name: &str| vec![name.to_owned()];
    catalog.prompts.iter_mut().for_each(|prompt| prompt.scopes = scope("greet"));
    catalog.resources.iter_mut().for_each(|resource| resource.scopes = scope("files"));
    catalog.templates.iter_mut().for_each(|template| template.scopes = scope("notes"));
    catalog.completions.push(CompletionSpec::Template("note://{name}".into()));
}

/// Something of each kind; `erase` needs a scope where there are any.
fn catalog(is_guarded: bool) -> CatalogSpec {
    let mut catalog = CatalogSpec::default();
    let object = json!({"type": "object"});
    let routed =
        json!({"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}});
    catalog.tools.push(ToolSpec::new("echo", object.clone()));
    let scopes = if is_guarded { vec!["write".to_owned()] } else { Vec::new() };
    catalog.tools.push(ToolSpec { scopes, ..ToolSpec::new("erase", object) });
    catalog.tools.push(ToolSpec::new("route", routed));
    let who = PromptArgument { name: "who".into(), required: true, ..PromptArgument::default() };
    catalog.prompts.push(PromptSpec { name: "greet".into(), arguments: vec![who], ..PromptSpec::default() });
    catalog.resources.push(ResourceSpec {
        uri: "file:///a".into(),
        name: "a".into(),
        ..ResourceSpec::default()
    });
    let uri_template = "note://{name}".into();
    catalog.templates.push(TemplateSpec { uri_template, name: "notes".into(), ..TemplateSpec::default() });
    catalog.completions.push(CompletionSpec::Prompt("greet".into()));
    catalog
}
