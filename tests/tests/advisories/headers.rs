//! Classes of attack by the JOSE header, and by the shape of a token.

use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use mcp_tests::forge::{Draft, Signer, base64url, compact, hs256};
use mcp_tokio::{Algorithm, AlgorithmSet};
use serde_json::{Value, json};

use crate::trusting::{ACCEPTED, Trusting};

#[tokio::test(start_paused = true)]
async fn class_alg_none_misspelt_missing_or_no_string() {
    let trusting = Trusting::start();
    let names = [
        json!("none"),
        json!("None"),
        json!("NONE"),
        json!("nOnE"),
        json!(""),
        json!("es256"),
        json!("ES256 "),
        json!(" ES256"),
        json!("ES256\u{0}"),
        json!("ES-256"),
        json!("ES256K"),
        json!("ES512"),
        json!(null),
        json!(["ES256"]),
        json!({"name": "ES256"}),
        json!(256),
        json!(true),
    ];
    for alg in names {
        let draft = trusting.draft().header("alg", alg.clone());
        assert_eq!(trusting.judge_draft(draft.clone()).await, "algorithm_refused", "{alg}");
        for signature in [b"".as_slice(), b"\0"] {
            let judged = trusting.judge(&draft.sign_with(|_| signature.to_vec())).await;
            let expected = if signature.is_empty() { "token_malformed" } else { "algorithm_refused" };
            assert_eq!(judged, expected, "{alg}");
        }
    }
    assert_eq!(trusting.judge_draft(trusting.draft().no_header("alg")).await, "algorithm_refused");
    let renamed = trusting.draft().no_header("alg").header("Alg", "ES256");
    assert_eq!(trusting.judge_draft(renamed).await, "algorithm_refused");
}

/// Everything that an attacker could take for the secret: all of it is public.
pub(crate) fn public_texts(signer: &Signer) -> Vec<Vec<u8>> {
    let key = signer.public_key();
    let mut texts: Vec<Vec<u8>> = vec![
        key.to_string().into(),
        format!("{key:#}").into(),
        signer.jwk().to_string().into(),
        signer.jwks().into(),
        signer.kid().into(),
        signer.thumbprint().into(),
        Vec::new(),
    ];
    let mut raw_point = vec![4_u8];
    for member in ["x", "y", "n", "e"] {
        let Some(text) = key[member].as_str() else { continue };
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).expect("base64url");
        raw_point.extend(&bytes);
        texts.push(text.into());
        texts.push(bytes);
    }
    // SubjectPublicKeyInfo of a P-256 key (RFC 5480), or what looks like it for others: DER, and PEM in the
    // spellings that verifiers have told from secrets by their first bytes.
    let prefix = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";
    let der = [prefix.as_slice(), &raw_point].concat();
    let body = base64::engine::general_purpose::STANDARD.encode(&der);
    for label in ["PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE"] {
        for space in ["", " ", "\n", "\t", "\u{feff}"] {
            for end in ["", "\n"] {
                let pem = format!("{space}-----BEGIN {label}-----\n{body}\n-----END {label}-----{end}");
                texts.push(pem.into());
            }
        }
    }
    texts.push(format!("ecdsa-sha2-nistp256 {body}").into());
    texts.push(format!("ssh-ed25519 {body} a@b").into());
    texts.push(der);
    texts.push(raw_point);
    texts
}

