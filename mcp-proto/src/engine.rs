//! The immutable heart of a server: its policy and its catalog. Shared by reference; takes no lock.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde::Serialize;

use crate::{
    auth::{
        AuthPolicy, Protection,
        scope::{Requirement, Scopes},
    },
    catalog::{Catalog, CatalogSpec, Icon, PerRevision},
    error::BuildError,
    exchange::Operation,
    head::Target,
    jsonrpc,
    limits::{Limits, Timeouts},
    origin::{HostPolicy, OriginPolicy},
    render::{self, Form, Introduction},
    revision::{Mode, Revision},
    session::{Change, LegacySse, SessionPolicy},
    surface,
};

/// Who a server says it is (META-12).
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Implementation {
    /// The name.
    pub name: String,
    /// The name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The version.
    pub version: String,
    /// What it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where people read about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website_url: Option<String>,
    /// Pictures for people.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub icons: Vec<Icon>,
}

/// What of the lists of tools, prompts, resources and templates a caller gets to see.
///
/// A list that depends on the caller is never for sharing (`cacheScope` `private`). What is not
/// listed can still be called by whoever knows its name and has its scopes: hiding is no check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Visibility {
    /// Everything.
    #[default]
    Everything,
    /// What the caller has the scopes for.
    ByScope,
    /// What the caller has the scopes for and the application shows: [`crate::Step::Filter`] asks.
    ByApplication,
}

/// The policy and the catalog of a server.
///
/// An engine never changes; [`Engine::with_catalog`] makes another one that shares the policy.
#[derive(Debug)]
pub struct Engine {
    policy: Arc<Policy>,
    catalog: Catalog,
    discovery: Bytes,
    /// What `initialize` answers, by the revision that is agreed on.
    handshakes: PerRevision,
    allowed_headers: HeaderValue,
}

#[derive(Debug)]
struct Policy {
    auth: AuthPolicy,
    hosts: HostPolicy,
    origins: OriginPolicy,
    limits: Limits,
    timeouts: Timeouts,
    visibility: Visibility,
    keeps_records: bool,
    mode: Mode,
    sessions: Arc<SessionPolicy>,
    page_fields: Vec<HeaderName>,
    path: Box<str>,
    info: Implementation,
    instructions: Option<String>,
    /// `"io.modelcontextprotocol/serverInfo":{…}`
    server_member: Box<[u8]>,
}

/// Collects what an [`Engine`] is made of.
#[derive(Debug, Clone)]
pub struct EngineBuilder {
    /// Who the server says it is.
    pub info: Implementation,
    /// Who may use it.
    pub auth: AuthPolicy,
    /// The names it answers to.
    pub hosts: HostPolicy,
    /// The web pages that may use it.
    pub origins: OriginPolicy,
    /// Its bounds.
    pub limits: Limits,
    /// Its deadlines.
    pub timeouts: Timeouts,
    /// What of its lists a caller gets to see.
    pub visibility: Visibility,
    /// Whether answers and calls say who asked for what ([`crate::exchange::About`]).
    pub keeps_records: bool,
    /// Which revisions it serves.
    pub mode: Mode,
    /// The terms of sessions, in [`Mode::Stateful`].
    pub sessions: SessionPolicy,
    /// Request header fields that pages of allowed origins may send besides those of the protocol.
    pub page_fields: Vec<HeaderName>,
    /// The path of the MCP endpoint.
    pub path: String,
    /// What a model should know about the server as a whole.
    pub instructions: Option<String>,
}

