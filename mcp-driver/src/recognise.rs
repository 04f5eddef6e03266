//! From what a request presents to facts about its caller, by whatever means the server has.

use std::{
    any::Any,
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
};

use http::request;
use mcp_proto::{
    Now,
    exchange::{Facts, Presented, Verify},
    refusal::Outage,
};

use crate::{
    authenticate::{self, ErasedVerifier, RequestHead, Verdict},
    load::Load,
    runtime::Runtime,
    verifier::{TokenVerifier, principals::Principals},
};

/// What finds out who calls.
pub(crate) enum Recogniser {
    /// Nothing: the server has no authentication.
    Nobody,
    Tokens(TokenVerifier),
    Application(Application),
}

/// The application's own verifier.
pub(crate) struct Application {
    verifier: Arc<dyn ErasedVerifier>,
    principals: Principals,
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
    pub(crate) fn application(verifier: Arc<dyn ErasedVerifier>) -> Self {
        Self::Application(Application { verifier, principals: Principals::default() })
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
                if let Some(verified) = verifier.probe(token.reveal(), *now) {
                    return verified;
                }
                let facts = verifier.facts(token.reveal(), *now, runtime);
                in_time(facts, verify, now, runtime).await
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

impl Application {
    async fn ask(&self, parts: &request::Parts) -> Verified {
        let head = RequestHead::new(parts.method.clone(), parts.uri.clone(), parts.headers.clone());
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
