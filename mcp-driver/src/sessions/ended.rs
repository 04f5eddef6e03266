//! Sessions that are over while a store may still have them: they must not come back from there.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mcp_proto::{Tick, session::SessionId};

use super::{cell::Cell, table::BySessionId};

/// How long a session is known to be over after its store has forgotten it, in microseconds: longer than looking
/// one up may take ([`super::opening::LOAD_MICROS`]).
const REMEMBERED_MICROS: u64 = 60_000_000;

/// The sessions that ended not long ago, on servers that keep sessions in a store.
#[derive(Default)]
pub(crate) struct Ended(Mutex<BySessionId<Entry>>);

struct Entry {
    cell: Arc<Cell>,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The store is being told.
    Telling,
    /// It could not be, and will be again.
    Failed,
    /// It has been.
    Forgotten,
    /// It has been, and this is when that need not be known any longer.
    Until(Tick),
}

impl Ended {
    fn lock(&self) -> MutexGuard<'_, BySessionId<Entry>> {
        // Nothing that can panic runs under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, cell: &Arc<Cell>) {
        self.lock().insert(cell.id.clone(), Entry { cell: Arc::clone(cell), stage: Stage::Telling });
    }

    pub(super) fn contains(&self, id: &SessionId) -> bool {
        self.lock().contains_key(id)
    }

    /// The store has been told, or could not be.
    pub(super) fn told(&self, id: &SessionId, is_forgotten: bool) {
        if let Some(entry) = self.lock().get_mut(id) {
            entry.stage = if is_forgotten { Stage::Forgotten } else { Stage::Failed };
        }
    }

    /// Time has passed; the sessions that the store has to be told of again.
    pub(super) fn sweep(&self, now: Tick) -> Vec<Arc<Cell>> {
        let mut again = Vec::new();
        let mut entries = self.lock();
        entries.retain(|_, entry| {
            match entry.stage {
                Stage::Telling => {}
                Stage::Failed => {
                    entry.stage = Stage::Telling;
                    again.push(Arc::clone(&entry.cell));
                }
                Stage::Forgotten => entry.stage = Stage::Until(now.after_micros(REMEMBERED_MICROS)),
                Stage::Until(end) => return now < end,
            }
            true
        });
        if entries.is_empty() {
            *entries = BySessionId::default();
        }
        again
    }
}
