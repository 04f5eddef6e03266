//! How sessions come into the table: opened here, or taken over from a store.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{Arc, atomic::Ordering},
    task::Poll,
};

use mcp_proto::{
    Engine, Step,
    exchange::{FindSession, OpenSession},
    session::{Crowded, Owner, Room, Session, SessionAuth, SessionId, Use, room},
};

use super::{
    cell::{Cell, Opener, Visited},
    table::Table,
};
use crate::runtime::{EntropyError, Runtime};

/// How long a store may take to find a session, in microseconds. Then the client is told to begin anew.
pub(super) const LOAD_MICROS: u64 = 10_000_000;

impl Table {
    /// Opens a session, if there is room for it.
    pub(crate) fn open<'e>(
        self: &Arc<Self>,
        step: OpenSession<'e>,
        entropy: Result<[u8; 32], EntropyError>,
        opener: Opener,
        now: mcp_proto::Now,
    ) -> (Option<Visited>, Step<'e>) {
        let Ok(entropy) = entropy else { return (None, step.refuse(Crowded::Server)) };
        let (owner, id) = (step.owner(), SessionId::from_entropy(&entropy));
        let opener = match self.policy.auth {
            SessionAuth::InitializeOnly => opener,
            SessionAuth::EveryRequest => Opener::default(),
        };
        let mut step = Some(step);
        let mut opened = None;
        let admitted = self.admit(&owner, &id, opener, || {
            let (session, next) = step.take()?.open(&id, now)?;
            opened = Some(next);
            Some(session)
        });
        match (admitted, opened, step) {
            (Ok(visited), Some(opened), _) => (Some(visited), opened),
            (Err(crowded), _, Some(step)) => (None, step.refuse(crowded)),
            // An engine that makes this step has sessions.
            (_, _, _) => (
                None,
                Step::Respond(mcp_proto::Response::empty(http::StatusCode::NOT_FOUND, Default::default())),
            ),
        }
    }

    /// Takes a place for one more session of this owner, which may cost it another one, and puts the session there.
    fn admit(
        self: &Arc<Self>,
        owner: &Owner,
        id: &SessionId,
        opener: Opener,
        make: impl FnOnce() -> Option<Session>,
    ) -> Result<Visited, Crowded> {
        let visited = |cell: Arc<Cell>| Visited { table: Arc::clone(self), cell };
        loop {
            // What is judged under the owner's lock is done under it, so that two at once cannot both be the last.
            let mut owners = self.of_owner(owner);
            let total = self.total.fetch_add(1, Ordering::Relaxed);
            let own = owners.iter().filter_map(|owners| owners.get(owner)).flatten();
            let judged = room(
                &self.policy,
                total,
                own.map(|cell| {
                    let used = |session: &Session| Use { idle: session.is_idle(), last: session.last_used() };
                    (Arc::clone(cell), cell.look(used))
                }),
            );
            let evicted = match judged {
                Room::Free => {
                    let Some(session) = make() else {
                        self.total.fetch_sub(1, Ordering::Relaxed);
                        return Err(Crowded::Server);
                    };
                    let cell = Arc::new(Cell::new(id.clone(), session, opener));
                    let kept = self.put(&cell);
                    if Arc::ptr_eq(&kept, &cell)
                        && let Some(owners) = owners.as_mut()
                    {
                        owners.entry(owner.clone()).or_default().push(Arc::clone(&kept));
                    }
                    drop(owners);
                    let visited = visited(kept);
                    // Tells a store that there is one, and counts what it keeps.
                    visited.with(|_, _| ());
                    return Ok(visited);
                }
                Room::Evict(cell) => cell,
                Room::Full(crowded) => {
                    self.total.fetch_sub(1, Ordering::Relaxed);
                    return Err(crowded);
                }
            };
            self.total.fetch_sub(1, Ordering::Relaxed);
            drop(owners);
            tracing::debug!("session ended: its owner has opened too many");
            visited(Arc::clone(&evicted)).with(|session, _| session.end());
            // One that was over before it was counted is not forgotten by ending it.
            self.disown(&evicted);
        }
    }

    /// The session that a request names and that is not here, if its owner has one of that id elsewhere.
    pub(crate) async fn take_over<R: Runtime>(
        self: &Arc<Self>,
        step: &FindSession<'_>,
        engine: &Engine,
        runtime: &R,
    ) -> Option<Visited> {
        self.stores.sessions.as_ref()?;
        let (id, owner) = (step.id()?, step.owner()?);
        if self.ended.contains(id) {
            return None;
        }
        let mut load = pin!(self.load(&owner, id));
        let mut late = pin!(runtime.sleep_until(runtime.now().tick.after_micros(LOAD_MICROS)));
        let record = poll_fn(|cx| match load.as_mut().poll(cx) {
            Poll::Ready(record) => Poll::Ready(record),
            Poll::Pending => late.as_mut().poll(cx).map(|()| None),
        });
        let record = record.await?;
        let session = Session::restore(record, engine, runtime.now())
            .filter(|session| *session.info().owner() == owner)?;
        // It may have come and gone meanwhile.
        let make = || if self.ended.contains(id) { None } else { Some(session) };
        self.admit(&owner, id, Opener::default(), make).ok()
    }
}
