//! What cannot be served is refused when it is built, with what is wrong; and what another catalog changes is known.

#![allow(clippy::expect_used, reason = "a test that cannot go on has failed")]

use mcp_proto::{
    AuthPolicy, BearerPolicy, BuildError, CatalogSpec, Engine, EngineBuilder, Implementation, PromptSpec,
    ResourceSpec, TemplateSpec, ToolSpec,
    auth::{CustomPolicy, IssuerPolicy},
    catalog::CompletionSpec,
    jws::AlgorithmSet,
    origin::{HostPolicy, OriginPolicy},
    session::{Change, LegacySse},
};
use serde_json::json;

fn builder() -> EngineBuilder {
    EngineBuilder::new(Implementation::default(), AuthPolicy::Open)
}

fn tool(name: &str) -> ToolSpec {
    ToolSpec::new(name, json!({"type": "object"}))
}

fn prompt(name: &str) -> PromptSpec {
    PromptSpec { name: name.into(), ..PromptSpec::default() }
}

fn resource(uri: &str) -> ResourceSpec {
    ResourceSpec { uri: uri.into(), ..ResourceSpec::default() }
}

fn template(uri_template: &str) -> TemplateSpec {
    TemplateSpec { uri_template: uri_template.into(), ..TemplateSpec::default() }
}

fn with(change: impl FnOnce(&mut CatalogSpec)) -> Result<Engine, BuildError> {
    let mut catalog = CatalogSpec::default();
    change(&mut catalog);
    builder().build(&catalog)
}

fn at(path: &str) -> Result<Engine, BuildError> {
    EngineBuilder { path: path.into(), ..builder() }.build(&CatalogSpec::default())
}

