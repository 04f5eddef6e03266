//! TLS over a tokio socket.

use std::sync::Arc;

use mcp_driver::{FetchFailure, TlsClient, TlsFailure};
use tokio::{net::TcpStream, task::spawn_blocking};
use tokio_rustls::{TlsConnector, client::TlsStream, rustls::ClientConfig};

/// TLS with the server of this name or address at the other end of the stream.
pub(super) async fn over(
    tls: &TlsClient,
    stream: TcpStream,
    host: &str,
) -> Result<TlsStream<TcpStream>, FetchFailure> {
    let name = TlsClient::name(host)?;
    let connector = TlsConnector::from(config(tls).await?);
    connector.connect(name, stream).await.map_err(|error| TlsClient::failure(host, &error))
}

async fn config(tls: &TlsClient) -> Result<Arc<ClientConfig>, FetchFailure> {
    if let Some(config) = tls.made() {
        return Ok(config);
    }
    let tls = tls.clone();
    spawn_blocking(move || tls.make()).await.unwrap_or_else(|error| {
        tracing::error!(%error, "the root certificates were not read");
        Err(FetchFailure::Tls(TlsFailure::RootsMissing))
    })
}
