//! When to fetch an issuer's keys: refresh, retry, rotation and outage as one machine with injected
//! time.
//!
//! The machine fetches nothing itself. A driver asks [`KeyFetch::wants_fetch`] on its timer and
//! [`KeyFetch::unknown_key`] when a token names a key that is not there; whoever is told `true` has
//! claimed the fetch, performs it and reports with [`KeyFetch::fetched`].
//!
//! Three things hold whatever happens. At most one fetch is under way. Strangers who make up key
//! names cause at most one fetch per cooldown, even while fetches fail. And a set that was good is
//! replaced by a newer good one or by nothing at all, once it is too old; never by an error.
//!
//! An empty set is the one document without a usable key that is no error: it is well-formed, and
//! says that the issuer stands by none of its keys any more. It withdraws them all at once, so that
//! an issuer whose keys were stolen is believed. A set whose members are all of kinds that cannot be
//! used here says no such thing, and replaces nothing.

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use super::keys::{KeySet, KeySetError};
use crate::discovery::DiscoveryError;
use crate::time::Tick;

/// How long a claimed fetch counts as under way, in seconds. One that has not been reported by then
/// was dropped, and does not keep others from fetching. Longer than any fetch may take.
pub const FETCH_SECONDS_MAX: u64 = 30;

/// The shortest time for which an answer counts as fresh, in seconds, whatever it says: an issuer
/// does not choose how often it is asked.
pub const FRESH_SECONDS_MIN: u64 = 60;

/// The times of a [`KeyFetch`], in seconds. Zero counts as one where it would mean fetching without
/// pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchPolicy {
    /// From a success to the next fetch; at least 1. An answer that is fresh for less long is
    /// fetched again sooner.
    pub refresh_seconds: u64,
    /// From a fetch to the next one that an unknown key may cause; at least 1.
    pub cooldown_seconds: u64,
    /// How long keys stay good beyond the time of their refresh while fetches fail.
    pub stale_seconds_max: u64,
    /// From the first failure to the next fetch; at least 1. It doubles with every further failure.
    pub retry_seconds: u64,
    /// The longest time from a failure to the next fetch.
    pub retry_seconds_max: u64,
}

impl Default for FetchPolicy {
    fn default() -> Self {
        Self {
            refresh_seconds: 600,
            cooldown_seconds: 30,
            stale_seconds_max: 3600,
            retry_seconds: 5,
            retry_seconds_max: 60,
        }
    }
}

impl FetchPolicy {
    fn with_pauses(self) -> Self {
        Self {
            refresh_seconds: self.refresh_seconds.max(1),
            cooldown_seconds: self.cooldown_seconds.max(1),
            retry_seconds: self.retry_seconds.max(1),
            retry_seconds_max: self.retry_seconds_max.max(self.retry_seconds).max(1),
            ..self
        }
    }
}

/// Why a fetch brought nothing that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchFailure {
    /// No connection, or it broke, or what came over it is no HTTP.
    Unreachable,
    /// A connection that cannot be trusted.
    Tls(TlsFailure),
    /// No complete answer in time.
    TimedOut,
    /// An answer with another status than 200; redirects are not followed.
    Status(u16),
    /// An answer that is not announced as one of the media types that were asked for.
    MediaType,
    /// A document that is longer than permitted.
    TooLong,
    /// The document is no usable key set.
    Document(KeySetError),
    /// The issuer's metadata does not lead to what was looked for.
    Discovery(DiscoveryError),
}

impl fmt::Display for FetchFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => f.write_str("the server cannot be reached"),
            Self::Tls(failure) => failure.fmt(f),
            Self::TimedOut => f.write_str("the server did not answer in time"),
            Self::Status(status @ 300..=399) => {
                write!(f, "the server answered with status {status}, and redirects are not followed")
            }
            Self::Status(status) => write!(f, "the server answered with status {status}"),
            Self::MediaType => f.write_str("the server's answer has another media type than expected"),
            Self::TooLong => f.write_str("the server's answer is too long"),
            Self::Document(error) => error.fmt(f),
            Self::Discovery(error) => error.fmt(f),
        }
    }
}

/// Why a connection cannot be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsFailure {
    /// There are no certificates to trust, so nobody can be.
    RootsMissing,
    /// The server's certificate was issued by nobody who is trusted.
    IssuerUnknown,
    /// The server's certificate is for another host.
    NameWrong,
    /// The server's certificate is no longer valid.
    Expired,
    /// The server's certificate is not valid yet.
    NotYetValid,
    /// The certificate is bad in another way, or the server does not speak TLS as it should.
    Handshake,
    /// This program was built without TLS.
    Unsupported,
}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RootsMissing => "there are no root certificates to trust",
            Self::IssuerUnknown => "the server's certificate was issued by nobody who is trusted",
            Self::NameWrong => "the server's certificate is for another host",
            Self::Expired => "the server's certificate has expired",
            Self::NotYetValid => "the server's certificate is not valid yet",
            Self::Handshake => "the TLS handshake with the server failed",
            Self::Unsupported => "this program was built without https",
        })
    }
}

impl std::error::Error for FetchFailure {}

impl From<DiscoveryError> for FetchFailure {
    fn from(error: DiscoveryError) -> Self {
        Self::Discovery(error)
    }
}

impl From<KeySetError> for FetchFailure {
    fn from(error: KeySetError) -> Self {
        Self::Document(error)
    }
}

