//! Somebody with a browser, who agrees to everything.

use reqwest::{Client, Url, header::LOCATION, redirect::Policy};
use rmcp::transport::auth::{
    AuthClient, AuthorizationCallback, AuthorizationManager, AuthorizationRequest, OAuthState,
    WWWAuthenticateParams,
};

use crate::server::{Failure, Server};

/// Nobody listens there: the code is read from the redirection.
const REDIRECT: &str = "http://127.0.0.1:9/callback";

/// Gets a token for what a challenge asks for.
pub async fn authorize(server: &Server, challenge: &str) -> Result<AuthClient<Client>, Failure> {
    let mut state = OAuthState::new(&server.url, None).await?;
    let request = AuthorizationRequest::new(REDIRECT).with_client_name("test").with_challenge(challenge);
    state.start_authorization(request).await?;
    let came = browse(&state.get_authorization_url().await?).await?;
    state.handle_callback_url(&came).await?;
    let manager = state.into_authorization_manager().ok_or("nobody is authorized")?;
    Ok(AuthClient::new(Client::new(), manager))
}

/// Gets a token that is good for more, which those who share this manager use from here on.
pub async fn step_up(
    server: &Server,
    manager: &AuthorizationManager,
    challenge: &str,
) -> Result<(), Failure> {
    let asked = WWWAuthenticateParams::parse(challenge, &Url::parse(&server.url)?);
    let scope = asked.scope.filter(|_| asked.error.as_deref() == Some("insufficient_scope"));
    let url = manager.request_scope_upgrade(&scope.ok_or("not a challenge to step up")?).await?;
    let came = AuthorizationCallback::from_redirect_url(&browse(&url).await?)?;
    let issuer = came.issuer.as_deref();
    manager.exchange_code_for_token_with_issuer(&came.code, &came.csrf_token, issuer).await?;
    Ok(())
}

/// The scopes that were granted, authorization by authorization.
pub async fn granted(server: &Server, manager: &AuthorizationManager) -> Result<Vec<String>, Failure> {
    let (client, _) = manager.get_credentials().await?;
    let url = format!("{}/granted?client_id={client}", server.issuer);
    Ok(reqwest::get(url).await?.json().await?)
}

async fn browse(url: &str) -> Result<String, Failure> {
    let browser = Client::builder().redirect(Policy::none()).build()?;
    let response = browser.get(url).send().await?;
    let place = response.headers().get(LOCATION).ok_or("the authorization server does not send back")?;
    Ok(place.to_str()?.to_owned())
}
