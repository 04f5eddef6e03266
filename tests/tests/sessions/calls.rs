//! Calls in a session: how they are answered, cancelled, and left alone.

use mcp_tests::{
    http1::Response,
    socket::{End, Socket},
};
use mcp_tokio::{Context, LogLevel};
use serde_json::{Value, json};

use crate::{
    client::{
        NEWEST, REVISIONS, assert_priming, call, cancelled, error, ping, progress, puppet, request, result,
        said_by_tool,
    },
    refused::{NOT_FOUND, refused},
    served::{Served, said},
    tokens::{ALICE, BOB},
};

#[tokio::test]
async fn a_call_that_says_nothing_on_the_way_is_one_document() {
    let served = Served::start().await;
    for revision in REVISIONS {
        let session = served.session_of(ALICE, revision).await;
        let response = session.ask(&call("c", "whoami")).await;
        assert_eq!(said(&response), (200, said_by_tool("c", "alice")), "{revision}");
        let mut only_events = Socket::connect(served.address).await;
        let request = session.post(&call("c", "whoami")).with("Accept", "text/event-stream");
        only_events.send(request.bytes()).await;
        let mut stream = only_events.stream().await;
        let event = stream.event().await;
        assert_eq!((event.message(), &event.id), (said_by_tool("c", "alice"), &None), "{revision}");
        stream.expect_end().await;
    }
}

#[tokio::test]
async fn every_kind_of_call_is_served() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let reference = json!({"type": "ref/prompt", "name": "greet"});
    let argument = json!({"name": "how", "value": ""});
    let table = [
        ("prompts/get", json!({"name": "greet"}), "/messages/0/content/text", "hello"),
        ("resources/read", json!({"uri": "note://1"}), "/contents/0/text", "a note"),
        ("resources/read", json!({"uri": "note://of/monday"}), "/contents/0/uri", "note://of/monday"),
        (
            "completion/complete",
            json!({"ref": reference, "argument": argument}),
            "/completion/values/0",
            "warmly",
        ),
    ];
    for (method, params, place, expected) in table {
        let answer = session.served(&request(1, method, &params)).await;
        assert_eq!(answer["result"].pointer(place), Some(&json!(expected)), "{method} {answer}");
    }
}

#[tokio::test]
async fn a_call_that_tells_its_client_something_becomes_a_stream() {
    let served = Served::start().await;
    for revision in REVISIONS {
        let session = served.session_of(ALICE, revision).await;
        let socket = session.begin(&puppet("p")).await;
        let mut running = served.begun().await;
        running.progress(1).await;
        let act = |cx: Context| async move {
            cx.log_as(Some("core"), LogLevel::Warning, "hot").await;
            Ok(Value::Null)
        };
        running.does(act).await;
        running.finish("done");
        let mut stream = socket.stream().await;
        assert_eq!(stream.head.field("cache-control"), Some("no-cache, no-transform"));
        assert_eq!(stream.head.field("x-accel-buffering"), Some("no"));
        if revision == NEWEST {
            assert_priming(&stream.event().await);
        }
        let log = json!({"level": "warning", "logger": "core", "data": "hot"});
        let log = crate::client::notification("notifications/message", &log);
        let (events, end) = stream.rest().await;
        let messages: Vec<_> = events.iter().map(mcp_tests::event_reader::Event::message).collect();
        assert_eq!(messages, [progress("p", 1), log, said_by_tool("p", "done")], "{revision}");
        assert_eq!(end, End::Whole);
        for event in &events {
            assert_eq!((event.id.is_some(), event.retry), (true, None), "{revision}");
        }
    }
}

#[tokio::test]
async fn a_silent_call_becomes_a_stream_that_can_be_resumed() {
    let served = Served::with(|policy| policy.stream_micros = 20_000).await;
    let session = served.session(ALICE).await;
    let stream = session.begin(&puppet(1)).await.stream().await;
    let running = served.begun().await;
    let mut stream = stream;
    let priming = stream.event().await;
    drop(stream);
    running.finish("done");
    let mut stream = session.resume(priming.id()).await;
    assert_eq!(stream.message().await, said_by_tool(1, "done"));
    stream.expect_end().await;
}

