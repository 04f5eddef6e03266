//! How many handlers run at once and how many bytes of bodies are collected, in total and for each
//! principal (TOOL-12, CMPL-04).

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::{held::Held, limits::ServerLimits};

/// What a server, or one principal, keeps busy.
#[derive(Debug, Default)]
pub(crate) struct Load {
    calls: AtomicUsize,
    /// Calls that run though their clients have gone.
    alone: AtomicUsize,
    /// Streams of sessions that are open.
    streams: AtomicUsize,
    body_bytes: AtomicUsize,
    /// Of requests that are refused already. A count of its own, so that strangers take nothing away from
    /// callers.
    refused_bytes: AtomicUsize,
}

/// Adds to a counter unless that would take it beyond `max`.
fn add(counter: &AtomicUsize, more: usize, max: usize) -> bool {
    let before = counter.fetch_add(more, Ordering::Relaxed);
    let fits = before.checked_add(more).is_some_and(|after| after <= max);
    if !fits {
        counter.fetch_sub(more, Ordering::Relaxed);
    }
    fits
}

/// The permission to run one call; gives its places back when it is dropped.
pub(crate) struct Permit {
    held: Arc<Held>,
    principal: Option<Arc<Load>>,
}

impl Permit {
    /// One place in total and one of the principal's, or none at all.
    pub(crate) fn take(
        held: &Arc<Held>,
        limits: &ServerLimits,
        principal: Option<Arc<Load>>,
    ) -> Option<Self> {
        if !add(&held.load.calls, 1, limits.calls) {
            return None;
        }
        let mut permit = Self { held: Arc::clone(held), principal: None };
        if let Some(principal) = principal {
            // Without a place of its principal's, dropping the permit gives the one in total back.
            if !add(&principal.calls, 1, limits.calls_per_principal) {
                return None;
            }
            permit.principal = Some(principal);
        }
        Some(permit)
    }
}

impl Permit {
    /// A place for the call among those that run though their clients have gone, or none.
    pub(crate) fn alone(&self, limits: &ServerLimits) -> Option<AlonePlace> {
        if !add(&self.held.load.alone, 1, limits.calls_alone) {
            return None;
        }
        let mut place = AlonePlace { held: Arc::clone(&self.held), principal: None };
        if let Some(principal) = &self.principal {
            // Without a place of its principal's, dropping this gives the one in total back.
            if !add(&principal.alone, 1, limits.calls_alone_per_principal) {
                return None;
            }
            place.principal = Some(Arc::clone(principal));
        }
        Some(place)
    }
}

/// A place for a call whose client has gone; given back when it is dropped.
pub(crate) struct AlonePlace {
    held: Arc<Held>,
    principal: Option<Arc<Load>>,
}

