//! The accept loop.

use std::{
    future::{Future, poll_fn},
    io,
    net::SocketAddr,
    pin::pin,
    sync::Arc,
    task::Poll,
};

use hyper_util::rt::TokioIo;
use mcp_driver::{Server, ServerError, Service, ServiceError};
use tokio::{
    net::{TcpListener, TcpStream, ToSocketAddrs},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{Duration, timeout},
};

use crate::{TokioRuntime, fetch::TokioFetch};

/// A server that listens. Not a request is answered before [`Listener::run`].
#[derive(Debug)]
pub struct Listener {
    sockets: TcpListener,
    service: Service<TokioRuntime>,
}

/// Why a server cannot be started.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened on.
    Io(io::Error),
    /// The server must not be started there.
    Server(ServerError),
    /// What it needs cannot be had.
    Service(ServiceError),
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot listen: {error}"),
            Self::Server(error) => error.fmt(f),
            Self::Service(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Server(error) => Some(error),
            Self::Service(error) => Some(error),
        }
    }
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ServiceError> for StartError {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}

impl From<ServerError> for StartError {
    fn from(error: ServerError) -> Self {
        Self::Server(error)
    }
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
    Ok(Listener { sockets, service: start(server)? })
}

/// Starts a server on tokio, with sockets to fetch keys over.
pub(crate) fn start(server: Server) -> Result<Service<TokioRuntime>, ServiceError> {
    let fetch = Arc::new(TokioFetch::new(&server));
    Service::start(server, TokioRuntime::new(), Some(fetch))
}

/// After an accept failed for want of a resource.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

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
        let limits = self.service.server().limits();
        let places = Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS)));
        let (stopped, stopping) = watch::channel(());
        let mut connections = JoinSet::new();
        let mut stop = pin!(stop);
        let mut is_short = false;
        loop {
            let mut accepting = pin!(accept(&self.sockets, &places));
            let event = poll_fn(|cx| {
                if stop.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Event::Stop);
                }
                while let Poll::Ready(Some(_)) = connections.poll_join_next(cx) {}
                accepting.as_mut().poll(cx).map(Event::Accepted)
            });
            let (socket, place) = match event.await {
                Event::Stop => break,
                Event::Accepted(Ok(accepted)) => {
                    is_short = false;
                    accepted
                }
                Event::Accepted(Err(error)) => {
                    // Once for each shortage: those who cause it shall not fill the log too.
                    if !std::mem::replace(&mut is_short, true) {
                        tracing::warn!(%error, "cannot accept connections");
                    }
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let service = self.service.clone();
            let mut stopping = stopping.clone();
            connections.spawn(async move {
                let stop = async move {
                    // An error says that the listener is gone, which is a reason to stop too.
                    let _ = stopping.changed().await;
                };
                service.serve_connection(TokioIo::new(socket), stop).await;
                drop(place);
            });
        }
        drop(self.sockets);
        drop(stopped);
        // Clients that wait for changes would wait on, and can do so elsewhere.
        self.service.server().sessions().release_streams();
        let drain = self.service.server().connection_timeouts().drain;
        let drained = timeout(drain, async { while connections.join_next().await.is_some() {} });
        if drained.await.is_err() {
            tracing::warn!(connections = connections.len(), "drain deadline passed");
            connections.shutdown().await;
        }
        self.service.server().sessions().cancel_calls();
    }
}

enum Event {
    Stop,
    Accepted(io::Result<(TcpStream, OwnedSemaphorePermit)>),
}

/// A connection with a place of its own.
async fn accept(
    sockets: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    // Nobody closes the semaphore.
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (socket, _) = sockets.accept().await?;
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY");
    }
    Ok((socket, place))
}
