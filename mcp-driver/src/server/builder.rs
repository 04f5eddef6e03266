//! What a server is made of.

use std::{
    fmt,
    sync::{Arc, Mutex, atomic::AtomicU64},
};

use http::{HeaderName, header};
use mcp_proto::{
    BuildError, EngineBuilder, Implementation, Limits, Mode, Timeouts, ToolSpec, Visibility,
    jws::keyset::FetchPolicy,
    origin::{HostPolicy, OriginPolicy},
    session::SessionPolicy,
};

use super::{Inner, Server, ServerError, Snapshot, authentication::Authentication, check_callers};
use crate::{
    audit::{Audit, AuditEvent},
    auth::Auth,
    catalog::Catalog,
    completion::Completion,
    dpop::Nonces,
    limits::{ConnectionTimeouts, ServerLimits},
    prompt::Prompt,
    resource::{Resource, ResourceTemplate},
    sessions::{Stores, Table},
    stores::{EventStore, SessionStore},
    tool::Tool,
    viewer::{ListFilter, ListedItem, Viewer},
};
#[cfg(feature = "https")]
use crate::{server_tls::ServerTls, tls::TlsRoots};

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
    #[cfg(feature = "https")]
    tls_roots: TlsRoots,
    #[cfg(feature = "https")]
    tls: Option<ServerTls>,
    mode: Mode,
    sessions: SessionPolicy,
    stores: Stores,
    path: String,
    instructions: Option<String>,
    exposed: Vec<HeaderName>,
    lists_by_scope: bool,
    list_filter: Option<ListFilter>,
    audit: Option<Audit>,
    fetch_policy: FetchPolicy,
    shared_nonces: Option<Nonces>,
    open_beyond_loopback: bool,
}

