//! HTTP+SSE, the transport of 2024-11-05: one stream for everything that the server says, and a path where the
//! client posts what it says.

use mcp_tests::{
    request::Request,
    socket::{End, Socket, Stream},
};
use mcp_tokio::{
    Change, Context, LegacySse, ListRoots, Runtime as _, SessionAuth, SessionPolicy, TokioRuntime,
    UnixSeconds,
};
use serde_json::{Value, json};

use crate::{
    client::{
        ID_LENGTH, REVISIONS, call, cancelled, handshake, initialized, notification, ping, progress, puppet,
        request, result, said_by_tool,
    },
    served::{Served, plain, said},
    tokens::{ALICE, ALICE_AS_ADMIN, ALICE_REFRESHED, ALICE_WITHOUT_SCOPES, BOB, OTHERS, Token},
};

async fn served() -> Served {
    served_with(|_| {}).await
}

async fn served_with(change: impl FnOnce(&mut SessionPolicy)) -> Served {
    Served::with(|policy| {
        policy.legacy_sse = Some(LegacySse::default());
        change(policy);
    })
    .await
}

fn get(token: impl Into<Option<Token>>) -> Request {
    with_token(Request::bare("GET", "/sse").field("Accept", "text/event-stream"), token)
}

fn with_token(request: Request, token: impl Into<Option<Token>>) -> Request {
    match token.into() {
        Some(token) => request.token(&token.text()),
        None => request,
    }
}

/// A client of this transport.
struct Connected<'s> {
    served: &'s Served,
    token: Option<Token>,
    /// Where it posts.
    target: String,
    stream: Stream,
}

impl Served {
    /// A stream of which the first event has come.
    async fn connected(&self, token: impl Into<Option<Token>>) -> Connected<'_> {
        let token = token.into();
        let mut stream = self.stream(&get(token)).await;
        let endpoint = stream.event().await;
        assert_eq!((endpoint.kind.as_deref(), &endpoint.id, endpoint.retry), (Some("endpoint"), &None, None));
        let target = endpoint.data.expect("a URI");
        Connected { served: self, token, target, stream }
    }

    /// A client after its handshake.
    async fn greeted(&self, token: impl Into<Option<Token>>, capabilities: Value) -> Connected<'_> {
        let mut connected = self.connected(token).await;
        connected.say(&handshake("2024-11-05", &capabilities)).await;
        let welcome = connected.hear().await;
        assert_eq!(welcome["result"]["protocolVersion"], "2024-11-05");
        connected.say(&initialized()).await;
        connected
    }
}

impl Connected<'_> {
    fn post(&self, message: &Value) -> Request {
        let request = Request::bare("POST", &self.target).body(message.to_string());
        with_token(request.field("Content-Type", "application/json"), self.token)
    }

    /// Posts a message, which has to be accepted.
    async fn say(&self, message: &Value) {
        let response = self.served.answer(&self.post(message)).await;
        assert_eq!(plain(&response), (202, ""), "{message}");
    }

    /// The next message on the stream.
    async fn hear(&mut self) -> Value {
        let event = self.stream.event().await;
        assert_eq!((event.kind.as_deref(), &event.id, event.retry), (Some("message"), &None, None));
        event.message()
    }
}

