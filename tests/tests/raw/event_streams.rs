//! Answers that become event streams.

use std::time::Duration;

use mcp_driver::{LogLevel, ServerBuilder, ToolResult};
use mcp_tests::{events::Received, http1::Response};
use serde_json::{Value, json};

use crate::raw::{
    client::{Client, assert_result, assert_text},
    message::call,
    served::{Served, timeouts, tool},
};

/// The fields of a stream, without the date.
fn assert_stream_head(head: &mcp_tests::http1::Head) {
    let mut fields: Vec<_> =
        head.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    fields.retain(|(name, _)| *name != "date");
    fields.sort_unstable();
    let expected = [
        ("cache-control", "no-cache, no-transform"),
        ("content-type", "text/event-stream"),
        ("transfer-encoding", "chunked"),
        ("x-accel-buffering", "no"),
    ];
    assert_eq!((head.status, fields.as_slice()), (200, &expected[..]));
}

fn assert_stream(response: &Response) -> Received {
    assert_stream_head(&response.head);
    let received = Received::read(&response.body);
    assert_eq!((&received.last_id, &received.retry), (&None, &None));
    received
}

fn parsed(event: &(String, String)) -> Value {
    assert_eq!(event.0, "message");
    serde_json::from_str(&event.1).expect("an event is JSON")
}

/// Tells what it is told to tell, then returns `done`.
fn with_teller(server: ServerBuilder) -> ServerBuilder {
    server.tool(tool("tell", async |arguments, cx| {
        for told in arguments["tell"].as_array().into_iter().flatten() {
            match (told["progress"].as_f64(), told["level"].as_str()) {
                (Some(done), _) => match told["message"].as_str() {
                    Some(message) => cx.progress_with(done, told["total"].as_f64(), message).await,
                    None => cx.progress(done, told["total"].as_f64()).await,
                },
                (None, Some(level)) => {
                    let level = LogLevel::from_name(level).expect("a level");
                    cx.log_as(told["logger"].as_str(), level, &told["data"]).await;
                }
                (None, None) => {}
            }
        }
        "done"
    }))
}

#[tokio::test]
async fn progress_and_log_messages_are_events_before_the_result() {
    let served = Served::start(with_teller).await;
    let tell = json!([
        {"progress": 1, "total": 3},
        {"level": "info", "data": {"n": 1}},
        {"progress": 2.5, "message": "nearly"},
        {"level": "emergency", "logger": "core", "data": "fire"},
    ]);
    let request = call("tell").arguments(json!({"tell": tell})).id("i").progress_token("p").log_level("info");
    let response = served.connect().await.exchange(request.token(&served.token("alice")).bytes()).await;
    assert_stream_head(&response.head);
    let text = String::from_utf8(response.body.clone()).expect("UTF-8");
    let frames: Vec<_> = text.split_inclusive("\n\n").collect();
    for frame in &frames {
        // One line of data and the empty one: nothing else is ever sent.
        assert!(frame.starts_with("data: {") && frame.ends_with("}\n\n"), "{frame:?}");
        assert_eq!(frame.matches(['\r', '\n']).count(), 2, "{frame:?}");
    }
    let events: Vec<Value> = assert_stream(&response).events.iter().map(parsed).collect();
    let notification = |method: &str, params: Value| json!({"jsonrpc": "2.0", "method": format!("notifications/{method}"), "params": params});
    assert_eq!(
        events[..4],
        [
            notification("progress", json!({"progressToken": "p", "progress": 1.0, "total": 3.0})),
            notification("message", json!({"level": "info", "data": {"n": 1}})),
            notification("progress", json!({"progressToken": "p", "progress": 2.5, "message": "nearly"})),
            notification("message", json!({"level": "emergency", "logger": "core", "data": "fire"})),
        ]
    );
    assert_result(&events[4], "i", "done");
    assert_eq!(events.len(), 5);
}

