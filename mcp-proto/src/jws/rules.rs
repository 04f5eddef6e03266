//! What a server demands of a token, and the part of it that is checked on every request.

#[cfg(test)]
mod tests;

use std::fmt;

use super::grants::{GRANTS_MAX, Grant};
use super::{AlgorithmSet, Claims, Denial, Possession, Profile, Verification, confirmation};
use crate::time::UnixSeconds;

/// The leeway of new rules, in seconds.
pub const LEEWAY_SECONDS_DEFAULT: u64 = 60;

/// The longest leeway that can be configured, in seconds.
pub const LEEWAY_SECONDS_MAX: u64 = 300;

/// The longest token that new rules let through, in bytes.
pub const TOKEN_BYTES_DEFAULT: usize = 16 * 1024;

/// The most claims that are kept of a token for the application.
pub const KEPT_CLAIMS_MAX: usize = 16;

/// What a server demands of the tokens of one issuer: whom they are for, how old they may be, how
/// they are written and what they grant.
///
/// There is no way to leave the issuer or the audience open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRules {
    issuer: Box<str>,
    audiences: Box<[Box<str>]>,
    leeway_seconds: u64,
    algorithms: AlgorithmSet,
    token_bytes_max: usize,
    profile: Profile,
    verification: Verification,
    takes_client_as_audience: bool,
    grants: Vec<Grant>,
    kept: Vec<Box<str>>,
}

impl TokenRules {
    /// Rules for one issuer and for the names this server goes by, usually one: its resource
    /// identifier.
    ///
    /// Both are compared byte for byte, so a variant spelling that tokens are to be accepted for,
    /// such as one with a trailing slash, is an audience of its own.
    ///
    /// # Errors
    /// When the issuer is empty, when there is no audience, or when one of them is empty.
    pub fn new<A: Into<Box<str>>>(
        issuer: impl Into<Box<str>>,
        audiences: impl IntoIterator<Item = A>,
    ) -> Result<Self, TokenRulesError> {
        let issuer = issuer.into();
        let audiences: Box<[Box<str>]> = audiences.into_iter().map(Into::into).collect();
        if issuer.is_empty() {
            return Err(TokenRulesError::IssuerEmpty);
        }
        if audiences.is_empty() || audiences.iter().any(|audience| audience.is_empty()) {
            return Err(TokenRulesError::AudienceEmpty);
        }
        Ok(Self {
            issuer,
            audiences,
            leeway_seconds: LEEWAY_SECONDS_DEFAULT,
            algorithms: AlgorithmSet::default(),
            token_bytes_max: TOKEN_BYTES_DEFAULT,
            profile: Profile::default(),
            verification: Verification::default(),
            takes_client_as_audience: false,
            grants: Vec::new(),
            kept: Vec::new(),
        })
    }

    /// The same rules with another leeway for differing clocks, at most [`LEEWAY_SECONDS_MAX`].
    ///
    /// # Errors
    /// When the leeway is longer than that.
    pub fn with_leeway_seconds(self, leeway_seconds: u64) -> Result<Self, TokenRulesError> {
        if leeway_seconds > LEEWAY_SECONDS_MAX {
            return Err(TokenRulesError::LeewayTooLong);
        }
        Ok(Self { leeway_seconds, ..self })
    }

    /// The same rules with other algorithms.
    ///
    /// # Errors
    /// When the set is empty.
    pub fn with_algorithms(self, algorithms: AlgorithmSet) -> Result<Self, TokenRulesError> {
        if algorithms.is_empty() {
            return Err(TokenRulesError::AlgorithmsEmpty);
        }
        Ok(Self { algorithms, ..self })
    }

    /// The same rules with another limit on the length of a token, in bytes.
    ///
    /// # Errors
    /// When the limit is zero.
    pub fn with_token_bytes_max(self, token_bytes_max: usize) -> Result<Self, TokenRulesError> {
        if token_bytes_max == 0 {
            return Err(TokenRulesError::TokenBytesZero);
        }
        Ok(Self { token_bytes_max, ..self })
    }

