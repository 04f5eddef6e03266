//! Enumerates every sequence of choices that a piece of code can ask for.
//!
//! The code draws choices while it runs; it is run again with the next sequence until each has had
//! its turn. Choices that a run does not get to are not multiplied.

use std::cell::{Cell, RefCell};

/// One sequence of choices, extended as the code asks for more.
#[derive(Debug, Default)]
pub struct Draw {
    taken: RefCell<Vec<Choice>>,
    position: Cell<usize>,
}

#[derive(Debug, Clone, Copy)]
struct Choice {
    taken: usize,
    count: usize,
}

impl Draw {
    /// One of `count` values, from 0; `count` must not be zero.
    ///
    /// # Panics
    /// When the code asks for something else than in the run before, and so is not deterministic.
    pub fn choice(&self, count: usize) -> usize {
        assert!(count > 0, "there is nothing to choose from");
        let position = self.position.replace(self.position.get().saturating_add(1));
        let mut sequence = self.taken.borrow_mut();
        match sequence.get(position) {
            Some(choice) => {
                assert_eq!(choice.count, count, "a replayed run asks for other choices");
                choice.taken
            }
            None => {
                sequence.push(Choice { taken: 0, count });
                0
            }
        }
    }

    /// Goes back to the beginning of the same sequence.
    pub fn rewind(&self) {
        self.position.set(0);
    }

    /// Goes on to the next sequence: the last choice that has another value left takes it, and
    /// those behind it are forgotten. False when there is none.
    pub fn advance(&mut self) -> bool {
        self.position.set(0);
        let sequence = self.taken.get_mut();
        while let Some(last) = sequence.pop() {
            let next = last.taken.saturating_add(1);
            if next < last.count {
                sequence.push(Choice { taken: next, ..last });
                return true;
            }
        }
        false
    }
}

/// Runs `code` with every sequence of choices and tells how many there were.
pub fn each(mut code: impl FnMut(&Draw)) -> u64 {
    let mut draw = Draw::default();
    let mut runs = 0_u64;
    loop {
        code(&draw);
        runs = runs.saturating_add(1);
        if !draw.advance() {
            return runs;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Draw, each};

    #[test]
    fn every_sequence_is_run_once_and_choices_not_reached_are_not_multiplied() {
        let mut seen = Vec::new();
        let runs = each(|draw| {
            let first = draw.choice(3);
            let second = if first == 1 { draw.choice(2) } else { 9 };
            seen.push((first, second));
        });
        assert_eq!(runs, 4);
        assert_eq!(seen, [(0, 9), (1, 0), (1, 1), (2, 9)]);
    }

    #[test]
    fn a_rewound_sequence_repeats_itself() {
        let mut draw = Draw::default();
        draw.choice(2);
        assert!(draw.advance());
        let first = (draw.choice(2), draw.choice(5));
        draw.rewind();
        assert_eq!((draw.choice(2), draw.choice(5)), first);
        assert_eq!(first, (1, 0));
    }

    #[test]
    fn code_without_choices_runs_once() {
        assert_eq!(each(|_| {}), 1);
    }

    #[test]
    #[should_panic(expected = "asks for other choices")]
    fn code_that_is_not_deterministic_is_noticed() {
        let draw = Draw::default();
        draw.choice(2);
        draw.rewind();
        draw.choice(3);
    }
}