#[tokio::test]
async fn a_client_of_2024_goes_from_its_handshake_to_its_end() {
    let served = served().await;
    let mut client = served.connected(ALICE).await;
    let id = client.target.strip_prefix("/messages?sessionId=").expect("the path of messages");
    assert!(id.len() == ID_LENGTH && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(client.stream.head.field("mcp-session-id"), None);
    client.say(&handshake("2024-11-05", &json!({"roots": {}}))).await;
    let welcome = client.hear().await;
    assert_eq!(
        (&welcome["id"], &welcome["result"]["protocolVersion"]),
        (&json!("hello"), &json!("2024-11-05"))
    );
    client.say(&initialized()).await;
    // Answers at once, calls, and their notifications and questions are all on the stream.
    client.say(&ping(1)).await;
    assert_eq!(client.hear().await, result(1, json!({})));
    client.say(&call(2, "whoami")).await;
    assert_eq!(client.hear().await, said_by_tool(2, "alice"));
    client.say(&request(3, "no/such/method", &json!({}))).await;
    assert_eq!(client.hear().await, crate::client::error(3, -32601, "Method not found"));
    client.say(&puppet(4)).await;
    let mut running = served.begun().await;
    running.progress(1).await;
    assert_eq!(client.hear().await, progress(4, 1));
    running.begin(|cx: Context| async move { Ok(json!(cx.input("roots", ListRoots).await?.len())) });
    let question = client.hear().await;
    assert_eq!(question["method"], "roots/list");
    // Others are served meanwhile.
    client.say(&call(5, "whoami")).await;
    assert_eq!(client.hear().await, said_by_tool(5, "alice"));
    client.say(&result(question["id"].clone(), json!({"roots": []}))).await;
    assert_eq!(running.done().await, json!(0));
    running.finish("done");
    assert_eq!(client.hear().await, said_by_tool(4, "done"));
    client.say(&puppet(6)).await;
    let mut running = served.begun().await;
    client.say(&cancelled(6)).await;
    running.over().await;
    client.say(&ping(7)).await;
    assert_eq!(client.hear().await, result(7, json!({})));
    served.server.sessions().notify_all(&Change::ToolsChanged);
    assert_eq!(client.hear().await["method"], "notifications/tools/list_changed");
    client.say(&request(8, "resources/subscribe", &json!({"uri": "note://1"}))).await;
    assert_eq!(client.hear().await, result(8, json!({})));
    served.server.sessions().notify_all(&Change::ResourceUpdated("note://1".into()));
    let updated = notification("notifications/resources/updated", &json!({"uri": "note://1"}));
    assert_eq!(client.hear().await, updated);

    // The end of the stream is the end of the session, and of what runs in it.
    client.say(&puppet(9)).await;
    let mut running = served.begun().await;
    let post = client.post(&ping(10));
    drop(client.stream);
    running.over().await;
    served.until_there_are(0).await;
    assert_eq!(served.answer(&post).await.head.status, 404);
}

#[tokio::test]
async fn any_older_revision_may_use_it() {
    let served = served().await;
    for revision in REVISIONS {
        let mut client = served.connected(ALICE).await;
        client.say(&handshake(revision, &json!({}))).await;
        assert_eq!(client.hear().await["result"]["protocolVersion"], revision);
        client.say(&initialized()).await;
        client.say(&call(1, "whoami")).await;
        assert_eq!(client.hear().await, said_by_tool(1, "alice"));
    }
}

#[tokio::test]
async fn it_is_not_there_unless_it_is_switched_on() {
    let stateful = Served::start().await;
    let stateless = Served::built(|server| {
        let mut policy = SessionPolicy::default();
        policy.legacy_sse = Some(LegacySse::default());
        server.sessions(policy).mode(mcp_tokio::Mode::Stateless)
    })
    .await;
    for served in [stateful, stateless] {
        for request in [get(ALICE), Request::bare("POST", "/messages?sessionId=1").token(&ALICE.text())] {
            assert_eq!(plain(&served.answer(&request).await), (404, ""));
        }
    }
}

#[tokio::test]
async fn its_paths_are_what_the_policy_says() {
    let served = Served::with(|policy| {
        let (stream, messages) = ("/old/events".to_owned(), "/old/say".to_owned());
        policy.legacy_sse = Some(LegacySse { stream, messages });
    })
    .await;
    let mut stream = served.stream(&with_token(Request::bare("GET", "/old/events"), ALICE)).await;
    let endpoint = stream.event().await.data.expect("a URI");
    assert!(endpoint.starts_with("/old/say?sessionId="), "{endpoint}");
    assert_eq!(served.answer(&get(ALICE)).await.head.status, 404);
}

#[tokio::test]
async fn nobody_has_a_stream_without_a_token() {
    let served = served().await;
    let expired = ALICE.expires(UnixSeconds(1));
    for (token, status) in [(None, 401), (Some(expired), 401), (Some(ALICE_WITHOUT_SCOPES), 403)] {
        let response = served.answer(&get(token)).await;
        assert_eq!(response.head.status, status);
        assert!(response.head.field("www-authenticate").is_some());
    }
    assert_eq!(served.answer(&get(None).token("bad")).await.head.status, 401);
    let foreign = get(ALICE).field("Origin", "https://elsewhere.example");
    assert_eq!(served.answer(&foreign).await.head.status, 403);
    let renamed = get(ALICE).with("Host", "elsewhere.example");
    assert_eq!(served.answer(&renamed).await.head.status, 403);
    assert_eq!(served.sessions(), 0);
}

#[tokio::test]
async fn nobody_speaks_on_somebody_elses_stream() {
    let served = served().await;
    let mut client = served.greeted(ALICE, json!({"roots": {}})).await;
    client.say(&puppet(1)).await;
    let running = served.begun().await;
    running.begin(|cx: Context| async move { Ok(json!(cx.input("roots", ListRoots).await?.len())) });
    let question = client.hear().await;
    let messages = [
        call(2, "whoami"),
        cancelled(1),
        result(question["id"].clone(), json!({"roots": [{"uri": "file:///evil"}]})),
        handshake("2024-11-05", &json!({})),
        initialized(),
    ];
    for message in &messages {
        let anonymous = client.post(message).without("Authorization");
        assert_eq!(served.answer(&anonymous).await.head.status, 401, "{message}");
        assert_eq!(served.answer(&anonymous.clone().token("bad")).await.head.status, 401);
        let poor = anonymous.clone().token(&ALICE_WITHOUT_SCOPES.text());
        assert_eq!(served.answer(&poor).await.head.status, 403);
        for other in OTHERS {
            let stolen = served.answer(&anonymous.clone().token(&other.text())).await;
            let unknown = Request::bare("POST", &format!("/messages?sessionId={}", "0".repeat(ID_LENGTH)));
            let unknown = unknown.field("Content-Type", "application/json").body(message.to_string());
            let unknown = served.answer(&unknown.token(&other.text())).await;
            assert_eq!((stolen.head.status, &stolen.body), (404, &unknown.body), "{message}");
        }
    }
    assert!(!running.is_over());
    // A refreshed token of the same party goes on.
    let answer = client.post(&result(question["id"].clone(), json!({"roots": []})));
    let answer = answer.with("Authorization", &format!("Bearer {}", ALICE_REFRESHED.text()));
    assert_eq!(served.answer(&answer).await.head.status, 202);
    running.finish("undisturbed");
    assert_eq!(client.hear().await, said_by_tool(1, "undisturbed"));
}

#[tokio::test]
async fn scopes_are_those_of_the_post() {
    let served = served().await;
    let mut client = served.greeted(ALICE_AS_ADMIN, json!({})).await;
    client.say(&call(1, "secret")).await;
    assert_eq!(client.hear().await, said_by_tool(1, "secret"));
    client.token = Some(ALICE);
    let response = served.answer(&client.post(&call(2, "secret"))).await;
    // Whether it is refused at once or on the stream, the tool does not run.
    if response.head.status == 202 {
        let refused = client.hear().await;
        assert_eq!((&refused["id"], refused.get("result")), (&json!(2), None), "{refused}");
    } else {
        assert_eq!(response.head.status, 403);
    }
    client.say(&request(3, "tools/list", &json!({}))).await;
    let listed = client.hear().await;
    assert!(!listed.to_string().contains("secret"), "{listed}");
}

#[tokio::test]
async fn a_post_says_which_stream_it_is_for() {
    let served = served().await;
    let client = served.greeted(ALICE, json!({})).await;
    let (path, query) = client.target.split_once('?').expect("a query");
    let id = query.strip_prefix("sessionId=").expect("an id");
    let post = |target: &str| {
        let request = Request::bare("POST", target).body(ping(1).to_string());
        request.field("Content-Type", "application/json").token(&ALICE.text())
    };
    let table = [
        (path.to_owned(), 400),
        (format!("{path}?"), 400),
        (format!("{path}?sessionid={id}"), 400),
        (format!("{path}?sessionId={id}&sessionId={id}"), 400),
        (format!("{path}?sessionId={id}&sessionId=x"), 400),
        (format!("{path}?sessionId="), 404),
        (format!("{path}?sessionId=x"), 404),
        (format!("{path}?sessionId={}", "0".repeat(ID_LENGTH)), 404),
        (format!("{path}?sessionId={id}0"), 404),
        (format!("{path}?{query}"), 202),
        (format!("{path}?x=1&{query}"), 202),
    ];
    for (target, status) in table {
        let response = served.answer(&post(&target)).await;
        assert_eq!(response.head.status, status, "{}", target.replace(id, "ID"));
    }
    // Neither transport knows the sessions of the other.
    let request = crate::client::post(ping(1).to_string()).token(&ALICE.text());
    let (status, json) = said(&served.answer(&request.field("Mcp-Session-Id", id)).await);
    assert_eq!((status, &json["error"]["code"]), (404, &json!(-32001)));
    let session = served.session(ALICE).await;
    let response = served.answer(&post(&format!("{path}?sessionId={}", session.id))).await;
    assert_eq!(response.head.status, 404);
}

#[tokio::test]
async fn a_bad_message_is_refused_in_the_body() {
    let served = served().await;
    let mut client = served.greeted(ALICE, json!({})).await;
    let mut modern = call(1, "whoami");
    modern["params"]["_meta"] = crate::modern::envelope();
    let table = [
        (client.post(&json!(1)).body("{"), 400, -32700),
        (client.post(&json!(1)).body("[]"), 400, -32600),
        (client.post(&json!(1)), 400, -32600),
        (client.post(&json!({"jsonrpc": "2.0", "id": 1})), 400, -32600),
        (client.post(&json!({"jsonrpc": "1.0", "id": 1, "method": "ping"})), 400, -32600),
        (client.post(&modern), 400, -32600),
        (client.post(&ping(1)).field("MCP-Protocol-Version", "2026-07-28"), 400, -32600),
    ];
    for (request, status, code) in table {
        let (said, json) = said(&served.answer(&request).await);
        assert_eq!((said, &json["error"]["code"]), (status, &json!(code)), "{request:?}");
    }
    let text = client.post(&ping(1)).with("Content-Type", "text/plain");
    assert_eq!(served.answer(&text).await.head.status, 415);
    // Nothing of it is on the stream.
    client.say(&ping(2)).await;
    assert_eq!(client.hear().await, result(2, json!({})));
}

#[tokio::test]
async fn before_its_handshake_a_client_may_only_greet() {
    let served = served().await;
    let mut client = served.connected(ALICE).await;
    client.say(&ping(1)).await;
    assert_eq!(client.hear().await, result(1, json!({})));
    for message in [call(2, "whoami"), request(2, "tools/list", &json!({}))] {
        client.say(&message).await;
        let refused = client.hear().await;
        assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!(2), &json!(-32600)), "{message}");
    }
    client.say(&handshake("2024-11-05", &json!({}))).await;
    assert_eq!(client.hear().await["id"], "hello");
    client.say(&handshake("2024-11-05", &json!({}))).await;
    let second = client.hear().await;
    assert_eq!((&second["id"], &second["error"]["code"]), (&json!("hello"), &json!(-32600)));
}

