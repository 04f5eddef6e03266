//! What a connection, its socket and its requests know of one another.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
};

use mcp_proto::{Tick, head::Framing};

use crate::runtime::Runtime;

/// One connection's bookkeeping.
#[derive(Debug, Default)]
pub(crate) struct Wire {
    /// Lines that begin with `Content-Length:`, in all bytes read.
    length_lines: AtomicU32,
    /// Requests that arrived with a `Content-Length`.
    lengths: AtomicU32,
    /// There has been a request.
    is_used: AtomicBool,
    /// The connection speaks HTTP/2.
    is_http2: AtomicBool,
    /// Of HTTP/2: when the last request began or its answer ended, in microseconds.
    last_change: AtomicU64,
    /// Of HTTP/2: the answers that are not complete.
    open: Mutex<Vec<Arc<Progress>>>,
}

/// When the peer last took something of an answer, in microseconds; [`NOT_BEGUN`] before its head.
type Progress = AtomicU64;

const NOT_BEGUN: u64 = u64::MAX;

/// What a connection of HTTP/2 is waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Nothing since then.
    Idle(Tick),
    /// Handlers that have not begun to answer.
    Running,
    /// The peer, which has taken nothing of some answer since then.
    Answering(Tick),
}

impl Wire {
    pub(crate) fn count_length_lines(&self, found: u32) {
        self.length_lines.fetch_add(found, Ordering::Relaxed);
    }

    /// Judges a request of HTTP/1.1: hyper drops a `Content-Length` that stands beside a
    /// `Transfer-Encoding`, so the line itself is what gives it away. A pipelined request that
    /// stands behind counts too; better refuse that rare one than be fooled by this one.
    pub(crate) fn framing(&self, has_length: bool, has_encoding: bool) -> Framing {
        let accounted = if has_length {
            self.lengths.fetch_add(1, Ordering::Relaxed).saturating_add(1)
        } else {
            self.lengths.load(Ordering::Relaxed)
        };
        if has_encoding && self.length_lines.load(Ordering::Relaxed) > accounted {
            Framing::Ambiguous
        } else {
            Framing::Clear
        }
    }

    pub(crate) fn set_used(&self) {
        self.is_used.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_used(&self) -> bool {
        self.is_used.load(Ordering::Relaxed)
    }

    pub(crate) fn is_http2(&self) -> bool {
        self.is_http2.load(Ordering::Relaxed)
    }

    /// What a connection of HTTP/2 is waiting for.
    pub(crate) fn in_use(&self) -> Use {
        let open = self.open();
        let oldest = open.iter().map(|progress| progress.load(Ordering::Relaxed)).min();
        match oldest {
            None => Use::Idle(Tick(self.last_change.load(Ordering::Relaxed))),
            Some(NOT_BEGUN) => Use::Running,
            Some(taken) => Use::Answering(Tick(taken)),
        }
    }

    fn open(&self) -> MutexGuard<'_, Vec<Arc<Progress>>> {
        // Nothing that can panic runs under this lock.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer of HTTP/2 that is not complete.
pub(crate) struct OpenAnswer<R: Runtime> {
    wire: Arc<Wire>,
    progress: Arc<Progress>,
    runtime: R,
}

impl<R: Runtime> OpenAnswer<R> {
    /// A request has arrived.
    pub(crate) fn begin(wire: &Arc<Wire>, runtime: &R) -> Self {
        let progress = Arc::new(Progress::new(NOT_BEGUN));
        wire.is_http2.store(true, Ordering::Relaxed);
        wire.last_change.store(runtime.now().tick.0, Ordering::Relaxed);
        wire.open().push(Arc::clone(&progress));
        Self { wire: Arc::clone(wire), progress, runtime: runtime.clone() }
    }

    /// The head of the answer is there, or the peer asks for more of it.
    pub(crate) fn is_taken(&self) {
        self.progress.store(self.runtime.now().tick.0, Ordering::Relaxed);
    }
}

impl<R: Runtime> Drop for OpenAnswer<R> {
    fn drop(&mut self) {
        self.wire.last_change.store(self.runtime.now().tick.0, Ordering::Relaxed);
        self.wire.open().retain(|progress| !Arc::ptr_eq(progress, &self.progress));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_length_makes_the_framing_ambiguous() {
        let wire = Wire::default();
        wire.count_length_lines(1);
        assert_eq!(wire.framing(true, false), Framing::Clear, "the length that was counted");
        assert_eq!(wire.framing(false, true), Framing::Clear, "chunked and nothing else");
        wire.count_length_lines(1);
        assert_eq!(wire.framing(false, true), Framing::Ambiguous, "chunked beside a length");
    }

    #[test]
    fn a_connection_waits_for_the_answer_that_its_peer_has_left_alone_for_longest() {
        let wire = Wire::default();
        wire.last_change.store(7, Ordering::Relaxed);
        assert_eq!(wire.in_use(), Use::Idle(Tick(7)));
        let progress = |at| Arc::new(Progress::new(at));
        wire.open().push(progress(NOT_BEGUN));
        assert_eq!(wire.in_use(), Use::Running);
        wire.open().extend([progress(9), progress(8)]);
        assert_eq!(wire.in_use(), Use::Answering(Tick(8)));
    }
}
