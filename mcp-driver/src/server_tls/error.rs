//! Why there is no TLS.

use std::{fmt, io, path::PathBuf};

use super::TLS_FILE_BYTES_MAX;

/// Why connections cannot be made with these certificates and this key. Nothing of what was read is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerTlsError {
    /// The file cannot be read.
    File(PathBuf, io::ErrorKind),
    /// The file is longer than [`TLS_FILE_BYTES_MAX`].
    FileTooLong(PathBuf),
    /// There is no certificate of ours.
    CertificateMissing,
    /// A certificate of ours cannot be read.
    CertificateMalformed,
    /// There is no private key.
    KeyMissing,
    /// The private key cannot be read, or is of a kind that is not known.
    KeyMalformed,
    /// The private key is that of another certificate.
    KeyForeign,
    /// Clients are asked for certificates, and nobody is trusted to vouch for them.
    ClientAuthorityMissing,
    /// The certificate of an authority for clients cannot be read.
    ClientAuthorityMalformed,
    /// The cryptography does not have what TLS 1.2 and 1.3 need.
    Unsupported,
    /// The files could not be looked at.
    Unwatched(io::ErrorKind),
}

impl fmt::Display for ServerTlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, kind) => write!(f, "{} cannot be read: {kind}", path.display()),
            Self::FileTooLong(path) => {
                write!(f, "{} is longer than {TLS_FILE_BYTES_MAX} bytes", path.display())
            }
            Self::CertificateMissing => f.write_str("there is no certificate in the server's PEM text"),
            Self::CertificateMalformed => f.write_str("a certificate of the server cannot be read"),
            Self::KeyMissing => f.write_str("there is no private key in the server's PEM text"),
            Self::KeyMalformed => f.write_str("the server's private key cannot be read"),
            Self::KeyForeign => f.write_str("the server's private key is not that of its certificate"),
            Self::ClientAuthorityMissing => {
                f.write_str("client certificates need an authority that is trusted to vouch for them")
            }
            Self::ClientAuthorityMalformed => {
                f.write_str("the certificate of an authority for clients cannot be read")
            }
            Self::Unsupported => f.write_str("TLS 1.2 and 1.3 are not to be had"),
            Self::Unwatched(kind) => write!(f, "the TLS files could not be looked at: {kind}"),
        }
    }
}

impl std::error::Error for ServerTlsError {}
