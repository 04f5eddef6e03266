//! Where sessions are found by their ids, and counted by their owners.

use std::{
    collections::{HashMap, hash_map::Entry},
    future::{Future, poll_fn},
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash, RandomState},
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::Poll,
};

use mcp_proto::{
    Now,
    session::{Owner, Session, SessionId, SessionPolicy},
};

use super::{
    cell::{Cell, Visited},
    chores::{Chore, Chores},
    ended::Ended,
    storing::Stores,
};
use crate::{limits::ServerLimits, runtime::Runtime};

/// The sessions of a server. Requests of different sessions rarely meet at a lock; those of 2026-07-28 never do.
pub(crate) struct Table {
    pub(super) policy: SessionPolicy,
    pub(super) stores: Stores,
    pub(super) limits: ServerLimits,
    /// Bytes that all sessions keep for their clients.
    pub(super) bytes: AtomicUsize,
    shards: Box<[Mutex<Shard>]>,
    by_owner: RandomState,
    /// The sessions of each party. Those of nobody are not counted by their owner.
    owners: Box<[Mutex<Owned>]>,
    pub(super) total: AtomicUsize,
    /// Sessions that are over, and that a store may still have.
    pub(super) ended: Ended,
    chores: Chores,
    is_started: AtomicBool,
}

/// Ids have 256 random bits of the server's own, so nobody can choose some that meet at one place. On a runtime that
/// draws the same ids again, sessions are also met in the same order again.
pub(super) type BySessionId<T> = HashMap<SessionId, T, ById>;
type ById = BuildHasherDefault<DefaultHasher>;

type Shard = BySessionId<Arc<Cell>>;
type Owned = HashMap<Owner, Vec<Arc<Cell>>>;

/// Parts of the table that have a lock each.
const SHARDS: usize = 64;

/// What a session may keep however much others do, in bytes.
const SHARE_BYTES: usize = 16 << 10;

/// Between two looks at all sessions, in microseconds.
const SWEEP_MICROS: u64 = 1_000_000;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that can panic runs under these locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn place<'p, T>(parts: &'p [Mutex<T>], hasher: &impl BuildHasher, key: &impl Hash) -> Option<&'p Mutex<T>> {
    parts.get(usize::try_from(hasher.hash_one(key) % SHARDS as u64).unwrap_or(0))
}

/// A table that has become empty keeps no room.
fn remove<K: Hash + Eq, V, S: BuildHasher + Default>(map: &mut HashMap<K, V, S>, key: &K) -> Option<V> {
    let removed = map.remove(key);
    if map.is_empty() {
        *map = HashMap::default();
    }
    removed
}

impl Table {
    pub(crate) fn new(policy: SessionPolicy, stores: Stores, limits: ServerLimits) -> Self {
        Self {
            policy,
            stores,
            limits,
            bytes: AtomicUsize::new(0),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            by_owner: RandomState::new(),
            owners: (0..SHARDS).map(|_| Mutex::default()).collect(),
            total: AtomicUsize::new(0),
            ended: Ended::default(),
            chores: Chores::default(),
            is_started: AtomicBool::new(false),
        }
    }

    /// Begins to look after the sessions.
    pub(crate) fn start<R: Runtime>(self: &Arc<Self>, runtime: &R) {
        if !self.is_started.swap(true, Ordering::AcqRel) {
            runtime.spawn(look_after(Arc::downgrade(self), runtime.clone()));
        }
    }

    /// Has something done beside all requests.
    pub(crate) fn run(&self, chore: impl Future<Output = ()> + Send + 'static) {
        self.chores.add(Box::pin(chore));
    }

    fn shard(&self, id: &SessionId) -> Option<&Mutex<Shard>> {
        place(&self.shards, &ById::default(), id)
    }

    pub(crate) fn len(&self) -> usize {
        self.total.load(Ordering::Relaxed)
    }

    /// The session of this id, if it is here.
    pub(crate) fn get(self: &Arc<Self>, id: &SessionId) -> Option<Visited> {
        let cell = Arc::clone(lock(self.shard(id)?).get(id)?);
        Some(Visited { table: Arc::clone(self), cell })
    }

    /// Puts a session there for which room has been made, under the lock of its owner; the one that was there
    /// before, if there was one.
    pub(super) fn put(&self, cell: &Arc<Cell>) -> Arc<Cell> {
        let Some(shard) = self.shard(&cell.id) else { return Arc::clone(cell) };
        match lock(shard).entry(cell.id.clone()) {
            Entry::Occupied(known) => {
                self.total.fetch_sub(1, Ordering::Relaxed);
                Arc::clone(known.get())
            }
            Entry::Vacant(place) => Arc::clone(place.insert(Arc::clone(cell))),
        }
    }

