//! Why a server cannot be started.

use std::{fmt, io};

use crate::{recognise::ServiceError, server::ServerError};

/// Why a server cannot be started.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened on.
    Io(io::Error),
    /// The server must not be started there.
    Server(ServerError),
    /// What it needs cannot be had.
    Service(ServiceError),
    /// It is to speak TLS, and the driver was built without its feature `https`.
    TlsUnsupported,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot listen: {error}"),
            Self::Server(error) => error.fmt(f),
            Self::Service(error) => error.fmt(f),
            Self::TlsUnsupported => {
                f.write_str("the server is to speak TLS, and this driver has no feature `https`")
            }
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Server(error) => Some(error),
            Self::Service(error) => Some(error),
            Self::TlsUnsupported => None,
        }
    }
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ServiceError> for StartError {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}

impl From<ServerError> for StartError {
    fn from(error: ServerError) -> Self {
        Self::Server(error)
    }
}
