use http::Method;
use mcp_proto::{
    AuthPolicy, BearerPolicy, Tick, UnixSeconds,
    auth::{DpopPolicy, IssuerPolicy},
    jws::{Thumbprint, dpop::ProofDenial},
};

use super::*;
use crate::{
    auth::Auth,
    dpop::{
        ProofFault,
        tests::{RFC_RESOURCE_REQUEST, RFC_THUMBPRINT, RFC_TOKEN},
    },
    keys::{KeySource, testing::ManualRuntime},
    server::ServerBuilder,
    signature::test_signer::{START, TestSigner, key_set},
};

/// RFC 9449 section 7.1.
const RESOURCE: &str = "https://resource.example.org/protectedresource";
const MADE: u64 = 1_562_262_618;
const SECRET: [u8; 32] = [0xA7; 32];

fn builder(dpop: DpopPolicy) -> ServerBuilder {
    let issuer = IssuerPolicy::new("https://server.example.com", RESOURCE);
    let policy = BearerPolicy::trusting(issuer).dpop(dpop);
    let keys = KeySource::Given(key_set(&[TestSigner::es256().jwk("k")]));
    Server::builder("test", "1", Auth::bearer(policy, keys))
}

/// What examines proofs on a runtime that has no randomness.
fn started(builder: ServerBuilder, now: Now) -> Result<DpopVerifier, ServiceError> {
    let server = builder.build().unwrap();
    let snapshot = server.snapshot();
    let AuthPolicy::Bearer(policy) = snapshot.engine.auth() else { panic!("another policy") };
    proofs(&server, policy.dpop().unwrap(), &ManualRuntime::at(now))
}

#[test]
fn nonces_are_those_of_the_shared_secret_where_there_is_one() {
    let shared = || builder(DpopPolicy::allowed().nonces()).dpop_nonce_secret(SECRET);
    let (one, two) = (started(shared(), START).unwrap(), started(shared(), START).unwrap());
    let expected = Some(Nonces::new(&SECRET).fresh(START.unix));
    assert_eq!(one.fresh_nonce(START), expected);
    assert_eq!(two.fresh_nonce(START), expected);

    let alone = started(builder(DpopPolicy::allowed().nonces()), START).map(drop);
    assert_eq!(alone, Err(ServiceError::Entropy(EntropyError)));
    let unasked = builder(DpopPolicy::allowed()).dpop_nonce_secret(SECRET);
    assert_eq!(started(unasked, START).unwrap().fresh_nonce(START), None);
}

#[test]
fn the_secret_of_nonces_is_not_shown() {
    let builder = builder(DpopPolicy::required().nonces()).dpop_nonce_secret(SECRET);
    let shown_before = format!("{builder:?} {builder:#?}");
    let server = builder.build().unwrap();
    let shown = format!("{shown_before} {server:?} {server:#?} {}", server.describe()).to_lowercase();
    for spelling in ["167", "a7", "secret"] {
        assert!(!shown.contains(spelling), "{shown}");
    }
}

#[test]
fn what_was_made_before_the_service_started_counts_as_used() {
    let bound_to = Thumbprint::parse(RFC_THUMBPRINT).unwrap();
    let at = |seconds| Now { tick: Tick(0), unix: UnixSeconds(MADE + seconds) };
    for (start, expected) in [(0, Ok(())), (1, Err(ProofFault::Denied(ProofDenial::Replayed)))] {
        let verifier = started(builder(DpopPolicy::allowed()), at(start)).unwrap();
        let judged = verifier.examine(RFC_RESOURCE_REQUEST, RFC_TOKEN, &bound_to, &Method::GET, at(2));
        assert_eq!(judged.map(drop), expected, "{start}");
    }
}
