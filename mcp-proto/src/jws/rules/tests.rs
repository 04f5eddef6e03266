use super::*;
use crate::jws::profile::Origin;
use crate::jws::{Algorithm, CertificateThumbprint, GRANT_PATH_MAX, Thumbprint};
use proptest::prelude::*;

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "https://mcp.example/mcp";

fn rules() -> TokenRules {
    TokenRules::new(ISSUER, [AUDIENCE]).unwrap()
}

fn claims(iss: &str, aud: &str, times: &str) -> Claims {
    let json = format!(r#"{{"iss":"{iss}","aud":{aud},"sub":"s","client_id":"c","jti":"j",{times}}}"#);
    Claims::read(json.as_bytes(), &rules(), Origin::Token { is_typed: true }).unwrap()
}

fn judge(rules: &TokenRules, times: &str, now: u64) -> Result<(), Denial> {
    let claims = claims(ISSUER, &format!(r#""{AUDIENCE}""#), times);
    rules.check(&claims, Possession::default(), UnixSeconds(now))
}

#[test]
fn new_rules_have_the_stated_defaults() {
    let rules = rules();
    assert_eq!(rules.issuer(), ISSUER);
    assert_eq!(rules.audiences(), [AUDIENCE.into()]);
    assert_eq!(rules.leeway_seconds(), 60);
    assert_eq!(rules.token_bytes_max(), 16_384);
    assert_eq!(rules.algorithms(), AlgorithmSet::of(Algorithm::DEFAULT));
    assert_eq!(rules.profile(), Profile::Rfc9068);
    assert_eq!(rules.verification(), Verification::Signature);
    assert!(!rules.takes_client_as_audience());
    assert!(rules.grants().is_empty());
}

#[test]
fn rules_that_demand_nothing_cannot_be_built() {
    let none: [&str; 0] = [];
    let table = [
        (TokenRules::new("", [AUDIENCE]), TokenRulesError::IssuerEmpty),
        (TokenRules::new(ISSUER, none), TokenRulesError::AudienceEmpty),
        (TokenRules::new(ISSUER, [AUDIENCE, ""]), TokenRulesError::AudienceEmpty),
        (rules().with_algorithms(AlgorithmSet::of(&[])), TokenRulesError::AlgorithmsEmpty),
        (rules().with_token_bytes_max(0), TokenRulesError::TokenBytesZero),
        (rules().with_leeway_seconds(301), TokenRulesError::LeewayTooLong),
        (rules().with_leeway_seconds(u64::MAX), TokenRulesError::LeewayTooLong),
    ];
    for (built, error) in table {
        assert_eq!(built, Err(error), "{error}");
    }
    assert_eq!(rules().with_leeway_seconds(300).unwrap().leeway_seconds(), 300);
    assert_eq!(rules().with_token_bytes_max(1).unwrap().token_bytes_max(), 1);
    let only = AlgorithmSet::of(&[Algorithm::EdDsa]);
    assert_eq!(rules().with_algorithms(only).unwrap().algorithms(), only);
}

#[test]
fn the_issuer_is_compared_byte_for_byte() {
    let times = r#""exp":2000,"iat":1000"#;
    let table = [
        "https://id.example/",
        "https://ID.example",
        "HTTPS://id.example",
        "https://id.example.evil.example",
        "https://id.exampl",
        "http://id.example",
        " https://id.example",
    ];
    for issuer in table {
        let claims = claims(issuer, &format!(r#""{AUDIENCE}""#), times);
        let judged = rules().check(&claims, Possession::default(), UnixSeconds(1500));
        assert_eq!(judged, Err(Denial::IssuerForeign), "{issuer}");
    }
}

#[test]
fn the_audience_has_to_name_this_server_byte_for_byte() {
    let table = [
        (r#""https://mcp.example/mcp""#, Ok(())),
        (r#"["https://mcp.example/mcp"]"#, Ok(())),
        (r#"["https://other.example","https://mcp.example/mcp"]"#, Ok(())),
        (r#""https:\/\/mcp.example\/mcp""#, Ok(())),
        (r#""https://mcp.example/mcp/""#, Err(Denial::AudienceForeign)),
        (r#""https://mcp.example""#, Err(Denial::AudienceForeign)),
        (r#""https://MCP.example/mcp""#, Err(Denial::AudienceForeign)),
        (r#""https://mcp.example/mcp https://other.example""#, Err(Denial::AudienceForeign)),
        (r#"["",""]"#, Err(Denial::AudienceForeign)),
        (r#"["https://other.example"]"#, Err(Denial::AudienceForeign)),
    ];
    for (audience, expected) in table {
        let claims = claims(ISSUER, audience, r#""exp":2000,"iat":1000"#);
        assert_eq!(rules().check(&claims, Possession::default(), UnixSeconds(1500)), expected, "{audience}");
    }
}

#[test]
fn any_configured_audience_will_do() {
    let rules = TokenRules::new(ISSUER, [AUDIENCE, "urn:second"]).unwrap();
    let times = r#""exp":2000,"iat":1000"#;
    let second = claims(ISSUER, r#""urn:second""#, times);
    let third = claims(ISSUER, r#""urn:third""#, times);
    let now = UnixSeconds(1500);
    assert_eq!(rules.check(&second, Possession::default(), now), Ok(()));
    assert_eq!(rules.check(&third, Possession::default(), now), Err(Denial::AudienceForeign));
}

#[test]
fn time_is_judged_to_the_second() {
    let table = [
        // exp 2000 and a leeway of 60: the last good second is 2059.
        (r#""exp":2000,"iat":1000"#, 2059, Ok(())),
        (r#""exp":2000,"iat":1000"#, 2060, Err(Denial::Expired)),
        (r#""exp":2000.9,"iat":1000"#, 2059, Ok(())),
        (r#""exp":2000.9,"iat":1000"#, 2060, Err(Denial::Expired)),
        (r#""exp":2e3,"iat":1000"#, 2059, Ok(())),
        (r#""exp":0,"iat":0"#, 60, Err(Denial::Expired)),
        (r#""exp":2000,"iat":1000"#, u64::MAX, Err(Denial::Expired)),
        (r#""exp":2000,"nbf":1100,"iat":1000"#, 1039, Err(Denial::NotYetValid)),
        (r#""exp":2000,"nbf":1100,"iat":1000"#, 1040, Ok(())),
        (r#""exp":2000,"nbf":1100.9,"iat":1000"#, 1040, Ok(())),
        (r#""exp":2000,"iat":1000"#, 939, Err(Denial::IssuedInFuture)),
        (r#""exp":2000,"iat":1000"#, 940, Ok(())),
        (r#""exp":2000,"iat":1000.9"#, 940, Ok(())),
        (r#""exp":253402300799,"iat":253402300799"#, 253_402_300_739, Ok(())),
    ];
    for (times, now, expected) in table {
        assert_eq!(judge(&rules(), times, now), expected, "{times} at {now}");
    }
}

#[test]
fn without_leeway_the_interval_is_exact() {
    let rules = rules().with_leeway_seconds(0).unwrap();
    let times = r#""exp":2000,"nbf":1000,"iat":1000"#;
    assert_eq!(judge(&rules, times, 999), Err(Denial::NotYetValid));
    assert_eq!(judge(&rules, times, 1000), Ok(()));
    assert_eq!(judge(&rules, times, 1999), Ok(()));
    assert_eq!(judge(&rules, times, 2000), Err(Denial::Expired));
}

#[test]
fn a_grant_has_a_path_of_one_to_four_names_a_value_and_a_scope() {
    let path = |depth| vec!["a"; depth];
    let table = [
        (path(0), "v", "s", Some(TokenRulesError::GrantPathEmpty)),
        (path(1), "v", "s", None),
        (path(GRANT_PATH_MAX), "v", "s", None),
        (path(GRANT_PATH_MAX + 1), "v", "s", Some(TokenRulesError::GrantPathTooLong)),
        (path(1), "", "s", Some(TokenRulesError::GrantValueEmpty)),
        (path(1), "v", "", Some(TokenRulesError::GrantScope)),
        (path(1), "v", "a b", Some(TokenRulesError::GrantScope)),
        (path(1), "v w", "s", None),
    ];
    assert_eq!(GRANT_PATH_MAX, 4);
    for (path, value, scope, error) in table {
        let built = rules().with_grant(path.clone(), value, scope);
        assert_eq!(built.as_ref().err(), error.as_ref(), "{path:?} {value:?} {scope:?}");
        if let Ok(rules) = built {
            let [grant] = rules.grants() else { panic!("one grant") };
            assert_eq!(grant.path().len(), path.len());
            assert_eq!((grant.value(), grant.scope().as_str()), (value, scope));
        }
    }
}

#[test]
fn rules_have_at_most_64_grants() {
    let full =
        (0..64).fold(rules(), |rules, number| rules.with_grant(["groups"], number.to_string(), "s").unwrap());
    assert_eq!(full.grants().len(), 64);
    let one_more = full.with_grant(["groups"], "64", "s");
    assert_eq!(one_more, Err(TokenRulesError::TooManyGrants));
}

/// RFC 9449 section 7.1, RFC 8705 section 3. All combinations are a table of `confirmation.rs`.
#[test]
fn a_bound_token_is_for_its_holder_alone_and_the_binding_makes_up_for_nothing() {
    let text = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
    let key = Thumbprint::parse(text).unwrap();
    let certificate = CertificateThumbprint::parse(text).unwrap();
    let nothing = Possession::default();
    let with_key = Possession { key: Some(&key), certificate: None };
    let with_certificate = Possession { key: None, certificate: Some(&certificate) };
    let with_both = Possession { key: Some(&key), certificate: Some(&certificate) };
    let jkt = format!(r#","cnf":{{"jkt":"{text}"}}"#);
    let x5t = format!(r#","cnf":{{"x5t#S256":"{text}"}}"#);
    let both = format!(r#","cnf":{{"jkt":"{text}","x5t#S256":"{text}"}}"#);
    let table = [
        ("", nothing, Ok(())),
        ("", with_certificate, Ok(())),
        ("", with_key, Err(Denial::NotSenderConstrained)),
        (&jkt, nothing, Err(Denial::SenderConstrained)),
        (&jkt, with_key, Ok(())),
        (&jkt, with_certificate, Err(Denial::SenderConstrained)),
        (&x5t, nothing, Err(Denial::CertificateMissing)),
        (&x5t, with_certificate, Ok(())),
        (&x5t, with_key, Err(Denial::NotSenderConstrained)),
        (&both, with_key, Err(Denial::CertificateMissing)),
        (&both, with_certificate, Err(Denial::SenderConstrained)),
        (&both, with_both, Ok(())),
        (r#","cnf":null"#, with_both, Err(Denial::SenderConstrained)),
        (r#","cnf":{}"#, nothing, Err(Denial::SenderConstrained)),
        (r#","cnf":{"x5t#S256":"x"}"#, with_certificate, Err(Denial::SenderConstrained)),
    ];
    for (cnf, held, expected) in table {
        let times = format!(r#""exp":2000,"iat":1000{cnf}"#);
        let claims = claims(ISSUER, &format!(r#""{AUDIENCE}""#), &times);
        let rules = rules();
        assert_eq!(rules.check(&claims, held, UnixSeconds(1500)), expected, "{cnf} {held:?}");
        assert_eq!(rules.check(&claims, held, UnixSeconds(2060)), Err(Denial::Expired));
    }
}

proptest! {
    #[test]
    fn a_token_is_good_exactly_within_its_widened_interval(
        exp in 0..5_000_u64,
        nbf in proptest::option::of(0..5_000_u64),
        iat in 0..5_000_u64,
        leeway in 0..=LEEWAY_SECONDS_MAX,
        now in 0..6_000_u64,
    ) {
        let nbf_member = nbf.map_or(String::new(), |nbf| format!(r#","nbf":{nbf}"#));
        let times = format!(r#""exp":{exp},"iat":{iat}{nbf_member}"#);
        let rules = rules().with_leeway_seconds(leeway).unwrap();
        let [exp, iat, leeway, at] = [exp, iat, leeway, now].map(u64::cast_signed);
        let good = at < exp + leeway
            && at >= iat - leeway
            && nbf.is_none_or(|nbf| at >= nbf.cast_signed() - leeway);
        prop_assert_eq!(judge(&rules, &times, now).is_ok(), good);
    }
}

#[test]
fn whoever_configures_rules_is_told_what_is_wrong_with_them() {
    for (error, said) in [
        (TokenRulesError::IssuerEmpty, "the token issuer is empty"),
        (TokenRulesError::AudienceEmpty, "a token audience is needed, and none may be empty"),
        (TokenRulesError::LeewayTooLong, "the leeway for token times is longer than 300 seconds"),
        (TokenRulesError::AlgorithmsEmpty, "no signature algorithm is accepted"),
        (TokenRulesError::TokenBytesZero, "the limit on the length of a token is zero"),
        (TokenRulesError::GrantPathEmpty, "the path to a claim that grants a scope is empty"),
        (TokenRulesError::GrantPathTooLong, "the path to a claim that grants a scope has more than 4 names"),
        (TokenRulesError::GrantValueEmpty, "the value that grants a scope is empty"),
        (TokenRulesError::GrantScope, "what a claim is to grant is not a scope"),
        (TokenRulesError::TooManyGrants, "more than 64 values of claims grant scopes"),
        (TokenRulesError::TooManyKeptClaims, "more than 16 claims are to be kept"),
        (TokenRulesError::IssuersEmpty, "a token issuer is needed"),
        (TokenRulesError::IssuerRepeated, "two token issuers are the same"),
        (TokenRulesError::IntrospectionRepeated, "only one token issuer can be asked about tokens"),
    ] {
        assert_eq!(error.to_string(), said);
    }
}