    /// The same rules for tokens as this profile describes them; by default [`Profile::Rfc9068`].
    #[must_use]
    pub fn with_profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// The same rules for tokens that are found to be good in this way; by default
    /// [`Verification::Signature`].
    #[must_use]
    pub fn with_verification(self, verification: Verification) -> Self {
        Self { verification, ..self }
    }

    /// The same rules, with the client standing for the audience of a token that names none: the
    /// audiences of these rules are then the clients whose tokens are accepted.
    ///
    /// For Cognito, whose access tokens have no `aud`. It applies to [`Profile::Compatible`] and to
    /// tokens with `token_use: access` alone. Whoever uses it gives up that a token names whom it is
    /// for: every resource server that trusts these clients can use their tokens here.
    #[must_use]
    pub fn with_client_as_audience(self) -> Self {
        Self { takes_client_as_audience: true, ..self }
    }

    /// The same rules, granting `scope` also to whoever has `value` in the claim at the end of
    /// `path`, which is a string or an array of strings: `["realm_access", "roles"]`, `["groups"]`,
    /// `["https://example.com/roles"]`, `["cognito:groups"]`.
    ///
    /// A claim of any other type grants nothing. A string is one value and is not split.
    ///
    /// # Errors
    /// When the path is empty or has more than [`GRANT_PATH_MAX`](super::GRANT_PATH_MAX) names,
    /// when the value is empty, when the scope is none, or when there are [`GRANTS_MAX`] grants
    /// already.
    pub fn with_grant<N: Into<Box<str>>>(
        mut self,
        path: impl IntoIterator<Item = N>,
        value: impl Into<Box<str>>,
        scope: &str,
    ) -> Result<Self, TokenRulesError> {
        let path = path.into_iter().map(Into::into).collect();
        let grant = Grant::new(path, value.into(), scope)?;
        if self.grants.len() >= GRANTS_MAX {
            return Err(TokenRulesError::TooManyGrants);
        }
        self.grants.push(grant);
        Ok(self)
    }

    /// The same rules, keeping the claim of this name for the application
    /// ([`Claims::kept`]). No rule looks at it. A token without it is as good as one with it.
    ///
    /// # Errors
    /// When [`KEPT_CLAIMS_MAX`] are kept already.
    pub fn with_kept_claim(mut self, name: impl Into<Box<str>>) -> Result<Self, TokenRulesError> {
        if self.kept.len() >= KEPT_CLAIMS_MAX {
            return Err(TokenRulesError::TooManyKeptClaims);
        }
        self.kept.push(name.into());
        Ok(self)
    }

    /// The names of the claims that are kept for the application.
    #[must_use]
    pub fn kept_claims(&self) -> &[Box<str>] {
        &self.kept
    }

    /// The issuer whose tokens are accepted.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The names this server goes by; never empty.
    #[must_use]
    pub fn audiences(&self) -> &[Box<str>] {
        &self.audiences
    }

    /// By how much clocks may differ, in seconds.
    #[must_use]
    pub fn leeway_seconds(&self) -> u64 {
        self.leeway_seconds
    }

    /// The accepted algorithms; never empty.
    #[must_use]
    pub fn algorithms(&self) -> AlgorithmSet {
        self.algorithms
    }

    /// The longest accepted token, in bytes.
    #[must_use]
    pub fn token_bytes_max(&self) -> usize {
        self.token_bytes_max
    }

    /// How the tokens are written.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// How the tokens are found to be good.
    #[must_use]
    pub fn verification(&self) -> Verification {
        self.verification
    }

    /// Whether the client may stand for an absent audience.
    #[must_use]
    pub fn takes_client_as_audience(&self) -> bool {
        self.takes_client_as_audience
    }

