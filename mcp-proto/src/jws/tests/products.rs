//! Tokens as the widespread products write them, with invented values, and what becomes of each in
//! both profiles. Every token here has a good signature by a key of its issuer.

use super::*;
use crate::auth::principal::Principal;

const AUDIENCE: &str = "https://mcp.example/mcp";

/// A token of some product, and what becomes of it.
struct Sample {
    name: &'static str,
    header: &'static str,
    issuer: &'static str,
    /// The audience that the server is configured with.
    audience: &'static str,
    payload: &'static str,
    strict: Result<Holder, Denial>,
    compatible: Result<Holder, Denial>,
}

/// Subject, client, scopes.
type Holder = (&'static str, &'static str, &'static str);

const PLAIN: &str = r#"{"alg":"RS256","kid":"rs"}"#;
const JWT: &str = r#"{"typ":"JWT","alg":"RS256","kid":"rs"}"#;
const TYPED: &str = r#"{"typ":"at+jwt","alg":"RS256","kid":"rs"}"#;

const KEYCLOAK: &str = "https://sso.example/realms/main";
const AUTH0: &str = "https://tenant.eu.auth0.example/";
const ENTRA_V1: &str = "https://sts.windows.example/0f1e2d3c/";
const ENTRA_V2: &str = "https://login.microsoftonline.example/0f1e2d3c/v2.0";
const OKTA: &str = "https://tenant.okta.example/oauth2/default";
const COGNITO: &str = "https://cognito-idp.eu-west-1.amazonaws.example/eu-west-1_A";
const OTHER: &str = "https://id.example";

const REFUSED: Result<Holder, Denial> = Err(Denial::TypeRefused);
const NO_ACCESS_TOKEN: Result<Holder, Denial> = Err(Denial::NotAnAccessToken);

const ACCESS_TOKENS: &[Sample] = &[
    Sample {
        name: "Keycloak with an audience mapper",
        header: JWT,
        issuer: KEYCLOAK,
        audience: AUDIENCE,
        payload: r#"{"exp":2000,"iat":1000,"auth_time":990,"jti":"onrtac:1",
            "iss":"https://sso.example/realms/main","aud":["https://mcp.example/mcp","account"],
            "sub":"alice","typ":"Bearer","azp":"desk","sid":"s","acr":"1","allowed-origins":["/*"],
            "realm_access":{"roles":["offline_access","mcp-admin"]},
            "resource_access":{"account":{"roles":["view-profile"]}},
            "scope":"openid mcp","email_verified":true,"preferred_username":"alice"}"#,
        strict: REFUSED,
        compatible: Ok(("alice", "desk", "openid mcp")),
    },
    Sample {
        name: "Keycloak before 25, which repeats the nonce",
        header: JWT,
        issuer: KEYCLOAK,
        audience: AUDIENCE,
        payload: r#"{"exp":2000,"iat":1000,"jti":"1","iss":"https://sso.example/realms/main",
            "aud":"https://mcp.example/mcp","sub":"alice","typ":"Bearer","azp":"desk","nonce":"n",
            "session_state":"s","scope":"openid mcp","sid":"s"}"#,
        strict: REFUSED,
        compatible: Ok(("alice", "desk", "openid mcp")),
    },
    Sample {
        name: "Keycloak with the header of RFC 9068, and without its client_id",
        header: TYPED,
        issuer: KEYCLOAK,
        audience: AUDIENCE,
        payload: r#"{"exp":2000,"iat":1000,"jti":"1","iss":"https://sso.example/realms/main",
            "aud":"https://mcp.example/mcp","sub":"alice","typ":"Bearer","azp":"desk","scope":"mcp"}"#,
        strict: Err(Denial::ClientMissing),
        compatible: Ok(("alice", "desk", "mcp")),
    },
    Sample {
        name: "Keycloak, for the account console only",
        header: JWT,
        issuer: KEYCLOAK,
        audience: AUDIENCE,
        payload: r#"{"exp":2000,"iat":1000,"jti":"1","iss":"https://sso.example/realms/main",
            "aud":"account","sub":"alice","typ":"Bearer","azp":"desk","scope":"openid"}"#,
        strict: REFUSED,
        compatible: Err(Denial::AudienceForeign),
    },
    Sample {
        name: "Keycloak, bound with DPoP",
        header: JWT,
        issuer: KEYCLOAK,
        audience: AUDIENCE,
        payload: r#"{"exp":2000,"iat":1000,"jti":"1","iss":"https://sso.example/realms/main",
            "aud":"https://mcp.example/mcp","sub":"alice","typ":"DPoP","azp":"desk","scope":"mcp",
            "cnf":{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}"#,
        strict: REFUSED,
        compatible: Err(Denial::SenderConstrained),
    },
    Sample {
        name: "Auth0",
        header: JWT,
        issuer: AUTH0,
        audience: AUDIENCE,
        payload: r#"{"iss":"https://tenant.eu.auth0.example/","sub":"auth0|1",
            "aud":["https://mcp.example/mcp","https://tenant.eu.auth0.example/userinfo"],
            "iat":1000,"exp":2000,"scope":"openid mcp","azp":"desk","permissions":["mcp"]}"#,
        strict: REFUSED,
        compatible: Ok(("auth0|1", "desk", "openid mcp")),
    },
    Sample {
        name: "Auth0, client credentials without any scope",
        header: JWT,
        issuer: AUTH0,
        audience: AUDIENCE,
        payload: r#"{"iss":"https://tenant.eu.auth0.example/","sub":"desk@clients",
            "aud":"https://mcp.example/mcp","iat":1000,"exp":2000,"gty":"client-credentials",
            "azp":"desk"}"#,
        strict: REFUSED,
        compatible: Ok(("desk@clients", "desk", "")),
    },
    Sample {
        name: "Auth0 with the profile of RFC 9068",
        header: TYPED,
        issuer: AUTH0,
        audience: AUDIENCE,
        payload: r#"{"iss":"https://tenant.eu.auth0.example/","sub":"auth0|1",
            "aud":"https://mcp.example/mcp","iat":1000,"exp":2000,"scope":"mcp","jti":"1",
            "client_id":"desk"}"#,
        strict: Ok(("auth0|1", "desk", "mcp")),
        compatible: Ok(("auth0|1", "desk", "mcp")),
    },
    Sample {
        name: "Entra ID v1",
        header: JWT,
        issuer: ENTRA_V1,
        audience: "api://6e74",
        payload: r#"{"aud":"api://6e74","iss":"https://sts.windows.example/0f1e2d3c/","iat":1000,
            "nbf":1000,"exp":2000,"acr":"1","aio":"a","amr":["pwd"],"appid":"desk","appidacr":"0",
            "ipaddr":"192.0.2.1","name":"Alice","oid":"o","rh":"r","scp":"mcp user_impersonation",
            "sub":"alice","tid":"0f1e2d3c","unique_name":"alice","upn":"alice","uti":"u","ver":"1.0"}"#,
        strict: REFUSED,
        compatible: Ok(("alice", "desk", "mcp user_impersonation")),
    },
    Sample {
        name: "Entra ID v2",
        header: JWT,
        issuer: ENTRA_V2,
        audience: "6e74",
        payload: r#"{"aud":"6e74","iss":"https://login.microsoftonline.example/0f1e2d3c/v2.0",
            "iat":1000,"nbf":1000,"exp":2000,"aio":"a","azp":"desk","azpacr":"0","name":"Alice",
            "oid":"o","preferred_username":"alice","rh":"r","scp":"mcp","sub":"alice",
            "tid":"0f1e2d3c","uti":"u","ver":"2.0"}"#,
        strict: REFUSED,
        compatible: Ok(("alice", "desk", "mcp")),
    },
    Sample {
        name: "Entra ID v2, an application in its own name",
        header: JWT,
        issuer: ENTRA_V2,
        audience: "6e74",
        payload: r#"{"aud":"6e74","iss":"https://login.microsoftonline.example/0f1e2d3c/v2.0",
            "iat":1000,"nbf":1000,"exp":2000,"aio":"a","azp":"desk","azpacr":"1","oid":"o","rh":"r",
            "roles":["mcp.admin"],"sub":"o","tid":"0f1e2d3c","uti":"u","ver":"2.0"}"#,
        strict: REFUSED,
        compatible: Ok(("o", "desk", "")),
    },
    Sample {
        name: "Okta, custom authorization server",
        header: PLAIN,
        issuer: OKTA,
        audience: "api://default",
        payload: r#"{"ver":1,"jti":"AT.1","iss":"https://tenant.okta.example/oauth2/default",
            "aud":"api://default","iat":1000,"exp":2000,"cid":"desk","uid":"u",
            "scp":["openid","mcp"],"auth_time":990,"sub":"alice"}"#,
        strict: REFUSED,
        compatible: Ok(("alice", "desk", "openid mcp")),
    },
    Sample {
        name: "Cognito with resource binding",
        header: PLAIN,
        issuer: COGNITO,
        audience: AUDIENCE,
        payload: r#"{"sub":"alice","iss":"https://cognito-idp.eu-west-1.amazonaws.example/eu-west-1_A",
            "client_id":"desk","origin_jti":"o","event_id":"e","token_use":"access",
            "scope":"openid mcp","auth_time":990,"exp":2000,"iat":1000,"jti":"1","username":"alice",
            "aud":"https://mcp.example/mcp"}"#,
        strict: REFUSED,
        compatible: Ok(("alice", "desk", "openid mcp")),
    },
    Sample {
        name: "Cognito without resource binding",
        header: PLAIN,
        issuer: COGNITO,
        audience: "desk",
        payload: r#"{"sub":"alice","cognito:groups":["admins"],
            "iss":"https://cognito-idp.eu-west-1.amazonaws.example/eu-west-1_A","client_id":"desk",
            "token_use":"access","scope":"mcp","exp":2000,"iat":1000,"jti":"1","username":"alice"}"#,
        strict: REFUSED,
        compatible: Err(Denial::AudienceMissing),
    },
    Sample {
        name: "an issuer that follows RFC 9068",
        header: TYPED,
        issuer: OTHER,
        audience: AUDIENCE,
        payload: r#"{"iss":"https://id.example","aud":"https://mcp.example/mcp","exp":2000,"iat":1000,
            "sub":"alice","client_id":"desk","jti":"1","scope":"mcp"}"#,
        strict: Ok(("alice", "desk", "mcp")),
        compatible: Ok(("alice", "desk", "mcp")),
    },
];

