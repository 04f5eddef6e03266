//! Classes of attack by keys: which there are, when they are fetched, what is remembered.

use std::{sync::Arc, time::Duration};

use mcp_tests::{
    asking::Ask,
    audited::Audited,
    clock::START,
    forge::{AUDIENCE, Draft, ISSUER, Signer, base64url},
    key_servers::{Conduct, KeyServers},
};
use mcp_tokio::{Auth, FETCH_TIMEOUT_SECONDS, FetchUrlError, KeySource, KeySourceError};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::trusting::{ACCEPTED, Trusting, server};

const URL: &str = "https://id.example/jwks";

/// A server that fetches the keys of an issuer.
pub(crate) struct Fetching {
    pub(crate) servers: KeyServers,
    pub(crate) bench: Audited,
}

impl Fetching {
    /// With keys like this at first, which have been fetched, if they could be.
    pub(crate) async fn start(conduct: Conduct) -> Self {
        let servers = KeyServers::default();
        servers.set(URL, conduct);
        let auth = Auth::jwt(ISSUER, AUDIENCE, KeySource::url(URL).expect("a URL"));
        let bench = Audited::fetching(server(auth), Some(Arc::new(servers.clone())));
        // The fetch runs beside.
        sleep(Duration::from_millis(1)).await;
        Self { servers, bench }
    }

    pub(crate) async fn of(signers: &[&Signer]) -> Self {
        Self::start(Conduct::Publishes(published(signers))).await
    }

    pub(crate) fn set(&self, conduct: Conduct) {
        self.servers.set(URL, conduct);
    }

    pub(crate) fn asked(&self) -> usize {
        self.servers.asked(URL)
    }

    /// `accepted`, or the rule that refused.
    pub(crate) async fn judge(&self, token: &str) -> String {
        let (_, rule) = self.bench.judge(Ask::call("whoami").bearer(token)).await;
        rule.unwrap_or_else(|| ACCEPTED.to_owned())
    }
}

pub(crate) fn published(signers: &[&Signer]) -> String {
    let keys: Vec<Value> = signers.iter().map(|signer| signer.jwk()).collect();
    json!({"keys": keys}).to_string()
}

/// A token of this key that is good for a day.
pub(crate) fn token(signer: &Signer) -> String {
    Draft::of(signer).claim("exp", START.0 + 86_400).sign(signer)
}

#[tokio::test(start_paused = true)]
async fn class_signatures_of_the_wrong_length_form_or_range() {
    let trusting = Trusting::start();
    // The order of P-256 (FIPS 186-4), and of the base point of Ed25519 (RFC 8032), little-endian.
    let order = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
        0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51_u8,
    ];
    let base_order = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10_u8,
    ];
    let zero = [0_u8; 32];
    let one = {
        let mut one = zero;
        one[31] = 1;
        one
    };
    let draft = trusting.draft();
    for (r, s) in [
        (zero, zero),
        (zero, one),
        (one, zero),
        (order, order),
        (one, order),
        (order, one),
        ([0xff; 32], [0xff; 32]),
    ] {
        let token = draft.sign_with(|_| [r, s].concat());
        assert_eq!(trusting.judge(&token).await, "bad_signature", "{r:?} {s:?}");
    }
    let der = |signature: &[u8]| {
        let (r, s) = signature.split_at(32);
        let integer = |bytes: &[u8]| [&[2, 33, 0], bytes].concat();
        let body = [integer(r), integer(s)].concat();
        [vec![0x30, u8::try_from(body.len()).expect("short")], body].concat()
    };
    for change in [
        der as fn(&[u8]) -> Vec<u8>,
        |signature| signature[..63].to_vec(),
        |signature| [signature, &[0]].concat(),
        |signature| [&[0], signature].concat(),
        |signature| [signature, signature].concat(),
        |_| vec![0],
    ] {
        let token = draft.sign_with(|message| change(&trusting.ec.sign(message)));
        assert_eq!(trusting.judge(&token).await, "bad_signature");
    }
    // RFC 8032 section 5.1.7: S is below the order, so that it has one form.
    let ed = Draft::of(&trusting.ed);
    let malleable = ed.sign_with(|message| {
        let mut signature = trusting.ed.sign(message);
        let mut carry = 0_u16;
        for (byte, add) in signature[32..].iter_mut().zip(base_order) {
            let sum = u16::from(*byte) + u16::from(add) + carry;
            *byte = u8::try_from(sum & 0xff).expect("a byte");
            carry = sum >> 8;
        }
        signature
    });
    assert_eq!(trusting.judge(&malleable).await, "bad_signature");
    assert_eq!(trusting.judge(&ed.sign_with(|_| vec![0; 64])).await, "bad_signature");
    assert_eq!(trusting.judge(&ed.sign(&trusting.ed)).await, ACCEPTED);
    // RSA signatures are as long as the modulus.
    let rsa = Draft::of(&trusting.rsa);
    for length in [0, 1, 255, 257, 512] {
        let token = rsa.sign_with(|message| {
            let mut signature = trusting.rsa.sign(message);
            signature.resize(length, 0);
            signature
        });
        let expected = if length == 0 { "token_malformed" } else { "bad_signature" };
        assert_eq!(trusting.judge(&token).await, expected, "{length}");
    }
    for filled in [0, 1, 0xff] {
        assert_eq!(trusting.judge(&rsa.sign_with(|_| vec![filled; 256])).await, "bad_signature");
    }
    assert_eq!(trusting.judge(&rsa.sign(&trusting.rsa)).await, ACCEPTED);
}

