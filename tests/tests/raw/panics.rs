//! Handlers that panic.

use std::{future::Future, pin::Pin};

use mcp_driver::ServerBuilder;
use serde_json::Value;

use crate::raw::{
    client::{assert_message_error, assert_text, json},
    message::{call, echo},
    served::{Served, one_connection, timeouts, tool},
    witness::{Witness, witness},
};

const SECRET: &str = "a detail that nobody may learn";

struct PanicsWhenDropped(Witness);

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        drop(self.0.begin());
        panic!("{SECRET}");
    }
}

fn with_panics(server: ServerBuilder, witness: &Witness) -> ServerBuilder {
    let (dropped, timed_out) = (witness.clone(), witness.clone());
    let built = tool("built", |_, _| -> Pin<Box<dyn Future<Output = ()> + Send>> { panic!("{SECRET}") });
    let polled = tool("polled", async |_, _| {
        tokio::task::yield_now().await;
        if SECRET.len() > 1 {
            panic!("{SECRET}");
        }
    });
    let streaming = tool("streaming", async |_, cx| {
        cx.progress(1.0, None).await;
        cx.sleep(std::time::Duration::from_millis(10)).await;
        if SECRET.len() > 1 {
            panic!("{SECRET}");
        }
    });
    let dropped = tool("dropped", move |_, _| {
        let bomb = PanicsWhenDropped(dropped.clone());
        async move {
            let _bomb = bomb;
            std::future::pending::<()>().await;
        }
    });
    let ended = tool("ended", move |_, _| {
        let bomb = PanicsWhenDropped(timed_out.clone());
        async move {
            let _bomb = bomb;
            "good"
        }
    });
    server.tool(built).tool(polled).tool(streaming).tool(dropped).tool(ended)
}

#[tokio::test]
async fn a_panic_is_an_internal_error_and_the_connection_lives_on() {
    let (witness, _sightings) = witness();
    let served = Served::start(|server| {
        with_panics(server, &witness)
            .core_timeouts(timeouts(|timeouts| timeouts.call_micros = 200_000))
            .limits(one_connection())
    })
    .await;
    let token = served.token("alice");
    let mut client = served.connect().await;
    for name in ["built", "polled", "ended", "dropped", "streaming"] {
        let response = client.exchange(call(name).id(name).token(&token).bytes()).await;
        assert_eq!(response.head.status, 200, "{name}");
        assert_message_error(&json(&response), -32603, Some(name.into()));
        assert!(!String::from_utf8_lossy(&response.body).contains("detail"), "{name}");
        assert_text(&client.exchange(echo("alive").token(&token).bytes()).await, 1, "alive");
    }
}

#[tokio::test]
async fn a_panic_in_a_stream_is_its_last_event_and_the_connection_lives_on() {
    let (witness, _sightings) = witness();
    let served = Served::start(|server| with_panics(server, &witness)).await;
    let token = served.token("alice");
    let mut client = served.connect().await;
    let response = client.exchange(call("streaming").progress_token(1).token(&token).bytes()).await;
    assert_eq!(response.head.field("content-type"), Some("text/event-stream"));
    let received = mcp_tests::events::Received::read(&response.body);
    assert_eq!(received.events.len(), 2);
    let last: Value = serde_json::from_str(&received.events[1].1).expect("JSON");
    assert_message_error(&last, -32603, Some(1.into()));
    assert!(!received.events[1].1.contains("detail"));
    assert_text(&client.exchange(echo("alive").token(&token).bytes()).await, 1, "alive");
}

#[tokio::test]
async fn a_panic_of_a_cancelled_handler_harms_nobody() {
    let (witness, mut sightings) = witness();
    let served = Served::start(|server| with_panics(server, &witness).limits(one_connection())).await;
    let token = served.token("alice");
    let mut client = served.connect().await;
    client.send(call("dropped").token(&token).bytes()).await;
    client.expect_silence().await;
    drop(client);
    sightings.begun().await;
    sightings.dropped().await;
    let mut client = served.connect().await;
    assert_text(&client.exchange(echo("alive").token(&token).bytes()).await, 1, "alive");
    sightings.nothing_more();
}
