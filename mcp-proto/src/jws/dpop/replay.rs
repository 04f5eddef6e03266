//! Which proofs were used before (RFC 9449 section 11.1).

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::jws::Thumbprint;
use crate::time::UnixSeconds;

/// One owner may take up the whole window divided by this: a single client with a single good token is
/// stopped long before it could shut out the others.
pub const OWNER_SHARE_DIVISOR: usize = 16;

/// How many entries that are over are dropped for one that is admitted. More than one, so that the
/// window shrinks while it is used; few, so that none of its users pays for all the others.
const DROPPED_AT_ONCE: usize = 4;

/// What a [`ReplayWindow`] says about an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "only what is fresh may be let through"]
pub enum Admission {
    /// It was not seen before, and is remembered now.
    Fresh,
    /// It was seen before, or so long ago that nobody could tell.
    Replayed,
    /// Its owner has used up its share, so it cannot be let through; others can.
    ShareUsedUp,
    /// There is no room to remember it, so it cannot be let through. Nothing that has to be
    /// remembered makes room for it.
    Full,
}

/// Remembers ids until they cannot be used any more. Time and digests are given to it.
///
/// An entry takes up to 190 bytes, and up to 270 where each is of another owner. One admission takes time
/// that grows with the logarithm of the number of entries, and with the number of different last
/// seconds that the owner's entries have; what is over goes a few entries at a time.
#[derive(Debug, Clone)]
pub struct ReplayWindow {
    entries_max: usize,
    /// The last second of each id.
    until: BTreeMap<[u8; 32], UnixSeconds>,
    /// The ids by their last second, with their owners. Some have got a later one since, and are
    /// found in both.
    due: BTreeMap<UnixSeconds, Vec<([u8; 32], Thumbprint)>>,
    /// How many ids of an owner have this last second; never zero. Together as many as in `until`.
    counts: BTreeMap<(Thumbprint, UnixSeconds), usize>,
    /// The first last second of which every id is still known. Ids that end sooner may have been seen.
    known_from: UnixSeconds,
}

impl ReplayWindow {
    /// A window for at most so many ids at a time. Memory is taken as it is needed.
    #[must_use]
    pub fn new(entries_max: usize) -> Self {
        Self {
            entries_max,
            until: BTreeMap::new(),
            due: BTreeMap::new(),
            counts: BTreeMap::new(),
            known_from: UnixSeconds(0),
        }
    }

    /// The same window where ids that end before this second count as seen: what was let through before
    /// there was this window, nobody remembers.
    #[must_use]
    pub fn knowing_from(self, until: UnixSeconds) -> Self {
        Self { known_from: self.known_from.max(until), ..self }
    }

    /// Lets an id through that was not let through before, and remembers it up to and including
    /// the second `until`.
    ///
    /// `id` is a SHA-256 over what names a proof: the thumbprint of its key, which is the `owner`, then its
    /// `jti`. An owner has a share of [`Self::share_max`] ids that are not over. When clocks step back, ids
    /// that are already forgotten count as seen.
    pub fn admit(
        &mut self,
        id: [u8; 32],
        owner: Thumbprint,
        until: UnixSeconds,
        now: UnixSeconds,
    ) -> Admission {
        self.drop_some(now);
        let is_forgotten = until < now || until < self.known_from;
        if is_forgotten || self.until.get(&id).is_some_and(|until| *until >= now) {
            return Admission::Replayed;
        }
        // Entries that are over are in the way only when fewer were found than are dropped at once,
        // and then none is left.
        if self.until.len() >= self.entries_max {
            return Admission::Full;
        }
        if self.live_of(owner, now) >= self.share_max() {
            return Admission::ShareUsedUp;
        }
        if let Some(over) = self.until.insert(id, until) {
            self.uncount(owner, over);
        }
        self.due.entry(until).or_default().push((id, owner));
        let count = self.counts.entry((owner, until)).or_default();
        *count = count.saturating_add(1);
        Admission::Fresh
    }

    /// How many ids of one owner are remembered at a time: the window's divided by
    /// [`OWNER_SHARE_DIVISOR`], at least one.
    #[must_use]
    pub fn share_max(&self) -> usize {
        (self.entries_max / OWNER_SHARE_DIVISOR).max(1)
    }

    /// How many ids are remembered, among them a few that are over.
    #[must_use]
    pub fn len(&self) -> usize {
        self.until.len()
    }

    /// Whether no id is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.until.is_empty()
    }

    fn drop_some(&mut self, now: UnixSeconds) {
        let mut left = DROPPED_AT_ONCE;
        while left > 0
            && let Some(mut first) = self.due.first_entry()
            && *first.key() < now
        {
            let over = *first.key();
            let Some((id, owner)) = first.get_mut().pop() else {
                first.remove();
                continue;
            };
            if self.until.get(&id) == Some(&over) {
                self.until.remove(&id);
                self.uncount(owner, over);
                self.known_from = self.known_from.max(UnixSeconds(over.0.saturating_add(1)));
                left = left.saturating_sub(1);
            }
        }
    }

    /// How many ids of this owner are not over.
    fn live_of(&self, owner: Thumbprint, now: UnixSeconds) -> usize {
        let ends = (owner, now)..=(owner, UnixSeconds(u64::MAX));
        self.counts.range(ends).map(|(_, count)| count).sum()
    }

    fn uncount(&mut self, owner: Thumbprint, until: UnixSeconds) {
        let counted = (owner, until);
        match self.counts.get(&counted).map_or(0, |count| count.saturating_sub(1)) {
            0 => self.counts.remove(&counted),
            left => self.counts.insert(counted, left),
        };
    }
}
