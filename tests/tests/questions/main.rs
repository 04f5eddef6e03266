//! What becomes of what handlers ask clients, without sockets.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod client;
mod trouble;

use mcp_tokio::{
    Auth, Content, Context, Elicit, Elicited, InputError, Interrupt, ListRoots, NoArguments, Prompt,
    PromptArguments, PromptMessage, ReadRequest, Resource, ResourceContents, Sample, SampleTool, Server,
    ServerBuilder, SessionPolicy, Tool,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use self::client::{Client, serve};

/// Each revision that has sessions over the MCP endpoint, oldest first.
const REVISIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
const NEWEST: &str = "2025-11-25";

#[derive(Deserialize, JsonSchema)]
struct Guests {
    #[schemars(range(min = 1, max = 8))]
    count: u8,
}

fn everything() -> Value {
    json!({"elicitation": {"form": {}, "url": {}}, "sampling": {"tools": {}}, "roots": {"listChanged": true}})
}

/// A tool for each kind of question, and a prompt and a resource that ask too.
fn asking() -> ServerBuilder {
    Server::builder("asking", "1", Auth::none())
        .tool(Tool::new("form").typed(form))
        .tool(Tool::new("page").typed(page))
        .tool(Tool::new("model").typed(model))
        .tool(Tool::new("model-with-tools").typed(model_with_tools))
        .tool(Tool::new("roots").typed(roots))
        .tool(Tool::new("model-or-not").typed(model_or_not))
        .tool(Tool::new("one-by-one").typed(one_by_one))
        .tool(Tool::new("both-at-once").typed(both_at_once))
        .tool(Tool::new("one-at-least").typed(one_at_least))
        .prompt(Prompt::new("guests").handler(prompt))
        .resource(Resource::new("test://guests", "guests").handler(read))
}

fn done<T: ToString>(elicited: Elicited<T>) -> String {
    match elicited {
        Elicited::Accepted(answer) => format!("accepted {}", answer.to_string()),
        Elicited::Declined => "declined".to_owned(),
        Elicited::Cancelled => "cancelled".to_owned(),
    }
}

async fn guests(cx: &Context, key: &str) -> Result<Elicited<u8>, Interrupt> {
    Ok(match cx.input(key, Elicit::form::<Guests>("How many?")).await? {
        Elicited::Accepted(guests) => Elicited::Accepted(guests.count),
        Elicited::Declined => Elicited::Declined,
        Elicited::Cancelled => Elicited::Cancelled,
    })
}

async fn form(_: NoArguments, cx: Context) -> Result<String, Interrupt> {
    Ok(done(guests(&cx, "guests").await?))
}

async fn page(_: NoArguments, cx: Context) -> Result<String, Interrupt> {
    let paid = cx.input("pay", Elicit::url("Pay here", "https://pay.example/")).await?;
    Ok(match paid {
        Elicited::Accepted(()) => "accepted".to_owned(),
        Elicited::Declined => "declined".to_owned(),
        Elicited::Cancelled => "cancelled".to_owned(),
    })
}

async fn model(_: NoArguments, cx: Context) -> Result<String, Interrupt> {
    Ok(cx.input("say", Sample::new(["Hello"], 10)).await?.text())
}

async fn model_with_tools(_: NoArguments, cx: Context) -> Result<String, Interrupt> {
    let weather = SampleTool::new("weather", json!({"type": "object"}));
    let sampled = cx.input("say", Sample::new(["Hello"], 10).tools([weather])).await?;
    Ok(sampled.tool_uses().map(|tool| tool.name.clone()).collect())
}

async fn roots(_: NoArguments, cx: Context) -> Result<String, Interrupt> {
    let roots = cx.input("roots", ListRoots).await?;
    Ok(roots.into_iter().map(|root| root.uri).collect::<Vec<_>>().join(" "))
}

async fn model_or_not(_: NoArguments, cx: Context) -> Result<String, Interrupt> {
    match cx.input("say", Sample::new(["Hello"], 10)).await {
        Ok(sampled) => Ok(sampled.text()),
        Err(interrupt) => match interrupt.input_error() {
            Some(error) if error.is_rejected() => Ok("rejected".to_owned()),
            Some(error) if error.is_timed_out() => Ok("late".to_owned()),
            Some(error) if error.is_unsupported() => Ok("unsupported".to_owned()),
            Some(InputError::TooMany) => Ok("too many".to_owned()),
            Some(_) | None => Err(interrupt),
        },
    }
}

async fn one_by_one(_: NoArguments, cx: Context) -> Result<String, Interrupt> {
    let first = guests(&cx, "first").await?;
    let second = guests(&cx, "second").await?;
    Ok(format!("{}, {}", done(first), done(second)))
}

async fn both_at_once(_: NoArguments, cx: Context) -> Result<String, Interrupt> {
    let (first, second) = tokio::join!(guests(&cx, "first"), guests(&cx, "second"));
    Ok(format!("{}, {}", done(first?), done(second?)))
}

/// Does not wait for the second answer once it has the first.
async fn one_at_least(_: NoArguments, cx: Context) -> Result<String, Interrupt> {
    let first = tokio::select! {
        guests = guests(&cx, "first") => done(guests?),
        guests = guests(&cx, "second") => done(guests?),
    };
    Ok(format!("{first}, {}", done(guests(&cx, "third").await?)))
}

async fn prompt(_: PromptArguments, cx: Context) -> Result<PromptMessage, Interrupt> {
    Ok(PromptMessage::user(Content::text(done(guests(&cx, "guests").await?))))
}

async fn read(request: ReadRequest) -> Result<ResourceContents, Interrupt> {
    let guests = guests(&request.context, "guests").await?;
    Ok(ResourceContents::text(request.uri, done(guests)))
}

fn accept(count: impl Into<Value>) -> Value {
    json!({"action": "accept", "content": {"count": count.into()}})
}

fn words(text: &str) -> Value {
    json!({"role": "assistant", "model": "m", "content": {"type": "text", "text": text}})
}

#[tokio::test]
async fn each_kind_of_question_is_asked_on_the_stream_of_the_call_and_answered_once() {
    let service = serve(asking(), SessionPolicy::default());
    let guests = json!({
        "message": "How many?",
        "requestedSchema": {
            "type": "object",
            "properties": {"count": {"type": "integer", "minimum": 1, "maximum": 8}},
            "required": ["count"],
        },
    });
    let hello = json!({"role": "user", "content": {"type": "text", "text": "Hello"}});
    let hello = json!({"messages": [hello], "maxTokens": 10});
    let mut with_tools = hello.clone();
    with_tools["tools"] = json!([{"name": "weather", "inputSchema": {"type": "object"}}]);
    let weather = json!({"type": "tool_use", "id": "1", "name": "weather", "input": {}});
    let weather = json!({"role": "assistant", "model": "m", "content": [weather], "stopReason": "toolUse"});
    let places = json!({"roots": [{"uri": "file:///a"}, {"uri": "file:///b", "name": "b"}]});
    // Who can be asked from which revision on, and what they are asked.
    for (tool, since, method, params, answers) in [
        (
            "form",
            "2025-06-18",
            "elicitation/create",
            &guests,
            vec![
                (accept(8), "accepted 8"),
                (json!({"action": "decline"}), "declined"),
                (json!({"action": "cancel"}), "cancelled"),
            ],
        ),
        ("model", "2024-11-05", "sampling/createMessage", &hello, vec![(words("Hi"), "Hi")]),
        ("model-with-tools", NEWEST, "sampling/createMessage", &with_tools, vec![(weather, "weather")]),
        (
            "roots",
            "2024-11-05",
            "roots/list",
            &Value::Null,
            vec![(places, "file:///a file:///b"), (json!({"roots": []}), "")],
        ),
    ] {
        for revision in REVISIONS {
            let client = Client::open(&service, revision, everything()).await;
            if revision < since {
                assert_eq!(client.call(tool).await.said().await, not_declared(), "{tool} {revision}");
                continue;
            }
            for (answer, said) in &answers {
                let mut call = client.call(tool).await;
                let question = call.question().await;
                assert_eq!(question["method"], method);
                assert_eq!(question.get("params").unwrap_or(&Value::Null), params, "{tool} {revision}");
                client.answer(&question, answer.clone()).await;
                assert_eq!(call.said().await, ((*said).to_owned(), false), "{tool} {revision}");
            }
        }
    }
}

/// What a tool says that asks a client for what it did not declare.
fn not_declared() -> (String, bool) {
    ("The client lacks a capability that this tool needs".to_owned(), true)
}

#[tokio::test]
async fn a_page_has_another_name_each_time_it_is_asked_for() {
    let service = serve(asking(), SessionPolicy::default());
    let mut names = Vec::new();
    for _ in 0..2 {
        let client = Client::open(&service, NEWEST, everything()).await;
        for action in ["accept", "decline", "cancel"] {
            let mut call = client.call("page").await;
            let question = call.question().await;
            let mut params = question["params"].clone();
            let name = params.as_object_mut().and_then(|params| params.remove("elicitationId"));
            names.push(name.as_ref().and_then(Value::as_str).expect("a name").to_owned());
            let expected = json!({"mode": "url", "message": "Pay here", "url": "https://pay.example/"});
            assert_eq!((&question["method"], &params), (&json!("elicitation/create"), &expected));
            client.answer(&question, json!({"action": action})).await;
            let (said, is_error) = call.said().await;
            assert!(said.starts_with(action) && !is_error, "{said}");
        }
    }
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "{names:?}");
}

