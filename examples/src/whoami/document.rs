//! Files in TOML. What is wrong with one is said with its name and the line, and without the line's text: it
//! could be a secret in the wrong place.

use std::{fs, path::Path};

use serde::de::DeserializeOwned;

use crate::Failure;

pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    toml::from_str(&text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        format!("{}, line {line}: {}", path.display(), error.message()).into()
    })
}
