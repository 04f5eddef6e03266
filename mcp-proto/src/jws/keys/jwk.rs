//! One JWK, judged (RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2).

use std::fmt;

use super::roca;
use super::{
    KEY_ID_BYTES_MAX, Key, KeyMaterial, RSA_EXPONENT_BYTES_MAX, RSA_MODULUS_BITS_MAX, RSA_MODULUS_BITS_MIN,
};
use crate::jws::json::{Member, Object};
use crate::jws::{Algorithm, AlgorithmSet, base64url};

/// Why a key of a document is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SkipReason {
    /// No object, or a parameter is absent, of the wrong type or not base64url.
    Malformed,
    /// A symmetric key (`oct`): a shared secret does not belong into a published set.
    Symmetric,
    /// Another `kty`.
    TypeUnsupported,
    /// Another `crv` of a supported type.
    CurveUnsupported,
    /// `use` is something else than `sig`.
    UseOther,
    /// `key_ops` does not list `verify`.
    OperationsOther,
    /// `alg` is not one of ours.
    AlgorithmUnsupported,
    /// `alg` is for another type of key.
    AlgorithmContradictory,
    /// The key's algorithm is not among the accepted ones.
    AlgorithmNotAccepted,
    /// `kid` is no string, or longer than [`KEY_ID_BYTES_MAX`].
    KeyIdMalformed,
    /// Another key of the document has the same `kid`.
    KeyIdShared,
    /// A coordinate is not of the length of its curve.
    CoordinateLength,
    /// The RSA modulus is too short, too long, or even.
    ModulusUnfit,
    /// The RSA modulus can be factored: its key pair was made by a generator with a known flaw.
    ModulusFactorable,
    /// The RSA exponent is even, below 3, or too long.
    ExponentUnfit,
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "malformed",
            Self::Symmetric => "symmetric",
            Self::TypeUnsupported => "unsupported type",
            Self::CurveUnsupported => "unsupported curve",
            Self::UseOther => "not for signatures",
            Self::OperationsOther => "not for verification",
            Self::AlgorithmUnsupported => "unsupported algorithm",
            Self::AlgorithmContradictory => "algorithm of another type of key",
            Self::AlgorithmNotAccepted => "algorithm that is not accepted",
            Self::KeyIdMalformed => "malformed name",
            Self::KeyIdShared => "name shared with another key",
            Self::CoordinateLength => "coordinate of wrong length",
            Self::ModulusUnfit => "modulus out of range",
            Self::ModulusFactorable => "modulus from a flawed generator",
            Self::ExponentUnfit => "exponent out of range",
        })
    }
}

/// Reads a public key for one of the accepted algorithms. The private parameters of a key that has
/// them are not looked at.
pub(in crate::jws) fn read(jwk: &Object<'_>, accepted: AlgorithmSet) -> Result<Key, SkipReason> {
    permits_verification(jwk)?;
    let kind = text(jwk, "kty")?.ok_or(SkipReason::Malformed)?;
    let material = match &*kind {
        "EC" => elliptic(jwk)?,
        "OKP" => ed25519(jwk)?,
        "RSA" => rsa(jwk)?,
        "oct" => return Err(SkipReason::Symmetric),
        _ => return Err(SkipReason::TypeUnsupported),
    };
    Ok(Key { kid: key_id(jwk)?, algorithm: algorithm(jwk, &material, accepted)?, material })
}

fn permits_verification(jwk: &Object<'_>) -> Result<(), SkipReason> {
    if text(jwk, "use")?.is_some_and(|purpose| &*purpose != "sig") {
        return Err(SkipReason::UseOther);
    }
    let Some(operations) = jwk.member("key_ops") else {
        return Ok(());
    };
    let operations = operations.texts().ok_or(SkipReason::Malformed)?;
    if operations.iter().any(|operation| &**operation == "verify") {
        Ok(())
    } else {
        Err(SkipReason::OperationsOther)
    }
}

fn key_id(jwk: &Object<'_>) -> Result<Option<Box<str>>, SkipReason> {
    let kid = text(jwk, "kid").map_err(|_| SkipReason::KeyIdMalformed)?;
    if kid.as_ref().is_some_and(|kid| kid.len() > KEY_ID_BYTES_MAX) {
        return Err(SkipReason::KeyIdMalformed);
    }
    Ok(kid)
}

