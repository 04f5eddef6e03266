//! Tokens that are bound to a client certificate (RFC 8705 section 3), through whole exchanges.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::Request;
use mcp_proto::{
    AuthPolicy, BearerPolicy, BodyRead, CatalogSpec, Engine, EngineBuilder, Head, Implementation, Mode, Now,
    Principal, Response, Step, Tick, UnixSeconds,
    auth::{CertificatePolicy, CustomPolicy, DpopPolicy, scope::Scopes},
    exchange::{Facts, ProofFacts},
    jws::{CertificateThumbprint, KeySet, Thumbprint, dpop, inspect},
    session::{Session, SessionAuth, SessionId},
};
use serde_json::{Value, json};

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "https://mcp.example/mcp";
const NOW: Now = Now { tick: Tick(1_000_000), unix: UnixSeconds(1_500) };

/// The key of the client, and of the issuer; nothing here checks a signature.
const KEY: &str =
    r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"k"}"#;
const OWN: CertificateThumbprint = CertificateThumbprint::new([1; 32]);
const OTHER: CertificateThumbprint = CertificateThumbprint::new([2; 32]);
/// The same digest as that of the certificate: what is a key is no certificate.
const OWN_KEY: Thumbprint = Thumbprint::new([1; 32]);
const TOKEN_HASH: [u8; 32] = [9; 32];

/// What a token is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    Nothing,
    Key,
    Certificate,
    Both,
    SomethingElse,
}

impl Bound {
    const ALL: [Self; 5] = [Self::Nothing, Self::Key, Self::Certificate, Self::Both, Self::SomethingElse];

    fn cnf(self) -> Option<Value> {
        let digest = base64url(&[1; 32]);
        Some(match self {
            Self::Nothing => return None,
            Self::Key => json!({"jkt": digest}),
            Self::Certificate => json!({"x5t#S256": digest}),
            Self::Both => json!({"jkt": digest, "x5t#S256": digest}),
            Self::SomethingElse => json!({"x5t#S256": digest, "kid": "k"}),
        })
    }

    fn has_key(self) -> bool {
        matches!(self, Self::Key | Self::Both)
    }

    fn has_certificate(self) -> bool {
        matches!(self, Self::Certificate | Self::Both)
    }
}

/// RFC 7800 section 3.1, RFC 9449 section 7.1, RFC 8705 section 3: the rule that refuses, if one does.
fn refused_by(
    is_required: bool,
    bound: Bound,
    proves_key: bool,
    connection: Option<CertificateThumbprint>,
) -> Option<&'static str> {
    if bound == Bound::SomethingElse {
        return Some("sender_constrained");
    }
    match (bound.has_key(), proves_key) {
        (true, false) => return Some("sender_constrained"),
        (false, true) => return Some("not_sender_constrained"),
        (true, true) | (false, false) => {}
    }
    match connection {
        _ if !bound.has_certificate() => is_required.then_some("not_certificate_bound"),
        None => Some("certificate_missing"),
        Some(OWN) => None,
        Some(_) => Some("certificate_not_bound"),
    }
}

fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn jwt(header: &str, claims: &Value) -> String {
    [header.as_bytes(), claims.to_string().as_bytes(), &[7; 64]].map(base64url).join(".")
}

fn policy(certificates: Option<CertificatePolicy>) -> BearerPolicy {
    let builder = BearerPolicy::builder(ISSUER, AUDIENCE).dpop(DpopPolicy::allowed());
    match certificates {
        Some(certificates) => builder.certificates(certificates),
        None => builder,
    }
    .build()
    .expect("a policy")
}

fn engine(auth: AuthPolicy, sessions: SessionAuth) -> Engine {
    let info = Implementation { name: "test".into(), version: "1".into(), ..Implementation::default() };
    let mut builder = EngineBuilder { mode: Mode::Stateful, ..EngineBuilder::new(info, auth) };
    builder.sessions.auth = sessions;
    builder.build(&CatalogSpec::default()).expect("an engine")
}

