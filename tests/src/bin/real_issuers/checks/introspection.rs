//! Tokens that only their issuer can read: RFC 7662.

use std::time::{Duration, Instant};

use super::outage::during;
use crate::{
    client::{expect_refused, expect_unavailable, identity, whoami},
    oidc_provider::{Document, OPAQUE_RESOURCE, OidcProvider},
    proof::encoded,
    report::Checked,
    server::{CACHE_SECONDS, POLL, RESOURCE, Serving},
};

/// The issuer is asked once for a token that is used again within the cache time.
pub(crate) async fn good(issuer: &OidcProvider, server: &Serving) -> Checked {
    let token = issuer.client_token(OPAQUE_RESOURCE, "mcp").await?;
    let asked = issuer.hits(Document::Introspection).await?;
    let found = identity(&whoami(&server.address(), &token).await?)?;
    identity(&whoami(&server.address(), &token).await?)?;
    match issuer.hits(Document::Introspection).await? - asked {
        1 => Ok(found.to_string()),
        questions => Err(format!("the issuer was asked {questions} times").into()),
    }
}

/// A token that was good a moment ago, until the server asks again.
pub(crate) async fn revoked(issuer: &OidcProvider, server: &Serving) -> Checked {
    let token = issuer.client_token(OPAQUE_RESOURCE, "mcp").await?;
    identity(&whoami(&server.address(), &token).await?)?;
    issuer.revoke(&token).await?;
    let begin = Instant::now();
    loop {
        let response = whoami(&server.address(), &token).await?;
        let seconds = begin.elapsed().as_secs_f32();
        if response.head.status == 401 {
            expect_refused(&response, "Bearer")?;
            return Ok(format!("401 after {seconds:.1} s"));
        }
        identity(&response)?;
        if begin.elapsed() > Duration::from_secs(CACHE_SECONDS + 1) {
            return Err(format!("still good after {seconds:.1} s").into());
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Nobody issued it.
pub(crate) async fn unknown(server: &Serving) -> Checked {
    expect_refused(&whoami(&server.address(), "nobody-issued-this").await?, "Bearer")?;
    Ok("401".to_owned())
}

/// Whoever sends many tokens that the issuer will not judge, which `oidc-provider` says of signed ones, keeps
/// nobody else out: nothing is known of theirs, and others are as good as before.
pub(crate) async fn signed(issuer: &OidcProvider, server: &Serving) -> Checked {
    let signed = issuer.client_token(RESOURCE, "mcp").await?;
    let (message, _) = signed.rsplit_once('.').ok_or("a token without a signature")?;
    for number in 0..SIGNED_TOKENS {
        let forged = format!("{message}.{}", encoded(format!("forged {number}").as_bytes()));
        expect_unavailable(&whoami(&server.address(), &forged).await?)?;
        let good = issuer.client_token(OPAQUE_RESOURCE, "mcp").await?;
        let good = identity(&whoami(&server.address(), &good).await?);
        good.map_err(|failure| format!("a good token after {number} others: {failure}"))?;
    }
    Ok(format!("503 for {SIGNED_TOKENS}, and 200 for others"))
}

const SIGNED_TOKENS: u32 = 20;

/// An issuer that does not answer makes no token bad, and none good.
pub(crate) async fn outage(issuer: &OidcProvider, mode: &str, server: &Serving) -> Checked {
    let token = issuer.client_token(OPAQUE_RESOURCE, "mcp").await?;
    let refused = during(issuer, Document::Introspection, mode, async {
        expect_unavailable(&whoami(&server.address(), &token).await?)?;
        expect_unavailable(&whoami(&server.address(), "nobody-issued-this-either").await?)
    });
    refused.await?;
    // A server may leave the issuer alone for a moment.
    while whoami(&server.address(), &token).await?.head.status == 503 {
        tokio::time::sleep(POLL).await;
    }
    identity(&whoami(&server.address(), &token).await?)?;
    Ok("503, then 200".to_owned())
}
