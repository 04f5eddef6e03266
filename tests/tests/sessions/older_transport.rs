//! HTTP+SSE, the transport of 2024-11-05: one stream for everything that the server says, and a path where the
//! client posts what it says.

mod gates;

use mcp_tests::{
    request::Request,
    socket::{End, Socket, Stream},
};
use mcp_tokio::{
    Change, Context, LegacySse, ListRoots, Runtime as _, SessionPolicy, TokioRuntime, UnixSeconds,
};
use serde_json::{Value, json};

use crate::{
    client::{
        ID_LENGTH, REVISIONS, call, cancelled, error, handshake, initialized, notification, ping, progress,
        puppet, request, result, said_by_tool,
    },
    refused::NOT_INTRODUCED,
    served::{Served, plain, said},
    tokens::{ALICE, Token},
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
async fn a_client_greets_once_and_is_not_served_before_it_does() {
    let served = served().await;
    let mut client = served.connected(ALICE).await;
    client.say(&ping(1)).await;
    assert_eq!(client.hear().await, result(1, json!({})));
    client.say(&call(2, "whoami")).await;
    assert_eq!(client.hear().await, error(2, NOT_INTRODUCED.1, NOT_INTRODUCED.2));
    client.say(&handshake("2024-11-05", &json!({}))).await;
    assert_eq!(client.hear().await["result"]["protocolVersion"], "2024-11-05");
    client.say(&handshake("2025-06-18", &json!({}))).await;
    let second = client.hear().await;
    assert_eq!((&second["id"], &second["error"]["code"]), (&json!("hello"), &json!(-32600)));
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

#[tokio::test]
async fn calls_that_run_at_once_are_all_answered() {
    // More than calls that may run without their client: theirs is there.
    const CALLS: i64 = 20;
    let served = served().await;
    let stream = {
        let client = served.greeted(ALICE, json!({})).await;
        for id in 0..CALLS {
            client.say(&puppet(id)).await;
        }
        client.stream
    };
    for _ in 0..CALLS {
        served.begun().await.finish("done");
    }
    let mut stream = stream;
    let mut answered = Vec::new();
    for _ in 0..CALLS {
        answered.extend(stream.event().await.message()["id"].as_i64());
    }
    answered.sort_unstable();
    assert_eq!(answered, (0..CALLS).collect::<Vec<_>>());
}