/// The keys of one issuer over time.
#[derive(Debug)]
pub struct KeyFetch {
    policy: FetchPolicy,
    held: Option<Held>,
    generation: u64,
    /// Until when a claimed fetch counts as under way.
    claimed_until: Option<Tick>,
    /// When the next scheduled fetch is due.
    due: Tick,
    /// Before this, an unknown key causes no fetch.
    cool: Tick,
    /// The pause after the next failure.
    retry_seconds: u64,
    failure: Option<FetchFailure>,
}

#[derive(Debug)]
struct Held {
    keys: Arc<KeySet>,
    /// The last moment at which they are good.
    until: Tick,
}

impl KeyFetch {
    /// A machine without keys, whose first fetch is due at once.
    #[must_use]
    pub fn new(policy: FetchPolicy) -> Self {
        let policy = policy.with_pauses();
        Self {
            policy,
            held: None,
            generation: 0,
            claimed_until: None,
            due: Tick::default(),
            cool: Tick::default(),
            retry_seconds: policy.retry_seconds,
            failure: None,
        }
    }

    /// The keys to check tokens with: the latest good set. `None` before the first success, after
    /// all keys were withdrawn, and when the latest success is longer ago than the time to its
    /// refresh and permitted staleness together. Without keys no token is accepted.
    #[must_use]
    pub fn keys(&self, now: Tick) -> Option<&Arc<KeySet>> {
        let held = self.held.as_ref()?;
        (now <= held.until).then_some(&held.keys)
    }

    /// The latest set, however old, and the last moment at which it is good; nothing before the first
    /// success and after all keys were withdrawn.
    #[must_use]
    pub fn held(&self) -> Option<(&Arc<KeySet>, Tick)> {
        self.held.as_ref().map(|held| (&held.keys, held.until))
    }

    /// A number that changes exactly when the content of the key set does; what was verified under
    /// another number has to be verified again.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Why there is no newer set: what the latest fetch failed for, or that the set was empty.
    /// Nothing after a success.
    #[must_use]
    pub fn failure(&self) -> Option<&FetchFailure> {
        self.failure.as_ref()
    }

    /// Whether the caller has to fetch now because it is time to; when so, the fetch is the
    /// caller's.
    #[must_use = "a claimed fetch has to be performed and reported"]
    pub fn wants_fetch(&mut self, now: Tick) -> bool {
        self.claim(now, self.due)
    }

    /// A token names a key that is not in the set: whether the caller may fetch now, because the
    /// keys may have been rotated. When so, the fetch is the caller's; when not, the token is
    /// refused at once.
    ///
    /// The cooldown counts from the start of the latest fetch that an unknown key caused, whatever came
    /// of it. Fetches that were due do not count: keys that are rotated just after one would have to
    /// wait.
    #[must_use = "a claimed fetch has to be performed and reported"]
    pub fn unknown_key(&mut self, now: Tick) -> bool {
        let claimed = self.claim(now, self.cool);
        if claimed {
            self.cool = now.after_seconds(self.policy.cooldown_seconds);
        }
        claimed
    }

    /// Takes the outcome of a fetch. A key that the new set no longer has is withdrawn from here
    /// on; an empty set, which [`KeySet::parse`] tells as [`KeySetError::Empty`], withdraws all of
    /// them and is asked for again like a failure.
    ///
    /// `fresh_seconds`: for how long the answer is fresh, where it said so. It brings the next fetch
    /// forward, to [`FRESH_SECONDS_MIN`] at the earliest, and never puts it off.
    pub fn fetched(&mut self, outcome: Result<KeySet, FetchFailure>, fresh_seconds: Option<u64>, now: Tick) {
        self.claimed_until = None;
        match outcome {
            Ok(keys) => self.succeeded(keys, fresh_seconds, now),
            Err(failure) => {
                if failure == FetchFailure::Document(KeySetError::Empty) {
                    self.withdraw();
                }
                self.failed(failure, now);
            }
        }
    }

    /// When to ask [`Self::wants_fetch`] again; nothing when the policy puts that off for ever.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Tick> {
        let next = match self.claimed_until {
            Some(until) => until.max(self.due),
            None => self.due,
        };
        (next < Tick(u64::MAX)).then_some(next)
    }

    fn claim(&mut self, now: Tick, from: Tick) -> bool {
        let under_way = self.claimed_until.is_some_and(|until| now < until);
        if under_way || now < from {
            return false;
        }
        self.claimed_until = Some(now.after_seconds(FETCH_SECONDS_MAX));
        true
    }

    fn succeeded(&mut self, keys: KeySet, fresh_seconds: Option<u64>, now: Tick) {
        self.failure = None;
        self.retry_seconds = self.policy.retry_seconds;
        let fresh = fresh_seconds.unwrap_or(u64::MAX).max(FRESH_SECONDS_MIN);
        self.due = now.after_seconds(self.policy.refresh_seconds.min(fresh));
        let until = self.due.after_seconds(self.policy.stale_seconds_max);
        let keys = match self.held.take() {
            Some(held) if *held.keys == keys => held.keys,
            Some(_) | None => {
                self.generation = self.generation.wrapping_add(1);
                Arc::new(keys)
            }
        };
        self.held = Some(Held { keys, until });
    }

    fn withdraw(&mut self) {
        if self.held.take().is_some() {
            self.generation = self.generation.wrapping_add(1);
        }
    }

    fn failed(&mut self, failure: FetchFailure, now: Tick) {
        self.failure = Some(failure);
        self.due = now.after_seconds(self.retry_seconds);
        let doubled = self.retry_seconds.saturating_mul(2);
        self.retry_seconds = doubled.min(self.policy.retry_seconds_max);
    }
}
