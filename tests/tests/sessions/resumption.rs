//! Streams that break off, and what a client gets when it comes back.

use std::{collections::BTreeSet, time::Duration};

use mcp_tests::{
    event_reader::Event,
    socket::{End, Stream},
};
use mcp_tokio::Context;
use serde_json::{Value, json};

use crate::{
    client::{NEWEST, REVISIONS, Session, assert_priming, call, progress, puppet, said_by_tool},
    puppet::Running,
    refused::{NO_EVENT, NOT_FOUND, refused_without_id},
    served::{Served, said},
    tokens::{ALICE, ALICE_REFRESHED, BOB},
};

/// A call that has told its client so much, and the events of it.
async fn told<'s>(session: &Session<'s>, served: &'s Served, id: i32, most: u32) -> Told {
    let socket = session.begin(&puppet(id)).await;
    let mut running = served.begun().await;
    for done in 1..=most {
        running.progress(done).await;
    }
    let mut stream = socket.stream().await;
    let priming = if session.revision == NEWEST { 1 } else { 0 };
    let mut events = Vec::new();
    for _ in 0..most + priming {
        events.push(stream.event().await);
    }
    Told { running, stream, events }
}

struct Told {
    running: Running,
    stream: Stream,
    events: Vec<Event>,
}

fn messages(events: &[Event]) -> Vec<Value> {
    events.iter().filter(|event| event.data.as_deref() != Some("")).map(Event::message).collect()
}

#[tokio::test]
async fn a_client_gets_exactly_what_came_after_the_event_that_it_names() {
    let served = Served::start().await;
    for revision in REVISIONS {
        let session = served.session_of(ALICE, revision).await;
        let Told { mut running, stream, events } = told(&session, &served, 1, 3).await;
        drop(stream);
        for done in 4..=5 {
            running.progress(done).await;
        }
        // From each event on, while the call runs: what follows it, in the order it was said.
        for (place, event) in events.iter().enumerate() {
            let mut expected = messages(&events[place + 1..]);
            expected.extend([progress(1, 4), progress(1, 5)]);
            let mut stream = session.resume(event.id()).await;
            for message in expected {
                assert_eq!(stream.message().await, message, "{revision} {place}");
            }
        }
        running.finish("done");
        running.over().await;
        // And when it is over.
        for (place, event) in events.iter().enumerate() {
            let mut expected = messages(&events[place + 1..]);
            expected.extend([progress(1, 4), progress(1, 5), said_by_tool(1, "done")]);
            let (events, end) = session.resume(event.id()).await.rest().await;
            assert_eq!((messages(&events), end), (expected, End::Whole), "{revision} {place}");
        }
    }
}

#[tokio::test]
async fn a_resumed_stream_goes_on_live() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let Told { mut running, stream, events } = told(&session, &served, 1, 1).await;
    drop(stream);
    let mut stream = session.resume(events[1].id()).await;
    stream.expect_silence().await;
    running.progress(2).await;
    let second = stream.event().await;
    assert_eq!(second.message(), progress(1, 2));
    drop(stream);
    running.progress(3).await;
    let mut stream = session.resume(second.id()).await;
    assert_eq!(stream.message().await, progress(1, 3));
    running.finish("done");
    assert_eq!(stream.message().await, said_by_tool(1, "done"));
    stream.expect_end().await;
}

#[tokio::test]
async fn an_event_that_came_back_keeps_its_id() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let Told { running, stream, events } = told(&session, &served, 1, 3).await;
    drop(stream);
    running.finish("done");
    let (again, _) = session.resume(events[0].id()).await.rest().await;
    let ids = |events: &[Event]| -> Vec<_> { events.iter().filter_map(|event| event.id.clone()).collect() };
    let again = ids(&again);
    assert_eq!(again[..3], ids(&events)[1..]);
    let unique: BTreeSet<_> = again.iter().collect();
    assert_eq!(unique.len(), again.len());
}

