//! An issuer whose keys do not come, or come late.

use mcp_tokio::{DevIssuer, KeySource};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{
    client::{assert_error, assert_text, in_time},
    message::{echo, get},
    served::{ISSUER, Served, one_connection, timeouts},
};

/// Where keys would be fetched, and the URL of it.
async fn publisher() -> (TcpListener, KeySource) {
    let sockets = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let url = format!("http://{}/jwks", sockets.local_addr().expect("an address"));
    (sockets, KeySource::url(&url).expect("a loopback URL"))
}

/// The request for the keys, read and not answered.
async fn asked(sockets: &TcpListener) -> TcpStream {
    let (mut stream, _) = in_time("the keys are fetched", sockets.accept()).await.expect("a connection");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(in_time("the keys are asked for", stream.read_u8()).await.expect("a request"));
    }
    assert!(head.starts_with(b"GET /jwks HTTP/1.1\r\n"), "{}", String::from_utf8_lossy(&head));
    stream
}

#[tokio::test]
async fn a_server_is_ready_once_its_keys_are_there() {
    let (sockets, keys) = publisher().await;
    let issuer = DevIssuer::new(ISSUER).expect("an issuer");
    let jwks = issuer.jwks();
    let served = Served::with_keys(issuer, keys, |server| server).await;
    let mut stream = asked(&sockets).await;
    let mut client = served.connect().await;
    assert_eq!(client.exchange(get("/ready")).await.head.status, 503);
    assert_eq!(client.exchange(get("/health")).await.head.status, 200);
    assert_eq!(client.exchange(get("/ping")).await.body, b"pong");

    // A call that came before the keys is answered when they come.
    let mut early = served.connect().await;
    early.send(echo("early").token(&served.token("alice")).bytes()).await;
    let document = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{jwks}",
        jwks.len()
    );
    stream.write_all(document.as_bytes()).await.expect("the server listens");
    assert_text(&early.response().await, 1, "early");
    assert_eq!(client.exchange(get("/ready")).await.head.status, 200);
}

#[tokio::test]
async fn a_token_that_cannot_be_verified_in_time_is_503_and_lets_nobody_in() {
    let (sockets, keys) = publisher().await;
    let issuer = DevIssuer::new(ISSUER).expect("an issuer");
    let served = Served::with_keys(issuer, keys, |server| {
        server.core_timeouts(timeouts(|timeouts| timeouts.verify_micros = 300_000))
    })
    .await;
    let _stream = asked(&sockets).await;
    let mut client = served.connect().await;
    let refused = client.exchange(echo("no").id(7).token(&served.token("alice")).bytes()).await;
    assert_error(&refused, 503, -32603, Some(7.into()));
    assert_eq!(refused.head.field("retry-after"), Some("5"));
}

#[tokio::test]
async fn a_client_that_leaves_while_its_token_is_verified_frees_its_connection() {
    let (sockets, keys) = publisher().await;
    let issuer = DevIssuer::new(ISSUER).expect("an issuer");
    let served = Served::with_keys(issuer, keys, |server| server.limits(one_connection())).await;
    let _stream = asked(&sockets).await;
    let token = served.token("alice");
    for _ in 0..5 {
        let mut client = served.connect().await;
        client.send(echo("no").token(&token).bytes()).await;
        client.expect_silence().await;
        drop(client);
    }
    assert_eq!(served.connect().await.exchange(get("/ping")).await.body, b"pong");
}
