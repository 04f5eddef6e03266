//! What flags and files call the things that there are a few of.

use std::str::FromStr;

use clap::ValueEnum;
use mcp_driver::{Algorithm, AlgorithmSet, Mode, Profile, SessionAuth};
use serde::Deserialize;

/// Which revisions of the protocol are served.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum ModeName {
    /// Every revision, each request on its own, without sessions
    #[default]
    Stateless,
    /// Every revision, and sessions for clients of older ones
    Stateful,
    /// 2026-07-28 alone
    ModernOnly,
}

impl From<ModeName> for Mode {
    fn from(name: ModeName) -> Self {
        match name {
            ModeName::Stateless => Self::Stateless,
            ModeName::Stateful => Self::Stateful,
            ModeName::ModernOnly => Self::ModernOnly,
        }
    }
}

/// Which requests of a session bring a token.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum SessionAuthName {
    /// Each, and it is the opener's
    #[default]
    EveryRequest,
    /// The first alone: whoever learns the id of a session acts as its opener
    InitializeOnly,
}

impl From<SessionAuthName> for SessionAuth {
    fn from(name: SessionAuthName) -> Self {
        match name {
            SessionAuthName::EveryRequest => Self::EveryRequest,
            SessionAuthName::InitializeOnly => Self::InitializeOnly,
        }
    }
}

/// What tokens look like.
#[derive(Debug, Clone, Copy, Default, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
pub(crate) enum TokenProfile {
    #[default]
    Rfc9068,
    Compatible,
}

impl TokenProfile {
    /// Whether the client of a token may count as its audience: tokens of the other profile have one.
    pub(crate) fn check_client_as_audience(self) -> Result<(), &'static str> {
        match self {
            Self::Compatible => Ok(()),
            Self::Rfc9068 => Err("a client counts as audience in the profile compatible alone"),
        }
    }
}

impl From<TokenProfile> for Profile {
    fn from(profile: TokenProfile) -> Self {
        match profile {
            TokenProfile::Rfc9068 => Self::Rfc9068,
            TokenProfile::Compatible => Self::Compatible,
        }
    }
}

/// Whether tokens that are bound to a key are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DpopMode {
    /// These too
    Allowed,
    /// Only these
    Required,
}

/// A signature algorithm by its name in tokens.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct AlgorithmName(Algorithm);

impl FromStr for AlgorithmName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Algorithm::from_name(name).map(Self).ok_or_else(|| {
            let names: Vec<&str> = Algorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
            format!("there is no algorithm {name:?} for tokens; there are {}", names.join(", "))
        })
    }
}

impl TryFrom<String> for AlgorithmName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        name.parse()
    }
}

pub(crate) fn algorithm_set(names: &[AlgorithmName]) -> AlgorithmSet {
    let algorithms: Vec<Algorithm> = names.iter().map(|name| name.0).collect();
    AlgorithmSet::of(&algorithms)
}
