//! Access tokens in place of a callback: what challenges say, and that it is true.

use mcp_tokio::{
    Auth, BearerPolicy, Context, CustomPolicy, DevIssuer, Interrupt, NoArguments, Runtime as _,
    ServerBuilder, TokioRuntime, Tool,
};
use serde_json::json;

use crate::{
    answer::{FAILED, REQUIRED, error, said_by_tool},
    request::{bare, call, modern_call},
    served::{Served, authenticate, server},
};

const ISSUER: &str = "https://auth.example.com";
const AUDIENCE: &str = "https://api.example.com/mcp";
const METADATA: &str = "https://api.example.com/.well-known/oauth-protected-resource/mcp";

fn issuer() -> DevIssuer {
    DevIssuer::new(ISSUER).expect("an issuer")
}

fn trusting(issuer: &DevIssuer) -> ServerBuilder {
    let policy = BearerPolicy::builder(ISSUER, AUDIENCE).scope("mcp");
    server(Auth::bearer(policy, issuer.keys())).allow_host("api.example.com")
}

/// A token of bob's, which this issuer signed for this audience.
fn token(issuer: &DevIssuer, audience: &str, scopes: &str) -> String {
    let now = TokioRuntime::new().now().unix;
    issuer.token(audience, now).subject("bob").scope(scopes).sign()
}

/// Better: D11.
#[test]
fn row_d11_nothing_that_breaks_a_challenge_gets_into_one() {
    for text in ["a\r\nSet-Cookie: x", "a\"b", "a\\b", "ä", "a b"] {
        let scope = CustomPolicy::builder().resource(AUDIENCE).scope(text);
        assert!(server(Auth::custom(scope, authenticate)).build().is_err(), "{text:?}");
        let scheme = CustomPolicy::builder().challenge_scheme(text);
        assert!(server(Auth::custom(scheme, authenticate)).build().is_err(), "{text:?}");
    }
    for url in ["https://api.example.com/\"", "https://api.example.com/a b", "https://api.example.com/\r\n"] {
        let policy = CustomPolicy::builder().resource(url);
        assert!(server(Auth::custom(policy, authenticate)).build().is_err(), "{url:?}");
    }
}

/// Better: D12.
#[tokio::test]
async fn row_d12_s7_a_scope_that_is_missing_is_403_and_named() {
    let asks = Tool::new("asks").typed(async |_: NoArguments, context: Context| {
        context.require("extra")?;
        Ok::<_, Interrupt>("done")
    });
    let issuer = issuer();
    let served = Served::start(trusting(&issuer).tool(asks)).await;
    let poor = token(&issuer, AUDIENCE, "mcp");
    let message = "Forbidden: the token lacks a scope that is needed here";
    // One scope is declared, the other is asked for by the tool while it runs.
    for (tool, scope) in [("secret", "admin"), ("asks", "extra")] {
        for request in [call(tool), modern_call(tool)] {
            let answer = served.answer(&request.token(&poor)).await;
            assert_eq!(answer.said(), (403, error(1, -32600, message)), "{tool}");
            let challenge = answer.challenge();
            assert!(challenge.starts_with(r#"Bearer error="insufficient_scope", "#), "{challenge}");
            assert!(challenge.contains(&format!(r#"scope="mcp {scope}""#)), "{challenge}");
        }
        let rich = token(&issuer, AUDIENCE, "mcp admin extra");
        assert_eq!(served.answer(&call(tool).token(&rich)).await.status(), 200);
    }
}

/// Better: D14.
#[tokio::test]
async fn row_d14_the_metadata_is_where_every_challenge_says() {
    let served = Served::start(trusting(&issuer())).await;
    for request in [call("whoami"), modern_call("whoami"), call("whoami").token("bad")] {
        let answer = served.answer(&request).await;
        assert_eq!(answer.status(), 401);
        assert!(answer.challenge().contains(&format!(r#"resource_metadata="{METADATA}""#)));
    }
    for path in ["/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"] {
        let answer = served.answer(&bare("GET", path)).await;
        let metadata = json!({
            "resource": AUDIENCE,
            "authorization_servers": [ISSUER],
            "scopes_supported": ["mcp"],
            "bearer_methods_supported": ["header"],
        });
        assert_eq!(answer.said(), (200, metadata));
    }
    let elsewhere = bare("GET", "/mcp/.well-known/oauth-protected-resource");
    assert_eq!(served.answer(&elsewhere).await.status(), 404);
}

/// Better: D23.
#[tokio::test]
async fn row_d23_a_token_is_good_on_every_instance_and_after_a_restart() {
    let issuer = issuer();
    let token = token(&issuer, AUDIENCE, "mcp");
    for _ in 0..2 {
        let served = Served::start(trusting(&issuer)).await;
        assert_eq!(served.answer(&call("whoami").token(&token)).await.said(), (200, said_by_tool(1, "bob")));
    }
}

/// Better: D25.
#[tokio::test]
async fn row_d25_a_token_names_its_issuer_and_its_audience() {
    let issuer = issuer();
    let served = Served::start(trusting(&issuer)).await;
    let foreign = DevIssuer::new("https://other.example").expect("an issuer");
    let namesake = DevIssuer::new(ISSUER).expect("an issuer");
    for bad in [
        token(&issuer, "https://other.example.com/mcp", "mcp"),
        token(&issuer, "https://api.example.com", "mcp"),
        token(&foreign, AUDIENCE, "mcp"),
        token(&namesake, AUDIENCE, "mcp"),
        "good".to_owned(),
    ] {
        let answer = served.answer(&call("whoami").token(&bad)).await;
        assert_eq!(answer.said(), (401, error(1, -32000, FAILED)));
        assert!(answer.challenge().starts_with(r#"Bearer error="invalid_token", "#));
    }
    let answer = served.answer(&call("whoami")).await;
    assert_eq!(answer.said(), (401, error(1, -32000, REQUIRED)));
    assert_eq!(answer.challenge(), format!(r#"Bearer scope="mcp", resource_metadata="{METADATA}""#));
}
