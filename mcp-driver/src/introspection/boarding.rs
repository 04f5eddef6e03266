//! One who comes to the desk, and waits there while there is no place.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use mcp_proto::{Now, refusal::Outage};

use super::{
    Introspector,
    answer::Answer,
    desk::{Admission, Flight},
    regulars::Standing,
};
use crate::{runtime::Runtime, token_digest::TokenDigest};

/// How a token that is not remembered is found out about.
pub(super) enum Boarded {
    /// It has become known meanwhile.
    Known(Answer),
    /// Somebody asks already.
    Under(Arc<Flight>),
    /// It is to be asked about, at this moment.
    Begun(Arc<Flight>, Now),
    /// Not now.
    Refused(Outage),
}

/// One who comes to the desk. Dropping it leaves the line.
pub(super) struct Boarding<'a, R: Runtime> {
    introspector: &'a Introspector,
    runtime: &'a R,
    digest: TokenDigest,
    standing: Standing,
    came: Now,
    /// In the line, while it waits there.
    number: Option<u64>,
}

impl<'a, R: Runtime> Boarding<'a, R> {
    pub(super) fn new(
        introspector: &'a Introspector,
        runtime: &'a R,
        digest: TokenDigest,
        came: Now,
    ) -> Self {
        let standing = introspector.regulars().standing(&digest, came.tick);
        Self { introspector, runtime, digest, standing, came, number: None }
    }
}

impl<R: Runtime> Future for Boarding<'_, R> {
    type Output = Boarded;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Boarded> {
        let now = if self.number.is_some() { self.runtime.now() } else { self.came };
        // Made before the lock is taken, so that it is dropped after the lock is.
        let mut waker = context.waker().clone();
        let mut desk = self.introspector.desk();
        // Under the lock: a call leaves the desk after its answer is in the cache.
        if let Some(answer) = self.introspector.cache().get(&self.digest, now) {
            return Poll::Ready(Boarded::Known(answer));
        }
        if let Some(flight) = desk.flight(&self.digest) {
            return Poll::Ready(Boarded::Under(flight));
        }
        let admission = desk.admit(self.digest, self.standing, self.number, &mut waker, now.tick);
        drop(desk);
        match admission {
            Admission::Begun(flight, same) => {
                self.number = None;
                same.into_iter().for_each(Waker::wake);
                Poll::Ready(Boarded::Begun(flight, now))
            }
            Admission::Waits(number) => {
                self.number = Some(number);
                Poll::Pending
            }
            Admission::Refused(outage) => Poll::Ready(Boarded::Refused(outage)),
        }
    }
}

impl<R: Runtime> Drop for Boarding<'_, R> {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let now = self.runtime.now();
        let (left, next) = self.introspector.desk().leave(self.standing, number, now.tick);
        // Both may run foreign code, so they happen without the lock.
        drop(left);
        next.into_iter().for_each(Waker::wake);
    }
}
