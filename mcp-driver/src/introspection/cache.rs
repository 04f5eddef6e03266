//! Answers that are used again.

use std::fmt;

use mcp_proto::{Now, Tick, UnixSeconds};
use quick_cache::sync::Cache;

use super::answer::Answer;
use crate::token_digest::TokenDigest;

/// The least number of tokens of which it is remembered that they are not good.
const REFUSED_TOKENS_MIN: usize = 64;

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

/// The answers about some tokens. Those about tokens that are not good have a room of their own, which anybody
/// can fill, and nobody to the harm of a good token.
pub(super) struct AnswerCache {
    active: Cache<TokenDigest, Entry>,
    refused: Cache<TokenDigest, Entry>,
    /// For how long a good answer is used again.
    seconds: u64,
}

impl AnswerCache {
    /// A cache for about `tokens_max` good tokens and a quarter as many others. When it is full, tokens that
    /// are not used make room.
    pub(super) fn new(tokens_max: usize, seconds: u64) -> Self {
        let refused_max = (tokens_max / 4).max(REFUSED_TOKENS_MIN);
        Self { active: Cache::new(tokens_max), refused: Cache::new(refused_max), seconds }
    }

    /// The answer about a token, if it may be used again. Drops it otherwise.
    pub(super) fn get(&self, digest: &TokenDigest, now: Now) -> Option<Answer> {
        good(&self.active, digest, now).or_else(|| good(&self.refused, digest, now))
    }

    /// Keeps the answer to a question that was asked at `asked`. Its age counts from there: what was revoked
    /// while the answer was on its way is noticed no later than anything else.
    pub(super) fn insert(&self, digest: TokenDigest, answer: &Answer, asked: Now, now: Now) {
        let (kept, dropped, seconds, over) = match answer {
            Answer::Active(claims) => (&self.active, &self.refused, self.seconds, claims.expires()),
            Answer::Refused(_) => (&self.refused, &self.active, REFUSED_SECONDS, UnixSeconds(u64::MAX)),
        };
        let entry = Entry { answer: answer.clone(), until: asked.tick.after_seconds(seconds), over };
        if entry.is_good(now) {
            kept.insert(digest, entry);
        }
        dropped.remove(&digest);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.active.len() + self.refused.len()
    }
}

fn good(entries: &Cache<TokenDigest, Entry>, digest: &TokenDigest, now: Now) -> Option<Answer> {
    let entry = entries.get(digest)?;
    if entry.is_good(now) {
        return Some(entry.answer);
    }
    // Judged again under the lock: another request may have put a better one in its place.
    entries.remove_if(digest, |entry| !entry.is_good(now));
    None
}

impl fmt::Debug for AnswerCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerCache")
            .field("active", &self.active.len())
            .field("refused", &self.refused.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mcp_proto::jws::{self, Denial};
    use serde_json::json;

    use super::*;
    use crate::signature::test_signer::{START, claims, rules};

    fn active() -> Answer {
        let mut answer = claims("alice", "1");
        answer["active"] = json!(true);
        Answer::Active(Arc::new(jws::introspected(answer.to_string().as_bytes(), &rules()).unwrap()))
    }

    fn is_active(cache: &AnswerCache, token: &str) -> Option<bool> {
        let answer = cache.get(&TokenDigest::of(token), START)?;
        Some(matches!(answer, Answer::Active(_)))
    }

    #[test]
    fn tokens_that_are_not_good_make_no_good_one_go() {
        let cache = AnswerCache::new(10_000, 300);
        let name = |number: usize| TokenDigest::of(&format!("good {number}"));
        for number in 0..1_000 {
            cache.insert(name(number), &active(), START, START);
        }
        for number in 0..100_000 {
            let digest = TokenDigest::of(&format!("bad {number}"));
            cache.insert(digest, &Answer::Refused(Denial::Inactive), START, START);
        }
        assert!((0..1_000).all(|number| cache.get(&name(number), START).is_some()));
    }

    #[test]
    fn there_is_room_for_a_quarter_as_many_that_are_not_good_and_for_some() {
        for (tokens_max, refused_max) in [(0, 64), (256, 64), (10_000, 2_500)] {
            let cache = AnswerCache::new(tokens_max, 300);
            for number in 0..4 * refused_max {
                let digest = TokenDigest::of(&number.to_string());
                cache.insert(digest, &Answer::Refused(Denial::Inactive), START, START);
            }
            // The number is rounded up to a multiple of the number of shards.
            let kept = u64::try_from(cache.len()).unwrap();
            assert!(kept <= cache.refused.capacity(), "{kept}");
            assert!(cache.refused.capacity() >= u64::try_from(refused_max).unwrap());
            assert!(cache.refused.capacity() < u64::try_from(refused_max).unwrap() + 256);
        }
    }

    #[test]
    fn only_the_latest_answer_counts() {
        let cache = AnswerCache::new(10, 300);
        let digest = TokenDigest::of("t");
        let refused = Answer::Refused(Denial::Inactive);
        for (answer, expected) in [(active(), true), (refused.clone(), false), (active(), true)] {
            cache.insert(digest, &answer, START, START);
            assert_eq!(is_active(&cache, "t"), Some(expected));
            assert_eq!(cache.len(), 1);
        }
        let never = AnswerCache::new(10, 0);
        never.insert(digest, &refused, START, START);
        never.insert(digest, &active(), START, START);
        assert_eq!(is_active(&never, "t"), None);
    }
}
