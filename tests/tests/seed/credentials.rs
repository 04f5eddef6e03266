//! Rows 1 to 16: good, bad and no credentials, and a verifier that breaks. The seed's callback is an async function
//! here, so it says what it means by its type.

use std::{fmt, future::ready, io};

use mcp_tokio::{Auth, CustomPolicy, Identity, Rejection, RequestHead, Verifier};
use serde_json::{Value, json};

use crate::{
    answer::{ERROR, FAILED, error},
    request::{call, initialize, message, notification, older, older_with_id, post},
    served::{Served, authenticate, server},
};

/// RFC 6750 section 3.1: whoever brought nothing is told of no error.
const BARE: &str = "Bearer";
const NOT_ACCEPTED: &str =
    r#"Bearer error="invalid_token", error_description="The credentials were not accepted""#;

/// Better: D13.
#[tokio::test]
async fn row_1_d13_an_initialize_without_a_token_is_refused() {
    let answer = Served::guarded().await.answer(&initialize()).await;
    assert_eq!(answer.said(), (401, error(1, -32000, FAILED)));
    assert_eq!(answer.challenge(), BARE);
    assert_eq!(answer.field("cache-control"), Some("no-store"));
}

/// Same.
#[tokio::test]
async fn row_2_the_id_0_is_an_id() {
    let served = Served::guarded().await;
    for id in [json!(0), json!(""), json!("a"), json!(-1)] {
        let request = older_with_id(&id, "initialize", &json!({}));
        assert_eq!(served.answer(&request).await.said(), (401, error(id, -32000, FAILED)));
    }
}

/// Same.
#[tokio::test]
async fn row_3_a_bad_token_is_refused() {
    let answer = Served::guarded().await.answer(&initialize().token("bad")).await;
    assert_eq!(answer.said(), (401, error(1, -32000, FAILED)));
    assert_eq!(answer.challenge(), NOT_ACCEPTED);
}

/// Better: D13.
#[tokio::test]
async fn row_4_a_list_without_a_token_is_refused_with_its_id() {
    let answer = Served::guarded().await.answer(&older_with_id(&json!(2), "tools/list", &json!({}))).await;
    assert_eq!(answer.said(), (401, error(2, -32000, FAILED)));
    assert_eq!(answer.challenge(), BARE);
}

/// Same.
#[tokio::test]
async fn row_5_a_notification_without_a_token_is_refused_with_the_id_null() {
    let answer = Served::guarded().await.answer(&notification()).await;
    assert_eq!(answer.said(), (401, error(Value::Null, -32000, FAILED)));
}

/// Same.
#[tokio::test]
async fn row_6_malformed_json_without_a_token_is_refused_with_the_id_null() {
    let served = Served::guarded().await;
    for body in ["{", "null", "not JSON", "{\"id\":1"] {
        let answer = served.answer(&post(body)).await;
        assert_eq!(answer.said(), (401, error(Value::Null, -32000, FAILED)), "{body}");
    }
}

/// Better: D10.
#[tokio::test]
async fn row_7_d10_a_verifier_that_breaks_tells_nobody_why() {
    let served = Served::guarded().await;
    let list = older_with_id(&json!("a"), "tools/list", &json!({}));
    let answer = served.answer(&list.clone().token("throw")).await;
    assert_eq!(answer.said(), (401, error("a", -32000, ERROR)));

    let answer = served.answer(&list.token("down")).await;
    let message = "Credentials cannot be verified at the moment";
    assert_eq!(answer.said(), (503, error("a", -32603, message)));
    assert_eq!((answer.field("retry-after"), answer.challenge()), (Some("5"), ""));
}

/// The answer to a call of `whoami` with a token and the id 1.
async fn verdict(verifier: impl Verifier) -> (u16, Value) {
    let served = Served::start(server(Auth::verifier(verifier))).await;
    served.answer(&call("whoami").token("any")).await.said()
}

/// Same.
#[tokio::test]
async fn row_8_whatever_a_verifier_throws_is_an_authentication_error() {
    async fn text(_: RequestHead) -> Result<Identity, Rejection> {
        Err(fmt::Error)?
    }
    async fn panics(_: RequestHead) -> Result<Identity, Rejection> {
        panic!("thrown")
    }
    let refused = (401, error(1, -32000, ERROR));
    assert_eq!(verdict(text).await, refused);
    assert_eq!(verdict(panics).await, refused);
}

/// Better: D10, D17.
#[tokio::test]
async fn row_9_a_verifier_that_says_no_lets_nobody_in() {
    let denies = async |_: RequestHead| Err(Rejection::denied());
    assert_eq!(verdict(denies).await, (401, error(1, -32000, FAILED)));
}

