//! A connection with TLS.

use std::pin::pin;

use futures_rustls::TlsAcceptor;
use mcp_driver::{Peer, ServerTls, Service, Stop};

use crate::{SmolIo, SmolRuntime, socket::Socket};

/// Serves a socket, if there is a handshake in time.
pub(crate) async fn serve(service: &Service<SmolRuntime>, tls: &ServerTls, socket: Socket, stop: Stop) {
    let mut stop = pin!(stop);
    let handshake = TlsAcceptor::from(tls.config()).accept(socket);
    let Some(stream) = service.handshake(handshake, stop.as_mut()).await else { return };
    let (_, connection) = stream.get_ref();
    let peer = Peer::of_tls(connection);
    service.serve_connection_of(SmolIo::new(stream), peer, stop).await;
}
