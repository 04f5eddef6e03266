//! Where the issuer's keys come from, and the keys that are trusted right now.
//!
//! Keys that come from a URL are fetched before the first request and kept fresh by one task beside the
//! requests. No request waits for keys, but for those that name an unknown key when the cooldown allows another
//! fetch: they wait for the same one.

mod alarm;
mod metadata;
mod round;
mod source;

#[cfg(test)]
mod discovery_tests;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::{
    future::poll_fn,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::Poll,
};

use mcp_proto::{
    Now, Tick,
    jws::{
        AlgorithmSet, KeySet,
        keys::KeySetError,
        keyset::{FetchFailure, FetchPolicy, KeyFetch},
    },
};

pub(crate) use self::metadata::{Metadata, Miss};
pub use self::source::{Discovery, KeyDocument, KeySource, KeySourceError};
use self::{
    alarm::Alarm,
    round::{Place, Round},
};
use crate::{fetch::Fetch, landing::Landing, runtime::Runtime, signature::TrustedKeys};

/// How many wait for one fetch at most. Whoever comes later goes on without its outcome.
const WAITING_MAX: usize = 4_096;

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
    place: Arc<Place>,
    fetch: Arc<dyn Fetch>,
    state: Mutex<State>,
    maintained: AtomicBool,
    /// Tells the maintenance task that its next deadline may have changed, or that the store is gone.
    changed: Arc<Alarm>,
}

struct State {
    machine: KeyFetch,
    /// The keys of the machine, as of its generation.
    trusted: Option<Arc<TrustedKeys>>,
    /// Who gave them.
    address: Option<SocketAddr>,
    /// The fetch under way.
    landing: Option<Arc<Landing<()>>>,
}

impl KeyStore {
    /// The keys of this issuer, whose tokens are signed with these algorithms. Those that are to be fetched
    /// arrive after [`Self::start`].
    ///
    /// # Errors
    /// [`KeySourceError::FetcherMissing`] for keys that nobody can fetch, [`KeySourceError::Document`] for
    /// given ones that cannot be used with these algorithms, and what is wrong with how they are to be
    /// discovered.
    pub(crate) fn new(
        source: KeySource,
        issuer: &str,
        algorithms: AlgorithmSet,
        policy: FetchPolicy,
        fetch: Option<Arc<dyn Fetch>>,
    ) -> Result<Arc<Self>, KeySourceError> {
        let place = match source {
            KeySource::Given(set) => return Ok(Arc::new(Self::given(set))),
            KeySource::Document(document) => return Ok(Arc::new(Self::given(document.keys(algorithms)?))),
            KeySource::Url(url) => Place::url(url, algorithms),
            KeySource::Discovery(discovery) => {
                Place::discovered(Metadata::new(issuer, &discovery)?, algorithms)
            }
        };
        let fetch = fetch.ok_or(KeySourceError::FetcherMissing)?;
        Ok(Arc::new(Self::fetched(place, fetch, policy)))
    }

    fn given(set: KeySet) -> Self {
        let trusted = TrustedKeys::new(Arc::new(set), 1);
        let standing = Standing::default();
        standing.publish(trusted.generation(), Tick(u64::MAX));
        Self { standing, origin: Origin::Given(Arc::new(trusted)) }
    }

