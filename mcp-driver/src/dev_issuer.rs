//! **For development and tests only.** An issuer of access tokens inside the process.
//!
//! Whoever can reach a [`DevIssuer`] can be anybody. Its key lives in memory, is made anew at every start,
//! and nobody is asked for a password or a consent. Never let a server that others rely on trust one.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp_proto::{UnixSeconds, jws::KeySet};
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom, SystemRandom},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Map, Value, json};

use crate::keys::KeySource;

/// How long a token is good, in seconds, where [`TokenBuilder::lifetime_seconds`] does not say otherwise.
const LIFETIME_SECONDS: u64 = 3600;

/// **For development and tests only.** Signs whatever access token is asked for (RFC 9068, `ES256`), with a
/// key that is made when the issuer is.
pub struct DevIssuer {
    issuer: String,
    key_pair: EcdsaKeyPair,
    kid: String,
    jwks: String,
    keys: KeySet,
    random: SystemRandom,
}

impl DevIssuer {
    /// An issuer of this name (`iss`) with a fresh key.
    ///
    /// # Errors
    /// When the operating system has no random bytes to make a key of.
    pub fn new(issuer: impl Into<String>) -> Result<Self, DevIssuerError> {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(|_| DevIssuerError)?;
        let key_pair =
            EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).map_err(|_| DevIssuerError)?;
        let point = Point::of(&key_pair).ok_or(DevIssuerError)?;
        let kid = point.thumbprint();
        let jwks = point.jwks(&kid).to_string();
        let (keys, _) = KeySet::parse(jwks.as_bytes()).map_err(|_| DevIssuerError)?;
        Ok(Self { issuer: issuer.into(), key_pair, kid, jwks, keys, random })
    }

    /// The public key as a JWK set (RFC 7517 section 5), JSON text.
    #[must_use]
    pub fn jwks(&self) -> String {
        self.jwks.clone()
    }

    /// The public key for a server in the same process.
    #[must_use]
    pub fn keys(&self) -> KeySource {
        KeySource::Given(self.keys.clone())
    }

    /// A token for this audience that is issued `now`. Unless told otherwise it is for subject `dev`, client
    /// `dev`, has no scopes, and is good for an hour.
    pub fn token(&self, audience: impl Into<String>, now: UnixSeconds) -> TokenBuilder<'_> {
        TokenBuilder {
            issuer: self,
            audience: audience.into(),
            now,
            subject: "dev".to_owned(),
            client: "dev".to_owned(),
            scope: None,
            lifetime_seconds: LIFETIME_SECONDS,
            claims: Map::new(),
        }
    }

    fn token_id(&self) -> String {
        let mut bytes = [0; 16];
        random(self.random.fill(&mut bytes));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn sign(&self, claims: &Value) -> String {
        let header = json!({"alg": "ES256", "typ": "at+jwt", "kid": self.kid});
        let segment = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let message = format!("{}.{}", segment(&header), segment(claims));
        let signature = random(self.key_pair.sign(&self.random, message.as_bytes()));
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

impl fmt::Debug for DevIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DevIssuer")
            .field("issuer", &self.issuer)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// A token in the making.
#[must_use = "a token exists once it is signed"]
pub struct TokenBuilder<'i> {
    issuer: &'i DevIssuer,
    audience: String,
    now: UnixSeconds,
    subject: String,
    client: String,
    scope: Option<String>,
    lifetime_seconds: u64,
    claims: Map<String, Value>,
}

impl TokenBuilder<'_> {
    /// `sub`: whom the token speaks for.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// `client_id`: the software that got the token.
    pub fn client(mut self, client: impl Into<String>) -> Self {
        self.client = client.into();
        self
    }

    /// Adds to `scope`: what the token grants, with spaces between.
    pub fn scope(mut self, scope: impl AsRef<str>) -> Self {
        let scopes = self.scope.get_or_insert_default();
        if !scopes.is_empty() {
            scopes.push(' ');
        }
        scopes.push_str(scope.as_ref());
        self
    }

    /// For how many seconds from its issue the token is good.
    pub fn lifetime_seconds(mut self, seconds: u64) -> Self {
        self.lifetime_seconds = seconds;
        self
    }

    /// A claim of any name, also instead of one of those above.
    pub fn claim(mut self, name: impl Into<String>, value: Value) -> Self {
        self.claims.insert(name.into(), value);
        self
    }

    /// The token.
    ///
    /// # Panics
    /// When the operating system has no random bytes. It had some for the issuer's key.
    #[must_use]
    pub fn sign(self) -> String {
        let expires = self.now.0.saturating_add(self.lifetime_seconds);
        let mut claims = Map::new();
        let standard: [(&str, Value); 7] = [
            ("iss", self.issuer.issuer.as_str().into()),
            ("aud", self.audience.into()),
            ("sub", self.subject.into()),
            ("client_id", self.client.into()),
            ("iat", self.now.0.into()),
            ("exp", expires.into()),
            ("jti", self.issuer.token_id().into()),
        ];
        claims.extend(standard.map(|(name, value)| (name.to_owned(), value)));
        claims.extend(self.scope.map(|scope| ("scope".to_owned(), scope.into())));
        claims.extend(self.claims);
        self.issuer.sign(&Value::Object(claims))
    }
}

