//! Keys that the operator gives out, told from the SHA-256 of each.

#[cfg(test)]
mod tests;

use std::{fmt, future::Future, hint::black_box};

use http::HeaderName;
use mcp_proto::auth::scope::ScopeName;
use ring::digest::SHA256_OUTPUT_LEN;

use crate::{
    authenticate::{Identity, Rejection, RequestHead, Verifier},
    sha256::sha256,
};

/// The longest key, in bytes. A longer one is denied before it is hashed.
pub const API_KEY_BYTES_MAX: usize = 256;

/// The issuer of every principal that has an API key.
pub const API_KEY_ISSUER: &str = "api-key";

/// The header field that a key is sent in, where [`ApiKeys::header`] names no other.
const HEADER_DEFAULT: HeaderName = HeaderName::from_static("x-api-key");

/// SHA-256 of a key.
type KeyHash = [u8; SHA256_OUTPUT_LEN];

/// Authentication by keys that the operator gives out, one for each client.
///
/// The configuration holds the SHA-256 of a key and not the key, so a key has to be one that nobody can guess:
/// 32 random bytes, as `openssl rand -base64 32` prints them. A request has to bring exactly one key. It then
/// speaks for the principal whose issuer is [`API_KEY_ISSUER`] and whose subject and client are the key's
/// name. Without entries, everybody is denied.
///
/// ```
/// use mcp_driver::ApiKeys;
///
/// // The SHA-256 of "correct horse battery staple", which is too short for a real one.
/// let hash = "c4bbcb1fbec99d65bf59d85c8cb62ee2db963f0fe106f483d9afa73bd4e39a8a";
/// let keys = ApiKeys::new().key("nightly-report", hash, "reports:read")?;
/// # Ok::<(), mcp_driver::ApiKeysError>(())
/// ```
#[derive(Clone)]
pub struct ApiKeys {
    header: HeaderName,
    entries: Vec<Entry>,
}

#[derive(Clone)]
struct Entry {
    name: Box<str>,
    hash: KeyHash,
    scopes: Box<str>,
}

impl ApiKeys {
    /// No keys yet, to be sent in `X-API-Key`.
    #[must_use]
    pub fn new() -> Self {
        Self { header: HEADER_DEFAULT, entries: Vec::new() }
    }

    /// One more key: its name, the SHA-256 of the key in hexadecimal, and the scopes that it grants with
    /// spaces between.
    ///
    /// # Errors
    /// What is wrong with the entry: [`ApiKeysError`].
    pub fn key(
        mut self,
        name: impl Into<Box<str>>,
        sha256_hex: &str,
        scopes: &str,
    ) -> Result<Self, ApiKeysError> {
        let name = name.into();
        if name.is_empty() {
            return Err(ApiKeysError::NameEmpty);
        }
        if self.entries.iter().any(|entry| entry.name == name) {
            return Err(ApiKeysError::NameRepeated(name));
        }
        let Some(hash) = from_hex(sha256_hex) else { return Err(ApiKeysError::HashMalformed(name)) };
        if hash == hash_of(b"") {
            return Err(ApiKeysError::HashOfNothing(name));
        }
        if let Some(other) = self.entries.iter().find(|entry| entry.hash == hash) {
            return Err(ApiKeysError::HashRepeated(name, other.name.clone()));
        }
        if scopes.split(' ').any(|scope| !scope.is_empty() && ScopeName::parse(scope).is_none()) {
            return Err(ApiKeysError::ScopeMalformed(name));
        }
        self.entries.push(Entry { name, hash, scopes: scopes.into() });
        Ok(self)
    }

