//! Calls whose client has gone: what still holds for them.

use mcp_tests::socket::{End, Stream};
use mcp_tokio::{Context, LogLevel, ServerLimits, Timeouts, Tool};
use serde_json::{Value, json};

use crate::{
    client::{Session, assert_priming, call, ping, progress, puppet, result, said_by_tool},
    puppet::Running,
    served::{Served, said},
    tokens::ALICE,
};

/// A call that its client has left after its first event, whose id is given.
async fn left(session: &Session<'_>, served: &Served, id: i32) -> (Running, String) {
    let socket = session.begin(&puppet(id)).await;
    let mut running = served.begun().await;
    running.progress(1).await;
    let mut stream = socket.stream().await;
    let priming = stream.event().await;
    assert_priming(&priming);
    assert_eq!(stream.message().await, progress(id, 1));
    (running, priming.id().to_owned())
}

/// The only message that is still to come on a stream after [`progress`].
async fn last_message(mut stream: Stream, id: i32) -> Value {
    assert_eq!(stream.message().await, progress(id, 1));
    let last = stream.message().await;
    stream.expect_end().await;
    last
}

#[tokio::test]
async fn they_have_the_deadline_that_they_had() {
    let served = Served::built(|server| {
        let mut timeouts = Timeouts::default();
        timeouts.call_micros = 1_000_000;
        server.core_timeouts(timeouts)
    })
    .await;
    let session = served.session(ALICE).await;
    let (mut running, last) = left(&session, &served, 1).await;
    running.over().await;
    let answer = last_message(session.resume(&last).await, 1).await;
    assert_eq!((&answer["id"], answer.get("result")), (&json!(1), None), "{answer}");
    assert!(answer["error"]["code"].is_i64(), "{answer}");
    assert!(session.is_there().await);
}

#[tokio::test]
async fn they_may_panic_and_harm_nobody() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let (mut running, last) = left(&session, &served, 1).await;
    running.begin(|_: Context| async move { panic!("on purpose") });
    running.over().await;
    let answer = last_message(session.resume(&last).await, 1).await;
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(1), &json!(-32603)), "{answer}");
    assert!(!answer.to_string().contains("on purpose"), "{answer}");
    assert_eq!(session.served(&call(1, "whoami")).await, said_by_tool(1, "alice"));
}

#[tokio::test]
async fn what_they_find_out_too_late_for_a_status_is_on_their_stream() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let (mut running, last) = left(&session, &served, 1).await;
    running.begin(|cx: Context| async move {
        cx.require("admin")?;
        Ok(Value::Null)
    });
    running.over().await;
    let answer = last_message(session.resume(&last).await, 1).await;
    assert_eq!((&answer["id"], answer.get("result")), (&json!(1), None), "{answer}");
    assert!(answer["error"]["code"].is_i64(), "{answer}");
}

#[tokio::test]
async fn they_keep_their_place_until_they_end() {
    let served = Served::built(|server| {
        let mut limits = ServerLimits::default();
        limits.calls_per_principal = 2;
        server.limits(limits)
    })
    .await;
    let session = served.session(ALICE).await;
    let (first, _) = left(&session, &served, 1).await;
    let (mut second, _) = left(&session, &served, 2).await;
    // Leaving does not make room for more, in this session or another one.
    for session in [session.clone(), served.session(ALICE).await] {
        let response = session.ask(&puppet(3)).await;
        assert_eq!(response.head.status, 503);
        assert!(response.head.field("retry-after").is_some());
        assert_eq!(session.served(&ping(4)).await, result(4, json!({})));
    }
    second.finish("done");
    second.over().await;
    let mut third = session.begin(&puppet(3)).await;
    served.begun().await.finish("room");
    assert_eq!(said(&third.response().await), (200, said_by_tool(3, "room")));
    assert!(!first.is_over());
}

#[tokio::test]
async fn they_end_with_their_server() {
    let mut served = Served::start().await;
    let mut running = {
        let session = served.session(ALICE).await;
        left(&session, &served, 1).await.0
    };
    served.stop();
    served.stopped().await;
    running.over().await;
}

#[tokio::test]
async fn they_end_with_their_session() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let (mut running, _) = left(&session, &served, 1).await;
    session.end().await;
    running.over().await;
    assert_eq!(served.sessions(), 0);
}

/// Texts that would be something else if they were not quoted.
const ODD: [&str; 3] = ["a\nb", "a\r\nid: 9-9\r\n\r\ndata: {}\n\n", "\u{0}\u{2028}\u{2029}\u{feff}:"];

#[tokio::test]
async fn whatever_a_call_says_stays_within_its_event() {
    let tells = Tool::new("tells").raw_unchecked(json!({"type": "object"}), async |_: Value, cx: Context| {
        for (done, text) in (1..).zip(ODD) {
            cx.progress_with(f64::from(done), None, text).await;
            cx.log(LogLevel::Error, text).await;
        }
        "a\r\n\r\nevent: x\n\n"
    });
    let served = Served::built(|server| server.tool(tells)).await;
    let session = served.session(ALICE).await;
    let mut message = call(1, "tells");
    message["params"]["_meta"] = json!({"progressToken": "p\n\ndata: {}"});
    // The reader is strict about lines; what is told is told as it was said.
    let mut stream = session.begin(&message).await.stream().await;
    assert_priming(&stream.event().await);
    for text in ODD {
        let told = stream.message().await["params"].clone();
        assert_eq!((&told["message"], &told["progressToken"]), (&json!(text), &json!("p\n\ndata: {}")));
        assert_eq!(stream.message().await["params"]["data"], json!(text));
    }
    assert_eq!(stream.message().await, said_by_tool(1, "a\r\n\r\nevent: x\n\n"));
    assert_eq!(stream.rest().await, (Vec::new(), End::Whole));
}
