//! A TCP connection that asks the operating system for as little as possible.

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test says what is wrong by panicking")]
mod tests;

use std::{
    io::{self, IoSlice, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
    pin::Pin,
    task::{Context, Poll, ready},
};

use smol::{
    Async,
    io::{AsyncRead, AsyncWrite},
};

/// A connected socket.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: Async<TcpStream>,
    /// The last read did not fill its buffer, so the next one is not tried before the socket is readable: mostly it
    /// would find nothing.
    is_drained: bool,
}

impl Socket {
    pub(crate) fn new(stream: Async<TcpStream>) -> Self {
        if let Err(error) = stream.get_ref().set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
        Self { stream, is_drained: false }
    }

    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
        Ok(Self::new(Async::<TcpStream>::connect(address).await?))
    }

    fn poll_write_with(
        &self,
        cx: &mut Context<'_>,
        mut write: impl FnMut(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            match write(self.stream.get_ref()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                written => return Poll::Ready(written),
            }
            ready!(self.stream.poll_writable(cx))?;
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            // An end or an error of the connection makes it readable too.
            if self.is_drained {
                ready!(self.stream.poll_readable(cx))?;
                self.is_drained = false;
            }
            match self.stream.get_ref().read(buffer) {
                Ok(read) => {
                    self.is_drained = read < buffer.len();
                    return Poll::Ready(Ok(read));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.is_drained = true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_with(cx, |mut stream| stream.write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_with(cx, |mut stream| stream.write_vectored(slices))
    }

    /// The operating system has it already.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Says that nothing more comes.
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.stream.get_ref().shutdown(Shutdown::Write) {
            // The peer is gone, who would have been told.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Poll::Ready(Ok(())),
            closed => Poll::Ready(closed),
        }
    }
}
