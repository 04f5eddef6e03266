//! What a proof is compared with.

use std::fmt;

use super::target::Target;
use super::{Proof, ProofDenial};
use crate::jws::AlgorithmSet;
use crate::time::UnixSeconds;

/// How old a proof may be under new rules, in seconds.
pub const PAST_SECONDS_DEFAULT: u64 = 60;

/// How far ahead of our clock a proof may be made under new rules, in seconds.
pub const FUTURE_SECONDS_DEFAULT: u64 = 5;

/// The most that can be configured for either, in seconds (XDPOP-02).
pub const WINDOW_SECONDS_MAX: u64 = 300;

/// The longest proof that new rules let through, in bytes.
pub const PROOF_BYTES_DEFAULT: usize = 8 * 1024;

/// What a server demands of a proof: which requests it may be for, how old it may be.
///
/// Whether a proof has to carry a nonce is not among the rules: whoever hands out nonces checks
/// them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DpopRules {
    targets: Box<[Target]>,
    algorithms: AlgorithmSet,
    past_seconds: u64,
    future_seconds: u64,
    proof_bytes_max: usize,
}

impl DpopRules {
    /// Rules for the URLs under which clients call this server, usually one.
    ///
    /// They come from the configuration, as clients know them: what a request says about its own
    /// host may be somebody else's choice, and behind a proxy it is not what the client called. A
    /// query and a fragment are ignored.
    ///
    /// # Errors
    /// When there is no URL, or when one is neither absolute `https` nor `http` on a loopback host.
    pub fn new(targets: impl IntoIterator<Item: AsRef<str>>) -> Result<Self, DpopRulesError> {
        let targets: Result<Box<[Target]>, _> = targets.into_iter().map(|url| target(url.as_ref())).collect();
        let targets = targets?;
        if targets.is_empty() {
            return Err(DpopRulesError::TargetMissing);
        }
        Ok(Self {
            targets,
            algorithms: AlgorithmSet::default(),
            past_seconds: PAST_SECONDS_DEFAULT,
            future_seconds: FUTURE_SECONDS_DEFAULT,
            proof_bytes_max: PROOF_BYTES_DEFAULT,
        })
    }

    /// The same rules with other algorithms.
    ///
    /// # Errors
    /// When the set is empty.
    pub fn with_algorithms(self, algorithms: AlgorithmSet) -> Result<Self, DpopRulesError> {
        if algorithms.is_empty() {
            return Err(DpopRulesError::AlgorithmsEmpty);
        }
        Ok(Self { algorithms, ..self })
    }

    /// The same rules with another age that proofs may have, at most [`WINDOW_SECONDS_MAX`]. For so
    /// long each has to be remembered.
    ///
    /// # Errors
    /// When it is longer than that.
    pub fn with_past_seconds(self, past_seconds: u64) -> Result<Self, DpopRulesError> {
        if past_seconds > WINDOW_SECONDS_MAX {
            return Err(DpopRulesError::WindowTooLong);
        }
        Ok(Self { past_seconds, ..self })
    }

    /// The same rules with another lead that a client's clock may have over ours, at most
    /// [`WINDOW_SECONDS_MAX`].
    ///
    /// # Errors
    /// When it is longer than that.
    pub fn with_future_seconds(self, future_seconds: u64) -> Result<Self, DpopRulesError> {
        if future_seconds > WINDOW_SECONDS_MAX {
            return Err(DpopRulesError::WindowTooLong);
        }
        Ok(Self { future_seconds, ..self })
    }

    /// The same rules with another limit on the length of a proof, in bytes.
    ///
    /// # Errors
    /// When the limit is zero.
    pub fn with_proof_bytes_max(self, proof_bytes_max: usize) -> Result<Self, DpopRulesError> {
        if proof_bytes_max == 0 {
            return Err(DpopRulesError::ProofBytesZero);
        }
        Ok(Self { proof_bytes_max, ..self })
    }

    /// The URLs that proofs may be for, normalised (RFC 3986 sections 6.2.2 and 6.2.3); never none.
    pub fn targets(&self) -> impl Iterator<Item = &str> {
        self.targets.iter().map(Target::as_str)
    }

    /// The accepted algorithms; never empty.
    #[must_use]
    pub fn algorithms(&self) -> AlgorithmSet {
        self.algorithms
    }

    /// How old a proof may be, in seconds.
    #[must_use]
    pub fn past_seconds(&self) -> u64 {
        self.past_seconds
    }

    /// How far ahead of our clock a proof may be made, in seconds.
    #[must_use]
    pub fn future_seconds(&self) -> u64 {
        self.future_seconds
    }

    /// The longest accepted proof, in bytes.
    #[must_use]
    pub fn proof_bytes_max(&self) -> usize {
        self.proof_bytes_max
    }

    /// The last second at which a proof is not yet too old: for so long it has to be remembered.
    #[must_use]
    pub fn good_until(&self, proof: &Proof) -> UnixSeconds {
        self.good_until_if_issued(proof.issued_at())
    }