#[tokio::test]
async fn log_messages_below_the_level_that_was_asked_for_are_not_sent() {
    let served = Served::start(with_teller).await;
    let levels = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];
    let tell: Vec<_> = levels.iter().map(|level| json!({"level": level, "data": level})).collect();
    let mut client = served.connect().await;
    for (index, wanted) in levels.iter().enumerate() {
        let request = call("tell").arguments(json!({"tell": tell})).log_level(wanted);
        let response = client.exchange(request.token(&served.token("alice")).bytes()).await;
        let events: Vec<Value> = assert_stream(&response).events.iter().map(parsed).collect();
        let sent: Vec<_> = events.iter().filter_map(|event| event["params"]["level"].as_str()).collect();
        assert_eq!(sent, levels[index..]);
        assert_result(&events[levels.len() - index], 1, "done");
    }
}

#[tokio::test]
async fn a_client_that_asked_for_nothing_gets_one_document() {
    let served = Served::start(with_teller).await;
    let tell = json!([{"progress": 1}, {"level": "emergency", "data": "fire"}]);
    let request = call("tell").arguments(json!({"tell": tell})).token(&served.token("alice"));
    let mut client = served.connect().await;
    assert_text(&client.exchange(request.bytes()).await, 1, "done");
    // Progress and log messages need a stream, which this client does not take.
    let request = request.progress_token(1).log_level("debug").accept("application/json");
    assert_text(&client.exchange(request.bytes()).await, 1, "done");
}

#[tokio::test]
async fn a_client_that_takes_only_streams_gets_one() {
    let served = Served::start(with_teller).await;
    let request = call("tell").accept("text/event-stream").token(&served.token("alice"));
    let response = served.connect().await.exchange(request.bytes()).await;
    assert_eq!(response.head.field("content-type"), Some("text/event-stream"));
    let received = Received::read(&response.body);
    assert_eq!((received.events.len(), received.comments), (1, 0));
    assert_result(&parsed(&received.events[0]), 1, "done");
}

#[tokio::test]
async fn progress_that_does_not_increase_is_not_sent() {
    let served = Served::start(with_teller).await;
    let tell = json!([{"progress": 2}, {"progress": 2}, {"progress": 1}, {"progress": 3}]);
    let request = call("tell").arguments(json!({"tell": tell})).progress_token(9);
    let response = served.connect().await.exchange(request.token(&served.token("alice")).bytes()).await;
    let events: Vec<Value> = assert_stream(&response).events.iter().map(parsed).collect();
    let sent: Vec<_> = events.iter().filter_map(|event| event["params"]["progress"].as_f64()).collect();
    assert_eq!(sent, [2.0, 3.0]);
}

const HOSTILE: [&str; 8] = [
    "\n\nevent: x\ndata: forged\n\n",
    "\r\n\r\nid: 7\r\nretry: 1\r\n\r\n",
    "\r\revent: x\r\r",
    "\u{2028}\u{2029}\u{85}data: y",
    "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n",
    "\0\u{feff}: comment",
    "0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    "\u{1f600}\\n\\u000a\"",
];

#[tokio::test]
async fn nothing_that_a_handler_says_breaks_the_framing() {
    let served = Served::start(|server| {
        with_teller(server).tool(tool("repeat", async |arguments, cx| {
            cx.progress(1.0, None).await;
            arguments["text"].as_str().unwrap_or_default().to_owned()
        }))
    })
    .await;
    let token = served.token("alice");
    let mut client = served.connect().await;
    for text in HOSTILE {
        let tell = json!([
            {"progress": 1, "message": text},
            {"level": "error", "logger": text, "data": {text: [text]}},
        ]);
        let request = call("tell").arguments(json!({"tell": tell})).id(text).progress_token(text);
        let response = client.exchange(request.log_level("debug").token(&token).bytes()).await;
        let received = assert_stream(&response);
        let events: Vec<Value> = received.events.iter().map(parsed).collect();
        assert_eq!((events.len(), received.comments), (3, 0), "{text:?}");
        assert_eq!(events[0]["params"]["message"], text);
        assert_eq!(events[0]["params"]["progressToken"], text);
        assert_eq!(events[1]["params"], json!({"level": "error", "logger": text, "data": {text: [text]}}));
        assert_result(&events[2], text, "done");

        let request = call("repeat").arguments(json!({"text": text})).progress_token(1).token(&token);
        let received = assert_stream(&client.exchange(request.bytes()).await);
        assert_eq!((received.events.len(), received.comments), (2, 0), "{text:?}");
        assert_result(&parsed(&received.events[1]), 1, text);
    }
}

