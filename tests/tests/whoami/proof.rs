//! A client that holds a key, and proves it with ES256 (RFC 9449 section 4.2).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};

use crate::whoami::issuer::now;

pub(crate) struct Holder {
    key_pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl Holder {
    pub(crate) fn new() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("random bytes");
        let key_pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).expect("a key");
        Self { key_pair, random }
    }

    /// The coordinates of the public key.
    fn point(&self) -> [String; 2] {
        // An uncompressed point: SEC 1 section 2.3.3.
        let (x, y) = self.key_pair.public_key().as_ref()[1..].split_at(32);
        [x, y].map(encoded)
    }

    /// What a token says that is bound to the key: RFC 9449 section 6.1, RFC 7638.
    pub(crate) fn confirmation(&self) -> Value {
        let [x, y] = self.point();
        let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        json!({ "jkt": hash(&members) })
    }

    /// The credentials of a call at `url` with this token, and a proof with this nonce.
    pub(crate) fn credentials(&self, token: &str, url: &str, id: &str, nonce: Option<&str>) -> String {
        let [x, y] = self.point();
        let jwk = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y });
        let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk });
        let mut claims = json!({ "jti": id, "htm": "POST", "htu": url, "iat": now().0, "ath": hash(token) });
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        let message = [header, claims].map(|json| encoded(json.to_string().as_bytes())).join(".");
        let signature = self.key_pair.sign(&self.random, message.as_bytes()).expect("random bytes");
        format!("Authorization: DPoP {token}\r\nDPoP: {message}.{}\r\n", encoded(signature.as_ref()))
    }
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn hash(text: &str) -> String {
    encoded(digest(&SHA256, text.as_bytes()).as_ref())
}
