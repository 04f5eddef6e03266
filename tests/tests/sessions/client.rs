//! What a client of an older revision does in a session.

use mcp_tests::{
    event_reader::Event,
    http1::Response,
    request::Request,
    socket::{Socket, Stream},
};
use serde_json::{Value, json};

use crate::{
    served::{Served, plain, said},
    tokens::Token,
};

pub(crate) const REVISIONS: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];
pub(crate) const NEWEST: &str = "2025-11-25";

/// What clients say that they take.
const BOTH: &str = "application/json, text/event-stream";

/// The characters of a session id: 128 bits in hexadecimal digits.
pub(crate) const ID_LENGTH: usize = 32;

pub(crate) fn request(id: impl Into<Value>, method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "method": method, "params": params})
}

pub(crate) fn ping(id: impl Into<Value>) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "method": "ping"})
}

/// A call of a tool without arguments.
pub(crate) fn call(id: impl Into<Value>, tool: &str) -> Value {
    request(id, "tools/call", &json!({"name": tool, "arguments": {}}))
}

/// A call of `puppet`, which wants to know how far it is.
pub(crate) fn puppet(id: impl Into<Value>) -> Value {
    puppet_named("puppet", id.into())
}

/// The same of `guarded`.
pub(crate) fn guarded(id: impl Into<Value>) -> Value {
    puppet_named("guarded", id.into())
}

fn puppet_named(name: &str, id: Value) -> Value {
    let params = json!({"name": name, "arguments": {}, "_meta": {"progressToken": id}});
    request(id, "tools/call", &params)
}

pub(crate) fn notification(method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "method": method, "params": params})
}

pub(crate) fn initialized() -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/initialized"})
}

pub(crate) fn cancelled(id: impl Into<Value>) -> Value {
    notification("notifications/cancelled", &json!({"requestId": id.into(), "reason": "no more"}))
}

pub(crate) fn result(id: impl Into<Value>, result: impl Into<Value>) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "result": result.into()})
}

/// What a tool returned.
pub(crate) fn said_by_tool(id: impl Into<Value>, text: &str) -> Value {
    result(id, json!({"content": [{"type": "text", "text": text}], "isError": false}))
}

/// How far a call of [`puppet`] is.
pub(crate) fn progress(id: impl Into<Value>, done: u32) -> Value {
    notification("notifications/progress", &json!({"progressToken": id.into(), "progress": f64::from(done)}))
}

pub(crate) fn error(id: impl Into<Value>, code: i32, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "error": {"code": code, "message": message}})
}

/// An error about nothing that has an id.
pub(crate) fn error_without_id(code: i32, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "error": {"code": code, "message": message}})
}

/// A body to the endpoint, without a token or a session.
pub(crate) fn post(body: impl AsRef<[u8]>) -> Request {
    let request = Request::bare("POST", "/mcp").body(body);
    request.field("Content-Type", "application/json").field("Accept", BOTH)
}

/// The same with what a client declares about itself.
pub(crate) fn handshake(revision: &str, capabilities: &Value) -> Value {
    let client = json!({"name": "probe", "version": "1"});
    let params = json!({"protocolVersion": revision, "capabilities": capabilities, "clientInfo": client});
    request("hello", "initialize", &params)
}

/// Fails unless this event only gives an id to come back with (SSE-05), and the time to do so.
pub(crate) fn assert_priming(event: &Event) {
    assert_eq!((event.data.as_deref(), event.retry, &event.kind), (Some(""), Some(1_000), &None));
    assert!(event.id.is_some());
}

/// One session of a client, whose requests go over a connection each.
#[derive(Clone)]
pub(crate) struct Session<'s> {
    served: &'s Served,
    token: Option<Token>,
    pub(crate) id: String,
    pub(crate) revision: &'static str,
}