#[tokio::test]
async fn other_verbs_are_told_which_there_are() {
    let served = served().await;
    let client = served.connected(ALICE).await;
    for (verb, target, allow) in [
        ("POST", "/sse", "GET"),
        ("DELETE", "/sse", "GET"),
        ("PUT", "/sse", "GET"),
        ("GET", client.target.as_str(), "POST"),
        ("DELETE", client.target.as_str(), "POST"),
    ] {
        let request = Request::bare(verb, target).token(&ALICE.text());
        let response = served.answer(&request).await;
        assert_eq!((response.head.status, response.head.field("allow")), (405, Some(allow)), "{verb}");
    }
    for (target, verb) in [("/sse", "GET"), ("/messages?sessionId=1", "POST")] {
        let preflight = Request::bare("OPTIONS", target).field("Origin", "http://localhost:8000");
        let response = served.answer(&preflight.field("Access-Control-Request-Method", verb)).await;
        assert_eq!(response.head.status, 204, "{target}");
        let methods = response.head.field("access-control-allow-methods").unwrap_or_default();
        assert!(methods.split(", ").any(|method| method == verb), "{methods}");
    }
    assert_eq!(served.sessions(), 1);
}

#[tokio::test]
async fn streams_count_as_sessions() {
    let served = served_with(|policy| {
        policy.sessions_per_principal_max = 2;
        policy.sessions_max = 3;
    })
    .await;
    let (_first, _second) = (served.connected(ALICE).await, served.connected(ALICE).await);
    let response = served.answer(&get(ALICE)).await;
    assert_eq!(response.head.status, 429);
    assert!(response.head.field("retry-after").is_some());
    let _third = served.connected(BOB).await;
    let response = served.answer(&get(BOB)).await;
    assert_eq!(response.head.status, 503);
    assert!(response.head.field("retry-after").is_some());
    assert_eq!(served.sessions(), 3);
}

