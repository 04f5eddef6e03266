//! Tokens of any shape, signed with real keys: what an attacker could make, and what a careless issuer does.

use std::collections::BTreeMap;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    digest::{SHA256, digest},
    hmac,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding,
        RsaKeyPair, RsaPublicKeyComponents,
    },
};
use serde_json::{Map, Value, json};

use crate::clock::START;

/// The issuer that tokens name unless told otherwise.
pub const ISSUER: &str = "https://id.example";

/// The audience that tokens name unless told otherwise.
pub const AUDIENCE: &str = "http://localhost/mcp";

/// For how many seconds tokens are good unless told otherwise.
pub const LIFETIME_SECONDS: u64 = 1_000;

/// A private key that was made for these tests with `openssl genpkey` and protects nothing. Standard base64
/// of PKCS #8.
const RSA_2048_PKCS8: &str = concat!(
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC81nBr4c0iYjXeyuRfN+NSkdZheWYbrxqxr9Qh5kHuqID0",
    "PhmSTgG9+EG6CtIoBGd5TBGQ4kP9VpUuYTykIVywwmCdjOWY4G/R7a5fk6o2FQ8o9oSo49DWL1nwDANB4Z4pMrJAxQskXauq",
    "bozumCIy966HNMLemYjPIP1MTPSMwNMbQaD09SeDM+NEbSmh0j3nDMCqTxM7V1B48pCaVukusGC6OfIbUYD+0Q3bjKdm+Xyt",
    "2FlOjW+C1KU3x6wJtKnhs87xRtA5BNFHueNCMMh82gdwoN9j6lPMsGUZzDDugZ8/0M6/W8KgW4AgKn8DznmJ6rWl8bHnji8r",
    "IfgTKHeXAgMBAAECggEASgmNdE7IncWBt4M2/Lotz27MbdUqGoqR3b7BXjUn/olkXd6HKhyZhED0jBu3/+aSJzWS4YpE++vZ",
    "e6C2JOfLrqXXOY5HaqP8U4NrzZ9YqfGhyv60Tn9bns5b5cjf8hGicCanSsu2raBoMN89NELDjdYcQHiIOrxZrlQR27uEWjaG",
    "6NkGQtOYqBaMkmToKVzDcSJHVM7qdsQYCk9MXG8NKa+6BI1pRMGaQYcxZbowILQ882X8KrWdhQfC9QVC/Sd4heU6gvvw7+U9",
    "nTLkMW72eMLc9MFlrinBih1fFcxlqldiPI441Xfz/pZOCCZFeYjA7/YJ+dl4y2DPHeDOD9+HEQKBgQDtBcSFy5JmxQ0P62aR",
    "WV7xPcSwqIJtaL2dkpwv9o774PXYS29xXjpSYuDIM2Q95fN0V2ZVTd89gYfTkeon4eAP+z1QHbFQYaIVEuv4QSyeTQpNlNhw",
    "6X3Xzm5xAj7qByjPtjDQ6HS2B0LblkkdWeBbulSKBXciFRafISlLJDvlCQKBgQDL9QehhkhOY+oatBpdrYQedrZCSiDnAQM4",
    "HINS8Xp/ks2sw+GHe2AuWUqY/5ZqVP5I5tcVvWmJrum6DsD98w/Lc+P5nmMJlPNQRbyJ3wVXZEsXTjmHCp1EK/BiWeQPbqJm",
    "3duYsqi+678eZt4HF4Lepevkl3KigRpahUtmLdg/nwKBgGcRBP3xIb5SnXV4tWcq56AbbfYrsFuHGjz0zboFivN4RS9CzjkL",
    "8mx01q33uvU3kv/aKYOakyKZusiDQMEK9XW9mFHIN5xueB6V1cpj/NTxRzOpL90Zi0FWYKv/gAAgEN0RqnSNQIMO8UGvPifn",
    "NypsAerqqX1GkkmsD9q+7NSRAoGAdIEXRtEp5H12cKKInRJM8gnluqAVg180s4y2B18hFlaJXjLWVUnIezFOR29YQI0kZAhY",
    "vHZiHt/navyaiXWahCFDDIfJEuQeyK/NLwRSTMVhj4KDofwSMarXuZaXi6kq44+/rM4BTm3j0j34fhyUCRLGWOGZ/fG5WBPk",
    "Kg3uBQkCgYEAr/rGh28WcAVkePG+jR3MJyFcCV3ftbqj07NPfY/OMSv2di/a0aFnmUzmn3ReOKD4GdN8fVssJ9s139g3fuAU",
    "frK0ClVREeK8UBl0dLQ5nQZYBvnd4Slgkz84bpZ70hyZVRtfC9Dq3knj3RXyewCpexqmCFrFhvqP8RFy014z/hw=",
);

/// The base64url text of bytes.
#[must_use]
pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A key that signs, and its name.
#[derive(Debug)]
pub struct Signer {
    algorithm: &'static str,
    kid: String,
    pair: Pair,
}

#[derive(Debug)]
enum Pair {
    Ecdsa(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rsa(&'static dyn RsaEncoding, RsaKeyPair),
}

impl Signer {
    /// A new key on P-256.
    #[must_use]
    pub fn es256(kid: &str) -> Self {
        Self { algorithm: "ES256", kid: kid.to_owned(), pair: Pair::ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING) }
    }

    /// A new key on P-384.
    #[must_use]
    pub fn es384(kid: &str) -> Self {
        Self { algorithm: "ES384", kid: kid.to_owned(), pair: Pair::ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING) }
    }

