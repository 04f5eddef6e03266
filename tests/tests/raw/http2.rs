//! The same over HTTP/2, which a client may speak from the first byte.

use std::{future::poll_fn, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::FutureExt as _;
use mcp_driver::ConnectionTimeouts;
use serde_json::json;
use tokio::sync::Barrier;

use crate::raw::{
    client::{UNAUTHORIZED, assert_error, assert_message_error, assert_text, in_time, timed},
    http2_client::{Http2Client, data, head_of, post, response_of},
    message::{call, echo, get},
    served::{Served, connection_timeouts, limits, one_connection, timeouts, tool},
    stalled::talkative,
    witness::{endless, witness},
};

#[tokio::test]
async fn calls_are_answered_over_http2() {
    let served = Served::start(|server| server).await;
    let mut client = Http2Client::connect(served.address).await;
    let token = served.token("alice");
    for _ in 0..10 {
        assert_text(&client.exchange(&echo("two").token(&token)).await, 1, "two");
        let refused = client.exchange(&echo("two").id("x")).await;
        assert_error(&refused, 401, UNAUTHORIZED, Some(json!("x")));
        assert!(refused.head.field("www-authenticate").is_some());
    }
}

#[tokio::test]
async fn streams_of_one_connection_run_beside_one_another() {
    const STREAMS: usize = 100;
    let barrier = Arc::new(Barrier::new(STREAMS));
    let meet = tool("meet", move |arguments, cx| {
        let barrier = Arc::clone(&barrier);
        async move {
            barrier.wait().await;
            format!("{} for {}", arguments["n"], cx.principal().expect("a caller").subject())
        }
    });
    let served = Served::start(|server| {
        server.tool(meet).limits(limits(|limits| limits.calls_per_principal = STREAMS))
    })
    .await;
    let tokens = [served.token("alice"), served.token("bob")];
    let mut client = Http2Client::connect(served.address).await;
    let mut responses = Vec::new();
    for number in 0..STREAMS {
        let request = call("meet").arguments(json!({"n": number})).token(&tokens[number % 2]);
        responses.push(client.call(&request).await);
    }
    for (number, response) in responses.into_iter().enumerate().rev() {
        let subject = ["alice", "bob"][number % 2];
        assert_text(&response_of(response).await, 1, &format!("{number} for {subject}"));
    }
}

#[tokio::test]
async fn a_stream_beyond_the_limit_of_a_connection_waits() {
    let (witness, mut sightings) = witness();
    let served = Served::start(|server| {
        server.tool(endless("endless", &witness)).limits(limits(|limits| limits.streams_per_connection = 2))
    })
    .await;
    let token = served.token("alice");
    let mut client = Http2Client::connect(served.address).await;
    assert_text(&client.exchange(&echo("settings are known").token(&token)).await, 1, "settings are known");
    let first = client.call(&call("endless").token(&token)).await;
    let _second = client.call(&call("endless").token(&token)).await;
    sightings.begun().await;
    sightings.begun().await;
    let third = client.call(&echo("third").token(&token)).await;
    let third = tokio::spawn(response_of(third));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!third.is_finished());
    drop(first);
    sightings.dropped().await;
    assert_text(&in_time("the third", third).await.expect("no panic"), 1, "third");
}

#[tokio::test]
async fn a_client_that_resets_a_stream_cancels_its_call_and_no_other() {
    let (witness, mut sightings) = witness();
    let (other_witness, mut other) = crate::raw::witness::witness();
    let served = Served::start(|server| {
        server.tool(endless("endless", &witness)).tool(endless("other", &other_witness))
    })
    .await;
    let token = served.token("alice");
    let mut client = Http2Client::connect(served.address).await;
    let other_call = client.call(&call("other").token(&token)).await;
    other.begun().await;
    let response = client.call(&call("endless").token(&token)).await;
    sightings.begun().await;
    drop(response);
    sightings.dropped().await;
    other.nothing_more();
    assert_text(&client.exchange(&echo("alive").token(&token)).await, 1, "alive");
    client.abort();
    other.dropped().await;
    drop(other_call);
    sightings.nothing_more();
    other.nothing_more();
}

#[tokio::test]
async fn a_client_that_resets_an_event_stream_cancels_its_call() {
    let (witness, mut sightings) = witness();
    let tells = tool("tells", move |_, cx| {
        let witness = witness.clone();
        async move {
            let _life = witness.begin();
            cx.progress(1.0, None).await;
            std::future::pending::<()>().await;
        }
    });
    let served = Served::start(|server| server.tool(tells)).await;
    let token = served.token("alice");
    let mut client = Http2Client::connect(served.address).await;
    let response = client.call(&call("tells").progress_token(1).token(&token)).await;
    sightings.begun().await;
    let (head, mut body) = head_of(response).await;
    assert_eq!(head.headers["content-type"], "text/event-stream");
    assert!(data(&mut body).await.expect("an event").expect("an event").starts_with(b"data: "));
    drop(body);
    sightings.dropped().await;
    sightings.nothing_more();
}

