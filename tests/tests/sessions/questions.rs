//! What a handler asks its client in the middle of a call, and what becomes of the answer.

use mcp_tests::socket::{End, Socket, Stream};
use mcp_tokio::{Ask, Context, Elicit, Elicited, Interrupt, ListRoots, Sample};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    client::{
        NEWEST, REVISIONS, Session, assert_priming, cancelled, progress, puppet, request, said_by_tool,
    },
    puppet::Running,
    refused::{NOT_FOUND, refused},
    served::{Served, said},
    tokens::{ALICE, ALICE_REFRESHED, OTHERS},
};

#[derive(Deserialize, JsonSchema)]
struct Booking {
    city: String,
}

/// What every client declares here: everything there is.
fn everything() -> Value {
    json!({
        "elicitation": {"form": {}, "url": {}},
        "roots": {"listChanged": true},
        "sampling": {"tools": {}},
    })
}

/// What came of a question, as a text.
async fn outcome<A: Ask>(cx: Context, ask: A, tell: impl FnOnce(A::Answer) -> String) -> Value {
    match cx.input("key", ask).await {
        Ok(answer) => json!(tell(answer)),
        Err(interrupt) => match interrupt.input_error() {
            Some(error) => json!(format!("{error:?}")),
            None => json!("another error"),
        },
    }
}

fn booked(elicited: Elicited<Booking>) -> String {
    match elicited {
        Elicited::Accepted(booking) => format!("to {}", booking.city),
        Elicited::Declined => "declined".to_owned(),
        Elicited::Cancelled => "cancelled".to_owned(),
    }
}

/// The kinds of questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Form,
    Page,
    Sample,
    Roots,
}

const KINDS: [Kind; 4] = [Kind::Form, Kind::Page, Kind::Sample, Kind::Roots];

impl Kind {
    const fn method(self) -> &'static str {
        match self {
            Self::Form | Self::Page => "elicitation/create",
            Self::Sample => "sampling/createMessage",
            Self::Roots => "roots/list",
        }
    }

    /// An answer of the client, and what the handler makes of it.
    fn answer(self) -> (Value, &'static str) {
        match self {
            Self::Form => (json!({"action": "accept", "content": {"city": "Graz"}}), "to Graz"),
            Self::Page => (json!({"action": "accept"}), "opened"),
            Self::Sample => {
                let content = json!({"type": "text", "text": "hm"});
                (json!({"role": "assistant", "content": content, "model": "m"}), "m says hm")
            }
            Self::Roots => (json!({"roots": [{"uri": "file:///home"}]}), "file:///home"),
        }
    }

    /// Whether clients of this revision can be asked.
    fn is_in(self, revision: &str) -> bool {
        match self {
            Self::Form => revision >= "2025-06-18",
            Self::Page => revision >= "2025-11-25",
            Self::Sample | Self::Roots => true,
        }
    }

    async fn ask(self, cx: Context) -> Result<Value, Interrupt> {
        Ok(match self {
            Self::Form => outcome(cx, Elicit::form::<Booking>("Where to?"), booked).await,
            Self::Page => {
                let page = Elicit::url("Pay here", "https://pay.example/1");
                outcome(cx, page, |elicited| match elicited {
                    Elicited::Accepted(()) => "opened".to_owned(),
                    Elicited::Declined => "declined".to_owned(),
                    Elicited::Cancelled => "cancelled".to_owned(),
                })
                .await
            }
            Self::Sample => {
                let ask = Sample::new(["Hello"], 10);
                outcome(cx, ask, |sampled| format!("{} says {}", sampled.model, sampled.text())).await
            }
            Self::Roots => {
                let uris = |roots: Vec<mcp_tokio::Root>| roots.into_iter().map(|root| root.uri).collect();
                outcome(cx, ListRoots, uris).await
            }
        })
    }
}

/// A call that waits for the answer to a question.
struct Asked {
    running: Running,
    stream: Stream,
    /// The question's id.
    id: Value,
    params: Value,
}

