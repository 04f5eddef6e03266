//! What a request came to.

use http::{HeaderMap, StatusCode, header, response};
use mcp_proto::exchange::{LogLevel, Notification};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A whole answer: its status, its message, and what the client was told before it.
///
/// The methods that look into a result panic where there is none, and say what there is: a test that cannot go
/// on has failed.
#[derive(Debug, Clone)]
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    /// `null` for an answer without a body.
    message: Value,
    notifications: Vec<Notification>,
}

/// The error of an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ErrorObject<'a> {
    /// The code of JSON-RPC or MCP.
    pub code: i64,
    /// What a person may read.
    pub message: &'a str,
    /// What a program may read.
    pub data: Option<&'a Value>,
}

impl Answer {
    pub(super) fn read(head: response::Parts, body: &[u8]) -> Self {
        let is_stream =
            head.headers.get(header::CONTENT_TYPE).is_some_and(|value| value == "text/event-stream");
        let mut answer = Self {
            status: head.status,
            headers: head.headers,
            message: Value::Null,
            notifications: Vec::new(),
        };
        if is_stream {
            events(body).for_each(|message| answer.receive(message));
        } else {
            answer.message = serde_json::from_slice(body).unwrap_or_default();
        }
        answer
    }

    fn receive(&mut self, message: Value) {
        match notification(&message) {
            Some(notification) => self.notifications.push(notification),
            None => self.message = message,
        }
    }

    /// The HTTP status. What goes wrong once a handler has told the client something has the status 200.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The header fields.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The JSON-RPC message; `null` where the answer has none.
    #[must_use]
    pub fn message(&self) -> &Value {
        &self.message
    }

    /// What the handler told the client while it ran, in order.
    #[must_use]
    pub fn notifications(&self) -> &[Notification] {
        &self.notifications
    }

    /// Whether the request was refused or failed, or a tool's result says that the tool failed.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.message
            .get("result")
            .is_none_or(|result| result.get("isError").and_then(Value::as_bool) == Some(true))
    }

    /// The error of a request that was refused or failed. A tool that failed has a result.
    #[must_use]
    pub fn error(&self) -> Option<ErrorObject<'_>> {
        let error = self.message.get("error")?;
        Some(ErrorObject {
            code: error.get("code")?.as_i64()?,
            message: error.get("message")?.as_str()?,
            data: error.get("data"),
        })
    }

    /// The scopes that the answer's challenge names: with 403 all that the request needs, with 401 those of the
    /// endpoint. None where there is no challenge.
    #[must_use]
    pub fn challenged_scopes(&self) -> Vec<&str> {
        // No value of a challenge has a quotation mark inside.
        self.headers
            .get(header::WWW_AUTHENTICATE)
            .and_then(|value| value.to_str().ok()?.split_once(" scope=\"")?.1.split_once('"'))
            .map(|(scopes, _)| scopes.split(' ').collect())
            .unwrap_or_default()
    }

    /// The result.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    #[track_caller]
    pub fn result(&self) -> &Value {
        match self.message.get("result") {
            Some(result) => result,
            None => self.fail("no result"),
        }
    }

    /// The text of a tool's content, of a resource's contents or of a prompt's messages, also of a tool's result
    /// that says that the tool failed. Several texts have a line end between.
    ///
    /// # Panics
    /// When there is no text.
    #[must_use]
    #[track_caller]
    pub fn text(&self) -> String {
        let result = self.result();
        let blocks =
            ["content", "contents", "messages"].iter().find_map(|member| result.get(member)?.as_array());
        let text = |block: &'_ Value| -> Option<String> {
            let text = block.get("text").or_else(|| block.get("content")?.get("text"))?;
            Some(text.as_str()?.to_owned())
        };
        let texts: Vec<String> = blocks.into_iter().flatten().filter_map(text).collect();
        if texts.is_empty() { self.fail("no text") } else { texts.join("\n") }
    }

    /// The structured result of a tool ([`Json`](crate::Json)), read as this type.
    ///
    /// # Panics
    /// When there is none, or it is of another type.
    #[must_use]
    #[track_caller]
    pub fn structured<T: DeserializeOwned>(&self) -> T {
        match self.result().get("structuredContent").map(T::deserialize) {
            Some(Ok(value)) => value,
            Some(Err(error)) => self.fail(&format!("a structured result of another type: {error}")),
            None => self.fail("no structured result"),
        }
    }

    /// The names of what is listed: of resources their URIs, of templates the templates.
    ///
    /// # Panics
    /// When the answer is no list.
    #[must_use]
    #[track_caller]
    pub fn names(&self) -> Vec<&str> {
        let result = self.result();
        let lists = [
            ("tools", "name"),
            ("prompts", "name"),
            ("resources", "uri"),
            ("resourceTemplates", "uriTemplate"),
        ];
        match lists.iter().find_map(|(list, name)| Some((result.get(list)?.as_array()?, name))) {
            Some((items, name)) => items.iter().filter_map(|item| item.get(name)?.as_str()).collect(),
            None => self.fail("no list"),
        }
    }

    /// The values of a completion.
    ///
    /// # Panics
    /// When the answer is none.
    #[must_use]
    #[track_caller]
    pub fn values(&self) -> Vec<&str> {
        match self.result().pointer("/completion/values").and_then(Value::as_array) {
            Some(values) => values.iter().filter_map(Value::as_str).collect(),
            None => self.fail("no completion"),
        }
    }

    /// Moves the items of a page to those before it; the cursor of the next page, if there is one. The last page
    /// gets them all.
    pub(super) fn take_page(&mut self, member: &str, items: &mut Vec<Value>) -> Option<String> {
        let result = self.message.get_mut("result")?;
        let page = result.get_mut(member)?.as_array_mut()?;
        items.append(page);
        if let Some(cursor) = result.get("nextCursor").and_then(Value::as_str) {
            return Some(cursor.to_owned());
        }
        if let Some(page) = result.get_mut(member).and_then(Value::as_array_mut) {
            page.append(items);
        }
        None
    }

    #[track_caller]
    #[allow(clippy::panic, reason = "a test that cannot go on has failed")]
    fn fail(&self, what: &str) -> ! {
        let challenge = self.headers.get(header::WWW_AUTHENTICATE);
        let challenge = challenge.and_then(|value| value.to_str().ok()).unwrap_or_default();
        panic!("{what} in the answer: {} {challenge} {}", self.status, self.message)
    }
}

/// The messages in a stream of events, each of which is one line of data.
fn events(stream: &[u8]) -> impl Iterator<Item = Value> {
    stream
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line.strip_prefix(b"data: ")?).ok())
}

/// A message that nobody answers, of the two that handlers can send.
fn notification(message: &Value) -> Option<Notification> {
    let params = message.get("params")?;
    let text = |name: &str| params.get(name)?.as_str().map(str::to_owned);
    match message.get("method")?.as_str()? {
        "notifications/progress" => Some(Notification::Progress {
            progress: params.get("progress")?.as_f64()?,
            total: params.get("total").and_then(Value::as_f64),
            message: text("message"),
        }),
        "notifications/message" => Some(Notification::Log {
            level: LogLevel::from_name(&text("level")?)?,
            logger: text("logger"),
            data: params.get("data")?.clone(),
        }),
        _ => None,
    }
}
