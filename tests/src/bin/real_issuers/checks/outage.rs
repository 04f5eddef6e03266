//! Issuers that do not answer as they should.

use std::{future::Future, time::Duration};

use tokio::time::timeout;

use super::rotation::fetched_since;
use crate::{
    client::{expect_unavailable, identity, whoami},
    oidc_provider::{Document, OidcProvider},
    report::{Checked, Failure},
    server::{POLL, RESOURCE, Serving},
};

/// A server that starts while its issuer answers so has no keys: it judges no token until it has.
pub(crate) async fn at_start(
    issuer: &OidcProvider,
    document: Document,
    mode: &str,
    start: impl AsyncFn() -> Result<Serving, Failure>,
) -> Checked {
    let token = issuer.client_token(RESOURCE, "mcp").await?;
    let server = during(issuer, document, mode, async {
        let asked = issuer.hits(document).await?;
        let server = start().await?;
        // The first outcome is in when the second attempt begins.
        while issuer.hits(document).await? < asked + 2 {
            expect_no_keys(&server, &token).await?;
            tokio::time::sleep(POLL).await;
        }
        expect_no_keys(&server, &token).await?;
        Ok(server)
    });
    let server = server.await?;
    server.ready().await?;
    identity(&whoami(&server.address(), &token).await?)?;
    Ok("503 until it answers well, then 200".to_owned())
}

/// A server that has keys goes on with them, for tokens that it knows and for others.
pub(crate) async fn later(issuer: &OidcProvider, mode: &str, server: &Serving) -> Checked {
    let known = issuer.client_token(RESOURCE, "mcp").await?;
    identity(&whoami(&server.address(), &known).await?)?;
    let served = during(issuer, Document::Jwks, mode, async {
        fetched_since(issuer).await?;
        for token in [&known, &issuer.client_token(RESOURCE, "mcp").await?] {
            identity(&whoami(&server.address(), token).await?)?;
        }
        match server.readiness().await? {
            200 => Ok(()),
            status => Err(format!("/ready {status}").into()),
        }
    });
    served.await?;
    Ok("200 with the keys it has".to_owned())
}

/// Keys that are too old are none, and an issuer that takes back every key has none: the server says that it
/// cannot judge, and does again when there are keys.
pub(crate) async fn without_keys(issuer: &OidcProvider, mode: &str, server: &Serving) -> Checked {
    let token = issuer.client_token(RESOURCE, "mcp").await?;
    identity(&whoami(&server.address(), &token).await?)?;
    let refused = during(issuer, Document::Jwks, mode, async {
        while server.readiness().await? != 503 {
            tokio::time::sleep(POLL).await;
        }
        expect_no_keys(server, &token).await
    });
    refused.await?;
    server.ready().await?;
    identity(&whoami(&server.address(), &token).await?)?;
    Ok("503 until there are keys again, then 200".to_owned())
}

async fn expect_no_keys(server: &Serving, token: &str) -> Result<(), Failure> {
    expect_unavailable(&whoami(&server.address(), token).await?)?;
    match server.readiness().await? {
        503 => Ok(()),
        status => Err(format!("/ready {status}").into()),
    }
}

/// Does something while a document is answered badly, and sees to it that nobody goes where a redirect points.
pub(super) async fn during<T>(
    issuer: &OidcProvider,
    document: Document,
    mode: &str,
    what: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let hits = issuer.hits(Document::Elsewhere).await?;
    issuer.misbehave(document, mode).await?;
    let done = timeout(PATIENCE, what).await;
    issuer.misbehave(document, "none").await?;
    if issuer.hits(Document::Elsewhere).await? != hits {
        return Err("a redirect was followed".into());
    }
    done.map_err(|_| format!("{mode} goes on for too long"))?
}

/// Shorter than a check may take, so that the issuer behaves again in any case.
const PATIENCE: Duration = Duration::from_secs(60);
