//! A server that a file configures.

use serde_json::json;

use crate::whoami::{
    files::{folder, write},
    issuer::{named, now},
    program::{Program, bearer, ended},
};

const STRICT: &str = "https://strict.example.com";
const LOOSE: &str = "https://loose.example.com/realms/demo";

const URL: &str = "https://mcp.example.com/mcp";
const CLIENT_ID: &str = "11111111-2222-3333-4444-555555555555";

/// The first issuer is looked for in a folder below the one of the file.
const TWO_ISSUERS: &str = r#"
resource = "https://mcp.example.com/mcp"
scopes = ["mcp"]

[[issuer]]
issuer = "https://strict.example.com"
audience = "https://mcp.example.com/mcp"
jwk_file = "keys/strict.json"
algorithms = ["ES256"]
leeway_seconds = 0

[[issuer]]
issuer = "https://loose.example.com/realms/demo"
audience = ["11111111-2222-3333-4444-555555555555", "api://demo"]
profile = "compatible"
jwk_file = "loose.json"

[[issuer.grant]]
claim = ["realm_access", "roles"]
value = "mcp-user"
scope = "mcp"

[dpop]
mode = "allowed"
nonces = true
"#;

#[test]
fn each_of_two_issuers_is_judged_by_its_own_rules() {
    let folder = folder("two_issuers");
    std::fs::create_dir(folder.join("keys")).expect("a folder");
    let (strict, loose) = (named(STRICT), named(LOOSE));
    write(&folder, "keys/strict.json", &strict.jwks());
    write(&folder, "loose.json", &loose.jwks());
    let config = write(&folder, "whoami.toml", TWO_ISSUERS);
    let program = Program::start(&["--config", &config]);

    let now = now();
    let token = strict.token(URL, now).subject("alice").client("desk").scope("mcp mcp:write");
    let found = program.whoami(&bearer(&token.claim("act", json!({"sub": "agent"})).sign()));
    let expected = json!({
        "issuer": STRICT, "subject": "alice", "client": "desk", "actor": "agent",
        "scopes": ["mcp", "mcp:write"], "expires": now.0 + 3600
    });
    assert_eq!(found.expect("an answer"), expected);

    for audience in [CLIENT_ID, "api://demo"] {
        let roles = json!({"roles": ["other", "mcp-user"]});
        let token = loose.token(audience, now).subject("bob").client("desk").claim("realm_access", roles);
        let expected = json!({
            "issuer": LOOSE, "subject": "bob", "client": "desk", "scopes": ["mcp"], "expires": now.0 + 3600
        });
        assert_eq!(program.whoami(&bearer(&token.sign())).expect("an answer"), expected);
    }

    let refused = [
        ("the other's audience", strict.token(CLIENT_ID, now).scope("mcp").sign()),
        ("the other's audience", loose.token(URL, now).scope("mcp").sign()),
        ("signed by the other", loose.token(URL, now).claim("iss", json!(STRICT)).scope("mcp").sign()),
        ("signed by the other", strict.token(CLIENT_ID, now).claim("iss", json!(LOOSE)).scope("mcp").sign()),
        (
            "an issuer that is not listed",
            named("https://other.example.com").token(URL, now).scope("mcp").sign(),
        ),
    ];
    for (why, token) in refused {
        let (status, challenge) = program.refusal(&bearer(&token));
        assert_eq!(status, 401, "{why}");
        assert!(challenge.starts_with("Bearer error=\"invalid_token\""), "{why}: {challenge}");
    }
}

