//! From a token to facts about it, by asking the issuer: a cache, and one call for all who wait.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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
    cache::AnswerCache,
    flight::Flight,
    place::{Place, keep_looking},
    trouble::{Complaints, Trouble},
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
    desk: Mutex<Desk>,
}

/// What is under way.
#[derive(Default)]
struct Desk {
    flights: HashMap<TokenDigest, Arc<Flight>>,
    trouble: Trouble,
    complaints: Complaints,
}

/// How a token that is not remembered is found out about.
enum Boarded {
    /// It has become known meanwhile.
    Known(Answer),
    /// Somebody asks already.
    Under(Arc<Flight>),
    /// It is to be asked about.
    Begun(Arc<Flight>),
    /// Not now.
    Refused(Outage),
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
        Ok(Arc::new(Self { authorization, place, rules, fetch, cache, desk: Mutex::default() }))
    }

    /// Spawns the task that looks for the endpoint, where the metadata has to say where it is. It ends with
    /// the introspector.
    pub(crate) fn start<R: Runtime>(self: &Arc<Self>, runtime: &R) {
        if self.place.moves() {
            runtime.spawn(keep_looking(Arc::downgrade(self), runtime.clone()));
        }
    }

    /// Whether the endpoint is known and answered when it was last asked.
    pub(crate) fn is_ready(&self) -> bool {
        self.place.known().is_some() && !self.lock().trouble.is_out()
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    pub(super) fn fetcher(&self) -> &dyn Fetch {
        &*self.fetch
    }

    /// What is remembered of a token. Nothing is awaited.
    pub(crate) fn probe(&self, digest: &TokenDigest, now: Now) -> Option<Facts> {
        let answer = self.cache.get(digest, now)?;
        Some(self.judge(answer, now))
    }

    /// Finds out about a token. Waits for at most one call, which goes on without the caller: a peer that
    /// leaves at once cannot make this server ask again and again.
    pub(crate) async fn facts<R: Runtime>(self: &Arc<Self>, token: &str, now: Now, runtime: &R) -> Facts {
        if token.len() > self.rules.token_bytes_max() {
            return Facts::Denied(Denial::TooLong);
        }
        let digest = TokenDigest::of(token);
        let Some(endpoint) = self.place.known() else {
            tracing::debug!("no introspection endpoint is known");
            return Facts::Unavailable(Outage::IntrospectionUnavailable);
        };
        let flight = match self.board(digest, now) {
            Boarded::Known(answer) => return self.judge(answer, now),
            Boarded::Refused(outage) => return Facts::Unavailable(outage),
            Boarded::Under(flight) => flight,
            Boarded::Begun(flight) => {
                let question = answer::question(endpoint, token, &self.authorization);
                runtime.spawn(self.call(digest, question, now, &flight, runtime).run());
                flight
            }
        };
        match flight.wait().await {
            Ok(answer) => self.judge(answer, runtime.now()),
            Err(outage) => Facts::Unavailable(outage),
        }
    }

    fn board(&self, digest: TokenDigest, now: Now) -> Boarded {
        let mut desk = self.lock();
        // Under the lock: a call leaves the desk after its answer is in the cache.
        if let Some(answer) = self.cache.get(&digest, now) {
            return Boarded::Known(answer);
        }
        if let Some(flight) = desk.flights.get(&digest) {
            return Boarded::Under(Arc::clone(flight));
        }
        if desk.flights.len() >= desk.trouble.calls_max(now.tick) {
            let out = desk.trouble.is_out();
            return Boarded::Refused(if out { Outage::IntrospectionUnavailable } else { Outage::Overloaded });
        }
        let flight = Arc::<Flight>::default();
        desk.flights.insert(digest, Arc::clone(&flight));
        Boarded::Begun(flight)
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
        match &call.outcome {
            Ok(answer) => {
                self.cache.insert(call.digest, answer, call.asked, now);
                let mut desk = self.lock();
                desk.flights.remove(&call.digest);
                desk.trouble.answered();
            }
            Err(failure) => {
                let mut desk = self.lock();
                desk.flights.remove(&call.digest);
                if failure.is_trouble() {
                    desk.trouble.failed(now.tick);
                }
                let is_due = desk.complaints.is_due(now.tick);
                drop(desk);
                failure.log(call.question.url.host(), is_due);
            }
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

    fn lock(&self) -> MutexGuard<'_, Desk> {
        // Nothing that runs under the lock leaves the desk half changed.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.cache.len()
    }

    #[cfg(test)]
    pub(super) fn under_way(&self) -> usize {
        self.lock().flights.len()
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
