//! A server: its policy, its catalog, its bounds. Knows no runtime.

mod authentication;
mod builder;
mod error;

use std::{
    fmt::{self, Write as _},
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use http::{HeaderMap, HeaderName};
use mcp_proto::{
    AuthPolicy, BearerPolicy, Engine,
    jws::{Profile, keyset::FetchPolicy},
    session::{SessionAuth, SessionPolicy},
};

pub use self::{builder::ServerBuilder, error::ServerError};
use crate::{
    audit::Audit,
    auth::TokenSource,
    authenticate::ErasedVerifier,
    catalog::{Catalog, Handlers},
    dpop::Nonces,
    limits::{ConnectionTimeouts, ServerLimits},
    sessions::{Sessions, Table},
    viewer::ListFilter,
};
#[cfg(feature = "https")]
use crate::{server_tls::ServerTls, tls::TlsRoots};

/// A server that can be run on any runtime. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

struct Inner {
    current: Mutex<Arc<Snapshot>>,
    generation: AtomicU64,
    sources: Vec<TokenSource>,
    fetch_policy: FetchPolicy,
    verifier: Option<Arc<dyn ErasedVerifier>>,
    list_filter: Option<ListFilter>,
    audit: Option<Audit>,
    shared_nonces: Option<Nonces>,
    limits: ServerLimits,
    timeouts: ConnectionTimeouts,
    #[cfg(feature = "https")]
    tls_roots: TlsRoots,
    #[cfg(feature = "https")]
    tls: Option<ServerTls>,
    exposed: Vec<HeaderName>,
    table: Arc<Table>,
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

impl Server {
    /// Serves another catalog from the next request on. Calls that run keep the one they began with. Clients with
    /// a session are told which of the lists are others.
    ///
    /// # Errors
    /// When the catalog is not what it has to be; the old one is then still served.
    pub fn replace(&self, catalog: Catalog) -> Result<(), ServerError> {
        let current = self.snapshot();
        check_callers(&catalog, current.engine.auth())?;
        let engine = current.engine.with_catalog(&catalog.spec)?;
        let changes = engine.changes_since(&current.engine);
        let snapshot = Arc::new(Snapshot { engine, handlers: catalog.handlers });
        *self.0.current.lock().unwrap_or_else(PoisonError::into_inner) = snapshot;
        self.0.generation.fetch_add(1, Ordering::Release);
        let sessions = self.sessions();
        changes.iter().for_each(|change| sessions.notify_all(change));
        Ok(())
    }

    /// The sessions of clients that have one.
    #[must_use]
    pub fn sessions(&self) -> Sessions {
        Sessions::new(Arc::clone(&self.0.table))
    }

    pub(crate) fn table(&self) -> &Arc<Table> {
        &self.0.table
    }

    /// Changes whenever [`Server::replace`] succeeds.
    pub(crate) fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::Acquire)
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        // Nothing that can panic runs under this lock.
        Arc::clone(&self.0.current.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What makes tokens trusted, for each issuer of the policy in order.
    pub(crate) fn sources(&self) -> &[TokenSource] {
        &self.0.sources
    }

    pub(crate) fn fetch_policy(&self) -> FetchPolicy {
        self.0.fetch_policy
    }

    pub(crate) fn verifier(&self) -> Option<&Arc<dyn ErasedVerifier>> {
        self.0.verifier.as_ref()
    }

    pub(crate) fn list_filter(&self) -> Option<&ListFilter> {
        self.0.list_filter.as_ref()
    }

    pub(crate) fn audit(&self) -> Option<&Audit> {
        self.0.audit.as_ref()
    }

    /// Nonces that other instances know too.
    pub(crate) fn shared_nonces(&self) -> Option<&Nonces> {
        self.0.shared_nonces.as_ref()
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

    /// The authorities that vouch for the servers of issuers.
    #[cfg(feature = "https")]
    #[must_use]
    pub fn tls_roots(&self) -> &TlsRoots {
        &self.0.tls_roots
    }

    /// Whether it is to speak TLS: a driver that cannot has to refuse to start it. Features of this crate and of a
    /// driver are turned on one by one.
    #[must_use]
    pub fn speaks_tls(&self) -> bool {
        #[cfg(feature = "https")]
        let speaks = self.0.tls.is_some();
        #[cfg(not(feature = "https"))]
        let speaks = false;
        speaks
    }

    /// What a listener makes its connections with, where that is TLS.
    #[cfg(feature = "https")]
    #[must_use]
    pub fn tls(&self) -> Option<&ServerTls> {
        self.0.tls.as_ref()
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
        if self.is_open() && !address.is_loopback() && !self.0.open_beyond_loopback {
            return Err(ServerError::OpenBeyondLoopback(address));
        }
        Ok(())
    }

    /// Whether the server may be mounted in an application, whose address it cannot know.
    pub(crate) fn check_mount(&self) -> Result<(), ServerError> {
        if self.is_open() && !self.0.open_beyond_loopback {
            return Err(ServerError::OpenMount);
        }
        Ok(())
    }

    fn is_open(&self) -> bool {
        match self.snapshot().engine.auth() {
            AuthPolicy::Open => true,
            AuthPolicy::Bearer(_) | AuthPolicy::Custom(_) => false,
        }
    }

    /// The paths under which the protected resource metadata has to be served at the root of the host that
    /// clients know, each once (RFC 9728 section 3.1). None where there is no metadata.
    #[must_use]
    pub fn metadata_paths(&self) -> Vec<String> {
        self.snapshot().engine.metadata_paths().iter().map(ToString::to_string).collect()
    }

    /// The policy in force, for people: one line for each rule.
    #[must_use]
    pub fn describe(&self) -> String {
        let snapshot = self.snapshot();
        let engine = &snapshot.engine;
        let auth = match engine.auth() {
            AuthPolicy::Open => "none: every caller may use everything".to_owned(),
            AuthPolicy::Custom(_) => "the application's own, on every request".to_owned(),
            AuthPolicy::Bearer(policy) => tokens(policy),
        };
        let revisions: Vec<_> = engine.mode().revisions().iter().map(|revision| revision.as_str()).collect();
        let revisions = revisions.join(", ");
        let sessions = engine.session_policy().map(sessions).unwrap_or_default();
        #[cfg(feature = "https")]
        let tls = self.tls().map(tls).unwrap_or_default();
        #[cfg(not(feature = "https"))]
        let tls = "";
        format!(
            "auth          {auth}\nrevisions     {revisions}{sessions}{tls}\nhosts         {}\norigins       {}\nbody limit    {} bytes",
            self.0.hosts,
            self.0.origins,
            engine.limits().body_bytes_max,
        )
    }
}

/// The terms of sessions, for people.
fn sessions(policy: &SessionPolicy) -> String {
    let auth = match policy.auth {
        SessionAuth::EveryRequest => "credentials with every request",
        SessionAuth::InitializeOnly => {
            "credentials with the first request alone: whoever learns an id is its owner"
        }
    };
    let legacy = policy.legacy_sse.as_ref().map(|paths| format!(", 2024-11-05 also at {}", paths.stream));
    format!(
        "\nsessions      for older revisions; {auth}; at most {}, {} of one caller{}",
        policy.sessions_max,
        policy.sessions_per_principal_max,
        legacy.unwrap_or_default(),
    )
}

/// How connections are made, for people.
#[cfg(feature = "https")]
fn tls(tls: &ServerTls) -> &'static str {
    match (tls.asks_clients(), tls.requires_client_certificate()) {
        (false, _) => "\ntls           1.2 and 1.3",
        (true, false) => "\ntls           1.2 and 1.3; clients may have a certificate",
        (true, true) => "\ntls           1.2 and 1.3; clients must have a certificate",
    }
}

/// A policy for people.
fn tokens(policy: &BearerPolicy) -> String {
    let scopes = policy.baseline().scopes();
    let dpop = match policy.dpop() {
        None => "refused if bound to a key",
        Some(dpop) if dpop.is_required() => "only with DPoP proofs",
        Some(_) => "with DPoP proofs if bound to a key",
    };
    let certificates = if policy.requires_certificates() {
        ", only if bound to the client certificate of the connection"
    } else {
        ""
    };
    let mut text = format!("access tokens on every request, {dpop}{certificates}");
    for rules in policy.issuers().iter() {
        let profile = match rules.profile() {
            Profile::Rfc9068 => "rfc9068",
            Profile::Compatible => "compatible",
        };
        let _ = write!(
            text,
            "\n  issuer      {}\n  audience    {}\n  profile     {profile}\n  leeway      {} s",
            rules.issuer(),
            rules.audiences().join(", "),
            rules.leeway_seconds(),
        );
    }
    let scopes = if scopes.is_empty() { "(none for the endpoint)" } else { scopes.as_str() };
    // Writing to a string cannot fail.
    let _ = write!(text, "\n  scopes      {scopes}\n  metadata    {}", policy.metadata_url());
    text
}

fn check_callers(catalog: &Catalog, auth: &AuthPolicy) -> Result<(), ServerError> {
    match (auth, &catalog.needs_caller) {
        (AuthPolicy::Open, Some(name)) => Err(ServerError::NeedsCaller(name.clone())),
        (AuthPolicy::Open, None) | (AuthPolicy::Bearer(_) | AuthPolicy::Custom(_), _) => Ok(()),
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("path", &self.snapshot().engine.path()).finish_non_exhaustive()
    }
}
