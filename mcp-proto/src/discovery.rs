//! Where an issuer publishes what: its metadata document (RFC 8414, OpenID Connect Discovery 1.0).
//!
//! Nothing is fetched here. [`candidates`] says where an issuer's document may be, and
//! [`Discovered::read`] what a document is worth. A document decides which keys are trusted, so it is
//! believed only about the issuer that was configured, and sends nobody to another server than the
//! one it came from, the issuer's own, or one that the operator named.

mod host;
mod url;

#[cfg(test)]
mod tests;

use std::fmt;

pub use host::KeyHost;
pub use url::{FETCH_URL_BYTES_MAX, FetchUrl, FetchUrlError};

use crate::jws::json::Object;

/// The longest document that is read as metadata, in bytes.
pub const DISCOVERY_BYTES_MAX: usize = 256 * 1024;

/// The media types of a metadata document (RFC 8414 section 3.2).
pub const DISCOVERY_TYPES: &[&str] = &["application/json"];

/// The most places that [`candidates`] gives.
pub const CANDIDATES_MAX: usize = 3;

const AUTHORIZATION_SERVER: &str = "/.well-known/oauth-authorization-server";
const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";

/// Where the metadata of this issuer may be, the likeliest place and the others in order: with the well-known part
/// between host and path (RFC 8414 sections 3.1 and 5), then behind the path (OpenID Connect
/// Discovery 1.0 section 4.1).
///
/// # Errors
/// When the issuer is no URL that can be fetched from, or has a query (RFC 8414 section 2).
pub fn candidates(issuer: &str) -> Result<(FetchUrl, Vec<FetchUrl>), FetchUrlError> {
    let url = FetchUrl::parse(issuer)?;
    if issuer.contains('?') {
        return Err(FetchUrlError::Malformed);
    }
    let path = url.uri().path();
    let path = path.strip_suffix('/').unwrap_or(path);
    let origin = url.origin();
    let first = FetchUrl::parse(&format!("{origin}{AUTHORIZATION_SERVER}{path}"))?;
    let mut others = vec![FetchUrl::parse(&format!("{origin}{OPENID_CONFIGURATION}{path}"))?];
    if !path.is_empty() {
        others.push(FetchUrl::parse(&format!("{origin}{path}{OPENID_CONFIGURATION}"))?);
    }
    Ok((first, others))
}

/// What the metadata of an issuer says about where to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovered {
    keys: Result<FetchUrl, DiscoveryError>,
    introspection: Result<FetchUrl, DiscoveryError>,
}

impl Discovered {
    /// Judges the document that was found at `place`. Its endpoints have to be on the server of
    /// `place` or of the issuer, or on one of the `allowed` ones; over `http` only if `place` or the
    /// issuer is reached like that, which is never beyond loopback.
    ///
    /// # Errors
    /// When the document is too long, not strict JSON, or about another issuer (RFC 8414 section
    /// 3.3: to be compared as it stands). It must not be used then.
    pub fn read(
        json: &[u8],
        place: &FetchUrl,
        issuer: &str,
        allowed: &[KeyHost],
    ) -> Result<Self, DiscoveryError> {
        if json.len() > DISCOVERY_BYTES_MAX {
            return Err(DiscoveryError::TooLong);
        }
        let document = Object::read(json).ok_or(DiscoveryError::Malformed)?;
        let named = document.member("issuer").and_then(|member| member.text());
        if named.as_deref() != Some(issuer) {
            return Err(DiscoveryError::IssuerWrong);
        }
        let issuer = FetchUrl::parse(issuer).ok();
        let limits = Limits { homes: [Some(place), issuer.as_ref()], allowed };
        Ok(Self {
            keys: limits.endpoint(&document, Endpoint::Keys),
            introspection: limits.endpoint(&document, Endpoint::Introspection),
        })
    }

    /// Where an endpoint is.
    ///
    /// # Errors
    /// When the document has none that may be followed.
    pub fn endpoint(&self, endpoint: Endpoint) -> Result<&FetchUrl, DiscoveryError> {
        let found = match endpoint {
            Endpoint::Keys => &self.keys,
            Endpoint::Introspection => &self.introspection,
        };
        found.as_ref().map_err(|error| *error)
    }
}

/// Where a document may send somebody.
struct Limits<'a> {
    /// The places whose servers are the issuer's.
    homes: [Option<&'a FetchUrl>; 2],
    allowed: &'a [KeyHost],
}

impl Limits<'_> {
    fn endpoint(&self, document: &Object<'_>, endpoint: Endpoint) -> Result<FetchUrl, DiscoveryError> {
        let member = document.member(endpoint.member()).ok_or(DiscoveryError::Missing(endpoint))?;
        let url = member.text().ok_or(DiscoveryError::EndpointMalformed(endpoint))?;
        let url = FetchUrl::parse(&url).map_err(|error| match error {
            FetchUrlError::Insecure => DiscoveryError::Insecure(endpoint),
            FetchUrlError::TooLong | FetchUrlError::Malformed | FetchUrlError::UserInformation => {
                DiscoveryError::EndpointMalformed(endpoint)
            }
        })?;
        let homes = || self.homes.iter().flatten();
        if !url.is_https() && homes().all(|home| home.is_https()) {
            return Err(DiscoveryError::Insecure(endpoint));
        }
        let is_home = homes().any(|home| home.is_same_origin(&url));
        if is_home || self.allowed.iter().any(|host| host.is_of(&url)) {
            Ok(url)
        } else {
            Err(DiscoveryError::Foreign(endpoint))
        }
    }
}

/// What is looked for in a metadata document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// The key set: `jwks_uri`.
    Keys,
    /// Token introspection (RFC 7662): `introspection_endpoint`.
    Introspection,
}

impl Endpoint {
    /// The name of the member.
    fn member(self) -> &'static str {
        match self {
            Self::Keys => "jwks_uri",
            Self::Introspection => "introspection_endpoint",
        }
    }
}

/// What is wrong with a metadata document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiscoveryError {
    /// More than [`DISCOVERY_BYTES_MAX`] bytes.
    TooLong,
    /// Not an object in strict JSON.
    Malformed,
    /// It is about another issuer, or does not say about which.
    IssuerWrong,
    /// There is no such endpoint in it.
    Missing(Endpoint),
    /// The endpoint is not a URL that can be fetched from.
    EndpointMalformed(Endpoint),
    /// The endpoint would have to be reached without TLS.
    Insecure(Endpoint),
    /// The endpoint is on a server that has not been allowed.
    Foreign(Endpoint),
}

impl fmt::Display for DiscoveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("the issuer's metadata is longer than 256 KiB"),
            Self::Malformed => f.write_str("the issuer's metadata is not a JSON object"),
            Self::IssuerWrong => f.write_str("the metadata is about another issuer than the configured one"),
            Self::Missing(endpoint) => {
                write!(f, "the issuer's metadata has no {}", endpoint.member())
            }
            Self::EndpointMalformed(endpoint) => {
                write!(f, "{} in the issuer's metadata is malformed", endpoint.member())
            }
            Self::Insecure(endpoint) => {
                write!(f, "{} in the issuer's metadata is not https", endpoint.member())
            }
            Self::Foreign(endpoint) => write!(
                f,
                "{} in the issuer's metadata is on another server, whose host has not been allowed",
                endpoint.member()
            ),
        }
    }
}

impl std::error::Error for DiscoveryError {}