impl EngineBuilder {
    /// A server that only loopback names reach, with default bounds, at `/mcp`.
    ///
    /// ```
    /// use mcp_proto::{AuthPolicy, BearerPolicy, CatalogSpec, EngineBuilder, Implementation, ToolSpec};
    /// use serde_json::json;
    ///
    /// let policy =
    ///     BearerPolicy::builder("https://issuer.example", "http://127.0.0.1:8000/mcp").scope("mcp").build()?;
    /// let mut greet = ToolSpec::new("greet", json!({"type": "object"}));
    /// greet.scopes.push("greet".into());
    /// let catalog = CatalogSpec { tools: vec![greet], ..CatalogSpec::default() };
    /// let info = Implementation { name: "greeter".into(), version: "1".into(), ..Implementation::default() };
    /// let engine = EngineBuilder::new(info, AuthPolicy::Bearer(policy)).build(&catalog)?;
    /// assert_eq!(engine.path(), "/mcp");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(info: Implementation, auth: AuthPolicy) -> Self {
        Self {
            info,
            auth,
            hosts: HostPolicy::default(),
            origins: OriginPolicy::default(),
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            visibility: Visibility::default(),
            keeps_records: false,
            mode: Mode::default(),
            sessions: SessionPolicy::default(),
            page_fields: Vec::new(),
            path: "/mcp".into(),
            instructions: None,
        }
    }

    /// The engine that serves this catalog.
    ///
    /// # Errors
    /// When the path or an item of the catalog is not what it has to be.
    pub fn build(self, catalog: &CatalogSpec) -> Result<Engine, BuildError> {
        let legacy = self.sessions.legacy_sse.iter().flat_map(|paths| [&paths.stream, &paths.messages]);
        let mut paths: Vec<&String> = std::iter::once(&self.path).chain(legacy).collect();
        if let Some(path) = paths.iter().find(|path| !is_path_of_its_own(path)) {
            return Err(BuildError::EndpointPath((*path).clone()));
        }
        paths.sort_unstable();
        if let Some(path) = paths.windows(2).find(|pair| pair.first() == pair.last()).and_then(<[_]>::first) {
            return Err(BuildError::EndpointPath((*path).clone()));
        }
        let mut server_member = Vec::new();
        jsonrpc::string(&mut server_member, render::SERVER_INFO);
        server_member.push(b':');
        server_member.extend(surface::implementation(&self.info, Revision::V2026_07_28));
        let policy = Arc::new(Policy {
            auth: self.auth,
            hosts: self.hosts,
            origins: self.origins,
            limits: self.limits,
            timeouts: self.timeouts,
            visibility: self.visibility,
            keeps_records: self.keeps_records,
            mode: self.mode,
            sessions: Arc::new(self.sessions),
            page_fields: self.page_fields,
            path: self.path.into(),
            info: self.info,
            instructions: self.instructions,
            server_member: server_member.into(),
        });
        Engine::new(policy, catalog)
    }
}

impl Engine {
    fn new(policy: Arc<Policy>, spec: &CatalogSpec) -> Result<Self, BuildError> {
        let catalog = Catalog::build(
            spec,
            &policy.auth,
            policy.visibility,
            policy.mode.revisions(),
            policy.limits.page_items,
            &policy.server_member,
        )?;
        let discovery = discovery(&policy, &catalog);
        let handshakes = handshakes(&policy, &catalog);
        let allowed_headers = allowed_headers(&policy, &catalog);
        Ok(Self { policy, catalog, discovery, handshakes, allowed_headers })
    }

    /// An engine with the same policy that serves another catalog.
    ///
    /// # Errors
    /// When an item of the catalog is not what it has to be.
    pub fn with_catalog(&self, catalog: &CatalogSpec) -> Result<Self, BuildError> {
        Self::new(Arc::clone(&self.policy), catalog)
    }

    /// Which lists are others than those of an engine that this one takes the place of.
    #[must_use]
    pub fn changes_since(&self, before: &Self) -> Vec<Change> {
        let (now, before) = (&self.catalog, &before.catalog);
        [
            (Change::ToolsChanged, now.tool_list.is_same(&before.tool_list)),
            (Change::PromptsChanged, now.prompt_list.is_same(&before.prompt_list)),
            (
                Change::ResourcesChanged,
                now.resource_list.is_same(&before.resource_list)
                    && now.template_list.is_same(&before.template_list),
            ),
        ]
        .into_iter()
        .filter_map(|(change, is_same)| (!is_same).then_some(change))
        .collect()
    }