/// Whether a set of this key alone is taken.
fn is_usable(jwk: &Value) -> bool {
    KeySource::from_json(json!({"keys": [jwk]}).to_string()).is_ok()
}

#[test]
fn class_weak_keys_are_no_keys() {
    let good = Signer::rs256("rsa").jwk();
    assert!(is_usable(&good));
    let modulus = |bytes: usize, last: u8| {
        let mut modulus = vec![0xa5; bytes];
        modulus[bytes - 1] = last;
        base64url(modulus)
    };
    for (what, member, value, usable) in [
        ("1024 bits", "n", modulus(128, 1), false),
        ("2040 bits", "n", modulus(255, 1), false),
        ("2048 bits", "n", modulus(256, 1), true),
        ("8192 bits", "n", modulus(1_024, 1), true),
        ("8200 bits", "n", modulus(1_025, 1), false),
        ("an even modulus", "n", modulus(256, 2), false),
        ("the exponent 1", "e", base64url([1]), false),
        ("the exponent 2", "e", base64url([2]), false),
        ("an even exponent", "e", base64url([1, 0, 0]), false),
        ("the exponent 3", "e", base64url([3]), true),
        ("no exponent", "e", String::new(), false),
    ] {
        let mut jwk = good.clone();
        jwk[member] = value.into();
        assert_eq!(is_usable(&jwk), usable, "{what}");
    }
    let ec = Signer::es256("ec").jwk();
    for (what, member, value) in [
        ("a short coordinate", "x", base64url([1; 31])),
        ("a long coordinate", "y", base64url([1; 33])),
        ("secp256k1", "crv", "secp256k1".to_owned()),
        ("P-521", "crv", "P-521".to_owned()),
        ("no curve of signatures", "crv", "X25519".to_owned()),
        ("another type", "kty", "RSA".to_owned()),
        ("a shared secret", "kty", "oct".to_owned()),
    ] {
        let mut jwk = ec.clone();
        jwk[member] = value.into();
        assert!(!is_usable(&jwk), "{what}");
    }
    assert!(!is_usable(&json!({"kty": "oct", "kid": "k", "alg": "HS256", "k": base64url([7; 32])})));
}

/// A point that is not on the curve is no key, or no signature is good under it.
#[tokio::test(start_paused = true)]
async fn class_weak_keys_a_point_beside_the_curve_verifies_nothing() {
    let signer = Signer::es256("k");
    let mut jwk = signer.jwk();
    for (x, y) in [(base64url([0; 32]), base64url([0; 32])), (base64url([1; 32]), base64url([1; 32]))] {
        jwk["x"] = x.into();
        jwk["y"] = y.into();
        let Ok(keys) = KeySource::from_json(json!({"keys": [jwk]}).to_string()) else { continue };
        let bench = Audited::start(server(Auth::jwt(ISSUER, AUDIENCE, keys)));
        let judged = bench.judge(Ask::call("whoami").bearer(&token(&signer))).await;
        assert_eq!(judged, (401, Some("bad_signature".into())));
    }
}

#[test]
fn class_use_and_key_ops_permit_verification() {
    let key = Signer::es256("k").jwk();
    for (name, value, usable) in [
        ("use", json!("sig"), true),
        ("use", json!("enc"), false),
        ("use", json!("SIG"), false),
        ("use", json!(7), false),
        ("key_ops", json!(["verify"]), true),
        ("key_ops", json!(["sign", "verify"]), true),
        ("key_ops", json!(["sign"]), false),
        ("key_ops", json!(["encrypt"]), false),
        ("key_ops", json!([]), false),
        ("key_ops", json!("verify"), false),
        ("alg", json!("RS256"), false),
        ("alg", json!("none"), false),
        ("alg", json!("ECDH-ES"), false),
        ("kid", json!(7), false),
    ] {
        let mut jwk = key.clone();
        jwk[name] = value.clone();
        assert_eq!(is_usable(&jwk), usable, "{name}: {value}");
    }
}

