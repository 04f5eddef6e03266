//! To whom a token is bound: `cnf` (RFC 7800 section 3.1).

use super::json::{Member, Object};
use super::{CertificateThumbprint, Denial, Thumbprint};

/// What whoever uses a token has to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmation {
    /// `jkt` and nothing else: a key that is proven with DPoP (RFC 9449 section 6.1).
    Key(Thumbprint),
    /// `x5t#S256` and nothing else: the client certificate of the connection (RFC 8705 section 3.1).
    Certificate(CertificateThumbprint),
    /// These two and nothing else: several members are several conditions.
    Both(Thumbprint, CertificateThumbprint),
    /// Anything else, also what is malformed: a binding that we do not understand is one that we
    /// cannot check.
    Other,
}

/// What the sender of a request proved to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Possession<'p> {
    /// The key that signed the proof that came with the token.
    pub key: Option<&'p Thumbprint>,
    /// The certificate that was presented when the connection was made.
    pub certificate: Option<&'p CertificateThumbprint>,
}

impl Confirmation {
    /// Reads the `cnf` member of a claims set.
    pub(super) fn read(member: Member<'_>) -> Self {
        member.object().and_then(|object| Self::of(&object)).unwrap_or(Self::Other)
    }

    fn of(object: &Object<'_>) -> Option<Self> {
        let member = |name| object.member(name).map(Member::text);
        let key = member("jkt").map(|text| Thumbprint::parse(&text?));
        let certificate = member("x5t#S256").map(|text| CertificateThumbprint::parse(&text?));
        match (object.len(), key, certificate) {
            (1, Some(key), None) => key.map(Self::Key),
            (1, None, Some(certificate)) => certificate.map(Self::Certificate),
            (2, Some(key), Some(certificate)) => Some(Self::Both(key?, certificate?)),
            (_, _, _) => None,
        }
    }

    /// The key, where there is one.
    #[must_use]
    pub fn key(&self) -> Option<&Thumbprint> {
        match self {
            Self::Key(key) | Self::Both(key, _) => Some(key),
            Self::Certificate(_) | Self::Other => None,
        }
    }

    /// The certificate, where there is one.
    #[must_use]
    pub fn certificate(&self) -> Option<&CertificateThumbprint> {
        match self {
            Self::Certificate(certificate) | Self::Both(_, certificate) => Some(certificate),
            Self::Key(_) | Self::Other => None,
        }
    }
}

/// A token that is bound is for the holder of that key and of that certificate alone, and a proof that goes with
/// a token that is not bound to a key was made for another one. A certificate was presented for the connection and
/// not for a token, so it may stand beside any.
pub(super) fn check(bound: Option<&Confirmation>, held: Possession<'_>) -> Result<(), Denial> {
    if bound == Some(&Confirmation::Other) {
        return Err(Denial::SenderConstrained);
    }
    match (bound.and_then(Confirmation::key), held.key) {
        (None, None) => {}
        (None, Some(_)) => return Err(Denial::NotSenderConstrained),
        (Some(_), None) => return Err(Denial::SenderConstrained),
        (Some(bound), Some(held)) if bound != held => return Err(Denial::KeyNotBound),
        (Some(_), Some(_)) => {}
    }
    check_certificate(bound.and_then(Confirmation::certificate), held.certificate)
}

