//! Handlers that take too long.

use std::time::Duration;

use mcp_tests::events::Received;

use crate::raw::{
    client::{assert_error, assert_message_error, assert_text, timed},
    message::{call, echo},
    served::{Served, timeouts, tool},
    witness::{endless, witness},
};

const DEADLINE: Duration = Duration::from_millis(300);

#[tokio::test]
async fn a_handler_that_takes_too_long_is_an_error_in_time() {
    let (witness, mut sightings) = witness();
    let served = Served::start(|server| {
        server
            .tool(endless("endless", &witness))
            .core_timeouts(timeouts(|timeouts| timeouts.call_micros = 300_000))
    })
    .await;
    let token = served.token("alice");
    let mut client = served.connect().await;
    let (response, waited) = timed(client.exchange(call("endless").id(7).token(&token).bytes())).await;
    assert_error(&response, 200, -32603, Some(7.into()));
    assert!(waited > DEADLINE / 2, "{waited:?}");
    sightings.begun().await;
    sightings.dropped().await;
    sightings.nothing_more();
    assert_text(&client.exchange(echo("alive").token(&token).bytes()).await, 1, "alive");
}

#[tokio::test]
async fn a_stream_that_takes_too_long_ends_with_an_error() {
    let (witness, mut sightings) = witness();
    let tells = tool("tells", move |_, cx| {
        let witness = witness.clone();
        async move {
            let _life = witness.begin();
            cx.progress(1.0, None).await;
            std::future::pending::<()>().await;
        }
    });
    let served = Served::start(|server| {
        server.tool(tells).core_timeouts(timeouts(|timeouts| timeouts.call_micros = 300_000))
    })
    .await;
    let request = call("tells").id(7).progress_token(1).token(&served.token("alice"));
    let response = served.connect().await.exchange(request.bytes()).await;
    let received = Received::read(&response.body);
    assert_eq!(received.events.len(), 2);
    let last = serde_json::from_str(&received.events[1].1).expect("JSON");
    assert_message_error(&last, -32603, Some(7.into()));
    sightings.begun().await;
    sightings.dropped().await;
    sightings.nothing_more();
}

#[tokio::test]
async fn a_silent_call_that_became_a_stream_ends_with_an_error() {
    let (witness, mut sightings) = witness();
    let served = Served::start(|server| {
        server.tool(endless("endless", &witness)).core_timeouts(timeouts(|timeouts| {
            timeouts.open_stream_micros = 100_000;
            timeouts.heartbeat_micros = 100_000;
            timeouts.call_micros = 500_000;
        }))
    })
    .await;
    let request = call("endless").id(7).token(&served.token("alice"));
    let response = served.connect().await.exchange(request.bytes()).await;
    let received = Received::read(&response.body);
    assert!(received.comments >= 1);
    assert_eq!(received.events.len(), 1);
    let last = serde_json::from_str(&received.events[0].1).expect("JSON");
    assert_message_error(&last, -32603, Some(7.into()));
    sightings.begun().await;
    sightings.dropped().await;
}
