//! The servers under test.

use std::{io, net::SocketAddr, time::Duration};

use mcp_tests::http1::Response;
use mcp_tokio::{Auth, Caller, Identity, NoArguments, Rejection, RequestHead, Server, ServerBuilder, Tool};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};

use crate::{answer::Answer, request::Request};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

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
        Some("good") => Ok(Identity::new("user-1").scopes("read")),
        Some("admin") => Ok(Identity::new("user-0").scopes("read admin")),
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

    pub(crate) async fn start(server: ServerBuilder) -> Self {
        let sockets = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let listener = mcp_tokio::listen(server.build().expect("a server"), sockets).expect("a listener");
        let address = listener.local_addr().expect("an address");
        Self { address, run: tokio::spawn(listener.run(std::future::pending())) }
    }

    pub(crate) async fn connect(&self) -> Connection {
        let connecting = timeout(PATIENCE, TcpStream::connect(self.address));
        let stream = connecting.await.expect("in time").expect("a connection");
        Connection { stream, received: Vec::new() }
    }

    /// The answer on a connection of its own.
    pub(crate) async fn answer(&self, request: &Request) -> Answer {
        self.connect().await.exchange(request).await
    }
}

/// A connection that stays open as long as the server likes.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    pub(crate) async fn exchange(&mut self, request: &Request) -> Answer {
        self.send(&request.bytes()).await;
        self.answer_to(request.is_head()).await
    }

    /// Sends as much as the server takes: it may answer and close before the end.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let _ = timeout(PATIENCE, self.stream.write_all(bytes)).await.expect("in time");
    }

    pub(crate) async fn answer(&mut self) -> Answer {
        self.answer_to(false).await
    }

    async fn answer_to(&mut self, is_head: bool) -> Answer {
        let mut is_closed = false;
        loop {
            let read = Response::read(&self.received, is_head, is_closed).expect("an answer");
            if let Some((response, length)) = read {
                self.received.drain(..length);
                return Answer(response);
            }
            assert!(!is_closed, "closed after {:?}", String::from_utf8_lossy(&self.received));
            let mut buffer = vec![0; 64 << 10];
            let reading = timeout(PATIENCE, self.stream.read(&mut buffer));
            match reading.await.expect("in time") {
                Ok(0) | Err(_) => is_closed = true,
                Ok(length) => self.received.extend_from_slice(buffer.get(..length).unwrap_or_default()),
            }
        }
    }
}
