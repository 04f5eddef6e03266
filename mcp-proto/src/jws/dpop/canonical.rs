//! A public key as the JSON text that its thumbprint is made of (RFC 7638 section 3).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::jws::KeyMaterial;

/// The required members in the order of their names, without white space. Numbers are spelt anew,
/// so that a key has one text, however it was written.
pub(super) fn jwk(material: &KeyMaterial) -> String {
    match material {
        KeyMaterial::EcP256 { x, y } => elliptic("P-256", x, y),
        KeyMaterial::EcP384 { x, y } => elliptic("P-384", x, y),
        KeyMaterial::Ed25519(x) => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, base64url(x)),
        KeyMaterial::Rsa { n, e } => {
            format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, base64url(e), base64url(n))
        }
    }
}

fn elliptic(curve: &str, x: &[u8], y: &[u8]) -> String {
    format!(r#"{{"crv":"{curve}","kty":"EC","x":"{}","y":"{}"}}"#, base64url(x), base64url(y))
}

fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
