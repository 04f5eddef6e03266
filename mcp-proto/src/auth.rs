//! Who may do what: the policy of a server, and the seed's matrix as a table.
//!
//! Whether each request has to prove who sends it does not depend on sessions:
//!
//! | stateless | authentication | what a request needs |
//! | --- | --- | --- |
//! | yes | none ([`AuthPolicy::Open`]) | nothing: every caller may use everything |
//! | yes | bearer tokens ([`AuthPolicy::Bearer`]) | a good token, on **every** request, and the scopes of what it asks for |
//!
//! No value of [`AuthPolicy`] lets anyone in by default: it is the first thing that a builder asks for.

pub mod bearer;
pub mod challenge;
mod metadata;
pub mod principal;
pub mod scope;

use bytes::Bytes;
use http::HeaderValue;

use self::{
    challenge::{Challenge, ChallengeError, MetadataUrl},
    metadata::Resource,
    scope::{Implications, Requirement, ScopeName, Scopes},
};
use crate::{
    content::{CacheScope, Caching},
    error::BuildError,
    jws::{AlgorithmSet, LEEWAY_SECONDS_DEFAULT, LEEWAY_SECONDS_MAX, TokenRules},
    refusal::{CredentialFault, Refusal},
};

/// How a server finds out who calls.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "a server has one")]
pub enum AuthPolicy {
    /// It does not: every caller may use everything, whatever scopes are declared.
    Open,
    /// By OAuth 2.1 bearer tokens.
    Bearer(BearerPolicy),
}

/// Bearer tokens of one issuer, for one audience (RFC 6750, RFC 9068, RFC 9728).
#[derive(Debug, Clone)]
pub struct BearerPolicy {
    rules: TokenRules,
    implications: Implications,
    baseline: Requirement,
    metadata_url: MetadataUrl,
    metadata_paths: [Box<str>; 2],
    metadata: Bytes,
}

/// Collects what a [`BearerPolicy`] is made of.
#[derive(Debug, Clone)]
pub struct BearerPolicyBuilder {
    issuer: String,
    audience: String,
    resource: Option<String>,
    resource_name: Option<String>,
    documentation: Option<String>,
    leeway_seconds: u64,
    algorithms: AlgorithmSet,
    scopes: Vec<String>,
    advertised: Vec<String>,
    implications: Vec<(String, String)>,
}

impl BearerPolicy {
    /// Tokens that `issuer` signed for `audience`; both are compared byte for byte. The audience
    /// is mandatory (AUTH-06), and usually the URL that clients use (RFC 8707).
    pub fn builder(issuer: impl Into<String>, audience: impl Into<String>) -> BearerPolicyBuilder {
        BearerPolicyBuilder {
            issuer: issuer.into(),
            audience: audience.into(),
            resource: None,
            resource_name: None,
            documentation: None,
            leeway_seconds: LEEWAY_SECONDS_DEFAULT,
            algorithms: AlgorithmSet::default(),
            scopes: Vec::new(),
            advertised: Vec::new(),
            implications: Vec::new(),
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
        &self.baseline
    }

    /// Where the protected resource metadata is, as challenges name it.
    #[must_use]
    pub fn metadata_url(&self) -> &str {
        self.metadata_url.as_str()
    }

    /// The paths under which the metadata is served (AUTH-14, AUTH-15): the one inserted before
    /// the resource's path, and the root.
    pub(crate) fn metadata_paths(&self) -> &[Box<str>] {
        &self.metadata_paths
    }

    /// The protected resource metadata document (RFC 9728 section 2), JSON text.
    #[must_use]
    pub fn metadata(&self) -> &Bytes {
        &self.metadata
    }

    /// Whether what was granted covers this scope, directly or by implication.
    #[must_use]
    pub fn grants(&self, granted: &Scopes, scope: &str) -> bool {
        ScopeName::parse(scope)
            .is_some_and(|name| Requirement::all_of([name], &self.implications).satisfied_by(granted))
    }

    /// What a refusal asks of a client, where it asks for anything.
    pub(crate) fn challenge(&self, refusal: &Refusal) -> Option<HeaderValue> {
        let baseline = self.baseline.scopes();
        let (error, scope) = if *refusal == Refusal::Unauthenticated {
            // RFC6750-02: without credentials there is no error yet.
            (None, baseline)
        } else if let Refusal::MalformedCredentials(fault) = refusal {
            let error = match fault {
                CredentialFault::Repeated => ChallengeError::CredentialsRepeated,
                CredentialFault::Malformed => ChallengeError::CredentialsMalformed,
                CredentialFault::InQuery => ChallengeError::TokenInQuery,
            };
            (Some(error), baseline)
        } else if let Refusal::InvalidToken(denial) = refusal {
            (Some(ChallengeError::TokenRefused(*denial)), baseline)
        } else if let Refusal::InsufficientScope(needed) = refusal {
            // AUTH-19, AUTH-21, AUTH-22: what this operation needs, all of it.
            (Some(ChallengeError::ScopeInsufficient), needed)
        } else {
            return None;
        };
        Some(challenge::render(&Challenge {
            realm: None,
            error,
            scope: scope.clone(),
            resource_metadata: Some(self.metadata_url.clone()),
        }))
    }
}

impl BearerPolicyBuilder {
    /// The URL that clients use, where the audience is another name (RFC 9728 `resource`).
    #[must_use]
    pub fn resource(mut self, url: impl Into<String>) -> Self {
        self.resource = Some(url.into());
        self
    }

