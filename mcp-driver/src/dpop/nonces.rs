//! Nonces that nobody has to remember (RFC 9449 sections 8 and 9).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp_proto::UnixSeconds;
use ring::hmac;

/// How long one nonce is handed out, in seconds. It is accepted for so long again, so that a client always has
/// at least this time to use one.
pub(crate) const NONCE_EPOCH_SECONDS: u64 = 60;

/// A number of eight bytes.
const EPOCH_BYTES: usize = 8;

/// Makes nonces and knows them again.
///
/// A nonce is the number of its epoch and an HMAC-SHA256 over that, in base64url. It is the same for every
/// client and tells nothing but the time. Servers that share the secret know each other's.
#[derive(Clone)]
pub(crate) struct Nonces {
    key: hmac::Key,
}

impl Nonces {
    /// Nonces under this secret, which has to be random.
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, secret) }
    }

    /// The nonce of this time: 54 visible ASCII characters.
    pub(crate) fn fresh(&self, now: UnixSeconds) -> String {
        let epoch = epoch(now).to_be_bytes();
        let tag = hmac::sign(&self.key, &epoch);
        URL_SAFE_NO_PAD.encode([epoch.as_slice(), tag.as_ref()].concat())
    }

    /// Whether the nonce is ours, and of this epoch or the one before. Tags are compared in constant time.
    pub(crate) fn is_current(&self, nonce: &str, now: UnixSeconds) -> bool {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(nonce) else {
            return false;
        };
        let Some((number, tag)) = bytes.split_first_chunk::<EPOCH_BYTES>() else {
            return false;
        };
        let age = epoch(now).checked_sub(u64::from_be_bytes(*number));
        age.is_some_and(|epochs| epochs <= 1) && hmac::verify(&self.key, number, tag).is_ok()
    }
}

fn epoch(now: UnixSeconds) -> u64 {
    now.0 / NONCE_EPOCH_SECONDS
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixSeconds = UnixSeconds(6_000);

    fn nonces() -> Nonces {
        Nonces::new(&[5; 32])
    }

    #[test]
    fn a_nonce_is_accepted_in_its_epoch_and_the_next() {
        let table = [
            (5_999, false),
            (6_000, true),
            (6_059, true),
            (6_060, true),
            (6_119, true),
            (6_120, false),
            (u64::MAX, false),
            (0, false),
        ];
        let nonce = nonces().fresh(NOW);
        for (now, expected) in table {
            assert_eq!(nonces().is_current(&nonce, UnixSeconds(now)), expected, "{now}");
        }
        assert_eq!(nonces().fresh(UnixSeconds(6_059)), nonce);
        assert_ne!(nonces().fresh(UnixSeconds(6_060)), nonce);
    }

    #[test]
    fn a_nonce_is_fit_for_a_field_and_for_a_proof() {
        let nonce = nonces().fresh(UnixSeconds(u64::MAX));
        assert_eq!(nonce.len(), 54);
        assert!(nonce.len() <= mcp_proto::jws::dpop::NONCE_BYTES_MAX);
        // RFC 9449 section 8.1: NQCHAR.
        assert!(nonce.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')));
    }

    #[test]
    fn nobody_else_can_make_one() {
        let nonce = nonces().fresh(NOW);
        let bytes = URL_SAFE_NO_PAD.decode(&nonce).unwrap();
        for position in 0..bytes.len() {
            for bit in 0..8 {
                let mut forged = bytes.clone();
                forged[position] ^= 1 << bit;
                assert!(!nonces().is_current(&URL_SAFE_NO_PAD.encode(forged), NOW), "{position}: {bit}");
            }
        }
        assert!(!Nonces::new(&[6; 32]).is_current(&nonce, NOW));
        for length in 0..bytes.len() {
            assert!(!nonces().is_current(&URL_SAFE_NO_PAD.encode(&bytes[..length]), NOW), "{length}");
        }
        for other in [format!("{nonce}="), format!("{nonce}AA"), format!(" {nonce}"), "n\u{e9}".to_owned()] {
            assert!(!nonces().is_current(&other, NOW), "{other}");
        }
    }
}
