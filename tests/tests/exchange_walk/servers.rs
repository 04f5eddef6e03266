//! The servers of the walk.

use mcp_proto::{
    AuthPolicy, BearerPolicy, CatalogSpec, Engine, EngineBuilder, Implementation, PromptSpec, ResourceSpec,
    TemplateSpec, ToolSpec, Visibility,
    auth::{CustomPolicy, DpopPolicy, IssuerPolicy},
    catalog::{CompletionSpec, PromptArgument},
    content::{CacheScope, Caching},
    jws::{Algorithm, AlgorithmSet, Issuers, Profile, TokenRules, dpop::DpopRules},
};
use serde_json::json;

use crate::{
    scene::{Bound, Guard, ServerKind, Shows},
    tokens::{AUDIENCE, FUTURE, ISSUER, LEEWAY, OTHER_AUDIENCE, OTHER_ISSUER, OTHER_LEEWAY, PAST},
};

/// Each server without records and with.
pub(crate) struct Servers(Vec<[Engine; 2]>);

impl Servers {
    pub(crate) fn new() -> Self {
        Self(ServerKind::ALL.iter().map(|kind| [false, true].map(|records| engine(*kind, records))).collect())
    }

    pub(crate) fn of(&self, kind: ServerKind, keeps_records: bool) -> &Engine {
        &self.0[kind as usize][usize::from(keeps_records)]
    }

    fn policy(&self, kind: ServerKind) -> &BearerPolicy {
        match self.of(kind, false).auth() {
            AuthPolicy::Bearer(policy) => policy,
            AuthPolicy::Open | AuthPolicy::Custom(_) => unreachable!("this server asks for tokens"),
        }
    }

    /// What every token has to be like.
    pub(crate) fn rules(&self) -> &TokenRules {
        self.policy(ServerKind::Guarded).issuers().get(0).expect("one issuer")
    }

    /// What the tokens of two issuers have to be like.
    pub(crate) fn issuers(&self) -> &Issuers {
        self.policy(ServerKind::TwoIssuers).issuers()
    }

    /// What every proof has to be like.
    pub(crate) fn proof_rules(&self) -> &DpopRules {
        self.policy(ServerKind::BoundAllowed).dpop().expect("this server takes proofs").rules()
    }
}

fn auth(kind: ServerKind) -> AuthPolicy {
    match kind.guard() {
        Guard::None => AuthPolicy::Open,
        Guard::Tokens => AuthPolicy::Bearer(bearer(kind)),
        Guard::Own => AuthPolicy::Custom(custom(kind)),
    }
}

fn bearer(kind: ServerKind) -> BearerPolicy {
    let mut builder = BearerPolicy::trusting(IssuerPolicy::new(ISSUER, AUDIENCE).leeway_seconds(LEEWAY))
        .implies("mcp:admin", "mcp:use")
        .implies("files:write", "files:read");
    if kind == ServerKind::TwoIssuers {
        let other = IssuerPolicy::new(OTHER_ISSUER, OTHER_AUDIENCE)
            .leeway_seconds(OTHER_LEEWAY)
            .algorithms(AlgorithmSet::of(&[Algorithm::EdDsa]))
            .profile(Profile::Compatible);
        builder = builder.issuer(other);
    }
    builder = match kind.bound() {
        Bound::Refused => builder,
        Bound::Allowed => {
            let algorithms = AlgorithmSet::of(&[Algorithm::Es256, Algorithm::EdDsa]);
            builder.dpop(DpopPolicy::allowed().algorithms(algorithms))
        }
        Bound::Required => builder.dpop(DpopPolicy::required().past_seconds(PAST).future_seconds(FUTURE)),
    };
    kind.baseline().iter().fold(builder, |builder, scope| builder.scope(*scope)).build().expect("a policy")
}

fn custom(kind: ServerKind) -> CustomPolicy {
    let mut builder =
        CustomPolicy::builder().implies("mcp:admin", "mcp:use").implies("files:write", "files:read");
    if kind.publishes_metadata() {
        builder = builder.resource(AUDIENCE).authorization_server(ISSUER);
    } else {
        builder = builder
            .challenge_scheme(kind.scheme())
            .credential_field(http::HeaderName::from_static("x-api-key"));
    }
    kind.baseline().iter().fold(builder, |builder, scope| builder.scope(*scope)).build().expect("a policy")
}

fn engine(kind: ServerKind, keeps_records: bool) -> Engine {
    let info = Implementation { name: "walk".into(), version: "1".into(), ..Implementation::default() };
    let mut builder = EngineBuilder::new(info, auth(kind));
    builder.keeps_records = keeps_records;
    builder.limits.page_items = kind.page_items();
    let mut spec = if kind == ServerKind::Bare { CatalogSpec::default() } else { catalog() };
    builder.visibility = match kind.shows() {
        Shows::Everything => Visibility::Everything,
        Shows::Permitted => Visibility::ByScope,
        Shows::PermittedAndChosen => Visibility::ByApplication,
    };
    if kind.shows() != Shows::Everything {
        // An application that would have its lists shared must not get its way.
        spec.list_caching = Some(Caching { ttl_millis: 1000, scope: CacheScope::Public });
    }
    builder.build(&spec).expect("an engine")
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
