//! The server under test, and a client of it.

use std::time::Duration;

use mcp_driver::{Auth, BearerPolicy, Context, KeySource, Server, TlsRoots, Tool};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::{DRIVER, later};
use mcp_tests::driver::Running;

pub(crate) const AUDIENCE: &str = "http://127.0.0.1/mcp";

/// The upper bound of whatever is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("not in time: {what}"))
}

/// A server that listens on a port of its own. It runs at least until this is dropped.
pub(crate) struct Served(Running);

impl Served {
    pub(crate) async fn start(issuer: &str, keys: KeySource, roots: TlsRoots) -> Self {
        let policy = BearerPolicy::builder(issuer, AUDIENCE).scope("mcp");
        let tool =
            Tool::new("echo").raw_unchecked(json!({"type": "object"}), async |_: Value, _: Context| "heard");
        let server = Server::builder("test", "1", Auth::bearer(policy, keys)).tool(tool).tls_roots(roots);
        let server = server.build().expect("a server");
        Self(DRIVER.start(server, std::future::pending()).await)
    }

    pub(crate) async fn client(&self) -> Client {
        Client(in_time("connect", TcpStream::connect(self.0.address())).await.expect("a connection"))
    }

    /// The status of a call with this token.
    pub(crate) async fn call(&self, token: &str) -> u16 {
        self.client().await.call(token).await
    }

    pub(crate) async fn ready(&self) -> u16 {
        self.client().await.ready().await
    }

    pub(crate) async fn until_ready(&self) {
        let mut client = self.client().await;
        in_time("the server is ready", async {
            while client.ready().await != 200 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    }

    /// The same when the next round is some time off.
    pub(crate) async fn until_ready_letting_time_pass(&self) {
        while self.ready().await != 200 {
            later(Duration::from_secs(1)).await;
        }
    }
}

/// A connection to the server.
pub(crate) struct Client(TcpStream);

impl Client {
    /// The status of a call with this token.
    pub(crate) async fn call(&mut self, token: &str) -> u16 {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let params = json!({"name": "echo", "arguments": {}, "_meta": meta});
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string();
        let request = format!(
            "POST /mcp HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\ncontent-type: \
             application/json\r\naccept: application/json, text/event-stream\r\nmcp-protocol-version: \
             2026-07-28\r\nmcp-method: tools/call\r\nmcp-name: echo\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.exchange(request).await
    }

    pub(crate) async fn ready(&mut self) -> u16 {
        self.exchange("GET /ready HTTP/1.1\r\nhost: localhost\r\n\r\n".to_owned()).await
    }

    async fn exchange(&mut self, request: String) -> u16 {
        in_time("an answer", async {
            self.0.write_all(request.as_bytes()).await.expect("the server takes the bytes");
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(self.0.read_u8().await.expect("a head"));
            }
            let head = String::from_utf8(head).expect("ASCII").to_ascii_lowercase();
            let field =
                |name: &str| head.split("\r\n").find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            let length = field("content-length").map_or(0, |length| length.parse().expect("a number"));
            let mut body = vec![0; length];
            self.0.read_exact(&mut body).await.expect("a body");
            head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
        })
        .await
    }
}
