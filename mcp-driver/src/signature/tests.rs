use mcp_proto::jws::{self, AlgorithmSet, Denial, TokenRules};
use serde_json::{Value, json};

use super::{
    test_signer::{TestSigner, base64url, claims, key_set},
    *,
};

/// As [`super::test_signer::rules`], for all algorithms.
fn rules() -> TokenRules {
    super::test_signer::rules().with_algorithms(AlgorithmSet::of(Algorithm::ALL)).unwrap()
}

/// A pair for each algorithm.
fn signers() -> Vec<TestSigner> {
    Algorithm::ALL.iter().copied().map(TestSigner::of).collect()
}

fn trusted(keys: &[Value]) -> TrustedKeys {
    TrustedKeys::new(Arc::new(key_set(keys)), 1)
}

/// What comes of a token, up to its claims.
fn judge(token: &str, keys: &TrustedKeys) -> Result<(), Denial> {
    let rules = rules();
    let check = jws::inspect(token, &rules, keys.set())?;
    let valid = keys.is_valid(&check);
    assert_eq!(verify_signature(&check), valid);
    check.resolve(valid).map(drop)
}

/// The three segments of a token.
fn segments(token: &str) -> [&str; 3] {
    let segments: Vec<_> = token.split('.').collect();
    segments.try_into().unwrap()
}

fn with_signature(token: &str, signature: &[u8]) -> String {
    let [header, payload, _] = segments(token);
    format!("{header}.{payload}.{}", base64url(signature))
}

#[test]
fn each_algorithm_accepts_its_own_signature() {
    for signer in signers() {
        let keys = trusted(&[signer.jwk("k")]);
        let token = signer.token("k", &claims("alice", "1"));
        assert_eq!(judge(&token, &keys), Ok(()), "{}", signer.algorithm());
        assert_eq!(keys.checks(), 1);
    }
}

#[test]
fn each_key_of_a_set_checks_its_own_tokens_and_no_others() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
    let mut signers = signers();
    signers.extend([Algorithm::Es256, Algorithm::EdDsa, Algorithm::Es384].map(TestSigner::of));
    assert_eq!(signers.len(), names.len());
    let jwks: Vec<_> = signers.iter().zip(names).map(|(signer, kid)| signer.jwk(kid)).collect();
    let keys = trusted(&jwks);
    for (position, signer) in signers.iter().enumerate() {
        for (named, kid) in names.iter().enumerate() {
            let token = signer.token(kid, &claims("alice", "1"));
            let expected = if position == named {
                Ok(())
            } else if signer.algorithm() == signers[named].algorithm() {
                Err(Denial::BadSignature)
            } else {
                Err(Denial::KeyUnfit)
            };
            assert_eq!(judge(&token, &keys), expected, "signed by {position}, named {named}");
        }
    }
}

#[test]
fn a_signature_by_another_key_of_the_same_name_is_bad() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Es384] {
        let [signer, other] = [TestSigner::of(algorithm), TestSigner::of(algorithm)];
        let token = other.token("k", &claims("alice", "1"));
        assert_eq!(judge(&token, &trusted(&[signer.jwk("k")])), Err(Denial::BadSignature));
    }
}

#[test]
fn the_paddings_and_hashes_of_rsa_are_not_interchangeable() {
    let signers: Vec<_> = signers().into_iter().filter(|signer| signer.jwk("k")["kty"] == "RSA").collect();
    assert_eq!(signers.len(), 6);
    let pairs = signers.iter().flat_map(|signer| signers.iter().map(move |other| (signer, other)));
    for (signer, other) in pairs.filter(|(signer, other)| signer.algorithm() != other.algorithm()) {
        let keys = trusted(&[signer.jwk("k")]);
        let token = signer.token("k", &claims("alice", "1"));
        let [header, payload, _] = segments(&token);
        let signature = other.sign_bytes(format!("{header}.{payload}").as_bytes());
        assert_eq!(judge(&with_signature(&token, &signature), &keys), Err(Denial::BadSignature));
    }
}

