//! The compact serialization: three non-empty base64url segments with dots between (RFC 7515
//! section 3.1).

use std::fmt;

use super::{Denial, base64url};

/// A token in its three parts, decoded but not yet believed. `Debug` prints none of its bytes.
pub struct Compact<'t> {
    message: &'t [u8],
    header: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'t> Compact<'t> {
    /// Splits and decodes a token of at most `bytes_max` bytes.
    ///
    /// An encrypted token has five segments (RFC 7516 section 3.1) and is refused here; the JSON
    /// serializations have none.
    ///
    /// # Errors
    /// [`Denial::TooLong`] before anything else is looked at, [`Denial::Malformed`] when there are
    /// not exactly three non-empty segments in canonical base64url.
    pub fn split(token: &'t str, bytes_max: usize) -> Result<Self, Denial> {
        if token.len() > bytes_max {
            return Err(Denial::TooLong);
        }
        // A fourth segment would leave a dot in the payload, and no dot survives decoding.
        let (message, signature) = token.rsplit_once('.').ok_or(Denial::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(Denial::Malformed)?;
        Ok(Self {
            message: message.as_bytes(),
            header: segment(header)?,
            payload: segment(payload)?,
            signature: segment(signature)?,
        })
    }

    /// The bytes that were signed: header and payload as written, with the dot between.
    #[must_use]
    pub fn message(&self) -> &'t [u8] {
        self.message
    }

    /// The decoded header.
    #[must_use]
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// The decoded signature.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// The decoded payload. For this module tree alone: outside it, a payload is read after its
    /// signature.
    pub(super) fn payload(&self) -> &[u8] {
        &self.payload
    }
}

impl fmt::Debug for Compact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compact").finish_non_exhaustive()
    }
}

fn segment(text: &str) -> Result<Vec<u8>, Denial> {
    if text.is_empty() {
        return Err(Denial::Malformed);
    }
    base64url::decode(text).ok_or(Denial::Malformed)
}

#[cfg(test)]
mod tests {
    use super::{Compact, Denial};
    use proptest::prelude::*;
    use proptest::sample::Index;

    type Segments = (Vec<u8>, Vec<u8>, Vec<u8>);

    fn split(token: &str) -> Result<Segments, Denial> {
        let compact = Compact::split(token, 4096)?;
        Ok((compact.header, compact.payload, compact.signature))
    }

    #[test]
    fn three_segments_are_decoded_and_the_first_two_are_the_message() {
        let compact = Compact::split("Zm9v.YmFy.Zg", 4096).unwrap();
        assert_eq!(compact.header(), b"foo");
        assert_eq!(compact.payload(), b"bar");
        assert_eq!(compact.signature(), b"f");
        assert_eq!(compact.message(), b"Zm9v.YmFy");
    }

    #[test]
    fn anything_but_three_non_empty_canonical_segments_is_malformed() {
        let table = [
            "",
            ".",
            "..",
            "...",
            "Zm9v",
            "Zm9v.YmFy",
            "Zm9v.YmFy.",
            "Zm9v..Zg",
            ".YmFy.Zg",
            "Zm9v.YmFy.Zg.",
            ".Zm9v.YmFy.Zg",
            "Zm9v.YmFy.Zg.Zg",
            "Zm9v.YmFy.Zg.Zg.Zg",
            "Zm9v.YmFy.Zg==",
            "Zm9v.YmFy.Zh",
            "Zh.YmFy.Zg",
            "Zm9v.Zh.Zg",
            "Zm9v. YmFy.Zg",
            "Zm9v.YmFy.Zg\n",
            r#"{"payload":"Zm9v","signature":"Zg"}"#,
        ];
        for token in table {
            assert_eq!(split(token), Err(Denial::Malformed), "{token:?}");
        }
    }

    #[test]
    fn the_length_is_judged_before_the_shape() {
        let token = "Zm9v.YmFy.Zg";
        assert!(Compact::split(token, token.len()).is_ok());
        assert_eq!(Compact::split(token, token.len() - 1).unwrap_err(), Denial::TooLong);
        assert_eq!(Compact::split("....", 3).unwrap_err(), Denial::TooLong);
    }

    #[test]
    fn debug_prints_no_token_bytes() {
        let shown = format!("{:?}", Compact::split("Zm9v.YmFy.Zg", 4096).unwrap());
        assert_eq!(shown, "Compact { .. }");
    }

    fn part() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(any::<u8>(), 1..40)
    }

    fn spell((header, payload, signature): &Segments) -> String {
        use base64::Engine as _;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
        let segments = [header, payload, signature].map(|bytes| BASE64URL.encode(bytes));
        segments.join(".")
    }

    proptest! {
        #[test]
        fn a_token_has_one_spelling(
            segments in (part(), part(), part()),
            at: Index,
            replacement in "[ -~]",
        ) {
            let token = spell(&segments);
            let original = Ok(segments);
            prop_assert_eq!(&split(&token), &original);

            let at = at.index(token.len());
            let (before, after) = token.split_at(at);
            let others = [
                format!("{before}{replacement}{}", &after[1..]),
                format!("{before}{}", &after[1..]),
                format!("{before}{replacement}{after}"),
                format!("{token}{replacement}"),
            ];
            for other in others {
                if other != token {
                    prop_assert_ne!(&split(&other), &original, "{}", other);
                }
            }
        }

        #[test]
        fn what_is_split_spells_the_same_token(token in "[A-Za-z0-9_.=-]{0,30}") {
            if let Ok(segments) = split(&token) {
                prop_assert_eq!(spell(&segments), token);
            }
        }
    }
}
