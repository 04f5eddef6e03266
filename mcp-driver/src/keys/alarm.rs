//! A bell between tasks: one rings, one hears.

use std::{
    sync::{Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

/// Wakes the one task that waits for it. A ring that nobody waits for is kept; several count as one.
#[derive(Debug, Default)]
pub(super) struct Alarm(Mutex<Bell>);

#[derive(Debug, Default)]
struct Bell {
    rung: bool,
    waiting: Option<Waker>,
}

impl Alarm {
    /// Wakes whoever waits.
    pub(super) fn ring(&self) {
        let waiting = {
            let mut bell = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            bell.rung = true;
            bell.waiting.take()
        };
        // Waking may run foreign code, so it happens without the lock.
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }

    /// Ready when it has rung since it was last heard. Only the latest caller is woken.
    pub(super) fn poll_heard(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut bell = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut bell.rung) {
            return Poll::Ready(());
        }
        match &mut bell.waiting {
            Some(waiting) => waiting.clone_from(context.waker()),
            None => bell.waiting = Some(context.waker().clone()),
        }
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

    use super::Alarm;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_ring_is_heard_once_whether_it_comes_before_or_after_the_wait() {
        let alarm = Alarm::default();
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut context = Context::from_waker(&waker);

        alarm.ring();
        alarm.ring();
        assert_eq!(alarm.poll_heard(&mut context), Poll::Ready(()));
        assert_eq!(alarm.poll_heard(&mut context), Poll::Pending);
        assert_eq!(count.0.load(Ordering::Relaxed), 0);

        alarm.ring();
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert_eq!(alarm.poll_heard(&mut context), Poll::Ready(()));
        assert_eq!(alarm.poll_heard(&mut context), Poll::Pending);
    }

    #[test]
    fn the_latest_waker_is_the_one_that_is_woken() {
        let alarm = Alarm::default();
        let [first, second] = [Arc::new(Count::default()), Arc::new(Count::default())];
        for count in [&first, &second] {
            let waker = Waker::from(Arc::clone(count));
            assert_eq!(alarm.poll_heard(&mut Context::from_waker(&waker)), Poll::Pending);
        }
        alarm.ring();
        assert_eq!(first.0.load(Ordering::Relaxed), 0);
        assert_eq!(second.0.load(Ordering::Relaxed), 1);
    }
}
