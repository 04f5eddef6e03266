//! One JWK, judged (RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2).

use std::fmt;

use super::roca;
use super::{
    KEY_ID_BYTES_MAX, Key, KeyMaterial, RSA_EXPONENT_BYTES_MAX, RSA_MODULUS_BITS_MAX, RSA_MODULUS_BITS_MIN,
};
use crate::jws::json::{Member, Object};
use crate::jws::{Algorithm, base64url};

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
            Self::KeyIdMalformed => "malformed name",
            Self::KeyIdShared => "name shared with another key",
            Self::CoordinateLength => "coordinate of wrong length",
            Self::ModulusUnfit => "modulus out of range",
            Self::ModulusFactorable => "modulus from a flawed generator",
            Self::ExponentUnfit => "exponent out of range",
        })
    }
}

/// Reads a public key. The private parameters of a key that has them are not looked at.
pub(super) fn read(jwk: &Object<'_>) -> Result<Key, SkipReason> {
    permits_verification(jwk)?;
    let kind = text(jwk, "kty")?.ok_or(SkipReason::Malformed)?;
    let (natural, material) = match &*kind {
        "EC" => (Algorithm::Es256, ec_p256(jwk)?),
        "OKP" => (Algorithm::EdDsa, ed25519(jwk)?),
        "RSA" => (Algorithm::Rs256, rsa(jwk)?),
        "oct" => return Err(SkipReason::Symmetric),
        _ => return Err(SkipReason::TypeUnsupported),
    };
    Ok(Key { kid: key_id(jwk)?, algorithm: algorithm(jwk, natural)?, material })
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
fn algorithm(jwk: &Object<'_>, natural: Algorithm) -> Result<Algorithm, SkipReason> {
    let Some(name) = text(jwk, "alg")? else {
        return Ok(natural);
    };
    let named = Algorithm::from_name(&name).ok_or(SkipReason::AlgorithmUnsupported)?;
    let fits = match named {
        Algorithm::Es256 | Algorithm::EdDsa | Algorithm::Rs256 => named == natural,
        Algorithm::Ps256 => natural == Algorithm::Rs256,
    };
    if fits { Ok(named) } else { Err(SkipReason::AlgorithmContradictory) }
}

fn ec_p256(jwk: &Object<'_>) -> Result<KeyMaterial, SkipReason> {
    require_curve(jwk, "P-256")?;
    Ok(KeyMaterial::EcP256 { x: coordinate(jwk, "x")?, y: coordinate(jwk, "y")? })
}

fn ed25519(jwk: &Object<'_>) -> Result<KeyMaterial, SkipReason> {
    require_curve(jwk, "Ed25519")?;
    coordinate(jwk, "x").map(KeyMaterial::Ed25519)
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

fn require_curve(jwk: &Object<'_>, curve: &str) -> Result<(), SkipReason> {
    let named = text(jwk, "crv")?.ok_or(SkipReason::Malformed)?;
    if &*named == curve { Ok(()) } else { Err(SkipReason::CurveUnsupported) }
}

fn coordinate(jwk: &Object<'_>, name: &str) -> Result<[u8; 32], SkipReason> {
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
fn bits(number: &[u8]) -> usize {
    let unused = number.first().map_or(0, |first| first.leading_zeros());
    // The first byte is not zero, so that at most 7 bits are unused where there are any.
    number.len() * 8 - unused as usize
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|last| last & 1 == 1)
}
