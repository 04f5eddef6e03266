//! What is known of whoever is at the other end of a connection, before it says anything.

use std::{fmt, sync::Arc};

use mcp_proto::jws::CertificateThumbprint;

use crate::{
    handler::{CallParts, FromCall},
    interrupt::Interrupt,
    sha256::sha256,
};

/// The certificate that a client presented when its connection was made, and whose private key it proved to hold.
/// Cheap to clone.
///
/// A listener of ours takes it from its own TLS and from nowhere else. An application that makes the connections
/// itself says which certificate a request came with by an extension of this type
/// (`request.extensions_mut().insert(..)`), from its own TLS: what a header field says, anybody can say.
///
/// A verifier finds it in its [`RequestHead`](crate::RequestHead::client_certificate), a handler in its
/// [`Context`](crate::Context::client_certificate), or takes `Option<ClientCertificate>`.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCertificate(Arc<Inner>);

#[derive(PartialEq, Eq)]
struct Inner {
    der: Box<[u8]>,
    thumbprint: CertificateThumbprint,
}

impl ClientCertificate {
    /// The certificate of this DER encoding.
    pub fn new(der: impl Into<Box<[u8]>>) -> Self {
        let der = der.into();
        let thumbprint = CertificateThumbprint::new(sha256([&*der]));
        Self(Arc::new(Inner { der, thumbprint }))
    }

    /// The DER encoding.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// SHA-256 of the DER encoding, as tokens name the certificate that they are bound to (RFC 8705 section 3.1).
    #[must_use]
    pub fn thumbprint(&self) -> &CertificateThumbprint {
        &self.0.thumbprint
    }
}

/// Without the certificate itself, which may say more about a person than belongs into a log.
impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClientCertificate").field(self.thumbprint()).finish()
    }
}

/// The certificate of the connection that the call came on, where there is one.
impl FromCall for Option<ClientCertificate> {
    fn from_call(parts: &mut CallParts) -> Result<Self, Interrupt> {
        Ok(parts.certificate.clone())
    }
}

/// What is known of whoever is at the other end of a connection. Without TLS, nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Peer {
    pub(crate) certificate: Option<ClientCertificate>,
}

impl Peer {
    /// A client that presented this certificate, and proved to hold its private key.
    #[must_use]
    pub fn with_certificate(certificate: ClientCertificate) -> Self {
        Self { certificate: Some(certificate) }
    }

    /// What the handshake of a connection told, which is over.
    #[cfg(feature = "https")]
    #[must_use]
    pub fn of_tls(connection: &rustls::ServerConnection) -> Self {
        let leaf = connection.peer_certificates().and_then(|chain| chain.first());
        Self { certificate: leaf.map(|leaf| ClientCertificate::new(leaf.as_ref())) }
    }

    /// The certificate that the client presented, if it did.
    #[must_use]
    pub fn client_certificate(&self) -> Option<&ClientCertificate> {
        self.certificate.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    use super::*;

    /// RFC 8705 appendix A: a certificate, and its thumbprint.
    #[test]
    fn the_thumbprint_is_that_of_the_standard() {
        let der = "MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx\
                   ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqG\
                   SM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ\
                   /Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwID\
                   SQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOV\
                   bUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=";
        let certificate = ClientCertificate::new(STANDARD.decode(der).unwrap());
        let expected = CertificateThumbprint::parse("A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0");
        assert_eq!(Some(*certificate.thumbprint()), expected);
        assert_eq!(certificate.der().len(), 266);
        assert_eq!(format!("{certificate:?}"), format!("ClientCertificate({:?})", expected.unwrap()));
    }
}
