//! The test kit: clients are who the test says, and everything else is as it is in the server.

#![allow(clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use http::{HeaderName, HeaderValue, header};
use mcp_tokio::{
    ApiKeys, Auth, BearerPolicy, Caller, CallerValue, Completion, CompletionInput, CompletionValues, Content,
    Context, CustomPolicy, DevIssuer, DpopPolicy, Identity, Interrupt, Introspection, Json, KeySource,
    Limits, LogLevel, Mode, NoArguments, Prompt, PromptArguments, PromptMessage, ReadRequest, Rejection,
    RequestHead, Resource, ResourceContents, ResourceTemplate, Revision, Runtime, Server, ServerBuilder,
    ServerError, ServerLimits, TokioRuntime, Tool,
    testing::{Notification, TestClient, TestKit},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const ISSUER: &str = "https://auth.example.com";
const AUDIENCE: &str = "https://mcp.example.com/mcp";

fn kit(server: ServerBuilder) -> TestKit<TokioRuntime> {
    mcp_tokio::test_kit(server).expect("a server")
}

fn server(auth: impl Into<Auth>) -> ServerBuilder {
    Server::builder("test", "1", auth).tool(Tool::new("whoami").scope("write").typed(subject))
}

/// What nobody needs a scope for.
fn open() -> ServerBuilder {
    Server::builder("test", "1", Auth::none()).tool(Tool::new("whoami").typed(subject))
}

async fn subject(_: NoArguments, caller: Option<Caller>) -> String {
    caller.map_or("nobody".to_owned(), |caller| caller.principal().subject().to_owned())
}

/// Which every server that authenticates has in these tests.
fn policy() -> mcp_tokio::BearerPolicyBuilder {
    BearerPolicy::builder(ISSUER, AUDIENCE).scope("mcp").implies("admin", "write")
}

fn who(subject: &str, scopes: &str) -> Identity {
    Identity::new(subject).scopes(scopes)
}

async fn whoami(client: &TestClient<TokioRuntime>) -> mcp_tokio::testing::Answer {
    client.call_tool("whoami", json!({})).await
}

async fn rejects(_: RequestHead) -> Result<Identity, Rejection> {
    Err(Rejection::denied())
}

/// One server of each kind that authenticates; all need `mcp`, and `admin` implies `write`.
fn protected() -> Vec<(&'static str, Auth)> {
    let custom = || CustomPolicy::builder().scope("mcp").implies("admin", "write");
    vec![
        ("keys", Auth::bearer(policy(), KeySource::discovery()).into()),
        ("introspection", Auth::bearer(policy(), Introspection::discovered().client("mcp", "s3cret")).into()),
        ("proofs", Auth::bearer(policy().dpop(DpopPolicy::required()), KeySource::discovery()).into()),
        ("application", Auth::custom(custom(), rejects)),
        ("API keys", Auth::custom(custom(), ApiKeys::new())),
    ]
}

#[tokio::test]
async fn callers_are_who_the_test_says_with_the_scopes_of_the_server() {
    for (what, auth) in protected() {
        let kit = kit(server(auth));
        for (scopes, status, needed) in [
            ("mcp write", 200, &[][..]),
            ("mcp admin", 200, &[]),
            ("mcp", 403, &["mcp", "write"]),
            ("write", 403, &["mcp"]),
            ("", 403, &["mcp"]),
        ] {
            let answer = whoami(&kit.caller(who("alice", scopes))).await;
            assert_eq!(answer.status(), status, "{what}, {scopes:?}: {answer:?}");
            assert_eq!(answer.challenged_scopes(), needed, "{what}, {scopes:?}: {answer:?}");
            assert_eq!(answer.is_error(), status != 200);
            if status == 200 {
                assert_eq!(answer.text(), "alice", "{what}");
            }
        }
        let answer = whoami(&kit.anonymous()).await;
        assert_eq!(answer.status(), 401, "{what}");
        assert_eq!(answer.error().map(|error| error.code), Some(-32000), "{what}");
        assert_eq!(answer.challenged_scopes(), ["mcp"], "{what}");
    }
}

#[tokio::test]
async fn challenges_name_the_metadata_of_the_server() {
    let kit = kit(server(Auth::bearer(policy(), KeySource::discovery())));
    let answer = whoami(&kit.anonymous()).await;
    assert_eq!(
        answer.headers()[header::WWW_AUTHENTICATE],
        "Bearer scope=\"mcp\", \
         resource_metadata=\"https://mcp.example.com/.well-known/oauth-protected-resource/mcp\""
    );
}

#[tokio::test]
async fn nothing_in_a_request_says_who_calls() {
    let issuer = DevIssuer::new(ISSUER).expect("an issuer");
    let now = TokioRuntime::new().now().unix;
    let token = issuer.token(AUDIENCE, now).subject("mallory").scope("mcp admin").sign();
    let bearer = HeaderValue::try_from(format!("Bearer {token}")).expect("a field value");
    let kit = kit(server(Auth::bearer(policy(), issuer.keys())));

    let nobody = whoami(&kit.anonymous().header(header::AUTHORIZATION, bearer.clone())).await;
    assert_eq!(nobody.status(), 401, "a token that the server itself would take");
    let alice = kit.caller(who("alice", "mcp write")).header(header::AUTHORIZATION, bearer.clone());
    assert_eq!(whoami(&alice).await.text(), "alice");
    let bob = kit.caller(who("bob", "mcp")).header(header::AUTHORIZATION, bearer);
    assert_eq!(whoami(&bob).await.status(), 403);
    let forged = json!({"caller": "mallory", "subject": "mallory"});
    assert_eq!(alice.meta("subject", "mallory").call_tool("whoami", forged).await.text(), "alice");
}

#[tokio::test]
async fn callers_that_a_server_does_not_let_in_are_not_let_in() {
    let kit = kit(server(Auth::bearer(policy(), KeySource::discovery())));
    let now = TokioRuntime::new().now().unix;
    for (identity, status) in [
        (who("alice", "mcp write").expires(now), 401),
        (who("", "mcp write"), 401),
        (who("alice", "mcp write").issuer(""), 401),
        (who("alice", "mcp write").issuer("https://other.example"), 200),
    ] {
        assert_eq!(whoami(&kit.caller(identity.clone())).await.status(), status, "{identity:?}");
    }
}

#[tokio::test]
async fn a_server_without_authentication_stays_one() {
    let kit = kit(open());
    assert_eq!(whoami(&kit.anonymous()).await.text(), "nobody");
    assert_eq!(whoami(&kit.caller(who("alice", ""))).await.text(), "nobody");
}

#[test]
fn what_cannot_be_built_cannot_be_tested() {
    let dpop = HeaderName::from_static("dpop");
    let key = HeaderName::from_static("x-api-key");
    let mine = || Tool::new("mine").typed(async |_: NoArguments, _: Caller| "");
    let proofs = || Auth::bearer(policy().dpop(DpopPolicy::allowed()), KeySource::discovery());
    let without_keys = policy().issuer(mcp_tokio::IssuerPolicy::new("https://other.example", AUDIENCE));
    for (server, error) in [
        (server(proofs()).expose_header(dpop.clone()), ServerError::ExposedCredentials(dpop)),
        (
            server(Auth::api_keys(ApiKeys::new())).expose_header(key.clone()),
            ServerError::ExposedCredentials(key),
        ),
        (open().tool(mine()), ServerError::NeedsCaller("mine".into())),
        (server(Auth::bearer(without_keys, KeySource::discovery())), ServerError::IssuerWithoutSource),
    ] {
        assert_eq!(mcp_tokio::test_kit(server).err(), Some(error));
    }
}

#[tokio::test]
async fn handlers_get_the_value_of_their_caller() {
    struct User {
        notes: &'static str,
    }
    let notes = Tool::new("notes").typed(async |_: NoArguments, user: CallerValue<User>| user.0.notes);
    let kit = kit(Server::builder("test", "1", Auth::verifier(rejects)).tool(notes));
    let alice = kit.caller(Identity::new("alice").value(User { notes: "buy milk" }));
    assert_eq!(alice.call_tool("notes", json!({})).await.text(), "buy milk");
    let answer = kit.caller(Identity::new("bob")).call_tool("notes", json!({})).await;
    assert_eq!(answer.error().map(|error| error.code), Some(-32603), "no value, no call");
}

/// Tells two things about itself and ends.
fn talkative() -> Tool {
    Tool::new("talkative").typed(async |_: NoArguments, cx: Context| {
        cx.progress(1.0, Some(2.0)).await;
        cx.log_as(Some("disk"), LogLevel::Warning, json!({"free": 3})).await;
        cx.log(LogLevel::Debug, "nearly there").await;
        cx.progress_with(2.0, None, "done").await;
        "done"
    })
}

#[tokio::test]
async fn what_handlers_tell_is_there_in_order_as_far_as_it_was_asked_for() {
    let kit = kit(open().tool(talkative()));
    let first = Notification::Progress { progress: 1.0, total: Some(2.0), message: None };
    let last = Notification::Progress { progress: 2.0, total: None, message: Some("done".into()) };
    let warning =
        Notification::Log { level: LogLevel::Warning, logger: Some("disk".into()), data: json!({"free": 3}) };
    let debug = Notification::Log { level: LogLevel::Debug, logger: None, data: json!("nearly there") };
    let client = kit.anonymous();
    for (client, expected) in [
        (client.clone(), vec![first.clone(), last.clone()]),
        (client.clone().without_progress(), vec![]),
        (client.clone().without_progress().log_level(LogLevel::Info), vec![warning.clone()]),
        (client.log_level(LogLevel::Debug), vec![first, warning, debug, last]),
    ] {
        let answer = client.call_tool("talkative", json!({})).await;
        assert_eq!(answer.notifications(), expected, "{client:?}");
        assert_eq!(answer.text(), "done");
    }
}

#[tokio::test]
async fn clients_of_every_revision_are_served() {
    let builder = || server(Auth::bearer(policy(), KeySource::discovery())).tool(talkative());
    let everybody = kit(builder());
    let modern_only = kit(builder().mode(Mode::ModernOnly));
    for revision in Revision::LEGACY {
        let client = everybody.caller(who("alice", "mcp write")).revision(revision);
        assert_eq!(whoami(&client).await.text(), "alice", "{revision:?}");
        let told = client.call_tool("talkative", json!({})).await;
        // Without a session the server tells them from info on.
        assert_eq!(told.notifications().len(), 3, "{revision:?}: {told:?}");
        assert_eq!(told.text(), "done");
        assert_eq!(told.result().get("resultType"), None, "what only 2026-07-28 has");
        let unsound = client.request("tools/call", json!({"name": "whoami", "_meta": 7})).await;
        assert_eq!(unsound.error().map(|error| error.code), Some(-32602));
        let refused = whoami(&everybody.caller(who("bob", "mcp")).revision(revision)).await;
        assert_eq!(refused.challenged_scopes(), ["mcp", "write"], "{revision:?}");
        let unserved = whoami(&modern_only.caller(who("alice", "mcp write")).revision(revision)).await;
        assert_eq!(unserved.error().map(|error| error.code), Some(-32022), "{revision:?}");
    }
}

#[tokio::test]
async fn an_error_after_the_handler_has_begun_to_talk_is_the_answer() {
    let late = Tool::new("late").typed(async |_: NoArguments, cx: Context| -> Result<&str, Interrupt> {
        cx.progress(1.0, None).await;
        cx.require("more")?;
        Ok("done")
    });
    let kit = kit(server(Auth::bearer(policy(), KeySource::discovery())).tool(late));
    let answer = kit.caller(who("alice", "mcp")).call_tool("late", json!({})).await;
    assert_eq!((answer.status().as_u16(), answer.notifications().len()), (200, 1));
    assert_eq!(answer.error().map(|error| error.code), Some(-32600));
    assert!(answer.is_error());
}

/// Notes that it was dropped.
struct Noted(Arc<AtomicBool>);

impl Drop for Noted {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Never ends, neither before it has told the client something nor after; and its context, while it runs.
fn endless(talks: bool, dropped: &Arc<AtomicBool>, context: &Arc<Mutex<Option<Context>>>) -> Tool {
    let (dropped, context) = (Arc::clone(dropped), Arc::clone(context));
    Tool::new("endless").typed(move |_: NoArguments, cx: Context| {
        let noted = Noted(Arc::clone(&dropped));
        *context.lock().expect("no panic") = Some(cx.clone());
        async move {
            if talks {
                cx.progress(1.0, None).await;
            }
            pending::<()>().await;
            drop(noted);
        }
    })
}

#[tokio::test]
async fn dropping_a_call_cancels_its_handler() {
    for talks in [false, true] {
        let (dropped, context) = (Arc::default(), Arc::default());
        let kit = kit(open().tool(endless(talks, &dropped, &context)));
        let mut call = kit.anonymous().call_tool("endless", json!({}));
        assert!(context.lock().expect("no panic").is_none(), "nothing runs before somebody waits");
        tokio::select! {
            biased;
            answer = &mut call => assert!(answer.is_error(), "it never ends"),
            () = tokio::task::yield_now() => {}
        }
        let cx = context.lock().expect("no panic").take().expect("the handler runs");
        assert!(!dropped.load(Ordering::SeqCst) && !cx.is_cancelled(), "talks: {talks}");
        drop(call);
        assert!(dropped.load(Ordering::SeqCst) && cx.is_cancelled(), "talks: {talks}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_sleeps_takes_no_time_where_time_is_paused() {
    let slow = Tool::new("slow").typed(async |_: NoArguments, cx: Context| {
        cx.sleep(std::time::Duration::from_secs(20)).await;
        "done"
    });
    let kit = kit(open().tool(slow));
    assert_eq!(kit.anonymous().call_tool("slow", json!({})).await.text(), "done");
}

#[tokio::test]
async fn the_places_of_a_principal_are_counted_over_all_clients() {
    let limits = |calls, calls_per_principal| {
        let mut limits = ServerLimits::default();
        (limits.calls, limits.calls_per_principal) = (calls, calls_per_principal);
        limits
    };
    for (limits, alice_again, bob) in [(limits(9, 1), 503, 200), (limits(1, 9), 503, 503)] {
        let (dropped, context) = (Arc::default(), Arc::default());
        let builder = server(Auth::bearer(policy(), KeySource::discovery()));
        let kit = kit(builder.limits(limits).tool(endless(true, &dropped, &context)));
        let mut running = kit.caller(who("alice", "mcp")).call_tool("endless", json!({}));
        tokio::select! {
            biased;
            answer = &mut running => assert!(answer.is_error(), "it never ends"),
            () = tokio::task::yield_now() => {}
        }
        for (subject, status) in [("alice", alice_again), ("bob", bob)] {
            let answer = whoami(&kit.caller(who(subject, "mcp write"))).await;
            assert_eq!(answer.status(), status, "{subject}");
        }
        drop(running);
        assert_eq!(whoami(&kit.caller(who("alice", "mcp write"))).await.text(), "alice");
    }
}

#[tokio::test]
async fn bounds_filters_exposed_headers_and_records_are_those_of_the_server() {
    let records = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&records);
    let mut limits = Limits::default();
    limits.body_bytes_max = 1_000;
    let trace = HeaderName::from_static("x-trace");
    let traced = Tool::new("traced").typed(async |_: NoArguments, cx: Context| {
        let seen = cx.header(&HeaderName::from_static("x-trace")).and_then(|value| value.to_str().ok());
        format!("{seen:?} {}", cx.client().meta("traceparent").unwrap_or_default())
    });
    let kit = kit(server(Auth::bearer(policy(), KeySource::discovery()))
        .tool(traced)
        .core_limits(limits)
        .path("/elsewhere")
        .expose_header(trace.clone())
        .list_filter(|viewer, item| {
            viewer.principal().is_some_and(|who| who.subject() == "alice" || item.name == "traced")
        })
        .audit(move |event| {
            let who = event.principal().map(|who| who.subject().to_owned());
            recorded.lock().expect("no panic").push((who, event.target().map(str::to_owned), event.rule()));
        }));
    let (alice, bob) = (kit.caller(who("alice", "mcp write")), kit.caller(who("bob", "mcp write")));

    assert_eq!(alice.list_tools().await.names(), ["whoami", "traced"]);
    assert_eq!(bob.list_tools().await.names(), ["traced"]);
    let client = bob.clone().header(trace, HeaderValue::from_static("t1")).meta("traceparent", "00-1");
    assert_eq!(client.call_tool("traced", json!({})).await.text(), "Some(\"t1\") \"00-1\"");
    let large = bob.call_tool("traced", json!({"pad": "x".repeat(1_000)})).await;
    assert_eq!(large.status(), 413);
    let foreign = bob.header(header::HOST, HeaderValue::from_static("evil.example")).list_tools().await;
    assert_eq!(foreign.status(), 403);

    let bob = || Some("bob".to_owned());
    let expected = [
        (Some("alice".to_owned()), None, None),
        (bob(), None, None),
        (bob(), Some("traced".to_owned()), None),
        (bob(), None, Some("body_too_large")),
        (None, None, Some("host_not_allowed")),
    ];
    assert_eq!(*records.lock().expect("no panic"), expected);
}

#[tokio::test]
async fn lists_have_all_pages() {
    let mut limits = Limits::default();
    limits.page_items = 2;
    let names = ["a", "b", "c", "d", "e"];
    let tool = |name: &str| Tool::new(name).typed(async |_: NoArguments| "");
    let builder = Server::builder("test", "1", Auth::none()).core_limits(limits);
    let kit = kit(names.iter().fold(builder, |builder, name| builder.tool(tool(name))));
    let client = kit.anonymous();
    let all = client.list_tools().await;
    assert_eq!(all.names(), names);
    assert_eq!(all.result().get("nextCursor"), None);
    assert_eq!(client.request("tools/list", json!({})).await.names(), ["a", "b"], "one page");
    assert_eq!(client.list_prompts().await.error().map(|error| error.code), Some(-32601));
}

#[tokio::test]
async fn what_a_client_repeats_in_header_fields_is_there_whatever_it_says() {
    let schema = json!({"type": "object", "properties": {
        "region": {"type": "string", "x-mcp-header": "Region"},
        "page": {"type": "object", "properties": {"number": {"type": "integer", "x-mcp-header": "Page"}}},
        "dry": {"type": "boolean", "x-mcp-header": "Dry-Run"},
    }});
    let echo = async |value: Value, _: Context| value.to_string();
    let read =
        async |read: ReadRequest| Ok::<_, Interrupt>(ResourceContents::text(read.uri.clone(), read.uri));
    let name = async |_: PromptArguments, _: Context| {
        Ok::<_, Interrupt>(PromptMessage::user(Content::text("not decoded")))
    };
    let kit = kit(open()
        .tool(Tool::new("echo").raw_unchecked(schema, echo))
        .resource(Resource::new("note://gr\u{fc}n", "green").handler(read))
        .prompt(Prompt::new("=?base64?bm90ZQ==?=").handler(name)));
    let client = kit.anonymous();
    for arguments in [
        json!({}),
        json!({"region": null, "dry": true}),
        json!({"region": "eu west", "page": {"number": 7}, "dry": false}),
        json!({"region": "", "page": {"number": -9_007_199_254_740_991_i64}}),
        json!({"region": " padded "}),
        json!({"region": "tab\there"}),
        json!({"region": "M\u{fc}nchen"}),
        json!({"region": "line\r\nbreak"}),
        json!({"region": "=?base64?cGxhaW4=?="}),
        json!({"region": "=?base64?"}),
    ] {
        let answer = client.call_tool("echo", arguments.clone()).await;
        assert_eq!(serde_json::from_str::<Value>(&answer.text()).expect("JSON"), arguments);
    }
    assert_eq!(client.read_resource("note://gr\u{fc}n").await.text(), "note://gr\u{fc}n");
    assert_eq!(client.get_prompt("=?base64?bm90ZQ==?=", json!({})).await.text(), "not decoded");
    let wrong = client.header(HeaderName::from_static("mcp-param-region"), HeaderValue::from_static("us"));
    let answer = wrong.call_tool("echo", json!({"region": "eu"})).await;
    assert_eq!(answer.error().map(|error| error.code), Some(-32020));
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Sum {
    sum: i64,
}

#[tokio::test]
async fn answers_are_read_as_what_they_are() {
    #[derive(Deserialize, JsonSchema)]
    struct Add {
        a: i64,
        b: i64,
    }
    let add = Tool::new("add").typed(async |add: Add| Json(Sum { sum: add.a + add.b }));
    let prompt = Prompt::new("greet").required("name", "whom").handler(
        async |arguments: PromptArguments, _: Context| {
            let name = arguments.get("name").cloned().unwrap_or_default();
            Ok::<_, Interrupt>(PromptMessage::user(Content::text(format!("Greet {name}"))))
        },
    );
    let complete = async |input: CompletionInput, _: Context| {
        let known = ["ada", "alan", "grace"].into_iter().filter(|name| name.starts_with(&input.value));
        Ok::<CompletionValues, Interrupt>(known.collect())
    };
    let read = async |read: ReadRequest| {
        let path = read.variables.get("path").map(str::to_owned);
        let path = path.filter(|path| path != "none").ok_or_else(Interrupt::not_found)?;
        Ok::<_, Interrupt>(ResourceContents::text(read.uri, path))
    };
    let kit = kit(Server::builder("test", "1", Auth::none())
        .tool(add)
        .prompt(prompt)
        .resource(Resource::text("file:///a", "a", "text/plain", "the text of a"))
        .template(ResourceTemplate::new("file:///x/{path}", "x").handler(read))
        .completion(Completion::of_prompt("greet", complete))
        .completion(Completion::of_template("file:///x/{path}", complete)));
    let client = kit.anonymous();

    let sum = client.call_tool("add", json!({"a": 1, "b": 2})).await;
    assert_eq!(sum.structured::<Sum>(), Sum { sum: 3 });
    assert_eq!((sum.text().as_str(), sum.is_error()), (r#"{"sum":3}"#, false));
    let misfit = client.call_tool("add", json!({"a": 1})).await;
    assert_eq!((misfit.status().as_u16(), misfit.is_error(), misfit.error()), (200, true, None));
    assert_eq!(misfit.text(), "Invalid arguments: missing field `b` at line 1 column 7");

    assert_eq!(client.get_prompt("greet", json!({"name": "Ada"})).await.text(), "Greet Ada");
    let missing = client.get_prompt("greet", json!({})).await;
    assert_eq!(missing.error().map(|error| error.code), Some(-32602));

    assert_eq!(client.read_resource("file:///a").await.text(), "the text of a");
    assert_eq!(client.read_resource("file:///x/y").await.text(), "y");
    let unknown = client.read_resource("file:///x/none").await;
    let error = unknown.error().expect("an error");
    assert_eq!((error.code, error.data), (-32602, Some(&json!({"uri": "file:///x/none"}))));

    assert_eq!(client.complete_prompt("greet", "name", "a").await.values(), ["ada", "alan"]);
    assert_eq!(client.complete_template("file:///x/{path}", "path", "g").await.values(), ["grace"]);
    assert_eq!(client.list_prompts().await.names(), ["greet"]);
    assert_eq!(client.list_resources().await.names(), ["file:///a"]);
    assert_eq!(client.list_resource_templates().await.names(), ["file:///x/{path}"]);
}

#[tokio::test]
async fn a_client_says_what_it_is_told_to_about_itself() {
    let tool =
        Tool::new("sampling").typed(async |_: NoArguments, cx: Context| -> Result<String, Interrupt> {
            cx.require_client(&["sampling"])?;
            Ok(cx.client().revision().as_str().to_owned())
        });
    let kit = kit(open().tool(tool));
    let lacking = kit.anonymous().call_tool("sampling", json!({})).await;
    assert_eq!((lacking.status().as_u16(), lacking.error().map(|error| error.code)), (400, Some(-32021)));
    let able = kit.anonymous().capabilities(json!({"sampling": {}})).revision(Revision::V2026_07_28);
    assert_eq!(able.call_tool("sampling", json!({})).await.text(), "2026-07-28");
    let unsound = kit.anonymous().request("tools/call", json!({"name": "sampling", "_meta": 7})).await;
    assert_eq!(unsound.error().map(|error| error.code), Some(-32602), "what a test says stays");
}

#[tokio::test]
async fn a_call_can_run_beside_the_test() {
    let kit = kit(open().tool(talkative()));
    let client = kit.anonymous();
    let calls: BTreeMap<_, _> =
        (0..8).map(|n| (n, tokio::spawn(client.call_tool("talkative", json!({}))))).collect();
    drop((kit, client));
    for (n, call) in calls {
        assert_eq!(call.await.expect("no panic").notifications().len(), 2, "{n}");
    }
}

/// Handlers that are given nothing but a context find the caller's value in it.
#[tokio::test]
async fn a_context_has_the_value_of_its_caller() {
    let prompt = Prompt::new("mine").handler(async |_: PromptArguments, cx: Context| {
        let CallerValue(name) = cx.value::<String>()?;
        Ok::<_, Interrupt>(PromptMessage::user(Content::text(name.as_str())))
    });
    let kit = kit(Server::builder("test", "1", Auth::verifier(rejects)).prompt(prompt));
    let alice = kit.caller(Identity::new("alice").value(String::from("Alice")));
    assert_eq!(alice.get_prompt("mine", json!({})).await.text(), "Alice");
    for identity in [Identity::new("bob"), Identity::new("carol").value(7_u32)] {
        let answer = kit.caller(identity.clone()).get_prompt("mine", json!({})).await;
        assert_eq!(answer.error().map(|error| error.code), Some(-32603), "{identity:?}");
    }
}

/// What a type's schema says beyond the type is checked, in both ways of telling.
#[tokio::test]
async fn bounds_of_typed_arguments_are_checked() {
    #[derive(Deserialize, JsonSchema)]
    struct Steps {
        #[schemars(range(min = 1, max = 10))]
        steps: u64,
    }

    let walk = Tool::new("walk").typed(async |walk: Steps| walk.steps.to_string());
    let kit = kit(open().tool(walk));
    for (steps, fits) in [(0, false), (1, true), (10, true), (11, false)] {
        let newer = kit.anonymous().call_tool("walk", json!({"steps": steps})).await;
        assert_eq!(newer.is_error(), !fits, "{steps}");
        assert_eq!(newer.error(), None, "the model is told");
        let older = kit.anonymous().revision(Revision::V2025_06_18);
        let older = older.call_tool("walk", json!({"steps": steps})).await;
        assert_eq!(older.error().map(|error| error.code), (!fits).then_some(-32602), "{steps}");
    }
}
