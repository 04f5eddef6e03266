//! Real issuers against real servers: programs that others wrote issue tokens, our servers judge them.
//!
//! `.ci/real_issuers` installs the issuers and runs this. It prints a line for each check and fails when one
//! fails.
//!
//!     real_issuers OIDC_PROVIDER_DIRECTORY

#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

mod checks;
mod client;
mod issuer;
mod oidc_provider;
mod report;
mod server;

use std::{env::args_os, path::PathBuf, process::ExitCode};

use self::{
    checks::{outage, tokens},
    oidc_provider::{Document, OidcProvider},
    report::{Failure, Report},
    server::Serving,
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
    let Some(directory) = arguments.next() else {
        return Err("usage: real_issuers OIDC_PROVIDER_DIRECTORY".into());
    };
    let mut report = Report::default();
    let issuer = OidcProvider::start(&directory, None).await?;
    let start = async || Serving::start(server::jwks_url(issuer.url(), &issuer.jwks_url())?).await;
    let server = start().await?;
    server.ready().await?;
    report.check("client credentials", tokens::client_credentials(&issuer, &server)).await;
    report.check("another audience", tokens::other_audience(&issuer, &server)).await;
    report.check("an ID token", tokens::id_token(&issuer, &server)).await;
    report.check("token exchange", tokens::exchanged(&issuer, &server)).await;
    for mode in ["broken", "garbage", "huge", "redirect", "slow"] {
        let check = outage::at_start(&issuer, Document::Jwks, mode, start);
        report.check(&format!("keys at start: {mode}"), check).await;
    }
    Ok(report.end())
}
