//! What it costs that a token is bound to a key: a proof for each request, verified in full and remembered.

use std::{hint::black_box, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use mcp_proto::{
    UnixSeconds,
    jws::{
        KeyMaterial, Thumbprint,
        dpop::{self, Admission, DpopRules, Proof, ReplayWindow},
    },
};
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
        UnparsedPublicKey,
    },
};
use serde_json::json;

const TARGET: &str = "https://mcp.example/mcp";
const TOKEN: &str = "header.payload.signature";
const NOW: UnixSeconds = UnixSeconds(1_800_000_000);
const LIVE: u64 = 100_000;

fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest(&SHA256, bytes).as_ref().try_into().expect("the output length of SHA-256")
}

/// A proof for one request.
fn proof() -> String {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).expect("a key");
    let base64url = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y)});
    let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk});
    let claims = json!({
        "jti": "e1j3V_bKic8-LAEB",
        "htm": "POST",
        "htu": TARGET,
        "iat": NOW.0,
        "ath": base64url(&sha256(TOKEN.as_bytes())),
    });
    let segment = |json: &serde_json::Value| base64url(json.to_string().as_bytes());
    let message = format!("{}.{}", segment(&header), segment(&claims));
    let signature = pair.sign(&random, message.as_bytes()).expect("a signature");
    format!("{message}.{}", base64url(signature.as_ref()))
}

/// All that is done with a proof but remembering it.
fn verify(proof: &str, rules: &DpopRules) -> Proof {
    let check = dpop::inspect(proof, rules).expect("a proof");
    let thumbprint = Thumbprint::new(sha256(check.thumbprint_input().as_bytes()));
    let KeyMaterial::EcP256 { x, y } = check.key().material() else { unreachable!("the key of the proof") };
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, [&[0x04], x.as_slice(), y].concat());
    let valid = key.verify(check.message(), check.signature()).is_ok();
    let proof = check.resolve(valid, thumbprint).expect("a signature by its key");
    rules.check(&proof, "POST", &sha256(TOKEN.as_bytes()), NOW).expect("a proof for this request");
    proof
}

/// One of many keys: enough that none uses up its share.
fn owner(number: u64) -> Thumbprint {
    Thumbprint::new(sha256(&(number % 100).to_be_bytes()))
}

/// The id of one of many proofs.
fn id(number: u64) -> [u8; 32] {
    sha256(&number.to_be_bytes())
}

/// A window in use: as many proofs in each of 60 seconds.
fn window() -> ReplayWindow {
    let mut window = ReplayWindow::new(250_000);
    for number in 0..LIVE {
        let until = UnixSeconds(NOW.0 + number * 60 / LIVE);
        assert_eq!(window.admit(id(number), owner(number), until, NOW), Admission::Fresh);
    }
    window
}

fn proofs(criterion: &mut Criterion) {
    let rules = DpopRules::new([TARGET]).expect("rules");
    let proof = proof();
    criterion.bench_function("proof verified in full (ES256)", |bencher| {
        bencher.iter(|| verify(black_box(&proof), &rules));
    });

    let full = window();
    assert_eq!(full.len() as u64, LIVE);
    let until = UnixSeconds(NOW.0 + 60);
    let mut next = LIVE;
    let mut replayed = full.clone();
    criterion.bench_function("proof seen before, among 100,000", |bencher| {
        bencher.iter(|| {
            next += 1;
            replayed.admit(black_box(id(next % LIVE)), owner(next % LIVE), until, NOW)
        });
    });
    criterion.bench_function("1,000 proofs remembered beside 100,000", |bencher| {
        bencher.iter_batched_ref(
            || full.clone(),
            |window| {
                for number in LIVE..LIVE + 1_000 {
                    let admission = window.admit(black_box(id(number)), owner(number), until, NOW);
                    assert_eq!(admission, Admission::Fresh);
                }
            },
            BatchSize::LargeInput,
        );
    });
}

criterion_group! {
    name = group;
    config = Criterion::default().measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_secs(1));
    targets = proofs
}
criterion_main!(group);