impl fmt::Debug for TokenBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenBuilder").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// What needed random bytes.
#[expect(clippy::expect_used, reason = "see the panics of TokenBuilder::sign")]
fn random<T>(outcome: Result<T, ring::error::Unspecified>) -> T {
    outcome.expect("the operating system has random bytes")
}

/// The public key of a pair: its coordinates in base64url.
struct Point {
    x: String,
    y: String,
}

impl Point {
    fn of(key_pair: &EcdsaKeyPair) -> Option<Self> {
        // An uncompressed point: SEC 1 section 2.3.3.
        let coordinates = key_pair.public_key().as_ref().strip_prefix(&[0x04])?;
        let (x, y) = coordinates.split_at_checked(32)?;
        Some(Self { x: URL_SAFE_NO_PAD.encode(x), y: URL_SAFE_NO_PAD.encode(y) })
    }

    /// RFC 7638 section 3.
    fn thumbprint(&self) -> String {
        let json = format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, self.x, self.y);
        URL_SAFE_NO_PAD.encode(digest(&SHA256, json.as_bytes()))
    }

    fn jwks(&self, kid: &str) -> Value {
        json!({"keys": [{
            "kty": "EC",
            "crv": "P-256",
            "x": self.x,
            "y": self.y,
            "kid": kid,
            "use": "sig",
            "alg": "ES256",
        }]})
    }
}

/// No key could be made: the operating system has no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DevIssuerError;

impl fmt::Display for DevIssuerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no key could be made for the development issuer")
    }
}

impl std::error::Error for DevIssuerError {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use mcp_proto::{
        Facts, Now,
        jws::{Claims, Denial, TokenRules},
    };

    use super::*;
    use crate::{
        keys::testing::{ManualRuntime, key_store},
        runtime::Runtime as _,
        verifier::TokenVerifier,
    };

    const AUDIENCE: &str = "http://localhost:8080/mcp";
    const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

    fn issuer() -> DevIssuer {
        DevIssuer::new("http://localhost/dev").unwrap()
    }

