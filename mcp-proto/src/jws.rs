//! Access tokens, strings in, decisions out: RFC 9068 JWTs, and what the widespread products issue in
//! their place, in the compact serialization of RFC 7515; and what issuers say about opaque ones.
//!
//! A token passes five stages, each of which may refuse it with a [`Denial`]:
//!
//! 1. [`Issuers::identify`] judges length and shape, finds the issuer whose rules the token comes
//!    under, and judges the header by them;
//! 2. [`Unchecked::with_keys`] chooses the key among that issuer's and hands out a
//!    [`SignatureCheck`];
//! 3. the caller computes the one bit that needs cryptography: is [`SignatureCheck::signature`] a
//!    signature over [`SignatureCheck::message`] under [`SignatureCheck::key`]?
//! 4. [`SignatureCheck::resolve`] takes that bit and, when it is true, reads the [`Claims`];
//! 5. [`TokenRules::check`] compares them with issuer, audience, time and the key and the certificate
//!    that the sender holds. Only this stage has to be repeated when a verified token is met again.
//!
//! For a token that its issuer has to be asked about, [`introspected`] stands for the stages in the
//! middle.
//!
//! Nothing in a token chooses how it is judged, but that its `iss` says which of the configured
//! issuers has to answer for it: algorithms come from the rules and from the key, keys come from a
//! [`KeySet`] that was fetched from a configured place, and `jku`, `x5u`, `jwk` and `x5c` are not
//! read.

mod base64url;
mod certificate;
mod compact;
mod confirmation;
mod denial;
mod grants;
mod introspection;
mod issuers;
pub(crate) mod json;
mod profile;
mod thumbprint;

pub mod algorithm;
pub mod claims;
pub mod dpop;
pub mod header;
pub mod keys;
pub mod keyset;
pub mod rules;

#[cfg(test)]
mod tests;

use std::fmt;

pub use algorithm::{Algorithm, AlgorithmSet};
pub use certificate::CertificateThumbprint;
pub use claims::Claims;
pub use compact::Compact;
pub(crate) use confirmation::check_certificate;
pub use confirmation::{Confirmation, Possession};
pub use denial::Denial;
pub use grants::{GRANT_PATH_MAX, GRANTS_MAX, Grant};
pub use header::Header;
pub use introspection::introspected;
pub use issuers::{Identified, Issuers, Unchecked};
pub use keys::{Key, KeyMaterial, KeySet};
pub use profile::{Profile, Verification};
pub use rules::{
    KEPT_CLAIMS_MAX, LEEWAY_SECONDS_DEFAULT, LEEWAY_SECONDS_MAX, TOKEN_BYTES_DEFAULT, TokenRules,
    TokenRulesError,
};
pub use thumbprint::Thumbprint;

/// Settles everything about a token but its signature and its claims, where there is one issuer.
///
/// The cheap refusals come first: length before splitting, splitting before decoding, the header
/// before the key, the key and the length of the signature before any cryptography. The claims are
/// not parsed until somebody has vouched for them.
///
/// # Errors
/// The first stage that refuses the token, see [`Denial`]. [`Denial::KeyUnknown`] alone may be
/// worth fetching the keys again.
pub fn inspect<'a>(
    token: &'a str,
    rules: &'a TokenRules,
    keys: &'a KeySet,
) -> Result<SignatureCheck<'a>, Denial> {
    let compact = Compact::split(token, rules.token_bytes_max())?;
    let header = Header::read(compact.header())?;
    Unchecked::new(0, rules, header, compact)?.with_keys(keys)
}

/// A token of which everything but the signature and the claims is settled; the caller computes the
/// first.
#[must_use = "a token is not verified until its signature check is resolved"]
pub struct SignatureCheck<'a> {
    rules: &'a TokenRules,
    header: Header,
    key: &'a Key,
    compact: Compact<'a>,
}

impl<'a> SignatureCheck<'a> {
    /// The algorithm to check with: allowed by the rules, named by the token, and the key's own.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.header.algorithm()
    }

    /// The key to check with.
    #[must_use]
    pub fn key(&self) -> &'a Key {
        self.key
    }

    /// The bytes that were signed: the JWS Signing Input (RFC 7515 section 5.2).
    #[must_use]
    pub fn message(&self) -> &'a [u8] {
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
        if !valid {
            return Err(Denial::BadSignature);
        }
        let is_typed = self.header.kind() == header::Kind::AccessToken;
        Claims::read(self.compact.payload(), self.rules, profile::Origin::Token { is_typed })
    }
}

impl fmt::Debug for SignatureCheck<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureCheck")
            .field("algorithm", &self.algorithm())
            .field("key", &self.key.kid())
            .finish_non_exhaustive()
    }
}
