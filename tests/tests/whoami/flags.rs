//! A server that flags configure.

use std::{net::TcpListener, time::Instant};

use serde_json::{Value, json};

use crate::whoami::{
    files::{folder, write},
    issuer::{Publisher, named, now},
    program::{PATIENCE, Program, bearer, ended},
    proof::Holder,
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
    let challenge = format!("Bearer scope=\"mcp\", resource_metadata=\"{metadata}\"");
    assert_eq!(program.refusal(""), (401, challenge));
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
    let expected = format!("whoami: cannot listen on {address}: Address already in use");
    assert_eq!(said.code, Some(1));
    assert!(said.complaints.starts_with(&expected), "{}", said.complaints);
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
        "issuer": ISSUER, "subject": "alice", "client": "desk", "actor": null, "scopes": "mcp"
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
    let flags = |more: &[&'static str]| {
        let common = ["--issuer", ISSUER, "--audience", AUDIENCE, "--jwk", &jwk];
        Program::start(&[&common, more].concat())
    };
    let strict = flags(&["--dpop", "required", "--dpop-nonces"]);
    assert!(strict.announced.contains("\nDPoP          required, with nonces\n"), "{}", strict.announced);
    let lenient = flags(&["--dpop", "allowed"]);
    assert!(lenient.announced.contains("\nDPoP          allowed, without nonces\n"), "{}", lenient.announced);

    let bearer = bearer(&issuer.token(AUDIENCE, now()).subject("alice").scope("mcp").sign());
    assert_eq!(lenient.whoami(&bearer).expect("an answer")["subject"], json!("alice"));
    let (status, challenge) = strict.refusal(&bearer);
    assert_eq!(status, 401);
    assert!(challenge.starts_with("DPoP "), "{challenge}");

    let holder = Holder::new();
    let bound = issuer.token(AUDIENCE, now()).subject("bob").scope("mcp");
    let bound = bound.claim("cnf", holder.confirmation()).sign();
    let plain = holder.credentials(&bound, AUDIENCE, "1", None);
    assert_eq!(lenient.whoami(&plain).expect("an answer")["subject"], json!("bob"));
    let refused = strict.whoami(&plain).expect_err("a demand for a nonce");
    let challenge = refused.head.field("www-authenticate").expect("a challenge");
    assert!(challenge.starts_with("DPoP error=\"use_dpop_nonce\""), "{challenge}");
    let nonce = refused.head.field("dpop-nonce").expect("a nonce");
    let answered = strict.whoami(&holder.credentials(&bound, AUDIENCE, "2", Some(nonce)));
    assert_eq!(answered.expect("an answer")["subject"], json!("bob"));
}

#[test]
fn each_flag_about_tokens_changes_the_policy() {
    let folder = folder("policy");
    let jwk = write(&folder, "jwk.json", &named(ISSUER).jwks());
    let secret = write(&folder, "secret", "s3cret");
    let common = ["--issuer", ISSUER, "--audience", AUDIENCE, "api://other", "--leeway", "7"];
    let program = Program::start(&[&common[..], &["--jwk", &jwk]].concat());
    let expected =
        format!("  audience    {AUDIENCE}, api://other\n  profile     rfc9068\n  leeway      7 s\n");
    assert!(program.announced.contains(&expected), "{}", program.announced);

    let said = ended(
        &[&common[..], &["--jwk", &jwk, "--algorithm", "RS256", "--listen", "127.0.0.1:0"]].concat(),
        "",
    );
    assert_eq!((said.code, said.output.as_str()), (Some(1), ""));
    assert!(said.complaints.contains("no usable key"), "{}", said.complaints);

    let nowhere = ["--issuer", "http://127.0.0.1:1", "--audience", AUDIENCE];
    let client = ["--introspection-client", "a", "--introspection-secret-file", &secret];
    let table = [
        (
            vec!["--allow-key-host", "a.example", "--allow-key-host", "b.example:1"],
            "keys found through its metadata, \
             also on a.example, also on b.example:1",
        ),
        (
            [&client[..], &["--introspection", "discover"]].concat(),
            "asked about each token, as client \"a\", where its \
             metadata says",
        ),
    ];
    for (flags, expected) in table {
        let program = Program::start(&[&nowhere[..], &flags].concat());
        let expected = format!("trust\n  http://127.0.0.1:1: {expected}\n");
        assert!(program.announced.contains(&expected), "{}", program.announced);
    }
}

#[test]
fn a_client_counts_as_audience_only_where_it_is_said() {
    let folder = folder("client_as_audience");
    let secret = write(&folder, "secret", "s3cret");
    let now = now().0;
    let publisher = Publisher::start(|_| {
        let answer = json!({
            "active": true, "iss": ISSUER, "sub": "alice", "client_id": "desk", "jti": "1", "iat": now,
            "exp": now + 60, "scope": "mcp", "token_use": "access"
        });
        vec![("/introspect", answer.to_string())]
    });
    let endpoint = format!("{}/introspect", publisher.origin);
    let mut flags = vec!["--issuer", ISSUER, "--audience", AUDIENCE, "desk", "--introspection", &endpoint];
    flags.extend([
        "--token-profile",
        "compatible",
        "--introspection-client",
        "mcp-server",
        "--introspection-secret-file",
        &secret,
    ]);
    let config = format!(
        "[[issuer]]\nissuer = \"{ISSUER}\"\naudience = [\"{AUDIENCE}\", \"desk\"]\nprofile = \"compatible\"\nCLIENT\n[issuer.introspection]\n\
         endpoint = \"{endpoint}\"\nclient_id = \"mcp-server\"\nclient_secret_file = \"secret\"\n"
    );
    let without = write(&folder, "without.toml", &config.replace("CLIENT", ""));
    let with = write(&folder, "with.toml", &config.replace("CLIENT", "client_as_audience = true"));
    for refusing in [flags.clone(), vec!["--config", &without]] {
        assert_eq!(Program::start(&refusing).refusal(&bearer("opaque")).0, 401);
    }
    flags.push("--client-as-audience");
    for accepting in [flags, vec!["--config", &with]] {
        let found = Program::start(&accepting).whoami(&bearer("opaque")).expect("an answer");
        assert_eq!(found["client"], json!("desk"));
    }
}
