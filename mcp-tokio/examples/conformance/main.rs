//! The server that the official MCP conformance suite is run against: whatever its scenarios call
//! is here, under the names and with the texts that they look for.
//!
//! It serves revision 2026-07-28 without authentication, so it only starts on loopback.

mod media;
mod prompts;
mod resources;
mod tools;

use std::{error::Error, net::SocketAddr};

use clap::Parser;
use mcp_tokio::{Auth, Catalog, Server};

/// The server for the official MCP conformance suite (revision 2026-07-28).
#[derive(Debug, Parser)]
#[command(name = "conformance")]
struct Flags {
    /// Where to listen: an address on loopback; the endpoint is /mcp there
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:3001")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    let filter = filter.unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let flags = Flags::parse();
    let listener = mcp_tokio::bind(server()?, flags.listen).await?;
    tracing::info!("listening on http://{}/mcp", listener.local_addr()?);
    listener.run(async { _ = tokio::signal::ctrl_c().await }).await;
    Ok(())
}

fn server() -> Result<Server, Box<dyn Error>> {
    let catalog = tools::add_to(Catalog::new())?;
    let catalog = prompts::add_to(resources::add_to(catalog));
    Ok(Server::builder("conformance", env!("CARGO_PKG_VERSION"), Auth::none()).catalog(catalog).build()?)
}
