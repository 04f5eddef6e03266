//! Whole tokens, through all stages. The one bit of cryptography is given by each test.

mod products;

use super::*;
use crate::time::UnixSeconds;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::BTreeSet;

const HEADER: &str = r#"{"typ":"at+jwt","alg":"ES256","kid":"ec"}"#;
const CLAIMS: &str = concat!(
    r#"{"iss":"https://id.example","aud":"https://mcp.example/mcp","exp":2000,"iat":1000,"#,
    r#""sub":"alice","client_id":"desk","jti":"t-1","scope":"read"}"#,
);
const SIGNATURE: [u8; 64] = [7; 64];
/// Each key by name, its algorithm, and how long its signatures are.
const OWN: [(&str, Algorithm, usize); 9] = [
    ("ec", Algorithm::Es256, 64),
    ("ed", Algorithm::EdDsa, 64),
    ("rs", Algorithm::Rs256, 256),
    ("ps", Algorithm::Ps256, 256),
    ("ec384", Algorithm::Es384, 96),
    ("rs384", Algorithm::Rs384, 256),
    ("ps384", Algorithm::Ps384, 256),
    ("rs512", Algorithm::Rs512, 256),
    ("ps512", Algorithm::Ps512, 256),
];

fn rules() -> TokenRules {
    let rules = TokenRules::new("https://id.example", ["https://mcp.example/mcp"]).unwrap();
    rules.with_algorithms(AlgorithmSet::of(Algorithm::ALL)).unwrap()
}

/// A key for each algorithm.
fn keys() -> KeySet {
    let n = URL_SAFE_NO_PAD.encode([0xC5; 256]);
    let x = URL_SAFE_NO_PAD.encode([1; 32]);
    let long = URL_SAFE_NO_PAD.encode([1; 48]);
    let json = format!(
        r#"{{"keys":[
            {{"kid":"ec","kty":"EC","crv":"P-256","x":"{x}","y":"{x}"}},
            {{"kid":"ed","kty":"OKP","crv":"Ed25519","x":"{x}"}},
            {{"kid":"rs","kty":"RSA","n":"{n}","e":"AQAB"}},
            {{"kid":"ps","kty":"RSA","n":"{n}","e":"AQAB","alg":"PS256"}},
            {{"kid":"ec384","kty":"EC","crv":"P-384","x":"{long}","y":"{long}"}},
            {{"kid":"rs384","kty":"RSA","n":"{n}","e":"AQAB","alg":"RS384"}},
            {{"kid":"ps384","kty":"RSA","n":"{n}","e":"AQAB","alg":"PS384"}},
            {{"kid":"rs512","kty":"RSA","n":"{n}","e":"AQAB","alg":"RS512"}},
            {{"kid":"ps512","kty":"RSA","n":"{n}","e":"AQAB","alg":"PS512"}}]}}"#
    );
    let (keys, skipped) = KeySet::parse_accepting(json.as_bytes(), AlgorithmSet::of(Algorithm::ALL)).unwrap();
    assert!(skipped.is_empty(), "{skipped:?}");
    keys
}

fn token(header: &str, claims: &str, signature: &[u8]) -> String {
    let segments = [header.as_bytes(), claims.as_bytes(), signature];
    segments.map(|bytes| URL_SAFE_NO_PAD.encode(bytes)).join(".")
}

/// What becomes of a token when its signature is good and the time is 1500.
fn judge(token: &str) -> Result<Claims, Denial> {
    let rules = rules();
    let claims = inspect(token, &rules, &keys())?.resolve(true)?;
    rules.check(&claims, Possession::default(), UnixSeconds(1500))?;
    Ok(claims)
}

fn replaced(from: &str, to: &str) -> String {
    assert!(CLAIMS.contains(from), "{from}");
    CLAIMS.replace(from, to)
}

#[test]
fn a_good_token_passes_all_stages() {
    let text = token(HEADER, CLAIMS, &SIGNATURE);
    let (rules, keys) = (rules(), keys());
    let check = inspect(&text, &rules, &keys).unwrap();
    assert_eq!(check.algorithm(), Algorithm::Es256);
    assert_eq!(check.key().kid(), Some("ec"));
    assert_eq!(check.signature(), SIGNATURE);
    let (message, _) = text.rsplit_once('.').unwrap();
    assert_eq!(check.message(), message.as_bytes());

    let claims = check.resolve(true).unwrap();
    assert_eq!(claims.principal().subject(), "alice");
    assert!(claims.principal().scopes().contains("read"));
    assert_eq!(rules.check(&claims, Possession::default(), UnixSeconds(1500)), Ok(()));
}

