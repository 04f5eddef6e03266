//! The connections of one listener: how many there are, and what ends them.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, Waker},
};

use pin_project_lite::pin_project;

/// All connections of a listener, which is dropped with it.
pub(super) struct Connections {
    shared: Arc<Shared>,
    max: usize,
}

struct Shared {
    /// How far the end has come; changed under the lock of `book`.
    stage: AtomicU8,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    count: usize,
    /// The listener, while it waits for connections to end.
    listener: Option<Waker>,
    /// Who waits for which stage, under the number of its [`Signal`].
    waiting: HashMap<u64, (u8, Waker)>,
    /// The number of the next one.
    next: u64,
}

/// Connections are accepted.
const OPEN: u8 = 0;
/// What is under way is finished.
const STOPPING: u8 = 1;
/// Nothing is finished any more.
const ABORTED: u8 = 2;

impl Connections {
    /// At most so many.
    pub(super) fn new(max: usize) -> Self {
        let shared = Shared { stage: AtomicU8::new(OPEN), book: Mutex::default() };
        Self { shared: Arc::new(shared), max }
    }

    pub(super) fn count(&self) -> usize {
        self.shared.book().count
    }

    /// Ready while there is room for one more.
    pub(super) fn poll_room(&self, cx: &Context<'_>) -> Poll<()> {
        self.shared.poll_fewer(self.max, cx)
    }

    /// Ready when there are none.
    pub(super) fn poll_none(&self, cx: &Context<'_>) -> Poll<()> {
        self.shared.poll_fewer(1, cx)
    }

    /// A place for one more.
    pub(super) fn place(&self) -> Place {
        let mut book = self.shared.book();
        book.count = book.count.saturating_add(1);
        drop(book);
        Place { shared: Arc::clone(&self.shared) }
    }

    /// Nothing new is begun from now on.
    pub(super) fn stop(&self) {
        self.shared.enter(STOPPING);
    }

    /// Everything is dropped.
    pub(super) fn abort(&self) {
        self.shared.enter(ABORTED);
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        self.abort();
    }
}

impl Shared {
    fn book(&self) -> MutexGuard<'_, Book> {
        // Nothing that can panic runs under this lock.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll_fewer(&self, than: usize, cx: &Context<'_>) -> Poll<()> {
        let mut book = self.book();
        if book.count < than {
            return Poll::Ready(());
        }
        book.listener = Some(cx.waker().clone());
        Poll::Pending
    }

    fn enter(&self, stage: u8) {
        let mut book = self.book();
        self.stage.store(stage, Ordering::Release);
        let woken: Vec<_> = book.waiting.extract_if(|_, (awaited, _)| *awaited <= stage).collect();
        drop(book);
        for (_, (_, waker)) in woken {
            waker.wake();
        }
    }
}

/// One connection counts for as long as this lives.
pub(super) struct Place {
    shared: Arc<Shared>,
}

impl Place {
    /// Ready when nothing new is to be begun on the connection.
    pub(super) fn stop(&self) -> Stop {
        Stop(Signal::new(&self.shared, STOPPING))
    }

    /// The connection to its end, or until everything is dropped.
    pub(super) fn hold<F>(self, serving: F) -> Held<F> {
        let aborted = Signal::new(&self.shared, ABORTED);
        Held { serving, aborted, place: self }
    }
}

pin_project! {
    /// A connection in its place, which becomes free when the connection is dropped and not before.
    pub(super) struct Held<F> {
        #[pin]
        serving: F,
        aborted: Signal,
        place: Place,
    }
}

impl<F: Future<Output = ()>> Future for Held<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if this.aborted.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        this.serving.poll(cx)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut book = self.shared.book();
        book.count = book.count.saturating_sub(1);
        let listener = book.listener.take();
        drop(book);
        if let Some(listener) = listener {
            listener.wake();
        }
    }
}

/// Ready when a connection is to finish what is under way, and to begin nothing new.
pub struct Stop(Signal);

impl Future for Stop {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll(cx)
    }
}

impl std::fmt::Debug for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stop")
    }
}

/// Waits for a stage.
struct Signal {
    shared: Arc<Shared>,
    stage: u8,
    /// Under which number it is woken, and who: asked again by the same task, the lock is not taken.
    registered: Option<(u64, Waker)>,
}

impl Signal {
    fn new(shared: &Arc<Shared>, stage: u8) -> Self {
        Self { shared: Arc::clone(shared), stage, registered: None }
    }

    fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        let is_registered = self.registered.as_ref().is_some_and(|(_, waker)| waker.will_wake(cx.waker()));
        if !is_registered {
            self.register(cx.waker());
        }
        if self.shared.stage.load(Ordering::Acquire) >= self.stage { Poll::Ready(()) } else { Poll::Pending }
    }

    fn register(&mut self, waker: &Waker) {
        let mut book = self.shared.book();
        let number = match &self.registered {
            Some((number, _)) => *number,
            None => {
                book.next = book.next.wrapping_add(1);
                book.next
            }
        };
        book.waiting.insert(number, (self.stage, waker.clone()));
        drop(book);
        self.registered = Some((number, waker.clone()));
    }
}

impl Drop for Signal {
    fn drop(&mut self) {
        if let Some((number, _)) = &self.registered {
            self.shared.book().waiting.remove(number);
        }
    }
}
