//! Whether there is room for one more session.

use super::policy::SessionPolicy;
use crate::time::Tick;

/// How a session is being used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// Nothing runs in it and no stream of it is open.
    pub idle: bool,
    /// When it was used last.
    pub last: Tick,
}

/// What is too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Crowded {
    /// The server has as many sessions as it may, or nothing to make an id of.
    Server,
    /// The party that asks has, and uses all of them.
    Principal,
}

/// Whether there is room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room<K> {
    /// There is.
    Free,
    /// There is once this one has gone.
    Evict(K),
    /// There is none.
    Full(Crowded),
}

/// Judges whether a party may open one more session. `total` counts all sessions, `own` are the party's.
///
/// A party that has as many as it may gives up the one that it has not used for longest. It never takes a place
/// from another party.
pub fn room<K>(policy: &SessionPolicy, total: usize, own: impl Iterator<Item = (K, Use)>) -> Room<K> {
    let mut count: usize = 0;
    let mut oldest: Option<(K, Tick)> = None;
    for (key, session) in own {
        count = count.saturating_add(1);
        if session.idle && oldest.as_ref().is_none_or(|(_, last)| session.last < *last) {
            oldest = Some((key, session.last));
        }
    }
    let is_own_full = count >= policy.sessions_per_principal_max;
    let is_full = total >= policy.sessions_max;
    match (is_own_full || is_full, oldest) {
        (false, _) => Room::Free,
        (true, Some((key, _))) => Room::Evict(key),
        (true, None) if is_own_full => Room::Full(Crowded::Principal),
        (true, None) => Room::Full(Crowded::Server),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> SessionPolicy {
        SessionPolicy { sessions_max: 4, sessions_per_principal_max: 2, ..SessionPolicy::default() }
    }

    fn session(idle: bool, last: u64) -> Use {
        Use { idle, last: Tick(last) }
    }

    #[test]
    fn a_party_gives_up_its_own_oldest_idle_one_and_no_other() {
        let judge = |total, own: &[Use]| room(&policy(), total, own.iter().copied().enumerate());
        let (busy, old, new) = (session(false, 0), session(true, 5), session(true, 9));
        assert_eq!(judge(0, &[]), Room::Free);
        assert_eq!(judge(3, &[old]), Room::Free, "below both bounds");
        assert_eq!(judge(2, &[new, old]), Room::Evict(1), "two of its own");
        assert_eq!(judge(2, &[old, new]), Room::Evict(0));
        assert_eq!(judge(2, &[busy, new]), Room::Evict(1), "the idle one");
        assert_eq!(judge(2, &[busy, busy]), Room::Full(Crowded::Principal));
        assert_eq!(judge(4, &[]), Room::Full(Crowded::Server));
        assert_eq!(judge(4, &[old]), Room::Evict(0), "its own makes room");
        assert_eq!(judge(4, &[busy]), Room::Full(Crowded::Server));
    }
}
