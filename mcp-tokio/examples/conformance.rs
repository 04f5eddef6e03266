//! The server for the official MCP conformance suite and the official clients: `mcp_examples::conformance` on tokio.

use mcp_examples::{Failure, conformance::Conformance};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let conformance = Conformance::begin();
    let sockets = TcpListener::bind(conformance.address()).await?;
    let address = sockets.local_addr()?;
    let listener = mcp_tokio::listen(conformance.server(address)?, sockets)?;
    Conformance::announce(address);
    listener.run(async { _ = tokio::signal::ctrl_c().await }).await;
    Ok(())
}
