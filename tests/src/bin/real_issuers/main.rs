//! Real issuers against real servers: programs that others wrote issue tokens, our servers judge them.
//!
//! `.ci/real_issuers` installs the issuers and runs this. It prints a line for each check and fails when one
//! fails.
//!
//!     real_issuers OIDC_PROVIDER_DIRECTORY CERTIFICATE_DIRECTORY GLEWLWYD_SCRIPT
//!
//! The certificates are `server.pem` with `server.key`, for `localhost`, `root.pem`, which vouches for it, and
//! `stranger.pem`, which does not.

#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

mod checks;
mod client;
mod glewlwyd;
mod issuer;
mod oidc_provider;
mod proof;
mod report;
mod server;

use std::{
    env::args_os,
    path::{Path, PathBuf},
    process::ExitCode,
};

use mcp_tokio::{Auth, BearerPolicy, DpopPolicy, Introspection, IssuerPolicy, KeySource, TlsRoots};

use self::{
    checks::{dpop, https, introspection, outage, rotation, second_opinion, tokens},
    glewlwyd::Glewlwyd,
    oidc_provider::{Certificate, Document, OPAQUE_RESOURCE, OidcProvider},
    report::{Failure, Report},
    server::{CACHE_SECONDS, FETCHING, ON_DEMAND, RESOURCE, SOON_STALE, Serving, policy},
};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("real_issuers: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<bool, Failure> {
    let mut arguments = args_os().skip(1).map(PathBuf::from);
    let mut next = || arguments.next().ok_or("usage: real_issuers PROVIDER CERTIFICATES GLEWLWYD");
    let (oidc_provider, certificates, glewlwyd) = (next()?, next()?, next()?);
    let mut report = Report::default();
    against_glewlwyd(&mut report, &glewlwyd).await?;
    over_https(&mut report, &oidc_provider, &certificates).await?;
    against_oidc_provider(&mut report, &oidc_provider).await?;
    Ok(report.end())
}

async fn against_glewlwyd(report: &mut Report, script: &Path) -> Result<(), Failure> {
    let issuer = Glewlwyd::start(script).await?;
    for (how, keys) in [("JWKS", KeySource::url(&issuer.jwks_url())?), ("discovery", KeySource::discovery())]
    {
        let server = Serving::start(Auth::bearer(policy(issuer.url()), keys), FETCHING).await?;
        server.ready().await?;
        let check = second_opinion::client_credentials(&issuer, &server);
        report.check(&format!("Glewlwyd, {how}: client credentials"), check).await;
        let check = second_opinion::changed_byte(&issuer, &server);
        report.check(&format!("Glewlwyd, {how}: a changed byte"), check).await;
    }
    Ok(())
}

/// The issuer as it is in production, but for where its certificate comes from.
async fn over_https(report: &mut Report, directory: &Path, certificates: &Path) -> Result<(), Failure> {
    let (chain, key) = (certificates.join("server.pem"), certificates.join("server.key"));
    let issuer = OidcProvider::start(directory, Some(Certificate { chain: &chain, key: &key })).await?;
    let start = async |keys, root| {
        let roots = TlsRoots::pem_file(certificates.join(root))?;
        Serving::start_with_roots(Auth::bearer(policy(issuer.url()), keys), roots).await
    };
    let jwks = KeySource::url(&issuer.jwks_url())?;
    for (how, keys) in [("https, JWKS", jwks), ("https, discovery", KeySource::discovery())] {
        let server = start(keys, "root.pem").await?;
        server.ready().await?;
        check_tokens(report, how, &issuer, &server).await;
    }
    let server = start(KeySource::discovery(), "stranger.pem").await?;
    report.check("https: a certificate of a stranger", https::untrusted(&issuer, &server)).await;
    Ok(())
}

/// The issuer on plain HTTP, which loopback allows.
async fn against_oidc_provider(report: &mut Report, directory: &Path) -> Result<(), Failure> {
    let issuer = OidcProvider::start(directory, None).await?;
    for (how, keys) in [("JWKS", KeySource::url(&issuer.jwks_url())?), ("discovery", KeySource::discovery())]
    {
        let server = Serving::start(Auth::bearer(policy(issuer.url()), keys), FETCHING).await?;
        server.ready().await?;
        check_tokens(report, how, &issuer, &server).await;
    }
    check_keys(report, &issuer).await?;
    check_starts(report, &issuer).await?;
    check_bound_tokens(report, &issuer).await?;
    check_opaque_tokens(report, &issuer).await
}