#[tokio::test]
async fn json_that_a_handler_wrote_itself_does_not_break_the_framing() {
    const RAW: &str = "{\r\n\r\n\"a\"\n:\r[\n\n1]\r\n}";
    let served = Served::start(|server| {
        server.tool(tool("raw", async |_, cx| {
            cx.progress(1.0, None).await;
            let raw: Box<serde_json::value::RawValue> = serde_json::from_str(RAW).expect("JSON");
            ToolResult { structured: Some(raw), ..ToolResult::text("t") }
        }))
    })
    .await;
    let request = call("raw").progress_token(1).token(&served.token("alice"));
    let received = assert_stream(&served.connect().await.exchange(request.bytes()).await);
    assert_eq!((received.events.len(), received.comments), (2, 0));
    assert_eq!(parsed(&received.events[1])["result"]["structuredContent"], json!({"a": [1]}));
}

/// A server whose silent calls become streams soon.
async fn impatient() -> Served {
    let slow = tool("slow", async |arguments, cx| {
        cx.sleep(Duration::from_millis(arguments["millis"].as_u64().unwrap_or_default())).await;
        "done"
    });
    Served::start(|server| {
        server.tool(slow).core_timeouts(timeouts(|timeouts| {
            timeouts.open_stream_micros = 100_000;
            timeouts.heartbeat_micros = 50_000;
        }))
    })
    .await
}

#[tokio::test]
async fn a_silent_call_becomes_a_stream_with_heartbeats_and_its_result_is_the_last_event() {
    let served = impatient().await;
    let mut client: Client = served.connect().await;
    let request = call("slow").arguments(json!({"millis": 1_000})).token(&served.token("alice"));
    client.send(request.bytes()).await;
    assert_stream_head(&client.head().await);
    let mut chunks = Vec::new();
    loop {
        let chunk = client.chunk().await;
        if chunk.is_empty() {
            break;
        }
        chunks.push(String::from_utf8(chunk).expect("UTF-8"));
    }
    let last = chunks.pop().expect("a result");
    // The first comment opens the stream, the others are heartbeats.
    assert!(chunks.len() >= 3, "{chunks:?}");
    assert!(chunks.iter().all(|chunk| chunk == ":\n\n"), "{chunks:?}");
    let received = Received::read(last.as_bytes());
    assert_eq!(received.events.len(), 1);
    assert_result(&parsed(&received.events[0]), 1, "done");
    // The connection goes on behind the stream.
    assert_eq!(client.exchange(crate::raw::message::get("/ping")).await.body, b"pong");
}

#[tokio::test]
async fn a_silent_call_of_a_client_that_takes_no_stream_stays_one_document() {
    let served = impatient().await;
    let request = call("slow").arguments(json!({"millis": 500})).accept("application/json");
    let response = served.connect().await.exchange(request.token(&served.token("alice")).bytes()).await;
    assert_text(&response, 1, "done");
}

#[tokio::test]
async fn heartbeats_go_on_behind_the_first_event() {
    let served = Served::start(|server| {
        let tell = tool("tell", async |_, cx| {
            cx.progress(1.0, None).await;
            cx.sleep(Duration::from_millis(600)).await;
            cx.progress(2.0, None).await;
            "done"
        });
        server.tool(tell).core_timeouts(timeouts(|timeouts| {
            timeouts.open_stream_micros = 50_000;
            timeouts.heartbeat_micros = 50_000;
        }))
    })
    .await;
    let request = call("tell").progress_token(1).token(&served.token("alice"));
    let received = assert_stream(&served.connect().await.exchange(request.bytes()).await);
    assert_eq!(received.events.len(), 3);
    assert!(received.comments >= 3, "{received:?}");
}