/// RFC 8705 section 3: what is bound to a certificate is for connections that were made with it.
pub(crate) fn check_certificate(
    bound: Option<&CertificateThumbprint>,
    held: Option<&CertificateThumbprint>,
) -> Result<(), Denial> {
    match (bound, held) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(Denial::CertificateMissing),
        (Some(bound), Some(held)) if bound != held => Err(Denial::CertificateNotBound),
        (Some(_), Some(_)) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9449 section 6.1.
    const KEY: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

    /// RFC 8705 appendix A.
    const CERTIFICATE: &str = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";

    fn read(cnf: &str) -> Confirmation {
        let json = format!(r#"{{"cnf":{cnf}}}"#);
        Confirmation::read(Object::read(json.as_bytes()).unwrap().member("cnf").unwrap())
    }

    #[test]
    fn a_key_or_a_certificate_or_both_is_what_can_be_checked() {
        let key = Thumbprint::parse(KEY).unwrap();
        let certificate = CertificateThumbprint::parse(CERTIFICATE).unwrap();
        let table = [
            (format!(r#"{{"jkt":"{KEY}"}}"#), Confirmation::Key(key)),
            (format!(r#"{{"x5t#S256":"{CERTIFICATE}"}}"#), Confirmation::Certificate(certificate)),
            (format!(r#"{{"x5t\u0023S256":"{CERTIFICATE}"}}"#), Confirmation::Certificate(certificate)),
            (
                format!(r#"{{"jkt":"{KEY}","x5t#S256":"{CERTIFICATE}"}}"#),
                Confirmation::Both(key, certificate),
            ),
            (
                format!(r#"{{"x5t#S256":"{CERTIFICATE}","jkt":"{KEY}"}}"#),
                Confirmation::Both(key, certificate),
            ),
        ];
        for (cnf, expected) in table {
            let read = read(&cnf);
            assert_eq!(read, expected, "{cnf}");
            assert_eq!(read.key(), cnf.contains("jkt").then_some(&key), "{cnf}");
            assert_eq!(read.certificate(), cnf.contains("x5t").then_some(&certificate), "{cnf}");
        }
    }

    #[test]
    fn anything_else_is_a_binding_that_cannot_be_checked() {
        let table = [
            format!(r#"{{"jkt":"{KEY}","kid":"k"}}"#),
            format!(r#"{{"x5t#S256":"{CERTIFICATE}","kid":"k"}}"#),
            format!(r#"{{"jkt":"{KEY}","x5t#S256":"{CERTIFICATE}","kid":"k"}}"#),
            format!(r#"{{"jkt":"{KEY}","x5t#S256":"x"}}"#),
            format!(r#"{{"jkt":"{KEY}","x5t#S256":null}}"#),
            format!(r#"{{"jkt":"x","x5t#S256":"{CERTIFICATE}"}}"#),
            format!(r#"{{"jkt":null,"x5t#S256":"{CERTIFICATE}"}}"#),
            format!(r#"{{"JKT":"{KEY}"}}"#),
            format!(r#"{{"jkt":"{KEY}="}}"#),
            format!(r#"{{"jkt":["{KEY}"]}}"#),
            format!(r#"["{KEY}"]"#),
            format!(r#""{KEY}""#),
            format!(r#"{{"x5t":"{CERTIFICATE}"}}"#),
            format!(r#"{{"x5t#s256":"{CERTIFICATE}"}}"#),
            format!(r#"{{"x5t#S512":"{CERTIFICATE}"}}"#),
            format!(r#"{{"x5t#S256":"{CERTIFICATE}="}}"#),
            format!(r#"{{"x5t#S256":["{CERTIFICATE}"]}}"#),
            r#"{"jkt":"x"}"#.to_owned(),
            r#"{"jkt":null}"#.to_owned(),
            r#"{"x5t#S256":""}"#.to_owned(),
            r#"{"x5t#S256":1}"#.to_owned(),
            r#"{"jwk":{"kty":"OKP"}}"#.to_owned(),
            "{}".to_owned(),
            "null".to_owned(),
            "false".to_owned(),
        ];
        for cnf in table {
            let read = read(&cnf);
            assert_eq!(read, Confirmation::Other, "{cnf}");
            assert_eq!((read.key(), read.certificate()), (None, None), "{cnf}");
        }
    }

    /// RFC 9449 section 7.1, RFC 8705 section 3, and RFC 7800 section 3.1 for what is not understood: each
    /// binding with each thing that can be held.
    #[test]
    fn a_bound_token_is_for_the_holder_of_all_that_it_is_bound_to() {
        let [own_key, other_key] = [1, 2].map(|byte| Thumbprint::new([byte; 32]));
        // The same digests: what is a key is no certificate.
        let [own, other] = [1, 2].map(|byte| CertificateThumbprint::new([byte; 32]));
        let unbound = None;
        let key = Some(Confirmation::Key(own_key));
        let certificate = Some(Confirmation::Certificate(own));
        let both = Some(Confirmation::Both(own_key, own));
        let unknown = Some(Confirmation::Other);
        let (no_key, right_key, wrong_key) = (None, Some(&own_key), Some(&other_key));
        let (none, right, wrong) = (None, Some(&own), Some(&other));
        let any = [none, right, wrong];
        let table: [(Option<Confirmation>, _, &[_], _); 16] = [
            (unbound, no_key, &any, Ok(())),
            (unbound, right_key, &any, Err(Denial::NotSenderConstrained)),
            (key, no_key, &any, Err(Denial::SenderConstrained)),
            (key, right_key, &any, Ok(())),
            (key, wrong_key, &any, Err(Denial::KeyNotBound)),
            (certificate, no_key, &[none], Err(Denial::CertificateMissing)),
            (certificate, no_key, &[right], Ok(())),
            (certificate, no_key, &[wrong], Err(Denial::CertificateNotBound)),
            (certificate, right_key, &any, Err(Denial::NotSenderConstrained)),
            (both, no_key, &any, Err(Denial::SenderConstrained)),
            (both, right_key, &[none], Err(Denial::CertificateMissing)),
            (both, right_key, &[right], Ok(())),
            (both, right_key, &[wrong], Err(Denial::CertificateNotBound)),
            (both, wrong_key, &any, Err(Denial::KeyNotBound)),
            (unknown, no_key, &any, Err(Denial::SenderConstrained)),
            (unknown, right_key, &any, Err(Denial::SenderConstrained)),
        ];
        for (bound, key, certificates, expected) in table {
            for certificate in certificates {
                let held = Possession { key, certificate: *certificate };
                assert_eq!(check(bound.as_ref(), held), expected, "{bound:?} {held:?}");
            }
        }
    }
}
