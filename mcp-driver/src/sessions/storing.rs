//! What of sessions is kept elsewhere.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

use mcp_proto::session::{Effect, Event, EventId, Owner, Record, Replayed, Session, SessionId, StreamHandle};

use super::{
    cell::{Cell, Visited},
    table::Table,
};
use crate::stores::{EventStore, SessionKey, SessionStore, StoreError};

/// Where sessions and their events are kept, if anywhere.
#[derive(Clone, Default)]
pub(crate) struct Stores {
    pub(crate) events: Option<Arc<dyn EventStore>>,
    pub(crate) sessions: Option<Arc<dyn SessionStore>>,
}

// How far the store of sessions is behind.
const SAVED: u8 = 0;
const SAVING: u8 = 1;
/// It has changed since saving began.
const CHANGED: u8 = 2;

impl Visited {
    /// Does what a session wants of a store.
    pub(super) fn perform(&self, effect: Effect) {
        match effect {
            Effect::Append(event) => {
                if let Some(store) = self.table.stores.events.clone() {
                    let visited = self.clone();
                    self.table.run(async move { visited.append(&*store, event).await });
                }
            }
            Effect::Replay { connection, stream, after } => {
                if let Some(store) = self.table.stores.events.clone() {
                    let visited = self.clone();
                    self.table.run(async move { visited.replay(&*store, connection, stream, after).await });
                }
            }
            Effect::Save => {
                if let Some(store) = self.table.stores.sessions.clone()
                    && has_to_begin(&self.cell.saving)
                {
                    let visited = self.clone();
                    self.table.run(async move { visited.save(&*store).await });
                }
            }
            Effect::Wake(_) => {}
        }
    }

    async fn append(&self, store: &dyn EventStore, event: Event) {
        let Event { id: EventId { stream, sequence }, message } = event;
        let append = store.append(&self.cell.owner, self.key(), stream, sequence, message);
        if let Some(kept) = self.cell.unless_gone(append).await {
            if let Err(error) = &kept {
                failed("event not kept, session ended", error);
            }
            self.with(|session, _| session.stored(EventId { stream, sequence }, kept.is_ok()));
        }
        if self.cell.look(Session::is_over)
            && let Err(error) = store.forget(&self.cell.owner, self.key()).await
        {
            // It may have come after all that was there had been forgotten.
            failed("events not forgotten", &error);
        }
    }

    async fn replay(&self, store: &dyn EventStore, connection: StreamHandle, stream: u64, after: u64) {
        let most = self.table.policy.events_max;
        let replay = store.replay(&self.cell.owner, self.key(), stream, after, most);
        let Some(replayed) = self.cell.unless_gone(replay).await else { return };
        let replayed = match replayed {
            Ok(Some(events)) => Replayed::Events(
                events
                    .into_iter()
                    .map(|(sequence, message)| Event { id: EventId { stream, sequence }, message })
                    .collect(),
            ),
            Ok(None) => Replayed::Evicted,
            Err(error) => {
                failed("events not found, session ended", &error);
                Replayed::Failed
            }
        };
        self.with(|session, _| session.replayed(connection, replayed));
    }

    /// Saves the record until it is the newest: one at a time, so that an older one cannot come later.
    async fn save(&self, store: &dyn SessionStore) {
        loop {
            let record = self.cell.look(|session| (!session.is_over()).then(|| session.record()));
            // A record has no map with keys other than text.
            let Some(record) = record.and_then(|record| serde_json::to_vec(&record).ok()) else { return };
            let save = store.save(&self.cell.owner, self.key(), &record);
            if let Some(Err(error)) = self.cell.unless_gone(save).await {
                failed("session not saved", &error);
            }
            if self.cell.look(Session::is_over) {
                // It may have been forgotten before it was saved, and must not come back.
                self.table.forget_stored(&self.cell);
                return;
            }
            if self.cell.saving.compare_exchange(SAVING, SAVED, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                return;
            }
            self.cell.saving.store(SAVING, Ordering::Release);
        }
    }
}

/// Whether nobody is saving who would see that there is something new.
fn has_to_begin(saving: &AtomicU8) -> bool {
    saving.fetch_max(SAVING, Ordering::AcqRel) == SAVED || saving.swap(CHANGED, Ordering::AcqRel) == SAVED
}

impl Visited {
    /// Has something done beside all requests.
    pub(crate) fn run(&self, chore: impl Future<Output = ()> + Send + 'static) {
        self.table.run(chore);
    }
}

impl Table {
    /// The record of a session of this owner.
    pub(super) async fn load(&self, owner: &Owner, id: &SessionId) -> Option<Record> {
        let store = self.stores.sessions.as_ref()?;
        match store.load(owner, &SessionKey::of(id)).await {
            Ok(record) => serde_json::from_slice(&record?).ok(),
            Err(error) => {
                failed("session not found", &error);
                None
            }
        }
    }

    /// A session is over: its stores need not keep it. Until they do not, it is known to be over here.
    pub(super) fn forget_stored(self: &Arc<Self>, cell: &Arc<Cell>) {
        let Stores { events, sessions } = self.stores.clone();
        if events.is_none() && sessions.is_none() {
            return;
        }
        if sessions.is_some() {
            self.ended.add(cell);
        }
        let (table, cell) = (Arc::clone(self), Arc::clone(cell));
        self.run(async move {
            let mut is_forgotten = true;
            if let Some(store) = events
                && let Err(error) = store.forget(&cell.owner, cell.key()).await
            {
                is_forgotten = false;
                failed("events not forgotten", &error);
            }
            if let Some(store) = sessions
                && let Err(error) = store.forget(&cell.owner, cell.key()).await
            {
                is_forgotten = false;
                failed("session not forgotten", &error);
            }
            table.ended.told(&cell.id, is_forgotten);
        });
    }
}

fn failed(what: &'static str, error: &StoreError) {
    tracing::error!(error = ?error.detail(), "{what}");
}
