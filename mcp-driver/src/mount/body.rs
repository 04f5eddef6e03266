//! The body of an answer on a connection that is not ours.
//!
//! A peer that takes nothing of a stream leaves its body unpolled, and with it every timer inside. On our own
//! connections somebody outside watches for that; here each stream brings a watchdog along.

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, PoisonError, TryLockError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use mcp_proto::Tick;

use crate::{
    body::ReplyBody,
    landing::{Landing, Waiting},
    runtime::Runtime,
};

/// The body of an answer in a [`Mount`](crate::Mount). Dropping it cancels the call that it carries.
pub struct MountedBody<R: Runtime>(Kind<R>);

enum Kind<R: Runtime> {
    Whole(ReplyBody<R>),
    Stream(Stream<R>),
}

/// A stream and its watchdog's ear.
struct Stream<R: Runtime> {
    watched: Arc<Watched<R>>,
    gone: Arc<Landing<()>>,
    runtime: R,
}

/// What a stream and its watchdog share.
struct Watched<R: Runtime> {
    /// `None` once it was given up. Locked while it is polled.
    open: Mutex<Option<Open<R>>>,
    /// When the host last asked for more, in microseconds.
    asked: AtomicU64,
    patience_micros: u64,
}

/// A stream that was not given up.
struct Open<R: Runtime> {
    body: ReplyBody<R>,
    /// The host, if it waits for more: nothing inside wakes it once the body is gone.
    host: Option<Waker>,
}

impl<R: Runtime> MountedBody<R> {
    pub(super) fn whole(body: ReplyBody<R>) -> Self {
        Self(Kind::Whole(body))
    }

    /// A stream that is given up when nobody asks for more in this time.
    pub(super) fn watched(body: ReplyBody<R>, runtime: &R, patience_micros: u64) -> Self {
        let asked = AtomicU64::new(runtime.now().tick.0);
        let open = Mutex::new(Some(Open { body, host: None }));
        let watched = Arc::new(Watched { open, asked, patience_micros });
        let gone = Arc::new(Landing::default());
        runtime.spawn(watch(Arc::clone(&watched), Arc::clone(&gone).wait(), runtime.clone()));
        Self(Kind::Stream(Stream { watched, gone, runtime: runtime.clone() }))
    }
}

impl<R: Runtime> Watched<R> {
    /// What is done with the stream, if it was not given up.
    fn with_open<T>(&self, act: impl FnOnce(&mut Open<R>) -> T) -> Option<T> {
        // A handler's panic is caught inside, so a poisoned body is still whole.
        self.open.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map(act)
    }

    /// When the stream is to be given up, as things stand.
    fn due(&self) -> Tick {
        Tick(self.asked.load(Ordering::Relaxed)).after_micros(self.patience_micros)
    }

    /// The stream, if it is to be given up by now.
    fn give_up(&self, now: Tick) -> Option<Open<R>> {
        let mut open = match self.open.try_lock() {
            Ok(open) => open,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                // Somebody asks for more right now.
                self.asked.store(now.0, Ordering::Relaxed);
                return None;
            }
        };
        if self.due() <= now { open.take() } else { None }
    }
}

/// Ends when the stream is gone; ends the call when its host leaves the stream alone.
async fn watch<R: Runtime>(watched: Arc<Watched<R>>, gone: Waiting<()>, runtime: R) {
    let mut gone = pin!(gone);
    loop {
        let mut timer = pin!(runtime.sleep_until(watched.due()));
        let is_gone = poll_fn(|cx| {
            if gone.as_mut().poll(cx).is_ready() {
                return Poll::Ready(true);
            }
            ready!(timer.as_mut().poll(cx));
            Poll::Ready(false)
        });
        if is_gone.await {
            return;
        }
        if let Some(Open { body, host }) = watched.give_up(runtime.now().tick) {
            tracing::debug!("call cancelled: nobody takes its stream");
            drop(body);
            // It may only have been late, and has to learn that this is the end.
            host.into_iter().for_each(Waker::wake);
            return;
        }
    }
}

impl<R: Runtime> Stream<R> {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.watched.asked.store(self.runtime.now().tick.0, Ordering::Relaxed);
        let polled = self.watched.with_open(|open| {
            let polled = Pin::new(&mut open.body).poll_frame(cx);
            let is_known = open.host.as_ref().is_some_and(|host| host.will_wake(cx.waker()));
            let earlier = if is_known { None } else { open.host.replace(cx.waker().clone()) };
            (polled, earlier)
        });
        // The earlier waker is dropped here, without the lock: it may run foreign code.
        polled.map_or(Poll::Ready(None), |(polled, _)| polled)
    }
}

impl<R: Runtime> Drop for Stream<R> {
    fn drop(&mut self) {
        let open = self.watched.open.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Dropping a call runs foreign code, so it happens without the lock.
        drop(open);
        self.gone.land(());
    }
}

impl<R: Runtime> Body for MountedBody<R> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.0 {
            Kind::Whole(body) => Pin::new(body).poll_frame(cx),
            Kind::Stream(stream) => stream.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Whole(body) => body.is_end_stream(),
            Kind::Stream(stream) => {
                stream.watched.with_open(|open| open.body.is_end_stream()).unwrap_or(true)
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(body) => body.size_hint(),
            Kind::Stream(_) => SizeHint::default(),
        }
    }
}

impl<R: Runtime> std::fmt::Debug for MountedBody<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match &self.0 {
            Kind::Whole(_) => "MountedBody::Whole(..)",
            Kind::Stream(_) => "MountedBody::Stream(..)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::testing::ManualRuntime;

    const PATIENCE: u64 = 100;

    fn asked_at(tick: u64) -> Watched<ManualRuntime> {
        Watched {
            open: Mutex::new(Some(Open { body: ReplyBody::empty(), host: None })),
            asked: AtomicU64::new(tick),
            patience_micros: PATIENCE,
        }
    }

    #[test]
    fn a_stream_is_given_up_once_and_not_before_its_time() {
        let watched = asked_at(7);
        assert_eq!(watched.due(), Tick(107));
        assert!(watched.give_up(Tick(106)).is_none());
        assert!(watched.give_up(Tick(107)).is_some());
        assert!(watched.give_up(Tick(108)).is_none());
        assert!(watched.with_open(|_| ()).is_none());
    }

    #[test]
    fn a_stream_whose_handler_keeps_its_thread_is_in_use() {
        let watched = asked_at(7);
        let polled = watched.with_open(|_| watched.give_up(Tick(1_000)).is_none());
        assert_eq!(polled, Some(true), "its body is in somebody's hands");
        assert_eq!(watched.due(), Tick(1_100));
        assert!(watched.give_up(Tick(1_100)).is_some());
    }
}