#[tokio::test(start_paused = true)]
async fn class_unknown_kid_fetches_once_per_cooldown_for_all_who_wait() {
    let signer = Signer::es256("k");
    let fetching = Fetching::of(&[&signer]).await;
    let unknown = |number: usize| Draft::of(&signer).header("kid", format!("no-{number}")).sign(&signer);
    assert_eq!(fetching.asked(), 1);
    // The first one may be a key that has just been made, and all after it wait for the cooldown.
    for number in 0..100 {
        assert_eq!(fetching.judge(&unknown(number)).await, "key_unknown");
    }
    assert_eq!(fetching.asked(), 2);
    sleep(Duration::from_secs(29)).await;
    assert_eq!(fetching.judge(&unknown(0)).await, "key_unknown");
    assert_eq!(fetching.asked(), 2);
    sleep(Duration::from_secs(2)).await;
    for number in 0..1_000 {
        assert_eq!(fetching.judge(&unknown(number)).await, "key_unknown");
    }
    assert_eq!(fetching.asked(), 3);

    // All who name a key that is not there wait for the same fetch; others do not wait at all.
    sleep(Duration::from_secs(31)).await;
    fetching.set(Conduct::Hangs);
    let begin = Instant::now();
    let waiting: Vec<_> = (0..50)
        .map(|number| {
            let (service, token) = (fetching.bench.service.clone(), unknown(number));
            tokio::spawn(async move { Ask::call("whoami").bearer(&token).send(&service).await.status })
        })
        .collect();
    tokio::task::yield_now().await;
    let good = Ask::call("whoami").bearer(&token(&signer)).send(&fetching.bench.service).await;
    assert_eq!((good.status, begin.elapsed()), (200, Duration::ZERO));
    for asking in waiting {
        assert_eq!(asking.await.expect("an answer"), 401);
    }
    assert_eq!(begin.elapsed().as_secs(), FETCH_TIMEOUT_SECONDS);
    assert_eq!(fetching.asked(), 4);
}

