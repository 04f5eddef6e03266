use super::{Admission, DROPPED_AT_ONCE, OWNER_SHARE_DIVISOR, ReplayWindow};
use crate::jws::Thumbprint;
use crate::time::UnixSeconds;
use proptest::prelude::*;

fn id(number: u8) -> [u8; 32] {
    [number; 32]
}

/// An id of an owner who has no other.
fn admit(window: &mut ReplayWindow, number: u8, until: u64, now: u64) -> Admission {
    admit_of(window, number, number, until, now)
}

fn admit_of(window: &mut ReplayWindow, owner: u8, number: u8, until: u64, now: u64) -> Admission {
    window.admit(id(number), Thumbprint::new([owner; 32]), UnixSeconds(until), UnixSeconds(now))
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
    assert!(!window.is_empty());
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
    assert_eq!(window.counts.len(), 10);
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

#[test]
fn an_owner_shuts_out_itself_alone() {
    let mut window = ReplayWindow::new(32);
    assert_eq!(window.share_max(), 2);
    assert_eq!(admit_of(&mut window, 1, 1, 160, 100), Admission::Fresh);
    assert_eq!(admit_of(&mut window, 1, 2, 161, 101), Admission::Fresh);
    for number in 3..20 {
        assert_eq!(admit_of(&mut window, 1, number, 161, 101), Admission::ShareUsedUp);
    }
    assert_eq!(admit_of(&mut window, 1, 1, 160, 101), Admission::Replayed);
    assert_eq!(admit_of(&mut window, 2, 20, 161, 101), Admission::Fresh);
    assert_eq!(admit_of(&mut window, 2, 21, 161, 101), Admission::Fresh);
    // Each entry gives its place back to its owner in the second after its last.
    assert_eq!(admit_of(&mut window, 1, 3, 220, 160), Admission::ShareUsedUp);
    assert_eq!(admit_of(&mut window, 1, 3, 221, 161), Admission::Fresh);
    assert_eq!(admit_of(&mut window, 1, 4, 221, 161), Admission::ShareUsedUp);
    assert_eq!(admit_of(&mut window, 1, 4, 222, 162), Admission::Fresh);
}

#[test]
fn a_share_counts_nothing_that_is_over_though_it_is_still_there() {
    let mut window = ReplayWindow::new(16 * 20);
    for owner in [1, 2] {
        for number in 0..20 {
            let number = owner * 100 + number;
            assert_eq!(admit_of(&mut window, owner, number, 160, 100), Admission::Fresh);
        }
    }
    for number in 120..140 {
        assert_eq!(admit_of(&mut window, 1, number, 261, 201), Admission::Fresh);
        // The other owner's entries are the first to be dropped.
        assert!(number > 120 || window.len() == 40 - DROPPED_AT_ONCE + 1);
    }
    assert_eq!(admit_of(&mut window, 1, 140, 261, 201), Admission::ShareUsedUp);
    assert_eq!((window.len(), window.counts.len()), (20, 1));
    // A name that was used again before its first entry was dropped counts once.
    let mut window = ReplayWindow::new(16 * 20);
    for number in 0..20 {
        assert_eq!(admit_of(&mut window, 1, number, 160, 100), Admission::Fresh);
    }
    for number in 0..20 {
        assert_eq!(admit_of(&mut window, 1, number, 261, 201), Admission::Fresh);
    }
    assert_eq!(window.counts.values().sum::<usize>(), 20);
}

#[test]
fn a_share_is_a_sixteenth_and_at_least_one() {
    assert_eq!(OWNER_SHARE_DIVISOR, 16);
    for (entries_max, expected) in [(0, 1), (1, 1), (16, 1), (31, 1), (32, 2), (250_000, 15_625)] {
        assert_eq!(ReplayWindow::new(entries_max).share_max(), expected);
    }
    let mut window = ReplayWindow::new(250_000);
    let mut admit = |number: u64| {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&number.to_be_bytes());
        let owner = Thumbprint::new([7; 32]);
        window.admit(id, owner, UnixSeconds(100 + number % 60), UnixSeconds(100))
    };
    assert!((0..15_625).all(|number| admit(number) == Admission::Fresh));
    assert_eq!(admit(15_625), Admission::ShareUsedUp);
}

#[test]
fn what_ends_before_the_window_began_to_know_counts_as_seen() {
    let mut window = ReplayWindow::new(10).knowing_from(UnixSeconds(160));
    assert_eq!(admit(&mut window, 1, 159, 100), Admission::Replayed);
    assert_eq!(admit(&mut window, 1, 160, 100), Admission::Fresh);
    assert_eq!(window.len(), 1);
}

#[derive(Debug, Clone, Copy)]
struct Attempt {
    number: u8,
    lasts: u64,
    step: u64,
}

fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    let attempt = (0..60_u8, 0..12_u64, prop_oneof![8 => Just(0_u64), 3 => 1..3_u64, 1 => 5..12_u64])
        .prop_map(|(number, lasts, step)| Attempt { number, lasts, step });
    proptest::collection::vec(attempt, 0..200)
}

proptest! {
    #[test]
    fn it_does_what_a_list_of_all_ids_would_do(
        entries_max in prop_oneof![0..12_usize, 30..70_usize],
        ids_of_one in 1..13_u8,
        attempts in attempts(),
    ) {
        let mut window = ReplayWindow::new(entries_max);
        let mut seen: Vec<(u8, u64)> = Vec::new();
        let share = if entries_max < 32 { 1 } else { entries_max / 16 };
        let mut now = 1_000;
        for Attempt { number, lasts, step } in attempts {
            now += step;
            let owner = number / ids_of_one;
            seen.retain(|(_, until)| *until >= now);
            let expected = if seen.iter().any(|(known, _)| *known == number) {
                Admission::Replayed
            } else if seen.len() >= entries_max {
                Admission::Full
            } else if seen.iter().filter(|(known, _)| known / ids_of_one == owner).count() >= share {
                Admission::ShareUsedUp
            } else {
                seen.push((number, now + lasts));
                Admission::Fresh
            };
            prop_assert_eq!(admit_of(&mut window, owner, number, now + lasts, now), expected);
            prop_assert!(window.len() <= entries_max);
            prop_assert_eq!(window.counts.values().sum::<usize>(), window.len());
            prop_assert!(!window.counts.values().any(|count| *count == 0));
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
