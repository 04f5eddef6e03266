//! Requests to a service without a socket, and its answers.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request,
    header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, WWW_AUTHENTICATE},
};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Full};
use mcp_tokio::{Runtime, Service};
use serde_json::{Value, json};

/// The revision that requests speak.
const REVISION: &str = "2026-07-28";

/// A request in the making.
#[derive(Debug, Clone)]
pub struct Ask {
    verb: Method,
    target: String,
    fields: HeaderMap,
    message: Value,
}

impl Ask {
    /// Any MCP request, with the id 1.
    #[must_use]
    pub fn new(method: &str, name: Option<&str>, mut params: Value) -> Self {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": REVISION,
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let ask = Self {
            verb: Method::POST,
            target: "/mcp".to_owned(),
            fields: HeaderMap::new(),
            message: json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}),
        };
        let ask = ask
            .field(HOST.as_str(), "localhost")
            .field(CONTENT_TYPE.as_str(), "application/json")
            .field("mcp-protocol-version", REVISION)
            .field("mcp-method", method);
        match name {
            Some(name) => ask.field("mcp-name", name),
            None => ask,
        }
    }

    /// A call of a tool without arguments.
    #[must_use]
    pub fn call(tool: &str) -> Self {
        Self::call_with(tool, &json!({}))
    }

    /// A call of a tool.
    #[must_use]
    pub fn call_with(tool: &str, arguments: &Value) -> Self {
        Self::new("tools/call", Some(tool), json!({"name": tool, "arguments": arguments}))
    }

    /// A request for a list, from this cursor on.
    #[must_use]
    pub fn list(method: &str, cursor: Option<&str>) -> Self {
        let params = cursor.map_or_else(|| json!({}), |cursor| json!({"cursor": cursor}));
        Self::new(method, None, params)
    }

    /// A message that nobody answers.
    #[must_use]
    pub fn notification(method: &str) -> Self {
        let mut ask = Self::new(method, None, json!({}));
        ask.message = json!({"jsonrpc": "2.0", "method": method, "params": ask.message["params"]});
        ask
    }

    /// Several requests in one body, as 2025-03-26 has it, with the ids 1, 2 and so on: method and parameters
    /// of each.
    #[must_use]
    pub fn batch(requests: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        let request = |(id, (method, params)): (u32, _)| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        Self::message((1..).zip(requests).map(request).collect())
    }

    /// Any message of the revisions that have a handshake.
    #[must_use]
    pub fn message(message: Value) -> Self {
        Self { verb: Method::POST, target: "/mcp".to_owned(), fields: HeaderMap::new(), message }
            .field(HOST.as_str(), "localhost")
            .field(CONTENT_TYPE.as_str(), "application/json")
    }

    /// A request of another HTTP method, without a body.
    #[must_use]
    pub fn bare(verb: Method, target: &str) -> Self {
        Self { verb, target: target.to_owned(), fields: HeaderMap::new(), message: Value::Null }
            .field(HOST.as_str(), "localhost")
    }

    /// With this id.
    #[must_use]
    pub fn id(mut self, id: impl Into<Value>) -> Self {
        self.message["id"] = id.into();
        self
    }

    /// With this member of its metadata too.
    #[must_use]
    pub fn meta(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.message["params"]["_meta"][key] = value.into();
        self
    }

    /// With another target.
    #[must_use]
    pub fn target(mut self, target: impl Into<String>) -> Self {
        self.target = target.into();
        self
    }

    /// With another HTTP method.
    #[must_use]
    pub fn verb(mut self, verb: Method) -> Self {
        self.verb = verb;
        self
    }

    /// With this field, in place of one of the same name.
    ///
    /// # Panics
    /// When it is no field.
    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.insert(field_name(name), field_value(value));
        self
    }

    /// With this field beside others of the same name.
    ///
    /// # Panics
    /// When it is no field.
    #[must_use]
    pub fn another(mut self, name: &str, value: &str) -> Self {
        self.fields.append(field_name(name), field_value(value));
        self
    }

    /// With a bearer token.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.field(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    /// With a token of the `DPoP` scheme and its proof.
    #[must_use]
    pub fn dpop(self, token: &str, proof: &str) -> Self {
        self.field(AUTHORIZATION.as_str(), &format!("DPoP {token}")).field("dpop", proof)
    }

    /// The request with its body.
    ///
    /// # Panics
    /// When the target is none.
    #[must_use]
    pub fn request(self) -> Request<Full<Bytes>> {
        let body = match &self.message {
            Value::Null => String::new(),
            message => message.to_string(),
        };
        let length = body.len().to_string();
        let ask = if body.is_empty() { self } else { self.field(CONTENT_LENGTH.as_str(), &length) };
        ask.with_body(Full::from(body))
    }

    /// The request as HTTP/1.1 sends it.
    ///
    /// # Panics
    /// When a field is not ASCII.
    #[must_use]
    #[allow(clippy::expect_used, reason = "a test that cannot go on has failed")]
    pub fn http1(self) -> String {
        let body = self.message.to_string();
        let ask = self.field(CONTENT_LENGTH.as_str(), &body.len().to_string());
        let mut text = format!("{} {} HTTP/1.1\r\n", ask.verb, ask.target);
        for (name, value) in &ask.fields {
            text += &format!("{name}: {}\r\n", value.to_str().expect("ASCII"));
        }
        text + "\r\n" + &body
    }

    /// The request with a body that never comes. Its length is announced if there is one.
    ///
    /// # Panics
    /// When the target is none.
    #[must_use]
    pub fn without_its_body(self, announced: Option<usize>) -> Request<Never> {
        match announced {
            Some(length) => self.field(CONTENT_LENGTH.as_str(), &length.to_string()).with_body(Never),
            None => self.with_body(Never),
        }
    }

    #[allow(clippy::expect_used, reason = "a test that cannot go on has failed")]
    fn with_body<B>(self, body: B) -> Request<B> {
        let mut request = Request::new(body);
        *request.method_mut() = self.verb;
        *request.uri_mut() = self.target.parse().expect("a target");
        *request.headers_mut() = self.fields;
        request
    }

    /// Asks.
    pub async fn send<R: Runtime>(self, service: &Service<R>) -> Answer {
        send(service, self.request()).await
    }
}