/// The one algorithm of the key: its `alg`, else the natural one of its type.
fn algorithm(
    jwk: &Object<'_>,
    material: &KeyMaterial,
    accepted: AlgorithmSet,
) -> Result<Algorithm, SkipReason> {
    let algorithm = match text(jwk, "alg")? {
        Some(name) => Algorithm::from_name(&name).ok_or(SkipReason::AlgorithmUnsupported)?,
        None => natural_algorithm(material, accepted),
    };
    if !algorithm.is_for(material) {
        return Err(SkipReason::AlgorithmContradictory);
    }
    // A key that no token could use does not claim its name either: the same numbers may stand
    // beside it for another algorithm.
    if !accepted.contains(algorithm) {
        return Err(SkipReason::AlgorithmNotAccepted);
    }
    Ok(algorithm)
}

fn natural_algorithm(material: &KeyMaterial, accepted: AlgorithmSet) -> Algorithm {
    match material {
        KeyMaterial::EcP256 { .. } => Algorithm::Es256,
        KeyMaterial::EcP384 { .. } => Algorithm::Es384,
        KeyMaterial::Ed25519(_) => Algorithm::EdDsa,
        KeyMaterial::Rsa { .. } => {
            let mut for_rsa = accepted.iter().filter(|algorithm| algorithm.is_rsa());
            match (for_rsa.next(), for_rsa.next()) {
                (Some(only), None) => only,
                (Some(_), Some(_)) | (None, _) => Algorithm::Rs256,
            }
        }
    }
}

fn elliptic(jwk: &Object<'_>) -> Result<KeyMaterial, SkipReason> {
    match &*curve(jwk)? {
        "P-256" => Ok(KeyMaterial::EcP256 { x: coordinate(jwk, "x")?, y: coordinate(jwk, "y")? }),
        "P-384" => Ok(KeyMaterial::EcP384 { x: coordinate(jwk, "x")?, y: coordinate(jwk, "y")? }),
        _ => Err(SkipReason::CurveUnsupported),
    }
}

fn ed25519(jwk: &Object<'_>) -> Result<KeyMaterial, SkipReason> {
    match &*curve(jwk)? {
        "Ed25519" => coordinate(jwk, "x").map(KeyMaterial::Ed25519),
        _ => Err(SkipReason::CurveUnsupported),
    }
}

fn rsa(jwk: &Object<'_>) -> Result<KeyMaterial, SkipReason> {
    let (n, e) = (integer(jwk, "n")?, integer(jwk, "e")?);
    if !(RSA_MODULUS_BITS_MIN..=RSA_MODULUS_BITS_MAX).contains(&bits(&n)) || !is_odd(&n) {
        return Err(SkipReason::ModulusUnfit);
    }
    if !is_odd(&e) || bits(&e) < 2 || e.len() > RSA_EXPONENT_BYTES_MAX {
        return Err(SkipReason::ExponentUnfit);
    }
    if roca::has_fingerprint(&n) {
        return Err(SkipReason::ModulusFactorable);
    }
    Ok(KeyMaterial::Rsa { n, e })
}

fn curve(jwk: &Object<'_>) -> Result<Box<str>, SkipReason> {
    text(jwk, "crv")?.ok_or(SkipReason::Malformed)
}

fn coordinate<const LENGTH: usize>(jwk: &Object<'_>, name: &str) -> Result<[u8; LENGTH], SkipReason> {
    let bytes = bytes(jwk, name)?;
    bytes.try_into().map_err(|_| SkipReason::CoordinateLength)
}

/// A `Base64urlUInt`. It should have no leading zero bytes (RFC 7518 section 2) and is known to
/// come with one, from issuers that encode the sign; the number is the same.
fn integer(jwk: &Object<'_>, name: &str) -> Result<Vec<u8>, SkipReason> {
    let bytes = bytes(jwk, name)?;
    Ok(bytes.into_iter().skip_while(|byte| *byte == 0).collect())
}

fn bytes(jwk: &Object<'_>, name: &str) -> Result<Vec<u8>, SkipReason> {
    let text = text(jwk, name)?.ok_or(SkipReason::Malformed)?;
    base64url::decode(&text).ok_or(SkipReason::Malformed)
}

/// A string, when the parameter is there; nothing else will do then.
fn text(jwk: &Object<'_>, name: &str) -> Result<Option<Box<str>>, SkipReason> {
    let text = |member: Member<'_>| member.text().ok_or(SkipReason::Malformed);
    jwk.member(name).map(text).transpose()
}

/// The length in bits of a number without leading zero bytes.
pub(in crate::jws) fn bits(number: &[u8]) -> usize {
    let unused = number.first().map_or(0, |first| first.leading_zeros());
    // The first byte is not zero, so that at most 7 bits are unused where there are any.
    number.len() * 8 - unused as usize
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|last| last & 1 == 1)
}
