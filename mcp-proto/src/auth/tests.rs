use super::{
    BearerPolicy, BearerPolicyBuilder, CertificatePolicy, CustomPolicy, DpopPolicy, IssuerPolicy,
    scope::{Implications, Requirement, ScopeName, Scopes},
};
use crate::{
    AuthPolicy, BuildError, CatalogSpec, EngineBuilder, Implementation, ToolSpec,
    jws::{Algorithm, AlgorithmSet, Profile, TokenRulesError, Verification},
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

/// Where callers are somebody, nobody may do anything; where nobody has a name, everybody may do what needs nothing.
#[test]
fn nobody_is_permitted_anything_but_on_an_open_server() {
    let nothing = Requirement::default();
    let write = Requirement::all_of([ScopeName::parse("write").expect("a scope")], &Implications::new());
    let custom = CustomPolicy::builder().build().expect("a policy");
    for policy in [AuthPolicy::Bearer(bearer()), AuthPolicy::Custom(custom)] {
        assert!(!policy.permits(None, &nothing) && !policy.permits(None, &write));
    }
    assert!(AuthPolicy::Open.permits(None, &nothing) && !AuthPolicy::Open.permits(None, &write));
}

#[test]
fn a_policy_says_what_it_was_built_of() {
    let required = CertificatePolicy::required();
    for (policy, is_required) in
        [(None, false), (Some(CertificatePolicy::allowed()), false), (Some(required), true)]
    {
        let builder = BearerPolicy::builder("https://auth.example.com", "https://mcp.example.com/mcp");
        let builder = policy.into_iter().fold(builder, BearerPolicyBuilder::certificates);
        let built = builder.build().expect("a policy");
        assert_eq!((built.certificates(), built.requires_certificates()), (policy, is_required));
    }
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

#[test]
fn what_is_said_of_an_issuer_becomes_its_rules() {
    let issuer = IssuerPolicy::new("https://auth.example.com", "https://mcp.example.com/mcp")
        .audience("api://mcp")
        .profile(Profile::Compatible)
        .verification(Verification::Introspection)
        .leeway_seconds(7)
        .client_as_audience()
        .grant(["realm", "roles"], "editor", "write")
        .keep_claim("tenant");
    let other = IssuerPolicy::new("https://other.example.com", "https://mcp.example.com/mcp");
    let builder = BearerPolicy::trusting(issuer).resource("https://mcp.example.com/mcp").issuer(other);
    let policy = builder.map_issuers(|issuer| issuer.algorithms(AlgorithmSet::of(&[Algorithm::Es384])));
    let policy = policy.build().expect("a policy");
    assert_eq!(policy.issuers().len(), 2);
    let rules = policy.issuers().rules_of("https://auth.example.com").expect("rules");
    let audiences: Vec<&str> = rules.audiences().iter().map(|audience| &**audience).collect();
    assert_eq!(audiences, ["https://mcp.example.com/mcp", "api://mcp"]);
    assert_eq!((rules.profile(), rules.verification()), (Profile::Compatible, Verification::Introspection));
    assert_eq!((rules.leeway_seconds(), rules.takes_client_as_audience()), (7, true));
    assert_eq!(rules.grants().len(), 1);
    assert_eq!(rules.kept_claims(), ["tenant".into()]);
    assert_eq!(rules.algorithms(), AlgorithmSet::of(&[Algorithm::Es384]));
}

#[test]
fn what_is_wrong_with_an_issuer_is_told() {
    let issuer = || IssuerPolicy::new("https://auth.example.com", "https://mcp.example.com/mcp");
    let refused = |issuer: IssuerPolicy| BearerPolicy::trusting(issuer).build().err();
    assert_eq!(refused(issuer().algorithms(AlgorithmSet::of(&[]))), Some(BuildError::Algorithms));
    let tokens = |error| Some(BuildError::Tokens("https://auth.example.com".into(), error));
    let none: [&str; 0] = [];
    assert_eq!(refused(issuer().grant(none, "a", "b")), tokens(TokenRulesError::GrantPathEmpty));
    let many = (0..17).fold(issuer(), |issuer, number| issuer.keep_claim(format!("claim{number}")));
    assert_eq!(refused(many), tokens(TokenRulesError::TooManyKeptClaims));
}

#[test]
fn what_is_said_of_proofs_becomes_their_rules() {
    let proofs = DpopPolicy::allowed()
        .target("https://other.example.com/mcp")
        .algorithms(AlgorithmSet::of(&[Algorithm::EdDsa]))
        .past_seconds(11)
        .future_seconds(3);
    let builder = BearerPolicy::builder("https://auth.example.com", "https://mcp.example.com/mcp");
    let policy = builder.dpop(proofs).build().expect("a policy");
    let rules = policy.dpop().expect("proofs").rules();
    assert_eq!(rules.targets().count(), 2);
    assert_eq!(rules.algorithms(), AlgorithmSet::of(&[Algorithm::EdDsa]));
    assert_eq!((rules.past_seconds(), rules.future_seconds()), (11, 3));
    let custom = CustomPolicy::from(policy);
    assert_eq!(custom.credential_fields(), ["dpop"]);
    assert!(CustomPolicy::from(bearer()).credential_fields().is_empty());
}

#[test]
fn an_authorization_server_is_named_for_a_resource() {
    let builder = CustomPolicy::builder().authorization_server("https://auth.example.com");
    assert_eq!(builder.build().err(), Some(BuildError::Resource(String::new())));
}
