//! Which tokens are asked about at the moment, and which one is next.

use std::{collections::HashMap, sync::Arc, task::Waker};

use mcp_proto::{Tick, refusal::Outage};

use super::{
    answer::Answer,
    line::Line,
    regulars::Standing,
    trouble::{Complaints, Condition, Trouble},
};
use crate::{landing::Landing, token_digest::TokenDigest};

/// How many tokens are asked about at once.
pub(super) const CALLS_MAX: usize = 32;

/// How many of them may be strangers: the other places are only for tokens that were active within the last
/// hour.
pub(super) const STRANGER_CALLS_MAX: usize = CALLS_MAX / 2;

/// How many calls about strangers find out after a pause whether the endpoint is back, so that an outage does
/// not pile up calls that wait for nothing, and one slow call does not hold up all the others.
pub(super) const TRIAL_CALLS_MAX: usize = 4;

/// A call under way.
pub(super) type Flight = Landing<Result<Answer, Outage>>;

/// What is under way, and who waits to be.
#[derive(Default)]
pub(super) struct Desk {
    under_way: HashMap<TokenDigest, UnderWay>,
    /// How many of those are strangers.
    strangers: usize,
    regular_line: Line,
    stranger_line: Line,
    trouble: Trouble,
    complaints: Complaints,
}

struct UnderWay {
    flight: Arc<Flight>,
    standing: Standing,
}

/// What becomes of one who comes to the desk.
pub(super) enum Admission {
    /// It has a place. Those who bring the same token are to be woken, without the lock.
    Begun(Arc<Flight>, Vec<Waker>),
    /// It waits, under this number.
    Waits(u64),
    /// Not now.
    Refused(Outage),
}

impl Desk {
    /// The call about this token, if one is under way.
    pub(super) fn flight(&self, digest: &TokenDigest) -> Option<Arc<Flight>> {
        self.under_way.get(digest).map(|under_way| Arc::clone(&under_way.flight))
    }

    /// Lets one who brings this token have a place, wait or go, where no call about the token is under way.
    /// `number` is the one that it has if it waits already. `waker` may be exchanged for another, to be
    /// dropped without the lock.
    pub(super) fn admit(
        &mut self,
        digest: TokenDigest,
        standing: Standing,
        number: Option<u64>,
        waker: &mut Waker,
        now: Tick,
    ) -> Admission {
        let condition = self.trouble.condition(standing, now);
        if condition == Condition::Pausing {
            return Admission::Refused(Outage::IntrospectionUnavailable);
        }
        if self.line(standing).is_next(number, self.places(standing, now)) {
            return self.begin(digest, standing, number, waker);
        }
        // Who is not among those who find out whether the endpoint is back need not wait for them.
        if condition == Condition::Trying && standing == Standing::Stranger {
            return Admission::Refused(Outage::IntrospectionUnavailable);
        }
        self.wait(digest, standing, number, waker)
    }

    fn begin(
        &mut self,
        digest: TokenDigest,
        standing: Standing,
        number: Option<u64>,
        waker: &mut Waker,
    ) -> Admission {
        if let Some(left) = number.and_then(|number| self.line_mut(standing).leave(number)) {
            *waker = left;
        }
        if standing == Standing::Stranger {
            self.strangers = self.strangers.saturating_add(1);
        }
        let flight = Arc::<Flight>::default();
        self.under_way.insert(digest, UnderWay { flight: Arc::clone(&flight), standing });
        let same = self.regular_line.of(digest).chain(self.stranger_line.of(digest)).collect();
        Admission::Begun(flight, same)
    }

    fn wait(
        &mut self,
        digest: TokenDigest,
        standing: Standing,
        number: Option<u64>,
        waker: &mut Waker,
    ) -> Admission {
        let line = self.line_mut(standing);
        match number {
            Some(number) => {
                line.stay(number, waker);
                Admission::Waits(number)
            }
            None => {
                line.enter(digest, waker).map_or(Admission::Refused(Outage::Overloaded), Admission::Waits)
            }
        }
    }

    /// One who waited does so no longer. Drop the first and wake the others, without the lock.
    pub(super) fn leave(
        &mut self,
        standing: Standing,
        number: u64,
        now: Tick,
    ) -> (Option<Waker>, Vec<Waker>) {
        let left = self.line_mut(standing).leave(number);
        (left, self.next(now))
    }

    /// The endpoint has answered about this token. The result is to be woken without the lock.
    pub(super) fn answered(&mut self, digest: &TokenDigest, now: Tick) -> Vec<Waker> {
        self.end(digest);
        self.trouble.answered();
        self.next(now)
    }

    /// There was no answer about this token. The result is to be woken without the lock.
    pub(super) fn failed(&mut self, digest: &TokenDigest, is_trouble: bool, now: Tick) -> Vec<Waker> {
        let standing = self.end(digest);
        if let (true, Some(standing)) = (is_trouble, standing) {
            self.trouble.failed(standing, now);
        }
        // Where a pause has begun, nobody is to wait for its end.
        self.first(|standing| match self.trouble.condition(standing, now) {
            Condition::Pausing => usize::MAX,
            Condition::Working | Condition::Trying => self.places(standing, now),
        })
    }

    /// Whether this failure is one to tell the operator of.
    pub(super) fn complains(&mut self, now: Tick) -> bool {
        self.complaints.is_due(now)
    }

    fn end(&mut self, digest: &TokenDigest) -> Option<Standing> {
        let ended = self.under_way.remove(digest)?;
        if ended.standing == Standing::Stranger {
            self.strangers = self.strangers.saturating_sub(1);
        }
        Some(ended.standing)
    }

    /// How many calls may begin about tokens of this standing. Regular ones may have every place, and those of
    /// them who wait come before all strangers.
    fn places(&self, standing: Standing, now: Tick) -> usize {
        let free = CALLS_MAX.saturating_sub(self.under_way.len());
        match (standing, self.trouble.condition(standing, now)) {
            (_, Condition::Pausing) => 0,
            (Standing::Regular, Condition::Working | Condition::Trying) => free,
            (Standing::Stranger, Condition::Working) => self.stranger_places(STRANGER_CALLS_MAX, free),
            (Standing::Stranger, Condition::Trying) => self.stranger_places(TRIAL_CALLS_MAX, free),
        }
    }

    fn stranger_places(&self, calls_max: usize, free: usize) -> usize {
        let left = free.saturating_sub(self.regular_line.len());
        calls_max.saturating_sub(self.strangers).min(left)
    }

    /// Those for whom there are places now.
    fn next(&self, now: Tick) -> Vec<Waker> {
        self.first(|standing| self.places(standing, now))
    }

    /// So many of each line.
    fn first(&self, count: impl Fn(Standing) -> usize) -> Vec<Waker> {
        let regulars = self.regular_line.first(count(Standing::Regular));
        regulars.chain(self.stranger_line.first(count(Standing::Stranger))).collect()
    }

    fn line(&self, standing: Standing) -> &Line {
        match standing {
            Standing::Regular => &self.regular_line,
            Standing::Stranger => &self.stranger_line,
        }
    }

    fn line_mut(&mut self, standing: Standing) -> &mut Line {
        match standing {
            Standing::Regular => &mut self.regular_line,
            Standing::Stranger => &mut self.stranger_line,
        }
    }

    #[cfg(test)]
    pub(super) fn under_way(&self) -> usize {
        self.under_way.len()
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.regular_line.len() + self.stranger_line.len()
    }
}
