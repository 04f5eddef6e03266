use super::{Claims, Confirmation, Denial, Origin, TokenRules};
use crate::jws::Thumbprint;
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
    for value in [r#"{"jkt":"x"}"#, r#"{"x5t#S256":"x"}"#, "{}", "null", "false", r#""""#] {
        let claims = read(&with("cnf", Some(value))).unwrap();
        assert_eq!(claims.confirmation(), Some(&Confirmation::Other), "{value}");
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
