//! The server inside an application that runs on tokio already.

use mcp_driver::{Mount, Server, StartError};

use crate::{TokioRuntime, listener};

/// Starts a server without a listener, for the router of an application. From here on its keys are fetched,
/// if they are to be. Inside axum:
///
/// ```
/// # use axum::{Router, routing::get};
/// # use mcp_tokio::{Auth, BearerPolicy, DevIssuer, Server};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let keys = DevIssuer::new("https://auth.example.com")?.keys();
/// # let policy = BearerPolicy::builder("https://auth.example.com", "http://127.0.0.1:3000/mcp");
/// # let server = Server::builder("adder", "1.0.0", Auth::bearer(policy, keys)).build()?;
/// let mcp = mcp_tokio::mount(server)?;
/// let mut app = Router::new()
///     .route("/", get(async || "an application of my own"))
///     .route_service("/mcp", mcp.endpoint());
/// for path in mcp.server().metadata_paths() {
///     app = app.route_service(&path, mcp.metadata());
/// }
/// # let _: Router = app;
/// # Ok(())
/// # }
/// ```
///
/// [`Mount`] says what is the application's business then.
///
/// # Errors
/// When what the server needs cannot be had, or when it has no authentication and was not built with
/// [`allow_open_beyond_loopback`](mcp_driver::ServerBuilder::allow_open_beyond_loopback).
///
/// # Panics
/// Outside of a tokio runtime, where keys are to be fetched.
pub fn mount(server: Server) -> Result<Mount<TokioRuntime>, StartError> {
    Ok(listener::start(server)?.mount()?)
}
