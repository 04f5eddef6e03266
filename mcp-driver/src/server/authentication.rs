//! How a server finds out who calls, checked.

use std::sync::Arc;

use mcp_proto::{AuthPolicy, BearerPolicy};

use super::ServerError;
use crate::{
    auth::{Auth, AuthKind, TokenAuth, TokenSource},
    authenticate::ErasedVerifier,
};

/// What callers need, and what finds out whether they have it.
pub(super) struct Authentication {
    pub(super) policy: AuthPolicy,
    /// What makes tokens trusted, for each issuer of the policy in order.
    pub(super) sources: Vec<TokenSource>,
    pub(super) verifier: Option<Arc<dyn ErasedVerifier>>,
}

impl Authentication {
    pub(super) fn of(auth: &Auth) -> Result<Self, ServerError> {
        Ok(match &auth.0 {
            AuthKind::Open => Self { policy: AuthPolicy::Open, sources: Vec::new(), verifier: None },
            AuthKind::Tokens(auth) => {
                let (policy, sources) = bearer(auth.clone())?;
                Self { policy: AuthPolicy::Bearer(policy), sources, verifier: None }
            }
            AuthKind::Custom(policy, verifier) => Self {
                policy: AuthPolicy::Custom(policy.clone().build()?),
                sources: Vec::new(),
                verifier: Some(Arc::clone(verifier)),
            },
        })
    }

    /// The same needs, and nothing that finds out: where callers have to be known, nobody is.
    pub(super) fn left_to_others(self) -> Self {
        let policy = match self.policy {
            AuthPolicy::Open => AuthPolicy::Open,
            AuthPolicy::Bearer(policy) => AuthPolicy::Custom(policy.into()),
            AuthPolicy::Custom(policy) => AuthPolicy::Custom(policy),
        };
        Self { policy, sources: Vec::new(), verifier: None }
    }
}

/// The policy, and what makes the tokens of each of its issuers trusted.
fn bearer(auth: TokenAuth) -> Result<(BearerPolicy, Vec<TokenSource>), ServerError> {
    let TokenAuth { policy, sources } = auth;
    if policy.issuers().len() != sources.len() {
        return Err(ServerError::IssuerWithoutSource);
    }
    for source in &sources {
        if let TokenSource::Introspection(introspection) = source {
            introspection.settings()?;
        }
    }
    let mut verifications = sources.iter().map(TokenSource::verification);
    let policy = policy.map_issuers(|issuer| match verifications.next() {
        Some(verification) => issuer.verification(verification),
        None => issuer,
    });
    Ok((policy.build()?, sources))
}
