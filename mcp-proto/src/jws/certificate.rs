//! The name of a certificate that follows from the certificate itself (RFC 8705 section 3.1).

use std::fmt;

use super::base64url;

/// SHA-256 over the DER encoding of an X.509 certificate, as `cnf.x5t#S256` names the certificate that a token is
/// bound to. No secret.
///
/// It is made from the certificate that a client presented when its connection was made, and whose private key it
/// thereby proved to hold; never from anything that a request says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificateThumbprint([u8; 32]);

impl CertificateThumbprint {
    /// A thumbprint that was computed.
    #[must_use]
    pub const fn new(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// A thumbprint as a token has it: 43 characters of canonical base64url.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        base64url::decode(text)?.try_into().ok().map(Self)
    }

    /// The digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for CertificateThumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CertificateThumbprint(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::CertificateThumbprint;

    #[test]
    fn only_the_canonical_spelling_of_32_bytes_is_a_thumbprint() {
        // RFC 8705 appendix A.
        let text = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";
        let thumbprint = CertificateThumbprint::parse(text).expect("a thumbprint");
        assert_eq!(thumbprint.as_bytes().first(), Some(&0x03));
        let shown = "CertificateThumbprint(0380ed2f626650c840b2f263e6d2b29fae12ab39ae5db32b25ad27efad72e6fd)";
        assert_eq!(format!("{thumbprint:?}"), shown);
        let shortened = &text[1..];
        for text in [
            "",
            shortened,
            "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0=",
            // Made up, in section 3.1, with two bits that no encoder writes.
            "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2",
            "bwcK0esc3ACC3DB2Y5/lESsXE8o9ltc05O89jdN+dg0",
            "0380ed2f626650c840b2f263e6d2b29fae12ab39ae5db32b25ad27efad72e6fd",
        ] {
            assert_eq!(CertificateThumbprint::parse(text), None, "{text}");
        }
    }
}
