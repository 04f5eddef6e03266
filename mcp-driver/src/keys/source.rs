//! How an operator says where the issuer's keys are.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use mcp_proto::jws::{
    Algorithm, AlgorithmSet, KeySet,
    keys::{KEY_SET_BYTES_MAX, KeySetError},
};

use crate::fetch::{FetchUrl, FetchUrlError};

/// Where the issuer's keys come from. `Debug` shows no document: a file may have private keys in it.
#[derive(Clone)]
#[non_exhaustive]
pub enum KeySource {
    /// They are known, and stay the same while the server runs.
    Given(KeySet),
    /// They are in this document, and stay the same while the server runs.
    Document(KeyDocument),
    /// The issuer publishes them here, and may change them at any time.
    Url(FetchUrl),
    /// The issuer's metadata says where they are.
    Discovery(Discovery),
}

impl KeySource {
    /// The keys of a JWK set (RFC 7517 section 5), or of a single JWK. Members that cannot be used are
    /// skipped.
    ///
    /// # Errors
    /// [`KeySourceError::Document`] when the document is no key set, or has no key that can be used.
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<Self, KeySourceError> {
        let json = json.as_ref();
        read_set(json, AlgorithmSet::of(Algorithm::ALL))?;
        Ok(Self::Document(KeyDocument(json.into())))
    }

    /// The keys of a file with such a document, read once, now.
    ///
    /// # Errors
    /// [`KeySourceError::File`] when it cannot be read, else as [`Self::from_json`].
    pub fn file(path: impl AsRef<Path>) -> Result<Self, KeySourceError> {
        // One byte more than allowed tells a file that is too long, however long it is.
        let bytes_max = u64::try_from(KEY_SET_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
        let mut json = Vec::new();
        let path = path.as_ref();
        let failure = |error: io::Error| KeySourceError::File(path.to_owned(), error.kind());
        let file = File::open(path).map_err(failure)?;
        file.take(bytes_max).read_to_end(&mut json).map_err(failure)?;
        Self::from_json(json)
    }

    /// The keys that are published at this URL.
    ///
    /// With `http` the host has to be a loopback host: `localhost`, `127.0.0.0/8` or `[::1]`.
    ///
    /// # Errors
    /// [`KeySourceError::Url`].
    pub fn url(url: &str) -> Result<Self, KeySourceError> {
        parse_url(url).map(Self::Url)
    }

    /// The keys that the issuer's metadata leads to (RFC 8414, OpenID Connect Discovery 1.0): nothing but the
    /// issuer has to be known. They have to be on the issuer's own server, or on one that
    /// [`Self::allow_key_host`] names.
    #[must_use]
    pub fn discovery() -> Self {
        Self::Discovery(Discovery::default())
    }

    /// The same for an issuer whose metadata is at this URL, which then counts as the issuer's own server too.
    ///
    /// # Errors
    /// [`KeySourceError::Url`].
    pub fn discovery_at(url: &str) -> Result<Self, KeySourceError> {
        Ok(Self::Discovery(Discovery { place: Some(parse_url(url)?), allowed: Vec::new() }))
    }

    /// Lets the issuer's metadata lead to this host as well: `www.example.com` (on the usual port) or
    /// `www.example.com:8443`. Changes nothing about keys that are not discovered.
    #[must_use]
    pub fn allow_key_host(mut self, host: impl Into<String>) -> Self {
        match &mut self {
            Self::Discovery(discovery) => discovery.allowed.push(host.into()),
            Self::Given(_) | Self::Document(_) | Self::Url(_) => {}
        }
        self
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(set) => f.debug_tuple("Given").field(set).finish(),
            Self::Document(_) => f.write_str("Document"),
            Self::Url(url) => f.debug_tuple("Url").field(url).finish(),
            Self::Discovery(discovery) => discovery.fmt(f),
        }
    }
}

/// A key set as it was written.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyDocument(Arc<[u8]>);

impl KeyDocument {
    pub(super) fn keys(&self, accepted: AlgorithmSet) -> Result<KeySet, KeySetError> {
        read_set(&self.0, accepted)
    }
}

impl fmt::Debug for KeyDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyDocument").finish_non_exhaustive()
    }
}

/// How an issuer's metadata is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discovery {
    place: Option<FetchUrl>,
    allowed: Vec<String>,
}

impl Discovery {
    /// Where the metadata is, when that does not follow from the issuer.
    pub(super) fn place(&self) -> Option<&FetchUrl> {
        self.place.as_ref()
    }

    /// The hosts that are allowed beside the issuer's own.
    pub(super) fn allowed(&self) -> &[String] {
        &self.allowed
    }
}

