//! The issuer for development, when nobody named another.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mcp_driver::{DevIssuer, DevIssuerError, KeySource, UnixSeconds};

/// An issuer inside this process, and what its tokens are for.
pub(crate) struct Development {
    issuer: DevIssuer,
    audience: String,
    scopes: String,
}

impl Development {
    /// An issuer of this name. Its tokens are for this audience, with these scopes and `mcp:write`.
    pub(crate) fn new(name: &str, audience: &str, scopes: &[String]) -> Result<Self, DevIssuerError> {
        let scopes = format!("{} mcp:write", scopes.join(" "));
        Ok(Self { issuer: DevIssuer::new(name)?, audience: audience.to_owned(), scopes })
    }

    pub(crate) fn keys(&self) -> KeySource {
        self.issuer.keys()
    }

    /// What a token may do.
    pub(crate) fn scopes(&self) -> &str {
        &self.scopes
    }

    /// A token for an hour from now.
    pub(crate) fn token(&self) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        self.issuer
            .token(&self.audience, UnixSeconds(now.as_secs()))
            .subject("alice")
            .client("whoami-example")
            .scope(&self.scopes)
            .sign()
    }
}
