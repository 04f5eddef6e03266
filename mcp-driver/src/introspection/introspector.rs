//! From a token to facts about it, by asking the issuer: a cache, and one call for all who wait.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
};

use http::HeaderValue;
use mcp_proto::{
    Facts, Now,
    jws::{Denial, TokenRules},
    refusal::Outage,
};

use super::{
    Settings,
    answer::{self, Answer, CallFailure},
    boarding::{Boarded, Boarding},
    cache::AnswerCache,
    desk::{Desk, Flight},
    place::{Place, keep_looking},
    regulars::Regulars,
};
use crate::{
    fetch::{Fetch, Outgoing, fetch_in_time},
    keys::{Discovery, KeySourceError, Metadata},
    runtime::Runtime,
    token_digest::TokenDigest,
};

/// Asks one issuer about tokens.
pub(crate) struct Introspector {
    authorization: HeaderValue,
    place: Place,
    rules: TokenRules,
    fetch: Arc<dyn Fetch>,
    cache: AnswerCache,
    regulars: Regulars,
    desk: Mutex<Desk>,
}

impl Introspector {
    /// Asks the issuer of these rules, with these settings, and remembers about `cached_tokens_max` answers.
    ///
    /// # Errors
    /// When the settings name no endpoint and the issuer is none whose metadata could be found.
    pub(crate) fn new(
        settings: Settings,
        rules: TokenRules,
        fetch: Arc<dyn Fetch>,
        cached_tokens_max: usize,
    ) -> Result<Arc<Self>, KeySourceError> {
        let Settings { endpoint, authorization, cache_seconds } = settings;
        let place = match endpoint {
            Some(url) => Place::at(url),
            None => Place::discovered(Metadata::new(rules.issuer(), &Discovery::default())?),
        };
        let cache = AnswerCache::new(cached_tokens_max, cache_seconds);
        let regulars = Regulars::new(cached_tokens_max);
        Ok(Arc::new(Self { authorization, place, rules, fetch, cache, regulars, desk: Mutex::default() }))
    }

    /// Spawns the task that looks for the endpoint, where the metadata has to say where it is. It ends with
    /// the introspector.
    pub(crate) fn start<R: Runtime>(self: &Arc<Self>, runtime: &R) {
        if self.place.moves() {
            runtime.spawn(keep_looking(Arc::downgrade(self), runtime.clone()));
        }
    }

