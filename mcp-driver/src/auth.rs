//! How callers prove who they are.

use mcp_proto::{BearerPolicy, auth::BearerPolicyBuilder};

use crate::keys::KeySource;

/// How callers prove who they are.
#[derive(Debug)]
pub struct Auth(pub(crate) AuthKind);

#[derive(Debug)]
pub(crate) enum AuthKind {
    Open,
    Bearer(Box<BearerPolicyBuilder>, KeySource),
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
}
