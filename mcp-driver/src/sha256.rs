//! SHA-256 as an array.

use ring::digest::{Context, SHA256, SHA256_OUTPUT_LEN};

/// The digest of these parts, one behind the other.
pub(crate) fn sha256<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> [u8; SHA256_OUTPUT_LEN] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut digest = [0; SHA256_OUTPUT_LEN];
    // Both have the output length of SHA-256.
    digest.copy_from_slice(context.finish().as_ref());
    digest
}
