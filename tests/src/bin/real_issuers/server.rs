//! The servers that are tested.

use std::{net::SocketAddr, time::Duration};

use mcp_tokio::{Auth, BearerPolicy, Context, KeySource, Server, Tool, proto::jws::keyset::FetchPolicy};
use serde_json::json;
use tokio::{sync::oneshot, time::timeout};

use crate::{
    client::{Connection, Request},
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

    /// Waits until it is ready.
    ///
    /// # Errors
    /// When it does not get there.
    pub(crate) async fn ready(&self) -> Result<(), Failure> {
        let ready = async {
            while self.readiness().await? != 200 {
                tokio::time::sleep(POLL).await;
            }
            Ok(())
        };
        timeout(PATIENCE, ready).await.map_err(|_| "the server does not get ready")?
    }
}

/// How long a server may take to have its keys.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at something that is waited for.
pub(crate) const POLL: Duration = Duration::from_millis(50);

/// Times of fetching that a test can wait for.
pub(crate) const FETCHING: FetchPolicy = FetchPolicy {
    refresh_seconds: 1,
    cooldown_seconds: 1,
    stale_seconds_max: 3600,
    retry_seconds: 1,
    retry_seconds_max: 1,
};

/// For how long the answer of an introspection is remembered.
pub(crate) const CACHE_SECONDS: u32 = 2;

/// Trust in the signed tokens of an issuer whose keys are at this URL, fetched at these times.
pub(crate) fn jwks_url(issuer: &str, url: &str, fetching: FetchPolicy) -> Result<Auth, Failure> {
    let url = format!(
        "{url}?refresh={}&cooldown={}&stale={}&retry={}",
        fetching.refresh_seconds,
        fetching.cooldown_seconds,
        fetching.stale_seconds_max,
        fetching.retry_seconds
    );
    Ok(Auth::bearer(BearerPolicy::builder(issuer, RESOURCE).scope("mcp"), KeySource::url(&url)?).into())
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
