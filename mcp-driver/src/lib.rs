//! The part of an MCP HTTP server that no runtime needs to repeat.
//!
//! [`mcp_proto`] decides; this crate performs what it asks for, on anything that implements
//! [`Runtime`]. Users of a driver such as `mcp-tokio` find everything here through it.

mod api_keys;
mod audit;
mod auth;
mod authenticate;
mod body;
mod catalog;
mod completion;
mod connection;
mod context;
mod dev_issuer;
mod dpop;
mod execution;
mod fetch;
mod guard;
mod handler;
mod held;
mod hyper_rt;
mod input;
mod interrupt;
mod introspection;
mod keys;
mod landing;
mod limits;
mod listening;
mod load;
mod mount;
mod peer;
mod prompt;
mod read;
mod recognise;
mod resource;
mod result;
mod running;
mod runtime;
pub mod schema;
mod serve;
mod server;
#[cfg(feature = "https")]
mod server_tls;
mod session_body;
mod session_call;
mod sessions;
mod sha256;
mod signature;
mod start_error;
mod stores;
pub mod testing;
#[cfg(feature = "https")]
mod tls;
#[cfg(feature = "https")]
mod tls_client;
mod token_digest;
mod tool;
mod verifier;
mod viewer;
mod wire;

pub use mcp_proto::{
    self as proto, BearerPolicy, Content, Limits, Mode, Principal, Revision, Timeouts, ToolResult,
    UnixSeconds,
    auth::{
        BearerPolicyBuilder, CertificatePolicy, CustomPolicy, CustomPolicyBuilder, DpopPolicy, IssuerPolicy,
    },
    catalog::{Icon, ToolAnnotations},
    content::{
        CacheScope, Caching, Completion as CompletionValues, PromptMessage, PromptResult, ResourceContents,
        ResourceResult, Role,
    },
    exchange::{Caller, ClientFacts, CompletionInput, ItemKind, LogLevel},
    jws::{
        Algorithm, AlgorithmSet, CertificateThumbprint, Profile,
        keyset::{FetchFailure, FetchPolicy, TlsFailure},
    },
    session::{Change, LegacySse, SessionAuth, SessionPolicy},
    uri_template::Variables,
};

pub use self::{
    api_keys::{API_KEY_BYTES_MAX, API_KEY_ISSUER, ApiKeys, ApiKeysError},
    audit::AuditEvent,
    auth::{Auth, TokenAuth, TokenSource},
    authenticate::{CallerValue, ISSUER_DEFAULT, Identity, Rejection, RequestHead, Verifier},
    body::ReplyBody,
    catalog::Catalog,
    completion::Completion,
    context::Context,
    dev_issuer::{DevIssuer, DevIssuerError, TokenBuilder},
    fetch::{
        FETCH_TIMEOUT_SECONDS, Fetch, FetchUrl, FetchUrlError, Fetched, Fetching, Outgoing, connect_first,
        fetch_over,
    },
    handler::{CallParts, FromCall},
    input::{
        Ask, Elicit, ElicitForm, ElicitUrl, Elicited, InputError, ListRoots, Root, Sample, SampleContent,
        SampleMessage, SampleTool, Sampled, ToolChoice, ToolUse, ToolUseResult,
    },
    interrupt::Interrupt,
    introspection::{
        INTROSPECTION_CACHE_SECONDS_DEFAULT, INTROSPECTION_CACHE_SECONDS_MAX, Introspection,
        IntrospectionError,
    },
    keys::{Discovery, KeyDocument, KeySource, KeySourceError},
    limits::{ConnectionTimeouts, ServerLimits},
    listening::{Sockets, Stop},
    mount::{Mount, MountedBody},
    peer::{ClientCertificate, Peer},
    prompt::{Prompt, PromptArguments, PromptBuilder},
    recognise::ServiceError,
    resource::{ReadRequest, Resource, ResourceBuilder, ResourceTemplate},
    result::{IntoToolResult, Json},
    runtime::{EntropyError, Runtime},
    serve::Service,
    server::{Server, ServerBuilder, ServerError},
    sessions::{SessionHandle, Sessions},
    signature::verify_signature,
    start_error::StartError,
    stores::{EventStore, MemoryEvents, MemorySessions, SessionKey, SessionStore, StoreError, Storing},
    tool::{NoArguments, Tool, ToolBuilder, ToolFunction},
    viewer::{ListedItem, Viewer},
};
#[cfg(feature = "https")]
pub use self::{
    server_tls::{
        ServerTls, ServerTlsBuilder, ServerTlsError, TLS_FILE_BYTES_MAX, TLS_WATCH_SECONDS_DEFAULT,
    },
    tls::{TlsError, TlsRoots, client_config, tls_failure},
    tls_client::TlsClient,
};
