//! Whole proofs, through all stages. What needs cryptography is given by each test.

use super::*;
use crate::time::UnixSeconds;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use proptest::sample::Index;

/// RFC 9449 section 4.1.
const RFC_TOKEN_REQUEST: &str = concat!(
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNo",
    "UklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERW",
    "clUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh",
    "0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8",
    "v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg",
);
/// RFC 9449 section 7.1.
const RFC_RESOURCE_REQUEST: &str = concat!(
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNo",
    "UklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERW",
    "clUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR",
    "1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCw",
    "iYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-E",
    "y71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA",
);
/// The `ath` of that one, decoded: SHA-256 of its access token.
const RFC_TOKEN_HASH: &str = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo";
/// RFC 9449 section 4.1.
const EC_X: &str = "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs";
const EC_Y: &str = "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA";
/// RFC 8037 appendix A.2.
const ED_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
/// RFC 7638 section 3.1.
const RSA_N: &str = concat!(
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECP",
    "ebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY",
    "368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0f",
    "M4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
);
const THUMBPRINT: Thumbprint = Thumbprint::new([7; 32]);
const TARGET: &str = "https://mcp.example/mcp";

fn rules() -> DpopRules {
    DpopRules::new([TARGET]).unwrap()
}

/// Rules that accept every algorithm there is.
fn generous() -> DpopRules {
    rules().with_algorithms(AlgorithmSet::of(Algorithm::ALL)).unwrap()
}

