//! Tokens that only their owner can use (RFC 9449): whether, and which proofs are good.

use crate::{
    error::BuildError,
    jws::{
        AlgorithmSet,
        dpop::{DpopRules, DpopRulesError, FUTURE_SECONDS_DEFAULT, PAST_SECONDS_DEFAULT},
    },
};

/// Whether tokens that are bound to a key are accepted, together with a proof that the sender holds
/// the key.
///
/// Without this policy a bound token is refused, however it is presented. With it, a bound token is
/// good with its proof alone: as a bearer token it is refused (XDPOP-06).
#[derive(Debug, Clone)]
pub struct DpopPolicy {
    is_required: bool,
    demands_nonces: bool,
    targets: Vec<String>,
    algorithms: AlgorithmSet,
    past_seconds: u64,
    future_seconds: u64,
}

impl DpopPolicy {
    /// Bound tokens are accepted, and bearer tokens too.
    #[must_use]
    pub fn allowed() -> Self {
        Self {
            is_required: false,
            demands_nonces: false,
            targets: Vec::new(),
            algorithms: AlgorithmSet::default(),
            past_seconds: PAST_SECONDS_DEFAULT,
            future_seconds: FUTURE_SECONDS_DEFAULT,
        }
    }

    /// Only bound tokens are accepted.
    #[must_use]
    pub fn required() -> Self {
        Self { is_required: true, ..Self::allowed() }
    }

    /// Demands in every proof a nonce that this server made a short while ago, so that nobody can make
    /// proofs for later (RFC 9449 section 9). A client's first proof is then refused, with a nonce.
    #[must_use]
    pub fn nonces(mut self) -> Self {
        self.demands_nonces = true;
        self
    }

    /// Another URL under which clients call the endpoint (`htu`). The resource's own is always one.
    #[must_use]
    pub fn target(mut self, url: impl Into<String>) -> Self {
        self.targets.push(url.into());
        self
    }

    /// Which signatures of proofs are accepted; by default ES256, RS256, PS256 and EdDSA.
    #[must_use]
    pub fn algorithms(mut self, algorithms: AlgorithmSet) -> Self {
        self.algorithms = algorithms;
        self
    }

    /// How old a proof may be, in seconds: at most 300, 60 by default.
    #[must_use]
    pub fn past_seconds(mut self, seconds: u64) -> Self {
        self.past_seconds = seconds;
        self
    }

    /// How far ahead the clock of a client may be, in seconds: at most 300, 5 by default.
    #[must_use]
    pub fn future_seconds(mut self, seconds: u64) -> Self {
        self.future_seconds = seconds;
        self
    }

    pub(super) fn build(&self, resource: &str) -> Result<Dpop, BuildError> {
        let targets = [resource].into_iter().chain(self.targets.iter().map(String::as_str));
        let rules = self.rules(targets).map_err(BuildError::Dpop)?;
        Ok(Dpop { rules, is_required: self.is_required, demands_nonces: self.demands_nonces })
    }

    fn rules<'t>(&self, targets: impl Iterator<Item = &'t str>) -> Result<DpopRules, DpopRulesError> {
        DpopRules::new(targets)?
            .with_algorithms(self.algorithms)?
            .with_past_seconds(self.past_seconds)?
            .with_future_seconds(self.future_seconds)
    }
}

/// A [`DpopPolicy`] in force.
#[derive(Debug, Clone)]
pub struct Dpop {
    rules: DpopRules,
    is_required: bool,
    demands_nonces: bool,
}

impl Dpop {
    /// What a proof has to be like.
    #[must_use]
    pub fn rules(&self) -> &DpopRules {
        &self.rules
    }

    /// Whether bearer tokens are refused.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.is_required
    }

    /// Whether a proof needs a nonce of ours.
    #[must_use]
    pub fn demands_nonces(&self) -> bool {
        self.demands_nonces
    }
}
