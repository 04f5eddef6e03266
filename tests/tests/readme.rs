//! The programs of the README: they are what is compiled, and run. The first one is short.

#![allow(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

#[path = "readme/testing_your_tools.rs"]
mod testing_your_tools;

use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use mcp_tests::http1::Response;
use mcp_tokio::DevIssuer;

/// What fits on a screen, blank lines and comments not counted.
const LINES_MAX: usize = 25;

/// Where the program listens.
const ADDRESS: &str = "127.0.0.1:3000";

const PATIENCE: Duration = Duration::from_secs(10);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The Rust programs of the README that are complete, in order.
fn programs() -> Vec<String> {
    let readme = fs::read_to_string(root().join("README.md")).expect("a README");
    let behind = readme.split("```rust\n").skip(1);
    behind.map(|text| text.split_once("```\n").expect("its end").0.to_owned()).collect()
}

#[test]
fn the_programs_are_those_that_are_compiled() {
    let compiled = ["mcp-tokio/examples/readme.rs", "tests/tests/readme/testing_your_tools.rs"];
    let compiled = compiled.map(|path| fs::read_to_string(root().join(path)).expect("a program"));
    assert_eq!(programs(), compiled);
}

/// The first program of the guide to sessions is the example that it names. Its tests compile the others.
#[test]
fn the_guide_to_sessions_shows_the_example() {
    let guide = fs::read_to_string(root().join("docs/sessions.md")).expect("a guide");
    let (_, behind) = guide.split_once("```rust,no_run\n").expect("a program");
    let (program, _) = behind.split_once("```\n").expect("its end");
    let example = fs::read_to_string(root().join("mcp-tokio/examples/booking.rs")).expect("the example");
    assert_eq!(program, example);
}

/// What the README shows of axum is what the documentation of `mount` compiles.
#[test]
fn the_mount_is_the_documented_one() {
    let readme = fs::read_to_string(root().join("README.md")).expect("a README");
    let (_, section) = readme.split_once("## Inside axum\n").expect("a section");
    let (_, behind) = section.split_once("```rust,ignore\n").expect("a snippet");
    let (snippet, _) = behind.split_once("```\n").expect("its end");
    assert!(snippet.lines().count() > 3, "{snippet}");
    let source = fs::read_to_string(root().join("mcp-tokio/src/mount.rs")).expect("the source");
    let documented: String = snippet.lines().map(|line| format!("/// {line}\n")).collect();
    assert!(source.contains(&documented), "{documented}");
}

#[test]
fn the_program_is_short() {
    let programs = programs();
    let lines = programs[0].lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    let count = lines.count();
    assert!((10..=LINES_MAX).contains(&count), "{count} lines");
}

/// Ends the program with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_program_runs_and_asks_who_is_there() {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--offline", "--package", "mcp-tokio", "--example", "readme"])
        .current_dir(root())
        .env("CARGO_TARGET_DIR", target())
        .status()
        .expect("cargo");
    assert!(built.success());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme");
    fs::create_dir_all(&folder).expect("a folder");
    let issuer = DevIssuer::new("https://auth.example.com").expect("an issuer");
    fs::write(folder.join("jwks.json"), issuer.jwks()).expect("a file");
    drop(TcpListener::bind(ADDRESS).expect("nobody else listens where the program will"));
    let program = Command::new(target().join("debug/examples/readme"))
        .current_dir(&folder)
        .stdout(Stdio::null())
        .spawn()
        .expect("the program");
    let mut running = Running(program);
    let answer = ask(&mut running);
    assert_eq!(answer.head.status, 401);
    assert_eq!(
        answer.head.field("www-authenticate"),
        Some(
            "Bearer resource_metadata=\
             \"http://127.0.0.1:3000/.well-known/oauth-protected-resource/mcp\""
        )
    );
}

/// Where cargo builds: this test lies in `debug/deps` of it.
fn target() -> PathBuf {
    let this = std::env::current_exe().expect("this test");
    this.ancestors().nth(3).expect("a target folder").to_owned()
}

/// Calls a tool without a token as soon as somebody listens.
fn ask(running: &mut Running) -> Response {
    let begin = Instant::now();
    let mut stream = loop {
        match TcpStream::connect(ADDRESS) {
            Ok(stream) => break stream,
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(error) => panic!("{error}"),
        }
        assert_eq!(running.0.try_wait().expect("the program"), None, "the program has ended");
        assert!(begin.elapsed() < PATIENCE, "the program does not listen");
        thread::sleep(Duration::from_millis(10));
    };
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let request = format!("POST /mcp HTTP/1.1\r\nHost: {ADDRESS}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("the program listens");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    Response::read(&answer, false, true).expect("an answer").expect("a whole answer").0
}
