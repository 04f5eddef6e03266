//! The step that needs facts about the caller, and what the policy makes of them.

use std::{fmt, sync::Arc};

use http::HeaderValue;

use super::{Caller, Exchange, Step, read_body, visit::Verb};
use crate::{
    auth::{AuthPolicy, BearerPolicy, Protection, Scheme, principal::Principal},
    jws::{
        CertificateThumbprint, Claims, Denial, Identified, KeySet, Possession, SignatureCheck, TokenRules,
        check_certificate,
        dpop::{Proof, ProofDenial},
    },
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
    Dpop(HeldToken, HeldProof),
}

/// The field value that holds the proof.
#[cfg_attr(feature = "enumerate", derive(Clone))]
struct HeldProof(HeaderValue);

impl fmt::Debug for HeldProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeldProof({} bytes)", self.0.len())
    }
}

/// What there is to recognise a caller by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented<'v> {
    /// Everything in the head of the request, for the application's verifier.
    Head,
    /// A bearer token, and nothing else.
    Bearer(Token<'v>),
    /// A token, and a proof that its sender holds the key that it is bound to (RFC 9449 section 4).
    Dpop {
        /// The token.
        token: Token<'v>,
        /// The proof, which is a token too: a JWT that is good once.
        proof: Token<'v>,
    },
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
    /// A trusted key signed these claims, and the key that they are bound to signed this proof, which
    /// has not been used before. What the proof says is still checked.
    Proven(Arc<Claims>, Box<ProofFacts>),
    /// The token is not good, for this reason.
    Denied(Denial),
    /// The token is good and its proof is not.
    ProofRefused(ProofDenial),
    /// The token is good and its proof needs a nonce; here is one, visible ASCII.
    NonceNeeded(Box<HeaderValue>),
    /// The application recognised the caller. Expiry and scopes are still checked.
    Accepted(Arc<Principal>),
    /// The application accepts nothing that the request brought.
    Rejected,
    /// The application's verifier failed.
    Failed,
    /// It cannot be found out now. Answered 503, never 401, and nobody gets in.
    Unavailable(Outage),
}

/// A proof of possession whose signature is good, and what it has to be compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofFacts {
    /// The proof.
    pub proof: Proof,
    /// SHA-256 of the token that it came with.
    pub token_hash: [u8; 32],
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

    /// `token` is the end of the one `Authorization` field.
    pub(super) fn of_dpop(
        exchange: Exchange<'e>,
        field: &HeaderValue,
        token: &str,
        proof: &HeaderValue,
        now: Now,
    ) -> Self {
        let token = HeldToken { length: token.len(), field: field.clone() };
        Self::new(exchange, HeldCredentials::Dpop(token, HeldProof(proof.clone())), now)
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
            HeldCredentials::Dpop(token, proof) => {
                // Nothing but visible ASCII is a proof, and the empty text is none either.
                Presented::Dpop { token: token.token(), proof: Token(proof.0.to_str().unwrap_or("")) }
            }
        }
    }

    /// When to give up and report [`Outage::TimedOut`].
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// Goes on with a signed token that came without a proof, for whoever has its issuer's keys at hand: `keys`
    /// finds those of the issuer that the token comes under, and `is_valid` computes the one bit that the core cannot.
    /// See [`crate::jws`] for the stages between.
    ///
    /// Answered 503 without keys, and for what no signature settles: opaque tokens, proofs of possession, and what an
    /// application has to recognise.
    pub fn resolve_signed<'k>(
        self,
        keys: impl FnOnce(&TokenRules) -> Option<&'k KeySet>,
        is_valid: impl FnOnce(&SignatureCheck<'_>) -> bool,
        now: Now,
    ) -> Step<'e> {
        let facts = self.signed(keys, is_valid);
        self.resolve(facts, now)
    }

    fn signed<'k>(
        &self,
        keys: impl FnOnce(&TokenRules) -> Option<&'k KeySet>,
        is_valid: impl FnOnce(&SignatureCheck<'_>) -> bool,
    ) -> Facts {
        let (Presented::Bearer(token), AuthPolicy::Bearer(policy)) =
            (self.presented(), self.exchange.engine.auth())
        else {
            return Facts::Unavailable(Outage::VerifierUnavailable);
        };
        let unchecked = match policy.issuers().identify(token.reveal()) {
            Ok(Identified::Signed(unchecked)) => unchecked,
            Ok(Identified::Opaque { .. }) => return Facts::Unavailable(Outage::VerifierUnavailable),
            Err(denial) => return Facts::Denied(denial),
        };
        let Some(keys) = keys(unchecked.rules()) else {
            return Facts::Unavailable(Outage::KeysUnavailable);
        };
        let claims = unchecked.with_keys(keys).and_then(|check| {
            let valid = is_valid(&check);
            check.resolve(valid)
        });
        claims.map_or_else(Facts::Denied, |claims| Facts::Signed(Arc::new(claims)))
    }

    /// Goes on with what was found out.
    pub fn resolve(self, facts: Facts, now: Now) -> Step<'e> {
        let Self { mut exchange, held, .. } = self;
        let auth = exchange.engine.auth();
        let sender = Sender { certificate: exchange.certificate.as_deref(), verb: exchange.verb() };
        let caller = match recognise(auth, &held, facts, sender, now) {
            Ok(caller) => caller,
            Err(refusal) => return read_body::refuse(exchange, refusal, now),
        };
        let granted = caller.principal().scopes();
        let lacking =
            auth.protection().map(Protection::baseline).filter(|needs| !needs.satisfied_by(granted));
        let refusal = lacking.map(|needs| Refusal::InsufficientScope(needs.scopes().clone()));
        exchange.caller = Some(caller);
        match refusal {
            None => exchange.go_on(now),
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

/// What is known of a request without its credentials.
#[derive(Clone, Copy)]
struct Sender<'s> {
    certificate: Option<&'s CertificateThumbprint>,
    verb: Verb,
}

