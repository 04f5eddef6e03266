//! What handlers are given and what becomes of what they return, without sockets.

#![allow(clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use http::{HeaderName, HeaderValue, StatusCode, header};
use mcp_tests::asking::Ask;
use mcp_tokio::{
    Auth, BearerPolicy, Caller, Catalog, Context, DevIssuer, Identity, Interrupt, Json, KeySource, Limits,
    NoArguments, ReadRequest, Resource, ResourceContents, ResourceTemplate, Runtime, Server, ServerBuilder,
    ServerError, Service, TokioRuntime, Tool,
    proto::BuildError,
    testing::{TestClient, TestKit},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const ISSUER: &str = "http://localhost:1";
const AUDIENCE: &str = "http://localhost/mcp";

fn open() -> ServerBuilder {
    Server::builder("test", "1", Auth::none())
}

/// A server with the scope `mcp` for everybody.
fn closed(keys: KeySource) -> ServerBuilder {
    let policy = BearerPolicy::builder(ISSUER, AUDIENCE).scope("mcp").implies("admin", "write");
    Server::builder("test", "1", Auth::bearer(policy, keys))
}

/// A client of a server that authenticates nobody.
fn client(server: ServerBuilder) -> TestClient<TokioRuntime> {
    kit(server).anonymous()
}

fn kit(server: ServerBuilder) -> TestKit<TokioRuntime> {
    mcp_tokio::test_kit(server).expect("a server")
}

#[derive(Deserialize, JsonSchema)]
struct Inner {
    depth: u8,
}

#[derive(Deserialize, JsonSchema)]
struct Outer {
    /// the first
    first: Inner,
    second: Option<Inner>,
}

#[derive(Serialize, JsonSchema)]
struct Sum {
    sum: u32,
}

fn nested() -> Tool {
    Tool::new("nested").typed(async |outer: Outer| {
        let second = outer.second.map_or(0, |inner| u32::from(inner.depth));
        Json(Sum { sum: u32::from(outer.first.depth) + second })
    })
}

#[tokio::test]
async fn schemas_come_from_types_inlined_and_always_the_same() {
    let client = client(open().tool(nested()).tool(Tool::new("none").typed(async |_: NoArguments| "")));
    let listed = client.list_tools().await;
    let tools = &listed.result()["tools"];
    let schema = &tools[0]["inputSchema"];
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["properties"]["first"]["properties"]["depth"]["type"], "integer");
    assert_eq!(schema["properties"]["first"]["description"], "the first");
    assert_eq!(schema["required"], json!(["first"]));
    assert!(!schema.to_string().contains("$ref"), "{schema}");
    assert!(schema.get("title").is_none(), "{schema}");
    assert_eq!(tools[0]["outputSchema"]["properties"]["sum"]["type"], "integer");
    assert_eq!(tools[1]["inputSchema"]["type"], "object");
    assert_eq!(tools[1]["inputSchema"]["properties"], json!({}));
    assert!(tools[1]["inputSchema"].get("description").is_none());
    assert_eq!(client.list_tools().await.result(), listed.result());
}

