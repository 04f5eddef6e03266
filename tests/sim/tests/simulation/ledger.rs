//! What has happened inside, as far as clients may not contradict it.

use std::{
    any::Any,
    collections::BTreeMap,
    panic::panic_any,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use mcp_driver::proto::Tick;

/// What everybody writes down. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<Entries>>);

/// What is written down.
#[derive(Default)]
pub(crate) struct Entries {
    /// By what names a call in this world.
    calls: BTreeMap<u64, Entry>,
    nonces: u64,
    /// Handlers that exist.
    pub(crate) alive: usize,
    /// Panics of handlers, and of handlers that were dropped.
    pub(crate) panics: usize,
    pub(crate) drop_panics: usize,
    /// What stores and issuers were made to fail at.
    pub(crate) store_failures: usize,
    pub(crate) fetch_failures: usize,
    /// What a store was asked to forget and will not.
    pub(crate) unforgotten: usize,
    /// Operations that stores and issuers are busy with.
    pub(crate) store_busy: usize,
    pub(crate) issuer_busy: usize,
    /// Nothing fails for now.
    pub(crate) is_calm: bool,
}

/// Where a server waits for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outside {
    Store,
    Issuer,
}

/// An operation that somebody outside is busy with.
pub(crate) struct Busy {
    ledger: Ledger,
    outside: Outside,
}

impl Entries {
    fn busy(&mut self, outside: Outside) -> &mut usize {
        match outside {
            Outside::Store => &mut self.store_busy,
            Outside::Issuer => &mut self.issuer_busy,
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut entries = self.ledger.entries();
        let busy = entries.busy(self.outside);
        *busy = busy.saturating_sub(1);
    }
}

/// What the handler of a call has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) begun: Tick,
    pub(crate) is_alive: bool,
    pub(crate) is_complete: bool,
    /// How often it has told how far it is.
    pub(crate) told: u64,
}

impl Ledger {
    pub(crate) fn entries(&self) -> MutexGuard<'_, Entries> {
        // What panics under this lock ends the simulation.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number that names one call of this world.
    pub(crate) fn nonce(&self) -> u64 {
        let mut entries = self.entries();
        entries.nonces = entries.nonces.saturating_add(1);
        entries.nonces
    }

    /// Nobody asks after any call any more.
    pub(crate) fn forget(&self) {
        self.entries().calls = BTreeMap::new();
    }

    /// The handler of this call, if it was ever begun.
    pub(crate) fn entry(&self, nonce: u64) -> Option<Entry> {
        self.entries().calls.get(&nonce).copied()
    }

    /// Whether the handler of this call is there now.
    pub(crate) fn is_running(&self, nonce: u64) -> bool {
        self.entry(nonce).is_some_and(|entry| entry.is_alive)
    }

    /// Somebody outside begins an operation.
    pub(crate) fn busy(&self, outside: Outside) -> Busy {
        let mut entries = self.entries();
        let busy = entries.busy(outside);
        *busy = busy.saturating_add(1);
        drop(entries);
        Busy { ledger: self.clone(), outside }
    }

    /// Whether the server may have to wait for somebody outside.
    pub(crate) fn is_anybody_busy(&self) -> bool {
        let entries = self.entries();
        (entries.store_busy, entries.issuer_busy) != (0, 0)
    }

    /// A handler begins.
    pub(crate) fn begin(&self, nonce: u64, now: Tick) -> Life {
        let mut entries = self.entries();
        entries.alive = entries.alive.saturating_add(1);
        let entry = Entry { begun: now, is_alive: true, is_complete: false, told: 0 };
        let earlier = entries.calls.insert(nonce, entry);
        assert_eq!(earlier, None, "call {nonce} runs twice");
        drop(entries);
        Life { ledger: self.clone(), nonce, panics_at_drop: false }
    }

    fn change(&self, nonce: u64, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.entries().calls.get_mut(&nonce) {
            change(entry);
        }
    }
}

/// A handler that exists.
pub(crate) struct Life {
    ledger: Ledger,
    nonce: u64,
    pub(crate) panics_at_drop: bool,
}

impl Life {
    /// It returns.
    pub(crate) fn complete(&self) {
        self.ledger.change(self.nonce, |entry| entry.is_complete = true);
    }

    /// It says how far it is; how often it has now.
    pub(crate) fn tells(&self) -> u64 {
        let mut told = 0;
        self.ledger.change(self.nonce, |entry| {
            entry.told = entry.told.saturating_add(1);
            told = entry.told;
        });
        told
    }

    /// It panics.
    pub(crate) fn panic(&self) -> ! {
        self.ledger.entries().panics += 1;
        panic_any(Simulated)
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        let mut entries = self.ledger.entries();
        entries.alive = entries.alive.saturating_sub(1);
        if let Some(entry) = entries.calls.get_mut(&self.nonce) {
            entry.is_alive = false;
        }
        if self.panics_at_drop && !std::thread::panicking() {
            entries.drop_panics += 1;
            drop(entries);
            panic_any(Simulated);
        }
    }
}

/// What handlers panic with. Nothing is printed about it.
#[derive(Debug)]
pub(crate) struct Simulated;

/// Keeps quiet about panics that are meant.
pub(crate) fn quiet_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let payload: &dyn Any = panic.payload();
        if !payload.is::<Simulated>() {
            usual(panic);
        }
    }));
}
