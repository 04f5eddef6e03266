//! Where the answer of a call goes: one JSON document, or, once the handler has notified, a stream
//! that ends with it.

use http::StatusCode;
use serde_json::{Value, json};

use super::{
    Accept, Manner, SessionStream,
    batch::Rest,
    call::{Call, LogLevel},
};
use crate::{
    catalog::ItemId,
    content::{Completion, PromptResult, ResourceResult, ToolResult},
    engine::Engine,
    jsonrpc::{self, AnswerId, RawId},
    refusal::Refusal,
    render,
    response::{ContentType, Fields, Payload, Response},
    session::{self, CallId},
    sse,
};

/// The answer of one call. It ends with exactly one final message.
#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
pub struct Reply {
    pub(super) id: RawId,
    pub(super) operation: Operation,
    pub(super) manner: Manner,
    progress_token: Option<RawId>,
    pub(super) log_level: Option<LogLevel>,
    last_progress: Option<f64>,
    pub(super) is_stream: bool,
    /// What follows, where the request is one of several.
    pub(super) rest: Option<Box<Rest>>,
    /// What the call is in its session, if it belongs to one.
    pub(super) session: Option<CallId>,
}

/// What was called, for the scopes that it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Tool(ItemId),
    Prompt(ItemId),
    Resource(ItemId),
    Template(ItemId),
    Completion(ItemId),
}

/// What a handler tells the client while it runs: about its call, on the stream of its call (HTTP-16, SSE-20, LOGG-04),
/// and nothing that the client would have to answer (HTTP-15, JR-29, MRTR-01).
#[derive(Debug, Clone, PartialEq)]
pub enum Notification {
    /// How far it has come.
    Progress {
        /// Strictly more each time (PROG-03).
        progress: f64,
        /// What it will be at the end.
        total: Option<f64>,
        /// For people (PROG-06).
        message: Option<String>,
    },
    /// A log message. No secrets (LOGG-06).
    Log {
        /// How serious it is.
        level: LogLevel,
        /// Where it comes from.
        logger: Option<String>,
        /// What it says.
        data: Value,
    },
}

/// What became of a notification.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "the first frame opens the stream"]
pub enum Notified {
    /// The answer has become a stream with this head; its first frame is in the buffer.
    Opened(Response),
    /// A frame is in the buffer.
    Frame,
    /// It was not written.
    Suppressed(Suppressed),
}

/// Why a notification was not written. Never a fault of the handler's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suppressed {
    /// The client did not ask for progress (PROG-02).
    NoProgressToken,
    /// The progress is not more than what was told before, or not a number (PROG-03).
    NotIncreasing,
    /// The client did not ask for log messages (LOGG-02).
    NoLogLevel,
    /// The client asked for more serious ones (LOGG-03).
    BelowLogLevel,
    /// The client does not take event streams (PROG-08).
    NoStream,
    /// The client has cancelled the call, or its session is over.
    Over,
}

/// What became of a notification in a session.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "the first message opens the stream"]
pub enum Told {
    /// It is the first on this stream, which the answer has become.
    Opened(SessionStream),
    /// It is on the stream.
    Queued,
    /// It was not written.
    Suppressed(Suppressed),
}

/// What a handler came to.
#[derive(Debug)]
pub enum Outcome {
    /// A tool's result, also one that says that the tool failed.
    Tool(ToolResult),
    /// A resource's contents.
    Resource(ResourceResult),
    /// A prompt's messages.
    Prompt(PromptResult),
    /// Values for an argument.
    Completion(Completion),
    /// The arguments do not fit the tool's schema; what is wrong with them, for the model
    /// (AMB-12).
    InvalidArguments(String),
    /// The resource that the template stands for does not exist; its URI (RSRC-05).
    UnknownResource(Box<str>),
    /// The handler demands scopes that the caller does not have.
    MissingScope(Vec<Box<str>>),
    /// The handler needs client capabilities: JSON text shaped like client capabilities (META-11).
    MissingClientCapability(Box<str>),
    /// The handler failed, and the peer is not told how.
    Failed,
    /// The handler took too long.
    TimedOut,
    /// The call was stopped ([`crate::session::Directive::Cancel`]).
    Cancelled,
    /// The handler panicked.
    Panicked,
    /// The handler could not be run, and nobody but the server can help that.
    Internal,
}

