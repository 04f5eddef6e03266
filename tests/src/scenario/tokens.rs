//! The credentials that scenarios name.

use mcp_driver::{
    ApiKeys, ApiKeysError, DevIssuer, DevIssuerError, Identity, KeySource, Rejection, RequestHead,
    UnixSeconds,
};

/// The issuer of good tokens.
pub(super) const ISSUER: &str = "https://issuer.example";
/// What they have to be for.
pub(super) const AUDIENCE: &str = "http://127.0.0.1/mcp";

/// Lifetime of `{token:brief}`.
const BRIEF_SECONDS: u64 = 60;

/// Keys that are good where there are keys: the one of `nightly`, and the one of `desk`, who may also write.
const API_KEYS: [(&str, &str, &str); 2] = [
    ("nightly", "mZ0m4Vq8kq3mJp1gYw5v2f6hT7nR9xUe", "mcp"),
    ("desk", "9c0e4f1a7d3b5e8f2a6c4d0b1e3f5a7c", "mcp mcp:write"),
];

/// Makes the tokens that scenarios name.
pub struct Tokens {
    issuer: DevIssuer,
    stranger: DevIssuer,
}

impl Tokens {
    /// Issuers with keys of their own.
    ///
    /// # Errors
    /// When the operating system has no random bytes.
    pub fn new() -> Result<Self, DevIssuerError> {
        Ok(Self { issuer: DevIssuer::new(ISSUER)?, stranger: DevIssuer::new(ISSUER)? })
    }

    /// The keys of the issuer.
    #[must_use]
    pub fn keys(&self) -> KeySource {
        self.issuer.keys()
    }

    /// The same as a document (RFC 7517), for servers without a driver.
    #[must_use]
    pub fn jwks(&self) -> String {
        self.issuer.jwks()
    }

    /// Replaces `{token}` and `{token:KIND}` by tokens of this moment.
    ///
    /// # Errors
    /// When there is no such kind.
    pub fn fill(&self, text: &str, now: UnixSeconds) -> Result<String, String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("{token") {
            let (kind, behind) = behind.split_once('}').ok_or("a placeholder without an end")?;
            filled.push_str(before);
            filled.push_str(&self.token(kind.trim_start_matches(':'), now)?);
            rest = behind;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn token(&self, kind: &str, now: UnixSeconds) -> Result<String, String> {
        let good = |issuer: &DevIssuer, subject: &str, scope: &str| {
            issuer.token(AUDIENCE, now).subject(subject).scope(scope).sign()
        };
        Ok(match kind {
            "" => good(&self.issuer, "alice", "mcp"),
            "writer" => good(&self.issuer, "alice", "mcp mcp:write"),
            "bob" => good(&self.issuer, "bob", "mcp"),
            "other-client" => {
                self.issuer.token(AUDIENCE, now).subject("alice").client("other").scope("mcp").sign()
            }
            "brief" => {
                let token = self.issuer.token(AUDIENCE, now).lifetime_seconds(BRIEF_SECONDS);
                token.subject("alice").scope("mcp").sign()
            }
            "no-scope" => self.issuer.token(AUDIENCE, now).subject("alice").sign(),
            "expired" => {
                let long_ago = UnixSeconds(now.0.saturating_sub(7_200));
                self.issuer.token(AUDIENCE, long_ago).subject("alice").scope("mcp").sign()
            }
            "other-audience" => {
                self.issuer.token("http://127.0.0.1/other", now).subject("alice").scope("mcp").sign()
            }
            "stranger" => good(&self.stranger, "alice", "mcp"),
            _ => return Err(format!("no kind of token: {kind}")),
        })
    }
}

/// What a server with a callback makes of each token.
///
/// # Errors
/// For whom it does not let in.
pub(super) async fn callback(head: RequestHead) -> Result<Identity, Rejection> {
    match head.bearer() {
        Some("good") => Ok(Identity::new("user-1").scopes("mcp")),
        Some("promoted") => Ok(Identity::new("user-1").scopes("mcp mcp:write")),
        Some("other") => Ok(Identity::new("user-2").scopes("mcp")),
        Some("nameless") => Ok(Identity::new("")),
        Some("throw" | "resp") => Err(std::io::Error::other("the database is at 10.0.0.7"))?,
        Some("down") => Err(Rejection::unavailable()),
        #[expect(clippy::panic, reason = "what becomes of a callback that panics is to be seen")]
        Some("panic") => panic!("the database is at 10.0.0.7"),
        Some(_) | None => Err(Rejection::denied()),
    }
}

/// The keys that are given out.
///
/// # Errors
/// None, with those above.
pub(super) fn api_keys() -> Result<ApiKeys, ApiKeysError> {
    API_KEYS
        .into_iter()
        .try_fold(ApiKeys::new(), |keys, (name, key, scopes)| keys.key(name, &ApiKeys::hash(key), scopes))
}
