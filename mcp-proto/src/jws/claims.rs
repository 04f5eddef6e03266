//! The claims set of an access token (RFC 7519 section 4, RFC 9068 section 2.2).

use std::fmt;

use super::Denial;
use super::json::{Member, Object};
use crate::auth::principal::Principal;
use crate::auth::scope::Scopes;
use crate::time::UnixSeconds;

/// 9999-12-31T23:59:59Z: later dates are mistakes, such as milliseconds taken for seconds.
const NUMERIC_DATE_MAX: f64 = 253_402_300_799.0;

/// The claims of a token whose signature was good. Immutable; share it in an `Arc`.
///
/// They are authentic, and acceptable only when [`TokenRules::check`](super::TokenRules::check)
/// says so as well. There is no way to make one but
/// [`SignatureCheck::resolve`](super::SignatureCheck::resolve).
#[derive(Clone, PartialEq, Eq)]
pub struct Claims {
    principal: Principal,
    audiences: Box<[Box<str>]>,
    not_before: Option<UnixSeconds>,
    issued_at: UnixSeconds,
    token_id: Box<str>,
}

impl Claims {
    /// Reads a decoded payload.
    ///
    /// All claims that RFC 9068 requires have to be there, of the right type and not empty. Dates
    /// are finite numbers of seconds, not before 1970 and not after year 9999; fractions are cut
    /// off, as they are from the clock that the dates are compared with, so that no token outlives
    /// its `exp`. `act` and everything unknown is ignored.
    ///
    /// # Errors
    /// [`Denial::ClaimsMalformed`], [`Denial::SenderConstrained`], or the denial for the first
    /// missing claim.
    pub(crate) fn read(json: &[u8]) -> Result<Self, Denial> {
        let object = Object::read(json).ok_or(Denial::ClaimsMalformed)?;
        // Whatever its value: a confirmation we do not understand is one we cannot check (RFC 7800
        // section 3.1).
        if object.member("cnf").is_some() {
            return Err(Denial::SenderConstrained);
        }
        let issuer = text(&object, "iss", Denial::IssuerMissing)?;
        let audiences = audiences(&object)?;
        let expires = date(&object, "exp")?.ok_or(Denial::ExpiryMissing)?;
        let not_before = date(&object, "nbf")?;
        let issued_at = date(&object, "iat")?.ok_or(Denial::IssuedAtMissing)?;
        let subject = text(&object, "sub", Denial::SubjectMissing)?;
        let client = text(&object, "client_id", Denial::ClientMissing)?;
        let token_id = text(&object, "jti", Denial::TokenIdMissing)?;
        Ok(Self {
            principal: Principal::new(issuer, subject, client, scopes(&object), expires),
            audiences,
            not_before,
            issued_at,
            token_id,
        })
    }

    /// Who the token speaks for.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// `exp`: the token is over at this second.
    #[must_use]
    pub fn expires(&self) -> UnixSeconds {
        self.principal.expires()
    }

    /// `aud`: whom the token is for.
    #[must_use]
    pub fn audiences(&self) -> &[Box<str>] {
        &self.audiences
    }

    /// `nbf`: the token is good from this second on.
    #[must_use]
    pub fn not_before(&self) -> Option<UnixSeconds> {
        self.not_before
    }

    /// `iat`: when the token was issued.
    #[must_use]
    pub fn issued_at(&self) -> UnixSeconds {
        self.issued_at
    }

    /// `jti`: the name of the token, unique at its issuer.
    #[must_use]
    pub fn token_id(&self) -> &str {
        &self.token_id
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("issuer", &self.principal.issuer())
            .field("subject", &self.principal.subject())
            .field("expires", &self.expires())
            .finish_non_exhaustive()
    }
}

fn text(claims: &Object<'_>, name: &str, missing: Denial) -> Result<Box<str>, Denial> {
    let member = claims.member(name).ok_or(missing)?;
    let text = member.text().ok_or(Denial::ClaimsMalformed)?;
    if text.is_empty() {
        return Err(missing);
    }
    Ok(text)
}

/// A string or an array of strings (TOK-03); one foreign element spoils the array.
fn audiences(claims: &Object<'_>) -> Result<Box<[Box<str>]>, Denial> {
    let member = claims.member("aud").ok_or(Denial::AudienceMissing)?;
    let audiences = match member.text() {
        Some(audience) if audience.is_empty() => Vec::new(),
        Some(audience) => vec![audience],
        None => member.texts().ok_or(Denial::ClaimsMalformed)?,
    };
    if audiences.is_empty() {
        return Err(Denial::AudienceMissing);
    }
    Ok(audiences.into_boxed_slice())
}

/// A `NumericDate` (RFC 7519 section 2). One that is present and wrong is never taken for absent.
pub(super) fn date(claims: &Object<'_>, name: &str) -> Result<Option<UnixSeconds>, Denial> {
    let Some(member) = claims.member(name) else {
        return Ok(None);
    };
    // Rounding down comes first, so that no negative fraction becomes zero.
    let seconds = member.number().ok_or(Denial::ClaimsMalformed)?.floor();
    if !(0.0..=NUMERIC_DATE_MAX).contains(&seconds) {
        return Err(Denial::ClaimsMalformed);
    }
    // Exact: a whole number within the range just checked.
    Ok(Some(UnixSeconds(seconds as u64)))
}

/// A `scope` of the wrong type grants nothing and is not worth refusing the token for.
fn scopes(claims: &Object<'_>) -> Scopes {
    let text = claims.member("scope").and_then(Member::text);
    text.map_or_else(Scopes::default, |text| Scopes::parse(&text))
}

#[cfg(test)]
mod tests {
    use super::{Claims, Denial};
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
        Claims::read(json.as_bytes())
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
        assert_eq!(claims.issued_at(), UnixSeconds(1000));
        assert_eq!(claims.token_id(), "t-1");
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
                    _ => Some(claims.issued_at()),
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
    fn a_bound_token_is_refused_in_whatever_form_it_is_bound() {
        let table = [r#"{"jkt":"x"}"#, r#"{"x5t#S256":"x"}"#, "{}", "null", "false", r#""""#];
        for value in table {
            let refused = read(&with("cnf", Some(value)));
            assert_eq!(refused, Err(Denial::SenderConstrained), "{value}");
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
        let ignored = [
            ("act", r#"{"sub":"mallory"}"#),
            ("may_act", r#"{"sub":"mallory"}"#),
            ("azp", "1"),
            ("scp", r#"["admin"]"#),
            ("SUB", r#""mallory""#),
        ];
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
            let _ = Claims::read(&json);
        }
    }
}
