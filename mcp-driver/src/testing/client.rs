//! One client of the server in a test.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderMap, HeaderName, HeaderValue};
use http_body_util::BodyExt as _;
use mcp_proto::{Revision, exchange::LogLevel};
use serde_json::{Map, Value, json};

use super::{answer::Answer, mirrored::Mirrors, request::request};
use crate::{runtime::Runtime, serve::Service};

/// A client of a [`TestKit`](super::TestKit). It is one caller, and says what it is told to about itself.
///
/// Each method asks once, and has its whole [`Answer`] when it is awaited.
#[derive(Clone)]
pub struct TestClient<R: Runtime> {
    service: Service<R>,
    pub(super) mirrors: Arc<Mirrors>,
    pub(super) revision: Revision,
    pub(super) wants_progress: bool,
    pub(super) log_level: Option<LogLevel>,
    pub(super) capabilities: Value,
    pub(super) meta: Map<String, Value>,
    pub(super) headers: HeaderMap,
}

/// A request under way.
///
/// Nothing happens before it is awaited. Dropping it is a client that leaves: the handler is dropped, and its
/// [`Context`](crate::Context) says that it was cancelled. It borrows nothing, so it can be spawned.
#[must_use = "nothing is asked before this is awaited"]
pub struct Call(Pin<Box<dyn Future<Output = Answer> + Send>>);

impl<R: Runtime> TestClient<R> {
    pub(super) fn new(service: Service<R>, mirrors: Arc<Mirrors>) -> Self {
        Self {
            service,
            mirrors,
            revision: Revision::V2026_07_28,
            wants_progress: true,
            log_level: None,
            capabilities: json!({}),
            meta: Map::new(),
            headers: HeaderMap::new(),
        }
    }

    /// Speaks this revision, without the handshake that the older ones begin with: a server without sessions
    /// remembers none. Default 2026-07-28.
    #[must_use]
    pub fn revision(mut self, revision: Revision) -> Self {
        self.revision = revision;
        self
    }

    /// Asks for no progress. Otherwise it does, and [`Answer::notifications`] has what it was told.
    #[must_use]
    pub fn without_progress(mut self) -> Self {
        self.wants_progress = false;
        self
    }

    /// Asks for log messages of this level and above. Otherwise it asks for none. For clients before 2026-07-28
    /// the server decides: without a session they cannot ask.
    #[must_use]
    pub fn log_level(mut self, level: LogLevel) -> Self {
        self.log_level = Some(level);
        self
    }

    /// Declares these client capabilities, such as `json!({"sampling": {}})`. Otherwise none. Without a session,
    /// clients before 2026-07-28 cannot declare any.
    #[must_use]
    pub fn capabilities(mut self, capabilities: Value) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Sends this member of `_meta` too, such as `traceparent`.
    #[must_use]
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.meta.insert(key.into(), value.into());
        self
    }

    /// Sends this header field, in place of one of the same name. None of them says who calls.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Calls a tool.
    #[expect(clippy::needless_pass_by_value, reason = "a test writes them where it calls")]
    pub fn call_tool(&self, name: &str, arguments: Value) -> Call {
        self.request("tools/call", json!({"name": name, "arguments": arguments}))
    }

    /// Has a prompt filled in. The values of its arguments are strings.
    #[expect(clippy::needless_pass_by_value, reason = "a test writes them where it calls")]
    pub fn get_prompt(&self, name: &str, arguments: Value) -> Call {
        self.request("prompts/get", json!({"name": name, "arguments": arguments}))
    }

    /// Reads a resource, also one that a template stands for.
    pub fn read_resource(&self, uri: &str) -> Call {
        self.request("resources/read", json!({"uri": uri}))
    }

    /// Asks what the value of a prompt's argument could be that begins with `typed`.
    pub fn complete_prompt(&self, name: &str, argument: &str, typed: &str) -> Call {
        self.complete(&json!({"type": "ref/prompt", "name": name}), argument, typed)
    }

    /// Asks what the value of a template's variable could be that begins with `typed`.
    pub fn complete_template(&self, uri_template: &str, variable: &str, typed: &str) -> Call {
        self.complete(&json!({"type": "ref/resource", "uri": uri_template}), variable, typed)
    }

    fn complete(&self, reference: &Value, argument: &str, typed: &str) -> Call {
        let argument = json!({"name": argument, "value": typed});
        self.request("completion/complete", json!({"ref": reference, "argument": argument}))
    }

    /// Lists the tools that this caller gets to see, all pages as one.
    pub fn list_tools(&self) -> Call {
        self.list("tools/list", "tools")
    }

    /// Lists the prompts that this caller gets to see, all pages as one.
    pub fn list_prompts(&self) -> Call {
        self.list("prompts/list", "prompts")
    }

    /// Lists the resources that this caller gets to see, all pages as one.
    pub fn list_resources(&self) -> Call {
        self.list("resources/list", "resources")
    }

    /// Lists the resource templates that this caller gets to see, all pages as one.
    pub fn list_resource_templates(&self) -> Call {
        self.list("resources/templates/list", "resourceTemplates")
    }

    fn list(&self, method: &'static str, member: &'static str) -> Call {
        let client = self.clone();
        Call::new(async move {
            let mut items = Vec::new();
            let mut params = json!({});
            // Ends, as the lists of a server do.
            loop {
                let mut page = client.request(method, params).await;
                match page.take_page(member, &mut items) {
                    Some(cursor) => params = json!({"cursor": cursor}),
                    None => return page,
                }
            }
        })
    }

    /// Asks for anything else. `params` is completed with `_meta`, of which members that are there stay.
    pub fn request(&self, method: &str, params: Value) -> Call {
        let path = self.service.server().snapshot().engine.path().to_owned();
        let request = request(self, &path, method, params);
        let service = self.service.clone();
        Call::new(async move {
            let (head, body) = service.serve(request).await.into_parts();
            match body.collect().await {
                Ok(body) => Answer::read(head, &body.to_bytes()),
                Err(never) => match never {},
            }
        })
    }
}

impl Call {
    fn new(asking: impl Future<Output = Answer> + Send + 'static) -> Self {
        Self(Box::pin(asking))
    }
}

impl Future for Call {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Call(..)")
    }
}

impl<R: Runtime> fmt::Debug for TestClient<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestClient")
            .field("revision", &self.revision)
            .field("wants_progress", &self.wants_progress)
            .field("log_level", &self.log_level)
            .finish_non_exhaustive()
    }
}
