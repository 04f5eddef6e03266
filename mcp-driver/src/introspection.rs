//! Asking the issuer what it knows of a token (RFC 7662), for tokens that nobody else can read and for those
//! that have to stop working soon after they are revoked.

mod answer;
mod boarding;
mod cache;
mod desk;
mod form;
mod introspector;
mod line;
mod place;
mod regulars;
mod trouble;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderValue;

pub(crate) use self::introspector::Introspector;
use crate::fetch::{FetchUrl, FetchUrlError};

/// For how many seconds a good answer is used again, where [`Introspection::cache_seconds`] does not say
/// otherwise.
pub const INTROSPECTION_CACHE_SECONDS_DEFAULT: u64 = 30;

/// The most seconds for which a good answer may be used again.
pub const INTROSPECTION_CACHE_SECONDS_MAX: u64 = 300;

/// How to ask the issuer about tokens (RFC 7662).
///
/// The answer is judged like a signed token: issuer, audience, times and scopes have to be right. While the
/// issuer cannot be asked, requests are answered 503 and nobody gets in.
///
/// A revoked token works for at most [`Self::cache_seconds`] longer. An answer is never used after the `exp`
/// that it names. That a token is not active is remembered for ten seconds.
///
/// At most 32 tokens are asked about at once, and half of these places are only for tokens that were active
/// within the last hour. Who finds no place waits for one until the request's time is up; when 1,024 wait
/// already, the answer is 503 at once. So whoever sends many tokens that nobody knows can delay, or keep out for
/// as long as that goes on, tokens that this server has not seen before, and no others: prefer signed tokens
/// where the issuer has them.
#[derive(Clone)]
pub struct Introspection {
    /// `None`: what the issuer's metadata says.
    endpoint: Option<Box<str>>,
    client: Option<Client>,
    cache_seconds: u64,
}

#[derive(Clone)]
struct Client {
    id: Box<str>,
    secret: Box<str>,
}

impl Introspection {
    /// At the endpoint of this URL: `https`, or `http` on a loopback host.
    #[must_use]
    pub fn new(endpoint: impl Into<Box<str>>) -> Self {
        Self { endpoint: Some(endpoint.into()), ..Self::discovered() }
    }

    /// At the endpoint that the issuer's metadata names (`introspection_endpoint`, RFC 8414 section 2).
    #[must_use]
    pub fn discovered() -> Self {
        Self { endpoint: None, client: None, cache_seconds: INTROSPECTION_CACHE_SECONDS_DEFAULT }
    }

    /// What this server is called at the issuer, and its secret there (`client_secret_basic`, RFC 6749 section
    /// 2.3.1). Mandatory: an endpoint that answers anybody tells anybody whose token it is (RFC 7662 section
    /// 2.1).
    #[must_use]
    pub fn client(mut self, id: impl Into<Box<str>>, secret: impl Into<Box<str>>) -> Self {
        self.client = Some(Client { id: id.into(), secret: secret.into() });
        self
    }

    /// For how many seconds after the question a good answer is used again. Default
    /// [`INTROSPECTION_CACHE_SECONDS_DEFAULT`], at most [`INTROSPECTION_CACHE_SECONDS_MAX`]; 0: never.
    #[must_use]
    pub fn cache_seconds(mut self, seconds: u64) -> Self {
        self.cache_seconds = seconds;
        self
    }

    /// The same, judged.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn settings(&self) -> Result<Settings, IntrospectionError> {
        let endpoint = self.endpoint.as_deref().map(FetchUrl::parse).transpose();
        let endpoint = endpoint.map_err(IntrospectionError::Url)?;
        let client = self.client.as_ref().ok_or(IntrospectionError::ClientMissing)?;
        if client.id.is_empty() || client.secret.is_empty() {
            return Err(IntrospectionError::ClientMissing);
        }
        if self.cache_seconds > INTROSPECTION_CACHE_SECONDS_MAX {
            return Err(IntrospectionError::CacheTooLong(self.cache_seconds));
        }
        Ok(Settings { endpoint, authorization: client.authorization()?, cache_seconds: self.cache_seconds })
    }
}

impl Client {
    /// RFC 6749 section 2.3.1: both are form-encoded first, so that a colon in the id separates nothing.
    fn authorization(&self) -> Result<HeaderValue, IntrospectionError> {
        let credentials = format!("{}:{}", form::encoded(&self.id), form::encoded(&self.secret));
        let field = format!("Basic {}", STANDARD.encode(credentials));
        // Base64 is visible ASCII, so this is always a field value.
        let mut field = HeaderValue::try_from(field).map_err(|_| IntrospectionError::ClientMissing)?;
        field.set_sensitive(true);
        Ok(field)
    }
}

/// An [`Introspection`] that was judged.
#[derive(Clone)]
pub(crate) struct Settings {
    /// `None`: what the issuer's metadata says.
    endpoint: Option<FetchUrl>,
    authorization: HeaderValue,
    cache_seconds: u64,
}

/// What is wrong with an [`Introspection`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum IntrospectionError {
    /// The endpoint's URL is none that may be asked.
    Url(FetchUrlError),
    /// There is no client, or its id or secret is empty.
    ClientMissing,
    /// Answers would be used for so many seconds, more than [`INTROSPECTION_CACHE_SECONDS_MAX`].
    CacheTooLong(u64),
}

impl fmt::Display for IntrospectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(error) => write!(f, "the URL of the introspection endpoint: {error}"),
            Self::ClientMissing => f.write_str("introspection needs the id and the secret of a client"),
            Self::CacheTooLong(seconds) => write!(
                f,
                "answers about tokens cannot be used for {seconds} s: at most {INTROSPECTION_CACHE_SECONDS_MAX} s"
            ),
        }
    }
}

impl std::error::Error for IntrospectionError {}

impl fmt::Debug for Introspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Introspection")
            .field("has_endpoint", &self.endpoint.is_some())
            .field("has_client", &self.client.is_some())
            .field("cache_seconds", &self.cache_seconds)
            .finish()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("endpoint", &self.endpoint)
            .field("cache_seconds", &self.cache_seconds)
            .finish_non_exhaustive()
    }
}
