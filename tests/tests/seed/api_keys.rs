//! Keys in `X-API-Key`, which `mcp-proxy --apiKey` asked for.

use mcp_tokio::{ApiKeys, Auth, ServerBuilder};
use serde_json::json;

use crate::{
    answer::{FAILED, error, said_by_tool},
    request::{bare, call, modern_call, older_with_id},
    served::{Served, server},
};

const KEY: &str = "mZ0m4Vq8kq3mJp1gYw5v2f6hT7nR9xUe";
const OTHER: &str = "9c0e4f1a7d3b5e8f2a6c4d0b1e3f5a7c";

fn with_keys() -> ServerBuilder {
    let keys = ApiKeys::new()
        .key("nightly", &ApiKeys::hash(KEY), "read")
        .and_then(|keys| keys.key("desk", &ApiKeys::hash(OTHER), "read admin"))
        .expect("keys");
    server(Auth::api_keys(keys))
}

/// Better: D19.
#[tokio::test]
async fn row_d19_a_key_that_is_missing_or_wrong_is_401_with_the_id_of_the_request() {
    let served = Served::start(with_keys()).await;
    let list = older_with_id(&json!("a"), "tools/list", &json!({}));
    let (anonymous, wrong) = (list.clone(), list.field("X-API-Key", "wrong"));
    for request in [anonymous, wrong] {
        let answer = served.answer(&request).await;
        assert_eq!(answer.said(), (401, error("a", -32000, FAILED)));
        assert!(answer.challenge().starts_with("ApiKey"), "{}", answer.challenge());
    }
    assert_eq!(served.answer(&bare("GET", "/other")).await.status(), 404);
}

/// Same.
#[tokio::test]
async fn row_s1_one_good_key_is_let_in_and_nothing_else() {
    let served = Served::start(with_keys()).await;
    for name in ["X-API-Key", "x-api-key", "X-Api-KEY"] {
        let answer = served.answer(&call("whoami").field(name, KEY)).await;
        assert_eq!(answer.said(), (200, said_by_tool(1, "nightly")), "{name}");
    }
    assert_eq!(served.answer(&modern_call("secret").field("X-API-Key", OTHER)).await.status(), 200);
    assert_eq!(served.answer(&modern_call("secret").field("X-API-Key", KEY)).await.status(), 403);
    for key in ["", &"x".repeat(KEY.len()), &"x".repeat(10_000), &KEY[1..], &format!("{KEY}, {KEY}")] {
        assert_eq!(served.answer(&call("whoami").field("X-API-Key", key)).await.status(), 401, "{key}");
    }
    let twice = call("whoami").field("X-API-Key", KEY).field("X-API-Key", KEY);
    assert_eq!(served.answer(&twice).await.status(), 401);
}

/// Same.
#[tokio::test]
async fn row_s2_probes_and_preflights_need_no_key() {
    let served = Served::start(with_keys()).await;
    assert_eq!(served.answer(&bare("GET", "/ping")).await.plain(), (200, "pong".to_owned()));
    let preflight = bare("OPTIONS", "/mcp")
        .field("Origin", "http://localhost:8000")
        .field("Access-Control-Request-Method", "POST");
    let answer = served.answer(&preflight).await;
    assert_eq!(answer.status(), 204);
    // A page may send the key: the seed's default list of fields had no place for it.
    let headers = answer.field("access-control-allow-headers").unwrap_or_default();
    assert!(headers.ends_with(", x-api-key"), "{headers}");
}