fn parse_url(url: &str) -> Result<FetchUrl, KeySourceError> {
    FetchUrl::parse(url).map_err(|error| KeySourceError::Url(printable(url), error))
}

/// As much of a URL as may be shown: what stands in front of `@` or behind `?` can be a secret.
fn printable(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let shown = match (url.split_once("://"), url.rsplit_once('@')) {
        (_, None) => url.to_owned(),
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://...@{rest}"),
        (None, Some((_, rest))) => format!("...@{rest}"),
    };
    shown.chars().take(URL_CHARS_SHOWN).collect()
}

/// So much of a URL is shown in an error.
const URL_CHARS_SHOWN: usize = 200;

/// Reads a key set for tokens of these algorithms, and says in the log what of it is not used.
pub(super) fn read_set(json: &[u8], accepted: AlgorithmSet) -> Result<KeySet, KeySetError> {
    let (set, skipped) = KeySet::parse_accepting(json, accepted)?;
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
    File(PathBuf, io::ErrorKind),
    /// The document is no usable key set.
    Document(KeySetError),
    /// Nothing is fetched from this URL. Shown without query and user information.
    Url(String, FetchUrlError),
    /// The issuer is not a URL, so it does not say where its metadata is.
    Issuer(String, FetchUrlError),
    /// What was allowed as a host for keys is no host.
    KeyHost(String, FetchUrlError),
    /// The keys are at a URL, and the server was given nothing to fetch it with.
    FetcherMissing,
}

impl fmt::Display for KeySourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, kind) => write!(f, "the key file {} cannot be read: {kind}", path.display()),
            Self::Document(error) => error.fmt(f),
            Self::Url(url, error) => write!(f, "keys cannot be fetched from {url:?}: {error}"),
            Self::Issuer(issuer, error) => {
                write!(f, "the metadata of the issuer {issuer:?} cannot be looked for: {error}")
            }
            Self::KeyHost(host, _) => {
                write!(f, "keys cannot be allowed on {host:?}: not a host such as www.example.com")
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
            KeySource::Document(document) => Ok(document.keys(AlgorithmSet::default())?.len()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_error_names_the_url_without_what_could_be_secret() {
        let table = [
            ("http://id.example/jwks", FetchUrlError::Insecure, "http://id.example/jwks"),
            ("http://id.example/jwks?key=secret", FetchUrlError::Insecure, "http://id.example/jwks"),
            ("https://a:secret@id.example/b", FetchUrlError::UserInformation, "https://...@id.example/b"),
            ("https://a:sec@ret@id.example/b", FetchUrlError::UserInformation, "https://...@id.example/b"),
            ("a:secret@id.example", FetchUrlError::Malformed, "...@id.example"),
            ("https://id.example/#secret", FetchUrlError::Malformed, "https://id.example/"),
            ("", FetchUrlError::Malformed, ""),
        ];
        for (url, error, shown) in table {
            let refused = KeySource::url(url).map(|_| ()).unwrap_err();
            assert_eq!(refused, KeySourceError::Url(shown.to_owned(), error), "{url}");
            assert_eq!(refused.to_string(), format!("keys cannot be fetched from {shown:?}: {error}"));
        }
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

        let missing = KeySourceError::File(path.clone(), io::ErrorKind::NotFound);
        assert!(missing.to_string().contains(path.to_str().unwrap()));
        assert_eq!(given(KeySource::file(&path)), Err(missing));
    }

    #[test]
    fn a_document_is_read_for_the_algorithms_that_are_accepted() {
        let rsa = |members: &str| {
            let modulus = "sv_8".repeat(86);
            format!(r#"{{"kty":"RSA","n":"{}Q","e":"AQAB"{members}}}"#, &modulus[..341])
        };
        let table = [
            (rsa(r#","alg":"RS512""#), vec![Algorithm::Rs512], Some(Algorithm::Rs512)),
            (rsa(r#","alg":"RS512""#), vec![Algorithm::Rs256], None),
            (rsa(""), vec![Algorithm::Ps384], Some(Algorithm::Ps384)),
        ];
        for (json, accepted, algorithm) in table {
            let KeySource::Document(document) = KeySource::from_json(&json).unwrap() else {
                panic!("a document");
            };
            let keys = document.keys(AlgorithmSet::of(&accepted));
            assert_eq!(keys.is_ok(), algorithm.is_some(), "{json}");
            let found = keys.ok().and_then(|keys| keys.iter().next().map(|key| key.algorithm()));
            assert_eq!(found, algorithm, "{json}");
        }
    }
}