/// TOOL-05 to TOOL-07, RSRC-10, MPH-07: each item is what it has to be, and is there once.
#[test]
fn a_catalog_that_cannot_be_served_is_refused_with_what_is_wrong() {
    let long = "a".repeat(129);
    let annotated = json!({"type": "object", "properties": {"a": {"type": "object", "x-mcp-header": "A"}}});
    let no_scope = ToolSpec { scopes: vec!["read".into(), "write".into()], ..tool("a") };
    let table = [
        (with(|all| all.tools.push(tool(""))), r#"tool name "" must be 1 to 128 of A-Z a-z 0-9 _ - ."#),
        (with(|all| all.tools.push(tool("a b"))), r#"tool name "a b" must be 1 to 128 of A-Z a-z 0-9 _ - ."#),
        (
            with(|all| all.tools.push(tool(&long))),
            &*format!("tool name {long:?} must be 1 to 128 of A-Z a-z 0-9 _ - ."),
        ),
        (with(|all| all.tools.extend([tool("a"), tool("a")])), r#""a" is in the catalog twice"#),
        (
            with(|all| all.tools.push(ToolSpec::new("a", json!({"type": "array"})))),
            r#"the input schema of "a" must be an object with "type": "object""#,
        ),
        (
            with(|all| all.tools.push(ToolSpec::new("a", json!(true)))),
            r#"the input schema of "a" must be an object with "type": "object""#,
        ),
        (
            with(|all| all.tools.push(ToolSpec { output_schema: Some(json!([])), ..tool("a") })),
            r#"the output schema of "a" must be an object"#,
        ),
        (with(|all| all.tools.push(ToolSpec::new("a", annotated))), r#"x-mcp-header of tool "a": "#),
        (
            with(|all| all.tools.push(no_scope)),
            r#"nobody can have "read write" on a server without authentication: name an issuer, or take the scopes away"#,
        ),
        (with(|all| all.prompts.push(prompt(""))), "a prompt needs a name"),
        (with(|all| all.prompts.extend([prompt("a"), prompt("a")])), r#""a" is in the catalog twice"#),
        (with(|all| all.resources.push(resource("a"))), r#"resource URI "a" has no scheme"#),
        (with(|all| all.resources.push(resource("1:a"))), r#"resource URI "1:a" has no scheme"#),
        (with(|all| all.resources.push(resource("a/b:c"))), r#"resource URI "a/b:c" has no scheme"#),
        (with(|all| all.resources.push(resource(":a"))), r#"resource URI ":a" has no scheme"#),
        (with(|all| all.templates.push(template("a:{b"))), r#"URI template "a:{b": "#),
        (
            with(|all| all.completions.push(CompletionSpec::Prompt("a".into()))),
            r#"a completion refers to "a", which is not in the catalog"#,
        ),
        (
            with(|all| {
                all.templates.push(template("a:{b}"));
                all.completions.push(CompletionSpec::Template("a:{c}".into()));
            }),
            r#"a completion refers to "a:{c}", which is not in the catalog"#,
        ),
        (
            with(|all| {
                all.prompts.push(prompt("a"));
                all.completions
                    .extend([CompletionSpec::Prompt("a".into()), CompletionSpec::Prompt("a".into())]);
            }),
            r#""a" is in the catalog twice"#,
        ),
    ];
    for (built, why) in table {
        let error = built.expect_err(why).to_string();
        // What is wrong inside of an annotation or a template is told behind it.
        let is_told = if why.ends_with(": ") {
            error.starts_with(why) && error.len() > why.len()
        } else {
            error == why
        };
        assert!(is_told, "{error}: {why}");
    }
    assert!(with(|all| all.tools.extend([tool(&"a".repeat(128)), tool("A-z_0.9")])).is_ok());
    assert!(with(|all| all.resources.push(resource("a+b-c.1:"))).is_ok());
}

#[test]
fn a_path_has_one_meaning() {
    for path in ["", "mcp", "/mcp?a", "/mcp#a", "/ping", "/health", "/ready", "/.well-known/x"] {
        let error = at(path).expect_err("a refusal");
        let why = format!("endpoint path {path:?} must begin with '/' and not be a well-known or probe path");
        assert_eq!(error.to_string(), why);
    }
    for path in ["/", "/mcp", "/ping/", "/.well-known"] {
        assert_eq!(at(path).expect(path).path(), path);
    }
    let mut builder = builder();
    builder.sessions.legacy_sse = Some(LegacySse { stream: "/sse".into(), messages: "/mcp".into() });
    let twice = builder.build(&CatalogSpec::default()).err();
    assert_eq!(twice, Some(BuildError::EndpointPath("/mcp".into())));
}

/// RFC 9728 section 2 and RFC 6749 section 3.3: who may use the server is said so that a client can act on it.
#[test]
fn a_policy_that_cannot_be_served_is_refused_with_what_is_wrong() {
    const ISSUER: &str = "https://auth.example.com";
    const AUDIENCE: &str = "https://mcp.example.com/mcp";
    let bearer = |issuer, audience| BearerPolicy::builder(issuer, audience);
    let scopes = || bearer(ISSUER, AUDIENCE);
    let issuer = || IssuerPolicy::new(ISSUER, AUDIENCE);
    let trusting = |issuer| BearerPolicy::trusting(issuer).build();
    let table = [
        (
            bearer("http://auth.example.com", AUDIENCE).build().err(),
            r#"issuer "http://auth.example.com" must be an https URL (http on loopback) without query and fragment"#,
        ),
        (bearer(ISSUER, "").build().err(), "the audience must not be empty"),
        (
            bearer(ISSUER, "api").build().err(),
            r#"resource "api" must be an https URL (http on loopback) without fragment"#,
        ),
        (scopes().scope("a b").build().err(), r#""a b" is no scope token (RFC 6749 section 3.3)"#),
        (scopes().scope("offline_access").build().err(), "offline_access is no scope of a resource"),
        (trusting(issuer().leeway_seconds(301)).err(), "a leeway of 301 s is more than the 300 s allowed"),
        (
            trusting(issuer().algorithms(AlgorithmSet::of(&[]))).err(),
            "at least one signature algorithm must be accepted",
        ),
        (
            CustomPolicy::builder().challenge_scheme("a b").build().err(),
            r#"challenge scheme "a b" must be one token"#,
        ),
    ];
    for (error, why) in table {
        assert_eq!(error.expect(why).to_string(), why);
    }
    // What the allow-lists say of an entry is told behind where it stands.
    let host = HostPolicy::allow(["a b"]).expect_err("a refusal").to_string();
    assert_eq!(BuildError::AllowedHost(host.clone()).to_string(), format!("allowed host: {host}"));
    let origin = OriginPolicy::allow(["app.example.com"]).expect_err("a refusal").to_string();
    assert_eq!(
        BuildError::AllowedOrigin(origin.clone()).to_string(),
        format!("allowed origin: {origin}; it has to be scheme://host or scheme://host:port")
    );
}

/// SUB-18: who has a list learns that it is another one, and who has one of which nothing changed learns nothing.
#[test]
fn what_another_catalog_changes_is_known() {
    let all = CatalogSpec {
        tools: vec![tool("a")],
        prompts: vec![prompt("a")],
        resources: vec![resource("a:b")],
        templates: vec![template("a:{b}")],
        ..CatalogSpec::default()
    };
    let before = builder().build(&all).expect("an engine");
    let described = || Some("Another".to_owned());
    let table: [(CatalogSpec, &[Change]); 8] = [
        (all.clone(), &[]),
        (CatalogSpec { tools: vec![tool("a"), tool("b")], ..all.clone() }, &[Change::ToolsChanged]),
        (
            CatalogSpec { tools: vec![ToolSpec { description: described(), ..tool("a") }], ..all.clone() },
            &[Change::ToolsChanged],
        ),
        (CatalogSpec { tools: Vec::new(), ..all.clone() }, &[Change::ToolsChanged]),
        (CatalogSpec { prompts: vec![prompt("b")], ..all.clone() }, &[Change::PromptsChanged]),
        (CatalogSpec { resources: vec![resource("a:c")], ..all.clone() }, &[Change::ResourcesChanged]),
        (CatalogSpec { templates: vec![template("a:{c}")], ..all }, &[Change::ResourcesChanged]),
        (CatalogSpec::default(), &[Change::ToolsChanged, Change::PromptsChanged, Change::ResourcesChanged]),
    ];
    for (catalog, changes) in table {
        let now = before.with_catalog(&catalog).expect("an engine");
        assert_eq!(now.changes_since(&before), changes);
        assert_eq!(before.changes_since(&now), changes);
    }
}