    /// A new Ed25519 key.
    ///
    /// # Panics
    /// When there is no randomness.
    #[must_use]
    #[allow(clippy::expect_used, reason = "a test that cannot go on has failed")]
    pub fn ed25519(kid: &str) -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("randomness");
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a key");
        Self { algorithm: "EdDSA", kid: kid.to_owned(), pair: Pair::EdDsa(pair) }
    }

    /// The RSA key of these tests with PKCS #1 padding.
    #[must_use]
    pub fn rs256(kid: &str) -> Self {
        Self { algorithm: "RS256", kid: kid.to_owned(), pair: Pair::rsa(&RSA_PKCS1_SHA256) }
    }

    /// The same RSA key with PSS padding.
    #[must_use]
    pub fn ps256(kid: &str) -> Self {
        Self { algorithm: "PS256", kid: kid.to_owned(), pair: Pair::rsa(&RSA_PSS_SHA256) }
    }

    /// `alg`
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        self.algorithm
    }

    /// `kid`
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public key without `kid`, `alg` and `use`.
    ///
    /// # Panics
    /// Never: points of these curves have this form.
    #[must_use]
    #[allow(clippy::expect_used, reason = "a test that cannot go on has failed")]
    pub fn public_key(&self) -> Value {
        match &self.pair {
            Pair::Ecdsa(pair) => {
                let point = pair.public_key().as_ref().strip_prefix(&[4]).expect("an uncompressed point");
                let (x, y) = point.split_at(point.len() / 2);
                let curve = if x.len() == 32 { "P-256" } else { "P-384" };
                json!({"kty": "EC", "crv": curve, "x": base64url(x), "y": base64url(y)})
            }
            Pair::EdDsa(pair) => json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(pair.public_key())}),
            Pair::Rsa(_, pair) => {
                let components = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                json!({"kty": "RSA", "n": base64url(components.n), "e": base64url(components.e)})
            }
        }
    }

    /// The public key as an issuer publishes it.
    #[must_use]
    pub fn jwk(&self) -> Value {
        let mut jwk = self.public_key();
        jwk["kid"] = self.kid.as_str().into();
        jwk["alg"] = self.algorithm.into();
        jwk["use"] = "sig".into();
        jwk
    }

    /// A JWK set of this key alone.
    #[must_use]
    pub fn jwks(&self) -> String {
        json!({"keys": [self.jwk()]}).to_string()
    }

    /// The SHA-256 thumbprint of the public key (RFC 7638) in base64url.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        // The members of `public_key` are the required ones, which the thumbprint wants sorted.
        let members: BTreeMap<String, Value> = members(self.public_key()).into_iter().collect();
        base64url(digest(&SHA256, json!(members).to_string().as_bytes()))
    }

    /// The signature over these bytes, as JWS has it.
    ///
    /// # Panics
    /// When there is no randomness.
    #[must_use]
    #[allow(clippy::expect_used, reason = "a test that cannot go on has failed")]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ecdsa(pair) => pair.sign(&random, message).expect("randomness").as_ref().to_vec(),
            Pair::EdDsa(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Rsa(encoding, pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).expect("randomness");
                signature
            }
        }
    }
}

#[allow(clippy::expect_used, reason = "a test that cannot go on has failed")]
impl Pair {
    fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm) -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("randomness");
        Self::Ecdsa(EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).expect("a key"))
    }

    fn rsa(encoding: &'static dyn RsaEncoding) -> Self {
        let pkcs8 = STANDARD.decode(RSA_2048_PKCS8).expect("base64");
        Self::Rsa(encoding, RsaKeyPair::from_pkcs8(&pkcs8).expect("a key"))
    }
}

/// The signature of HS256 under this secret.
#[must_use]
pub fn hs256(secret: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message).as_ref().to_vec()
}

/// The compact serialization of any header and payload, with whatever `sign` makes of them.
#[must_use]
pub fn compact(header: &[u8], payload: &[u8], sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", base64url(header), base64url(payload));
    let signature = sign(message.as_bytes());
    format!("{message}.{}", base64url(signature))
}

/// A token in the making: a good one (RFC 9068) until something is changed.
#[derive(Debug, Clone)]
pub struct Draft {
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl Draft {
    /// A good token for [`AUDIENCE`] under this key, issued at [`START`], with the scope `mcp`.
    #[must_use]
    pub fn of(signer: &Signer) -> Self {
        let header = json!({"alg": signer.algorithm(), "typ": "at+jwt", "kid": signer.kid()});
        let claims = json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "alice",
            "client_id": "desk",
            "iat": START.0,
            "exp": START.0.saturating_add(LIFETIME_SECONDS),
            "jti": "token-1",
            "scope": "mcp",
        });
        Self { header: members(header), claims: members(claims) }
    }

    /// With this member of the header, in place of one of the same name.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    /// Without this member of the header.
    #[must_use]
    pub fn no_header(mut self, name: &str) -> Self {
        self.header.remove(name);
        self
    }

    /// With this claim, in place of one of the same name.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Without this claim.
    #[must_use]
    pub fn no_claim(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// The header, JSON text.
    #[must_use]
    pub fn header_json(&self) -> String {
        Value::Object(self.header.clone()).to_string()
    }

    /// The claims, JSON text.
    #[must_use]
    pub fn claims_json(&self) -> String {
        Value::Object(self.claims.clone()).to_string()
    }

    /// The token, signed with this key whatever the header says.
    #[must_use]
    pub fn sign(&self, signer: &Signer) -> String {
        self.sign_with(|message| signer.sign(message))
    }

    /// The token with whatever signature.
    #[must_use]
    pub fn sign_with(&self, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
        compact(self.header_json().as_bytes(), self.claims_json().as_bytes(), sign)
    }
}

fn members(json: Value) -> Map<String, Value> {
    match json {
        Value::Object(members) => members,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}