async fn check_tokens(report: &mut Report, how: &str, issuer: &OidcProvider, server: &Serving) {
    let named = |what: &str| format!("{how}: {what}");
    report.check(&named("client credentials"), tokens::client_credentials(issuer, server)).await;
    report.check(&named("another audience"), tokens::other_audience(issuer, server)).await;
    report.check(&named("an ID token"), tokens::id_token(issuer, server)).await;
    report.check(&named("token exchange"), tokens::exchanged(issuer, server)).await;
    report.check(&named("a bound token as bearer"), dpop::without_dpop(issuer, server)).await;
}

/// A server's keys while it runs.
async fn check_keys(report: &mut Report, issuer: &OidcProvider) -> Result<(), Failure> {
    let start = async |fetching| {
        let keys = KeySource::url(&issuer.jwks_url())?;
        let server = Serving::start(Auth::bearer(policy(issuer.url()), keys), fetching).await?;
        server.ready().await?;
        Ok::<_, Failure>(server)
    };
    let server = start(FETCHING).await?;
    report.check("rotation under load", rotation::announced(issuer, &server)).await;
    report.check("a withdrawn key", rotation::withdrawn(issuer, &server)).await;
    for mode in ["broken", "garbage", "huge", "redirect", "flap", "slow"] {
        report.check(&format!("keys later: {mode}"), outage::later(issuer, mode, &server)).await;
    }
    report.check("keys later: empty", outage::without_keys(issuer, "empty", &server)).await;
    drop(server);
    let server = start(SOON_STALE).await?;
    report.check("keys later: too old", outage::without_keys(issuer, "broken", &server)).await;
    // The next checks count who asks for keys.
    drop(server);
    let server = start(ON_DEMAND).await?;
    report.check("sudden rotation", rotation::sudden(issuer, &server)).await;
    report.check("unknown keys", rotation::unknown_keys(issuer, &server)).await;
    Ok(())
}

/// A server that finds no keys when it starts.
async fn check_starts(report: &mut Report, issuer: &OidcProvider) -> Result<(), Failure> {
    let modes = ["broken", "garbage", "huge", "redirect", "slow"];
    let cases = modes.iter().map(|mode| (Document::Jwks, *mode));
    let cases = cases.chain(modes.iter().chain(&["lie", "foreign"]).map(|mode| (Document::Discovery, *mode)));
    for (document, mode) in cases {
        let keys = match document {
            Document::Jwks => KeySource::url(&issuer.jwks_url())?,
            Document::Discovery | Document::Introspection | Document::Elsewhere => KeySource::discovery(),
        };
        let start = async || Serving::start(Auth::bearer(policy(issuer.url()), keys.clone()), FETCHING).await;
        let check = outage::at_start(issuer, document, mode, start);
        report.check(&format!("{} at start: {mode}", document.name()), check).await;
    }
    Ok(())
}

async fn check_bound_tokens(report: &mut Report, issuer: &OidcProvider) -> Result<(), Failure> {
    let allowed = policy(issuer.url()).dpop(DpopPolicy::allowed());
    let server = Serving::start(Auth::bearer(allowed, KeySource::discovery()), FETCHING).await?;
    server.ready().await?;
    report.check("DPoP: a bound token", dpop::bound(issuer, &server)).await;
    report.check("DPoP: a bound token as bearer", dpop::as_bearer(issuer, &server)).await;
    report.check("DPoP: a token that is not bound", dpop::unbound(issuer, &server)).await;
    report.check("DPoP: another client's bearer token", tokens::client_credentials(issuer, &server)).await;
    Ok(())
}

async fn check_opaque_tokens(report: &mut Report, issuer: &OidcProvider) -> Result<(), Failure> {
    let trusting = || {
        let opaque = IssuerPolicy::new(issuer.url(), OPAQUE_RESOURCE);
        BearerPolicy::trusting(opaque).resource(RESOURCE).scope("mcp")
    };
    for (how, introspection) in [
        ("given", Introspection::new(issuer.introspection_url())),
        ("discovered", Introspection::discovered()),
    ] {
        let introspection = introspection.client("resource-server", "secret").cache_seconds(CACHE_SECONDS);
        let server = Serving::start(Auth::bearer(trusting(), introspection), FETCHING).await?;
        server.ready().await?;
        let named = |what: &str| format!("introspection, {how}: {what}");
        report.check(&named("an opaque token"), introspection::good(issuer, &server)).await;
        report.check(&named("a revoked token"), introspection::revoked(issuer, &server)).await;
        report.check(&named("a token of nobody"), introspection::unknown(&server)).await;
        report.check(&named("signed tokens"), introspection::signed(issuer, &server)).await;
        for mode in ["broken", "garbage", "huge", "redirect", "slow"] {
            report.check(&named(mode), introspection::outage(issuer, mode, &server)).await;
        }
    }
    Ok(())
}