#[tokio::test]
async fn ids_are_unique_in_a_session_and_no_stream_gives_what_is_anothers() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let mut calls = Vec::new();
    for id in 1..=3 {
        calls.push(told(&session, &served, id, 2).await);
    }
    let mut listening = session.listen().await;
    served.server.sessions().notify_all(&mcp_tokio::Change::ToolsChanged);
    let change = listening.event().await;
    let mut ids = BTreeSet::from([change.id().to_owned()]);
    for call in &calls {
        for event in &call.events {
            assert!(ids.insert(event.id().to_owned()), "{event:?}");
        }
    }
    for (id, call) in (1..).zip(calls) {
        let Told { running, stream, events } = call;
        drop(stream);
        running.finish("done");
        let (rest, _) = session.resume(events[0].id()).await.rest().await;
        assert_eq!(messages(&rest), [progress(id, 1), progress(id, 2), said_by_tool(id, "done")]);
    }
}

#[tokio::test]
async fn whoever_resumes_a_stream_takes_it_from_the_connection_that_had_it() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let Told { mut running, stream: old, events } = told(&session, &served, 1, 2).await;
    let mut stream = session.resume(events[0].id()).await;
    assert_eq!(old.rest().await.0, []);
    assert_eq!(stream.message().await, progress(1, 1));
    assert_eq!(stream.message().await, progress(1, 2));
    running.progress(3).await;
    assert_eq!(stream.message().await, progress(1, 3));
    running.finish("done");
    assert_eq!(stream.message().await, said_by_tool(1, "done"));
    stream.expect_end().await;
}

#[tokio::test]
async fn an_event_that_this_session_never_gave_out_is_400() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let Told { running, stream, events } = told(&session, &served, 1, 1).await;
    let own = events[1].id().to_owned();
    let bobs = served.session(BOB).await;
    let others = told(&bobs, &served, 1, 5).await;
    let foreign = others.events[5].id().to_owned();
    // Ids of two sessions may look alike: what the other session has not given out itself is none of its own.
    let never = format!("{own}0");
    for id in
        [never.as_str(), "", "x", "1", "1-", "-1", "1-1-1", "1-x", "99-1", "+1-1", " ", &"9".repeat(5_000)]
    {
        let response = served.answer(&session.get().field("Last-Event-ID", id)).await;
        let (status, json) = said(&response);
        assert_eq!((status, &json["error"]["code"]), (400, &json!(-32600)), "{id:?}");
    }
    let response = served.answer(&session.get().field("Last-Event-ID", "x")).await;
    assert_eq!(said(&response), refused_without_id(NO_EVENT));
    // Neither the session nor the event of somebody else helps to the other.
    let stolen = bobs.with(ALICE).get().field("Last-Event-ID", &foreign);
    let (status, json) = said(&served.answer(&stolen).await);
    assert_eq!((status, &json["error"]["code"]), (404, &json!(NOT_FOUND.1)));
    let mixed = served.answer(&session.get().field("Last-Event-ID", &foreign)).await;
    assert_eq!(mixed.head.status, 400, "{}", String::from_utf8_lossy(&mixed.body));
    running.finish("done");
    assert_eq!(messages(&stream.rest().await.0), [said_by_tool(1, "done")]);
    others.running.finish("done");
    assert_eq!(messages(&others.stream.rest().await.0), [said_by_tool(1, "done")]);
}

#[tokio::test]
async fn a_last_event_id_that_is_sent_twice_is_400() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let Told { running, stream, events } = told(&session, &served, 1, 1).await;
    drop(stream);
    let get = session.get().field("Last-Event-ID", events[0].id()).field("Last-Event-ID", events[1].id());
    assert_eq!(served.answer(&get).await.head.status, 400);
    running.finish("done");
}

