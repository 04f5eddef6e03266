use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;

/// RFC 7515 appendix A.3.1.
const EC_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const EC_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
/// RFC 6979 appendix A.2.6, the public key.
const EC384_X: &str = "7DpOQVtOGaRWhhgCn0J_pdqai8SukuAuBqrlKGswDGTe-PDqkFWGYGSiVFFUgLwT";
const EC384_Y: &str = "gBXZty19VyROqO-awMYhiWcIpZNn-d-59UyoSz8cnbEoiyMcOuDU_nNE_SUzJkcg";
/// RFC 8037 appendix A.1.
const ED_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
/// The 2048-bit modulus of RFC 7515 appendix A.2.1.
const RSA_N: &str = concat!(
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4",
    "d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5re",
    "xMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxX",
    "FvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
);
/// The modulus of the Wycheproof group `jws_rsa_roca_key`: a real key of the flawed generator.
const ROCA_N: &str = concat!(
    "AanFpofbj7KjD4Lf-N2hVMKR7yewSyXhhbirIMTGpfYEhZ_lnt5UoK98DnKIgArXGTu3MaW_HhFw16HGaTDUHqPrId7f",
    "e4r11CqRw09yBFuW79V8sYIwHdzCaWflUI6auImYbVfoN9_nD5n8N8SY9DwXw7mwZM9wREPXoDPgOoIWl6q_MPsp7n0z",
    "s3Z5ZaiQWOOzl1S9OhwAfSiiOwz6efnXEaxuTEtPd7BjSx7NaFka8Dx9U7YqXy2RFj1O9PjyaDGuRh7YXsX3iMUSP_wS",
    "yHQg_c_qHRtKUsNSGCT7OZg0hzm2KphtjnayKJvC64vAbROBR4Ubg6Bxg9IQVZ-QYyE",
);

