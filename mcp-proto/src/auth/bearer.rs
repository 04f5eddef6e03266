//! What credentials a request brought, judged from its head alone.

use std::fmt;

/// What a request brought to prove who it is. `Debug` does not print the token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Credentials<'h> {
    /// No `Authorization` field.
    None,
    /// One bearer token, in the only place where it may stand. Nothing but its alphabet has been
    /// judged.
    Bearer(&'h str),
    /// One token of the `DPoP` scheme (RFC 9449 section 7.1); nothing where it is not one token.
    Dpop(Option<&'h str>),
    /// One field of another scheme.
    OtherScheme,
    /// One field that no scheme can be read from, or `Bearer` followed by something that is not one
    /// token.
    Malformed,
    /// More than one `Authorization` field.
    Many,
    /// An `access_token` in the query of the target, whatever else there is.
    InQuery,
}

impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Bearer(_) => "Bearer(..)",
            Self::Dpop(_) => "Dpop(..)",
            Self::OtherScheme => "OtherScheme",
            Self::Malformed => "Malformed",
            Self::Many => "Many",
            Self::InQuery => "InQuery",
        })
    }
}

/// Classifies the values of a request's `Authorization` fields and its query (without the `?`).
/// Allocates nothing.
#[must_use]
pub fn classify<'h>(
    authorization: impl IntoIterator<Item = &'h [u8]>,
    query: Option<&str>,
) -> Credentials<'h> {
    // AUTH-04. A token in a target has already been written to somebody's log: serving it would
    // teach the habit.
    if query.is_some_and(names_access_token) {
        return Credentials::InQuery;
    }
    let mut fields = authorization.into_iter();
    // RFC6750-06. Were one of two picked, a proxy in front could have judged the other.
    match (fields.next(), fields.next()) {
        (None, _) => Credentials::None,
        (Some(field), None) => classify_field(field),
        (Some(_), Some(_)) => Credentials::Many,
    }
}

/// RFC6750-07: `credentials = auth-scheme 1*SP b64token`, of which only the scheme is
/// case-insensitive.
fn classify_field(field: &[u8]) -> Credentials<'_> {
    let (scheme, rest) = match memchr::memchr(b' ', field) {
        Some(space) => field.split_at(space),
        None => (field, &[][..]),
    };
    if !is_scheme(scheme) {
        return Credentials::Malformed;
    }
    let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
    let token = || rest.get(spaces..).and_then(b64token);
    if scheme.eq_ignore_ascii_case(b"bearer") {
        token().map_or(Credentials::Malformed, Credentials::Bearer)
    } else if scheme.eq_ignore_ascii_case(b"dpop") {
        Credentials::Dpop(token())
    } else {
        Credentials::OtherScheme
    }
}

/// RFC 9110 section 11.1: a scheme is a token (section 5.6.2).
fn is_scheme(text: &[u8]) -> bool {
    let is_token_byte = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.iter().all(is_token_byte)
}

/// RFC 6750 section 2.1: `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
fn b64token(text: &[u8]) -> Option<&str> {
    let is_token_byte =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/');
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    let (token, _) = text.split_at_checked(text.len().checked_sub(padding)?)?;
    if token.is_empty() || !token.iter().all(is_token_byte) {
        return None;
    }
    std::str::from_utf8(text).ok()
}

/// Whether `access_token` is the name of a query parameter, however it is percent-encoded.
fn names_access_token(query: &str) -> bool {
    query.split('&').any(|parameter| {
        let name = parameter.split('=').next().unwrap_or_default();
        percent_decoded(name.as_bytes()).eq(b"access_token".iter().copied())
    })
}

/// The bytes that a percent-encoded text stands for; an escape that is none stands for itself.
fn percent_decoded(mut text: &[u8]) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let (byte, rest) = match *text {
            [b'%', high, low, ref rest @ ..] => match (hex_digit(high), hex_digit(low)) {
                (Some(high), Some(low)) => (high << 4 | low, rest),
                (None, _) | (_, None) => (b'%', text.get(1..)?),
            },
            [byte, ref rest @ ..] => (byte, rest),
            [] => return None,
        };
        text = rest;
        Some(byte)
    })
}