#[tokio::test]
async fn structured_results_are_sent_as_json_and_as_text() {
    let arguments = json!({"first": {"depth": 1}, "second": {"depth": 2}});
    let answer = client(open().tool(nested())).call_tool("nested", arguments).await;
    assert_eq!(answer.result()["structuredContent"], json!({"sum": 3}));
    assert_eq!(answer.text(), r#"{"sum":3}"#);
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_told_to_the_model() {
    let client = client(open().tool(nested()));
    for arguments in [json!({}), json!({"first": 1}), json!({"first": {"depth": 300}})] {
        let answer = client.call_tool("nested", arguments.clone()).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.result()["isError"], true, "{arguments}");
        assert!(answer.text().starts_with("Invalid arguments: "), "{}", answer.text());
    }
}

fn raw(schema: Value) -> Result<Tool, mcp_tokio::schema::SchemaError> {
    Tool::new("raw").raw(schema, async |value: Value, _: Context| value.to_string())
}

#[tokio::test]
async fn raw_arguments_are_checked_against_their_schema() {
    let schema = json!({
        "type": "object",
        "properties": {"port": {"type": "integer", "maximum": 65535}, "mail": {"format": "email"}},
        "required": ["port"],
        "additionalProperties": false,
    });
    let client = client(open().tool(raw(schema).expect("a schema")));
    let good = json!({"port": 80, "mail": "format is not asserted"});
    let answer = client.call_tool("raw", good.clone()).await;
    assert_eq!(serde_json::from_str::<Value>(&answer.text()).expect("JSON"), good);
    for bad in [json!({}), json!({"port": 65536}), json!({"port": 1, "other": 2}), json!({"port": "1"})] {
        let answer = client.call_tool("raw", bad.clone()).await;
        assert_eq!(answer.result()["isError"], true, "{bad}");
    }
}

#[test]
fn schemas_that_reach_out_or_backtrack_are_refused() {
    for schema in [
        json!({"type": "object", "$ref": "https://example.com/schema.json"}),
        json!({"type": "object", "$ref": "file:///etc/passwd"}),
        json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/missing"}}}),
        json!({"type": "object", "properties": {"a": {"pattern": "(?=a)b"}}}),
        json!({"type": "objekt"}),
    ] {
        assert!(raw(schema.clone()).is_err(), "{schema}");
    }
}

#[tokio::test]
async fn the_text_of_an_error_stays_here_unless_it_is_meant_for_the_model() {
    let hidden = Tool::new("hidden").typed(async |_: NoArguments| -> Result<String, Interrupt> {
        Ok(std::fs::read_to_string("/no/such/secret/file")?)
    });
    let told = Tool::new("told").typed(async |_: NoArguments| -> Result<String, Interrupt> {
        Err(Interrupt::tool("ask for something else"))
    });
    let client = client(open().tool(hidden).tool(told));
    let answer = client.call_tool("hidden", json!({})).await;
    assert_eq!((answer.status(), &answer.result()["isError"]), (StatusCode::OK, &json!(true)));
    assert_eq!(answer.text(), "The tool failed");
    let answer = client.call_tool("told", json!({})).await;
    assert_eq!(
        (answer.text().as_str(), &answer.result()["isError"]),
        ("ask for something else", &json!(true))
    );
}

/// Demands the scope that its argument names, after it has told its progress or before.
fn demanding() -> Tool {
    #[derive(Deserialize, JsonSchema)]
    struct Demand {
        scope: String,
        late: bool,
    }
    Tool::new("demanding").scope("write").typed(
        async |demand: Demand, cx: Context| -> Result<&str, Interrupt> {
            if demand.late {
                cx.progress(1.0, None).await;
            }
            cx.require(&demand.scope)?;
            Ok("done")
        },
    )
}

#[tokio::test]
async fn a_scope_that_depends_on_the_arguments_is_demanded_by_status_or_in_the_stream() {
    let kit = kit(closed(KeySource::discovery()).tool(demanding()));
    let demand = |granted: &str, scope: &str, late: bool| {
        let client = kit.caller(Identity::new("alice").scopes(granted));
        client.call_tool("demanding", json!({"scope": scope, "late": late}))
    };

    assert_eq!(demand("mcp write delete", "delete", false).await.text(), "done");
    assert_eq!(demand("mcp admin", "write", false).await.text(), "done", "admin implies write");

    let early = demand("mcp write", "delete", false).await;
    assert_eq!(early.status(), 403);
    let challenge = early.headers()[header::WWW_AUTHENTICATE].to_str().expect("ASCII");
    assert!(challenge.contains(r#"error="insufficient_scope""#), "{challenge}");
    assert!(challenge.contains(r#"scope="mcp write delete""#), "all that the call needs: {challenge}");

    let late = demand("mcp write", "delete", true).await;
    assert_eq!(late.status(), 200);
    assert_eq!(late.headers().get(header::WWW_AUTHENTICATE), None);
    assert_eq!(late.headers()[header::CONTENT_TYPE], "text/event-stream");
    assert_eq!(late.error().map(|error| error.code), Some(-32600));
}

#[tokio::test]
async fn a_client_cannot_supply_the_caller() {
    let issuer = DevIssuer::new(ISSUER).expect("an issuer");
    let whoami = Tool::new("whoami")
        .typed(async |_: NoArguments, caller: Caller| caller.principal().subject().to_owned());
    let server = closed(issuer.keys()).tool(whoami).build().expect("a server");
    let service = Service::start(server, TokioRuntime::new(), None).expect("given keys");
    let token = issuer.token(AUDIENCE, TokioRuntime::new().now().unix).subject("alice").scope("mcp").sign();
    let forged = json!({"caller": "mallory", "subject": "mallory", "principal": {"subject": "mallory"}});
    let ask = Ask::call_with("whoami", &forged).meta("caller", "mallory").meta("subject", "mallory");
    assert_eq!(ask.bearer(&token).send(&service).await.text(), "alice");
}

#[test]
fn a_server_without_authentication_has_no_handler_that_takes_the_caller() {
    let takes_caller = || Tool::new("mine").typed(async |_: NoArguments, _: Caller| "");
    let may_take = || Tool::new("anyone's").typed(async |_: NoArguments, _: Option<Caller>| "");
    assert_eq!(open().tool(takes_caller()).build().err(), Some(ServerError::NeedsCaller("mine".into())));
    assert_eq!(
        open().tool(may_take()).build().err(),
        Some(ServerError::Build(BuildError::ToolName("anyone's".into())))
    );
    let server = open().build().expect("a server");
    let replaced = server.replace(Catalog::new().tool(takes_caller()));
    assert_eq!(replaced, Err(ServerError::NeedsCaller("mine".into())));
}

#[test]
fn an_open_server_is_started_beyond_loopback_only_in_so_many_words() {
    let everywhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let server = open().build().expect("a server");
    assert_eq!(server.check_address(Ipv4Addr::LOCALHOST.into()), Ok(()));
    assert_eq!(server.check_address(everywhere), Err(ServerError::OpenBeyondLoopback(everywhere)));
    let asked_for = open().allow_open_beyond_loopback().build().expect("a server");
    assert_eq!(asked_for.check_address(everywhere), Ok(()));
    assert_eq!(closed(KeySource::discovery()).build().expect("a server").check_address(everywhere), Ok(()));
}

#[tokio::test]
async fn handlers_see_the_headers_that_are_exposed_and_no_credentials() {
    let trace = HeaderName::from_static("x-trace");
    let seen = trace.clone();
    let tool = Tool::new("headers").typed(async move |_: NoArguments, cx: Context| {
        let seen =
            cx.header(&HeaderName::from_static("x-trace")).map(|value| value.to_str().map(str::to_owned));
        let hidden = cx.header(&HeaderName::from_static("x-hidden")).is_some();
        format!("{:?} {hidden}", seen.and_then(Result::ok))
    });
    let client = client(open().expose_header(seen).tool(tool))
        .header(trace, HeaderValue::from_static("t1"))
        .header(HeaderName::from_static("x-hidden"), HeaderValue::from_static("h1"));
    assert_eq!(client.call_tool("headers", json!({})).await.text(), r#"Some("t1") false"#);
    for name in [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION] {
        let built = open().expose_header(name.clone()).build();
        assert_eq!(built.err(), Some(ServerError::ExposedCredentials(name)));
    }
}

#[tokio::test]
async fn a_client_capability_that_is_needed_is_named() {
    let tool = Tool::new("sampling").typed(async |_: NoArguments, cx: Context| -> Result<&str, Interrupt> {
        cx.require_client(&["sampling", "tools"])?;
        Ok("done")
    });
    let client = client(open().tool(tool)).meta("x\u{41}", 1);
    let lacking = client.clone().capabilities(json!({"sampling": {}}));
    let answer = lacking.call_tool("sampling", json!({})).await;
    assert_eq!(answer.status(), 400);
    let error = answer.error().expect("an error");
    assert_eq!(error.code, -32021);
    assert_eq!(error.data, Some(&json!({"requiredCapabilities": {"sampling": {"tools": {}}}})));
    let declared = client.capabilities(json!({"sampling": {"tools": {}}}));
    assert_eq!(declared.call_tool("sampling", json!({})).await.text(), "done");
}

#[test]
fn a_catalog_that_clients_would_refuse_is_refused_here() {
    let tool = |name: &str| Tool::new(name).typed(async |_: NoArguments| "");
    let long = "x".repeat(129);
    for (server, error) in [
        (open().tool(tool("a")).tool(tool("a")), BuildError::Duplicate("a".into())),
        (open().tool(tool("")), BuildError::ToolName(String::new())),
        (open().tool(tool("a b")), BuildError::ToolName("a b".into())),
        (open().tool(tool(&long)), BuildError::ToolName(long.clone())),
        (
            open().tool(Tool::new("a").raw_unchecked(json!(true), async |_: Value, _: Context| "")),
            BuildError::InputSchema("a".into()),
        ),
        (open().tool(tool("a")).path("mcp"), BuildError::EndpointPath("mcp".into())),
    ] {
        assert_eq!(server.build().err(), Some(ServerError::Build(error)));
    }
    assert!(open().tool(tool(&"x".repeat(128))).build().is_ok());
}

#[tokio::test]
async fn a_wide_template_is_no_way_round_the_scopes_of_a_narrow_one() {
    let read = |request: ReadRequest| async move {
        Ok::<_, Interrupt>(ResourceContents::text(
            request.uri.clone(),
            request.variables.get("path").unwrap_or(""),
        ))
    };
    let kit = kit(closed(KeySource::discovery())
        .resource(Resource::new("file:///secret.txt", "secret").scope("admin").handler(read))
        .template(ResourceTemplate::new("file:///{+path}", "all").handler(read))
        .template(ResourceTemplate::new("file:///private/{+path}", "private").scope("admin").handler(read)));
    let plain = kit.caller(Identity::new("alice").scopes("mcp"));
    let admin = kit.caller(Identity::new("alice").scopes("mcp admin"));
    // Whether it is found with `mcp`, and with `admin` too.
    for (uri, with_mcp, with_admin) in [
        ("file:///public/a", true, true),
        ("file:///secret.txt", false, true),
        ("file:///private/a", false, true),
        ("file:///%73ecret.txt", false, false),
        ("file:///%70rivate/a", false, false),
        ("file:///private%2Fa", false, false),
        ("file:///./private/a", false, false),
        ("file:///x/./private/a", false, false),
        ("file:///private//a", false, false),
        ("file:///secret.txt?", false, false),
        ("file:///secret.txt#", false, false),
        ("file:///../secret.txt", false, false),
    ] {
        for (client, found) in [(&plain, with_mcp), (&admin, with_admin)] {
            let answer = client.read_resource(uri).await;
            assert_eq!(answer.message().get("result").is_some(), found, "{uri}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_body_has_a_bounded_number_of_values() {
    let mut limits = mcp_tokio::Limits::default();
    limits.body_values_max = 30;
    let tool = Tool::new("raw").raw_unchecked(json!({"type": "object"}), async |_: Value, _: Context| "done");
    let client = client(open().core_limits(limits).tool(tool)).without_progress();
    // A call without elements has eleven values: itself, jsonrpc, id, method, params, name, arguments,
    // the list, the metadata and two in it.
    let with = |elements: usize| client.call_tool("raw", json!({"list": vec![0; elements]}));
    assert_eq!(with(19).await.text(), "done");
    let refused = with(20).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(refused.error().map(|error| error.code), Some(-32600));
    assert_eq!(refused.message()["id"], 1);
}

#[tokio::test]
async fn a_batch_ends_where_its_answers_are_too_large() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let large = Tool::new("large").typed(move |_: NoArguments| {
        counted.fetch_add(1, Ordering::Relaxed);
        std::future::ready("x".repeat(400))
    });
    let mut limits = Limits::default();
    limits.batch_answer_bytes_max = 1_000;
    let server = open().core_limits(limits).tool(large).build().expect("a server");
    let service = Service::start(server, TokioRuntime::new(), None).expect("nothing to fetch");
    let call = ("tools/call", json!({"name": "large"}));
    for (accept, calls) in [("application/json", 4), ("text/event-stream", 4), ("application/json", 3)] {
        runs.store(0, Ordering::Relaxed);
        let batch = Ask::batch(std::iter::repeat_n(call.clone(), calls)).field("accept", accept);
        let answer = batch.send(&service).await;
        assert_eq!(answer.status, 200);
        // Three are more than there may be before the next.
        assert_eq!(runs.load(Ordering::Relaxed), 3, "{}", answer.body);
        let refused = answer.body.matches(r#""error":{"code":-32600,"#).count();
        assert_eq!(refused, calls - 3, "{}", answer.body);
        assert_eq!(answer.body.matches(r#""isError":false"#).count(), 3, "{}", answer.body);
    }
    let lists = Ask::batch(std::iter::repeat_n(("tools/list", json!({})), 16)).send(&service).await;
    assert!(lists.body.len() < 4_000, "{}", lists.body.len());
}

#[tokio::test]
async fn batches_can_be_turned_off() {
    let mut limits = Limits::default();
    limits.batch_items_max = 0;
    let server = open().core_limits(limits).build().expect("a server");
    let service = Service::start(server, TokioRuntime::new(), None).expect("nothing to fetch");
    let answer = Ask::batch([("ping", json!({}))]).send(&service).await;
    assert_eq!((answer.status, answer.error().1), (400, -32600));
}

#[tokio::test]
async fn a_resource_has_a_name_of_bounded_length() {
    let read = async |_: ReadRequest| Ok::<_, Interrupt>(ResourceContents::text("test://a", "here"));
    let mut limits = Limits::default();
    limits.uri_bytes_max = 12;
    let server =
        open().core_limits(limits).template(ResourceTemplate::new("test://{+rest}", "all").handler(read));
    let client = client(server);
    for (uri, expected) in [("test://abcde", None), ("test://abcdef", Some(-32602))] {
        let answer = client.read_resource(uri).await;
        assert_eq!(answer.error().map(|error| error.code), expected, "{uri}");
    }
}
