//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;

use crate::BASELINE;

/// An OAuth-protected MCP server (revision 2026-07-28) with the tools whoami, echo, write and slow.
#[derive(Debug, Parser)]
#[command(name = "whoami")]
pub(crate) struct Flags {
    /// Where to listen
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:3000")]
    pub(crate) listen: SocketAddr,

    /// Path of the MCP endpoint
    #[arg(long, default_value = "/mcp")]
    pub(crate) path: String,

    /// Issuer whose tokens are accepted: an https URL, or http on loopback. With --jwks-url or --jwk it is a
    /// real one; without, a development issuer of this name runs inside the process [default: http://LISTEN]
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,

    /// Where the issuer's keys are fetched (http on loopback)
    #[arg(long, value_name = "URL", conflicts_with = "jwk", requires = "issuer")]
    pub(crate) jwks_url: Option<String>,

    /// File with the issuer's public keys: a JWK or a JWK set
    #[arg(long, value_name = "FILE", requires = "issuer")]
    pub(crate) jwk: Option<PathBuf>,

    /// What tokens have to name as their audience: the URL that clients use [default: http://LISTEN/PATH]
    #[arg(long, value_name = "URI")]
    audience: Option<String>,

    /// Scope that every request needs; may be repeated [default: mcp]
    #[arg(long, value_name = "S", num_args = 1..)]
    scope: Vec<String>,

    /// Seconds by which clocks may differ, at most 300
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) leeway: u64,

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

    /// Ask nobody who they are: every caller may use everything. On loopback only
    #[arg(long, conflicts_with_all = ["issuer", "jwks_url", "jwk", "audience", "scope"])]
    pub(crate) no_auth: bool,
}

impl Flags {
    pub(crate) fn issuer(&self) -> String {
        self.issuer.clone().unwrap_or_else(|| format!("http://{}", self.listen))
    }

    pub(crate) fn audience(&self) -> String {
        self.audience.clone().unwrap_or_else(|| format!("http://{}{}", self.listen, self.path))
    }

    pub(crate) fn scopes(&self) -> impl Iterator<Item = &str> {
        let default = self.scope.is_empty().then_some(BASELINE);
        self.scope.iter().map(String::as_str).chain(default)
    }
}