    /// Something was done to a session of which so many bytes are counted. One that keeps more than its share, where
    /// all together keep too much already, has to make do with less, or end.
    pub(super) fn weigh(&self, session: &mut Session, counted: &mut usize) {
        let before = *counted;
        for make_room in [Session::shed, Session::end] {
            let kept = session.kept_bytes();
            let total = if kept >= *counted {
                let more = kept.saturating_sub(*counted);
                self.bytes.fetch_add(more, Ordering::Relaxed).saturating_add(more)
            } else {
                let less = counted.saturating_sub(kept);
                self.bytes.fetch_sub(less, Ordering::Relaxed).saturating_sub(less)
            };
            *counted = kept;
            if kept <= SHARE_BYTES.max(before) || total <= self.limits.session_bytes {
                return;
            }
            make_room(session);
        }
        // It has ended, and keeps nothing.
        self.bytes.fetch_sub(std::mem::take(counted), Ordering::Relaxed);
    }

    /// The sessions of an owner, behind their lock; `None` for nobody.
    pub(super) fn of_owner(&self, owner: &Owner) -> Option<MutexGuard<'_, Owned>> {
        owner.party()?;
        place(&self.owners, &self.by_owner, owner).map(lock)
    }

    /// A session is over.
    pub(super) fn forget(self: &Arc<Self>, cell: &Arc<Cell>) {
        let removed = self.shard(&cell.id).and_then(|shard| {
            let mut shard = lock(shard);
            let is_this = shard.get(&cell.id).is_some_and(|known| Arc::ptr_eq(known, cell));
            if is_this { remove(&mut shard, &cell.id) } else { None }
        });
        if removed.is_none() {
            return;
        }
        self.total.fetch_sub(1, Ordering::Relaxed);
        cell.land();
        self.disown(cell);
        self.forget_stored(cell);
    }

    /// A session does not count for its owner any more.
    pub(super) fn disown(&self, cell: &Arc<Cell>) {
        if let Some(mut owners) = self.of_owner(&cell.owner)
            && let Some(own) = owners.get_mut(&cell.owner)
        {
            own.retain(|known| !Arc::ptr_eq(known, cell));
            if own.is_empty() {
                remove(&mut owners, &cell.owner);
            }
        }
    }

    /// Does something with every session, a part of them at a time and without a lock on the table.
    pub(super) fn each(self: &Arc<Self>, mut act: impl FnMut(&Visited)) {
        for shard in &self.shards {
            let cells: Vec<Arc<Cell>> = lock(shard).values().cloned().collect();
            for cell in cells {
                act(&Visited { table: Arc::clone(self), cell });
            }
        }
    }

    fn sweep(self: &Arc<Self>, now: Now) {
        self.each(|visited| visited.with(|session, _| session.on_deadline(now)));
        for cell in self.ended.sweep(now.tick) {
            self.forget_stored(&cell);
        }
    }
}

/// Tells all sessions the time, again and again, and has done what there is to do, until the server has gone.
async fn look_after<R: Runtime>(table: Weak<Table>, runtime: R) {
    let Some(closing) = table.upgrade().map(|table| Closing(Arc::downgrade(&table))) else { return };
    loop {
        let mut sweep = pin!(runtime.sleep_until(runtime.now().tick.after_micros(SWEEP_MICROS)));
        loop {
            let next = poll_fn(|cx| {
                let Some(table) = table.upgrade() else { return Poll::Ready(Next::End) };
                if let Poll::Ready(chores) = table.chores.poll_take(cx) {
                    return Poll::Ready(Next::Do(chores));
                }
                sweep.as_mut().poll(cx).map(|()| Next::Sweep)
            });
            match next.await {
                Next::Do(chores) => chores.into_iter().for_each(|chore| runtime.spawn(chore)),
                Next::Sweep => break,
                Next::End => return,
            }
        }
        let Some(table) = closing.0.upgrade() else { return };
        table.sweep(runtime.now());
    }
}

enum Next {
    Do(Vec<Chore>),
    Sweep,
    End,
}

/// Nothing is done any more once nobody looks after the table.
struct Closing(Weak<Table>);

impl Drop for Closing {
    fn drop(&mut self) {
        if let Some(table) = self.0.upgrade() {
            table.chores.close();
        }
    }
}
