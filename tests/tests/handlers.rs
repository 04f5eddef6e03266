//! What handlers are given and what becomes of what they return, without sockets.

#![allow(clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use http::{HeaderName, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use mcp_tokio::{
    Auth, BearerPolicy, Caller, Catalog, Context, DevIssuer, Interrupt, Json, NoArguments, ReadRequest,
    Resource, ResourceContents, ResourceTemplate, Runtime, Server, ServerBuilder, ServerError, Service,
    TokioRuntime, Tool, proto::BuildError,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const ISSUER: &str = "http://localhost:1";
const AUDIENCE: &str = "http://localhost/mcp";

struct Answer {
    status: StatusCode,
    challenge: Option<String>,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    fn result(&self) -> Value {
        self.json()["result"].clone()
    }

    fn text(&self) -> String {
        self.result()["content"][0]["text"].as_str().expect("text").to_owned()
    }
}

fn open() -> ServerBuilder {
    Server::builder("test", "1", Auth::none())
}

/// A server with the scope `mcp` for everybody, and a way to make tokens.
fn closed(issuer: &DevIssuer) -> ServerBuilder {
    let policy = BearerPolicy::builder(ISSUER, AUDIENCE).scope("mcp").implies("admin", "write");
    Server::builder("test", "1", Auth::bearer(policy, issuer.keys()))
}

fn service(server: ServerBuilder) -> Service<TokioRuntime> {
    Service::start(server.build().expect("a server"), TokioRuntime::new(), None).expect("given keys")
}

fn call(name: &str, arguments: &Value, meta: &Value) -> Request<Full<Bytes>> {
    request("tools/call", Some(name), &json!({"name": name, "arguments": arguments}), meta)
}

fn request(method: &str, name: Option<&str>, params: &Value, meta: &Value) -> Request<Full<Bytes>> {
    let mut params = params.clone();
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    for (key, value) in meta.as_object().expect("an object") {
        params["_meta"][key] = value.clone();
    }
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
    let mut request = Request::post("/mcp")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("content-length", body.len())
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", method);
    if let Some(name) = name {
        request = request.header("mcp-name", name);
    }
    request.body(Full::from(body)).expect("a request")
}

fn with_token(mut request: Request<Full<Bytes>>, token: &str) -> Request<Full<Bytes>> {
    let value = format!("Bearer {token}").parse().expect("a field value");
    request.headers_mut().insert(header::AUTHORIZATION, value);
    request
}

async fn send(service: &Service<TokioRuntime>, request: Request<Full<Bytes>>) -> Answer {
    let (head, body) = Response::into_parts(service.serve(request).await);
    let body = body.collect().await.expect("a body").to_bytes();
    Answer {
        status: head.status,
        challenge: head
            .headers
            .get(header::WWW_AUTHENTICATE)
            .map(|value| value.to_str().expect("ASCII").to_owned()),
        body: String::from_utf8(body.to_vec()).expect("UTF-8"),
    }
}

async fn listed(service: &Service<TokioRuntime>) -> Value {
    send(service, request("tools/list", None, &json!({}), &json!({}))).await.result()["tools"].clone()
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
    let service = service(open().tool(nested()).tool(Tool::new("none").typed(async |_: NoArguments| "")));
    let tools = listed(&service).await;
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
    assert_eq!(listed(&service).await, tools);
}

