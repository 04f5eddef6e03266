//! Between a socket and hyper: ends a connection whose peer takes nothing, and counts what hyper
//! does not tell.

use std::{
    future::Future,
    io,
    mem::MaybeUninit,
    ops::Range,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use mcp_proto::Tick;
use pin_project_lite::pin_project;

use crate::{runtime::Runtime, wire::Wire};

pin_project! {
    /// A socket under guard.
    pub(crate) struct Guarded<I, R: Runtime> {
        #[pin]
        io: I,
        runtime: R,
        wire: Arc<Wire>,
        lines: LengthLines,
        stall_micros: u64,
        // Made at the first write that the peer does not take.
        stall: Option<Pin<Box<R::Sleep>>>,
        // Bytes that the peer has taken since then.
        taken: usize,
    }
}

impl<I, R: Runtime> Guarded<I, R> {
    pub(crate) fn new(io: I, runtime: R, wire: Arc<Wire>, stall_micros: u64) -> Self {
        Self { io, runtime, wire, lines: LengthLines::default(), stall_micros, stall: None, taken: 0 }
    }
}

/// What a peer has to take of an answer, in bytes, before its time begins anew.
const PROGRESS_BYTES: usize = 16 << 10;

/// Bytes read at once while lines are counted; on the stack, and not initialised.
const CHUNK_BYTES: usize = 32 << 10;

impl<I: Read, R: Runtime> Read for Guarded<I, R> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.project();
        if this.wire.is_http2() {
            return this.io.poll_read(cx, buffer);
        }
        let mut chunk = [const { MaybeUninit::<u8>::uninit() }; CHUNK_BYTES];
        let room = buffer.remaining().min(CHUNK_BYTES);
        let (chunk, _) = chunk.split_at_mut(room);
        let mut chunk = ReadBuf::uninit(chunk);
        ready!(this.io.poll_read(cx, chunk.unfilled()))?;
        let found = this.lines.count(chunk.filled());
        if found > 0 {
            this.wire.count_length_lines(found);
        }
        buffer.put_slice(chunk.filled());
        Poll::Ready(Ok(()))
    }
}

impl<I: Write, R: Runtime> Write for Guarded<I, R> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.guarded(cx, |io, cx| io.poll_write(cx, bytes), |written| *written)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.guarded(cx, |io, cx| io.poll_flush(cx), |()| PROGRESS_BYTES)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.guarded(cx, |io, cx| io.poll_shutdown(cx), |()| PROGRESS_BYTES)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.guarded(cx, |io, cx| io.poll_write_vectored(cx, slices), |written| *written)
    }
}

