//! An OAuth-protected MCP server that tells callers who they are.
//!
//! Without further flags it trusts an issuer of its own, for development, and prints a token of
//! it and a `curl` line that uses it.

#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

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
mod token_flags;
mod tools;
mod trust;

use std::{
    error::Error,
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
};

use mcp_tokio::{AuditEvent, Server, TlsError, TlsRoots};
use tokio::net::TcpListener;

use self::{
    announce::announce,
    flags::{Callers, Flags},
};

#[tokio::main]
async fn main() -> ExitCode {
    let flags = Flags::from_command_line();
    match run(&flags).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("whoami: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: &Flags) -> Result<(), Box<dyn Error>> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    let filter = filter.unwrap_or_else(|_| "info,h2=error".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    if flags.hash_api_key {
        println!("{}", api_keys::hash_of_input()?);
        return Ok(());
    }
    // First of all, because the development issuer and the audience are named after the port.
    let sockets = TcpListener::bind(flags.listen).await;
    let sockets = sockets.map_err(|error| format!("cannot listen on {}: {error}", flags.listen))?;
    let callers = flags.callers(sockets.local_addr()?)?;
    let server = server(flags, &callers)?;
    let listener =
        mcp_tokio::listen(server.clone(), sockets).map_err(|error| callers.located(error.into()))?;
    announce(flags, &callers, &server, listener.local_addr()?);
    listener.run(async { _ = tokio::signal::ctrl_c().await }).await;
    Ok(())
}

fn server(flags: &Flags, callers: &Callers) -> Result<Server, Box<dyn Error>> {
    let mut limits = mcp_tokio::Limits::default();
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
