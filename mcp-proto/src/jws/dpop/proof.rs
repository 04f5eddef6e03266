//! The claims of a proof (RFC 9449 section 4.2).

use std::fmt;

use crate::jws::json::Object;
use crate::jws::{Thumbprint, base64url, claims};
use crate::time::UnixSeconds;

/// The longest `jti`, in bytes.
pub const TOKEN_ID_BYTES_MAX: usize = 128;

/// The longest `nonce`, in bytes.
pub const NONCE_BYTES_MAX: usize = 256;

/// A proof whose signature was good.
///
/// It is authentic, and acceptable only when [`DpopRules::check`](super::DpopRules::check) says so
/// as well. There is no way to make one but [`ProofCheck::resolve`](super::ProofCheck::resolve).
/// `Debug` prints neither `jti` nor `nonce`.
#[derive(Clone, PartialEq, Eq)]
pub struct Proof {
    thumbprint: Thumbprint,
    token_id: Box<str>,
    method: Box<str>,
    target: Box<str>,
    issued_at: UnixSeconds,
    token_hash: [u8; 32],
    nonce: Option<Box<str>>,
}

impl Proof {
    /// Reads a decoded payload. All claims that a proof needs beside an access token have to be
    /// there and of the right type, `nonce` too if it is there; everything unknown is ignored.
    pub(super) fn read(json: &[u8], thumbprint: Thumbprint) -> Option<Self> {
        let claims = Object::read(json)?;
        let text = |name| claims.member(name)?.text();
        let nonce = match claims.member("nonce") {
            Some(nonce) => Some(nonce.text().filter(|nonce| nonce.len() <= NONCE_BYTES_MAX)?),
            None => None,
        };
        Some(Self {
            thumbprint,
            token_id: text("jti").filter(|id| (1..=TOKEN_ID_BYTES_MAX).contains(&id.len()))?,
            method: text("htm")?,
            target: text("htu")?,
            issued_at: claims::date(&claims, "iat").ok()??,
            token_hash: base64url::decode(&text("ath")?)?.try_into().ok()?,
            nonce,
        })
    }

    /// The key that whoever made the proof holds.
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// `jti`: the name of the proof, unique among those of its key; 1 to [`TOKEN_ID_BYTES_MAX`]
    /// bytes.
    #[must_use]
    pub fn token_id(&self) -> &str {
        &self.token_id
    }

    /// `nonce`: what the server gave out to be put here, at most [`NONCE_BYTES_MAX`] bytes.
    #[must_use]
    pub fn nonce(&self) -> Option<&str> {
        self.nonce.as_deref()
    }

    /// `iat`: when the proof was made.
    #[must_use]
    pub fn issued_at(&self) -> UnixSeconds {
        self.issued_at
    }

    /// `htm`.
    pub(super) fn method(&self) -> &str {
        &self.method
    }

    /// `htu`, as written.
    pub(super) fn target(&self) -> &str {
        &self.target
    }

