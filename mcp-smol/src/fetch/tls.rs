//! TLS over a socket of smol.

use std::sync::Arc;

use futures_rustls::{TlsConnector, client::TlsStream, rustls::ClientConfig};
use mcp_driver::{FetchFailure, TlsClient};

use crate::socket::Socket;

/// TLS with the server of this name or address at the other end of the socket.
pub(super) async fn over(
    tls: &TlsClient,
    socket: Socket,
    host: &str,
) -> Result<TlsStream<Socket>, FetchFailure> {
    let name = TlsClient::name(host)?;
    let connector = TlsConnector::from(config(tls).await?);
    connector.connect(name, socket).await.map_err(|error| TlsClient::failure(host, &error))
}

async fn config(tls: &TlsClient) -> Result<Arc<ClientConfig>, FetchFailure> {
    if let Some(config) = tls.made() {
        return Ok(config);
    }
    let tls = tls.clone();
    smol::unblock(move || tls.make()).await
}
