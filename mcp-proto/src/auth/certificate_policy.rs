//! Tokens that only connections of their owner can use (RFC 8705 section 3): whether there have to be others.

/// What is made of tokens that are bound to a client certificate (`cnf` with `x5t#S256`).
///
/// Without this policy nothing is said about them, and they are good on connections that were made with their
/// certificate, and on no others. With it, the metadata says so too
/// (`tls_client_certificate_bound_access_tokens`, RFC 9728 section 2).
///
/// A connection has a certificate where the server asks for one in the handshake. Whether it is one that
/// anybody vouches for, is that server's to judge: here it counts that the token names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CertificatePolicy {
    is_required: bool,
}

impl CertificatePolicy {
    /// Bound tokens are accepted, and others too.
    #[must_use]
    pub const fn allowed() -> Self {
        Self { is_required: false }
    }

    /// Only bound tokens are accepted.
    #[must_use]
    pub const fn required() -> Self {
        Self { is_required: true }
    }

    /// Whether tokens that are bound to no certificate are refused.
    #[must_use]
    pub const fn is_required(self) -> bool {
        self.is_required
    }
}
