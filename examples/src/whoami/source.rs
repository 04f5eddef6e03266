//! What makes the tokens of an issuer trusted.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use mcp_driver::{Introspection, KeySource, KeySourceError, TokenSource};
use serde::Deserialize;

use crate::{Failure, whoami::development::Development};

pub(crate) enum Source {
    /// Keys that are made when the process begins.
    Development(Box<Development>),
    /// Keys in a file.
    File(PathBuf),
    /// Keys at a URL.
    Url(String),
    /// Keys that the issuer's metadata leads to, on its own host or one of these.
    Metadata { allowed_hosts: Vec<String> },
    /// The issuer's word about each token.
    Introspection(Introspected),
}

/// How the issuer is asked about tokens.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Introspected {
    /// `None`: where the issuer's metadata says.
    pub(crate) endpoint: Option<String>,
    pub(crate) client_id: String,
    pub(crate) client_secret_file: PathBuf,
}

impl Source {
    pub(crate) fn token_source(&self) -> Result<TokenSource, Failure> {
        Ok(match self {
            Self::Development(development) => development.keys().into(),
            Self::File(path) => key_file(path)?.into(),
            Self::Url(url) => KeySource::url(url)?.into(),
            Self::Metadata { allowed_hosts } => {
                allowed_hosts.iter().fold(KeySource::discovery(), KeySource::allow_key_host).into()
            }
            Self::Introspection(introspected) => introspected.introspection()?.into(),
        })
    }

    /// The same with files looked for in this folder.
    pub(crate) fn in_folder(self, folder: &Path) -> Self {
        match self {
            Self::File(path) => Self::File(folder.join(path)),
            Self::Introspection(introspected) => {
                let client_secret_file = folder.join(&introspected.client_secret_file);
                Self::Introspection(Introspected { client_secret_file, ..introspected })
            }
            Self::Development(_) | Self::Url(_) | Self::Metadata { .. } => self,
        }
    }
}

fn key_file(path: &Path) -> Result<KeySource, String> {
    KeySource::file(path).map_err(|error| match error {
        KeySourceError::File(..) => error.to_string(),
        _ => format!("{}: {error}", path.display()),
    })
}

impl Introspected {
    fn introspection(&self) -> Result<Introspection, String> {
        let path = &self.client_secret_file;
        let secret = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        // Editors end a file with a line break, which is not part of the secret.
        let secret = secret.trim_end_matches(['\r', '\n']);
        if secret.is_empty() {
            return Err(format!("{}: there is no secret in it", path.display()));
        }
        let introspection = match &self.endpoint {
            Some(endpoint) => Introspection::new(endpoint.as_str()),
            None => Introspection::discovered(),
        };
        Ok(introspection.client(self.client_id.as_str(), secret))
    }
}

/// For people, without anything that could be a secret.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Development(_) => f.write_str("keys made when this process began"),
            Self::File(path) => write!(f, "keys in {}", path.display()),
            Self::Url(url) => write!(f, "keys at {}", without_query(url)),
            Self::Metadata { allowed_hosts } => {
                f.write_str("keys found through its metadata")?;
                for host in allowed_hosts {
                    write!(f, ", also on {host}")?;
                }
                Ok(())
            }
            Self::Introspection(Introspected { endpoint, client_id, .. }) => {
                write!(f, "asked about each token, as client {client_id:?}, ")?;
                match endpoint {
                    Some(url) => write!(f, "at {}", without_query(url)),
                    None => f.write_str("where its metadata says"),
                }
            }
        }
    }
}

/// A key could stand in the query. User information cannot be there: such a URL is refused.
fn without_query(url: &str) -> &str {
    url.split('?').next().unwrap_or_default()
}
