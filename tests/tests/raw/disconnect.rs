//! Clients that leave, in every phase of an exchange.

use std::time::Duration;

use serde_json::json;

use crate::raw::{
    client::assert_text,
    message::{call, echo, get},
    served::{Served, one_connection, timeouts, tool},
    witness::{endless, witness},
};

#[tokio::test]
async fn a_client_may_leave_at_any_byte_of_its_request() {
    // With one connection at a time, each client is served only because the last has been let go.
    let served = Served::start(|server| server.limits(one_connection())).await;
    let request = echo("all of it").token(&served.token("alice")).bytes();
    for end in (0..request.len()).step_by(7) {
        let mut client = served.connect().await;
        client.send(&request[..end]).await;
        if end % 2 == 0 {
            client.reset();
        }
    }
    let mut client = served.connect().await;
    assert_text(&client.exchange(request).await, 1, "all of it");
}

#[tokio::test]
async fn a_client_that_leaves_cancels_its_silent_call() {
    let (witness, mut sightings) = witness();
    let served =
        Served::start(|server| server.tool(endless("endless", &witness)).limits(one_connection())).await;
    let request = call("endless").token(&served.token("alice")).bytes();
    for is_reset in [false, true] {
        let mut client = served.connect().await;
        client.send(&request).await;
        sightings.begun().await;
        if is_reset {
            client.reset();
        } else {
            drop(client);
        }
        sightings.dropped().await;
    }
    assert_eq!(served.connect().await.exchange(get("/ping")).await.body, b"pong");
    sightings.nothing_more();
}

#[tokio::test]
async fn a_client_that_closes_its_stream_cancels_the_call() {
    let (witness, mut sightings) = witness();
    let log = tool("log", move |_, cx| {
        let witness = witness.clone();
        async move {
            let _life = witness.begin();
            cx.progress(1.0, None).await;
            std::future::pending::<()>().await;
        }
    });
    let served = Served::start(|server| server.tool(log).limits(one_connection())).await;
    let request = call("log").progress_token("p").token(&served.token("alice")).bytes();
    for is_reset in [false, true] {
        let mut client = served.connect().await;
        client.send(&request).await;
        sightings.begun().await;
        assert_eq!(client.head().await.status, 200);
        assert!(client.chunk().await.starts_with(b"data: "));
        if is_reset {
            client.reset();
        } else {
            drop(client);
        }
        sightings.dropped().await;
    }
    assert_eq!(served.connect().await.exchange(get("/ping")).await.body, b"pong");
    sightings.nothing_more();
}

#[tokio::test]
async fn a_task_that_the_handler_spawned_is_told_that_the_client_has_left() {
    let (witness, mut sightings) = witness();
    let spawn = tool("spawn", move |_, cx| {
        let life = witness.begin();
        let task = cx.clone();
        tokio::spawn(async move {
            task.cancelled().await;
            assert!(task.is_cancelled());
            drop(life);
        });
        async move {
            cx.sleep(Duration::from_secs(3_600)).await;
        }
    });
    let served = Served::start(|server| server.tool(spawn)).await;
    let mut client = served.connect().await;
    client.send(call("spawn").token(&served.token("alice")).bytes()).await;
    sightings.begun().await;
    drop(client);
    sightings.dropped().await;
}

#[tokio::test]
async fn a_client_that_leaves_with_a_request_pipelined_behind_is_noticed_by_heartbeats() {
    let (witness, mut sightings) = witness();
    let served = Served::start(|server| {
        server.tool(endless("endless", &witness)).core_timeouts(timeouts(|timeouts| {
            timeouts.open_stream_micros = 100_000;
            timeouts.heartbeat_micros = 100_000;
        }))
    })
    .await;
    let mut client = served.connect().await;
    let request = call("endless").arguments(json!({})).token(&served.token("alice"));
    client.send([request.bytes(), get("/ping").into_bytes()].concat()).await;
    sightings.begun().await;
    client.reset();
    sightings.dropped().await;
    sightings.nothing_more();
}
