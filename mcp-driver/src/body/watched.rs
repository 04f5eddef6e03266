//! A body on an HTTP/2 stream, watched from outside.
//!
//! A peer that opens no window for a stream leaves the socket writable and the body unpolled, and
//! with it every timer inside. A task beside it notices that nobody asks any more, and drops what
//! the body holds: the handler is cancelled, its memory freed.

use std::{
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, SizeHint};
use mcp_proto::Tick;

use super::{Kind, ReplyBody};
use crate::runtime::Runtime;

/// Whole answers up to this size need no watching: hyper takes them at once.
const UNWATCHED_BYTES_MAX: usize = 64 << 10;

/// Puts a body that may stay unpolled for long under watch; `patience_micros` without a poll end it.
pub(crate) fn watch<R: Runtime>(body: ReplyBody<R>, runtime: &R, patience_micros: u64) -> ReplyBody<R> {
    let size = body.size_hint();
    if size.exact().is_some_and(|bytes| bytes <= UNWATCHED_BYTES_MAX as u64) {
        return body;
    }
    let cell = Arc::new(Cell {
        body: Mutex::new(body),
        last_poll: AtomicU64::new(runtime.now().tick.0),
        is_abandoned: AtomicBool::new(false),
    });
    runtime.spawn(guard(Arc::downgrade(&cell), runtime.clone(), patience_micros));
    ReplyBody::of(Kind::Watched(Watched { cell, size, runtime: runtime.clone() }))
}

pub(super) struct Watched<R: Runtime> {
    cell: Arc<Cell<R>>,
    size: SizeHint,
    runtime: R,
}

struct Cell<R: Runtime> {
    body: Mutex<ReplyBody<R>>,
    last_poll: AtomicU64,
    is_abandoned: AtomicBool,
}

impl<R: Runtime> Watched<R> {
    pub(super) fn is_over(&self) -> bool {
        !self.cell.is_abandoned.load(Ordering::Relaxed) && self.cell.lock().is_over()
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        self.size
    }

    pub(super) fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.cell.last_poll.store(self.runtime.now().tick.0, Ordering::Relaxed);
        if self.cell.is_abandoned.load(Ordering::Relaxed) {
            // The stream ends short; its head and the client's own patience say so.
            return Poll::Ready(None);
        }
        self.cell.lock().poll_bytes(cx)
    }
}

impl<R: Runtime> Cell<R> {
    fn lock(&self) -> std::sync::MutexGuard<'_, ReplyBody<R>> {
        // Panics of handlers are caught below, so a poisoned body is still whole.
        self.body.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until nobody has polled the body for long, then drops what it holds.
async fn guard<R: Runtime>(cell: Weak<Cell<R>>, runtime: R, patience_micros: u64) {
    let mut deadline = runtime.now().tick.after_micros(patience_micros);
    loop {
        runtime.sleep_until(deadline).await;
        let Some(cell) = cell.upgrade() else { return };
        let due = Tick(cell.last_poll.load(Ordering::Relaxed)).after_micros(patience_micros);
        if due <= runtime.now().tick {
            tracing::debug!("stream ended: its peer takes nothing");
            cell.is_abandoned.store(true, Ordering::Relaxed);
            let abandoned = std::mem::replace(&mut *cell.lock(), ReplyBody::empty());
            drop(abandoned);
            return;
        }
        deadline = due;
    }
}
