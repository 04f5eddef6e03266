//! How an operator says where the issuer's keys are.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    net::{Ipv4Addr, Ipv6Addr},
    path::Path,
};

use http::{Uri, uri::Scheme};
use mcp_proto::jws::{
    KeySet,
    keys::{KEY_SET_BYTES_MAX, KeySetError},
};

/// Where the issuer's keys come from.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// They are known, and stay the same while the server runs.
    Given(KeySet),
    /// The issuer publishes them, and may change them at any time.
    Url(JwksUrl),
}

impl KeySource {
    /// The keys of a JWK set (RFC 7517 section 5), or of a single JWK. Members that cannot be used are
    /// skipped.
    ///
    /// # Errors
    /// [`KeySourceError::Document`] when the document is no key set, or has no key that can be used.
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<Self, KeySourceError> {
        Ok(Self::Given(read_set(json.as_ref())?))
    }

    /// The keys of a file with such a document, read once, now.
    ///
    /// # Errors
    /// [`KeySourceError::File`] when it cannot be read, else as [`Self::from_json`].
    pub fn file(path: impl AsRef<Path>) -> Result<Self, KeySourceError> {
        // One byte more than allowed tells a file that is too long, however long it is.
        let bytes_max = u64::try_from(KEY_SET_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
        let mut json = Vec::new();
        let file = File::open(path).map_err(|error| KeySourceError::File(error.kind()))?;
        file.take(bytes_max).read_to_end(&mut json).map_err(|error| KeySourceError::File(error.kind()))?;
        Self::from_json(json)
    }

    /// The keys that are published at this URL.
    ///
    /// Only `http` on a loopback host can be fetched: `localhost`, `127.0.0.0/8` or `[::1]`. A fetcher has to
    /// see to it that `localhost` is one of these addresses.
    ///
    /// # Errors
    /// [`KeySourceError::UrlMalformed`] or [`KeySourceError::UrlNotLoopback`].
    pub fn url(url: &str) -> Result<Self, KeySourceError> {
        JwksUrl::parse(url).map(Self::Url)
    }
}

/// A URL that keys may be fetched from: `http`, a loopback host, neither user information nor fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwksUrl(Uri);

impl JwksUrl {
    /// Judges a URL.
    ///
    /// # Errors
    /// [`KeySourceError::UrlMalformed`] or [`KeySourceError::UrlNotLoopback`].
    pub fn parse(url: &str) -> Result<Self, KeySourceError> {
        // The parser below drops fragments, and who writes one expects it to matter.
        if url.contains('#') {
            return Err(KeySourceError::UrlMalformed);
        }
        let uri: Uri = url.parse().map_err(|_| KeySourceError::UrlMalformed)?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(KeySourceError::UrlMalformed);
        };
        let is_loopback = is_loopback(authority.host());
        let plain = match authority.port_u16() {
            Some(port) => format!("{}:{port}", authority.host()),
            None => authority.host().to_owned(),
        };
        // User information, an empty port and one out of range are what the parser lets through.
        if authority.as_str() != plain || authority.port_u16() == Some(0) {
            return Err(KeySourceError::UrlMalformed);
        }
        // SBP-18: nobody can read or change on the way what never leaves this machine.
        if *scheme != Scheme::HTTP || !is_loopback {
            return Err(KeySourceError::UrlNotLoopback);
        }
        Ok(Self(uri))
    }

    /// The URL, with scheme, authority and path.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.0
    }

    /// The host alone, for logs.
    pub(super) fn host(&self) -> &str {
        self.0.host().unwrap_or_default()
    }
}

fn is_loopback(host: &str) -> bool {
    let v6 = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    host.eq_ignore_ascii_case("localhost")
        || host.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback())
        || v6.is_some_and(|host| host.parse() == Ok(Ipv6Addr::LOCALHOST))
}

/// Reads a key set and says in the log what of it is not used.
pub(super) fn read_set(json: &[u8]) -> Result<KeySet, KeySetError> {
    let (set, skipped) = KeySet::parse(json)?;
    for (position, reason) in skipped.iter() {
        tracing::debug!(position, %reason, "a key of the issuer is not used");
    }
    Ok(set)
}

/// Why keys cannot be had from a source.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeySourceError {
    /// The file cannot be read.
    File(io::ErrorKind),
    /// The document is no usable key set.
    Document(KeySetError),
    /// Not an absolute URL, or one with user information, a fragment or a port that is none.
    UrlMalformed,
    /// Keys would have to be fetched from another machine or by another protocol than `http`.
    UrlNotLoopback,
    /// The keys are at a URL, and the server was given nothing to fetch it with.
    FetcherMissing,
}

impl fmt::Display for KeySourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(kind) => write!(f, "the key file cannot be read: {kind}"),
            Self::Document(error) => error.fmt(f),
            Self::UrlMalformed => f.write_str("the key set URL is malformed"),
            Self::UrlNotLoopback => {
                f.write_str("the key set URL cannot be fetched: only http on loopback can")
            }
            Self::FetcherMissing => f.write_str("the keys are at a URL, and there is no fetcher"),
        }
    }
}

impl std::error::Error for KeySourceError {}

