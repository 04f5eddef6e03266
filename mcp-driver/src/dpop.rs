//! What a DPoP proof needs besides decisions (RFC 9449): cryptography, memory, nonces.

mod nonces;

#[cfg(test)]
pub(crate) mod tests;

use std::sync::{Mutex, PoisonError};

use http::Method;
use mcp_proto::{
    Now, UnixSeconds,
    jws::{
        Thumbprint,
        dpop::{self, Admission, DpopRules, Proof, ProofDenial, ReplayWindow},
    },
};
use ring::digest::SHA256_OUTPUT_LEN;

pub(crate) use self::nonces::Nonces;
use crate::{sha256::sha256, signature::is_signature, token_digest::TokenDigest};

/// How many proofs are remembered at a time where nothing else is said. With proofs that are good for 60
/// seconds and clocks that differ by 5, that is enough for about 3,800 requests a second, 240 of them with one
/// key, and takes 47 megabytes when all of it is needed, 66 if each
/// proof is by another key.
pub(crate) const REPLAY_ENTRIES_DEFAULT: usize = 250_000;

/// Examines the proofs of one policy.
pub(crate) struct DpopVerifier {
    rules: DpopRules,
    window: Mutex<ReplayWindow>,
    nonces: Option<Nonces>,
}

/// A proof that is good for the request that it came with, and for no other from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProofFacts {
    pub(crate) proof: Proof,
    /// SHA-256 of the access token in the same request.
    pub(crate) token_hash: [u8; SHA256_OUTPUT_LEN],
}

/// Why a proof does not let its request through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ProofFault {
    /// It is not good, or was used before.
    Denied(ProofDenial),
    /// It was made with another key than the one that the token is bound to.
    OtherKey,
    /// It is good but for its nonce, which is absent, stale or not ours: the client should try again with
    /// this one (RFC 9449 section 9).
    NonceNeeded {
        /// Visible ASCII, fit for a `DPoP-Nonce` field.
        fresh: String,
    },
    /// It may be good, and there is no room to remember that it was used: none at all, or none for this key.
    Overloaded,
}

impl From<ProofDenial> for ProofFault {
    fn from(denial: ProofDenial) -> Self {
        Self::Denied(denial)
    }
}

impl DpopVerifier {
    /// A verifier that remembers at most `entries_max` proofs at a time, and asks for nonces if it can make
    /// some.
    ///
    /// Proofs that were made before `start`, when this verifier began, count as used: one that was here before,
    /// until a restart, may have let them through. One that was made in the same second does not, or else
    /// every client would have to wait for the next.
    pub(crate) fn new(
        rules: DpopRules,
        entries_max: usize,
        nonces: Option<Nonces>,
        start: UnixSeconds,
    ) -> Self {
        let known_from = rules.good_until_if_issued(start);
        let window = Mutex::new(ReplayWindow::new(entries_max).knowing_from(known_from));
        Self { rules, window, nonces }
    }

    /// A nonce for the next proof of any client, where proofs need one (RFC 9449 section 8.2).
    #[cfg(test)]
    pub(crate) fn fresh_nonce(&self, now: Now) -> Option<String> {
        self.nonces.as_ref().map(|nonces| nonces.fresh(now.unix))
    }

    /// Examines the proof of a request with this token, which is good and bound to this key.
    ///
    /// A proof is let through once, and it counts only when everything else is right about it. So what is
    /// remembered is paid for with a good token, a signature by its key, and a request meant for us.
    pub(crate) fn examine(
        &self,
        proof: &str,
        token: &str,
        bound_to: &Thumbprint,
        method: &Method,
        now: Now,
    ) -> Result<ProofFacts, ProofFault> {
        let check = dpop::inspect(proof, &self.rules)?;
        let thumbprint = Thumbprint::new(sha256([check.thumbprint_input().as_bytes()]));
        // No secret, and much cheaper to compare than a signature is to check.
        if thumbprint != *bound_to {
            return Err(ProofFault::OtherKey);
        }
        let valid = is_signature(check.algorithm(), check.key(), check.message(), check.signature());
        let proof = check.resolve(valid, thumbprint)?;
        let token_hash = TokenDigest::of(token).bytes();
        self.rules.check(&proof, method.as_str(), &token_hash, now.unix)?;
        self.check_nonce(&proof, now.unix)?;
        self.admit(&proof, now.unix)?;
        Ok(ProofFacts { proof, token_hash })
    }

    fn check_nonce(&self, proof: &Proof, now: UnixSeconds) -> Result<(), ProofFault> {
        match &self.nonces {
            Some(nonces) if !proof.nonce().is_some_and(|nonce| nonces.is_current(nonce, now)) => {
                Err(ProofFault::NonceNeeded { fresh: nonces.fresh(now) })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// XDPOP-04.
    fn admit(&self, proof: &Proof, now: UnixSeconds) -> Result<(), ProofFault> {
        // A thumbprint has a fixed length, so that no two pairs are joined to the same bytes.
        let id = sha256([proof.thumbprint().as_bytes().as_slice(), proof.token_id().as_bytes()]);
        let until = self.rules.good_until(proof);
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        match window.admit(id, proof.thumbprint(), until, now) {
            Admission::Fresh => Ok(()),
            Admission::Replayed => Err(ProofFault::Denied(ProofDenial::Replayed)),
            Admission::Full | Admission::ShareUsedUp => Err(ProofFault::Overloaded),
        }
    }

    /// How many proofs are remembered.
    #[cfg(test)]
    fn remembered(&self) -> usize {
        self.window.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