/// What a verifier finds out about alice's token, with or without her proof.
fn facts(policy: &BearerPolicy, bound: Bound, proves_key: bool) -> Facts {
    let mut claims = json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "client_id": "c", "jti": "j",
        "iat": 1_400, "exp": 2_000});
    if let Some(cnf) = bound.cnf() {
        claims["cnf"] = cnf;
    }
    let token = jwt(r#"{"typ":"at+jwt","alg":"EdDSA","kid":"k"}"#, &claims);
    let keys = KeySet::parse(KEY.as_bytes()).expect("keys").0;
    let rules = policy.issuers().get(0).expect("one issuer");
    let claims = Arc::new(inspect(&token, rules, &keys).expect("a token").resolve(true).expect("claims"));
    if !proves_key {
        return Facts::Signed(claims);
    }
    let header = format!(r#"{{"typ":"dpop+jwt","alg":"EdDSA","jwk":{KEY}}}"#);
    let said =
        json!({"jti": "1", "htm": "POST", "htu": AUDIENCE, "iat": 1_500, "ath": base64url(&TOKEN_HASH)});
    let proof = jwt(&header, &said);
    let proof = dpop::inspect(&proof, policy.dpop().expect("proofs").rules()).expect("a proof");
    let proof = proof.resolve(true, OWN_KEY).expect("a proof");
    Facts::Proven(claims, Box::new(ProofFacts { proof, token_hash: TOKEN_HASH }))
}

fn post(body: &Value, more: &[(&str, &str)]) -> Request<String> {
    let mut request =
        Request::post("/mcp").header("host", "localhost").header("content-type", "application/json");
    for (name, value) in more {
        request = request.header(*name, *value);
    }
    request.body(body.to_string()).expect("a request")
}

fn handshake() -> Value {
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}})
}

/// One request on a connection that was made with this certificate.
fn serve(
    engine: &Engine,
    session: &mut Option<Session>,
    connection: Option<CertificateThumbprint>,
    request: &Request<String>,
    facts: &Facts,
) -> Response {
    let mut head = Head::new(request, engine.route(request.uri().path()));
    head.certificate = connection;
    let mut step = engine.accept(&head, NOW);
    loop {
        step = match step {
            Step::Verify(verify) => verify.resolve(facts.clone(), NOW),
            Step::ReadBody(read) => {
                read.resolve(BodyRead::Complete(Bytes::from(request.body().clone())), NOW)
            }
            Step::ReadId(read) => Step::Respond(read.resolve(BodyRead::Aborted)),
            Step::FindSession(find) => find.resolve(session.as_mut(), NOW),
            Step::UseSession(using) => using.resolve(session.as_mut(), NOW),
            Step::OpenSession(open) => {
                let (opened, step) = open.open(&SessionId::from_entropy(&[7; 32]), NOW).expect("sessions");
                *session = Some(opened);
                step
            }
            Step::Respond(response) => return response,
            Step::Stream(stream) => return stream.response,
            Step::Call(_) | Step::Probe(_) | Step::Filter(_) => unreachable!("not here"),
        }
    }
}

