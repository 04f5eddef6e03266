//! What a session is told that is about no call: changes of lists and resources, and what the application logs.

use mcp_tests::socket::{End, Stream};
use mcp_tokio::{
    Catalog, Change, Context, LogLevel, NoArguments, Runtime as _, TokioRuntime, Tool, UnixSeconds,
};
use serde_json::{Value, json};

use crate::{
    client::{
        NEWEST, REVISIONS, Session, error, initialized, notification, progress, puppet, request, result,
        said_by_tool,
    },
    refused::{FORBIDDEN, refused},
    served::{Served, said, with_resources},
    tokens::{ALICE, ALICE_AS_ADMIN, BOB},
};

fn changed(what: &str) -> Value {
    json!({"jsonrpc": "2.0", "method": format!("notifications/{what}/list_changed")})
}

fn updated(uri: &str) -> Value {
    notification("notifications/resources/updated", &json!({"uri": uri}))
}

fn logged(level: &str, data: &Value) -> Value {
    notification("notifications/message", &json!({"level": level, "data": data}))
}

fn log(level: LogLevel, data: &str) -> Change {
    Change::Log { level, logger: None, data: json!(data) }
}

/// Nothing else can have been told before this: what is told last comes last.
async fn expect_nothing_before(served: &Served, stream: &mut Stream, mark: &str) {
    served.server.sessions().notify_all(&log(LogLevel::Emergency, mark));
    assert_eq!(stream.message().await, logged("emergency", &json!(mark)));
}

async fn subscribe(session: &Session<'_>, uri: &str) {
    let message = request("s", "resources/subscribe", &json!({"uri": uri}));
    assert_eq!(session.served(&message).await, result("s", json!({})));
}

#[tokio::test]
async fn a_replaced_catalog_is_told_to_every_session_once() {
    let served = Served::start().await;
    let mut streams = Vec::new();
    for (token, revision) in [ALICE, BOB, ALICE, BOB].into_iter().zip(REVISIONS) {
        let session = served.session_of(token, revision).await;
        streams.push(session.listen().await);
    }
    // Tools and prompts are others; resources are the same.
    let tool = Tool::new("added").typed(async |_: NoArguments| "added");
    served.server.replace(with_resources(Catalog::new().tool(tool))).expect("a catalog");
    served.server.sessions().notify_all(&log(LogLevel::Emergency, "that was all"));
    for stream in &mut streams {
        let told = [stream.message().await, stream.message().await];
        assert!(told.contains(&changed("tools")) && told.contains(&changed("prompts")), "{told:?}");
        assert_eq!(stream.message().await, logged("emergency", &json!("that was all")));
    }
}

#[tokio::test]
async fn a_catalog_that_cannot_be_served_is_told_to_nobody() {
    let served = Served::start().await;
    let mut stream = served.session(ALICE).await.listen().await;
    let tool = || Tool::new("same").typed(async |_: NoArguments| "same");
    assert!(served.server.replace(Catalog::new().tool(tool()).tool(tool())).is_err());
    expect_nothing_before(&served, &mut stream, "nothing").await;
}

#[tokio::test]
async fn a_message_goes_to_one_stream_of_a_session() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let (mut older, mut newer) = (session.listen().await, session.listen().await);
    served.server.sessions().notify_all(&Change::ToolsChanged);
    assert_eq!(newer.message().await, changed("tools"));
    served.server.sessions().notify_all(&log(LogLevel::Error, "one"));
    assert_eq!(newer.message().await, logged("error", &json!("one")));
    older.expect_silence().await;
    // Once the newer one is gone, the older one is the newest there is.
    drop(newer);
    let last = async {
        loop {
            served.server.sessions().notify_all(&Change::PromptsChanged);
            if tokio::time::timeout(std::time::Duration::from_millis(20), older.next()).await.is_ok() {
                return;
            }
        }
    };
    mcp_tests::socket::in_time("the older stream is told", last).await;
}

