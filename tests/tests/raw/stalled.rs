//! Clients that send a request and read nothing of its answer (HTTP/1.1).

use std::time::Duration;

use mcp_driver::{LogLevel, Tool};

use crate::raw::{
    client::timed,
    message::{call, get},
    served::{Served, connection_timeouts, one_connection, tool},
    witness::{Witness, witness},
};

/// More than the sockets of one connection hold.
const FLOOD_BYTES: usize = 64 << 20;

/// A tool that tells more than anyone wants to know, for ever.
pub(crate) fn talkative(witness: &Witness) -> Tool {
    let witness = witness.clone();
    tool("talkative", move |_, cx| {
        let witness = witness.clone();
        async move {
            let _life = witness.begin();
            while !cx.is_cancelled() {
                cx.log(LogLevel::Error, "x".repeat(64 << 10)).await;
            }
        }
    })
}

fn impatient() -> mcp_driver::ConnectionTimeouts {
    connection_timeouts(|timeouts| timeouts.write_stall = Duration::from_millis(300))
}

#[tokio::test]
async fn a_stalled_reader_does_not_hold_its_handler_past_the_write_deadline() {
    let (witness, mut sightings) = witness();
    let served = Served::start(|server| {
        server.tool(talkative(&witness)).connection_timeouts(impatient()).limits(one_connection())
    })
    .await;
    let mut client = served.connect().await;
    client.send(call("talkative").log_level("debug").token(&served.token("alice")).bytes()).await;
    sightings.begun().await;
    let ((), waited) = timed(sightings.dropped()).await;
    assert!(waited > Duration::from_millis(150), "{waited:?}");
    // The connection is gone too, though its client still is there.
    assert_eq!(served.connect().await.exchange(get("/ping")).await.body, b"pong");
    drop(client);
    sightings.nothing_more();
}

#[tokio::test]
async fn a_large_answer_that_nobody_reads_ends_its_connection() {
    let large = tool("large", async |_, _| "x".repeat(FLOOD_BYTES));
    let served =
        Served::start(|server| server.tool(large).connection_timeouts(impatient()).limits(one_connection()))
            .await;
    let mut client = served.connect().await;
    client.send(call("large").token(&served.token("alice")).bytes()).await;
    assert_eq!(served.connect().await.exchange(get("/ping")).await.body, b"pong");
    drop(client);
}

#[tokio::test]
async fn a_reader_that_takes_its_time_gets_everything() {
    let large = tool("large", async |_, _| "x".repeat(FLOOD_BYTES));
    let served = Served::start(|server| server.tool(large).connection_timeouts(impatient())).await;
    let mut client = served.connect().await;
    client.send(call("large").token(&served.token("alice")).bytes()).await;
    let head = client.head().await;
    let length: usize = head.field("content-length").expect("a length").parse().expect("a number");
    assert!(length > FLOOD_BYTES);
    let mut taken = 0;
    while taken < length {
        taken += client.some(256 << 10).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(taken, length);
}