#[test]
fn any_other_header_or_payload_spoils_the_signature() {
    for signer in signers() {
        let keys = trusted(&[signer.jwk("k")]);
        let token = signer.token("k", &claims("alice", "1"));
        let [header, payload, signature] = segments(&token);

        let other_payload = base64url(claims("mallory", "1").to_string());
        let table = [
            format!("{header}.{other_payload}.{signature}"),
            // The same header in other words.
            format!(
                "{}.{payload}.{signature}",
                base64url(json!({"alg": signer.algorithm(), "typ": "AT+JWT", "kid": "k"}).to_string())
            ),
        ];
        for tampered in table {
            assert_eq!(judge(&tampered, &keys), Err(Denial::BadSignature), "{tampered}");
        }
    }
}

#[test]
fn any_changed_bit_of_a_signature_spoils_it() {
    for signer in signers() {
        let keys = trusted(&[signer.jwk("k")]);
        let token = signer.token("k", &claims("alice", "1"));
        let [header, payload, _] = segments(&token);
        let good = signer.sign_bytes(format!("{header}.{payload}").as_bytes());
        assert_eq!(judge(&with_signature(&token, &good), &keys), Ok(()));
        for byte in 0..good.len() {
            let mut bad = good.clone();
            bad[byte] ^= 1 << (byte % 8);
            let tampered = with_signature(&token, &bad);
            assert_eq!(judge(&tampered, &keys), Err(Denial::BadSignature), "byte {byte}");
        }
    }
}

/// CVE-2022-21449 and its relatives: values for which careless arithmetic verifies everything.
#[test]
fn degenerate_signatures_are_bad() {
    /// The order of P-256 (SEC 2 section 2.4.2).
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
        0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let mut one = [0; 32];
    one[31] = 1;
    let numbers = [[0; 32], one, ORDER, [0xff; 32]].map(|number| number.to_vec());
    /// The order of P-384 (SEC 2 section 2.5.1).
    const LONG_ORDER: [u8; 48] = [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, 0x58, 0x1a,
        0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
    ];
    let mut long_one = [0; 48];
    long_one[47] = 1;
    let long_numbers = [[0; 48], long_one, LONG_ORDER, [0xff; 48]].map(|number| number.to_vec());
    for (algorithm, numbers) in
        [(Algorithm::Es256, &numbers), (Algorithm::EdDsa, &numbers), (Algorithm::Es384, &long_numbers)]
    {
        let signer = TestSigner::of(algorithm);
        let keys = trusted(&[signer.jwk("k")]);
        let token = signer.token("k", &claims("alice", "1"));
        for first in numbers {
            for second in numbers {
                let tampered = with_signature(&token, &[first.as_slice(), second].concat());
                assert_eq!(judge(&tampered, &keys), Err(Denial::BadSignature));
            }
        }
    }
    for signer in signers().into_iter().filter(|signer| signer.jwk("k")["kty"] == "RSA") {
        let keys = trusted(&[signer.jwk("k")]);
        let token = signer.token("k", &claims("alice", "1"));
        for byte in [0x00, 0x01, 0xff] {
            let tampered = with_signature(&token, &[byte; 256]);
            assert_eq!(judge(&tampered, &keys), Err(Denial::BadSignature));
        }
    }
}

/// RFC 8032 section 5.1.7: the order added to S names the same number, and would be a second spelling of the
/// token.
#[test]
fn an_ed25519_signature_has_one_spelling() {
    let signer = TestSigner::ed_dsa();
    let keys = trusted(&[signer.jwk("k")]);
    let token = signer.token("k", &claims("alice", "1"));
    let [header, payload, _] = segments(&token);
    let mut signature = signer.sign_bytes(format!("{header}.{payload}").as_bytes());
    /// The order of Ed25519's group, little-endian (RFC 8032 section 5.1).
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0;
    for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    assert_eq!(judge(&with_signature(&token, &signature), &keys), Err(Denial::BadSignature));
}

