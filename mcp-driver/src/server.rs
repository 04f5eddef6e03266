//! A server: its policy, its catalog, its bounds. Knows no runtime.

use std::{
    fmt,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use http::{HeaderMap, HeaderName, header};
use mcp_proto::{
    AuthPolicy, BearerPolicy, BuildError, Engine, EngineBuilder, Implementation, Limits, Timeouts,
    auth::BearerPolicyBuilder,
    origin::{HostPolicy, OriginPolicy},
};

use crate::{
    catalog::{Catalog, Handlers},
    completion::Completion,
    keys::KeySource,
    limits::{ConnectionTimeouts, ServerLimits},
    prompt::Prompt,
    resource::{Resource, ResourceTemplate},
    tool::Tool,
};

/// A server that can be run on any runtime. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

struct Inner {
    current: Mutex<Arc<Snapshot>>,
    generation: AtomicU64,
    keys: Option<KeySource>,
    limits: ServerLimits,
    timeouts: ConnectionTimeouts,
    exposed: Vec<HeaderName>,
    open_beyond_loopback: bool,
    /// The allow-lists, for people.
    hosts: String,
    origins: String,
}

/// What one request is served with: an engine and the functions behind its catalog.
pub(crate) struct Snapshot {
    pub(crate) engine: Engine,
    pub(crate) handlers: Handlers,
}

/// How callers prove who they are.
#[derive(Debug)]
pub struct Auth(AuthKind);

#[derive(Debug)]
enum AuthKind {
    Open,
    Bearer(Box<BearerPolicyBuilder>, KeySource),
}

impl Auth {
    /// They do not: every caller may use everything. Beyond loopback such a server is only
    /// started when [`ServerBuilder::allow_open_beyond_loopback`] says so.
    #[must_use]
    pub fn none() -> Self {
        Self(AuthKind::Open)
    }

    /// By OAuth bearer tokens that `policy` accepts, signed with one of `keys`.
    #[must_use]
    pub fn bearer(policy: BearerPolicyBuilder, keys: KeySource) -> Self {
        Self(AuthKind::Bearer(Box::new(policy), keys))
    }

    /// By OAuth bearer tokens that `issuer` signed with one of `keys` for `audience`: the URL that
    /// clients use.
    pub fn jwt(issuer: impl Into<String>, audience: impl Into<String>, keys: KeySource) -> Self {
        Self::bearer(BearerPolicy::builder(issuer, audience), keys)
    }
}

/// Collects what a [`Server`] is made of.
pub struct ServerBuilder {
    info: Implementation,
    auth: Auth,
    catalog: Catalog,
    hosts: Vec<String>,
    origins: Vec<String>,
    any_host: bool,
    any_origin: bool,
    core_limits: Limits,
    core_timeouts: Timeouts,
    limits: ServerLimits,
    timeouts: ConnectionTimeouts,
    path: String,
    instructions: Option<String>,
    exposed: Vec<HeaderName>,
    open_beyond_loopback: bool,
}

/// Why a server cannot be built.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerError {
    /// The policy or the catalog is not what it has to be.
    Build(BuildError),
    /// An item takes the [`crate::Caller`], and the server has no authentication.
    NeedsCaller(String),
    /// A header that carries credentials cannot be exposed to handlers.
    ExposedCredentials(HeaderName),
    /// A server without authentication is not started on an address that others reach, unless it
    /// was built with [`ServerBuilder::allow_open_beyond_loopback`].
    OpenBeyondLoopback(IpAddr),
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Build(error) => error.fmt(f),
            Self::NeedsCaller(name) => {
                write!(f, "{name:?} takes the authenticated caller, and the server has no authentication")
            }
            Self::ExposedCredentials(name) => {
                write!(f, "{name} carries credentials and cannot be exposed to handlers")
            }
            Self::OpenBeyondLoopback(address) => write!(
                f,
                "refusing to serve without authentication on {address}: bind a loopback address, \
                 configure authentication, or say allow_open_beyond_loopback"
            ),
        }
    }
}

impl std::error::Error for ServerError {}

impl From<BuildError> for ServerError {
    fn from(error: BuildError) -> Self {
        Self::Build(error)
    }
}

impl Server {
    /// Begins a server with this name and version. Nobody is let in by default: `auth` says who.
    pub fn builder(name: impl Into<String>, version: impl Into<String>, auth: Auth) -> ServerBuilder {
        ServerBuilder {
            info: Implementation { name: name.into(), version: version.into(), ..Implementation::default() },
            auth,
            catalog: Catalog::new(),
            hosts: Vec::new(),
            origins: Vec::new(),
            any_host: false,
            any_origin: false,
            core_limits: Limits::default(),
            core_timeouts: Timeouts::default(),
            limits: ServerLimits::default(),
            timeouts: ConnectionTimeouts::default(),
            path: "/mcp".into(),
            instructions: None,
            exposed: Vec::new(),
            open_beyond_loopback: false,
        }
    }

