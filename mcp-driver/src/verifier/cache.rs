//! Tokens that were verified before.

use std::sync::Arc;

use mcp_proto::{UnixSeconds, jws::Claims};
use quick_cache::sync::Cache;

use crate::{load::Load, token_digest::TokenDigest};

/// What is remembered of a good token.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) claims: Arc<Claims>,
    pub(super) load: Arc<Load>,
    /// Of the keys that it was verified with.
    generation: u64,
    /// The first second at which no rule accepts the token any more.
    over: UnixSeconds,
}

impl Entry {
    pub(super) fn new(claims: Arc<Claims>, load: Arc<Load>, generation: u64, leeway_seconds: u64) -> Self {
        let over = UnixSeconds(claims.expires().0.saturating_add(leeway_seconds));
        Self { claims, load, generation, over }
    }

    fn is_good(&self, generation: u64, now: UnixSeconds) -> bool {
        self.generation == generation && now < self.over
    }
}

/// Good tokens and nothing else: a failure is not remembered, since what is refused now may be good with the
/// next keys.
pub(super) struct TokenCache(Cache<TokenDigest, Entry>);

impl TokenCache {
    /// A cache for about `tokens_max` tokens: the number is rounded up to a multiple of the number of shards.
    /// When it is full, tokens that are not used make room.
    pub(super) fn new(tokens_max: usize) -> Self {
        Self(Cache::new(tokens_max))
    }

    /// The entry of a token, if it was verified with the keys of this generation and is not over. Drops it
    /// otherwise.
    pub(super) fn get(&self, digest: &TokenDigest, generation: u64, now: UnixSeconds) -> Option<Entry> {
        let entry = self.0.get(digest)?;
        if entry.is_good(generation, now) {
            return Some(entry);
        }
        // Judged again under the lock: another request may have put a better one in its place.
        self.0.remove_if(digest, |entry| !entry.is_good(generation, now));
        None
    }

    pub(super) fn insert(&self, digest: TokenDigest, entry: Entry) {
        self.0.insert(digest, entry);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> u64 {
        self.0.capacity()
    }
}
