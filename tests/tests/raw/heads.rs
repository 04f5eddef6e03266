//! Heads that do not come, come slowly, or are too large.

use std::time::Duration;

use crate::raw::{
    client::{PATIENCE, assert_text, timed},
    message::{echo, get},
    served::{Served, connection_timeouts, limits},
};

const HEAD_DEADLINE: Duration = Duration::from_millis(300);

async fn impatient() -> Served {
    let timeouts = connection_timeouts(|timeouts| timeouts.head = HEAD_DEADLINE);
    Served::start(|server| server.connection_timeouts(timeouts)).await
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed_at_the_head_deadline() {
    let served = impatient().await;
    let client = served.connect().await;
    let ((), waited) = timed(client.expect_closed()).await;
    assert!(waited > HEAD_DEADLINE / 2, "{waited:?}");
}

#[tokio::test]
async fn half_a_head_is_closed_at_the_head_deadline() {
    let served = impatient().await;
    let mut client = served.connect().await;
    client.send("POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAutho").await;
    let ((), waited) = timed(client.expect_closed()).await;
    assert!(waited > HEAD_DEADLINE / 2, "{waited:?}");
}

#[tokio::test]
async fn half_a_second_head_is_closed_at_the_head_deadline() {
    let served = impatient().await;
    let mut client = served.connect().await;
    assert_eq!(client.exchange(get("/ping")).await.body, b"pong");
    client.send("GET /ping HTT").await;
    client.expect_closed().await;
}

#[tokio::test]
async fn a_kept_connection_without_a_next_request_is_closed_at_the_head_deadline() {
    let served = impatient().await;
    let mut client = served.connect().await;
    assert_eq!(client.exchange(get("/ping")).await.body, b"pong");
    client.expect_closed().await;
}

#[tokio::test]
async fn a_head_that_trickles_in_has_no_longer_than_others() {
    let served = impatient().await;
    let mut client = served.connect().await;
    let head = format!("GET /ping HTTP/1.1\r\nHost: 127.0.0.1\r\nx-long: {}", "x".repeat(10_000));
    let mut closed = false;
    for byte in head.as_bytes().chunks(1) {
        if !client.try_send(byte).await {
            closed = true;
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Byte by byte, the head would have taken ten times as long as anything may.
    assert!(Duration::from_millis(10) * 10_000 > PATIENCE);
    assert!(closed);
}

/// A request whose head has exactly this many bytes.
fn head_of(bytes: usize) -> String {
    let short = "GET /ping HTTP/1.1\r\nHost: 127.0.0.1\r\nx-long: \r\n\r\n";
    short.replace("x-long: ", &format!("x-long: {}", "x".repeat(bytes - short.len())))
}

#[tokio::test]
async fn a_head_at_the_limit_is_served_and_one_past_it_is_431() {
    const LIMIT: usize = 16 << 10;
    let served = Served::start(|server| server.limits(limits(|limits| limits.head_bytes = LIMIT))).await;
    let head = head_of(LIMIT);
    assert_eq!(head.len(), LIMIT);
    assert_eq!(served.connect().await.exchange(head).await.body, b"pong");

    let mut client = served.connect().await;
    let response = client.exchange(head_of(LIMIT + 1)).await;
    assert_eq!(response.head.status, 431);
    assert_eq!(response.body, b"");
    client.expect_closed().await;
}

#[tokio::test]
async fn an_endless_head_is_431_before_it_ends() {
    let served = Served::start(|server| server.limits(limits(|limits| limits.head_bytes = 16 << 10))).await;
    let mut client = served.connect().await;
    client.send("GET /ping HTTP/1.1\r\nHost: 127.0.0.1\r\n").await;
    client.try_send("x-more: yes\r\n".repeat(5_000)).await;
    let answer = client.rest().await;
    // The rest of the head may meet a closed socket, whose reset takes the answer along.
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431 "), "{answer:?}");
}

#[tokio::test]
async fn as_many_fields_as_allowed_are_served_and_one_more_is_431() {
    const LIMIT: usize = 20;
    let served = Served::start(|server| server.limits(limits(|limits| limits.header_fields = LIMIT))).await;
    let request = |fields: usize| {
        let more: String = (1..fields).map(|number| format!("x-{number}: y\r\n")).collect();
        format!("GET /ping HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}\r\n")
    };
    assert_eq!(served.connect().await.exchange(request(LIMIT)).await.body, b"pong");
    let mut client = served.connect().await;
    assert_eq!(client.exchange(request(LIMIT + 1)).await.head.status, 431);
    client.expect_closed().await;
}

#[tokio::test]
async fn a_head_in_single_bytes_is_a_head() {
    let served = Served::start(|server| server).await;
    let mut client = served.connect().await;
    for byte in echo("slowly").token(&served.token("alice")).bytes().chunks(1) {
        client.send(byte).await;
    }
    assert_text(&client.response().await, 1, "slowly");
}

#[tokio::test]
async fn what_is_no_http_is_refused_and_closed() {
    let served = Served::start(|server| server).await;
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/3.0\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nx: a\0b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nx: a\rb\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nx : a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n x: folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nx: a\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1 \r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ] {
        let mut client = served.connect().await;
        let response = client.exchange(bytes).await;
        assert_eq!((response.head.status, response.body), (400, Vec::new()), "{bytes:?}");
        client.expect_closed().await;
    }
}