    /// The same for any proof that is made in this second.
    #[must_use]
    pub fn good_until_if_issued(&self, at: UnixSeconds) -> UnixSeconds {
        UnixSeconds(at.0.saturating_add(self.past_seconds))
    }

    /// Compares a proof with the request that it came with (XDPOP-01): its method, the URLs that we
    /// go by, the SHA-256 of its access token, and the time. Allocates nothing where `htu` is spelt
    /// in the normal form.
    ///
    /// The key is not among them: whether the token is bound to [`Proof::thumbprint`] is a question
    /// to the token's claims.
    ///
    /// # Errors
    /// [`ProofDenial::MethodForeign`], [`ProofDenial::TargetForeign`], [`ProofDenial::TooOld`],
    /// [`ProofDenial::IssuedInFuture`] or [`ProofDenial::TokenForeign`], whichever applies first in
    /// this order.
    pub fn check(
        &self,
        proof: &Proof,
        method: &str,
        token_hash: &[u8; 32],
        now: UnixSeconds,
    ) -> Result<(), ProofDenial> {
        if proof.method() != method {
            return Err(ProofDenial::MethodForeign);
        }
        if !self.is_target(proof.target()) {
            return Err(ProofDenial::TargetForeign);
        }
        if now > self.good_until(proof) {
            return Err(ProofDenial::TooOld);
        }
        if proof.issued_at().0 > now.0.saturating_add(self.future_seconds) {
            return Err(ProofDenial::IssuedInFuture);
        }
        if proof.token_hash() != token_hash {
            return Err(ProofDenial::TokenForeign);
        }
        Ok(())
    }

    fn is_target(&self, url: &str) -> bool {
        self.targets.iter().any(|target| target.is_spelt(url))
            || Target::parse(url).is_some_and(|target| self.targets.contains(&target))
    }
}

fn target(url: &str) -> Result<Target, DpopRulesError> {
    let target = Target::parse(url).ok_or_else(|| DpopRulesError::TargetMalformed(url.into()))?;
    if target.is_secure() { Ok(target) } else { Err(DpopRulesError::TargetInsecure(url.into())) }
}

/// Why rules for proofs cannot be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DpopRulesError {
    /// There is no URL that a proof could be for.
    TargetMissing,
    /// This is not an absolute `http` or `https` URL.
    TargetMalformed(Box<str>),
    /// This is an `http` URL with a host other than loopback.
    TargetInsecure(Box<str>),
    /// No algorithm would be accepted.
    AlgorithmsEmpty,
    /// The past or the future is longer than [`WINDOW_SECONDS_MAX`].
    WindowTooLong,
    /// No proof would be short enough.
    ProofBytesZero,
}

impl fmt::Display for DpopRulesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TargetMissing => f.write_str("DPoP needs a URL under which clients call this server"),
            Self::TargetMalformed(url) => write!(f, "the DPoP target {url:?} is not an absolute URL"),
            Self::TargetInsecure(url) => {
                write!(f, "the DPoP target {url:?} is neither https nor on a loopback host")
            }
            Self::AlgorithmsEmpty => f.write_str("no signature algorithm is accepted for DPoP proofs"),
            Self::WindowTooLong => f.write_str("the time window for DPoP proofs is longer than 300 seconds"),
            Self::ProofBytesZero => f.write_str("the limit on the length of a DPoP proof is zero"),
        }
    }
}

