//! Calling handlers in tests as whoever a test says, without sockets, tokens or an issuer.
//!
//! Keep what a server is made of in one function, and use it twice: `main` builds and serves it, a test makes a
//! [`TestKit`] of it. In the kit everything is as it is in the server, from the catalog to the audit hook, and
//! requests go through the same gates. Only who vouches for callers is another: the test.
//!
//! ```
//! use mcp_tokio::{Auth, Caller, Identity, KeySource, NoArguments, Server, ServerBuilder, Tool};
//! use serde_json::json;
//!
//! /// What `main` builds and serves.
//! fn server() -> ServerBuilder {
//!     let issuer = Auth::jwt("https://auth.example.com", "https://mcp.example.com/mcp", KeySource::discovery());
//!     Server::builder("greeter", "1.0.0", issuer).tool(Tool::new("greet").scope("greet").typed(greet))
//! }
//!
//! async fn greet(_: NoArguments, caller: Caller) -> String {
//!     format!("Hello, {}!", caller.principal().subject())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), mcp_tokio::ServerError> {
//! let kit = mcp_tokio::test_kit(server())?;
//!
//! let alice = kit.caller(Identity::new("alice").scope("greet"));
//! assert_eq!(alice.call_tool("greet", json!({})).await.text(), "Hello, alice!");
//!
//! let bob = kit.caller(Identity::new("bob"));
//! let refused = bob.call_tool("greet", json!({})).await;
//! assert_eq!(refused.status(), 403);
//! assert_eq!(refused.challenged_scopes(), ["greet"]);
//!
//! assert_eq!(kit.anonymous().call_tool("greet", json!({})).await.status(), 401);
//! # Ok(())
//! # }
//! ```
//!
//! # What it leaves out
//!
//! Sockets, and with them what a connection bounds: the size of a head, slow peers, idle time. Tokens, so that
//! [`Caller::claim`](crate::Caller::claim) finds nothing: test what reads claims with tokens of a
//! [`DevIssuer`](crate::DevIssuer). The words of a 401, which are those of a server with a verifier of its own. And
//! sessions: nobody can be asked anything, so [`Context::input`](crate::Context::input) fails as it does for clients
//! without one, and with [`Mode::Stateful`](crate::Mode::Stateful) clients of older revisions are refused.
//!
//! # It is no way into a server
//!
//! No feature hides this module, since nothing in it can weaken a server that runs. A kit is made of a
//! [`ServerBuilder`], which it consumes. It has no way to a [`Server`] or a
//! [`Service`], so nothing that it is made of can be given to a listener. And an identity never
//! travels with a request: it is a value of the one client that the test made for it, so there is nothing that a
//! peer could send in its place.

mod answer;
mod client;
mod mirrored;
mod request;
mod stores;

#[cfg(test)]
mod tests;

use std::{fmt, future::Future, sync::Arc};

pub use mcp_proto::exchange::Notification;

use self::mirrored::Mirrors;
pub use self::{
    answer::{Answer, ErrorObject},
    client::{Call, TestClient},
    stores::{check_event_store, check_session_store},
};
use crate::{
    authenticate::{Identity, Rejection, RequestHead, Verifier},
    load::Load,
    recognise::{Application, Recogniser},
    runtime::Runtime,
    serve::Service,
    server::{Server, ServerBuilder, ServerError},
    verifier::principals::Principals,
};

/// A server in a test: clients of it are whoever the test says. See the [module](self).
pub struct TestKit<R: Runtime> {
    server: Server,
    runtime: R,
    load: Arc<Load>,
    principals: Arc<Principals>,
    mirrors: Arc<Mirrors>,
}

impl<R: Runtime> TestKit<R> {
    /// The server that `builder` would build, on this runtime, for callers whom the test names. Nothing is
    /// fetched. With tokio, `mcp_tokio::test_kit(builder)` is shorter.
    ///
    /// # Errors
    /// Those of [`ServerBuilder::build`].
    pub fn new(builder: ServerBuilder, runtime: R) -> Result<Self, ServerError> {
        let mirrors = Arc::new(Mirrors::of(builder.tools()));
        let server = builder.build_for_tests()?;
        Ok(Self { server, runtime, load: Arc::default(), principals: Arc::default(), mirrors })
    }

    /// A client of this caller, with the scopes and the [value](Identity::value) that the identity has. The
    /// issuer is [`ISSUER_DEFAULT`](crate::ISSUER_DEFAULT) unless the identity names another.
    ///
    /// On a server without authentication nobody asks, and handlers are given no caller.
    #[must_use]
    pub fn caller(&self, identity: Identity) -> TestClient<R> {
        self.client(Vouched(Some(identity)))
    }

    /// A client without credentials: refused with 401 where the server has authentication.
    #[must_use]
    pub fn anonymous(&self) -> TestClient<R> {
        self.client(Vouched(None))
    }

    fn client(&self, vouched: Vouched) -> TestClient<R> {
        let application = Application::new(Arc::new(vouched), Arc::clone(&self.principals));
        let service = Service::recognising(
            self.server.clone(),
            self.runtime.clone(),
            Recogniser::Application(application),
            Arc::clone(&self.load),
        );
        TestClient::new(service, Arc::clone(&self.mirrors))
    }
}

/// Says of every request that this is its caller, whatever its head says.
struct Vouched(Option<Identity>);

impl Verifier for Vouched {
    fn verify(&self, _: RequestHead) -> impl Future<Output = Result<Identity, Rejection>> + Send {
        std::future::ready(self.0.clone().ok_or_else(Rejection::denied))
    }
}

impl<R: Runtime> fmt::Debug for TestKit<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TestKit").field(&self.server).finish()
    }
}
