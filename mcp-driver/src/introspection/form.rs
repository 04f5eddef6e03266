//! `application/x-www-form-urlencoded`, as RFC 6749 appendix B says it.

use std::fmt::Write as _;

/// A name or a value of a form. Everything but letters, digits and `* - . _` is escaped; a space is a plus.
pub(super) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            _ => {
                // Writing to a string cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn the_example_of_rfc_6749_appendix_b() {
        assert_eq!(encoded(" %&+\u{a3}\u{20ac}"), "+%25%26%2B%C2%A3%E2%82%AC");
    }

    #[test]
    fn what_separates_is_escaped_and_what_does_not_is_left() {
        let table = [
            ("", ""),
            ("azAZ09*-._", "azAZ09*-._"),
            ("a:b", "a%3Ab"),
            ("a=b&c", "a%3Db%26c"),
            ("a/b~c", "a%2Fb%7Ec"),
            ("\r\n\0", "%0D%0A%00"),
        ];
        for (text, expected) in table {
            assert_eq!(encoded(text), expected);
        }
    }
}
