//! The Model Context Protocol over HTTP as a pure machine.
//!
//! Parsed requests and facts about tokens go in; answers and requests for effects come out. This
//! crate performs no IO, reads no clock, draws no randomness, takes no lock and has no async.
//!
//! What drives it is one loop over [`Step`]s. Here it is in a whole server, `examples/blocking.rs`, with a thread for
//! each connection (its policy and a token to try are made in `examples/issuer`); `cargo run -p mcp-proto --example blocking` runs it and prints a request to try.
//!
//! ```ignore
#![doc = include_str!("../examples/blocking.rs")]
//! ```
//!
//! In order:
//!
//! 1. An [`EngineBuilder`] makes the [`Engine`] once: who may use it ([`AuthPolicy`]) and what there is to call
//!    ([`CatalogSpec`]). It never changes and is shared.
//! 2. [`Engine::accept`] takes the head of a request and what [`Engine::route`] says of its path.
//! 3. Each [`Step`] says what is needed next and is consumed by the only method that goes on, so that none can be left
//!    out. The body is not wanted before the caller is known.
//! 4. [`Step::Call`] hands out what every rule has allowed. Its [`Reply`] turns the handler's [`Outcome`] into the
//!    answer; [`Reply::notify`] makes a stream of it on the way.
//! 5. [`Step::Respond`] is the end. [`Response::into_http`] has everything but the date; to `HEAD`, send it without its
//!    body.
//!
//! Time comes in as [`Now`]: a clock that never goes back for deadlines, and the time of day for tokens. Waiting is
//! the driver's: steps that may take long have a `deadline`, and a [`BodyRead`] or [`exchange::Facts`] to report that
//! it has passed. Sessions ([`Mode::Stateful`]) add four steps, see [`exchange`] and [`session`]; who signs tokens with
//! other algorithms than the example, or demands proofs of possession, resolves [`Step::Verify`] from [`jws`].

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
