//! What caches keep in place of a token.

use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};

/// SHA-256 of a whole token, signature included: two tokens never share one, and no token is kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TokenDigest([u8; SHA256_OUTPUT_LEN]);

impl TokenDigest {
    pub(crate) fn of(token: &str) -> Self {
        let mut bytes = [0; SHA256_OUTPUT_LEN];
        // Both have the output length of SHA-256.
        bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        Self(bytes)
    }

    pub(crate) fn bytes(self) -> [u8; SHA256_OUTPUT_LEN] {
        self.0
    }
}