    fn fetched(place: Place, fetch: Arc<dyn Fetch>, policy: FetchPolicy) -> Self {
        let state = State { machine: KeyFetch::new(policy), trusted: None, address: None, landing: None };
        let remote = Remote {
            place: Arc::new(place),
            fetch,
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

    /// A token names a key that is not among those of the generation `seen`. Says whether it is worth another
    /// look: the keys have changed meanwhile, or a fetch has landed that this waited for. One that is under way
    /// is waited for; when keys may have changed since the last one, another is begun; else the answer comes at
    /// once.
    ///
    /// The fetch goes on without the caller: a peer that leaves at once cannot use up the cooldown for
    /// nothing.
    pub(crate) async fn fetched_anew<R: Runtime>(self: &Arc<Self>, seen: Option<u64>, runtime: &R) -> bool {
        let Origin::Fetched(remote) = &self.origin else {
            return false;
        };
        let now = runtime.now();
        if self.generation(now) != seen {
            return true;
        }
        let begun = self.launch_if(remote, runtime, |machine| machine.unknown_key(now.tick));
        // Statements of their own: the lock is gone before anything is awaited.
        let under_way = remote.lock().landing.clone();
        let Some(landing) = begun.or(under_way) else {
            return self.generation(now) != seen;
        };
        if landing.waiting() < WAITING_MAX {
            landing.wait().await;
        }
        true
    }

    /// Fetches when it is time to, and says when to ask again; nothing when only a change can tell.
    fn tend<R: Runtime>(self: &Arc<Self>, runtime: &R) -> Option<Tick> {
        let Origin::Fetched(remote) = &self.origin else {
            return None;
        };
        let now = runtime.now().tick;
        self.launch_if(remote, runtime, |machine| machine.wants_fetch(now));
        remote.lock().machine.next_deadline()
    }

    /// Spawns a fetch when it can be claimed.
    fn launch_if<R: Runtime>(
        self: &Arc<Self>,
        remote: &Remote,
        runtime: &R,
        claim: impl FnOnce(&mut KeyFetch) -> bool,
    ) -> Option<Arc<Landing<()>>> {
        let landing = {
            let mut state = remote.lock();
            if !claim(&mut state.machine) {
                return None;
            }
            let landing = Arc::new(Landing::default());
            state.landing = Some(Arc::clone(&landing));
            landing
        };
        let flight = Flight {
            store: Arc::downgrade(self),
            runtime: runtime.clone(),
            round: Some(Round::failed(remote.place.first().clone(), FetchFailure::Unreachable)),
            landing: Arc::clone(&landing),
        };
        runtime.spawn(flight.run(Arc::clone(&remote.place), Arc::clone(&remote.fetch)));
        Some(landing)
    }

    /// Takes the outcome of a round.
    fn land(&self, round: Round, now: Now) {
        let Origin::Fetched(remote) = &self.origin else {
            return;
        };
        let Round { url, outcome, address, fresh_seconds } = round;
        let failure = outcome.as_ref().err().cloned();
        let mut state = remote.lock();
        let before = (state.machine.generation(), state.address);
        state.machine.fetched(outcome, fresh_seconds, now.tick);
        state.landing = None;
        if failure.is_none() {
            state.address = address;
        }
        let is_news = before != (state.machine.generation(), state.address);
        self.adopt(&mut state);
        let keys = state.trusted.as_ref().map_or(0, |trusted| trusted.set().len());
        drop(state);
        remote.changed.ring();
        // Logging may run foreign code, so it happens without the lock.
        let address = address.map(tracing::field::display);
        match failure {
            None if is_news => tracing::info!(%url, address, keys, "fetched the issuer's keys"),
            None => tracing::debug!(%url, address, keys, "fetched the issuer's keys"),
            Some(FetchFailure::Document(KeySetError::Empty)) => {
                tracing::warn!(%url, address, "the issuer has withdrawn all its keys: no token is accepted");
            }
            Some(failure) => tracing::warn!(%url, address, %failure, "cannot fetch the issuer's keys"),
        }
    }

    /// Brings what requests see in line with the machine.
    fn adopt(&self, state: &mut State) {
        let generation = state.machine.generation();
        match state.machine.held() {
            None => {
                state.trusted = None;
                self.standing.withdraw();
            }
            Some((set, until)) => {
                if state.trusted.as_ref().is_none_or(|trusted| trusted.generation() != generation) {
                    state.trusted = Some(Arc::new(TrustedKeys::new(Arc::clone(set), generation)));
                }
                self.standing.publish(generation, until);
            }
        }
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
    /// Zero while there are no keys.
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

    fn withdraw(&self) {
        self.generation.store(0, Ordering::Release);
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

/// A round under way. Dropping it reports the outcome, so that one which panics or is dropped by the runtime is
/// a failure and not a claim that nobody gives back.
struct Flight<R: Runtime> {
    store: Weak<KeyStore>,
    runtime: R,
    /// Taken when it is reported.
    round: Option<Round>,
    landing: Arc<Landing<()>>,
}

impl<R: Runtime> Flight<R> {
    async fn run(mut self, place: Arc<Place>, fetch: Arc<dyn Fetch>) {
        self.round = Some(place.ask(&*fetch, &self.runtime).await);
    }
}

impl<R: Runtime> Drop for Flight<R> {
    fn drop(&mut self) {
        if let (Some(store), Some(round)) = (self.store.upgrade(), self.round.take()) {
            store.land(round, self.runtime.now());
        }
        self.landing.land(());
    }
}
