//! Why a server cannot be built or started.

use std::{fmt, net::IpAddr};

use http::HeaderName;
use mcp_proto::BuildError;

use crate::introspection::IntrospectionError;

/// Why a server cannot be built.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerError {
    /// The policy or the catalog is not what it has to be.
    Build(BuildError),
    /// An item takes the [`crate::Caller`], and the server has no authentication.
    NeedsCaller(String),
    /// The policy names an issuer for which there is neither a key source nor introspection.
    IssuerWithoutSource,
    /// An issuer cannot be asked about tokens like this.
    Introspection(IntrospectionError),
    /// A header that carries credentials cannot be exposed to handlers.
    ExposedCredentials(HeaderName),
    /// A server without authentication is not started on an address that others reach, unless it
    /// was built with [`ServerBuilder::allow_open_beyond_loopback`](crate::ServerBuilder::allow_open_beyond_loopback).
    OpenBeyondLoopback(IpAddr),
    /// The same inside an application, since nobody can tell from there which addresses it listens on.
    OpenMount,
    /// It is to speak TLS, and inside an application the connections are the application's.
    TlsMount,
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Build(error) => error.fmt(f),
            Self::NeedsCaller(name) => {
                write!(f, "{name:?} takes the authenticated caller, and the server has no authentication")
            }
            Self::IssuerWithoutSource => {
                f.write_str("the policy names an issuer without keys: add it together with its keys")
            }
            Self::Introspection(error) => error.fmt(f),
            Self::ExposedCredentials(name) => {
                write!(f, "{name} carries credentials and cannot be exposed to handlers")
            }
            Self::OpenBeyondLoopback(address) => write!(
                f,
                "refusing to serve without authentication on {address}: bind a loopback address, \
                 configure authentication, or say allow_open_beyond_loopback"
            ),
            Self::OpenMount => f.write_str(
                "refusing to serve without authentication inside an application, which others may reach: \
                 configure authentication, or say allow_open_beyond_loopback",
            ),
            Self::TlsMount => f.write_str(
                "refusing to be mounted in an application, whose connections are its own, with TLS configured: \
                 the application has to speak it",
            ),
        }
    }
}

impl std::error::Error for ServerError {}

impl From<IntrospectionError> for ServerError {
    fn from(error: IntrospectionError) -> Self {
        Self::Introspection(error)
    }
}

impl From<BuildError> for ServerError {
    fn from(error: BuildError) -> Self {
        Self::Build(error)
    }
}
