use super::*;
use crate::jws::{Algorithm, AlgorithmSet, Claims, Possession};
use crate::time::UnixSeconds;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;

const AUDIENCE: &str = "https://mcp.example/mcp";
const HEADER: &str = r#"{"typ":"at+jwt","alg":"ES256","kid":"k"}"#;
const SIGNATURE: [u8; 64] = [7; 64];

fn rules(issuer: &str) -> TokenRules {
    TokenRules::new(issuer, [AUDIENCE]).unwrap()
}

/// Two issuers by signature, the second of which is not strict, and one to be asked.
fn three() -> Issuers {
    Issuers::new(vec![
        rules("https://a.example"),
        rules("https://b.example").with_profile(Profile::Compatible),
        rules("https://c.example").with_verification(Verification::Introspection),
    ])
    .unwrap()
}

/// The first two of them.
fn two() -> Issuers {
    Issuers::new(three().iter().take(2).cloned().collect()).unwrap()
}

fn claims(issuer: &str) -> String {
    format!(
        r#"{{"iss":"{issuer}","aud":"{AUDIENCE}","exp":2000,"iat":1000,"sub":"alice","client_id":"desk","jti":"1"}}"#
    )
}

fn token(header: &str, payload: &str) -> String {
    let segments = [header.as_bytes(), payload.as_bytes(), &SIGNATURE];
    segments.map(|bytes| URL_SAFE_NO_PAD.encode(bytes)).join(".")
}

