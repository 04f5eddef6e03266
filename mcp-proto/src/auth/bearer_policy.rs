//! OAuth access tokens: whose, for whom, and what they have to grant.

use bytes::Bytes;

use super::{
    Scheme,
    challenge::AuthScheme,
    challenges::Challenges,
    protection::{DpopMetadata, Protection, ProtectionSpec},
    scope::{Requirement, Scopes},
};
use crate::{
    error::BuildError,
    jws::{AlgorithmSet, LEEWAY_SECONDS_DEFAULT, LEEWAY_SECONDS_MAX, TokenRules},
    refusal::Refusal,
};

/// Bearer tokens of one issuer, for one audience (RFC 6750, RFC 9068, RFC 9728).
#[derive(Debug, Clone)]
pub struct BearerPolicy {
    rules: TokenRules,
    protection: Protection,
}

/// Collects what a [`BearerPolicy`] is made of.
#[derive(Debug, Clone)]
pub struct BearerPolicyBuilder {
    issuer: String,
    audience: String,
    leeway_seconds: u64,
    algorithms: AlgorithmSet,
    protection: ProtectionSpec,
}

impl BearerPolicy {
    /// Tokens that `issuer` signed for `audience`; both are compared byte for byte. The audience
    /// is mandatory (AUTH-06), and usually the URL that clients use (RFC 8707).
    pub fn builder(issuer: impl Into<String>, audience: impl Into<String>) -> BearerPolicyBuilder {
        BearerPolicyBuilder {
            issuer: issuer.into(),
            audience: audience.into(),
            leeway_seconds: LEEWAY_SECONDS_DEFAULT,
            algorithms: AlgorithmSet::default(),
            protection: ProtectionSpec::default(),
        }
    }

    /// What a token has to be like.
    #[must_use]
    pub fn rules(&self) -> &TokenRules {
        &self.rules
    }

    /// The scopes that every request needs.
    #[must_use]
    pub fn baseline(&self) -> &Requirement {
        self.protection.baseline()
    }

    /// Where the protected resource metadata is, as challenges name it.
    #[must_use]
    pub fn metadata_url(&self) -> &str {
        self.protection.metadata_url().map_or("", |url| url.as_str())
    }

    /// The protected resource metadata document (RFC 9728 section 2), JSON text.
    #[must_use]
    pub fn metadata(&self) -> Bytes {
        self.protection.metadata().cloned().unwrap_or_default()
    }

    /// Whether what was granted covers this scope, directly or by implication.
    #[must_use]
    pub fn grants(&self, granted: &Scopes, scope: &str) -> bool {
        self.protection.grants(granted, scope)
    }

    pub(crate) fn protection(&self) -> &Protection {
        &self.protection
    }

    pub(super) fn challenges(&self, refusal: &Refusal, _: Scheme) -> Option<Challenges> {
        let first = self.protection.challenge(refusal, AuthScheme::Bearer, None)?;
        Some(Challenges { first, second: None })
    }
}

impl BearerPolicyBuilder {
    /// The URL that clients use, where the audience is another name (RFC 9728 `resource`).
    #[must_use]
    pub fn resource(mut self, url: impl Into<String>) -> Self {
        self.protection.resource = Some(url.into());
        self
    }

    /// The name of this server for people (RFC 9728 `resource_name`).
    #[must_use]
    pub fn resource_name(mut self, name: impl Into<String>) -> Self {
        self.protection.resource_name = Some(name.into());
        self
    }

    /// Where developers read about this server (RFC 9728 `resource_documentation`).
    #[must_use]
    pub fn documentation(mut self, url: impl Into<String>) -> Self {
        self.protection.documentation = Some(url.into());
        self
    }

    /// How far clocks may differ, in seconds: at most 300, 60 by default.
    #[must_use]
    pub fn leeway_seconds(mut self, seconds: u64) -> Self {
        self.leeway_seconds = seconds;
        self
    }

    /// Which signatures are accepted; by default ES256, RS256, PS256 and EdDSA.
    #[must_use]
    pub fn algorithms(mut self, algorithms: AlgorithmSet) -> Self {
        self.algorithms = algorithms;
        self
    }

    /// A scope that every request needs.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.protection.access.scope(scope.into());
        self
    }

    /// A scope to name in `scopes_supported` besides those that every request needs. Name few:
    /// a client learns what an operation needs from its challenge (SBP-14, SBP-15).
    #[must_use]
    pub fn advertise_scope(mut self, scope: impl Into<String>) -> Self {
        self.protection.advertised.push(scope.into());
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
    /// When issuer, audience, resource, leeway or a scope is not what it has to be.
    pub fn build(self) -> Result<BearerPolicy, BuildError> {
        if self.audience.is_empty() {
            return Err(BuildError::Audience);
        }
        let protection =
            self.protection.published(&self.audience, &[&self.issuer], &DpopMetadata::default())?;
        let leeway = |_| BuildError::Leeway { seconds: self.leeway_seconds, max: LEEWAY_SECONDS_MAX };
        let rules = TokenRules::new(self.issuer.clone(), [self.audience.clone()])
            .map_err(|_| BuildError::Audience)?
            .with_leeway_seconds(self.leeway_seconds)
            .map_err(leeway)?
            .with_algorithms(self.algorithms)
            .map_err(|_| BuildError::Algorithms)?;
        Ok(BearerPolicy { rules, protection })
    }
}
