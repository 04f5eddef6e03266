//! The listener, and the ways to start a server.

use std::{
    future::{Future, pending},
    io,
    net::SocketAddr,
    sync::Arc,
};

use mcp_driver::{
    Mount, Server, ServerBuilder, ServerError, Service, ServiceError, Sockets, StartError, Stop,
    testing::TestKit,
};
use smol::{
    Async,
    net::{AsyncToSocketAddrs, TcpListener},
};

#[cfg(feature = "https")]
use crate::tls;
use crate::{SmolIo, SmolRuntime, fetch::SmolFetch, socket::Socket};

/// A server that listens. Not a request is answered before [`Listener::run`].
#[derive(Debug)]
pub struct Listener {
    sockets: TcpListener,
    service: Service<SmolRuntime>,
}

/// Servers on this runtime: the functions of this crate do the same on one of [`SmolRuntime::new`].
impl SmolRuntime {
    /// Runs a server on this address until the process ends.
    ///
    /// # Errors
    /// When the address cannot be listened on, or the server must not be started there.
    pub async fn serve(self, server: Server, address: impl AsyncToSocketAddrs) -> Result<(), StartError> {
        self.bind(server, address).await?.run(pending()).await;
        Ok(())
    }

    /// Listens on this address.
    ///
    /// # Errors
    /// When the address cannot be listened on, or the server must not be started there.
    pub async fn bind(
        self,
        server: Server,
        address: impl AsyncToSocketAddrs,
    ) -> Result<Listener, StartError> {
        self.listen(server, TcpListener::bind(address).await?)
    }

    /// Takes over sockets that listen already.
    ///
    /// # Errors
    /// When their address is unknown, or the server must not be started there.
    pub fn listen(self, server: Server, sockets: TcpListener) -> Result<Listener, StartError> {
        server.check_address(sockets.local_addr()?.ip())?;
        if cfg!(not(feature = "https")) && server.speaks_tls() {
            return Err(StartError::TlsUnsupported);
        }
        Ok(Listener { sockets, service: self.start(server)? })
    }

    /// Starts a server without a listener, inside an application that has one: [`Mount`] says what is the
    /// application's business then.
    ///
    /// # Errors
    /// When what the server needs cannot be had, or when it has no authentication and was not built with
    /// [`allow_open_beyond_loopback`](ServerBuilder::allow_open_beyond_loopback).
    pub fn mount(self, server: Server) -> Result<Mount<Self>, StartError> {
        Ok(self.start(server)?.mount()?)
    }

    /// The server that `builder` would build, for callers whom a test names: see [`mcp_driver::testing`].
    ///
    /// # Errors
    /// Those of [`ServerBuilder::build`].
    pub fn test_kit(self, builder: ServerBuilder) -> Result<TestKit<Self>, ServerError> {
        TestKit::new(builder, self)
    }

    /// Starts a server, with sockets to fetch keys over.
    fn start(self, server: Server) -> Result<Service<Self>, ServiceError> {
        let fetch = Arc::new(SmolFetch::new(self.clone(), &server));
        Service::start(server, self, Some(fetch))
    }
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
        self.service.serve_sockets(Accepting(self.sockets.into()), serve_socket, stop).await;
    }
}

/// One connection, from its first byte.
async fn serve_socket(service: Service<SmolRuntime>, socket: Socket, stop: Stop) {
    #[cfg(feature = "https")]
    if let Some(tls) = service.server().tls() {
        tls::serve(&service, tls, socket, stop).await;
        return;
    }
    service.serve_connection(SmolIo::new(socket), stop).await;
}

struct Accepting(Arc<Async<std::net::TcpListener>>);

impl Sockets for Accepting {
    type Stream = Socket;

    async fn accept(&self) -> io::Result<Socket> {
        let (stream, _) = self.0.accept().await?;
        Ok(Socket::new(stream))
    }
}