/// How the answer ends, or goes on.
#[derive(Debug)]
#[must_use = "this is the answer"]
pub enum Finish {
    /// It never became a stream: send this.
    Whole(Response),
    /// The last frame of the stream; then it ends (HTTP-17).
    LastFrame(Vec<u8>),
    /// It is on the stream of the session that it belongs to.
    Queued,
    /// The next call of a batch has to run.
    Next {
        /// What to send first; nothing, unless the answer is a stream.
        frame: Vec<u8>,
        /// The call, under the deadline of the first.
        call: Box<Call>,
    },
}

impl Reply {
    pub(super) fn new(
        id: RawId,
        operation: Operation,
        manner: Manner,
        progress_token: Option<RawId>,
        log_level: Option<LogLevel>,
    ) -> Self {
        Self {
            id,
            operation,
            manner,
            progress_token,
            log_level,
            last_progress: None,
            is_stream: false,
            rest: None,
            session: None,
        }
    }

    /// Makes it the answer of a call in a session.
    pub(super) fn belong(&mut self, call: CallId, is_stream: bool) {
        self.session = Some(call);
        self.is_stream = is_stream;
    }

    /// The id of the request.
    pub(super) fn id(&self) -> &RawId {
        &self.id
    }

    /// The id of the request.
    pub(super) fn into_id(self) -> RawId {
        self.id
    }

    /// Makes it one of several answers, in a stream that may be open already.
    pub(super) fn join(&mut self, rest: Rest, is_stream: bool) {
        self.rest = Some(Box::new(rest));
        self.is_stream = is_stream;
    }