    /// What is granted by other claims than those for scopes.
    #[must_use]
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// Compares verified claims with issuer, audience and time, and their binding with what the sender
    /// proved to hold (RFC 9449 section 7.1, RFC 8705 section 3). Allocates nothing; meant for every
    /// request.
    ///
    /// A token is good from `nbf` (and `iat`) on and until just before `exp`, each widened by the
    /// leeway.
    ///
    /// # Errors
    /// [`Denial::IssuerForeign`], [`Denial::AudienceForeign`], [`Denial::Expired`],
    /// [`Denial::NotYetValid`], [`Denial::IssuedInFuture`], [`Denial::SenderConstrained`],
    /// [`Denial::NotSenderConstrained`], [`Denial::KeyNotBound`], [`Denial::CertificateMissing`] or
    /// [`Denial::CertificateNotBound`], whichever applies first in this order.
    pub fn check(&self, claims: &Claims, held: Possession<'_>, now: UnixSeconds) -> Result<(), Denial> {
        // TOK-01, AUTH-05, and AUTH-07, AUTH-08, SBP-06 for the audience (RFC 8707 section 2, RFC 9068 section 4).
        if claims.principal().issuer() != &*self.issuer {
            return Err(Denial::IssuerForeign);
        }
        if !self.is_audience(claims) {
            return Err(Denial::AudienceForeign);
        }
        if now.0 >= claims.expires().0.saturating_add(self.leeway_seconds) {
            return Err(Denial::Expired);
        }
        let latest_start = now.0.saturating_add(self.leeway_seconds);
        if claims.not_before().is_some_and(|start| start.0 > latest_start) {
            return Err(Denial::NotYetValid);
        }
        if claims.issued_at().is_some_and(|issued| issued.0 > latest_start) {
            return Err(Denial::IssuedInFuture);
        }
        confirmation::check(claims.confirmation(), held)
    }

    fn is_audience(&self, claims: &Claims) -> bool {
        claims.audiences().iter().any(|named| self.audiences.contains(named))
    }
}

/// Why token rules cannot be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenRulesError {
    /// The issuer is empty.
    IssuerEmpty,
    /// There is no audience, or an empty one.
    AudienceEmpty,
    /// The leeway is longer than [`LEEWAY_SECONDS_MAX`].
    LeewayTooLong,
    /// No algorithm would be accepted.
    AlgorithmsEmpty,
    /// No token would be short enough.
    TokenBytesZero,
    /// The path to a granting claim names nothing.
    GrantPathEmpty,
    /// The path to a granting claim has more than [`GRANT_PATH_MAX`](super::GRANT_PATH_MAX) names.
    GrantPathTooLong,
    /// The value that grants is empty.
    GrantValueEmpty,
    /// What is granted is no scope.
    GrantScope,
    /// There are more than [`GRANTS_MAX`] grants.
    TooManyGrants,
    /// More than [`KEPT_CLAIMS_MAX`] claims are to be kept.
    TooManyKeptClaims,
    /// There are no rules, for any issuer.
    IssuersEmpty,
    /// Two rules are for the same issuer.
    IssuerRepeated,
    /// More than one issuer is to be asked about tokens, and nothing tells whom to ask about one.
    IntrospectionRepeated,
}

impl fmt::Display for TokenRulesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IssuerEmpty => "the token issuer is empty",
            Self::AudienceEmpty => "a token audience is needed, and none may be empty",
            Self::LeewayTooLong => "the leeway for token times is longer than 300 seconds",
            Self::AlgorithmsEmpty => "no signature algorithm is accepted",
            Self::TokenBytesZero => "the limit on the length of a token is zero",
            Self::GrantPathEmpty => "the path to a claim that grants a scope is empty",
            Self::GrantPathTooLong => "the path to a claim that grants a scope has more than 4 names",
            Self::GrantValueEmpty => "the value that grants a scope is empty",
            Self::GrantScope => "what a claim is to grant is not a scope",
            Self::TooManyGrants => "more than 64 values of claims grant scopes",
            Self::TooManyKeptClaims => "more than 16 claims are to be kept",
            Self::IssuersEmpty => "a token issuer is needed",
            Self::IssuerRepeated => "two token issuers are the same",
            Self::IntrospectionRepeated => "only one token issuer can be asked about tokens",
        })
    }
}

impl std::error::Error for TokenRulesError {}