#[test]
fn class_key_fetch_goes_nowhere_without_tls_but_to_loopback() {
    for (url, good) in [
        ("https://id.example/jwks", true),
        ("http://localhost:8080/jwks", true),
        ("http://127.0.0.1/jwks", true),
        ("http://[::1]/jwks", true),
        ("http://id.example/jwks", false),
        ("http://localhost.evil.example/jwks", false),
        ("http://127.0.0.1.evil.example/jwks", false),
        ("http://10.0.0.1/jwks", false),
        ("ftp://id.example/jwks", false),
        ("file:///etc/passwd", false),
        ("javascript:alert(1)", false),
        ("//id.example/jwks", false),
        ("", false),
    ] {
        let parsed = KeySource::url(url);
        assert_eq!(parsed.is_ok(), good, "{url}");
        if url.starts_with("http://") && !good {
            let refused = parsed.err();
            assert!(
                matches!(&refused, Some(KeySourceError::Url(_, FetchUrlError::Insecure))),
                "{url}: {refused:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn class_stale_keys_are_good_for_an_hour_beyond_their_refresh_and_then_nothing_is() {
    let signer = Signer::es256("k");
    let fetching = Fetching::of(&[&signer]).await;
    let token = token(&signer);
    fetching.set(Conduct::IsDown);
    assert_eq!(fetching.judge(&token).await, ACCEPTED);
    sleep(Duration::from_secs(600 + 3_600 - 10)).await;
    assert_eq!(fetching.judge(&token).await, ACCEPTED, "an outage of less than an hour");
    sleep(Duration::from_secs(20)).await;
    // Closed, also to tokens that were good a moment ago; their bearers come again.
    let answer = Ask::call("whoami").bearer(&token).send(&fetching.bench.service).await;
    assert_eq!((answer.status, answer.challenges().len()), (503, 0));
    let _ = fetching.bench.events();
    assert_eq!(fetching.judge(&token).await, "keys_unavailable");
    fetching.set(Conduct::Publishes(published(&[&signer])));
    sleep(Duration::from_secs(61)).await;
    assert_eq!(fetching.judge(&token).await, ACCEPTED);
}

#[tokio::test(start_paused = true)]
async fn class_poisoning_a_bad_document_never_replaces_a_good_one() {
    let signer = Signer::es256("k");
    let fetching = Fetching::of(&[&signer]).await;
    let token = token(&signer);
    let twice = json!({"keys": [signer.jwk(), signer.jwk()]}).to_string();
    let secret = json!({"keys": [{"kty": "oct", "kid": "k", "k": base64url([7; 32])}]}).to_string();
    for bad in [
        "",
        "{",
        "null",
        "[]",
        "{}",
        "<html></html>",
        r#"{"keys":{}}"#,
        r#"{"keys":[7]}"#,
        &twice,
        &secret,
        r#"{"keys":[],"keys":[]}"#,
        r#"{"error":"temporarily_unavailable"}"#,
    ] {
        fetching.set(Conduct::Publishes(bad.to_owned()));
        let before = fetching.asked();
        sleep(Duration::from_secs(605)).await;
        assert!(fetching.asked() > before, "it was fetched");
        assert_eq!(fetching.judge(&token).await, ACCEPTED, "{bad}");
        fetching.set(Conduct::Publishes(published(&[&signer])));
        sleep(Duration::from_secs(700)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn class_poisoning_a_key_that_cannot_be_used_costs_no_other() {
    let signer = Signer::es256("k");
    let bad = [
        json!(7),
        json!({}),
        json!({"kty": "oct", "k": "AA"}),
        json!({"kty": "EC", "crv": "P-256", "x": "", "y": ""}),
        json!({"kty": "RSA", "n": "AQ", "e": "AQAB"}),
        json!({"kty": "unheard-of"}),
    ];
    let keys: Vec<Value> = bad.into_iter().chain([signer.jwk()]).collect();
    let fetching = Fetching::start(Conduct::Publishes(json!({"keys": keys}).to_string())).await;
    assert_eq!(fetching.judge(&token(&signer)).await, ACCEPTED);
}

#[tokio::test(start_paused = true)]
async fn class_rotation_a_withdrawn_key_ends_with_the_next_refresh() {
    let (old, new) = (Signer::es256("old"), Signer::es256("new"));
    let fetching = Fetching::of(&[&old]).await;
    let token = token(&old);
    assert_eq!(fetching.judge(&token).await, ACCEPTED);
    fetching.set(Conduct::Publishes(published(&[&new])));
    sleep(Duration::from_secs(590)).await;
    assert_eq!(fetching.judge(&token).await, ACCEPTED);
    sleep(Duration::from_secs(20)).await;
    // Without anybody asking, and also for a token that was remembered.
    assert_eq!(fetching.judge(&token).await, "key_unknown");
    assert_eq!(fetching.judge(&self::token(&new)).await, ACCEPTED);
}

#[tokio::test(start_paused = true)]
async fn class_rotation_under_the_same_name() {
    let (old, new) = (Signer::es256("k"), Signer::es256("k"));
    let fetching = Fetching::of(&[&old]).await;
    assert_eq!(fetching.judge(&token(&old)).await, ACCEPTED);
    assert_eq!(fetching.judge(&token(&new)).await, "bad_signature");
    fetching.set(Conduct::Publishes(published(&[&new])));
    sleep(Duration::from_secs(610)).await;
    assert_eq!(fetching.judge(&token(&old)).await, "bad_signature");
    assert_eq!(fetching.judge(&token(&new)).await, ACCEPTED, "that it was refused is not remembered");
}

#[tokio::test(start_paused = true)]
async fn class_the_cache_knows_a_whole_token_and_nothing_like_it() {
    let trusting = Trusting::start();
    let alice = trusting.draft().sign(&trusting.ec);
    let bob = trusting.draft().claim("sub", "bob").sign(&trusting.ec);
    assert_eq!(trusting.judge(&alice).await, ACCEPTED);
    let part = |token: &str, number: usize| token.split('.').nth(number).expect("a segment").to_owned();
    for segments in [
        [part(&alice, 0), part(&bob, 1), part(&alice, 2)],
        [part(&bob, 0), part(&alice, 1), part(&bob, 2)],
        [part(&alice, 0), part(&alice, 1), part(&bob, 2)],
    ] {
        assert_eq!(trusting.judge(&segments.join(".")).await, "bad_signature");
    }
    for position in (0..alice.len()).step_by(7) {
        let mut bytes = alice.clone().into_bytes();
        bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
        let other = String::from_utf8(bytes).expect("ASCII");
        assert_ne!(trusting.judge(&other).await, ACCEPTED, "{position}");
    }
    assert_eq!(trusting.judge(&bob).await, ACCEPTED);
}

/// A signed token is good until its `exp`: whoever needs less asks the issuer, and says for how long an answer
/// may be used.
#[tokio::test(start_paused = true)]
async fn class_revocation_of_signed_tokens_is_their_expiry() {
    let trusting = Trusting::with(|issuer| issuer.leeway_seconds(0));
    let token = trusting.draft().claim("exp", START.0 + 30).sign(&trusting.ec);
    assert_eq!(trusting.judge(&token).await, ACCEPTED);
    sleep(Duration::from_secs(29)).await;
    assert_eq!(trusting.judge(&token).await, ACCEPTED);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(trusting.judge(&token).await, "expired");
}
