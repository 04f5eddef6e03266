//! What has to be done beside requests: on a task of the server's own, whoever wants it done and wherever.

use std::{
    future::Future,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// Something to be done.
pub(super) type Chore = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What is to be done, until somebody does it.
#[derive(Default)]
pub(super) struct Chores(Mutex<State>);

#[derive(Default)]
struct State {
    waiting: Vec<Chore>,
    /// Whoever does them.
    doer: Option<Waker>,
    /// Nobody does them any more.
    is_closed: bool,
}

impl Chores {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has something done. Where nobody does anything any more, it is dropped.
    pub(super) fn add(&self, chore: Chore) {
        let mut state = self.lock();
        if state.is_closed {
            drop(state);
            // Dropping it may run foreign code, so it happens without the lock.
            drop(chore);
            return;
        }
        state.waiting.push(chore);
        let doer = state.doer.take();
        drop(state);
        if let Some(doer) = doer {
            doer.wake();
        }
    }

    /// What there is to do.
    pub(super) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Vec<Chore>> {
        let mut state = self.lock();
        if !state.waiting.is_empty() {
            return Poll::Ready(std::mem::take(&mut state.waiting));
        }
        let earlier = state.doer.replace(cx.waker().clone());
        drop(state);
        drop(earlier);
        Poll::Pending
    }

    /// From now on nothing is done any more.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        let (waiting, doer) = (std::mem::take(&mut state.waiting), state.doer.take());
        drop(state);
        drop((waiting, doer));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn what_is_added_is_taken_once_and_nothing_is_kept_after_the_end() {
        let chores = Chores::default();
        let mut cx = Context::from_waker(Waker::noop());
        assert!(chores.poll_take(&mut cx).is_pending());
        let alive = Arc::new(());
        let add = || {
            let alive = Arc::clone(&alive);
            chores.add(Box::pin(async move { drop(alive) }));
        };
        add();
        add();
        let Poll::Ready(taken) = chores.poll_take(&mut cx) else { panic!("there are two") };
        assert_eq!(taken.len(), 2);
        drop(taken);
        assert!(chores.poll_take(&mut cx).is_pending());
        add();
        chores.close();
        add();
        assert_eq!(Arc::strong_count(&alive), 1);
    }
}
