//! The server for the official MCP conformance suite and the official clients: `mcp_examples::conformance` on smol.

use async_signal::{Signal, Signals};
use mcp_examples::{Failure, conformance::Conformance};
use smol::{net::TcpListener, stream::StreamExt as _};

fn main() -> Result<(), Failure> {
    smol::block_on(run())
}

async fn run() -> Result<(), Failure> {
    let conformance = Conformance::begin();
    let mut interrupts = Signals::new([Signal::Int])?;
    let sockets = TcpListener::bind(conformance.address()).await?;
    let address = sockets.local_addr()?;
    let listener = mcp_smol::listen(conformance.server(address)?, sockets)?;
    Conformance::announce(address);
    listener.run(async { _ = interrupts.next().await }).await;
    Ok(())
}
