//! The same over sockets, whose connections break.

use std::{net::Ipv4Addr, time::Duration};

use mcp_tests::http1::{Head, Response};
use mcp_tokio::Auth;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

use crate::{
    client::{act, handshake, initialized},
    served::server,
};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let wait = async {
        while !is_so() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("not in time: {what}"));
}

fn request(verb: &str, target: &str, session: Option<&str>, body: &str) -> String {
    let session = session.map_or_else(String::new, |session| format!("Mcp-Session-Id: {session}\r\n"));
    format!(
        "{verb} {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nContent-Length: {}\r\n{session}\r\n{body}",
        body.len()
    )
}

fn post(session: Option<&str>, message: &Value) -> String {
    request("POST", "/mcp", session, &message.to_string())
}

struct Client {
    socket: TcpStream,
    received: Vec<u8>,
}

impl Client {
    async fn send(address: std::net::SocketAddr, text: &str) -> Self {
        let mut socket = TcpStream::connect(address).await.expect("a connection");
        socket.write_all(text.as_bytes()).await.expect("sent");
        Self { socket, received: Vec::new() }
    }

    async fn read(&mut self) {
        let mut bytes = [0; 4_096];
        let read = timeout(PATIENCE, self.socket.read(&mut bytes)).await.expect("in time").expect("read");
        assert_ne!(read, 0, "closed");
        self.received.extend_from_slice(&bytes[..read]);
    }

    async fn response(&mut self) -> Response {
        loop {
            if let Some((response, _)) = Response::read(&self.received, false, false).expect("an answer") {
                return response;
            }
            self.read().await;
        }
    }

    /// Reads until this was said.
    async fn hears(&mut self, what: &str) {
        while !String::from_utf8_lossy(&self.received).contains(what) {
            self.read().await;
        }
        assert_eq!(Head::read(&self.received).expect("an answer").expect("a head").0.status, 200);
    }

    fn cut(self, is_reset: bool) {
        if is_reset {
            self.socket.set_zero_linger().expect("a socket");
        }
    }
}

/// How a client leaves, as bytes that it sends and what it has heard before it is gone.
#[derive(Debug, Clone, Copy)]
enum Cut {
    InTheHead,
    BehindTheHead,
    InTheBody,
    BeforeTheAnswer,
    Listening,
    InACall,
    Asked,
    InTheHandshakeOf2024,
    InACallOf2024,
}

const CUTS: [Cut; 9] = [
    Cut::InTheHead,
    Cut::BehindTheHead,
    Cut::InTheBody,
    Cut::BeforeTheAnswer,
    Cut::Listening,
    Cut::InACall,
    Cut::Asked,
    Cut::InTheHandshakeOf2024,
    Cut::InACallOf2024,
];

async fn leave(address: std::net::SocketAddr, cut: Cut, is_reset: bool) {
    let hello = post(None, &handshake());
    let (_, body) = hello.split_once("\r\n\r\n").expect("a body");
    let behind_the_head = hello.len() - body.len();
    let ready = async || {
        let mut client = Client::send(address, &hello).await;
        let id = client.response().await.head.field("mcp-session-id").expect("a session").to_owned();
        let mut client = Client::send(address, &post(Some(&id), &initialized())).await;
        assert_eq!(client.response().await.head.status, 202);
        id
    };
    let begin = async |text: &str, heard: &str| {
        let mut client = Client::send(address, text).await;
        client.hears(heard).await;
        client
    };
    match cut {
        Cut::InTheHead => Client::send(address, &hello[..20]).await.cut(is_reset),
        Cut::BehindTheHead => Client::send(address, &hello[..behind_the_head]).await.cut(is_reset),
        Cut::InTheBody => Client::send(address, &hello[..hello.len() - 20]).await.cut(is_reset),
        Cut::BeforeTheAnswer => Client::send(address, &hello).await.cut(is_reset),
        Cut::Listening => {
            let id = ready().await;
            begin(&request("GET", "/mcp", Some(&id), ""), "retry:").await.cut(is_reset);
        }
        Cut::InACall => {
            let id = ready().await;
            begin(&post(Some(&id), &act(1, "tell")), "notifications/progress").await.cut(is_reset);
        }
        Cut::Asked => {
            let id = ready().await;
            begin(&post(Some(&id), &act(1, "ask")), "roots/list").await.cut(is_reset);
        }
        Cut::InTheHandshakeOf2024 => {
            begin(&request("GET", "/sse", None, ""), "sessionId=").await.cut(is_reset);
        }
        Cut::InACallOf2024 => {
            let mut client = begin(&request("GET", "/sse", None, ""), "sessionId=").await;
            let text = String::from_utf8_lossy(&client.received).into_owned();
            let id =
                text.split_once("sessionId=").and_then(|(_, rest)| rest.get(..32)).expect("an id").to_owned();
            let target = format!("/messages?sessionId={id}");
            for message in [handshake(), act(1, "tell")] {
                let mut posting =
                    Client::send(address, &request("POST", &target, None, &message.to_string())).await;
                assert_eq!(posting.response().await.head.status, 202);
            }
            client.hears("notifications/progress").await;
            client.cut(is_reset);
        }
    }
}

#[tokio::test]
async fn connections_that_break_leave_nothing() {
    const ROUNDS: usize = 10;
    let change = |policy: &mut mcp_tokio::SessionPolicy| policy.idle_micros = 300_000;
    let (server, lives) = server(Auth::none(), change, |server| {
        let mut timeouts = mcp_tokio::Timeouts::default();
        timeouts.call_micros = 2_000_000;
        server.core_timeouts(timeouts)
    });
    let sockets = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let listener = mcp_tokio::listen(server.clone(), sockets).expect("a listener");
    let address = listener.local_addr().expect("an address");
    let running = tokio::spawn(listener.run(std::future::pending()));
    for round in 0..ROUNDS {
        for cut in CUTS {
            leave(address, cut, round % 2 == 0).await;
        }
    }
    until("every call is over", || lives.count() == 0).await;
    until("every session is over", || server.sessions().is_empty()).await;
    // It still serves.
    let mut client = Client::send(address, &post(None, &handshake())).await;
    assert_eq!(client.response().await.head.status, 200);
    assert_eq!(server.sessions().len(), 1);
    let other = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    let mut client = Client::send(address, &post(None, &other)).await;
    assert_eq!(client.response().await.head.status, 400);
    running.abort();
}
