//! The file that says whose tokens are accepted: its format is described in docs/identity-providers.md.

use std::path::{Path, PathBuf};

use mcp_driver::IssuerPolicy;
use serde::Deserialize;

use crate::{
    Failure,
    whoami::{
        document,
        names::{AlgorithmName, TokenProfile, algorithm_set},
        source::{Introspected, Source},
        trust::{BASELINE, Proofs, Trust, TrustedIssuer},
    },
};

/// What the file says. Other files that it names are looked for in its folder.
pub(crate) fn read(path: &Path) -> Result<Trust, Failure> {
    let Config { resource, scopes, issuers, dpop } = document::read(path)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let trusted = |table: IssuerTable| {
        let source = table.source().map_err(|error| format!("{}: {error}", path.display()))?;
        let policy = table.policy().map_err(|error| format!("{}: {error}", path.display()))?;
        Ok::<_, String>(TrustedIssuer { source: source.in_folder(folder), policy })
    };
    let issuers = issuers.into_iter().map(trusted).collect::<Result<_, _>>()?;
    Ok(Trust { file: Some(path.to_owned()), resource, scopes, issuers, dpop })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    resource: Option<String>,
    #[serde(default = "baseline")]
    scopes: Vec<String>,
    #[serde(rename = "issuer")]
    issuers: Vec<IssuerTable>,
    dpop: Option<Proofs>,
}

fn baseline() -> Vec<String> {
    vec![BASELINE.into()]
}

/// A table `[[issuer]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IssuerTable {
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

    fn policy(self) -> Result<IssuerPolicy, String> {
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
            let issuer = policy.issuer();
            self.profile.check_client_as_audience().map_err(|error| format!("issuer {issuer:?}: {error}"))?;
            policy = policy.client_as_audience();
        }
        for Grant { claim, value, scope } in self.grants {
            policy = policy.grant(claim, value, scope);
        }
        Ok(policy)
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