    /// Whether the answer has become a stream.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.is_stream
    }

    /// Appends the frame of a notification to `out`, if the client is to get it.
    ///
    /// The first one ([`Notified::Opened`]) brings the head: send that, then `out`, then every later frame as it comes.
    /// From then on the answer ends with [`Finish::LastFrame`], or goes on with the `frame` of [`Finish::Next`]; there
    /// is no other head. A call of a batch whose stream is open already brings frames alone.
    pub fn notify(&mut self, notification: &Notification, out: &mut Vec<u8>) -> Notified {
        let message = match self.message(notification) {
            Ok(message) => message,
            Err(why) => return Notified::Suppressed(why),
        };
        let head = self.open(out);
        sse::event(out, message.to_string().as_bytes());
        head.map_or(Notified::Frame, Notified::Opened)
    }

    pub(super) fn message(&mut self, notification: &Notification) -> Result<Value, Suppressed> {
        if !self.manner.accept.event_stream {
            return Err(Suppressed::NoStream);
        }
        match notification {
            Notification::Progress { progress, total, message } => {
                let token = self.progress_token.as_ref().ok_or(Suppressed::NoProgressToken)?;
                let increases =
                    progress.is_finite() && self.last_progress.is_none_or(|last| last < *progress);
                if !increases {
                    return Err(Suppressed::NotIncreasing);
                }
                self.last_progress = Some(*progress);
                // The token was read strictly with the body, so it parses.
                let token: Value = serde_json::from_slice(token.as_json()).unwrap_or_default();
                let mut params = json!({"progressToken": token, "progress": progress});
                if let Some(total) = total.filter(|total| total.is_finite()) {
                    params["total"] = json!(total);
                }
                if let Some(message) = message
                    && self.manner.revision.has_progress_messages()
                {
                    params["message"] = json!(message);
                }
                Ok(session::notification("notifications/progress", Some(params)))
            }
            Notification::Log { level, logger, data } => {
                let wanted = self.log_level.ok_or(Suppressed::NoLogLevel)?;
                if *level < wanted {
                    return Err(Suppressed::BelowLogLevel);
                }
                let mut params = json!({"level": level.as_str(), "data": data});
                if let Some(logger) = logger {
                    params["logger"] = json!(logger);
                }
                Ok(session::notification("notifications/message", Some(params)))
            }
        }
    }

    /// The head of the stream, unless it is open already.
    fn open(&mut self, out: &mut Vec<u8>) -> Option<Response> {
        if self.is_stream {
            return None;
        }
        self.is_stream = true;
        if let Some(rest) = &mut self.rest {
            rest.stream(out);
        }
        Some(Response::event_stream(self.manner.cors.clone()))
    }

    /// Turns a call that is silent for long into a stream with a comment in it, so that heartbeats
    /// notice a client that has left. `None` when the client takes no stream, or it is one already.
    pub fn open_stream(&mut self, out: &mut Vec<u8>) -> Option<Response> {
        if !self.manner.accept.event_stream {
            return None;
        }
        let head = self.open(out)?;
        sse::comment(out);
        Some(head)
    }

    /// Appends a heartbeat to an open stream (SSE-22).
    pub fn heartbeat(&self, out: &mut Vec<u8>) {
        sse::comment(out);
    }

    /// Ends the answer with what the handler came to; nothing can be told of the call after that (PROG-04).
    pub fn finish(mut self, engine: &Engine, outcome: Outcome) -> Finish {
        let rest = self.rest.take();
        let result = self.result(engine, outcome);
        let Self { id, manner, is_stream, .. } = self;
        match (result, rest) {
            (Ok(body), Some(rest)) => rest.go_on(Some(body), is_stream, manner),
            // Other calls have run, so the status is theirs too.
            (Err(refusal), Some(rest)) => {
                rest.go_on(Some(refusal.entry(id, manner.revision)), is_stream, manner)
            }
            (Ok(body), None) if is_stream => Finish::LastFrame(framed(&body)),
            (Ok(body), None) => Finish::Whole(whole(body, manner)),
            // The status is sent already: the error travels as the final event (ERR-13).
            (Err(refusal), None) if is_stream => {
                Finish::LastFrame(framed(&refusal.entry(id, manner.revision)))
            }
            (Err(refusal), None) => Finish::Whole(refused(refusal, engine, &AnswerId::Known(id), manner)),
        }
    }

    /// Refuses the whole request, because too many calls are running to begin this one.
    #[must_use]
    pub fn refuse_overloaded(self, engine: &Engine) -> Response {
        let id = match self.rest {
            None => AnswerId::Known(self.id),
            // A batch has no id, and clients of its revision expect the member (AMB-01).
            Some(_) => AnswerId::Null,
        };
        refused(Refusal::Overloaded, engine, &id, self.manner)
    }

    pub(super) fn result(&self, engine: &Engine, outcome: Outcome) -> Result<Vec<u8>, Refusal> {
        let revision = self.manner.revision;
        let form = engine.form(revision);
        let tool = |result: &ToolResult| {
            let mut out = jsonrpc::begin_result(&self.id, tool_bytes(result) + form.server.len());
            render::tool_result(&mut out, result, form);
            out
        };
        let is_tool = matches!(self.operation, Operation::Tool(_));
        let mut out = match outcome {
            Outcome::Tool(result) => tool(&result),
            Outcome::InvalidArguments(text) if is_tool && revision.tells_the_model_of_arguments() => {
                tool(&ToolResult::error(text))
            }
            Outcome::InvalidArguments(text) if is_tool => {
                return Err(Refusal::InvalidArguments(text.into()));
            }
            // ERR-24: what goes wrong in a tool is told to the model, in the result.
            Outcome::Failed if is_tool => tool(&ToolResult::error(TOOL_FAILED)),
            Outcome::Resource(result) if !result.contents.is_empty() => {
                let mut out = jsonrpc::begin_result(&self.id, RESULT_BYTES + form.server.len());
                render::resource_result(&mut out, &result, form);
                out
            }
            Outcome::Prompt(result) => {
                let mut out = jsonrpc::begin_result(&self.id, RESULT_BYTES + form.server.len());
                render::prompt_result(&mut out, &result, form);
                out
            }
            Outcome::Completion(completion) => {
                let mut out = jsonrpc::begin_result(&self.id, RESULT_BYTES + form.server.len());
                render::completion(&mut out, &completion, form);
                out
            }
            Outcome::UnknownResource(uri) => return Err(Refusal::UnknownResource(uri)),
            Outcome::MissingScope(demanded) => {
                return Err(Refusal::InsufficientScope(engine.needs(self.operation, &demanded)));
            }
            Outcome::MissingClientCapability(capabilities) if revision.is_modern() => {
                return Err(Refusal::MissingClientCapability(capabilities));
            }
            // Older revisions have no error for it.
            Outcome::MissingClientCapability(_) if is_tool => tool(&ToolResult::error(CAPABILITY_MISSING)),
            Outcome::TimedOut => return Err(Refusal::TimedOut),
            Outcome::Cancelled => return Err(Refusal::Cancelled),
            Outcome::Resource(_)
            | Outcome::InvalidArguments(_)
            | Outcome::MissingClientCapability(_)
            | Outcome::Failed
            | Outcome::Panicked
            | Outcome::Internal => {
                return Err(Refusal::Internal);
            }
        };
        jsonrpc::end_result(&mut out);
        Ok(out)
    }
}

