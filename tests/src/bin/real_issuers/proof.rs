//! Proofs that a sender holds a key: RFC 9449 section 4.2, written without the server's code.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom as _, SystemRandom},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};

use crate::report::Failure;

/// Somebody who holds a key.
pub(crate) struct Holder {
    key_pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl Holder {
    pub(crate) fn new() -> Result<Self, Failure> {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let no_key = |_| "no key could be made";
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(no_key)?;
        let key_pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random)
            .map_err(|_| "no key could be read")?;
        Ok(Self { key_pair, random })
    }

    /// A proof for a request with this method and URL; with a token, for a request to a resource.
    pub(crate) fn proof(&self, method: &str, url: &str, token: Option<&str>) -> Result<String, Failure> {
        let mut id = [0_u8; 16];
        self.random.fill(&mut id).map_err(|_| "no random bytes")?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let mut claims = json!({"jti": encoded(&id), "htm": method, "htu": url, "iat": now});
        if let (Some(token), Some(claims)) = (token, claims.as_object_mut()) {
            claims.insert("ath".to_owned(), encoded(digest(&SHA256, token.as_bytes()).as_ref()).into());
        }
        let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk()?});
        let segment = |json: &Value| encoded(json.to_string().as_bytes());
        let message = format!("{}.{}", segment(&header), segment(&claims));
        let signature = self.key_pair.sign(&self.random, message.as_bytes()).map_err(|_| "no signature")?;
        Ok(format!("{message}.{}", encoded(signature.as_ref())))
    }

    fn jwk(&self) -> Result<Value, Failure> {
        // An uncompressed point: SEC 1 section 2.3.3.
        let coordinates = self.key_pair.public_key().as_ref().strip_prefix(&[4]);
        let (x, y) = coordinates.and_then(|both| both.split_at_checked(32)).ok_or("no such point")?;
        Ok(json!({"kty": "EC", "crv": "P-256", "x": encoded(x), "y": encoded(y)}))
    }
}

/// base64url without padding.
pub(crate) fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
