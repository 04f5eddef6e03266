//! When to leave an endpoint alone that does not answer, and how often to tell the operator.

use mcp_proto::Tick;

/// How many tokens are asked about at once.
pub(super) const CALLS_MAX: usize = 32;

/// After how many failures in a row the endpoint is left alone.
pub(super) const FAILURES_MAX: u32 = 5;

/// For how many seconds it is left alone each time.
pub(super) const PAUSE_SECONDS: u64 = 1;

/// For how many seconds the operator is told once that something fails: whoever brings tokens that an endpoint
/// stumbles over must not be able to fill the log.
pub(super) const COMPLAINT_SECONDS: u64 = 1;

/// The failures in a row of one endpoint.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    failures: u32,
    quiet_until: Tick,
}

impl Trouble {
    /// How many calls may be under way. After a pause one of them finds out for all whether the endpoint is
    /// back, so that an outage does not pile up calls that wait for nothing.
    pub(super) fn calls_max(&self, now: Tick) -> usize {
        if !self.is_out() {
            CALLS_MAX
        } else if now < self.quiet_until {
            0
        } else {
            1
        }
    }

    /// Whether the endpoint counts as out of order.
    pub(super) fn is_out(&self) -> bool {
        self.failures >= FAILURES_MAX
    }

    /// The endpoint has answered.
    pub(super) fn answered(&mut self) {
        *self = Self::default();
    }

    /// The endpoint has not.
    pub(super) fn failed(&mut self, now: Tick) {
        self.failures = self.failures.saturating_add(1);
        if self.is_out() {
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

    #[test]
    fn failures_in_a_row_make_a_pause_and_one_call_ends_it() {
        let mut trouble = Trouble::default();
        for _ in 0..FAILURES_MAX - 1 {
            trouble.failed(NOW);
            assert_eq!(trouble.calls_max(NOW), CALLS_MAX);
        }
        trouble.failed(NOW);
        assert_eq!(trouble.calls_max(NOW), 0);
        assert_eq!(trouble.calls_max(Tick(9_999_999)), 0);
        assert_eq!(trouble.calls_max(Tick(10_000_000)), 1);

        trouble.failed(Tick(10_000_000));
        assert_eq!(trouble.calls_max(Tick(10_999_999)), 0);
        assert_eq!(trouble.calls_max(Tick(11_000_000)), 1);
        trouble.answered();
        assert_eq!(trouble.calls_max(Tick(11_000_000)), CALLS_MAX);
    }

    #[test]
    fn an_answer_between_failures_starts_the_count_anew() {
        let mut trouble = Trouble::default();
        for _ in 0..10 {
            for _ in 0..FAILURES_MAX - 1 {
                trouble.failed(NOW);
            }
            trouble.answered();
        }
        assert!(!trouble.is_out());
    }

    #[test]
    fn the_operator_is_told_once_a_second() {
        let mut complaints = Complaints::default();
        let told: Vec<bool> =
            [0, 0, 999_999, 1_000_000, 1_999_999, 5_000_000].map(|at| complaints.is_due(Tick(at))).into();
        assert_eq!(told, [true, false, false, true, false, true]);
    }
}