    /// `ath`, decoded.
    pub(super) fn token_hash(&self) -> &[u8; 32] {
        &self.token_hash
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proof")
            .field("thumbprint", &self.thumbprint)
            .field("issued_at", &self.issued_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{NONCE_BYTES_MAX, Proof, TOKEN_ID_BYTES_MAX};
    use crate::jws::Thumbprint;
    use crate::time::UnixSeconds;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const THUMBPRINT: Thumbprint = Thumbprint::new([7; 32]);
    /// RFC 9449 section 7.1.
    const HASH: &str = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo";

    /// The claims of RFC 9449 section 7.1 with one member set to this JSON text, or taken out.
    fn with(name: &str, value: Option<&str>) -> String {
        let hash = format!(r#""{HASH}""#);
        let mut members = BTreeMap::from([
            ("jti", r#""e1j3V_bKic8-LAEB""#),
            ("htm", r#""GET""#),
            ("htu", r#""https://resource.example.org/protectedresource""#),
            ("iat", "1562262618"),
            ("ath", &hash),
        ]);
        match value {
            Some(value) => members.insert(name, value),
            None => members.remove(name),
        };
        let members: Vec<_> = members.iter().map(|(name, value)| format!(r#""{name}":{value}"#)).collect();
        format!("{{{}}}", members.join(","))
    }

    fn read(json: &str) -> Option<Proof> {
        Proof::read(json.as_bytes(), THUMBPRINT)
    }

    #[test]
    fn a_complete_set_is_read() {
        let proof = read(&with("nonce", Some(r#""n-1""#))).unwrap();
        assert_eq!(proof.thumbprint(), THUMBPRINT);
        assert_eq!(proof.token_id(), "e1j3V_bKic8-LAEB");
        assert_eq!(proof.method(), "GET");
        assert_eq!(proof.target(), "https://resource.example.org/protectedresource");
        assert_eq!(proof.issued_at(), UnixSeconds(1_562_262_618));
        assert_eq!(proof.token_hash()[..2], [0x7d, 0x41]);
        assert_eq!(proof.nonce(), Some("n-1"));
        assert_eq!(read(&with("nonce", None)).unwrap().nonce(), None);
        assert_eq!(read(&with("extra", Some("[{}]"))), read(&with("nonce", None)));
    }

    #[test]
    fn a_claim_that_is_absent_or_of_another_type_spoils_the_proof() {
        for name in ["jti", "htm", "htu", "iat", "ath"] {
            assert_eq!(read(&with(name, None)), None, "{name}");
        }
        for name in ["jti", "htm", "htu", "ath", "nonce"] {
            for value in ["null", "1", "true", r#"["a"]"#, r#"{"a":"b"}"#] {
                assert_eq!(read(&with(name, Some(value))), None, "{name}: {value}");
            }
        }
        for value in ["null", r#""1562262618""#, "true", "[1562262618]", "-1", "1e400", "253402300800"] {
            assert_eq!(read(&with("iat", Some(value))), None, "iat: {value}");
        }
        assert!(read(&with("iat", Some("253402300799"))).is_some());
    }

    #[test]
    fn names_and_nonces_have_limits() {
        let text = |bytes: usize| format!(r#""{}""#, "x".repeat(bytes));
        let table = [
            ("jti", 0, false),
            ("jti", 1, true),
            ("jti", TOKEN_ID_BYTES_MAX, true),
            ("jti", TOKEN_ID_BYTES_MAX + 1, false),
            ("nonce", 0, true),
            ("nonce", NONCE_BYTES_MAX, true),
            ("nonce", NONCE_BYTES_MAX + 1, false),
        ];
        for (name, bytes, expected) in table {
            let read = read(&with(name, Some(&text(bytes))));
            assert_eq!(read.is_some(), expected, "{name} of {bytes} bytes");
        }
    }

    #[test]
    fn the_hash_has_one_spelling() {
        let table = [
            &HASH[1..],
            &format!("{HASH}="),
            &format!("{HASH}A"),
            "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEp",
            "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQE+",
            "7d41f23b6af66770d9e7712c36b5816f4c565e868dcb9f4888a080aa4b26404a",
            "",
        ];
        for hash in table {
            assert_eq!(read(&with("ath", Some(&format!(r#""{hash}""#)))), None, "{hash}");
        }
    }

    #[test]
    fn the_document_has_to_be_strict_json() {
        let complete = with("nonce", None);
        let body = &complete[1..];
        let table = [
            String::new(),
            "[]".to_owned(),
            format!("{complete}x"),
            format!(r#"{{"htu":"https://evil.example",{body}"#),
            format!(r#"{{"\u0068tu":"https://evil.example",{body}"#),
        ];
        for json in table {
            assert_eq!(read(&json), None, "{json}");
        }
    }

    #[test]
    fn debug_prints_no_name_and_no_nonce() {
        let shown = format!("{:?}", read(&with("nonce", Some(r#""n-1""#))).unwrap());
        let expected = format!(
            "Proof {{ thumbprint: Thumbprint({}), issued_at: UnixSeconds(1562262618), .. }}",
            "07".repeat(32)
        );
        assert_eq!(shown, expected);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(json: Vec<u8>) {
            let _ = Proof::read(&json, THUMBPRINT);
        }
    }
}
