//! Signed access tokens: RFC 9068 JWTs in the compact serialization of RFC 7515, strings in,
//! decisions out.
//!
//! A token passes four stages, each of which may refuse it with a [`Denial`]:
//!
//! 1. [`inspect`] judges length, shape, header and key, in that order, and hands out a
//!    [`SignatureCheck`];
//! 2. the caller computes the one bit that needs cryptography: is [`SignatureCheck::signature`] a
//!    signature over [`SignatureCheck::message`] under [`SignatureCheck::key`]?
//! 3. [`SignatureCheck::resolve`] takes that bit and, when it is true, reads the [`Claims`];
//! 4. [`TokenRules::check`] compares them with issuer, audience and time. Only this stage has to be
//!    repeated when a verified token is met again.
//!
//! Nothing in a token chooses how it is judged: algorithms come from the rules and from the key,
//! keys come from a [`KeySet`] that was fetched from a configured place, and `jku`, `x5u`, `jwk`
//! and `x5c` are not read.

mod base64url;
mod compact;
mod denial;
pub(crate) mod json;
mod thumbprint;

pub mod algorithm;
pub mod claims;
pub mod header;
pub mod keys;
pub mod keyset;
pub mod rules;

#[cfg(test)]
mod tests;

use std::fmt;

pub use algorithm::{Algorithm, AlgorithmSet};
pub use claims::Claims;
pub use compact::Compact;
pub use denial::Denial;
pub use header::Header;
pub use keys::{Key, KeyMaterial, KeySet};
pub use rules::{
    LEEWAY_SECONDS_DEFAULT, LEEWAY_SECONDS_MAX, TOKEN_BYTES_DEFAULT, TokenRules, TokenRulesError,
};
pub use thumbprint::Thumbprint;

/// Settles everything about a token but its signature and its claims.
///
/// The cheap refusals come first: length before splitting, splitting before decoding, the header
/// before the key, the key and the length of the signature before any cryptography. The claims are
/// not parsed until somebody has vouched for them.
///
/// # Errors
/// The first stage that refuses the token, see [`Denial`]. [`Denial::KeyUnknown`] alone may be
/// worth fetching the keys again.
pub fn inspect<'t, 'k>(
    token: &'t str,
    rules: &TokenRules,
    keys: &'k KeySet,
) -> Result<SignatureCheck<'t, 'k>, Denial> {
    let compact = Compact::split(token, rules.token_bytes_max())?;
    let header = Header::read(compact.header())?;
    if !rules.algorithms().contains(header.algorithm()) {
        return Err(Denial::AlgorithmRefused);
    }
    if !header.is_access_token() {
        return Err(Denial::TypeRefused);
    }
    let key = keys.choose(header.key_id(), header.algorithm())?;
    // Providers differ in what they make of a short, long or DER signature, so none of them gets to
    // see one.
    if header.algorithm().signature_length(key) != Some(compact.signature().len()) {
        return Err(Denial::BadSignature);
    }
    Ok(SignatureCheck { algorithm: header.algorithm(), key, compact })
}

/// A token of which everything but the signature and the claims is settled; the caller computes the
/// first.
#[must_use = "a token is not verified until its signature check is resolved"]
pub struct SignatureCheck<'t, 'k> {
    algorithm: Algorithm,
    key: &'k Key,
    compact: Compact<'t>,
}

impl<'t, 'k> SignatureCheck<'t, 'k> {
    /// The algorithm to check with: allowed by the rules, named by the token, and the key's own.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key to check with.
    #[must_use]
    pub fn key(&self) -> &'k Key {
        self.key
    }

    /// The bytes that were signed: the JWS Signing Input (RFC 7515 section 5.2).
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

    /// Takes the caller's verdict on the signature and, when it is good, reads the claims.
    ///
    /// What comes back is authentic, not yet acceptable: [`TokenRules::check`] follows, now and on
    /// every later use.
    ///
    /// # Errors
    /// [`Denial::BadSignature`] when `valid` is false, else what is wrong with the claims set.
    pub fn resolve(self, valid: bool) -> Result<Claims, Denial> {
        if valid { Claims::read(self.compact.payload()) } else { Err(Denial::BadSignature) }
    }
}

impl fmt::Debug for SignatureCheck<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureCheck")
            .field("algorithm", &self.algorithm)
            .field("key", &self.key.kid())
            .finish_non_exhaustive()
    }
}