fn ec(extra: &str) -> String {
    format!(r#"{{"kty":"EC","crv":"P-256","x":"{EC_X}","y":"{EC_Y}"{extra}}}"#)
}

/// A key on P-384.
fn ec384(extra: &str) -> String {
    let x = URL_SAFE_NO_PAD.encode([3; 48]);
    format!(r#"{{"kty":"EC","crv":"P-384","x":"{x}","y":"{x}"{extra}}}"#)
}

fn ed(extra: &str) -> String {
    format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{ED_X}"{extra}}}"#)
}

fn rsa(extra: &str) -> String {
    format!(r#"{{"kty":"RSA","n":"{RSA_N}","e":"AQAB"{extra}}}"#)
}

fn header(algorithm: &str, jwk: &str) -> String {
    format!(r#"{{"typ":"dpop+jwt","alg":"{algorithm}","jwk":{jwk}}}"#)
}

fn claims() -> String {
    let hash = URL_SAFE_NO_PAD.encode([9; 32]);
    format!(r#"{{"jti":"p-1","htm":"POST","htu":"{TARGET}","iat":1000,"ath":"{hash}"}}"#)
}

/// A proof with a signature of this length.
fn proof(header: &str, signature_bytes: usize) -> String {
    let signature = vec![7; signature_bytes];
    let claims = claims();
    let segments = [header.as_bytes(), claims.as_bytes(), &signature];
    segments.map(|bytes| URL_SAFE_NO_PAD.encode(bytes)).join(".")
}

/// Why a proof with this header is refused at once, if it is.
fn judge(header: &str) -> Result<(), ProofDenial> {
    inspect(&proof(header, 64), &rules()).map(|_| ())
}

#[test]
fn the_proof_of_rfc_9449_section_7_1_passes_all_stages() {
    let rules = DpopRules::new(["https://resource.example.org/protectedresource"]).unwrap();
    let check = inspect(RFC_RESOURCE_REQUEST, &rules).unwrap();
    assert_eq!(check.algorithm(), Algorithm::Es256);
    assert!(matches!(check.key().material(), KeyMaterial::EcP256 { .. }));
    assert_eq!(check.key().algorithm(), Algorithm::Es256);
    assert_eq!(check.signature().len(), 64);
    assert_eq!(check.message().len(), RFC_RESOURCE_REQUEST.len() - 87);
    let expected = format!(r#"{{"crv":"P-256","kty":"EC","x":"{EC_X}","y":"{EC_Y}"}}"#);
    assert_eq!(check.thumbprint_input(), expected);
    assert_eq!(format!("{check:?}"), "ProofCheck { algorithm: Es256, .. }");

    let proof = check.resolve(true, THUMBPRINT).unwrap();
    assert_eq!(proof.token_id(), "e1j3V_bKic8-LAEB");
    assert_eq!(proof.thumbprint(), THUMBPRINT);
    let hash = *Thumbprint::parse(RFC_TOKEN_HASH).unwrap().as_bytes();
    assert_eq!(rules.check(&proof, "GET", &hash, UnixSeconds(1_562_262_618)), Ok(()));
}

#[test]
fn the_proof_of_a_token_request_is_for_no_access_token() {
    let check = inspect(RFC_TOKEN_REQUEST, &rules()).unwrap();
    assert_eq!(check.resolve(true, THUMBPRINT), Err(ProofDenial::ClaimsMalformed));
}

#[test]
fn a_bad_signature_keeps_the_claims_closed() {
    let text = proof(&header("ES256", &ec("")), 64);
    let check = || inspect(&text, &rules()).unwrap();
    assert!(check().resolve(true, THUMBPRINT).is_ok());
    assert_eq!(check().resolve(false, THUMBPRINT), Err(ProofDenial::BadSignature));
}

#[test]
fn the_canonical_text_of_a_key_is_that_of_rfc_7638_and_rfc_8037() {
    let table = [
        ("RS256", rsa(""), 256, format!(r#"{{"e":"AQAB","kty":"RSA","n":"{RSA_N}"}}"#)),
        ("EdDSA", ed(""), 64, format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{ED_X}"}}"#)),
        ("ES384", ec384(""), 96, {
            let x = URL_SAFE_NO_PAD.encode([3; 48]);
            format!(r#"{{"crv":"P-384","kty":"EC","x":"{x}","y":"{x}"}}"#)
        }),
        // Members that identify nothing, and another spelling of the same number.
        ("EdDSA", ed(r#","kid":"k","use":"sig","x-note":1"#), 64, {
            format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{ED_X}"}}"#)
        }),
        ("RS256", rsa("").replace("AQAB", "AAEAAQ"), 256, {
            format!(r#"{{"e":"AQAB","kty":"RSA","n":"{RSA_N}"}}"#)
        }),
    ];
    for (algorithm, jwk, signature_bytes, expected) in table {
        let text = proof(&header(algorithm, &jwk), signature_bytes);
        let check = inspect(&text, &generous()).unwrap();
        assert_eq!(check.thumbprint_input(), expected);
    }
}

#[test]
fn the_algorithm_is_that_of_the_proof_where_the_key_has_none() {
    let table = [
        ("ES256", ec(""), 64, Ok(Algorithm::Es256)),
        ("ES256", ec(r#","alg":"ES256""#), 64, Ok(Algorithm::Es256)),
        ("EdDSA", ed(""), 64, Ok(Algorithm::EdDsa)),
        ("RS256", rsa(""), 256, Ok(Algorithm::Rs256)),
        ("PS256", rsa(""), 256, Ok(Algorithm::Ps256)),
        ("PS256", rsa(r#","alg":"PS256""#), 256, Ok(Algorithm::Ps256)),
        ("PS512", rsa(""), 256, Ok(Algorithm::Ps512)),
        ("ES384", ec384(""), 96, Ok(Algorithm::Es384)),
        ("EdDSA", ed(r#","alg":"Ed25519""#), 64, Ok(Algorithm::EdDsa)),
        ("Ed25519", ed(r#","alg":"EdDSA""#), 64, Ok(Algorithm::EdDsa)),
        ("ES256", ec384(""), 64, Err(ProofDenial::KeyRefused)),
        ("ES384", ec(""), 96, Err(ProofDenial::KeyRefused)),
        ("RS256", rsa(r#","alg":"PS256""#), 256, Err(ProofDenial::KeyRefused)),
        ("PS256", rsa(r#","alg":"RS256""#), 256, Err(ProofDenial::KeyRefused)),
        ("ES256", ec(r#","alg":"EdDSA""#), 64, Err(ProofDenial::KeyRefused)),
        ("ES256", ec(r#","alg":"HS256""#), 64, Err(ProofDenial::KeyRefused)),
        ("ES256", ed(""), 64, Err(ProofDenial::KeyRefused)),
        ("ES256", rsa(""), 256, Err(ProofDenial::KeyRefused)),
        ("EdDSA", ec(""), 64, Err(ProofDenial::KeyRefused)),
        ("RS256", ec(""), 64, Err(ProofDenial::KeyRefused)),
    ];
    for (algorithm, jwk, signature_bytes, expected) in table {
        let text = proof(&header(algorithm, &jwk), signature_bytes);
        let judged = inspect(&text, &generous()).map(|check| check.algorithm());
        assert_eq!(judged, expected, "{algorithm} with {jwk}");
    }
}

#[test]
fn a_private_or_symmetric_key_is_refused() {
    // RFC 9449 section 4.3, whatever the value and the type of the key.
    for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        for value in [r#""AA""#, "null", "[]"] {
            let secret = format!(r#","{name}":{value}"#);
            for (algorithm, jwk) in [("ES256", ec(&secret)), ("EdDSA", ed(&secret)), ("RS256", rsa(&secret))]
            {
                assert_eq!(judge(&header(algorithm, &jwk)), Err(ProofDenial::KeyRefused), "{jwk}");
            }
        }
    }
    let oct = r#"{"kty":"oct","k":"AA"}"#;
    assert_eq!(judge(&header("ES256", oct)), Err(ProofDenial::KeyRefused));
    assert_eq!(judge(&header("HS256", oct)), Err(ProofDenial::AlgorithmRefused));
}

#[test]
fn a_key_is_judged_like_a_published_one() {
    let table = [
        "null".to_owned(),
        r#""key""#.to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        r#"{"kty":"EC"}"#.to_owned(),
        format!("[{}]", ec("")),
        format!(r#"{{"keys":[{}]}}"#, ec("")),
        ec("").replace("P-256", "P-521"),
        ec("").replace("P-256", "secp256k1"),
        ec("").replace(EC_X, &EC_X[4..]),
        ec(r#","use":"enc""#),
        ec(r#","key_ops":["sign"]"#),
        ec(r#","kid":1"#),
    ];
    for jwk in table {
        assert_eq!(judge(&header("ES256", &jwk)), Err(ProofDenial::KeyRefused), "{jwk}");
    }
    let short = rsa("").replace(RSA_N, &URL_SAFE_NO_PAD.encode([0xC5; 255]));
    assert_eq!(judge(&header("RS256", &short)), Err(ProofDenial::KeyRefused));
    let absent = r#"{"typ":"dpop+jwt","alg":"ES256"}"#;
    assert_eq!(judge(absent), Err(ProofDenial::KeyRefused));
    // A name of a key, or a place to get it from, is no key.
    let named = r#"{"typ":"dpop+jwt","alg":"ES256","kid":"k","jku":"https://evil.example/k"}"#;
    assert_eq!(judge(named), Err(ProofDenial::KeyRefused));
}

#[test]
fn an_rsa_key_of_a_proof_has_at_most_4096_bits() {
    // Odd numbers of exactly so many bits.
    let modulus = |bits: usize| {
        let mut bytes = vec![0xC5; bits.div_ceil(8)];
        bytes[0] = 1 << ((bits - 1) % 8);
        bytes
    };
    let table = [
        (2047, Err(ProofDenial::KeyRefused)),
        (2048, Ok(())),
        (4095, Ok(())),
        (4096, Ok(())),
        (4097, Err(ProofDenial::KeyRefused)),
        (8192, Err(ProofDenial::KeyRefused)),
    ];
    for (bits, expected) in table {
        for leading_zeros in [0, 1] {
            let n = [vec![0; leading_zeros], modulus(bits)].concat();
            let jwk = rsa("").replace(RSA_N, &URL_SAFE_NO_PAD.encode(n));
            for algorithm in ["RS256", "PS256"] {
                let text = proof(&header(algorithm, &jwk), bits.div_ceil(8));
                assert_eq!(inspect(&text, &rules()).map(|_| ()), expected, "{algorithm} of {bits} bits");
            }
        }
    }
}

#[test]
fn the_type_has_to_be_said() {
    let jwk = ec("");
    let table = [
        (r#""dpop+jwt""#, Ok(())),
        (r#""DPoP+JWT""#, Ok(())),
        (r#""\u0064pop+jwt""#, Ok(())),
        (r#""JWT""#, Err(ProofDenial::TypeRefused)),
        (r#""at+jwt""#, Err(ProofDenial::TypeRefused)),
        (r#""dpop+jwt ""#, Err(ProofDenial::TypeRefused)),
        (r#""dpop""#, Err(ProofDenial::TypeRefused)),
        (r#""""#, Err(ProofDenial::TypeRefused)),
        (r#"null"#, Err(ProofDenial::TypeRefused)),
        (r#"["dpop+jwt"]"#, Err(ProofDenial::TypeRefused)),
    ];
    for (kind, expected) in table {
        let header = format!(r#"{{"typ":{kind},"alg":"ES256","jwk":{jwk}}}"#);
        assert_eq!(judge(&header), expected, "{kind}");
    }
    let silent = format!(r#"{{"alg":"ES256","jwk":{jwk}}}"#);
    assert_eq!(judge(&silent), Err(ProofDenial::TypeRefused));
}

#[test]
fn only_the_listed_algorithms_are_accepted() {
    let jwk = ec("");
    for name in ["none", "None", "NONE", "", "HS256", "HS512", "es256", "ES256K", "ES384", "ES512"] {
        assert_eq!(judge(&header(name, &jwk)), Err(ProofDenial::AlgorithmRefused), "{name}");
    }
    for value in ["null", "1", r#"["ES256"]"#, "true"] {
        let header = format!(r#"{{"typ":"dpop+jwt","alg":{value},"jwk":{jwk}}}"#);
        assert_eq!(judge(&header), Err(ProofDenial::AlgorithmRefused), "{value}");
    }
    let absent = format!(r#"{{"typ":"dpop+jwt","jwk":{jwk}}}"#);
    assert_eq!(judge(&absent), Err(ProofDenial::AlgorithmRefused));

    let only = AlgorithmSet::of(&[Algorithm::EdDsa]);
    let rules = rules().with_algorithms(only).unwrap();
    let refused = inspect(RFC_RESOURCE_REQUEST, &rules).map(|_| ());
    assert_eq!(refused, Err(ProofDenial::AlgorithmRefused));
    let text = proof(&header("EdDSA", &ed("")), 64);
    assert!(inspect(&text, &rules).is_ok());
}

#[test]
fn the_header_has_to_be_strict_and_without_demands() {
    let jwk = ec("");
    let good = header("ES256", &jwk);
    let with = |extra: &str| format!(r#"{{{extra},{}"#, &good[1..]);
    let table = [
        ("not json".to_owned(), ProofDenial::Malformed),
        ("[]".to_owned(), ProofDenial::Malformed),
        (format!("{good}x"), ProofDenial::Malformed),
        (format!("\u{feff}{good}"), ProofDenial::Malformed),
        (with(r#""alg":"ES256""#), ProofDenial::Malformed),
        (with(r#""\u006awk":{}"#), ProofDenial::Malformed),
        (good.replace(r#""kty":"EC""#, r#""kty":"EC","kty":"EC""#), ProofDenial::Malformed),
        (with(r#""b64":false"#), ProofDenial::Malformed),
        (with(r#""b64":"true""#), ProofDenial::Malformed),
        (with(r#""crit":["b64"],"b64":false"#), ProofDenial::CriticalExtension),
        (with(r#""crit":[]"#), ProofDenial::CriticalExtension),
        (with(r#""crit":null"#), ProofDenial::CriticalExtension),
    ];
    for (header, denial) in table {
        assert_eq!(judge(&header), Err(denial), "{header}");
    }
    assert_eq!(judge(&with(r#""b64":true,"kid":7,"x5c":[1]"#)), Ok(()));
}

#[test]
fn a_proof_is_one_compact_jws() {
    let one = RFC_RESOURCE_REQUEST;
    let (message, _) = one.rsplit_once('.').unwrap();
    let table = [
        String::new(),
        "..".to_owned(),
        message.to_owned(),
        format!("{message}."),
        format!("{one}, {one}"),
        format!("{one},{one}"),
        format!("{one} "),
        format!("{one}=="),
        format!("{one}.AA"),
        format!("\"{one}\""),
    ];
    for text in table {
        assert_eq!(inspect(&text, &rules()).map(|_| ()), Err(ProofDenial::Malformed), "{text}");
    }
}

#[test]
fn the_length_is_judged_before_the_shape() {
    let rules = |bytes| rules().with_proof_bytes_max(bytes).unwrap();
    let length = RFC_RESOURCE_REQUEST.len();
    assert!(inspect(RFC_RESOURCE_REQUEST, &rules(length)).is_ok());
    let refused = inspect(RFC_RESOURCE_REQUEST, &rules(length - 1)).map(|_| ());
    assert_eq!(refused, Err(ProofDenial::TooLong));
    assert_eq!(inspect("....", &rules(3)).map(|_| ()), Err(ProofDenial::TooLong));
    let default = DpopRules::new([TARGET]).unwrap();
    assert_eq!(inspect(&".".repeat(8193), &default).map(|_| ()), Err(ProofDenial::TooLong));
    assert_eq!(inspect(&".".repeat(8192), &default).map(|_| ()), Err(ProofDenial::Malformed));
}

#[test]
fn a_signature_has_the_length_of_its_algorithm_and_key() {
    let table =
        [("ES256", ec(""), 64), ("EdDSA", ed(""), 64), ("RS256", rsa(""), 256), ("PS256", rsa(""), 256)];
    for (algorithm, jwk, bytes) in table {
        let judge = |bytes| inspect(&proof(&header(algorithm, &jwk), bytes), &generous()).map(|_| ());
        assert_eq!(judge(bytes), Ok(()), "{algorithm}");
        assert_eq!(judge(bytes - 1), Err(ProofDenial::BadSignature), "{algorithm}");
        assert_eq!(judge(bytes + 1), Err(ProofDenial::BadSignature), "{algorithm}");
    }
}

proptest! {
    #[test]
    fn any_change_of_a_character_is_seen(at: Index, replacement in "[ -~]") {
        let at = at.index(RFC_RESOURCE_REQUEST.len());
        let (before, after) = RFC_RESOURCE_REQUEST.split_at(at);
        let changed = format!("{before}{replacement}{}", &after[1..]);
        prop_assume!(changed != RFC_RESOURCE_REQUEST);
        let rules = rules();
        let original = inspect(RFC_RESOURCE_REQUEST, &rules).unwrap();
        if let Ok(check) = inspect(&changed, &rules) {
            let differs = check.message() != original.message() || check.signature() != original.signature();
            prop_assert!(differs);
        }
    }

    #[test]
    fn any_text_is_survived(text: String, header in "\\{\"typ\":\"dpop\\+jwt\",\\PC{0,40}\\}") {
        let _ = inspect(&text, &rules());
        let _ = inspect(&proof(&header, 64), &rules());
    }
}

#[test]
fn whoever_configures_proofs_is_told_what_is_wrong() {
    let url = "http://a.example";
    for (error, said) in [
        (DpopRulesError::TargetMissing, "DPoP needs a URL under which clients call this server"),
        (
            DpopRulesError::TargetMalformed(url.into()),
            "the DPoP target \"http://a.example\" is not an absolute URL",
        ),
        (
            DpopRulesError::TargetInsecure(url.into()),
            "the DPoP target \"http://a.example\" is neither https nor on a loopback host",
        ),
        (DpopRulesError::AlgorithmsEmpty, "no signature algorithm is accepted for DPoP proofs"),
        (DpopRulesError::WindowTooLong, "the time window for DPoP proofs is longer than 300 seconds"),
        (DpopRulesError::ProofBytesZero, "the limit on the length of a DPoP proof is zero"),
    ] {
        assert_eq!(error.to_string(), said);
    }
}
