//! Issuers that are reached over https.

use crate::{
    client::{expect_unavailable, whoami},
    oidc_provider::{Document, OidcProvider},
    report::Checked,
    server::{POLL, RESOURCE, Serving},
};

/// Without trust in its certificate nothing is known about the issuer, and nothing was asked of it.
pub(crate) async fn untrusted(issuer: &OidcProvider, server: &Serving) -> Checked {
    let token = issuer.client_token(RESOURCE, "mcp").await?;
    let hits = issuer.hits(Document::Discovery).await?;
    let refused = issuer.refused_handshakes().await?;
    // The second attempt begins when the first is over.
    while issuer.refused_handshakes().await? < refused + 2 {
        expect_unavailable(&whoami(&server.address(), &token).await?)?;
        tokio::time::sleep(POLL).await;
    }
    match (issuer.hits(Document::Discovery).await? - hits, server.readiness().await?) {
        (0, 503) => Ok("503, and no request".to_owned()),
        (requests, status) => Err(format!("{requests} requests, /ready {status}").into()),
    }
}
