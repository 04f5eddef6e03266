//! Several messages in one body, which one revision alone has.

use mcp_tests::event_reader::Event;
use mcp_tokio::{Context, ListRoots};
use serde_json::{Value, json};

use crate::{
    client::{
        call, cancelled, handshake, initialized, ping, progress, puppet, request, result, said_by_tool,
    },
    refused::NOT_FOUND,
    served::{Served, plain, said},
    tokens::{ALICE, BOB},
};

const WITH_BATCHES: &str = "2025-03-26";

#[tokio::test]
async fn a_batch_is_answered_in_the_one_revision_that_has_them() {
    let served = Served::start().await;
    let batch = json!([ping(1), call("b", "whoami"), initialized(), request(3, "no/such", &json!({}))]);
    let session = served.session_of(ALICE, WITH_BATCHES).await;
    // The session says which revision it is, whatever the header says.
    for header in ["2025-03-26", "2025-11-25", "2024-11-05"] {
        let request = session.post(&batch).with("MCP-Protocol-Version", header);
        let (status, json) = said(&served.answer(&request).await);
        assert_eq!(status, 200, "{header} {json}");
        let answers = json.as_array().expect("an array");
        assert_eq!(answers.len(), 3);
        assert_eq!(answers[..2], [result(1, json!({})), said_by_tool("b", "alice")]);
        assert_eq!((&answers[2]["id"], &answers[2]["error"]["code"]), (&json!(3), &json!(-32601)));
    }
    for revision in ["2025-11-25", "2025-06-18", "2024-11-05"] {
        let session = served.session_of(ALICE, revision).await;
        let request = session.post(&batch).with("MCP-Protocol-Version", WITH_BATCHES);
        for request in [session.post(&batch), request] {
            let (status, json) = said(&served.answer(&request).await);
            assert_eq!((status, &json["error"]["code"]), (400, &json!(-32600)), "{revision}");
        }
    }
}

#[tokio::test]
async fn a_batch_that_needs_no_answer_is_accepted() {
    let served = Served::start().await;
    let session = served.session_of(ALICE, WITH_BATCHES).await;
    let notifications = json!([initialized(), cancelled(1)]);
    assert_eq!(plain(&session.ask(&notifications).await), (202, ""));
    let responses = json!([result(5, json!({})), initialized()]);
    assert_eq!(plain(&session.ask(&responses).await), (202, ""));
}

#[tokio::test]
async fn what_is_no_batch_is_refused_whole() {
    let served = Served::start().await;
    let session = served.session_of(ALICE, WITH_BATCHES).await;
    let hello = handshake(WITH_BATCHES, &json!({}));
    for batch in [json!([]), json!([hello]), json!([ping(1), hello]), json!([initialized(), hello])] {
        let (status, json) = said(&session.ask(&batch).await);
        assert_eq!((status, &json["error"]["code"]), (400, &json!(-32600)), "{batch}");
    }
    assert_eq!(served.sessions(), 1);
}

#[tokio::test]
async fn responses_and_notifications_in_a_batch_take_effect() {
    let served = Served::start().await;
    let capabilities = json!({"roots": {}});
    let session = served.session_with(ALICE, WITH_BATCHES, capabilities).await;
    let asking = session.begin(&puppet(1)).await;
    let mut asks = served.begun().await;
    asks.begin(|cx: Context| async move { Ok(json!(cx.input("roots", ListRoots).await?.len())) });
    let mut stream = asking.stream().await;
    let question = stream.message().await;
    let cancelling = session.begin(&puppet(2)).await;
    let mut cancelled_call = served.begun().await;
    let answer = result(question["id"].clone(), json!({"roots": [{"uri": "file:///a"}]}));
    let batch = json!([answer, cancelled(2), ping(3)]);
    assert_eq!(said(&session.ask(&batch).await), (200, json!([result(3, json!({}))])));
    assert_eq!(asks.done().await, json!(1));
    cancelled_call.over().await;
    cancelling.stream().await.expect_end().await;
    asks.finish("done");
    assert_eq!(stream.message().await, said_by_tool(1, "done"));
}

#[tokio::test]
async fn a_batch_of_somebody_else_does_nothing() {
    let served = Served::start().await;
    let session = served.session_of(ALICE, WITH_BATCHES).await;
    let mut socket = session.begin(&puppet(1)).await;
    let running = served.begun().await;
    let batch = json!([cancelled(1), ping(2)]);
    let (status, json) = said(&session.with(BOB).ask(&batch).await);
    assert_eq!((status, &json["error"]["code"]), (404, &json!(NOT_FOUND.1)));
    assert!(!running.is_over());
    running.finish("done");
    assert_eq!(said(&socket.response().await), (200, said_by_tool(1, "done")));
}

#[tokio::test]
async fn calls_of_a_batch_are_answered_together_whatever_they_tell_on_the_way() {
    let served = Served::start().await;
    let session = served.session_of(ALICE, WITH_BATCHES).await;
    let socket = session.begin(&json!([puppet(1), ping(2)])).await;
    let mut running = served.begun().await;
    running.progress(1).await;
    running.finish("done");
    match socket.begun().await {
        Ok(stream) => {
            let (events, _) = stream.rest().await;
            let messages: Vec<Value> = events.iter().map(Event::message).collect();
            let answers: Vec<&Value> = messages
                .iter()
                .flat_map(|message| match message.as_array() {
                    Some(messages) => messages.iter().collect(),
                    None => vec![message],
                })
                .collect();
            assert!(answers.contains(&&said_by_tool(1, "done")), "{messages:?}");
            assert!(answers.contains(&&result(2, json!({}))), "{messages:?}");
            assert!(answers.contains(&&progress(1, 1)), "{messages:?}");
        }
        Err(response) => {
            let (status, json) = said(&response);
            assert_eq!((status, json), (200, json!([said_by_tool(1, "done"), result(2, json!({}))])));
        }
    }
}
