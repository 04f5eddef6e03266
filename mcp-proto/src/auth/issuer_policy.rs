//! One issuer: whose tokens are accepted, and under which rules.

use crate::{
    error::BuildError,
    jws::{
        AlgorithmSet, LEEWAY_SECONDS_DEFAULT, LEEWAY_SECONDS_MAX, Profile, TokenRules, TokenRulesError,
        Verification,
    },
};

use super::metadata;

/// The tokens of one issuer that are accepted. Nothing is shared between issuers.
#[derive(Debug, Clone)]
pub struct IssuerPolicy {
    issuer: String,
    audiences: Vec<String>,
    profile: Profile,
    verification: Verification,
    leeway_seconds: u64,
    algorithms: AlgorithmSet,
    client_as_audience: bool,
    grants: Vec<Grant>,
    kept: Vec<String>,
}

#[derive(Debug, Clone)]
struct Grant {
    path: Vec<String>,
    value: String,
    scope: String,
}

impl IssuerPolicy {
    /// Tokens that `issuer` issued for `audience`; both are compared byte for byte. The audience is
    /// mandatory (AUTH-06), and usually the URL that clients use (RFC 8707).
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audiences: vec![audience.into()],
            profile: Profile::default(),
            verification: Verification::default(),
            leeway_seconds: LEEWAY_SECONDS_DEFAULT,
            algorithms: AlgorithmSet::default(),
            client_as_audience: false,
            grants: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// The issuer, as tokens name it.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The first audience, under which the server goes where it has no other name.
    pub(super) fn first_audience(&self) -> &str {
        self.audiences.first().map_or("", String::as_str)
    }

    /// Which signatures are accepted.
    #[must_use]
    pub fn accepted_algorithms(&self) -> AlgorithmSet {
        self.algorithms
    }

    /// Another name that this server goes by at the issuer: tokens for any of them are accepted.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// What tokens look like; RFC 9068 without this.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// How tokens are found to be good; by signature without this.
    #[must_use]
    pub fn verification(mut self, verification: Verification) -> Self {
        self.verification = verification;
        self
    }

    /// How far clocks may differ, in seconds: at most 300, 60 by default.
    #[must_use]
    pub fn leeway_seconds(mut self, seconds: u64) -> Self {
        self.leeway_seconds = seconds;
        self
    }

    /// Which signatures are accepted; by default ES256, RS256, PS256 and EdDSA.
    #[must_use]
    pub fn algorithms(mut self, algorithms: AlgorithmSet) -> Self {
        self.algorithms = algorithms;
        self
    }

    /// Takes the client of a token without `aud` for its audience
    /// ([`TokenRules::with_client_as_audience`]).
    #[must_use]
    pub fn client_as_audience(mut self) -> Self {
        self.client_as_audience = true;
        self
    }

    /// Grants `scope` to whoever has `value` in the claim at the end of `path`
    /// ([`TokenRules::with_grant`]).
    #[must_use]
    pub fn grant<N: Into<String>>(
        mut self,
        path: impl IntoIterator<Item = N>,
        value: impl Into<String>,
        scope: impl Into<String>,
    ) -> Self {
        let path = path.into_iter().map(Into::into).collect();
        self.grants.push(Grant { path, value: value.into(), scope: scope.into() });
        self
    }

    /// Keeps this claim of every token for the application ([`crate::exchange::Caller::claim`]): a tenant,
    /// say, or an address.
    #[must_use]
    pub fn keep_claim(mut self, name: impl Into<String>) -> Self {
        self.kept.push(name.into());
        self
    }

    /// The rules.
    pub(super) fn rules(&self) -> Result<TokenRules, BuildError> {
        let refused = |error| self.refused(error);
        metadata::check_issuer(&self.issuer)?;
        let rules = TokenRules::new(self.issuer.clone(), self.audiences.iter().map(String::as_str))
            .and_then(|rules| rules.with_leeway_seconds(self.leeway_seconds))
            .and_then(|rules| rules.with_algorithms(self.algorithms))
            .map_err(refused)?
            .with_profile(self.profile)
            .with_verification(self.verification);
        let rules = if self.client_as_audience { rules.with_client_as_audience() } else { rules };
        let granting = |rules: TokenRules, grant: &Grant| {
            let path = grant.path.iter().map(String::as_str);
            rules.with_grant(path, grant.value.as_str(), &grant.scope)
        };
        let rules = self.grants.iter().try_fold(rules, granting).map_err(refused)?;
        let keeping = |rules: TokenRules, name: &String| rules.with_kept_claim(name.as_str());
        self.kept.iter().try_fold(rules, keeping).map_err(refused)
    }

    fn refused(&self, error: TokenRulesError) -> BuildError {
        match error {
            TokenRulesError::LeewayTooLong => {
                BuildError::Leeway { seconds: self.leeway_seconds, max: LEEWAY_SECONDS_MAX }
            }
            TokenRulesError::AudienceEmpty => BuildError::Audience,
            TokenRulesError::AlgorithmsEmpty => BuildError::Algorithms,
            TokenRulesError::IssuerEmpty
            | TokenRulesError::TokenBytesZero
            | TokenRulesError::GrantPathEmpty
            | TokenRulesError::GrantPathTooLong
            | TokenRulesError::GrantValueEmpty
            | TokenRulesError::GrantScope
            | TokenRulesError::TooManyGrants
            | TokenRulesError::TooManyKeptClaims
            | TokenRulesError::IssuersEmpty
            | TokenRulesError::IssuerRepeated
            | TokenRulesError::IntrospectionRepeated => BuildError::Tokens(self.issuer.clone(), error),
        }
    }
}
