//! A connection with TLS.

use std::pin::pin;

use hyper_util::rt::TokioIo;
use mcp_driver::{Peer, ServerTls, Service, Stop};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::TokioRuntime;

/// Serves a socket, if there is a handshake in time.
pub(crate) async fn serve(service: &Service<TokioRuntime>, tls: &ServerTls, socket: TcpStream, stop: Stop) {
    let mut stop = pin!(stop);
    let handshake = TlsAcceptor::from(tls.config()).accept(socket);
    let Some(stream) = service.handshake(handshake, stop.as_mut()).await else { return };
    let (_, connection) = stream.get_ref();
    let peer = Peer::of_tls(connection);
    service.serve_connection_of(TokioIo::new(stream), peer, stop).await;
}
