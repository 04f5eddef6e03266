//! A stream of smol as hyper wants one.

#[cfg(test)]
#[allow(clippy::expect_used, clippy::panic, reason = "a test says what is wrong by panicking")]
mod tests;

use std::{
    cell::Cell,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use hyper::rt::{Read, ReadBufCursor, Write};
use smol::io::{AsyncRead, AsyncWrite};

/// Lends hyper a stream that implements the traits of `futures-io`.
///
/// hyper's buffer is not initialised, and those traits read into initialised memory only. So each thread has one
/// piece of memory that bytes are read into and copied from: nothing is zeroed for a read, nor kept for a connection.
#[derive(Debug)]
pub struct SmolIo<S> {
    stream: S,
}

impl<S> SmolIo<S> {
    /// Lends this stream.
    #[must_use]
    pub fn new(stream: S) -> Self {
        Self { stream }
    }
}

/// Bytes read at once.
const SCRATCH_BYTES: usize = 16 << 10;

thread_local! {
    static SCRATCH: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

/// Lends the thread's memory. A stream that comes here again while it reads gets memory of its own.
fn with_scratch<T>(read: impl FnOnce(&mut [u8]) -> T) -> T {
    let lent = SCRATCH.take();
    let mut scratch = lent.unwrap_or_else(|| vec![0; SCRATCH_BYTES].into_boxed_slice());
    let outcome = read(&mut scratch);
    SCRATCH.set(Some(scratch));
    outcome
}

impl<S: AsyncRead + Unpin> Read for SmolIo<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let stream = Pin::new(&mut self.stream);
        with_scratch(|scratch| {
            let room = buffer.remaining().min(scratch.len());
            let scratch = scratch.get_mut(..room).unwrap_or_default();
            let read = ready!(stream.poll_read(cx, scratch))?;
            // A stream that says that it read more than there was room for read as much as there was.
            buffer.put_slice(scratch.get(..read).unwrap_or(scratch));
            Poll::Ready(Ok(()))
        })
    }
}

impl<S: AsyncWrite + Unpin> Write for SmolIo<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }

    /// What a stream cannot write at once it writes in turn, so nothing is gained by joining pieces beforehand.
    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }
}