/// Asks with whatever body.
#[allow(clippy::expect_used, reason = "a test that cannot go on has failed")]
pub async fn send<R: Runtime, B>(service: &Service<R>, request: Request<B>) -> Answer
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (head, body) = service.serve(request).await.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    Answer { status: head.status.as_u16(), fields: head.headers, body: text(&body) }
}

/// A body of which no byte comes.
#[derive(Debug)]
pub struct Never;

impl Body for Never {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The header fields.
    pub fields: HeaderMap,
    /// The whole body.
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    #[allow(clippy::expect_used, reason = "a test that cannot go on has failed")]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// The text of a tool's result.
    ///
    /// # Panics
    /// When it has none.
    #[must_use]
    pub fn text(&self) -> String {
        let json = self.json();
        let text = json["result"]["content"][0]["text"].as_str();
        assert!(text.is_some(), "{} {}", self.status, self.body);
        text.unwrap_or_default().to_owned()
    }

    /// Status, code and message of an error.
    #[must_use]
    pub fn error(&self) -> (u16, i64, String) {
        let json = self.json();
        let error = &json["error"];
        let message = error["message"].as_str().unwrap_or_default().to_owned();
        (self.status, error["code"].as_i64().unwrap_or_default(), message)
    }

    /// The one value of a field; nothing when it is absent.
    ///
    /// # Panics
    /// When there are several.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.get_all(name).iter();
        let value = values.next().and_then(|value| value.to_str().ok());
        assert_eq!(values.next(), None, "{name} was sent twice");
        value
    }

    /// All challenges, in order.
    #[must_use]
    pub fn challenges(&self) -> Vec<&str> {
        self.fields.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()).collect()
    }

    /// Whether this text stands anywhere in the answer.
    #[must_use]
    pub fn contains(&self, text: &str) -> bool {
        let in_fields = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).contains(text);
        self.body.contains(text) || self.fields.values().any(in_fields)
    }
}

#[allow(clippy::expect_used, reason = "a test that cannot go on has failed")]
fn field_name(name: &str) -> HeaderName {
    name.parse().expect("the name of a field")
}

#[allow(clippy::expect_used, reason = "a test that cannot go on has failed")]
fn field_value(value: &str) -> HeaderValue {
    value.parse().expect("the value of a field")
}

#[allow(clippy::expect_used, reason = "a test that cannot go on has failed")]
fn text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).expect("UTF-8").to_owned()
}