const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Credentials, classify};
    use proptest::prelude::*;

    fn of_field(field: &str) -> Credentials<'_> {
        classify([field.as_bytes()], None)
    }

    #[test]
    fn nothing_is_nothing() {
        assert_eq!(classify([], None), Credentials::None);
        assert_eq!(classify([], Some("")), Credentials::None);
        assert_eq!(classify([], Some("a=b&token=x")), Credentials::None);
    }

    #[test]
    fn one_bearer_token_is_found() {
        let table = [
            ("Bearer abc", "abc"),
            ("bearer abc", "abc"),
            ("BEARER abc", "abc"),
            ("bEaReR abc", "abc"),
            ("Bearer  abc", "abc"),
            ("Bearer       abc", "abc"),
            ("Bearer aZ09-._~+/==", "aZ09-._~+/=="),
            ("Bearer a.b.c", "a.b.c"),
            ("Bearer Bearer", "Bearer"),
        ];
        for (field, token) in table {
            assert_eq!(of_field(field), Credentials::Bearer(token), "{field:?}");
        }
    }

    #[test]
    fn another_scheme_is_another_scheme() {
        let table = [
            "Basic dXNlcjpwYXNz",
            "Negotiate",
            "Bearers abc",
            "BearerX abc",
            "Bear abc",
            "Digest username=\"a\", realm=\"b\"",
            "Basic abc, Bearer def",
        ];
        for field in table {
            assert_eq!(of_field(field), Credentials::OtherScheme, "{field:?}");
        }
    }

    #[test]
    fn a_token_that_comes_with_a_proof_is_told_from_a_bearer_token() {
        let table = [
            ("DPoP abc", Some("abc")),
            ("dpop  a.b.c", Some("a.b.c")),
            ("DPoP", None),
            ("DPoP ", None),
            ("DPoP a b", None),
            ("DPoP abc, Bearer def", None),
        ];
        for (field, token) in table {
            assert_eq!(of_field(field), Credentials::Dpop(token), "{field:?}");
        }
    }

    #[test]
    fn anything_that_is_not_exactly_one_token_is_malformed() {
        let table = [
            "",
            " ",
            "Bearer",
            "Bearer ",
            "Bearer   ",
            "Bearer =",
            "Bearer ====",
            "Bearer a=b",
            "Bearer =abc",
            "Bearer abc ",
            "Bearer abc def",
            "Bearer abc,def",
            "Bearer abc, Bearer def",
            "Bearer abc, Basic def",
            "Bearer, abc",
            "Bearer\tabc",
            "Bearer \tabc",
            "Bearer abc\t",
            "\tBearer abc",
            " Bearer abc",
            "Bearer: abc",
            "Bearer=abc",
            "Bearer \"abc\"",
            "Bearer token=abc",
            "Bearer a;b",
            "Bearer a%20b",
            "Bearer a\0b",
            "Bearer a\r\nb",
            "Bearer ab\u{e9}",
            "B\u{e9}arer abc",
            ", Bearer abc",
        ];
        for field in table {
            assert_eq!(of_field(field), Credentials::Malformed, "{field:?}");
        }
        assert_eq!(classify([&b"Bearer a\xff"[..]], None), Credentials::Malformed);
    }

    #[test]
    fn every_byte_outside_the_alphabet_spoils_a_token() {
        for byte in 0..=u8::MAX {
            let field = [b"Bearer a", &[byte][..], b"z"].concat();
            let permitted = byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
            let judged = classify([field.as_slice()], None);
            assert_eq!(matches!(judged, Credentials::Bearer(_)), permitted, "{byte:#x}");
        }
    }

    #[test]
    fn two_fields_are_many_whatever_they_say() {
        let table = [
            ["Bearer abc", "Bearer abc"],
            ["Bearer abc", "Bearer def"],
            ["Bearer abc", "Basic def"],
            ["Basic abc", "Bearer def"],
            ["Bearer abc", ""],
            ["", ""],
        ];
        for fields in table {
            let judged = classify(fields.map(str::as_bytes), None);
            assert_eq!(judged, Credentials::Many, "{fields:?}");
        }
    }

    #[test]
    fn a_token_in_the_query_outweighs_the_header() {
        let table = [
            "access_token=abc",
            "access_token=",
            "access_token",
            "a=b&access_token=abc",
            "access_token=abc&a=b",
            "&&access_token=abc",
            "access%5Ftoken=abc",
            "access%5ftoken=abc",
            "%61%63%63%65%73%73%5F%74%6F%6B%65%6E=abc",
            "access_token=a=b",
        ];
        for query in table {
            let without: [&[u8]; 0] = [];
            assert_eq!(classify(without, Some(query)), Credentials::InQuery, "{query}");
            let with: [&[u8]; 1] = [b"Bearer abc"];
            assert_eq!(classify(with, Some(query)), Credentials::InQuery, "{query}");
            let twice: [&[u8]; 2] = [b"Bearer abc", b"Bearer def"];
            assert_eq!(classify(twice, Some(query)), Credentials::InQuery, "{query}");
        }
    }

    #[test]
    fn other_parameters_are_no_token() {
        let table = [
            "",
            "a=access_token",
            "xaccess_token=abc",
            "access_tokenx=abc",
            "access_toke=abc",
            "ACCESS_TOKEN=abc",
            "access%255Ftoken=abc",
            "access%5token=abc",
            "access%5gtoken=abc",
            "access_token%=abc",
            "access_token%5=abc",
            "=access_token",
        ];
        for query in table {
            let judged = classify([&b"Bearer abc"[..]], Some(query));
            assert_eq!(judged, Credentials::Bearer("abc"), "{query}");
        }
    }

    #[test]
    fn debug_does_not_print_the_token() {
        let shown = format!("{:?}", of_field("Bearer s3cret"));
        assert_eq!(shown, "Bearer(..)");
        let table = [
            (Credentials::None, "None"),
            (Credentials::Dpop(Some("s3cret")), "Dpop(..)"),
            (Credentials::OtherScheme, "OtherScheme"),
            (Credentials::Malformed, "Malformed"),
            (Credentials::Many, "Many"),
            (Credentials::InQuery, "InQuery"),
        ];
        for (credentials, name) in table {
            assert_eq!(format!("{credentials:?}"), name);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(fields: Vec<Vec<u8>>, query: Option<String>) {
            let _ = classify(fields.iter().map(Vec::as_slice), query.as_deref());
        }

        #[test]
        fn any_escapes_are_survived(query in "[%0-9a-f&=_token]{0,40}") {
            let _ = classify([], Some(&query));
        }

        #[test]
        fn only_the_spelled_out_grammar_yields_a_token(field in "[Bb]earer? {0,2}[a-c=,. \t]{0,6}") {
            let expected = field
                .strip_prefix("Bearer ")
                .or_else(|| field.strip_prefix("bearer "))
                .map(|rest| rest.trim_start_matches(' '))
                .filter(|token| !token.trim_end_matches('=').is_empty())
                .filter(|token| !token.trim_end_matches('=').contains(['=', ',', ' ', '\t']));
            let found = match of_field(&field) {
                Credentials::Bearer(token) => Some(token),
                _ => None,
            };
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn the_name_is_compared_after_decoding(escaped in proptest::collection::vec(any::<bool>(), 12)) {
            let spelled: String = "access_token"
                .bytes()
                .zip(escaped)
                .map(|(byte, escaped)| match escaped {
                    true => format!("%{byte:02X}"),
                    false => char::from(byte).to_string(),
                })
                .collect();
            prop_assert_eq!(classify([], Some(&format!("{spelled}=x"))), Credentials::InQuery);
        }
    }

    #[test]
    fn an_escape_stands_for_one_byte_and_the_name_is_compared_byte_for_byte() {
        for (query, is_named) in [
            ("%61%63%63%65%73%73%5F%74%6f%6B%65%6E=x", true),
            ("%41ccess_token=x", false),
            ("%31ccess_token=x", false),
            ("access%3Ftoken=x", false),
            ("access%5ftoken", true),
            ("%access_token=x", false),
        ] {
            assert_eq!(classify([], Some(query)) == Credentials::InQuery, is_named, "{query}");
        }
    }
}
