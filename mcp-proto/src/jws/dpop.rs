//! Demonstrating proof of possession (RFC 9449): a token that is bound to a key comes with a JWT
//! that the key signed for this one request. Strings in, decisions out, as for tokens.
//!
//! A proof passes five stages, each of which may refuse it with a [`ProofDenial`]:
//!
//! 1. [`inspect`] judges length, shape, header and the key inside, and hands out a [`ProofCheck`];
//! 2. the caller computes what needs cryptography: whether [`ProofCheck::signature`] is a signature
//!    over [`ProofCheck::message`] under [`ProofCheck::key`], and SHA-256 over
//!    [`ProofCheck::thumbprint_input`];
//! 3. [`ProofCheck::resolve`] takes both and reads the claims into a [`Proof`];
//! 4. [`DpopRules::check`] compares it with the request: method, URL, time, token;
//! 5. [`ReplayWindow::admit`] lets it through once.
//!
//! A proof brings its own key, so a good one proves nothing alone. It counts when
//! [`Proof::thumbprint`] is the one that a good token is bound to.

mod canonical;
mod denial;
mod proof;
mod replay;
mod rules;
mod target;

#[cfg(test)]
mod tests;

use std::fmt;

use super::json::{Member, Object};
use super::keys::jwk;
use super::{Algorithm, AlgorithmSet, Compact, Key, KeyMaterial, Thumbprint};

pub use denial::ProofDenial;
pub use proof::{NONCE_BYTES_MAX, Proof, TOKEN_ID_BYTES_MAX};
pub use replay::{Admission, OWNER_SHARE_DIVISOR, ReplayWindow};
pub use rules::{
    DpopRules, DpopRulesError, FUTURE_SECONDS_DEFAULT, PAST_SECONDS_DEFAULT, PROOF_BYTES_DEFAULT,
    WINDOW_SECONDS_MAX,
};

/// The members of a JWK that are nobody's but its owner's: private parts (RFC 7518 sections 6.2.2
/// and 6.3.2, RFC 8037 section 2) and a shared secret (RFC 7518 section 6.4.1).
const SECRET_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// The longest RSA modulus in a proof, in bits: half of what an issuer's key may have. A proof is verified on
/// every request and its key was chosen by a client; checking a signature takes time that grows with the
/// square of the length.
pub const PROOF_RSA_MODULUS_BITS_MAX: usize = 4096;

/// Settles everything about a proof but its signature and its claims.
///
/// # Errors
/// The first of [`ProofDenial::TooLong`], [`ProofDenial::Malformed`],
/// [`ProofDenial::CriticalExtension`], [`ProofDenial::TypeRefused`],
/// [`ProofDenial::AlgorithmRefused`], [`ProofDenial::KeyRefused`] and [`ProofDenial::BadSignature`]
/// (of the wrong length) that applies.
pub fn inspect<'t>(proof: &'t str, rules: &DpopRules) -> Result<ProofCheck<'t>, ProofDenial> {
    if proof.len() > rules.proof_bytes_max() {
        return Err(ProofDenial::TooLong);
    }
    let compact = Compact::split(proof, rules.proof_bytes_max()).map_err(|_| ProofDenial::Malformed)?;
    let header = Object::read(compact.header()).ok_or(ProofDenial::Malformed)?;
    if header.member("crit").is_some() {
        return Err(ProofDenial::CriticalExtension);
    }
    if header.member("b64").is_some_and(|b64| b64.boolean() != Some(true)) {
        return Err(ProofDenial::Malformed);
    }
    if !is_proof(&header) {
        return Err(ProofDenial::TypeRefused);
    }
    let algorithm = algorithm(&header)
        .filter(|algorithm| rules.algorithms().contains(*algorithm))
        .ok_or(ProofDenial::AlgorithmRefused)?;
    let key = key(&header, algorithm).ok_or(ProofDenial::KeyRefused)?;
    if algorithm.signature_length(&key) != Some(compact.signature().len()) {
        return Err(ProofDenial::BadSignature);
    }
    Ok(ProofCheck { key, compact })
}

/// XDPOP-01: the type is said and is this one. Media types are case-insensitive.
fn is_proof(header: &Object<'_>) -> bool {
    header.member("typ").and_then(Member::text).is_some_and(|kind| kind.eq_ignore_ascii_case("dpop+jwt"))
}

fn algorithm(header: &Object<'_>) -> Option<Algorithm> {
    let name = header.member("alg")?.text()?;
    Algorithm::from_name(&name)
}

/// The public key, for this algorithm. A client that sends its private key along has no key any
/// more (RFC 9449 section 4.3).
fn key(header: &Object<'_>, algorithm: Algorithm) -> Option<Key> {
    let jwk = header.member("jwk")?.object()?;
    if SECRET_MEMBERS.iter().any(|name| jwk.member(name).is_some()) {
        return None;
    }
    jwk::read(&jwk, AlgorithmSet::of(&[algorithm])).ok().filter(is_affordable)
}

fn is_affordable(key: &Key) -> bool {
    match key.material() {
        KeyMaterial::Rsa { n, .. } => jwk::bits(n) <= PROOF_RSA_MODULUS_BITS_MAX,
        KeyMaterial::EcP256 { .. } | KeyMaterial::EcP384 { .. } | KeyMaterial::Ed25519(_) => true,
    }
}

/// A proof of which everything but the signature and the claims is settled; the caller computes
/// what is needed for the first.
#[must_use = "a proof proves nothing until its signature check is resolved"]
pub struct ProofCheck<'t> {
    key: Key,
    compact: Compact<'t>,
}

impl<'t> ProofCheck<'t> {
    /// The algorithm to check with: allowed by the rules, named by the proof, and fit for its key.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }

    /// The key to check with: the one that the proof brings.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The bytes that were signed.
    #[must_use]
    pub fn message(&self) -> &'t [u8] {
        self.compact.message()
    }

    /// The decoded signature. Its length is exactly what [`Self::algorithm`] and [`Self::key`] call
    /// for.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        self.compact.signature()
    }

    /// What the [`Thumbprint`] of the key is the SHA-256 of (RFC 7638 section 3).
    #[must_use]
    pub fn thumbprint_input(&self) -> String {
        canonical::jwk(self.key.material())
    }

    /// Takes the caller's verdict on the signature and, when it is good, reads the claims.
    ///
    /// `thumbprint` is that of [`Self::thumbprint_input`]. What comes back is authentic, not yet
    /// acceptable: [`DpopRules::check`] follows.
    ///
    /// # Errors
    /// [`ProofDenial::BadSignature`] when `valid` is false, else [`ProofDenial::ClaimsMalformed`].
    pub fn resolve(self, valid: bool, thumbprint: Thumbprint) -> Result<Proof, ProofDenial> {
        if !valid {
            return Err(ProofDenial::BadSignature);
        }
        Proof::read(self.compact.payload(), thumbprint).ok_or(ProofDenial::ClaimsMalformed)
    }
}

impl fmt::Debug for ProofCheck<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProofCheck").field("algorithm", &self.algorithm()).finish_non_exhaustive()
    }
}
