//! Where the issuer's keys come from, and the keys that are trusted right now.
//!
//! Keys that come from a URL are fetched before the first request and kept fresh by one task beside the
//! requests. No request waits for keys, but for the one that names an unknown key when the cooldown allows
//! another fetch.

mod alarm;
mod source;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::{
    future::poll_fn,
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::Poll,
};

use mcp_proto::{
    Now, Tick,
    jws::{
        KeySet,
        keys::KEY_SET_BYTES_MAX,
        keyset::{FetchFailure, FetchPolicy, KeyFetch},
    },
};

use self::alarm::Alarm;
pub use self::source::{KeySource, KeySourceError};
use crate::{
    fetch::{Fetch, FetchUrl, Outgoing, fetch_in_time},
    runtime::Runtime,
    signature::TrustedKeys,
};

/// The media types of a key set (RFC 7517 section 8.5).
const KEY_SET_TYPES: &[&str] = &["application/jwk-set+json", "application/json"];

/// The keys of one issuer.
pub(crate) struct KeyStore {
    standing: Standing,
    origin: Origin,
}

enum Origin {
    Given(Arc<TrustedKeys>),
    Fetched(Box<Remote>),
}

/// Keys that live elsewhere.
struct Remote {
    url: FetchUrl,
    fetch: Arc<dyn Fetch>,
    policy: FetchPolicy,
    state: Mutex<State>,
    maintained: AtomicBool,
    /// Tells the maintenance task that its next deadline may have changed, or that the store is gone.
    changed: Arc<Alarm>,
}

struct State {
    machine: KeyFetch,
    /// The keys of the machine, as of its generation.
    trusted: Option<Arc<TrustedKeys>>,
}

impl KeyStore {
    /// The keys of this source. Those of a URL arrive after [`Self::start`].
    ///
    /// # Errors
    /// [`KeySourceError::FetcherMissing`] for a URL that nobody can fetch.
    pub(crate) fn new(source: KeySource, fetch: Option<Arc<dyn Fetch>>) -> Result<Arc<Self>, KeySourceError> {
        let store = match (source, fetch) {
            (KeySource::Given(set), _) => Self::given(set),
            (KeySource::Url(url), Some(fetch)) => Self::fetched(url, fetch, FetchPolicy::default()),
            (KeySource::Url(_), None) => return Err(KeySourceError::FetcherMissing),
        };
        Ok(Arc::new(store))
    }

    fn given(set: KeySet) -> Self {
        let trusted = TrustedKeys::new(Arc::new(set), 1);
        let standing = Standing::default();
        standing.publish(trusted.generation(), Tick(u64::MAX));
        Self { standing, origin: Origin::Given(Arc::new(trusted)) }
    }

    fn fetched(url: FetchUrl, fetch: Arc<dyn Fetch>, policy: FetchPolicy) -> Self {
        let state = State { machine: KeyFetch::new(policy), trusted: None };
        let remote = Remote {
            url,
            fetch,
            policy,
            state: Mutex::new(state),
            maintained: AtomicBool::new(false),
            changed: Arc::default(),
        };
        Self { standing: Standing::default(), origin: Origin::Fetched(Box::new(remote)) }
    }

    /// Spawns the task that fetches the keys now and whenever they are due. It ends with the store. Keys that
    /// were given need none, and a store that has one gets no second.
    pub(crate) fn start<R: Runtime>(self: &Arc<Self>, runtime: &R) {
        match &self.origin {
            Origin::Given(_) => {}
            Origin::Fetched(remote) => {
                if !remote.maintained.swap(true, Ordering::Relaxed) {
                    let changed = Arc::clone(&remote.changed);
                    runtime.spawn(maintain(Arc::downgrade(self), changed, runtime.clone()));
                }
            }
        }
    }

    /// Whether there are keys to check tokens with.
    pub(crate) fn is_ready(&self, now: Now) -> bool {
        self.generation(now).is_some()
    }

    /// The generation of the current keys, nothing while there are none. Takes no lock.
    pub(crate) fn generation(&self, now: Now) -> Option<u64> {
        self.standing.generation(now.tick)
    }

    /// The keys to check tokens with. Without any, no token is accepted.
    pub(crate) fn current(&self, now: Now) -> Option<Arc<TrustedKeys>> {
        match &self.origin {
            Origin::Given(trusted) => Some(Arc::clone(trusted)),
            Origin::Fetched(remote) => {
                let state = remote.lock();
                state.machine.keys(now.tick)?;
                state.trusted.clone()
            }
        }
    }

    /// A token names a key that is not there. When keys may have changed since the last fetch, waits for
    /// another one and says so; says at once that there is nothing new otherwise, also to everyone who asks
    /// meanwhile.
    ///
    /// The fetch goes on without the caller: a peer that leaves at once cannot use up the cooldown for
    /// nothing.
    pub(crate) async fn fetched_anew<R: Runtime>(self: &Arc<Self>, runtime: &R) -> bool {
        let Origin::Fetched(remote) = &self.origin else {
            return false;
        };
        let now = runtime.now().tick;
        let claimed = remote.lock().machine.unknown_key(now);
        if claimed {
            let landed = self.launch(remote, runtime);
            poll_fn(|context| landed.poll_heard(context)).await;
        }
        claimed
    }