impl std::error::Error for DpopRulesError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jws::{Algorithm, Thumbprint};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    const TARGET: &str = "https://mcp.example/mcp";
    const HASH: [u8; 32] = [9; 32];

    fn rules() -> DpopRules {
        DpopRules::new([TARGET]).unwrap()
    }

    fn proof(method: &str, target: &str, issued_at: u64) -> Proof {
        let hash = URL_SAFE_NO_PAD.encode(HASH);
        let json =
            format!(r#"{{"jti":"p-1","htm":"{method}","htu":"{target}","iat":{issued_at},"ath":"{hash}"}}"#);
        Proof::read(json.as_bytes(), Thumbprint::new([7; 32])).unwrap()
    }

    fn judge(rules: &DpopRules, proof: &Proof, now: u64) -> Result<(), ProofDenial> {
        rules.check(proof, "POST", &HASH, UnixSeconds(now))
    }

    #[test]
    fn new_rules_have_the_stated_defaults() {
        let rules = rules();
        assert_eq!(rules.targets().collect::<Vec<_>>(), [TARGET]);
        assert_eq!(rules.past_seconds(), 60);
        assert_eq!(rules.future_seconds(), 5);
        assert_eq!(rules.proof_bytes_max(), 8192);
        assert_eq!(rules.algorithms(), AlgorithmSet::default());
    }

    #[test]
    fn rules_that_demand_nothing_cannot_be_built() {
        let none: [&str; 0] = [];
        let table = [
            (DpopRules::new(none), DpopRulesError::TargetMissing),
            (DpopRules::new([TARGET, "/mcp"]), DpopRulesError::TargetMalformed("/mcp".into())),
            (
                DpopRules::new(["http://mcp.example/"]),
                DpopRulesError::TargetInsecure("http://mcp.example/".into()),
            ),
            (rules().with_algorithms(AlgorithmSet::of(&[])), DpopRulesError::AlgorithmsEmpty),
            (rules().with_past_seconds(301), DpopRulesError::WindowTooLong),
            (rules().with_future_seconds(301), DpopRulesError::WindowTooLong),
            (rules().with_past_seconds(u64::MAX), DpopRulesError::WindowTooLong),
            (rules().with_proof_bytes_max(0), DpopRulesError::ProofBytesZero),
        ];
        for (built, error) in table {
            assert_eq!(built, Err(error.clone()), "{error}");
        }
        assert_eq!(rules().with_past_seconds(300).unwrap().past_seconds(), 300);
        assert_eq!(rules().with_future_seconds(300).unwrap().future_seconds(), 300);
        assert_eq!(rules().with_proof_bytes_max(1).unwrap().proof_bytes_max(), 1);
        let only = AlgorithmSet::of(&[Algorithm::EdDsa]);
        assert_eq!(rules().with_algorithms(only).unwrap().algorithms(), only);
    }

    #[test]
    fn targets_are_kept_without_query_in_their_normal_form() {
        let rules = DpopRules::new(["HTTPS://MCP.example:443/a/../mcp?b#c", "http://localhost:80"]).unwrap();
        assert_eq!(rules.targets().collect::<Vec<_>>(), [TARGET, "http://localhost/"]);
    }

    #[test]
    fn the_method_is_compared_byte_for_byte() {
        for method in ["GET", "post", "POST ", "", "POST,GET"] {
            let judged = judge(&rules(), &proof(method, TARGET, 1000), 1000);
            assert_eq!(judged, Err(ProofDenial::MethodForeign), "{method}");
        }
    }

    #[test]
    fn the_target_is_one_of_ours_in_whatever_spelling() {
        let rules = DpopRules::new([TARGET, "http://127.0.0.1:8080/mcp"]).unwrap();
        let table = [
            (TARGET, Ok(())),
            ("https://mcp.example/mcp?session=1#top", Ok(())),
            ("HTTPS://MCP.EXAMPLE:443/%6dcp", Ok(())),
            ("http://127.0.0.1:8080/mcp", Ok(())),
            ("http://127.0.0.1/mcp", Err(ProofDenial::TargetForeign)),
            ("http://localhost:8080/mcp", Err(ProofDenial::TargetForeign)),
            ("http://mcp.example/mcp", Err(ProofDenial::TargetForeign)),
            ("https://mcp.example/mcp/", Err(ProofDenial::TargetForeign)),
            ("https://mcp.example/", Err(ProofDenial::TargetForeign)),
            ("https://other.example/mcp", Err(ProofDenial::TargetForeign)),
            ("https://user@mcp.example/mcp", Err(ProofDenial::TargetForeign)),
            ("/mcp", Err(ProofDenial::TargetForeign)),
            ("", Err(ProofDenial::TargetForeign)),
        ];
        for (target, expected) in table {
            assert_eq!(judge(&rules, &proof("POST", target, 1000), 1000), expected, "{target}");
        }
    }

    #[test]
    fn time_is_judged_to_the_second() {
        // Made at 1000: not before 995, not after 1060.
        let table = [
            (994, Err(ProofDenial::IssuedInFuture)),
            (995, Ok(())),
            (1000, Ok(())),
            (1060, Ok(())),
            (1061, Err(ProofDenial::TooOld)),
            (u64::MAX, Err(ProofDenial::TooOld)),
            (0, Err(ProofDenial::IssuedInFuture)),
        ];
        let proof = proof("POST", TARGET, 1000);
        for (now, expected) in table {
            assert_eq!(judge(&rules(), &proof, now), expected, "{now}");
        }
        assert_eq!(rules().good_until(&proof), UnixSeconds(1060));
    }

    #[test]
    fn the_token_is_the_one_in_the_same_request() {
        let mut other = HASH;
        other[31] ^= 1;
        let judged = rules().check(&proof("POST", TARGET, 1000), "POST", &other, UnixSeconds(1000));
        assert_eq!(judged, Err(ProofDenial::TokenForeign));
    }

    proptest! {
        #[test]
        fn a_proof_is_good_exactly_within_its_window(
            issued_at in 0..2_000_u64,
            past in 0..=WINDOW_SECONDS_MAX,
            future in 0..=WINDOW_SECONDS_MAX,
            now in 0..3_000_u64,
        ) {
            let rules = rules().with_past_seconds(past).unwrap().with_future_seconds(future).unwrap();
            let proof = proof("POST", TARGET, issued_at);
            let good = (issued_at.saturating_sub(future)..=issued_at + past).contains(&now);
            prop_assert_eq!(judge(&rules, &proof, now).is_ok(), good);
        }
    }
}