#[tokio::test]
async fn structured_results_are_sent_as_json_and_as_text() {
    let service = service(open().tool(nested()));
    let arguments = json!({"first": {"depth": 1}, "second": {"depth": 2}});
    let answer = send(&service, call("nested", &arguments, &json!({}))).await;
    assert_eq!(answer.result()["structuredContent"], json!({"sum": 3}));
    assert_eq!(answer.text(), r#"{"sum":3}"#);
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_told_to_the_model() {
    let service = service(open().tool(nested()));
    for arguments in [json!({}), json!({"first": 1}), json!({"first": {"depth": 300}})] {
        let answer = send(&service, call("nested", &arguments, &json!({}))).await;
        assert_eq!(answer.status, 200);
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
    let service = service(open().tool(raw(schema).expect("a schema")));
    let good = json!({"port": 80, "mail": "format is not asserted"});
    assert_eq!(
        serde_json::from_str::<Value>(&send(&service, call("raw", &good, &json!({}))).await.text())
            .expect("JSON"),
        good
    );
    for bad in [json!({}), json!({"port": 65536}), json!({"port": 1, "other": 2}), json!({"port": "1"})] {
        let answer = send(&service, call("raw", &bad, &json!({}))).await;
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
    let service = service(open().tool(hidden).tool(told));
    let answer = send(&service, call("hidden", &json!({}), &json!({}))).await;
    assert_eq!((answer.status, answer.result()["isError"].clone()), (StatusCode::OK, json!(true)));
    assert_eq!(answer.text(), "The tool failed");
    let answer = send(&service, call("told", &json!({}), &json!({}))).await;
    assert_eq!(
        (answer.text().as_str(), answer.result()["isError"].clone()),
        ("ask for something else", json!(true))
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
    let issuer = DevIssuer::new(ISSUER).expect("an issuer");
    let service = service(closed(&issuer).tool(demanding()));
    let now = TokioRuntime::new().now().unix;
    let token = |scope: &str| issuer.token(AUDIENCE, now).scope(scope).sign();
    let demand = |scope: &str, late: bool| {
        call("demanding", &json!({"scope": scope, "late": late}), &json!({"progressToken": "p"}))
    };

    let granted = with_token(demand("delete", false), &token("mcp write delete"));
    assert_eq!(send(&service, granted).await.text(), "done");
    let implied = with_token(demand("write", false), &token("mcp admin"));
    assert_eq!(send(&service, implied).await.text(), "done", "admin implies write");

    let early = send(&service, with_token(demand("delete", false), &token("mcp write"))).await;
    assert_eq!(early.status, 403);
    let challenge = early.challenge.expect("a challenge");
    assert!(challenge.contains(r#"error="insufficient_scope""#), "{challenge}");
    assert!(challenge.contains(r#"scope="mcp write delete""#), "all that the call needs: {challenge}");

    let late = send(&service, with_token(demand("delete", true), &token("mcp write"))).await;
    assert_eq!((late.status, late.challenge), (StatusCode::OK, None));
    assert!(late.body.starts_with("data: "), "{}", late.body);
    assert!(late.body.contains(r#""error":{"code":-32600"#), "{}", late.body);
}

#[tokio::test]
async fn a_client_cannot_supply_the_caller() {
    let issuer = DevIssuer::new(ISSUER).expect("an issuer");
    let whoami = Tool::new("whoami")
        .typed(async |_: NoArguments, caller: Caller| caller.principal().subject().to_owned());
    let service = service(closed(&issuer).tool(whoami));
    let token = issuer.token(AUDIENCE, TokioRuntime::new().now().unix).subject("alice").scope("mcp").sign();
    let forged = json!({"caller": "mallory", "subject": "mallory", "principal": {"subject": "mallory"}});
    let meta = json!({"caller": "mallory", "subject": "mallory"});
    let answer = send(&service, with_token(call("whoami", &forged, &meta), &token)).await;
    assert_eq!(answer.text(), "alice");
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
    let issuer = DevIssuer::new(ISSUER).expect("an issuer");
    assert_eq!(closed(&issuer).build().expect("a server").check_address(everywhere), Ok(()));
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
    let service = service(open().expose_header(seen).tool(tool));
    let mut request = call("headers", &json!({}), &json!({}));
    request.headers_mut().insert(trace, "t1".parse().expect("a field value"));
    request.headers_mut().insert("x-hidden", "h1".parse().expect("a field value"));
    assert_eq!(send(&service, request).await.text(), r#"Some("t1") false"#);
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
    let service = service(open().tool(tool));
    let capabilities =
        |value: Value| json!({"io.modelcontextprotocol/clientCapabilities": value, "x\u{41}": 1});
    let lacking = capabilities(json!({"sampling": {}}));
    let answer = send(&service, call("sampling", &json!({}), &lacking)).await;
    assert_eq!(answer.status, 400);
    let error = &answer.json()["error"];
    assert_eq!(error["code"], -32021);
    assert_eq!(error["data"], json!({"requiredCapabilities": {"sampling": {"tools": {}}}}));
    let declared = capabilities(json!({"sampling": {"tools": {}}}));
    assert_eq!(send(&service, call("sampling", &json!({}), &declared)).await.text(), "done");
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
    let issuer = DevIssuer::new(ISSUER).expect("an issuer");
    let read = |request: ReadRequest| async move {
        Ok::<_, Interrupt>(ResourceContents::text(
            request.uri.clone(),
            request.variables.get("path").unwrap_or(""),
        ))
    };
    let service = service(
        closed(&issuer)
            .resource(Resource::new("file:///secret.txt", "secret").scope("admin").handler(read))
            .template(ResourceTemplate::new("file:///{+path}", "all").handler(read))
            .template(
                ResourceTemplate::new("file:///private/{+path}", "private").scope("admin").handler(read),
            ),
    );
    let now = TokioRuntime::new().now().unix;
    let (plain, admin) = (
        issuer.token(AUDIENCE, now).scope("mcp").sign(),
        issuer.token(AUDIENCE, now).scope("mcp admin").sign(),
    );
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
        let read = || request("resources/read", Some(uri), &json!({"uri": uri}), &json!({}));
        for (token, found) in [(&plain, with_mcp), (&admin, with_admin)] {
            let answer = send(&service, with_token(read(), token)).await;
            assert_eq!(answer.json().get("result").is_some(), found, "{uri}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn a_body_has_a_bounded_number_of_values() {
    let mut limits = mcp_tokio::Limits::default();
    limits.body_values_max = 30;
    let tool = Tool::new("raw").raw_unchecked(json!({"type": "object"}), async |_: Value, _: Context| "done");
    let service = service(open().core_limits(limits).tool(tool));
    // A call without elements has eleven values: itself, jsonrpc, id, method, params, name, arguments,
    // the list, the metadata and two in it.
    let with = |elements: usize| call("raw", &json!({"list": vec![0; elements]}), &json!({}));
    assert_eq!(send(&service, with(19)).await.text(), "done");
    let refused = send(&service, with(20)).await;
    assert_eq!(
        (refused.status, refused.json()["error"]["code"].clone()),
        (StatusCode::BAD_REQUEST, json!(-32600))
    );
    assert_eq!(refused.json()["id"], 1);
}