#[tokio::test]
async fn what_happens_while_nobody_listens_waits_and_is_told_once() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    subscribe(&session, "note://1").await;
    for _ in 0..10 {
        for change in [
            Change::ToolsChanged,
            Change::ResourcesChanged,
            Change::ResourceUpdated("note://1".into()),
            Change::ResourceUpdated("note://of/monday".into()),
        ] {
            served.server.sessions().notify_all(&change);
        }
    }
    served.server.sessions().notify_all(&log(LogLevel::Info, "first"));
    served.server.sessions().notify_all(&log(LogLevel::Info, "second"));
    let mut stream = session.listen().await;
    let mut told = Vec::new();
    for _ in 0..5 {
        told.push(stream.message().await);
    }
    for expected in [changed("tools"), changed("resources"), updated("note://1")] {
        assert_eq!(told.iter().filter(|message| **message == expected).count(), 1, "{told:?}");
    }
    let place = |text: &str| told.iter().position(|message| *message == logged("info", &json!(text)));
    assert!(place("first").is_some() && place("first") < place("second"), "{told:?}");
    expect_nothing_before(&served, &mut stream, "that was all").await;
}

#[tokio::test]
async fn a_client_that_is_not_ready_is_told_nothing() {
    let served = Served::start().await;
    let session = served.unready(ALICE, NEWEST, json!({})).await;
    let mut stream = session.listen().await;
    served.server.sessions().notify_all(&Change::ToolsChanged);
    served.server.sessions().notify_all(&log(LogLevel::Emergency, "early"));
    stream.expect_silence().await;
    session.tell(&initialized()).await;
    served.server.sessions().notify_all(&Change::PromptsChanged);
    loop {
        // Whether it is told later what came before it was ready is up to the server.
        if stream.message().await == changed("prompts") {
            break;
        }
    }
}

#[tokio::test]
async fn a_resource_is_told_to_those_who_subscribed_to_it() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let others = served.session(ALICE).await;
    let bobs = served.session(BOB).await;
    subscribe(&session, "note://1").await;
    subscribe(&bobs, "note://of/monday").await;
    let mut streams = [session.listen().await, others.listen().await, bobs.listen().await];
    let tell = |uri: &str| served.server.sessions().notify_all(&Change::ResourceUpdated(uri.into()));
    tell("note://1");
    tell("note://of/monday");
    tell("note://of/tuesday");
    assert_eq!(streams[0].message().await, updated("note://1"));
    assert_eq!(streams[2].message().await, updated("note://of/monday"));
    served.server.sessions().notify_all(&log(LogLevel::Alert, "mark"));
    for stream in &mut streams {
        assert_eq!(stream.message().await, logged("alert", &json!("mark")));
    }
    let unsubscribe = request("u", "resources/unsubscribe", &json!({"uri": "note://1"}));
    assert_eq!(session.served(&unsubscribe).await, result("u", json!({})));
    tell("note://1");
    expect_nothing_before(&served, &mut streams[0], "unsubscribed").await;
}

#[tokio::test]
async fn what_is_not_there_cannot_be_subscribed_to() {
    let served = Served::start().await;
    for revision in REVISIONS {
        let session = served.session_of(ALICE, revision).await;
        for uri in ["note://2", "note://of/", "x", ""] {
            let message = request(1, "resources/subscribe", &json!({"uri": uri}));
            let answer = session.served(&message).await;
            assert!(answer["error"]["code"].is_i64(), "{revision} {uri} {answer}");
        }
        for params in [json!({}), json!({"uri": 1}), json!({"uri": null})] {
            for method in ["resources/subscribe", "resources/unsubscribe"] {
                let answer = session.served(&request(1, method, &params)).await;
                assert_eq!(answer["error"]["code"], -32602, "{revision} {answer}");
            }
        }
    }
}

