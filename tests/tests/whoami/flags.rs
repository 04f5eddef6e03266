//! A server that flags configure.

use std::{net::TcpListener, time::Instant};

use serde_json::{Value, json};

use crate::{
    files::{folder, write},
    issuer::{Publisher, named, now},
    program::{PATIENCE, Program, bearer, ended},
};

const ISSUER: &str = "https://auth.example.com";
const AUDIENCE: &str = "https://mcp.example.com/mcp";

#[test]
fn without_flags_about_callers_a_development_issuer_is_announced_with_the_real_port() {
    let program = Program::start(&["--token-profile", "compatible"]);
    let address = &program.address;
    assert!(!address.ends_with(":0"), "{address}");
    let expected = format!(
        "  issuer      http://{address}\n  audience    http://{address}/mcp\n  profile     compatible\n  \
         leeway      60 s\n  scopes      mcp\n"
    );
    assert!(program.announced.contains(&expected), "{}", program.announced);
    let (_, behind) =
        program.announced.split_once("token (one hour, scopes mcp mcp:write):\n").expect("a token");
    let found = program.whoami(&bearer(behind.lines().next().expect("a token"))).expect("an answer");
    assert_eq!(found["issuer"], json!(format!("http://{address}")));
    assert_eq!((&found["subject"], &found["client"]), (&json!("alice"), &json!("whoami-example")));
    assert_eq!(found["scopes"], json!(["mcp", "mcp:write"]));
    assert_eq!(found.get("actor"), None);
    assert!(found["expires"].as_u64().expect("a time") > now().0 + 3500);
    let metadata = format!("http://{address}/.well-known/oauth-protected-resource/mcp");
    let challenge = format!("Bearer resource_metadata=\"{metadata}\", scope=\"mcp\"");
    assert_eq!(program.refusal(""), (401, Some(challenge)));
}

#[test]
fn a_development_issuer_has_the_name_that_it_is_given() {
    let program = Program::start(&["--dev-issuer", ISSUER, "--audience", AUDIENCE, "--scope", "a", "b"]);
    let (_, behind) =
        program.announced.split_once("token (one hour, scopes a b mcp:write):\n").expect("a token");
    let found = program.whoami(&bearer(behind.lines().next().expect("a token"))).expect("an answer");
    assert_eq!((&found["issuer"], &found["scopes"]), (&json!(ISSUER), &json!(["a", "b", "mcp:write"])));
}

#[test]
fn nobody_is_asked_without_authentication() {
    let program = Program::start(&["--no-auth"]);
    let expected = json!({"issuer": "nobody", "subject": "anyone", "client": "any", "scopes": []});
    assert_eq!(program.whoami("").expect("an answer"), expected);
}

#[test]
fn an_address_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let said = ended(&["--listen", &address], "");
    let expected = format!("whoami: cannot listen on {address}: Address already in use (os error 98)\n");
    assert_eq!((said.code, said.complaints), (Some(1), expected));
}

