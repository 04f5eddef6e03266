//! The server under test.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use mcp_tests::{
    http1::Response,
    request::Request,
    socket::{Socket, Stream, in_time},
};
use mcp_tokio::{
    Auth, Caller, Catalog, Completion, CompletionInput, CompletionValues, Content, Context, CustomPolicy,
    Interrupt, Mode, NoArguments, Prompt, PromptArguments, PromptMessage, ReadRequest, Resource,
    ResourceContents, ResourceTemplate, Server, ServerBuilder, SessionPolicy, Tool,
};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{Mutex, oneshot},
    task::JoinHandle,
    time::sleep,
};

use crate::{
    puppet::{Calls, Running, puppets},
    tokens::verify,
};

/// A server that listens on a port of its own until it is dropped.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) server: Server,
    calls: Mutex<Calls>,
    stop: Option<oneshot::Sender<()>>,
    run: JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.run.abort();
    }
}

/// What holds for sessions, but for this.
pub(crate) fn policy(change: impl FnOnce(&mut SessionPolicy)) -> SessionPolicy {
    let mut policy = SessionPolicy::default();
    change(&mut policy);
    policy
}

async fn read(request: ReadRequest) -> Result<ResourceContents, Interrupt> {
    Ok(ResourceContents::text(request.uri, "a note"))
}

async fn greet(_: PromptArguments, _: Context) -> Result<PromptMessage, Interrupt> {
    Ok(PromptMessage::user(Content::text("hello")))
}

async fn complete(_: CompletionInput, _: Context) -> Result<CompletionValues, Interrupt> {
    Ok(["warmly".to_owned()].into_iter().collect())
}

/// The resources of the server, beside what is in the catalog.
pub(crate) fn with_resources(catalog: Catalog) -> Catalog {
    catalog
        .resource(Resource::new("note://1", "one").handler(read))
        .resource(Resource::new("note://secret", "secret").scope("admin").handler(read))
        .template(ResourceTemplate::new("note://of/{day}", "of a day").handler(read))
}

/// Everything that is served, but for the puppets: what only administrators may use is hidden from others.
fn catalog() -> Catalog {
    let whoami = async |_: NoArguments, caller: Option<Caller>| {
        caller.map_or("nobody".to_owned(), |caller| caller.principal().subject().to_owned())
    };
    with_resources(Catalog::new())
        .tool(Tool::new("whoami").title("Who am I").typed(whoami))
        .tool(Tool::new("secret").scope("admin").typed(async |_: NoArguments| "secret"))
        .prompt(Prompt::new("greet").optional("how", "How").handler(greet))
        .completion(Completion::of_prompt("greet", complete))
}

impl Served {
    /// With the sessions of every default.
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// With sessions under these terms.
    pub(crate) async fn with(change: impl FnOnce(&mut SessionPolicy)) -> Self {
        Self::built(|server| server.sessions(policy(change))).await
    }

    /// With whatever else `configure` says.
    pub(crate) async fn built(configure: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
        let policy = CustomPolicy::builder().resource("https://mcp.example.com/mcp").scope("use");
        Self::of(Auth::custom(policy, verify), configure).await
    }

    /// Whoever asks is served.
    pub(crate) async fn open(change: impl FnOnce(&mut SessionPolicy)) -> Self {
        let server = Server::builder("sessions", "1.0.0", Auth::none()).mode(Mode::Stateful);
        let ([puppet, _], calls) = puppets();
        Self::run(server.sessions(policy(change)).tool(puppet), calls).await
    }

    async fn of(auth: Auth, configure: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
        let server = Server::builder("sessions", "1.0.0", auth).mode(Mode::Stateful);
        let server = server.list_by_scope().catalog(catalog());
        let ([puppet, guarded], calls) = puppets();
        Self::run(configure(server).tool(puppet).tool(guarded), calls).await
    }

    async fn run(server: ServerBuilder, calls: Calls) -> Self {
        let server = server.build().expect("a server");
        let sockets = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let listener = mcp_tokio::listen(server.clone(), sockets).expect("a listener");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel::<()>();
        let run = tokio::spawn(listener.run(async {
            if stopped.await.is_err() {
                // Only a test that has ended drops the sender without a word.
                std::future::pending::<()>().await;
            }
        }));
        Self { address, server, calls: Mutex::new(calls), stop: Some(stop), run }
    }

    /// The answer on a connection of its own.
    pub(crate) async fn answer(&self, request: &Request) -> Response {
        Socket::connect(self.address).await.exchange(request).await
    }

    /// The answer, which has to be an event stream.
    pub(crate) async fn stream(&self, request: &Request) -> Stream {
        let mut socket = Socket::connect(self.address).await;
        socket.send(request.bytes()).await;
        socket.stream().await
    }

    /// The next call of a puppet that has begun.
    pub(crate) async fn begun(&self) -> Running {
        self.calls.lock().await.next().await
    }

    /// Fails when a call of a puppet has begun that no test has asked for.
    pub(crate) async fn nothing_begun(&self) {
        self.calls.lock().await.expect_none();
    }

    /// How many sessions there are.
    pub(crate) fn sessions(&self) -> usize {
        self.server.sessions().len()
    }

    /// Waits until there are this many sessions.
    pub(crate) async fn until_there_are(&self, sessions: usize) {
        let wait = async {
            while self.sessions() != sessions {
                sleep(Duration::from_millis(5)).await;
            }
        };
        in_time("the number of sessions", wait).await;
    }

    /// Begins to shut down.
    pub(crate) fn stop(&mut self) {
        let stop = self.stop.take().expect("stopped once");
        stop.send(()).expect("the server runs");
    }

    /// Waits until the server has shut down.
    pub(crate) async fn stopped(&mut self) {
        in_time("the server ends", &mut self.run).await.expect("the server did not panic");
    }
}

/// Status and JSON of an answer.
pub(crate) fn said(response: &Response) -> (u16, Value) {
    let text = String::from_utf8_lossy(&response.body);
    assert_eq!(response.head.field("content-type"), Some("application/json"), "{text}");
    let json = serde_json::from_slice(&response.body).unwrap_or_else(|_| panic!("no JSON: {text}"));
    (response.head.status, json)
}

/// Status and body of an answer that is no JSON.
pub(crate) fn plain(response: &Response) -> (u16, &str) {
    (response.head.status, std::str::from_utf8(&response.body).expect("UTF-8"))
}
