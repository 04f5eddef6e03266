//! What is smol's own: no tokio anywhere, and executors that somebody else made. Nothing in this process runs on tokio.

#![allow(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::{
    collections::HashSet,
    env,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::Command,
    sync::{
        Arc, Barrier, Mutex,
        mpsc::{self, Sender},
    },
    thread::{self, JoinHandle, ThreadId},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use mcp_smol::{
    Auth, BearerPolicy, Context, DevIssuer, KeySource, NoArguments, Server, ServerBuilder, SmolRuntime, Tool,
    UnixSeconds,
};
use serde_json::json;
use smol::{Executor, channel};

const PATIENCE: Duration = Duration::from_secs(20);
const AUDIENCE: &str = "http://127.0.0.1/mcp";

/// An executor of the test's own.
struct Own {
    executor: Arc<Executor<'static>>,
    threads: Vec<JoinHandle<()>>,
    stop: channel::Sender<()>,
}

impl Own {
    fn of_threads(count: usize) -> Self {
        let executor = Arc::new(Executor::new());
        let (stop, stopped) = channel::bounded::<()>(1);
        let threads = (0..count).map(|_| {
            let (executor, stopped) = (Arc::clone(&executor), stopped.clone());
            thread::spawn(move || _ = smol::block_on(executor.run(stopped.recv())))
        });
        let threads = threads.collect();
        Self { executor, threads, stop }
    }

    /// Serves until what comes back is dropped.
    fn serve(&self, server: ServerBuilder) -> (SocketAddr, smol::Task<()>, channel::Sender<()>) {
        let runtime = SmolRuntime::on(Arc::clone(&self.executor));
        let listener = smol::block_on(runtime.bind(server.build().expect("a server"), "127.0.0.1:0"));
        let listener = listener.expect("a listener");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = channel::bounded::<()>(1);
        let run = self.executor.spawn(listener.run(async move { _ = stopped.recv().await }));
        (address, run, stop)
    }

    fn threads(&self) -> HashSet<ThreadId> {
        self.threads.iter().map(|thread| thread.thread().id()).collect()
    }

    fn end(self) {
        drop(self.stop);
        for thread in self.threads {
            thread.join().expect("no thread of the executor panicked");
        }
    }
}

/// Sends a call and reads all there is until the connection ends.
fn call(address: SocketAddr, tool: &str, token: &str) -> String {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "progressToken": 1,
    });
    let params = json!({"name": tool, "arguments": {}, "_meta": meta});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string();
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    write!(
        stream,
        "POST /mcp HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\nconnection: close\r\ncontent-type: \
         application/json\r\naccept: application/json, text/event-stream\r\nmcp-protocol-version: \
         2026-07-28\r\nmcp-method: tools/call\r\nmcp-name: {tool}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("the server takes the bytes");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// What a handler sees around it.
fn surroundings() -> (bool, ThreadId) {
    (tokio::runtime::Handle::try_current().is_ok(), thread::current().id())
}

/// Tells what is around it at its start, after it has slept, and while it streams.
fn teller(name: &str, told: Sender<(bool, ThreadId)>) -> Tool {
    Tool::new(name).typed(move |_: NoArguments, cx: Context| {
        let told = told.clone();
        async move {
            told.send(surroundings()).expect("the test listens");
            cx.sleep(Duration::from_millis(5)).await;
            told.send(surroundings()).expect("the test listens");
            cx.progress(1.0, None).await;
            told.send(surroundings()).expect("the test listens");
            "told"
        }
    })
}

/// Gives keys to whoever asks, once.
fn publish(jwks: String) -> (String, JoinHandle<()>) {
    let sockets = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/jwks", sockets.local_addr().expect("an address"));
    let published = thread::spawn(move || {
        let (mut stream, _) = sockets.accept().expect("a server that asks");
        let mut head = [0; 1024];
        let read = stream.read(&mut head).expect("a request");
        assert!(head[..read].starts_with(b"GET /jwks HTTP/1.1\r\n"));
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{jwks}",
            jwks.len()
        )
        .expect("an answer");
    });
    (url, published)
}