    /// The name of this server for people (RFC 9728 `resource_name`).
    #[must_use]
    pub fn resource_name(mut self, name: impl Into<String>) -> Self {
        self.resource_name = Some(name.into());
        self
    }

    /// Where developers read about this server (RFC 9728 `resource_documentation`).
    #[must_use]
    pub fn documentation(mut self, url: impl Into<String>) -> Self {
        self.documentation = Some(url.into());
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
        self.scopes.push(scope.into());
        self
    }

    /// A scope to name in `scopes_supported` besides those that every request needs. Name few:
    /// a client learns what an operation needs from its challenge (SBP-14, SBP-15).
    #[must_use]
    pub fn advertise_scope(mut self, scope: impl Into<String>) -> Self {
        self.advertised.push(scope.into());
        self
    }

    /// Whoever has `broad` also has `narrow` (AUTH-24).
    #[must_use]
    pub fn implies(mut self, broad: impl Into<String>, narrow: impl Into<String>) -> Self {
        self.implications.push((broad.into(), narrow.into()));
        self
    }

    /// The policy.
    ///
    /// # Errors
    /// When issuer, audience, resource, leeway or a scope is not what it has to be.
    pub fn build(self) -> Result<BearerPolicy, BuildError> {
        metadata::check_issuer(&self.issuer)?;
        if self.audience.is_empty() {
            return Err(BuildError::Audience);
        }
        let leeway = |_| BuildError::Leeway { seconds: self.leeway_seconds, max: LEEWAY_SECONDS_MAX };
        let rules = TokenRules::new(self.issuer.clone(), [self.audience.clone()])
            .map_err(|_| BuildError::Audience)?
            .with_leeway_seconds(self.leeway_seconds)
            .map_err(leeway)?
            .with_algorithms(self.algorithms)
            .map_err(|_| BuildError::Algorithms)?;
        let mut implications = Implications::new();
        for (broad, narrow) in &self.implications {
            implications.imply(scope_name(broad)?, scope_name(narrow)?);
        }
        let scopes = self.scopes.iter().map(|scope| scope_name(scope));
        let baseline = Requirement::all_of(scopes.collect::<Result<Vec<_>, _>>()?, &implications);
        let advertised = self.advertised.iter().map(|scope| scope_name(scope));
        let advertised = Requirement::all_of(advertised.collect::<Result<Vec<_>, _>>()?, &implications);
        let resource = Resource::parse(self.resource.as_deref().unwrap_or(&self.audience))?;
        let document = metadata::Document {
            resource: resource.as_str(),
            authorization_servers: [&self.issuer],
            scopes_supported: baseline.union(&advertised),
            bearer_methods_supported: ["header"],
            resource_name: self.resource_name.as_deref(),
            resource_documentation: self.documentation.as_deref(),
        };
        Ok(BearerPolicy {
            metadata: document.render(),
            metadata_url: resource.metadata_url()?,
            metadata_paths: resource.metadata_paths(),
            rules,
            implications,
            baseline,
        })
    }
}

fn scope_name(scope: &str) -> Result<ScopeName, BuildError> {
    if scope == "offline_access" {
        return Err(BuildError::OfflineAccess);
    }
    ScopeName::parse(scope).ok_or_else(|| BuildError::Scope(scope.into()))
}

impl AuthPolicy {
    /// What an item of the catalog needs: the scopes of the endpoint and its own.
    pub(crate) fn requirement(&self, scopes: &[String]) -> Result<Requirement, BuildError> {
        let names = scopes.iter().map(|scope| scope_name(scope)).collect::<Result<Vec<_>, _>>()?;
        Ok(match self {
            Self::Open => Requirement::default(),
            Self::Bearer(policy) => policy.baseline.union(&Requirement::all_of(names, &policy.implications)),
        })
    }

    /// CACH-06, CACH-08: what an authenticated endpoint tells its callers is not for sharing.
    pub(crate) fn default_list_caching(&self) -> Caching {
        let scope = match self {
            Self::Open => CacheScope::Public,
            Self::Bearer(_) => CacheScope::Private,
        };
        Caching { ttl_millis: 0, scope }
    }
}
