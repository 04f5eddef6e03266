//! One direction of a connection.

use std::{collections::VecDeque, task::Waker};

/// Bytes that are under way from one end to the other.
pub(super) struct Direction {
    bytes: VecDeque<u8>,
    capacity: usize,
    /// The writing end writes no more.
    is_closed: bool,
    /// The reading end reads no more.
    is_broken: bool,
    /// The server, waiting for bytes or for room.
    waiting: Option<Waker>,
}

impl Direction {
    pub(super) fn new(capacity: usize) -> Self {
        Self { bytes: VecDeque::new(), capacity, is_closed: false, is_broken: false, waiting: None }
    }

    /// Puts as many bytes under way as there is room for; how many. Bytes that nobody will read need none.
    pub(super) fn put(&mut self, bytes: &[u8]) -> usize {
        if self.is_closed || self.is_broken {
            return 0;
        }
        let room = self.capacity.saturating_sub(self.bytes.len()).min(bytes.len());
        self.bytes.extend(bytes.iter().take(room));
        room
    }

    /// Bytes that have arrived; nothing where none have, unless there will be no more.
    pub(super) fn take(&mut self, bytes_max: usize) -> Option<Vec<u8>> {
        if self.bytes.is_empty() && !self.is_closed {
            return None;
        }
        let taken = self.bytes.len().min(bytes_max);
        Some(self.bytes.drain(..taken).collect())
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn close(&mut self) {
        self.is_closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Nothing arrives any more, not even what is under way.
    pub(super) fn break_off(&mut self) -> Option<Waker> {
        self.is_broken = true;
        self.bytes = VecDeque::new();
        self.woken()
    }

    pub(super) fn wait(&mut self, waker: &Waker) {
        self.waiting = Some(waker.clone());
    }

    /// Who waited, to be woken.
    pub(super) fn woken(&mut self) -> Option<Waker> {
        self.waiting.take()
    }
}