/// The audience is always the token's own, which would be the worst mistake to configure.
const OTHER_TOKENS: &[Sample] = &[
    Sample {
        name: "ID token of Keycloak",
        header: JWT,
        issuer: KEYCLOAK,
        audience: "desk",
        payload: r#"{"exp":2000,"iat":1000,"auth_time":990,"jti":"1",
            "iss":"https://sso.example/realms/main","aud":"desk","sub":"alice","typ":"ID",
            "azp":"desk","sid":"s","acr":"1","email_verified":true}"#,
        strict: REFUSED,
        compatible: NO_ACCESS_TOKEN,
    },
    Sample {
        name: "refresh token of Keycloak, were it signed with a published key",
        header: JWT,
        issuer: KEYCLOAK,
        audience: KEYCLOAK,
        payload: r#"{"exp":2000,"iat":1000,"jti":"1","iss":"https://sso.example/realms/main",
            "aud":"https://sso.example/realms/main","sub":"alice","typ":"Refresh","azp":"desk",
            "sid":"s","scope":"openid mcp"}"#,
        strict: REFUSED,
        compatible: NO_ACCESS_TOKEN,
    },
    Sample {
        name: "offline token of Keycloak",
        header: JWT,
        issuer: KEYCLOAK,
        audience: KEYCLOAK,
        payload: r#"{"iat":1000,"exp":2000,"jti":"1","iss":"https://sso.example/realms/main",
            "aud":"https://sso.example/realms/main","sub":"alice","typ":"Offline","azp":"desk",
            "scope":"openid offline_access"}"#,
        strict: REFUSED,
        compatible: NO_ACCESS_TOKEN,
    },
    Sample {
        name: "logout token of Keycloak",
        header: JWT,
        issuer: KEYCLOAK,
        audience: "desk",
        payload: r#"{"iat":1000,"exp":2000,"jti":"1","iss":"https://sso.example/realms/main",
            "aud":"desk","sub":"alice","typ":"Logout","sid":"s",
            "events":{"http://schemas.openid.net/event/backchannel-logout":{}}}"#,
        strict: REFUSED,
        compatible: NO_ACCESS_TOKEN,
    },
    Sample {
        name: "logout token that says so (OpenID Connect Back-Channel Logout section 2.4)",
        header: r#"{"typ":"logout+jwt","alg":"RS256","kid":"rs"}"#,
        issuer: OTHER,
        audience: "desk",
        payload: r#"{"iss":"https://id.example","sub":"alice","aud":"desk","iat":1000,"exp":2000,
            "jti":"1","events":{"http://schemas.openid.net/event/backchannel-logout":{}}}"#,
        strict: REFUSED,
        compatible: REFUSED,
    },
    Sample {
        name: "logout token that does not",
        header: PLAIN,
        issuer: OTHER,
        audience: "desk",
        payload: r#"{"iss":"https://id.example","sub":"alice","aud":"desk","iat":1000,"exp":2000,
            "jti":"1","client_id":"desk",
            "events":{"http://schemas.openid.net/event/backchannel-logout":{}}}"#,
        strict: REFUSED,
        compatible: NO_ACCESS_TOKEN,
    },
    Sample {
        name: "ID token of Auth0",
        header: JWT,
        issuer: AUTH0,
        audience: "desk",
        payload: r#"{"nickname":"alice","name":"Alice","updated_at":"2026-01-01T00:00:00Z",
            "iss":"https://tenant.eu.auth0.example/","aud":"desk","iat":1000,"exp":2000,
            "sub":"auth0|1","sid":"s","nonce":"n"}"#,
        strict: REFUSED,
        compatible: NO_ACCESS_TOKEN,
    },
    Sample {
        name: "ID token of Auth0, refreshed",
        header: JWT,
        issuer: AUTH0,
        audience: "desk",
        payload: r#"{"name":"Alice","iss":"https://tenant.eu.auth0.example/","aud":"desk","iat":1000,
            "exp":2000,"sub":"auth0|1","sid":"s"}"#,
        strict: REFUSED,
        compatible: NO_ACCESS_TOKEN,
    },
    Sample {
        name: "ID token of Entra ID v1",
        header: JWT,
        issuer: ENTRA_V1,
        audience: "desk",
        payload: r#"{"aud":"desk","iss":"https://sts.windows.example/0f1e2d3c/","iat":1000,"nbf":1000,
            "exp":2000,"amr":["pwd"],"ipaddr":"192.0.2.1","name":"Alice","nonce":"n","oid":"o",
            "sub":"alice","tid":"0f1e2d3c","unique_name":"alice","uti":"u","ver":"1.0"}"#,
        strict: REFUSED,
        compatible: NO_ACCESS_TOKEN,
    },
    Sample {
        name: "ID token of Entra ID v2",
        header: JWT,
        issuer: ENTRA_V2,
        audience: "desk",
        payload: r#"{"ver":"2.0","iss":"https://login.microsoftonline.example/0f1e2d3c/v2.0",
            "sub":"alice","aud":"desk","exp":2000,"iat":1000,"nbf":1000,"name":"Alice",
            "preferred_username":"alice","oid":"o","tid":"0f1e2d3c","aio":"a","uti":"u","rh":"r"}"#,
        strict: REFUSED,
        compatible: NO_ACCESS_TOKEN,
    },
    Sample {
        name: "ID token of Entra ID v2 with roles",
        header: JWT,
        issuer: ENTRA_V2,
        audience: "desk",
        payload: r#"{"ver":"2.0","iss":"https://login.microsoftonline.example/0f1e2d3c/v2.0",
            "sub":"alice","aud":"desk","exp":2000,"iat":1000,"nbf":1000,"roles":["mcp.admin"],
            "oid":"o","tid":"0f1e2d3c","uti":"u"}"#,
        strict: REFUSED,
        compatible: NO_ACCESS_TOKEN,
    },
    Sample {
        name: "ID token of Okta",
        header: PLAIN,
        issuer: OKTA,
        audience: "desk",
        payload: r#"{"sub":"alice","name":"Alice","ver":1,
            "iss":"https://tenant.okta.example/oauth2/default","aud":"desk","iat":1000,"exp":2000,
            "jti":"ID.1","amr":["pwd"],"idp":"i","preferred_username":"alice","auth_time":990,
            "at_hash":"h"}"#,
        strict: REFUSED,
        compatible: NO_ACCESS_TOKEN,
    },
    Sample {
        name: "ID token of Okta without a hash",
        header: PLAIN,
        issuer: OKTA,
        audience: "desk",
        payload: r#"{"sub":"alice","ver":1,"iss":"https://tenant.okta.example/oauth2/default",
            "aud":"desk","iat":1000,"exp":2000,"jti":"ID.1","amr":["pwd"],"idp":"i","auth_time":990}"#,
        strict: REFUSED,
        compatible: NO_ACCESS_TOKEN,
    },
    Sample {
        name: "ID token of Cognito",
        header: PLAIN,
        issuer: COGNITO,
        audience: "desk",
        payload: r#"{"sub":"alice","cognito:groups":["admins"],
            "iss":"https://cognito-idp.eu-west-1.amazonaws.example/eu-west-1_A",
            "cognito:username":"alice","origin_jti":"o","aud":"desk","event_id":"e",
            "token_use":"id","auth_time":990,"exp":2000,"iat":1000,"jti":"1"}"#,
        strict: REFUSED,
        compatible: NO_ACCESS_TOKEN,
    },
    Sample {
        name: "ID token of Google",
        header: JWT,
        issuer: "https://accounts.google.example",
        audience: "desk",
        payload: r#"{"iss":"https://accounts.google.example","azp":"desk","aud":"desk","sub":"1",
            "hd":"mcp.example","email":"alice@mcp.example","email_verified":true,"iat":1000,
            "exp":2000}"#,
        strict: REFUSED,
        compatible: NO_ACCESS_TOKEN,
    },
    Sample {
        name: "ID token that has a client_id and a hash",
        header: JWT,
        issuer: OTHER,
        audience: "desk",
        payload: r#"{"iss":"https://id.example","aud":["desk"],"azp":"desk","client_id":"desk",
            "at_hash":"h","sub":"alice","iat":1000,"exp":2000,"amr":["pwd"]}"#,
        strict: REFUSED,
        compatible: NO_ACCESS_TOKEN,
    },
    Sample {
        name: "client assertion (RFC 7523), which names nothing but who and for whom",
        header: JWT,
        issuer: "desk",
        audience: AUDIENCE,
        payload: r#"{"iss":"desk","sub":"desk","aud":"https://mcp.example/mcp","jti":"1","iat":1000,
            "exp":2000}"#,
        strict: REFUSED,
        compatible: NO_ACCESS_TOKEN,
    },
];

