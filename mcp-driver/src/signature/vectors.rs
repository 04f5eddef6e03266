//! The published signature vectors of Project Wycheproof, for every algorithm there is, with a list of the
//! verdicts that differ from the published ones and why.

use std::collections::BTreeMap;

use mcp_proto::jws::AlgorithmSet;
use serde_json::{Value, json};
use wycheproof::{HashFunction, TestResult, ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};

use super::{test_signer::base64url, *};

/// Sets with valid vectors that are refused: how many, and why. None is refused in any other set.
///
/// RFC 7518 section 3.5 leaves no choice: the salt is as long as the hash, and the mask is made with the same
/// hash. These sets are about other parameters.
const REFUSED: &[(&str, usize, &str)] = &[
    ("RsaPss2048Sha256Mgf1SaltLen0WithParams", 61, "no salt"),
    ("RsaPss2048Sha256Mgf1SaltLen0", 61, "no salt"),
    ("RsaPss2048Sha256Mgf1Sha1_20", 63, "a mask made with another hash, and a shorter salt"),
    (
        "RsaPss2048Sha512Mgf1Sha256SaltLen32WithParams",
        132,
        "a mask made with another hash, and a shorter salt",
    ),
    ("RsaPss4096Sha512Mgf1SaltLen32WithParams", 132, "a shorter salt"),
    ("RsaPss4096Sha512Mgf1SaltLen32", 132, "a shorter salt"),
    ("RsaPssmiscWithParams", 87, "every combination of parameters, three of which are ours"),
    ("RsaPssmisc", 87, "every combination of parameters, three of which are ours"),
];

/// Invalid vectors that are accepted, and why. No other one is, and none that is merely acceptable.
const ACCEPTED: &[(&str, usize, &str)] = &[
    (
        "RsaPss2048Sha256Mgf1SaltLen0WithParams",
        69,
        "its salt has 32 bytes: wrong for its set, right for PS256",
    ),
    ("RsaPss2048Sha256Mgf1SaltLen0", 69, "its salt has 32 bytes: wrong for its set, right for PS256"),
];

/// How many vectors there are of each algorithm, so that none is skipped unseen.
const COUNTS: &[(Algorithm, usize)] = &[
    (Algorithm::Es256, 262),
    (Algorithm::Rs256, 1_034),
    (Algorithm::Ps256, 914),
    (Algorithm::EdDsa, 151),
    (Algorithm::Es384, 280),
    (Algorithm::Rs384, 1_035),
    (Algorithm::Ps384, 342),
    (Algorithm::Rs512, 1_037),
    (Algorithm::Ps512, 950),
];

/// One vector, and what became of it.
struct Outcome {
    set: String,
    id: usize,
    algorithm: Algorithm,
    published: TestResult,
    is_accepted: bool,
}

/// Vectors that share a key.
struct Group {
    set: String,
    algorithm: Algorithm,
    key: Option<Key>,
}

impl Group {
    /// A key that is not one for us checks nothing.
    fn new(set: impl std::fmt::Debug, algorithm: Algorithm, jwk: &Value) -> Self {
        let accepted = AlgorithmSet::of(&[algorithm]);
        let parsed = KeySet::parse_accepting(jwk.to_string().as_bytes(), accepted);
        let key = parsed.ok().and_then(|(keys, _)| keys.iter().next().cloned());
        Self { set: format!("{set:?}"), algorithm, key }
    }

    fn outcome(&self, id: usize, published: TestResult, message: &[u8], signature: &[u8]) -> Outcome {
        let key = self.key.as_ref();
        let is_accepted = key.is_some_and(|key| is_signature(self.algorithm, key, message, signature));
        Outcome { set: self.set.clone(), id, algorithm: self.algorithm, published, is_accepted }
    }
}