    /// The header field that a key is sent in, without anything around it. Default `X-API-Key`.
    ///
    /// # Errors
    /// [`ApiKeysError::HeaderMalformed`] for a text that is no name of a field.
    pub fn header(mut self, name: &str) -> Result<Self, ApiKeysError> {
        self.header = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| ApiKeysError::HeaderMalformed(name.into()))?;
        Ok(self)
    }

    /// The SHA-256 of a key in hexadecimal, for [`Self::key`].
    #[must_use]
    pub fn hash(key: &str) -> String {
        hash_of(key.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The header field that a key is sent in.
    #[must_use]
    pub fn header_name(&self) -> &HeaderName {
        &self.header
    }

    fn identify(&self, head: &RequestHead) -> Option<Identity> {
        let key = head.header(&self.header)?.as_bytes();
        if key.is_empty() || key.len() > API_KEY_BYTES_MAX {
            return None;
        }
        let entry = find(&self.entries, &hash_of(key), is_same)?;
        Some(Identity::new(entry.name.clone()).issuer(API_KEY_ISSUER).scopes(&entry.scopes))
    }
}

impl Default for ApiKeys {
    fn default() -> Self {
        Self::new()
    }
}

impl Verifier for ApiKeys {
    fn verify(&self, head: RequestHead) -> impl Future<Output = Result<Identity, Rejection>> + Send {
        std::future::ready(self.identify(&head).ok_or_else(Rejection::denied))
    }
}

/// The entry with this hash. Every entry is compared, whether or not one was found before, so that the time it
/// takes does not tell which one it was.
fn find<'e>(
    entries: &'e [Entry],
    hash: &KeyHash,
    mut is_same: impl FnMut(&KeyHash, &KeyHash) -> bool,
) -> Option<&'e Entry> {
    entries.iter().fold(None, |found, entry| if is_same(&entry.hash, hash) { Some(entry) } else { found })
}

/// Looks at every byte, wherever the first difference is.
fn is_same(one: &KeyHash, other: &KeyHash) -> bool {
    let difference = one.iter().zip(other).fold(0, |difference, (one, other)| difference | (one ^ other));
    // The compiler must not see that one difference settles it.
    black_box(difference) == 0
}

fn hash_of(key: &[u8]) -> KeyHash {
    sha256([key])
}

fn from_hex(text: &str) -> Option<KeyHash> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let bytes: Option<Vec<u8>> =
        pairs.iter().map(|[high, low]| Some(hex_digit(*high)? << 4 | hex_digit(*low)?)).collect();
    bytes?.try_into().ok()
}

/// At most 15, as the base is 16.
fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// What is wrong with an entry of [`ApiKeys`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApiKeysError {
    /// A key has no name.
    NameEmpty,
    /// Two keys have this name, and would be the same principal.
    NameRepeated(Box<str>),
    /// The hash of the key of this name is not 64 hexadecimal digits.
    HashMalformed(Box<str>),
    /// The hash of the key of this name is that of the empty text: there is no key.
    HashOfNothing(Box<str>),
    /// The keys of these two names are the same key.
    HashRepeated(Box<str>, Box<str>),
    /// A scope of the key of this name is none (RFC 6749 section 3.3).
    ScopeMalformed(Box<str>),
    /// This is no name of a header field.
    HeaderMalformed(Box<str>),
}

impl fmt::Display for ApiKeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameEmpty => f.write_str("an API key has no name"),
            Self::NameRepeated(name) => write!(f, "two API keys are named {name:?}"),
            Self::HashMalformed(name) => {
                write!(f, "the hash of API key {name:?} is not a SHA-256 in 64 hexadecimal digits")
            }
            Self::HashOfNothing(name) => {
                write!(f, "the hash of API key {name:?} is the SHA-256 of an empty text")
            }
            Self::HashRepeated(name, other) => write!(f, "API keys {name:?} and {other:?} are the same key"),
            Self::ScopeMalformed(name) => write!(f, "API key {name:?} has a scope that is none"),
            Self::HeaderMalformed(name) => write!(f, "{name:?} is no name of a header field"),
        }
    }
}

impl std::error::Error for ApiKeysError {}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.entries.iter().map(|entry| &*entry.name).collect();
        f.debug_struct("ApiKeys").field("header", &self.header).field("keys", &names).finish()
    }
}
