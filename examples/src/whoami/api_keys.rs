//! API keys: the file that has their hashes, and how such a hash is made.

use std::{
    io::{self, Read as _},
    path::Path,
};

use mcp_driver::{API_KEY_BYTES_MAX, ApiKeys};
use serde::Deserialize;

use crate::{Failure, whoami::document};

/// The keys of a file, and what each is for, for people.
pub(crate) struct KeyFile {
    pub(crate) keys: ApiKeys,
    pub(crate) listed: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "key")]
    keys: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    sha256: String,
    #[serde(default)]
    scopes: Vec<String>,
}

pub(crate) fn read(path: &Path) -> Result<KeyFile, Failure> {
    let document: Document = document::read(path)?;
    if document.keys.is_empty() {
        return Err(format!("{}: there is no [[key]]", path.display()).into());
    }
    let mut file = KeyFile { keys: ApiKeys::new(), listed: Vec::new() };
    for Entry { name, sha256, scopes } in document.keys {
        let scopes = scopes.join(" ");
        file.listed.push(format!("{name}: {}", if scopes.is_empty() { "(no scopes)" } else { &scopes }));
        file.keys =
            file.keys.key(name, &sha256, &scopes).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(file)
}

/// The SHA-256 of the key on the first line of stdin.
pub(crate) fn hash_of_input() -> Result<String, Failure> {
    // A line break of two bytes, and one byte more than allowed.
    let bytes_max = API_KEY_BYTES_MAX + 3;
    let mut key = String::new();
    io::stdin().take(u64::try_from(bytes_max)?).read_to_string(&mut key)?;
    let key = key.strip_suffix('\n').unwrap_or(&key);
    let key = key.strip_suffix('\r').unwrap_or(key);
    let is_sendable = key.bytes().all(|byte| byte.is_ascii_graphic());
    if key.is_empty() || key.len() > API_KEY_BYTES_MAX || !is_sendable {
        return Err(format!(
            "an API key on stdin has to be one line of 1 to {API_KEY_BYTES_MAX} visible ASCII characters, such as \
             openssl rand -base64 32 prints"
        )
        .into());
    }
    Ok(ApiKeys::hash(key))
}