#[tokio::test]
async fn only_what_a_client_declares_is_asked() {
    let service = serve(asking(), SessionPolicy::default());
    let tools = ["form", "page", "model", "model-with-tools", "roots"];
    for (capabilities, asked) in [
        (json!({}), &[][..]),
        (json!({"elicitation": {}}), &["form"]),
        (json!({"elicitation": {"form": {}}}), &["form"]),
        (json!({"elicitation": {"url": {}}}), &["page"]),
        (json!({"sampling": {}}), &["model"]),
        (json!({"sampling": {"tools": {}}}), &["model", "model-with-tools"]),
        (json!({"roots": {}}), &["roots"]),
        (everything(), &tools),
    ] {
        let client = Client::open(&service, NEWEST, capabilities.clone()).await;
        for tool in tools {
            let mut call = client.call(tool).await;
            assert_eq!(call.is_stream(), asked.contains(&tool), "{tool} {capabilities}");
            if call.is_stream() {
                client.refuse(&call.question().await, 1, "").await;
                assert!(call.said().await.1);
            } else {
                assert_eq!(call.said().await, not_declared(), "{tool} {capabilities}");
            }
        }
        if capabilities == json!({}) {
            assert_eq!(client.call("model-or-not").await.said().await, ("unsupported".to_owned(), false));
        }
    }
}

