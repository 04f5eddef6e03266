//! The listener.

use std::{io, net::SocketAddr, sync::Arc};

use hyper_util::rt::TokioIo;
use mcp_driver::{Server, Service, ServiceError, Sockets, StartError, Stop};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};

#[cfg(feature = "https")]
use crate::tls;
use crate::{TokioRuntime, fetch::TokioFetch};

/// A server that listens. Not a request is answered before [`Listener::run`].
#[derive(Debug)]
pub struct Listener {
    sockets: TcpListener,
    service: Service<TokioRuntime>,
}

/// Runs a server on this address until the process ends.
///
/// # Errors
/// When the address cannot be listened on, or the server must not be started there.
pub async fn serve(server: Server, address: impl ToSocketAddrs) -> Result<(), StartError> {
    bind(server, address).await?.run(std::future::pending()).await;
    Ok(())
}

/// Listens on this address.
///
/// # Errors
/// When the address cannot be listened on, or the server must not be started there.
pub async fn bind(server: Server, address: impl ToSocketAddrs) -> Result<Listener, StartError> {
    listen(server, TcpListener::bind(address).await?)
}

/// Takes over sockets that listen already.
///
/// # Errors
/// When their address is unknown, or the server must not be started there.
pub fn listen(server: Server, sockets: TcpListener) -> Result<Listener, StartError> {
    server.check_address(sockets.local_addr()?.ip())?;
    if cfg!(not(feature = "https")) && server.speaks_tls() {
        return Err(StartError::TlsUnsupported);
    }
    Ok(Listener { sockets, service: start(server)? })
}

/// Starts a server on tokio, with sockets to fetch keys over.
pub(crate) fn start(server: Server) -> Result<Service<TokioRuntime>, ServiceError> {
    let runtime = TokioRuntime::new();
    let fetch = Arc::new(TokioFetch::new(runtime, &server));
    Service::start(server, runtime, Some(fetch))
}

impl Listener {
    /// The address.
    ///
    /// # Errors
    /// When the operating system does not know it.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.sockets.local_addr()
    }

    /// Serves connections until `stop` is ready. Then no further ones are accepted, and answers
    /// that are under way may be finished until the drain deadline.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        self.service.serve_sockets(Accepting(self.sockets), serve_socket, stop).await;
    }
}

/// One connection, from its first byte.
async fn serve_socket(service: Service<TokioRuntime>, socket: TcpStream, stop: Stop) {
    #[cfg(feature = "https")]
    if let Some(tls) = service.server().tls() {
        tls::serve(&service, tls, socket, stop).await;
        return;
    }
    service.serve_connection(TokioIo::new(socket), stop).await;
}

struct Accepting(TcpListener);

impl Sockets for Accepting {
    type Stream = TcpStream;

    async fn accept(&self) -> io::Result<TcpStream> {
        let (socket, _) = self.0.accept().await?;
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
        Ok(socket)
    }
}
