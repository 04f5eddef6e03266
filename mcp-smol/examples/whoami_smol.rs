//! An OAuth-protected MCP server that tells callers who they are: `mcp_examples::whoami` on smol.

use std::process::ExitCode;

use async_signal::{Signal, Signals};
use mcp_examples::{Failure, ended, whoami::Whoami};
use smol::{net::TcpListener, stream::StreamExt as _};

fn main() -> ExitCode {
    ended("whoami", smol::block_on(run()))
}

async fn run() -> Result<(), Failure> {
    let Some(whoami) = Whoami::begin()? else {
        return Ok(());
    };
    let mut interrupts = Signals::new([Signal::Int])?;
    let sockets = TcpListener::bind(whoami.address()).await.map_err(|error| whoami.not_bound(&error))?;
    let bound = whoami.bound(sockets.local_addr()?)?;
    let listener = mcp_smol::listen(bound.server(), sockets).map_err(|error| bound.not_started(error))?;
    bound.announce();
    listener.run(async { _ = interrupts.next().await }).await;
    Ok(())
}
