//! Base64url as JOSE writes it (RFC 7515 section 2), and only so.
//!
//! A value has exactly one spelling: no padding, no white space, no other alphabet, no bits left
//! over in the last character. Caches keyed by the text of a token rely on it.

use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, URL_SAFE_NO_PAD};
use base64::{Engine as _, alphabet};

/// The bytes that `text` may have been meant to spell, in either alphabet, padded or not; none where
/// it spells nothing at all. Only for guessing: many texts mean the same.
pub(super) fn decode_leniently(text: &str) -> Vec<u8> {
    const LENIENT: GeneralPurpose =
        GeneralPurpose::new(&alphabet::URL_SAFE, NO_PAD.with_decode_allow_trailing_bits(true));
    let text = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
    LENIENT.decode(text).unwrap_or_default()
}

/// The bytes that `text` spells, or nothing when it is not the canonical spelling of any.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::{decode, decode_leniently};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    #[test]
    fn canonical_text_is_decoded() {
        // RFC 7515 appendix C, and the test vectors of RFC 4648 section 10 without padding.
        let table: &[(&str, &[u8])] = &[
            ("A-z_4ME", &[3, 236, 255, 224, 193]),
            ("", b""),
            ("Zg", b"f"),
            ("Zm8", b"fo"),
            ("Zm9v", b"foo"),
            ("Zm9vYg", b"foob"),
            ("Zm9vYmE", b"fooba"),
            ("Zm9vYmFy", b"foobar"),
        ];
        for (text, bytes) in table {
            assert_eq!(decode(text).as_deref(), Some(*bytes), "{text}");
        }
    }

    #[test]
    fn what_was_meant_is_guessed() {
        for (text, bytes) in [
            ("Zm9vYg", &b"foob"[..]),
            ("Zm9vYg==", b"foob"),
            ("Zm9v==", b"foo"),
            ("Zm9vYh", b"foob"),
            ("A+z/4ME=", &[3, 236, 255, 224, 193]),
            ("Zm9v!", b""),
            ("", b""),
        ] {
            assert_eq!(decode_leniently(text), bytes, "{text}");
        }
    }

    #[test]
    fn any_other_spelling_is_refused() {
        let table = [
            ("Zg==", "padding"),
            ("Zg=", "half a padding"),
            ("Zh", "trailing bits"),
            ("Zm9", "trailing bits after two bytes"),
            ("A+z/4ME", "the standard alphabet"),
            ("Zm9v\n", "a line end"),
            ("Zm 9v", "a space inside"),
            (" Zm9v", "a space in front"),
            ("Z", "a single character"),
            ("Zm9vY", "five characters"),
            ("Zm9.", "a dot"),
            ("Zm9\0", "a NUL"),
            ("Zm9é", "a character that is not ASCII"),
        ];
        for (text, why) in table {
            assert_eq!(decode(text), None, "{why}");
        }
    }

    proptest! {
        #[test]
        fn what_is_decoded_encodes_to_the_same_text(text in "[A-Za-z0-9_=+/. -]{0,24}") {
            if let Some(bytes) = decode(&text) {
                prop_assert_eq!(URL_SAFE_NO_PAD.encode(bytes), text);
            }
        }

        #[test]
        fn what_is_encoded_decodes_to_the_same_bytes(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&URL_SAFE_NO_PAD.encode(&bytes)), Some(bytes));
        }
    }
}
