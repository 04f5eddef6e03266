//! What the application's authentication sees of a request.

use std::fmt;

use http::{
    HeaderMap, HeaderValue, Method, Uri,
    header::{AUTHORIZATION, AsHeaderName},
};
use mcp_proto::auth::bearer::{Credentials, classify};

use crate::peer::ClientCertificate;

/// The head of a request: method, target and header fields.
///
/// It holds the caller's credentials: do not log it. Its `Debug` form has the path and the names of the
/// fields, and neither the query nor any value.
#[derive(Clone)]
pub struct RequestHead {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    certificate: Option<ClientCertificate>,
}

impl RequestHead {
    /// A head of these parts. The server makes its own; this is for tests of a [`Verifier`](crate::Verifier).
    #[must_use]
    pub fn new(method: Method, uri: Uri, headers: HeaderMap) -> Self {
        Self { method, uri, headers, certificate: None }
    }

    /// The same head on a connection that was made with this client certificate.
    #[must_use]
    pub fn with_client_certificate(self, certificate: ClientCertificate) -> Self {
        Self { certificate: Some(certificate), ..self }
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The target: path and query.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// All header fields.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The value of the one field of this name; nothing when it is absent or repeated, because of two values
    /// a proxy in front could have judged the other.
    #[must_use]
    pub fn header(&self, name: impl AsHeaderName) -> Option<&HeaderValue> {
        let mut values = self.headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none())
    }

    /// The certificate that the client presented when the connection was made, and whose private key it proved to
    /// hold, where the server asks for one ([`ServerTls`](crate::ServerTlsBuilder::client_ca_file)): it comes from one of the
    /// authorities that the server trusts for clients. It may be another client than the one whom the credentials
    /// are of: an identity that is good with this certificate alone is
    /// [bound to it](crate::Identity::bound_to_certificate).
    #[must_use]
    pub fn client_certificate(&self) -> Option<&ClientCertificate> {
        self.certificate.as_ref()
    }

    /// The bearer token (RFC 6750 section 2.1), if the request has exactly one well-formed `Authorization`
    /// field of that scheme and no `access_token` in its query.
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        let fields = self.headers.get_all(AUTHORIZATION).iter().map(HeaderValue::as_bytes);
        match classify(fields, self.uri.query()) {
            Credentials::Bearer(token) => Some(token),
            Credentials::None
            | Credentials::Dpop(_)
            | Credentials::OtherScheme
            | Credentials::Malformed
            | Credentials::Many
            | Credentials::InQuery => None,
        }
    }
}

impl fmt::Debug for RequestHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.keys().map(http::HeaderName::as_str).collect();
        f.debug_struct("RequestHead")
            .field("method", &self.method)
            .field("path", &self.uri.path())
            .field("headers", &names)
            .finish()
    }
}