#[test]
fn every_binding_with_everything_that_can_be_held_under_every_policy() {
    let policies = [None, Some(CertificatePolicy::allowed()), Some(CertificatePolicy::required())];
    for certificates in policies {
        let policy = policy(certificates);
        let engine = engine(AuthPolicy::Bearer(policy.clone()), SessionAuth::EveryRequest);
        let is_required = certificates == Some(CertificatePolicy::required());
        for bound in Bound::ALL {
            for proves_key in [false, true] {
                for connection in [None, Some(OWN), Some(OTHER)] {
                    let credentials = if proves_key {
                        &[("authorization", "DPoP t"), ("dpop", "p")][..]
                    } else {
                        &[("authorization", "Bearer t")]
                    };
                    let request = post(&handshake(), credentials);
                    let facts = facts(&policy, bound, proves_key);
                    let response = serve(&engine, &mut None, connection, &request, &facts);
                    let refused_by = refused_by(is_required, bound, proves_key, connection);
                    let case = format!("{certificates:?} {bound:?} {proves_key} {connection:?}");
                    assert_eq!(response.rule.map(|rule| rule.name), refused_by, "{case}");
                    let status = if refused_by.is_some() { 401 } else { 200 };
                    assert_eq!(response.status, status, "{case}");
                    let challenge = response.fields.challenge.map(|challenge| {
                        challenge.to_str().expect("text").contains(r#"error="invalid_token""#)
                    });
                    assert_eq!(challenge, refused_by.map(|_| true), "RFC 8705 section 3: {case}");
                }
            }
        }
    }
}

#[test]
fn a_header_field_says_nothing_about_the_certificate() {
    let policy = policy(Some(CertificatePolicy::required()));
    let engine = engine(AuthPolicy::Bearer(policy.clone()), SessionAuth::EveryRequest);
    let digest = base64url(OWN.as_bytes());
    let request = post(
        &handshake(),
        &[
            ("authorization", "Bearer t"),
            ("client-cert", &digest),
            ("x-client-cert", &digest),
            ("x-ssl-client-cert", &digest),
            ("x-forwarded-client-cert", &digest),
        ],
    );
    let facts = facts(&policy, Bound::Certificate, false);
    let response = serve(&engine, &mut None, None, &request, &facts);
    assert_eq!(response.rule.map(|rule| rule.name), Some("certificate_missing"));
}

#[test]
fn the_application_binds_its_callers_in_the_same_way() {
    let policy = AuthPolicy::Custom(CustomPolicy::builder().build().expect("a policy"));
    let engine = engine(policy, SessionAuth::EveryRequest);
    let alice = Principal::new("app", "alice", "desk", Scopes::parse(""), UnixSeconds(2_000));
    let bound = alice.clone().with_certificate(OWN);
    assert_eq!((alice.certificate(), bound.certificate()), (None, Some(&OWN)));
    assert!(alice.is_same_party(&bound), "the certificate is not who she is");
    let table = [
        (&alice, None, None),
        (&alice, Some(OTHER), None),
        (&bound, None, Some("certificate_missing")),
        (&bound, Some(OWN), None),
        (&bound, Some(OTHER), Some("certificate_not_bound")),
    ];
    for (principal, connection, refused_by) in table {
        let facts = Facts::Accepted(Arc::new(principal.clone()));
        let response = serve(&engine, &mut None, connection, &post(&handshake(), &[]), &facts);
        assert_eq!(response.rule.map(|rule| rule.name), refused_by, "{principal:?} {connection:?}");
        assert_eq!(response.status, if refused_by.is_some() { 401 } else { 200 });
    }
}

/// A session is used as it was opened: its id is not worth more than the token.
#[test]
fn a_session_is_used_on_connections_with_the_certificate_alone() {
    let id = SessionId::from_entropy(&[7; 32]).reveal();
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    let named = [("mcp-session-id", &*id), ("authorization", "Bearer t")];
    for (auth, elsewhere) in [
        (SessionAuth::EveryRequest, [(None, 401), (Some(OTHER), 401)]),
        // Nothing tells that it is there (DT-115).
        (SessionAuth::InitializeOnly, [(None, 404), (Some(OTHER), 404)]),
    ] {
        let policy = policy(None);
        let engine = engine(AuthPolicy::Bearer(policy.clone()), auth);
        let facts = facts(&policy, Bound::Certificate, false);
        let mut session = None;
        let opened = serve(
            &engine,
            &mut session,
            Some(OWN),
            &post(&handshake(), &[("authorization", "Bearer t")]),
            &facts,
        );
        assert_eq!(opened.status, 200, "{auth:?}");
        for (connection, status) in elsewhere {
            let request = post(&ping, &named);
            let response = serve(&engine, &mut session, connection, &request, &facts);
            assert_eq!(response.status, status, "{auth:?} {connection:?}");
            let request = Request::delete("/mcp").header("host", "localhost").header("mcp-session-id", &id);
            let request = request.header("authorization", "Bearer t").body(String::new()).expect("a request");
            let response = serve(&engine, &mut session, connection, &request, &facts);
            assert_eq!(response.status, status, "{auth:?} {connection:?} DELETE");
        }
        let response = serve(&engine, &mut session, Some(OWN), &post(&ping, &named), &facts);
        assert_eq!(response.status, 200, "{auth:?}: it is still there");
    }
}
