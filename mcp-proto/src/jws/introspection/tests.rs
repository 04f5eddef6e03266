use super::*;
use crate::jws::{CertificateThumbprint, Confirmation, Possession, Profile, Thumbprint};
use crate::time::UnixSeconds;
use proptest::prelude::*;

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "https://mcp.example/mcp";

fn rules(profile: Profile) -> TokenRules {
    TokenRules::new(ISSUER, [AUDIENCE]).unwrap().with_profile(profile)
}

/// What comes of an answer at time 1500.
fn judge(json: &str, profile: Profile) -> Result<Claims, Denial> {
    let rules = rules(profile);
    let claims = introspected(json.as_bytes(), &rules)?;
    rules.check(&claims, Possession::default(), UnixSeconds(1500))?;
    Ok(claims)
}

/// As little as an answer can say, with these members put in front.
fn answer(members: &str) -> String {
    format!(r#"{{{members}"active":true,"iss":"{ISSUER}","aud":"{AUDIENCE}","exp":2000,"client_id":"desk"}}"#)
}

const BOTH: [Profile; 2] = [Profile::Rfc9068, Profile::Compatible];

#[test]
fn an_answer_in_full_says_what_a_token_would() {
    let members = concat!(
        r#""sub":"alice","username":"mallory","scope":"read write","token_type":"Bearer","iat":1000,"#,
        r#""nbf":1001,"jti":"t-1","act":{"sub":"robot"},"#,
    );
    for profile in BOTH {
        let claims = judge(&answer(members), profile).unwrap();
        let principal = claims.principal();
        assert_eq!((principal.issuer(), principal.subject()), (ISSUER, "alice"));
        assert_eq!((principal.client(), principal.actor()), ("desk", Some("robot")));
        assert_eq!(principal.scopes().as_str(), "read write");
        assert_eq!(claims.audiences(), [AUDIENCE.into()]);
        assert_eq!(claims.expires(), UnixSeconds(2000));
        assert_eq!(claims.issued_at(), Some(UnixSeconds(1000)));
        assert_eq!(claims.not_before(), Some(UnixSeconds(1001)));
        assert_eq!(claims.token_id(), Some("t-1"));
        assert_eq!(claims.confirmation(), None);
    }
}

/// RFC 7662 section 2.2.
#[test]
fn what_is_optional_may_be_absent_and_the_client_is_its_own_subject() {
    for profile in BOTH {
        let claims = judge(&answer(""), profile).unwrap();
        assert_eq!(claims.principal().subject(), "desk");
        assert_eq!(claims.issued_at(), None);
        assert_eq!(claims.token_id(), None);
        assert!(claims.principal().scopes().is_empty());
    }
}

#[test]
fn only_true_is_active() {
    let table = [
        r#"{"active":false}"#,
        r#"{"active":"true"}"#,
        r#"{"active":1}"#,
        r#"{"active":null}"#,
        r#"{"active":[true]}"#,
        "{}",
    ];
    for profile in BOTH {
        for json in table {
            assert_eq!(judge(json, profile), Err(Denial::Inactive), "{json}");
        }
        for value in ["false", r#""true""#, "1", "null"] {
            let json = answer("").replace("true", value);
            assert_eq!(judge(&json, profile), Err(Denial::Inactive), "{json}");
        }
        let absent = answer("").replace(r#""active":true,"#, "");
        assert_eq!(judge(&absent, profile), Err(Denial::Inactive));
        let shouted = answer("").replace(r#""active""#, r#""Active""#);
        assert_eq!(judge(&shouted, profile), Err(Denial::Inactive));
    }
}

#[test]
fn an_answer_has_to_be_a_strict_json_object() {
    let good = answer("");
    let table = [
        String::new(),
        "true".to_owned(),
        format!("[{good}]"),
        format!("{good}{good}"),
        answer(r#""active":false,"#),
        answer(r#""\u0061ctive":true,"#),
        answer(r#""x":{"a":1,"a":2},"#),
        "<html></html>".to_owned(),
    ];
    for profile in BOTH {
        for json in &table {
            assert_eq!(judge(json, profile), Err(Denial::ClaimsMalformed), "{json}");
        }
    }
}

#[test]
fn audience_expiry_and_client_are_needed() {
    let table = [
        (format!(r#""aud":"{AUDIENCE}","#), Denial::AudienceMissing),
        (r#""exp":2000,"#.to_owned(), Denial::ExpiryMissing),
        (r#","client_id":"desk""#.to_owned(), Denial::ClientMissing),
    ];
    for profile in BOTH {
        for (member, denial) in &table {
            let json = answer(r#""scope":"read","sub":"alice","#).replace(member, "");
            assert_eq!(judge(&json, profile), Err(*denial), "{member}");
        }
    }
}

#[test]
fn an_answer_without_issuer_comes_from_whom_we_asked_in_the_compatible_profile() {
    let json = answer("").replace(&format!(r#""iss":"{ISSUER}","#), "");
    assert_eq!(judge(&json, Profile::Rfc9068), Err(Denial::IssuerMissing));
    let claims = judge(&json, Profile::Compatible).unwrap();
    assert_eq!(claims.principal().issuer(), ISSUER);

    for profile in BOTH {
        let foreign = answer("").replace(ISSUER, "https://id.evil");
        assert_eq!(judge(&foreign, profile), Err(Denial::IssuerForeign));
        let empty = answer("").replace(ISSUER, "");
        assert_eq!(judge(&empty, profile), Err(Denial::IssuerMissing));
        let wrong = answer("").replace(&format!(r#""{ISSUER}""#), "null");
        assert_eq!(judge(&wrong, profile), Err(Denial::ClaimsMalformed));
    }
}

#[test]
fn an_answer_about_another_kind_of_token_is_refused() {
    let table = [
        (r#""token_type":"Bearer","#, None),
        (r#""token_type":"bearer","#, None),
        (r#""token_type":"DPoP","#, Some(Denial::SenderConstrained)),
        (r#""token_type":"N_A","#, Some(Denial::NotAnAccessToken)),
        (r#""token_type":"refresh_token","#, Some(Denial::NotAnAccessToken)),
        (r#""token_type":null,"#, Some(Denial::NotAnAccessToken)),
        (r#""typ":"Bearer","#, None),
        (r#""typ":"Refresh","token_type":"Bearer","#, Some(Denial::NotAnAccessToken)),
        (r#""token_use":"access_token","token_type":"Bearer","#, None),
        (r#""token_use":"refresh_token","token_type":"Bearer","#, Some(Denial::NotAnAccessToken)),
        (r#""at_hash":"h","#, Some(Denial::NotAnAccessToken)),
        (r#""events":{},"#, Some(Denial::NotAnAccessToken)),
    ];
    for profile in BOTH {
        for (members, refused) in table {
            assert_eq!(judge(&answer(members), profile).err(), refused, "{members} {profile:?}");
        }
    }
}

#[test]
fn a_type_is_evidence_enough_in_the_compatible_profile() {
    let silent = answer("").replace("client_id", "azp");
    assert_eq!(judge(&silent, Profile::Compatible), Err(Denial::NotAnAccessToken));
    let typed = answer(r#""token_type":"Bearer","#).replace("client_id", "azp");
    assert_eq!(judge(&typed, Profile::Compatible).unwrap().principal().client(), "desk");
}

#[test]
fn times_and_audience_are_judged_as_those_of_a_token() {
    let table = [
        (answer("").replace("2000", "1440"), Denial::Expired),
        (answer(r#""nbf":1561,"#), Denial::NotYetValid),
        (answer(r#""iat":1561,"#), Denial::IssuedInFuture),
        (answer("").replace(AUDIENCE, "https://other.example"), Denial::AudienceForeign),
        (answer(r#""iat":"now","#), Denial::ClaimsMalformed),
        (answer(r#""sub":"","#), Denial::SubjectMissing),
        (answer(r#""sub":1,"#), Denial::ClaimsMalformed),
        (answer(r#""jti":1,"#), Denial::ClaimsMalformed),
        (answer(r#""act":"robot","#), Denial::ClaimsMalformed),
    ];
    for profile in BOTH {
        for (json, denial) in &table {
            assert_eq!(judge(json, profile), Err(*denial), "{json}");
        }
    }
}

/// RFC 9449 section 6.2.
#[test]
fn a_binding_is_told_as_in_a_token() {
    let thumbprint = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
    let json = answer(&format!(r#""token_type":"DPoP","cnf":{{"jkt":"{thumbprint}"}},"#));
    let key = Thumbprint::parse(thumbprint).unwrap();
    for profile in BOTH {
        assert_eq!(judge(&json, profile), Err(Denial::SenderConstrained));
        let rules = rules(profile);
        let claims = introspected(json.as_bytes(), &rules).unwrap();
        assert_eq!(claims.confirmation(), Some(&Confirmation::Key(key)));
        assert_eq!(
            rules.check(&claims, Possession { key: Some(&key), certificate: None }, UnixSeconds(1500)),
            Ok(())
        );
    }
}

/// RFC 8705 section 3.2: an answer has the same member as a token.
#[test]
fn an_answer_binds_to_a_certificate() {
    let text = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";
    let own = CertificateThumbprint::parse(text).unwrap();
    let other = CertificateThumbprint::new([7; 32]);
    for profile in BOTH {
        let judge = |members: String, certificate| {
            let rules = rules(profile);
            let claims = introspected(answer(&members).as_bytes(), &rules).unwrap();
            rules.check(&claims, Possession { key: None, certificate }, UnixSeconds(1500))
        };
        let cnf = format!(r#""cnf":{{"x5t#S256":"{text}"}},"#);
        assert_eq!(judge(cnf.clone(), Some(&own)), Ok(()));
        assert_eq!(judge(cnf.clone(), Some(&other)), Err(Denial::CertificateNotBound));
        assert_eq!(judge(cnf.clone(), None), Err(Denial::CertificateMissing));
        // Said to be bound to a key as well, which it does not name.
        let also = format!(r#""token_type":"DPoP",{cnf}"#);
        assert_eq!(judge(also, Some(&own)), Err(Denial::SenderConstrained));
    }
}

#[test]
fn roles_in_an_answer_grant_scopes() {
    let rules = rules(Profile::Rfc9068).with_grant(["realm_access", "roles"], "admin", "write").unwrap();
    let json = answer(r#""realm_access":{"roles":["admin"]},"#);
    let claims = introspected(json.as_bytes(), &rules).unwrap();
    assert_eq!(claims.principal().scopes().as_str(), "write");
}

proptest! {
    #[test]
    fn any_bytes_are_survived(json: Vec<u8>) {
        for profile in BOTH {
            prop_assert!(introspected(&json, &rules(profile)).is_err());
        }
    }
}

#[test]
fn a_bound_token_without_its_key_is_no_bearer_token() {
    let proven = Thumbprint::new([7; 32]);
    for profile in BOTH {
        for member in [r#""token_type":"DPoP","#, r#""token_type":"dpop","#, r#""typ":"DPoP","#] {
            let claims = introspected(answer(member).as_bytes(), &rules(profile)).unwrap();
            for key in [None, Some(&proven)] {
                let held = Possession { key, certificate: None };
                let judged = rules(profile).check(&claims, held, UnixSeconds(1500));
                assert_eq!(judged, Err(Denial::SenderConstrained), "{member} {profile:?}");
            }
        }
    }
}
