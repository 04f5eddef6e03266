//! Keys that sign, for tests.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use mcp_proto::{
    Now, Tick, UnixSeconds,
    jws::{Algorithm, AlgorithmSet, KeySet, TokenRules},
};
use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
        RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
        RsaPublicKeyComponents,
    },
};
use serde_json::{Value, json};

/// The issuer of test tokens.
pub(crate) const ISSUER: &str = "https://id.example";

/// The audience of test tokens.
pub(crate) const AUDIENCE: &str = "https://mcp.example/mcp";

/// When tests begin; [`claims`] are issued then and good for 1,000 seconds.
pub(crate) const START: Now = Now { tick: Tick(7_000_000), unix: UnixSeconds(1_800_000_000) };

/// A private key that was made for these tests with `openssl genpkey` and protects nothing. Standard base64
/// of PKCS #8.
const RSA_2048_PKCS8: &str = concat!(
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCRqlFIDhFCIw40cWUzsxK8tndAtuq/ZQEAshhKpxAS",
    "/vn++aKXwDfQe1i6OZsky4FHLuAZjV39XiF8RZo7w/G5WoFrmUDLDHc4t33g91qXbOyvadTDhmT64XTvAc1MGz4ZvxzW",
    "Zza8qudnDWX43RYY3rjhn1+CCBmFSvuTlSstIuaYIlQ5vHGOL5oBjX8E+R2Pbx03Ec7ESwafQ5py3kMjiYwI5QqK15HA",
    "9MHbsXLXP5Y1AqJtOLJ7MdVVwsaT2a2dv4WVvPiaajoweaXpNYgJrfbS4yANzxYIoi2KBwg8dI4tQBVPKB6utuL/OyiE",
    "4iRMIkQ8D/d1c03V7Uv2P4gnAgMBAAECggEANgpLTGGXqoMp3m/hPTxmq6c/97zEu0vkAtePpoZzMrDwm1UOqqDPtCNG",
    "qBP+CDkNlZSA5EnrgDd/UcTasuh/UaYPlJUPEiVmR57fbuolbD8nUe5/1igSZ3bkNFVlTiJfOBsMPkidaII5BiTU225e",
    "J8zdJytCuhF6Mla+naJ+Gaik+Ry3mqy7DB0f38avLpiBfNpOMj90kMAlPv4m1Gqw4ms8T7U3oCpeXhbH/Ej9T0TENd4F",
    "5H53Bj5BbVffljt22pnzNn3F6MqthhTTV/qEQ6K8tsOHUznlOQaWhHZ+6J5PJcoruS44a8l8ER5AyiPw4jh6APRM1XX/",
    "ZuGv6NM21QKBgQDNWXYEjjjE3asTfOGoph5ACMKaOthfABcTV3xK1GkAILX4XeYeWjOQSBxOMisu/KEdbeSd+ANLhixr",
    "b8g/BdG3IFLNgOIVgEmERtq+mVvYnr336/D4AraQ15PAt5wkfZPfspJaDk6FNtNy6mIfKsmj4k8NvA7JkjmU6n6qEBy3",
    "PQKBgQC1mCyIXX7IDRUsvh9xQZ/FDB3yXKCicjs/Pcg//jcKvgG+oJ0f4k3Rt7agThWiStPBMhyf9QXxIksgD9F3db1n",
    "uYr173oNP95XmF0eTA5ZcMVGfVt1El/VqU0OohFQfUCoM+tmgtzrnHpn8PtyWtSP6RpG4lKKQcSv7y9SrXuTMwKBgQCM",
    "kiQfBDjKUzAsO/3B1E266gRFTekWR1qEjAvysatbQgkvhx/jQT4xE5wEz4UOOjQUkEjC9qdSyPuZZEEBG3uvT3o/YW3i",
    "6BnrahGODi94f1pt397p9/l/94MWltpVhH140aYr7cVEnf5rmRUoXsL/5AjXzxeUVvwB+/BPfI4bxQKBgES7PRe783F6",
    "aipOJ45xXSxyop8J6g6yF7SfCL0X1fNt6TEij3Xy7KtU0n2oME4F7lHwSp9MWRxkc3TGJ+0EFlU9B9h/9H0xUFFtLMl7",
    "1e6KXVCJv+T2uGkhNDY2p0EEt0UyqYVaQI244yeWMUWeFVgGzVhI7x6/N9ezOwEbAmu7AoGARViItk43ABSRA0fE7wKL",
    "kBxSv+ahzYpVV9+1sjnJsOjaSs65b4yPNvB2IiDPWh/UrRZfrDfuoy2Y65N00/3fK3GH7rSk6HCuoliBfdGQMf66ZkcM",
    "03/74hCYQ7ZIlYosBlCJkXFqWQ4LemjmocpRywjtknErHRH9dSNqx+bPXqg=",
);

