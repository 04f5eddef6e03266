//! Bodies that do not come, do not end, or are too large.

use std::time::Duration;

use mcp_driver::Limits;
use serde_json::json;

use crate::raw::{
    client::{UNAUTHORIZED, assert_error, assert_text, json, timed},
    message::{call, echo},
    served::{Served, timeouts},
};

const DEADLINE: Duration = Duration::from_millis(300);

async fn impatient() -> Served {
    Served::start(|server| server.core_timeouts(timeouts(|timeouts| timeouts.body_micros = 300_000))).await
}

#[tokio::test]
async fn half_a_body_is_408_at_the_body_deadline() {
    let served = impatient().await;
    let request = echo("never").token(&served.token("alice"));
    let body = request.body();
    let announcements = [
        format!("Content-Length: {}\r\n\r\n{}", body.len(), &body[..body.len() / 2]),
        format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}", body.len()),
        format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n", body.len()),
        format!("Content-Length: {}\r\n\r\n", body.len()),
    ];
    for rest in announcements {
        let mut client = served.connect().await;
        client.send(request.head(&rest)).await;
        let (response, waited) = timed(client.response()).await;
        assert_error(&response, 408, -32600, None);
        assert!(waited > DEADLINE / 2, "{waited:?}");
        // What comes next on the connection would be the rest of that body.
        client.expect_closed().await;
    }
}

#[tokio::test]
async fn a_body_that_trickles_in_has_no_longer_than_others() {
    let served = impatient().await;
    let request = echo("never").token(&served.token("alice"));
    let mut client = served.connect().await;
    client.send(request.head("Content-Length: 100000\r\n\r\n")).await;
    for _ in 0..1_000 {
        if !client.try_send(" ").await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        let answered = tokio::time::timeout(Duration::ZERO, client.response()).await;
        if let Ok(response) = answered {
            assert_error(&response, 408, -32600, None);
            return;
        }
    }
    panic!("a thousand bytes were taken at leisure");
}

#[tokio::test]
async fn an_aborted_body_is_400_and_nothing_runs() {
    let served = Served::start(|server| server).await;
    let request = echo("never").token(&served.token("alice"));
    let mut client = served.connect().await;
    client.send(request.head("Content-Length: 100\r\n\r\n{")).await;
    client.finish().await;
    let answer = client.rest().await;
    // Whoever has left need not be answered; who only stopped sending is told.
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 400 "), "{answer:?}");
    let response = served.connect().await.exchange(request.bytes()).await;
    assert_text(&response, 1, "never");
}

const LIMIT: usize = 4_096;

async fn narrow() -> Served {
    Served::start(|server| {
        let mut limits = Limits::default();
        limits.body_bytes_max = LIMIT as u32;
        server.core_limits(limits)
    })
    .await
}

/// White space behind JSON is part of the text.
fn padded(body: &str, bytes: usize) -> String {
    format!("{body:bytes$}")
}

#[tokio::test]
async fn a_body_at_the_limit_is_served_and_one_past_it_is_413() {
    let served = narrow().await;
    let request = echo("fits").token(&served.token("alice"));
    let fits = padded(&request.body(), LIMIT);
    let past = padded(&request.body(), LIMIT + 1);

    assert_text(&served.connect().await.exchange(request.with_body(&fits)).await, 1, "fits");
    for chunk_bytes in [1, 1_000, LIMIT] {
        let response = served.connect().await.exchange(request.chunked(&fits, chunk_bytes)).await;
        assert_text(&response, 1, "fits");
    }
    for bytes in [request.with_body(&past), request.chunked(&past, 1_000), request.chunked(&past, LIMIT + 1)]
    {
        let mut client = served.connect().await;
        client.try_send(bytes).await;
        assert_error(&client.response().await, 413, -32600, None);
    }
}

#[tokio::test]
async fn an_announced_body_beyond_the_limit_is_413_before_a_byte_of_it_comes() {
    let served = narrow().await;
    let request = call("echo").token(&served.token("alice"));
    let mut client = served.connect().await;
    for length in ["4097", "4294967296", "9223372036854775808"] {
        client.send(request.head(&format!("Content-Length: {length}\r\n\r\n"))).await;
        assert_error(&client.response().await, 413, -32600, None);
        client = served.connect().await;
    }
}