#[test]
fn no_tokio_is_around_handlers_streams_and_fetched_keys() {
    let issuer = DevIssuer::new("https://issuer.example").expect("an issuer");
    let (url, published) = publish(issuer.jwks());
    let policy = BearerPolicy::builder("https://issuer.example", AUDIENCE);
    let auth = Auth::bearer(policy, KeySource::url(&url).expect("a URL"));
    let (told, heard) = mpsc::channel();
    let own = Own::of_threads(1);
    let (address, run, stop) = own.serve(Server::builder("smol", "1", auth).tool(teller("teller", told)));
    published.join().expect("the keys are fetched");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let token = issuer.token(AUDIENCE, UnixSeconds(now)).subject("alice").sign();
    let answer = loop {
        let answer = call(address, "teller", &token);
        // Until what was fetched has been read.
        if !answer.starts_with("HTTP/1.1 503 ") {
            break answer;
        }
    };
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("content-type: text/event-stream"), "{answer}");
    assert!(answer.contains("notifications/progress") && answer.contains("told"), "{answer}");
    let threads = own.threads();
    for _ in 0..3 {
        let (has_tokio, thread) = heard.recv_timeout(PATIENCE).expect("a handler");
        assert!(!has_tokio);
        assert!(threads.contains(&thread), "on the executor");
    }
    drop(stop);
    smol::block_on(run);
    own.end();
}

#[test]
fn an_executor_of_several_threads_runs_as_many_handlers_at_once() {
    const THREADS: usize = 4;
    let own = Own::of_threads(THREADS);
    let together = Arc::new(Barrier::new(THREADS));
    let seen = Arc::new(Mutex::new(HashSet::new()));
    let meets = Tool::new("meets").typed({
        let seen = Arc::clone(&seen);
        move |_: NoArguments| {
            // Blocks its thread until all threads are blocked by it.
            together.wait();
            seen.lock().expect("no panic").insert(thread::current().id());
            std::future::ready("met")
        }
    });
    let (address, run, stop) = own.serve(Server::builder("smol", "1", Auth::none()).tool(meets));
    let calls: Vec<_> = (0..THREADS).map(|_| thread::spawn(move || call(address, "meets", "none"))).collect();
    for call in calls {
        let answer = call.join().expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("met"), "{answer}");
    }
    assert_eq!(*seen.lock().expect("no panic"), own.threads());
    drop(stop);
    smol::block_on(run);
    own.end();
}

#[test]
fn a_server_that_shuts_down_leaves_nothing_on_the_executor() {
    let own = Own::of_threads(2);
    let (told, heard) = mpsc::channel();
    let (address, run, stop) =
        own.serve(Server::builder("smol", "1", Auth::none()).tool(teller("teller", told)));
    assert!(call(address, "teller", "none").contains("told"));
    assert_eq!(heard.iter().take(3).count(), 3);
    drop(stop);
    smol::block_on(run);
    assert!(TcpStream::connect(address).is_err(), "nobody listens any more");
    let executor = Arc::clone(&own.executor);
    own.end();
    assert!(executor.is_empty());
}

/// The crate `tokio` is there, since hyper uses its channels: without a runtime, sockets or timers.
#[test]
fn the_driver_depends_on_no_runtime_but_smol() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--package", "mcp-smol", "--edges", "normal", "--prefix", "none"])
        .args(["--format", "{p} [{f}]"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo");
    let tree = String::from_utf8(tree.stdout).expect("UTF-8");
    let line = tree.lines().find(|line| line.starts_with("tokio v")).expect("hyper's dependency");
    let (_, features) = line.split_once('[').expect("features");
    let features: HashSet<_> = features.split(']').next().unwrap_or_default().split(',').collect();
    for feature in ["rt", "rt-multi-thread", "net", "time", "signal", "process", "fs"] {
        assert!(!features.contains(feature), "{line}");
    }
    assert!(!tree.contains("tokio-rustls") && !tree.contains("mcp-tokio"), "{tree}");
}
