//! The step that needs facts about the caller.

use std::{fmt, sync::Arc};

use http::HeaderValue;

use super::{Exchange, Step, read_body};
use crate::{
    auth::AuthPolicy,
    jws::{Claims, Denial},
    refusal::{Outage, Refusal},
    time::{Deadline, Now, Why},
};

/// A token is waiting to be verified. No byte of the body has been read.
#[derive(Debug)]
#[cfg_attr(feature = "enumerate", derive(Clone))]
pub struct Verify<'e> {
    exchange: Exchange<'e>,
    token: HeldToken,
    deadline: Deadline,
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

/// What a verifier found out about a token; whether that is enough, the core decides.
#[derive(Debug, Clone)]
pub enum Facts {
    /// A trusted key signed these claims. Issuer, audience, times and scopes are still checked.
    Signed(Arc<Claims>),
    /// The token is not good, for this reason.
    Denied(Denial),
    /// It cannot be found out now. Answered 503, never 401, and nobody gets in.
    Unavailable(Outage),
}

impl<'e> Verify<'e> {
    /// `token` is the end of the one `Authorization` field.
    pub(super) fn new(exchange: Exchange<'e>, field: &HeaderValue, token: &str, now: Now) -> Self {
        let deadline = Deadline {
            at: now.tick.after_micros(exchange.engine.timeouts().verify_micros),
            why: Why::Verify,
        };
        let token = HeldToken { length: token.len(), field: field.clone() };
        Self { exchange, token, deadline }
    }

    /// The token to verify.
    #[must_use]
    pub fn token(&self) -> Token<'_> {
        let bytes = self.token.field.as_bytes().trim_ascii_end();
        let start = bytes.len().saturating_sub(self.token.length);
        // A token is visible ASCII, so an empty text only stands for a field that changed.
        Token(bytes.get(start..).and_then(|token| std::str::from_utf8(token).ok()).unwrap_or(""))
    }

    /// When to give up and report [`Outage::TimedOut`].
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// Goes on with what was found out.
    pub fn resolve(self, facts: Facts, now: Now) -> Step<'e> {
        let mut exchange = self.exchange;
        match judge(exchange.engine.auth(), facts, now) {
            Ok(claims) => {
                exchange.claims = claims;
                read_body::after_the_head(exchange, now)
            }
            Err(refusal) => read_body::refuse(exchange, refusal, now),
        }
    }
}

/// Who may use the endpoint: a signed token whose every claim is good now (TOK-01, AUTH-06), with
/// the scopes that the endpoint asks of everyone.
fn judge(auth: &AuthPolicy, facts: Facts, now: Now) -> Result<Option<Arc<Claims>>, Refusal> {
    let policy = match auth {
        AuthPolicy::Open => return Ok(None),
        AuthPolicy::Bearer(policy) => policy,
    };
    let claims = match facts {
        Facts::Signed(claims) => claims,
        Facts::Denied(denial) => return Err(Refusal::InvalidToken(denial)),
        Facts::Unavailable(outage) => return Err(Refusal::Unavailable(outage)),
    };
    policy.rules().check(&claims, None, now.unix).map_err(Refusal::InvalidToken)?;
    let baseline = policy.baseline();
    if baseline.satisfied_by(claims.principal().scopes()) {
        Ok(Some(claims))
    } else {
        Err(Refusal::InsufficientScope(baseline.scopes().clone()))
    }
}