    /// Fetches when it is time to, and says when to ask again; nothing when only a change can tell.
    fn tend<R: Runtime>(self: &Arc<Self>, runtime: &R) -> Option<Tick> {
        let Origin::Fetched(remote) = &self.origin else {
            return None;
        };
        let now = runtime.now().tick;
        // A statement of its own: the lock is gone before anything is spawned.
        let claimed = remote.lock().machine.wants_fetch(now);
        if claimed {
            self.launch(remote, runtime);
        }
        remote.lock().machine.next_deadline()
    }

    /// Spawns a fetch that was claimed. The alarm rings when its outcome is in.
    fn launch<R: Runtime>(self: &Arc<Self>, remote: &Remote, runtime: &R) -> Arc<Alarm> {
        let landed = Arc::new(Alarm::default());
        let flight = Flight {
            store: Arc::downgrade(self),
            runtime: runtime.clone(),
            outcome: Err(FetchFailure::Unreachable),
            landed: Arc::clone(&landed),
        };
        runtime.spawn(flight.run(remote.url.clone(), Arc::clone(&remote.fetch)));
        landed
    }

    /// Takes the outcome of a fetch.
    fn land(&self, outcome: Result<KeySet, FetchFailure>, now: Now) {
        let Origin::Fetched(remote) = &self.origin else {
            return;
        };
        match &outcome {
            Ok(set) => tracing::debug!(keys = set.len(), "fetched the issuer's keys"),
            Err(failure) => {
                tracing::warn!(host = remote.url.host(), %failure, "cannot fetch the issuer's keys");
            }
        }
        let succeeded = outcome.is_ok();
        let mut state = remote.lock();
        state.machine.fetched(outcome, now.tick);
        if succeeded {
            self.adopt(&mut state, remote.policy, now);
        }
        drop(state);
        remote.changed.ring();
    }

    /// Brings what requests see in line with the machine after a success.
    fn adopt(&self, state: &mut State, policy: FetchPolicy, now: Now) {
        let Some(set) = state.machine.keys(now.tick) else {
            return;
        };
        let generation = state.machine.generation();
        if state.trusted.as_ref().is_none_or(|trusted| trusted.generation() != generation) {
            state.trusted = Some(Arc::new(TrustedKeys::new(Arc::clone(set), generation)));
        }
        // The machine's deadline is the refresh now, and keys may be stale for so long beyond it.
        let refresh = state.machine.next_deadline().unwrap_or(Tick(u64::MAX));
        self.standing.publish(generation, refresh.after_seconds(policy.stale_seconds_max));
    }
}

impl Drop for KeyStore {
    fn drop(&mut self) {
        match &self.origin {
            Origin::Given(_) => {}
            Origin::Fetched(remote) => remote.changed.ring(),
        }
    }
}

impl Remote {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that runs under the lock leaves the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What every request asks of the keys, without a lock: which ones are current, and until when.
#[derive(Default)]
struct Standing {
    /// Zero before there are keys.
    generation: AtomicU64,
    /// The last tick at which they are good.
    until: AtomicU64,
}

impl Standing {
    fn publish(&self, generation: u64, until: Tick) {
        // In this order, and read in the other one: whoever sees the new time sees the new generation too,
        // and old keys never live on under it.
        self.generation.store(generation, Ordering::Release);
        self.until.store(until.0, Ordering::Release);
    }

    fn generation(&self, now: Tick) -> Option<u64> {
        let until = self.until.load(Ordering::Acquire);
        let generation = self.generation.load(Ordering::Acquire);
        (generation != 0 && now.0 <= until).then_some(generation)
    }
}

/// Fetches the keys whenever they are due, until the store is gone.
async fn maintain<R: Runtime>(store: Weak<KeyStore>, changed: Arc<Alarm>, runtime: R) {
    loop {
        let Some(deadline) = store.upgrade().map(|store| store.tend(&runtime)) else {
            return;
        };
        let mut sleep = deadline.map(|at| Box::pin(runtime.sleep_until(at)));
        poll_fn(|context| match (changed.poll_heard(context), &mut sleep) {
            (Poll::Pending, Some(sleep)) => sleep.as_mut().poll(context),
            (Poll::Pending, None) => Poll::Pending,
            (Poll::Ready(()), _) => Poll::Ready(()),
        })
        .await;
    }
}

/// A fetch under way. Dropping it reports the outcome, so that one which panics or is dropped by the runtime
/// is a failure and not a claim that nobody gives back.
struct Flight<R: Runtime> {
    store: Weak<KeyStore>,
    runtime: R,
    outcome: Result<KeySet, FetchFailure>,
    landed: Arc<Alarm>,
}

impl<R: Runtime> Flight<R> {
    async fn run(mut self, url: FetchUrl, fetch: Arc<dyn Fetch>) {
        let request = Outgoing::get(url, KEY_SET_TYPES, KEY_SET_BYTES_MAX);
        let fetched = fetch_in_time(&*fetch, request, &self.runtime).await;
        self.outcome = fetched.and_then(|fetched| Ok(source::read_set(&fetched.body)?));
    }
}

impl<R: Runtime> Drop for Flight<R> {
    fn drop(&mut self) {
        if let Some(store) = self.store.upgrade() {
            let outcome = mem::replace(&mut self.outcome, Err(FetchFailure::Unreachable));
            store.land(outcome, self.runtime.now());
        }
        self.landed.ring();
    }
}