#[tokio::test]
async fn a_token_that_expires_ends_the_stream_and_the_session() {
    let served = served().await;
    let now = TokioRuntime::new().now().unix;
    let mut client = served.greeted(ALICE.expires(UnixSeconds(now.0 + 3)), json!({})).await;
    client.token = Some(ALICE);
    client.say(&puppet(1)).await;
    let mut running = served.begun().await;
    let post = client.post(&ping(2));
    assert_eq!(client.stream.rest().await, (Vec::new(), End::Whole));
    running.over().await;
    served.until_there_are(0).await;
    assert_eq!(served.answer(&post).await.head.status, 404);
}

#[tokio::test]
async fn a_server_that_stops_ends_the_stream() {
    let mut served = served().await;
    let stream = served.greeted(ALICE, json!({})).await.stream;
    served.stop();
    stream.expect_end().await;
    served.stopped().await;
}

#[tokio::test]
async fn where_only_the_opening_is_authenticated_the_id_is_enough() {
    let served = served_with(|policy| policy.auth = SessionAuth::InitializeOnly).await;
    assert_eq!(served.answer(&get(None)).await.head.status, 401);
    let mut client = served.greeted(ALICE, json!({})).await;
    for token in [None, Some(BOB)] {
        client.token = token;
        client.say(&call(1, "whoami")).await;
        assert_eq!(client.hear().await, said_by_tool(1, "alice"));
    }
}

#[tokio::test]
async fn a_client_that_reads_late_gets_everything_in_order() {
    let served = served().await;
    let mut client = served.greeted(ALICE, json!({})).await;
    for id in 0..50 {
        client.say(&call(id, "whoami")).await;
    }
    let mut heard: Vec<i64> = Vec::new();
    for _ in 0..50 {
        let message = client.hear().await;
        assert_eq!(message["result"]["content"][0]["text"], "alice");
        heard.extend(message["id"].as_i64());
    }
    heard.sort_unstable();
    assert_eq!(heard, (0..50).collect::<Vec<_>>());
    client.stream.expect_silence().await;
    let mut socket = Socket::connect(served.address).await;
    let response = socket.exchange(&client.post(&ping("last"))).await;
    assert_eq!(plain(&response), (202, ""));
    assert_eq!(client.hear().await, result("last", json!({})));
}
