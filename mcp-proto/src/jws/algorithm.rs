//! Signature algorithms: a closed list without `none` and without shared secrets.

use super::keys::{Key, KeyMaterial};

/// A signature algorithm that a token may be signed with (RFC 7518 section 3.1, RFC 8037 section
/// 3.1).
///
/// There is no value for `none`, and none for an HMAC: a published key can never be taken for a
/// shared secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// `ES256`: ECDSA on P-256 with SHA-256.
    Es256,
    /// `RS256`: RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// `PS256`: RSASSA-PSS with SHA-256.
    Ps256,
    /// `EdDSA`: Ed25519.
    EdDsa,
}

impl Algorithm {
    /// Every algorithm there is.
    pub const ALL: &[Self] = &[Self::Es256, Self::Rs256, Self::Ps256, Self::EdDsa];

    /// The algorithm of this `alg` value, compared byte for byte.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
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
        }
    }

    /// How many bytes a signature by this key has, exactly; `None` when the key is of another type.
    #[must_use]
    pub fn signature_length(self, key: &Key) -> Option<usize> {
        match (self, key.material()) {
            (Self::Es256, KeyMaterial::EcP256 { .. }) | (Self::EdDsa, KeyMaterial::Ed25519(_)) => Some(64),
            (Self::Rs256 | Self::Ps256, KeyMaterial::Rsa { n, .. }) => Some(n.len()),
            (Self::Es256, KeyMaterial::Ed25519(_) | KeyMaterial::Rsa { .. })
            | (Self::EdDsa, KeyMaterial::EcP256 { .. } | KeyMaterial::Rsa { .. })
            | (Self::Rs256 | Self::Ps256, KeyMaterial::EcP256 { .. } | KeyMaterial::Ed25519(_)) => None,
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Es256 => 1,
            Self::Rs256 => 1 << 1,
            Self::Ps256 => 1 << 2,
            Self::EdDsa => 1 << 3,
        }
    }
}

/// Which algorithms a server accepts. The default is all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlgorithmSet(u8);

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
        Self::of(Algorithm::ALL)
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
        ];
        assert_eq!(table.map(|(_, algorithm)| algorithm), Algorithm::ALL);
        for (name, algorithm) in table {
            assert_eq!(Algorithm::from_name(name), Some(algorithm));
            assert_eq!(algorithm.name(), name);
        }
    }

    #[test]
    fn no_other_name_is_known() {
        let table = [
            "", "none", "None", "nOnE", "NONE", "HS256", "HS384", "HS512", "es256", "ES256 ", " ES256",
            "ES256\0", "ES256K", "RS1", "RS384", "rs256", "EDDSA", "EdDsa", "Ed448",
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
    fn the_default_is_all() {
        let members: Vec<_> = AlgorithmSet::default().iter().collect();
        assert_eq!(members, Algorithm::ALL);
    }
}
