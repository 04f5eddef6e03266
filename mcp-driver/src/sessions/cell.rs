//! One session behind its lock, and who waits at it.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    task::{Poll, Waker},
};

use mcp_proto::session::{Effect, Owner, Party, Session, SessionId};

use super::table::Table;
use crate::{landing::Landing, limits::ServerLimits, load::Load, recognise::CallerData, stores::SessionKey};

/// A session that is kept.
pub(crate) struct Cell {
    pub(super) id: SessionId,
    pub(super) owner: Owner,
    /// What is known of the opener, where later requests bring no credentials.
    pub(super) opener: Opener,
    key: OnceLock<SessionKey>,
    /// Tells whoever asks a store something for the session that it is over.
    gone: OnceLock<Arc<Landing<()>>>,
    /// How many questions handlers have had names for.
    questions: AtomicU64,
    state: Mutex<State>,
    /// How far the store is behind; see [`super::storing`].
    pub(super) saving: AtomicU8,
}

/// What a recogniser knew of the opener beside the facts.
#[derive(Clone, Default)]
pub(crate) struct Opener {
    pub(crate) load: Option<Arc<Load>>,
    pub(crate) value: Option<CallerData>,
}

struct State {
    session: Session,
    wakers: Wakers,
    /// It is over, and the table has been told.
    is_gone: bool,
    /// The bytes that the table counts for it. None yet of what it keeps from its beginning.
    counted: usize,
}

/// Who is to be woken when there is something for them.
#[derive(Default)]
pub(crate) struct Wakers {
    waiting: Vec<(Party, Waker)>,
    /// Dropping one may run foreign code, so it happens without the lock.
    spent: Vec<Waker>,
}

impl Wakers {
    /// Whoever is a party waits.
    pub(crate) fn wait(&mut self, party: Party, waker: &Waker) {
        match self.waiting.iter_mut().find(|(known, _)| *known == party) {
            Some((_, known)) if known.will_wake(waker) => {}
            Some((_, known)) => self.spent.push(std::mem::replace(known, waker.clone())),
            None => self.waiting.push((party, waker.clone())),
        }
    }

    /// Nobody waits any more.
    pub(crate) fn forget(&mut self, party: Party) {
        let forgotten = self.take(party);
        self.spent.extend(forgotten);
        if self.waiting.is_empty() {
            self.waiting = Vec::new();
        }
    }

    fn take(&mut self, party: Party) -> Option<Waker> {
        let place = self.waiting.iter().position(|(known, _)| *known == party)?;
        Some(self.waiting.swap_remove(place).1)
    }
}

impl Cell {
    pub(super) fn new(id: SessionId, session: Session, opener: Opener) -> Self {
        let owner = session.info().owner().clone();
        let state = State { session, wakers: Wakers::default(), is_gone: false, counted: 0 };
        Self {
            id,
            owner,
            opener,
            key: OnceLock::new(),
            gone: OnceLock::new(),
            questions: AtomicU64::new(0),
            state: Mutex::new(state),
            saving: AtomicU8::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The machine is whole between any two of its calls, and no other code runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the session says of itself, without doing anything to it.
    pub(super) fn look<T>(&self, look: impl FnOnce(&Session) -> T) -> T {
        look(&self.lock().session)
    }

    /// The session is over.
    pub(super) fn land(&self) {
        if let Some(gone) = self.gone.get() {
            gone.land(());
        }
    }

    /// What comes of something, unless the session is over before.
    pub(super) async fn unless_gone<T>(&self, of: impl Future<Output = T>) -> Option<T> {
        let gone = Arc::clone(self.gone.get_or_init(Arc::default)).wait();
        if self.look(Session::is_over) {
            return None;
        }
        let (mut of, mut gone) = (pin!(of), pin!(gone));
        poll_fn(|cx| match of.as_mut().poll(cx) {
            Poll::Ready(came) => Poll::Ready(Some(came)),
            Poll::Pending => gone.as_mut().poll(cx).map(|()| None),
        })
        .await
    }

    pub(super) fn key(&self) -> &SessionKey {
        self.key.get_or_init(|| SessionKey::of(&self.id))
    }
}

/// A session, and the table that it is in.
#[derive(Clone)]
pub(crate) struct Visited {
    pub(super) table: Arc<Table>,
    pub(super) cell: Arc<Cell>,
}

impl Visited {
    /// Does something to the session, then what it wants done for that. The lock is held for neither waking nor
    /// storing, which run foreign code.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Session, &mut Wakers) -> T) -> T {
        let (mut woken, mut outside) = (Vec::new(), Vec::new());
        let mut state = self.cell.lock();
        let State { session, wakers, is_gone, counted } = &mut *state;
        let done = act(session, wakers);
        self.table.weigh(session, counted);
        while let Some(effect) = session.poll_effect() {
            match effect {
                Effect::Wake(party) => woken.extend(wakers.take(party)),
                effect @ (Effect::Append(_) | Effect::Replay { .. } | Effect::Save) => outside.push(effect),
            }
        }
        let has_gone = session.is_over() && !std::mem::replace(is_gone, session.is_over());
        let spent = std::mem::take(&mut wakers.spent);
        drop(state);
        drop(spent);
        woken.into_iter().for_each(Waker::wake);
        if has_gone {
            self.table.forget(&self.cell);
        }
        for effect in outside {
            self.perform(effect);
        }
        done
    }

    pub(crate) fn limits(&self) -> &ServerLimits {
        &self.table.limits
    }

    pub(crate) fn opener(&self) -> &Opener {
        &self.cell.opener
    }

    /// Names the session where its id must not be.
    pub(crate) fn key(&self) -> &SessionKey {
        self.cell.key()
    }

    /// A name for a question that no other has on any server, also after the session was taken over (ELI-06).
    pub(crate) fn name_question(&self) -> String {
        let number = self.cell.questions.fetch_add(1, Ordering::Relaxed);
        let epoch = self.cell.look(Session::epoch);
        format!("{}-{epoch}-{number}", self.key())
    }
}

impl fmt::Debug for Visited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Visited").field(&self.cell.owner).finish()
    }
}