/// Soon weary of a peer that takes nothing.
fn impatient() -> ConnectionTimeouts {
    connection_timeouts(|timeouts| timeouts.write_stall = Duration::from_millis(200))
}

#[tokio::test]
async fn a_stream_without_a_window_does_not_hold_its_handler_nor_its_connection() {
    for window in [0, 65_535] {
        let (witness, mut sightings) = witness();
        let served = Served::start(|server| {
            server
                .tool(talkative(&witness))
                .connection_timeouts(impatient())
                .core_timeouts(timeouts(|timeouts| timeouts.heartbeat_micros = 200_000))
        })
        .await;
        let token = served.token("alice");
        let mut client = Http2Client::with_windows(served.address, window, 1 << 20).await;
        let response = client.call(&call("talkative").log_level("debug").token(&token)).await;
        sightings.begun().await;
        let ((), waited) = timed(sightings.dropped()).await;
        assert!(waited > Duration::from_millis(200), "{waited:?}");
        drop(response);
        client.closed().await;
        sightings.nothing_more();
    }
}

#[tokio::test]
async fn a_large_answer_that_nobody_reads_is_not_kept() {
    const LARGE: usize = 4 << 20;
    let large = tool("large", async |_, _| "x".repeat(LARGE));
    let served = Served::start(|server| {
        server
            .tool(large)
            .connection_timeouts(impatient())
            .core_timeouts(timeouts(|timeouts| timeouts.heartbeat_micros = 200_000))
    })
    .await;
    let token = served.token("alice");
    let mut client = Http2Client::with_windows(served.address, 65_535, 1 << 24).await;
    let (head, mut body) = head_of(client.call(&call("large").token(&token)).await).await;
    let length: usize = head.headers["content-length"].to_str().expect("ASCII").parse().expect("a number");
    assert!(length > LARGE);
    client.closed().await;
    let mut taken = 0;
    while let Some(Ok(piece)) = data(&mut body).await {
        taken += piece.len();
    }
    assert!(taken < LARGE / 2, "{taken} bytes were kept");
}

#[tokio::test]
async fn a_connection_whose_peer_takes_no_answer_is_ended() {
    for name in ["echo", "talkative", "large"] {
        let (witness, _sightings) = witness();
        let served = Served::start(|server| {
            let mut timeouts = impatient();
            timeouts.idle = Duration::from_millis(300);
            server
                .tool(talkative(&witness))
                .tool(tool("large", async |_, _| "x".repeat(1 << 20)))
                .connection_timeouts(timeouts)
                .core_timeouts(self::timeouts(|timeouts| timeouts.heartbeat_micros = 200_000))
        })
        .await;
        let mut client = Http2Client::with_windows(served.address, 0, 1 << 20).await;
        let request = call(name).log_level("debug").token(&served.token("alice"));
        let (head, _body) = head_of(client.call(&request).await).await;
        assert_eq!(head.status, 200, "{name}");
        client.closed().await;
    }
}

#[tokio::test]
async fn a_large_answer_that_is_read_in_time_is_whole() {
    const LARGE: usize = 4 << 20;
    let large = tool("large", async |_, _| "x".repeat(LARGE));
    let served = Served::start(|server| server.tool(large)).await;
    let mut client = Http2Client::connect(served.address).await;
    let response = client.exchange(&call("large").token(&served.token("alice"))).await;
    assert_text(&response, 1, &"x".repeat(LARGE));
}

#[tokio::test]
async fn a_connection_that_says_nothing_behind_its_preface_is_closed() {
    let served = Served::start(|server| {
        let timeouts = connection_timeouts(|timeouts| timeouts.head = Duration::from_millis(300));
        server.connection_timeouts(timeouts).limits(one_connection())
    })
    .await;
    let mut client = served.connect().await;
    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    client.rest().await;
    let mut half = served.connect().await;
    half.send("PRI * HTTP/2.0\r\n").await;
    half.rest().await;
    assert_eq!(served.connect().await.exchange(get("/ping")).await.body, b"pong");
}

#[tokio::test]
async fn a_connection_without_a_request_is_closed_when_it_has_been_idle() {
    let served = Served::start(|server| {
        let timeouts = connection_timeouts(|timeouts| timeouts.idle = Duration::from_millis(300));
        server.connection_timeouts(timeouts)
    })
    .await;
    let mut client = Http2Client::connect(served.address).await;
    let token = served.token("alice");
    assert_text(&client.exchange(&echo("one").token(&token)).await, 1, "one");
    client.closed().await;
}

#[tokio::test]
async fn a_connection_with_a_running_call_is_not_idle() {
    let served = Served::start(|server| {
        let timeouts = connection_timeouts(|timeouts| timeouts.idle = Duration::from_millis(100));
        let slow = tool("slow", async |_, cx| {
            cx.sleep(Duration::from_millis(600)).await;
            "done"
        });
        server.tool(slow).connection_timeouts(timeouts)
    })
    .await;
    let mut client = Http2Client::connect(served.address).await;
    assert_text(&client.exchange(&call("slow").token(&served.token("alice"))).await, 1, "done");
}

