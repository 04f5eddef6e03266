//! How callers prove who they are.

use std::{fmt, sync::Arc};

use mcp_proto::{
    BearerPolicy,
    auth::{BearerPolicyBuilder, CustomPolicy, CustomPolicyBuilder, IssuerPolicy},
    jws::Verification,
};

use crate::{
    api_keys::ApiKeys,
    authenticate::{ErasedVerifier, Verifier},
    introspection::Introspection,
    keys::KeySource,
};

/// How callers prove who they are.
///
/// By access tokens of one issuer or more:
///
/// ```
/// use mcp_driver::{Auth, BearerPolicy, Introspection, IssuerPolicy, KeySource, Profile, Server};
///
/// let keycloak = IssuerPolicy::new("https://sso.example.com/realms/staff", "https://mcp.example.com/mcp")
///     .profile(Profile::Compatible)
///     .grant(["realm_access", "roles"], "mcp-admin", "mcp:write")
///     .keep_claim("email");
/// let partner = IssuerPolicy::new("https://auth.partner.example", "https://mcp.example.com/mcp");
/// # let secret = "s3cret";
/// let auth = Auth::bearer(BearerPolicy::trusting(keycloak).scope("mcp"), KeySource::discovery())
///     .issuer(partner, Introspection::discovered().client("mcp", secret));
/// let server = Server::builder("files", "1.0.0", auth).build()?;
/// # Ok::<(), mcp_driver::ServerError>(())
/// ```
///
/// By a function of the application's own:
///
/// ```
/// use mcp_driver::{Auth, CallerValue, Identity, NoArguments, Rejection, RequestHead, Server, Tool};
///
/// struct User {
///     id: String,
///     notes: String,
/// }
///
/// async fn look_up(token: &str) -> Result<Option<User>, std::io::Error> {
///     # let _ = token;
///     // ..
///     # Ok(Some(User { id: "alice".into(), notes: String::new() }))
/// }
///
/// async fn authenticate(head: RequestHead) -> Result<Identity, Rejection> {
///     let token = head.bearer().ok_or_else(Rejection::denied)?;
///     let user = look_up(token).await?.ok_or_else(Rejection::denied)?;
///     Ok(Identity::new(user.id.as_str()).scopes("notes:read").value(user))
/// }
///
/// async fn notes(_: NoArguments, caller: CallerValue<User>) -> String {
///     caller.0.notes.clone()
/// }
///
/// let server = Server::builder("notes", "1.0.0", Auth::verifier(authenticate))
///     .tool(Tool::new("notes").typed(notes))
///     .build()?;
/// # Ok::<(), mcp_driver::ServerError>(())
/// ```
#[derive(Debug)]
pub struct Auth(pub(crate) AuthKind);

pub(crate) enum AuthKind {
    Open,
    Tokens(TokenAuth),
    Custom(Box<CustomPolicyBuilder>, Arc<dyn ErasedVerifier>),
}

impl Auth {
    /// They do not: every caller may use everything. Beyond loopback such a server is only
    /// started when [`ServerBuilder::allow_open_beyond_loopback`](crate::ServerBuilder::allow_open_beyond_loopback) says so.
    #[must_use]
    pub fn none() -> Self {
        Self(AuthKind::Open)
    }

    /// By OAuth access tokens that `policy` accepts, of one issuer: signed with one of its keys
    /// ([`KeySource`]), or found good by asking it ([`Introspection`]).
    #[must_use]
    pub fn bearer(policy: BearerPolicyBuilder, source: impl Into<TokenSource>) -> TokenAuth {
        TokenAuth { policy: Box::new(policy), sources: vec![source.into()] }
    }

    /// By OAuth bearer tokens that `issuer` signed with one of `keys` for `audience`: the URL that
    /// clients use.
    pub fn jwt(issuer: impl Into<String>, audience: impl Into<String>, keys: KeySource) -> TokenAuth {
        Self::bearer(BearerPolicy::builder(issuer, audience), keys)
    }

    /// By whatever the application's own function makes of the head of a request. It runs once for
    /// every request.
    pub fn verifier(verifier: impl Verifier) -> Self {
        Self::custom(CustomPolicy::builder(), verifier)
    }

    /// The same, with scopes that every request needs, metadata, or another scheme in challenges.
    pub fn custom(policy: CustomPolicyBuilder, verifier: impl Verifier) -> Self {
        Self(AuthKind::Custom(Box::new(policy), Arc::new(verifier)))
    }

    /// By secret keys in a header field of their own.
    #[must_use]
    pub fn api_keys(keys: ApiKeys) -> Self {
        let policy =
            CustomPolicy::builder().challenge_scheme("ApiKey").credential_field(keys.header_name().clone());
        Self::custom(policy, keys)
    }
}

/// Authentication by access tokens, of one issuer or more.
#[derive(Debug, Clone)]
pub struct TokenAuth {
    pub(crate) policy: Box<BearerPolicyBuilder>,
    /// One for each issuer of the policy, in order.
    pub(crate) sources: Vec<TokenSource>,
}

impl TokenAuth {
    /// By access tokens of this issuer too. Issuers share nothing: each has its own keys, audiences and
    /// rules, and a token is judged by those of the issuer that it names.
    #[must_use]
    pub fn issuer(mut self, issuer: IssuerPolicy, source: impl Into<TokenSource>) -> Self {
        self.policy = Box::new(self.policy.issuer(issuer));
        self.sources.push(source.into());
        self
    }
}

/// What makes tokens of an issuer trusted.
#[derive(Debug, Clone)]
pub enum TokenSource {
    /// They are signed with one of these keys.
    Keys(KeySource),
    /// The issuer says so (RFC 7662).
    Introspection(Introspection),
}

impl TokenSource {
    pub(crate) fn verification(&self) -> Verification {
        match self {
            Self::Keys(_) => Verification::Signature,
            Self::Introspection(_) => Verification::Introspection,
        }
    }
}

impl From<KeySource> for TokenSource {
    fn from(keys: KeySource) -> Self {
        Self::Keys(keys)
    }
}

impl From<Introspection> for TokenSource {
    fn from(introspection: Introspection) -> Self {
        Self::Introspection(introspection)
    }
}

impl From<TokenAuth> for Auth {
    fn from(auth: TokenAuth) -> Self {
        Self(AuthKind::Tokens(auth))
    }
}

impl fmt::Debug for AuthKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("Open"),
            Self::Tokens(auth) => f.debug_tuple("Tokens").field(auth).finish(),
            Self::Custom(policy, _) => f.debug_tuple("Custom").field(policy).finish_non_exhaustive(),
        }
    }
}
