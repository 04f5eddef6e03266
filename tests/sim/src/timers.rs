//! Who waits for which moment.

use std::{collections::BTreeMap, task::Waker};

use mcp_driver::proto::Tick;

/// Timers that somebody waits at, the earliest first.
#[derive(Default)]
pub(crate) struct Timers {
    waiting: BTreeMap<Key, Waker>,
    next: u64,
}

/// A moment, and which of the timers of that moment.
pub(crate) type Key = (Tick, u64);

impl Timers {
    /// Waits until `at`, for the first time or again.
    pub(crate) fn wait(&mut self, at: Tick, known: Option<Key>, waker: &Waker) -> (Key, Option<Waker>) {
        let key = known.unwrap_or_else(|| {
            self.next = self.next.wrapping_add(1);
            (at, self.next)
        });
        (key, self.waiting.insert(key, waker.clone()))
    }

    /// Nobody waits there any more.
    pub(crate) fn forget(&mut self, key: Key) -> Option<Waker> {
        self.waiting.remove(&key)
    }

    /// The earliest moment that somebody waits for.
    pub(crate) fn first(&self) -> Option<Tick> {
        self.waiting.keys().next().map(|(at, _)| *at)
    }

    /// Those whose time has come.
    pub(crate) fn due(&mut self, now: Tick) -> Vec<Waker> {
        let later = self.waiting.split_off(&(now, u64::MAX));
        std::mem::replace(&mut self.waiting, later).into_values().collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }
}