fn holder(principal: &Principal) -> (&str, &str, &str) {
    (principal.subject(), principal.client(), principal.scopes().as_str())
}

/// What becomes of a sample under these rules, through all stages.
fn judge_under(rules: TokenRules, sample: &Sample) -> Result<Claims, Denial> {
    let issuers = Issuers::new(vec![rules]).unwrap();
    let text = token(sample.header, sample.payload, &[7; 256]);
    let keys = keys();
    let Identified::Signed(unchecked) = issuers.identify(&text)? else {
        panic!("{} is not checked by its signature", sample.name);
    };
    let rules = unchecked.rules();
    let claims = unchecked.with_keys(&keys)?.resolve(true)?;
    rules.check(&claims, Possession::default(), UnixSeconds(1500))?;
    Ok(claims)
}

fn rules_for(sample: &Sample, profile: Profile) -> TokenRules {
    TokenRules::new(sample.issuer, [sample.audience]).unwrap().with_profile(profile)
}

#[test]
fn every_sample_comes_out_as_stated_in_both_profiles() {
    for sample in ACCESS_TOKENS.iter().chain(OTHER_TOKENS) {
        for (profile, expected) in
            [(Profile::Rfc9068, sample.strict), (Profile::Compatible, sample.compatible)]
        {
            let judged = judge_under(rules_for(sample, profile), sample);
            let found = judged.as_ref().map(|claims| holder(claims.principal())).map_err(|denial| *denial);
            assert_eq!(found, expected, "{} as {profile:?}", sample.name);
        }
    }
}

