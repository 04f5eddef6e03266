//! The step that needs facts about the caller, and what the policy makes of them.

use std::{fmt, sync::Arc};

use http::HeaderValue;

use super::{Caller, Exchange, Step, read_body};
use crate::{
    auth::{AuthPolicy, Protection, Scheme, principal::Principal},
    jws::{Claims, Denial},
    refusal::{Outage, Refusal},
    time::{Deadline, Now, Why},
};

/// A caller is waiting to be recognised. No byte of the body has been read.
#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
pub struct Verify<'e> {
    exchange: Exchange<'e>,
    held: HeldCredentials,
    deadline: Deadline,
}

#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
enum HeldCredentials {
    Head { anonymous: bool },
    Bearer(HeldToken),
}

/// What there is to recognise a caller by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented<'v> {
    /// Everything in the head of the request, for the application's verifier.
    Head,
    /// A bearer token, and nothing else.
    Bearer(Token<'v>),
}

/// The field value that holds the token, and how much of its end the token is.
#[cfg_attr(feature = "enumerate", derive(Clone))]
struct HeldToken {
    field: HeaderValue,
    length: usize,
}

impl fmt::Debug for HeldToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeldToken({} bytes)", self.length)
    }
}

/// A bearer token. `Debug` tells its length and nothing else.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token<'v>(&'v str);

impl<'v> Token<'v> {
    /// The token itself, for the verifier and nobody else.
    #[must_use]
    pub fn reveal(self) -> &'v str {
        self.0
    }
}

impl fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({} bytes)", self.0.len())
    }
}

/// What a verifier found out; whether that is enough, the core decides.
#[derive(Debug, Clone)]
pub enum Facts {
    /// A trusted key signed these claims. Issuer, audience, times and scopes are still checked.
    Signed(Arc<Claims>),
    /// The token is not good, for this reason.
    Denied(Denial),
    /// The application recognised the caller. Expiry and scopes are still checked.
    Accepted(Arc<Principal>),
    /// The application accepts nothing that the request brought.
    Rejected,
    /// The application's verifier failed.
    Failed,
    /// It cannot be found out now. Answered 503, never 401, and nobody gets in.
    Unavailable(Outage),
}

impl<'e> Verify<'e> {
    /// The application judges the head.
    pub(super) fn of_head(exchange: Exchange<'e>, anonymous: bool, now: Now) -> Self {
        Self::new(exchange, HeldCredentials::Head { anonymous }, now)
    }

    /// `token` is the end of the one `Authorization` field.
    pub(super) fn of_bearer(mut exchange: Exchange<'e>, field: &HeaderValue, token: &str, now: Now) -> Self {
        exchange.manner.scheme = Scheme::Bearer;
        let token = HeldToken { length: token.len(), field: field.clone() };
        Self::new(exchange, HeldCredentials::Bearer(token), now)
    }

    fn new(exchange: Exchange<'e>, held: HeldCredentials, now: Now) -> Self {
        let deadline = Deadline {
            at: now.tick.after_micros(exchange.engine.timeouts().verify_micros),
            why: Why::Verify,
        };
        Self { exchange, held, deadline }
    }

    /// What there is to verify.
    #[must_use]
    pub fn presented(&self) -> Presented<'_> {
        match &self.held {
            HeldCredentials::Head { .. } => Presented::Head,
            HeldCredentials::Bearer(token) => Presented::Bearer(token.token()),
        }
    }

    /// When to give up and report [`Outage::TimedOut`].
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// Goes on with what was found out.
    pub fn resolve(self, facts: Facts, now: Now) -> Step<'e> {
        let Self { mut exchange, held, .. } = self;
        let auth = exchange.engine.auth();
        let caller = match recognise(auth, &held, facts, now) {
            Ok(caller) => caller,
            Err(refusal) => return read_body::refuse(exchange, refusal, now),
        };
        let granted = caller.principal().scopes();
        let lacking =
            auth.protection().map(Protection::baseline).filter(|needs| !needs.satisfied_by(granted));
        let refusal = lacking.map(|needs| Refusal::InsufficientScope(needs.scopes().clone()));
        exchange.caller = Some(caller);
        match refusal {
            None => read_body::after_the_head(exchange, now),
            Some(refusal) => read_body::refuse(exchange, refusal, now),
        }
    }
}

impl HeldToken {
    fn token(&self) -> Token<'_> {
        let bytes = self.field.as_bytes().trim_ascii_end();
        let start = bytes.len().saturating_sub(self.length);
        // A token is visible ASCII, so an empty text only stands for a field that changed.
        Token(bytes.get(start..).and_then(|token| std::str::from_utf8(token).ok()).unwrap_or(""))
    }
}

/// Who the caller is, if the facts are of the kind that the policy asks for and good enough for it.
fn recognise(auth: &AuthPolicy, held: &HeldCredentials, facts: Facts, now: Now) -> Result<Caller, Refusal> {
    // Facts of another kind than the policy asks for say nothing about the caller.
    let misreported = Refusal::Unavailable(Outage::VerifierUnavailable);
    match (auth, held, facts) {
        (_, _, Facts::Unavailable(outage)) => Err(Refusal::Unavailable(outage)),
        (AuthPolicy::Bearer(policy), HeldCredentials::Bearer(_), Facts::Signed(claims)) => {
            // TOK-01, AUTH-06: every claim is good now, whenever the signature was checked.
            policy.rules().check(&claims, None, now.unix).map_err(Refusal::InvalidToken)?;
            Ok(Caller::of_claims(claims))
        }
        (AuthPolicy::Bearer(_), HeldCredentials::Bearer(_), Facts::Denied(denial)) => {
            Err(Refusal::InvalidToken(denial))
        }
        (AuthPolicy::Custom(_), HeldCredentials::Head { .. }, Facts::Accepted(principal)) => {
            if now.unix < principal.expires() {
                Ok(Caller::of_application(principal))
            } else {
                Err(Refusal::InvalidToken(Denial::Expired))
            }
        }
        (AuthPolicy::Custom(_), HeldCredentials::Head { anonymous }, Facts::Rejected) => {
            Err(Refusal::Rejected { anonymous: *anonymous })
        }
        (AuthPolicy::Custom(_), HeldCredentials::Head { .. }, Facts::Failed) => Err(Refusal::VerifierFailed),
        (AuthPolicy::Open | AuthPolicy::Bearer(_) | AuthPolicy::Custom(_), _, _) => Err(misreported),
    }
}
