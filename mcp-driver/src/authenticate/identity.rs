//! Who the application says that a caller is.

use std::{any::Any, fmt, sync::Arc};

use mcp_proto::{
    Principal, UnixSeconds,
    auth::scope::{ScopeName, Scopes},
    jws::CertificateThumbprint,
};

/// The issuer of identities that name no other: [`Identity::issuer`].
pub const ISSUER_DEFAULT: &str = "application";

/// Who a caller is and what it may do. Issuer, subject and client together name the party: what belongs to
/// one party is never shown to another.
#[derive(Clone)]
pub struct Identity {
    issuer: Box<str>,
    subject: Box<str>,
    /// `None`: the subject.
    client: Option<Box<str>>,
    /// With single spaces between.
    scopes: String,
    expires: UnixSeconds,
    certificate: Option<CertificateThumbprint>,
    value: Option<Arc<dyn Any + Send + Sync>>,
}

impl Identity {
    /// The user or service that the caller is, without scopes and without an end. A subject that is empty
    /// names nobody, and nobody is let in with it.
    #[must_use]
    pub fn new(subject: impl Into<Box<str>>) -> Self {
        Self {
            issuer: ISSUER_DEFAULT.into(),
            subject: subject.into(),
            client: None,
            scopes: String::new(),
            expires: UnixSeconds(u64::MAX),
            certificate: None,
            value: None,
        }
    }

    /// Who vouches for the subject; a subject means nothing without it. Default [`ISSUER_DEFAULT`]. Must not be
    /// empty.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<Box<str>>) -> Self {
        self.issuer = issuer.into();
        self
    }

    /// The software that acts for the subject. Default the subject itself. Must not be empty.
    #[must_use]
    pub fn client(mut self, client: impl Into<Box<str>>) -> Self {
        self.client = Some(client.into());
        self
    }

    /// Grants one more scope. A text that is no scope (RFC 6749 section 3.3) grants nothing.
    #[must_use]
    pub fn scope(mut self, scope: &str) -> Self {
        if ScopeName::parse(scope).is_some() {
            self.grant(scope);
        }
        self
    }

    /// Grants every scope of a list with spaces between. A piece that is no scope grants nothing.
    #[must_use]
    pub fn scopes(mut self, scopes: &str) -> Self {
        self.grant(scopes);
        self
    }

    /// The first second at which the caller is not let in any more. Default: never.
    #[must_use]
    pub fn expires(mut self, expires: UnixSeconds) -> Self {
        self.expires = expires;
        self
    }

    /// Lets the caller in on connections that were made with this client certificate alone (RFC 8705 section 3), also
    /// where a session spares it to authenticate again.
    #[must_use]
    pub fn bound_to_certificate(mut self, thumbprint: CertificateThumbprint) -> Self {
        self.certificate = Some(thumbprint);
        self
    }

    /// A value of the application's own, such as its user record. Handlers take it as
    /// [`CallerValue<T>`](crate::CallerValue). The last one counts.
    #[must_use]
    pub fn value<T: Any + Send + Sync>(mut self, value: T) -> Self {
        self.value = Some(Arc::new(value));
        self
    }

    fn grant(&mut self, scopes: &str) {
        self.scopes.push(' ');
        self.scopes.push_str(scopes);
    }

    /// # Errors
    /// When one of the three names is empty: it would be a party that anybody shares.
    pub(crate) fn into_parts(self) -> Result<(Principal, Option<Arc<dyn Any + Send + Sync>>), Unnamed> {
        let client = self.client.unwrap_or_else(|| self.subject.clone());
        // The subject first: without one, the client has no name of its own either.
        for (name, unnamed) in
            [(&self.subject, Unnamed::Subject), (&self.issuer, Unnamed::Issuer), (&client, Unnamed::Client)]
        {
            if name.is_empty() {
                return Err(unnamed);
            }
        }
        let scopes = Scopes::parse(&self.scopes);
        let principal = Principal::new(self.issuer, self.subject, client, scopes, self.expires);
        let bound = match self.certificate {
            Some(certificate) => principal.with_certificate(certificate),
            None => principal,
        };
        Ok((bound, self.value))
    }
}

/// Which name of an [`Identity`] is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unnamed {
    Subject,
    Issuer,
    Client,
}

impl fmt::Display for Unnamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Subject => "the subject is empty",
            Self::Issuer => "the issuer is empty",
            Self::Client => "the client is empty",
        })
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("issuer", &self.issuer)
            .field("subject", &self.subject)
            .field("client", &self.client)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}