    /// Serves another catalog from the next request on. Calls that run keep the one they began with.
    ///
    /// # Errors
    /// When the catalog is not what it has to be; the old one is then still served.
    pub fn replace(&self, catalog: Catalog) -> Result<(), ServerError> {
        let current = self.snapshot();
        check_callers(&catalog, current.engine.auth())?;
        let engine = current.engine.with_catalog(&catalog.spec)?;
        let snapshot = Arc::new(Snapshot { engine, handlers: catalog.handlers });
        *self.0.current.lock().unwrap_or_else(PoisonError::into_inner) = snapshot;
        self.0.generation.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// Changes whenever [`Server::replace`] succeeds.
    pub(crate) fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::Acquire)
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        // Nothing that can panic runs under this lock.
        Arc::clone(&self.0.current.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn keys(&self) -> Option<&KeySource> {
        self.0.keys.as_ref()
    }

    /// The bounds on connections and calls.
    #[must_use]
    pub fn limits(&self) -> &ServerLimits {
        &self.0.limits
    }

    /// The deadlines of connections.
    #[must_use]
    pub fn connection_timeouts(&self) -> &ConnectionTimeouts {
        &self.0.timeouts
    }

    /// The header fields that handlers may see.
    pub(crate) fn exposed(&self, headers: &HeaderMap) -> HeaderMap {
        let mut exposed = HeaderMap::new();
        for name in &self.0.exposed {
            for value in headers.get_all(name) {
                exposed.append(name, value.clone());
            }
        }
        exposed
    }

    /// Whether the server may be started on this address.
    ///
    /// # Errors
    /// When it has no authentication, others reach the address, and nobody asked for that.
    pub fn check_address(&self, address: IpAddr) -> Result<(), ServerError> {
        let is_open = match self.snapshot().engine.auth() {
            AuthPolicy::Open => true,
            AuthPolicy::Bearer(_) => false,
        };
        if is_open && !address.is_loopback() && !self.0.open_beyond_loopback {
            return Err(ServerError::OpenBeyondLoopback(address));
        }
        Ok(())
    }

    /// The policy in force, for people: one line for each rule.
    #[must_use]
    pub fn describe(&self) -> String {
        let snapshot = self.snapshot();
        let engine = &snapshot.engine;
        let auth = match engine.auth() {
            AuthPolicy::Open => "none: every caller may use everything".to_owned(),
            AuthPolicy::Bearer(policy) => {
                let rules = policy.rules();
                let scopes = policy.baseline().scopes();
                format!(
                    "bearer tokens on every request\n  issuer      {}\n  audience    {}\n  scopes      \
                     {}\n  leeway      {} s\n  metadata    {}",
                    rules.issuer(),
                    rules.audiences().join(", "),
                    if scopes.is_empty() { "(none for the endpoint)" } else { scopes.as_str() },
                    rules.leeway_seconds(),
                    policy.metadata_url(),
                )
            }
        };
        format!(
            "auth          {auth}\nhosts         {}\norigins       {}\nbody limit    {} bytes",
            self.0.hosts,
            self.0.origins,
            engine.limits().body_bytes_max,
        )
    }
}

fn check_callers(catalog: &Catalog, auth: &AuthPolicy) -> Result<(), ServerError> {
    match (auth, &catalog.needs_caller) {
        (AuthPolicy::Open, Some(name)) => Err(ServerError::NeedsCaller(name.clone())),
        (AuthPolicy::Open, None) | (AuthPolicy::Bearer(_), _) => Ok(()),
    }
}

impl ServerBuilder {
    /// Adds a tool.
    #[must_use]
    pub fn tool(mut self, tool: Tool) -> Self {
        self.catalog = self.catalog.tool(tool);
        self
    }

    /// Adds a prompt.
    #[must_use]
    pub fn prompt(mut self, prompt: Prompt) -> Self {
        self.catalog = self.catalog.prompt(prompt);
        self
    }

    /// Adds a resource.
    #[must_use]
    pub fn resource(mut self, resource: Resource) -> Self {
        self.catalog = self.catalog.resource(resource);
        self
    }

    /// Adds a resource template.
    #[must_use]
    pub fn template(mut self, template: ResourceTemplate) -> Self {
        self.catalog = self.catalog.template(template);
        self
    }

    /// Adds a completion.
    #[must_use]
    pub fn completion(mut self, completion: Completion) -> Self {
        self.catalog = self.catalog.completion(completion);
        self
    }

    /// Serves this catalog, in place of what was added before.
    #[must_use]
    pub fn catalog(mut self, catalog: Catalog) -> Self {
        self.catalog = catalog;
        self
    }

    /// Who the server says it is, beyond its name and version.
    #[must_use]
    pub fn info(mut self, info: Implementation) -> Self {
        self.info = info;
        self
    }

    /// What a model should know about the server as a whole.
    #[must_use]
    pub fn instructions(mut self, text: impl Into<String>) -> Self {
        self.instructions = Some(text.into());
        self
    }

