//! The one bit of a token check that needs cryptography: is this a signature over these bytes by that key?
//!
//! `jsonwebtoken` offers the seam between tokens and cryptography, `ring` fills it. The provider is called
//! directly and never installed for the process, where any other crate could replace it; nothing of
//! `jsonwebtoken` that decodes or validates tokens is used.

#[cfg(test)]
pub(crate) mod test_signer;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

use std::sync::Arc;

use jsonwebtoken::{
    AlgorithmFamily, DecodingKey, DecodingKeyKind, EncodingKey,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{self, ErrorKind},
    signature::{Error as SignatureError, Verifier},
};
use mcp_proto::jws::{Algorithm, Key, KeyMaterial, KeySet, SignatureCheck};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey, VerificationAlgorithm,
};

static RING: CryptoProvider = CryptoProvider {
    signer_factory: refuse_to_sign,
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

/// The trusted keys of one moment, ready to check signatures with.
pub(crate) struct TrustedKeys {
    set: Arc<KeySet>,
    /// One for each key of the set, in its order.
    decoding: Box<[DecodingKey]>,
    generation: u64,
    #[cfg(test)]
    checks: std::sync::atomic::AtomicUsize,
}

impl TrustedKeys {
    /// Prepares the keys of a set. `generation` differs from that of every set with other keys.
    pub(crate) fn new(set: Arc<KeySet>, generation: u64) -> Self {
        Self {
            decoding: set.iter().map(decoding_key).collect(),
            set,
            generation,
            #[cfg(test)]
            checks: std::sync::atomic::AtomicUsize::new(0),
        }
    }

    /// The keys to choose from.
    pub(crate) fn set(&self) -> &KeySet {
        &self.set
    }

    /// What is verified with these keys holds while this is the generation of the current ones.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether the signature is good. A key that is not of this set checks nothing.
    pub(crate) fn is_valid(&self, check: &SignatureCheck<'_>) -> bool {
        #[cfg(test)]
        self.checks.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut keys = self.set.iter().zip(&self.decoding);
        keys.find(|(key, _)| *key == check.key()).is_some_and(|(_, decoding)| {
            is_signed_by(check.algorithm(), decoding, check.message(), check.signature())
        })
    }

    /// How many signatures were checked with these keys.
    #[cfg(test)]
    pub(crate) fn checks(&self) -> usize {
        self.checks.load(std::sync::atomic::Ordering::Relaxed)
    }
}

/// Whether the signature of a token is good: the bit that [`SignatureCheck::resolve`] asks for, for those who
/// drive the core themselves.
#[must_use]
pub fn verify_signature(check: &SignatureCheck<'_>) -> bool {
    is_signature(check.algorithm(), check.key(), check.message(), check.signature())
}

/// Whether this is a signature over the message by that key, under an algorithm that the key is of the type
/// for. One of another length is none.
pub(crate) fn is_signature(algorithm: Algorithm, key: &Key, message: &[u8], signature: &[u8]) -> bool {
    algorithm.signature_length(key) == Some(signature.len())
        && is_signed_by(algorithm, &decoding_key(key), message, signature)
}

fn is_signed_by(algorithm: Algorithm, key: &DecodingKey, message: &[u8], signature: &[u8]) -> bool {
    (RING.verifier_factory)(&provided(algorithm), key)
        .is_ok_and(|verifier| verifier.verify(message, &signature.to_vec()).is_ok())
}

fn provided(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    match algorithm {
        Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
        Algorithm::Ps256 => jsonwebtoken::Algorithm::PS256,
        Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        Algorithm::Es384 => jsonwebtoken::Algorithm::ES384,
        Algorithm::Rs384 => jsonwebtoken::Algorithm::RS384,
        Algorithm::Ps384 => jsonwebtoken::Algorithm::PS384,
        Algorithm::Rs512 => jsonwebtoken::Algorithm::RS512,
        Algorithm::Ps512 => jsonwebtoken::Algorithm::PS512,
    }
}

fn decoding_key(key: &Key) -> DecodingKey {
    match key.material() {
        KeyMaterial::EcP256 { x, y } => uncompressed_point(x, y),
        KeyMaterial::EcP384 { x, y } => uncompressed_point(x, y),
        KeyMaterial::Ed25519(x) => DecodingKey::from_ed_der(x),
        KeyMaterial::Rsa { n, e } => DecodingKey::from_rsa_raw_components(n, e),
    }
}

/// SEC 1 section 2.3.3. Which curve the point is on, the algorithm says.
fn uncompressed_point(x: &[u8], y: &[u8]) -> DecodingKey {
    DecodingKey::from_ec_der(&[&[0x04], x, y].concat())
}

/// A resource server signs nothing.
fn refuse_to_sign(_: &jsonwebtoken::Algorithm, _: &EncodingKey) -> errors::Result<Box<dyn JwtSigner>> {
    Err(ErrorKind::UnsupportedAlgorithm.into())
}

fn verifier(algorithm: &jsonwebtoken::Algorithm, key: &DecodingKey) -> errors::Result<Box<dyn JwtVerifier>> {
    use jsonwebtoken::Algorithm as Provided;
    let public_key = match (algorithm, key.family()) {
        (Provided::ES256, AlgorithmFamily::Ec) => PublicKey::unparsed(&ECDSA_P256_SHA256_FIXED, key)?,
        (Provided::ES384, AlgorithmFamily::Ec) => PublicKey::unparsed(&ECDSA_P384_SHA384_FIXED, key)?,
        (Provided::EdDSA, AlgorithmFamily::Ed) => PublicKey::unparsed(&ED25519, key)?,
        (Provided::RS256, AlgorithmFamily::Rsa) => PublicKey::rsa(&RSA_PKCS1_2048_8192_SHA256, key)?,
        (Provided::RS384, AlgorithmFamily::Rsa) => PublicKey::rsa(&RSA_PKCS1_2048_8192_SHA384, key)?,
        (Provided::RS512, AlgorithmFamily::Rsa) => PublicKey::rsa(&RSA_PKCS1_2048_8192_SHA512, key)?,
        (Provided::PS256, AlgorithmFamily::Rsa) => PublicKey::rsa(&RSA_PSS_2048_8192_SHA256, key)?,
        (Provided::PS384, AlgorithmFamily::Rsa) => PublicKey::rsa(&RSA_PSS_2048_8192_SHA384, key)?,
        (Provided::PS512, AlgorithmFamily::Rsa) => PublicKey::rsa(&RSA_PSS_2048_8192_SHA512, key)?,
        _ => return Err(ErrorKind::UnsupportedAlgorithm.into()),
    };
    Ok(Box::new(RingVerifier { algorithm: *algorithm, public_key }))
}

struct RingVerifier {
    algorithm: jsonwebtoken::Algorithm,
    public_key: PublicKey,
}

enum PublicKey {
    Unparsed(UnparsedPublicKey<Vec<u8>>),
    Rsa(&'static RsaParameters, RsaPublicKeyComponents<Vec<u8>>),
}

impl PublicKey {
    fn unparsed(algorithm: &'static dyn VerificationAlgorithm, key: &DecodingKey) -> errors::Result<Self> {
        Ok(Self::Unparsed(UnparsedPublicKey::new(algorithm, key.try_get_as_bytes()?.to_vec())))
    }

    fn rsa(parameters: &'static RsaParameters, key: &DecodingKey) -> errors::Result<Self> {
        match key.kind() {
            DecodingKeyKind::RsaModulusExponent { n, e } => {
                Ok(Self::Rsa(parameters, RsaPublicKeyComponents { n: n.clone(), e: e.clone() }))
            }
            DecodingKeyKind::SecretOrDer(_) => Err(ErrorKind::InvalidKeyFormat.into()),
        }
    }
}

impl Verifier<Vec<u8>> for RingVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        match &self.public_key {
            PublicKey::Unparsed(key) => key.verify(message, signature),
            PublicKey::Rsa(parameters, key) => key.verify(parameters, message, signature),
        }
        .map_err(|_| SignatureError::new())
    }
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        self.algorithm
    }
}