#[tokio::test]
async fn a_stream_is_told_of_what_its_own_token_may_read() {
    let served = Served::start().await;
    let admins = served.session(ALICE_AS_ADMIN).await;
    subscribe(&admins, "note://secret").await;
    subscribe(&admins, "note://1").await;
    let poor = admins.with(ALICE);
    let message = request(1, "resources/subscribe", &json!({"uri": "note://secret"}));
    assert_eq!(said(&poor.ask(&message).await), refused(1, FORBIDDEN));
    let tell = |uri: &str| served.server.sessions().notify_all(&Change::ResourceUpdated(uri.into()));
    let mut stream = poor.listen().await;
    tell("note://secret");
    tell("note://1");
    assert_eq!(stream.message().await, updated("note://1"));
    let mut stream = admins.listen().await;
    tell("note://secret");
    loop {
        // What had to wait may come first.
        if stream.message().await == updated("note://secret") {
            break;
        }
    }
}

#[tokio::test]
async fn a_session_is_told_what_is_of_its_level() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let other = served.session(ALICE).await;
    let (mut stream, mut others) = (session.listen().await, other.listen().await);
    let sessions = served.server.sessions();
    sessions.notify_all(&log(LogLevel::Debug, "unheard"));
    sessions.notify_all(&log(LogLevel::Info, "heard"));
    assert_eq!(stream.message().await, logged("info", &json!("heard")));
    let set = |level: &str| request("l", "logging/setLevel", &json!({"level": level}));
    assert_eq!(session.served(&set("error")).await, result("l", json!({})));
    sessions.notify_all(&log(LogLevel::Warning, "too low"));
    sessions.notify_all(&log(LogLevel::Error, "just so"));
    assert_eq!(stream.message().await, logged("error", &json!("just so")));
    assert_eq!(session.served(&set("debug")).await, result("l", json!({})));
    sessions.notify_all(&log(LogLevel::Debug, "everything"));
    assert_eq!(stream.message().await, logged("debug", &json!("everything")));
    // It is the session's own.
    for heard in [("info", "heard"), ("warning", "too low"), ("error", "just so")] {
        assert_eq!(others.message().await, logged(heard.0, &json!(heard.1)));
    }
    for level in ["loud", "", "INFO"] {
        assert_eq!(session.served(&set(level)).await["error"]["code"], -32602, "{level}");
    }
    assert_eq!(session.served(&request("l", "logging/setLevel", &json!({}))).await["error"]["code"], -32602);
}

#[tokio::test]
async fn the_level_counts_for_what_tools_log_too() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let levels = [LogLevel::Debug, LogLevel::Info, LogLevel::Error];
    let mut heard = Vec::new();
    for level in ["debug", "info", "error", "emergency"] {
        let set = request("l", "logging/setLevel", &json!({"level": level}));
        session.served(&set).await;
        let socket = session.begin(&puppet(1)).await;
        let mut running = served.begun().await;
        // So that there is a stream whatever is logged.
        running.progress(1).await;
        for level in levels {
            let act = move |cx: Context| async move {
                cx.log(level, "said").await;
                Ok(Value::Null)
            };
            running.does(act).await;
        }
        running.finish("done");
        let (events, _) = socket.stream().await.rest().await;
        let messages = events.iter().skip(1).map(mcp_tests::event_reader::Event::message);
        let logs = messages.filter(|message| message["method"] == "notifications/message").count();
        heard.push(logs);
    }
    assert_eq!(heard, [3, 2, 1, 0]);
}

#[tokio::test]
async fn the_application_tells_one_subject_or_one_session() {
    let served = Served::start().await;
    let (first, second, bobs) =
        (served.session(ALICE).await, served.session(ALICE).await, served.session(BOB).await);
    let mut streams = [first.listen().await, second.listen().await, bobs.listen().await];
    served.server.sessions().notify("one", "alice", &log(LogLevel::Notice, "to alice"));
    served.server.sessions().notify("two", "alice", &log(LogLevel::Notice, "to another alice"));
    let mut socket = first.begin(&puppet(1)).await;
    let mut running = served.begun().await;
    let act = |cx: Context| async move {
        if let Some(session) = cx.session() {
            session.notify(&log(LogLevel::Notice, "to this session"));
        }
        Ok(Value::Null)
    };
    running.does(act).await;
    running.finish("done");
    // It is about no call, so it is not on the call's own answer.
    assert_eq!(said(&socket.response().await), (200, said_by_tool(1, "done")));
    served.server.sessions().notify_all(&log(LogLevel::Notice, "to all"));
    let expected = [&["to alice", "to this session", "to all"][..], &["to alice", "to all"], &["to all"]];
    for (stream, texts) in streams.iter_mut().zip(expected) {
        for text in texts {
            assert_eq!(stream.message().await, logged("notice", &json!(text)));
        }
    }
}

