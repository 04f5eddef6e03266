//! One issuer whose tokens are accepted: its keys, or its word, and what was found out before. Nothing here
//! is shared with another issuer.

use std::sync::Arc;

use mcp_proto::{
    Now,
    exchange::Facts,
    jws::{Claims, TokenRules},
};

use super::{
    cache::{Entry, TokenCache},
    principals::Principals,
};
use crate::{
    introspection::Introspector, keys::KeyStore, recognise::Verified, signature::TrustedKeys,
    token_digest::TokenDigest,
};

/// How the tokens of one issuer are found to be good.
pub(crate) enum TrustedIssuer {
    /// By signature.
    Signing(Signing),
    /// By asking.
    Asked(Arc<Introspector>),
}

/// An issuer's keys, and the tokens that were verified with them.
pub(crate) struct Signing {
    keys: Arc<KeyStore>,
    cache: TokenCache,
}

impl TrustedIssuer {
    /// An issuer with keys, of which about so many good tokens are remembered.
    pub(crate) fn signing(keys: Arc<KeyStore>, cached_tokens_max: usize) -> Self {
        Self::Signing(Signing { keys, cache: TokenCache::new(cached_tokens_max) })
    }

    /// What is remembered of a token.
    pub(super) fn probe(&self, digest: &TokenDigest, principals: &Principals, now: Now) -> Option<Verified> {
        match self {
            Self::Signing(signing) => signing.probe(digest, now),
            Self::Asked(introspector) => {
                introspector.probe(digest, now).map(|facts| counted(facts, principals))
            }
        }
    }

    /// Whether tokens can be verified.
    pub(crate) fn is_ready(&self, now: Now) -> bool {
        match self {
            Self::Signing(signing) => signing.keys.is_ready(now),
            Self::Asked(introspector) => introspector.is_ready(),
        }
    }
}

impl Signing {
    pub(super) fn keys(&self) -> &Arc<KeyStore> {
        &self.keys
    }

    fn probe(&self, digest: &TokenDigest, now: Now) -> Option<Verified> {
        let entry = self.cache.get(digest, self.keys.generation(now)?, now.unix)?;
        Some(Verified { facts: Facts::Signed(entry.claims), load: Some(entry.load), value: None })
    }

    /// Remembers a good token and counts what its principal does.
    pub(super) fn remember(
        &self,
        token: &str,
        keys: &TrustedKeys,
        rules: &TokenRules,
        claims: Arc<Claims>,
        principals: &Principals,
    ) -> Verified {
        let load = principals.load(claims.principal());
        let entry =
            Entry::new(Arc::clone(&claims), Arc::clone(&load), keys.generation(), rules.leeway_seconds());
        self.cache.insert(TokenDigest::of(token), entry);
        Verified { facts: Facts::Signed(claims), load: Some(load), value: None }
    }

    #[cfg(test)]
    pub(super) fn cache(&self) -> &TokenCache {
        &self.cache
    }
}

/// What an issuer said, with the running calls of whom it vouches for.
pub(super) fn counted(facts: Facts, principals: &Principals) -> Verified {
    let load = match &facts {
        Facts::Signed(claims) => Some(principals.load(claims.principal())),
        Facts::Proven(..)
        | Facts::Denied(_)
        | Facts::ProofRefused(_)
        | Facts::NonceNeeded(_)
        | Facts::Accepted(_)
        | Facts::Rejected
        | Facts::Failed
        | Facts::Unavailable(_) => None,
    };
    Verified { facts, load, value: None }
}