async fn asked(served: &Served, session: &Session<'_>, kind: Kind) -> Asked {
    let socket = session.begin(&puppet(1)).await;
    let running = served.begun().await;
    running.begin(move |cx| kind.ask(cx));
    let mut stream = socket.stream().await;
    if session.revision == NEWEST {
        assert_priming(&stream.event().await);
    }
    let question = stream.message().await;
    assert_eq!((&question["jsonrpc"], &question["method"]), (&json!("2.0"), &json!(kind.method())));
    assert!(question["id"].is_i64(), "{question}");
    Asked { running, stream, id: question["id"].clone(), params: question["params"].clone() }
}

impl Asked {
    /// The call ends, and nothing but its result was still to come.
    async fn end(self) {
        self.running.finish("done");
        let mut stream = self.stream;
        assert_eq!(stream.message().await, said_by_tool(1, "done"));
        stream.expect_end().await;
    }
}

fn answer(id: &Value, result: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

fn error(id: &Value, code: i32, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
}

#[tokio::test]
async fn each_kind_of_question_is_asked_on_the_calls_stream_and_answered_by_a_post() {
    let served = Served::start().await;
    for revision in REVISIONS {
        for kind in KINDS.into_iter().filter(|kind| kind.is_in(revision)) {
            let session = served.session_with(ALICE, revision, everything()).await;
            let mut asked = asked(&served, &session, kind).await;
            let (result, outcome) = kind.answer();
            session.tell(&answer(&asked.id, &result)).await;
            assert_eq!(asked.running.done().await, json!(outcome), "{revision} {kind:?}");
            asked.end().await;
        }
    }
}

#[tokio::test]
async fn questions_say_what_their_kind_needs() {
    let served = Served::start().await;
    let session = served.session_with(ALICE, NEWEST, everything()).await;
    for kind in KINDS {
        let asked = asked(&served, &session, kind).await;
        let params = &asked.params;
        match kind {
            Kind::Form => {
                assert_eq!(params["message"], "Where to?");
                let schema = &params["requestedSchema"];
                assert_eq!(
                    (&schema["type"], &schema["properties"]["city"]["type"]),
                    (&json!("object"), &json!("string"))
                );
                assert_eq!(schema["required"], json!(["city"]));
            }
            Kind::Page => {
                assert_eq!(
                    (&params["mode"], &params["url"]),
                    (&json!("url"), &json!("https://pay.example/1"))
                );
                assert!(params["elicitationId"].as_str().is_some_and(|id| !id.is_empty()), "{params}");
                // Whoever reads the question has not learned the session's id.
                assert!(!params.to_string().contains(&session.id));
            }
            Kind::Sample => {
                let content = json!({"type": "text", "text": "Hello"});
                assert_eq!(params["messages"], json!([{"role": "user", "content": content}]));
                assert_eq!(params["maxTokens"], 10);
            }
            Kind::Roots => assert!(params.is_null() || *params == json!({}), "{params}"),
        }
        session.tell(&answer(&asked.id, &kind.answer().0)).await;
        asked.end().await;
    }
}

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
async fn a_client_is_only_asked_what_it_declared_and_its_revision_has() {
    let served = Served::start().await;
    let only = |declared: &str| match declared {
        "elicitation" => json!({"elicitation": {}}),
        other => json!({other: {}}),
    };
    for revision in REVISIONS {
        for declared in ["elicitation", "roots", "sampling", "experimental"] {
            let session = served.session_with(ALICE, revision, only(declared)).await;
            for kind in KINDS {
                let is_declared = match kind {
                    // An empty object means forms, and no pages.
                    Kind::Form => declared == "elicitation",
                    Kind::Page => false,
                    Kind::Sample => declared == "sampling",
                    Kind::Roots => declared == "roots",
                };
                if is_declared && kind.is_in(revision) {
                    continue;
                }
                assert_cannot_be_asked(&served, &session, kind, "NotDeclared").await;
            }
        }
    }
}

/// Fails unless the handler is told that this client cannot be asked, and the client nothing.
async fn assert_cannot_be_asked(served: &Served, session: &Session<'_>, kind: Kind, why: &str) {
    let mut socket = session.begin(&puppet(1)).await;
    let mut running = served.begun().await;
    let outcome = running.does(move |cx| kind.ask(cx)).await;
    let outcome = outcome.as_str().expect("a text");
    assert!(outcome.starts_with(why), "{} {kind:?} {outcome}", session.revision);
    running.finish("done");
    assert_eq!(said(&socket.response().await), (200, said_by_tool(1, "done")));
}

#[tokio::test]
async fn a_handler_that_cannot_go_on_without_an_answer_ends_with_an_error_that_the_model_reads() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let mut socket = session.begin(&puppet(1)).await;
    let running = served.begun().await;
    running.begin(|cx: Context| async move {
        cx.input("key", ListRoots).await?;
        Ok(Value::Null)
    });
    let (status, json) = said(&socket.response().await);
    assert_eq!((status, &json["result"]["isError"]), (200, &json!(true)), "{json}");
}

