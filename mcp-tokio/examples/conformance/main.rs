//! The server that the official MCP conformance suite and the official clients are run against: whatever they
//! call is here, under the names and with the texts that they look for.
//!
//! Without `--issuer` it asks nobody who they are, so it only starts on loopback.

#![allow(clippy::print_stdout, reason = "whoever starts it reads where it listens")]

mod media;
mod prompts;
mod resources;
mod tools;
mod world;

use std::{error::Error, net::SocketAddr};

use clap::{Parser, ValueEnum};
use mcp_tokio::{Auth, KeySource, LegacySse, Mode, Server, SessionPolicy};
use tokio::net::TcpListener;

use self::world::World;

/// The server for the official MCP conformance suite and the official clients.
#[derive(Debug, Parser)]
#[command(name = "conformance")]
struct Flags {
    /// Where to listen: an address on loopback; the endpoint is /mcp there
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:3001")]
    listen: SocketAddr,

    /// Which revisions of the protocol to serve
    #[arg(long, value_enum, default_value_t)]
    mode: ModeName,

    /// Also serve the transport of 2024-11-05, at /sse
    #[arg(long)]
    legacy_sse: bool,

    /// Whose tokens are asked for; without it, none
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum ModeName {
    /// Every revision, each request on its own
    #[default]
    Stateless,
    /// Every revision, those before 2026-07-28 in sessions
    Stateful,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    let filter = filter.unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let flags = Flags::parse();
    // First of all, because tokens are for the address.
    let sockets = TcpListener::bind(flags.listen).await?;
    let endpoint = format!("http://{}/mcp", sockets.local_addr()?);
    let listener = mcp_tokio::listen(server(&flags, &endpoint)?, sockets)?;
    println!("ready {endpoint}");
    listener.run(async { _ = tokio::signal::ctrl_c().await }).await;
    Ok(())
}

fn server(flags: &Flags, endpoint: &str) -> Result<Server, Box<dyn Error + Send + Sync>> {
    let world = World::default();
    let auth = match &flags.issuer {
        Some(issuer) => Auth::jwt(issuer, endpoint, KeySource::discovery()).into(),
        None => Auth::none(),
    };
    let mut sessions = SessionPolicy::default();
    sessions.legacy_sse = flags.legacy_sse.then(LegacySse::default);
    let server = Server::builder("conformance", env!("CARGO_PKG_VERSION"), auth)
        .mode(match flags.mode {
            ModeName::Stateless => Mode::Stateless,
            ModeName::Stateful => Mode::Stateful,
        })
        .sessions(sessions)
        .catalog(world.catalog(None)?)
        .build()?;
    world.is_served_by(&server);
    Ok(server)
}
