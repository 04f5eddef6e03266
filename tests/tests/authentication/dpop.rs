//! Tokens that are bound to a key, and the proofs that go with them (RFC 9449), made here by the RFC.

use std::time::Duration;

use http::Method;
use mcp_tests::{
    asking::{Answer, Ask},
    audited::Audited,
    clock::START,
    forge::{AUDIENCE, Draft, ISSUER, Signer, base64url, compact},
    journal::Journal,
};
use mcp_tokio::{
    Auth, BearerPolicy, Caller, DpopPolicy, KeySource, NoArguments, Server, ServerBuilder, ServerError,
    ServerLimits, Tool,
};
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};
use tokio::time::advance;

/// A proof in the making (RFC 9449 section 4.2): a good one until something is changed.
#[derive(Clone)]
struct Proof {
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl Proof {
    fn of(key: &Signer, token: &str, jti: &str) -> Self {
        let header = json!({"typ": "dpop+jwt", "alg": key.algorithm(), "jwk": key.public_key()});
        let claims = json!({
            "jti": jti,
            "htm": "POST",
            "htu": AUDIENCE,
            "iat": START.0,
            "ath": base64url(digest(&SHA256, token.as_bytes())),
        });
        let members = |json: Value| json.as_object().cloned().unwrap_or_default();
        Self { header: members(header), claims: members(claims) }
    }

    fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    fn no_claim(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    fn sign(&self, key: &Signer) -> String {
        self.sign_with(|message| key.sign(message))
    }

    fn sign_with(&self, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
        let text = |members: &Map<String, Value>| Value::Object(members.clone()).to_string();
        compact(text(&self.header).as_bytes(), text(&self.claims).as_bytes(), sign)
    }
}

/// An issuer, a client's key, and a token of the one bound to the other.
struct Parties {
    issuer: Signer,
    client: Signer,
    token: String,
}

impl Parties {
    fn new() -> Self {
        let (issuer, client) = (Signer::es256("issuer"), Signer::es256("client"));
        let token = bound(&issuer, &client);
        Self { issuer, client, token }
    }

    /// A good proof.
    fn proof(&self, jti: &str) -> Proof {
        Proof::of(&self.client, &self.token, jti)
    }

    fn server(&self, dpop: Option<DpopPolicy>) -> ServerBuilder {
        let policy = BearerPolicy::builder(ISSUER, AUDIENCE).scope("mcp");
        let policy = match dpop {
            Some(dpop) => policy.dpop(dpop),
            None => policy,
        };
        self.server_of(policy)
    }

    fn server_of(&self, policy: mcp_tokio::BearerPolicyBuilder) -> ServerBuilder {
        let keys = KeySource::from_json(self.issuer.jwks()).expect("keys");
        let whoami = Tool::new("whoami")
            .typed(async |_: NoArguments, caller: Caller| caller.principal().subject().to_owned());
        Server::builder("test", "1", Auth::bearer(policy, keys)).tool(whoami)
    }

    fn start(&self, dpop: DpopPolicy) -> Audited {
        Audited::start(self.server(Some(dpop)))
    }
}

fn bound(issuer: &Signer, client: &Signer) -> String {
    Draft::of(issuer).claim("cnf", json!({"jkt": client.thumbprint()})).sign(issuer)
}

fn call() -> Ask {
    Ask::call("whoami")
}

fn refused(rule: &str) -> (u16, Option<String>) {
    (401, Some(rule.to_owned()))
}

const GOOD: (u16, Option<String>) = (200, None);

/// The one challenge of a 401, which has to be of the scheme `DPoP`.
fn dpop_challenge(answer: &Answer) -> String {
    assert_eq!(answer.status, 401, "{}", answer.body);
    let challenges = answer.challenges();
    let [challenge] = challenges[..] else { panic!("{challenges:?}") };
    assert!(challenge.starts_with("DPoP "), "{challenge}");
    assert!(challenge.contains(r#"algs="ES256"#), "{challenge}");
    assert!(challenge.contains("resource_metadata="), "{challenge}");
    challenge.to_owned()
}

#[tokio::test(start_paused = true)]
async fn whoever_holds_the_key_is_served() {
    let parties = Parties::new();
    for dpop in [DpopPolicy::allowed(), DpopPolicy::required()] {
        let bench = parties.start(dpop);
        for jti in ["1", "2", "3"] {
            let proof = parties.proof(jti).sign(&parties.client);
            let answer = call().dpop(&parties.token, &proof).send(&bench.service).await;
            assert_eq!(answer.text(), "alice");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_proof_lets_one_request_in() {
    let parties = Parties::new();
    let bench = parties.start(DpopPolicy::allowed());
    let proof = parties.proof("1").sign(&parties.client);
    let ask = || call().dpop(&parties.token, &proof);
    assert_eq!(bench.judge(ask()).await, GOOD);
    assert_eq!(bench.judge(ask()).await, refused("proof_replayed"));
    // Another signature over the same proof is the same proof.
    let again = call().dpop(&parties.token, &parties.proof("1").sign(&parties.client));
    assert_eq!(bench.judge(again).await, refused("proof_replayed"));
    // It is remembered for as long as it would be good.
    advance(Duration::from_secs(60)).await;
    assert_eq!(bench.judge(ask()).await, refused("proof_replayed"));
    advance(Duration::from_secs(1)).await;
    assert_eq!(bench.judge(ask()).await, refused("proof_too_old"));

    // Somebody else's proof may go by the same name.
    let other = Signer::es256("other");
    let token = bound(&parties.issuer, &other);
    let theirs = Proof::of(&other, &token, "1").claim("iat", START.0 + 61).sign(&other);
    assert_eq!(bench.judge(call().dpop(&token, &theirs)).await, GOOD);
}

#[tokio::test(start_paused = true)]
async fn of_many_that_bring_one_proof_at_once_one_is_let_in() {
    let parties = Parties::new();
    let bench = parties.start(DpopPolicy::allowed());
    let proof = parties.proof("1").sign(&parties.client);
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let (ask, service) = (call().dpop(&parties.token, &proof), bench.service.clone());
            tokio::spawn(async move { ask.send(&service).await.status })
        })
        .collect();
    let mut let_in = 0;
    for task in tasks {
        match task.await.expect("an answer") {
            200 => let_in += 1,
            status => assert_eq!(status, 401),
        }
    }
    assert_eq!(let_in, 1);
}

/// RFC 9449 section 4.3: what has to be checked, each broken by itself.
#[tokio::test(start_paused = true)]
async fn a_proof_that_is_not_good_for_this_request_is_refused() {
    let parties = Parties::new();
    let bench = parties.start(DpopPolicy::allowed());
    let Parties { client, token, .. } = &parties;
    let other = Signer::es256("other");
    let proof = || parties.proof("1");
    let mut with_private_part = client.public_key();
    with_private_part["d"] = base64url([1; 32]).into();
    let table = [
        ("no claims at all", compact(b"{}", b"{}", |_| vec![1]), "proof_type_refused"),
        ("no JWT", "proof".to_owned(), "proof_malformed"),
        ("an access token", token.clone(), "proof_type_refused"),
        ("typ", proof().header("typ", "JWT").sign(client), "proof_type_refused"),
        ("alg none", proof().header("alg", "none").sign_with(|_| vec![1]), "proof_algorithm_refused"),
        ("alg HS256", proof().header("alg", "HS256").sign(client), "proof_algorithm_refused"),
        ("a private key", proof().header("jwk", with_private_part).sign(client), "proof_key_refused"),
        ("no key", proof().header("jwk", Value::Null).sign(client), "proof_key_refused"),
        ("crit", proof().header("crit", json!(["x"])).sign(client), "proof_critical_extension"),
        ("the signature", proof().sign(&other), "proof_bad_signature"),
        ("jti", proof().no_claim("jti").sign(client), "proof_claims_malformed"),
        ("an empty jti", proof().claim("jti", "").sign(client), "proof_claims_malformed"),
        ("a jti that is no string", proof().claim("jti", 1).sign(client), "proof_claims_malformed"),
        ("htm", proof().claim("htm", "GET").sign(client), "proof_method_foreign"),
        ("htm in other case", proof().claim("htm", "post").sign(client), "proof_method_foreign"),
        ("no htm", proof().no_claim("htm").sign(client), "proof_claims_malformed"),
        ("htu", proof().claim("htu", "http://localhost/other").sign(client), "proof_target_foreign"),
        (
            "htu of another server",
            proof().claim("htu", "https://evil.example/mcp").sign(client),
            "proof_target_foreign",
        ),
        ("no htu", proof().no_claim("htu").sign(client), "proof_claims_malformed"),
        ("ath", proof().claim("ath", base64url([7; 32])).sign(client), "proof_token_foreign"),
        ("no ath", proof().no_claim("ath").sign(client), "proof_claims_malformed"),
        ("iat", proof().claim("iat", START.0 - 61).sign(client), "proof_too_old"),
        ("iat ahead", proof().claim("iat", START.0 + 6).sign(client), "proof_issued_in_future"),
        ("no iat", proof().no_claim("iat").sign(client), "proof_claims_malformed"),
        ("iat as text", proof().claim("iat", START.0.to_string()).sign(client), "proof_claims_malformed"),
        ("another key", Proof::of(&other, token, "1").sign(&other), "key_not_bound"),
    ];
    for (what, proof, rule) in table {
        let ask = || call().dpop(token, &proof);
        assert_eq!(bench.judge(ask()).await, refused(rule), "{what}");
        let challenge = dpop_challenge(&ask().send(&bench.service).await);
        let error = if rule == "key_not_bound" { "invalid_token" } else { "invalid_dpop_proof" };
        assert!(challenge.contains(&format!(r#"error="{error}""#)), "{what}: {challenge}");
    }
    // None of them has used up the name.
    assert_eq!(bench.judge(call().dpop(token, &proof().sign(client))).await, GOOD);
}

#[tokio::test(start_paused = true)]
async fn a_proof_is_good_within_its_window_to_the_second() {
    let parties = Parties::new();
    let bench = parties.start(DpopPolicy::allowed());
    advance(Duration::from_secs(60)).await;
    for (number, iat) in [START.0, START.0 + 60, START.0 + 65].into_iter().enumerate() {
        let proof = parties.proof(&format!("{number}")).claim("iat", iat).sign(&parties.client);
        assert_eq!(bench.judge(call().dpop(&parties.token, &proof)).await, GOOD, "{iat}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_made_before_the_server_started_may_have_been_used() {
    let parties = Parties::new();
    let bench = parties.start(DpopPolicy::allowed());
    let ask =
        |jti, iat| call().dpop(&parties.token, &parties.proof(jti).claim("iat", iat).sign(&parties.client));
    assert_eq!(bench.judge(ask("before", START.0 - 1)).await, refused("proof_replayed"));
    assert_eq!(bench.judge(ask("at", START.0)).await, GOOD);
}

#[tokio::test(start_paused = true)]
async fn there_is_exactly_one_proof() {
    let parties = Parties::new();
    let bench = parties.start(DpopPolicy::allowed());
    let (one, two) = (parties.proof("1").sign(&parties.client), parties.proof("2").sign(&parties.client));
    let ask = || call().field("authorization", &format!("DPoP {}", parties.token));
    assert_eq!(bench.judge(ask()).await, refused("proof_missing"));
    assert_eq!(bench.judge(ask().field("dpop", "")).await, refused("proof_malformed"));
    let twice = || ask().another("dpop", &one).another("dpop", &two);
    assert_eq!(bench.judge(twice()).await, refused("proof_repeated"));
    let joined = ask().field("dpop", &format!("{one}, {two}"));
    assert_eq!(bench.judge(joined).await, refused("proof_malformed"));
    dpop_challenge(&twice().send(&bench.service).await);
    assert_eq!(bench.judge(ask().field("dpop", &one)).await, GOOD);
}

#[tokio::test(start_paused = true)]
async fn a_bound_token_is_no_bearer_token() {
    let parties = Parties::new();
    let proof = parties.proof("1").sign(&parties.client);
    for dpop in [None, Some(DpopPolicy::allowed())] {
        let knows_dpop = dpop.is_some();
        let bench = Audited::start(parties.server(dpop));
        let bearer = || call().bearer(&parties.token);
        assert_eq!(bench.judge(bearer()).await, refused("sender_constrained"));
        // The proof beside it changes nothing: the scheme says what the token is.
        assert_eq!(bench.judge(bearer().field("dpop", &proof)).await, refused("sender_constrained"));
        let answer = bearer().send(&bench.service).await;
        if knows_dpop {
            assert!(dpop_challenge(&answer).contains(r#"error="invalid_token""#));
        } else {
            assert!(answer.challenges().concat().starts_with("Bearer "));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_bound_otherwise_is_refused_under_either_scheme() {
    let parties = Parties::new();
    let bench = parties.start(DpopPolicy::allowed());
    let jkt = parties.client.thumbprint();
    for cnf in [
        json!({}),
        json!(null),
        json!({"jkt": ""}),
        json!({"jkt": 7}),
        json!({"jkt": format!("{jkt}=")}),
        json!({"jkt": jkt, "kid": "1"}),
        json!(jkt),
    ] {
        let token = Draft::of(&parties.issuer).claim("cnf", cnf.clone()).sign(&parties.issuer);
        let proof = Proof::of(&parties.client, &token, "1").sign(&parties.client);
        assert_eq!(bench.judge(call().bearer(&token)).await, refused("sender_constrained"), "{cnf}");
        assert_eq!(bench.judge(call().dpop(&token, &proof)).await, refused("sender_constrained"), "{cnf}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_proof_is_no_certificate() {
    let parties = Parties::new();
    let bench = parties.start(DpopPolicy::allowed());
    let jkt = parties.client.thumbprint();
    for cnf in [json!({"x5t#S256": jkt}), json!({"jkt": jkt, "x5t#S256": jkt})] {
        let token = Draft::of(&parties.issuer).claim("cnf", cnf.clone()).sign(&parties.issuer);
        let proof = Proof::of(&parties.client, &token, "1").sign(&parties.client);
        assert_eq!(bench.judge(call().dpop(&token, &proof)).await, refused("certificate_missing"), "{cnf}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_not_bound_is_good_under_its_own_scheme_alone() {
    let parties = Parties::new();
    let token = Draft::of(&parties.issuer).sign(&parties.issuer);
    let proof = Proof::of(&parties.client, &token, "1").sign(&parties.client);
    let bench = parties.start(DpopPolicy::allowed());
    assert_eq!(bench.judge(call().bearer(&token)).await, GOOD);
    assert_eq!(bench.judge(call().dpop(&token, &proof)).await, refused("not_sender_constrained"));
}

#[tokio::test(start_paused = true)]
async fn where_proofs_are_required_bearer_tokens_are_as_good_as_nothing() {
    let parties = Parties::new();
    let bench = parties.start(DpopPolicy::required());
    let plain = Draft::of(&parties.issuer).sign(&parties.issuer);
    for token in [&plain, &parties.token] {
        assert_eq!(bench.judge(call().bearer(token)).await, refused("unauthenticated"));
        let challenge = dpop_challenge(&call().bearer(token).send(&bench.service).await);
        assert!(!challenge.contains("error="), "{challenge}");
    }
    assert_eq!(bench.judge(call()).await, refused("unauthenticated"));
    dpop_challenge(&call().send(&bench.service).await);
    let proof = parties.proof("1").sign(&parties.client);
    assert_eq!(bench.judge(call().dpop(&parties.token, &proof)).await, GOOD);
}

#[tokio::test(start_paused = true)]
async fn where_proofs_are_unknown_the_scheme_is_too() {
    let parties = Parties::new();
    let bench = Audited::start(parties.server(None));
    let proof = parties.proof("1").sign(&parties.client);
    assert_eq!(bench.judge(call().dpop(&parties.token, &proof)).await, refused("unauthenticated"));
}

#[tokio::test(start_paused = true)]
async fn both_schemes_are_offered_where_both_are_taken() {
    let parties = Parties::new();
    let bench = parties.start(DpopPolicy::allowed());
    let answer = call().send(&bench.service).await;
    let challenges = answer.challenges();
    let [bearer, dpop] = challenges[..] else { panic!("{challenges:?}") };
    assert!(bearer.starts_with("Bearer ") && bearer.contains("resource_metadata="), "{bearer}");
    assert!(dpop.starts_with("DPoP algs=\"ES256"), "{dpop}");
    assert!(!dpop.contains("resource_metadata"), "{dpop}");
}

#[tokio::test(start_paused = true)]
async fn a_nonce_is_handed_out_and_then_demanded() {
    let parties = Parties::new();
    let bench = parties.start(DpopPolicy::allowed().nonces());
    let ask = |proof: &Proof| call().dpop(&parties.token, &proof.sign(&parties.client));
    let needed = refused("proof_nonce_needed");

    let first = ask(&parties.proof("1")).send(&bench.service).await;
    assert!(dpop_challenge(&first).contains(r#"error="use_dpop_nonce""#));
    let nonce = first.field("dpop-nonce").expect("a nonce").to_owned();
    assert_eq!(first.error().1, -32000);
    let _ = bench.events();

    // The refusal has not used up the proof's name.
    assert_eq!(bench.judge(ask(&parties.proof("1").claim("nonce", nonce.clone()))).await, GOOD);
    // A nonce is not used up either: only the proof is.
    assert_eq!(bench.judge(ask(&parties.proof("2").claim("nonce", nonce.clone()))).await, GOOD);
    let replayed = ask(&parties.proof("2").claim("nonce", nonce.clone()));
    assert_eq!(bench.judge(replayed).await, refused("proof_replayed"));
    for foreign in [String::new(), "guessed".into(), format!("{nonce}A"), nonce.to_lowercase()] {
        let ask = ask(&parties.proof("3").claim("nonce", foreign.clone()));
        assert_eq!(bench.judge(ask).await, needed, "{foreign:?}");
    }
    // Two minutes later it is stale, whatever the time in the proof says.
    advance(Duration::from_secs(120)).await;
    let fresh_proof = parties.proof("4").claim("iat", START.0 + 120);
    let stale = ask(&fresh_proof.clone().claim("nonce", nonce.clone())).send(&bench.service).await;
    assert!(dpop_challenge(&stale).contains(r#"error="use_dpop_nonce""#));
    let next = stale.field("dpop-nonce").expect("a nonce").to_owned();
    assert_ne!(next, nonce);
    let _ = bench.events();
    assert_eq!(bench.judge(ask(&fresh_proof.claim("nonce", next))).await, GOOD);
}

#[tokio::test(start_paused = true)]
async fn a_nonce_is_told_to_web_pages_too() {
    let parties = Parties::new();
    let bench = parties.start(DpopPolicy::allowed().nonces());
    let proof = parties.proof("1").sign(&parties.client);
    let ask = call().dpop(&parties.token, &proof).field("origin", "http://localhost:5173");
    let answer = ask.send(&bench.service).await;
    let exposed = answer.field("access-control-expose-headers").expect("a list").to_ascii_lowercase();
    assert!(exposed.contains("dpop-nonce") && exposed.contains("www-authenticate"), "{exposed}");
    let preflight = Ask::bare(Method::OPTIONS, "/mcp")
        .field("origin", "http://localhost:5173")
        .field("access-control-request-method", "POST")
        .send(&bench.service)
        .await;
    let allowed = preflight.field("access-control-allow-headers").expect("a list").to_ascii_lowercase();
    assert!(allowed.split(", ").any(|name| name == "dpop"), "{allowed}");
}

/// Behind a proxy the `Host` is not what the client called, and it may be somebody else's choice.
#[tokio::test(start_paused = true)]
async fn the_url_of_a_proof_is_compared_with_the_configuration_and_never_with_the_host() {
    let parties = Parties::new();
    let policy = BearerPolicy::builder(ISSUER, AUDIENCE)
        .resource("https://mcp.example/mcp")
        .dpop(DpopPolicy::allowed().target("https://alias.example/mcp"));
    let bench = Audited::start(parties.server_of(policy).allow_any_host());
    let hosts = ["localhost:3000", "10.1.2.3:8080", "evil.example", "mcp.example"];
    for (number, host) in hosts.into_iter().enumerate() {
        let ask = async |name: &str, htu: &str| {
            let proof = parties.proof(&format!("{name}{number}")).claim("htu", htu).sign(&parties.client);
            let ask = call().dpop(&parties.token, &proof).field("host", host);
            bench.judge(ask.field("x-forwarded-host", "evil.example")).await
        };
        assert_eq!(ask("own", "https://mcp.example/mcp").await, GOOD, "{host}");
        assert_eq!(ask("alias", "https://alias.example/mcp").await, GOOD, "{host}");
        for htu in [format!("http://{host}/mcp"), "https://evil.example/mcp".to_owned()] {
            assert_eq!(ask("host", &htu).await, refused("proof_target_foreign"), "{host}: {htu}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn when_no_more_proofs_of_a_key_can_be_remembered_none_is_let_in_unremembered() {
    let parties = Parties::new();
    let mut limits = ServerLimits::default();
    // A sixteenth of them for each key.
    limits.dpop_proofs = 32;
    let bench = Audited::start(parties.server(Some(DpopPolicy::allowed())).limits(limits));
    let ask = |jti: &str, iat: u64| {
        call().dpop(&parties.token, &parties.proof(jti).claim("iat", iat).sign(&parties.client))
    };
    assert_eq!(bench.judge(ask("1", START.0)).await, GOOD);
    assert_eq!(bench.judge(ask("2", START.0)).await, GOOD);
    assert_eq!(bench.judge(ask("3", START.0)).await, (503, Some("verifier_overloaded".into())));
    assert_eq!(bench.judge(ask("1", START.0)).await, refused("proof_replayed"));
    advance(Duration::from_secs(61)).await;
    assert_eq!(bench.judge(ask("4", START.0 + 61)).await, GOOD, "the first two are over");
}

#[tokio::test(start_paused = true)]
async fn a_good_proof_makes_no_bad_token_good() {
    let parties = Parties::new();
    let bench = parties.start(DpopPolicy::allowed());
    let cnf = json!({"jkt": parties.client.thumbprint()});
    let draft = || Draft::of(&parties.issuer).claim("cnf", cnf.clone());
    let table = [
        (draft().claim("exp", START.0 - 100).sign(&parties.issuer), "expired"),
        (draft().claim("aud", "https://other.example").sign(&parties.issuer), "audience_foreign"),
        (draft().sign(&parties.client), "bad_signature"),
        (draft().header("alg", "none").sign(&parties.issuer), "algorithm_refused"),
    ];
    for (token, rule) in table {
        let proof = Proof::of(&parties.client, &token, "1").sign(&parties.client);
        assert_eq!(bench.judge(call().dpop(&token, &proof)).await, refused(rule));
    }
    let weak = draft().claim("scope", "other").sign(&parties.issuer);
    let proof = Proof::of(&parties.client, &weak, "2").sign(&parties.client);
    let judged = bench.judge(call().dpop(&weak, &proof)).await;
    assert_eq!(judged, (403, Some("insufficient_scope".into())));
}

#[tokio::test(start_paused = true)]
async fn proofs_are_in_no_answer_no_event_and_no_log() {
    let parties = Parties::new();
    let journal = Journal::open();
    let bench = parties.start(DpopPolicy::allowed().nonces());
    let mut told = String::new();
    let good = parties.proof("s3cret-jti").sign(&parties.client);
    let bad = parties.proof("s3cret-jti").claim("htm", "GET").sign(&parties.client);
    for proof in [&good, &bad, &"s3cret-text".to_owned()] {
        let answer = call().dpop(&parties.token, proof).send(&bench.service).await;
        told += &format!("{answer:?} {:?}", bench.events());
    }
    told += &journal.text();
    for text in [&good, &bad, &parties.token] {
        for part in text.split('.') {
            assert!(!told.contains(part), "{part} in {told}");
        }
    }
    assert!(!told.contains("s3cret"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn the_metadata_says_what_is_taken() {
    let parties = Parties::new();
    let document = async |dpop| {
        let bench = Audited::start(parties.server(dpop));
        let target = "/.well-known/oauth-protected-resource/mcp";
        Ask::bare(Method::GET, target).send(&bench.service).await.json()
    };
    let allowed = document(Some(DpopPolicy::allowed())).await;
    let listed = json!(["ES256", "RS256", "PS256", "EdDSA"]);
    let names = |list: &Value| {
        let mut names: Vec<String> =
            list.as_array().expect("a list").iter().map(ToString::to_string).collect();
        names.sort();
        names
    };
    assert_eq!(names(&allowed["dpop_signing_alg_values_supported"]), names(&listed), "{allowed}");
    assert_ne!(allowed["dpop_bound_access_tokens_required"], true);
    let required = document(Some(DpopPolicy::required())).await;
    assert_eq!(required["dpop_bound_access_tokens_required"], true);
    let without = document(None).await;
    assert_eq!(without.get("dpop_signing_alg_values_supported"), None);
}

#[test]
fn handlers_never_see_a_proof() {
    let parties = Parties::new();
    let expose = |dpop| {
        let server = parties.server(dpop).expose_header(http::HeaderName::from_static("dpop"));
        server.build().err()
    };
    let refused = ServerError::ExposedCredentials(http::HeaderName::from_static("dpop"));
    assert_eq!(expose(Some(DpopPolicy::allowed())), Some(refused));
}