#[tokio::test]
async fn an_event_that_is_kept_no_more_is_answered_with_a_fresh_stream() {
    let served = Served::with(|policy| policy.events_max = 4).await;
    let session = served.session(ALICE).await;
    let first = told(&session, &served, 1, 1).await;
    first.running.finish("done");
    assert_eq!(messages(&first.stream.rest().await.0), [said_by_tool(1, "done")]);
    // The first call's events have to make room for those of the second.
    let second = told(&session, &served, 2, 8).await;
    let mut fresh = session.resume(first.events[0].id()).await;
    served.server.sessions().notify_all(&mcp_tokio::Change::PromptsChanged);
    assert_priming(&fresh.event().await);
    let change = fresh.message().await;
    assert_eq!(change["method"], "notifications/prompts/list_changed");
    second.running.finish("done");
    assert_eq!(messages(&second.stream.rest().await.0), [said_by_tool(2, "done")]);
    fresh.expect_silence().await;
}

#[tokio::test]
async fn a_client_that_has_everything_is_told_that_there_is_nothing_more_to_come_back_for() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let told = told(&session, &served, 1, 1).await;
    told.running.finish("done");
    let (events, _) = told.stream.rest().await;
    let last = events.last().expect("the result").id();
    let response = served.answer(&session.get().field("Last-Event-ID", last)).await;
    assert_eq!(said(&response), refused_without_id(NO_EVENT));
}

#[tokio::test]
async fn a_stream_is_only_given_to_who_takes_one() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let told = told(&session, &served, 1, 1).await;
    for accept in ["application/json", "text/html", "text/event-stream;q=0"] {
        for last in [None, Some(told.events[0].id())] {
            let mut get = session.get().with("Accept", accept);
            if let Some(last) = last {
                get = get.field("Last-Event-ID", last);
            }
            let (status, json) = said(&served.answer(&get).await);
            assert_eq!((status, &json["error"]["code"]), (406, &json!(-32600)), "{accept}");
            let words = json["error"]["message"].as_str().expect("words");
            assert!(words.contains("text/event-stream"), "{words}");
        }
    }
    for accept in ["text/event-stream", "*/*", "text/*", "application/json, text/event-stream"] {
        served.stream(&session.get().with("Accept", accept)).await;
    }
    told.running.finish("done");
}

#[tokio::test]
async fn a_handler_lets_its_connection_go_and_the_call_goes_on() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let Told { mut running, mut stream, events } = told(&session, &served, 1, 1).await;
    let close = |cx: Context| async move {
        cx.close_stream(Duration::from_millis(250)).await;
        Ok(Value::Null)
    };
    running.does(close).await;
    let event = stream.event().await;
    assert_eq!((event.retry, event.data.as_deref().unwrap_or_default()), (Some(250), ""));
    let last = event.id.unwrap_or_else(|| events[1].id().to_owned());
    stream.expect_end().await;
    assert!(!running.is_over());
    running.progress(2).await;
    let mut stream = session.resume(&last).await;
    assert_eq!(stream.message().await, progress(1, 2));
    running.finish("done");
    assert_eq!(stream.message().await, said_by_tool(1, "done"));
    stream.expect_end().await;
}

#[tokio::test]
async fn a_connection_of_an_older_revision_is_not_let_go() {
    let served = Served::start().await;
    for revision in ["2025-06-18", "2025-03-26", "2024-11-05"] {
        let session = served.session_of(ALICE, revision).await;
        let Told { mut running, mut stream, .. } = told(&session, &served, 1, 1).await;
        let close = |cx: Context| async move {
            cx.close_stream(Duration::from_millis(250)).await;
            Ok(Value::Null)
        };
        running.does(close).await;
        running.finish("done");
        let result = stream.event().await;
        assert_eq!((result.message(), result.retry), (said_by_tool(1, "done"), None), "{revision}");
        stream.expect_end().await;
    }
}

#[tokio::test]
async fn a_result_that_nobody_fetched_waits() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let Told { mut running, stream, events } = told(&session, &served, 1, 1).await;
    drop(stream);
    running.finish("kept");
    running.over().await;
    // Other things happen meanwhile.
    for id in 10..20 {
        assert_eq!(session.served(&call(id, "whoami")).await, said_by_tool(id, "alice"));
    }
    let mut stream = session.with(ALICE_REFRESHED).resume(events[1].id()).await;
    assert_eq!(stream.message().await, said_by_tool(1, "kept"));
    stream.expect_end().await;
}
