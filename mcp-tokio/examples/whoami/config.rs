//! The file that says whose tokens are accepted: its format is described in docs/identity-providers.md.

use std::{
    error::Error,
    path::{Path, PathBuf},
    str::FromStr,
};

use clap::ValueEnum;
use mcp_tokio::{Algorithm, AlgorithmSet, IssuerPolicy, Profile};
use serde::Deserialize;

use crate::{
    document,
    source::{Introspected, Source},
    trust::{BASELINE, Proofs, Trust, TrustedIssuer},
};

/// What the file says. Other files that it names are looked for in its folder.
pub(crate) fn read(path: &Path) -> Result<Trust, Box<dyn Error>> {
    let config: Config = document::read(path)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let issuers = config.issuers.into_iter().map(|issuer| issuer.in_folder(folder)).collect();
    let Config { resource, scopes, dpop, .. } = config;
    Ok(Trust { file: Some(path.to_owned()), resource, scopes, issuers, dpop })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    resource: Option<String>,
    #[serde(default = "baseline")]
    scopes: Vec<String>,
    #[serde(rename = "issuer")]
    issuers: Vec<TrustedIssuer>,
    dpop: Option<Proofs>,
}

fn baseline() -> Vec<String> {
    vec![BASELINE.into()]
}

/// A table `[[issuer]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IssuerTable {
    issuer: String,
    audience: Audiences,
    #[serde(default)]
    profile: TokenProfile,
    jwks_url: Option<String>,
    jwk_file: Option<PathBuf>,
    #[serde(default)]
    allow_key_hosts: Vec<String>,
    algorithms: Option<Vec<AlgorithmName>>,
    leeway_seconds: Option<u64>,
    #[serde(default)]
    client_as_audience: bool,
    #[serde(default, rename = "grant")]
    grants: Vec<Grant>,
    introspection: Option<Introspected>,
}

/// A table `[[issuer.grant]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    claim: Vec<String>,
    value: String,
    scope: String,
}

impl TryFrom<IssuerTable> for TrustedIssuer {
    type Error = String;

    fn try_from(table: IssuerTable) -> Result<Self, String> {
        Ok(Self { source: table.source()?, policy: table.policy() })
    }
}

impl IssuerTable {
    fn source(&self) -> Result<Source, String> {
        let allowed_hosts = self.allow_key_hosts.clone();
        let ways = (self.jwks_url.clone(), self.jwk_file.clone(), self.introspection.clone());
        match ways {
            (None, None, None) => Ok(Source::Metadata { allowed_hosts }),
            _ if !allowed_hosts.is_empty() => Err(format!(
                "issuer {:?}: allow_key_hosts is about keys that are found through the metadata: leave out jwks_url, \
                 jwk_file and introspection, or this",
                self.issuer
            )),
            (Some(url), None, None) => Ok(Source::Url(url)),
            (None, Some(file), None) => Ok(Source::File(file)),
            (None, None, Some(introspected)) => Ok(Source::Introspection(introspected)),
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => Err(format!(
                "issuer {:?}: jwks_url, jwk_file and introspection exclude each other: keep one",
                self.issuer
            )),
        }
    }

    fn policy(self) -> IssuerPolicy {
        let mut policy = IssuerPolicy::new(self.issuer, self.audience.first).profile(self.profile.into());
        for audience in self.audience.others {
            policy = policy.audience(audience);
        }
        if let Some(names) = self.algorithms {
            policy = policy.algorithms(algorithm_set(&names));
        }
        if let Some(seconds) = self.leeway_seconds {
            policy = policy.leeway_seconds(seconds);
        }
        if self.client_as_audience {
            policy = policy.client_as_audience();
        }
        for Grant { claim, value, scope } in self.grants {
            policy = policy.grant(claim, value, scope);
        }
        policy
    }
}

/// One audience or several.
#[derive(Deserialize)]
#[serde(try_from = "OneOrMore")]
struct Audiences {
    first: String,
    others: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "an audience is a text, several are an array of texts")]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl TryFrom<OneOrMore> for Audiences {
    type Error = &'static str;

    fn try_from(audiences: OneOrMore) -> Result<Self, &'static str> {
        let (first, others) = match audiences {
            OneOrMore::One(first) => (Some(first), Vec::new()),
            OneOrMore::More(all) => {
                let mut all = all.into_iter();
                (all.next(), all.collect())
            }
        };
        Ok(Self { first: first.ok_or("an issuer needs at least one audience")?, others })
    }
}

/// What tokens look like, as flags and files call it.
#[derive(Debug, Clone, Copy, Default, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
pub(crate) enum TokenProfile {
    #[default]
    Rfc9068,
    Compatible,
}

impl From<TokenProfile> for Profile {
    fn from(profile: TokenProfile) -> Self {
        match profile {
            TokenProfile::Rfc9068 => Self::Rfc9068,
            TokenProfile::Compatible => Self::Compatible,
        }
    }
}

/// Which tokens that are bound to a key are accepted, as flags and files call it.
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