/// Same.
#[tokio::test]
async fn row_10_an_answer_of_its_own_that_a_verifier_throws_is_an_authentication_error() {
    let answer = Served::guarded().await.answer(&initialize().token("resp")).await;
    assert_eq!(answer.said(), (401, error(1, -32000, ERROR)));
    assert_eq!(answer.challenge(), NOT_ACCEPTED);
}

/// Better: the type.
#[tokio::test]
async fn row_11_a_verifier_lets_in_by_naming_a_caller() {
    let served = Served::guarded().await;
    let answer = served.answer(&call("whoami").token("good")).await;
    assert_eq!(answer.json()["result"]["content"][0]["text"], "user-1");
}

/// Better: the type.
#[tokio::test]
async fn row_12_a_verifier_that_names_nobody_lets_nobody_in() {
    let nobody = |_: RequestHead| ready(Ok(Identity::new("")));
    assert_eq!(verdict(nobody).await, (401, error(1, -32000, ERROR)));
}

/// Better: D28.
#[tokio::test]
async fn row_13_an_object_is_no_id() {
    let served = Served::guarded().await;
    for id in [json!({"a": 1}), json!([1]), json!(null), json!(1.5), json!(true)] {
        let answer = served.answer(&older_with_id(&id, "tools/list", &json!({}))).await;
        assert_eq!(answer.said(), (401, error(Value::Null, -32000, FAILED)), "{id}");
    }
}

/// Same.
#[tokio::test]
async fn row_14_a_batch_without_a_token_is_refused_with_the_id_null() {
    let batch = json!([message(&json!(1), "ping", &json!({})), message(&json!(2), "ping", &json!({}))]);
    let answer = Served::guarded().await.answer(&post(batch.to_string())).await;
    assert_eq!(answer.said(), (401, error(Value::Null, -32000, FAILED)));
}

/// Better: D13.
#[tokio::test]
async fn row_15_a_challenge_names_the_metadata_and_the_scopes() {
    let policy = CustomPolicy::builder()
        .resource("https://api.example.com/mcp")
        .authorization_server("https://auth.example.com")
        .scope("read")
        .scope("write");
    let served =
        Served::start(server(Auth::custom(policy, authenticate)).allow_host("api.example.com")).await;
    let metadata = "https://api.example.com/.well-known/oauth-protected-resource/mcp";
    assert_eq!(
        served.answer(&initialize()).await.challenge(),
        format!(r#"Bearer scope="read write", resource_metadata="{metadata}""#)
    );
    assert_eq!(
        served.answer(&initialize().token("bad")).await.challenge(),
        format!(
            r#"Bearer error="invalid_token", error_description="The credentials were not accepted", scope="read write", resource_metadata="{metadata}""#
        )
    );
}

/// Better: D21.
#[tokio::test]
async fn row_16_a_page_may_read_the_challenge() {
    let request = initialize().field("Origin", "http://localhost:8000");
    let answer = Served::guarded().await.answer(&request).await;
    assert_eq!(answer.status(), 401);
    assert_eq!(
        answer.cross_origin(),
        [
            ("access-control-allow-origin", "http://localhost:8000"),
            ("access-control-expose-headers", "Mcp-Session-Id, WWW-Authenticate, DPoP-Nonce, Retry-After"),
        ]
    );
}

/// Same.
#[tokio::test]
async fn row_t1_the_body_of_a_denial() {
    let served = Served::guarded().await;
    let table = [
        (r#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#, "7"),
        (r#"{"jsonrpc":"2.0","id":0,"method":"ping"}"#, "0"),
        (r#"{"jsonrpc":"2.0","id":"","method":"ping"}"#, r#""""#),
        (r#"{"jsonrpc":"2.0","method":"ping"}"#, "null"),
        ("[]", "null"),
        ("null", "null"),
    ];
    for (body, id) in table {
        let answer = served.answer(&post(body).token("bad")).await;
        assert_eq!(
            answer.plain(),
            (
                401,
                format!(
                    r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32000,"message":"Unauthorized: Authentication failed"}}}}"#
                )
            ),
            "{body}"
        );
        assert_eq!(answer.field("content-type"), Some("application/json"));
    }
}

/// Same.
#[tokio::test]
async fn row_t2_the_body_of_a_failure() {
    let breaks = async |_: RequestHead| Err(io::Error::other("secret"))?;
    let served = Served::start(server(Auth::verifier(breaks))).await;
    for request in [older("ping", &json!({})), older("ping", &json!({})).token("any")] {
        let answer = served.answer(&request).await;
        assert_eq!(
            answer.plain(),
            (
                401,
                r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"Unauthorized: Authentication error"}}"#.to_owned()
            )
        );
    }
}
