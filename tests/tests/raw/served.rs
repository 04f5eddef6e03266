//! The server under test.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use mcp_driver::{
    Auth, BearerPolicy, ConnectionTimeouts, Context, DevIssuer, KeySource, Server, ServerBuilder,
    ServerLimits, Timeouts, Tool, UnixSeconds,
};
use mcp_tests::driver::Running;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::{
    DRIVER,
    raw::client::{Client, in_time},
};

pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const AUDIENCE: &str = "http://127.0.0.1/mcp";

/// A server that listens on a port of its own.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) server: Server,
    issuer: Arc<DevIssuer>,
    stop: Option<oneshot::Sender<()>>,
    run: Running,
}

impl Served {
    /// With the tool `echo`, and what `configure` adds.
    pub(crate) async fn start(configure: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
        let issuer = DevIssuer::new(ISSUER).expect("an issuer");
        let keys = issuer.keys();
        Self::with_keys(issuer, keys, configure).await
    }

    /// The same with keys from elsewhere.
    pub(crate) async fn with_keys(
        issuer: DevIssuer,
        keys: KeySource,
        configure: impl FnOnce(ServerBuilder) -> ServerBuilder,
    ) -> Self {
        let policy = BearerPolicy::builder(ISSUER, AUDIENCE).scope("mcp");
        let builder = Server::builder("raw", "1", Auth::bearer(policy, keys)).tool(echo());
        let server = configure(builder).build().expect("a server");
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async {
            if stopped.await.is_err() {
                // Only a test that has ended drops the sender without a word.
                std::future::pending::<()>().await;
            }
        };
        let run = DRIVER.start(server.clone(), stopped).await;
        let address = run.address();
        Self { address, server, issuer: Arc::new(issuer), stop: Some(stop), run }
    }

    /// A token that is good here.
    pub(crate) fn token(&self, subject: &str) -> String {
        self.issuer.token(AUDIENCE, now()).subject(subject).scope("mcp").sign()
    }

    pub(crate) async fn connect(&self) -> Client {
        Client::connect(self.address).await
    }

    /// Begins to shut down.
    pub(crate) fn stop(&mut self) {
        let stop = self.stop.take().expect("stopped once");
        stop.send(()).expect("the server runs");
    }

    /// Drops the server's future.
    pub(crate) async fn abort(self) {
        self.run.abort().await;
    }

    /// Waits until the server has shut down.
    pub(crate) async fn stopped(self) {
        in_time("the server ends", self.run.ended()).await;
    }
}

/// The time that tokens are judged at.
pub(crate) fn now() -> UnixSeconds {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    UnixSeconds(now.as_secs())
}

/// Sends `text` back.
fn echo() -> Tool {
    tool("echo", async |arguments, _| arguments["text"].as_str().unwrap_or_default().to_owned())
}

/// A tool that judges its arguments itself.
pub(crate) fn tool<F, Fut, T>(name: &str, function: F) -> Tool
where
    F: Fn(Value, Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = T> + Send + 'static,
    T: mcp_driver::IntoToolResult,
{
    Tool::new(name).raw_unchecked(json!({"type": "object"}), function)
}

pub(crate) fn timeouts(change: impl FnOnce(&mut Timeouts)) -> Timeouts {
    let mut timeouts = Timeouts::default();
    change(&mut timeouts);
    timeouts
}

pub(crate) fn connection_timeouts(change: impl FnOnce(&mut ConnectionTimeouts)) -> ConnectionTimeouts {
    let mut timeouts = ConnectionTimeouts::default();
    change(&mut timeouts);
    timeouts
}

pub(crate) fn limits(change: impl FnOnce(&mut ServerLimits)) -> ServerLimits {
    let mut limits = ServerLimits::default();
    change(&mut limits);
    limits
}

/// At most one connection: the next one is served only when the last has ended.
pub(crate) fn one_connection() -> ServerLimits {
    limits(|limits| limits.connections = 1)
}