#[test]
fn nothing_but_access_tokens_gets_through_with_any_switch() {
    for sample in OTHER_TOKENS {
        for profile in [Profile::Rfc9068, Profile::Compatible] {
            let rules = rules_for(sample, profile).with_client_as_audience();
            assert!(judge_under(rules, sample).is_err(), "{} as {profile:?}", sample.name);
        }
    }
}

/// The first defence is the kind of token, the second that an ID token is for somebody else.
#[test]
fn other_tokens_are_refused_for_what_they_are_and_not_for_their_audience() {
    for sample in OTHER_TOKENS.iter().filter(|sample| sample.compatible == NO_ACCESS_TOKEN) {
        let rules = TokenRules::new(sample.issuer, [AUDIENCE]).unwrap().with_profile(Profile::Compatible);
        assert_eq!(judge_under(rules, sample), Err(Denial::NotAnAccessToken), "{}", sample.name);
    }
}

#[test]
fn the_client_stands_for_the_audience_of_cognito_on_request() {
    let sample = ACCESS_TOKENS.iter().find(|sample| sample.name == "Cognito without resource binding");
    let sample = sample.unwrap();
    let rules = |audience, profile| {
        TokenRules::new(COGNITO, [audience]).unwrap().with_profile(profile).with_client_as_audience()
    };
    let claims = judge_under(rules("desk", Profile::Compatible), sample).unwrap();
    assert_eq!(holder(claims.principal()), ("alice", "desk", "mcp"));
    assert_eq!(claims.audiences(), ["desk".into()]);

    let elsewhere = judge_under(rules("phone", Profile::Compatible), sample);
    assert_eq!(elsewhere, Err(Denial::AudienceForeign));
    let strict = judge_under(rules("desk", Profile::Rfc9068), sample);
    assert_eq!(strict, Err(Denial::TypeRefused));
}

