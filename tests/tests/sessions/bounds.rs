//! How many sessions there may be, how long, and what one of them may hold.

use std::time::Duration;

use mcp_tests::{
    http1::Response,
    socket::{Socket, in_time},
};
use mcp_tokio::{Context, ServerLimits, SessionPolicy};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    client::{
        NEWEST, Session, assert_priming, error, handshake, ping, post, progress, puppet, request, result,
        said_by_tool,
    },
    served::{Served, said},
    tokens::{ALICE, ALICE_ON_HER_PHONE, BOB, Token},
};

async fn hello(served: &Served, token: impl Into<Option<Token>>) -> Response {
    let request = post(handshake(NEWEST, &json!({})).to_string());
    match token.into() {
        Some(token) => served.answer(&request.token(&token.text())).await,
        None => served.answer(&request).await,
    }
}

/// Fails unless the client is told to come back later.
fn assert_later(response: &Response, status: u16) {
    let (said, json) = said(response);
    assert_eq!((said, &json["id"]), (status, &json!("hello")), "{json}");
    let seconds: u32 = response.head.field("retry-after").expect("when").parse().expect("seconds");
    assert!((1..=3_600).contains(&seconds), "{seconds}");
    assert_eq!(response.head.field("mcp-session-id"), None);
}

#[tokio::test]
async fn one_party_cannot_have_more_sessions_than_its_share() {
    let served = Served::with(|policy| policy.sessions_per_principal_max = 3).await;
    let mut sessions = Vec::new();
    for _ in 0..3 {
        sessions.push(served.session(ALICE).await);
    }
    // All are in use: a stream is open in each.
    let mut streams = Vec::new();
    for session in &sessions {
        streams.push(session.listen().await);
    }
    assert_later(&hello(&served, ALICE).await, 429);
    assert_eq!(served.sessions(), 3);
    // Others have their own share.
    served.session(BOB).await;
    served.session(ALICE_ON_HER_PHONE).await;
    assert_later(&hello(&served, ALICE).await, 429);
    for session in &sessions {
        assert!(session.is_there().await);
    }
}

#[tokio::test]
async fn of_ones_own_sessions_the_one_goes_that_was_idle_for_longest() {
    let served = Served::with(|policy| policy.sessions_per_principal_max = 3).await;
    let (first, second, third) =
        (served.session(ALICE).await, served.session(ALICE).await, served.session(ALICE).await);
    let bobs = served.session(BOB).await;
    assert!(first.is_there().await);
    let stream = second.listen().await;
    // The second one is in use, and the first one was used after the third.
    let fourth = served.session(ALICE).await;
    assert!(!third.is_there().await);
    assert_eq!(served.sessions(), 4);
    let fifth = served.session(ALICE).await;
    assert!(!first.is_there().await);
    for session in [&second, &fourth, &fifth, &bobs] {
        assert!(session.is_there().await);
    }
    drop(stream);
}

#[tokio::test]
async fn a_flood_of_handshakes_stays_within_the_bound_of_the_server() {
    let change = |policy: &mut SessionPolicy| policy.sessions_max = 5;
    let served = Served::with(change).await;
    let kept = served.session(BOB).await;
    for _ in 0..4 {
        served.session(ALICE).await;
    }
    // Whoever floods gives up what is its own, and nobody else's; who has nothing to give up is told to come back.
    for _ in 0..20 {
        assert_eq!(hello(&served, ALICE).await.head.status, 200);
        assert_later(&hello(&served, ALICE_ON_HER_PHONE).await, 503);
        assert_eq!(served.sessions(), 5);
    }
    assert!(kept.is_there().await);
    // What is in use is nobody's to give up.
    let stream = kept.listen().await;
    assert_later(&hello(&served, BOB).await, 503);
    drop(stream);
    kept.end().await;
    assert_eq!(served.sessions(), 4);
    served.session(ALICE_ON_HER_PHONE).await;
    assert_later(&hello(&served, BOB).await, 503);

    let served = Served::open(change).await;
    let first = served.session(None).await;
    for _ in 0..4 {
        served.session(None).await;
    }
    for _ in 0..20 {
        assert_later(&hello(&served, None).await, 503);
    }
    assert_eq!(served.sessions(), 5);
    assert!(first.is_there().await);
}

#[tokio::test]
async fn without_authentication_there_is_no_share_of_nobody() {
    let served = Served::open(|policy| policy.sessions_per_principal_max = 1).await;
    let first = served.session(None).await;
    let second = served.session(None).await;
    assert!(first.is_there().await && second.is_there().await);
}

