//! A call that is under way, and everybody who waits for what comes of it.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use mcp_proto::refusal::Outage;

use super::answer::Answer;

/// What a call brings those who wait for it.
pub(super) type Landed = Result<Answer, Outage>;

/// A call under way.
#[derive(Default)]
pub(super) struct Flight(Mutex<State>);

#[derive(Default)]
struct State {
    landed: Option<Landed>,
    waiting: HashMap<u64, Waker>,
    /// The number of the next one who waits.
    next: u64,
}

impl Flight {
    /// What comes of the call. Leaving does not end it.
    pub(super) fn wait(self: Arc<Self>) -> Waiting {
        let mut state = self.lock();
        let number = state.next;
        state.next = number.wrapping_add(1);
        drop(state);
        Waiting { flight: self, number }
    }

    /// Tells everybody who waits. Only the first outcome counts.
    pub(super) fn land(&self, landed: Landed) {
        let mut state = self.lock();
        state.landed.get_or_insert(landed);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        // Waking may run foreign code, so it happens without the lock.
        waiting.into_values().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that runs under the lock leaves the state half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }
}

/// One who waits.
pub(super) struct Waiting {
    flight: Arc<Flight>,
    number: u64,
}

impl Future for Waiting {
    type Output = Landed;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Landed> {
        let mut state = self.flight.lock();
        match &state.landed {
            Some(landed) => Poll::Ready(landed.clone()),
            None => {
                state.waiting.insert(self.number, context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let left = self.flight.lock().waiting.remove(&self.number);
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

    use mcp_proto::jws::Denial;

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
        let flight = Arc::new(Flight::default());
        let counts: Vec<Arc<Count>> = (0..3).map(|_| Arc::default()).collect();
        let mut waiting: Vec<_> = counts.iter().map(|_| Arc::clone(&flight).wait()).collect();
        for _ in 0..2 {
            for (one, count) in waiting.iter_mut().zip(&counts) {
                let waker = Waker::from(Arc::clone(count));
                assert!(Pin::new(one).poll(&mut Context::from_waker(&waker)).is_pending());
            }
        }
        assert_eq!(flight.waiting(), 3);
        drop(waiting.remove(0));
        assert_eq!(flight.waiting(), 2, "nothing is kept of one who left");

        flight.land(Ok(Answer::Refused(Denial::Expired)));
        flight.land(Err(Outage::TimedOut));
        let woken: Vec<_> = counts.iter().map(|count| count.0.load(Ordering::Relaxed)).collect();
        assert_eq!(woken, [0, 1, 1]);
        waiting.push(Arc::clone(&flight).wait());
        for one in &mut waiting {
            let landed = Pin::new(one).poll(&mut Context::from_waker(Waker::noop()));
            let Poll::Ready(Ok(Answer::Refused(denial))) = landed else { panic!("the first outcome") };
            assert_eq!(denial, Denial::Expired);
        }
    }
}
