//! The name of a key that follows from the key itself (RFC 7638).

use std::fmt;

use super::base64url;

/// SHA-256 over the required members of a JWK, as `cnf.jkt` names the key that a token is bound to
/// (RFC 9449 section 6.1). No secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Thumbprint([u8; 32]);

impl Thumbprint {
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

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Thumbprint(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::Thumbprint;

    #[test]
    fn only_the_canonical_spelling_of_32_bytes_is_a_thumbprint() {
        // RFC 7638 section 3.1.
        let text = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
        let thumbprint = Thumbprint::parse(text).expect("a thumbprint");
        assert_eq!(thumbprint.as_bytes().first(), Some(&0x37));
        let shortened = &text[1..];
        for text in [
            "",
            shortened,
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xt",
            "NzbLsXh8uDCcd+6MNwXF4W/7noWXFZAfHkxZsRGC9Xs",
        ] {
            assert_eq!(Thumbprint::parse(text), None, "{text}");
        }
    }
}
