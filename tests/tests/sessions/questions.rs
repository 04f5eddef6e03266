//! What a handler asks its client in the middle of a call, and what becomes of the answer.

mod answers;
mod unasked;
mod waiting;

use mcp_tests::socket::Stream;
use mcp_tokio::{Ask, Context, Elicit, Elicited, Interrupt, ListRoots, Sample};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    client::{NEWEST, REVISIONS, Session, assert_priming, puppet, request, said_by_tool},
    puppet::Running,
    served::Served,
    tokens::ALICE,
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
