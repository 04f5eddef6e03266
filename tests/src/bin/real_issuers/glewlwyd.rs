//! Glewlwyd, as `tests/issuers/glewlwyd` configures it: a second opinion on what an access token is.

use std::{net::TcpListener, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::process::Command;

use crate::{issuer::Issuer, report::Failure, server::RESOURCE};

/// The issuer.
pub(crate) struct Glewlwyd(Issuer);

impl Glewlwyd {
    /// Starts it with this script, at a port that was free a moment ago.
    pub(crate) async fn start(script: &Path) -> Result<Self, Failure> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new(script);
        command.arg(port.to_string()).arg(RESOURCE);
        Ok(Self(Issuer::start(&mut command).await?))
    }

    pub(crate) fn url(&self) -> &str {
        self.0.url()
    }

    pub(crate) fn jwks_url(&self) -> String {
        format!("{}/jwks", self.url())
    }

    /// A token for a client itself.
    pub(crate) async fn client_token(&self) -> Result<String, Failure> {
        let credentials = ("Authorization", format!("Basic {}", STANDARD.encode("service:secret")));
        let form = [("grant_type", "client_credentials"), ("scope", "mcp"), ("resource", RESOURCE)];
        self.0.token("/api/oidc/token", &form, vec![credentials]).await
    }
}
