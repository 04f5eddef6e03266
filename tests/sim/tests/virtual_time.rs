//! Everything that a server does in time is done in virtual time: hyper's own deadlines too.

#![allow(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use mcp_driver::{Auth, ConnectionTimeouts, NoArguments, Server, Service, Tool, proto::Tick};
use mcp_sim::{ClientEnd, Executor, pipe};

/// The moment at which the server ends the connection of a client that sends this, begun after 5 s, and nothing
/// more.
fn ended_after(sent: &[u8]) -> (Tick, ClientEnd) {
    let mut executor = Executor::new(1);
    let greet = Tool::new("greet").typed(async |_: NoArguments| "hello");
    let server = Server::builder("greeter", "1.0.0", Auth::none()).tool(greet).build().expect("a server");
    let service = Service::start(server, executor.runtime(), None).expect("a service");
    executor.run_until(Tick(5_000_000));
    let (server_end, client) = pipe(64 << 10);
    executor.start(async move { service.serve_connection(server_end, std::future::pending()).await });
    client.write(sent);
    executor.run_until_idle();
    while !client.is_closed() {
        let next = executor.next_timer().expect("somebody waits for a moment");
        executor.run_until(next);
    }
    (executor.tick(), client)
}

#[test]
fn a_connection_ends_when_its_time_for_a_head_is_over() {
    let head = ConnectionTimeouts::default().head;
    let over = Tick(5_000_000 + u64::try_from(head.as_micros()).expect("seconds"));
    for sent in [&b""[..], b"GET /ping", b"GET /ping HTTP/1.1\r\nhost: localhost\r\n\r\n"] {
        let (ended, _) = ended_after(sent);
        assert_eq!(ended, over, "{}", String::from_utf8_lossy(sent));
    }
}
