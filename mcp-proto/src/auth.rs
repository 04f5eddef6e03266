//! Who may do what: the policy of a server, and the seed's matrix as a table.
//!
//! Whether each request has to prove who sends it does not depend on sessions:
//!
//! | stateless | authentication | what a request needs |
//! | --- | --- | --- |
//! | yes | none ([`AuthPolicy::Open`]) | nothing: every caller may use everything |
//! | yes | access tokens ([`AuthPolicy::Bearer`]) | a good token, on **every** request, and the scopes of what it asks for |
//! | yes | the application's own ([`AuthPolicy::Custom`]) | what the application accepts, asked **once for every** request, and the scopes |
//!
//! No value of [`AuthPolicy`] lets anyone in by default: it is the first thing that a builder asks for.

mod access;
pub mod bearer;
mod bearer_policy;
mod certificate_policy;
pub mod challenge;
mod challenges;
mod custom_policy;
mod dpop_policy;
mod issuer_policy;
mod metadata;
pub mod principal;
mod protection;
pub mod scope;

#[cfg(test)]
mod tests;

pub use self::{
    bearer_policy::{BearerPolicy, BearerPolicyBuilder},
    certificate_policy::CertificatePolicy,
    custom_policy::{CustomPolicy, CustomPolicyBuilder},
    dpop_policy::{Dpop, DpopPolicy},
    issuer_policy::IssuerPolicy,
};
use http::HeaderName;

pub(crate) use self::{challenges::Challenges, protection::Protection};
use self::{
    principal::Principal,
    scope::{Requirement, Scopes},
};
use crate::{
    content::{CacheScope, Caching},
    error::BuildError,
    jws::TokenRules,
    refusal::Refusal,
    time::UnixSeconds,
};

/// How a server finds out who calls.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "a server has one")]
pub enum AuthPolicy {
    /// It does not: every caller may use everything. Scopes are for nobody here, so an engine is not built
    /// where something declares any.
    Open,
    /// By OAuth 2.1 access tokens.
    Bearer(BearerPolicy),
    /// By a verifier of the application's own, which sees the whole head.
    Custom(CustomPolicy),
}

/// The field that carries proofs of possession.
static DPOP: [HeaderName; 1] = [HeaderName::from_static("dpop")];

/// How a request presented its credentials, as far as challenges depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Scheme {
    /// In no way that is known.
    #[default]
    None,
    /// As a bearer token (RFC 6750).
    Bearer,
    /// As a token with a proof of possession (RFC 9449).
    Dpop,
}

impl AuthPolicy {
    /// What holds for all callers, where there is anything.
    pub(crate) fn protection(&self) -> Option<&Protection> {
        match self {
            Self::Open => None,
            Self::Bearer(policy) => Some(policy.protection()),
            Self::Custom(policy) => Some(policy.protection()),
        }
    }

    /// Whether what a caller was granted covers this scope. On an open server nobody was granted any.
    pub(crate) fn grants(&self, granted: Option<&Scopes>, scope: &str) -> bool {
        match (self.protection(), granted) {
            (Some(protection), Some(granted)) => protection.grants(granted, scope),
            (None, _) | (Some(_), None) => false,
        }
    }

    /// Whether a caller has the scopes that something needs.
    pub(crate) fn permits(&self, caller: Option<&Principal>, needs: &Requirement) -> bool {
        match (self, caller) {
            (Self::Open, _) => needs.is_empty(),
            (Self::Bearer(_) | Self::Custom(_), Some(principal)) => needs.satisfied_by(principal.scopes()),
            (Self::Bearer(_) | Self::Custom(_), None) => false,
        }
    }

    /// The first second at which a caller is nobody any more: of a token, after the leeway of its issuer's rules.
    pub(crate) fn until(&self, principal: &Principal) -> UnixSeconds {
        let leeway = match self {
            Self::Open | Self::Custom(_) => 0,
            Self::Bearer(policy) => {
                policy.issuers().rules_of(principal.issuer()).map_or(0, TokenRules::leeway_seconds)
            }
        };
        UnixSeconds(principal.expires().0.saturating_add(leeway))
    }

    /// What an item of the catalog needs: the scopes of the endpoint and its own.
    pub(crate) fn requirement(&self, scopes: &[String]) -> Result<Requirement, BuildError> {
        match self.protection() {
            None if scopes.is_empty() => Ok(Requirement::default()),
            None => Err(BuildError::ScopesForNobody(scopes.join(" "))),
            Some(protection) => protection.requirement(scopes),
        }
    }

    /// What a refusal asks of a client, where it asks for anything.
    pub(crate) fn challenges(&self, refusal: &Refusal, scheme: Scheme) -> Option<Challenges> {
        match self {
            Self::Open => None,
            Self::Bearer(policy) => policy.challenges(refusal, scheme),
            Self::Custom(policy) => policy.challenges(refusal),
        }
    }

    /// The header fields that carry credentials, besides `Authorization`.
    #[must_use]
    pub fn credential_fields(&self) -> &[HeaderName] {
        match self {
            Self::Bearer(policy) if policy.dpop().is_some() => &DPOP,
            Self::Open | Self::Bearer(_) => &[],
            Self::Custom(policy) => policy.credential_fields(),
        }
    }

    /// CACH-06, CACH-08: what an authenticated endpoint tells its callers is not for sharing.
    pub(crate) fn default_list_caching(&self) -> Caching {
        let scope = match self {
            Self::Open => CacheScope::Public,
            Self::Bearer(_) | Self::Custom(_) => CacheScope::Private,
        };
        Caching { ttl_millis: 0, scope }
    }
}
