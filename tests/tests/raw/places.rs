//! How many calls run at once, in total and for one principal.

use crate::raw::{
    client::{Client, assert_error, assert_text},
    message::{call, echo},
    served::{Served, limits},
    witness::{Sightings, endless, witness},
};

async fn begin(served: &Served, subject: &str, sightings: &mut Sightings) -> Client {
    let mut client = served.connect().await;
    client.send(call("endless").token(&served.token(subject)).bytes()).await;
    sightings.begun().await;
    client
}

#[tokio::test]
async fn calls_beyond_the_limit_in_total_are_503_and_places_come_back() {
    let (witness, mut sightings) = witness();
    let served = Served::start(|server| {
        server.tool(endless("endless", &witness)).limits(limits(|limits| limits.calls = 2))
    })
    .await;
    for _ in 0..5 {
        let first = begin(&served, "alice", &mut sightings).await;
        let second = begin(&served, "bob", &mut sightings).await;
        let mut client = served.connect().await;
        let refused = client.exchange(echo("no").id(7).token(&served.token("carol")).bytes()).await;
        assert_error(&refused, 503, -32603, Some(7.into()));
        assert_eq!(refused.head.field("retry-after"), Some("5"));
        drop(first);
        sightings.dropped().await;
        let served_again = client.exchange(echo("yes").token(&served.token("carol")).bytes()).await;
        assert_text(&served_again, 1, "yes");
        drop(second);
        sightings.dropped().await;
    }
    sightings.nothing_more();
}

#[tokio::test]
async fn calls_beyond_the_limit_of_a_principal_are_503_whatever_token_it_has() {
    let (witness, mut sightings) = witness();
    let served = Served::start(|server| {
        server.tool(endless("endless", &witness)).limits(limits(|limits| limits.calls_per_principal = 2))
    })
    .await;
    for _ in 0..5 {
        let first = begin(&served, "alice", &mut sightings).await;
        let second = begin(&served, "alice", &mut sightings).await;
        let mut client = served.connect().await;
        let refused = client.exchange(echo("no").token(&served.token("alice")).bytes()).await;
        assert_error(&refused, 503, -32603, Some(1.into()));
        assert_eq!(refused.head.field("retry-after"), Some("5"));
        let other = client.exchange(echo("yes").token(&served.token("bob")).bytes()).await;
        assert_text(&other, 1, "yes");
        drop(first);
        sightings.dropped().await;
        let served_again = client.exchange(echo("yes").token(&served.token("alice")).bytes()).await;
        assert_text(&served_again, 1, "yes");
        drop(second);
        sightings.dropped().await;
    }
}

#[tokio::test]
async fn what_needs_no_handler_needs_no_place() {
    let served = Served::start(|server| server.limits(limits(|limits| limits.calls = 0))).await;
    let token = served.token("alice");
    let mut client = served.connect().await;
    assert_error(&client.exchange(echo("no").token(&token).bytes()).await, 503, -32603, Some(1.into()));
    let list = String::from_utf8(echo("no").token(&token).bytes()).expect("ASCII");
    let list = list.replace("mcp-name: echo\r\n", "").replace("tools/call", "tools/list");
    assert_eq!(client.exchange(list).await.head.status, 200);
}
