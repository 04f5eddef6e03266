//! Stores that delay, reorder, fail and hang.

use std::{
    future::pending,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use mcp_driver::{
    EventStore, MemoryEvents, MemorySessions, Runtime, SessionKey, SessionStore, StoreError, Storing,
    proto::session::Owner,
};
use mcp_sim::{SimRuntime, draw::Draw};

use crate::{
    ledger::{Ledger, Outside},
    plan::Plan,
};

/// What a store is put through. Each of its operations takes its own time, so that they overtake one another.
pub(crate) struct Trouble {
    runtime: SimRuntime,
    draw: Mutex<Draw>,
    ledger: Ledger,
    delays: bool,
    fails: bool,
    hangs: bool,
    /// Who has not forgotten something is told again.
    is_retried: bool,
}

enum Fate {
    Done,
    Failed,
    Hanging,
}

impl Trouble {
    pub(crate) fn new(plan: &Plan, draw: Draw, runtime: SimRuntime, ledger: Ledger) -> Arc<Self> {
        let (delays, fails, hangs) = (plan.store_delays, plan.store_fails, plan.store_hangs);
        let is_retried = plan.has_session_store;
        Arc::new(Self { runtime, draw: Mutex::new(draw), ledger, delays, fails, hangs, is_retried })
    }

    /// What comes of an operation, and after how long.
    fn draw(&self) -> (u64, Fate) {
        let mut draw = self.draw.lock().unwrap_or_else(PoisonError::into_inner);
        let micros = if self.delays { *draw.pick(&[0, 0, 1, 1_000, 300_000, 2_000_000]) } else { 0 };
        let fate = match draw.below(100) {
            0..5 if self.fails => Fate::Failed,
            5..8 if self.hangs => Fate::Hanging,
            _ => Fate::Done,
        };
        (micros, fate)
    }

    async fn go_through(&self) -> Result<(), StoreError> {
        let (micros, fate) = self.draw();
        self.meet(micros, fate).await
    }

    /// The same, for what is to be forgotten.
    async fn go_through_forgetting(&self) -> Result<(), StoreError> {
        let (micros, fate) = self.draw();
        if match fate {
            Fate::Done => false,
            Fate::Failed => !self.is_retried,
            Fate::Hanging => true,
        } {
            self.ledger.entries().unforgotten += 1;
        }
        self.meet(micros, fate).await
    }

    async fn meet(&self, micros: u64, fate: Fate) -> Result<(), StoreError> {
        let _busy = self.ledger.busy(Outside::Store);
        if micros > 0 {
            self.runtime.sleep_until(self.runtime.now().tick.after_micros(micros)).await;
        }
        match fate {
            Fate::Done => Ok(()),
            Fate::Failed => {
                self.ledger.entries().store_failures += 1;
                Err(io::Error::other("simulated").into())
            }
            Fate::Hanging => pending().await,
        }
    }
}

/// Events in trouble.
#[derive(Clone)]
pub(crate) struct Events {
    pub(crate) kept: Arc<MemoryEvents>,
    pub(crate) trouble: Arc<Trouble>,
}

impl EventStore for Events {
    fn append<'s>(
        &'s self,
        owner: &'s Owner,
        session: &'s SessionKey,
        stream: u64,
        sequence: u64,
        event: Bytes,
    ) -> Storing<'s, ()> {
        Box::pin(async move {
            self.trouble.go_through().await?;
            self.kept.append(owner, session, stream, sequence, event).await
        })
    }

    fn replay<'s>(
        &'s self,
        owner: &'s Owner,
        session: &'s SessionKey,
        stream: u64,
        after: u64,
        events_max: usize,
    ) -> Storing<'s, Option<Vec<(u64, Bytes)>>> {
        Box::pin(async move {
            self.trouble.go_through().await?;
            self.kept.replay(owner, session, stream, after, events_max).await
        })
    }

    fn forget<'s>(&'s self, owner: &'s Owner, session: &'s SessionKey) -> Storing<'s, ()> {
        Box::pin(async move {
            self.trouble.go_through_forgetting().await?;
            self.kept.forget(owner, session).await
        })
    }
}

/// Records of sessions in trouble.
#[derive(Clone)]
pub(crate) struct Records {
    pub(crate) kept: Arc<MemorySessions>,
    pub(crate) trouble: Arc<Trouble>,
}

impl SessionStore for Records {
    fn save<'s>(&'s self, owner: &'s Owner, session: &'s SessionKey, record: &'s [u8]) -> Storing<'s, ()> {
        Box::pin(async move {
            self.trouble.go_through().await?;
            self.kept.save(owner, session, record).await
        })
    }

    fn load<'s>(&'s self, owner: &'s Owner, session: &'s SessionKey) -> Storing<'s, Option<Vec<u8>>> {
        Box::pin(async move {
            self.trouble.go_through().await?;
            self.kept.load(owner, session).await
        })
    }

    fn forget<'s>(&'s self, owner: &'s Owner, session: &'s SessionKey) -> Storing<'s, ()> {
        Box::pin(async move {
            self.trouble.go_through_forgetting().await?;
            self.kept.forget(owner, session).await
        })
    }
}
