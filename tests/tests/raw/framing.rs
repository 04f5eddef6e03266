//! Requests whose end two readers could find in two places (RFC 9112 section 6.3): what a proxy in
//! front took for a body must never be read as a request.

use crate::raw::{
    client::{Client, assert_text, json},
    message::{Call, echo, get},
    served::Served,
};

/// A request with two answers to where it ends, and another one hidden in what is behind.
async fn send_ambiguous(served: &Served, request: &Call, framing: &str) -> Client {
    let mut client = served.connect().await;
    client.send(request.head(framing)).await;
    let body = request.body();
    client.try_send(format!("\r\n{:x}\r\n{body}\r\n0\r\n\r\n{}", body.len(), get("/ping"))).await;
    client
}

#[tokio::test]
async fn a_length_beside_an_encoding_is_400_and_ends_the_connection() {
    let served = Served::start(|server| server).await;
    let request = echo("never").token(&served.token("alice"));
    for framing in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
        "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        "CONTENT-LENGTH:5\r\nTRANSFER-ENCODING:chunked\r\n",
        "Content-Length: \t 5\r\nTransfer-Encoding: \t chunked\r\n",
        "Content-Length: 5\nTransfer-Encoding: chunked\n",
        "Transfer-Encoding: chunked\nContent-Length: 5\n",
        "Transfer-Encoding: Chunked\r\nX-Between: y\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: gzip, chunked\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    ] {
        let mut client = send_ambiguous(&served, &request, framing).await;
        let response = client.response().await;
        assert_eq!((response.head.status, response.body), (400, Vec::new()), "{framing:?}");
        assert_eq!(response.head.field("connection"), Some("close"), "{framing:?}");
        client.expect_closed().await;
    }
}

#[tokio::test]
async fn a_length_beside_an_encoding_is_found_wherever_a_read_ends() {
    let served = Served::start(|server| server).await;
    let request = echo("never").token(&served.token("alice"));
    let head = request.head("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n");
    let lengths = head.find("\r\nContent-Length").expect("a field");
    for cut in lengths..head.len() {
        let mut client = served.connect().await;
        let (before, behind) = head.split_at(cut);
        client.send(before).await;
        tokio::task::yield_now().await;
        client.send(behind).await;
        assert_eq!(client.response().await.head.status, 400, "cut at {cut}");
        client.expect_closed().await;
    }
}

#[tokio::test]
async fn a_framing_that_cannot_be_read_is_400_and_ends_the_connection() {
    let served = Served::start(|server| server).await;
    let request = echo("never").token(&served.token("alice"));
    for framing in [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5, 6\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: -5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 5 5\r\n",
        "Content-Length: 5.0\r\n",
        "Content-Length: \r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Content-Length : 5\r\n",
        " Content-Length: 5\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked, gzip\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding: \x0bchunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding:\r\n chunked\r\n",
        "Transfer-Encoding: \"chunked\"\r\n",
        "Transfer-Encoding: chunked;q=1\r\n",
        "Transfer-Encoding: \r\n",
    ] {
        let mut client = send_ambiguous(&served, &request, framing).await;
        let response = client.response().await;
        assert_eq!(response.head.status, 400, "{framing:?}");
        let rest = client.rest().await;
        assert_eq!(String::from_utf8_lossy(&rest), "", "{framing:?}");
    }
}

#[tokio::test]
async fn an_encoding_in_http_1_0_is_400_and_ends_the_connection() {
    let served = Served::start(|server| server).await;
    let request = echo("never").token(&served.token("alice"));
    let bytes = request.chunked(&request.body(), 1_000);
    let bytes = String::from_utf8(bytes).expect("ASCII").replacen("HTTP/1.1", "HTTP/1.0", 1);
    let mut client = served.connect().await;
    assert_eq!(client.exchange(bytes).await.head.status, 400);
    client.expect_closed().await;
}

#[tokio::test]
async fn requests_of_either_framing_follow_one_another() {
    let served = Served::start(|server| server).await;
    let request = echo("plain").token(&served.token("alice"));
    let body = request.body();
    let mut client = served.connect().await;
    for round in 0..20 {
        let bytes = if round % 3 == 0 { request.chunked(&body, 7) } else { request.bytes() };
        assert_text(&client.exchange(bytes).await, 1, "plain");
    }
}

#[tokio::test]
async fn a_length_that_only_stands_in_a_body_is_no_length() {
    let served = Served::start(|server| server).await;
    let token = served.token("alice");
    let request = echo("Content-Length: 5\r\nTransfer-Encoding: chunked").token(&token);
    let mut client = served.connect().await;
    for bytes in [request.bytes(), request.chunked(&request.body(), 50), request.bytes()] {
        let response = client.exchange(bytes).await;
        assert_eq!(response.head.status, 200, "{}", json(&response));
    }
}
