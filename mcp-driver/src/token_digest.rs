//! What caches keep in place of a token.

use ring::digest::SHA256_OUTPUT_LEN;

use crate::sha256::sha256;

/// SHA-256 of a whole token, signature included: two tokens never share one, and no token is
/// kept (AUTH-28).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TokenDigest([u8; SHA256_OUTPUT_LEN]);

impl TokenDigest {
    pub(crate) fn of(token: &str) -> Self {
        Self(sha256([token.as_bytes()]))
    }

    pub(crate) fn bytes(self) -> [u8; SHA256_OUTPUT_LEN] {
        self.0
    }
}
