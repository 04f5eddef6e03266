//! An issuer whose keys do not come, or come late.

use std::time::Duration;

use mcp_driver::{DevIssuer, KeySource, ServerBuilder};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::raw::{
    client::{Client, assert_error, assert_text, in_time},
    message::{echo, get},
    served::{AUDIENCE, ISSUER, Served, now, one_connection, timeouts},
};

/// Where an issuer publishes its keys.
struct Publisher {
    sockets: TcpListener,
}

impl Publisher {
    async fn start() -> (Self, KeySource) {
        let sockets = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let url = format!("http://{}/jwks", sockets.local_addr().expect("an address"));
        (Self { sockets }, KeySource::url(&url).expect("a loopback URL"))
    }

    /// A request for the keys, not answered yet.
    async fn asked(&self) -> TcpStream {
        let accepted = in_time("the keys are fetched", self.sockets.accept()).await;
        let (mut stream, _) = accepted.expect("a connection");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(in_time("the keys are asked for", stream.read_u8()).await.expect("a request"));
        }
        assert!(head.starts_with(b"GET /jwks HTTP/1.1\r\n"), "{}", String::from_utf8_lossy(&head));
        stream
    }
}

async fn publish(mut stream: TcpStream, jwks: &str) {
    let document = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{jwks}",
        jwks.len()
    );
    stream.write_all(document.as_bytes()).await.expect("the server listens");
}

/// Asks until the server says that it is ready.
async fn ready(client: &mut Client) {
    in_time("the server is ready", async {
        while client.exchange(get("/ready")).await.head.status != 200 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_is_ready_once_its_keys_are_there() {
    let (publisher, keys) = Publisher::start().await;
    let issuer = DevIssuer::new(ISSUER).expect("an issuer");
    let jwks = issuer.jwks();
    let served = Served::with_keys(issuer, keys, |server| server).await;
    let stream = publisher.asked().await;
    let mut client = served.connect().await;
    assert_eq!(client.exchange(get("/ready")).await.head.status, 503);
    assert_eq!(client.exchange(get("/health")).await.head.status, 200);
    assert_eq!(client.exchange(get("/ping")).await.body, b"pong");

    // A good token is not called bad for want of keys.
    let request = echo("early").id(7).token(&served.token("alice"));
    let refused = client.exchange(request.bytes()).await;
    assert_error(&refused, 503, -32603, Some(7.into()));
    assert_eq!(refused.head.field("retry-after"), Some("5"));
    assert_eq!(refused.head.field("www-authenticate"), None);

    publish(stream, &jwks).await;
    ready(&mut client).await;
    assert_text(&client.exchange(request.bytes()).await, 7, "early");
}

/// A server that has keys, time enough after it got them to fetch others for a token that names
/// one it does not know; and a token that does.
async fn with_old_keys(
    configure: impl FnOnce(ServerBuilder) -> ServerBuilder,
) -> (Served, Publisher, DevIssuer, String) {
    let (publisher, keys) = Publisher::start().await;
    let issuer = DevIssuer::new(ISSUER).expect("an issuer");
    let jwks = issuer.jwks();
    let served = Served::with_keys(issuer, keys, configure).await;
    publish(publisher.asked().await, &jwks).await;
    let mut client = served.connect().await;
    ready(&mut client).await;
    drop(client);
    later(Duration::from_secs(31)).await;
    let rotated = DevIssuer::new(ISSUER).expect("an issuer");
    let token = rotated.token(AUDIENCE, now()).subject("alice").scope("mcp").sign();
    (served, publisher, rotated, token)
}

/// Moves the clock of this test on.
async fn later(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_call_waits_for_the_key_that_its_token_names() {
    let (served, publisher, rotated, token) = with_old_keys(|server| server).await;
    let mut client = served.connect().await;
    client.send(echo("rotated").token(&token).bytes()).await;
    let stream = publisher.asked().await;
    client.expect_silence().await;
    // Whoever else brings an unknown key meanwhile waits for the same fetch.
    let mut other = served.connect().await;
    other.send(echo("too").token(&token).bytes()).await;
    other.expect_silence().await;
    publish(stream, &rotated.jwks()).await;
    assert_text(&client.response().await, 1, "rotated");
    assert_text(&other.response().await, 1, "too");
}

#[tokio::test]
async fn a_token_that_cannot_be_verified_in_time_is_503_and_lets_nobody_in() {
    let (served, publisher, _rotated, token) =
        with_old_keys(|server| server.core_timeouts(timeouts(|timeouts| timeouts.verify_micros = 300_000)))
            .await;
    let mut client = served.connect().await;
    client.send(echo("no").id(7).token(&token).bytes()).await;
    let _stream = publisher.asked().await;
    let refused = client.response().await;
    assert_error(&refused, 503, -32603, Some(7.into()));
    assert_eq!(refused.head.field("retry-after"), Some("5"));
}

#[tokio::test]
async fn a_client_that_leaves_while_its_token_is_verified_frees_its_connection() {
    for is_reset in [false, true] {
        let (served, publisher, _rotated, token) =
            with_old_keys(|server| server.limits(one_connection())).await;
        let mut client = served.connect().await;
        client.send(echo("no").token(&token).bytes()).await;
        let _stream = publisher.asked().await;
        if is_reset {
            client.reset();
        } else {
            drop(client);
        }
        assert_eq!(served.connect().await.exchange(get("/ping")).await.body, b"pong");
    }
}
