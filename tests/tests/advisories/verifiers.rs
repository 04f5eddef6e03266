//! Published failures of verifiers of JSON Web Tokens.

use std::{sync::Arc, time::Duration};

use mcp_tests::{
    asking::Ask,
    audited::Audited,
    clock::START,
    forge::{AUDIENCE, Draft, ISSUER, Signer, base64url, compact, hs256},
    key_servers::{Conduct, KeyServers},
};
use mcp_tokio::{Algorithm, AlgorithmSet, Auth, BearerPolicy, Introspection, IssuerPolicy, KeySource};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    headers::public_texts,
    keys::{Fetching, published, token},
    trusting::{ACCEPTED, Trusting, server, verdict},
};

// jsonwebtoken (Rust)

#[tokio::test(start_paused = true)]
async fn cve_2026_25537_wrong_typed_exp_is_refused() {
    let trusting = Trusting::start();
    for exp in [json!((START.0 + 60).to_string()), json!("x"), json!([]), json!({}), json!(true), json!(null)]
    {
        let judged = trusting.judge_draft(trusting.draft().claim("exp", exp.clone())).await;
        assert_eq!(judged, "claims_malformed", "{exp}");
    }
}

#[tokio::test(start_paused = true)]
async fn ghsa_h395_gr6q_cpjc_wrong_typed_nbf_is_refused() {
    let trusting = Trusting::start();
    for nbf in
        [json!((START.0 + 9_999).to_string()), json!("x"), json!([]), json!({}), json!(true), json!(null)]
    {
        let judged = trusting.judge_draft(trusting.draft().claim("nbf", nbf.clone())).await;
        assert_eq!(judged, "claims_malformed", "{nbf}");
    }
}

#[tokio::test(start_paused = true)]
async fn utopia_23_every_algorithm_works_at_its_first_use() {
    let all = AlgorithmSet::of(Algorithm::ALL);
    for signer in
        [Signer::es256("k"), Signer::es384("k"), Signer::ed25519("k"), Signer::rs256("k"), Signer::ps256("k")]
    {
        let policy = BearerPolicy::trusting(IssuerPolicy::new(ISSUER, AUDIENCE).algorithms(all));
        let keys = KeySource::from_json(signer.jwks()).expect("keys");
        let bench = Audited::start(server(Auth::bearer(policy.resource(AUDIENCE), keys)));
        let good = Draft::of(&signer).sign(&signer);
        let bad = Draft::of(&signer).sign_with(|message| signer.sign(&message[1..]));
        for (token, expected) in [(good, ACCEPTED), (bad, "bad_signature")] {
            let judged = verdict(&bench, Ask::call("whoami").bearer(&token)).await;
            assert_eq!(judged, expected, "{}", signer.algorithm());
        }
    }
}

// PyJWT, Authlib, python-jose, fast-jwt, hono, Keycloak: key confusion

