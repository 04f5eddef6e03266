//! Published failures of MCP servers to handle tokens.

use http::HeaderName;
use mcp_tests::{
    asking::Ask,
    audited::Audited,
    forge::{AUDIENCE, Draft, ISSUER, Signer, base64url},
};
use mcp_tokio::{
    Auth, BearerPolicy, Caller, Context, KeySource, NoArguments, ServerError, Tool, proto::BuildError,
};
use serde_json::json;

use crate::trusting::{ACCEPTED, Trusting, server};

/// Tokens that are good but for their audience.
async fn assert_audience_is_checked() {
    for trusting in [Trusting::start(), Trusting::compatible()] {
        assert_eq!(trusting.judge_draft(trusting.draft()).await, ACCEPTED);
        for aud in [json!("https://other.example/mcp"), json!(["a", "b"]), json!("desk"), json!(ISSUER)] {
            let judged = trusting.judge_draft(trusting.draft().claim("aud", aud.clone())).await;
            assert_eq!(judged, "audience_foreign", "{aud}");
        }
        for draft in [
            trusting.draft().no_claim("aud"),
            trusting.draft().claim("aud", ""),
            trusting.draft().claim("aud", json!([])),
        ] {
            assert_eq!(trusting.judge_draft(draft).await, "audience_missing");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn actual_mcp_server_160_a_token_without_our_audience_is_refused() {
    assert_audience_is_checked().await;
}

#[tokio::test(start_paused = true)]
async fn solr_mcp_123_a_token_without_our_audience_is_refused() {
    assert_audience_is_checked().await;
}

#[tokio::test(start_paused = true)]
async fn docfork_161_a_token_without_our_audience_is_refused() {
    assert_audience_is_checked().await;
}

#[tokio::test(start_paused = true)]
async fn pipefy_549_a_token_without_our_audience_is_refused() {
    assert_audience_is_checked().await;
}

#[test]
fn pipefy_549_an_audience_cannot_be_left_out_of_the_configuration() {
    let keys = || KeySource::from_json(Signer::es256("k").jwks()).expect("keys");
    let built = server(Auth::jwt(ISSUER, "", keys())).build();
    assert_eq!(built.err(), Some(ServerError::Build(BuildError::Audience)));
    let policy = BearerPolicy::builder(ISSUER, "").resource(AUDIENCE);
    let built = server(Auth::bearer(policy, keys())).build();
    assert_eq!(built.err(), Some(ServerError::Build(BuildError::Audience)));
}

#[tokio::test(start_paused = true)]
async fn context7_2987_a_token_without_our_audience_is_refused() {
    assert_audience_is_checked().await;
}

#[tokio::test(start_paused = true)]
async fn context7_2987_what_is_no_jwt_is_no_token() {
    let trusting = Trusting::start();
    for opaque in [
        "ctx7sk-1234567890",
        "x",
        "sk_live_abc",
        "eyJhbGciOiJub25lIn0",
        "a.b",
        "a.b.c.d",
        "00000000-0000-0000-0000-000000000000",
        "undefined",
        "null",
        "true",
        "anonymous",
        "-",
    ] {
        assert_eq!(trusting.judge(opaque).await, "token_malformed", "{opaque}");
    }
    // Three segments of something.
    let [a, b, c] = ["not json", "not json either", "x"].map(base64url);
    assert_eq!(trusting.judge(&format!("{a}.{b}.{c}")).await, "header_malformed");
}

/// The audience is what was configured, and nothing in a request widens it.
#[tokio::test(start_paused = true)]
async fn ghsa_p2fr_6hmx_4528_the_audience_is_not_what_a_client_asked_for() {
    let trusting = Trusting::start();
    let wanted = "http://localhost:8080/other";
    let token = trusting.draft().claim("aud", wanted).sign(&trusting.ec);
    for ask in [
        Ask::call("whoami").target(format!("/mcp?resource={wanted}&audience={wanted}")),
        Ask::call("whoami").field("host", "localhost:8080"),
        Ask::call("whoami").field("x-resource", wanted).field("resource", wanted),
        Ask::call_with("whoami", &json!({"resource": wanted, "aud": wanted})),
    ] {
        let judged = trusting.bench.judge(ask.bearer(&token)).await;
        assert_eq!(judged, (401, Some("audience_foreign".into())));
    }
    // RFC 7519 section 4.1.3: a token may be for others too, if it is for us. Naming others does not help.
    let both = trusting.draft().claim("aud", json!([wanted, AUDIENCE]));
    assert_eq!(trusting.judge_draft(both).await, ACCEPTED);
    let others = trusting.draft().claim("aud", json!([wanted, "https://other.example"]));
    assert_eq!(trusting.judge_draft(others).await, "audience_foreign");
}

/// A server with a tool that tells everything it is given.
fn telling(signer: &Signer) -> mcp_tokio::ServerBuilder {
    let keys = KeySource::from_json(signer.jwks()).expect("keys");
    let tell = async |_: NoArguments, caller: Caller, cx: Context| {
        let names = ["authorization", "proxy-authorization", "cookie", "dpop", "x-trace"];
        let seen: Vec<_> =
            names.iter().map(|name| cx.header(&HeaderName::from_static(name)).cloned()).collect();
        format!("{caller:?} {:?} {:?} {seen:?}", caller.principal(), cx.client())
    };
    server(Auth::jwt(ISSUER, AUDIENCE, keys)).tool(Tool::new("tell").typed(tell))
}

#[tokio::test(start_paused = true)]
async fn fastmcp_2056_handlers_never_get_the_token() {
    let signer = Signer::es256("k");
    let server = telling(&signer).expose_header(HeaderName::from_static("x-trace"));
    let bench = Audited::start(server);
    let token = Draft::of(&signer).sign(&signer);
    let ask = Ask::call("tell").bearer(&token).field("x-trace", "t1").field("cookie", "s3cret=1");
    let told = ask.send(&bench.service).await.text();
    assert!(told.contains("alice") && told.contains("t1"), "{told}");
    for part in token.split('.') {
        assert!(!told.contains(part), "{told}");
    }
    assert!(!told.contains("s3cret"), "{told}");
}

#[test]
fn ghsa_rww4_4w9c_7733_passing_a_token_on_is_no_setting() {
    let signer = Signer::es256("k");
    for name in ["authorization", "proxy-authorization", "cookie"] {
        let name = HeaderName::from_static(name);
        let built = telling(&signer).expose_header(name.clone()).build();
        assert_eq!(built.err(), Some(ServerError::ExposedCredentials(name)));
    }
}

/// Behind one client stand many users, and each request speaks for its own token alone.
#[tokio::test(start_paused = true)]
async fn fastmcp_3201_nothing_of_one_caller_is_left_for_the_next() {
    let trusting = Trusting::start();
    let token = |subject: &str| trusting.draft().claim("sub", subject).sign(&trusting.ec);
    let who =
        async |token: &str| Ask::call("whoami").bearer(token).send(&trusting.bench.service).await.text();
    let (alice, bob) = (token("alice"), token("bob"));
    for _ in 0..3 {
        assert_eq!(who(&alice).await, "alice mcp");
        assert_eq!(who(&bob).await, "bob mcp");
        let anonymous = Ask::call("whoami").send(&trusting.bench.service).await;
        assert_eq!(anonymous.status, 401);
        let _ = trusting.bench.events();
    }
}
