//! What is found out about callers.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::HeaderValue;
use mcp_proto::{
    AuthPolicy, Engine, Principal, UnixSeconds,
    auth::scope::Scopes,
    exchange::{Facts, ProofFacts},
    jws::{Denial, Thumbprint, dpop, dpop::ProofDenial, introspected},
    refusal::Outage,
};
use serde_json::json;

use crate::servers::{AUDIENCE, ISSUER};

/// When every exchange happens.
pub(crate) const NOON: u64 = 1_000_000;

/// The key that callers hold who prove something, as its thumbprint.
const HOLDER: [u8; 32] = [7; 32];

/// SHA-256 of the token that comes with a proof.
const TOKEN_HASH: [u8; 32] = [5; 32];

/// `WORD SCOPES`: what a verifier of this server found out.
pub(crate) fn of(text: &str, engine: &Engine) -> Facts {
    let (word, scopes) = text.split_once(' ').unwrap_or((text, ""));
    match word {
        "signed" => Facts::Signed(claims(engine, "alice", scopes, false)),
        "bound" => Facts::Signed(claims(engine, "alice", scopes, true)),
        "mallory" => Facts::Signed(claims(engine, "mallory", scopes, false)),
        "proven" => Facts::Proven(claims(engine, "alice", scopes, true), Box::new(proof(engine, "POST"))),
        "other-proof" => Facts::Proven(claims(engine, "alice", scopes, true), Box::new(proof(engine, "GET"))),
        "unbound" => Facts::Proven(claims(engine, "alice", scopes, false), Box::new(proof(engine, "POST"))),
        "denied" => Facts::Denied(Denial::BadSignature),
        "unproven" => Facts::ProofRefused(ProofDenial::BadSignature),
        "nonce" => Facts::NonceNeeded(Box::new(HeaderValue::from_static("next"))),
        "accepted" => Facts::Accepted(Arc::new(accepted("alice", scopes, NOON + 60))),
        "accepted-mallory" => Facts::Accepted(Arc::new(accepted("mallory", scopes, NOON + 60))),
        "expired" => Facts::Accepted(Arc::new(accepted("alice", scopes, NOON))),
        "rejected" => Facts::Rejected,
        "failed" => Facts::Failed,
        "out" => Facts::Unavailable(match scopes {
            "keys" => Outage::KeysUnavailable,
            "time" => Outage::TimedOut,
            "introspection" => Outage::IntrospectionUnavailable,
            "load" => Outage::Overloaded,
            _ => Outage::VerifierUnavailable,
        }),
        _ => panic!("no facts: {text}"),
    }
}

fn accepted(subject: &str, scopes: &str, expires: u64) -> Principal {
    Principal::new(ISSUER, subject, "desk", Scopes::parse(scopes), UnixSeconds(expires))
}

/// Claims that an issuer vouches for.
fn claims(engine: &Engine, subject: &str, scopes: &str, is_bound: bool) -> Arc<mcp_proto::jws::Claims> {
    let AuthPolicy::Bearer(policy) = engine.auth() else { panic!("a server for tokens") };
    let mut claims = json!({"active": true, "iss": ISSUER, "aud": AUDIENCE, "sub": subject, "client_id": "desk",
        "exp": NOON + 60, "iat": NOON, "scope": scopes});
    if is_bound {
        claims["cnf"] = json!({"jkt": URL_SAFE_NO_PAD.encode(HOLDER)});
    }
    let rules = policy.issuers().rules_of(ISSUER).expect("rules");
    Arc::new(introspected(claims.to_string().as_bytes(), rules).expect("claims"))
}

/// A proof for a method.
fn proof(engine: &Engine, method: &str) -> ProofFacts {
    let AuthPolicy::Bearer(policy) = engine.auth() else { panic!("a server for tokens") };
    // The key is that of RFC 7517 appendix A.1.
    let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": {"kty": "EC", "crv": "P-256",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}});
    let claims = json!({"jti": "once", "htm": method, "htu": AUDIENCE, "iat": NOON, "ath": URL_SAFE_NO_PAD.encode(TOKEN_HASH)});
    let part = |text: String| URL_SAFE_NO_PAD.encode(text);
    let text =
        [part(header.to_string()), part(claims.to_string()), URL_SAFE_NO_PAD.encode([1; 64])].join(".");
    let rules = policy.dpop().expect("a server for proofs").rules();
    let proof = dpop::inspect(&text, rules).and_then(|check| check.resolve(true, Thumbprint::new(HOLDER)));
    ProofFacts { proof: proof.expect("a proof"), token_hash: TOKEN_HASH }
}
