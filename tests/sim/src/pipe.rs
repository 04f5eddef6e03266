//! A connection in memory: sockets for hyper at the server's end, plain calls at the client's.

mod direction;

use std::{
    fmt, io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use hyper::rt::{Read, ReadBufCursor, Write};

use self::direction::Direction;
use crate::draw::Draw;

/// A connection in each of whose directions at most so many bytes are under way.
#[must_use]
pub fn pipe(capacity_bytes: usize) -> (ServerEnd, ClientEnd) {
    with(capacity_bytes, None)
}

/// The same, where the server reads and writes in pieces whose lengths are drawn, up to `piece_bytes_max`.
#[must_use]
pub fn pipe_in_pieces(capacity_bytes: usize, piece_bytes_max: usize, draw: Draw) -> (ServerEnd, ClientEnd) {
    with(capacity_bytes, Some((piece_bytes_max.max(1), draw)))
}

fn with(capacity_bytes: usize, pieces: Option<(usize, Draw)>) -> (ServerEnd, ClientEnd) {
    let state = State {
        to_server: Direction::new(capacity_bytes),
        to_client: Direction::new(capacity_bytes),
        is_cut: false,
        pieces,
    };
    let shared = Arc::new(Mutex::new(state));
    (ServerEnd(Arc::clone(&shared)), ClientEnd(shared))
}

struct State {
    to_server: Direction,
    to_client: Direction,
    /// The client has broken off without a word.
    is_cut: bool,
    pieces: Option<(usize, Draw)>,
}

impl State {
    fn piece(&mut self, bytes: usize) -> usize {
        match &mut self.pieces {
            Some((piece_bytes_max, draw)) => bytes.min(draw.below(*piece_bytes_max).saturating_add(1)),
            None => bytes,
        }
    }
}

fn lock(shared: &Mutex<State>) -> MutexGuard<'_, State> {
    // Nothing that can panic runs under this lock.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The server's end. Dropping it closes both directions.
pub struct ServerEnd(Arc<Mutex<State>>);

impl Read for ServerEnd {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = lock(&self.0);
        if state.is_cut {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let room = buffer.remaining();
        let room = state.piece(room);
        match state.to_server.take(room) {
            Some(bytes) => {
                buffer.put_slice(&bytes);
                Poll::Ready(Ok(()))
            }
            None => {
                state.to_server.wait(cx.waker());
                Poll::Pending
            }
        }
    }
}

impl Write for ServerEnd {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = lock(&self.0);
        if state.is_cut || state.to_client.is_closed() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let length = state.piece(bytes.len());
        match state.to_client.put(bytes.get(..length).unwrap_or_default()) {
            0 if !bytes.is_empty() => {
                state.to_client.wait(cx.waker());
                Poll::Pending
            }
            taken => Poll::Ready(Ok(taken)),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        lock(&self.0).to_client.close();
        Poll::Ready(Ok(()))
    }
}

impl Drop for ServerEnd {
    fn drop(&mut self) {
        let mut state = lock(&self.0);
        state.to_client.close();
        let woken = state.to_server.break_off();
        drop(state);
        drop(woken);
    }
}

/// The client's end: nothing here waits. Dropping it breaks the connection off.
pub struct ClientEnd(Arc<Mutex<State>>);

impl ClientEnd {
    /// Sends as many of these bytes as there is room for; how many. None once the connection is over.
    pub fn write(&self, bytes: &[u8]) -> usize {
        let mut state = lock(&self.0);
        if state.is_cut {
            return 0;
        }
        let taken = state.to_server.put(bytes);
        let reader = if taken > 0 { state.to_server.woken() } else { None };
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
        taken
    }

    /// What has arrived, up to so many bytes. A client that does not call this does not read.
    #[must_use]
    pub fn read(&self, bytes_max: usize) -> Vec<u8> {
        let mut state = lock(&self.0);
        let bytes = state.to_client.take(bytes_max).unwrap_or_default();
        let writer = if bytes.is_empty() { None } else { state.to_client.woken() };
        drop(state);
        if let Some(writer) = writer {
            writer.wake();
        }
        bytes
    }

    /// Bytes that have arrived and were not read.
    #[must_use]
    pub fn arrived(&self) -> usize {
        lock(&self.0).to_client.len()
    }

    /// Whether nothing will arrive any more: the server has closed its side, or the connection was cut.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let state = lock(&self.0);
        state.is_cut || state.to_client.is_closed()
    }

    /// Sends nothing any more, and still reads.
    pub fn close(&self) {
        let mut state = lock(&self.0);
        state.to_server.close();
        let reader = state.to_server.woken();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Breaks off: the server's next read and write fail, and what was under way is lost.
    pub fn cut(&self) {
        let mut state = lock(&self.0);
        state.is_cut = true;
        let woken = [state.to_server.break_off(), state.to_client.break_off()];
        drop(state);
        woken.into_iter().flatten().for_each(std::task::Waker::wake);
    }
}

impl Drop for ClientEnd {
    fn drop(&mut self) {
        self.cut();
    }
}

impl fmt::Debug for ServerEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerEnd").finish_non_exhaustive()
    }
}

impl fmt::Debug for ClientEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientEnd").field("arrived", &self.arrived()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