impl Server {
    /// Begins a server with this name and version. Nobody is let in by default: `auth` says who.
    pub fn builder(
        name: impl Into<String>,
        version: impl Into<String>,
        auth: impl Into<Auth>,
    ) -> ServerBuilder {
        ServerBuilder {
            info: Implementation { name: name.into(), version: version.into(), ..Implementation::default() },
            auth: auth.into(),
            catalog: Catalog::new(),
            hosts: Vec::new(),
            origins: Vec::new(),
            any_host: false,
            any_origin: false,
            core_limits: Limits::default(),
            core_timeouts: Timeouts::default(),
            limits: ServerLimits::default(),
            timeouts: ConnectionTimeouts::default(),
            #[cfg(feature = "https")]
            tls_roots: TlsRoots::platform(),
            #[cfg(feature = "https")]
            tls: None,
            mode: Mode::default(),
            sessions: SessionPolicy::default(),
            stores: Stores::default(),
            path: "/mcp".into(),
            instructions: None,
            exposed: Vec::new(),
            lists_by_scope: false,
            list_filter: None,
            audit: None,
            fetch_policy: FetchPolicy::default(),
            shared_nonces: None,
            open_beyond_loopback: false,
        }
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

    /// Which revisions of the protocol are served; every one, without this.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// The terms of the sessions that clients of older revisions get. They get one with [`Mode::Stateful`] alone.
    #[must_use]
    pub fn sessions(mut self, policy: SessionPolicy) -> Self {
        self.sessions = policy;
        self
    }

    /// Keeps the events of sessions in this store too: a client that was cut off gets what it missed even after a
    /// restart. Nothing is shown to a client before the store has it.
    #[must_use]
    pub fn event_store(mut self, store: impl EventStore) -> Self {
        self.stores.events = Some(Arc::new(store));
        self
    }

    /// Keeps sessions in this store too, so that another server or the next process can go on with them. Not those
    /// of [`SessionAuth::InitializeOnly`](mcp_proto::session::SessionAuth::InitializeOnly).
    #[must_use]
    pub fn session_store(mut self, store: impl SessionStore) -> Self {
        self.stores.sessions = Some(Arc::new(store));
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

    /// Lets handlers see this request header, and pages of allowed origins send it. Headers that carry
    /// credentials cannot be exposed.
    #[must_use]
    pub fn expose_header(mut self, name: HeaderName) -> Self {
        self.exposed.push(name);
        self
    }

    /// Lists only what the caller has the scopes for. Nothing else changes: whoever knows the name of
    /// something that is not listed is told which scopes it needs.
    #[must_use]
    pub fn list_by_scope(mut self) -> Self {
        self.lists_by_scope = true;
        self
    }

    /// Lists only what the caller has the scopes for and `shows` says yes to. It runs for every item while a
    /// list is put together: what takes long belongs into the verifier, whose value the [`Viewer`] has.
    ///
    /// Hiding is no check: what is not listed can be called by whoever has its scopes. A handler that must
    /// not run for everybody with these scopes has to look at its caller itself.
    #[must_use]
    pub fn list_filter(
        mut self,
        shows: impl Fn(&Viewer<'_>, ListedItem<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.list_filter = Some(ListFilter::new(shows));
        self
    }

    /// When the keys of issuers are fetched: how often, and for how long they are good while that fails.
    #[must_use]
    pub fn fetch_policy(mut self, policy: FetchPolicy) -> Self {
        self.fetch_policy = policy;
        self
    }

    /// The secret that nonces for proofs of possession are made with, where
    /// [`DpopPolicy::nonces`](mcp_proto::auth::DpopPolicy::nonces) demands them; without effect elsewhere. Without
    /// this each start draws its own.
    ///
    /// Instances behind one address need the same, so that a client can take the nonce of one to another. It
    /// has to be random: whoever knows it can make proofs for later. With it, a nonce no longer tells the
    /// instances apart: within its 60 seconds a proof is good once on each.
    #[must_use]
    pub fn dpop_nonce_secret(mut self, secret: [u8; 32]) -> Self {
        self.shared_nonces = Some(Nonces::new(&secret));
        self
    }

    /// Tells `hook` of each decision, while its request waits: it should hand the event on and return.
    #[must_use]
    pub fn audit(mut self, hook: impl Fn(&AuditEvent<'_>) + Send + Sync + 'static) -> Self {
        self.audit = Some(Audit::new(hook));
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

    /// Trusts these authorities to say who the issuer's server is, in place of those of the operating system.
    #[cfg(feature = "https")]
    #[must_use]
    pub fn tls_roots(mut self, roots: TlsRoots) -> Self {
        self.tls_roots = roots;
        self
    }

    /// Listens with TLS, and with nothing else. Inside an application, the application has its own.
    #[cfg(feature = "https")]
    #[must_use]
    pub fn tls(mut self, tls: ServerTls) -> Self {
        self.tls = Some(tls);
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
        let authentication = Authentication::of(&self.auth)?;
        self.assemble(authentication)
    }

    /// The same server without anything that finds out who calls, for [`crate::testing`], which brings that
    /// along. Started in any other way, it lets nobody in.
    ///
    /// # Errors
    /// Those of [`ServerBuilder::build`].
    pub(crate) fn build_for_tests(self) -> Result<Server, ServerError> {
        let authentication = Authentication::of(&self.auth)?.left_to_others();
        self.assemble(authentication)
    }

    /// The tools so far.
    pub(crate) fn tools(&self) -> &[ToolSpec] {
        &self.catalog.spec.tools
    }

    fn assemble(self, authentication: Authentication) -> Result<Server, ServerError> {
        let Authentication { policy: auth, sources, verifier } = authentication;
        for name in &self.exposed {
            let carries_credentials =
                CREDENTIAL_FIELDS.contains(name) || auth.credential_fields().contains(name);
            if carries_credentials {
                return Err(ServerError::ExposedCredentials(name.clone()));
            }
        }
        check_callers(&self.catalog, &auth)?;
        let mut engine = EngineBuilder::new(self.info, auth);
        engine.hosts = hosts(self.any_host, &self.hosts)?;
        engine.origins = origins(self.any_origin, &self.origins)?;
        engine.limits = self.core_limits;
        engine.timeouts = self.core_timeouts;
        engine.mode = self.mode;
        engine.sessions = self.sessions;
        engine.sessions.keeps_events_elsewhere = self.stores.events.is_some();
        let table = Arc::new(Table::new(engine.sessions.clone(), self.stores, self.limits.clone()));
        engine.page_fields.clone_from(&self.exposed);
        engine.path = self.path;
        engine.instructions = self.instructions;
        engine.keeps_records = self.audit.is_some();
        engine.visibility = match (&self.list_filter, self.lists_by_scope) {
            (Some(_), _) => Visibility::ByApplication,
            (None, true) => Visibility::ByScope,
            (None, false) => Visibility::Everything,
        };
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
            sources,
            fetch_policy: self.fetch_policy,
            shared_nonces: self.shared_nonces,
            verifier,
            list_filter: self.list_filter,
            audit: self.audit,
            limits: self.limits,
            timeouts: self.timeouts,
            #[cfg(feature = "https")]
            tls_roots: self.tls_roots,
            #[cfg(feature = "https")]
            tls: self.tls,
            exposed: self.exposed,
            table,
            open_beyond_loopback: self.open_beyond_loopback,
            hosts: hosts_listed,
            origins: origins_listed,
        })))
    }
}

/// Header fields that always carry credentials. The name of a session is one where there are sessions,
/// and where there are none, it is whatever the client made up.
const CREDENTIAL_FIELDS: [HeaderName; 4] = [
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::COOKIE,
    HeaderName::from_static("mcp-session-id"),
];

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

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder").field("name", &self.info.name).finish_non_exhaustive()
    }
}