#[tokio::test]
async fn a_client_that_takes_no_events_cannot_be_asked() {
    let served = Served::start().await;
    let session = served.session_with(ALICE, NEWEST, everything()).await;
    for kind in KINDS {
        let mut socket = Socket::connect(served.address).await;
        socket.send(session.post(&puppet(1)).with("Accept", "application/json").bytes()).await;
        let mut running = served.begun().await;
        let outcome = running.does(move |cx| kind.ask(cx)).await;
        assert_eq!(outcome, json!("NoStream"), "{kind:?}");
        running.finish("done");
        assert_eq!(said(&socket.response().await), (200, said_by_tool(1, "done")));
    }
}

#[tokio::test]
async fn a_request_without_a_session_cannot_ask() {
    let served = Served::start().await;
    let mut message = puppet(1);
    message["params"]["_meta"] = crate::modern::envelope();
    let capabilities = "io.modelcontextprotocol/clientCapabilities";
    message["params"]["_meta"][capabilities] = json!({"elicitation": {}, "roots": {}, "sampling": {}});
    let request = crate::client::post(message.to_string())
        .field("MCP-Protocol-Version", crate::modern::REVISION)
        .field("Mcp-Method", "tools/call")
        .field("Mcp-Name", "puppet")
        .token(&ALICE.text());
    for kind in KINDS {
        let mut socket = Socket::connect(served.address).await;
        socket.send(request.bytes()).await;
        let mut running = served.begun().await;
        assert_eq!(running.does(move |cx| kind.ask(cx)).await, json!("NoSession"), "{kind:?}");
        let act = |cx: Context| async move { Ok(json!(cx.session().is_none())) };
        assert_eq!(running.does(act).await, json!(true));
        running.finish("done");
        assert_eq!(said(&socket.response().await).0, 200);
    }
}

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
    let messages: Vec<_> = events.iter().map(mcp_tests::event_reader::Event::message).collect();
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

#[tokio::test]
async fn other_handlers_ask_too() {
    let prompt = mcp_tokio::Prompt::new("asks").handler(
        async |_: mcp_tokio::PromptArguments, cx: Context| -> Result<mcp_tokio::PromptMessage, Interrupt> {
            let roots = cx.input("roots", ListRoots).await?;
            let uris: String = roots.into_iter().map(|root| root.uri).collect();
            Ok(mcp_tokio::PromptMessage::user(mcp_tokio::Content::text(uris)))
        },
    );
    let served = Served::built(|server| server.prompt(prompt)).await;
    let session = served.session_with(ALICE, NEWEST, everything()).await;
    let message = request(1, "prompts/get", &json!({"name": "asks"}));
    let mut stream = session.begin(&message).await.stream().await;
    assert_priming(&stream.event().await);
    let question = stream.message().await;
    assert_eq!(question["method"], "roots/list");
    session.tell(&answer(&question["id"], &Kind::Roots.answer().0)).await;
    let result = stream.message().await;
    assert_eq!(result["result"]["messages"][0]["content"]["text"], "file:///home", "{result}");
    stream.expect_end().await;
}