/// In the form of JWS: both numbers, one behind the other (RFC 7518 section 3.4).
fn ecdsa(algorithm: Algorithm, name: ecdsa::TestName, curve: &str) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for group in ecdsa::TestSet::load(name).unwrap().test_groups {
        // SEC 1 section 2.3.3.
        let (x, y) = group.key.key[1..].split_at(group.key.key.len() / 2);
        let jwk = json!({"kty": "EC", "crv": curve, "x": base64url(x), "y": base64url(y)});
        let own = Group::new(name, algorithm, &jwk);
        outcomes.extend(
            group.tests.iter().map(|test| own.outcome(test.tc_id, test.result, &test.msg, &test.sig)),
        );
    }
    outcomes
}

fn ed25519() -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let name = eddsa::TestName::Ed25519;
    for group in eddsa::TestSet::load(name).unwrap().test_groups {
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(&group.key.pk)});
        let own = Group::new(name, Algorithm::EdDsa, &jwk);
        outcomes.extend(
            group.tests.iter().map(|test| own.outcome(test.tc_id, test.result, &test.msg, &test.sig)),
        );
    }
    outcomes
}

fn rsa_pkcs1() -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for name in rsa_pkcs1_verify::TestName::all() {
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            let algorithm = match group.hash {
                HashFunction::Sha2_256 => Algorithm::Rs256,
                HashFunction::Sha2_384 => Algorithm::Rs384,
                HashFunction::Sha2_512 => Algorithm::Rs512,
                // Hashes that JWS has no name for.
                _ => continue,
            };
            let own = Group::new(name, algorithm, &rsa_jwk(&group.key.n, &group.key.e));
            outcomes.extend(
                group.tests.iter().map(|test| own.outcome(test.tc_id, test.result, &test.msg, &test.sig)),
            );
        }
    }
    outcomes
}

fn rsa_pss() -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for name in rsa_pss_verify::TestName::all() {
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let algorithm = match group.hash {
                HashFunction::Sha2_256 => Algorithm::Ps256,
                HashFunction::Sha2_384 => Algorithm::Ps384,
                HashFunction::Sha2_512 => Algorithm::Ps512,
                // Hashes that JWS has no name for.
                _ => continue,
            };
            let own = Group::new(name, algorithm, &rsa_jwk(&group.key.n, &group.key.e));
            outcomes.extend(
                group.tests.iter().map(|test| own.outcome(test.tc_id, test.result, &test.msg, &test.sig)),
            );
        }
    }
    outcomes
}

fn rsa_jwk(n: &[u8], e: &[u8]) -> Value {
    json!({"kty": "RSA", "n": base64url(n), "e": base64url(e)})
}

fn all() -> Vec<Outcome> {
    let mut outcomes = ecdsa(Algorithm::Es256, ecdsa::TestName::EcdsaSecp256r1Sha256P1363, "P-256");
    outcomes.extend(ecdsa(Algorithm::Es384, ecdsa::TestName::EcdsaSecp384r1Sha384P1363, "P-384"));
    outcomes.extend(ed25519());
    outcomes.extend(rsa_pkcs1());
    outcomes.extend(rsa_pss());
    outcomes
}

#[test]
fn every_published_vector_comes_out_as_published_but_for_those_that_are_listed() {
    let outcomes = all();
    let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
    let mut accepted = Vec::new();
    for Outcome { set, id, published, is_accepted, .. } in &outcomes {
        match (published, is_accepted) {
            (TestResult::Valid, true) | (TestResult::Invalid | TestResult::Acceptable, false) => {}
            (TestResult::Valid, false) => *refused.entry(set).or_default() += 1,
            (TestResult::Invalid | TestResult::Acceptable, true) => accepted.push((set.as_str(), *id)),
        }
    }
    let listed: BTreeMap<_, _> = REFUSED.iter().map(|(set, count, _)| (*set, *count)).collect();
    assert_eq!(refused, listed, "valid vectors that were refused");
    let listed: Vec<_> = ACCEPTED.iter().map(|(set, id, _)| (*set, *id)).collect();
    assert_eq!(accepted, listed, "other vectors that were accepted");

    for (algorithm, count) in COUNTS {
        let found = outcomes.iter().filter(|outcome| outcome.algorithm == *algorithm).count();
        assert_eq!(found, *count, "{algorithm:?}");
    }
    assert_eq!(COUNTS.len(), Algorithm::ALL.len());
}
