//! A signed token goes from a request to its facts in one step, whatever keys and signature turn out to be.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::Request;
use mcp_proto::{
    AuthPolicy, BearerPolicy, CatalogSpec, Engine, EngineBuilder, Head, Implementation, Now, Step,
    UnixSeconds, auth::DpopPolicy, jws::KeySet,
};
use serde_json::json;

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "http://localhost/mcp";
const NOW: Now = Now { tick: mcp_proto::Tick(0), unix: UnixSeconds(1_000) };

fn engine() -> Engine {
    let policy =
        BearerPolicy::builder(ISSUER, AUDIENCE).dpop(DpopPolicy::allowed()).build().expect("a policy");
    let info = Implementation { name: "test".into(), version: "1".into(), ..Implementation::default() };
    EngineBuilder::new(info, AuthPolicy::Bearer(policy)).build(&CatalogSpec::default()).expect("an engine")
}

fn keys() -> KeySet {
    let jwk = json!({"kty": "EC", "crv": "P-256", "kid": "1",
        "x": URL_SAFE_NO_PAD.encode([1; 32]), "y": URL_SAFE_NO_PAD.encode([2; 32])});
    KeySet::parse(json!({"keys": [jwk]}).to_string().as_bytes()).expect("a key set").0
}

fn token(audience: &str) -> String {
    let header = json!({"alg": "ES256", "typ": "at+jwt", "kid": "1"});
    let claims = json!({"iss": ISSUER, "aud": audience, "sub": "alice", "client_id": "c", "jti": "1",
        "iat": 900, "exp": 2_000});
    let parts = [header, claims].map(|json| URL_SAFE_NO_PAD.encode(json.to_string()));
    format!("{}.{}.{}", parts[0], parts[1], URL_SAFE_NO_PAD.encode([3; 64]))
}

/// What comes of a request with these credentials: the status of its refusal, or `None` when its body is wanted.
fn outcome(authorization: &str, keys: Option<&KeySet>, valid: bool) -> Option<u16> {
    let engine = engine();
    let request = Request::post("/mcp")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("authorization", authorization)
        .header("dpop", "a.b.c")
        .body(())
        .expect("a request");
    let Step::Verify(verify) = engine.accept(&Head::new(&request, engine.route("/mcp")), NOW) else {
        panic!("a token is verified first")
    };
    let asked = |rules: &mcp_proto::jws::TokenRules| keys.filter(|_| rules.issuer() == ISSUER);
    let step = verify.resolve_signed(asked, |check| valid && check.signature() == [3; 64], NOW);
    match step {
        Step::ReadBody(_) => None,
        Step::ReadId(read) => Some(read.resolve(mcp_proto::BodyRead::Aborted).status.as_u16()),
        Step::Respond(response) => Some(response.status.as_u16()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_a_good_signature_of_a_known_key_lets_a_request_go_on() {
    let keys = keys();
    let good = format!("Bearer {}", token(AUDIENCE));
    let cases = [
        (good.clone(), Some(&keys), true, None),
        (good.clone(), Some(&keys), false, Some(401)),
        (good, None, true, Some(503)),
        (format!("Bearer {}", token("http://localhost/other")), Some(&keys), true, Some(401)),
        ("Bearer opaque".to_owned(), Some(&keys), true, Some(401)),
        // A proof is not settled by the token's signature.
        (format!("DPoP {}", token(AUDIENCE)), Some(&keys), true, Some(503)),
    ];
    for (authorization, keys, valid, expected) in cases {
        let scheme = authorization.split(' ').next().unwrap_or_default();
        assert_eq!(outcome(&authorization, keys, valid), expected, "{scheme} {valid} {}", keys.is_some());
    }
}
