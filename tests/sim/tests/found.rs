//! What the simulation has found, each in the smallest world that shows it.

#![allow(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::time::Duration;

use bytes::Bytes;
use mcp_driver::{
    Auth, Context, EventStore, MemoryEvents, Mode, Runtime, Server, Service, SessionKey, Storing, Tool,
    proto::{Tick, session::Owner},
};
use mcp_sim::{ClientEnd, Executor, SimRuntime, pipe};
use serde_json::{Value, json};

/// A store that takes a second to keep an event.
struct Slow(SimRuntime, MemoryEvents);

impl EventStore for Slow {
    fn append<'s>(
        &'s self,
        owner: &'s Owner,
        session: &'s SessionKey,
        stream: u64,
        sequence: u64,
        event: Bytes,
    ) -> Storing<'s, ()> {
        Box::pin(async move {
            self.0.sleep_until(self.0.now().tick.after_seconds(1)).await;
            self.1.append(owner, session, stream, sequence, event).await
        })
    }

    fn replay<'s>(
        &'s self,
        owner: &'s Owner,
        session: &'s SessionKey,
        stream: u64,
        after: u64,
        events_max: usize,
    ) -> Storing<'s, Option<Vec<(u64, Bytes)>>> {
        self.1.replay(owner, session, stream, after, events_max)
    }

    fn forget<'s>(&'s self, owner: &'s Owner, session: &'s SessionKey) -> Storing<'s, ()> {
        self.1.forget(owner, session)
    }
}

/// What comes of a request within ten seconds, on a connection of its own.
fn answer(executor: &mut Executor, service: &Service<SimRuntime>, request: &str) -> String {
    let (server_end, client): (_, ClientEnd) = pipe(64 << 10);
    let service = service.clone();
    executor.start(async move { service.serve_connection(server_end, std::future::pending()).await });
    client.write(request.as_bytes());
    executor.run_until(executor.tick().after_seconds(10));
    String::from_utf8(client.read(usize::MAX)).expect("text")
}

fn post(fields: &str, message: &Value) -> String {
    let body = message.to_string();
    format!(
        "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\n{fields}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// SSE-03: a client can only come back behind an event that it was given.
#[test]
fn a_stream_that_is_closed_early_has_given_its_client_an_id_first() {
    let mut executor = Executor::new(1);
    let close =
        Tool::new("close").raw_unchecked(json!({"type": "object"}), |_: Value, cx: Context| async move {
            cx.close_stream(Duration::from_millis(100)).await;
            cx.sleep(Duration::from_secs(60)).await;
            "done"
        });
    let server = Server::builder("found", "1", Auth::none())
        .mode(Mode::Stateful)
        .event_store(Slow(executor.runtime(), MemoryEvents::new(16, 1 << 10)))
        .tool(close);
    let server = server.build().expect("a server");
    let service = Service::start(server, executor.runtime(), None).expect("a service");

    let client = json!({"name": "found", "version": "1"});
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
    let welcome = answer(&mut executor, &service, &post("", &hello));
    let session = welcome.lines().find(|line| line.starts_with("mcp-session-id: ")).expect("a session");
    let fields = format!("{session}\r\nMCP-Protocol-Version: 2025-11-25\r\n");
    let call = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "close"}});
    assert_eq!(executor.tick(), Tick(10_000_000));
    let stream = answer(&mut executor, &service, &post(&fields, &call));
    let lines: Vec<&str> =
        stream.lines().filter(|line| line.starts_with("id: ") || line.starts_with("retry: ")).collect();
    assert_eq!(lines, ["id: 1-1", "retry: 1000", "retry: 100"], "{stream}");
    assert!(stream.ends_with("\r\n0\r\n\r\n"), "the connection's stream has ended: {stream}");
}