#[test]
fn the_announced_policy_says_whose_tokens_are_trusted_and_why() {
    let folder = folder("announced");
    let keys = write(&folder, "strict.json", &named(STRICT).jwks());
    let secret = "9pX-nobody-may-read-this";
    let secret_file = write(&folder, "secret", secret);
    let config = write(
        &folder,
        "whoami.toml",
        &format!(
            r#"
            [[issuer]]
            issuer = "{STRICT}"
            audience = "{URL}"
            jwk_file = "strict.json"

            [[issuer]]
            issuer = "{LOOSE}"
            audience = ["{CLIENT_ID}", "api://demo"]
            profile = "compatible"
            allow_key_hosts = ["keys.example.com"]

            [[issuer]]
            issuer = "http://127.0.0.1:1"
            audience = "{URL}"
            jwks_url = "http://127.0.0.1:1/keys?code=hidden"

            [[issuer]]
            issuer = "https://opaque.example.com"
            audience = "{URL}"
            [issuer.introspection]
            endpoint = "https://opaque.example.com/introspect?code=hidden"
            client_id = "mcp-server"
            client_secret_file = "secret"

            [dpop]
            mode = "required"
            nonces = true
            "#
        ),
    );
    let program = Program::start(&["--config", &config, "--list-by-scope"]);
    let expected = format!(
        "endpoint      http://{}/mcp
auth          access tokens on every request, only with DPoP proofs
  issuer      {STRICT}
  audience    {URL}
  profile     rfc9068
  leeway      60 s
  issuer      {LOOSE}
  audience    {CLIENT_ID}, api://demo
  profile     compatible
  leeway      60 s
  issuer      http://127.0.0.1:1
  audience    {URL}
  profile     rfc9068
  leeway      60 s
  issuer      https://opaque.example.com
  audience    {URL}
  profile     rfc9068
  leeway      60 s
  scopes      mcp
  metadata    https://mcp.example.com/.well-known/oauth-protected-resource/mcp
revisions     2026-07-28, 2025-11-25, 2025-06-18, 2025-03-26, 2024-11-05
hosts         loopback names
origins       pages on loopback
body limit    4194304 bytes
config        {config}
trust
  {STRICT}: keys in {keys}
  {LOOSE}: keys found through its metadata, also on keys.example.com
  http://127.0.0.1:1: keys at http://127.0.0.1:1/keys
  https://opaque.example.com: asked about each token, as client \"mcp-server\", at https://opaque.example.com/introspect
DPoP          required, with nonces
Stop it with ctrl-c.
",
        program.address
    );
    assert_eq!(program.announced, expected);
    for hidden in [secret, &secret_file, "hidden"] {
        assert!(!program.announced.contains(hidden), "{hidden}");
    }
}

