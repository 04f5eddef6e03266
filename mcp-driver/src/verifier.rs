//! From an access token to facts about it: a cache in front of keys and signatures, issuer by issuer.

pub(crate) mod cache;
pub(crate) mod principals;
mod trusted_issuer;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use http::{HeaderValue, Method};
use mcp_proto::{
    Now,
    exchange::{Facts, ProofFacts},
    jws::{Claims, Denial, Identified, Issuers, SignatureCheck, TokenRules, Unchecked},
    refusal::Outage,
};

pub(crate) use self::trusted_issuer::TrustedIssuer;
use self::{
    principals::Principals,
    trusted_issuer::{Signing, counted},
};
#[cfg(test)]
use crate::keys::KeyStore;
use crate::{
    dpop::{DpopVerifier, ProofFault},
    recognise::Verified,
    runtime::Runtime,
    signature::TrustedKeys,
    token_digest::TokenDigest,
};

/// Verifies the tokens of one policy.
pub(crate) struct TokenVerifier {
    issuers: Issuers,
    /// What there is of each issuer, in the order of the rules.
    trusted: Box<[TrustedIssuer]>,
    dpop: Option<DpopVerifier>,
    principals: Principals,
}

impl TokenVerifier {
    /// A verifier for tokens of these issuers, `trusted` in the same order.
    pub(crate) fn new(issuers: Issuers, trusted: Vec<TrustedIssuer>, dpop: Option<DpopVerifier>) -> Self {
        Self { issuers, trusted: trusted.into(), dpop, principals: Principals::default() }
    }

    /// A verifier for tokens of one issuer with these keys.
    #[cfg(test)]
    pub(crate) fn of_one(rules: TokenRules, keys: Arc<KeyStore>, cached_tokens_max: usize) -> Self {
        let issuers = Issuers::new(vec![rules]).unwrap();
        Self::new(issuers, vec![TrustedIssuer::signing(keys, cached_tokens_max)], None)
    }

    /// Whether the tokens of any issuer can be verified: one that is out does not take the others along.
    pub(crate) fn is_ready(&self, now: Now) -> bool {
        self.trusted.iter().any(|issuer| issuer.is_ready(now))
    }

    /// What is known of a token that was verified before, with keys that are still the current ones. Nothing
    /// is awaited, and nothing allocated where tokens are signed.
    pub(crate) fn probe(&self, token: &str, now: Now) -> Option<Verified> {
        // None that is longer was ever remembered, and a digest takes time that grows with its length.
        if token.len() > self.issuers.token_bytes_max() {
            return None;
        }
        // One token has one digest, and only the issuer that vouched for it remembers it.
        let digest = TokenDigest::of(token);
        self.trusted.iter().find_map(|issuer| issuer.probe(&digest, &self.principals, now))
    }

    /// Finds out about a token. Waits at most for one fetch of its issuer's keys, when it names a key that is
    /// unknown and the cooldown allows a fetch, or for its issuer's word.
    pub(crate) async fn facts<R: Runtime>(&self, token: &str, now: Now, runtime: &R) -> Verified {
        match self.issuers.identify(token) {
            Err(denial) => denied(denial),
            // A server is not built unless each issuer has what its rules ask for.
            Ok(Identified::Opaque { index, .. }) => match self.trusted.get(index) {
                Some(TrustedIssuer::Asked(introspector)) => {
                    counted(introspector.facts(token, now, runtime).await, &self.principals)
                }
                Some(TrustedIssuer::Signing(_)) | None => Verified::unavailable(Outage::VerifierUnavailable),
            },
            Ok(Identified::Signed(unchecked)) => match self.trusted.get(unchecked.index()) {
                Some(TrustedIssuer::Signing(signing)) => {
                    self.signed(token, unchecked, signing, now, runtime).await
                }
                Some(TrustedIssuer::Asked(_)) | None => Verified::unavailable(Outage::VerifierUnavailable),
            },
        }
    }

    async fn signed<R: Runtime>(
        &self,
        token: &str,
        unchecked: Unchecked<'_>,
        signing: &Signing,
        now: Now,
        runtime: &R,
    ) -> Verified {
        let seen = signing.keys().generation(now);
        let mut verified = self.verify(token, unchecked, signing, now);
        if let Err(Unverified::Denied(Denial::KeyUnknown)) = verified
            && signing.keys().fetched_anew(seen, runtime).await
            && let Ok(Identified::Signed(unchecked)) = self.issuers.identify(token)
        {
            verified = self.verify(token, unchecked, signing, runtime.now());
        }
        verified.unwrap_or_else(Unverified::into_verified)
    }

    fn verify(
        &self,
        token: &str,
        unchecked: Unchecked<'_>,
        signing: &Signing,
        now: Now,
    ) -> Result<Verified, Unverified> {
        let rules = unchecked.rules();
        // A token that cannot be checked is not thereby bad: its bearer should come again, not drop it.
        let keys = signing.keys().current(now).ok_or(Unverified::KeysUnavailable)?;
        let check = unchecked.with_keys(keys.set()).map_err(Unverified::Denied)?;
        let claims = accepted(check, &keys, rules, now).map_err(Unverified::Denied)?;
        Ok(signing.remember(token, &keys, rules, Arc::new(claims), &self.principals))
    }

    /// What is known of a token once its proof of possession was examined too.
    pub(crate) fn prove(
        &self,
        verified: Verified,
        token: &str,
        proof: &str,
        method: &Method,
        now: Now,
    ) -> Verified {
        let (Facts::Signed(claims), Some(dpop)) = (&verified.facts, &self.dpop) else {
            return verified;
        };
        // The core refuses what is bound to nothing, or to something else than a key.
        let Some(bound_to) = claims.bound_key() else {
            return verified;
        };
        match dpop.examine(proof, token, bound_to, method, now) {
            Ok(facts) => {
                let facts = ProofFacts { proof: facts.proof, token_hash: facts.token_hash };
                Verified { facts: Facts::Proven(Arc::clone(claims), Box::new(facts)), ..verified }
            }
            Err(ProofFault::Denied(denial)) => Verified::nobody(Facts::ProofRefused(denial)),
            Err(ProofFault::OtherKey) => denied(Denial::KeyNotBound),
            Err(ProofFault::NonceNeeded { fresh }) => match HeaderValue::try_from(fresh) {
                Ok(nonce) => Verified::nobody(Facts::NonceNeeded(Box::new(nonce))),
                // A nonce is visible ASCII.
                Err(_) => Verified::unavailable(Outage::VerifierUnavailable),
            },
            Err(ProofFault::Overloaded) => Verified::unavailable(Outage::Overloaded),
        }
    }
}

/// Why nothing good is known of a signed token.
enum Unverified {
    Denied(Denial),
    KeysUnavailable,
}

impl Unverified {
    fn into_verified(self) -> Verified {
        match self {
            Self::Denied(denial) => denied(denial),
            Self::KeysUnavailable => Verified::unavailable(Outage::KeysUnavailable),
        }
    }
}

fn denied(denial: Denial) -> Verified {
    Verified::nobody(Facts::Denied(denial))
}

/// The claims of a token that is good now, for whoever holds what it may be bound to. The rules are
/// checked here as well as by the core, so that only good tokens take up memory: whoever has one for another
/// server could fill it with those.
fn accepted(
    check: SignatureCheck<'_>,
    keys: &TrustedKeys,
    rules: &TokenRules,
    now: Now,
) -> Result<Claims, Denial> {
    let valid = keys.is_valid(&check);
    let claims = check.resolve(valid)?;
    rules.check(&claims, claims.wanted_possession(), now.unix)?;
    Ok(claims)
}
