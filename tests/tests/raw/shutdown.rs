//! Stopping a server that is in use.

use std::{sync::Arc, time::Duration};

use tokio::{net::TcpStream, sync::Notify};

use crate::raw::{
    client::{assert_text, in_time, timed},
    message::{call, get},
    served::{Served, connection_timeouts, tool},
    witness::{endless, witness},
};

#[tokio::test]
async fn unused_connections_are_closed_at_once() {
    let mut served = Served::start(|server| server).await;
    let mut used = served.connect().await;
    assert_eq!(used.exchange(get("/ping")).await.body, b"pong");
    let unused = served.connect().await;
    // Accepted before the other one is answered, so that it is not refused by the closed socket.
    assert_eq!(used.exchange(get("/ping")).await.body, b"pong");
    served.stop();
    used.expect_closed().await;
    unused.expect_closed().await;
    served.stopped().await;
}

#[tokio::test]
async fn a_stopped_server_accepts_nobody() {
    let mut served = Served::start(|server| server).await;
    let address = served.address;
    served.stop();
    served.stopped().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_running_call_is_finished_and_nothing_is_begun_behind_it() {
    let go_on = Arc::new(Notify::new());
    let (witness, mut sightings) = witness();
    let waits = {
        let go_on = Arc::clone(&go_on);
        tool("waits", move |_, _| {
            let (go_on, witness) = (Arc::clone(&go_on), witness.clone());
            async move {
                let _life = witness.begin();
                go_on.notified().await;
                "finished"
            }
        })
    };
    let mut served = Served::start(|server| server.tool(waits)).await;
    let token = served.token("alice");
    let mut client = served.connect().await;
    client.send(call("waits").token(&token).bytes()).await;
    sightings.begun().await;
    served.stop();
    client.send(call("waits").token(&token).bytes()).await;
    client.expect_silence().await;
    go_on.notify_one();
    let response = client.response().await;
    assert_text(&response, 1, "finished");
    assert_eq!(response.head.field("connection"), Some("close"));
    assert_eq!(client.rest().await, b"");
    served.stopped().await;
    sightings.dropped().await;
    sightings.nothing_more();
}

#[tokio::test]
async fn an_endless_stream_is_ended_at_the_drain_deadline() {
    const DRAIN: Duration = Duration::from_millis(300);
    let (witness, mut sightings) = witness();
    let tells = tool("tells", {
        let witness = witness.clone();
        move |_, cx| {
            let witness = witness.clone();
            async move {
                let _life = witness.begin();
                cx.progress(1.0, None).await;
                std::future::pending::<()>().await;
            }
        }
    });
    let mut served = Served::start(|server| {
        let timeouts = connection_timeouts(|timeouts| timeouts.drain = DRAIN);
        server.tool(tells).tool(endless("silent", &witness)).connection_timeouts(timeouts)
    })
    .await;
    let token = served.token("alice");
    let mut stream = served.connect().await;
    stream.send(call("tells").progress_token(1).token(&token).bytes()).await;
    sightings.begun().await;
    assert_eq!(stream.head().await.status, 200);
    assert!(!stream.chunk().await.is_empty());
    let mut silent = served.connect().await;
    silent.send(call("silent").token(&token).bytes()).await;
    sightings.begun().await;
    let mut half = served.connect().await;
    half.send("POST /mcp HTTP/1.1\r\n").await;
    served.stop();
    let ((), waited) = timed(served.stopped()).await;
    assert!(waited > DRAIN / 2, "{waited:?}");
    sightings.dropped().await;
    sightings.dropped().await;
    sightings.nothing_more();
    // The streams end short: without the empty chunk that would say that all is there.
    assert_eq!(stream.rest().await, b"");
    assert_eq!(silent.rest().await, b"");
    assert_eq!(half.rest().await, b"");
}

#[tokio::test]
async fn a_server_whose_future_is_dropped_ends_everything() {
    let (witness, mut sightings) = witness();
    let served = Served::start(|server| server.tool(endless("endless", &witness))).await;
    let mut client = served.connect().await;
    client.send(call("endless").token(&served.token("alice")).bytes()).await;
    sightings.begun().await;
    served.abort().await;
    in_time("the connection ends", client.rest()).await;
    sightings.dropped().await;
    sightings.nothing_more();
}
