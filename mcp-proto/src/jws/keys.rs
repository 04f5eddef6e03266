//! Key sets (RFC 7517): which published keys may check which tokens.

pub(super) mod jwk;
mod roca;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use super::json::{Member, Object};
use super::{Algorithm, AlgorithmSet, Denial};

pub use jwk::SkipReason;

/// The longest document that is read as a key set, in bytes.
pub const KEY_SET_BYTES_MAX: usize = 256 * 1024;

/// The most keys a document may have, usable or not.
pub const KEYS_MAX: usize = 64;

/// The longest `kid`, in bytes, of a key as of a token.
pub const KEY_ID_BYTES_MAX: usize = 256;

/// The shortest RSA modulus, in bits (RFC 7518 section 3.3).
pub const RSA_MODULUS_BITS_MIN: usize = 2048;

/// The longest RSA modulus, in bits: checking a signature takes time that grows with its square.
pub const RSA_MODULUS_BITS_MAX: usize = 8192;

/// The longest RSA public exponent, in bytes: checking a signature takes time that grows with it.
pub const RSA_EXPONENT_BYTES_MAX: usize = 4;

/// A public key that may check signatures of one algorithm.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    kid: Option<Box<str>>,
    algorithm: Algorithm,
    material: KeyMaterial,
}

impl Key {
    /// `kid`: what tokens call it.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The only algorithm it checks: `alg` of the key, else what its type is for. An RSA key without
    /// `alg` is for the one RSA algorithm that is accepted, and for `RS256` where several are.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key itself.
    #[must_use]
    pub fn material(&self) -> &KeyMaterial {
        &self.material
    }
}

/// The numbers of a public key, big-endian.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyMaterial {
    /// A point that is said to be on P-256. Whether it is, the cryptography has to find out.
    EcP256 {
        /// The first coordinate.
        x: [u8; 32],
        /// The second coordinate.
        y: [u8; 32],
    },
    /// A point that is said to be on P-384.
    EcP384 {
        /// The first coordinate.
        x: [u8; 48],
        /// The second coordinate.
        y: [u8; 48],
    },
    /// An Ed25519 public key.
    Ed25519([u8; 32]),
    /// An RSA public key, both numbers without leading zero bytes.
    Rsa {
        /// The modulus: odd, of [`RSA_MODULUS_BITS_MIN`] to [`RSA_MODULUS_BITS_MAX`] bits.
        n: Vec<u8>,
        /// The exponent: odd, at least 3, at most [`RSA_EXPONENT_BYTES_MAX`] bytes.
        e: Vec<u8>,
    },
}

/// The usable keys of one issuer, at least one. Sets with the same keys are equal, whatever their
/// order was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySet {
    keys: Box<[Key]>,
}

impl KeySet {
    /// Reads a JWK set for the algorithms that are accepted by default.
    ///
    /// # Errors
    /// As [`Self::parse_accepting`].
    pub fn parse(json: &[u8]) -> Result<(Self, Skipped), KeySetError> {
        Self::parse_accepting(json, AlgorithmSet::default())
    }

    /// Reads a JWK set, or a single JWK as a set of one, for an issuer whose tokens may be signed
    /// with these algorithms.
    ///
    /// A member that cannot be used is skipped and reported, so that one strange key does not cost
    /// the others: keys of other types, for other uses or algorithms, too weak. Private parts are
    /// not read. Keys that share a `kid` are all skipped, as nobody could tell which one a token
    /// means.
    ///
    /// # Errors
    /// When the document is too long, not strict JSON, no key set, has too many keys or none that
    /// can be used. None of these should replace a set that was good, but [`KeySetError::Empty`]
    /// withdraws it.
    pub fn parse_accepting(json: &[u8], accepted: AlgorithmSet) -> Result<(Self, Skipped), KeySetError> {
        if json.len() > KEY_SET_BYTES_MAX {
            return Err(KeySetError::TooLong);
        }
        let document = Object::read(json).ok_or(KeySetError::Malformed)?;
        let mut keys = Vec::new();
        let mut skipped = Vec::new();
        for (position, jwk) in members(document)?.into_iter().enumerate() {
            match jwk.ok_or(SkipReason::Malformed).and_then(|jwk| jwk::read(&jwk, accepted)) {
                Ok(key) => keys.push((position, key)),
                Err(reason) => skipped.push((position, reason)),
            }
        }
        let mut keys = without_shared_ids(keys, &mut skipped);
        skipped.sort_unstable();
        let skipped = Skipped(skipped.into());
        if keys.is_empty() {
            return Err(KeySetError::NoUsableKey(skipped));
        }
        keys.sort_unstable();
        Ok((Self { keys: keys.into() }, skipped))
    }

