//! The servers that are tested.

use std::net::SocketAddr;

use mcp_tokio::{Auth, BearerPolicy, Context, KeySource, Server, Tool};
use serde_json::json;
use tokio::sync::oneshot;

use crate::{
    client::{Connection, Request, expect_status},
    report::Failure,
};

/// What tokens have to be for. Nobody listens there: the servers are told that clients know them by this name.
pub(crate) const RESOURCE: &str = "http://127.0.0.1:9/mcp";

/// A server that serves until it is dropped.
pub(crate) struct Serving {
    address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl Serving {
    pub(crate) async fn start(auth: Auth) -> Result<Self, Failure> {
        let server = Server::builder("real-issuers", "1", auth).tool(whoami()).build()?;
        let listener = mcp_tokio::bind(server, "127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(listener.run(async { _ = stopped.await }));
        Ok(Self { address, _stop: stop })
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// The status of its readiness probe.
    pub(crate) async fn readiness(&self) -> Result<u16, Failure> {
        let mut connection = Connection::open(&self.address()).await?;
        Ok(connection.exchange("/ready", &Request::default()).await?.head.status)
    }

    /// Waits until it is ready, for as long as the check may take.
    pub(crate) async fn ready(&self) -> Result<(), Failure> {
        while self.readiness().await? != 200 {
            tokio::time::sleep(POLL).await;
        }
        let mut connection = Connection::open(&self.address()).await?;
        expect_status(&connection.exchange("/ready", &Request::default()).await?, 200)
    }
}

/// Between two looks at something that is waited for.
pub(crate) const POLL: std::time::Duration = std::time::Duration::from_millis(50);

/// Trust in the signed tokens of an issuer whose keys are at this URL.
pub(crate) fn jwks_url(issuer: &str, url: &str) -> Result<Auth, Failure> {
    Ok(Auth::bearer(BearerPolicy::builder(issuer, RESOURCE).scope("mcp"), KeySource::url(url)?))
}

/// Tells who calls.
fn whoami() -> Tool {
    Tool::new("whoami").raw_unchecked(json!({"type": "object"}), async |_, cx: Context| {
        let principal = cx.principal();
        let scopes = principal.map(|principal| principal.scopes().as_str());
        json!({
            "issuer": principal.map(mcp_tokio::Principal::issuer),
            "subject": principal.map(mcp_tokio::Principal::subject),
            "client": principal.map(mcp_tokio::Principal::client),
            "scopes": scopes,
        })
        .to_string()
    })
}