#[tokio::test]
async fn a_client_that_takes_no_events_is_told_nothing_on_the_way() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let mut socket = Socket::connect(served.address).await;
    socket.send(session.post(&puppet(1)).with("Accept", "application/json").bytes()).await;
    let mut running = served.begun().await;
    running.progress(1).await;
    running.finish("done");
    assert_eq!(said(&socket.response().await), (200, said_by_tool(1, "done")));
}

#[tokio::test]
async fn an_id_that_a_running_call_has_cannot_be_used_again() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let mut socket = session.begin(&puppet(1)).await;
    let running = served.begun().await;
    for message in [puppet(1), call(1, "whoami")] {
        let (status, json) = said(&session.ask(&message).await);
        assert_eq!((status, &json["error"]["code"]), (400, &json!(-32600)), "{message}");
    }
    // What is answered at once runs beside nothing.
    assert_eq!(session.served(&ping(1)).await, result(1, json!({})));
    // A string is another id, and in another session it is nobody's.
    assert_eq!(session.served(&call("1", "whoami")).await, said_by_tool("1", "alice"));
    let other = served.session(ALICE).await;
    assert_eq!(other.served(&call(1, "whoami")).await, said_by_tool(1, "alice"));
    running.finish("done");
    assert_eq!(said(&socket.response().await), (200, said_by_tool(1, "done")));
    assert_eq!(session.served(&call(1, "whoami")).await, said_by_tool(1, "alice"));
}

#[tokio::test]
async fn a_client_that_leaves_cancels_nothing() {
    let served = Served::start().await;
    for (revision, is_streaming) in REVISIONS.into_iter().zip([true, false, true, false]) {
        let session = served.session_of(ALICE, revision).await;
        let socket = session.begin(&puppet(1)).await;
        let mut running = served.begun().await;
        if is_streaming {
            running.progress(1).await;
            let mut stream = socket.stream().await;
            stream.event().await;
        } else {
            drop(socket);
        }
        // The call sees nothing of it, whenever that is.
        for done in 2..20 {
            running.progress(done).await;
            let act = |cx: Context| async move { Ok(json!(cx.is_cancelled())) };
            assert_eq!(running.does(act).await, json!(false), "{revision}");
        }
        running.finish("done");
        running.over().await;
        assert!(session.is_there().await);
    }
}

#[tokio::test]
async fn a_cancelled_call_is_dropped_and_its_stream_ends_without_an_answer() {
    let served = Served::start().await;
    for id in [json!(7), json!("seven")] {
        let session = served.session(ALICE).await;
        let socket = session.begin(&puppet(id.clone())).await;
        let mut running = served.begun().await;
        running.progress(1).await;
        let mut stream = socket.stream().await;
        stream.event().await;
        assert_eq!(stream.message().await, progress(id.clone(), 1));
        session.tell(&cancelled(id.clone())).await;
        running.over().await;
        stream.expect_end().await;
        // The id is free again.
        assert_eq!(session.served(&call(id.clone(), "whoami")).await, said_by_tool(id, "alice"));
    }
}

#[tokio::test]
async fn a_cancelled_call_that_was_silent_ends_as_its_client_takes_it() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let socket = session.begin(&puppet(1)).await;
    let mut running = served.begun().await;
    session.tell(&cancelled(1)).await;
    running.over().await;
    socket.stream().await.expect_end().await;

    let mut socket = Socket::connect(served.address).await;
    socket.send(session.post(&puppet(2)).with("Accept", "application/json").bytes()).await;
    let mut running = served.begun().await;
    session.tell(&cancelled(2)).await;
    running.over().await;
    assert_eq!(said(&socket.response().await), (200, error(2, -32603, "The request was cancelled")));
}

