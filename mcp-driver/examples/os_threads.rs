//! The driver on a runtime of one's own, which is neither tokio nor smol: each task is a thread that blocks on its
//! future, timers are those of `futures-timer`, and what a socket reads comes from a thread too.
//!
//! `cargo run -p mcp-driver --example os_threads` serves on port 8000 whoever is on this machine.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant, SystemTime};
use std::{error::Error, future::Future, future::pending, thread};

use futures::channel::mpsc::{Receiver, channel};
use futures::io::{AsyncBufRead as _, AsyncBufReadExt as _};
use futures::stream::{IntoAsyncRead, TryStreamExt as _};
use futures::{executor::block_on, sink::SinkExt as _};
use futures_timer::Delay;
use hyper::rt::ReadBufCursor;
use mcp_driver::proto::{Now, Tick, UnixSeconds};
use mcp_driver::{Auth, EntropyError, NoArguments, Runtime, Server, Service, Tool};

fn main() -> Result<(), Box<dyn Error>> {
    let hello = Tool::new("hello").typed(async |_: NoArguments| "Hello!");
    let server = Server::builder("os-threads", "1", Auth::none()).tool(hello).build()?;
    serve(server, &TcpListener::bind("127.0.0.1:8000")?)
}

/// Answers whoever connects.
pub(crate) fn serve(server: Server, sockets: &TcpListener) -> Result<(), Box<dyn Error>> {
    let service = Service::start(server, OsThreads(Instant::now()), None)?;
    for stream in sockets.incoming() {
        let (service, stream) = (service.clone(), stream?);
        let socket = Socket::new(stream.try_clone()?)?;
        thread::spawn(move || {
            block_on(service.serve_connection(socket, pending()));
            // However it ended: what still reads is to end too.
            stream.shutdown(Shutdown::Both)
        });
    }
    Ok(())
}

/// Time begins at this moment.
#[derive(Clone)]
struct OsThreads(Instant);

impl Runtime for OsThreads {
    type Sleep = Delay;

    fn now(&self) -> Now {
        let unix = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        Now { tick: Tick(self.0.elapsed().as_micros() as u64), unix: UnixSeconds(unix.as_secs()) }
    }

    fn sleep_until(&self, at: Tick) -> Delay {
        Delay::new(Duration::from_micros(at.0).saturating_sub(self.0.elapsed()))
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(&self, task: F) {
        thread::spawn(move || block_on(task));
    }

    fn entropy(&self) -> Result<[u8; 32], EntropyError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|_| EntropyError).map(|()| bytes)
    }
}

/// A socket, and what was read from it. Writing blocks, which holds up nobody else; reading must not, as hyper reads and
/// writes by turns.
struct Socket(TcpStream, IntoAsyncRead<Receiver<io::Result<Vec<u8>>>>);

impl Socket {
    fn new(mut stream: TcpStream) -> io::Result<Self> {
        stream.set_write_timeout(Some(Duration::from_secs(30)))?;
        let writing = stream.try_clone()?;
        let (mut sender, received) = channel(0);
        thread::spawn(move || {
            let mut bytes = [0; 8192];
            while let Ok(read @ 1..) = stream.read(&mut bytes)
                && block_on(sender.send(Ok(bytes[..read].to_vec()))).is_ok()
            {}
        });
        Ok(Self(writing, received.into_async_read()))
    }
}

impl hyper::rt::Read for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let received = ready!(Pin::new(&mut self.1).poll_fill_buf(cx))?;
        let length = received.len().min(into.remaining());
        into.put_slice(&received[..length]);
        self.1.consume_unpin(length);
        Poll::Ready(Ok(()))
    }
}

impl hyper::rt::Write for Socket {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.0.write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.shutdown(Shutdown::Both))
    }
}
