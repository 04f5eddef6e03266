//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{CommandFactory as _, FromArgMatches as _, Parser};
use mcp_driver::Auth;

use crate::{
    Failure,
    whoami::{
        api_keys::{self, KeyFile},
        config, conflicts,
        names::ModeName,
        session_flags::SessionFlags,
        tls_flags::TlsFlags,
        token_flags::TokenFlags,
        trust::Trust,
    },
};

/// An OAuth-protected MCP server, of every revision, with the tools whoami, echo, write and slow.
#[derive(Debug, Parser)]
#[command(name = "whoami")]
pub(crate) struct Flags {
    /// Where to listen; port 0 is a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:3000")]
    pub(crate) listen: SocketAddr,

    /// Path of the MCP endpoint
    #[arg(long, default_value = "/mcp")]
    pub(crate) path: String,

    /// Which revisions of the protocol to serve
    #[arg(long, value_enum, default_value_t)]
    pub(crate) mode: ModeName,

    /// Origin of web pages that may use the server, such as https://app.example.com; without it, pages on
    /// loopback
    #[arg(long, value_name = "O", num_args = 1..)]
    pub(crate) allow_origin: Vec<String>,

    /// Name that the server answers to besides loopback names, such as mcp.example.com
    #[arg(long, value_name = "H", num_args = 1..)]
    pub(crate) allow_host: Vec<String>,

    /// Largest request body in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 4 << 20)]
    pub(crate) max_body: u32,

    /// List only the tools that the caller has the scopes for
    #[arg(long)]
    pub(crate) list_by_scope: bool,

    /// Write one line of JSON to stderr for each request that is allowed or refused
    #[arg(long)]
    pub(crate) audit: bool,

    /// PEM file with the certificates to trust over https, in place of those of the operating system
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_roots: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) sessions: SessionFlags,

    #[command(flatten)]
    pub(crate) tls: TlsFlags,

    #[command(flatten)]
    tokens: TokenFlags,

    /// TOML file that says whose tokens are accepted: see docs/identity-providers.md
    #[arg(long, value_name = "FILE", help_heading = "Other callers")]
    config: Option<PathBuf>,

    /// TOML file with the hashes of API keys: tables [[key]] with name, sha256 and scopes
    #[arg(long, value_name = "FILE", help_heading = "Other callers")]
    api_keys: Option<PathBuf>,

    /// Read an API key from stdin, print its SHA-256 for such a file, and end
    #[arg(long, exclusive = true, help_heading = "Other callers")]
    pub(crate) hash_api_key: bool,

    /// Ask nobody who they are: every caller may use everything. On loopback only
    #[arg(long, help_heading = "Other callers")]
    no_auth: bool,
}

/// Who may use the server.
pub(crate) enum Callers {
    /// Everybody.
    Anybody,
    /// Who has one of these keys.
    Keys(KeyFile),
    /// Who has a token that is trusted.
    Tokens(Trust),
}

impl Flags {
    /// What the process was started with. Ends it where that cannot be meant.
    pub(crate) fn from_command_line() -> Self {
        let mut command = Self::command();
        let matches = command.get_matches_mut();
        let flags = conflicts::check(&mut command, &matches).and_then(|()| Self::from_arg_matches(&matches));
        flags.unwrap_or_else(|error| error.exit())
    }

    /// The URL that clients use.
    pub(crate) fn endpoint(&self, address: SocketAddr) -> String {
        format!("{}://{address}{}", self.tls.scheme(), self.path)
    }

    /// Who may use the server, which listens on this address.
    pub(crate) fn callers(&self, address: SocketAddr) -> Result<Callers, Failure> {
        if self.no_auth && !address.ip().is_loopback() {
            return Err(format!(
                "others reach {address}, and --no-auth lets all of them in: listen on 127.0.0.1, or name an \
                 issuer with --issuer and --audience"
            )
            .into());
        }
        Ok(match (&self.config, &self.api_keys) {
            (Some(file), _) => Callers::Tokens(config::read(file)?),
            (None, Some(file)) => Callers::Keys(api_keys::read(file)?),
            (None, None) if self.no_auth => Callers::Anybody,
            (None, None) => Callers::Tokens(self.tokens.trust(address, &self.endpoint(address))?),
        })
    }
}

impl Callers {
    pub(crate) fn auth(&self) -> Result<Auth, Failure> {
        Ok(match self {
            Self::Anybody => Auth::none(),
            Self::Keys(keys) => Auth::api_keys(keys.keys.clone()),
            Self::Tokens(trust) => trust.auth()?.into(),
        })
    }

    /// An error about callers, with the file that it is about.
    pub(crate) fn located(&self, error: Failure) -> Failure {
        match self {
            Self::Anybody | Self::Keys(_) => error,
            Self::Tokens(trust) => trust.located(error),
        }
    }
}
