use http::Method;
use mcp_proto::{
    Tick,
    jws::{Algorithm, AlgorithmSet},
};
use serde_json::{Value, json};

use super::*;
use crate::signature::test_signer::{START, TestSigner, base64url};

const TARGET: &str = "https://mcp.example/mcp";
const TOKEN: &str = "header.payload.signature";

/// RFC 9449 section 4.1.
const RFC_TOKEN_REQUEST: &str = concat!(
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpD",
    "a0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6",
    "IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGU",
    "uY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NV",
    "Y-FNyJK70nfbV37xRZT3Lg",
);
/// RFC 9449 section 7.1.
pub(crate) const RFC_RESOURCE_REQUEST: &str = concat!(
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpD",
    "a0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6",
    "IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGx",
    "lLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk",
    "1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJ",
    "pLjA",
);
/// RFC 9449 section 7.1: the access token of that request.
pub(crate) const RFC_TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
/// RFC 9449 section 6.1: the key of both proofs.
pub(crate) const RFC_THUMBPRINT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

/// A client that holds a key.
struct Client(TestSigner);

impl Client {
    fn new() -> Self {
        Self(TestSigner::es256())
    }

    /// The public key as a proof shows it.
    fn jwk(&self) -> Value {
        let mut jwk = self.0.jwk("k");
        let members = jwk.as_object_mut().unwrap();
        members.remove("kid");
        members.remove("alg");
        jwk
    }

    fn thumbprint(&self) -> Thumbprint {
        let proof = self.proof(&claims("any"));
        let input = dpop::inspect(&proof, &rules()).unwrap().thumbprint_input();
        Thumbprint::new(sha256([input.as_bytes()]))
    }

    fn proof(&self, claims: &Value) -> String {
        self.proof_with(&json!({"typ": "dpop+jwt", "alg": self.0.algorithm(), "jwk": self.jwk()}), claims)
    }

    fn proof_with(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", base64url(header.to_string()), base64url(claims.to_string()));
        let signature = base64url(self.0.sign_bytes(message.as_bytes()));
        format!("{message}.{signature}")
    }
}