    /// Whether the endpoint is known. How it answers does not count: strangers have a say in that.
    pub(crate) fn is_ready(&self) -> bool {
        self.place.known().is_some()
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    pub(super) fn cache(&self) -> &AnswerCache {
        &self.cache
    }

    pub(super) fn regulars(&self) -> &Regulars {
        &self.regulars
    }

    pub(super) fn fetcher(&self) -> &dyn Fetch {
        &*self.fetch
    }

    /// What is remembered of a token. Nothing is awaited.
    pub(crate) fn probe(&self, digest: &TokenDigest, now: Now) -> Option<Facts> {
        let answer = self.cache.get(digest, now)?;
        Some(self.judge(answer, now))
    }

    /// Finds out about a token. Waits for a place at the desk, until the caller gives up, and for at most one
    /// call, which goes on without the caller: a peer that leaves at once cannot make this server ask again and
    /// again.
    pub(crate) async fn facts<R: Runtime>(self: &Arc<Self>, token: &str, now: Now, runtime: &R) -> Facts {
        if token.len() > self.rules.token_bytes_max() {
            return Facts::Denied(Denial::TooLong);
        }
        let digest = TokenDigest::of(token);
        let Some(endpoint) = self.place.known() else {
            tracing::debug!("no introspection endpoint is known");
            return Facts::Unavailable(Outage::IntrospectionUnavailable);
        };
        let flight = match Boarding::new(self, runtime, digest, now).await {
            Boarded::Known(answer) => return self.judge(answer, runtime.now()),
            Boarded::Refused(outage) => return Facts::Unavailable(outage),
            Boarded::Under(flight) => flight,
            Boarded::Begun(flight, asked) => {
                let question = answer::question(endpoint, token, &self.authorization);
                runtime.spawn(self.call(digest, question, asked, &flight, runtime).run());
                flight
            }
        };
        match flight.wait().await {
            Ok(answer) => self.judge(answer, runtime.now()),
            Err(outage) => Facts::Unavailable(outage),
        }
    }

    /// A call that has its place at the desk. From here on, whatever becomes of it, its flight lands.
    fn call<R: Runtime>(
        self: &Arc<Self>,
        digest: TokenDigest,
        question: Outgoing,
        asked: Now,
        flight: &Arc<Flight>,
        runtime: &R,
    ) -> Call<R> {
        Call {
            introspector: Arc::clone(self),
            runtime: runtime.clone(),
            digest,
            question,
            asked,
            flight: Arc::clone(flight),
            outcome: Err(CallFailure::Lost),
        }
    }

    /// Takes the outcome of a call.
    fn land(&self, call: &Call<impl Runtime>, now: Now) {
        let next = match &call.outcome {
            Ok(answer) => {
                self.remember(call, answer, now);
                self.desk().answered(&call.digest, now.tick)
            }
            Err(failure) => {
                let mut desk = self.desk();
                let next = desk.failed(&call.digest, failure.is_trouble(), now.tick);
                let is_due = desk.complains(now.tick);
                drop(desk);
                failure.log(call.question.url.host(), is_due);
                next
            }
        };
        next.into_iter().for_each(Waker::wake);
    }

    fn remember(&self, call: &Call<impl Runtime>, answer: &Answer, now: Now) {
        self.cache.insert(call.digest, answer, call.asked, now);
        match answer {
            Answer::Active(_) => self.regulars.insert(call.digest, call.asked.tick),
            Answer::Refused(_) => self.regulars.remove(&call.digest),
        }
    }

    /// What came with the answer may have ended meanwhile, so it is judged at every use.
    fn judge(&self, answer: Answer, now: Now) -> Facts {
        match answer {
            Answer::Active(claims) => match answer::check(&claims, &self.rules, now.unix) {
                Ok(()) => Facts::Signed(claims),
                Err(denial) => Facts::Denied(denial),
            },
            Answer::Refused(denial) => Facts::Denied(denial),
        }
    }

    pub(super) fn desk(&self) -> MutexGuard<'_, Desk> {
        // Nothing that runs under the lock leaves the desk half changed.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.cache.len()
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.desk().waiting()
    }

    #[cfg(test)]
    pub(super) fn under_way(&self) -> usize {
        self.desk().under_way()
    }
}

/// A call under way. Dropping it reports the outcome, so that one which panics or is dropped by the runtime is
/// a failure and not a place that nobody gives back.
struct Call<R: Runtime> {
    introspector: Arc<Introspector>,
    runtime: R,
    digest: TokenDigest,
    question: Outgoing,
    asked: Now,
    flight: Arc<Flight>,
    outcome: Result<Answer, CallFailure>,
}

impl<R: Runtime> Call<R> {
    async fn run(mut self) {
        let question = self.question.clone();
        let fetched = fetch_in_time(&*self.introspector.fetch, question, &self.runtime).await;
        self.outcome = answer::read(fetched, &self.introspector.rules, self.runtime.now().unix);
        if let Ok(Answer::Refused(denial)) = &self.outcome {
            tracing::debug!(rule = denial.rule(), "token refused");
        }
    }
}

impl<R: Runtime> Drop for Call<R> {
    fn drop(&mut self) {
        self.introspector.land(self, self.runtime.now());
        self.flight.land(self.outcome.clone().map_err(|failure| failure.outage()));
    }
}

impl fmt::Debug for Introspector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Introspector").field("issuer", &self.rules.issuer()).finish_non_exhaustive()
    }
}
