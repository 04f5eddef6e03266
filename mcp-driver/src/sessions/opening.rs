//! How sessions come into the table: opened here, or taken over from a store.

use std::sync::{Arc, atomic::Ordering};

use mcp_proto::{
    Engine, Now, Step,
    exchange::{FindSession, OpenSession},
    session::{Crowded, Owner, Room, Session, SessionId, Use, room},
};

use super::{
    cell::{Cell, Opener, Visited},
    table::Table,
};
use crate::runtime::EntropyError;

impl Table {
    /// Opens a session, if there is room for it.
    pub(crate) fn open<'e>(
        self: &Arc<Self>,
        step: OpenSession<'e>,
        entropy: Result<[u8; 32], EntropyError>,
        opener: Opener,
        now: Now,
    ) -> (Option<Visited>, Step<'e>) {
        let Ok(entropy) = entropy else { return (None, step.refuse(Crowded::Server)) };
        let owner = step.owner();
        if let Err(crowded) = self.reserve(&owner) {
            return (None, step.refuse(crowded));
        }
        let id = SessionId::from_entropy(&entropy);
        match step.open(&id, now) {
            Some((session, step)) => (Some(self.admit(id, session, opener)), step),
            None => {
                self.total.fetch_sub(1, Ordering::Relaxed);
                (
                    None,
                    Step::Respond(mcp_proto::Response::empty(
                        http::StatusCode::NOT_FOUND,
                        Default::default(),
                    )),
                )
            }
        }
    }

    /// Takes a place for one more session of this owner, which may cost it another one.
    fn reserve(self: &Arc<Self>, owner: &Owner) -> Result<(), Crowded> {
        loop {
            // Counted with the one to come, so that two that come at once cannot both be the last.
            let total = self.total.fetch_add(1, Ordering::Relaxed);
            let room = {
                let owners = self.of_owner(owner);
                let own = owners.iter().filter_map(|owners| owners.get(owner)).flatten();
                let judged = own.map(|cell| {
                    let used =
                        cell.look(|session| Use { idle: session.is_idle(), last: session.last_used() });
                    (Arc::clone(cell), used)
                });
                room(&self.policy, total, judged)
            };
            match room {
                Room::Free => return Ok(()),
                Room::Evict(cell) => {
                    self.total.fetch_sub(1, Ordering::Relaxed);
                    tracing::debug!("session ended: its owner has opened too many");
                    Visited { table: Arc::clone(self), cell: Arc::clone(&cell) }
                        .with(|session, _| session.end());
                    // One that was over before it was counted is not forgotten by ending it.
                    self.disown(&cell);
                }
                Room::Full(crowded) => {
                    self.total.fetch_sub(1, Ordering::Relaxed);
                    return Err(crowded);
                }
            }
        }
    }

    /// Puts a session in its place.
    fn admit(self: &Arc<Self>, id: SessionId, session: Session, opener: Opener) -> Visited {
        let visited = self.put(Cell::new(id, session, opener));
        if let Some(mut owners) = self.of_owner(&visited.cell.owner) {
            let own = owners.entry(visited.cell.owner.clone()).or_default();
            if !own.iter().any(|known| Arc::ptr_eq(known, &visited.cell)) {
                own.push(Arc::clone(&visited.cell));
            }
        }
        // Tells the store that there is one.
        visited.with(|_, _| ());
        visited
    }

    /// The session that a request names and that is not here, if its owner has one of that id elsewhere.
    pub(crate) async fn take_over(
        self: &Arc<Self>,
        step: &FindSession<'_>,
        engine: &Engine,
        now: Now,
    ) -> Option<Visited> {
        self.stores.sessions.as_ref()?;
        let (id, owner) = (step.id()?, step.owner()?);
        let record = self.load(&owner, id).await?;
        let session =
            Session::restore(record, engine, now).filter(|session| *session.info().owner() == owner)?;
        self.reserve(&owner).ok()?;
        Some(self.admit(id.clone(), session, Opener::default()))
    }
}