#[tokio::test]
async fn a_session_lives_so_long_and_no_longer() {
    const LIFE: Duration = Duration::from_millis(1_500);
    let served = Served::with(|policy| policy.life_micros = 1_500_000).await;
    let begun = tokio::time::Instant::now();
    let session = served.session(ALICE).await;
    let socket = session.begin(&puppet(1)).await;
    let mut running = served.begun().await;
    running.progress(1).await;
    let mut calling = socket.stream().await;
    assert_priming(&calling.event().await);
    let listening = session.listen().await;
    // Use does not prolong it: the streams end with it, and nobody is told anything more.
    running.over().await;
    assert!(begun.elapsed() >= LIFE, "{:?}", begun.elapsed());
    let (events, _) = calling.rest().await;
    let [event] = &events[..] else { panic!("{events:?}") };
    assert_eq!(event.message(), progress(1, 1));
    assert_eq!(listening.rest().await.0, []);
    assert!(!session.is_there().await);
    served.until_there_are(0).await;
}

#[tokio::test]
async fn running_calls_and_open_streams_are_use() {
    const IDLE: Duration = Duration::from_millis(500);
    let served = Served::with(|policy| policy.idle_micros = 500_000).await;
    let session = served.session(ALICE).await;
    let stream = session.listen().await;
    let socket = session.begin(&puppet(1)).await;
    let mut running = served.begun().await;
    sleep(IDLE * 3 / 2).await;
    assert_eq!(served.sessions(), 1);
    drop(socket);
    sleep(IDLE * 3 / 2).await;
    assert_eq!((served.sessions(), running.is_over()), (1, false));
    running.finish("done");
    running.over().await;
    sleep(IDLE * 3 / 2).await;
    assert_eq!(served.sessions(), 1);
    drop(stream);
    served.until_there_are(0).await;
}

