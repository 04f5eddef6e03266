//! Several requests on one connection.

use serde_json::json;

use crate::raw::{
    client::{UNAUTHORIZED, assert_error, assert_text},
    message::{call, echo, get},
    served::{Served, limits, one_connection, tool},
    witness::{endless, witness},
};

#[tokio::test]
async fn pipelined_requests_are_answered_in_order_each_by_its_own_token() {
    let served = Served::start(|server| server).await;
    let (alice, bob) = (served.token("alice"), served.token("bob"));
    let requests = [
        echo("first").id("a").token(&alice).bytes(),
        echo("second").id("b").bytes(),
        echo("third").id("c").token(&bob).bytes(),
        echo("fourth").id("d").token("forged").bytes(),
        echo("fifth").id("e").token(&alice).bytes(),
    ];
    let mut client = served.connect().await;
    client.send(requests.concat()).await;
    assert_text(&client.response().await, "a", "first");
    assert_error(&client.response().await, 401, UNAUTHORIZED, Some(json!("b")));
    assert_text(&client.response().await, "c", "third");
    assert_error(&client.response().await, 401, UNAUTHORIZED, Some(json!("d")));
    assert_text(&client.response().await, "e", "fifth");
}

#[tokio::test]
async fn callers_on_one_connection_are_told_apart() {
    let served = Served::start(|server| {
        server.tool(tool("who", async |_, cx| cx.principal().expect("a caller").subject().to_owned()))
    })
    .await;
    let mut client = served.connect().await;
    for subject in ["alice", "bob", "alice"] {
        let request = call("who").token(&served.token(subject));
        assert_text(&client.exchange(request.bytes()).await, 1, subject);
    }
}

#[tokio::test]
async fn a_connection_is_kept() {
    let served = Served::start(|server| server.limits(one_connection())).await;
    let token = served.token("alice");
    let mut client = served.connect().await;
    for id in 0..100 {
        let response = client.exchange(echo("again").id(id).token(&token).bytes()).await;
        assert_text(&response, id, "again");
        assert_eq!(response.head.field("connection"), None);
    }
}

#[tokio::test]
async fn a_connection_is_closed_when_the_client_asks_for_it() {
    let served = Served::start(|server| server).await;
    let mut client = served.connect().await;
    let response = client.exchange("GET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert_eq!(response.body, b"pong");
    assert_eq!(response.head.field("connection"), Some("close"));
    client.expect_closed().await;
}

#[tokio::test]
async fn a_flood_of_pipelined_requests_is_answered_one_by_one() {
    const REQUESTS: i32 = 500;
    let served = Served::start(|server| server.limits(limits(|limits| limits.calls = 1))).await;
    let token = served.token("alice");
    let flood: Vec<u8> =
        (0..REQUESTS).flat_map(|id| echo(&id.to_string()).id(id).token(&token).bytes()).collect();
    let mut client = served.connect().await;
    client.send(flood).await;
    for id in 0..REQUESTS {
        // One place for calls is enough: they do not run beside one another.
        assert_text(&client.response().await, id, &id.to_string());
    }
}

#[tokio::test]
async fn a_request_behind_a_running_call_waits_for_it() {
    let (witness, mut sightings) = witness();
    let served = Served::start(|server| server.tool(endless("endless", &witness))).await;
    let mut client = served.connect().await;
    client.send(call("endless").token(&served.token("alice")).bytes()).await;
    sightings.begun().await;
    client.send(get("/ping")).await;
    client.expect_silence().await;
    sightings.nothing_more();
}
