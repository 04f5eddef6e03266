//! The URLs that something may be fetched from.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use http::{Uri, uri::Scheme};

/// The longest URL that is fetched from, in bytes.
pub const FETCH_URL_BYTES_MAX: usize = 2048;

const HTTPS_PORT: u16 = 443;
const HTTP_PORT: u16 = 80;

/// A URL that something may be fetched from: `https`, or `http` on a loopback host; with neither user
/// information nor fragment. `Debug` and `Display` leave the query out.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FetchUrl(Uri);

impl FetchUrl {
    /// Judges a URL. A loopback host is `localhost`, an address of `127.0.0.0/8`, or `[::1]`.
    ///
    /// # Errors
    /// See [`FetchUrlError`].
    pub fn parse(url: &str) -> Result<Self, FetchUrlError> {
        if url.len() > FETCH_URL_BYTES_MAX {
            return Err(FetchUrlError::TooLong);
        }
        // The parser below drops fragments, and who writes one expects it to matter. It lets text beyond
        // ASCII through, which a request line cannot carry.
        if url.contains('#') || !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(FetchUrlError::Malformed);
        }
        let uri: Uri = url.parse().map_err(|_| FetchUrlError::Malformed)?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(FetchUrlError::Malformed);
        };
        if authority.as_str().contains('@') {
            return Err(FetchUrlError::UserInformation);
        }
        let host = authority.host();
        let plain = match authority.port_u16() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        // An empty port and one out of range are what the parser lets through.
        if authority.as_str() != plain || authority.port_u16() == Some(0) || !is_host(host) {
            return Err(FetchUrlError::Malformed);
        }
        // SBP-18: nobody can read or change on the way what never leaves this machine.
        if *scheme == Scheme::HTTPS || (*scheme == Scheme::HTTP && is_loopback(host)) {
            Ok(Self(uri))
        } else {
            Err(FetchUrlError::Insecure)
        }
    }

    /// The URL as it was written.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.0
    }

    /// Whether the scheme is `https`; it is `http` otherwise, and the host a loopback host.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.scheme() == Some(&Scheme::HTTPS)
    }

    /// The host to connect to: a name or an address, an IPv6 address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        without_brackets(self.0.host().unwrap_or_default())
    }

    /// The port to connect to.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port_u16().unwrap_or(self.default_port())
    }

    pub(super) fn default_port(&self) -> u16 {
        if self.is_https() { HTTPS_PORT } else { HTTP_PORT }
    }

    /// Host and port as they were written.
    pub(super) fn authority(&self) -> &str {
        self.0.authority().map_or("", |authority| authority.as_str())
    }

    /// Scheme, host and port.
    pub(super) fn origin(&self) -> String {
        let scheme = if self.is_https() { "https" } else { "http" };
        format!("{scheme}://{}", self.authority())
    }

    /// Whether both have the same scheme, host and port (RFC 6454 section 5).
    #[must_use]
    pub fn is_same_origin(&self, other: &Self) -> bool {
        self.is_https() == other.is_https()
            && self.host().eq_ignore_ascii_case(other.host())
            && self.port() == other.port()
    }
}

impl fmt::Display for FetchUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.0.path())
    }
}

impl fmt::Debug for FetchUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FetchUrl({self})")
    }
}

/// A bracketed IPv6 address, an IPv4 address, or what can be a name in the DNS.
fn is_host(host: &str) -> bool {
    let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    match host.strip_prefix('[') {
        Some(_) => without_brackets(host).parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(is_name_byte),
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback())
        || without_brackets(host).parse() == Ok(Ipv6Addr::LOCALHOST)
}

fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// Why nothing is fetched from a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchUrlError {
    /// More than [`FETCH_URL_BYTES_MAX`] bytes.
    TooLong,
    /// Not an absolute URL, or one with a fragment, with a host or port that is none, or with characters
    /// that no URL has.
    Malformed,
    /// A user name or a password in front of the host.
    UserInformation,
    /// Neither `https` nor `http` on a loopback host.
    Insecure,
}

impl fmt::Display for FetchUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the URL is longer than 2048 bytes",
            Self::Malformed => "the URL is malformed",
            Self::UserInformation => "the URL has a user name or a password",
            Self::Insecure => "the URL is neither https nor http on a loopback host",
        })
    }
}

