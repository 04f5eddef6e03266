//! An MCP HTTP server with OAuth, on smol.
//!
//! ```no_run
//! use mcp_smol::{Auth, NoArguments, Server, Tool};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let hello = Tool::new("hello").typed(async |_: NoArguments| "Hello!");
//!     let server = Server::builder("greeter", "1.0.0", Auth::none()).tool(hello).build()?;
//!     smol::block_on(mcp_smol::serve(server, "127.0.0.1:3000"))?;
//!     Ok(())
//! }
//! ```
//!
//! Connections are tasks of smol's global executor, which has one thread unless the environment variable `SMOL_THREADS`
//! says otherwise; [`SmolRuntime::on`] puts them on an executor of your own. [`Server::builder`] has everything that can be
//! set. No tokio runtime is there, nor is one needed.

mod fetch;
mod io;
mod listener;
mod runtime;
mod socket;
#[cfg(feature = "https")]
mod tls;

use mcp_driver::testing::TestKit;
pub use mcp_driver::*;
use smol::net::{AsyncToSocketAddrs, TcpListener};

pub use self::{
    io::SmolIo,
    listener::Listener,
    runtime::{SmolRuntime, SmolSleep},
};

/// Runs a server on this address until the process ends.
///
/// # Errors
/// When the address cannot be listened on, or the server must not be started there.
pub async fn serve(server: Server, address: impl AsyncToSocketAddrs) -> Result<(), StartError> {
    SmolRuntime::new().serve(server, address).await
}

/// Listens on this address.
///
/// # Errors
/// When the address cannot be listened on, or the server must not be started there.
pub async fn bind(server: Server, address: impl AsyncToSocketAddrs) -> Result<Listener, StartError> {
    SmolRuntime::new().bind(server, address).await
}

/// Takes over sockets that listen already.
///
/// # Errors
/// When their address is unknown, or the server must not be started there.
pub fn listen(server: Server, sockets: TcpListener) -> Result<Listener, StartError> {
    SmolRuntime::new().listen(server, sockets)
}

/// Starts a server without a listener, inside an application that has one: [`Mount`] says what is the application's
/// business then.
///
/// # Errors
/// When what the server needs cannot be had, or when it has no authentication and was not built with
/// [`allow_open_beyond_loopback`](ServerBuilder::allow_open_beyond_loopback).
pub fn mount(server: Server) -> Result<Mount<SmolRuntime>, StartError> {
    SmolRuntime::new().mount(server)
}

/// The server that `builder` would build, for callers whom a test names: see [`testing`].
///
/// # Errors
/// Those of [`ServerBuilder::build`].
pub fn test_kit(builder: ServerBuilder) -> Result<TestKit<SmolRuntime>, ServerError> {
    SmolRuntime::new().test_kit(builder)
}
