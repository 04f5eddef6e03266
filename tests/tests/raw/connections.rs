//! How many connections there are at once.

use crate::raw::{
    client::assert_text,
    message::{echo, get},
    served::{Served, limits},
};

#[tokio::test]
async fn a_connection_beyond_the_limit_waits_until_one_ends() {
    let served = Served::start(|server| server.limits(limits(|limits| limits.connections = 2))).await;
    let mut first = served.connect().await;
    let mut second = served.connect().await;
    assert_eq!(first.exchange(get("/ping")).await.body, b"pong");
    assert_eq!(second.exchange(get("/ping")).await.body, b"pong");
    let mut third = served.connect().await;
    third.send(get("/ping")).await;
    third.expect_silence().await;
    assert_eq!(second.exchange(get("/ping")).await.body, b"pong");
    drop(first);
    assert_eq!(third.response().await.body, b"pong");
}

#[tokio::test]
async fn a_flood_of_refused_requests_leaves_nothing_behind() {
    const CONNECTIONS: usize = 8;
    const ROUNDS: usize = 250;
    let served = Served::start(|server| {
        server.limits(limits(|limits| {
            limits.connections = CONNECTIONS;
            limits.calls = 1;
        }))
    })
    .await;
    let request = echo("no");
    let no_length = request.head("Content-Length: 100000000\r\n\r\n").into_bytes();
    let refused: [(u16, Vec<u8>); 5] = [
        (401, request.bytes()),
        (401, request.clone().token("x.y.z").bytes()),
        (401, no_length),
        (404, get("/nowhere").into_bytes()),
        (405, get("/mcp").into_bytes()),
    ];
    for round in 0..ROUNDS {
        let (status, bytes) = &refused[round % refused.len()];
        let mut clients = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut client = served.connect().await;
            client.send(bytes).await;
            clients.push(client);
        }
        for mut client in clients {
            assert_eq!(client.response().await.head.status, *status);
        }
    }
    // Every connection and every call has given its place back.
    let token = served.token("alice");
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut client = served.connect().await;
        assert_text(&client.exchange(echo("yes").token(&token).bytes()).await, 1, "yes");
        clients.push(client);
    }
}