#[tokio::test]
async fn a_session_has_so_many_streams() {
    let served = Served::with(|policy| policy.streams_max = 2).await;
    let session = served.session(ALICE).await;
    let (first, second) = (session.listen().await, session.listen().await);
    let response = served.answer(&session.get()).await;
    assert_eq!(response.head.status, 429, "{}", String::from_utf8_lossy(&response.body));
    assert!(response.head.field("retry-after").is_some());
    // Another session has its own, and what is no stream is still answered.
    let others = served.session(ALICE).await.listen().await;
    assert!(session.is_there().await);
    drop(first);
    let third = in_time("room for a stream", async {
        loop {
            let mut socket = Socket::connect(served.address).await;
            socket.send(session.get().bytes()).await;
            match socket.begun().await {
                Ok(stream) => break stream,
                Err(response) => assert_eq!(response.head.status, 429),
            }
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    drop((second, third, others));
}

#[tokio::test]
async fn a_stream_that_is_taken_up_again_counts_like_a_new_one() {
    let served = Served::with(|policy| policy.streams_max = 2).await;
    let session = served.session(ALICE).await;
    // Four streams one after the other, each of which could be taken up again.
    let mut last = Vec::new();
    for _ in 0..4 {
        let mut stream = served.stream(&session.get()).await;
        last.push(stream.event().await.id().to_owned());
    }
    let mut open = Vec::new();
    for last in &last {
        let mut socket = Socket::connect(served.address).await;
        socket.send(session.get().field("Last-Event-ID", last).bytes()).await;
        match socket.begun().await {
            Ok(stream) => open.push(stream),
            Err(response) => assert_eq!(response.head.status, 429),
        }
    }
    assert!(open.len() <= 2, "{}", open.len());
}

#[tokio::test]
async fn a_server_and_a_party_have_so_many_streams() {
    let served = Served::built(|server| {
        let mut limits = ServerLimits::default();
        limits.session_streams = 3;
        limits.session_streams_per_principal = 2;
        server.limits(limits)
    })
    .await;
    let refused = async |session: &Session<'_>| {
        let response = served.answer(&session.get()).await;
        assert_eq!(response.head.status, 429);
        assert!(response.head.field("retry-after").is_some());
    };
    // Whatever sessions they are of.
    let (one, two, bobs) =
        (served.session(ALICE).await, served.session(ALICE).await, served.session(BOB).await);
    let (first, _second) = (one.listen().await, two.listen().await);
    refused(&one).await;
    refused(&two).await;
    let _third = bobs.listen().await;
    refused(&bobs).await;
    assert!(one.is_there().await && bobs.is_there().await);
    one.end().await;
    first.expect_end().await;
    bobs.listen().await;
}

#[tokio::test]
async fn a_session_has_so_many_calls() {
    let served = Served::with(|policy| policy.calls_max = 2).await;
    let session = served.session(ALICE).await;
    let mut sockets = Vec::new();
    let mut running = Vec::new();
    for id in 1..=2 {
        sockets.push(session.begin(&puppet(id)).await);
        running.push(served.begun().await);
    }
    let response = session.ask(&puppet(3)).await;
    let (status, json) = said(&response);
    assert_eq!((status, &json["id"]), (503, &json!(3)), "{json}");
    assert!(response.head.field("retry-after").is_some());
    assert!(session.is_there().await);
    running[0].finish("done");
    running[0].over().await;
    assert_eq!(said(&sockets[0].response().await), (200, said_by_tool(1, "done")));
    let mut again = session.begin(&puppet(4)).await;
    served.begun().await.finish("room");
    assert_eq!(said(&again.response().await), (200, said_by_tool(4, "room")));
}

#[tokio::test]
async fn a_session_has_so_many_subscriptions() {
    let served = Served::with(|policy| policy.subscriptions_max = 2).await;
    let session = served.session(ALICE).await;
    let change = |method: &str, uri: &str| request(1, method, &json!({"uri": uri}));
    let subscribe = |uri: &str| change("resources/subscribe", uri);
    let (one, two, three) = ("note://1", "note://of/monday", "note://of/tuesday");
    let done = result(1, json!({}));
    assert_eq!(session.served(&subscribe(one)).await, done);
    assert_eq!(session.served(&subscribe(two)).await, done);
    // What is there already needs no more room.
    assert_eq!(session.served(&subscribe(one)).await, done);
    let refused = session.served(&subscribe(three)).await;
    assert_eq!((&refused["error"]["code"], &refused["id"]), (&json!(-32602), &json!(1)));
    assert_eq!(session.served(&change("resources/unsubscribe", one)).await, done);
    assert_eq!(session.served(&subscribe(three)).await, done);
}

#[tokio::test]
async fn a_client_says_so_much_of_itself() {
    let served = Served::with(|policy| policy.handshake_bytes_max = 200).await;
    let with_name = |length: usize| {
        let mut hello = handshake(NEWEST, &json!({}));
        hello["params"]["clientInfo"] = json!({"name": "x".repeat(length), "version": "1"});
        hello
    };
    // Whatever counts, most of it is the name.
    let ask = async |hello: Value| said(&served.answer(&post(hello.to_string()).token(&ALICE.text())).await);
    let (status, json) = ask(with_name(100)).await;
    assert_eq!((status, json.get("error")), (200, None));
    let (_, json) = ask(with_name(201)).await;
    assert_eq!((&json["error"]["code"], &json["id"]), (&json!(-32602), &json!("hello")));
    let mut wide = handshake(NEWEST, &json!({}));
    wide["params"]["capabilities"]["experimental"] = json!({"x": "x".repeat(201)});
    assert_eq!(ask(wide).await.1["error"]["code"], -32602);
    assert_eq!(served.sessions(), 1);
}

#[tokio::test]
async fn a_client_that_reads_nothing_costs_its_own_session_at_most() {
    // The result is larger than everything that may wait, but it is the one message that has to come.
    let served = Served::with(|policy| {
        policy.bytes_max = 4_096;
        policy.events_max = 8;
    })
    .await;
    let session = served.session(ALICE).await;
    let socket = session.begin(&puppet(1)).await;
    let mut running = served.begun().await;
    running.progress(1).await;
    let mut stream = socket.stream().await;
    assert_priming(&stream.event().await);
    let last = stream.event().await.id().to_owned();
    drop(stream);
    // Progress that nobody fetches is dropped, oldest first, and the call does not wait for anybody.
    for done in 2..=100 {
        running.progress(done).await;
    }
    let text = "x".repeat(10_000);
    running.finish(&text);
    running.over().await;
    let (events, _) = session.resume(&last).await.rest().await;
    let messages: Vec<_> = events.iter().map(mcp_tests::event_reader::Event::message).collect();
    let (result, notes) = messages.split_last().expect("the result");
    assert_eq!(result, &said_by_tool(1, &text));
    assert!(notes.len() < 8, "{}", notes.len());
    let done: Vec<_> = notes.iter().map(|note| note["params"]["progress"].as_f64()).collect();
    assert!(done.is_sorted(), "{done:?}");
}

#[tokio::test]
async fn whoever_may_not_have_a_session_may_have_the_next_one() {
    let served = Served::with(|policy| policy.sessions_per_principal_max = 1).await;
    let session = served.session(ALICE).await;
    let stream = session.listen().await;
    let (_, json) = said(&hello(&served, ALICE).await);
    assert_eq!(json["error"]["code"].as_i64().map(|code| code < 0), Some(true));
    drop(stream);
    session.end().await;
    let session = served.session(ALICE).await;
    assert_eq!(session.served(&ping(1)).await, result(1, json!({})));
    let unknown = request(2, "no/such/method", &json!({}));
    assert_eq!(session.served(&unknown).await, error(2, -32601, "Method not found"));
    let mut running = session.begin(&puppet(3)).await;
    let act = |cx: Context| async move { Ok(json!(cx.is_cancelled())) };
    let mut call = served.begun().await;
    assert_eq!(call.does(act).await, json!(false));
    call.finish("done");
    assert_eq!(said(&running.response().await), (200, said_by_tool(3, "done")));
}