/// Keys with one P-256 key of this name.
fn keys(kid: &str) -> KeySet {
    let x = URL_SAFE_NO_PAD.encode([1; 32]);
    let json = format!(r#"{{"kid":"{kid}","kty":"EC","crv":"P-256","x":"{x}","y":"{x}"}}"#);
    KeySet::parse(json.as_bytes()).unwrap().0
}

#[derive(Debug, PartialEq)]
enum Found {
    Signed(usize),
    Opaque(usize),
}

fn identify(issuers: &Issuers, token: &str) -> Result<Found, Denial> {
    Ok(match issuers.identify(token)? {
        Identified::Signed(unchecked) => {
            assert_eq!(Some(unchecked.rules()), issuers.get(unchecked.index()));
            Found::Signed(unchecked.index())
        }
        Identified::Opaque { index, rules } => {
            assert_eq!(Some(rules), issuers.get(index));
            Found::Opaque(index)
        }
    })
}

#[test]
fn issuers_are_at_least_one_and_distinct_and_one_of_them_can_be_asked() {
    let asked = |issuer| rules(issuer).with_verification(Verification::Introspection);
    let table = [
        (vec![], Some(TokenRulesError::IssuersEmpty)),
        (vec![rules("https://a.example")], None),
        (vec![asked("https://a.example")], None),
        (vec![rules("https://a.example"), rules("https://a.example/")], None),
        (vec![rules("https://a.example"), rules("https://A.example")], None),
        (
            vec![rules("https://a.example"), rules("https://b.example"), rules("https://a.example")],
            Some(TokenRulesError::IssuerRepeated),
        ),
        (vec![rules("https://a.example"), asked("https://a.example")], Some(TokenRulesError::IssuerRepeated)),
        (
            vec![asked("https://a.example"), rules("https://b.example"), asked("https://c.example")],
            Some(TokenRulesError::IntrospectionRepeated),
        ),
    ];
    for (rules, error) in table {
        assert_eq!(Issuers::new(rules.clone()).err(), error, "{rules:?}");
    }
}

#[test]
fn issuers_are_found_by_place_and_by_exact_name() {
    let issuers = three();
    assert_eq!(issuers.len(), 3);
    let names: Vec<_> = issuers.iter().map(TokenRules::issuer).collect();
    assert_eq!(names, ["https://a.example", "https://b.example", "https://c.example"]);
    assert_eq!(issuers.get(1).map(TokenRules::issuer), Some("https://b.example"));
    assert_eq!(issuers.get(3), None);
    assert_eq!(issuers.rules_of("https://c.example"), issuers.get(2));
    for other in ["", "https://c.example/", "https://C.example", "https://c.exampl", "c.example"] {
        assert_eq!(issuers.rules_of(other), None, "{other}");
    }
}

#[test]
fn a_token_comes_under_the_rules_of_the_issuer_it_names() {
    let table = [
        ("https://a.example", Ok(Found::Signed(0))),
        ("https://b.example", Ok(Found::Signed(1))),
        ("https://c.example", Ok(Found::Opaque(2))),
        ("https://d.example", Err(Denial::IssuerForeign)),
        ("https://a.example/", Err(Denial::IssuerForeign)),
        ("https://A.example", Err(Denial::IssuerForeign)),
        ("", Err(Denial::IssuerMissing)),
    ];
    for (issuer, expected) in table {
        assert_eq!(identify(&three(), &token(HEADER, &claims(issuer))), expected, "{issuer}");
    }
}

#[test]
fn the_payload_has_to_tell_the_issuer_unambiguously() {
    let table = [
        ("{}", Denial::IssuerMissing),
        (r#"{"iss":null}"#, Denial::ClaimsMalformed),
        (r#"{"iss":1}"#, Denial::ClaimsMalformed),
        (r#"{"iss":["https://a.example"]}"#, Denial::ClaimsMalformed),
        (r#"{"iss":"https://a.example","iss":"https://b.example"}"#, Denial::ClaimsMalformed),
        (r#"{"iss":"https://a.example","\u0069ss":"https://a.example"}"#, Denial::ClaimsMalformed),
        (r#"{"iss":"https://a.example"}x"#, Denial::ClaimsMalformed),
        (r#"["https://a.example"]"#, Denial::ClaimsMalformed),
        ("not json", Denial::ClaimsMalformed),
    ];
    for issuers in [two(), three()] {
        for (payload, denial) in table {
            assert_eq!(identify(&issuers, &token(HEADER, payload)), Err(denial), "{payload}");
        }
    }
}

/// What a glance does not see, nobody vouches for.
#[test]
fn the_rest_of_the_payload_is_read_after_its_signature() {
    let (issuers, keys) = (three(), keys("k"));
    let good = claims("https://a.example");
    for member in [r#""x":{"y":1,"y":1},"#, r#""x":1,"x":1,"#, r#""x":"\ud800","#, r#""aud":1,"#] {
        let text = token(HEADER, &good.replacen('{', &format!("{{{member}"), 1));
        let Ok(Identified::Signed(unchecked)) = issuers.identify(&text) else { panic!("{member}") };
        let check = unchecked.with_keys(&keys).unwrap();
        assert_eq!(check.resolve(true), Err(Denial::ClaimsMalformed), "{member}");
    }
}

#[test]
fn what_is_no_signed_token_goes_to_the_issuer_that_can_be_asked() {
    let segment = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let [payload, signature] = [segment(&claims("https://a.example")), segment("s")];
    let with_header = |header: &str| format!("{}.{payload}.{signature}", segment(header));
    let table = [
        ("2YotnFZFEjr1zCsicMWpAA".to_owned(), Denial::Malformed),
        ("a.b.c".to_owned(), Denial::Malformed),
        ("..".to_owned(), Denial::Malformed),
        ("v2.local.Zm9v".to_owned(), Denial::Malformed),
        // Encrypted (RFC 7516 section 3.1): only its issuer can read it.
        (format!("{}.Zm9v.Zm9v.Zm9v.Zm9v", segment(r#"{"alg":"dir","enc":"A128GCM"}"#)), Denial::Malformed),
        (with_header("no json"), Denial::HeaderMalformed),
        (with_header("[]"), Denial::HeaderMalformed),
    ];
    for (text, denial) in &table {
        assert_eq!(identify(&three(), text), Ok(Found::Opaque(2)), "{text}");
        assert_eq!(identify(&two(), text), Err(*denial), "{text}");
    }
    // Nothing is not a token of anybody.
    assert_eq!(identify(&three(), ""), Err(Denial::Malformed));
}

/// Whoever is asked about it could mend it and use it.
#[test]
fn a_signed_token_with_a_flaw_is_not_shown_to_an_issuer_that_is_asked() {
    let segment = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let [payload, signature] = [segment(&claims("https://a.example")), segment("signature")];
    let with_header = |header: &str| format!("{}.{payload}.{signature}", segment(header));
    let whole = with_header(HEADER);
    let table = [
        (format!("{whole}="), Denial::Malformed),
        (format!("{whole}=="), Denial::Malformed),
        (format!("{whole}."), Denial::Malformed),
        (format!("{}=.{payload}.{signature}", segment(HEADER)), Denial::Malformed),
        (format!("{}=.{payload}.{signature}", segment(&format!(" {HEADER} "))), Denial::Malformed),
        (format!("{}.{payload}", segment(HEADER)), Denial::Malformed),
        (format!("{}.{payload}.{signature}.{signature}", segment(HEADER)), Denial::Malformed),
        (whole[..whole.len() - 11].to_owned(), Denial::Malformed),
        (with_header(r#"{"alg":"ES256","alg":"ES256"}"#), Denial::HeaderMalformed),
        (with_header("{}"), Denial::AlgorithmRefused),
        (with_header(r#"{"alg":1}"#), Denial::AlgorithmRefused),
        (with_header(r#"{"alg":1,"crit":[]}"#), Denial::CriticalExtension),
    ];
    for (text, denial) in &table {
        assert_eq!(identify(&three(), text), Err(*denial), "{text}");
    }
}

#[test]
fn a_signed_token_of_a_foreign_issuer_goes_to_nobody_whatever_its_header() {
    for header in [
        HEADER,
        r#"{"alg":"HS256"}"#,
        r#"{"alg":"none"}"#,
        r#"{"alg":"x","crit":["y"]}"#,
        r#"{"alg":"ES256","typ":"JWT","kid":1}"#,
    ] {
        let text = token(header, &claims("https://d.example"));
        assert_eq!(identify(&three(), &text), Err(Denial::IssuerForeign), "{header}");
    }
}

#[test]
fn the_header_is_judged_by_the_rules_of_the_issuer() {
    let table = [
        (HEADER, Ok(()), Ok(())),
        (r#"{"alg":"ES256","typ":"JWT"}"#, Err(Denial::TypeRefused), Ok(())),
        (r#"{"alg":"ES256"}"#, Err(Denial::TypeRefused), Ok(())),
        (r#"{"alg":"ES256","typ":"id+jwt"}"#, Err(Denial::TypeRefused), Err(Denial::TypeRefused)),
        (r#"{"alg":"ES256","typ":1}"#, Err(Denial::TypeRefused), Err(Denial::TypeRefused)),
        (r#"{"alg":"HS256"}"#, Err(Denial::AlgorithmRefused), Err(Denial::AlgorithmRefused)),
        (r#"{"alg":"none"}"#, Err(Denial::AlgorithmRefused), Err(Denial::AlgorithmRefused)),
        (r#"{"alg":"ES384"}"#, Err(Denial::AlgorithmRefused), Err(Denial::AlgorithmRefused)),
        (r#"{"alg":"ES256","crit":["x"]}"#, Err(Denial::CriticalExtension), Err(Denial::CriticalExtension)),
        (r#"{"alg":"ES256","b64":false}"#, Err(Denial::UnencodedPayload), Err(Denial::UnencodedPayload)),
        (r#"{"alg":"ES256","kid":1}"#, Err(Denial::HeaderMalformed), Err(Denial::HeaderMalformed)),
    ];
    let issuers = three();
    for (header, strict, compatible) in table {
        for (issuer, expected) in [("https://a.example", strict), ("https://b.example", compatible)] {
            let found = identify(&issuers, &token(header, &claims(issuer))).map(drop);
            assert_eq!(found, expected, "{header} of {issuer}");
        }
        // Whoever is asked judges the header too.
        let asked = identify(&issuers, &token(header, &claims("https://c.example")));
        assert_eq!(asked, Ok(Found::Opaque(2)), "{header}");
    }
}

#[test]
fn an_algorithm_of_one_issuer_is_none_of_another() {
    let only = |issuer, algorithm| rules(issuer).with_algorithms(AlgorithmSet::of(&[algorithm])).unwrap();
    let issuers = Issuers::new(vec![
        only("https://a.example", Algorithm::Es256),
        only("https://b.example", Algorithm::Rs256),
    ])
    .unwrap();
    assert_eq!(identify(&issuers, &token(HEADER, &claims("https://a.example"))), Ok(Found::Signed(0)));
    let other = identify(&issuers, &token(HEADER, &claims("https://b.example")));
    assert_eq!(other, Err(Denial::AlgorithmRefused));
}

#[test]
fn each_issuer_has_a_limit_on_length_of_its_own() {
    let of_a = token(HEADER, &claims("https://a.example"));
    let length = of_a.len();
    let of_b = token(HEADER, &claims("https://b.example"));
    let of_c = token(HEADER, &claims("https://c.example"));
    let limited = |[a, b, c]: [usize; 3]| {
        let three = three();
        let rules = three.iter().zip([a, b, c]);
        let rules = rules.map(|(rules, max)| rules.clone().with_token_bytes_max(max).unwrap());
        Issuers::new(rules.collect()).unwrap()
    };
    let issuers = limited([length, length - 1, length + 1]);
    assert_eq!(identify(&issuers, &of_a), Ok(Found::Signed(0)));
    assert_eq!(identify(&issuers, &of_b), Err(Denial::TooLong));
    assert_eq!(identify(&issuers, &of_c), Ok(Found::Opaque(2)));
    assert_eq!(identify(&issuers, &"x".repeat(length + 1)), Ok(Found::Opaque(2)));
    assert_eq!(identify(&issuers, &"x".repeat(length + 2)), Err(Denial::TooLong));

    let issuers = limited([length, length, length - 1]);
    assert_eq!(identify(&issuers, &of_c), Err(Denial::TooLong));
    assert_eq!(identify(&issuers, &"x".repeat(length)), Err(Denial::TooLong));
    assert_eq!(identify(&issuers, &"x".repeat(length - 1)), Ok(Found::Opaque(2)));
}

/// A token of one issuer whose keys happen to have the same name.
#[test]
fn keys_are_those_of_the_issuer_and_the_claims_come_last() {
    let issuers = three();
    let (own, other) = (keys("k"), keys("other"));
    let text = token(HEADER, &claims("https://b.example"));
    let unchecked = || match issuers.identify(&text) {
        Ok(Identified::Signed(unchecked)) => unchecked,
        found => panic!("{found:?}"),
    };
    assert_eq!(unchecked().with_keys(&other).err(), Some(Denial::KeyUnknown));
    assert_eq!(unchecked().with_keys(&own).unwrap().resolve(false), Err(Denial::BadSignature));
    let claims: Claims = unchecked().with_keys(&own).unwrap().resolve(true).unwrap();
    let now = UnixSeconds(1500);
    assert_eq!(issuers.get(1).unwrap().check(&claims, Possession::default(), now), Ok(()));
    assert_eq!(
        issuers.get(0).unwrap().check(&claims, Possession::default(), now),
        Err(Denial::IssuerForeign)
    );

    let short = text.strip_suffix(&URL_SAFE_NO_PAD.encode(SIGNATURE)).unwrap();
    let short = format!("{short}{}", URL_SAFE_NO_PAD.encode([7; 63]));
    let Ok(Identified::Signed(unchecked)) = issuers.identify(&short) else { panic!("a signed token") };
    assert_eq!(unchecked.with_keys(&own).err(), Some(Denial::BadSignature));
}

#[test]
fn debug_prints_no_token() {
    let issuers = three();
    let text = token(HEADER, &claims("https://a.example"));
    let Ok(Identified::Signed(unchecked)) = issuers.identify(&text) else { panic!("a signed token") };
    let expected = r#"Unchecked { issuer: "https://a.example", algorithm: Es256, key: Some("k"), .. }"#;
    assert_eq!(format!("{unchecked:?}"), expected);
}

proptest! {
    #[test]
    fn any_text_is_survived(text: String) {
        for issuers in [two(), three()] {
            let _ = issuers.identify(&text);
        }
    }
}

#[test]
fn the_longest_token_is_that_of_the_most_generous_issuer() {
    let short = rules("https://a.example").with_token_bytes_max(100).unwrap();
    let long = rules("https://b.example").with_token_bytes_max(200).unwrap();
    assert_eq!(Issuers::new(vec![short.clone(), long]).unwrap().token_bytes_max(), 200);
    assert_eq!(Issuers::new(vec![short]).unwrap().token_bytes_max(), 100);
}

/// One segment is no signed token, whatever it decodes to, and so is for the issuer that is asked.
#[test]
fn a_single_segment_is_opaque_even_if_it_is_json() {
    assert_eq!(identify(&three(), &URL_SAFE_NO_PAD.encode("{}")), Ok(Found::Opaque(2)));
    assert!(identify(&three(), &format!("{}.x", URL_SAFE_NO_PAD.encode("{}"))).is_err());
}
