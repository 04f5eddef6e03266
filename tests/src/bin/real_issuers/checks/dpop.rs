//! Tokens that are bound to a key: RFC 9449.

use mcp_tests::http1::Response;

use crate::{
    client::{Connection, bearer, expect_refused, expect_status, identity},
    oidc_provider::OidcProvider,
    proof::Holder,
    report::{Checked, Failure},
    server::{RESOURCE, Serving},
};

/// The token is good with a proof of its key for this request, once.
pub(crate) async fn bound(issuer: &OidcProvider, server: &Serving) -> Checked {
    let holder = Holder::new()?;
    let token = issuer.bound_token(RESOURCE, &holder).await?;
    let call = async |proof: &str| call(server, &token, proof).await;

    let proof = holder.proof("POST", RESOURCE, Some(&token))?;
    identity(&call(&proof).await?)?;
    expect_proof_refused("the same proof again", &call(&proof).await?)?;

    let other = Holder::new()?;
    let other_url = "http://127.0.0.1:9/other";
    for (what, proof) in [
        ("another method", holder.proof("GET", RESOURCE, Some(&token))?),
        ("another URL", holder.proof("POST", other_url, Some(&token))?),
        ("no token", holder.proof("POST", RESOURCE, None)?),
        ("another token", holder.proof("POST", RESOURCE, Some("another"))?),
    ] {
        expect_proof_refused(what, &call(&proof).await?)?;
    }
    // A proof that is good by itself, for a token that is bound to another key.
    let foreign = call(&other.proof("POST", RESOURCE, Some(&token))?).await?;
    expect_status(&foreign, 401).map_err(|failure| format!("another key: {failure}"))?;

    identity(&call(&holder.proof("POST", RESOURCE, Some(&token))?).await?)?;
    Ok("200 with its key, once; 401 for 6 other proofs".to_owned())
}

/// A stolen token is worth nothing without the key.
pub(crate) async fn as_bearer(issuer: &OidcProvider, server: &Serving) -> Checked {
    let holder = Holder::new()?;
    let token = issuer.bound_token(RESOURCE, &holder).await?;
    let proof = holder.proof("POST", RESOURCE, Some(&token))?;
    for fields in [vec![bearer(&token)], vec![bearer(&token), ("DPoP", proof)]] {
        let mut connection = Connection::open(&server.address()).await?;
        let response = connection.whoami(fields).await?;
        expect_status(&response, 401)?;
    }
    Ok("401 with and without a proof".to_owned())
}

/// A token that is bound to no key is nothing that a proof could be for.
pub(crate) async fn unbound(issuer: &OidcProvider, server: &Serving) -> Checked {
    let token = issuer.client_token(RESOURCE, "mcp").await?;
    let proof = Holder::new()?.proof("POST", RESOURCE, Some(&token))?;
    expect_status(&call(server, &token, &proof).await?, 401)?;
    Ok("401".to_owned())
}

/// A server that knows nothing of proofs refuses bound tokens.
pub(crate) async fn without_dpop(issuer: &OidcProvider, server: &Serving) -> Checked {
    let holder = Holder::new()?;
    let token = issuer.bound_token(RESOURCE, &holder).await?;
    let mut connection = Connection::open(&server.address()).await?;
    expect_refused(&connection.whoami(vec![bearer(&token)]).await?, "Bearer")?;
    Ok("401".to_owned())
}

async fn call(server: &Serving, token: &str, proof: &str) -> Result<Response, Failure> {
    let fields = vec![("Authorization", format!("DPoP {token}")), ("DPoP", proof.to_owned())];
    Connection::open(&server.address()).await?.whoami(fields).await
}

/// RFC 9449 section 7.1: the challenge says that it was the proof.
fn expect_proof_refused(what: &str, response: &Response) -> Result<(), Failure> {
    expect_status(response, 401).map_err(|failure| format!("{what}: {failure}"))?;
    let mut challenges = response.head.fields.iter().filter(|(name, _)| name == "www-authenticate");
    if challenges.any(|(_, value)| value.contains("DPoP") && value.contains("error=\"invalid_dpop_proof\"")) {
        return Ok(());
    }
    Err(format!("{what}: no challenge says that the proof is invalid").into())
}