const TOOL_FAILED: &str = "The tool failed";
const CAPABILITY_MISSING: &str = "The client lacks a capability that this tool needs";

/// Room for a result whose size is not estimated.
const RESULT_BYTES: usize = 512;

/// Room for a tool's result: its texts and what is around them, so that most need one allocation.
fn tool_bytes(result: &ToolResult) -> usize {
    use crate::content::Content;
    let content: usize = result
        .content
        .iter()
        .map(|content| match content {
            Content::Text(text) => 32 + text.len() + text.len() / 16,
            Content::Image(media) | Content::Audio(media) => 96 + media.data.len(),
            Content::Resource(_) | Content::Link(_) => 256,
        })
        .sum();
    96 + content + result.structured.as_ref().map_or(0, |json| 24 + json.get().len())
}

pub(super) fn framed(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 16);
    sse::event(&mut out, body);
    out
}

/// A refusal; one that is an answer like any other (200) in a media type that the client takes.
pub(super) fn refused(refusal: Refusal, engine: &Engine, id: &AnswerId, manner: Manner) -> Response {
    let Accept { json, event_stream } = manner.accept;
    let response = refusal.into_response(engine.auth(), id, manner);
    match response {
        Response { status: StatusCode::OK, fields, payload: Payload::Whole(body), rule, about }
            if !json && event_stream =>
        {
            Response {
                status: StatusCode::OK,
                fields: Fields { content_type: Some(ContentType::EventStream), ..fields },
                payload: Payload::Whole(framed(&body).into()),
                rule,
                about,
            }
        }
        other => other,
    }
}

/// A whole answer in a media type that the client takes: JSON if it can be.
pub(super) fn whole(body: Vec<u8>, manner: Manner) -> Response {
    let body = if manner.accept.json { body } else { framed(&body) };
    complete(body, manner)
}

/// A whole answer that has the form of a media type that the client takes.
pub(super) fn complete(body: Vec<u8>, manner: Manner) -> Response {
    let Manner { accept, cors, .. } = manner;
    let content_type = if accept.json { ContentType::Json } else { ContentType::EventStream };
    Response {
        status: StatusCode::OK,
        fields: Fields { cors, ..Fields::of(content_type) },
        payload: Payload::Whole(body.into()),
        rule: None,
        about: None,
    }
}
