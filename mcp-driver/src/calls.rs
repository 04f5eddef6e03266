//! How many handlers run at once, in total and for each principal.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::held::Held;

/// A number of running calls.
#[derive(Debug, Default)]
pub(crate) struct CallCount(AtomicUsize);

impl CallCount {
    fn begin(&self, max: usize) -> bool {
        let before = self.0.fetch_add(1, Ordering::Relaxed);
        if before >= max {
            self.end();
            return false;
        }
        true
    }

    fn end(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The permission to run one call; gives its places back when it is dropped.
pub(crate) struct Permit {
    held: Arc<Held>,
    principal: Option<Arc<CallCount>>,
}

impl Permit {
    /// One place in total and one of the principal's, or none at all.
    pub(crate) fn take(
        held: &Arc<Held>,
        total_max: usize,
        principal: Option<Arc<CallCount>>,
        principal_max: usize,
    ) -> Option<Self> {
        if !held.calls.begin(total_max) {
            return None;
        }
        let mut permit = Self { held: Arc::clone(held), principal: None };
        if let Some(principal) = principal {
            // Without a place of its principal's, dropping the permit gives the one in total back.
            if !principal.begin(principal_max) {
                return None;
            }
            permit.principal = Some(principal);
        }
        Some(permit)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.held.calls.end();
        if let Some(principal) = &self.principal {
            principal.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::Future, pin::Pin, time::Duration};

    use super::*;
    use crate::{Auth, Server, context::Timer};

    struct NoTimer;

    impl Timer for NoTimer {
        fn sleep(&self, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
            Box::pin(std::future::pending())
        }
    }

    fn held() -> Arc<Held> {
        let server = Server::builder("test", "1", Auth::none()).build().expect("a server");
        Arc::new(Held::new(server.snapshot(), Arc::new(NoTimer), Arc::default()))
    }

    #[test]
    fn places_are_bounded_in_total_and_per_principal_and_come_back() {
        let held = held();
        let total = Arc::clone(&held.calls);
        let (alice, bob) = (Arc::new(CallCount::default()), Arc::new(CallCount::default()));
        let take = |who: &Arc<CallCount>| Permit::take(&held, 3, Some(Arc::clone(who)), 2);
        let first = take(&alice).expect("a place");
        let second = take(&alice).expect("a place");
        assert!(take(&alice).is_none(), "alice has two");
        let third = take(&bob).expect("alice's refusal took no place in total");
        assert!(take(&bob).is_none(), "three in total");
        drop((first, second, third));
        for count in [&total, &alice, &bob] {
            assert_eq!(count.0.load(Ordering::Relaxed), 0);
        }
    }
}
