//! The end of a fetch, for everyone who waits for it.

use std::{
    sync::{Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

/// How many wait for one fetch at most. Whoever comes later goes on without its outcome.
pub(super) const WAITING_MAX: usize = 4_096;

/// A fetch under way, until it has landed.
#[derive(Debug, Default)]
pub(super) struct Landing(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    landed: bool,
    wakers: Vec<Waker>,
}

impl Landing {
    /// Wakes all who wait.
    pub(super) fn land(&self) {
        let wakers = {
            let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.landed = true;
            std::mem::take(&mut waiting.wakers)
        };
        // Waking may run foreign code, so it happens without the lock.
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Ready when the fetch has landed, and when too many wait for it already.
    pub(super) fn poll_landed(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.landed {
            return Poll::Ready(());
        }
        if waiting.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            return Poll::Pending;
        }
        if waiting.wakers.len() >= WAITING_MAX {
            return Poll::Ready(());
        }
        waiting.wakers.push(context.waker().clone());
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        task::{Context, Poll, Wake, Waker},
    };

    use super::{Landing, WAITING_MAX};

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn wait(landing: &Landing) -> (Arc<Count>, Poll<()>) {
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut context = Context::from_waker(&waker);
        let first = landing.poll_landed(&mut context);
        // Waiting twice is waiting once.
        assert_eq!(landing.poll_landed(&mut context), first);
        (count, first)
    }

    #[test]
    fn all_who_wait_are_woken_once() {
        let landing = Landing::default();
        let waiting: Vec<_> = (0..3).map(|_| wait(&landing)).collect();
        landing.land();
        for (count, polled) in waiting {
            assert_eq!((polled, count.0.load(Ordering::Relaxed)), (Poll::Pending, 1));
        }
        assert_eq!(wait(&landing).1, Poll::Ready(()));
    }

    #[test]
    fn one_more_than_may_wait_does_not() {
        let landing = Landing::default();
        let waiting: Vec<_> = (0..WAITING_MAX).map(|_| wait(&landing)).collect();
        assert!(waiting.iter().all(|(_, polled)| polled.is_pending()));
        assert_eq!(wait(&landing).1, Poll::Ready(()));
    }
}
