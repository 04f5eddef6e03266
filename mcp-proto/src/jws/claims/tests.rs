use super::{Claims, Confirmation, Denial, Origin, Profile, TokenRules};
use crate::jws::{CertificateThumbprint, KEPT_CLAIMS_MAX, Possession, Thumbprint, TokenRulesError};
use crate::time::UnixSeconds;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A complete claims set with one member set to this JSON text, or taken out.
fn with(name: &str, value: Option<&str>) -> String {
    let mut members = BTreeMap::from([
        ("iss", r#""https://id.example""#),
        ("aud", r#""https://mcp.example/mcp""#),
        ("exp", "2000"),
        ("iat", "1000"),
        ("sub", r#""alice""#),
        ("client_id", r#""desk""#),
        ("jti", r#""t-1""#),
        ("scope", r#""read write""#),
    ]);
    match value {
        Some(value) => members.insert(name, value),
        None => members.remove(name),
    };
    let members: Vec<_> = members.iter().map(|(name, value)| format!(r#""{name}":{value}"#)).collect();
    format!("{{{}}}", members.join(","))
}

fn read(json: &str) -> Result<Claims, Denial> {
    let rules = TokenRules::new("https://id.example", ["https://mcp.example/mcp"]).unwrap();
    Claims::read(json.as_bytes(), &rules, Origin::Token { is_typed: true })
}

#[test]
fn a_complete_set_is_read() {
    let claims = read(&with("nbf", Some("1001"))).unwrap();
    assert_eq!(claims.principal().issuer(), "https://id.example");
    assert_eq!(claims.principal().subject(), "alice");
    assert_eq!(claims.principal().client(), "desk");
    assert_eq!(claims.principal().scopes().as_str(), "read write");
    assert_eq!(claims.principal().expires(), UnixSeconds(2000));
    assert_eq!(claims.expires(), UnixSeconds(2000));
    assert_eq!(claims.audiences(), ["https://mcp.example/mcp".into()]);
    assert_eq!(claims.not_before(), Some(UnixSeconds(1001)));
    assert_eq!(claims.issued_at(), Some(UnixSeconds(1000)));
    assert_eq!(claims.token_id(), Some("t-1"));
    assert_eq!(claims.confirmation(), None);
}

#[test]
fn every_required_claim_has_to_be_there_and_not_empty() {
    let table = [
        ("iss", Denial::IssuerMissing),
        ("aud", Denial::AudienceMissing),
        ("sub", Denial::SubjectMissing),
        ("client_id", Denial::ClientMissing),
        ("jti", Denial::TokenIdMissing),
    ];
    for (name, denial) in table {
        assert_eq!(read(&with(name, None)), Err(denial), "{name} absent");
        assert_eq!(read(&with(name, Some(r#""""#))), Err(denial), "{name} empty");
    }
    assert_eq!(read(&with("exp", None)), Err(Denial::ExpiryMissing));
    assert_eq!(read(&with("iat", None)), Err(Denial::IssuedAtMissing));
    assert_eq!(read(&with("aud", Some("[]"))), Err(Denial::AudienceMissing));
}

#[test]
fn a_claim_of_the_wrong_type_is_never_taken_for_absent() {
    let strings = ["iss", "sub", "client_id", "jti"];
    for name in strings {
        for value in ["null", "1", "true", "[]", "{}", r#"["a"]"#] {
            let refused = read(&with(name, Some(value)));
            assert_eq!(refused, Err(Denial::ClaimsMalformed), "{name} {value}");
        }
    }
    for value in ["null", "1", "{}", r#"["a",1]"#, r#"["a",null]"#, r#"[["a"]]"#] {
        let refused = read(&with("aud", Some(value)));
        assert_eq!(refused, Err(Denial::ClaimsMalformed), "aud {value}");
    }
    for name in ["exp", "nbf", "iat"] {
        for value in ["null", "true", r#""2000""#, r#""""#, "[2000]", "{}", "NaN", "1e400"] {
            let refused = read(&with(name, Some(value)));
            assert_eq!(refused, Err(Denial::ClaimsMalformed), "{name} {value}");
        }
    }
}

#[test]
fn dates_are_whole_seconds_between_1970_and_9999() {
    let table = [
        ("0", Some(0)),
        ("0.99", Some(0)),
        ("-0", Some(0)),
        ("1", Some(1)),
        ("1700000000.999", Some(1_700_000_000)),
        ("1.7e9", Some(1_700_000_000)),
        ("253402300799", Some(253_402_300_799)),
        ("253402300799.5", Some(253_402_300_799)),
        ("253402300800", None),
        ("1700000000000", None),
        ("18446744073709551615", None),
        ("18446744073709551616", None),
        ("1e300", None),
        ("-1", None),
        ("-0.5", None),
        ("-1e300", None),
    ];
    for (value, seconds) in table {
        for name in ["exp", "nbf", "iat"] {
            let claims = read(&with(name, Some(value)));
            let dated = claims.map(|claims| match name {
                "exp" => Some(claims.expires()),
                "nbf" => claims.not_before(),
                _ => claims.issued_at(),
            });
            let expected = match seconds {
                Some(seconds) => Ok(Some(UnixSeconds(seconds))),
                None => Err(Denial::ClaimsMalformed),
            };
            assert_eq!(dated, expected, "{name} {value}");
        }
    }
}

#[test]
fn a_binding_is_recorded_in_whatever_form_it_is() {
    // RFC 9449 section 6.1.
    let thumbprint = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
    let claims = read(&with("cnf", Some(&format!(r#"{{"jkt":"{thumbprint}"}}"#)))).unwrap();
    let key = Confirmation::Key(Thumbprint::parse(thumbprint).unwrap());
    assert_eq!(claims.confirmation(), Some(&key));
    assert_eq!(claims.bound_key(), Thumbprint::parse(thumbprint).as_ref());
    for value in [r#"{"jkt":"x"}"#, r#"{"x5t#S256":"x"}"#, "{}", "null", "false", r#""""#] {
        let claims = read(&with("cnf", Some(value))).unwrap();
        assert_eq!(claims.confirmation(), Some(&Confirmation::Other), "{value}");
        assert_eq!((claims.bound_key(), claims.bound_certificate()), (None, None), "{value}");
    }
}

/// RFC 9449 section 6.1, RFC 8705 section 3.1: who holds all that a token names may use it.
#[test]
fn what_is_wanted_is_all_that_can_be_held() {
    let (jkt, x5t) =
        ("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0");
    let (key, certificate) = (Thumbprint::parse(jkt), CertificateThumbprint::parse(x5t));
    let table = [
        (None, None, None),
        (Some(format!(r#"{{"jkt":"{jkt}"}}"#)), key.as_ref(), None),
        (Some(format!(r#"{{"x5t#S256":"{x5t}"}}"#)), None, certificate.as_ref()),
        (Some(format!(r#"{{"jkt":"{jkt}","x5t#S256":"{x5t}"}}"#)), key.as_ref(), certificate.as_ref()),
        (Some(format!(r#"{{"jkt":"{jkt}","kid":"1"}}"#)), None, None),
    ];
    for (cnf, key, certificate) in table {
        let claims = read(&with("cnf", cnf.as_deref())).unwrap();
        assert_eq!(claims.wanted_possession(), Possession { key, certificate }, "{cnf:?}");
    }
}

#[test]
fn scope_is_split_at_spaces_and_nothing_else_grants() {
    let table: &[(Option<&str>, &[&str])] = &[
        (None, &[]),
        (Some(r#""""#), &[]),
        (Some(r#""read""#), &["read"]),
        (Some(r#""read write""#), &["read", "write"]),
        (Some(r#""read\u0020write""#), &["read", "write"]),
        (Some(r#""read\twrite""#), &[]),
        (Some(r#""read,write""#), &["read,write"]),
        (Some(r#"["read","write"]"#), &[]),
        (Some(r#"{"read":true}"#), &[]),
        (Some("null"), &[]),
        (Some("1"), &[]),
    ];
    for (value, expected) in table {
        let claims = read(&with("scope", *value)).unwrap();
        let granted: Vec<_> = claims.principal().scopes().iter().collect();
        assert_eq!(granted, *expected, "{value:?}");
    }
}

#[test]
fn other_claims_are_ignored() {
    let plain = read(&with("scope", Some(r#""read write""#)));
    let ignored =
        [("may_act", r#"{"sub":"mallory"}"#), ("azp", "1"), ("scp", r#"["admin"]"#), ("SUB", r#""mallory""#)];
    for (name, value) in ignored {
        assert_eq!(read(&with(name, Some(value))), plain, "{name}");
    }
}

#[test]
fn the_document_has_to_be_strict_json() {
    let complete = with("jti", Some(r#""t-1""#));
    let body = &complete[1..];
    let table = [
        String::new(),
        "[]".to_owned(),
        format!("{complete}x"),
        format!("\u{feff}{complete}"),
        format!(r#"{{"sub":"mallory",{body}"#),
        format!(r#"{{"\u0073ub":"mallory",{body}"#),
        format!(r#"{{"act":{{"sub":"a","sub":"b"}},{body}"#),
    ];
    for json in table {
        assert_eq!(read(&json), Err(Denial::ClaimsMalformed), "{json}");
    }
}

#[test]
fn debug_prints_issuer_subject_and_expiry_only() {
    let shown = format!("{:?}", read(&with("nbf", Some("1001"))).unwrap());
    let expected = concat!(
        r#"Claims { issuer: "https://id.example", subject: "alice", "#,
        "expires: UnixSeconds(2000), .. }",
    );
    assert_eq!(shown, expected);
}

proptest! {
    #[test]
    fn any_bytes_are_survived(json: Vec<u8>) {
        let _ = read(&String::from_utf8_lossy(&json));
    }
}

/// A complete claims set of the compatible profile with these members put in front.
fn compatible(members: &str) -> String {
    format!(
        r#"{{{members}"iss":"https://id.example","aud":"https://mcp.example/mcp","exp":2000,"iat":1000,"sub":"alice"}}"#
    )
}

fn compatible_rules() -> TokenRules {
    let rules = TokenRules::new("https://id.example", ["https://mcp.example/mcp"]).unwrap();
    rules.with_profile(Profile::Compatible)
}

fn read_compatible(json: &str, is_typed: bool) -> Result<Claims, Denial> {
    Claims::read(json.as_bytes(), &compatible_rules(), Origin::Token { is_typed })
}

#[test]
fn the_compatible_profile_takes_the_client_from_any_of_its_names() {
    let table = [
        (r#""client_id":"desk","#, Ok("desk")),
        (r#""azp":"desk","#, Ok("desk")),
        (r#""cid":"desk","#, Ok("desk")),
        (r#""appid":"desk","#, Ok("desk")),
        (r#""azp":"desk","client_id":"desk","#, Ok("desk")),
        (r#""azp":"desk","cid":"desk","appid":"desk","client_id":"desk","#, Ok("desk")),
        (r#""azp":"desk","client_id":"phone","#, Err(Denial::ClaimsMalformed)),
        (r#""azp":"desk","appid":"phone","#, Err(Denial::ClaimsMalformed)),
        (r#""client_id":"","azp":"desk","#, Err(Denial::ClaimsMalformed)),
        (r#""client_id":1,"azp":"desk","#, Err(Denial::ClaimsMalformed)),
        (r#""client_id":"desk","azp":["desk"],"#, Err(Denial::ClaimsMalformed)),
        (r#""client_id":"desk","appid":null,"#, Err(Denial::ClaimsMalformed)),
        (r#""azp":"","#, Err(Denial::ClientMissing)),
        (r#""client":"desk","#, Err(Denial::ClientMissing)),
        ("", Err(Denial::ClientMissing)),
    ];
    for (members, expected) in table {
        let claims = read_compatible(&compatible(members), true);
        let client = claims.as_ref().map(|claims| claims.principal().client());
        assert_eq!(client, expected.as_ref().map(|client| *client), "{members}");
    }
}

#[test]
fn the_strict_profile_knows_one_name_of_the_client() {
    for name in ["azp", "cid", "appid"] {
        let claims = with("client_id", None).replacen('{', &format!(r#"{{"{name}":"desk","#), 1);
        assert_eq!(read(&claims), Err(Denial::ClientMissing), "{name}");
    }
}

#[test]
fn the_compatible_profile_needs_the_other_claims_all_the_same() {
    let whole = compatible(r#""client_id":"desk","#);
    let table = [
        (r#""iss":"https://id.example","#, Denial::IssuerMissing),
        (r#""aud":"https://mcp.example/mcp","#, Denial::AudienceMissing),
        (r#""exp":2000,"#, Denial::ExpiryMissing),
        (r#""iat":1000,"#, Denial::IssuedAtMissing),
        (r#","sub":"alice""#, Denial::SubjectMissing),
    ];
    for (member, denial) in table {
        let without = whole.replace(member, "");
        assert_ne!(without, whole);
        assert_eq!(read_compatible(&without, true), Err(denial), "{member}");
    }
}

#[test]
fn a_token_of_the_compatible_profile_may_have_no_name() {
    let table = [
        ("", Ok(None)),
        (r#""jti":"a","#, Ok(Some("a"))),
        (r#""uti":"b","#, Ok(Some("b"))),
        (r#""jti":"a","uti":"b","#, Ok(Some("a"))),
        (r#""jti":"","uti":"","#, Ok(None)),
        (r#""uti":1,"#, Ok(None)),
        (r#""jti":1,"uti":"b","#, Err(Denial::ClaimsMalformed)),
    ];
    for (members, expected) in table {
        let claims = read_compatible(&compatible(&format!(r#"{members}"client_id":"desk","#)), true);
        let token_id = claims.as_ref().map(Claims::token_id);
        assert_eq!(token_id, expected.as_ref().map(|id| *id), "{members}");
    }
}

#[test]
fn the_compatible_profile_joins_both_claims_for_scopes() {
    let table = [
        ("", ""),
        (r#""scope":"read write","#, "read write"),
        (r#""scp":"read write","#, "read write"),
        (r#""scp":["read","write"],"#, "read write"),
        (r#""scope":"read","scp":["read","write"],"#, "read write"),
        (r#""scope":"read","scp":"write","#, "read write"),
        (r#""scp":["read write","admin"],"#, "admin"),
        (r#""scp":["read",1],"#, ""),
        (r#""scp":[["read"]],"#, ""),
        (r#""scp":{"read":true},"#, ""),
        (r#""scp":null,"scope":"read","#, "read"),
        (r#""scope":["read"],"scp":"write","#, "write"),
    ];
    for (members, expected) in table {
        let json = compatible(&format!(r#"{members}"client_id":"desk","#));
        let claims = read_compatible(&json, true).unwrap();
        assert_eq!(claims.principal().scopes().as_str(), expected, "{members}");
    }
}

#[test]
fn an_access_token_has_something_that_no_other_token_has() {
    let table = [
        // What is in ID tokens too.
        ("", false),
        (r#""roles":["a"],"#, false),
        (r#""sid":"s","auth_time":990,"acr":"1","amr":["pwd"],"ver":"2.0","tid":"t","#, false),
        // What is not.
        (r#""scope":"","#, true),
        (r#""scp":[],"#, true),
        (r#""client_id":"desk","#, true),
        (r#""cid":"desk","#, true),
        (r#""appid":"desk","#, true),
        (r#""azpacr":"0","#, true),
        (r#""permissions":[],"#, true),
        (r#""gty":"client-credentials","#, true),
        // What says so.
        (r#""typ":"Bearer","#, true),
        (r#""typ":"bearer","#, true),
        (r#""typ":"DPoP","#, true),
        (r#""typ":"at+jwt","#, true),
        (r#""token_use":"access","#, true),
        // What says something else, beside what is in access tokens.
        (r#""scope":"a","typ":"ID","#, false),
        (r#""scope":"a","typ":"Refresh","#, false),
        (r#""scope":"a","typ":"","#, false),
        (r#""scope":"a","typ":null,"#, false),
        (r#""scope":"a","typ":["Bearer"],"#, false),
        (r#""scope":"a","token_use":"id","#, false),
        (r#""scope":"a","token_use":true,"#, false),
        (r#""typ":"Bearer","token_use":"id","#, false),
        (r#""typ":"ID","token_use":"access","#, false),
        (r#""scope":"a","nonce":"n","#, false),
        (r#""scope":"a","nonce":null,"#, false),
        (r#""typ":"Bearer","nonce":"n","#, true),
        (r#""token_use":"access","nonce":"n","#, true),
        (r#""typ":"Bearer","at_hash":"h","#, false),
        (r#""typ":"Bearer","c_hash":"h","#, false),
        (r#""typ":"Bearer","s_hash":"h","#, false),
        (r#""typ":"Bearer","events":{},"#, false),
        // `token_type` says so in answers of the issuer, not in tokens.
        (r#""token_type":"Bearer","#, false),
    ];
    for (members, accepted) in table {
        let json = compatible(&format!(r#"{members}"azp":"desk","#));
        let claims = read_compatible(&json, false);
        let refused = claims.err();
        assert_eq!(refused, (!accepted).then_some(Denial::NotAnAccessToken), "{members}");
    }
}

#[test]
fn a_header_that_says_access_token_is_enough_unless_the_claims_contradict() {
    let table = [
        ("", None),
        (r#""nonce":"n","#, None),
        (r#""typ":"ID","#, Some(Denial::NotAnAccessToken)),
        (r#""token_use":"id","#, Some(Denial::NotAnAccessToken)),
        (r#""at_hash":"h","#, Some(Denial::NotAnAccessToken)),
        (r#""events":{},"#, Some(Denial::NotAnAccessToken)),
    ];
    for (members, refused) in table {
        let json = compatible(&format!(r#"{members}"azp":"desk","#));
        assert_eq!(read_compatible(&json, true).err(), refused, "{members}");
    }
}

#[test]
fn the_client_stands_for_an_absent_audience_only() {
    let rules = compatible_rules().with_client_as_audience();
    let absent = compatible(r#""client_id":"desk","token_use":"access","#)
        .replace(r#""aud":"https://mcp.example/mcp","#, "");
    let judge = |json: &str, rules: &TokenRules| {
        let claims = Claims::read(json.as_bytes(), rules, Origin::Token { is_typed: true })?;
        Ok(claims.audiences().iter().map(|audience| audience.to_string()).collect::<Vec<_>>())
    };
    assert_eq!(judge(&absent, &rules), Ok(vec!["desk".to_owned()]));
    assert_eq!(judge(&absent, &compatible_rules()), Err(Denial::AudienceMissing));
    for present in [r#""""#, "[]"] {
        let json = absent.replacen('{', &format!(r#"{{"aud":{present},"#), 1);
        assert_eq!(judge(&json, &rules), Err(Denial::AudienceMissing), "{present}");
    }
    let json = absent.replacen('{', r#"{"aud":"other","#, 1);
    assert_eq!(judge(&json, &rules), Ok(vec!["other".to_owned()]));
    for token_use in ["", r#""token_use":"access_token","#] {
        let json = absent.replace(r#""token_use":"access","#, token_use);
        assert_eq!(judge(&json, &rules), Err(Denial::AudienceMissing), "{token_use}");
    }
    let strict = rules.with_profile(Profile::Rfc9068);
    let json = absent.replacen('{', r#"{"jti":"1","#, 1);
    assert_eq!(judge(&json, &strict), Err(Denial::AudienceMissing));
}

#[test]
fn the_outermost_actor_is_recorded_and_is_not_the_subject() {
    // RFC 8693 section 4.1.
    let table = [
        (None, Ok(None)),
        (Some(r#"{"sub":"robot"}"#), Ok(Some("robot"))),
        (Some(r#"{"sub":"robot","iss":"https://x","act":{"sub":"older"}}"#), Ok(Some("robot"))),
        (Some(r#"{"sub":"robot","act":1}"#), Ok(Some("robot"))),
        (Some(r#"{"sub":""}"#), Err(Denial::ClaimsMalformed)),
        (Some(r#"{"sub":1}"#), Err(Denial::ClaimsMalformed)),
        (Some(r#"{"client_id":"robot"}"#), Err(Denial::ClaimsMalformed)),
        (Some("{}"), Err(Denial::ClaimsMalformed)),
        (Some(r#""robot""#), Err(Denial::ClaimsMalformed)),
        (Some(r#"["robot"]"#), Err(Denial::ClaimsMalformed)),
        (Some("null"), Err(Denial::ClaimsMalformed)),
    ];
    for (value, expected) in table {
        let claims = read(&with("act", value));
        let actor = claims.as_ref().map(|claims| claims.principal().actor());
        assert_eq!(actor, expected.as_ref().map(|actor| *actor), "{value:?}");
        if let Ok(claims) = claims {
            assert_eq!(claims.principal().subject(), "alice");
        }
    }
}

#[test]
fn a_value_in_a_claim_grants_a_scope_in_both_profiles() {
    let table: &[(&[&str], &str, &str, bool)] = &[
        (&["groups"], "admins", r#""groups":["users","admins"],"#, true),
        (&["groups"], "admins", r#""groups":"admins","#, true),
        (&["groups"], "admins", r#""groups":"users admins","#, false),
        (&["groups"], "users admins", r#""groups":"users admins","#, true),
        (&["groups"], "admins", r#""groups":["users admins"],"#, false),
        (&["groups"], "admins", r#""groups":["Admins"],"#, false),
        (&["groups"], "admins", r#""groups":["admins",1],"#, false),
        (&["groups"], "admins", r#""groups":{"admins":true},"#, false),
        (&["groups"], "true", r#""groups":true,"#, false),
        (&["groups"], "admins", r#""Groups":["admins"],"#, false),
        (&["groups"], "admins", "", false),
        (&["a", "b", "c", "d"], "x", r#""a":{"b":{"c":{"d":["x"]}}},"#, true),
        (&["a", "b", "c"], "x", r#""a":{"b":{"c":{"d":["x"]}}},"#, false),
        (&["a", "b", "c", "d"], "x", r#""a":{"b":["c"]},"#, false),
        (&["a", "b", "c", "d"], "x", r#""a":{"b":{}},"#, false),
        (&["a.b"], "x", r#""a":{"b":"x"},"#, false),
        (&["https://example.com/roles"], "x", r#""https://example.com/roles":["x"],"#, true),
        (&["cognito:groups"], "x", r#""cognito:groups":["x"],"#, true),
    ];
    let complete = with("scope", None);
    for (path, value, member, granted) in table {
        let json = complete.replacen('{', &format!("{{{member}"), 1);
        for profile in [Profile::Rfc9068, Profile::Compatible] {
            let rules = compatible_rules().with_profile(profile);
            let rules = rules.with_grant(path.iter().copied(), *value, "write").unwrap();
            let claims = Claims::read(json.as_bytes(), &rules, Origin::Token { is_typed: true }).unwrap();
            let scopes = claims.principal().scopes().as_str();
            assert_eq!(scopes, if *granted { "write" } else { "" }, "{path:?} {member}");
        }
    }
}

#[test]
fn grants_come_on_top_of_scopes_and_each_once() {
    let json = with("scope", Some(r#""read write""#)).replacen('{', r#"{"groups":["a","b"],"#, 1);
    let rules = ["a", "b", "c"].into_iter().fold(compatible_rules(), |rules, group| {
        rules.with_grant(["groups"], group, "write").unwrap().with_grant(["groups"], group, group).unwrap()
    });
    let claims = Claims::read(json.as_bytes(), &rules, Origin::Token { is_typed: true }).unwrap();
    assert_eq!(claims.principal().scopes().as_str(), "read write a b");
}

#[test]
fn what_the_rules_keep_is_kept_as_it_was_written_and_nothing_else() {
    let rules = TokenRules::new("https://id.example", ["https://mcp.example/mcp"]).unwrap();
    let rules = rules.with_kept_claim("tenant").unwrap().with_kept_claim("absent").unwrap();
    let json = with("tenant", Some(r#"{"id": 7}"#));
    let claims = Claims::read(json.as_bytes(), &rules, Origin::Token { is_typed: true }).unwrap();
    assert_eq!(claims.kept("tenant"), Some(r#"{"id": 7}"#));
    assert_eq!(claims.kept("absent"), None);
    assert_eq!(claims.kept("sub"), None, "not asked for");
}

#[test]
fn as_many_claims_are_kept_as_may_be() {
    let rules = TokenRules::new("https://id.example", ["https://mcp.example/mcp"]).unwrap();
    let keep = |rules: TokenRules, number: usize| rules.with_kept_claim(number.to_string());
    let full = (0..KEPT_CLAIMS_MAX).try_fold(rules, keep).unwrap();
    assert_eq!(full.with_kept_claim("more"), Err(TokenRulesError::TooManyKeptClaims));
}
