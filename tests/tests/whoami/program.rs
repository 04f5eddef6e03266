//! The example as a process of its own.

use std::{
    env,
    ffi::OsStr,
    io::{BufRead as _, BufReader, Read, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        LazyLock,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use mcp_tests::http1::Response;
use serde_json::{Value, json};

use crate::EXAMPLE;

/// For anything that a process or a peer is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What the server says last when it begins.
const BEGUN: &str = "Stop it with ctrl-c.";

/// The example, built once for all tests.
static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
    let (package, example) = EXAMPLE;
    let mut build = Command::new(env!("CARGO"));
    build
        .args(["build", "--quiet", "--offline", "--package", package, "--example", example])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .env("CARGO_TARGET_DIR", target());
    // What cargo tells this test about its package would have dependencies built anew that look at it.
    for (name, _) in env::vars_os() {
        let is_of_package =
            |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        if name.to_str().is_some_and(is_of_package) {
            build.env_remove(name);
        }
    }
    assert!(build.status().expect("cargo").success());
    target().join("debug/examples").join(example)
});

/// Where cargo builds: this test lies in `debug/deps` of it.
fn target() -> PathBuf {
    let this = env::current_exe().expect("this test");
    this.ancestors().nth(3).expect("a target folder").to_owned()
}

/// A process that runs the example, ended with the test.
struct Process {
    child: Child,
    output: Receiver<String>,
    complaints: Receiver<String>,
}

impl Process {
    fn start<A: AsRef<OsStr>>(arguments: &[A], input: &str) -> Self {
        let mut child = Command::new(&*BUILT)
            .args(arguments)
            .env_remove("RUST_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the example");
        // A program that reads nothing may be gone already.
        _ = child.stdin.take().expect("its input").write_all(input.as_bytes());
        let output = lines(child.stdout.take().expect("its output"));
        let complaints = lines(child.stderr.take().expect("its complaints"));
        Self { child, output, complaints }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// The lines of a stream as they come, until it ends.
fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { return };
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// All lines of a stream that ends.
fn rest(lines: &Receiver<String>) -> String {
    let mut text = String::new();
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) => text = text + &line + "\n",
            Err(RecvTimeoutError::Disconnected) => return text,
            Err(RecvTimeoutError::Timeout) => panic!("the program goes on; so far it said:\n{text}"),
        }
    }
}

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
    pub(crate) complaints: String,
}

/// Runs the example with these arguments to its end.
pub(crate) fn ended<A: AsRef<OsStr>>(arguments: &[A], input: &str) -> Ended {
    let mut process = Process::start(arguments, input);
    let (complaints, output) = (rest(&process.complaints), rest(&process.output));
    Ended { code: process.child.wait().expect("its end").code(), output, complaints }
}

/// A server on a free port of loopback.
pub(crate) struct Program {
    process: Process,
    /// Everything that it said when it began.
    pub(crate) announced: String,
    /// Its address and port.
    pub(crate) address: String,
}

impl Program {
    pub(crate) fn start<A: AsRef<OsStr>>(arguments: &[A]) -> Self {
        let free = ["--listen", "127.0.0.1:0"].map(OsStr::new);
        let arguments: Vec<&OsStr> = free.into_iter().chain(arguments.iter().map(AsRef::as_ref)).collect();
        let process = Process::start(&arguments, "");
        let mut announced = String::new();
        while !announced.ends_with(&format!("{BEGUN}\n")) {
            let Ok(line) = process.output.recv_timeout(PATIENCE) else {
                panic!("the server does not begin:\n{announced}{}", rest(&process.complaints));
            };
            announced = announced + &line + "\n";
        }
        let (_, behind) = announced.split_once("endpoint      ").expect("where it listens");
        let (_, behind) = behind.split_once("://").expect("how it listens");
        let (address, _) = behind.split_once("/mcp\n").expect("the path of the endpoint");
        let address = address.to_owned();
        Self { process, announced, address }
    }

    /// The next record of a decision that it writes to stderr, between whatever else is there.
    pub(crate) fn record(&self) -> Value {
        loop {
            let line = self.process.complaints.recv_timeout(PATIENCE).expect("a record");
            if line.starts_with('{') {
                return serde_json::from_str(&line).expect("one JSON object on a line");
            }
        }
    }

    /// What the server says to these bytes.
    pub(crate) fn exchange(&self, request: &str) -> Response {
        let mut stream = TcpStream::connect(&self.address).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream.write_all(request.as_bytes()).expect("the server reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        Response::read(&answer, false, true).expect("an answer").expect("a whole answer").0
    }

    /// Sends a message with these credentials: header fields, each with its line break.
    pub(crate) fn send(&self, method: &str, name: Option<&str>, credentials: &str) -> Response {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {}
        });
        let mut params = json!({ "_meta": meta });
        let mut named = String::new();
        if let Some(name) = name {
            params["name"] = name.into();
            params["arguments"] = json!({});
            named = format!("Mcp-Name: {name}\r\n");
        }
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        self.exchange(&format!(
            "POST /mcp HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\n\
             Mcp-Method: {method}\r\n{named}{credentials}Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        ))
    }

    /// What the tool `whoami` answers, or the refusal.
    pub(crate) fn whoami(&self, credentials: &str) -> Result<Value, Response> {
        let answer = self.send("tools/call", Some("whoami"), credentials);
        if answer.head.status != 200 {
            return Err(answer);
        }
        let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
        Ok(body["result"]["structuredContent"].clone())
    }

    /// The status of the refusal, and its challenge: the first one if there are two.
    pub(crate) fn refusal(&self, credentials: &str) -> (u16, String) {
        let refused = self.whoami(credentials).expect_err("a refusal");
        let mut fields = refused.head.fields.into_iter();
        let challenge = fields.find(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"));
        (refused.head.status, challenge.expect("a challenge").1)
    }
}

/// The credentials of who has an access token.
pub(crate) fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}
