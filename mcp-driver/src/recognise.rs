//! From what a request presents to facts about its caller, by whatever means the server has.

#[cfg(test)]
mod tests;

use std::{
    any::Any,
    fmt,
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
};

use http::request;
use mcp_proto::{
    AuthPolicy, Now,
    auth::Dpop,
    exchange::{Facts, Presented, Verify},
    jws::TokenRules,
    refusal::Outage,
};

use crate::{
    auth::TokenSource,
    authenticate::{self, ErasedVerifier, RequestHead, Verdict},
    dpop::{DpopVerifier, Nonces},
    fetch::Fetch,
    introspection::{IntrospectionError, Introspector},
    keys::{KeySourceError, KeyStore},
    load::Load,
    peer::ClientCertificate,
    runtime::{EntropyError, Runtime},
    server::Server,
    verifier::{TokenVerifier, TrustedIssuer, principals::Principals},
};

/// What finds out who calls.
pub(crate) enum Recogniser {
    /// Nothing: the server has no authentication.
    Nobody,
    Tokens(Box<TokenVerifier>),
    Application(Application),
}

/// The application's own verifier.
pub(crate) struct Application {
    verifier: Arc<dyn ErasedVerifier>,
    principals: Arc<Principals>,
}

/// The application's value about a caller, whose type only the application knows.
pub(crate) type CallerData = Arc<dyn Any + Send + Sync>;

/// What is known of a caller.
#[derive(Clone)]
pub(crate) struct Verified {
    /// What the core decides on.
    pub(crate) facts: Facts,
    /// The running calls of the caller's principal, where there is one.
    pub(crate) load: Option<Arc<Load>>,
    /// What the application keeps of the caller.
    pub(crate) value: Option<CallerData>,
}

impl Verified {
    /// Nobody was recognised, and this is why.
    pub(crate) fn nobody(facts: Facts) -> Self {
        Self { facts, load: None, value: None }
    }

    pub(crate) fn unavailable(outage: Outage) -> Self {
        Self::nobody(Facts::Unavailable(outage))
    }
}

impl Recogniser {
    /// What the policy of this server asks for. Fetching begins with it.
    pub(crate) fn start<R: Runtime>(
        server: &Server,
        runtime: &R,
        fetch: Option<&Arc<dyn Fetch>>,
    ) -> Result<Self, ServiceError> {
        let snapshot = server.snapshot();
        match (snapshot.engine.auth(), server.verifier()) {
            (AuthPolicy::Bearer(policy), _) => {
                let mut trusted = Vec::new();
                for (rules, source) in policy.issuers().iter().zip(server.sources()) {
                    trusted.push(trusted_issuer(server, rules, source, runtime, fetch)?);
                }
                let dpop = policy.dpop().map(|dpop| proofs(server, dpop, runtime)).transpose()?;
                Ok(Self::Tokens(Box::new(TokenVerifier::new(policy.issuers().clone(), trusted, dpop))))
            }
            (AuthPolicy::Custom(_), Some(verifier)) => {
                let verifier = Arc::clone(verifier);
                Ok(Self::Application(Application::new(verifier, Arc::default())))
            }
            (AuthPolicy::Open | AuthPolicy::Custom(_), _) => Ok(Self::Nobody),
        }
    }

    /// Whether callers can be recognised.
    pub(crate) fn is_ready(&self, now: Now) -> bool {
        match self {
            Self::Nobody | Self::Application(_) => true,
            Self::Tokens(verifier) => verifier.is_ready(now),
        }
    }

    /// What is known about a caller: at once if its token was seen before, else in time or not at all.
    pub(crate) async fn recognise<R: Runtime>(
        &self,
        verify: &Verify<'_>,
        parts: &request::Parts,
        now: &mut Now,
        runtime: &R,
    ) -> Verified {
        match (self, verify.presented()) {
            (Self::Tokens(verifier), Presented::Bearer(token)) => {
                known(verifier, token.reveal(), verify, now, runtime).await
            }
            (Self::Tokens(verifier), Presented::Dpop { token, proof }) => {
                let verified = known(verifier, token.reveal(), verify, now, runtime).await;
                verifier.prove(verified, token.reveal(), proof.reveal(), &parts.method, *now)
            }
            (Self::Application(application), Presented::Head) => {
                in_time(application.ask(parts), verify, now, runtime).await
            }
            // A policy presents what its recogniser was made for.
            (Self::Nobody | Self::Tokens(_) | Self::Application(_), _) => {
                Verified::unavailable(Outage::VerifierUnavailable)
            }
        }
    }
}