impl From<KeySetError> for KeySourceError {
    fn from(error: KeySetError) -> Self {
        Self::Document(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED25519: &str =
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

    fn given(source: Result<KeySource, KeySourceError>) -> Result<usize, KeySourceError> {
        match source? {
            KeySource::Given(set) => Ok(set.len()),
            KeySource::Url(url) => panic!("{url:?}"),
        }
    }

    #[test]
    fn only_http_on_loopback_is_fetched() {
        let table = [
            ("http://localhost/jwks", Ok(())),
            ("http://LOCALHOST:8080/jwks", Ok(())),
            ("HTTP://localhost/jwks", Ok(())),
            ("http://127.0.0.1:9000/realms/a/certs?x=1", Ok(())),
            ("http://127.255.255.254/", Ok(())),
            ("http://[::1]:1/", Ok(())),
            ("http://[0:0:0:0:0:0:0:1]:65535", Ok(())),
            ("https://localhost/jwks", Err(KeySourceError::UrlNotLoopback)),
            ("https://id.example/jwks", Err(KeySourceError::UrlNotLoopback)),
            ("http://id.example/jwks", Err(KeySourceError::UrlNotLoopback)),
            ("ftp://localhost/jwks", Err(KeySourceError::UrlNotLoopback)),
            ("http://localhost.id.example/", Err(KeySourceError::UrlNotLoopback)),
            ("http://localhost./", Err(KeySourceError::UrlNotLoopback)),
            ("http://127.0.0.1.id.example/", Err(KeySourceError::UrlNotLoopback)),
            ("http://128.0.0.1/", Err(KeySourceError::UrlNotLoopback)),
            ("http://0.0.0.0/", Err(KeySourceError::UrlNotLoopback)),
            ("http://127.1/", Err(KeySourceError::UrlNotLoopback)),
            ("http://0177.0.0.1/", Err(KeySourceError::UrlNotLoopback)),
            ("http://2130706433/", Err(KeySourceError::UrlNotLoopback)),
            ("http://169.254.169.254/", Err(KeySourceError::UrlNotLoopback)),
            ("http://[::]/", Err(KeySourceError::UrlNotLoopback)),
            ("http://[::2]/", Err(KeySourceError::UrlNotLoopback)),
            ("http://[::ffff:127.0.0.1]/", Err(KeySourceError::UrlNotLoopback)),
            ("http://localhost@id.example/", Err(KeySourceError::UrlMalformed)),
            ("http://user@localhost/", Err(KeySourceError::UrlMalformed)),
            ("http://user:password@127.0.0.1/", Err(KeySourceError::UrlMalformed)),
            ("http://localhost:/", Err(KeySourceError::UrlMalformed)),
            ("http://localhost:0/", Err(KeySourceError::UrlMalformed)),
            ("http://localhost:65536/", Err(KeySourceError::UrlMalformed)),
            ("http://localhost/jwks#keys", Err(KeySourceError::UrlMalformed)),
            ("http://local host/", Err(KeySourceError::UrlMalformed)),
            ("http:///jwks", Err(KeySourceError::UrlMalformed)),
            ("localhost:8080", Err(KeySourceError::UrlMalformed)),
            ("/jwks", Err(KeySourceError::UrlMalformed)),
            ("", Err(KeySourceError::UrlMalformed)),
        ];
        for (url, expected) in table {
            assert_eq!(JwksUrl::parse(url).map(|_| ()), expected, "{url}");
        }
    }

    #[test]
    fn a_url_is_kept_as_written() {
        let Ok(KeySource::Url(url)) = KeySource::url("http://127.0.0.1:9000/certs?x=1") else {
            panic!("not a URL");
        };
        assert_eq!(url.uri().to_string(), "http://127.0.0.1:9000/certs?x=1");
        assert_eq!(url.host(), "127.0.0.1");
    }

    #[test]
    fn a_document_is_read_as_a_set_or_as_one_key() {
        assert_eq!(given(KeySource::from_json(ED25519)), Ok(1));
        let symmetric = r#"{"kty":"oct","k":"AAAA"}"#;
        let set = format!(r#"{{"keys":[{symmetric},{ED25519}]}}"#);
        assert_eq!(given(KeySource::from_json(set)), Ok(1));
        assert_eq!(given(KeySource::from_json("{}")), Err(KeySourceError::Document(KeySetError::Malformed)));
        assert!(matches!(
            given(KeySource::from_json(symmetric)),
            Err(KeySourceError::Document(KeySetError::NoUsableKey(_)))
        ));
    }

    #[test]
    fn a_file_is_read_up_to_the_limit() {
        let folder = std::env::temp_dir();
        let path = folder.join(format!("key-source-{}.json", std::process::id()));
        let padded = |length: usize| ED25519.to_owned() + &" ".repeat(length - ED25519.len());

        std::fs::write(&path, padded(KEY_SET_BYTES_MAX)).unwrap();
        assert_eq!(given(KeySource::file(&path)), Ok(1));
        std::fs::write(&path, padded(KEY_SET_BYTES_MAX + 1)).unwrap();
        let too_long = Err(KeySourceError::Document(KeySetError::TooLong));
        assert_eq!(given(KeySource::file(&path)), too_long);
        std::fs::remove_file(&path).unwrap();

        let missing = Err(KeySourceError::File(io::ErrorKind::NotFound));
        assert_eq!(given(KeySource::file(&path)), missing);
    }
}