impl Drop for AlonePlace {
    fn drop(&mut self) {
        self.held.load.alone.fetch_sub(1, Ordering::Relaxed);
        if let Some(principal) = &self.principal {
            principal.alone.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.held.load.calls.fetch_sub(1, Ordering::Relaxed);
        if let Some(principal) = &self.principal {
            principal.calls.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// A place for an open stream of a session; given back when it is dropped.
pub(crate) struct StreamPlace {
    held: Arc<Held>,
    principal: Option<Arc<Load>>,
}

impl StreamPlace {
    /// One place in total and one of the principal's, or none at all.
    pub(crate) fn take(
        held: &Arc<Held>,
        limits: &ServerLimits,
        principal: Option<Arc<Load>>,
    ) -> Option<Self> {
        if !add(&held.load.streams, 1, limits.session_streams) {
            return None;
        }
        let mut place = Self { held: Arc::clone(held), principal: None };
        if let Some(principal) = principal {
            // Without a place of its principal's, dropping this gives the one in total back.
            if !add(&principal.streams, 1, limits.session_streams_per_principal) {
                return None;
            }
            place.principal = Some(principal);
        }
        Some(place)
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        self.held.load.streams.fetch_sub(1, Ordering::Relaxed);
        if let Some(principal) = &self.principal {
            principal.streams.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// The permission to collect a body that arrives in pieces; gives its bytes back when it is dropped.
pub(crate) struct BodyBudget<'l> {
    total: &'l AtomicUsize,
    total_max: usize,
    principal: Option<(&'l AtomicUsize, usize)>,
    bytes: usize,
}

impl<'l> BodyBudget<'l> {
    /// Nothing yet, of a request that goes on.
    pub(crate) fn new(held: &'l Held, limits: &ServerLimits, principal: Option<&'l Load>) -> Self {
        Self {
            total: &held.load.body_bytes,
            total_max: limits.body_bytes,
            principal: principal.map(|load| (&load.body_bytes, limits.body_bytes_per_principal)),
            bytes: 0,
        }
    }

    /// Nothing yet, of a request that is refused and read for its id.
    pub(crate) fn of_refused(held: &'l Held, limits: &ServerLimits) -> Self {
        let total = &held.load.refused_bytes;
        Self { total, total_max: limits.refused_bytes, principal: None, bytes: 0 }
    }

    /// Whether this many bytes may be collected in all.
    pub(crate) fn grow_to(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        if !add(self.total, more, self.total_max) {
            return false;
        }
        if let Some((principal, max)) = self.principal
            && !add(principal, more, max)
        {
            self.total.fetch_sub(more, Ordering::Relaxed);
            return false;
        }
        self.bytes = self.bytes.saturating_add(more);
        true
    }
}

impl Drop for BodyBudget<'_> {
    fn drop(&mut self) {
        self.total.fetch_sub(self.bytes, Ordering::Relaxed);
        if let Some((principal, _)) = self.principal {
            principal.fetch_sub(self.bytes, Ordering::Relaxed);
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

    fn limits() -> ServerLimits {
        ServerLimits {
            calls: 3,
            calls_per_principal: 2,
            body_bytes: 100,
            body_bytes_per_principal: 60,
            refused_bytes: 10,
            session_streams: 3,
            session_streams_per_principal: 2,
            ..ServerLimits::default()
        }
    }

    #[test]
    fn places_are_bounded_in_total_and_per_principal_and_come_back() {
        let (held, limits) = (held(), limits());
        let (alice, bob) = (Arc::new(Load::default()), Arc::new(Load::default()));
        let take = |who: &Arc<Load>| Permit::take(&held, &limits, Some(Arc::clone(who)));
        let first = take(&alice).expect("a place");
        let second = take(&alice).expect("a place");
        assert!(take(&alice).is_none(), "alice has two");
        let third = take(&bob).expect("alice's refusal took no place in total");
        assert!(take(&bob).is_none(), "three in total");
        drop((first, second, third));
        for load in [&held.load, &alice, &bob] {
            assert_eq!(load.calls.load(Ordering::Relaxed), 0);
        }
    }

    #[test]
    fn calls_without_clients_are_bounded_in_total_and_per_principal_and_come_back() {
        let held = held();
        let limits = ServerLimits {
            calls: 9,
            calls_per_principal: 9,
            calls_alone: 3,
            calls_alone_per_principal: 2,
            ..limits()
        };
        let (alice, bob) = (Arc::new(Load::default()), Arc::new(Load::default()));
        let permit = |who: &Arc<Load>| Permit::take(&held, &limits, Some(Arc::clone(who))).expect("a place");
        let (of_alice, of_bob) = (permit(&alice), permit(&bob));
        let places = (of_alice.alone(&limits).expect("a place"), of_alice.alone(&limits).expect("a place"));
        assert!(of_alice.alone(&limits).is_none(), "alice has two");
        let third = of_bob.alone(&limits).expect("alice's refusal took no place in total");
        assert!(of_bob.alone(&limits).is_none(), "three in total");
        drop((places, third));
        for load in [&held.load, &alice, &bob] {
            assert_eq!(load.alone.load(Ordering::Relaxed), 0);
        }
    }

    #[test]
    fn open_streams_are_bounded_in_total_and_per_principal_and_come_back() {
        let (held, limits) = (held(), limits());
        let (alice, bob) = (Arc::new(Load::default()), Arc::new(Load::default()));
        let take = |who: &Arc<Load>| StreamPlace::take(&held, &limits, Some(Arc::clone(who)));
        let places = (take(&alice).expect("a place"), take(&alice).expect("a place"));
        assert!(take(&alice).is_none(), "alice has two");
        let third = take(&bob).expect("alice's refusal took no place in total");
        assert!(take(&bob).is_none() && StreamPlace::take(&held, &limits, None).is_none(), "three in total");
        drop((places, third));
        for load in [&held.load, &alice, &bob] {
            assert_eq!(load.streams.load(Ordering::Relaxed), 0);
        }
    }

    #[test]
    fn bytes_are_bounded_in_total_and_per_principal_and_come_back() {
        let (held, limits) = (held(), limits());
        let (alice, bob) = (Load::default(), Load::default());
        let mut first = BodyBudget::new(&held, &limits, Some(&alice));
        assert!(first.grow_to(60));
        assert!(first.grow_to(10), "less is there already");
        assert!(!first.grow_to(61), "alice has sixty");
        let mut second = BodyBudget::new(&held, &limits, Some(&bob));
        assert!(second.grow_to(40), "alice's refusal took nothing in total");
        assert!(!second.grow_to(41), "a hundred in total");
        let mut nobody = BodyBudget::new(&held, &limits, None);
        assert!(!nobody.grow_to(1));
        let mut stranger = BodyBudget::of_refused(&held, &limits);
        assert!(stranger.grow_to(10), "strangers have a budget of their own");
        assert!(!stranger.grow_to(11));
        drop((first, second, nobody, stranger));
        for load in [&*held.load, &alice, &bob] {
            assert_eq!(load.body_bytes.load(Ordering::Relaxed), 0);
            assert_eq!(load.refused_bytes.load(Ordering::Relaxed), 0);
        }
    }
}
