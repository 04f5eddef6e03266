//! A client with a session, which answers what it is asked when a test says so.

use std::pin::pin;

use bytes::Bytes;
use http::{HeaderMap, Response, header::CONTENT_TYPE};
use http_body_util::BodyExt as _;
use mcp_tests::asking::Ask;
use mcp_tokio::{Mode, ServerBuilder, Service, SessionPolicy, TokioRuntime};
use serde_json::{Value, json};

/// What a client takes that can be asked.
const BOTH: &str = "application/json, text/event-stream";

pub(crate) type Served = Service<TokioRuntime>;

/// A server with sessions.
pub(crate) fn serve(server: ServerBuilder, policy: SessionPolicy) -> Served {
    let server = server.mode(Mode::Stateful).sessions(policy).build().expect("a server");
    Service::start(server, TokioRuntime::new(), None).expect("nothing to fetch")
}

/// One end of a session.
pub(crate) struct Client<'s> {
    service: &'s Served,
    session: String,
    revision: &'static str,
}

impl<'s> Client<'s> {
    /// A handshake.
    pub(crate) async fn open(service: &'s Served, revision: &'static str, capabilities: Value) -> Self {
        let info = json!({"name": "test", "version": "1"});
        let params = json!({"protocolVersion": revision, "capabilities": capabilities, "clientInfo": info});
        let message = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params});
        let answer = post(message).send(service).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.json()["result"]["protocolVersion"], revision);
        let session = answer.field("mcp-session-id").expect("a session").to_owned();
        let client = Self { service, session, revision };
        client.tell("notifications/initialized", json!({})).await;
        client
    }

    fn post(&self, message: Value) -> Ask {
        post(message).field("mcp-session-id", &self.session).field("mcp-protocol-version", self.revision)
    }

    /// A call of a tool, up to the head of its answer.
    pub(crate) async fn call(&self, tool: &str) -> Call {
        self.request("tools/call", json!({"name": tool, "arguments": {}})).await
    }

    /// The same while another call goes on.
    pub(crate) async fn request_other(&self, tool: &str) -> Call {
        let params = json!({"name": tool, "arguments": {}});
        self.send("other", "tools/call", params, BOTH).await
    }

    /// Any request, up to the head of its answer.
    pub(crate) async fn request(&self, method: &str, params: Value) -> Call {
        self.request_as(method, params, BOTH).await
    }

    pub(crate) async fn request_as(&self, method: &str, params: Value, accept: &str) -> Call {
        self.send("call", method, params, accept).await
    }

    async fn send(&self, id: &'static str, method: &str, params: Value, accept: &str) -> Call {
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let request = self.post(message).field("accept", accept).request();
        Call::of(id, self.service.serve(request).await)
    }

    /// A notification.
    pub(crate) async fn tell(&self, method: &str, params: Value) {
        let message = json!({"jsonrpc": "2.0", "method": method, "params": params});
        self.accepted(message).await;
    }

    /// The result of a question.
    pub(crate) async fn answer(&self, question: &Value, result: Value) {
        self.accepted(json!({"jsonrpc": "2.0", "id": question["id"], "result": result})).await;
    }

    /// An error instead of one.
    pub(crate) async fn refuse(&self, question: &Value, code: i64, message: &str) {
        let error = json!({"code": code, "message": message});
        self.accepted(json!({"jsonrpc": "2.0", "id": question["id"], "error": error})).await;
    }

    /// Whoever answers is told nothing, whether or not somebody waits for it.
    async fn accepted(&self, message: Value) {
        let answer = self.post(message).send(self.service).await;
        assert_eq!((answer.status, answer.body.as_str()), (202, ""));
    }
}

fn post(message: Value) -> Ask {
    Ask::message(message).field("accept", BOTH)
}

/// The answer of a call while it comes.
pub(crate) struct Call {
    id: &'static str,
    status: u16,
    fields: HeaderMap,
    body: std::pin::Pin<Box<dyn http_body::Body<Data = Bytes, Error = std::convert::Infallible>>>,
    text: String,
}

impl Call {
    fn of<B>(id: &'static str, response: Response<B>) -> Self
    where
        B: http_body::Body<Data = Bytes, Error = std::convert::Infallible> + 'static,
    {
        let (head, body) = response.into_parts();
        Self {
            id,
            status: head.status.as_u16(),
            fields: head.headers,
            body: Box::pin(body),
            text: String::new(),
        }
    }

    pub(crate) fn is_stream(&self) -> bool {
        self.fields.get(CONTENT_TYPE).is_some_and(|media| media == "text/event-stream")
    }

    /// The next message of the stream; nothing when it has ended.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        assert!(self.is_stream(), "{} {:?}", self.status, self.fields);
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let data: String = event.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
                self.text = rest.to_owned();
                if !data.is_empty() {
                    return Some(serde_json::from_str(&data).expect("JSON"));
                }
            }
            if !self.read().await {
                return None;
            }
        }
    }

    async fn read(&mut self) -> bool {
        let Some(frame) = pin!(self.body.frame()).await else { return false };
        let data = frame.expect("a frame").into_data().expect("no trailers");
        self.text += std::str::from_utf8(&data).expect("UTF-8");
        true
    }

    /// The next message, which has to be a question.
    pub(crate) async fn question(&mut self) -> Value {
        let question = self.next().await.expect("a question");
        assert!(question["method"].is_string() && question["id"].is_u64(), "{question}");
        question
    }

    /// The last message: that of the call.
    pub(crate) async fn end(mut self) -> Value {
        if !self.is_stream() {
            while self.read().await {}
            return serde_json::from_str(&self.text).expect("JSON");
        }
        let last = self.next().await.expect("an answer");
        assert_eq!(last["id"], self.id, "{last}");
        assert_eq!(self.next().await, None);
        last
    }

    /// What the tool said, and whether it failed.
    pub(crate) async fn said(self) -> (String, bool) {
        let last = self.end().await;
        let text = last["result"]["content"][0]["text"].as_str();
        let text = text.unwrap_or_else(|| panic!("{last}"));
        (text.to_owned(), last["result"]["isError"] == true)
    }
}
