//! The server that the official MCP conformance suite and the official clients are run against: whatever they
//! call is here, under the names and with the texts that they look for.
//!
//! Without `--issuer` it asks nobody who they are, so it only starts on loopback.

mod media;
mod prompts;
mod resources;
mod tools;
mod world;

use std::net::SocketAddr;

use clap::{Parser, ValueEnum};
use mcp_driver::{Auth, KeySource, LegacySse, Mode, Server, SessionPolicy};

use self::world::World;
use crate::{Failure, log_to_stderr};

/// The server for the official MCP conformance suite and the official clients.
#[derive(Debug, Parser)]
#[command(name = "conformance")]
pub struct Conformance {
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

impl Conformance {
    /// What the command line says, which ends the process where it cannot be meant. From now on the log goes to
    /// stderr.
    #[must_use]
    pub fn begin() -> Self {
        let this = Self::parse();
        log_to_stderr("info");
        this
    }

    /// Where to listen: first of all, because tokens are for the address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listen
    }

    /// The server, for this address.
    ///
    /// # Errors
    /// When the flags make no server.
    pub fn server(&self, address: SocketAddr) -> Result<Server, Failure> {
        let world = World::default();
        let auth = match &self.issuer {
            Some(issuer) => Auth::jwt(issuer, endpoint(address), KeySource::discovery()).into(),
            None => Auth::none(),
        };
        let mut sessions = SessionPolicy::default();
        sessions.legacy_sse = self.legacy_sse.then(LegacySse::default);
        let server = Server::builder("conformance", env!("CARGO_PKG_VERSION"), auth)
            .mode(match self.mode {
                ModeName::Stateless => Mode::Stateless,
                ModeName::Stateful => Mode::Stateful,
            })
            .sessions(sessions)
            .catalog(world.catalog(None)?)
            .build()?;
        world.is_served_by(&server);
        Ok(server)
    }

    /// Says where it listens, which whoever starts it waits for.
    pub fn announce(address: SocketAddr) {
        println!("ready {}", endpoint(address));
    }
}

fn endpoint(address: SocketAddr) -> String {
    format!("http://{address}/mcp")
}
