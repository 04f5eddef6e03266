//! A host that an operator allowed.

use super::{FetchUrl, FetchUrlError};

/// A host that an issuer may have its endpoints on although it is not its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHost {
    host: Box<str>,
    /// `None`: the usual port of the scheme.
    port: Option<u16>,
}

impl KeyHost {
    /// Reads `www.example.com` or `www.example.com:8443`.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn parse(host: &str) -> Result<Self, FetchUrlError> {
        let url = FetchUrl::parse(&format!("https://{host}"))?;
        if url.authority() != host {
            return Err(FetchUrlError::Malformed);
        }
        Ok(Self { host: url.host().into(), port: url.uri().port_u16() })
    }

    /// Whether a URL is on this host.
    #[must_use]
    pub fn is_of(&self, url: &FetchUrl) -> bool {
        let port = self.port.unwrap_or(url.default_port());
        self.host.eq_ignore_ascii_case(url.host()) && port == url.port()
    }
}
