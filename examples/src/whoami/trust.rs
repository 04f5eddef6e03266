//! Whose tokens are accepted: what the flags or a file say.

use std::{fmt, path::PathBuf};

use mcp_driver::{
    Auth, BearerPolicy, BearerPolicyBuilder, DpopPolicy, IssuerPolicy, Server, ServerError, TokenAuth,
    proto::BuildError,
};
use serde::Deserialize;

use crate::{
    Failure,
    whoami::{development::Development, names::DpopMode, source::Source},
};

/// What everybody who uses the server needs, where nothing else is said.
pub(crate) const BASELINE: &str = "mcp";

pub(crate) struct Trust {
    /// The file that says it.
    pub(crate) file: Option<PathBuf>,
    /// The URL that clients use; `None`: the first audience.
    pub(crate) resource: Option<String>,
    /// What every request needs.
    pub(crate) scopes: Vec<String>,
    pub(crate) issuers: Vec<TrustedIssuer>,
    pub(crate) dpop: Option<Proofs>,
}

pub(crate) struct TrustedIssuer {
    pub(crate) policy: IssuerPolicy,
    pub(crate) source: Source,
}

/// Whether proofs of possession are accepted or demanded (RFC 9449).
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proofs {
    pub(crate) mode: DpopMode,
    #[serde(default)]
    pub(crate) nonces: bool,
}

impl Trust {
    pub(crate) fn auth(&self) -> Result<TokenAuth, Failure> {
        self.checked().map_err(|error| self.located(error))
    }

    /// An error about what is said here, with the place where it is said.
    pub(crate) fn located(&self, error: Failure) -> Failure {
        match &self.file {
            Some(file) => format!("{}: {error}", file.display()).into(),
            None => error,
        }
    }

    /// The issuer inside this process, where there is one.
    pub(crate) fn development(&self) -> Option<&Development> {
        self.issuers.iter().find_map(|issuer| match &issuer.source {
            Source::Development(development) => Some(&**development),
            Source::File(_) | Source::Url(_) | Source::Metadata { .. } | Source::Introspection(_) => None,
        })
    }

    fn checked(&self) -> Result<TokenAuth, Failure> {
        let (first, others) = self.issuers.split_first().ok_or("there is no [[issuer]]")?;
        let mut policy = BearerPolicy::trusting(first.policy.clone()).resource_name("whoami");
        if let Some(resource) = &self.resource {
            policy = policy.resource(resource);
        }
        if let Some(proofs) = self.dpop {
            policy = policy.dpop(proofs.policy());
        }
        policy = self.scopes.iter().fold(policy, BearerPolicyBuilder::scope);
        let mut auth = Auth::bearer(policy, first.source.token_source()?);
        for issuer in others {
            auth = auth.issuer(issuer.policy.clone(), issuer.source.token_source()?);
        }
        // A server of nothing else, so that what is wrong here is not looked for elsewhere.
        Server::builder("whoami", "", auth.clone()).build().map_err(|error| self.explained(&error))?;
        Ok(auth)
    }

    fn explained(&self, error: &ServerError) -> String {
        match (error, &self.resource) {
            (ServerError::Build(BuildError::Resource(_)), None) => format!(
                "{error}; where the audience is another name, a --config file says with `resource` which URL \
                 clients use"
            ),
            _ => error.to_string(),
        }
    }
}

impl Proofs {
    fn policy(self) -> DpopPolicy {
        let policy = match self.mode {
            DpopMode::Allowed => DpopPolicy::allowed(),
            DpopMode::Required => DpopPolicy::required(),
        };
        if self.nonces { policy.nonces() } else { policy }
    }
}

impl fmt::Display for Proofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = match self.mode {
            DpopMode::Allowed => "allowed",
            DpopMode::Required => "required",
        };
        write!(f, "{mode}, {} nonces", if self.nonces { "with" } else { "without" })
    }
}