    /// The key that may check a token with this `kid` and algorithm.
    ///
    /// A token without `kid` is checked only if there is no choice: exactly one key is for its
    /// algorithm.
    ///
    /// # Errors
    /// [`Denial::KeyUnknown`] when no key, or not exactly one, qualifies; [`Denial::KeyUnfit`] when
    /// the named key is for another algorithm.
    pub fn choose(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<&Key, Denial> {
        match kid {
            Some(kid) => self.named(kid, algorithm),
            None => self.only(algorithm),
        }
    }

    /// How many keys there are; never zero.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are no keys: never, since a document without usable keys is an error.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys, in no meaningful order.
    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter()
    }

    fn named(&self, kid: &str, algorithm: Algorithm) -> Result<&Key, Denial> {
        let named = self.keys.iter().find(|key| key.kid() == Some(kid));
        let key = named.ok_or(Denial::KeyUnknown)?;
        if key.algorithm != algorithm {
            return Err(Denial::KeyUnfit);
        }
        Ok(key)
    }

    fn only(&self, algorithm: Algorithm) -> Result<&Key, Denial> {
        let mut fit = self.keys.iter().filter(|key| key.algorithm == algorithm);
        match (fit.next(), fit.next()) {
            (Some(key), None) => Ok(key),
            (Some(_), Some(_)) | (None, _) => Err(Denial::KeyUnknown),
        }
    }
}

/// The keys of a document as it has them; `None` stands for one that is no object.
fn members(document: Object<'_>) -> Result<Vec<Option<Object<'_>>>, KeySetError> {
    let Some(keys) = document.member("keys") else {
        return match document.member("kty") {
            Some(_) => Ok(vec![Some(document)]),
            None => Err(KeySetError::Malformed),
        };
    };
    let keys = keys.elements().ok_or(KeySetError::Malformed)?;
    if keys.len() > KEYS_MAX {
        return Err(KeySetError::TooManyKeys);
    }
    if keys.is_empty() {
        return Err(KeySetError::Empty);
    }
    Ok(keys.into_iter().map(Member::object).collect())
}

fn without_shared_ids(keys: Vec<(usize, Key)>, skipped: &mut Vec<(usize, SkipReason)>) -> Vec<Key> {
    let mut bearers: BTreeMap<Box<str>, usize> = BTreeMap::new();
    for kid in keys.iter().filter_map(|(_, key)| key.kid.clone()) {
        let count = bearers.entry(kid).or_default();
        *count = count.saturating_add(1);
    }
    let mut unique = Vec::with_capacity(keys.len());
    for (position, key) in keys {
        let shared = key.kid().and_then(|kid| bearers.get(kid)).is_some_and(|count| *count > 1);
        if shared {
            skipped.push((position, SkipReason::KeyIdShared));
        } else {
            unique.push(key);
        }
    }
    unique
}

/// The members of a document that were not used, by position, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Skipped(Box<[(usize, SkipReason)]>);

impl Skipped {
    /// How many members were skipped.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether every member was used.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many members were skipped for this reason.
    #[must_use]
    pub fn count(&self, reason: SkipReason) -> usize {
        self.iter().filter(|(_, skipped)| *skipped == reason).count()
    }

    /// The positions of the skipped members in the document, from zero, with the reasons.
    pub fn iter(&self) -> impl Iterator<Item = (usize, SkipReason)> {
        self.0.iter().copied()
    }
}

/// Why a document is no key set for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySetError {
    /// More than [`KEY_SET_BYTES_MAX`] bytes.
    TooLong,
    /// Not strict JSON, or neither a JWK set nor a JWK.
    Malformed,
    /// More than [`KEYS_MAX`] keys.
    TooManyKeys,
    /// A key set of no keys at all: whoever publishes it has withdrawn every key.
    Empty,
    /// No member can be used.
    NoUsableKey(Skipped),
}

impl fmt::Display for KeySetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("the key set is longer than 256 KiB"),
            Self::Malformed => f.write_str("the document is not a key set"),
            Self::TooManyKeys => f.write_str("the key set has more than 64 keys"),
            Self::Empty => f.write_str("the key set is empty"),
            Self::NoUsableKey(skipped) => {
                f.write_str("the key set has no usable key")?;
                let mut separator = ": ";
                for (position, reason) in skipped.iter() {
                    write!(f, "{separator}key {position}: {reason}")?;
                    separator = ", ";
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for KeySetError {}
