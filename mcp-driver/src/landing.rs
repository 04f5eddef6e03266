//! Something that is under way, and everybody who waits for what comes of it.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// The outcome of something under way, which everybody gets who waits for it.
pub(crate) struct Landing<T>(Mutex<State<T>>);

struct State<T> {
    landed: Option<T>,
    waiting: HashMap<u64, Waker>,
    /// The number of the next one who waits.
    next: u64,
}

impl<T> Default for Landing<T> {
    fn default() -> Self {
        Self(Mutex::new(State { landed: None, waiting: HashMap::new(), next: 0 }))
    }
}

impl<T> Landing<T> {
    /// What comes of it. Leaving does not end it.
    pub(crate) fn wait(self: Arc<Self>) -> Waiting<T> {
        let mut state = self.lock();
        let number = state.next;
        state.next = number.wrapping_add(1);
        drop(state);
        Waiting { landing: self, number }
    }

    /// Tells everybody who waits. Only the first outcome counts.
    pub(crate) fn land(&self, landed: T) {
        let mut state = self.lock();
        state.landed.get_or_insert(landed);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        // Waking may run foreign code, so it happens without the lock.
        waiting.into_values().for_each(Waker::wake);
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing that runs under the lock leaves the state half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who waits.
pub(crate) struct Waiting<T> {
    landing: Arc<Landing<T>>,
    number: u64,
}

impl<T: Clone> Future for Waiting<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let mut state = self.landing.lock();
        if let Some(landed) = &state.landed {
            return Poll::Ready(landed.clone());
        }
        let earlier = state.waiting.insert(self.number, context.waker().clone());
        drop(state);
        // Dropping it may run foreign code, so it happens without the lock.
        drop(earlier);
        Poll::Pending
    }
}

impl<T> Drop for Waiting<T> {
    fn drop(&mut self) {
        let left = self.landing.lock().waiting.remove(&self.number);
        // Dropping it may run foreign code, so it happens without the lock.
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        task::Wake,
    };

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn everybody_who_still_waits_is_woken_once_and_told_the_same() {
        let landing = Arc::new(Landing::default());
        let counts: Vec<Arc<Count>> = (0..3).map(|_| Arc::default()).collect();
        let mut waiting: Vec<_> = counts.iter().map(|_| Arc::clone(&landing).wait()).collect();
        for _ in 0..2 {
            for (one, count) in waiting.iter_mut().zip(&counts) {
                let waker = Waker::from(Arc::clone(count));
                assert!(Pin::new(one).poll(&mut Context::from_waker(&waker)).is_pending());
            }
        }
        assert_eq!(landing.waiting(), 3);
        drop(waiting.remove(0));
        assert_eq!(landing.waiting(), 2, "nothing is kept of one who left");

        landing.land("first");
        landing.land("second");
        let woken: Vec<_> = counts.iter().map(|count| count.0.load(Ordering::Relaxed)).collect();
        assert_eq!(woken, [0, 1, 1]);
        waiting.push(Arc::clone(&landing).wait());
        for one in &mut waiting {
            let landed = Pin::new(one).poll(&mut Context::from_waker(Waker::noop()));
            assert_eq!(landed, Poll::Ready("first"));
        }
    }
}
