//! The Model Context Protocol over HTTP as a pure machine.
//!
//! Parsed requests and facts about tokens go in; answers and requests for effects come out. This
//! crate performs no IO, reads no clock, draws no randomness, takes no lock and has no async.
//! A driver is one loop:
//!
//! ```
//! use http::StatusCode;
//! use mcp_proto::{
//!     AuthPolicy, BodyRead, Call, CatalogSpec, EngineBuilder, Finish, Head, Implementation, Now,
//!     Outcome, Response, Step, ToolResult, ToolSpec,
//! };
//!
//! let info = Implementation { name: "hello".into(), version: "1".into(), ..Implementation::default() };
//! let mut catalog = CatalogSpec::default();
//! catalog.tools.push(ToolSpec::new("hello", serde_json::json!({"type": "object"})));
//! let engine = EngineBuilder::new(info, AuthPolicy::Open).build(&catalog)?;
//!
//! let request = http::Request::post("/mcp")
//!     .header("host", "localhost")
//!     .header("content-type", "application/json")
//!     .header("mcp-protocol-version", "2026-07-28")
//!     .header("mcp-method", "tools/call")
//!     .header("mcp-name", "hello")
//!     .body(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"hello","_meta":{
//!         "io.modelcontextprotocol/protocolVersion":"2026-07-28",
//!         "io.modelcontextprotocol/clientCapabilities":{}}}}"#)?;
//!
//! let now = Now::default();
//! let target = engine.route(request.uri().path());
//! let mut step = engine.accept(&Head::new(&request, target), now);
//! let response = loop {
//!     step = match step {
//!         Step::Verify(_) => unreachable!("this server has no authentication"),
//!         Step::Filter(_) => unreachable!("this server lists everything"),
//!         Step::Probe(probe) => probe.resolve(true),
//!         Step::FindSession(_) | Step::UseSession(_) | Step::OpenSession(_) | Step::Stream(_) => {
//!             unreachable!("this server has no sessions")
//!         }
//!         Step::ReadId(read) => Step::Respond(read.resolve(BodyRead::Aborted)),
//!         Step::ReadBody(read) => read.resolve(BodyRead::Complete((*request.body()).into()), now),
//!         Step::Call(call) => {
//!             let Call { reply, .. } = *call;
//!             match reply.finish(&engine, Outcome::Tool(ToolResult::text("Hello!"))) {
//!                 Finish::Whole(response) => Step::Respond(response),
//!                 Finish::LastFrame(_) | Finish::Queued => unreachable!("nothing was notified"),
//!                 Finish::Next { .. } => unreachable!("the request was no batch"),
//!             }
//!         }
//!         Step::Respond(response) => break response,
//!     };
//! };
//! assert_eq!(response.status, StatusCode::OK);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Start with [`Engine::accept`] and follow the [`Step`]s.

pub mod auth;
pub mod catalog;
pub mod content;
pub mod discovery;
mod engine;
mod error;
pub mod exchange;
pub mod head;
pub mod jsonrpc;
pub mod jws;
pub mod limits;
pub mod method;
pub mod mirror;
pub mod origin;
pub mod refusal;
mod render;
pub mod response;
mod revision;
pub mod session;
pub mod sse;
mod surface;
pub mod time;
pub mod uri_template;

pub use self::{
    auth::{AuthPolicy, BearerPolicy, principal::Principal},
    catalog::{CatalogSpec, PromptSpec, ResourceSpec, TemplateSpec, ToolSpec},
    content::{Content, ToolResult},
    engine::{Engine, EngineBuilder, Implementation, Visibility},
    error::BuildError,
    exchange::{BodyRead, Call, Callee, Facts, Finish, Outcome, Reply, Step},
    head::{Head, Target},
    limits::{Limits, Timeouts},
    refusal::Refusal,
    response::Response,
    revision::{Mode, Revision},
    time::{Now, Tick, UnixSeconds},
};