#[test]
fn roles_and_groups_grant_scopes() {
    let table: &[(&str, &[&str], &str, &str)] = &[
        ("Keycloak with an audience mapper", &["realm_access", "roles"], "mcp-admin", "openid mcp write"),
        ("Keycloak with an audience mapper", &["realm_access", "roles"], "mcp-admi", "openid mcp"),
        (
            "Keycloak with an audience mapper",
            &["resource_access", "account", "roles"],
            "view-profile",
            "openid mcp write",
        ),
        ("Auth0", &["permissions"], "mcp", "openid mcp write"),
        ("Entra ID v2, an application in its own name", &["roles"], "mcp.admin", "write"),
    ];
    for (name, path, value, expected) in table {
        let sample = ACCESS_TOKENS.iter().find(|sample| sample.name == *name).unwrap();
        let rules = rules_for(sample, Profile::Compatible);
        let rules = rules.with_grant(path.iter().copied(), *value, "write").unwrap();
        let claims = judge_under(rules, sample).unwrap();
        assert_eq!(claims.principal().scopes().as_str(), *expected, "{name} {path:?}");
    }
}

#[test]
fn the_token_of_entra_id_has_a_name_of_its_own() {
    let sample = ACCESS_TOKENS.iter().find(|sample| sample.name == "Entra ID v2").unwrap();
    let claims = judge_under(rules_for(sample, Profile::Compatible), sample).unwrap();
    assert_eq!(claims.token_id(), Some("u"));
}

