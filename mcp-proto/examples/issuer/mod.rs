//! What there is to try the example with: an issuer of one token, a policy that trusts it, and a tool.

#![allow(clippy::print_stdout, reason = "it prints a request to try")]

use std::error::Error;

use super::Blocking;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use mcp_proto::{
    AuthPolicy, BearerPolicy, Call, CatalogSpec, EngineBuilder, Implementation, Outcome, ToolResult,
    ToolSpec, UnixSeconds, jws::KeySet,
};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING as ES256, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};

const ISSUER: &str = "https://issuer.example";

/// A server at this URL. Prints a request that it will answer.
pub(crate) fn server(url: &str, now: UnixSeconds) -> Result<Blocking, Box<dyn Error>> {
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::generate_pkcs8(&ES256, &random).map_err(|_| "no random bytes")?;
    let key = EcdsaKeyPair::from_pkcs8(&ES256, key.as_ref(), &random).map_err(|_| "no key")?;
    let encoded = |json: Value| BASE64.encode(json.to_string());
    let claims = json!({
        "iss": ISSUER, "aud": url, "sub": "alice", "client_id": "curl", "jti": "1", "iat": now.0, "exp": now.0 + 3600,
    });
    let message = format!("{}.{}", encoded(json!({"alg": "ES256", "typ": "at+jwt"})), encoded(claims));
    let signature = key.sign(&random, message.as_bytes()).map_err(|_| "no random bytes")?;
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "greet"}});
    println!(
        "curl {url} -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \
         -H 'MCP-Protocol-Version: 2025-11-25' -H 'Authorization: Bearer {message}.{}' -d '{call}'",
        BASE64.encode(signature),
    );
    // An uncompressed point: SEC 1 section 2.3.3.
    let point = key.public_key().as_ref();
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": BASE64.encode(&point[1..33]), "y": BASE64.encode(&point[33..])});
    let (keys, _) = KeySet::parse(json!({"keys": [jwk]}).to_string().as_bytes())?;

    let policy = BearerPolicy::builder(ISSUER, url).build()?;
    let mut catalog = CatalogSpec::default();
    catalog.tools.push(ToolSpec::new("greet", json!({"type": "object"})));
    let info = Implementation { name: "blocking".into(), version: "1".into(), ..Implementation::default() };
    let engine = EngineBuilder::new(info, AuthPolicy::Bearer(policy)).build(&catalog)?;
    Ok((engine, keys, greet))
}

/// The only tool.
fn greet(call: &Call) -> Outcome {
    let name = call.caller.as_ref().map_or("stranger", |caller| caller.principal().subject());
    Outcome::Tool(ToolResult::text(format!("Hello, {name}!")))
}
