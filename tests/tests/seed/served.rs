//! The servers under test.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use mcp_tests::socket::{Socket, Stream};
use mcp_tokio::{
    Auth, Caller, Identity, Mode, NoArguments, Rejection, RequestHead, Server, ServerBuilder, Tool,
};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{answer::Answer, request::Request};

/// A server that listens on a port of its own until it is dropped.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    run: JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.run.abort();
    }
}

/// The seed's callback, which knew one good token.
pub(crate) async fn authenticate(head: RequestHead) -> Result<Identity, Rejection> {
    match head.bearer() {
        Some("good" | "refreshed") => Ok(Identity::new("user-1").scopes("read")),
        Some("promoted") => Ok(Identity::new("user-1").scopes("read admin")),
        Some("admin") => Ok(Identity::new("user-0").scopes("read admin")),
        Some(other @ ("other" | "another")) => Ok(Identity::new(other).scopes("read")),
        Some("throw" | "resp") => Err(io::Error::other("JWT validation service is down"))?,
        Some("down") => Err(Rejection::unavailable()),
        Some(_) | None => Err(Rejection::denied()),
    }
}

#[derive(Deserialize, JsonSchema)]
struct Echo {
    text: String,
}

/// A server with the tools `echo`, `whoami`, and `secret` for administrators.
pub(crate) fn server(auth: impl Into<Auth>) -> ServerBuilder {
    with_tools(auth).tool(Tool::new("secret").scope("admin").typed(async |_: NoArguments| "secret"))
}

/// A server that asks nobody who they are, and so has nothing for administrators.
pub(crate) fn open_server() -> ServerBuilder {
    with_tools(Auth::none())
}

fn with_tools(auth: impl Into<Auth>) -> ServerBuilder {
    Server::builder("seed", "1.0.0", auth)
        .tool(Tool::new("echo").description("Says it again").typed(async |echo: Echo| echo.text))
        .tool(Tool::new("whoami").typed(async |_: NoArguments, caller: Option<Caller>| {
            caller.map_or("anonymous".to_owned(), |caller| caller.principal().subject().to_owned())
        }))
}

impl Served {
    /// Whoever asks is served.
    pub(crate) async fn open() -> Self {
        Self::start(open_server()).await
    }

    /// Whoever has one of the tokens that [`authenticate`] knows is served.
    pub(crate) async fn guarded() -> Self {
        Self::start(server(Auth::verifier(authenticate))).await
    }

    /// The same with sessions.
    pub(crate) async fn stateful() -> Self {
        Self::start(server(Auth::verifier(authenticate)).mode(Mode::Stateful)).await
    }

    pub(crate) async fn start(server: ServerBuilder) -> Self {
        Self::run(server.build().expect("a server")).await
    }

    pub(crate) async fn run(server: Server) -> Self {
        let sockets = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let listener = mcp_tokio::listen(server, sockets).expect("a listener");
        let address = listener.local_addr().expect("an address");
        Self { address, run: tokio::spawn(listener.run(std::future::pending())) }
    }

    pub(crate) async fn connect(&self) -> Connection {
        Connection(Socket::connect(self.address).await)
    }

    /// The answer on a connection of its own.
    pub(crate) async fn answer(&self, request: &Request) -> Answer {
        self.connect().await.exchange(request).await
    }
}

/// A server that counts how often its callback is asked, and how often that was since somebody wanted to know.
pub(crate) async fn counting(
    configure: impl FnOnce(ServerBuilder) -> ServerBuilder,
) -> (Served, impl Fn() -> usize) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let verifier = move |head: RequestHead| {
        counter.fetch_add(1, Ordering::SeqCst);
        authenticate(head)
    };
    let served = Served::start(configure(server(Auth::verifier(verifier)))).await;
    (served, move || asked.swap(0, Ordering::SeqCst))
}

/// A connection that stays open as long as the server likes.
pub(crate) struct Connection(Socket);

impl Connection {
    pub(crate) async fn exchange(&mut self, request: &Request) -> Answer {
        Answer(self.0.exchange(request).await)
    }

    /// Sends as much as the server takes: it may answer and close before the end.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.0.send(bytes).await;
    }

    pub(crate) async fn answer(&mut self) -> Answer {
        Answer(self.0.response().await)
    }

    /// The answer to this, which has to be an event stream.
    pub(crate) async fn stream(mut self, request: &Request) -> Stream {
        self.0.send(request.bytes()).await;
        self.0.stream().await
    }
}