/// Claims that are good at [`START`] for a `POST` with [`TOKEN`].
fn claims(token_id: &str) -> Value {
    json!({
        "jti": token_id,
        "htm": "POST",
        "htu": TARGET,
        "iat": START.unix.0,
        "ath": base64url(sha256([TOKEN.as_bytes()])),
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims("p-1");
    claims[name] = value;
    claims
}

fn rules() -> DpopRules {
    DpopRules::new([TARGET]).unwrap().with_algorithms(AlgorithmSet::of(Algorithm::ALL)).unwrap()
}

fn verifier() -> DpopVerifier {
    DpopVerifier::new(rules(), REPLAY_ENTRIES_DEFAULT, None, START.unix)
}

fn demanding() -> DpopVerifier {
    DpopVerifier { nonces: Some(Nonces::new(&[5; 32])), ..verifier() }
}

/// `START` and so many seconds.
fn after(seconds: u64) -> Now {
    Now { tick: Tick(START.tick.0), unix: UnixSeconds(START.unix.0 + seconds) }
}

fn examine(
    verifier: &DpopVerifier,
    proof: &str,
    client: &Client,
    now: Now,
) -> Result<ProofFacts, ProofFault> {
    verifier.examine(proof, TOKEN, &client.thumbprint(), &Method::POST, now)
}

fn denied(denial: ProofDenial) -> Result<(), ProofFault> {
    Err(ProofFault::Denied(denial))
}

#[test]
fn the_example_of_rfc_9449_is_good_once() {
    let rules = DpopRules::new(["https://resource.example.org/protectedresource"]).unwrap();
    let thumbprint = Thumbprint::parse(RFC_THUMBPRINT).unwrap();
    let now = Now { tick: Tick(0), unix: UnixSeconds(1_562_262_618) };
    let verifier = DpopVerifier::new(rules, 1, None, now.unix);
    let examine = || verifier.examine(RFC_RESOURCE_REQUEST, RFC_TOKEN, &thumbprint, &Method::GET, now);
    let facts = examine().unwrap();
    assert_eq!(facts.proof.thumbprint(), thumbprint);
    assert_eq!(facts.proof.token_id(), "e1j3V_bKic8-LAEB");
    assert_eq!(base64url(facts.token_hash), "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
    assert_eq!(examine(), Err(ProofFault::Denied(ProofDenial::Replayed)));
}

#[test]
fn both_proofs_of_rfc_9449_verify_with_their_key() {
    let rules = rules();
    for proof in [RFC_TOKEN_REQUEST, RFC_RESOURCE_REQUEST] {
        let check = dpop::inspect(proof, &rules).unwrap();
        assert_eq!(check.algorithm(), Algorithm::Es256);
        assert!(is_signature(check.algorithm(), check.key(), check.message(), check.signature()));
        assert_eq!(base64url(sha256([check.thumbprint_input().as_bytes()])), RFC_THUMBPRINT);
    }
}

#[test]
fn thumbprints_are_those_of_rfc_7638_and_rfc_8037() {
    // RFC 7638 section 3.1, RFC 8037 appendix A.3.
    let n = concat!(
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiF",
        "V4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9",
        "c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1",
        "jF44-csFCur-kEgU8awapJzKnqDKgw",
    );
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let table = [
        (
            json!({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}),
            "RS256",
            256,
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
        ),
        (
            json!({"kty": "OKP", "crv": "Ed25519", "x": x}),
            "EdDSA",
            64,
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
        ),
    ];
    let rules = rules();
    for (jwk, algorithm, signature_bytes, expected) in table {
        let header = json!({"typ": "dpop+jwt", "alg": algorithm, "jwk": jwk});
        let signature = base64url(vec![7; signature_bytes]);
        let proof = format!("{}.{}.{signature}", base64url(header.to_string()), base64url("{}"));
        let check = dpop::inspect(&proof, &rules).unwrap();
        assert_eq!(base64url(sha256([check.thumbprint_input().as_bytes()])), expected);
    }
}

#[test]
fn a_proof_of_each_algorithm_is_good_once() {
    for algorithm in Algorithm::ALL {
        let client = Client(TestSigner::of(*algorithm));
        let verifier = verifier();
        let proof = client.proof(&claims("p-1"));
        assert!(examine(&verifier, &proof, &client, START).is_ok(), "{}", client.0.algorithm());
        for now in [START, after(60)] {
            let again = examine(&verifier, &proof, &client, now).map(drop);
            assert_eq!(again, denied(ProofDenial::Replayed), "{}", client.0.algorithm());
        }
        assert_eq!(examine(&verifier, &proof, &client, after(61)).map(drop), denied(ProofDenial::TooOld));
    }
}

#[test]
fn a_name_counts_once_for_each_key() {
    // RFC 9449 section 11.1.
    let (one, two) = (Client::new(), Client::new());
    let verifier = verifier();
    assert!(examine(&verifier, &one.proof(&claims("p-1")), &one, START).is_ok());
    assert!(examine(&verifier, &two.proof(&claims("p-1")), &two, START).is_ok());
    assert!(examine(&verifier, &one.proof(&claims("p-2")), &one, START).is_ok());
    // Signed anew and made a second later, and still the same name.
    let renewed = one.proof(&with("iat", (START.unix.0 + 1).into()));
    let again = examine(&verifier, &renewed, &one, after(1)).map(drop);
    assert_eq!(again, denied(ProofDenial::Replayed));
    assert_eq!(verifier.remembered(), 3);
}

#[test]
fn each_attack_of_rfc_9449_section_11_is_refused_and_leaves_no_trace() {
    let (client, thief) = (Client::new(), Client::new());
    let now = START.unix.0;
    let good = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": client.jwk()});
    let header = |name: &str, value: Value| {
        let mut header = good.clone();
        header[name] = value;
        client.proof_with(&header, &claims("p-1"))
    };
    let mut private = client.jwk();
    private["d"] = base64url([1; 32]).into();
    let one = client.proof(&claims("p-1"));
    let (message, signature) = one.rsplit_once('.').unwrap();
    let (_, payload) = message.split_once('.').unwrap();
    let unsigned = json!({"typ": "dpop+jwt", "alg": "none", "jwk": client.jwk()});
    let table = [
        ("another method", client.proof(&with("htm", "GET".into())), ProofDenial::MethodForeign),
        (
            "another path",
            client.proof(&with("htu", format!("{TARGET}/x").into())),
            ProofDenial::TargetForeign,
        ),
        ("another host", client.proof(&with("htu", "https://evil.example/mcp".into())), {
            ProofDenial::TargetForeign
        }),
        ("another token", client.proof(&with("ath", base64url(sha256([b"t".as_slice()])).into())), {
            ProofDenial::TokenForeign
        }),
        ("for no token", client.proof(&with("ath", Value::Null)), ProofDenial::ClaimsMalformed),
        ("old", client.proof(&with("iat", (now - 61).into())), ProofDenial::TooOld),
        ("made ahead", client.proof(&with("iat", (now + 6).into())), ProofDenial::IssuedInFuture),
        ("without a name", client.proof(&with("jti", "".into())), ProofDenial::ClaimsMalformed),
        ("a private key", header("jwk", private), ProofDenial::KeyRefused),
        ("a shared secret", header("jwk", json!({"kty": "oct", "k": "AA"})), ProofDenial::KeyRefused),
        ("an HMAC", header("alg", "HS256".into()), ProofDenial::AlgorithmRefused),
        ("no algorithm", header("alg", "none".into()), ProofDenial::AlgorithmRefused),
        ("no signature", format!("{}.{payload}.", base64url(unsigned.to_string())), ProofDenial::Malformed),
        ("an access token", header("typ", "at+jwt".into()), ProofDenial::TypeRefused),
        ("an extension", header("crit", json!(["x"])), ProofDenial::CriticalExtension),
        // The key is the client's, whoever signed.
        ("another signer", thief.proof_with(&good, &claims("p-1")), ProofDenial::BadSignature),
        (
            "another payload",
            format!("{}.{signature}", message.replace(payload, &base64url(claims("p-2").to_string()))),
            ProofDenial::BadSignature,
        ),
        ("zeros", format!("{message}.{}", base64url([0; 64])), ProofDenial::BadSignature),
        ("two proofs", format!("{one}, {one}"), ProofDenial::Malformed),
        ("too long", "a".repeat(8193), ProofDenial::TooLong),
    ];
    let verifier = verifier();
    for (attack, proof, expected) in table {
        assert_eq!(examine(&verifier, &proof, &client, START).map(drop), denied(expected), "{attack}");
        assert_eq!(verifier.remembered(), 0, "{attack}");
    }
    assert!(examine(&verifier, &one, &client, START).is_ok());
}

#[test]
fn a_proof_by_another_key_than_the_tokens_is_refused_and_leaves_no_trace() {
    let (client, thief) = (Client::new(), Client::new());
    let verifier = verifier();
    let proof = thief.proof(&claims("p-1"));
    assert_eq!(examine(&verifier, &proof, &client, START).map(drop), Err(ProofFault::OtherKey));
    assert_eq!(verifier.remembered(), 0);
}

#[test]
fn a_proof_needs_a_nonce_of_ours_where_one_is_asked_for() {
    let client = Client::new();
    let verifier = demanding();
    let fresh = verifier.fresh_nonce(START).unwrap();
    let nonce_needed = |now| Err(ProofFault::NonceNeeded { fresh: verifier.fresh_nonce(now).unwrap() });
    let forged = Nonces::new(&[6; 32]).fresh(START.unix);
    let stale = verifier.fresh_nonce(Now { unix: UnixSeconds(START.unix.0 - 120), ..START }).unwrap();
    let absent = client.proof(&claims("p-1"));
    let others = [json!(forged), json!(stale), json!("")].map(|nonce| client.proof(&with("nonce", nonce)));
    for proof in others.iter().chain([&absent]) {
        assert_eq!(examine(&verifier, proof, &client, START).map(drop), nonce_needed(START));
        assert_eq!(verifier.remembered(), 0);
    }
    let wrong_type = client.proof(&with("nonce", 1.into()));
    let judged = examine(&verifier, &wrong_type, &client, START).map(drop);
    assert_eq!(judged, denied(ProofDenial::ClaimsMalformed));
    // The client does as it was told, with the name it had chosen.
    let good = client.proof(&with("nonce", fresh.into()));
    assert!(examine(&verifier, &good, &client, START).is_ok());
    assert_eq!(examine(&verifier, &good, &client, START).map(drop), denied(ProofDenial::Replayed));
}

#[test]
fn a_nonce_that_nobody_asked_for_is_not_looked_at() {
    let client = Client::new();
    let proof = client.proof(&with("nonce", "of another server".into()));
    assert!(examine(&verifier(), &proof, &client, START).is_ok());
    assert_eq!(verifier().fresh_nonce(START), None);
}

/// A proof that the client makes so many seconds after [`START`], as it is judged then or later.
fn attempt(
    verifier: &DpopVerifier,
    client: &Client,
    token_id: &str,
    made: u64,
    now: Now,
) -> Result<(), ProofFault> {
    let mut claims = claims(token_id);
    claims["iat"] = (START.unix.0 + made).into();
    examine(verifier, &client.proof(&claims), client, now).map(drop)
}

#[test]
fn without_room_to_remember_it_no_proof_is_let_through() {
    let (one, two, three) = (Client::new(), Client::new(), Client::new());
    let verifier = DpopVerifier::new(rules(), 2, None, START.unix);
    assert_eq!(attempt(&verifier, &one, "p-1", 0, START), Ok(()));
    assert_eq!(attempt(&verifier, &two, "p-1", 0, START), Ok(()));
    assert_eq!(attempt(&verifier, &three, "p-1", 0, START), Err(ProofFault::Overloaded));
    assert_eq!(attempt(&verifier, &three, "p-1", 60, after(60)), Err(ProofFault::Overloaded));
    assert_eq!(attempt(&verifier, &one, "p-1", 0, after(60)), denied(ProofDenial::Replayed));
    assert_eq!(attempt(&verifier, &three, "p-1", 60, after(61)), Ok(()));
}

#[test]
fn one_client_that_uses_up_its_share_shuts_out_nobody_else() {
    let (mallory, alice) = (Client::new(), Client::new());
    let verifier = DpopVerifier::new(rules(), 48, None, START.unix);
    for number in 0..3 {
        assert_eq!(attempt(&verifier, &mallory, &format!("m-{number}"), 0, START), Ok(()));
    }
    for number in 3..60 {
        let judged = attempt(&verifier, &mallory, &format!("m-{number}"), 0, START);
        assert_eq!(judged, Err(ProofFault::Overloaded));
    }
    assert_eq!(attempt(&verifier, &alice, "a-1", 0, START), Ok(()));
    assert_eq!(attempt(&verifier, &mallory, "m-3", 60, after(60)), Err(ProofFault::Overloaded));
    assert_eq!(attempt(&verifier, &mallory, "m-3", 61, after(61)), Ok(()));
}

#[test]
fn what_was_made_before_the_start_counts_as_used() {
    let client = Client::new();
    let proof = client.proof(&claims("p-1"));
    assert!(examine(&verifier(), &proof, &client, START).is_ok());
    let restarted = |seconds| {
        DpopVerifier::new(rules(), REPLAY_ENTRIES_DEFAULT, None, UnixSeconds(START.unix.0 + seconds))
    };
    // It may have been used then, and is good once in the very second of the start.
    assert!(examine(&restarted(0), &proof, &client, START).is_ok());
    for seconds in [1, 2, 60] {
        let judged = examine(&restarted(seconds), &proof, &client, after(seconds)).map(drop);
        assert_eq!(judged, denied(ProofDenial::Replayed), "{seconds}");
        assert_eq!(attempt(&restarted(seconds), &client, "p-1", seconds, after(seconds)), Ok(()));
    }
    assert_eq!(examine(&restarted(61), &proof, &client, after(61)).map(drop), denied(ProofDenial::TooOld));
    // So does what a clock that is behind has made.
    let verifier = restarted(10);
    assert_eq!(attempt(&verifier, &client, "p-2", 9, after(12)), denied(ProofDenial::Replayed));
    assert_eq!(attempt(&verifier, &client, "p-2", 10, after(13)), Ok(()));
    assert_eq!(verifier.remembered(), 1);
}

#[test]
fn one_of_many_at_the_same_moment_is_let_through() {
    let client = Client::new();
    let verifier = verifier();
    let proof = client.proof(&claims("p-1"));
    let let_through = std::thread::scope(|scope| {
        let attempt = || examine(&verifier, &proof, &client, START).is_ok();
        let attempts: Vec<_> = (0..8).map(|_| scope.spawn(attempt)).collect();
        attempts.into_iter().map(|attempt| attempt.join().unwrap()).filter(|good| *good).count()
    });
    assert_eq!(let_through, 1);
}
