//! OAuth access tokens: whose, for whom, and what they have to grant.

use bytes::Bytes;

use super::{
    Scheme,
    certificate_policy::CertificatePolicy,
    challenge::{self, AuthScheme},
    challenges::Challenges,
    dpop_policy::{Dpop, DpopPolicy},
    issuer_policy::IssuerPolicy,
    protection::{BindingMetadata, Protection, ProtectionSpec},
    scope::{Requirement, Scopes},
};
use crate::{
    error::BuildError,
    jws::{Algorithm, Denial, Issuers},
    refusal::Refusal,
};

/// Access tokens of one or more issuers (RFC 6750, RFC 9068, RFC 9728).
#[derive(Debug, Clone)]
pub struct BearerPolicy {
    issuers: Issuers,
    dpop: Option<Dpop>,
    certificates: Option<CertificatePolicy>,
    protection: Protection,
}

/// Collects what a [`BearerPolicy`] is made of.
#[derive(Debug, Clone)]
pub struct BearerPolicyBuilder {
    issuers: Vec<IssuerPolicy>,
    dpop: Option<DpopPolicy>,
    certificates: Option<CertificatePolicy>,
    protection: ProtectionSpec,
}

impl BearerPolicy {
    /// Tokens that `issuer` signed for `audience`, as RFC 9068 describes them; both are compared byte
    /// for byte. The audience is mandatory (AUTH-06), and usually the URL that clients use (RFC 8707).
    pub fn builder(issuer: impl Into<String>, audience: impl Into<String>) -> BearerPolicyBuilder {
        Self::trusting(IssuerPolicy::new(issuer, audience))
    }

    /// Tokens of this issuer.
    #[must_use]
    pub fn trusting(issuer: IssuerPolicy) -> BearerPolicyBuilder {
        BearerPolicyBuilder {
            issuers: vec![issuer],
            dpop: None,
            certificates: None,
            protection: ProtectionSpec::default(),
        }
    }

    /// Whose tokens are accepted, and what each has to be like.
    #[must_use]
    pub fn issuers(&self) -> &Issuers {
        &self.issuers
    }

    /// Which proofs of possession are accepted, where any are.
    #[must_use]
    pub fn dpop(&self) -> Option<&Dpop> {
        self.dpop.as_ref()
    }

    /// What is said of tokens that are bound to a client certificate, where anything is.
    #[must_use]
    pub fn certificates(&self) -> Option<CertificatePolicy> {
        self.certificates
    }

    /// Whether tokens that are bound to no client certificate are refused.
    #[must_use]
    pub fn requires_certificates(&self) -> bool {
        self.certificates.is_some_and(CertificatePolicy::is_required)
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

    /// The challenge of the scheme that was used is the first one, and says what was wrong.
    pub(super) fn challenges(&self, refusal: &Refusal, scheme: Scheme) -> Option<Challenges> {
        let bearer = || self.protection.challenge(refusal, AuthScheme::Bearer, None);
        let Some(dpop) = &self.dpop else {
            return Some(Challenges { first: bearer()?, second: None });
        };
        let algorithms = dpop.rules().algorithms();
        // XDPOP-03; and whoever has a bound token is not asked for another one without a key.
        let is_bound = *refusal == Refusal::InvalidToken(Denial::SenderConstrained);
        if dpop.is_required() || scheme == Scheme::Dpop || is_bound {
            let first = self.protection.challenge(refusal, AuthScheme::Dpop, Some(algorithms))?;
            return Some(Challenges { first, second: None });
        }
        let first = bearer()?;
        let also = refusal.is_unauthenticated();
        Some(Challenges { first, second: also.then(|| challenge::offer_dpop(algorithms)) })
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

    /// Tokens of this issuer too.
    #[must_use]
    pub fn issuer(mut self, issuer: IssuerPolicy) -> Self {
        self.issuers.push(issuer);
        self
    }

    /// The issuers so far, in order.
    #[must_use]
    pub fn issuers(&self) -> &[IssuerPolicy] {
        &self.issuers
    }

    /// Changes each issuer, in order.
    #[must_use]
    pub fn map_issuers(mut self, change: impl FnMut(IssuerPolicy) -> IssuerPolicy) -> Self {
        self.issuers = self.issuers.into_iter().map(change).collect();
        self
    }

    /// Tokens that are bound to a key too, or only these.
    #[must_use]
    pub fn dpop(mut self, dpop: DpopPolicy) -> Self {
        self.dpop = Some(dpop);
        self
    }

    /// Tokens that are bound to a client certificate, or only these.
    #[must_use]
    pub fn certificates(mut self, certificates: CertificatePolicy) -> Self {
        self.certificates = Some(certificates);
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
    /// When an issuer, an audience, the resource, a leeway or a scope is not what it has to be.
    pub fn build(self) -> Result<BearerPolicy, BuildError> {
        let rules = self.issuers.iter().map(IssuerPolicy::rules).collect::<Result<Vec<_>, _>>()?;
        let named = self.issuers.last().map_or("", IssuerPolicy::issuer);
        let issuers = Issuers::new(rules).map_err(|error| BuildError::Tokens(named.into(), error))?;
        let audience = self.issuers.first().map_or("", IssuerPolicy::first_audience);
        let resource = self.protection.resource.as_deref().unwrap_or(audience);
        let dpop = self.dpop.map(|dpop| dpop.build(resource)).transpose()?;
        let algorithms = |dpop: &Dpop| dpop.rules().algorithms().iter().map(Algorithm::name).collect();
        let published = BindingMetadata {
            dpop_algorithms: dpop.as_ref().map(algorithms).unwrap_or_default(),
            is_dpop_required: dpop.as_ref().is_some_and(Dpop::is_required),
            has_certificates: self.certificates.is_some(),
        };
        let names: Vec<&str> = self.issuers.iter().map(IssuerPolicy::issuer).collect();
        let protection = self.protection.published(resource, &names, &published)?;
        Ok(BearerPolicy { issuers, dpop, certificates: self.certificates, protection })
    }
}
