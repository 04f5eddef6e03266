//! Those who wait for a place at the desk, whoever waited longest first.

use std::{collections::BTreeMap, task::Waker};

use crate::token_digest::TokenDigest;

/// How many may wait in one line. Beyond it a request is refused at once.
pub(super) const WAITING_MAX: usize = 1_024;

/// A line of those who wait.
#[derive(Default)]
pub(super) struct Line {
    /// By their numbers, which grow.
    waiting: BTreeMap<u64, OneWaiting>,
    next: u64,
}

struct OneWaiting {
    digest: TokenDigest,
    waker: Waker,
}

impl Line {
    /// Lets one more wait, and gives it its number. Nothing when the line is full.
    pub(super) fn enter(&mut self, digest: TokenDigest, waker: &Waker) -> Option<u64> {
        if self.waiting.len() >= WAITING_MAX {
            return None;
        }
        let number = self.next;
        self.next = number.wrapping_add(1);
        self.waiting.insert(number, OneWaiting { digest, waker: waker.clone() });
        Some(number)
    }

    /// Wakes this one like so from now on. The caller gets what was there before, to be dropped without a lock.
    pub(super) fn stay(&mut self, number: u64, waker: &mut Waker) {
        if let Some(one) = self.waiting.get_mut(&number) {
            std::mem::swap(&mut one.waker, waker);
        }
    }

    /// This one waits no longer. What is left of it is to be dropped without a lock.
    pub(super) fn leave(&mut self, number: u64) -> Option<Waker> {
        self.waiting.remove(&number).map(|one| one.waker)
    }

    /// Whether so many places are enough for this one, or, without a number, for one who comes now.
    pub(super) fn is_next(&self, number: Option<u64>, places: usize) -> bool {
        match number {
            Some(number) => self.waiting.keys().take(places).any(|first| *first == number),
            None => self.waiting.len() < places,
        }
    }

    /// The first so many.
    pub(super) fn first(&self, places: usize) -> impl Iterator<Item = Waker> {
        self.waiting.values().take(places).map(|one| one.waker.clone())
    }

    /// Those who bring this token.
    pub(super) fn of(&self, digest: TokenDigest) -> impl Iterator<Item = Waker> {
        self.waiting.values().filter(move |one| one.digest == digest).map(|one| one.waker.clone())
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        task::Wake,
    };

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn enter(line: &mut Line, token: &str) -> Option<u64> {
        line.enter(TokenDigest::of(token), Waker::noop())
    }

    #[test]
    fn places_go_to_those_who_waited_longest() {
        let mut line = Line::default();
        assert!(!line.is_next(None, 0));
        assert!(line.is_next(None, 1));
        let numbers: Vec<_> = ["a", "b", "c"].map(|token| enter(&mut line, token)).into();
        let next = |line: &Line, places| -> Vec<bool> {
            numbers.iter().map(|number| line.is_next(*number, places)).collect()
        };
        assert_eq!(next(&line, 0), [false, false, false]);
        assert_eq!(next(&line, 1), [true, false, false]);
        assert_eq!(next(&line, 2), [true, true, false]);
        assert!(!line.is_next(None, 3));
        assert!(line.is_next(None, 4));

        line.leave(numbers[0].unwrap());
        assert_eq!(next(&line, 1), [false, true, false]);
        assert_eq!(line.of(TokenDigest::of("a")).count(), 0);
        assert_eq!(line.of(TokenDigest::of("b")).count(), 1);
        assert_eq!(line.first(1).count(), 1);
    }

    #[test]
    fn who_waits_is_woken_as_it_said_last() {
        let mut line = Line::default();
        let number = enter(&mut line, "t").unwrap();
        let count = Arc::<Count>::default();
        line.stay(number, &mut Waker::from(Arc::clone(&count)));
        line.first(1).for_each(Waker::wake);
        line.of(TokenDigest::of("t")).for_each(Waker::wake);
        assert_eq!(count.0.load(Ordering::Relaxed), 2);
        drop(line.leave(number));
        assert_eq!(Arc::strong_count(&count), 1, "nothing is kept of one who left");
    }

    #[test]
    fn so_many_wait_and_no_more() {
        let mut line = Line::default();
        for _ in 0..WAITING_MAX {
            assert!(enter(&mut line, "t").is_some());
        }
        assert_eq!(enter(&mut line, "one too many"), None);
        line.leave(0);
        assert!(enter(&mut line, "one more").is_some());
        assert_eq!(WAITING_MAX, 1_024);
    }
}