impl Served {
    /// A session of the newest revision that has them, of a client that can do nothing and is ready.
    pub(crate) async fn session(&self, token: impl Into<Option<Token>>) -> Session<'_> {
        self.session_of(token, NEWEST).await
    }

    pub(crate) async fn session_of(
        &self,
        token: impl Into<Option<Token>>,
        revision: &'static str,
    ) -> Session<'_> {
        self.session_with(token, revision, json!({})).await
    }

    /// A session whose client declares this.
    pub(crate) async fn session_with(
        &self,
        token: impl Into<Option<Token>>,
        revision: &'static str,
        capabilities: Value,
    ) -> Session<'_> {
        let session = self.unready(token, revision, capabilities).await;
        session.tell(&initialized()).await;
        session
    }

    /// A session whose client has not said yet that it is ready.
    pub(crate) async fn unready(
        &self,
        token: impl Into<Option<Token>>,
        revision: &'static str,
        capabilities: Value,
    ) -> Session<'_> {
        let token = token.into();
        let mut request = post(handshake(revision, &capabilities).to_string());
        if let Some(token) = token {
            request = request.token(&token.text());
        }
        let response = self.answer(&request).await;
        assert_eq!(said(&response).1["result"]["protocolVersion"], revision);
        let id = response.head.field("mcp-session-id").expect("a session").to_owned();
        Session { served: self, token, id, revision }
    }
}

impl<'s> Session<'s> {
    /// The same session in the hands of somebody else, or of the same one with another token.
    pub(crate) fn with(&self, token: impl Into<Option<Token>>) -> Self {
        Self { token: token.into(), ..self.clone() }
    }

    /// The fields that each of its requests has.
    fn of(&self, request: Request) -> Request {
        let request = request.field("Mcp-Session-Id", &self.id).field("MCP-Protocol-Version", self.revision);
        match self.token {
            Some(token) => request.token(&token.text()),
            None => request,
        }
    }

    pub(crate) fn post(&self, message: &Value) -> Request {
        self.of(post(message.to_string()))
    }

    pub(crate) fn get(&self) -> Request {
        self.of(Request::bare("GET", "/mcp").field("Accept", "text/event-stream"))
    }

    pub(crate) fn delete(&self) -> Request {
        self.of(Request::bare("DELETE", "/mcp"))
    }

    /// The answer to this message.
    pub(crate) async fn ask(&self, message: &Value) -> Response {
        self.served.answer(&self.post(message)).await
    }

    /// The answer's JSON, with status 200.
    pub(crate) async fn served(&self, message: &Value) -> Value {
        let (status, json) = said(&self.ask(message).await);
        assert_eq!(status, 200, "{json}");
        json
    }

    /// Sends what is only accepted: a notification or a response.
    pub(crate) async fn tell(&self, message: &Value) {
        let response = self.ask(message).await;
        assert_eq!(plain(&response), (202, ""));
    }

    /// Begins a call that has to be answered with a stream. Nothing of the answer is waited for.
    pub(crate) async fn begin(&self, message: &Value) -> Socket {
        let mut socket = Socket::connect(self.served.address).await;
        socket.send(self.post(message).bytes()).await;
        socket
    }

    /// The stream of what is about no call, after the event that it begins with.
    pub(crate) async fn listen(&self) -> Stream {
        let mut stream = self.served.stream(&self.get()).await;
        if self.revision == NEWEST {
            assert_priming(&stream.event().await);
        }
        stream
    }

    /// What came after this event on its stream.
    pub(crate) async fn resume(&self, last: &str) -> Stream {
        self.served.stream(&self.get().field("Last-Event-ID", last)).await
    }

    /// Whether the session is there for its owner.
    pub(crate) async fn is_there(&self) -> bool {
        match said(&self.ask(&ping(99)).await) {
            (200, _) => true,
            (404, _) => false,
            other => panic!("{other:?}"),
        }
    }

    /// Ends it.
    pub(crate) async fn end(&self) {
        let response = self.served.answer(&self.delete()).await;
        assert_eq!(plain(&response), (200, ""));
    }
}
