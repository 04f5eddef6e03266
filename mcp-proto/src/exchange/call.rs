//! The step that needs a handler to run.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{audit::About, reply::Reply};
use crate::{
    auth::principal::Principal,
    catalog::ItemId,
    jws::Claims,
    response::Response,
    revision::Revision,
    session::{CallId, Session, SessionInfo},
    time::Deadline,
    uri_template::Variables,
};

/// A handler has to run: every rule has allowed it.
#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
pub struct Call {
    /// What to run, with what.
    pub callee: Callee,
    /// Who calls. `None` on a server without authentication.
    pub caller: Option<Caller>,
    /// What the client says about itself.
    pub client: ClientFacts,
    /// When the handler has to be done.
    pub deadline: Deadline,
    /// Where the answer goes.
    pub reply: Reply,
    /// Who asks for what, where the server keeps records.
    pub about: Option<Box<About>>,
    /// What the call is in its session, if it belongs to one.
    pub session: Option<CallId>,
    /// Send this at once, and run the call beside it: its answer has another way to the client.
    pub acknowledged: Option<Box<Response>>,
}

impl Call {
    /// The call has been noted in a session. `is_open`: there is a stream for its answer already.
    pub(super) fn join(&mut self, named: CallId, session: &Session, is_open: bool) {
        self.session = Some(named);
        self.client.log_level = Some(session.level());
        self.reply.belong(named, is_open);
    }
}

/// The verified caller.
#[derive(Debug, Clone)]
pub struct Caller(Evidence);

/// What vouches for a caller.
#[derive(Debug, Clone)]
enum Evidence {
    Claims(Arc<Claims>),
    Application(Arc<Principal>),
}

impl Caller {
    pub(super) fn of_claims(claims: Arc<Claims>) -> Self {
        Self(Evidence::Claims(claims))
    }

    pub(super) fn of_application(principal: Arc<Principal>) -> Self {
        Self(Evidence::Application(principal))
    }

    /// A claim of the caller's token that the server keeps
    /// ([`keep_claim`](crate::auth::IssuerPolicy::keep_claim)), read as this type; nothing where the token
    /// does not have it, or has it with another type.
    #[must_use]
    pub fn claim<'c, T: Deserialize<'c>>(&'c self, name: &str) -> Option<T> {
        match &self.0 {
            Evidence::Claims(claims) => serde_json::from_str(claims.kept(name)?).ok(),
            Evidence::Application(_) => None,
        }
    }

    /// The verified identity.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        match &self.0 {
            Evidence::Claims(claims) => claims.principal(),
            Evidence::Application(principal) => principal,
        }
    }
}

/// What to run, by its number in the catalog, with its input.
#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
pub enum Callee {
    /// A tool, with the JSON text of an object.
    Tool(ItemId, Bytes),
    /// A prompt, with its arguments; the required ones are there.
    Prompt(ItemId, BTreeMap<String, String>),
    /// A resource, with its URI.
    Resource(ItemId, Box<str>),
    /// A resource template, with the URI and what its variables stand for.
    Template(ItemId, Box<str>, Variables),
    /// A completion.
    Completion(ItemId, CompletionInput),
}

/// What has been typed so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletionInput {
    /// The argument to complete.
    pub argument: String,
    /// What is there of its value.
    pub value: String,
    /// Arguments that have been chosen already (CMPL-05).
    pub chosen: BTreeMap<String, String>,
}

/// What a request says about its client. None of it is verified (META-09, ELI-13).
#[derive(Debug, Clone)]
pub struct ClientFacts {
    pub(super) revision: Revision,
    pub(super) log_level: Option<LogLevel>,
    /// The JSON text of `params._meta`; parsed when somebody asks.
    pub(super) meta: Bytes,
    /// What the handshake said, where there is a session.
    pub(super) session: Option<Arc<SessionInfo>>,
}

impl ClientFacts {
    /// The revision of this request.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The level from which on the client gets log messages; `None`: it wants none (LOGG-02).
    /// Before 2026-07-28 a request does not say: it is what the session was told when the call began, and
    /// without a session [`LogLevel::Info`] (LOGG-05).
    #[must_use]
    pub fn log_level(&self) -> Option<LogLevel> {
        self.log_level
    }

    /// The capabilities that this request declares; nothing may be inferred from earlier ones
    /// (META-10). Before 2026-07-28 those of the session's handshake, and `null` without a session.
    #[must_use]
    pub fn capabilities(&self) -> Value {
        self.declared("io.modelcontextprotocol/clientCapabilities", SessionInfo::capabilities)
    }

    /// Whether this request declares the capability at this path, such as `["sampling"]` or
    /// `["elicitation", "url"]`.
    #[must_use]
    pub fn declares(&self, path: &[&str]) -> bool {
        let capabilities = self.capabilities();
        path.iter().try_fold(&capabilities, |value, key| value.get(key)).is_some_and(Value::is_object)
    }

    /// The client's name and version, `null` when neither the request nor a handshake says (META-08).
    #[must_use]
    pub fn info(&self) -> Value {
        self.declared("io.modelcontextprotocol/clientInfo", SessionInfo::client)
    }

    /// A member that only 2026-07-28 gives a meaning, or what stands for it in a handshake.
    fn declared(&self, key: &str, in_handshake: impl FnOnce(&SessionInfo) -> Value) -> Value {
        if self.revision.is_modern() {
            self.meta(key).unwrap_or_default()
        } else {
            self.session.as_deref().map(in_handshake).unwrap_or_default()
        }
    }

    /// A member of the request's `_meta`, such as `traceparent` (META-14).
    #[must_use]
    pub fn meta(&self, key: &str) -> Option<Value> {
        // The text was read strictly with the body, so it parses.
        let members: BTreeMap<String, &RawValue> = serde_json::from_slice(&self.meta).ok()?;
        serde_json::from_str(members.get(key)?.get()).ok()
    }
}

/// How serious a log message is (LOGG-08), least serious first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// For those who debug.
    Debug,
    /// For information.
    Info,
    /// Normal but significant.
    Notice,
    /// Something may go wrong.
    Warning,
    /// Something went wrong.
    Error,
    /// Something important went wrong.
    Critical,
    /// Somebody has to act at once.
    Alert,
    /// Nothing works.
    Emergency,
}

impl LogLevel {
    /// Every level, least serious first.
    pub const ALL: [Self; 8] = [
        Self::Debug,
        Self::Info,
        Self::Notice,
        Self::Warning,
        Self::Error,
        Self::Critical,
        Self::Alert,
        Self::Emergency,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Alert => "alert",
            Self::Emergency => "emergency",
        }
    }

    /// Reads a name as it is written on the wire.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == name)
    }
}
