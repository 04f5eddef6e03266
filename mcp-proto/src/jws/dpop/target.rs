//! The URL that a proof is for, in one spelling (RFC 3986 sections 6.2.2 and 6.2.3).

use crate::origin::{self, Scheme};

/// An `http` or `https` URL without query and fragment, normalised.
///
/// Scheme and host are in lower case, the port of the scheme is left out, an empty path is `/`, dot
/// segments are resolved, and only what needs it is percent-encoded, with upper-case digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    text: Box<str>,
    secure: bool,
}

impl Target {
    /// `None` for other schemes, user information, and what is no URL.
    pub(super) fn parse(url: &str) -> Option<Self> {
        let url = without_query(url);
        let authority_start = url.find("://")?.checked_add("://".len())?;
        let (scheme, rest) = url.split_at_checked(authority_start)?;
        let (authority, path) = rest.split_at_checked(rest.find('/').unwrap_or(rest.len()))?;
        // A port may be empty, and is the default one then.
        let authority = authority.strip_suffix(':').unwrap_or(authority);
        let origin = origin::parse_origin(&format!("{scheme}{authority}"))?;
        let (prefix, default_port) = match origin.scheme {
            Scheme::Https => ("https://", 443),
            Scheme::Http => ("http://", 80),
        };
        let mut text = String::from(prefix);
        if origin.host.contains(':') {
            text.extend(["[", &origin.host, "]"]);
        } else {
            text.push_str(&origin.host);
        }
        if origin.port != default_port {
            text.extend([":", &origin.port.to_string()]);
        }
        text.push_str(&without_dot_segments(&decoded_where_plain(path)?));
        let secure = origin.scheme == Scheme::Https || origin::is_loopback_host(&origin.host);
        Some(Self { text: text.into(), secure })
    }

    /// Whether nobody can listen in on requests to it: `https`, or `http` on this machine.
    pub(super) fn is_secure(&self) -> bool {
        self.secure
    }

    /// The normalised URL.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether `url` is this one, spelt in the normal form: what clients send, and cheaper to see
    /// than to parse.
    pub(super) fn is_spelt(&self, url: &str) -> bool {
        without_query(url) == &*self.text
    }
}

/// RFC 9449 section 4.3: query and fragment are ignored.
fn without_query(url: &str) -> &str {
    url.find(['?', '#']).and_then(|end| url.get(..end)).unwrap_or(url)
}

/// The path with every unreserved character as itself and every other escape in upper case; `None`
/// when it has a character that a path cannot have.
fn decoded_where_plain(path: &str) -> Option<String> {
    let mut plain = String::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            plain.push(is_path_byte(byte).then_some(char::from(byte))?);
            continue;
        }
        let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
        let escaped = high << 4 | low;
        if is_unreserved(escaped) {
            plain.push(char::from(escaped));
        } else {
            plain.push_str(&format!("%{escaped:02X}"));
        }
    }
    Some(plain)
}

/// The value of a hexadecimal digit.
fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16)?.try_into().ok()
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn is_path_byte(byte: u8) -> bool {
    is_unreserved(byte)
        || matches!(byte, b'/' | b':' | b'@' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')')
        || matches!(byte, b'*' | b'+' | b',' | b';' | b'=')
}