    /// What a server that trusts these keys finds out about a token.
    fn verify(source: KeySource, token: &str, unix: UnixSeconds) -> Result<Claims, Denial> {
        let rules = TokenRules::new("http://localhost/dev", [AUDIENCE]).unwrap();
        let verifier = TokenVerifier::of_one(rules, key_store(source, None), 1);
        let runtime = ManualRuntime::at(Now { unix, ..Now::default() });
        match runtime.finish(verifier.facts(token, runtime.now(), &runtime)).facts {
            Facts::Signed(claims) => Ok((*claims).clone()),
            Facts::Denied(denial) => Err(denial),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn its_tokens_are_good_where_it_is_trusted_and_nowhere_else() {
        let issuer = issuer();
        let token = issuer.token(AUDIENCE, NOW).sign();
        let published = KeySource::from_json(issuer.jwks()).unwrap();
        for keys in [issuer.keys(), published] {
            let claims = verify(keys, &token, NOW).unwrap();
            let principal = claims.principal();
            assert_eq!(principal.issuer(), "http://localhost/dev");
            assert_eq!((principal.subject(), principal.client()), ("dev", "dev"));
            assert_eq!(principal.scopes().as_str(), "");
            assert_eq!(claims.audiences(), [AUDIENCE.into()]);
            assert_eq!(claims.issued_at(), Some(NOW));
            assert_eq!(claims.expires(), UnixSeconds(NOW.0 + 3_600));
        }
        let other = self::issuer();
        assert_eq!(verify(other.keys(), &token, NOW).err(), Some(Denial::KeyUnknown));
    }

    #[test]
    fn a_token_says_what_it_was_told_to_say() {
        let issuer = issuer();
        let token = issuer
            .token(AUDIENCE, NOW)
            .subject("alice")
            .client("desk")
            .scope("read")
            .scope("write")
            .lifetime_seconds(10)
            .claim("nbf", (NOW.0 + 1).into())
            .sign();
        let claims = verify(issuer.keys(), &token, NOW).unwrap();
        let principal = claims.principal();
        assert_eq!((principal.subject(), principal.client()), ("alice", "desk"));
        assert_eq!(principal.scopes().as_str(), "read write");
        assert_eq!(claims.expires(), UnixSeconds(NOW.0 + 10));
        assert_eq!(claims.not_before(), Some(UnixSeconds(NOW.0 + 1)));
        let over = UnixSeconds(NOW.0 + 10 + 60);
        assert_eq!(verify(issuer.keys(), &token, over).err(), Some(Denial::Expired));
    }

    #[test]
    fn a_claim_can_be_replaced() {
        let issuer = issuer();
        let foreign = issuer.token("https://other.example", NOW).sign();
        assert_eq!(verify(issuer.keys(), &foreign, NOW).err(), Some(Denial::AudienceForeign));
        let table = [
            ("iss", json!("https://other.example"), Denial::IssuerForeign),
            ("exp", json!("soon"), Denial::ClaimsMalformed),
            ("client_id", json!(""), Denial::ClientMissing),
            ("cnf", json!({}), Denial::SenderConstrained),
        ];
        for (name, value, denial) in table {
            let token = issuer.token(AUDIENCE, NOW).claim(name, value).sign();
            assert_eq!(verify(issuer.keys(), &token, NOW).err(), Some(denial), "{name}");
        }
    }

    #[test]
    fn a_token_has_the_header_of_rfc_9068_and_an_id_of_its_own() {
        let issuer = issuer();
        let mut ids = BTreeSet::new();
        for _ in 0..100 {
            let token = issuer.token(AUDIENCE, NOW).sign();
            let header = token.split('.').next().unwrap();
            let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
            assert_eq!(header, json!({"alg": "ES256", "typ": "at+jwt", "kid": issuer.kid}));
            let claims = verify(issuer.keys(), &token, NOW).unwrap();
            ids.insert(claims.token_id().unwrap().to_owned());
        }
        assert_eq!(ids.len(), 100);
    }

    #[test]
    fn a_lifetime_beyond_time_is_cut_off() {
        let issuer = issuer();
        let token = issuer.token(AUDIENCE, NOW).lifetime_seconds(u64::MAX).sign();
        assert_eq!(verify(issuer.keys(), &token, NOW).err(), Some(Denial::ClaimsMalformed));
    }

    #[test]
    fn what_is_published_and_printed_has_no_private_part() {
        let issuer = issuer();
        let jwks: Value = serde_json::from_str(&issuer.jwks()).unwrap();
        let key = jwks["keys"][0].as_object().unwrap();
        let names: Vec<_> = key.keys().map(String::as_str).collect();
        assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
        assert_eq!(jwks["keys"].as_array().unwrap().len(), 1);

        let expected = format!("DevIssuer {{ issuer: \"http://localhost/dev\", kid: {:?}, .. }}", issuer.kid);
        assert_eq!(format!("{issuer:?}"), expected);
        let builder = issuer.token(AUDIENCE, NOW).claim("secret", json!("x"));
        assert_eq!(format!("{builder:?}"), format!("TokenBuilder {{ issuer: {expected}, .. }}"));
    }

    #[test]
    fn the_key_is_named_by_its_thumbprint() {
        // RFC 7638 has no example for this type of key; these are the coordinates of RFC 7515 appendix A.3.1.
        let point = Point {
            x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU".to_owned(),
            y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0".to_owned(),
        };
        assert_eq!(point.thumbprint(), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
    }
}
