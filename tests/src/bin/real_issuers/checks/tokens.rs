//! Tokens of every kind that an issuer has.

use serde_json::{Value, json};

use crate::{
    client::{expect_refused, identity, whoami},
    oidc_provider::OidcProvider,
    report::{Checked, Failure},
    server::{RESOURCE, Serving},
};

pub(crate) async fn client_credentials(issuer: &OidcProvider, server: &Serving) -> Checked {
    let token = issuer.client_token(RESOURCE, "mcp mcp:write").await?;
    let found = identity(&whoami(&server.address(), &token).await?)?;
    let expected = json!({
        "issuer": issuer.url(),
        "subject": "service",
        "client": "service",
        "scopes": "mcp mcp:write",
        "actor": null,
    });
    expect_identity(&found, &expected)
}

pub(crate) async fn other_audience(issuer: &OidcProvider, server: &Serving) -> Checked {
    let token = issuer.client_token(&format!("{RESOURCE}/other"), "mcp").await?;
    expect_refused(&whoami(&server.address(), &token).await?, "Bearer")?;
    Ok("401".to_owned())
}

/// Signed by the same key, of the same issuer, for the same audience.
pub(crate) async fn id_token(issuer: &OidcProvider, server: &Serving) -> Checked {
    let access_token = issuer.user_token("alice").await?;
    identity(&whoami(&server.address(), &access_token).await?)?;
    let token = issuer.id_token(&access_token).await?;
    expect_refused(&whoami(&server.address(), &token).await?, "Bearer")?;
    Ok("401".to_owned())
}

/// The user stays the subject, the agent is on record as the actor.
pub(crate) async fn exchanged(issuer: &OidcProvider, server: &Serving) -> Checked {
    let token = issuer.exchanged(&issuer.user_token("alice").await?).await?;
    let found = identity(&whoami(&server.address(), &token).await?)?;
    let expected = json!({
        "issuer": issuer.url(),
        "subject": "alice",
        "client": "agent",
        "scopes": "mcp",
        "actor": "agent",
    });
    expect_identity(&found, &expected)
}

fn expect_identity(found: &Value, expected: &Value) -> Checked {
    if found == expected { Ok(found.to_string()) } else { Err(Failure::from(found.to_string())) }
}
