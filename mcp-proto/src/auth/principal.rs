//! Who a request speaks for.

use super::scope::Scopes;
use crate::{jws::CertificateThumbprint, time::UnixSeconds};

/// The party behind a request, and what it may do and until when.
///
/// Issuer, subject and client together name the party: a subject means nothing without the issuer
/// that assigned it, and two clients of one subject are two parties. All three are compared byte
/// for byte, and none should be empty, since an empty name is one that anybody shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    issuer: Box<str>,
    subject: Box<str>,
    client: Box<str>,
    actor: Option<Box<str>>,
    scopes: Scopes,
    expires: UnixSeconds,
    certificate: Option<Box<CertificateThumbprint>>,
}

impl Principal {
    /// A principal with everything there is to know about it. `expires` is the first second at
    /// which it is over.
    pub fn new(
        issuer: impl Into<Box<str>>,
        subject: impl Into<Box<str>>,
        client: impl Into<Box<str>>,
        scopes: Scopes,
        expires: UnixSeconds,
    ) -> Self {
        Self {
            issuer: issuer.into(),
            subject: subject.into(),
            client: client.into(),
            actor: None,
            scopes,
            expires,
            certificate: None,
        }
    }

    /// The same principal with somebody who acts in its name.
    #[must_use]
    pub fn with_actor(self, actor: impl Into<Box<str>>) -> Self {
        Self { actor: Some(actor.into()), ..self }
    }

    /// The same principal, who is one only on connections that were made with this client certificate (RFC 8705
    /// section 3).
    #[must_use]
    pub fn with_certificate(self, certificate: CertificateThumbprint) -> Self {
        Self { certificate: Some(Box::new(certificate)), ..self }
    }

    /// Who vouches for it: `iss` of an access token.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The user or service at that issuer: `sub`.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The software that acts for the subject: `client_id`.
    #[must_use]
    pub fn client(&self) -> &str {
        &self.client
    }

    /// Who acts for the subject, and not as the subject, where the issuer delegated: `act.sub` (RFC
    /// 8693 section 4.1), for records. What is allowed is what the subject was granted.
    #[must_use]
    pub fn actor(&self) -> Option<&str> {
        self.actor.as_deref()
    }

    /// The client certificate without which it is nobody, if it is bound to one.
    #[must_use]
    pub fn certificate(&self) -> Option<&CertificateThumbprint> {
        self.certificate.as_deref()
    }

    /// Whether issuer, subject and client are the same. Actors, scopes, expiry and certificate differ from token
    /// to token of one party.
    #[must_use]
    pub fn is_same_party(&self, other: &Self) -> bool {
        self.issuer == other.issuer && self.subject == other.subject && self.client == other.client
    }

    /// What it was granted.
    #[must_use]
    pub fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// The first second at which the grant is over.
    #[must_use]
    pub fn expires(&self) -> UnixSeconds {
        self.expires
    }
}

#[cfg(test)]
mod tests {
    use super::{Principal, Scopes, UnixSeconds};

    #[test]
    fn every_part_is_kept_in_its_place_and_counts() {
        let principal = |issuer, subject, client| {
            Principal::new(issuer, subject, client, Scopes::parse("read"), UnixSeconds(9))
        };
        let one = principal("issuer", "subject", "client");
        assert_eq!(one.issuer(), "issuer");
        assert_eq!(one.subject(), "subject");
        assert_eq!(one.client(), "client");
        assert_eq!(one.scopes().as_str(), "read");
        assert_eq!(one.expires(), UnixSeconds(9));

        assert_eq!(one, principal("issuer", "subject", "client"));
        assert_ne!(one, principal("other", "subject", "client"));
        assert_ne!(one, principal("issuer", "other", "client"));
        assert_ne!(one, principal("issuer", "subject", "other"));
        assert_ne!(one, principal("issuersub", "ject", "client"));
    }

    #[test]
    fn a_party_is_an_issuer_a_subject_and_a_client() {
        let principal = |issuer, subject, client, scopes, expires| {
            Principal::new(issuer, subject, client, Scopes::parse(scopes), UnixSeconds(expires))
        };
        let one = principal("i", "s", "c", "read", 9);
        let same = [
            principal("i", "s", "c", "write", 10),
            one.clone().with_actor("robot"),
            one.clone().with_actor("other"),
        ];
        for other in &same {
            assert!(one.is_same_party(other) && other.is_same_party(&one), "{other:?}");
            assert_ne!(&one, other);
        }
        assert_eq!(one.actor(), None);
        assert_eq!(same[1].actor(), Some("robot"));
        assert_eq!(same[1].subject(), "s");
        for other in [
            principal("x", "s", "c", "read", 9),
            principal("i", "x", "c", "read", 9),
            principal("i", "s", "x", "read", 9),
            principal("is", "", "c", "read", 9),
        ] {
            assert!(!one.is_same_party(&other) && !other.is_same_party(&one), "{other:?}");
        }
    }
}
