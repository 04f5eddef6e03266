use super::{BearerPolicy, CustomPolicy, DpopPolicy, IssuerPolicy, scope::Scopes};
use crate::{
    AuthPolicy, BuildError, CatalogSpec, EngineBuilder, Implementation, ToolSpec,
    jws::{Algorithm, AlgorithmSet},
};

fn bearer() -> BearerPolicy {
    let builder = BearerPolicy::builder("https://auth.example.com", "https://mcp.example.com/mcp");
    builder.scope("mcp").implies("admin", "write").build().expect("a policy")
}

fn builder(auth: AuthPolicy) -> EngineBuilder {
    EngineBuilder::new(Implementation { name: "test".into(), ..Implementation::default() }, auth)
}

/// AUTH-24
#[test]
fn a_scope_is_granted_by_itself_and_by_what_implies_it_and_never_to_nobody() {
    let bearer = bearer();
    for (granted, scope, expected) in
        [("write", "write", true), ("admin", "write", true), ("write", "admin", false), ("", "write", false)]
    {
        assert_eq!(bearer.grants(&Scopes::parse(granted), scope), expected, "{granted} {scope}");
        let engine =
            builder(AuthPolicy::Bearer(bearer.clone())).build(&CatalogSpec::default()).expect("an engine");
        assert_eq!(engine.grants(Some(&Scopes::parse(granted)), scope), expected, "{granted} {scope}");
        assert!(!engine.grants(None, scope));
    }
    let open = builder(AuthPolicy::Open).build(&CatalogSpec::default()).expect("an engine");
    assert!(!open.grants(Some(&Scopes::parse("write")), "write"));
}

#[test]
fn scopes_on_a_server_where_nobody_can_have_any_are_refused() {
    let mut catalog = CatalogSpec::default();
    let scopes = vec!["write".to_owned()];
    catalog.tools.push(ToolSpec { scopes, ..ToolSpec::new("erase", serde_json::json!({"type": "object"})) });
    let refused = builder(AuthPolicy::Open).build(&catalog).err();
    assert_eq!(refused, Some(BuildError::ScopesForNobody("write".into())));
    assert!(builder(AuthPolicy::Bearer(bearer())).build(&catalog).is_ok());
}

#[test]
fn a_policy_says_what_it_was_built_of() {
    let bearer = bearer();
    assert_eq!(bearer.baseline().scopes().as_str(), "mcp");
    assert_eq!(bearer.metadata_url(), "https://mcp.example.com/.well-known/oauth-protected-resource/mcp");
    let custom = CustomPolicy::builder().scope("mcp").build().expect("a policy");
    assert_eq!(custom.baseline().scopes().as_str(), "mcp");
    let issuer = IssuerPolicy::new("https://auth.example.com", "https://mcp.example.com/mcp");
    assert_eq!(BearerPolicy::trusting(issuer.clone()).issuers().len(), 1);
    let few = AlgorithmSet::of(&[Algorithm::Es384]);
    assert_eq!(issuer.algorithms(few).accepted_algorithms(), few);
}

#[test]
fn nonces_are_demanded_by_those_who_say_so() {
    let demands = |policy: DpopPolicy| {
        let builder = BearerPolicy::builder("https://auth.example.com", "https://mcp.example.com/mcp");
        builder.dpop(policy).build().expect("a policy").dpop().expect("proofs").demands_nonces()
    };
    assert!(!demands(DpopPolicy::allowed()) && !demands(DpopPolicy::required()));
    assert!(demands(DpopPolicy::allowed().nonces()) && demands(DpopPolicy::required().nonces()));
}