#[test]
fn what_is_wrong_in_a_file_is_said_with_its_name_and_place() {
    let folder = folder("wrong");
    write(&folder, "none.json", r#"{"keys":[]}"#);
    write(&folder, "text.json", "keys");
    write(&folder, "blank", "\n");
    write(&folder, "secret", "s3cret\n");
    let issuer = |rest: &str| format!("[[issuer]]\nissuer = \"{STRICT}\"\naudience = \"{URL}\"\n{rest}\n");
    let asked = |rest: &str| issuer(&format!("[issuer.introspection]\n{rest}"));
    let table = [
        (String::new(), ", line 1: missing field `issuer`"),
        ("issuer = []\n".into(), ": there is no [[issuer]]"),
        ("audience = 1\n".into(), ", line 1: unknown field `audience`, expected one of "),
        (issuer("jwks = \"s3cret\""), ", line 4: unknown field `jwks`, expected one of `issuer`, `audience`"),
        (issuer("[dpop]\nmode = \"allowed\"\nnonce = true"), ", line 6: unknown field `nonce`"),
        (issuer("[[issuer.grant]]\nclaims = []"), ", line 5: unknown field `claims`"),
        (asked("client_secret = \"s3cret\""), ", line 5: unknown field `client_secret`"),
        (issuer("[[issuer]]\nissuer = \"x\""), ", line 4: missing field `audience`"),
        (
            issuer("profile = \"strict\""),
            ", line 4: unknown variant `strict`, expected `rfc9068` or `compatible`",
        ),
        (
            issuer("algorithms = [\n\"ES256\",\n\"HS256\"]"),
            ", line 4: there is no algorithm \"HS256\" for tokens",
        ),
        (issuer("leeway_seconds = \"1\""), ", line 4: invalid type"),
        (issuer("jwk_file = \"s3cret"), ", line 4: "),
        (
            "[[issuer]]\nissuer = \"https://a\"\naudience = []\n".into(),
            ", line 3: an issuer needs at least one audience",
        ),
        (
            "[[issuer]]\nissuer = \"https://a\"\naudience = 1\n".into(),
            ", line 3: an audience is a text, several are an array of texts",
        ),
        (
            issuer("jwks_url = \"https://a/keys\"\njwk_file = \"x\""),
            ": issuer \"https://strict.example.com\": jwks_url, jwk_file and introspection exclude each other: keep one",
        ),
        (
            issuer("allow_key_hosts = [\"a\"]\njwk_file = \"x\""),
            ": issuer \"https://strict.example.com\": allow_key_hosts is about keys that are found through the metadata",
        ),
        (issuer("allow_key_hosts = [\"a b\"]"), ": keys cannot be allowed on \"a b\""),
        (issuer("leeway_seconds = 301"), ": a leeway of 301 s is more than the 300 s allowed"),
        (
            issuer("client_as_audience = true"),
            ": issuer \"https://strict.example.com\": a client counts as audience in the profile compatible alone",
        ),
        (issuer("algorithms = []"), ": at least one signature algorithm must be accepted"),
        (
            issuer("jwks_url = \"http://keys.example.com\""),
            ": keys cannot be fetched from \"http://keys.example.com\"",
        ),
        (
            issuer("jwks_url = \"https://user:s3cret@keys.example.com\""),
            ": keys cannot be fetched from \"https://...@keys.example.com\"",
        ),
        (issuer("jwk_file = \"none.json\""), "/none.json: the key set is empty"),
        (issuer("jwk_file = \"text.json\""), "/text.json: "),
        (issuer("jwk_file = \"absent.json\""), "/absent.json cannot be read: entity not found"),
        (
            asked("client_id = \"\"\nclient_secret_file = \"secret\""),
            ": introspection needs the id and the secret",
        ),
        (asked("client_id = \"a\"\nclient_secret_file = \"blank\""), "/blank: there is no secret in it"),
        (asked("client_id = \"a\"\nclient_secret_file = \"absent\""), "/absent: No such file or directory"),
        (
            asked("client_id = \"a\"\nclient_secret_file = \"secret\"\nendpoint = \"http://a.example.com\""),
            ": the URL of the introspection endpoint: ",
        ),
        (issuer(&issuer("")), ": issuer \"https://strict.example.com\": "),
        (
            "[[issuer]]\nissuer = \"https://a\"\naudience = \"no-url\"\n".into(),
            ": resource \"no-url\" must be an https URL (http on loopback) without fragment; where the audience is \
             another name, a --config file says with `resource` which URL clients use",
        ),
        (
            "[[issuer]]\nissuer = \"http://a\"\naudience = \"https://b\"\n".into(),
            ": issuer \"http://a\" must be ",
        ),
    ];
    for (text, expected) in table {
        let config = write(&folder, "whoami.toml", &text);
        let said = ended(&["--listen", "127.0.0.1:0", "--config", &config], "");
        assert_eq!((said.code, said.output.as_str()), (Some(1), ""), "{text}{said:?}");
        assert!(said.complaints.starts_with(&format!("whoami: {config}")), "{text}{}", said.complaints);
        assert!(said.complaints.contains(expected), "{text}{}", said.complaints);
        assert!(!said.complaints.contains("s3cret"), "{text}{}", said.complaints);
    }
    let absent = folder.join("absent.toml");
    let said =
        ended(&["--listen".as_ref(), "127.0.0.1:0".as_ref(), "--config".as_ref(), absent.as_os_str()], "");
    let expected = format!("whoami: {}: No such file or directory (os error 2)\n", absent.display());
    assert_eq!((said.code, said.complaints), (Some(1), expected));
}
