//! Callers that the application itself recognises, by anything in the head of a request.

use http::HeaderName;

use super::{
    BearerPolicy, DPOP,
    challenge::{AuthScheme, SchemeName},
    challenges::Challenges,
    protection::{BindingMetadata, Protection, ProtectionSpec},
    scope::Requirement,
};
use crate::{error::BuildError, refusal::Refusal};

/// A verifier of the application's own decides who calls. It is asked once for every request that
/// reaches the gate of credentials, before the body is read; the core asks for the scopes.
#[derive(Debug, Clone)]
pub struct CustomPolicy {
    scheme: AuthScheme,
    fields: Vec<HeaderName>,
    protection: Protection,
}

/// Collects what a [`CustomPolicy`] is made of.
#[derive(Debug, Clone, Default)]
pub struct CustomPolicyBuilder {
    scheme: Option<String>,
    fields: Vec<HeaderName>,
    issuers: Vec<String>,
    protection: ProtectionSpec,
}

impl CustomPolicy {
    /// A policy whose challenges are of the `Bearer` scheme and which publishes no metadata.
    #[must_use]
    pub fn builder() -> CustomPolicyBuilder {
        CustomPolicyBuilder::default()
    }

    /// The scopes that every request needs.
    #[must_use]
    pub fn baseline(&self) -> &Requirement {
        self.protection.baseline()
    }

    /// The header fields that carry credentials, besides `Authorization`.
    #[must_use]
    pub fn credential_fields(&self) -> &[HeaderName] {
        &self.fields
    }

    pub(crate) fn protection(&self) -> &Protection {
        &self.protection
    }

    pub(super) fn challenges(&self, refusal: &Refusal) -> Option<Challenges> {
        let first = self.protection.challenge(refusal, self.scheme.clone(), None)?;
        Some(Challenges { first, second: None })
    }
}

/// The same scopes, metadata and credential fields for callers whom the application recognises by other
/// means than their tokens: a gateway in front, or a test. Challenges are of the `Bearer` scheme.
impl From<BearerPolicy> for CustomPolicy {
    fn from(policy: BearerPolicy) -> Self {
        let fields = if policy.dpop().is_some() { DPOP.to_vec() } else { Vec::new() };
        Self { scheme: AuthScheme::Bearer, fields, protection: policy.protection().clone() }
    }
}

impl CustomPolicyBuilder {
    /// The scheme that challenges name (RFC 9110 section 11.6.1 wants one in every 401).
    #[must_use]
    pub fn challenge_scheme(mut self, name: impl Into<String>) -> Self {
        self.scheme = Some(name.into());
        self
    }

    /// A header field in which callers send credentials. Web pages of allowed origins may send it
    /// (CORS), and handlers never see it.
    #[must_use]
    pub fn credential_field(mut self, name: HeaderName) -> Self {
        self.fields.push(name);
        self
    }

    /// Publishes metadata (RFC 9728) for the URL that clients use, and names it in challenges.
    #[must_use]
    pub fn resource(mut self, url: impl Into<String>) -> Self {
        self.protection.resource = Some(url.into());
        self
    }

    /// An authorization server that the metadata names.
    #[must_use]
    pub fn authorization_server(mut self, issuer: impl Into<String>) -> Self {
        self.issuers.push(issuer.into());
        self
    }

    /// A scope that every request needs.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.protection.access.scope(scope.into());
        self
    }

    /// Whoever has `broad` also has `narrow` (AUTH-24).
    #[must_use]
    pub fn implies(mut self, broad: impl Into<String>, narrow: impl Into<String>) -> Self {
        self.protection.access.implies(broad.into(), narrow.into());
        self
    }

    /// The policy.
    ///
    /// # Errors
    /// When the scheme, the resource, an authorization server or a scope is not what it has to be,
    /// or an authorization server is named without a resource.
    pub fn build(self) -> Result<CustomPolicy, BuildError> {
        let scheme = match &self.scheme {
            None => AuthScheme::Bearer,
            Some(name) => SchemeName::parse(name)
                .map(AuthScheme::Named)
                .ok_or_else(|| BuildError::ChallengeScheme(name.clone()))?,
        };
        let issuers: Vec<&str> = self.issuers.iter().map(String::as_str).collect();
        let protection = match (&self.protection.resource, issuers.as_slice()) {
            (None, []) => self.protection.unpublished()?,
            (None, [_, ..]) => return Err(BuildError::Resource(String::new())),
            (Some(resource), issuers) => {
                self.protection.published(resource, issuers, &BindingMetadata::default())?
            }
        };
        Ok(CustomPolicy { scheme, fields: self.fields, protection })
    }
}