#[tokio::test]
async fn half_a_body_is_408_over_http2() {
    let served =
        Served::start(|server| server.core_timeouts(timeouts(|timeouts| timeouts.body_micros = 300_000)))
            .await;
    let mut client = Http2Client::connect(served.address).await;
    let request = echo("never").token(&served.token("alice"));
    let (response, _sending) = client.open(post(&request)).await;
    assert_error(&response_of(response).await, 408, -32600, None);
}

#[tokio::test]
async fn a_request_refused_by_its_head_is_read_to_its_end_over_http2() {
    let patient = timeouts(|timeouts| timeouts.refused_body_micros = 60_000_000);
    let served = Served::start(|server| server.core_timeouts(patient)).await;
    let mut client = Http2Client::connect(served.address).await;
    let request = echo("late").token(&served.token("alice"));
    let mut foreign = post(&request);
    foreign.headers_mut().insert("origin", "https://elsewhere.example".parse().expect("a value"));
    let mut elsewhere = post(&request);
    *elsewhere.uri_mut() = "http://127.0.0.1/elsewhere".parse().expect("a target");
    for (refused, status) in [(foreign, 403), (elsewhere, 404)] {
        let (mut response, mut sending) = client.open(refused).await;
        assert_text(&client.exchange(&echo("between").token(&served.token("alice"))).await, 1, "between");
        assert!((&mut response).now_or_never().is_none(), "answered before its body came: {status}");
        sending.send_data(Bytes::from(request.body()), true).expect("a body");
        assert_eq!(response_of(response).await.head.status, status);
        assert_text(&client.exchange(&echo("after").token(&served.token("alice"))).await, 1, "after");
        assert!(poll_fn(|cx| sending.poll_reset(cx)).now_or_never().is_none(), "reset: {status}");
    }
}

#[tokio::test]
async fn a_request_refused_by_its_head_does_not_wait_for_its_body_for_ever_over_http2() {
    let hasty = timeouts(|timeouts| timeouts.refused_body_micros = 1_000);
    let served = Served::start(|server| server.core_timeouts(hasty)).await;
    let mut client = Http2Client::connect(served.address).await;
    let mut elsewhere = post(&echo("never"));
    *elsewhere.uri_mut() = "http://127.0.0.1/elsewhere".parse().expect("a target");
    let (response, _sending) = client.open(elsewhere).await;
    assert_eq!(response_of(response).await.head.status, 404);
}

#[tokio::test]
async fn a_request_refused_by_its_head_is_not_read_when_it_is_large_over_http2() {
    let patient = timeouts(|timeouts| timeouts.refused_body_micros = 60_000_000);
    let served = Served::start(|server| server.core_timeouts(patient)).await;
    let mut client = Http2Client::connect(served.address).await;
    let mut elsewhere = post(&echo(&"x".repeat(70_000)));
    *elsewhere.uri_mut() = "http://127.0.0.1/elsewhere".parse().expect("a target");
    let (response, _sending) = client.open(elsewhere).await;
    assert_eq!(response_of(response).await.head.status, 404);
}

#[tokio::test]
async fn a_running_call_is_finished_when_the_server_stops() {
    let (witness, mut sightings) = witness();
    let slow = tool("slow", move |_, cx| {
        let witness = witness.clone();
        async move {
            let _life = witness.begin();
            cx.sleep(Duration::from_millis(300)).await;
            "finished"
        }
    });
    let mut served = Served::start(|server| server.tool(slow)).await;
    let mut client = Http2Client::connect(served.address).await;
    let response = client.call(&call("slow").token(&served.token("alice"))).await;
    sightings.begun().await;
    served.stop();
    assert_text(&response_of(response).await, 1, "finished");
    client.closed().await;
    served.stopped().await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_at_once_when_the_server_stops() {
    let mut served = Served::start(|server| server).await;
    let mut client = Http2Client::connect(served.address).await;
    assert_text(&client.exchange(&echo("one").token(&served.token("alice"))).await, 1, "one");
    served.stop();
    client.closed().await;
    served.stopped().await;
}

#[tokio::test]
async fn a_panic_harms_no_other_stream() {
    let (witness, mut sightings) = witness();
    let panics = tool("panics", async |_, _| {
        if crate::raw::message::REVISION.len() > 1 {
            panic!("a detail");
        }
    });
    let served = Served::start(|server| server.tool(panics).tool(endless("endless", &witness))).await;
    let token = served.token("alice");
    let mut client = Http2Client::connect(served.address).await;
    let _running = client.call(&call("endless").token(&token)).await;
    sightings.begun().await;
    let response = client.exchange(&call("panics").token(&token)).await;
    assert_message_error(&crate::raw::client::json(&response), -32603, Some(1.into()));
    assert_text(&client.exchange(&echo("alive").token(&token)).await, 1, "alive");
    sightings.nothing_more();
}
