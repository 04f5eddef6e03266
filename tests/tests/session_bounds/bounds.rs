//! What one session may hold: at the bound, and one past it.

use mcp_tokio::{Change, LogLevel, ServerLimits};
use serde_json::{Value, json};

use crate::{
    client::{NEWEST, act, handshake, of_session, ping, post},
    served::{Served, settle},
};

/// A call on whose stream nine messages come, and then the result.
const MESSAGES: usize = 9;

/// What is left of such a call for a client that comes back having the first event, which only names the stream.
/// Nothing of it was sent before all of it was said.
async fn kept(served: &Served) -> Vec<Value> {
    let session = served.session("alice").await;
    let mut stream = served.stream(of_session(post("alice", &act(1, "tell_nine_times")), &session)).await;
    let first = stream.now().await.swap_remove(0).0;
    drop(stream);
    settle().await;
    assert_eq!(served.lives.count(), 0);
    let mut again = served.resume(&session, "alice", &first).await;
    again.now().await.into_iter().filter_map(|(_, data)| data).collect()
}

/// How far the call was, in the messages that are left of it, and whether the result is the last of them.
fn told(messages: &[Value]) -> (Vec<u64>, bool) {
    let (last, notes) = messages.split_last().expect("the result at least");
    let progress = |note: &Value| note["params"]["progress"].as_f64().expect("progress") as u64;
    (notes.iter().map(progress).collect(), last["id"] == 1)
}