#[test]
fn a_point_that_is_not_on_the_curve_checks_nothing() {
    for (algorithm, length) in [(Algorithm::Es256, 32), (Algorithm::Es384, 48)] {
        let signer = TestSigner::of(algorithm);
        let mut jwk = signer.jwk("k");
        jwk["y"] = base64url(vec![7; length]).into();
        let token = signer.token("k", &claims("alice", "1"));
        assert_eq!(judge(&token, &trusted(&[jwk])), Err(Denial::BadSignature));
    }
}

#[test]
fn a_signature_is_checked_under_the_algorithm_that_is_named_and_at_its_length() {
    let message = b"message";
    for signer in signers() {
        let (keys, signature) = (key_set(&[signer.jwk("k")]), signer.sign_bytes(message));
        let key = keys.iter().next().unwrap();
        for algorithm in Algorithm::ALL {
            let expected = algorithm.name() == signer.algorithm();
            assert_eq!(is_signature(*algorithm, key, message, &signature), expected, "{algorithm:?}");
        }
        let short = &signature[1..];
        let long = [signature.as_slice(), &[0]].concat();
        for other in [short, &long, &[]] {
            assert!(!is_signature(key.algorithm(), key, message, other));
        }
        assert!(!is_signature(key.algorithm(), key, b"massage", &signature));
    }
}

#[test]
fn a_key_of_another_set_checks_nothing() {
    let [signer, other] = [TestSigner::es256(), TestSigner::es256()];
    let keys = trusted(&[signer.jwk("k")]);
    let foreign = key_set(&[other.jwk("k")]);
    let token = other.token("k", &claims("alice", "1"));
    let rules = rules();
    let check = jws::inspect(&token, &rules, &foreign).unwrap();
    assert!(!keys.is_valid(&check));
}

#[test]
fn the_provider_serves_no_other_algorithm_and_no_other_family_of_keys() {
    let ec = DecodingKey::from_ec_der(&[4; 65]);
    let ed = DecodingKey::from_ed_der(&[4; 32]);
    let rsa = DecodingKey::from_rsa_raw_components(&[4; 256], &[1, 0, 1]);
    let rsa_der = DecodingKey::from_rsa_der(&[4; 256]);
    let secret = DecodingKey::from_secret(&[4; 32]);
    use jsonwebtoken::Algorithm as A;
    let all = [
        A::HS256,
        A::HS384,
        A::HS512,
        A::ES256,
        A::ES384,
        A::RS256,
        A::RS384,
        A::RS512,
        A::PS256,
        A::PS384,
        A::PS512,
        A::EdDSA,
    ];
    let served = |algorithm: &A, key: &DecodingKey| {
        let verifier = (RING.verifier_factory)(algorithm, key);
        verifier.is_ok_and(|verifier| {
            assert_eq!(verifier.algorithm(), *algorithm);
            true
        })
    };
    for (key, expected) in [
        (&ec, &[A::ES256, A::ES384][..]),
        (&ed, &[A::EdDSA]),
        (&rsa, &[A::RS256, A::RS384, A::RS512, A::PS256, A::PS384, A::PS512]),
        (&rsa_der, &[]),
        (&secret, &[]),
    ] {
        let found: Vec<_> = all.into_iter().filter(|algorithm| served(algorithm, key)).collect();
        assert_eq!(found, expected, "{:?}", key.family());
    }
}

#[test]
fn the_provider_signs_nothing() {
    let key = EncodingKey::from_secret(&[4; 32]);
    for algorithm in [jsonwebtoken::Algorithm::HS256, jsonwebtoken::Algorithm::ES256] {
        assert!((RING.signer_factory)(&algorithm, &key).is_err());
    }
}