    /// What a path stands for (HTTP-01, HTTP-02). Paths are compared byte for byte.
    #[must_use]
    pub fn route(&self, path: &str) -> Target {
        if path == &*self.policy.path {
            return Target::Endpoint;
        }
        if let Some(legacy) = self.legacy_sse() {
            if path == legacy.stream {
                return Target::LegacyStream;
            }
            if path == legacy.messages {
                return Target::LegacyMessages;
            }
        }
        match path {
            "/ping" => return Target::Ping,
            "/health" => return Target::Health,
            "/ready" => return Target::Ready,
            _ => {}
        }
        let published = self.metadata_paths();
        if published.iter().any(|known| &**known == path) { Target::Metadata } else { Target::Unknown }
    }

    /// The paths of the protected resource metadata, each once (RFC 9728 section 3.1): the one inserted
    /// before the resource's path, and the root. None where nothing is published.
    #[must_use]
    pub fn metadata_paths(&self) -> &[Box<str>] {
        self.policy.auth.protection().map_or(&[], Protection::metadata_paths)
    }

    /// Who may use the server.
    #[must_use]
    pub fn auth(&self) -> &AuthPolicy {
        &self.policy.auth
    }

    /// The names it answers to.
    #[must_use]
    pub fn hosts(&self) -> &HostPolicy {
        &self.policy.hosts
    }

    /// The web pages that may use it.
    #[must_use]
    pub fn origins(&self) -> &OriginPolicy {
        &self.policy.origins
    }

    /// Its bounds.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.policy.limits
    }

    /// Its deadlines.
    #[must_use]
    pub fn timeouts(&self) -> &Timeouts {
        &self.policy.timeouts
    }

    /// The path of the MCP endpoint.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.policy.path
    }

    /// Whether what a caller was granted covers this scope. On an open server nobody was granted any.
    #[must_use]
    pub fn grants(&self, granted: Option<&Scopes>, scope: &str) -> bool {
        self.policy.auth.grants(granted, scope)
    }

    /// What of its lists a caller gets to see.
    #[must_use]
    pub fn visibility(&self) -> Visibility {
        self.policy.visibility
    }

    pub(crate) fn keeps_records(&self) -> bool {
        self.policy.keeps_records
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Which revisions it serves.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.policy.mode
    }

    /// The terms of sessions; `None` where there are none.
    pub(crate) fn sessions(&self) -> Option<&Arc<SessionPolicy>> {
        self.policy.mode.has_sessions().then_some(&self.policy.sessions)
    }

    /// The terms of sessions; `None` where there are none.
    #[must_use]
    pub fn session_policy(&self) -> Option<&SessionPolicy> {
        self.sessions().map(|policy| &**policy)
    }

    /// Where clients of 2024-11-05 find their own transport.
    pub(crate) fn legacy_sse(&self) -> Option<&LegacySse> {
        self.sessions()?.legacy_sse.as_ref()
    }

    /// How results are framed for clients of this revision.
    pub(crate) fn form(&self, revision: Revision) -> Form<'_> {
        Form { revision, server: &self.policy.server_member }
    }

    pub(crate) fn discovery(&self) -> &[u8] {
        &self.discovery
    }

    pub(crate) fn handshake(&self, revision: Revision) -> &[u8] {
        self.handshakes.of(revision)
    }

    pub(crate) fn allowed_headers(&self) -> &HeaderValue {
        &self.allowed_headers
    }

    /// What an operation needs whatever its arguments.
    pub(crate) fn requirement(&self, operation: Operation) -> Option<&Requirement> {
        match operation {
            Operation::Tool(id) => self.catalog.tool_needs(id),
            Operation::Prompt(id) => self.catalog.prompt_needs(id),
            Operation::Resource(id) => self.catalog.resource_needs(id),
            Operation::Template(id) => self.catalog.template_needs(id),
            Operation::Completion(id) => self.catalog.completion_needs(id),
        }
    }

    /// Everything an operation needs, with what its handler demands on top (AUTH-22).
    pub(crate) fn needs(&self, operation: Operation, demanded: &[Box<str>]) -> Scopes {
        let declared = self.requirement(operation).map(Requirement::scopes);
        let demanded = Scopes::parse(&demanded.join(" "));
        Scopes::union(declared.into_iter().chain([&demanded]))
    }
}

