//! Signature algorithms: a closed list without `none` and without shared secrets.

use super::keys::{Key, KeyMaterial};

/// A signature algorithm that a token may be signed with (RFC 7518 section 3.1, RFC 8037 section
/// 3.1).
///
/// There is no value for `none` (RFC9728-07), and none for an HMAC: a published key can never be taken for a
/// shared secret. `ES512` is not here either: the cryptography behind us has no P-521.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// `ES256`: ECDSA on P-256 with SHA-256.
    Es256,
    /// `RS256`: RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// `PS256`: RSASSA-PSS with SHA-256.
    Ps256,
    /// `EdDSA` or, by its fully specified name (RFC 9864), `Ed25519`.
    EdDsa,
    /// `ES384`: ECDSA on P-384 with SHA-384. A check takes about twelve times as long as one for
    /// `ES256` (0.76 ms against 64 µs with `ring`), hence on request only.
    Es384,
    /// `RS384`: RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// `PS384`: RSASSA-PSS with SHA-384.
    Ps384,
    /// `RS512`: RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// `PS512`: RSASSA-PSS with SHA-512.
    Ps512,
}

impl Algorithm {
    /// Every algorithm there is.
    pub const ALL: &[Self] = &[
        Self::Es256,
        Self::Rs256,
        Self::Ps256,
        Self::EdDsa,
        Self::Es384,
        Self::Rs384,
        Self::Ps384,
        Self::Rs512,
        Self::Ps512,
    ];

    /// The algorithms that are accepted where nobody chose: one for each type of key, and both
    /// paddings of RSA.
    pub const DEFAULT: &[Self] = &[Self::Es256, Self::Rs256, Self::Ps256, Self::EdDsa];

    /// The algorithm of this `alg` value, compared byte for byte.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        if name == "Ed25519" {
            return Some(Self::EdDsa);
        }
        Self::ALL.iter().copied().find(|algorithm| algorithm.name() == name)
    }

    /// The `alg` value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::EdDsa => "EdDSA",
            Self::Es384 => "ES384",
            Self::Rs384 => "RS384",
            Self::Ps384 => "PS384",
            Self::Rs512 => "RS512",
            Self::Ps512 => "PS512",
        }
    }

    /// How many bytes a signature by this key has, exactly; `None` when the key is of another type.
    #[must_use]
    pub fn signature_length(self, key: &Key) -> Option<usize> {
        if !self.is_for(key.material()) {
            return None;
        }
        Some(match key.material() {
            KeyMaterial::EcP256 { .. } | KeyMaterial::Ed25519(_) => 64,
            KeyMaterial::EcP384 { .. } => 96,
            KeyMaterial::Rsa { n, .. } => n.len(),
        })
    }

    /// Whether keys of this type check it.
    pub(super) fn is_for(self, material: &KeyMaterial) -> bool {
        match material {
            KeyMaterial::EcP256 { .. } => self == Self::Es256,
            KeyMaterial::EcP384 { .. } => self == Self::Es384,
            KeyMaterial::Ed25519(_) => self == Self::EdDsa,
            KeyMaterial::Rsa { .. } => self.is_rsa(),
        }
    }

    /// Whether keys of type RSA check it.
    pub(super) const fn is_rsa(self) -> bool {
        match self {
            Self::Rs256 | Self::Ps256 | Self::Rs384 | Self::Ps384 | Self::Rs512 | Self::Ps512 => true,
            Self::Es256 | Self::EdDsa | Self::Es384 => false,
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// Which algorithms are accepted. By default those of [`Algorithm::DEFAULT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlgorithmSet(u16);

impl AlgorithmSet {
    /// Exactly these algorithms.
    #[must_use]
    pub fn of(algorithms: &[Algorithm]) -> Self {
        Self(algorithms.iter().fold(0, |bits, algorithm| bits | algorithm.bit()))
    }

    /// Whether the algorithm is accepted.
    #[must_use]
    pub const fn contains(self, algorithm: Algorithm) -> bool {
        self.0 & algorithm.bit() != 0
    }

    /// Whether no algorithm is accepted.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The accepted algorithms, in declaration order.
    pub fn iter(self) -> impl Iterator<Item = Algorithm> {
        Algorithm::ALL.iter().copied().filter(move |algorithm| self.contains(*algorithm))
    }
}

impl Default for AlgorithmSet {
    fn default() -> Self {
        Self::of(Algorithm::DEFAULT)
    }
}

#[cfg(test)]
mod tests {
    use super::{Algorithm, AlgorithmSet};

    #[test]
    fn names_go_both_ways() {
        let table = [
            ("ES256", Algorithm::Es256),
            ("RS256", Algorithm::Rs256),
            ("PS256", Algorithm::Ps256),
            ("EdDSA", Algorithm::EdDsa),
            ("ES384", Algorithm::Es384),
            ("RS384", Algorithm::Rs384),
            ("PS384", Algorithm::Ps384),
            ("RS512", Algorithm::Rs512),
            ("PS512", Algorithm::Ps512),
        ];
        assert_eq!(table.map(|(_, algorithm)| algorithm), Algorithm::ALL);
        for (name, algorithm) in table {
            assert_eq!(Algorithm::from_name(name), Some(algorithm));
            assert_eq!(algorithm.name(), name);
        }
    }

    #[test]
    fn ed25519_is_a_second_name_for_what_eddsa_means_here() {
        // RFC 9864 section 2.2.
        assert_eq!(Algorithm::from_name("Ed25519"), Some(Algorithm::EdDsa));
    }

    #[test]
    fn no_other_name_is_known() {
        let table = [
            "", "none", "None", "nOnE", "NONE", "HS256", "HS384", "HS512", "es256", "ES256 ", " ES256",
            "ES256\0", "ES256K", "ES512", "RS1", "RS384 ", "rs256", "EDDSA", "EdDsa", "Ed448", "ed25519",
        ];
        for name in table {
            assert_eq!(Algorithm::from_name(name), None, "{name:?}");
        }
    }

    #[test]
    fn a_set_holds_what_it_was_made_of() {
        let set = AlgorithmSet::of(&[Algorithm::EdDsa, Algorithm::Es256, Algorithm::EdDsa]);
        assert!(set.contains(Algorithm::Es256));
        assert!(set.contains(Algorithm::EdDsa));
        assert!(!set.contains(Algorithm::Rs256));
        assert!(!set.contains(Algorithm::Ps256));
        let members: Vec<_> = set.iter().collect();
        assert_eq!(members, [Algorithm::Es256, Algorithm::EdDsa]);
        assert!(!set.is_empty());
        assert!(AlgorithmSet::of(&[]).is_empty());
    }

    #[test]
    fn the_default_leaves_out_what_is_slow_or_rare() {
        let members: Vec<_> = AlgorithmSet::default().iter().collect();
        assert_eq!(members, [Algorithm::Es256, Algorithm::Rs256, Algorithm::Ps256, Algorithm::EdDsa]);
    }

    #[test]
    fn no_two_algorithms_share_a_place_in_a_set() {
        for algorithm in Algorithm::ALL {
            let members: Vec<_> = AlgorithmSet::of(&[*algorithm]).iter().collect();
            assert_eq!(members, [*algorithm]);
        }
        let members: Vec<_> = AlgorithmSet::of(Algorithm::ALL).iter().collect();
        assert_eq!(members, Algorithm::ALL);
    }
}
