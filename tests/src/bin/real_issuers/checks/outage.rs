//! Issuers that do not answer as they should.

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
    let hits = issuer.hits(Document::Elsewhere).await?;
    issuer.misbehave(document, mode).await?;
    let unavailable: Result<_, Failure> = async {
        let server = start().await?;
        let asked = issuer.hits(document).await?;
        // The first outcome is in when the second attempt begins.
        while issuer.hits(document).await? < asked + 2 {
            expect_unavailable(&whoami(&server.address(), &token).await?)?;
            if server.readiness().await? != 503 {
                return Err("ready without keys".into());
            }
            tokio::time::sleep(POLL).await;
        }
        expect_unavailable(&whoami(&server.address(), &token).await?)?;
        Ok(server)
    }
    .await;
    issuer.misbehave(document, "none").await?;
    let server = unavailable?;
    server.ready().await?;
    identity(&whoami(&server.address(), &token).await?)?;
    if issuer.hits(Document::Elsewhere).await? != hits {
        return Err("a redirect was followed".into());
    }
    Ok("503 until it answers well, then 200".to_owned())
}
