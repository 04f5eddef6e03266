//! A server on a thread of its own, and connections to it over loopback.

use std::{
    future::Future,
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    pin::Pin,
    sync::mpsc::{Receiver, channel},
    thread,
};

use mcp_tests::scenario::{Connection, PATIENCE, Stage};
use tokio::sync::oneshot;

/// Ready when the server is to stop.
pub(crate) type Stop = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A server that runs on a thread of its own. Dropping this tells it to stop.
pub(crate) struct Loopback {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    stopped: Receiver<()>,
}

impl Loopback {
    /// Serves with `run`, which returns when it has stopped.
    pub(crate) fn start(run: impl FnOnce(TcpListener, Stop) + Send + 'static) -> Self {
        let sockets = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        sockets.set_nonblocking(true).expect("sockets that do not block");
        let address = sockets.local_addr().expect("an address");
        let (stop, stopping) = oneshot::channel();
        let (end, stopped) = channel();
        thread::spawn(move || {
            // A scenario that is over drops the sender without a word.
            run(sockets, Box::pin(async { drop(stopping.await) }));
            // Whether somebody still waits is nothing to a server that has stopped.
            let _ = end.send(());
        });
        Self { address, stop: Some(stop), stopped }
    }
}

impl Stage for Loopback {
    fn connect(&mut self) -> io::Result<Box<dyn Connection>> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Box::new(stream))
    }

    fn stop(&mut self) -> Result<(), String> {
        let stop = self.stop.take().ok_or("it was told to stop before")?;
        stop.send(()).map_err(|()| "it has stopped before".to_owned())
    }

    fn stopped(&mut self) -> Result<(), String> {
        self.stopped.recv_timeout(PATIENCE).map_err(|error| format!("it does not stop: {error}"))
    }
}