fn trusted_issuer<R: Runtime>(
    server: &Server,
    rules: &TokenRules,
    source: &TokenSource,
    runtime: &R,
    fetch: Option<&Arc<dyn Fetch>>,
) -> Result<TrustedIssuer, ServiceError> {
    let remembered = server.limits().cached_tokens;
    match source {
        TokenSource::Keys(source) => {
            let (issuer, algorithms) = (rules.issuer(), rules.algorithms());
            let keys =
                KeyStore::new(source.clone(), issuer, algorithms, server.fetch_policy(), fetch.cloned())?;
            keys.start(runtime);
            Ok(TrustedIssuer::signing(keys, remembered))
        }
        TokenSource::Introspection(introspection) => {
            let settings = introspection.settings()?;
            let fetch = fetch.cloned().ok_or(KeySourceError::FetcherMissing)?;
            let introspector = Introspector::new(settings, rules.clone(), fetch, remembered)?;
            introspector.start(runtime);
            Ok(TrustedIssuer::Asked(introspector))
        }
    }
}

fn proofs<R: Runtime>(server: &Server, dpop: &Dpop, runtime: &R) -> Result<DpopVerifier, ServiceError> {
    let nonces = match (dpop.demands_nonces(), server.shared_nonces()) {
        (true, Some(shared)) => Some(shared.clone()),
        (true, None) => Some(Nonces::new(&runtime.entropy()?)),
        (false, _) => None,
    };
    let start = runtime.now().unix;
    Ok(DpopVerifier::new(dpop.rules().clone(), server.limits().dpop_proofs, nonces, start))
}

/// Why a server cannot be started.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServiceError {
    /// The keys of an issuer cannot be had.
    Keys(KeySourceError),
    /// An issuer cannot be asked about tokens.
    Introspection(IntrospectionError),
    /// There is no randomness for nonces.
    Entropy(EntropyError),
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys(error) => error.fmt(f),
            Self::Introspection(error) => error.fmt(f),
            Self::Entropy(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ServiceError {}

impl From<KeySourceError> for ServiceError {
    fn from(error: KeySourceError) -> Self {
        Self::Keys(error)
    }
}

impl From<IntrospectionError> for ServiceError {
    fn from(error: IntrospectionError) -> Self {
        Self::Introspection(error)
    }
}

impl From<EntropyError> for ServiceError {
    fn from(error: EntropyError) -> Self {
        Self::Entropy(error)
    }
}

impl Application {
    /// Callers whom `verifier` recognises, counted among these principals.
    pub(crate) fn new(verifier: Arc<dyn ErasedVerifier>, principals: Arc<Principals>) -> Self {
        Self { verifier, principals }
    }

    async fn ask(&self, parts: &request::Parts) -> Verified {
        let mut head = RequestHead::new(parts.method.clone(), parts.uri.clone(), parts.headers.clone());
        if let Some(certificate) = parts.extensions.get::<ClientCertificate>() {
            head = head.with_client_certificate(certificate.clone());
        }
        match authenticate::ask(&*self.verifier, head).await {
            Verdict::Accepted(principal, value) => {
                let load = Some(self.principals.load(&principal));
                Verified { facts: Facts::Accepted(principal), load, value }
            }
            Verdict::Denied => Verified::nobody(Facts::Rejected),
            Verdict::Failed => Verified::nobody(Facts::Failed),
            Verdict::Unavailable => Verified::unavailable(Outage::VerifierUnavailable),
        }
    }
}

/// What is known of a token: at once if it was seen before.
async fn known<R: Runtime>(
    verifier: &TokenVerifier,
    token: &str,
    verify: &Verify<'_>,
    now: &mut Now,
    runtime: &R,
) -> Verified {
    match verifier.probe(token, *now) {
        Some(verified) => verified,
        None => in_time(verifier.facts(token, *now, runtime), verify, now, runtime).await,
    }
}

/// What a future finds out before the deadline, after which the clocks are read again.
async fn in_time<R: Runtime>(
    facts: impl Future<Output = Verified>,
    verify: &Verify<'_>,
    now: &mut Now,
    runtime: &R,
) -> Verified {
    let mut facts = pin!(facts);
    let mut timer = pin!(None);
    let verified = poll_fn(|cx| {
        if let Poll::Ready(verified) = facts.as_mut().poll(cx) {
            return Poll::Ready(verified);
        }
        // Only a verifier that keeps us waiting needs a timer.
        if timer.is_none() {
            timer.set(Some(runtime.sleep_until(verify.deadline().at)));
        }
        match timer.as_mut().as_pin_mut() {
            Some(timer) => timer.poll(cx).map(|()| Verified::unavailable(Outage::TimedOut)),
            None => Poll::Pending,
        }
    })
    .await;
    *now = runtime.now();
    verified
}
