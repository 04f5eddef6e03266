//! A session as its client knows it.

use std::collections::BTreeSet;

use mcp_driver::proto::Tick;

/// A session.
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) revision: &'static str,
    /// Where a client of 2024-11-05 posts.
    pub(crate) target: Option<String>,
    pub(crate) opened: Tick,
    /// The handshake is done.
    pub(crate) is_ready: bool,
    /// Something has been done that ends it.
    pub(crate) is_ended: bool,
    /// Every event that has come, by its stream and its place there.
    pub(crate) events: BTreeSet<(u64, u64)>,
    /// The last event of a stream that is about no call.
    pub(crate) listened: Option<(u64, u64)>,
}

impl Session {
    pub(crate) fn new(id: String, revision: &'static str, target: Option<String>, opened: Tick) -> Self {
        Self {
            id,
            revision,
            target,
            opened,
            is_ready: false,
            is_ended: false,
            events: BTreeSet::new(),
            listened: None,
        }
    }

    /// Whether the server may have ended it by now, in due course.
    pub(crate) fn may_be_over(&self, now: Tick) -> bool {
        self.is_ended || self.opened.after_micros(crate::world::LIFE_MICROS / 2) <= now
    }
}

/// The two numbers of an event's id.
pub(crate) fn event_id(text: &str) -> (u64, u64) {
    let numbers =
        text.split_once('-').and_then(|(stream, place)| Some((stream.parse().ok()?, place.parse().ok()?)));
    numbers.unwrap_or_else(|| unreachable!("no id of an event: {text}"))
}