#[tokio::test]
async fn a_refused_caller_gets_its_id_back_when_its_body_is_there() {
    let served = Served::start(|server| server).await;
    let response = served.connect().await.exchange(echo("no").id("seven").bytes()).await;
    assert_error(&response, 401, UNAUTHORIZED, Some(json!("seven")));
}

#[tokio::test]
async fn a_refused_caller_is_not_waited_for() {
    let served = Served::start(|server| server).await;
    for (framing, waits) in [
        ("Content-Length: 50\r\n\r\n", true),
        ("Content-Length: 50\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":1", true),
        // These are not even looked at.
        ("Content-Length: 65537\r\n\r\n", false),
        ("Content-Length: 4000000000\r\n\r\n", false),
        ("Transfer-Encoding: chunked\r\n\r\n", false),
    ] {
        let mut client = served.connect().await;
        client.send(echo("no").head(framing)).await;
        let (response, waited) = timed(client.response()).await;
        assert_error(&response, 401, UNAUTHORIZED, None);
        assert!(waited < Duration::from_secs(2), "{framing:?} {waited:?}");
        assert!(!waits || waited > Duration::from_millis(125), "{framing:?} {waited:?}");
    }
}

#[tokio::test]
async fn a_body_is_not_asked_for_without_good_credentials() {
    let served = Served::start(|server| server).await;
    let request = echo("later");
    let framing = format!("Content-Length: {}\r\nExpect: 100-continue\r\n\r\n", request.body().len());
    for request in [request.clone(), request.clone().token("forged"), request.clone().token("a b")] {
        let mut client = served.connect().await;
        client.send(request.head(&framing)).await;
        let response = client.response().await;
        assert!(matches!(response.head.status, 400 | 401), "{response:?}");
        assert_eq!(json(&response).get("id"), None);
    }
}

#[tokio::test]
async fn a_body_is_asked_for_once_the_credentials_are_good() {
    let served = Served::start(|server| server).await;
    let request = echo("later").token(&served.token("alice"));
    let body = request.body();
    let mut client = served.connect().await;
    client
        .send(request.head(&format!("Content-Length: {}\r\nExpect: 100-continue\r\n\r\n", body.len())))
        .await;
    assert_eq!(client.response().await.head.status, 100);
    assert_text(&client.exchange(body).await, 1, "later");
}

#[tokio::test]
async fn a_good_caller_whose_request_is_refused_by_its_head_is_not_asked_for_the_body() {
    let served = narrow().await;
    let request = echo("never").token(&served.token("alice"));
    let mut client = served.connect().await;
    client.send(request.head("Content-Length: 4097\r\nExpect: 100-continue\r\n\r\n")).await;
    assert_error(&client.response().await, 413, -32600, None);
}

#[tokio::test]
async fn bad_chunks_are_no_body() {
    let served = Served::start(|server| server).await;
    let request = echo("never").token(&served.token("alice"));
    let body = request.body();
    let length = body.len();
    for chunks in [
        format!("{length:x}\r\n{body}0\r\n\r\n"),
        format!("{length:x}\r\n{body}xx0\r\n\r\n"),
        format!("0x{length:x}\r\n{body}\r\n0\r\n\r\n"),
        format!("-1\r\n{body}\r\n0\r\n\r\n"),
        format!("{length}g\r\n{body}\r\n0\r\n\r\n"),
        format!(" \r\n{body}\r\n0\r\n\r\n"),
        format!("\r\n{body}\r\n0\r\n\r\n"),
        format!("11111111111111111\r\n{body}\r\n0\r\n\r\n"),
    ] {
        let mut client = served.connect().await;
        client.send(request.head("Transfer-Encoding: chunked\r\n\r\n")).await;
        client.try_send(&chunks).await;
        assert_error(&client.response().await, 400, -32600, None);
        client.expect_closed().await;
    }
}
