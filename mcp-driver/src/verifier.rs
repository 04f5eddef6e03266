//! From a bearer token to facts about it: a cache in front of keys and signatures.

mod cache;
pub(crate) mod principals;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use mcp_proto::{
    Facts, Now,
    jws::{self, Claims, Denial, TokenRules},
    refusal::Outage,
};

use self::{
    cache::{Entry, TokenCache, TokenDigest},
    principals::Principals,
};
use crate::{keys::KeyStore, recognise::Verified, runtime::Runtime, signature::TrustedKeys};

/// Verifies the tokens of one policy.
pub(crate) struct TokenVerifier {
    rules: TokenRules,
    keys: Arc<KeyStore>,
    cache: TokenCache,
    principals: Principals,
}

impl TokenVerifier {
    /// A verifier that remembers about `cached_tokens_max` good tokens.
    pub(crate) fn new(rules: TokenRules, keys: Arc<KeyStore>, cached_tokens_max: usize) -> Self {
        Self { rules, keys, cache: TokenCache::new(cached_tokens_max), principals: Principals::default() }
    }

    /// What is known of a token that was verified before, with the keys that are still the current ones.
    /// Nothing is allocated and nothing awaited.
    pub(crate) fn probe(&self, token: &str, now: Now) -> Option<Verified> {
        // None that is longer was ever remembered, and a digest takes time that grows with its length.
        if token.len() > self.rules.token_bytes_max() {
            return None;
        }
        let generation = self.keys.generation(now)?;
        let entry = self.cache.get(&TokenDigest::of(token), generation, now.unix)?;
        Some(Verified { facts: Facts::Signed(entry.claims), load: Some(entry.load), value: None })
    }

    /// Finds out about a token. Waits at most for one fetch of the keys, when it names a key that is unknown
    /// and the cooldown allows a fetch.
    pub(crate) async fn facts<R: Runtime>(&self, token: &str, now: Now, runtime: &R) -> Verified {
        let verified = self.verify(token, now);
        match verified.facts {
            Facts::Denied(Denial::KeyUnknown) if self.keys.fetched_anew(runtime).await => {
                self.verify(token, runtime.now())
            }
            _ => verified,
        }
    }

    fn verify(&self, token: &str, now: Now) -> Verified {
        // A token that cannot be checked is not thereby bad: its bearer should come again, not drop it.
        let Some(keys) = self.keys.current(now) else {
            return Verified::unavailable(Outage::KeysUnavailable);
        };
        match self.accepted_claims(token, &keys, now) {
            Ok(claims) => self.remember(token, &keys, Arc::new(claims)),
            Err(denial) => {
                tracing::debug!(rule = denial.rule(), "token refused");
                Verified::nobody(Facts::Denied(denial))
            }
        }
    }

    /// The claims of a token that is good now. The rules are checked here as well as by the core, so that
    /// only good tokens take up memory: whoever has one for another server could fill it with those.
    fn accepted_claims(&self, token: &str, keys: &TrustedKeys, now: Now) -> Result<Claims, Denial> {
        let check = jws::inspect(token, &self.rules, keys.set())?;
        let valid = keys.is_valid(&check);
        let claims = check.resolve(valid)?;
        self.rules.check(&claims, None, now.unix)?;
        Ok(claims)
    }

    fn remember(&self, token: &str, keys: &TrustedKeys, claims: Arc<Claims>) -> Verified {
        let load = self.principals.load(claims.principal());
        let leeway = self.rules.leeway_seconds();
        let entry = Entry::new(Arc::clone(&claims), Arc::clone(&load), keys.generation(), leeway);
        self.cache.insert(TokenDigest::of(token), entry);
        Verified { facts: Facts::Signed(claims), load: Some(load), value: None }
    }
}
