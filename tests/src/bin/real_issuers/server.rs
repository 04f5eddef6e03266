//! The servers that are tested.

use std::{net::SocketAddr, time::Duration};

use mcp_tokio::{
    Auth, BearerPolicy, BearerPolicyBuilder, Context, FetchPolicy, Principal, Server, ServerBuilder,
    TlsRoots, Tool,
};
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
    pub(crate) async fn start(auth: impl Into<Auth>, fetching: FetchPolicy) -> Result<Self, Failure> {
        Self::serve(Server::builder("real-issuers", "1", auth).fetch_policy(fetching)).await
    }

    /// The same, with these certificates to trust when something is fetched over https.
    pub(crate) async fn start_with_roots(auth: impl Into<Auth>, roots: TlsRoots) -> Result<Self, Failure> {
        let server = Server::builder("real-issuers", "1", auth).fetch_policy(FETCHING);
        Self::serve(server.tls_roots(roots)).await
    }

    async fn serve(server: ServerBuilder) -> Result<Self, Failure> {
        let server = server.tool(whoami()).build()?;
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

/// Keys that are fetched at the start, and then only for the sake of a key that is unknown.
pub(crate) const ON_DEMAND: FetchPolicy = FetchPolicy { refresh_seconds: 600, ..FETCHING };

/// Keys that are soon too old.
pub(crate) const SOON_STALE: FetchPolicy = FetchPolicy { stale_seconds_max: 1, ..FETCHING };

/// For how long the answer of an introspection is remembered.
pub(crate) const CACHE_SECONDS: u64 = 2;

/// Tokens of this issuer for [`RESOURCE`].
pub(crate) fn policy(issuer: &str) -> BearerPolicyBuilder {
    BearerPolicy::builder(issuer, RESOURCE).scope("mcp")
}

/// Tells who calls.
fn whoami() -> Tool {
    Tool::new("whoami").raw_unchecked(json!({"type": "object"}), async |_, cx: Context| {
        let principal = cx.principal();
        let scopes = principal.map(|principal| principal.scopes().as_str());
        json!({
            "issuer": principal.map(Principal::issuer),
            "subject": principal.map(Principal::subject),
            "client": principal.map(Principal::client),
            "scopes": scopes,
            "actor": principal.and_then(Principal::actor),
        })
        .to_string()
    })
}