fn ec(extra: &str) -> String {
    format!(r#"{{"kty":"EC","crv":"P-256","x":"{EC_X}","y":"{EC_Y}"{extra}}}"#)
}

fn ec384(extra: &str) -> String {
    format!(r#"{{"kty":"EC","crv":"P-384","x":"{EC384_X}","y":"{EC384_Y}"{extra}}}"#)
}

fn ed(extra: &str) -> String {
    format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{ED_X}"{extra}}}"#)
}

fn rsa(extra: &str) -> String {
    rsa_of(RSA_N, "AQAB", extra)
}

fn rsa_of(n: &str, e: &str, extra: &str) -> String {
    format!(r#"{{"kty":"RSA","n":"{n}","e":"{e}"{extra}}}"#)
}

fn set_of(keys: &[String]) -> String {
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

/// The one key that is read from this JWK where these algorithms are accepted.
fn key_accepting(jwk: &str, accepted: &[Algorithm]) -> Result<Key, KeySetError> {
    let (set, _) = KeySet::parse_accepting(jwk.as_bytes(), AlgorithmSet::of(accepted))?;
    assert_eq!(set.len(), 1);
    Ok(set.iter().next().unwrap().clone())
}

fn parse(json: &str) -> Result<(KeySet, Skipped), KeySetError> {
    KeySet::parse(json.as_bytes())
}

/// The set of these keys, all of which have to be usable.
fn good(keys: &[String]) -> KeySet {
    let (set, skipped) = parse(&set_of(keys)).unwrap();
    assert!(skipped.is_empty(), "{skipped:?}");
    set
}

/// Why this key alone is not used.
fn reason(jwk: &str) -> SkipReason {
    let error = parse(&set_of(&[jwk.to_owned()])).unwrap_err();
    let KeySetError::NoUsableKey(skipped) = error else {
        panic!("{error:?}");
    };
    assert_eq!(skipped.len(), 1);
    let (position, reason) = skipped.iter().next().unwrap();
    assert_eq!(position, 0);
    reason
}

fn bytes(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// An odd number of exactly this many bits, without the ROCA fingerprint (it is divisible by 3).
fn modulus(bits: usize) -> String {
    let mut number = vec![0_u8; bits.div_ceil(8)];
    number[0] = 1 << ((bits - 1) % 8);
    let last = number.len() - 1;
    number[last] |= 1;
    let digits: u32 = number.iter().map(|byte| u32::from(*byte)).sum();
    // 256 is 1 modulo 3, so the sum of the bytes decides divisibility; adding 2 or 4 keeps the
    // number odd.
    number[last] += [0, 2, 4][(digits % 3) as usize];
    URL_SAFE_NO_PAD.encode(number)
}

#[test]
fn keys_of_every_supported_type_are_read() {
    let set = good(&[
        ec(r#","kid":"a","use":"sig","alg":"ES256""#),
        ed(r#","kid":"b","key_ops":["verify"]"#),
        rsa(r#","kid":"c""#),
        rsa(r#","kid":"d","alg":"PS256","key_ops":["sign","verify"],"use":"sig""#),
    ]);
    assert_eq!(set.len(), 4);
    assert!(!set.is_empty());

    let key = set.choose(Some("a"), Algorithm::Es256).unwrap();
    assert_eq!(key.kid(), Some("a"));
    assert_eq!(key.algorithm(), Algorithm::Es256);
    let KeyMaterial::EcP256 { x, y } = key.material() else {
        panic!("{key:?}");
    };
    assert_eq!((x.to_vec(), y.to_vec()), (bytes(EC_X), bytes(EC_Y)));

    let key = set.choose(Some("b"), Algorithm::EdDsa).unwrap();
    let KeyMaterial::Ed25519(x) = key.material() else {
        panic!("{key:?}");
    };
    assert_eq!(x.to_vec(), bytes(ED_X));

    let material = KeyMaterial::Rsa { n: bytes(RSA_N), e: vec![1, 0, 1] };
    let key = set.choose(Some("c"), Algorithm::Rs256).unwrap();
    assert_eq!(key.material(), &material);
    let key = set.choose(Some("d"), Algorithm::Ps256).unwrap();
    assert_eq!(key.material(), &material);
}

#[test]
fn a_single_key_is_a_set_of_one() {
    let (set, skipped) = parse(&ec(r#","kid":"a""#)).unwrap();
    assert!(skipped.is_empty());
    assert_eq!(set, good(&[ec(r#","kid":"a""#)]));
    let error = parse(r#"{"kty":"oct","k":"AA"}"#).unwrap_err();
    assert!(matches!(error, KeySetError::NoUsableKey(_)), "{error}");
}

#[test]
fn every_unusable_key_is_skipped_for_its_reason() {
    let short = URL_SAFE_NO_PAD.encode([1; 31]);
    let long = URL_SAFE_NO_PAD.encode([1; 33]);
    let even_modulus = {
        let mut number = bytes(RSA_N);
        *number.last_mut().unwrap() &= 0xFE;
        URL_SAFE_NO_PAD.encode(number)
    };
    let ec_with = |x: &str, y: &str| format!(r#"{{"kty":"EC","crv":"P-256","x":{x},"y":{y}}}"#);
    let ed_with = |x: &str| format!(r#"{{"kty":"OKP","crv":"Ed25519","x":{x}}}"#);
    let quoted = |text: &str| format!(r#""{text}""#);
    let table = [
        ("1".to_owned(), SkipReason::Malformed),
        ("[]".to_owned(), SkipReason::Malformed),
        ("null".to_owned(), SkipReason::Malformed),
        ("{}".to_owned(), SkipReason::Malformed),
        (r#"{"kty":1}"#.to_owned(), SkipReason::Malformed),
        (r#"{"kty":"EC"}"#.to_owned(), SkipReason::Malformed),
        (r#"{"kty":"oct","k":"AA","alg":"HS256"}"#.to_owned(), SkipReason::Symmetric),
        (r#"{"kty":"oct","k":"AA","alg":"ES256"}"#.to_owned(), SkipReason::Symmetric),
        (r#"{"kty":"AKP"}"#.to_owned(), SkipReason::TypeUnsupported),
        (r#"{"kty":"ec"}"#.to_owned(), SkipReason::TypeUnsupported),
        (ec("").replace("P-256", "P-384"), SkipReason::CoordinateLength),
        (ec("").replace("P-256", "P-521"), SkipReason::CurveUnsupported),
        (ec384(""), SkipReason::AlgorithmNotAccepted),
        (ec384("").replace("P-384", "P-256"), SkipReason::CoordinateLength),
        (ec384(r#","alg":"ES256""#), SkipReason::AlgorithmContradictory),
        (ec384(r#","alg":"ES512""#), SkipReason::AlgorithmUnsupported),
        (ec("").replace("P-256", "secp256k1"), SkipReason::CurveUnsupported),
        (ed("").replace("Ed25519", "X25519"), SkipReason::CurveUnsupported),
        (ed("").replace("Ed25519", "Ed448"), SkipReason::CurveUnsupported),
        (ec("").replace(r#""P-256""#, "256"), SkipReason::Malformed),
        (ec(r#","use":"enc""#), SkipReason::UseOther),
        (ec(r#","use":"SIG""#), SkipReason::UseOther),
        (ec(r#","use":"""#), SkipReason::UseOther),
        (ec(r#","use":1"#), SkipReason::Malformed),
        (ec(r#","key_ops":["encrypt"]"#), SkipReason::OperationsOther),
        (ec(r#","key_ops":["sign"]"#), SkipReason::OperationsOther),
        (ec(r#","key_ops":[]"#), SkipReason::OperationsOther),
        (ec(r#","key_ops":"verify""#), SkipReason::Malformed),
        (ec(r#","key_ops":["verify",1]"#), SkipReason::Malformed),
        (ec(r#","use":"enc","key_ops":["verify"]"#), SkipReason::UseOther),
        (ec(r#","use":"sig","key_ops":["sign"]"#), SkipReason::OperationsOther),
        (ec(r#","alg":"ES384""#), SkipReason::AlgorithmContradictory),
        (ec(r#","alg":"ES512""#), SkipReason::AlgorithmUnsupported),
        (ec(r#","alg":"Ed25519""#), SkipReason::AlgorithmContradictory),
        (ec(r#","alg":"ES521""#), SkipReason::AlgorithmUnsupported),
        (ec(r#","alg":"HS256""#), SkipReason::AlgorithmUnsupported),
        (ec(r#","alg":"none""#), SkipReason::AlgorithmUnsupported),
        (ec(r#","alg":"es256""#), SkipReason::AlgorithmUnsupported),
        (ec(r#","alg":null"#), SkipReason::Malformed),
        (ec(r#","alg":"RS256""#), SkipReason::AlgorithmContradictory),
        (ec(r#","alg":"PS256""#), SkipReason::AlgorithmContradictory),
        (ec(r#","alg":"EdDSA""#), SkipReason::AlgorithmContradictory),
        (ed(r#","alg":"ES256""#), SkipReason::AlgorithmContradictory),
        (ed(r#","alg":"PS256""#), SkipReason::AlgorithmContradictory),
        (rsa(r#","alg":"ES256""#), SkipReason::AlgorithmContradictory),
        (rsa(r#","alg":"EdDSA""#), SkipReason::AlgorithmContradictory),
        (rsa(r#","alg":"RSA-OAEP""#), SkipReason::AlgorithmUnsupported),
        (rsa(r#","alg":"RS512""#), SkipReason::AlgorithmNotAccepted),
        (rsa(r#","alg":"PS384""#), SkipReason::AlgorithmNotAccepted),
        (rsa(r#","alg":"ES384""#), SkipReason::AlgorithmContradictory),
        (ec(r#","kid":1"#), SkipReason::KeyIdMalformed),
        (ec(r#","kid":null"#), SkipReason::KeyIdMalformed),
        (ec_with(&quoted(&short), &quoted(EC_Y)), SkipReason::CoordinateLength),
        (ec_with(&quoted(EC_X), &quoted(&long)), SkipReason::CoordinateLength),
        (ec_with(&quoted(EC_X), r#""""#), SkipReason::CoordinateLength),
        (ec_with(&quoted(EC_X), "1"), SkipReason::Malformed),
        (ec_with(&quoted(&format!("{EC_X}=")), &quoted(EC_Y)), SkipReason::Malformed),
        (ed_with(&quoted(&short)), SkipReason::CoordinateLength),
        (ed_with(&quoted(&long)), SkipReason::CoordinateLength),
        (ed_with("null"), SkipReason::Malformed),
        (rsa_of("", "AQAB", ""), SkipReason::ModulusUnfit),
        (rsa_of("AAAA", "AQAB", ""), SkipReason::ModulusUnfit),
        (rsa_of(&even_modulus, "AQAB", ""), SkipReason::ModulusUnfit),
        (rsa_of(&format!("{RSA_N}=="), "AQAB", ""), SkipReason::Malformed),
        (rsa_of(RSA_N, "", ""), SkipReason::ExponentUnfit),
        (rsa_of(RSA_N, "AA", ""), SkipReason::ExponentUnfit),
        (rsa_of(RSA_N, "AQ", ""), SkipReason::ExponentUnfit),
        (rsa_of(RSA_N, "Ag", ""), SkipReason::ExponentUnfit),
        (rsa_of(RSA_N, "AQAA", ""), SkipReason::ExponentUnfit),
        (rsa_of(ROCA_N, "AQAB", ""), SkipReason::ModulusFactorable),
        (format!(r#"{{"kty":"RSA","n":"{RSA_N}"}}"#), SkipReason::Malformed),
        (r#"{"kty":"RSA","e":"AQAB"}"#.to_owned(), SkipReason::Malformed),
        // A key of one type under the label of another.
        (ec("").replace(r#""EC""#, r#""RSA""#), SkipReason::Malformed),
        (ed("").replace(r#""OKP""#, r#""EC""#), SkipReason::CurveUnsupported),
    ];
    for (jwk, expected) in table {
        assert_eq!(reason(&jwk), expected, "{jwk}");
    }
}

#[test]
fn an_rsa_modulus_has_2048_to_8192_bits() {
    let table = [
        (1024, false),
        (2040, false),
        (2047, false),
        (2048, true),
        (2049, true),
        (3072, true),
        (4096, true),
        (8191, true),
        (8192, true),
        (8193, false),
        (16_384, false),
    ];
    for (bits, usable) in table {
        let jwk = rsa_of(&modulus(bits), "AQAB", "");
        if usable {
            let set = good(std::slice::from_ref(&jwk));
            let key = set.choose(None, Algorithm::Rs256).unwrap();
            let length = Algorithm::Rs256.signature_length(key);
            assert_eq!(length, Some(bits.div_ceil(8)), "{bits}");
        } else {
            assert_eq!(reason(&jwk), SkipReason::ModulusUnfit, "{bits}");
        }
    }
}

#[test]
fn an_rsa_exponent_is_odd_and_has_at_most_four_bytes() {
    for exponent in [&[3_u8][..], &[17], &[1, 0, 1], &[255; 4]] {
        good(&[rsa_of(RSA_N, &URL_SAFE_NO_PAD.encode(exponent), "")]);
    }
    for exponent in [&[1_u8, 0, 0, 0, 1][..], &[255; 256]] {
        let jwk = rsa_of(RSA_N, &URL_SAFE_NO_PAD.encode(exponent), "");
        assert_eq!(reason(&jwk), SkipReason::ExponentUnfit);
    }
}

#[test]
fn leading_zeros_of_rsa_numbers_do_not_count() {
    let with_sign = URL_SAFE_NO_PAD.encode([vec![0], bytes(RSA_N)].concat());
    assert_eq!(good(&[rsa_of(&with_sign, "AAEAAQ", "")]), good(&[rsa("")]));
    let short = URL_SAFE_NO_PAD.encode([vec![0], bytes(&modulus(2040))].concat());
    assert_eq!(reason(&rsa_of(&short, "AQAB", "")), SkipReason::ModulusUnfit);
}

#[test]
fn private_parts_are_not_kept() {
    let private = ec(r#","kid":"a","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI""#);
    assert_eq!(good(&[private]), good(&[ec(r#","kid":"a""#)]));
    let private = rsa(r#","d":1,"p":"AA","q":null,"dp":{},"dq":[],"qi":"","oth":[]"#);
    assert_eq!(good(&[private]), good(&[rsa("")]));
}

#[test]
fn certificates_and_unknown_parameters_are_not_read() {
    let decorated = ec(r#","x5c":[1],"x5u":"https://evil.example","x5t":"x","ext":true"#);
    assert_eq!(good(&[decorated]), good(&[ec("")]));
}

#[test]
fn a_strange_key_does_not_cost_the_others() {
    let json = set_of(&[
        r#"{"kty":"oct","k":"AA"}"#.to_owned(),
        ec(r#","kid":"a""#),
        "17".to_owned(),
        rsa(r#","kid":"b","use":"enc""#),
        ed(r#","kid":"c""#),
        r#"{"kty":"oct","k":"AA"}"#.to_owned(),
    ]);
    let (set, skipped) = parse(&json).unwrap();
    assert_eq!(set, good(&[ec(r#","kid":"a""#), ed(r#","kid":"c""#)]));
    let expected = [
        (0, SkipReason::Symmetric),
        (2, SkipReason::Malformed),
        (3, SkipReason::UseOther),
        (5, SkipReason::Symmetric),
    ];
    assert_eq!(skipped.iter().collect::<Vec<_>>(), expected);
    assert_eq!(skipped.len(), 4);
    assert_eq!(skipped.count(SkipReason::Symmetric), 2);
    assert_eq!(skipped.count(SkipReason::ExponentUnfit), 0);
}

#[test]
fn keys_that_share_an_id_are_all_skipped() {
    let json = set_of(&[
        ec(r#","kid":"a""#),
        ec(r#","kid":"b""#),
        "17".to_owned(),
        rsa(r#","kid":"a""#),
        rsa(r#","kid":"\u0061","alg":"PS256""#),
        ed(""),
        ec(""),
    ]);
    let (set, skipped) = parse(&json).unwrap();
    let expected = [
        (0, SkipReason::KeyIdShared),
        (2, SkipReason::Malformed),
        (3, SkipReason::KeyIdShared),
        (4, SkipReason::KeyIdShared),
    ];
    assert_eq!(skipped.iter().collect::<Vec<_>>(), expected);
    assert_eq!(set, good(&[ec(r#","kid":"b""#), ed(""), ec("")]));

    let twice = ec(r#","kid":"a""#);
    let error = parse(&set_of(&[twice.clone(), twice])).unwrap_err();
    assert!(matches!(error, KeySetError::NoUsableKey(_)), "{error}");
}

#[test]
fn a_key_that_cannot_be_used_does_not_claim_its_id() {
    let json = set_of(&[ec(r#","kid":"a""#), rsa(r#","kid":"a","use":"enc""#)]);
    let (set, skipped) = parse(&json).unwrap();
    assert_eq!(set.len(), 1);
    assert!(set.choose(Some("a"), Algorithm::Es256).is_ok());
    assert_eq!(skipped.count(SkipReason::UseOther), 1);
}

#[test]
fn a_document_that_is_no_key_set_is_an_error() {
    let table = [
        "",
        "{}",
        "[]",
        "null",
        "not json",
        r#"{"keys":null}"#,
        r#"{"keys":{}}"#,
        r#"{"keys":"x"}"#,
        r#"{"Keys":[]}"#,
        r#"{"keys":[],"keys":[]}"#,
        r#"{"keys":[]}{"keys":[]}"#,
        r#"{"keys":[{"kty":"EC","kty":"EC"}]}"#,
        r#"{"error":"unavailable"}"#,
        "<html></html>",
    ];
    for json in table {
        assert_eq!(parse(json), Err(KeySetError::Malformed), "{json}");
    }
    assert_eq!(parse(r#"{"keys":[]}"#), Err(KeySetError::Empty));
    let unusable = parse(r#"{"keys":[{}]}"#);
    assert!(matches!(unusable, Err(KeySetError::NoUsableKey(_))), "{unusable:?}");
}

#[test]
fn errors_say_what_was_wrong_with_each_key() {
    let error = parse(r#"{"keys":[{"kty":"oct"},1]}"#).unwrap_err();
    let expected = "the key set has no usable key: key 0: symmetric, key 1: malformed";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_document_has_at_most_64_keys() {
    let keys =
        |count| -> Vec<String> { (0..count).map(|number| ec(&format!(r#","kid":"{number}""#))).collect() };
    assert_eq!(good(&keys(64)).len(), 64);
    assert_eq!(parse(&set_of(&keys(65))), Err(KeySetError::TooManyKeys));
    let unusable = set_of(&vec!["1".to_owned(); 65]);
    assert_eq!(parse(&unusable), Err(KeySetError::TooManyKeys));
}

#[test]
fn a_document_has_at_most_256_kibibytes() {
    let mut json = ec("");
    json.push_str(&" ".repeat(256 * 1024 - json.len()));
    assert!(parse(&json).is_ok());
    json.push(' ');
    assert_eq!(parse(&json), Err(KeySetError::TooLong));
}

#[test]
fn a_key_id_has_at_most_256_bytes() {
    let longest = "k".repeat(256);
    let set = good(&[ec(&format!(r#","kid":"{longest}""#))]);
    assert!(set.choose(Some(&longest), Algorithm::Es256).is_ok());
    let jwk = ec(&format!(r#","kid":"{longest}k""#));
    assert_eq!(reason(&jwk), SkipReason::KeyIdMalformed);
}

#[test]
fn a_named_key_is_found_by_its_exact_name_and_for_its_algorithm_only() {
    let set = good(&[
        ec(r#","kid":"a""#),
        rsa(r#","kid":"r""#),
        rsa(r#","kid":"p","alg":"PS256""#),
        ed(r#","kid":"""#),
        ec(""),
    ]);
    let table = [
        ("a", Algorithm::Es256, None),
        ("r", Algorithm::Rs256, None),
        ("p", Algorithm::Ps256, None),
        ("", Algorithm::EdDsa, None),
        ("", Algorithm::Es256, Some(Denial::KeyUnfit)),
        ("a", Algorithm::EdDsa, Some(Denial::KeyUnfit)),
        ("a", Algorithm::Rs256, Some(Denial::KeyUnfit)),
        ("r", Algorithm::Ps256, Some(Denial::KeyUnfit)),
        ("p", Algorithm::Rs256, Some(Denial::KeyUnfit)),
        ("A", Algorithm::Es256, Some(Denial::KeyUnknown)),
        ("a\0", Algorithm::Es256, Some(Denial::KeyUnknown)),
        (" a", Algorithm::Es256, Some(Denial::KeyUnknown)),
        ("../a", Algorithm::Es256, Some(Denial::KeyUnknown)),
    ];
    for (kid, algorithm, refused) in table {
        let chosen = set.choose(Some(kid), algorithm);
        match refused {
            Some(denial) => assert_eq!(chosen, Err(denial), "{kid:?}"),
            None => assert_eq!(chosen.unwrap().kid(), Some(kid)),
        }
    }
}

#[test]
fn without_a_name_the_choice_has_to_be_unique() {
    let set = good(&[
        ec(r#","kid":"a""#),
        ec(r#","kid":"b""#),
        rsa(r#","kid":"r""#),
        rsa(r#","kid":"p","alg":"PS256""#),
    ]);
    assert_eq!(set.choose(None, Algorithm::Es256), Err(Denial::KeyUnknown));
    assert_eq!(set.choose(None, Algorithm::EdDsa), Err(Denial::KeyUnknown));
    let chosen = set.choose(None, Algorithm::Rs256).unwrap();
    assert_eq!(chosen.kid(), Some("r"));
    let chosen = set.choose(None, Algorithm::Ps256).unwrap();
    assert_eq!(chosen.kid(), Some("p"));
}

#[test]
fn the_order_of_a_document_does_not_matter() {
    let mut keys = vec![ec(r#","kid":"a""#), ec(r#","kid":"b""#), rsa(""), ed("")];
    let set = good(&keys);
    keys.reverse();
    assert_eq!(good(&keys), set);
    keys.pop();
    assert_ne!(good(&keys), set);
}

#[test]
fn an_rsa_key_without_algorithm_is_for_the_only_accepted_one_or_for_rs256() {
    use Algorithm::{EdDsa, Es256, Es384, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
    let table: &[(&[Algorithm], Option<Algorithm>)] = &[
        (&[Rs256], Some(Rs256)),
        (&[Ps256], Some(Ps256)),
        (&[Rs384], Some(Rs384)),
        (&[Ps384], Some(Ps384)),
        (&[Rs512], Some(Rs512)),
        (&[Ps512], Some(Ps512)),
        (&[Es256, EdDsa, Es384, Ps512], Some(Ps512)),
        (&[Rs256, Ps256], Some(Rs256)),
        (Algorithm::ALL, Some(Rs256)),
        (Algorithm::DEFAULT, Some(Rs256)),
        // More than one, and RS256 is not among them.
        (&[Ps256, Rs512], None),
        (&[Es256], None),
    ];
    for (accepted, expected) in table {
        let key = key_accepting(&rsa(""), accepted);
        assert_eq!(key.ok().map(|key| key.algorithm()), *expected, "{accepted:?}");
        // Its own word comes first.
        let named = key_accepting(&rsa(r#","alg":"PS256""#), accepted);
        let expected = accepted.contains(&Ps256).then_some(Ps256);
        assert_eq!(named.ok().map(|key| key.algorithm()), expected, "{accepted:?}");
    }
}

#[test]
fn keys_on_p384_are_read_where_es384_is_accepted() {
    let plain = key_accepting(&ec384(""), &[Algorithm::Es384]).unwrap();
    let named = key_accepting(&ec384(r#","alg":"ES384""#), Algorithm::ALL).unwrap();
    for key in [plain, named] {
        assert_eq!(key.algorithm(), Algorithm::Es384);
        assert_eq!(Algorithm::Es384.signature_length(&key), Some(96));
        let KeyMaterial::EcP384 { x, y } = key.material() else {
            panic!("{key:?}");
        };
        assert_eq!((x.to_vec(), y.to_vec()), (bytes(EC384_X), bytes(EC384_Y)));
    }
}

#[test]
fn a_key_may_name_eddsa_as_ed25519() {
    assert_eq!(good(&[ed(r#","alg":"Ed25519""#)]), good(&[ed(r#","alg":"EdDSA""#)]));
}

#[test]
fn a_key_for_an_algorithm_that_is_not_accepted_does_not_claim_its_id() {
    let json = set_of(&[rsa(r#","kid":"a","alg":"RS256""#), rsa(r#","kid":"a","alg":"RS512""#)]);
    let (set, skipped) = parse(&json).unwrap();
    assert_eq!(set.choose(Some("a"), Algorithm::Rs256).unwrap().algorithm(), Algorithm::Rs256);
    assert_eq!(skipped.iter().collect::<Vec<_>>(), [(1, SkipReason::AlgorithmNotAccepted)]);
    let all = KeySet::parse_accepting(json.as_bytes(), AlgorithmSet::of(Algorithm::ALL));
    assert!(matches!(all, Err(KeySetError::NoUsableKey(_))));
}

#[test]
fn signatures_have_the_length_of_the_key() {
    let json = set_of(&[ec(""), ed(""), rsa(""), rsa(r#","alg":"PS256""#), ec384("")]);
    let (set, _) = KeySet::parse_accepting(json.as_bytes(), AlgorithmSet::of(Algorithm::ALL)).unwrap();
    let table = [
        (Algorithm::Es256, 64),
        (Algorithm::EdDsa, 64),
        (Algorithm::Rs256, 256),
        (Algorithm::Ps256, 256),
        (Algorithm::Es384, 96),
    ];
    for (algorithm, length) in table {
        let key = set.choose(None, algorithm).unwrap();
        assert_eq!(algorithm.signature_length(key), Some(length));
        for other in Algorithm::ALL {
            let is_rsa = |algorithm: Algorithm| ["RS", "PS"].contains(&&algorithm.name()[..2]);
            let same_type = *other == algorithm || (is_rsa(*other) && is_rsa(algorithm));
            assert_eq!(other.signature_length(key).is_some(), same_type, "{other:?}");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(json: Vec<u8>) {
        let _ = KeySet::parse(&json);
    }

    #[test]
    fn any_parameters_are_survived(
        kty in "EC|OKP|RSA|oct|x",
        crv in "P-256|P-384|Ed25519|x",
        numbers in proptest::collection::vec("[A-Za-z0-9_-]{0,60}", 4),
        extra in r#"(,"(use|alg|kid|key_ops)":("sig"|"ES256"|\["verify"\]|null|1))?"#,
    ) {
        let [x, y, n, e] = numbers.try_into().unwrap();
        let jwk = format!(
            r#"{{"kty":"{kty}","crv":"{crv}","x":"{x}","y":"{y}","n":"{n}","e":"{e}"{extra}}}"#
        );
        if let Ok((set, skipped)) = parse(&jwk) {
            prop_assert_eq!(set.len(), 1);
            prop_assert!(skipped.is_empty());
        }
    }
}

#[test]
fn a_set_knows_whether_it_has_keys_and_whether_all_of_the_document_is_in_it() {
    let x = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
    let key = format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{x}"}}"#);
    let (keys, skipped) = KeySet::parse(format!(r#"{{"keys":[{key}]}}"#).as_bytes()).unwrap();
    assert!(!keys.is_empty() && skipped.is_empty());
    assert!(Skipped::default().is_empty());
    let json = format!(r#"{{"keys":[{key},{{"kty":"oct","k":"AQ"}}]}}"#);
    let (keys, skipped) = KeySet::parse(json.as_bytes()).unwrap();
    assert!(!keys.is_empty() && !skipped.is_empty());
}

#[test]
fn operators_are_told_which_keys_cannot_be_used() {
    let reasons = [
        (SkipReason::Malformed, "malformed"),
        (SkipReason::Symmetric, "symmetric"),
        (SkipReason::TypeUnsupported, "unsupported type"),
        (SkipReason::CurveUnsupported, "unsupported curve"),
        (SkipReason::UseOther, "not for signatures"),
        (SkipReason::OperationsOther, "not for verification"),
        (SkipReason::AlgorithmUnsupported, "unsupported algorithm"),
        (SkipReason::AlgorithmContradictory, "algorithm of another type of key"),
        (SkipReason::AlgorithmNotAccepted, "algorithm that is not accepted"),
        (SkipReason::KeyIdMalformed, "malformed name"),
        (SkipReason::KeyIdShared, "name shared with another key"),
        (SkipReason::CoordinateLength, "coordinate of wrong length"),
        (SkipReason::ModulusUnfit, "modulus out of range"),
        (SkipReason::ModulusFactorable, "modulus from a flawed generator"),
        (SkipReason::ExponentUnfit, "exponent out of range"),
    ];
    for (reason, said) in reasons {
        assert_eq!(reason.to_string(), said);
    }
    assert_eq!(KeySetError::TooLong.to_string(), "the key set is longer than 256 KiB");
    assert_eq!(KeySetError::TooManyKeys.to_string(), "the key set has more than 64 keys");
    assert_eq!(KeySetError::Empty.to_string(), "the key set is empty");
}