/// RFC 3986 section 5.2.4, for a path that is empty or begins with a slash.
fn without_dot_segments(path: &str) -> String {
    let mut kept = Vec::new();
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = segments.next() {
        let dots = matches!(segment, "." | "..");
        if segment == ".." {
            kept.pop();
        }
        if !dots {
            kept.push(segment);
        } else if segments.peek().is_none() {
            // What dots at the end leave is a directory, and ends with a slash.
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::Target;
    use proptest::prelude::*;

    fn normal(url: &str) -> Option<String> {
        Target::parse(url).map(|target| target.as_str().to_owned())
    }

    #[test]
    fn equivalent_spellings_have_one_normal_form() {
        let table = [
            // RFC 3986 section 6.2.3.
            ("http://example.com", "http://example.com/"),
            ("http://example.com/", "http://example.com/"),
            ("http://example.com:/", "http://example.com/"),
            ("http://example.com:80/", "http://example.com/"),
            // RFC 3986 sections 6.2.2, 6.2.2.1 and 6.2.2.2.
            ("https://a/b/c/%7Bfoo%7D", "https://a/b/c/%7Bfoo%7D"),
            ("hTTPs://a/./b/../b/%63/%7bfoo%7d", "https://a/b/c/%7Bfoo%7D"),
            ("HTTP://www.EXAMPLE.com/", "http://www.example.com/"),
            ("https://a/%3a", "https://a/%3A"),
            ("https://a/%7Euser%2D%2e%5F%41", "https://a/~user-._A"),
            // RFC 3986 section 5.2.4.
            ("https://a/b/c/./../../g", "https://a/g"),
            ("https://a/b/c/%2E%2e/g", "https://a/b/g"),
            // RFC 3986 section 5.4, as resolved.
            ("https://a/b/c/.", "https://a/b/c/"),
            ("https://a/b/c/..", "https://a/b/"),
            ("https://a/../../../g", "https://a/g"),
            ("https://a/b/c/g;x=1/../y", "https://a/b/c/y"),
            ("https://a/b/c/..g", "https://a/b/c/..g"),
            ("https://a/b/c/g..", "https://a/b/c/g.."),
            // RFC 9449 section 4.3.
            ("https://mcp.example/mcp?a=b", "https://mcp.example/mcp"),
            ("https://mcp.example/mcp#f?g", "https://mcp.example/mcp"),
            ("https://mcp.example?a=/b", "https://mcp.example/"),
            ("https://mcp.example:443/mcp", "https://mcp.example/mcp"),
            ("https://mcp.example:0443/mcp", "https://mcp.example/mcp"),
            ("https://mcp.example:80/mcp", "https://mcp.example:80/mcp"),
            ("https://mcp.example:8443/mcp", "https://mcp.example:8443/mcp"),
            ("https://[0:0::1]:443/mcp", "https://[::1]/mcp"),
            ("https://[::1]:9/mcp", "https://[::1]:9/mcp"),
        ];
        for (url, expected) in table {
            assert_eq!(normal(url).as_deref(), Some(expected), "{url}");
        }
    }

    #[test]
    fn what_differs_stays_different() {
        let ours = normal("https://mcp.example/mcp");
        assert!(ours.is_some());
        let table = [
            "http://mcp.example/mcp",
            "https://mcp.example/mcp/",
            "https://mcp.example/MCP",
            "https://mcp.example//mcp",
            "https://mcp.example/%2Fmcp",
            "https://mcp.example./mcp",
            "https://mcp.example:444/mcp",
            "https://mcp.example.evil.example/mcp",
            "https://evil.example/https://mcp.example/mcp",
        ];
        for url in table {
            let other = normal(url);
            assert!(other.is_some(), "{url}");
            assert_ne!(other, ours, "{url}");
        }
    }

    #[test]
    fn what_is_no_url_for_http_is_not_read() {
        let table = [
            "",
            "/mcp",
            "//mcp.example/mcp",
            "mcp.example/mcp",
            "https:/mcp.example/mcp",
            "https://",
            "https:///mcp",
            "https://?a",
            "ftp://mcp.example/mcp",
            "wss://mcp.example/mcp",
            " https://mcp.example/mcp",
            "https://mcp.example/mcp ",
            "https://mcp.example/m cp",
            "https://mcp.example/m\u{e9}p",
            "https://mcp.example/mcp\0",
            "https://mcp.example\\mcp",
            "https://mcp.example/a\\b",
            "https://user@mcp.example/mcp",
            "https://user:pass@mcp.example/mcp",
            "https://mcp.example@evil.example/mcp",
            "https://mcp.example:65536/mcp",
            "https://mcp.example::/mcp",
            "https://mcp.example:x/mcp",
            "https://::1/mcp",
            "https://mcp.example/%",
            "https://mcp.example/%4",
            "https://mcp.example/%4g",
            "https://mcp.example/%+4",
        ];
        for url in table {
            assert_eq!(normal(url), None, "{url}");
        }
    }

    #[test]
    fn only_https_and_this_machine_are_secure() {
        let table = [
            ("https://mcp.example/", true),
            ("http://localhost:8080/", true),
            ("http://127.0.0.1/", true),
            ("http://[::1]:3000/", true),
            ("http://mcp.example/", false),
            ("http://10.0.0.1/", false),
            ("http://localhost.evil.example/", false),
        ];
        for (url, expected) in table {
            assert_eq!(Target::parse(url).map(|target| target.is_secure()), Some(expected), "{url}");
        }
    }

    proptest! {
        #[test]
        fn a_normal_form_is_its_own(url in "[hH]ttps?://[a-zA-Z.]{1,6}(:[0-9]{0,3})?(/[a-z.%2EeFf]{0,4}){0,5}[?]?") {
            if let Some(text) = normal(&url) {
                prop_assert_eq!(normal(&text), Some(text.clone()));
                let target = Target::parse(&url);
                prop_assert!(target.is_some_and(|target| target.is_spelt(&text)));
            }
        }

        #[test]
        fn any_text_is_survived(url: String, path in "https://a/\\PC{0,20}") {
            let _ = (Target::parse(&url), Target::parse(&path));
        }
    }
}
