//! How callers prove who they are.

use std::{fmt, sync::Arc};

use mcp_proto::{
    BearerPolicy,
    auth::{BearerPolicyBuilder, CustomPolicy, CustomPolicyBuilder},
};

use crate::{
    api_keys::ApiKeys,
    authenticate::{ErasedVerifier, Verifier},
    keys::KeySource,
};

/// How callers prove who they are.
#[derive(Debug)]
pub struct Auth(pub(crate) AuthKind);

pub(crate) enum AuthKind {
    Open,
    Bearer(Box<BearerPolicyBuilder>, KeySource),
    Custom(Box<CustomPolicyBuilder>, Arc<dyn ErasedVerifier>),
}

impl Auth {
    /// They do not: every caller may use everything. Beyond loopback such a server is only
    /// started when [`ServerBuilder::allow_open_beyond_loopback`](crate::ServerBuilder::allow_open_beyond_loopback) says so.
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

impl fmt::Debug for AuthKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("Open"),
            Self::Bearer(policy, keys) => f.debug_tuple("Bearer").field(policy).field(keys).finish(),
            Self::Custom(policy, _) => f.debug_tuple("Custom").field(policy).finish_non_exhaustive(),
        }
    }
}