#[test]
fn lists_follow_the_scopes_and_decisions_are_recorded() {
    let folder = folder("records");
    let issuer = named(ISSUER);
    let jwk = write(&folder, "jwk.json", &issuer.jwks());
    let flags = ["--issuer", ISSUER, "--audience", AUDIENCE, "--jwk", &jwk, "--list-by-scope", "--audit"];
    let program = Program::start(&flags);
    let listed = |scope: &str| -> Vec<String> {
        let token = issuer.token(AUDIENCE, now()).subject("alice").client("desk").scope(scope).sign();
        let answer = program.send("tools/list", None, &bearer(&token));
        let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
        let tools = body["result"]["tools"].as_array().expect("tools");
        tools.iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(listed("mcp mcp:write"), ["whoami", "echo", "write", "slow"]);
    assert_eq!(listed("mcp"), ["whoami", "echo", "slow"]);
    program.record();
    let mut record = program.record();
    let at = record["at"].take().as_u64().expect("a time");
    assert!(at.abs_diff(now().0) < PATIENCE.as_secs());
    let expected = json!({
        "at": null, "allowed": true, "rule": null, "method": "tools/list", "target": null,
        "issuer": ISSUER, "subject": "alice", "client": "desk", "scopes": "mcp"
    });
    assert_eq!(record, expected);
    assert_eq!(program.refusal("").0, 401);
    let record = program.record();
    assert_eq!((&record["allowed"], &record["subject"]), (&json!(false), &Value::Null));
    assert!(record["rule"].is_string(), "{record}");
}

#[test]
fn a_named_issuers_keys_are_found_through_its_metadata() {
    let key = named("unused");
    let jwks = key.jwks();
    let publisher = Publisher::start(|origin| {
        let metadata = json!({ "issuer": origin, "jwks_uri": format!("{origin}/keys") });
        vec![("/.well-known/oauth-authorization-server", metadata.to_string()), ("/keys", jwks)]
    });
    let program = Program::start(&["--issuer", &publisher.origin, "--audience", AUDIENCE]);
    let announced =
        format!("trust\n  {}: keys found through its metadata\nDPoP          off\n", publisher.origin);
    assert!(program.announced.contains(&announced), "{}", program.announced);
    let token = key.token(AUDIENCE, now()).claim("iss", json!(publisher.origin)).scope("mcp").sign();
    let found = when_there_are_keys(&program, &token);
    assert_eq!((&found["issuer"], &found["scopes"]), (&json!(publisher.origin), &json!(["mcp"])));
}

#[test]
fn keys_are_fetched_from_their_url() {
    let issuer = named(ISSUER);
    let jwks = issuer.jwks();
    let publisher = Publisher::start(|_| vec![("/keys", jwks)]);
    let url = format!("{}/keys", publisher.origin);
    let program = Program::start(&["--issuer", ISSUER, "--audience", AUDIENCE, "--jwks-url", &url]);
    let token = issuer.token(AUDIENCE, now()).subject("alice").scope("mcp").sign();
    assert_eq!(when_there_are_keys(&program, &token)["subject"], json!("alice"));
}

/// What the tool answers once the keys are there: they are fetched while the server begins.
fn when_there_are_keys(program: &Program, token: &str) -> Value {
    let begin = Instant::now();
    loop {
        match program.whoami(&bearer(token)) {
            Ok(found) => return found,
            Err(refused) => assert_eq!(refused.head.status, 503),
        }
        assert!(begin.elapsed() < PATIENCE, "the keys do not come");
    }
}

#[test]
fn an_issuer_is_asked_about_tokens_with_the_secret_of_the_file() {
    let folder = folder("introspection");
    let secret = write(&folder, "secret", "s3cret:\u{e4}\n");
    let now = now().0;
    let publisher = Publisher::start(|_| {
        let answer = json!({
            "active": true, "iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "client_id": "desk", "jti": "1",
            "iat": now, "exp": now + 60, "scope": "mcp"
        });
        vec![("/introspect", answer.to_string())]
    });
    let endpoint = format!("{}/introspect", publisher.origin);
    let mut flags = vec!["--issuer", ISSUER, "--audience", AUDIENCE, "--introspection", &endpoint];
    flags.extend(["--introspection-client", "mcp-server", "--introspection-secret-file", &secret]);
    let program = Program::start(&flags);
    let expected = json!({
        "issuer": ISSUER, "subject": "alice", "client": "desk", "scopes": ["mcp"], "expires": now + 60
    });
    assert_eq!(program.whoami(&bearer("opaque")).expect("an answer"), expected);
    let asked = publisher.asked.recv_timeout(PATIENCE).expect("a question").to_ascii_lowercase();
    // RFC 6749 section 2.3.1: base64 of `mcp-server:s3cret%3A%C3%A4`.
    let credentials = "authorization: basic bWNwLXNlcnZlcjpzM2NyZXQlM0ElQzMlQTQ=\r\n".to_ascii_lowercase();
    assert!(asked.starts_with("post /introspect http/1.1\r\n") && asked.contains(&credentials), "{asked}");
    assert!(asked.ends_with("token=opaque&token_type_hint=access_token"), "{asked}");
    let announced = format!("  {ISSUER}: asked about each token, as client \"mcp-server\", at {endpoint}\n");
    assert!(program.announced.contains(&announced), "{}", program.announced);
}

#[test]
fn proofs_of_possession_are_demanded_where_the_flags_say() {
    let folder = folder("proofs");
    let issuer = named(ISSUER);
    let jwk = write(&folder, "jwk.json", &issuer.jwks());
    let mut flags = vec!["--issuer", ISSUER, "--audience", AUDIENCE, "--jwk", &jwk];
    flags.extend(["--dpop", "required", "--dpop-nonces"]);
    let program = Program::start(&flags);
    assert!(program.announced.contains("\nDPoP          required, with nonces\n"), "{}", program.announced);
    let (status, challenge) = program.refusal(&bearer(&issuer.token(AUDIENCE, now()).scope("mcp").sign()));
    assert_eq!(status, 401);
    assert!(challenge.is_some_and(|challenge| challenge.starts_with("DPoP ")));
}