    /// The path of the MCP endpoint; `/mcp` without this.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Answers to this name too: `example.com` (on the default ports), `example.com:8443`, or
    /// `example.com:*`. Loopback names are always answered to. Others are refused, also with a
    /// good token, so that a web page cannot reach the server under a name of its own.
    #[must_use]
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.hosts.push(host.into());
        self
    }

    /// Answers to any name: for servers behind a proxy that checks names itself.
    #[must_use]
    pub fn allow_any_host(mut self) -> Self {
        self.any_host = true;
        self
    }

    /// Serves web pages of this origin: `https://app.example.com`. Without any, pages on loopback
    /// are served; with some, only those that were named.
    #[must_use]
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// Serves web pages of any origin.
    #[must_use]
    pub fn allow_any_origin(mut self) -> Self {
        self.any_origin = true;
        self
    }

    /// Lets handlers see this request header. Headers that carry credentials cannot be exposed.
    #[must_use]
    pub fn expose_header(mut self, name: HeaderName) -> Self {
        self.exposed.push(name);
        self
    }

    /// Bounds of the core.
    #[must_use]
    pub fn core_limits(mut self, limits: Limits) -> Self {
        self.core_limits = limits;
        self
    }

    /// Deadlines of the core.
    #[must_use]
    pub fn core_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.core_timeouts = timeouts;
        self
    }

    /// Bounds on connections and calls.
    #[must_use]
    pub fn limits(mut self, limits: ServerLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Deadlines of connections.
    #[must_use]
    pub fn connection_timeouts(mut self, timeouts: ConnectionTimeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Starts on an address that others reach although there is no authentication.
    #[must_use]
    pub fn allow_open_beyond_loopback(mut self) -> Self {
        self.open_beyond_loopback = true;
        self
    }

    /// The server.
    ///
    /// # Errors
    /// When the policy or the catalog is not what it has to be.
    pub fn build(self) -> Result<Server, ServerError> {
        for name in &self.exposed {
            if [header::AUTHORIZATION, header::PROXY_AUTHORIZATION, header::COOKIE].contains(name) {
                return Err(ServerError::ExposedCredentials(name.clone()));
            }
        }
        let (auth, keys) = match self.auth.0 {
            AuthKind::Open => (AuthPolicy::Open, None),
            AuthKind::Bearer(policy, keys) => (AuthPolicy::Bearer(policy.build()?), Some(keys)),
        };
        check_callers(&self.catalog, &auth)?;
        let mut engine = EngineBuilder::new(self.info, auth);
        engine.hosts = hosts(self.any_host, &self.hosts)?;
        engine.origins = origins(self.any_origin, &self.origins)?;
        engine.limits = self.core_limits;
        engine.timeouts = self.core_timeouts;
        engine.path = self.path;
        engine.instructions = self.instructions;
        let engine = engine.build(&self.catalog.spec)?;
        let snapshot = Arc::new(Snapshot { engine, handlers: self.catalog.handlers });
        let origins_listed = match (self.any_origin, self.origins.as_slice()) {
            (true, _) => "any".to_owned(),
            (false, []) => "pages on loopback".to_owned(),
            (false, origins) => origins.join(", "),
        };
        let hosts_listed = match (self.any_host, self.hosts.as_slice()) {
            (true, _) => "any".to_owned(),
            (false, hosts) => ["loopback names"]
                .into_iter()
                .chain(hosts.iter().map(String::as_str))
                .collect::<Vec<_>>()
                .join(", "),
        };
        Ok(Server(Arc::new(Inner {
            current: Mutex::new(snapshot),
            generation: AtomicU64::new(0),
            keys,
            limits: self.limits,
            timeouts: self.timeouts,
            exposed: self.exposed,
            open_beyond_loopback: self.open_beyond_loopback,
            hosts: hosts_listed,
            origins: origins_listed,
        })))
    }
}

/// Loopback names, and those that were added.
const LOOPBACK_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

fn hosts(any: bool, added: &[String]) -> Result<HostPolicy, ServerError> {
    if any {
        return Ok(HostPolicy::allow_any_host());
    }
    let loopback = LOOPBACK_HOSTS.iter().map(|name| format!("{name}:*"));
    let entries: Vec<String> = loopback.chain(added.iter().cloned()).collect();
    HostPolicy::allow(entries.iter().map(String::as_str))
        .map_err(|error| BuildError::AllowedHost(error.to_string()).into())
}

fn origins(any: bool, added: &[String]) -> Result<OriginPolicy, ServerError> {
    if any {
        return Ok(OriginPolicy::allow_any_origin());
    }
    if added.is_empty() {
        return Ok(OriginPolicy::loopback());
    }
    OriginPolicy::allow(added.iter().map(String::as_str))
        .map_err(|error| BuildError::AllowedOrigin(error.to_string()).into())
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("path", &self.snapshot().engine.path()).finish_non_exhaustive()
    }
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder").field("name", &self.info.name).finish_non_exhaustive()
    }
}
