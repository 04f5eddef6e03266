//! Tokens that were good a while ago, and probably are.

use mcp_proto::Tick;
use quick_cache::sync::Cache;

use crate::token_digest::TokenDigest;

/// For how many seconds after a good answer a token counts as a regular one.
pub(super) const REGULAR_SECONDS: u64 = 3_600;

/// What a token that has to be asked about is taken for. It decides who is asked about first, and nothing
/// else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It was active within the last hour.
    Regular,
    /// Nothing good is known of it.
    Stranger,
}

/// The tokens that were active within the last hour. Nobody gets into it without a good token.
pub(super) struct Regulars(Cache<TokenDigest, Tick>);

impl Regulars {
    /// For about `tokens_max` tokens. When it is full, tokens that are not used make room.
    pub(super) fn new(tokens_max: usize) -> Self {
        Self(Cache::new(tokens_max))
    }

    /// What this token is taken for.
    pub(super) fn standing(&self, digest: &TokenDigest, now: Tick) -> Standing {
        match self.0.get(digest) {
            Some(until) if now < until => Standing::Regular,
            Some(_) | None => Standing::Stranger,
        }
    }

    /// It was active at `asked`.
    pub(super) fn insert(&self, digest: TokenDigest, asked: Tick) {
        self.0.insert(digest, asked.after_seconds(REGULAR_SECONDS));
    }

    /// It is good no longer.
    pub(super) fn remove(&self, digest: &TokenDigest) {
        self.0.remove(digest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_regular_for_an_hour_or_until_it_is_refused() {
        let regulars = Regulars::new(10);
        let digest = TokenDigest::of("t");
        let now = Tick(5_000_000);
        assert_eq!(regulars.standing(&digest, now), Standing::Stranger);
        regulars.insert(digest, now);
        assert_eq!(regulars.standing(&digest, Tick(3_604_999_999)), Standing::Regular);
        assert_eq!(regulars.standing(&digest, Tick(3_605_000_000)), Standing::Stranger);
        regulars.remove(&digest);
        assert_eq!(regulars.standing(&digest, now), Standing::Stranger);
    }
}