/// Tokens that are signed with HMAC, and a public key in any spelling for the secret.
async fn assert_no_public_key_is_a_secret() {
    for trusting in
        [Trusting::start(), Trusting::with(|issuer| issuer.algorithms(AlgorithmSet::of(Algorithm::ALL)))]
    {
        for signer in [&trusting.ec, &trusting.rsa, &trusting.ed] {
            for secret in public_texts(signer) {
                for draft in [Draft::of(signer), Draft::of(signer).no_header("kid")] {
                    let token = draft.header("alg", "HS256").sign_with(|message| hs256(&secret, message));
                    assert_eq!(trusting.judge(&token).await, "algorithm_refused", "{secret:?}");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn cve_2022_29217_a_public_key_of_whatever_format_is_no_hmac_secret() {
    assert_no_public_key_is_a_secret().await;
}

#[tokio::test(start_paused = true)]
async fn cve_2026_48526_the_text_of_a_jwk_is_no_hmac_secret() {
    assert_no_public_key_is_a_secret().await;
}

#[tokio::test(start_paused = true)]
async fn cve_2024_37568_an_asymmetric_key_is_no_hmac_secret() {
    assert_no_public_key_is_a_secret().await;
}

#[tokio::test(start_paused = true)]
async fn cve_2024_33663_an_openssh_key_is_no_hmac_secret() {
    assert_no_public_key_is_a_secret().await;
}

#[tokio::test(start_paused = true)]
async fn python_jose_414_a_key_in_der_is_no_hmac_secret() {
    assert_no_public_key_is_a_secret().await;
}

#[tokio::test(start_paused = true)]
async fn cve_2026_34950_a_space_before_a_pem_makes_it_no_hmac_secret() {
    assert_no_public_key_is_a_secret().await;
}

#[tokio::test(start_paused = true)]
async fn cve_2026_11800_the_algorithm_is_that_of_the_key() {
    assert_no_public_key_is_a_secret().await;
    assert_the_key_has_the_algorithm().await;
}

/// Tokens whose `alg` is another one than that of the key, all of which are accepted somewhere.
async fn assert_the_key_has_the_algorithm() {
    let trusting = Trusting::with(|issuer| issuer.algorithms(AlgorithmSet::of(Algorithm::ALL)));
    for alg in ["PS256", "RS384", "RS512", "PS384", "PS512", "ES256", "EdDSA"] {
        let token = Draft::of(&trusting.rsa).header("alg", alg).sign(&trusting.rsa);
        assert_eq!(trusting.judge(&token).await, "key_unfit", "{alg}");
    }
    let pss = Signer::ps256("rsa");
    assert_eq!(trusting.judge(&Draft::of(&pss).sign(&pss)).await, "key_unfit");
    for alg in ["none", "HS256", "", "RS256 ", "rs256"] {
        let token = Draft::of(&trusting.rsa).header("alg", alg).sign(&trusting.rsa);
        assert_eq!(trusting.judge(&token).await, "algorithm_refused", "{alg}");
    }
}

#[tokio::test(start_paused = true)]
async fn ghsa_3vhc_576x_3qv4_the_token_does_not_choose_the_algorithm() {
    assert_the_key_has_the_algorithm().await;
}

/// A key without `alg` has one algorithm all the same.
#[tokio::test(start_paused = true)]
async fn ghsa_f67f_6cw9_8mq4_a_key_without_alg_takes_no_default_from_the_token() {
    let signer = Signer::rs256("rsa");
    let mut jwk = signer.jwk();
    jwk.as_object_mut().expect("an object").remove("alg");
    let keys = KeySource::from_json(json!({"keys": [jwk]}).to_string()).expect("keys");
    let bench = Audited::start(server(Auth::jwt(ISSUER, AUDIENCE, keys)));
    let pss = Signer::ps256("rsa");
    let hmac = |message: &[u8]| hs256(signer.public_key().to_string().as_bytes(), message);
    for (token, expected) in [
        (Draft::of(&signer).sign(&signer), ACCEPTED),
        (Draft::of(&pss).sign(&pss), "key_unfit"),
        (Draft::of(&signer).header("alg", "HS256").sign_with(hmac), "algorithm_refused"),
    ] {
        assert_eq!(verdict(&bench, Ask::call("whoami").bearer(&token)).await, expected);
    }
}

// crit

async fn assert_crit_is_refused() {
    let trusting = Trusting::start();
    for crit in [
        json!(["bork"]),
        json!(["exp"]),
        json!(["b64"]),
        json!(["cnf"]),
        json!([]),
        json!("bork"),
        json!(null),
    ] {
        let draft = trusting.draft().header("crit", crit.clone()).header("bork", 1).header("cnf", json!({}));
        assert_eq!(trusting.judge_draft(draft).await, "critical_extension", "{crit}");
    }
    let b64 = trusting.draft().header("crit", json!(["b64"])).header("b64", false);
    assert_eq!(trusting.judge_draft(b64).await, "critical_extension");
}

#[tokio::test(start_paused = true)]
async fn ghsa_75c5_xw7c_p5pm_crit_is_refused() {
    assert_crit_is_refused().await;
}

#[tokio::test(start_paused = true)]
async fn cve_2025_59420_crit_is_refused() {
    assert_crit_is_refused().await;
}

#[tokio::test(start_paused = true)]
async fn python_jose_413_crit_is_refused() {
    assert_crit_is_refused().await;
}

#[tokio::test(start_paused = true)]
async fn ghsa_hm7r_c7qw_ghp6_crit_is_refused() {
    assert_crit_is_refused().await;
}

// Sizes

/// By its length, before any of it is decoded.
#[tokio::test(start_paused = true)]
async fn cve_2025_61920_a_huge_header_is_refused_before_it_is_decoded() {
    let trusting = Trusting::start();
    let huge = trusting.draft().header("pad", "x".repeat(8 << 20)).sign(&trusting.ec);
    assert_eq!(trusting.judge(&huge).await, "token_too_long");
    // Nothing of it has to be base64 for that.
    assert_eq!(trusting.judge(&"~".repeat(8 << 20)).await, "token_too_long");
}

/// A compressed token that unfolds to a hundred times its size: none is ever decrypted or unpacked.
#[tokio::test(start_paused = true)]
async fn cve_2024_33664_compressed_tokens_are_not_unpacked() {
    let trusting = Trusting::start();
    let header = json!({"alg": "dir", "enc": "A128GCM", "zip": "DEF", "kid": "ec", "typ": "at+jwt"});
    let bomb = format!(
        "{}..{}.{}.{}",
        base64url(header.to_string()),
        base64url([0; 12]),
        base64url([0; 9_000]),
        base64url([0; 16])
    );
    assert_eq!(trusting.judge(&bomb).await, "token_malformed");
    assert_eq!(
        trusting.judge_draft(trusting.draft().header("alg", "dir").header("zip", "DEF")).await,
        "algorithm_refused"
    );
    // RFC 8725 section 3.6: on a signed token it means nothing, and nothing is unpacked for it.
    let packed =
        compact(trusting.draft().header("zip", "DEF").header_json().as_bytes(), &[0x03, 0x00], |message| {
            trusting.ec.sign(message)
        });
    assert_eq!(trusting.judge(&packed).await, "claims_malformed");
}

// Keys that a token brings

async fn assert_embedded_keys_are_not_trusted() {
    for trusting in [Trusting::start(), Trusting::compatible()] {
        let attacker = Signer::es256("attacker");
        let mut named_as_ours = attacker.jwk();
        named_as_ours["kid"] = "ec".into();
        for jwk in [attacker.jwk(), attacker.public_key(), named_as_ours] {
            let draft = trusting.draft().header("jwk", jwk);
            assert_eq!(trusting.judge(&draft.sign(&attacker)).await, "bad_signature");
            assert_eq!(
                trusting.judge(&draft.clone().no_header("kid").sign(&attacker)).await,
                "bad_signature"
            );
            let named = draft.clone().header("kid", "attacker");
            assert_eq!(trusting.judge(&named.sign(&attacker)).await, "key_unknown");
            let unkeyed = draft.header("alg", "none").sign_with(|_| vec![0]);
            assert_eq!(trusting.judge(&unkeyed).await, "algorithm_refused");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn cve_2018_0114_an_embedded_key_is_not_trusted() {
    assert_embedded_keys_are_not_trusted().await;
}

#[tokio::test(start_paused = true)]
async fn cve_2026_27962_an_embedded_key_is_not_trusted() {
    assert_embedded_keys_are_not_trusted().await;
}

// Caches

/// What a remembered token vouches for is that token.
#[tokio::test(start_paused = true)]
async fn ghsa_rp9m_7r4c_75qg_tokens_do_not_share_a_place_in_the_cache() {
    let trusting = Trusting::start();
    let who = async |token: &str| {
        let answer = Ask::call("whoami").bearer(token).send(&trusting.bench.service).await;
        (answer.status, if answer.status == 200 { answer.text() } else { String::new() })
    };
    // The same length, beginning and end of the payload, and the same header; only the middle differs.
    let token = |subject: &str| trusting.draft().claim("sub", subject).sign(&trusting.ec);
    for number in 0..200 {
        let (name, other) = (format!("user-{number:03}"), format!("user-{:03}", 999 - number));
        assert_eq!(who(&token(&name)).await, (200, format!("{name} mcp")));
        assert_eq!(who(&token(&other)).await, (200, format!("{other} mcp")));
        let (signed, payload_of) = (token(&name), token(&other));
        let segment = |token: &str, at: usize| token.split('.').nth(at).expect("a segment").to_owned();
        let mixed = [segment(&signed, 0), segment(&payload_of, 1), segment(&signed, 2)].join(".");
        assert_eq!(who(&mixed).await.0, 401);
    }
}

/// Keys are looked up by issuer and then by name, and no text is joined of the two.
#[tokio::test(start_paused = true)]
async fn cve_2025_59936_issuer_and_kid_are_not_joined_to_a_name() {
    let issuers = ["https://id.example/a", "https://id.example/a:b"];
    let kids = ["b:k", "k"];
    let signers: Vec<Signer> = kids.iter().map(|kid| Signer::es256(kid)).collect();
    let servers = KeyServers::default();
    let urls: Vec<String> = (0..2).map(|number| format!("https://id.example/jwks-{number}")).collect();
    for (url, signer) in urls.iter().zip(&signers) {
        servers.set(url, Conduct::Publishes(published(&[signer])));
    }
    let source = |number: usize| KeySource::url(&urls[number]).expect("a URL");
    let policy = BearerPolicy::trusting(IssuerPolicy::new(issuers[0], AUDIENCE)).resource(AUDIENCE);
    let auth = Auth::bearer(policy, source(0)).issuer(IssuerPolicy::new(issuers[1], AUDIENCE), source(1));
    let bench = Audited::fetching(server(auth), Some(Arc::new(servers)));
    sleep(Duration::from_millis(1)).await;
    for (at, issuer) in issuers.iter().enumerate() {
        for (by, signer) in signers.iter().enumerate() {
            for kid in ["k", "b:k", "a:b:k", ":b:k", "b", ""] {
                let token = Draft::of(signer).claim("iss", *issuer).header("kid", kid).sign(signer);
                let judged = verdict(&bench, Ask::call("whoami").bearer(&token)).await;
                let expected = match (kid == kids[at], at == by) {
                    (true, true) => ACCEPTED,
                    (true, false) => "bad_signature",
                    (false, _) => "key_unknown",
                };
                assert_eq!(judged, expected, "{issuer} {kid} {by}");
            }
        }
    }
}

// Shapes

#[tokio::test(start_paused = true)]
async fn cve_2023_51774_an_encrypted_token_is_no_signed_one() {
    for trusting in [Trusting::start(), Trusting::compatible()] {
        let claims = base64url(trusting.draft().claims_json());
        for alg in ["dir", "RSA-OAEP", "RSA1_5", "A256KW"] {
            for typ in ["at+jwt", "JWT"] {
                let header = base64url(json!({"alg": alg, "enc": "A128CBC-HS256", "typ": typ}).to_string());
                let token = format!(
                    "{header}.{}.{}.{claims}.{}",
                    base64url([1; 32]),
                    base64url([2; 16]),
                    base64url([3; 16])
                );
                assert_eq!(trusting.judge(&token).await, "token_malformed", "{alg}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn cve_2022_21449_a_signature_of_zeros_is_none() {
    let trusting = Trusting::start();
    for signature in [vec![0; 64], vec![0; 32], vec![0; 1], vec![0x30, 6, 2, 1, 0, 2, 1, 0], vec![0; 256]] {
        let judged = trusting.judge(&trusting.draft().sign_with(|_| signature.clone())).await;
        assert_eq!(judged, "bad_signature", "{signature:?}");
    }
    for signer in [&trusting.ed, &trusting.rsa] {
        for length in [64, 256] {
            let judged = trusting.judge(&Draft::of(signer).sign_with(|_| vec![0; length])).await;
            assert_eq!(judged, "bad_signature", "{}", signer.algorithm());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn cve_2026_1529_no_token_goes_unchecked() {
    let trusting = Trusting::compatible();
    let forged = Signer::es256("ec");
    for draft in [
        trusting.draft(),
        trusting.draft().header("typ", "JWT"),
        trusting.draft().no_header("kid"),
        trusting.draft().no_header("typ"),
        trusting.draft().claim("typ", "Bearer"),
        trusting.draft().claim("email", "a@b"),
    ] {
        assert_eq!(trusting.judge(&draft.sign(&forged)).await, "bad_signature");
        assert_eq!(trusting.judge(&draft.sign(&trusting.ec)).await, ACCEPTED);
        assert_eq!(trusting.judge(&draft.sign_with(|_| Vec::new())).await, "token_malformed");
    }
}

/// A server that asks an issuer which says this of every token.
async fn introspecting(answer: &Value) -> (u16, Option<String>) {
    const ENDPOINT: &str = "https://id.example/introspect";
    let servers = KeyServers::default();
    servers.set(ENDPOINT, Conduct::Publishes(answer.to_string()));
    let introspection = Introspection::new(ENDPOINT).client("mcp", "secret");
    let auth = Auth::bearer(BearerPolicy::builder(ISSUER, AUDIENCE), introspection);
    let bench = Audited::fetching(server(auth), Some(Arc::new(servers)));
    bench.judge(Ask::call("whoami").bearer("opaque")).await
}

async fn assert_an_answer_is_for_us(audiences: &[Value]) {
    let answer = |aud: &Value| {
        json!({
            "active": true, "iss": ISSUER, "aud": aud, "sub": "alice", "client_id": "desk", "scope": "mcp",
            "iat": START.0, "exp": START.0 + 60, "jti": "1", "token_type": "Bearer",
        })
    };
    assert_eq!(introspecting(&answer(&json!(AUDIENCE))).await, (200, None));
    for aud in audiences {
        let refused = (401, Some("audience_foreign".to_owned()));
        assert_eq!(introspecting(&answer(aud)).await, refused, "{aud}");
    }
    let mut unnamed = answer(&json!(null));
    unnamed.as_object_mut().expect("an object").remove("aud");
    assert_eq!(introspecting(&unnamed).await, (401, Some("audience_missing".into())));
}

#[tokio::test(start_paused = true)]
async fn cve_2026_37979_an_active_token_of_another_audience_is_refused() {
    assert_an_answer_is_for_us(&[json!("https://other.example"), json!(["a", "b"])]).await;
}

#[tokio::test(start_paused = true)]
async fn cve_2026_18208_an_active_token_of_another_audience_is_refused() {
    assert_an_answer_is_for_us(&[json!("account"), json!([ISSUER]), json!(format!("{AUDIENCE}/"))]).await;
}

// Envoy: several tokens, and keys that do not come

#[tokio::test(start_paused = true)]
async fn cve_2025_64527_two_tokens_while_the_keys_cannot_be_fetched() {
    let signer = Signer::es256("k");
    for conduct in [Conduct::IsDown, Conduct::Hangs] {
        let fetching = Fetching::start(conduct).await;
        let (one, two) = (token(&signer), Draft::of(&signer).header("kid", "other").sign(&signer));
        for _ in 0..3 {
            let twice = Ask::call("whoami").bearer(&one).another("authorization", &format!("Bearer {two}"));
            assert_eq!(fetching.bench.judge(twice).await, (400, Some("credentials_repeated".into())));
            for token in [&one, &two] {
                assert_eq!(fetching.judge(token).await, "keys_unavailable");
            }
        }
        fetching.set(Conduct::Publishes(published(&[&signer])));
        sleep(Duration::from_secs(61)).await;
        assert_eq!(fetching.judge(&one).await, ACCEPTED, "the server lives on");
    }
}

/// A request that goes away in the middle of a fetch leaves nothing behind that fails later.
#[tokio::test(start_paused = true)]
async fn cve_2024_45809_requests_that_end_during_a_fetch_of_keys() {
    let (old, new) = (Signer::es256("old"), Signer::es256("new"));
    let fetching = Fetching::of(&[&old]).await;
    sleep(Duration::from_secs(31)).await;
    fetching.set(Conduct::Hangs);
    for _ in 0..10 {
        let (service, token) = (fetching.bench.service.clone(), token(&new));
        let asking = tokio::spawn(async move { Ask::call("whoami").bearer(&token).send(&service).await });
        tokio::task::yield_now().await;
        asking.abort();
        let _ = asking.await;
    }
    assert_eq!(fetching.judge(&token(&old)).await, ACCEPTED);
    fetching.set(Conduct::Publishes(published(&[&old, &new])));
    sleep(Duration::from_secs(100)).await;
    assert_eq!(fetching.judge(&token(&new)).await, ACCEPTED);
}

// Fetching for key names that nobody knows

/// Floods a server with key names for so many seconds, and tells how often the keys were fetched for it.
async fn flood(fetching: &Fetching, signer: &Signer, seconds: usize) -> usize {
    let before = fetching.asked();
    for second in 0..seconds {
        for number in 0..20 {
            let token = Draft::of(signer).header("kid", format!("{second}-{number}")).sign(signer);
            let _ = fetching.judge(&token).await;
        }
        sleep(Duration::from_secs(1)).await;
    }
    fetching.asked() - before
}

#[tokio::test(start_paused = true)]
async fn tilegroxy_883_unknown_kids_cause_one_fetch_per_cooldown() {
    let signer = Signer::es256("k");
    let fetching = Fetching::of(&[&signer]).await;
    let fetches = flood(&fetching, &signer, 120).await;
    assert!((3..=4).contains(&fetches), "one each 30 seconds: {fetches}");
}

/// An empty set withdraws all keys, and the cooldown stays.
#[tokio::test(start_paused = true)]
async fn mobula_28_an_empty_set_does_not_switch_the_cooldown_off() {
    let signer = Signer::es256("k");
    for empty in [r#"{"keys":[]}"#, "{}", ""] {
        let fetching = Fetching::start(Conduct::Publishes(empty.into())).await;
        let fetches = flood(&fetching, &signer, 120).await;
        // As often as without anybody asking: retries after 5, 10, 20, 40 and 60 seconds.
        assert!(fetches <= 6, "{empty:?}: {fetches}");
    }
    let fetching = Fetching::of(&[&signer]).await;
    fetching.set(Conduct::Publishes(r#"{"keys":[]}"#.into()));
    sleep(Duration::from_secs(610)).await;
    assert_eq!(fetching.judge(&token(&signer)).await, "keys_unavailable", "withdrawn");
    let fetches = flood(&fetching, &signer, 120).await;
    assert!(fetches <= 6, "{fetches}");
}

#[tokio::test(start_paused = true)]
async fn fastapi_zitadel_auth_156_a_miss_evicts_no_good_key() {
    let signer = Signer::es256("k");
    let fetching = Fetching::of(&[&signer]).await;
    assert_eq!(fetching.judge(&token(&signer)).await, ACCEPTED);
    for conduct in [Conduct::IsDown, Conduct::Publishes("{}".into()), Conduct::Publishes("<html>".into())] {
        fetching.set(conduct.clone());
        sleep(Duration::from_secs(31)).await;
        let unknown = Draft::of(&signer).header("kid", "unknown").sign(&signer);
        assert_eq!(fetching.judge(&unknown).await, "key_unknown", "{conduct:?}");
        assert_eq!(fetching.judge(&token(&signer)).await, ACCEPTED, "{conduct:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn go_oidc_482_unknown_kids_do_not_fetch_without_end_while_fetches_fail() {
    let signer = Signer::es256("k");
    let fetching = Fetching::of(&[&signer]).await;
    fetching.set(Conduct::IsDown);
    let fetches = flood(&fetching, &signer, 120).await;
    assert!((1..=8).contains(&fetches), "the cooldown, and retries that double: {fetches}");
    assert_eq!(fetching.judge(&token(&signer)).await, ACCEPTED);
}