#[test]
fn every_denial_is_reached() {
    let with_claims = |claims: &str| token(HEADER, claims, &SIGNATURE);
    let with_header = |header: &str| token(header, CLAIMS, &SIGNATURE);
    // RFC 8705 appendix A.
    let bound_to_a_certificate = r#"2000,"cnf":{"x5t#S256":"A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"}"#;
    let table = [
        (format!("{}A", "A".repeat(16_384)), Denial::TooLong),
        ("opaque-token".to_owned(), Denial::Malformed),
        (with_header("{}x"), Denial::HeaderMalformed),
        (with_header(r#"{"typ":"at+jwt","alg":"none"}"#), Denial::AlgorithmRefused),
        (with_header(r#"{"typ":"JWT","alg":"ES256"}"#), Denial::TypeRefused),
        (with_header(r#"{"alg":"ES256","crit":["x"]}"#), Denial::CriticalExtension),
        (with_header(r#"{"alg":"ES256","b64":false}"#), Denial::UnencodedPayload),
        (with_header(&HEADER.replace(r#""ec""#, r#""no""#)), Denial::KeyUnknown),
        (with_header(&HEADER.replace(r#""ec""#, r#""rs""#)), Denial::KeyUnfit),
        (token(HEADER, CLAIMS, &[7; 63]), Denial::BadSignature),
        (with_claims(&replaced("2000", r#""2000""#)), Denial::ClaimsMalformed),
        (with_claims(&replaced(r#""iss""#, r#""x""#)), Denial::IssuerMissing),
        (with_claims(&replaced("id.example", "id.evil")), Denial::IssuerForeign),
        (with_claims(&replaced(r#""aud""#, r#""x""#)), Denial::AudienceMissing),
        (with_claims(&replaced("mcp.example", "mcp.evil")), Denial::AudienceForeign),
        (with_claims(&replaced(r#""exp""#, r#""x""#)), Denial::ExpiryMissing),
        (with_claims(&replaced("2000", "1440")), Denial::Expired),
        (with_claims(&replaced("2000", r#"2000,"nbf":1561"#)), Denial::NotYetValid),
        (with_claims(&replaced("1000", "1561")), Denial::IssuedInFuture),
        (with_claims(&replaced(r#""sub""#, r#""x""#)), Denial::SubjectMissing),
        (with_claims(&replaced(r#""client_id""#, r#""x""#)), Denial::ClientMissing),
        (with_claims(&replaced(r#""iat""#, r#""x""#)), Denial::IssuedAtMissing),
        (with_claims(&replaced(r#""jti""#, r#""x""#)), Denial::TokenIdMissing),
        (with_claims(&replaced("2000", r#"2000,"cnf":{"jkt":"x"}"#)), Denial::SenderConstrained),
        (with_claims(&replaced("2000", bound_to_a_certificate)), Denial::CertificateMissing),
    ];
    // Those that take more than a token to happen.
    let others = [
        Denial::NotSenderConstrained,
        Denial::KeyNotBound,
        Denial::CertificateNotBound,
        Denial::NotCertificateBound,
        Denial::NotAnAccessToken,
        Denial::Inactive,
    ];
    for (text, denial) in &table {
        assert_eq!(judge(text), Err(*denial), "{}", denial.rule());
    }
    let reached: BTreeSet<_> = table.iter().map(|(_, denial)| *denial).chain(others).collect();
    assert_eq!(reached, Denial::ALL.iter().copied().collect());
}

#[test]
fn a_bad_signature_is_the_end_whatever_the_claims_say() {
    let (rules, keys) = (rules(), keys());
    for claims in [CLAIMS, "{}", "not json"] {
        let text = token(HEADER, claims, &SIGNATURE);
        let check = inspect(&text, &rules, &keys).unwrap();
        assert_eq!(check.resolve(false), Err(Denial::BadSignature));
    }
}

#[test]
fn the_length_is_judged_first_and_to_the_byte() {
    let text = token(HEADER, CLAIMS, &SIGNATURE);
    let exact = rules().with_token_bytes_max(text.len()).unwrap();
    assert!(inspect(&text, &exact, &keys()).is_ok());
    let short = rules().with_token_bytes_max(text.len() - 1).unwrap();
    assert_eq!(inspect(&text, &short, &keys()).unwrap_err(), Denial::TooLong);

    let padded = |length: usize| format!("{}.A", "A".repeat(length - 2));
    assert_eq!(judge(&padded(16_384)), Err(Denial::Malformed));
    assert_eq!(judge(&padded(16_385)), Err(Denial::TooLong));
}

#[test]
fn the_stages_come_in_order() {
    // Each token has the fault of its row and of all rows below.
    let table = [
        (r#"{"alg":"ES256","typ":"JWT","kid":"no","crit":[],"crit":[]}"#, Denial::HeaderMalformed),
        (r#"{"alg":"none","typ":"JWT","kid":"no","crit":[]}"#, Denial::CriticalExtension),
        (r#"{"alg":"none","typ":"JWT","kid":"no"}"#, Denial::AlgorithmRefused),
        (r#"{"alg":"ES256","typ":"JWT","kid":"no"}"#, Denial::TypeRefused),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"no"}"#, Denial::KeyUnknown),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"ed"}"#, Denial::KeyUnfit),
        (r#"{"alg":"ES256","typ":"at+jwt","kid":"ec"}"#, Denial::BadSignature),
    ];
    for (header, denial) in table {
        assert_eq!(judge(&token(header, "no claims", &[7; 3])), Err(denial), "{header}");
    }
    let last = token(HEADER, "no claims", &SIGNATURE);
    assert_eq!(judge(&last), Err(Denial::ClaimsMalformed));
    // And no stage is reached by a token that is not whole.
    let broken = format!("{}=", token("{", "no claims", &[7; 3]));
    assert_eq!(judge(&broken), Err(Denial::Malformed));
}

#[test]
fn the_rules_decide_which_algorithms_there_are() {
    let text = token(HEADER, CLAIMS, &SIGNATURE);
    let others = [Algorithm::EdDsa, Algorithm::Rs256, Algorithm::Ps256];
    let without = rules().with_algorithms(AlgorithmSet::of(&others)).unwrap();
    let refused = inspect(&text, &without, &keys()).unwrap_err();
    assert_eq!(refused, Denial::AlgorithmRefused);
    let with = rules().with_algorithms(AlgorithmSet::of(&[Algorithm::Es256])).unwrap();
    assert!(inspect(&text, &with, &keys()).is_ok());
}

#[test]
fn algorithms_beyond_the_default_are_accepted_on_request_only() {
    let (all, keys) = (rules(), keys());
    let default = TokenRules::new("https://id.example", ["https://mcp.example/mcp"]).unwrap();
    for (kid, algorithm, length) in OWN {
        let header = format!(r#"{{"typ":"at+jwt","alg":"{}","kid":"{kid}"}}"#, algorithm.name());
        let text = token(&header, CLAIMS, &vec![7; length]);
        assert!(inspect(&text, &all, &keys).is_ok(), "{algorithm:?}");
        let judged = inspect(&text, &default, &keys).map(|check| check.algorithm());
        let is_default = ["ES256", "RS256", "PS256", "EdDSA"].contains(&algorithm.name());
        let expected = if is_default { Ok(algorithm) } else { Err(Denial::AlgorithmRefused) };
        assert_eq!(judged, expected, "{algorithm:?}");
    }
}

#[test]
fn eddsa_has_a_second_name() {
    let (rules, keys) = (rules(), keys());
    let text = token(r#"{"typ":"at+jwt","alg":"Ed25519","kid":"ed"}"#, CLAIMS, &SIGNATURE);
    assert_eq!(inspect(&text, &rules, &keys).unwrap().algorithm(), Algorithm::EdDsa);
}

#[test]
fn each_key_checks_its_own_algorithm_only() {
    for (kid, owned, length) in OWN {
        for algorithm in Algorithm::ALL {
            let header = format!(r#"{{"typ":"at+jwt","alg":"{}","kid":"{kid}"}}"#, algorithm.name());
            let judged = judge(&token(&header, CLAIMS, &vec![7; length]));
            if *algorithm == owned {
                assert!(judged.is_ok(), "{header}");
            } else {
                assert_eq!(judged, Err(Denial::KeyUnfit), "{header}");
            }
        }
        for secret in ["HS256", "HS384", "HS512", "none"] {
            let header = format!(r#"{{"typ":"at+jwt","alg":"{secret}","kid":"{kid}"}}"#);
            let judged = judge(&token(&header, CLAIMS, &[7; 32]));
            assert_eq!(judged, Err(Denial::AlgorithmRefused), "{header}");
        }
    }
}

#[test]
fn signatures_of_any_other_length_never_reach_the_cryptography() {
    let (rules, keys) = (rules(), keys());
    for (kid, algorithm, exact) in OWN {
        let header = format!(r#"{{"typ":"at+jwt","alg":"{}","kid":"{kid}"}}"#, algorithm.name());
        for length in [1, 32, 63, 64, 65, 70, 72, 95, 96, 97, 102, 128, 255, 256, 257, 512] {
            let text = token(&header, CLAIMS, &vec![7; length]);
            let checked = inspect(&text, &rules, &keys).map(|check| check.signature().len());
            let expected = if length == exact { Ok(exact) } else { Err(Denial::BadSignature) };
            assert_eq!(checked, expected, "{algorithm:?} {length}");
        }
    }
}

#[test]
fn a_token_without_key_id_needs_a_unique_key() {
    let header = r#"{"typ":"at+jwt","alg":"ES256"}"#;
    assert!(judge(&token(header, CLAIMS, &SIGNATURE)).is_ok());
    let x = URL_SAFE_NO_PAD.encode([1; 32]);
    let one = format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{x}"}}"#);
    let (keys, _) = KeySet::parse(format!(r#"{{"keys":[{one},{one}]}}"#).as_bytes()).unwrap();
    let text = token(header, CLAIMS, &SIGNATURE);
    let refused = inspect(&text, &rules(), &keys).unwrap_err();
    assert_eq!(refused, Denial::KeyUnknown);
}

#[test]
fn encrypted_nested_and_unsigned_tokens_are_refused() {
    let signed = token(HEADER, CLAIMS, &SIGNATURE);
    let nested = token(r#"{"typ":"at+jwt","alg":"ES256","kid":"ec","cty":"JWT"}"#, &signed, &SIGNATURE);
    let compressed =
        token(r#"{"typ":"at+jwt","alg":"ES256","kid":"ec","zip":"DEF"}"#, "\u{1}\u{2}", &SIGNATURE);
    let table = [
        (nested, Denial::ClaimsMalformed),
        (compressed, Denial::ClaimsMalformed),
        (format!("{signed}.Zm9v.Zm9v"), Denial::Malformed),
        (format!("{signed}.Zm9v"), Denial::Malformed),
        (format!("{signed}."), Denial::Malformed),
        (token(r#"{"typ":"at+jwt","alg":"none"}"#, CLAIMS, b""), Denial::Malformed),
        (token(HEADER, "", &SIGNATURE), Denial::Malformed),
        (String::new(), Denial::Malformed),
        ("sk-0123456789abcdef".to_owned(), Denial::Malformed),
    ];
    for (text, denial) in table {
        assert_eq!(judge(&text), Err(denial), "{text}");
    }
}

#[test]
fn debug_of_every_stage_prints_no_token() {
    let text = token(HEADER, CLAIMS, &SIGNATURE);
    let (rules, keys) = (rules(), keys());
    let check = inspect(&text, &rules, &keys).unwrap();
    let shown = format!("{check:?}");
    assert_eq!(shown, r#"SignatureCheck { algorithm: Es256, key: Some("ec"), .. }"#);
}

proptest! {
    #[test]
    fn any_text_is_survived(text: String) {
        let _ = inspect(&text, &rules(), &keys());
    }

    #[test]
    fn any_segments_are_survived(header: Vec<u8>, claims: Vec<u8>, signature: Vec<u8>) {
        let segments = [header, claims, signature].map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        let _ = judge(&segments.join("."));
    }

    #[test]
    fn any_claims_under_a_good_header_are_survived(claims: Vec<u8>) {
        let segments = [HEADER.as_bytes(), &claims, &SIGNATURE];
        let text = segments.map(|bytes| URL_SAFE_NO_PAD.encode(bytes)).join(".");
        prop_assert!(judge(&text).is_err());
    }

    #[test]
    fn no_other_text_is_the_same_token(at: Index, replacement in "[ -~]") {
        let text = token(HEADER, CLAIMS, &SIGNATURE);
        let at = at.index(text.len());
        let mut other = text.clone();
        other.replace_range(at..=at, &replacement);
        if other != text && let Ok(check) = inspect(&other, &rules(), &keys()) {
            let same = check.signature() == SIGNATURE
                && text.as_bytes().starts_with(check.message());
            prop_assert!(!same, "{other}");
        }
    }
}