/// Who the caller is, if the facts are of the kind that the policy asks for and good enough for it.
fn recognise(
    auth: &AuthPolicy,
    held: &HeldCredentials,
    facts: Facts,
    sender: Sender<'_>,
    now: Now,
) -> Result<Caller, Refusal> {
    // Facts of another kind than the policy asks for say nothing about the caller.
    let misreported = Refusal::Unavailable(Outage::VerifierUnavailable);
    match (auth, held, facts) {
        (_, _, Facts::Unavailable(outage)) => Err(Refusal::Unavailable(outage)),
        (AuthPolicy::Bearer(policy), HeldCredentials::Bearer(_), Facts::Signed(claims)) => {
            check(policy, &claims, None, sender, now)?;
            Ok(Caller::of_claims(claims))
        }
        (AuthPolicy::Bearer(policy), HeldCredentials::Dpop(..), Facts::Proven(claims, facts)) => {
            check(policy, &claims, Some(&facts), sender, now)?;
            Ok(Caller::of_claims(claims))
        }
        // Without a proof of its own, the scheme makes no bound token out of a bearer token.
        (AuthPolicy::Bearer(policy), HeldCredentials::Dpop(..), Facts::Signed(claims)) => {
            check(policy, &claims, None, sender, now)?;
            Err(Refusal::InvalidToken(Denial::NotSenderConstrained))
        }
        (
            AuthPolicy::Bearer(_),
            HeldCredentials::Bearer(_) | HeldCredentials::Dpop(..),
            Facts::Denied(denial),
        ) => Err(Refusal::InvalidToken(denial)),
        (AuthPolicy::Bearer(_), HeldCredentials::Dpop(..), Facts::ProofRefused(denial)) => {
            Err(Refusal::InvalidProof(denial))
        }
        (AuthPolicy::Bearer(_), HeldCredentials::Dpop(..), Facts::NonceNeeded(nonce)) => {
            Err(Refusal::NonceNeeded(nonce))
        }
        (AuthPolicy::Custom(_), HeldCredentials::Head { .. }, Facts::Accepted(principal)) => {
            if now.unix >= principal.expires() {
                return Err(Refusal::InvalidToken(Denial::Expired));
            }
            check_certificate(principal.certificate(), sender.certificate).map_err(Refusal::InvalidToken)?;
            Ok(Caller::of_application(principal))
        }
        (AuthPolicy::Custom(_), HeldCredentials::Head { anonymous }, Facts::Rejected) => {
            Err(Refusal::Rejected { anonymous: *anonymous })
        }
        (AuthPolicy::Custom(_), HeldCredentials::Head { anonymous }, Facts::Failed) => {
            Err(Refusal::VerifierFailed { anonymous: *anonymous })
        }
        (AuthPolicy::Open | AuthPolicy::Bearer(_) | AuthPolicy::Custom(_), _, _) => Err(misreported),
    }
}

/// TOK-01, AUTH-06, XDPOP-05, RFC 8705 section 3: every claim is good now, whenever the signature was checked, and so
/// is the proof; and what the token is bound to is what the sender holds.
fn check(
    policy: &BearerPolicy,
    claims: &Claims,
    facts: Option<&ProofFacts>,
    sender: Sender<'_>,
    now: Now,
) -> Result<(), Refusal> {
    let rules = policy.issuers().rules_of(claims.principal().issuer());
    let rules = rules.ok_or(Refusal::InvalidToken(Denial::IssuerForeign))?;
    let key = facts.map(|facts| facts.proof.thumbprint());
    let held = Possession { key: key.as_ref(), certificate: sender.certificate };
    rules.check(claims, held, now.unix).map_err(Refusal::InvalidToken)?;
    if policy.requires_certificates() && claims.bound_certificate().is_none() {
        return Err(Refusal::InvalidToken(Denial::NotCertificateBound));
    }
    match (facts, policy.dpop()) {
        (None, _) => Ok(()),
        (Some(ProofFacts { proof, token_hash }), Some(dpop)) => {
            let method = sender.verb.as_str();
            dpop.rules().check(proof, method, token_hash, now.unix).map_err(Refusal::InvalidProof)
        }
        (Some(_), None) => Err(Refusal::InvalidToken(Denial::SenderConstrained)),
    }
}
