//! The part of the command line that is about tokens of one issuer.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use mcp_driver::IssuerPolicy;

use crate::{
    Failure,
    whoami::{
        development::Development,
        names::{AlgorithmName, DpopMode, TokenProfile, algorithm_set},
        source::{Introspected, Source},
        trust::{BASELINE, Proofs, Trust, TrustedIssuer},
    },
};

#[derive(Debug, Args)]
#[command(next_help_heading = "Tokens")]
pub(crate) struct TokenFlags {
    /// Issuer whose tokens are accepted: an https URL, or http on loopback. Its keys are found through its
    /// metadata unless another flag says where they are [default: a development issuer in this process]
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,

    /// Name of the development issuer [default: http://LISTEN]
    #[arg(long, value_name = "URL")]
    dev_issuer: Option<String>,

    /// What tokens have to name as their audience: the URL that clients use, then other names, if any; may be
    /// repeated [default: http://LISTEN/PATH]
    #[arg(long, value_name = "URI", num_args = 1..)]
    audience: Vec<String>,

    /// Scope that every request needs; may be repeated [default: mcp]
    #[arg(long, value_name = "S", num_args = 1..)]
    scope: Vec<String>,

    /// What tokens look like: as RFC 9068 says, or also as widespread products issue them [default: rfc9068]
    #[arg(long, value_name = "PROFILE")]
    token_profile: Option<TokenProfile>,

    /// File with the issuer's public keys: a JWK or a JWK set
    #[arg(long, value_name = "FILE")]
    jwk: Option<PathBuf>,

    /// Where the issuer's keys are fetched: https, or http on loopback
    #[arg(long, value_name = "URL")]
    jwks_url: Option<String>,

    /// Host besides the issuer's own where its metadata may say that its keys are; may be repeated
    #[arg(long, value_name = "HOST")]
    allow_key_host: Vec<String>,

    /// Signature algorithm that is accepted; may be repeated [default: ES256, RS256, PS256, EdDSA]
    #[arg(long, value_name = "NAME")]
    algorithm: Vec<AlgorithmName>,

    /// Seconds by which clocks may differ, at most 300 [default: 60]
    #[arg(long, value_name = "SECONDS")]
    leeway: Option<u64>,

    /// Let the client of a token without audience count as its audience: for Cognito
    #[arg(long)]
    client_as_audience: bool,

    /// Ask the issuer about each token (RFC 7662), at this URL or, with the word discover, where its metadata says
    #[arg(long, value_name = "URL|discover")]
    introspection: Option<String>,

    /// What this server is called at the introspection endpoint
    #[arg(long, value_name = "ID")]
    introspection_client: Option<String>,

    /// File with the secret of that client
    #[arg(long, value_name = "FILE")]
    introspection_secret_file: Option<PathBuf>,

    /// Whether tokens that are bound to a key are accepted, or only these (RFC 9449) [default: neither]
    #[arg(long, value_name = "MODE")]
    dpop: Option<DpopMode>,

    /// Demand nonces of this server in proofs of possession
    #[arg(long)]
    dpop_nonces: bool,
}

/// What `--introspection` says instead of a URL.
const DISCOVER: &str = "discover";

impl TokenFlags {
    /// What the flags say, for a server that listens on this address and that clients know by this URL.
    pub(crate) fn trust(&self, address: SocketAddr, endpoint: &str) -> Result<Trust, Failure> {
        self.check_names(address)?;
        let (audience, others) = match self.audience.split_first() {
            Some((first, others)) => (first.clone(), others),
            None => (endpoint.to_owned(), &[][..]),
        };
        let scopes = if self.scope.is_empty() { vec![BASELINE.into()] } else { self.scope.clone() };
        let (name, source) = match &self.issuer {
            Some(issuer) => (issuer.clone(), self.source()),
            None => {
                let name = self.dev_issuer.clone().unwrap_or_else(|| format!("http://{address}"));
                let development = Development::new(&name, &audience, &scopes)?;
                (name, Source::Development(Box::new(development)))
            }
        };
        let dpop = self.dpop.map(|mode| Proofs { mode, nonces: self.dpop_nonces });
        if dpop.is_some_and(|proofs| proofs.mode == DpopMode::Required) && self.issuer.is_none() {
            return Err(
                "--dpop required needs --issuer: the tokens of the development issuer are bound to no key, \
                        so all of them would be refused"
                    .into(),
            );
        }
        let issuer = TrustedIssuer { policy: self.policy(name, audience, others)?, source };
        Ok(Trust { file: None, resource: None, scopes, issuers: vec![issuer], dpop })
    }

    /// Where others reach the server, neither the issuer nor the audience can be guessed.
    fn check_names(&self, address: SocketAddr) -> Result<(), String> {
        if address.ip().is_loopback() {
            return Ok(());
        }
        let is_issuer_known = self.issuer.is_some() || self.dev_issuer.is_some();
        let missing: Vec<&str> = [
            (is_issuer_known, "--issuer URL, whose tokens are accepted"),
            (!self.audience.is_empty(), "--audience URL, the address that clients use and tokens name"),
        ]
        .into_iter()
        .filter_map(|(is_known, flag)| (!is_known).then_some(flag))
        .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(format!(
            "others reach {address}, so nothing is assumed about who they are: add {}. Clients that use a host \
             name need --allow-host NAME too",
            missing.join(", and ")
        ))
    }

    fn source(&self) -> Source {
        match (&self.jwks_url, &self.jwk, &self.introspection) {
            (Some(url), _, _) => Source::Url(url.clone()),
            (None, Some(file), _) => Source::File(file.clone()),
            (None, None, Some(endpoint)) => Source::Introspection(Introspected {
                endpoint: (endpoint != DISCOVER).then(|| endpoint.clone()),
                client_id: self.introspection_client.clone().unwrap_or_default(),
                client_secret_file: self.introspection_secret_file.clone().unwrap_or_default(),
            }),
            (None, None, None) => Source::Metadata { allowed_hosts: self.allow_key_host.clone() },
        }
    }

    fn policy(&self, issuer: String, audience: String, others: &[String]) -> Result<IssuerPolicy, String> {
        let mut policy = others.iter().fold(IssuerPolicy::new(issuer, audience), IssuerPolicy::audience);
        if let Some(profile) = self.token_profile {
            policy = policy.profile(profile.into());
        }
        if !self.algorithm.is_empty() {
            policy = policy.algorithms(algorithm_set(&self.algorithm));
        }
        if let Some(seconds) = self.leeway {
            policy = policy.leeway_seconds(seconds);
        }
        if self.client_as_audience {
            let profile = self.token_profile.unwrap_or_default();
            profile.check_client_as_audience().map_err(|error| format!("--token-profile: {error}"))?;
            policy = policy.client_as_audience();
        }
        Ok(policy)
    }
}