impl std::error::Error for FetchUrlError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_anywhere_and_http_on_loopback_are_fetched() {
        let table = [
            ("https://id.example/jwks", Ok(())),
            ("HTTPS://ID.EXAMPLE/jwks", Ok(())),
            ("https://id.example:8443/realms/a/certs?x=1", Ok(())),
            ("https://localhost/jwks", Ok(())),
            ("https://10.0.0.1/", Ok(())),
            ("https://[2001:db8::1]:8443/", Ok(())),
            ("https://under_score.example./", Ok(())),
            ("http://localhost/jwks", Ok(())),
            ("http://LOCALHOST:8080/jwks", Ok(())),
            ("HTTP://localhost/jwks", Ok(())),
            ("http://127.0.0.1:9000/realms/a/certs?x=1", Ok(())),
            ("http://127.255.255.254/", Ok(())),
            ("http://[::1]:1/", Ok(())),
            ("http://[0:0:0:0:0:0:0:1]:65535", Ok(())),
            ("http://id.example/jwks", Err(FetchUrlError::Insecure)),
            ("ftp://localhost/jwks", Err(FetchUrlError::Insecure)),
            ("httpss://id.example/jwks", Err(FetchUrlError::Insecure)),
            ("http://localhost.id.example/", Err(FetchUrlError::Insecure)),
            ("http://localhost./", Err(FetchUrlError::Insecure)),
            ("http://127.0.0.1.id.example/", Err(FetchUrlError::Insecure)),
            ("http://128.0.0.1/", Err(FetchUrlError::Insecure)),
            ("http://0.0.0.0/", Err(FetchUrlError::Insecure)),
            ("http://127.1/", Err(FetchUrlError::Insecure)),
            ("http://0177.0.0.1/", Err(FetchUrlError::Insecure)),
            ("http://2130706433/", Err(FetchUrlError::Insecure)),
            ("http://169.254.169.254/", Err(FetchUrlError::Insecure)),
            ("http://[::]/", Err(FetchUrlError::Insecure)),
            ("http://[::2]/", Err(FetchUrlError::Insecure)),
            ("http://[::ffff:127.0.0.1]/", Err(FetchUrlError::Insecure)),
            ("http://localhost@id.example/", Err(FetchUrlError::UserInformation)),
            ("https://localhost@id.example/", Err(FetchUrlError::UserInformation)),
            ("http://user@localhost/", Err(FetchUrlError::UserInformation)),
            ("https://user:password@127.0.0.1/", Err(FetchUrlError::UserInformation)),
            ("https://@id.example/", Err(FetchUrlError::UserInformation)),
            ("https://id.example:/", Err(FetchUrlError::Malformed)),
            ("https://id.example:0/", Err(FetchUrlError::Malformed)),
            ("https://id.example:65536/", Err(FetchUrlError::Malformed)),
            ("https://id.example:0443/", Err(FetchUrlError::Malformed)),
            ("https://id.example/jwks#keys", Err(FetchUrlError::Malformed)),
            ("https://id example/", Err(FetchUrlError::Malformed)),
            ("https://id.example/\u{e9}", Err(FetchUrlError::Malformed)),
            ("https://id.\u{e9}xample/", Err(FetchUrlError::Malformed)),
            ("https://id*example/", Err(FetchUrlError::Malformed)),
            ("https://[fe80::1%25eth0]/", Err(FetchUrlError::Malformed)),
            ("https://[id.example]/", Err(FetchUrlError::Malformed)),
            ("https://id.example/\r\nx: y", Err(FetchUrlError::Malformed)),
            ("https:///jwks", Err(FetchUrlError::Malformed)),
            ("https://:443/jwks", Err(FetchUrlError::Malformed)),
            ("https:/id.example/", Err(FetchUrlError::Malformed)),
            ("localhost:8080", Err(FetchUrlError::Malformed)),
            ("/jwks", Err(FetchUrlError::Malformed)),
            ("", Err(FetchUrlError::Malformed)),
        ];
        for (url, expected) in table {
            assert_eq!(FetchUrl::parse(url).map(|_| ()), expected, "{url}");
        }
    }

    #[test]
    fn a_url_is_as_long_as_the_limit_and_not_longer() {
        let url = |length: usize| format!("https://id.example/{}", "a".repeat(length - 19));
        assert!(FetchUrl::parse(&url(FETCH_URL_BYTES_MAX)).is_ok());
        assert_eq!(FetchUrl::parse(&url(FETCH_URL_BYTES_MAX + 1)), Err(FetchUrlError::TooLong));
    }

    #[test]
    fn a_url_tells_where_to_connect() {
        let table = [
            ("https://id.example/jwks", true, "id.example", 443),
            ("https://id.example:8443", true, "id.example", 8443),
            ("https://[2001:db8::1]/", true, "2001:db8::1", 443),
            ("http://[::1]:9000/", false, "::1", 9000),
            ("http://localhost/", false, "localhost", 80),
        ];
        for (url, is_https, host, port) in table {
            let parsed = FetchUrl::parse(url).unwrap();
            assert_eq!((parsed.is_https(), parsed.host(), parsed.port()), (is_https, host, port), "{url}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let origin = FetchUrl::parse("https://localhost/a").unwrap();
        let table = [
            ("https://localhost/b?c", true),
            ("https://LOCALHOST:443", true),
            ("https://localhost:444/a", false),
            ("http://localhost/a", false),
            ("http://localhost:443/a", false),
            ("https://localhost.example/a", false),
            ("https://a.localhost/a", false),
        ];
        for (url, same) in table {
            let other = FetchUrl::parse(url).unwrap();
            assert_eq!(origin.is_same_origin(&other), same, "{url}");
            assert_eq!(other.is_same_origin(&origin), same, "{url}");
        }
    }

    #[test]
    fn what_is_printed_has_no_query() {
        let url = FetchUrl::parse("https://id.example:8443/certs?api-key=secret").unwrap();
        assert_eq!(url.to_string(), "https://id.example:8443/certs");
        assert_eq!(format!("{url:?}"), "FetchUrl(https://id.example:8443/certs)");
        assert_eq!(url.uri().to_string(), "https://id.example:8443/certs?api-key=secret");
    }
}
