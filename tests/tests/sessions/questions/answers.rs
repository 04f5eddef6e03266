//! What clients answer, and whose answers count.

use serde_json::json;

use super::{KINDS, Kind, answer, asked, error, everything};
use crate::{
    client::{NEWEST, assert_priming, puppet, said_by_tool},
    refused::NOT_FOUND,
    served::{Served, said},
    tokens::{ALICE, ALICE_REFRESHED, OTHERS},
};

#[tokio::test]
async fn a_person_may_say_no_or_nothing() {
    let served = Served::start().await;
    let session = served.session_with(ALICE, NEWEST, everything()).await;
    for kind in [Kind::Form, Kind::Page] {
        for (action, outcome) in [("decline", "declined"), ("cancel", "cancelled")] {
            let mut asked = asked(&served, &session, kind).await;
            session.tell(&answer(&asked.id, &json!({"action": action}))).await;
            assert_eq!(asked.running.done().await, json!(outcome), "{kind:?}");
            asked.end().await;
        }
    }
}

#[tokio::test]
async fn a_client_may_answer_with_an_error() {
    let served = Served::start().await;
    let session = served.session_with(ALICE, NEWEST, everything()).await;
    for kind in KINDS {
        let mut asked = asked(&served, &session, kind).await;
        session.tell(&error(&asked.id, -1, "User rejected it")).await;
        let outcome = asked.running.done().await;
        let outcome = outcome.as_str().expect("a text");
        assert!(outcome.starts_with("Refused") && outcome.contains("-1"), "{kind:?} {outcome}");
        asked.end().await;
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_an_error_of_its_question() {
    let served = Served::start().await;
    let session = served.session_with(ALICE, NEWEST, everything()).await;
    for (kind, result) in [
        (Kind::Form, json!({"action": "accept", "content": {"city": 1}})),
        (Kind::Form, json!({"action": "accept", "content": {}})),
        (Kind::Form, json!({"action": "perhaps"})),
        (Kind::Form, json!({})),
        (Kind::Page, json!({})),
        (Kind::Sample, json!({"role": "assistant"})),
        (Kind::Roots, json!({"roots": "file:///home"})),
    ] {
        let mut asked = asked(&served, &session, kind).await;
        session.tell(&answer(&asked.id, &result)).await;
        let outcome = asked.running.done().await;
        assert!(outcome.as_str().is_some_and(|outcome| outcome.starts_with("Unreadable")), "{outcome}");
        asked.end().await;
    }
}

#[tokio::test]
async fn a_question_is_answered_once() {
    let served = Served::start().await;
    let session = served.session_with(ALICE, NEWEST, everything()).await;
    let mut asked = asked(&served, &session, Kind::Form).await;
    // What nobody waits for is taken and dropped.
    let number = asked.id.as_i64().expect("a number");
    for id in [json!(number + 1), json!(number.to_string()), json!(-1), json!("x"), json!(1)] {
        if id != asked.id {
            session.tell(&answer(&id, &json!({"action": "decline"}))).await;
        }
    }
    let graz = answer(&asked.id, &json!({"action": "accept", "content": {"city": "Graz"}}));
    session.tell(&graz).await;
    session.tell(&answer(&asked.id, &json!({"action": "decline"}))).await;
    session.tell(&error(&asked.id, -1, "too late")).await;
    assert_eq!(asked.running.done().await, json!("to Graz"));
    // The next question has another id, and what was said of the first one says nothing of it.
    asked.running.begin(|cx| Kind::Form.ask(cx));
    let second = asked.stream.message().await;
    assert!(second["id"].as_i64() > asked.id.as_i64(), "{second}");
    session.tell(&graz).await;
    session.tell(&answer(&second["id"], &json!({"action": "cancel"}))).await;
    assert_eq!(asked.running.done().await, json!("cancelled"));
    asked.end().await;
}

#[tokio::test]
async fn a_response_that_is_none_is_400() {
    let served = Served::start().await;
    let session = served.session_with(ALICE, NEWEST, everything()).await;
    let mut asked = asked(&served, &session, Kind::Form).await;
    let id = &asked.id;
    let both = json!({"jsonrpc": "2.0", "id": id, "result": {}, "error": {"code": 1, "message": "x"}});
    let neither = json!({"jsonrpc": "2.0", "id": id});
    let no_id = json!({"jsonrpc": "2.0", "result": {}});
    let null_id = json!({"jsonrpc": "2.0", "id": null, "result": {}});
    let other_version = json!({"jsonrpc": "1.0", "id": id, "result": {}});
    let odd_error = json!({"jsonrpc": "2.0", "id": {}, "error": "x"});
    for message in [both, neither, no_id, null_id, other_version, odd_error] {
        let (status, json) = said(&session.ask(&message).await);
        assert_eq!((status, &json["error"]["code"]), (400, &json!(-32600)), "{message}");
    }
    session.tell(&answer(&asked.id, &json!({"action": "decline"}))).await;
    assert_eq!(asked.running.done().await, json!("declined"));
    asked.end().await;
}

#[tokio::test]
async fn nobody_answers_the_questions_of_somebody_elses_session() {
    let served = Served::start().await;
    let session = served.session_with(ALICE, NEWEST, everything()).await;
    let mut asked = asked(&served, &session, Kind::Form).await;
    let evil = answer(&asked.id, &json!({"action": "accept", "content": {"city": "Hell"}}));
    for other in OTHERS {
        // With the session's id, and from a session of their own, where the id of the question is the same.
        let (status, json) = said(&session.with(other).ask(&evil).await);
        assert_eq!((status, &json["error"]["code"]), (404, &json!(NOT_FOUND.1)));
        let own = served.session_with(other, NEWEST, everything()).await;
        own.tell(&evil).await;
    }
    served.session_with(ALICE, NEWEST, everything()).await.tell(&evil).await;
    let graz = answer(&asked.id, &json!({"action": "accept", "content": {"city": "Graz"}}));
    session.with(ALICE_REFRESHED).tell(&graz).await;
    assert_eq!(asked.running.done().await, json!("to Graz"));
    asked.end().await;
}

#[tokio::test]
async fn questions_of_calls_at_once_find_their_own_handler() {
    let served = Served::start().await;
    let session = served.session_with(ALICE, NEWEST, everything()).await;
    let mut waiting = Vec::new();
    for id in 1..=4 {
        let socket = session.begin(&puppet(id)).await;
        let running = served.begun().await;
        running.begin(|cx| Kind::Form.ask(cx));
        let mut stream = socket.stream().await;
        assert_priming(&stream.event().await);
        let question = stream.message().await;
        waiting.push((id, running, stream, question["id"].clone()));
    }
    for (id, _, _, question) in waiting.iter().rev() {
        let content = json!({"city": format!("city {id}")});
        session.tell(&answer(question, &json!({"action": "accept", "content": content}))).await;
    }
    for (id, mut running, mut stream, _) in waiting {
        assert_eq!(running.done().await, json!(format!("to city {id}")));
        running.finish("done");
        assert_eq!(stream.message().await, said_by_tool(id, "done"));
        stream.expect_end().await;
    }
}