#[tokio::test]
async fn questions_are_asked_one_after_the_other_or_at_once() {
    let service = serve(asking(), SessionPolicy::default());
    let client = Client::open(&service, NEWEST, everything()).await;
    let mut call = client.call("one-by-one").await;
    for count in [1, 2] {
        let question = call.question().await;
        client.answer(&question, accept(count)).await;
    }
    assert_eq!(call.said().await.0, "accepted 1, accepted 2");

    let mut call = client.call("both-at-once").await;
    let (first, second) = (call.question().await, call.question().await);
    client.answer(&second, accept(2)).await;
    client.answer(&first, accept(1)).await;
    assert_eq!(call.said().await.0, "accepted 1, accepted 2");

    // Calls that wait at the same time, and whose questions have different numbers.
    let (mut one, mut other) = (client.call("form").await, client.request_other("form").await);
    let (of_one, of_other) = (one.question().await, other.question().await);
    client.answer(&of_other, accept(4)).await;
    client.answer(&of_one, accept(3)).await;
    assert_eq!(one.said().await.0, "accepted 3");
    assert_eq!(other.said().await.0, "accepted 4");
}

#[tokio::test]
async fn prompts_and_resources_ask_too() {
    let service = serve(asking(), SessionPolicy::default());
    let client = Client::open(&service, NEWEST, everything()).await;
    for (method, params, path) in [
        ("prompts/get", json!({"name": "guests"}), "/result/messages/0/content/text"),
        ("resources/read", json!({"uri": "test://guests"}), "/result/contents/0/text"),
    ] {
        let mut call = client.request(method, params.clone()).await;
        let question = call.question().await;
        client.answer(&question, accept(2)).await;
        assert_eq!(call.end().await.pointer(path), Some(&json!("accepted 2")), "{method}");

        let mut call = client.request(method, params).await;
        let question = call.question().await;
        client.refuse(&question, -32603, "out of order").await;
        let error = &call.end().await["error"];
        assert_eq!(error["code"], -32603);
        assert!(!error.to_string().contains("out of order"), "it goes to the log: {error}");
    }
}
