//! Who may do and see what: judged anew with each request.

use mcp_tokio::{
    Auth, Caller, CallerValue, Catalog, Completion, CompletionInput, CompletionValues, Content, Context,
    Identity, Interrupt, NoArguments, Prompt, PromptArguments, PromptMessage, ReadRequest, Rejection,
    RequestHead, Resource, ResourceContents, ResourceTemplate, Server, Tool,
};
use serde_json::{Value, json};

use crate::{
    answer::{names, said_by_tool},
    request::{call, modern, older},
    served::{Served, authenticate, open_server, server},
};

const SESSION: &str = "6f1c0a3e-0c3e-4b1a-9a58-2f2f5a0f7c11";

/// Better: D1.
#[tokio::test]
async fn row_30_a_session_id_lends_nobody_the_rights_of_another() {
    let served = Served::guarded().await;
    let secret = call("secret").field("Mcp-Session-Id", SESSION);
    let mut connection = served.connect().await;
    for _ in 0..2 {
        let answer = connection.exchange(&secret.clone().token("admin")).await;
        assert_eq!(answer.said(), (200, said_by_tool(1, "secret")));
        let answer = connection.exchange(&secret.clone().token("good")).await;
        assert_eq!(answer.status(), 403);
    }
}

/// Better: D5.
#[tokio::test]
async fn row_d5_a_rule_holds_for_whoever_has_no_rights() {
    let anybody = async |_: RequestHead| Ok::<_, Rejection>(Identity::new("anonymous"));
    let served = Served::start(server(Auth::verifier(anybody)).list_by_scope()).await;
    assert_eq!(served.answer(&call("secret")).await.status(), 403);
    let listed = served.answer(&older("tools/list", &json!({}))).await.json();
    assert_eq!(names(&listed), ["echo", "whoami"]);
    // Who needs to know the caller, or something of them, cannot be served by a server that knows nobody.
    let mine = Tool::new("mine").typed(async |_: NoArguments, _: Caller| "mine");
    let rule = Tool::new("ruled").scope("admin").typed(async |_: NoArguments| "ruled");
    for tool in [mine, rule] {
        assert!(Server::builder("open", "1", Auth::none()).tool(tool).build().is_err());
    }
    let asks = Tool::new("asks").typed(async |_: NoArguments, context: Context| {
        context.require("admin")?;
        Ok::<_, Interrupt>("asked")
    });
    let answer = Served::start(open_server().tool(asks)).await.answer(&call("asks")).await;
    assert_eq!(answer.status(), 403);
}

/// Better: D18.
#[tokio::test]
async fn row_d18_a_tool_is_given_no_session_id_that_a_client_made_up() {
    let asks = Tool::new("asks").typed(async |_: NoArguments, context: Context| {
        let name = "mcp-session-id".parse().expect("a name");
        context.header(&name).map_or("none".to_owned(), |value| format!("{value:?}"))
    });
    let served = Served::start(open_server().tool(asks)).await;
    let answer = served.answer(&call("asks").field("Mcp-Session-Id", "spoofed")).await;
    assert_eq!(answer.said(), (200, said_by_tool(1, "none")));
    // What a server with sessions tells its tools has nothing to do with what a client sent either.
    let asks = Tool::new("asks").typed(async |_: NoArguments, context: Context| {
        context.session().map_or("none".to_owned(), |session| session.key().to_owned())
    });
    let stateless = Served::start(open_server().tool(asks)).await;
    let answer = stateless.answer(&call("asks").field("Mcp-Session-Id", "spoofed")).await;
    assert_eq!(answer.said(), (200, said_by_tool(1, "none")));
}

/// Same.
#[tokio::test]
async fn row_s4_two_clients_at_once_are_each_themselves() {
    let served = Served::guarded().await;
    let (mut one, mut other) = (served.connect().await, served.connect().await);
    let (good, admin) = (call("whoami").token("good"), call("whoami").token("admin"));
    for _ in 0..20 {
        let (one, other) = tokio::join!(one.exchange(&good), other.exchange(&admin));
        assert_eq!(one.json(), said_by_tool(1, "user-1"));
        assert_eq!(other.json(), said_by_tool(1, "user-0"));
    }
}

/// What the application knows of a caller.
struct User {
    team: &'static str,
}

async fn with_team(head: RequestHead) -> Result<Identity, Rejection> {
    Ok(authenticate(head).await?.value(User { team: "blue" }))
}

fn subject(context: &Context) -> String {
    context.principal().map_or_else(String::new, |caller| caller.subject().to_owned())
}

async fn read(request: ReadRequest) -> Result<ResourceContents, Interrupt> {
    let reader = subject(&request.context);
    Ok(ResourceContents::text(request.uri, reader))
}

async fn fill_in(_: PromptArguments, context: Context) -> Result<PromptMessage, Interrupt> {
    Ok(PromptMessage::user(Content::text(subject(&context))))
}

async fn complete(_: CompletionInput, context: Context) -> Result<CompletionValues, Interrupt> {
    Ok([subject(&context)].into_iter().collect())
}

/// Same.
#[tokio::test]
async fn row_s5_the_caller_reaches_every_handler() {
    let catalog = Catalog::new()
        .tool(Tool::new("team").typed(async |_: NoArguments, user: CallerValue<User>| user.0.team))
        .resource(Resource::new("note://mine", "mine").handler(read))
        .template(ResourceTemplate::new("note://of/{day}", "of a day").handler(read))
        .prompt(Prompt::new("greet").optional("how", "How").handler(fill_in))
        .completion(Completion::of_prompt("greet", complete));
    let served = Served::start(server(Auth::verifier(with_team)).catalog(catalog)).await;
    let reference = json!({"type": "ref/prompt", "name": "greet"});
    let argument = json!({"name": "how", "value": ""});
    let table = [
        ("tools/call", json!({"name": "team", "arguments": {}}), "/content/0/text", "blue"),
        ("resources/read", json!({"uri": "note://mine"}), "/contents/0/text", "user-1"),
        ("resources/read", json!({"uri": "note://of/monday"}), "/contents/0/text", "user-1"),
        ("prompts/get", json!({"name": "greet"}), "/messages/0/content/text", "user-1"),
        (
            "completion/complete",
            json!({"ref": reference, "argument": argument}),
            "/completion/values/0",
            "user-1",
        ),
    ];
    for (method, params, place, expected) in table {
        let name = params.get("name").or(params.get("uri")).and_then(Value::as_str);
        let mut asked = modern(method, &params).token("good");
        if let Some(name) = name {
            asked = asked.field("Mcp-Name", name);
        }
        for request in [asked, older(method, &params).token("good")] {
            let body = served.answer(&request).await.json();
            assert_eq!(body["result"].pointer(place), Some(&json!(expected)), "{method} {body}");
        }
    }
}

/// Better: D5.
#[tokio::test]
async fn row_s6_whoever_may_not_use_a_tool_need_not_see_it() {
    let list = older("tools/list", &json!({}));
    let served = Served::start(server(Auth::verifier(authenticate)).list_by_scope()).await;
    for (token, expected) in [("good", &["echo", "whoami"][..]), ("admin", &["echo", "whoami", "secret"])] {
        let listed = served.answer(&list.clone().token(token)).await.json();
        assert_eq!(names(&listed), expected, "{token}");
    }
    // As the seed did, the server may also show everything and ask when it is used.
    let listed = Served::guarded().await.answer(&list.token("good")).await.json();
    assert_eq!(names(&listed), ["echo", "whoami", "secret"]);
}