#[tokio::test]
async fn what_names_no_running_call_cancels_nothing() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let others = served.session(BOB).await;
    let own = served.session(ALICE).await;
    let mut socket = session.begin(&puppet(1)).await;
    let mut running = served.begun().await;
    let notify = |params: Value| crate::client::notification("notifications/cancelled", &params);
    for message in [
        cancelled("1"),
        cancelled(2),
        cancelled("hello"),
        notify(json!({})),
        notify(json!({"requestId": null})),
        notify(json!({"requestId": 1.5})),
        notify(json!({"requestId": {"id": 1}})),
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled"}),
        crate::client::notification("notifications/unheard", &json!({"requestId": 1})),
    ] {
        session.tell(&message).await;
    }
    // Ids are the session's own, also among sessions of one party.
    others.tell(&cancelled(1)).await;
    own.tell(&cancelled(1)).await;
    let stolen = served.answer(&session.with(BOB).post(&cancelled(1))).await;
    assert_eq!(stolen.head.status, 404);
    let act = |cx: Context| async move { Ok(json!(cx.is_cancelled())) };
    assert_eq!(running.does(act).await, json!(false));
    running.finish("done");
    assert_eq!(said(&socket.response().await), (200, said_by_tool(1, "done")));
    // It is over: nothing is left to cancel.
    session.tell(&cancelled(1)).await;
}

#[tokio::test]
async fn the_end_of_a_session_ends_its_calls() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let streaming = session.begin(&puppet(1)).await;
    let mut first = served.begun().await;
    first.progress(1).await;
    let mut stream = streaming.stream().await;
    stream.event().await;
    assert_eq!(stream.message().await, progress(1, 1));
    let mut silent = session.begin(&puppet(2)).await;
    let mut second = served.begun().await;
    let left = session.begin(&puppet(3)).await;
    let mut third = served.begun().await;
    drop(left);
    let other = served.session(ALICE).await;
    let mut elsewhere = other.begin(&puppet(1)).await;
    let fourth = served.begun().await;

    session.end().await;
    for running in [&mut first, &mut second, &mut third] {
        running.over().await;
    }
    stream.expect_end().await;
    assert_eq!(said(&silent.response().await), refused(2, NOT_FOUND));
    fourth.finish("done");
    assert_eq!(said(&elsewhere.response().await), (200, said_by_tool(1, "done")));
}

#[tokio::test]
async fn the_application_ends_the_sessions_of_a_subject() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let bobs = served.session(BOB).await;
    let stream = session.listen().await;
    let mut call = session.begin(&puppet(1)).await;
    let mut running = served.begun().await;
    assert_eq!(served.server.sessions().end("two", "alice"), 0);
    assert_eq!(served.server.sessions().end("one", "alice"), 1);
    running.over().await;
    stream.expect_end().await;
    let response: Response = call.response().await;
    assert_eq!(said(&response), refused(1, NOT_FOUND));
    assert!(!session.is_there().await && bobs.is_there().await);
}

#[tokio::test]
async fn a_tool_is_given_a_name_of_its_session_that_is_not_its_id() {
    let served = Served::start().await;
    let key_of = async |session: &crate::client::Session<'_>| {
        let mut socket = session.begin(&puppet(1)).await;
        let mut running = served.begun().await;
        let act = |cx: Context| async move {
            let session = cx.session();
            Ok(json!(session.map(|session| session.key().to_owned())))
        };
        let key = running.does(act).await.as_str().expect("a key").to_owned();
        running.finish("done");
        socket.response().await;
        key
    };
    let (session, other) = (served.session(ALICE).await, served.session(ALICE).await);
    let key = key_of(&session).await;
    assert_eq!(key_of(&session).await, key);
    assert_ne!(key_of(&other).await, key);
    assert!(!key.contains(&session.id) && !session.id.contains(&key));
    // Whoever learns the key has not learned the id.
    let request = session.post(&ping(1)).with("Mcp-Session-Id", &key);
    assert_eq!(said(&served.answer(&request).await), refused(1, NOT_FOUND));
}

#[tokio::test]
async fn a_tool_ends_its_own_session() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let mut socket = session.begin(&puppet(1)).await;
    let mut running = served.begun().await;
    let act = |cx: Context| async move {
        if let Some(session) = cx.session() {
            session.end();
        }
        cx.cancelled().await;
        Ok(Value::Null)
    };
    running.begin(act);
    running.over_whatever_it_did().await;
    assert_eq!(said(&socket.response().await), refused(1, NOT_FOUND));
    assert!(!session.is_there().await);
}

#[tokio::test]
async fn an_event_id_on_a_post_says_nothing() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    for last in ["", "x", "1-1", "99-99"] {
        let request = session.post(&call(1, "whoami")).field("Last-Event-ID", last);
        assert_eq!(said(&served.answer(&request).await), (200, said_by_tool(1, "alice")), "{last}");
    }
}