#[tokio::test(start_paused = true)]
async fn class_hmac_with_public_key_text_as_secret() {
    let trusting = Trusting::start();
    for signer in [&trusting.ec, &trusting.rsa, &trusting.ed] {
        for secret in public_texts(signer) {
            for alg in ["HS256", "HS384", "HS512"] {
                let token = Draft::of(signer).header("alg", alg).sign_with(|message| hs256(&secret, message));
                assert_eq!(trusting.judge(&token).await, "algorithm_refused", "{secret:?}");
            }
            // The other way round: an HMAC that claims to be a signature.
            let token = Draft::of(signer).sign_with(|message| hs256(&secret, message));
            assert_eq!(trusting.judge(&token).await, "bad_signature", "{secret:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn class_one_key_is_for_one_algorithm() {
    let trusting = Trusting::with(|issuer| issuer.algorithms(AlgorithmSet::of(Algorithm::ALL)));
    // The same numbers, the other padding.
    let pss = Signer::ps256("rsa");
    assert_eq!(trusting.judge(&Draft::of(&pss).sign(&pss)).await, "key_unfit");
    for (kid, algorithms) in [("ec", ["RS256", "EdDSA", "ES384"]), ("ed", ["ES256", "RS256", "PS256"])] {
        for alg in algorithms {
            let draft = trusting.draft().header("kid", kid).header("alg", alg);
            assert_eq!(trusting.judge_draft(draft).await, "key_unfit", "{kid} {alg}");
        }
    }
    assert_eq!(trusting.judge(&Draft::of(&trusting.rsa).sign(&trusting.rsa)).await, ACCEPTED);
}

#[tokio::test(start_paused = true)]
async fn class_kid_is_a_name_and_nothing_else() {
    let trusting = Trusting::start();
    let longest = "k".repeat(256);
    for kid in [
        "../../../../dev/null",
        "/dev/null",
        "/proc/self/environ",
        "' OR '1'='1",
        "x' UNION SELECT 'secret",
        "https://evil.example/jwks",
        "file:///etc/passwd",
        "ec\0",
        "\0ec",
        "EC",
        "ec ",
        " ec",
        "ec\n",
        "%65c",
        "",
        "\u{ff45}c",
        "$(id)",
        "`id`",
        "|id",
        longest.as_str(),
    ] {
        assert_eq!(trusting.judge_draft(trusting.draft().header("kid", kid)).await, "key_unknown", "{kid:?}");
    }
    for kid in [json!(1), json!(["ec"]), json!({"$ne": ""}), json!(null), json!(true), json!("k".repeat(257))]
    {
        let judged = trusting.judge_draft(trusting.draft().header("kid", kid.clone())).await;
        assert_eq!(judged, "header_malformed", "{kid}");
    }
    // Without a name there has to be no choice.
    assert_eq!(trusting.judge_draft(trusting.draft().no_header("kid")).await, ACCEPTED);
}

/// The key of somebody else, with an invitation to use it.
fn invitations(attacker: &Signer) -> [(&'static str, Value); 5] {
    [
        ("jwk", attacker.jwk()),
        ("jku", json!("https://evil.example/jwks")),
        ("x5u", json!("https://evil.example/cert.pem")),
        ("x5c", json!(["MIIB"])),
        ("x5t#S256", json!(attacker.thumbprint())),
    ]
}

#[tokio::test(start_paused = true)]
async fn class_keys_that_a_token_brings_are_never_used() {
    let trusting = Trusting::start();
    let attacker = Signer::es256("attacker");
    for (name, value) in invitations(&attacker) {
        let draft = trusting.draft().header(name, value.clone());
        assert_eq!(trusting.judge(&draft.sign(&attacker)).await, "bad_signature", "{name}");
        let unnamed = draft.clone().no_header("kid");
        assert_eq!(trusting.judge(&unnamed.sign(&attacker)).await, "bad_signature", "{name}");
        let own_name = draft.clone().header("kid", "attacker");
        assert_eq!(trusting.judge(&own_name.sign(&attacker)).await, "key_unknown", "{name}");
        // Their presence alone is no fault.
        assert_eq!(trusting.judge_draft(draft).await, ACCEPTED, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn class_crit_and_b64() {
    let trusting = Trusting::start();
    for crit in [
        json!(["b64"]),
        json!(["exp"]),
        json!([]),
        json!(null),
        json!("b64"),
        json!(["x", "x"]),
        json!({}),
        json!([""]),
    ] {
        let draft = trusting.draft().header("crit", crit.clone()).header("b64", true).header("exp", 1);
        assert_eq!(trusting.judge_draft(draft).await, "critical_extension", "{crit}");
    }
    for b64 in [json!(false), json!(null), json!("true"), json!(1)] {
        let judged = trusting.judge_draft(trusting.draft().header("b64", b64.clone())).await;
        assert_eq!(judged, "unencoded_payload", "{b64}");
    }
}

#[tokio::test(start_paused = true)]
async fn class_strict_json_of_header_and_claims() {
    let trusting = Trusting::start();
    let draft = trusting.draft();
    let (header, claims) = (draft.header_json(), draft.claims_json());
    let spoilt = |json: &str| {
        let inner = &json[1..json.len() - 1];
        [
            format!("{{{inner},{inner}}}"),
            format!("{{{inner},\"\\u0061lg\":\"ES256\",\"alg\":\"ES256\",\"aud\":1,\"\\u0061ud\":1}}"),
            format!("\u{feff}{json}"),
            format!("{json}x"),
            format!("{json}{json}"),
            format!("{json}\0"),
            format!("{{{inner},}}"),
            format!("{{{inner},\"x\":NaN}}"),
            format!("{{{inner},\"x\":Infinity}}"),
            format!("{{{inner},\"x\":01}}"),
            format!("{{{inner},\"x\":'y'}}"),
            format!("{{{inner},\"x\":\"\\ud800\"}}"),
            format!("{{{inner},\"x\":\"\\x41\"}}"),
            format!("{{{inner}/**/}}"),
            format!("{{{inner}}}//"),
            format!("[{json}]"),
            "\"text\"".to_owned(),
            "null".to_owned(),
            "7".to_owned(),
            "{".to_owned(),
            format!("{{{inner},\"x\":{}{}}}", "[".repeat(10_000), "]".repeat(1_000)),
        ]
    };
    let sign = |header: &[u8], claims: &[u8]| compact(header, claims, |message| trusting.ec.sign(message));
    for (number, bad) in spoilt(&header).into_iter().enumerate() {
        let token = sign(bad.as_bytes(), claims.as_bytes());
        let judged = trusting.judge(&token).await;
        let is_long = token.len() > 16 * 1024;
        let expected = if is_long { "token_too_long" } else { "header_malformed" };
        assert_eq!(judged, expected, "{number}: {bad}");
    }
    for (number, bad) in spoilt(&claims).into_iter().enumerate() {
        let token = sign(header.as_bytes(), bad.as_bytes());
        let judged = trusting.judge(&token).await;
        let is_long = token.len() > 16 * 1024;
        let expected = if is_long { "token_too_long" } else { "claims_malformed" };
        assert_eq!(judged, expected, "{number}: {bad}");
    }
    let not_utf8 = [&claims.as_bytes()[..claims.len() - 1], b",\"x\":\"\xff\"}"].concat();
    assert_eq!(trusting.judge(&sign(header.as_bytes(), &not_utf8)).await, "claims_malformed");
    assert_eq!(trusting.judge(&sign(header.as_bytes(), claims.as_bytes())).await, ACCEPTED);
}

#[tokio::test(start_paused = true)]
async fn class_one_token_has_one_spelling() {
    let trusting = Trusting::start();
    let token = trusting.draft().sign(&trusting.ec);
    assert_eq!(trusting.judge(&token).await, ACCEPTED);
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("three segments") };
    let last = |text: &str| char::from(text.as_bytes()[text.len() - 1]);
    // 64 bytes leave four bits of the last character unused: of 16 spellings of a signature one is its own.
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let stem = &signature[..signature.len() - 1];
    for other in alphabet.chars().filter(|other| *other != last(signature)) {
        let judged = trusting.judge(&format!("{header}.{payload}.{stem}{other}")).await;
        let leaves_bits = alphabet.find(other).expect("of the alphabet") % 16 != 0;
        assert_eq!(judged, if leaves_bits { "token_malformed" } else { "bad_signature" }, "{other}");
    }
    for other in [
        format!("{token}="),
        format!("{token}=="),
        format!("{token}."),
        format!(".{token}"),
        format!("{header}..{signature}"),
        format!("{header}.{payload}."),
        format!("{header}.{payload}"),
        format!("{header}.{payload}.{signature}.{signature}"),
        format!("{header}.{payload}.{}", signature.replace(['-', '_'], "+") + "+"),
        format!("{}.{payload}.{signature}", URL_SAFE.encode(trusting.draft().header_json() + " ")),
    ] {
        let judged = trusting.judge(&other).await;
        assert!(judged == "token_malformed" || judged == "bad_signature", "{other}: {judged}");
    }
}

#[tokio::test(start_paused = true)]
async fn class_huge_tokens_are_refused_by_their_length() {
    const LIMIT: usize = 16 * 1024;
    let trusting = Trusting::start();
    let of_length = |length: usize| {
        // The lengths of the segments move in steps of 4, 3 and 2 characters: some pair of paddings fits.
        (0..4_usize).find_map(|head| {
            let draft = trusting.draft().header("pad", "x".repeat(head));
            let short = draft.clone().claim("pad", "").sign(&trusting.ec).len();
            let near = (length - short) / 4 * 3;
            (near.saturating_sub(4)..near + 5).find_map(|pad| {
                let token = draft.clone().claim("pad", "x".repeat(pad)).sign(&trusting.ec);
                (token.len() == length).then_some(token)
            })
        })
    };
    let longest = of_length(LIMIT).expect("a token of this length");
    assert_eq!(trusting.judge(&longest).await, ACCEPTED);
    let longer = of_length(LIMIT + 1).or_else(|| of_length(LIMIT + 2)).expect("a token of this length");
    assert_eq!(trusting.judge(&longer).await, "token_too_long");
    for text in ["x".repeat(1 << 20), "x.".repeat(1 << 19), ".".repeat(LIMIT + 1)] {
        assert_eq!(trusting.judge(&text).await, "token_too_long");
    }
}

#[tokio::test(start_paused = true)]
async fn class_nested_and_encrypted_tokens() {
    let trusting = Trusting::compatible();
    let inner = trusting.draft().sign(&trusting.ec);
    // RFC 7519 section 5.2: a token in a token. The inner one is not looked at.
    let header = trusting.draft().header("cty", "JWT").header_json();
    let nested = compact(header.as_bytes(), inner.as_bytes(), |message| trusting.ec.sign(message));
    assert_eq!(trusting.judge(&nested).await, "claims_malformed");
    let json_in_claims = trusting.draft().header("cty", "JWT").no_claim("aud").claim("token", inner.clone());
    assert_eq!(trusting.judge_draft(json_in_claims).await, "audience_missing");
    // RFC 7516 section 3.1: five segments.
    let encrypted = |header: Value| {
        let [a, b, c, d] =
            [b"key".as_slice(), b"0123456789ab", b"ciphertext", b"0123456789abcdef"].map(base64url);
        format!("{}.{a}.{b}.{c}.{d}", base64url(header.to_string()))
    };
    for alg in ["RSA-OAEP", "dir", "A128KW", "PBES2-HS256+A128KW", "ECDH-ES"] {
        let header = json!({"alg": alg, "enc": "A128GCM", "typ": "at+jwt", "kid": "ec"});
        assert_eq!(trusting.judge(&encrypted(header)).await, "token_malformed", "{alg}");
        // The same header on three segments.
        let token = trusting.draft().header("alg", alg).header("enc", "A128GCM").sign(&trusting.ec);
        assert_eq!(trusting.judge(&token).await, "algorithm_refused", "{alg}");
    }
}

#[tokio::test(start_paused = true)]
async fn class_typ() {
    let (strict, relaxed) = (Trusting::start(), Trusting::compatible());
    let table = [
        (json!("at+jwt"), ACCEPTED, ACCEPTED),
        (json!("AT+JWT"), ACCEPTED, ACCEPTED),
        (json!("application/at+jwt"), ACCEPTED, ACCEPTED),
        (json!("JWT"), "type_refused", ACCEPTED),
        (json!("jwt"), "type_refused", ACCEPTED),
        (json!("id+jwt"), "type_refused", "type_refused"),
        (json!("logout+jwt"), "type_refused", "type_refused"),
        (json!("dpop+jwt"), "type_refused", "type_refused"),
        (json!("secevent+jwt"), "type_refused", "type_refused"),
        (json!("JOSE"), "type_refused", "type_refused"),
        (json!(""), "type_refused", "type_refused"),
        (json!(null), "type_refused", "type_refused"),
        (json!(["at+jwt"]), "type_refused", "type_refused"),
    ];
    for (typ, in_strict, in_relaxed) in table {
        let typed = |trusting: &Trusting| trusting.draft().header("typ", typ.clone());
        assert_eq!(strict.judge_draft(typed(&strict)).await, in_strict, "{typ}");
        assert_eq!(relaxed.judge_draft(typed(&relaxed)).await, in_relaxed, "{typ}");
    }
    assert_eq!(strict.judge_draft(strict.draft().no_header("typ")).await, "type_refused");
    assert_eq!(relaxed.judge_draft(relaxed.draft().no_header("typ")).await, ACCEPTED);
    // What an identity token has and an access token does not.
    let plain = || relaxed.draft().header("typ", "JWT");
    for (name, value) in [
        ("at_hash", json!("x")),
        ("c_hash", json!("x")),
        ("nonce", json!("x")),
        ("token_use", json!("id")),
        ("typ", json!("ID")),
        ("typ", json!("Refresh")),
        ("events", json!({})),
    ] {
        let draft = plain().claim(name, value.clone());
        assert_eq!(relaxed.judge_draft(draft).await, "not_an_access_token", "{name}: {value}");
    }
    let bare = plain().no_claim("scope").no_claim("client_id").claim("azp", "desk");
    assert_eq!(relaxed.judge_draft(bare).await, "not_an_access_token", "nothing says that it is one");
}