/// RFC 9068 section 3.
#[test]
fn the_example_of_rfc_9068_is_accepted_in_both_profiles() {
    let header = r#"{"typ":"at+JWT","alg":"RS256","kid":"rs"}"#;
    let payload = r#"{
        "iss": "https://authorization-server.example.com/",
        "sub": "5ba552d67",
        "aud": "https://rs.example.com/",
        "exp": 1639528912,
        "iat": 1618354090,
        "jti" : "dbe39bf3a3ba4238a513f51d6e1691c4",
        "client_id": "s6BhdRkqt3",
        "scope": "openid profile reademail"
    }"#;
    let issuer = "https://authorization-server.example.com/";
    let text = token(header, payload, &[7; 256]);
    let keys = keys();
    for profile in [Profile::Rfc9068, Profile::Compatible] {
        let rules = TokenRules::new(issuer, ["https://rs.example.com/"]).unwrap().with_profile(profile);
        let claims = inspect(&text, &rules, &keys).unwrap().resolve(true).unwrap();
        assert_eq!(rules.check(&claims, Possession::default(), UnixSeconds(1_618_354_090)), Ok(()));
        let expected = ("5ba552d67", "s6BhdRkqt3", "openid profile reademail");
        assert_eq!(holder(claims.principal()), expected);
    }
}
