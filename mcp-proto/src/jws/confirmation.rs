//! To whom a token is bound: `cnf` (RFC 7800 section 3.1).

use super::Thumbprint;
use super::json::{Member, Object};

/// The key whose holder alone may use a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmation {
    /// `{"jkt": ..}` and nothing else: a key that is proven with DPoP (RFC 9449 section 6.1).
    Key(Thumbprint),
    /// Anything else, also what is malformed: a binding that we do not understand is one that we
    /// cannot check.
    Other,
}

impl Confirmation {
    /// Reads the `cnf` member of a claims set.
    pub(super) fn read(member: Member<'_>) -> Self {
        member.object().and_then(|object| key(&object)).map_or(Self::Other, Self::Key)
    }
}

/// Several members are several conditions, all of which would have to be checked.
fn key(confirmation: &Object<'_>) -> Option<Thumbprint> {
    if confirmation.len() != 1 {
        return None;
    }
    Thumbprint::parse(&confirmation.member("jkt")?.text()?)
}

#[cfg(test)]
mod tests {
    use super::{Confirmation, Object, Thumbprint};

    /// RFC 9449 section 6.1.
    const THUMBPRINT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

    fn read(cnf: &str) -> Confirmation {
        let json = format!(r#"{{"cnf":{cnf}}}"#);
        Confirmation::read(Object::read(json.as_bytes()).unwrap().member("cnf").unwrap())
    }

    #[test]
    fn a_thumbprint_alone_is_a_key() {
        let expected = Confirmation::Key(Thumbprint::parse(THUMBPRINT).unwrap());
        assert_eq!(read(&format!(r#"{{"jkt":"{THUMBPRINT}"}}"#)), expected);
    }

    #[test]
    fn anything_else_is_a_binding_that_cannot_be_checked() {
        let table = [
            format!(r#"{{"jkt":"{THUMBPRINT}","x5t#S256":"{THUMBPRINT}"}}"#),
            format!(r#"{{"jkt":"{THUMBPRINT}","kid":"k"}}"#),
            format!(r#"{{"JKT":"{THUMBPRINT}"}}"#),
            format!(r#"{{"jkt":"{THUMBPRINT}="}}"#),
            format!(r#"{{"jkt":["{THUMBPRINT}"]}}"#),
            format!(r#"["{THUMBPRINT}"]"#),
            format!(r#""{THUMBPRINT}""#),
            format!(r#"{{"x5t#S256":"{THUMBPRINT}"}}"#),
            r#"{"jkt":"x"}"#.to_owned(),
            r#"{"jkt":null}"#.to_owned(),
            r#"{"jwk":{"kty":"OKP"}}"#.to_owned(),
            "{}".to_owned(),
            "null".to_owned(),
            "false".to_owned(),
        ];
        for cnf in table {
            assert_eq!(read(&cnf), Confirmation::Other, "{cnf}");
        }
    }
}