/// A key pair of one algorithm.
pub(crate) struct TestSigner {
    algorithm: Algorithm,
    pair: Pair,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
}

impl TestSigner {
    /// A pair for any algorithm: a fresh one, but for the RSA pair, of which there is one.
    pub(crate) fn of(algorithm: Algorithm) -> Self {
        let pair = match algorithm {
            Algorithm::Es256 => Pair::Ecdsa(ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING)),
            Algorithm::Es384 => Pair::Ecdsa(ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING)),
            Algorithm::EdDsa => {
                let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
                Pair::Ed25519(Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap())
            }
            Algorithm::Rs256 => Pair::Rsa(rsa(), &RSA_PKCS1_SHA256),
            Algorithm::Ps256 => Pair::Rsa(rsa(), &RSA_PSS_SHA256),
            Algorithm::Rs384 => Pair::Rsa(rsa(), &RSA_PKCS1_SHA384),
            Algorithm::Ps384 => Pair::Rsa(rsa(), &RSA_PSS_SHA384),
            Algorithm::Rs512 => Pair::Rsa(rsa(), &RSA_PKCS1_SHA512),
            Algorithm::Ps512 => Pair::Rsa(rsa(), &RSA_PSS_SHA512),
        };
        Self { algorithm, pair }
    }

    /// A fresh pair for `ES256`.
    pub(crate) fn es256() -> Self {
        Self::of(Algorithm::Es256)
    }

    /// A fresh pair for `EdDSA`.
    pub(crate) fn ed_dsa() -> Self {
        Self::of(Algorithm::EdDsa)
    }

    /// The RSA pair, for `RS256`.
    pub(crate) fn rs256() -> Self {
        Self::of(Algorithm::Rs256)
    }

    /// The same RSA pair, for `PS256`.
    pub(crate) fn ps256() -> Self {
        Self::of(Algorithm::Ps256)
    }

    /// One of each that is accepted by default, with different keys but for the two of RSA.
    pub(crate) fn one_of_each() -> [Self; 4] {
        [Self::es256(), Self::ed_dsa(), Self::rs256(), Self::ps256()]
    }

    /// The `alg` value.
    pub(crate) fn algorithm(&self) -> &'static str {
        self.algorithm.name()
    }

    /// The public key under this name.
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        let mut jwk = match &self.pair {
            Pair::Ecdsa(pair) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let curve = if x.len() == 32 { "P-256" } else { "P-384" };
                json!({"kty": "EC", "crv": curve, "x": base64url(x), "y": base64url(y)})
            }
            Pair::Ed25519(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(pair.public_key())})
            }
            Pair::Rsa(pair, _) => {
                let RsaPublicKeyComponents::<Vec<u8>> { n, e } = pair.public().into();
                json!({"kty": "RSA", "n": base64url(n), "e": base64url(e)})
            }
        };
        jwk["kid"] = kid.into();
        jwk["alg"] = self.algorithm().into();
        jwk
    }

    /// The signature over these bytes.
    pub(crate) fn sign_bytes(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ecdsa(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Rsa(pair, padding) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(*padding, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }

    /// A token with this `kid` and these claims.
    pub(crate) fn token(&self, kid: &str, claims: &Value) -> String {
        let header = json!({"alg": self.algorithm(), "typ": "at+jwt", "kid": kid});
        let message = format!("{}.{}", segment(&header), segment(claims));
        let signature = base64url(self.sign_bytes(message.as_bytes()));
        format!("{message}.{signature}")
    }
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm) -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap()
}

fn rsa() -> RsaKeyPair {
    RsaKeyPair::from_pkcs8(&STANDARD.decode(RSA_2048_PKCS8).unwrap()).unwrap()
}

/// Bytes in base64url.
pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn segment(json: &Value) -> String {
    base64url(json.to_string())
}

/// Claims that are good at [`START`], of this subject.
pub(crate) fn claims(subject: &str, token_id: &str) -> Value {
    json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "client_id": "desk",
        "iat": START.unix.0,
        "exp": START.unix.0 + 1_000,
        "jti": token_id,
        "scope": "read",
    })
}

/// The rules that such claims satisfy, with a leeway of 60 seconds.
pub(crate) fn rules() -> TokenRules {
    TokenRules::new(ISSUER, [AUDIENCE]).unwrap()
}

/// A JWK set document.
pub(crate) fn jwks(keys: &[Value]) -> String {
    json!({"keys": keys}).to_string()
}

/// The same, read, for all algorithms. Every key has to be usable.
pub(crate) fn key_set(keys: &[Value]) -> KeySet {
    let all = AlgorithmSet::of(Algorithm::ALL);
    let (set, skipped) = KeySet::parse_accepting(jwks(keys).as_bytes(), all).unwrap();
    assert!(skipped.is_empty(), "{skipped:?}");
    set
}
