//! How often a whole server allocates for one request: its promise is at most 20 times.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
};

use mcp_tokio::{Auth, DevIssuer, Runtime, Server, TokioRuntime, Tool};
use schemars::JsonSchema;
use serde::Deserialize;

/// Counts the allocations of threads that asked for it.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static IS_COUNTED: Cell<bool> = const { Cell::new(false) };
}

fn count() {
    if IS_COUNTED.get() {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: everything is left to the system's allocator.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of this very function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of this very function.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of this very function.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[derive(Deserialize, JsonSchema)]
struct Echo {
    text: String,
}

/// Starts the server in a thread of its own, whose allocations are counted.
fn start(auth: Auth) -> SocketAddr {
    let echo = Tool::new("echo").description("Sends the text back").typed(async |echo: Echo| echo.text);
    let server = Server::builder("allocations", "1", auth).tool(echo).build().expect("a server");
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let listener = mcp_tokio::bind(server, (Ipv4Addr::LOCALHOST, 0)).await.expect("a socket");
            sender.send(listener.local_addr().expect("an address")).expect("somebody waits");
            IS_COUNTED.set(true);
            listener.run(std::future::pending()).await;
        });
    });
    receiver.recv().expect("an address")
}

const BODY: &str = r#"{"jsonrpc":"2.0","id":100000001,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hello anchor"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1.0.0"},"io.modelcontextprotocol/clientCapabilities":{}}}}"#;

fn request(authorization: &str) -> String {
    format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nUser-Agent: test\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\nContent-Length: {}\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: echo\r\n{authorization}\r\n{BODY}",
        BODY.len()
    )
}

fn exchange(socket: &mut TcpStream, request: &str) {
    socket.write_all(request.as_bytes()).expect("written");
    let mut answer = [0; 4096];
    let mut length = 0;
    while !answer[..length].ends_with(b"}}") {
        let read = socket.read(&mut answer[length..]).expect("read");
        assert_ne!(read, 0, "the server closed the connection");
        length += read;
    }
    let answer = std::str::from_utf8(&answer[..length]).expect("UTF-8");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("hello anchor"), "{answer}");
}

/// Allocations for each of many requests on one connection.
fn allocations_per_request(address: SocketAddr, authorization: &str) -> f64 {
    const WARM_UP: u32 = 100;
    const COUNTED: u32 = 1_000;
    let request = request(authorization);
    let mut socket = TcpStream::connect(address).expect("connected");
    for _ in 0..WARM_UP {
        exchange(&mut socket, &request);
    }
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    for _ in 0..COUNTED {
        exchange(&mut socket, &request);
    }
    (ALLOCATIONS.load(Ordering::Relaxed) - before) as f64 / f64::from(COUNTED)
}

/// One test, as the count is the process's.
#[test]
fn a_request_allocates_at_most_twenty_times() {
    let open = allocations_per_request(start(Auth::none()), "");
    println!("allocations per request, without authentication: {open:.2}");

    let issuer = DevIssuer::new("http://localhost:1").expect("an issuer");
    let address = start(Auth::jwt("http://localhost:1", "http://localhost/mcp", issuer.keys()).into());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let now = runtime.block_on(async { TokioRuntime::new().now() });
    let token = issuer.token("http://localhost/mcp", now.unix).sign();
    let authorization = format!("Authorization: Bearer {token}\r\n");
    let authenticated = allocations_per_request(address, &authorization);
    println!("allocations per request, with a token seen before: {authenticated:.2}");

    assert!(open <= 20.0, "{open} allocations per request");
    assert!(authenticated <= 20.0, "{authenticated} allocations per request with a token");
}
