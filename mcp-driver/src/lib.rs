//! The part of an MCP HTTP server that no runtime needs to repeat.
//!
//! [`mcp_proto`] decides; this crate performs what it asks for, on anything that implements
//! [`Runtime`]. Users of a driver such as `mcp-tokio` find everything here through it.

mod auth;
mod body;
mod catalog;
mod completion;
mod connection;
mod context;
mod dev_issuer;
#[allow(dead_code, reason = "no policy asks for proofs yet")]
mod dpop;
mod fetch;
mod guard;
mod handler;
mod held;
mod hyper_rt;
mod interrupt;
mod keys;
mod limits;
mod load;
mod prompt;
mod read;
mod resource;
mod result;
mod running;
mod runtime;
pub mod schema;
mod serve;
mod server;
mod signature;
mod tool;
mod verifier;
mod wire;

pub use mcp_proto::{
    self as proto, BearerPolicy, Content, Limits, Principal, Timeouts, ToolResult,
    auth::BearerPolicyBuilder,
    catalog::{Icon, ToolAnnotations},
    content::{
        CacheScope, Caching, Completion as CompletionValues, PromptMessage, PromptResult, ResourceContents,
        ResourceResult,
    },
    exchange::{Caller, ClientFacts, CompletionInput, LogLevel},
    jws::keyset::FetchFailure,
    uri_template::Variables,
};

pub use self::{
    auth::Auth,
    body::ReplyBody,
    catalog::Catalog,
    completion::Completion,
    context::Context,
    dev_issuer::{DevIssuer, DevIssuerError, TokenBuilder},
    fetch::{Fetch, FetchLimits, Fetching, get_over},
    handler::{CallParts, FromCall},
    interrupt::Interrupt,
    keys::{KeySource, KeySourceError},
    limits::{ConnectionTimeouts, ServerLimits},
    prompt::{Prompt, PromptArguments, PromptBuilder},
    resource::{ReadRequest, Resource, ResourceBuilder, ResourceTemplate},
    result::{IntoToolResult, Json},
    runtime::{EntropyError, Runtime},
    serve::Service,
    server::{Server, ServerBuilder, ServerError},
    signature::verify_signature,
    tool::{NoArguments, Tool, ToolBuilder, ToolFunction},
};
