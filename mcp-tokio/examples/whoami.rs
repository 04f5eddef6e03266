//! An OAuth-protected MCP server that tells callers who they are: `mcp_examples::whoami` on tokio.

use std::process::ExitCode;

use mcp_examples::{Failure, ended, whoami::Whoami};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> ExitCode {
    ended("whoami", run().await)
}

async fn run() -> Result<(), Failure> {
    let Some(whoami) = Whoami::begin()? else {
        return Ok(());
    };
    let sockets = TcpListener::bind(whoami.address()).await.map_err(|error| whoami.not_bound(&error))?;
    let bound = whoami.bound(sockets.local_addr()?)?;
    let listener = mcp_tokio::listen(bound.server(), sockets).map_err(|error| bound.not_started(error))?;
    bound.announce();
    listener.run(async { _ = tokio::signal::ctrl_c().await }).await;
    Ok(())
}
