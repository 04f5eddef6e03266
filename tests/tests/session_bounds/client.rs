//! What a client sends, and how it leaves.

use std::{
    collections::VecDeque,
    convert::Infallible,
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Full};
use mcp_tokio::ReplyBody;
use serde_json::{Value, json};

use crate::served::{Served, Ticking, settle};

/// The newest revision that has sessions.
pub(crate) const NEWEST: &str = "2025-11-25";

/// The characters of a session id: 128 bits in hexadecimal digits.
const ID_LENGTH: usize = 32;

/// An answer whose body has not been read.
pub(crate) type Unread = Response<ReplyBody<Ticking>>;

/// A request that is being served, for as long as it is held.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Unread> + Send>>;

/// Polls once.
pub(crate) async fn poll_once<T>(mut future: Pin<&mut (impl Future<Output = T> + ?Sized)>) -> Poll<T> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

/// A body that arrives in these pieces, and of which no more comes unless it is whole.
pub(crate) struct Pieces {
    pub(crate) pieces: VecDeque<Bytes>,
    pub(crate) is_whole: bool,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.pieces.pop_front() {
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            None if self.is_whole => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

/// A request to somewhere else than the endpoint, or with another verb than POST. `token`: nothing, for strangers.
pub(crate) fn bare<B>(verb: Method, target: &str, token: &str, body: B) -> Request<B> {
    let request = Request::builder()
        .method(verb)
        .uri(target)
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream");
    let request = match token {
        "" => request,
        token => request.header("authorization", format!("Bearer {token}")),
    };
    request.body(body).expect("a request")
}

/// A message to the endpoint, outside a session.
pub(crate) fn post(token: &str, message: &Value) -> Request<Full<Bytes>> {
    bare(Method::POST, "/mcp", token, Full::from(message.to_string()))
}

/// The same request in a session.
pub(crate) fn of_session<B>(mut request: Request<B>, session: &str) -> Request<B> {
    request.headers_mut().insert("mcp-session-id", session.parse().expect("a field"));
    request
}

pub(crate) fn handshake_of(revision: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": {
        "protocolVersion": revision,
        "capabilities": {"roots": {}},
        "clientInfo": {"name": "probe", "version": "1"},
    }})
}

pub(crate) fn handshake() -> Value {
    handshake_of(NEWEST)
}

pub(crate) fn initialized() -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/initialized"})
}

pub(crate) fn ping() -> Value {
    json!({"jsonrpc": "2.0", "id": "ping", "method": "ping"})
}

/// A call of `act` that wants to know how far it is.
pub(crate) fn act(id: impl Into<Value>, how: &str) -> Value {
    let params = json!({"name": "act", "arguments": {"how": how}, "_meta": {"progressToken": "p"}});
    json!({"jsonrpc": "2.0", "id": id.into(), "method": "tools/call", "params": params})
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) fields: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The session that it opens.
    pub(crate) fn session(&self) -> Option<String> {
        Some(self.fields.get("mcp-session-id")?.to_str().expect("ASCII").to_owned())
    }

    /// Status, and code where it is an error.
    pub(crate) fn outcome(&self) -> (u16, Option<i64>) {
        let code = if self.body.is_empty() { None } else { self.json()["error"]["code"].as_i64() };
        (self.status, code)
    }
}

