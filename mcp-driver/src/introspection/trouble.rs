//! When to leave an endpoint alone that does not answer, and how often to tell the operator.

use mcp_proto::Tick;

use super::regulars::Standing;

/// After how many failures in a row the endpoint is left alone.
pub(super) const FAILURES_MAX: u32 = 5;

/// For how many seconds it is left alone each time.
pub(super) const PAUSE_SECONDS: u64 = 1;

/// For how many seconds the operator is told once that something fails: whoever brings tokens that an endpoint
/// stumbles over must not be able to fill the log.
pub(super) const COMPLAINT_SECONDS: u64 = 1;

/// How an endpoint does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// Well, as far as is known.
    Working,
    /// It is left alone.
    Pausing,
    /// It was left alone, and nobody knows yet whether it is back.
    Trying,
}

/// The failures in a row of one endpoint. Failures over strangers make no pause for regular tokens: whoever can
/// make an endpoint fail must not be able to keep out those who can sign in.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// Failures over regular tokens.
    regular: Streak,
    /// Failures over any token.
    any: Streak,
}

#[derive(Debug, Default)]
struct Streak {
    failures: u32,
    quiet_until: Tick,
}

impl Trouble {
    /// How the endpoint does, for tokens of this standing.
    pub(super) fn condition(&self, standing: Standing, now: Tick) -> Condition {
        match standing {
            Standing::Regular => self.regular.condition(now),
            Standing::Stranger => self.any.condition(now),
        }
    }

    /// The endpoint has answered.
    pub(super) fn answered(&mut self) {
        *self = Self::default();
    }

    /// The endpoint has not, over a token of this standing.
    pub(super) fn failed(&mut self, standing: Standing, now: Tick) {
        self.any.failed(now);
        match standing {
            Standing::Regular => self.regular.failed(now),
            Standing::Stranger => {}
        }
    }
}

impl Streak {
    fn condition(&self, now: Tick) -> Condition {
        if self.failures < FAILURES_MAX {
            Condition::Working
        } else if now < self.quiet_until {
            Condition::Pausing
        } else {
            Condition::Trying
        }
    }

    fn failed(&mut self, now: Tick) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES_MAX {
            self.quiet_until = now.after_seconds(PAUSE_SECONDS);
        }
    }
}

/// What the operator was told.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    next: Tick,
}

impl Complaints {
    /// Whether this failure is one to tell of.
    pub(super) fn is_due(&mut self, now: Tick) -> bool {
        let due = now >= self.next;
        if due {
            self.next = now.after_seconds(COMPLAINT_SECONDS);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Tick = Tick(9_000_000);

    /// For regular tokens and for strangers.
    fn both(trouble: &Trouble, now: Tick) -> [Condition; 2] {
        [Standing::Regular, Standing::Stranger].map(|standing| trouble.condition(standing, now))
    }

    #[test]
    fn failures_in_a_row_make_a_pause_and_one_answer_ends_it() {
        let mut trouble = Trouble::default();
        for _ in 0..FAILURES_MAX - 1 {
            trouble.failed(Standing::Regular, NOW);
            assert_eq!(both(&trouble, NOW), [Condition::Working; 2]);
        }
        trouble.failed(Standing::Regular, NOW);
        assert_eq!(both(&trouble, NOW), [Condition::Pausing; 2]);
        assert_eq!(both(&trouble, Tick(9_999_999)), [Condition::Pausing; 2]);
        assert_eq!(both(&trouble, Tick(10_000_000)), [Condition::Trying; 2]);

        trouble.failed(Standing::Regular, Tick(10_000_000));
        assert_eq!(both(&trouble, Tick(10_999_999)), [Condition::Pausing; 2]);
        assert_eq!(both(&trouble, Tick(11_000_000)), [Condition::Trying; 2]);
        trouble.answered();
        assert_eq!(both(&trouble, Tick(11_000_000)), [Condition::Working; 2]);
    }

    #[test]
    fn failures_over_strangers_make_a_pause_for_strangers_only() {
        let mut trouble = Trouble::default();
        for _ in 0..100 {
            trouble.failed(Standing::Stranger, NOW);
        }
        assert_eq!(both(&trouble, NOW), [Condition::Working, Condition::Pausing]);
        assert_eq!(both(&trouble, Tick(10_000_000)), [Condition::Working, Condition::Trying]);
    }

    #[test]
    fn an_answer_between_failures_starts_the_count_anew() {
        let mut trouble = Trouble::default();
        for _ in 0..10 {
            for _ in 0..FAILURES_MAX - 1 {
                trouble.failed(Standing::Regular, NOW);
            }
            trouble.answered();
        }
        assert_eq!(both(&trouble, NOW), [Condition::Working; 2]);
    }

    #[test]
    fn the_operator_is_told_once_a_second() {
        let mut complaints = Complaints::default();
        let told: Vec<bool> =
            [0, 0, 999_999, 1_000_000, 1_999_999, 5_000_000].map(|at| complaints.is_due(Tick(at))).into();
        assert_eq!(told, [true, false, false, true, false, true]);
    }
}
