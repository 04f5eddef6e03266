//! Which proofs were used before (RFC 9449 section 11.1).

use std::collections::BTreeMap;

use crate::time::UnixSeconds;

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
    /// There is no room to remember it, so it cannot be let through. Nothing that has to be
    /// remembered makes room for it.
    Full,
}

/// Remembers ids until they cannot be used any more. Time and digests are given to it.
///
/// An entry takes about 100 bytes. One admission takes time that grows with the logarithm of the
/// number of entries; what is over goes a few entries at a time.
#[derive(Debug, Clone)]
pub struct ReplayWindow {
    entries_max: usize,
    /// The last second of each id.
    until: BTreeMap<[u8; 32], UnixSeconds>,
    /// The ids by their last second. Some have got a later one since, and are found in both.
    due: BTreeMap<UnixSeconds, Vec<[u8; 32]>>,
    /// The latest last second of an id that is no longer known.
    dropped: Option<UnixSeconds>,
}

impl ReplayWindow {
    /// A window for at most so many ids at a time. Memory is taken as it is needed.
    #[must_use]
    pub fn new(entries_max: usize) -> Self {
        Self { entries_max, until: BTreeMap::new(), due: BTreeMap::new(), dropped: None }
    }

    /// Lets an id through that was not let through before, and remembers it up to and including
    /// the second `until`.
    ///
    /// `id` is a SHA-256 over what names a proof: the thumbprint of its key, then its `jti`. When
    /// clocks step back, ids that are already forgotten count as seen.
    pub fn admit(&mut self, id: [u8; 32], until: UnixSeconds, now: UnixSeconds) -> Admission {
        self.drop_some(now);
        let is_forgotten = until < now || self.dropped.is_some_and(|dropped| until <= dropped);
        if is_forgotten || self.until.get(&id).is_some_and(|until| *until >= now) {
            return Admission::Replayed;
        }
        // Entries that are over are in the way only when fewer were found than are dropped at once,
        // and then none is left.
        if self.until.len() >= self.entries_max {
            return Admission::Full;
        }
        self.until.insert(id, until);
        self.due.entry(until).or_default().push(id);
        Admission::Fresh
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
            let Some(id) = first.get_mut().pop() else {
                first.remove();
                continue;
            };
            if self.until.get(&id) == Some(&over) {
                self.until.remove(&id);
                self.dropped = self.dropped.max(Some(over));
                left = left.saturating_sub(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Admission, DROPPED_AT_ONCE, ReplayWindow};
    use crate::time::UnixSeconds;
    use proptest::prelude::*;

    fn id(number: u8) -> [u8; 32] {
        [number; 32]
    }

    fn admit(window: &mut ReplayWindow, number: u8, until: u64, now: u64) -> Admission {
        window.admit(id(number), UnixSeconds(until), UnixSeconds(now))
    }

    #[test]
    fn an_id_is_let_through_once_until_its_time_is_over() {
        let mut window = ReplayWindow::new(10);
        assert_eq!(admit(&mut window, 1, 160, 100), Admission::Fresh);
        assert_eq!(admit(&mut window, 2, 160, 100), Admission::Fresh);
        assert_eq!(admit(&mut window, 1, 160, 100), Admission::Replayed);
        assert_eq!(admit(&mut window, 1, 160, 160), Admission::Replayed);
        // Another proof that reuses the name.
        assert_eq!(admit(&mut window, 1, 220, 160), Admission::Replayed);
        assert_eq!(admit(&mut window, 1, 221, 161), Admission::Fresh);
        assert_eq!(admit(&mut window, 1, 221, 161), Admission::Replayed);
    }

    #[test]
    fn a_full_window_admits_nothing_until_an_entry_is_over() {
        let mut window = ReplayWindow::new(2);
        assert_eq!(admit(&mut window, 1, 160, 100), Admission::Fresh);
        assert_eq!(admit(&mut window, 2, 161, 101), Admission::Fresh);
        assert_eq!(admit(&mut window, 3, 160, 101), Admission::Full);
        assert_eq!(admit(&mut window, 1, 160, 101), Admission::Replayed);
        assert_eq!(admit(&mut window, 3, 220, 160), Admission::Full);
        assert_eq!(admit(&mut window, 3, 221, 161), Admission::Fresh);
        assert_eq!(admit(&mut window, 2, 161, 161), Admission::Replayed);
        assert_eq!(admit(&mut window, 4, 221, 161), Admission::Full);
        assert_eq!(window.len(), 2);
    }

    #[test]
    fn a_window_for_nothing_is_full() {
        let mut window = ReplayWindow::new(0);
        assert_eq!(admit(&mut window, 1, 160, 100), Admission::Full);
        assert!(window.is_empty());
    }

    #[test]
    fn what_is_over_goes_a_few_at_a_time() {
        let mut window = ReplayWindow::new(100);
        for number in 0..20 {
            assert_eq!(admit(&mut window, number, 160, 100), Admission::Fresh);
        }
        for number in 20..30 {
            assert_eq!(admit(&mut window, number, 261, 201), Admission::Fresh);
        }
        assert_eq!(20_usize.div_ceil(DROPPED_AT_ONCE), 5);
        assert_eq!(window.len(), 10);
        assert!(window.due.len() <= 2);
    }

    #[test]
    fn what_cannot_be_told_apart_from_a_replay_is_one() {
        let mut window = ReplayWindow::new(10);
        assert_eq!(admit(&mut window, 1, 99, 100), Admission::Replayed);
        assert_eq!(admit(&mut window, 1, 160, 100), Admission::Fresh);
        // The entry is over and gone; then the clock steps back.
        assert_eq!(admit(&mut window, 2, 221, 161), Admission::Fresh);
        assert_eq!(admit(&mut window, 1, 160, 150), Admission::Replayed);
        assert_eq!(admit(&mut window, 3, 160, 150), Admission::Replayed);
        assert_eq!(admit(&mut window, 3, 161, 150), Admission::Fresh);
    }

    #[derive(Debug, Clone, Copy)]
    struct Attempt {
        number: u8,
        lasts: u64,
        step: u64,
    }

    fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
        let attempt = (0..12_u8, 0..8_u64, prop_oneof![3 => Just(0_u64), 2 => 1..3_u64, 1 => 5..12_u64])
            .prop_map(|(number, lasts, step)| Attempt { number, lasts, step });
        proptest::collection::vec(attempt, 0..120)
    }

    proptest! {
        #[test]
        fn it_does_what_a_list_of_all_ids_would_do(entries_max in 0..8_usize, attempts in attempts()) {
            let mut window = ReplayWindow::new(entries_max);
            let mut seen: Vec<(u8, u64)> = Vec::new();
            let mut now = 1_000;
            for Attempt { number, lasts, step } in attempts {
                now += step;
                seen.retain(|(_, until)| *until >= now);
                let expected = if seen.iter().any(|(known, _)| *known == number) {
                    Admission::Replayed
                } else if seen.len() >= entries_max {
                    Admission::Full
                } else {
                    seen.push((number, now + lasts));
                    Admission::Fresh
                };
                prop_assert_eq!(admit(&mut window, number, now + lasts, now), expected);
                prop_assert!(window.len() <= entries_max);
            }
        }

        #[test]
        fn nothing_is_let_through_twice_in_its_time_whatever_the_clock_does(
            attempts in proptest::collection::vec((0..6_u8, 0..20_u64, 0..40_u64), 0..80),
        ) {
            let mut window = ReplayWindow::new(1_000);
            let mut let_through: Vec<(u8, u64)> = Vec::new();
            for (number, until, now) in attempts {
                if admit(&mut window, number, until, now) == Admission::Fresh {
                    prop_assert!(now <= until);
                    // The same proof has the same last second.
                    prop_assert!(!let_through.contains(&(number, until)));
                    let_through.push((number, until));
                }
            }
        }
    }
}