#[tokio::test]
async fn nothing_about_a_call_is_on_a_stream_that_is_not_the_calls() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let mut listening = session.listen().await;
    let socket = session.begin(&puppet(1)).await;
    let mut running = served.begun().await;
    running.progress(1).await;
    drop(socket);
    running.progress(2).await;
    running.finish("done");
    running.over().await;
    expect_nothing_before(&served, &mut listening, "nothing of the call").await;
}

#[tokio::test]
async fn a_stream_of_changes_is_resumed_too() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let mut stream = session.listen().await;
    let sessions = served.server.sessions();
    sessions.notify_all(&log(LogLevel::Info, "one"));
    let first = stream.event().await;
    assert_eq!(first.message(), logged("info", &json!("one")));
    sessions.notify_all(&log(LogLevel::Info, "two"));
    assert_eq!(stream.message().await, logged("info", &json!("two")));
    drop(stream);
    let mut stream = session.resume(first.id()).await;
    assert_eq!(stream.message().await, logged("info", &json!("two")));
    sessions.notify_all(&log(LogLevel::Info, "three"));
    assert_eq!(stream.message().await, logged("info", &json!("three")));
}

#[tokio::test]
async fn the_end_of_a_session_ends_its_streams() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let other = served.session(ALICE).await;
    let (first, second) = (session.listen().await, session.listen().await);
    let mut kept = other.listen().await;
    session.end().await;
    first.expect_end().await;
    second.expect_end().await;
    expect_nothing_before(&served, &mut kept, "still here").await;
}

#[tokio::test]
async fn a_token_that_expires_ends_its_streams_and_no_call() {
    let served = Served::start().await;
    let now = TokioRuntime::new().now().unix;
    let soon = ALICE.expires(UnixSeconds(now.0 + 3));
    let session = served.session(soon).await;
    let listening = session.listen().await;
    let lasting = session.with(ALICE).listen().await;
    let socket = session.begin(&puppet(1)).await;
    let mut running = served.begun().await;
    running.progress(1).await;
    let stream = socket.stream().await;
    listening.expect_end().await;
    let (events, end) = stream.rest().await;
    assert_eq!((events.len(), end), (2, End::Whole));
    assert!(!running.is_over());
    running.progress(2).await;
    // The call goes on, and whoever has the next token hears the rest of it.
    let session = session.with(ALICE);
    let mut stream = session.resume(events[1].id()).await;
    assert_eq!(stream.message().await, progress(1, 2));
    running.finish("done");
    assert_eq!(stream.message().await, said_by_tool(1, "done"));
    stream.expect_end().await;
    let mut lasting = lasting;
    expect_nothing_before(&served, &mut lasting, "another token").await;
}

#[tokio::test]
async fn a_server_that_stops_ends_its_streams_so_that_clients_go_elsewhere() {
    let mut served = Served::start().await;
    let (first, second) = {
        let session = served.session(ALICE).await;
        (session.listen().await, session.listen().await)
    };
    let mut socket = served.session(BOB).await.begin(&puppet(1)).await;
    let running = served.begun().await;
    served.stop();
    first.expect_end().await;
    second.expect_end().await;
    // Calls get their time.
    running.finish("finished");
    assert_eq!(said(&socket.response().await), (200, said_by_tool(1, "finished")));
    served.stopped().await;
}

#[tokio::test]
async fn methods_of_resources_are_there_where_resources_are() {
    let served = Served::open(|_| {}).await;
    let session = served.session(None).await;
    for method in ["resources/subscribe", "resources/unsubscribe", "resources/list"] {
        let answer = session.served(&request(1, method, &json!({"uri": "note://1"}))).await;
        assert_eq!(answer, error(1, -32601, "Method not found"), "{method}");
    }
}
