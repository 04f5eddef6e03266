//! An OAuth-protected MCP server that tells callers who they are.
//!
//! Without further flags it trusts an issuer of its own, for development, and prints a token of
//! it and a `curl` line that uses it.

mod announce;
mod api_keys;
mod config;
mod conflicts;
mod development;
mod document;
mod flags;
mod names;
mod session_flags;
mod source;
mod tls_flags;
mod token_flags;
mod tools;
mod trust;

use std::{
    error::Error,
    io::{self, Write as _},
    net::SocketAddr,
    path::Path,
};

use mcp_driver::{AuditEvent, Limits, Server, TlsError, TlsRoots};

use self::flags::{Callers, Flags};
use crate::{Failure, log_to_stderr};

/// What the program was asked to do.
#[derive(Debug)]
pub struct Whoami {
    flags: Flags,
}

impl Whoami {
    /// What the command line says, which ends the process where it cannot be meant. From now on the log goes to
    /// stderr. Nothing, where it asked for something that is done already.
    ///
    /// # Errors
    /// When that could not be done.
    pub fn begin() -> Result<Option<Self>, Failure> {
        let flags = Flags::from_command_line();
        log_to_stderr("info,h2=error");
        if flags.hash_api_key {
            println!("{}", api_keys::hash_of_input()?);
            return Ok(None);
        }
        Ok(Some(Self { flags }))
    }

    /// Where to listen: before anything else, because the development issuer and the audience are named after the port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.flags.listen
    }

    /// What to say when nothing can listen there.
    #[must_use]
    pub fn not_bound(&self, error: &io::Error) -> Failure {
        format!("cannot listen on {}: {error}", self.flags.listen).into()
    }

    /// The server, for this address.
    ///
    /// # Errors
    /// When flags or the files that they name make no server.
    pub fn bound(self, address: SocketAddr) -> Result<Bound, Failure> {
        let callers = self.flags.callers(address)?;
        let server = server(&self.flags, &callers)?;
        Ok(Bound { flags: self.flags, callers, server, address })
    }
}

/// A server for an address that is listened on.
pub struct Bound {
    flags: Flags,
    callers: Callers,
    server: Server,
    address: SocketAddr,
}

impl Bound {
    /// The server.
    #[must_use]
    pub fn server(&self) -> Server {
        self.server.clone()
    }

    /// What to say when the server cannot be started.
    #[must_use]
    pub fn not_started(&self, error: impl Error + Send + Sync + 'static) -> Failure {
        self.callers.located(error.into())
    }

    /// Says where it listens, whom it trusts, and how to try it.
    pub fn announce(&self) {
        announce::announce(&self.flags, &self.callers, &self.server, self.address);
    }
}

fn server(flags: &Flags, callers: &Callers) -> Result<Server, Failure> {
    let mut limits = Limits::default();
    limits.body_bytes_max = flags.max_body;
    let mut server = Server::builder("whoami", env!("CARGO_PKG_VERSION"), callers.auth()?)
        .path(&flags.path)
        .mode(flags.mode.into())
        .sessions(flags.sessions.policy())
        .core_limits(limits)
        .tool(tools::whoami())
        .tool(tools::echo());
    match callers {
        // It is for some callers only, and here nobody is known.
        Callers::Anybody => {}
        Callers::Keys(_) | Callers::Tokens(_) => server = server.tool(tools::write()),
    }
    server = server.tool(tools::slow());
    for origin in &flags.allow_origin {
        server = server.allow_origin(origin);
    }
    for host in &flags.allow_host {
        server = server.allow_host(host);
    }
    if flags.list_by_scope {
        server = server.list_by_scope();
    }
    if flags.audit {
        server = server.audit(record);
    }
    if let Some(path) = &flags.tls_roots {
        server = server.tls_roots(roots(path)?);
    }
    if let Some(tls) = flags.tls.tls()? {
        server = server.tls(tls);
    }
    Ok(server.build()?)
}

fn roots(path: &Path) -> Result<TlsRoots, String> {
    TlsRoots::pem_file(path).map_err(|error| match error {
        TlsError::File(..) => error.to_string(),
        _ => format!("{}: {error}", path.display()),
    })
}

/// One line for each decision. Who reads them is told by their absence that stderr is gone.
fn record(event: &AuditEvent<'_>) {
    if let Ok(mut line) = serde_json::to_vec(event) {
        line.push(b'\n');
        _ = io::stderr().write_all(&line);
    }
}
