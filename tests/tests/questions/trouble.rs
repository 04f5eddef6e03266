//! Clients that answer wrongly, late or not at all, and those that cannot be asked.

use mcp_tests::asking::Ask;
use mcp_tokio::{Mode, SessionPolicy};
use serde_json::json;

use super::{
    NEWEST, REVISIONS, accept, asking,
    client::{Client, serve},
    everything, words,
};

#[tokio::test]
async fn an_error_of_the_client_is_told_to_the_model_or_taken_for_an_answer() {
    let service = serve(asking(), SessionPolicy::default());
    let client = Client::open(&service, NEWEST, everything()).await;
    for (tool, code, message, said, is_error) in [
        ("model", -1, "not today", "The user rejected the request: not today", true),
        ("model", -32601, "what?", "The client answered with error -32601: what?", true),
        ("form", -1, "no", "The user rejected the request: no", true),
        ("model-or-not", -1, "not today", "rejected", false),
        ("model-or-not", -32601, "what?", "The client answered with error -32601: what?", true),
    ] {
        let mut call = client.call(tool).await;
        let question = call.question().await;
        client.refuse(&question, code, message).await;
        assert_eq!(call.said().await, (said.to_owned(), is_error));
    }
}

#[tokio::test]
async fn what_is_no_answer_is_told_without_what_was_entered() {
    let service = serve(asking(), SessionPolicy::default());
    let client = Client::open(&service, NEWEST, everything()).await;
    for (tool, result) in [
        ("form", json!({})),
        ("form", json!({"action": "accept"})),
        ("form", accept("secret")),
        ("form", accept(9)),
        ("model", json!({"role": "assistant"})),
        ("roots", json!({"roots": "secret"})),
    ] {
        let mut call = client.call(tool).await;
        let question = call.question().await;
        client.answer(&question, result.clone()).await;
        let (said, is_error) = call.said().await;
        assert!(is_error && said.starts_with("The client's answer cannot be used: "), "{result}: {said}");
        assert!(!said.contains("secret"), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_has_its_time_and_an_answer_after_that_is_none() {
    let policy = SessionPolicy::default();
    let minutes = policy.ask_micros / 60_000_000;
    assert_eq!(minutes, 3);
    let service = serve(asking(), policy);
    let client = Client::open(&service, NEWEST, everything()).await;
    for (tool, said) in
        [("model", ("The client did not answer in time", true)), ("model-or-not", ("late", false))]
    {
        let mut call = client.call(tool).await;
        let question = call.question().await;
        let asked = tokio::time::Instant::now();
        let given_up = call.next().await.expect("a message");
        assert_eq!(given_up["method"], "notifications/cancelled");
        assert_eq!(given_up["params"]["requestId"], question["id"]);
        assert_eq!(asked.elapsed().as_secs(), 180);
        client.answer(&question, words("too late")).await;
        assert_eq!(call.said().await, (said.0.to_owned(), said.1));
    }
    // In time is what comes before the end of it.
    let mut call = client.call("model").await;
    let question = call.question().await;
    tokio::time::sleep(std::time::Duration::from_secs(179)).await;
    client.answer(&question, words("in time")).await;
    assert_eq!(call.said().await, ("in time".to_owned(), false));
}

#[tokio::test]
async fn the_first_answer_counts_and_only_if_it_comes_from_the_session_that_was_asked() {
    let service = serve(asking(), SessionPolicy::default());
    let client = Client::open(&service, NEWEST, everything()).await;
    let other = Client::open(&service, NEWEST, everything()).await;
    let mut call = client.call("one-by-one").await;
    let question = call.question().await;
    other.answer(&question, accept(7)).await;
    let unasked = json!({"id": 4711});
    client.answer(&unasked, accept(6)).await;
    let text = json!({"id": question["id"].to_string()});
    client.answer(&text, accept(5)).await;
    client.answer(&question, accept(1)).await;
    client.answer(&question, accept(8)).await;
    let second = call.question().await;
    assert_ne!(second["id"], question["id"]);
    client.answer(&question, accept(8)).await;
    client.answer(&second, accept(2)).await;
    assert_eq!(call.said().await.0, "accepted 1, accepted 2");
}

#[tokio::test]
async fn an_answer_that_nobody_waits_for_any_more_is_none() {
    let service = serve(asking(), SessionPolicy::default());
    let client = Client::open(&service, NEWEST, everything()).await;
    let mut call = client.call("one-at-least").await;
    let (first, second) = (call.question().await, call.question().await);
    client.answer(&second, accept(2)).await;
    let third = call.question().await;
    client.answer(&first, accept(1)).await;
    client.answer(&third, accept(3)).await;
    assert_eq!(call.said().await.0, "accepted 2, accepted 3");
}

#[tokio::test]
async fn no_more_questions_wait_than_there_may_be() {
    let mut policy = SessionPolicy::default();
    policy.asks_max = 2;
    let service = serve(asking(), policy);
    let client = Client::open(&service, NEWEST, everything()).await;
    let mut waiting = client.call("both-at-once").await;
    let (first, second) = (waiting.question().await, waiting.question().await);
    assert_eq!(client.request_other("model-or-not").await.said().await.0, "too many");
    client.answer(&first, accept(1)).await;
    let mut next = client.request_other("form").await;
    let third = next.question().await;
    for (question, count) in [(&second, 2), (&third, 3)] {
        client.answer(question, accept(count)).await;
    }
    assert_eq!(waiting.said().await.0, "accepted 1, accepted 2");
    assert_eq!(next.said().await.0, "accepted 3");
}

#[tokio::test]
async fn a_call_that_is_cancelled_asks_no_more() {
    let service = serve(asking(), SessionPolicy::default());
    let client = Client::open(&service, NEWEST, everything()).await;
    let mut call = client.call("form").await;
    let question = call.question().await;
    client.tell("notifications/cancelled", json!({"requestId": "call"})).await;
    assert_eq!(call.next().await, None, "nothing is sent after that");
    client.answer(&question, accept(1)).await;
    let mut again = client.call("form").await;
    let question = again.question().await;
    client.answer(&question, accept(2)).await;
    assert_eq!(again.said().await.0, "accepted 2");
}

#[tokio::test]
async fn who_takes_no_stream_cannot_be_asked() {
    let service = serve(asking(), SessionPolicy::default());
    for revision in REVISIONS {
        let client = Client::open(&service, revision, everything()).await;
        for (tool, said, is_error) in [
            ("model", "The client cannot be asked: it takes no event stream", true),
            ("model-or-not", "unsupported", false),
        ] {
            let params = json!({"name": tool, "arguments": {}});
            let call = client.request_as("tools/call", params, "application/json").await;
            assert!(!call.is_stream());
            assert_eq!(call.said().await, (said.to_owned(), is_error), "{revision}");
        }
    }
}

#[tokio::test]
async fn who_has_no_session_cannot_be_asked() {
    let stateful = serve(asking(), SessionPolicy::default());
    let stateless = asking().mode(Mode::Stateless).build().expect("a server");
    let stateless =
        mcp_tokio::Service::start(stateless, mcp_tokio::TokioRuntime::new(), None).expect("nothing to fetch");
    let modern = |tool: &str| {
        let declared = json!({"elicitation": {}, "sampling": {}, "roots": {}});
        Ask::call(tool).meta("io.modelcontextprotocol/clientCapabilities", declared)
    };
    let older = |tool: &str| {
        let params = json!({"name": tool, "arguments": {}});
        Ask::message(json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}))
            .field("mcp-protocol-version", NEWEST)
    };
    for tool in ["form", "page", "model", "roots"] {
        for answer in [
            modern(tool).send(&stateful).await,
            modern(tool).send(&stateless).await,
            older(tool).send(&stateless).await,
        ] {
            assert_eq!(answer.status, 200);
            assert_eq!(answer.json()["result"]["isError"], true);
            assert_eq!(answer.text(), "The client cannot be asked anything: the call is in no session");
        }
    }
    for service in [&stateful, &stateless] {
        assert_eq!(modern("model-or-not").send(service).await.text(), "unsupported");
    }
    let resource = Ask::new("resources/read", Some("test://guests"), json!({"uri": "test://guests"}));
    assert_eq!(resource.send(&stateful).await.error().1, -32603);
}
