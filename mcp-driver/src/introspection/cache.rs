//! Answers that are used again.

use std::fmt;

use mcp_proto::{Now, Tick, UnixSeconds};
use quick_cache::sync::Cache;

use super::answer::Answer;
use crate::token_digest::TokenDigest;

/// For how many seconds it is remembered that a token is not good, so that one such token cannot make this
/// server flood its issuer.
pub(super) const REFUSED_SECONDS: u64 = 10;

#[derive(Clone)]
struct Entry {
    answer: Answer,
    /// The first moment at which it is too old.
    until: Tick,
    /// The first second at which the token is over.
    over: UnixSeconds,
}

impl Entry {
    fn is_good(&self, now: Now) -> bool {
        now.tick < self.until && now.unix < self.over
    }
}

/// The answers about some tokens.
pub(super) struct AnswerCache {
    entries: Cache<TokenDigest, Entry>,
    /// For how long a good answer is used again.
    seconds: u64,
}

impl AnswerCache {
    /// A cache for about `tokens_max` tokens. When it is full, tokens that are not used make room.
    pub(super) fn new(tokens_max: usize, seconds: u64) -> Self {
        Self { entries: Cache::new(tokens_max), seconds }
    }

    /// The answer about a token, if it may be used again. Drops it otherwise.
    pub(super) fn get(&self, digest: &TokenDigest, now: Now) -> Option<Answer> {
        let entry = self.entries.get(digest)?;
        if entry.is_good(now) {
            return Some(entry.answer);
        }
        // Judged again under the lock: another request may have put a better one in its place.
        self.entries.remove_if(digest, |entry| !entry.is_good(now));
        None
    }

    /// Keeps the answer to a question that was asked at `asked`. Its age counts from there: what was revoked
    /// while the answer was on its way is noticed no later than anything else.
    pub(super) fn insert(&self, digest: TokenDigest, answer: &Answer, asked: Now, now: Now) {
        let (seconds, over) = match answer {
            Answer::Active(claims) => (self.seconds, claims.expires()),
            Answer::Refused(_) => (REFUSED_SECONDS, UnixSeconds(u64::MAX)),
        };
        let entry = Entry { answer: answer.clone(), until: asked.tick.after_seconds(seconds), over };
        if entry.is_good(now) {
            self.entries.insert(digest, entry);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

impl fmt::Debug for AnswerCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerCache").field("entries", &self.entries.len()).finish_non_exhaustive()
    }
}
