//! `oidc-provider` with the clients and grants that `tests/issuers/oidc-provider` gives it.

use std::path::Path;

use serde_json::Value;
use tokio::process::Command;

use crate::{client::expect_status, issuer::Issuer, proof::Holder, report::Failure, server::RESOURCE};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

/// The resource whose tokens are opaque.
pub(crate) const OPAQUE_RESOURCE: &str = "http://127.0.0.1:9/opaque";

/// A document that the issuer can be told to answer badly.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Document {
    Discovery,
    Jwks,
    Introspection,
    /// Where it redirects to, and nobody should go.
    Elsewhere,
}

/// The issuer.
pub(crate) struct OidcProvider(Issuer);

/// A certificate and its key, both PEM.
pub(crate) struct Certificate<'c> {
    pub(crate) chain: &'c Path,
    pub(crate) key: &'c Path,
}

impl OidcProvider {
    /// Starts the issuer that is installed in this directory; with a certificate, on https.
    pub(crate) async fn start(
        directory: &Path,
        certificate: Option<Certificate<'_>>,
    ) -> Result<Self, Failure> {
        let mut command = Command::new("node");
        command.arg(directory.join("issuer.mjs"));
        command.args(["--resource", RESOURCE, "--opaque-resource", OPAQUE_RESOURCE]);
        if let Some(Certificate { chain, key }) = certificate {
            command.arg("--cert").arg(chain).arg("--key").arg(key);
        }
        Ok(Self(Issuer::start(&mut command).await?))
    }

    pub(crate) fn url(&self) -> &str {
        self.0.url()
    }

    pub(crate) fn jwks_url(&self) -> String {
        format!("{}/jwks", self.url())
    }

    pub(crate) fn introspection_url(&self) -> String {
        format!("{}/token/introspection", self.url())
    }

    async fn token(&self, client: &str, grant: &str, form: &[(&str, &str)]) -> Result<String, Failure> {
        self.token_with(client, grant, form, Vec::new()).await
    }

    async fn token_with(
        &self,
        client: &str,
        grant: &str,
        form: &[(&str, &str)],
        fields: Vec<(&str, String)>,
    ) -> Result<String, Failure> {
        let client = [("client_id", client), ("client_secret", "secret"), ("grant_type", grant)];
        self.0.token("/token", &[&client, form].concat(), fields).await
    }

    /// A token for a client itself.
    pub(crate) async fn client_token(&self, resource: &str, scope: &str) -> Result<String, Failure> {
        self.token("service", "client_credentials", &[("resource", resource), ("scope", scope)]).await
    }

    /// The same, bound to a key: RFC 9449 section 5.
    pub(crate) async fn bound_token(&self, resource: &str, holder: &Holder) -> Result<String, Failure> {
        let proof = holder.proof("POST", &format!("http://{}/token", self.0.address()), None)?;
        let form = [("resource", resource), ("scope", "mcp")];
        self.token_with("service", "client_credentials", &form, vec![("DPoP", proof)]).await
    }

    /// Takes a token back: RFC 7009.
    pub(crate) async fn revoke(&self, token: &str) -> Result<(), Failure> {
        let form = [("client_id", "service"), ("client_secret", "secret"), ("token", token)];
        expect_status(&self.0.post("/token/revocation", &form, Vec::new()).await?, 200)
    }

    /// A token that lets a client act for a person.
    pub(crate) async fn user_token(&self, user: &str) -> Result<String, Failure> {
        let form = [("username", user), ("resource", RESOURCE), ("scope", "mcp")];
        self.token("desk", "password", &form).await
    }

    /// What an agent gets for a user's token: RFC 8693.
    pub(crate) async fn exchanged(&self, subject_token: &str) -> Result<String, Failure> {
        let form =
            [("subject_token", subject_token), ("subject_token_type", ACCESS_TOKEN), ("resource", RESOURCE)];
        self.token("agent", EXCHANGE, &form).await
    }

    /// An ID token whose audience is ours, which is so when a client is named like the resource.
    pub(crate) async fn id_token(&self, subject_token: &str) -> Result<String, Failure> {
        let form = [
            ("subject_token", subject_token),
            ("subject_token_type", ACCESS_TOKEN),
            ("requested_token_type", ID_TOKEN),
        ];
        self.token(RESOURCE, EXCHANGE, &form).await
    }

    /// Publishes a key that does not sign yet.
    pub(crate) async fn announce(&self) -> Result<(), Failure> {
        self.0.control("announce").await.map(drop)
    }

    /// Signs with the youngest key from here on.
    pub(crate) async fn rotate(&self) -> Result<(), Failure> {
        self.0.control("rotate").await.map(drop)
    }

    /// Takes back all keys but the one that signs.
    pub(crate) async fn withdraw(&self) -> Result<(), Failure> {
        self.0.control("withdraw").await.map(drop)
    }

    /// Answers a document badly from here on; `none` ends it.
    pub(crate) async fn misbehave(&self, document: Document, mode: &str) -> Result<(), Failure> {
        let document = document.name();
        self.0.control(&format!("misbehave?document={document}&mode={mode}")).await.map(drop)
    }

    /// How often a document was asked for.
    pub(crate) async fn hits(&self, document: Document) -> Result<u64, Failure> {
        self.count(document.name()).await
    }

    /// How many TLS handshakes clients broke off.
    pub(crate) async fn refused_handshakes(&self) -> Result<u64, Failure> {
        self.count("refused").await
    }

    async fn count(&self, name: &str) -> Result<u64, Failure> {
        let hits = self.0.control("hits").await?;
        Ok(hits.get(name).and_then(Value::as_u64).ok_or("no such count")?)
    }
}

impl Document {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Jwks => "jwks",
            Self::Introspection => "introspection",
            Self::Elsewhere => "elsewhere",
        }
    }
}