impl Served {
    /// Begins to answer.
    pub(crate) fn begin<B>(&self, request: Request<B>) -> Answering
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let service = self.service.clone();
        Box::pin(async move { service.serve(request).await })
    }

    /// The answer, to its end.
    pub(crate) async fn answer(&self, request: Request<Full<Bytes>>) -> Answer {
        let (head, body) = self.service.serve(request).await.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        let body = String::from_utf8(body.into()).expect("UTF-8");
        Answer { status: head.status.as_u16(), fields: head.headers, body }
    }

    /// The answer to a message in a session.
    pub(crate) async fn ask(&self, session: &str, token: &str, message: &Value) -> Answer {
        self.answer(of_session(post(token, message), session)).await
    }

    /// A session of a client that is ready.
    pub(crate) async fn session(&self, token: &str) -> String {
        self.session_of(token, NEWEST).await
    }

    pub(crate) async fn session_of(&self, token: &str, revision: &str) -> String {
        let answer = self.answer(post(token, &handshake_of(revision))).await;
        let session = answer.session().unwrap_or_else(|| panic!("no session: {answer:?}"));
        assert_eq!(self.ask(&session, token, &initialized()).await.status, 202);
        session
    }

    /// Ends a session.
    pub(crate) async fn delete(&self, session: &str, token: &str) {
        let request = bare(Method::DELETE, "/mcp", token, Full::default());
        assert_eq!(self.answer(of_session(request, session)).await.status, 200);
    }

    /// An event stream, of which nothing has been read.
    pub(crate) async fn stream(&self, request: Request<Full<Bytes>>) -> Stream {
        let (head, body) = self.service.serve(request).await.into_parts();
        assert_eq!(head.status, 200);
        Stream(body)
    }

    /// What is about no call.
    pub(crate) async fn listen(&self, session: &str, token: &str) -> Stream {
        self.stream(of_session(get("/mcp", token), session)).await
    }

    /// What came after an event.
    pub(crate) async fn resume(&self, session: &str, token: &str, last: &str) -> Stream {
        let mut request = of_session(get("/mcp", token), session);
        request.headers_mut().insert("last-event-id", last.parse().expect("a field"));
        self.stream(request).await
    }

    /// A session of a client of 2024-11-05 that has not introduced itself, and its stream.
    pub(crate) async fn legacy(&self, token: &str) -> (String, Stream) {
        let mut stream = self.stream(get("/sse", token)).await;
        let first = stream.text().await;
        let id = first.split_once("sessionId=").expect("where to post").1;
        (id.get(..ID_LENGTH).expect("an id").to_owned(), stream)
    }

    /// Posts a message to a session of 2024-11-05.
    pub(crate) async fn post_legacy(&self, session: &str, token: &str, message: &Value) {
        let target = format!("/messages?sessionId={session}");
        let request = bare(Method::POST, &target, token, Full::from(message.to_string()));
        assert_eq!(self.answer(request).await.status, 202);
    }
}

pub(crate) fn get(target: &str, token: &str) -> Request<Full<Bytes>> {
    bare(Method::GET, target, token, Full::default())
}

/// An event stream that somebody reads.
pub(crate) struct Stream(pub(crate) ReplyBody<Ticking>);

/// What an event says: its id, and its data if that is JSON.
pub(crate) type Event = (String, Option<Value>);

impl Stream {
    /// What comes next, whatever it is; empty at the end.
    pub(crate) async fn text(&mut self) -> String {
        match self.0.frame().await {
            Some(Ok(frame)) => String::from_utf8(frame.into_data().expect("data").into()).expect("UTF-8"),
            Some(Err(never)) => match never {},
            None => String::new(),
        }
    }

    /// What is there now, once everything has run that can.
    pub(crate) async fn now(&mut self) -> Vec<Event> {
        let mut text = String::new();
        settle().await;
        loop {
            let frame = poll_fn(|cx| Poll::Ready(Pin::new(&mut self.0).poll_frame(cx))).await;
            match frame {
                Poll::Ready(Some(Ok(frame))) => {
                    let data = frame.into_data().expect("data");
                    text += std::str::from_utf8(&data).expect("UTF-8");
                }
                Poll::Ready(Some(Err(never))) => match never {},
                Poll::Ready(None) | Poll::Pending => break,
            }
            settle().await;
        }
        events(&text)
    }
}

/// The events of a text that has an id in each.
fn events(text: &str) -> Vec<Event> {
    let field = |event: &str, name: &str| {
        event.lines().find_map(|line| Some(line.strip_prefix(name)?.trim_start().to_owned()))
    };
    let blocks = text.split("\n\n").filter(|event| event.contains("id:"));
    blocks
        .map(|event| {
            let data = field(event, "data:").unwrap_or_default();
            (field(event, "id:").unwrap_or_default(), serde_json::from_str(&data).ok())
        })
        .collect()
}
