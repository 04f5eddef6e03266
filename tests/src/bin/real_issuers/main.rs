//! Real issuers against real servers: programs that others wrote issue tokens, our servers judge them.
//!
//! `.ci/real_issuers` installs the issuers and runs this. It prints a line for each check and fails when one
//! fails.
//!
//!     real_issuers OIDC_PROVIDER_DIRECTORY GLEWLWYD_SCRIPT

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

use mcp_tokio::proto::jws::keyset::FetchPolicy;

use self::{
    checks::{dpop, outage, rotation, second_opinion, tokens},
    glewlwyd::Glewlwyd,
    oidc_provider::{Document, OidcProvider},
    report::{Failure, Report},
    server::{FETCHING, Serving},
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
    let (Some(oidc_provider), Some(glewlwyd)) = (arguments.next(), arguments.next()) else {
        return Err("usage: real_issuers OIDC_PROVIDER_DIRECTORY GLEWLWYD_SCRIPT".into());
    };
    let mut report = Report::default();
    against_glewlwyd(&mut report, &glewlwyd).await?;
    against_oidc_provider(&mut report, &oidc_provider).await?;
    Ok(report.end())
}

async fn against_glewlwyd(report: &mut Report, script: &Path) -> Result<(), Failure> {
    let issuer = Glewlwyd::start(script).await?;
    let server = Serving::start(server::jwks_url(issuer.url(), &issuer.jwks_url(), FETCHING)?).await?;
    server.ready().await?;
    report.check("Glewlwyd: client credentials", second_opinion::client_credentials(&issuer, &server)).await;
    report.check("Glewlwyd: a changed byte", second_opinion::changed_byte(&issuer, &server)).await;
    Ok(())
}

async fn against_oidc_provider(report: &mut Report, directory: &Path) -> Result<(), Failure> {
    let issuer = OidcProvider::start(directory, None).await?;
    let start =
        async |fetching| Serving::start(server::jwks_url(issuer.url(), &issuer.jwks_url(), fetching)?).await;
    let server = start(FETCHING).await?;
    server.ready().await?;
    report.check("client credentials", tokens::client_credentials(&issuer, &server)).await;
    report.check("another audience", tokens::other_audience(&issuer, &server)).await;
    report.check("an ID token", tokens::id_token(&issuer, &server)).await;
    report.check("token exchange", tokens::exchanged(&issuer, &server)).await;
    report.check("a bound token as bearer", dpop::without_dpop(&issuer, &server)).await;
    report.check("rotation under load", rotation::announced(&issuer, &server)).await;
    report.check("a withdrawn key", rotation::withdrawn(&issuer, &server)).await;
    for mode in ["broken", "garbage", "huge", "redirect", "flap", "slow"] {
        let check = outage::later(&issuer, mode, &server);
        report.check(&format!("keys later: {mode}"), check).await;
    }
    report.check("an empty key set", outage::without_keys(&issuer, "empty", &server)).await;
    drop(server);

    let on_demand = start(FetchPolicy { refresh_seconds: 600, ..FETCHING }).await?;
    on_demand.ready().await?;
    report.check("sudden rotation", rotation::sudden(&issuer, &on_demand)).await;
    report.check("unknown keys", rotation::unknown_keys(&issuer, &on_demand)).await;
    drop(on_demand);

    let short = start(FetchPolicy { stale_seconds_max: 1, ..FETCHING }).await?;
    short.ready().await?;
    report.check("keys that are too old", outage::without_keys(&issuer, "broken", &short)).await;
    drop(short);

    for mode in ["broken", "garbage", "huge", "redirect", "slow"] {
        let check = outage::at_start(&issuer, Document::Jwks, mode, async || start(FETCHING).await);
        report.check(&format!("keys at start: {mode}"), check).await;
    }
    Ok(())
}