#[tokio::test(start_paused = true)]
async fn a_session_keeps_so_many_events_and_the_newest_of_them() {
    // The event that names the stream is one of them, and so is the result.
    let whole: Vec<u64> = (1..=9).collect();
    for (events_max, from) in [(12, 0), (11, 0), (10, 1), (9, 2), (8, 3), (3, 8), (2, 9), (1, 9)] {
        let expected = (whole[from..].to_vec(), true);
        let served = Served::with(|policy| policy.events_max = events_max);
        assert_eq!(told(&kept(&served).await), expected, "{events_max}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_keeps_so_many_bytes_of_messages() {
    let messages = kept(&Served::with(|_| {})).await;
    assert_eq!(messages.len(), MESSAGES + 1);
    let length = |message: &Value| message.to_string().len();
    let (note, result) = (length(&messages[0]), length(&messages[MESSAGES]));
    assert!(messages[..MESSAGES].iter().all(|message| length(message) == note));
    let whole: Vec<u64> = (1..=9).collect();
    for (bytes_max, from) in [
        (9 * note + result, 0),
        (9 * note + result - 1, 1),
        (8 * note + result, 1),
        (8 * note + result - 1, 2),
        (note + result, 8),
        (note + result - 1, 9),
        (result, 9),
        // The one message that has to come may be larger than all together.
        (result - 1, 9),
        (1, 9),
    ] {
        let served = Served::with(|policy| policy.bytes_max = bytes_max);
        let expected = (whole[from..].to_vec(), true);
        assert_eq!(told(&kept(&served).await), expected, "{bytes_max}");
    }
}

#[tokio::test(start_paused = true)]
async fn messages_about_no_call_wait_up_to_the_bound_and_the_oldest_go() {
    // On a stream of the newest revision, the event that names it is one of those that are kept.
    for (revision, naming) in [(NEWEST, 1), ("2025-06-18", 0)] {
        for logged in [3_u64, 4, 5, 9] {
            let served = Served::with(|policy| policy.events_max = 4);
            let session = served.session_of("alice", revision).await;
            for number in 1..=logged {
                let data = json!(number);
                let change = Change::Log { level: LogLevel::Error, logger: None, data };
                served.server.sessions().notify_all(&change);
            }
            let mut stream = served.listen(&session, "alice").await;
            let messages = stream.now().await.into_iter().filter_map(|(_, data)| data);
            let numbers: Vec<u64> =
                messages.filter_map(|message| message["params"]["data"].as_u64()).collect();
            let first = logged.saturating_sub(4 - naming) + 1;
            assert_eq!(numbers, (first..=logged).collect::<Vec<_>>(), "{revision}, {logged}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_is_asked_so_much_at_once() {
    for (asks_max, is_served) in [(3, true), (2, false)] {
        let served = Served::with(|policy| policy.asks_max = asks_max);
        let session = served.session("alice").await;
        let mut stream = served.stream(of_session(post("alice", &act(1, "ask_three_times")), &session)).await;
        let mut messages: Vec<Value> = stream.now().await.into_iter().filter_map(|(_, data)| data).collect();
        let asked: Vec<Value> =
            messages.iter().filter(|message| message["method"] == "roots/list").cloned().collect();
        assert_eq!(asked.len(), asks_max);
        for question in asked {
            let answer = json!({"jsonrpc": "2.0", "id": question["id"], "result": {"roots": []}});
            assert_eq!(served.ask(&session, "alice", &answer).await.status, 202);
        }
        messages.extend(stream.now().await.into_iter().filter_map(|(_, data)| data));
        let result = &messages.last().expect("the result")["result"];
        assert_eq!(result["isError"], !is_served, "{asks_max}: {result}");
        // The bound is on what waits: now there is room again.
        let mut stream = served.stream(of_session(post("alice", &act(2, "ask")), &session)).await;
        assert_eq!(stream.now().await.len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn questions_that_cannot_be_kept_end_the_session() {
    // Three questions wait, and the event that names the stream.
    for (events_max, is_there) in [(4, true), (3, false)] {
        let served = Served::with(|policy| policy.events_max = events_max);
        let session = served.session("alice").await;
        drop(served.stream(of_session(post("alice", &act(1, "ask_three_times")), &session)).await);
        settle().await;
        let status = served.ask(&session, "alice", &ping()).await.status;
        assert_eq!(status, if is_there { 200 } else { 404 }, "{events_max}");
        assert_eq!((served.sessions(), served.lives.count()), (usize::from(is_there), usize::from(is_there)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_says_so_many_bytes_of_itself() {
    let hello = handshake();
    let length = |member: &str| hello["params"][member].to_string().len();
    let said = length("capabilities") + length("clientInfo");
    for (bytes_max, outcome) in [(said + 1, None), (said, None), (said - 1, Some(-32602))] {
        let served = Served::with(|policy| policy.handshake_bytes_max = bytes_max);
        let answer = served.answer(post("alice", &hello)).await;
        assert_eq!(answer.outcome().1, outcome, "{bytes_max}");
        assert_eq!(served.sessions(), usize::from(outcome.is_none()));
    }
}

#[tokio::test(start_paused = true)]
async fn the_calls_of_a_batch_count_each() {
    let served = Served::with(|policy| policy.calls_max = 2);
    let session = served.session_of("alice", "2025-03-26").await;
    let batch = |calls: std::ops::RangeInclusive<i32>| {
        Value::from(calls.map(|id| act(id, "return")).collect::<Vec<_>>())
    };
    let answer = served.ask(&session, "alice", &batch(1..=2)).await;
    assert_eq!(answer.json().as_array().map(Vec::len), Some(2), "{answer:?}");
    let answer = served.ask(&session, "alice", &batch(1..=3)).await;
    assert_eq!(answer.status, 503, "{answer:?}");
    // None of those that were refused is left.
    let answer = served.ask(&session, "alice", &batch(1..=2)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn the_streams_of_calls_are_not_counted_with_those_of_listeners() {
    let served = Served::with(|policy| (policy.streams_max, policy.calls_max) = (1, 3));
    let session = served.session("alice").await;
    let mut streams = Vec::new();
    for id in 1..=3 {
        streams.push(served.stream(of_session(post("alice", &act(id, "tell")), &session)).await);
    }
    streams.push(served.listen(&session, "alice").await);
    let refused = served.answer(of_session(crate::client::get("/mcp", "alice"), &session)).await;
    assert_eq!(refused.status, 429);
    let refused = served.ask(&session, "alice", &act(4, "tell")).await;
    assert_eq!(refused.outcome().0, 503);
    // A client may always come back to a call.
    let first = streams[0].now().await.swap_remove(0).0;
    drop(streams.remove(0));
    let mut again = served.resume(&session, "alice", &first).await;
    assert_eq!(again.now().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn so_many_calls_run_on_without_their_clients() {
    for (left, alone) in [(2, 2), (3, 2)] {
        let served = Served::built(|server| {
            let mut limits = ServerLimits::default();
            limits.calls_alone_per_principal = 2;
            server.limits(limits)
        });
        let session = served.session("alice").await;
        for id in 1..=left {
            drop(served.stream(of_session(post("alice", &act(id, "tell")), &session)).await);
        }
        settle().await;
        assert_eq!(served.lives.count(), alone, "{left}");
    }
}