/// What `server/discover` answers.
fn discovery(policy: &Policy, catalog: &Catalog) -> Bytes {
    let revision = Revision::V2026_07_28;
    let form = Form { revision, server: &policy.server_member };
    let introduction = Introduction {
        offers: &offers(policy, catalog, revision),
        instructions: policy.instructions.as_deref(),
    };
    render::discovery(&introduction, catalog.hints, form).into()
}

/// What `initialize` answers.
fn handshakes(policy: &Policy, catalog: &Catalog) -> PerRevision {
    let served: &[Revision] = if policy.mode.serves_legacy() { &Revision::LEGACY } else { &[] };
    PerRevision::new(served, |revision| {
        let introduction = Introduction {
            offers: &offers(policy, catalog, revision),
            instructions: policy.instructions.as_deref(),
        };
        render::handshake(revision, &introduction, &surface::implementation(&policy.info, revision))
    })
}

/// The capabilities: of what there is (TOOL-01, RSRC-01, PRMT-01). Any handler may log (LOGG-01); who has a
/// session is told of changes (SUB-18, SUB-19).
fn offers(policy: &Policy, catalog: &Catalog, revision: Revision) -> Vec<(&'static str, &'static str)> {
    const NOTHING_MORE: &str = "{}";
    let (list, resources) = if policy.mode.has_sessions() && !revision.is_modern() {
        (r#"{"listChanged":true}"#, r#"{"listChanged":true,"subscribe":true}"#)
    } else {
        (NOTHING_MORE, NOTHING_MORE)
    };
    [
        ("logging", NOTHING_MORE, true),
        ("tools", list, catalog.has_tools()),
        ("resources", resources, catalog.has_resources()),
        ("prompts", list, catalog.has_prompts()),
        ("completions", NOTHING_MORE, catalog.has_completions() && revision.has_completions_key()),
    ]
    .into_iter()
    .filter_map(|(name, details, offered)| offered.then_some((name, details)))
    .collect()
}

/// Whether a path can be an endpoint: one that has no other meaning.
fn is_path_of_its_own(path: &str) -> bool {
    let reserved = ["/ping", "/health", "/ready"].contains(&path) || path.starts_with("/.well-known/");
    path.starts_with('/') && !path.contains(['?', '#']) && !reserved
}

/// DT-04: what a page of an allowed origin may send.
fn allowed_headers(policy: &Policy, catalog: &Catalog) -> HeaderValue {
    let mut list = String::from(
        "Content-Type, Authorization, Accept, Mcp-Session-Id, Last-Event-ID, \
         MCP-Protocol-Version, Mcp-Method, Mcp-Name",
    );
    for field in policy.auth.credential_fields().iter().chain(&policy.page_fields) {
        list.push_str(", ");
        list.push_str(field.as_str());
    }
    let mut suffixes: Vec<_> = catalog.param_suffixes().map(str::to_ascii_lowercase).collect();
    suffixes.sort_unstable();
    suffixes.dedup();
    for suffix in suffixes {
        list.push_str(", Mcp-Param-");
        list.push_str(&suffix);
    }
    // Suffixes are tokens (MPH-02), so the list is a field value.
    HeaderValue::from_str(&list).unwrap_or(HeaderValue::from_static("Content-Type, Authorization"))
}