impl<I: Write, R: Runtime> Guarded<I, R> {
    /// A write that is pending for too long fails, which ends the connection and cancels what is
    /// answering on it. A peer that takes a byte now and then is no better: only [`PROGRESS_BYTES`],
    /// or everything there was, give it more time.
    fn guarded<T>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut I>, &mut Context<'_>) -> Poll<io::Result<T>>,
        progress: impl FnOnce(&T) -> usize,
    ) -> Poll<io::Result<T>> {
        let this = self.project();
        if let Poll::Ready(done) = write(this.io, cx) {
            if this.stall.is_some() {
                *this.taken = this.taken.saturating_add(done.as_ref().map_or(0, progress));
                if *this.taken >= PROGRESS_BYTES {
                    *this.stall = None;
                    *this.taken = 0;
                }
            }
            return Poll::Ready(done);
        }
        let stall = this.stall.get_or_insert_with(|| {
            let at: Tick = this.runtime.now().tick.after_micros(*this.stall_micros);
            Box::pin(this.runtime.sleep_until(at))
        });
        ready!(stall.as_mut().poll(cx));
        tracing::debug!("connection ended: its peer takes nothing");
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

/// Counts lines that begin with `Content-Length:`, over reads that may end anywhere.
#[derive(Debug, Default)]
struct LengthLines {
    /// How many bytes of `\ncontent-length:` the last read ended with.
    matched: usize,
}

impl LengthLines {
    const LINE: &[u8] = b"\ncontent-length:";

    fn count(&mut self, bytes: &[u8]) -> u32 {
        let mut found = 0;
        let mut done = 0;
        if self.matched > 0 {
            done = bytes.len().saturating_sub(self.go_on(bytes, &mut found).len());
        }
        // A newline and what is behind it are looked at in two blocks, one byte apart.
        let (blocks, _) = bytes.as_chunks::<BLOCK_BYTES>();
        let (behind, _) = bytes.get(1..).unwrap_or_default().as_chunks::<BLOCK_BYTES>();
        let mut start: usize = 0;
        for (block, behind) in blocks.iter().zip(behind) {
            let end = start.saturating_add(BLOCK_BYTES);
            if may_begin(block, behind) {
                done = self.count_from(bytes, start..end, done, &mut found);
            }
            start = end;
        }
        self.count_from(bytes, start..bytes.len(), done, &mut found);
        found
    }

    /// Counts the lines that begin behind a newline within `range`; how far was looked.
    fn count_from(&mut self, bytes: &[u8], range: Range<usize>, mut done: usize, found: &mut u32) -> usize {
        let start = range.start;
        for newline in memchr::memchr_iter(b'\n', bytes.get(range).unwrap_or_default()) {
            let behind = start.saturating_add(newline).saturating_add(1);
            if behind > done {
                self.matched = 1;
                let rest = self.go_on(bytes.get(behind..).unwrap_or_default(), found);
                done = bytes.len().saturating_sub(rest.len());
            }
        }
        done
    }

    /// Goes on matching at the start of `bytes`; what is left of them.
    fn go_on<'b>(&mut self, bytes: &'b [u8], found: &mut u32) -> &'b [u8] {
        for (index, byte) in bytes.iter().enumerate() {
            match Self::LINE.get(self.matched) {
                Some(expected) if byte.to_ascii_lowercase() == *expected => {
                    self.matched = self.matched.saturating_add(1);
                }
                Some(_) => {
                    self.matched = 0;
                    return bytes.get(index..).unwrap_or_default();
                }
                None => {
                    self.matched = 0;
                    *found = found.saturating_add(1);
                    return bytes.get(index..).unwrap_or_default();
                }
            }
        }
        if self.matched == Self::LINE.len() {
            self.matched = 0;
            *found = found.saturating_add(1);
        }
        &[]
    }
}

/// Bytes looked at together.
const BLOCK_BYTES: usize = 64;

/// Whether a newline with a `c` behind it begins in the block. No early exit, so that it becomes
/// vector instructions.
fn may_begin(block: &[u8; BLOCK_BYTES], behind: &[u8; BLOCK_BYTES]) -> bool {
    let mut any = 0;
    for (newline, first) in block.iter().zip(behind) {
        any |= u8::from(*newline == b'\n') & u8::from(*first | 0x20 == b'c');
    }
    any != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of lines, by a reader that has all bytes at once.
    fn oracle(bytes: &[u8]) -> u32 {
        let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
        let count = text.split('\n').skip(1).filter(|line| line.starts_with("content-length:"));
        u32::try_from(count.count()).expect("few lines")
    }

    #[test]
    fn lines_are_counted_wherever_a_read_ends() {
        for text in [
            "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
            "POST / HTTP/1.1\nCONTENT-LENGTH:3\nContent-Length: 3\n\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\ncOnTeNt-lEnGtH: 5\r\n\r\n",
            "\n\ncontent-length:\ncontent-length\ncontent-lengthy: 1\n content-length:",
            "\ncontent-lengt\ncontent-length:",
            // Across blocks of 64 bytes.
            "0123456789012345678901234567890123456789012345678901234567890123\ncontent-length: 1\r\n",
            "012345678901234567890123456789012345678901234567890123456789012\nContent-Length: 1\r\n",
            "content-length: 1",
            "",
        ] {
            let bytes = text.as_bytes();
            for first in 0..=bytes.len() {
                for second in first..=bytes.len() {
                    let mut lines = LengthLines::default();
                    let found = lines.count(&bytes[..first])
                        + lines.count(&bytes[first..second])
                        + lines.count(&bytes[second..]);
                    assert_eq!(found, oracle(bytes), "{text:?} cut at {first} and {second}");
                }
            }
        }
    }
}
