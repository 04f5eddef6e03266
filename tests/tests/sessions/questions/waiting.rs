//! Questions that wait: how long, how many, and for whom.

use mcp_tests::{event_reader::Event, socket::End};
use serde_json::json;

use super::{Kind, answer, asked, everything};
use crate::{
    client::{NEWEST, REVISIONS, assert_priming, cancelled, progress, puppet, said_by_tool},
    refused::{NOT_FOUND, refused},
    served::{Served, said},
    tokens::ALICE,
};

#[tokio::test]
async fn a_question_that_nobody_answers_in_time_is_taken_back() {
    let served = Served::with(|policy| policy.ask_micros = 50_000).await;
    for revision in REVISIONS {
        let session = served.session_with(ALICE, revision, everything()).await;
        let mut asked = asked(&served, &session, Kind::Sample).await;
        assert_eq!(asked.running.done().await, json!("TimedOut"), "{revision}");
        let taken_back = asked.stream.message().await;
        assert_eq!(taken_back["method"], "notifications/cancelled");
        assert_eq!(taken_back["params"]["requestId"], asked.id);
        assert_eq!(taken_back.get("id"), None);
        // Too late, and no harm.
        session.tell(&answer(&asked.id, &Kind::Sample.answer().0)).await;
        asked.end().await;
    }
}

#[tokio::test]
async fn so_many_questions_may_wait_and_no_more() {
    let served = Served::with(|policy| policy.asks_max = 2).await;
    let session = served.session_with(ALICE, NEWEST, everything()).await;
    let first = asked(&served, &session, Kind::Form).await;
    let socket = session.begin(&puppet(2)).await;
    let running = served.begun().await;
    running.begin(|cx| Kind::Roots.ask(cx));
    let mut stream = socket.stream().await;
    assert_priming(&stream.event().await);
    let second = stream.message().await;
    let mut third = session.begin(&puppet(3)).await;
    let mut refused = served.begun().await;
    assert_eq!(refused.does(|cx| Kind::Form.ask(cx)).await, json!("TooMany"));
    refused.finish("done");
    assert_eq!(said(&third.response().await), (200, said_by_tool(3, "done")));
    // Another session has its own.
    let other = served.session_with(ALICE, NEWEST, everything()).await;
    let elsewhere = asked(&served, &other, Kind::Form).await;
    other.tell(&answer(&elsewhere.id, &json!({"action": "decline"}))).await;
    elsewhere.end().await;
    // An answer makes room.
    session.tell(&answer(&second["id"], &Kind::Roots.answer().0)).await;
    running.begin(|cx| Kind::Roots.ask(cx));
    assert_eq!(stream.message().await["method"], "roots/list");
    session.tell(&answer(&first.id, &json!({"action": "decline"}))).await;
    first.end().await;
}

#[tokio::test]
async fn a_question_is_asked_again_to_a_client_that_lost_its_connection() {
    let served = Served::start().await;
    let session = served.session_with(ALICE, NEWEST, everything()).await;
    let socket = session.begin(&puppet(1)).await;
    let mut running = served.begun().await;
    running.progress(1).await;
    let mut stream = socket.stream().await;
    let priming = stream.event().await;
    assert_priming(&priming);
    assert_eq!(stream.message().await, progress(1, 1));
    drop(stream);
    running.begin(|cx| Kind::Form.ask(cx));
    let mut stream = session.resume(priming.id()).await;
    assert_eq!(stream.message().await, progress(1, 1));
    let question = stream.message().await;
    assert_eq!(question["method"], "elicitation/create");
    drop(stream);
    session.tell(&answer(&question["id"], &json!({"action": "decline"}))).await;
    assert_eq!(running.done().await, json!("declined"));
    running.finish("done");
    let (events, end) = session.resume(priming.id()).await.rest().await;
    let messages: Vec<_> = events.iter().map(Event::message).collect();
    assert_eq!(messages, [progress(1, 1), question, said_by_tool(1, "done")]);
    assert_eq!(end, End::Whole);
}

#[tokio::test]
async fn a_call_that_is_over_asks_nothing_more() {
    let served = Served::start().await;
    // Cancelled, or its session ended: either way the handler is dropped while it waits.
    for is_cancelled in [true, false] {
        let session = served.session_with(ALICE, NEWEST, everything()).await;
        let mut asked = asked(&served, &session, Kind::Form).await;
        if is_cancelled {
            session.tell(&cancelled(1)).await;
        } else {
            session.end().await;
        }
        asked.running.over().await;
        let (events, _) = asked.stream.rest().await;
        assert_eq!(events, []);
        let late = session.ask(&answer(&asked.id, &json!({"action": "decline"}))).await;
        if is_cancelled {
            assert_eq!(late.head.status, 202);
        } else {
            assert_eq!(late.head.status, 404);
            assert_eq!(said(&session.ask(&puppet(2)).await), refused(2, NOT_FOUND));
        }
    }
}
