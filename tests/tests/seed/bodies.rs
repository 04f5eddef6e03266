//! Bodies that are too large, do not come, or are not what they seem.

use serde_json::{Value, json};

use crate::{
    answer::{FAILED, error, error_without_id},
    request::{older_with_id, post},
    served::Served,
};

const MEBIBYTE: usize = 1 << 20;

/// A request that is larger than anybody's default limit.
fn large() -> String {
    json!({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"pad": "x".repeat(11 * MEBIBYTE)}})
        .to_string()
}

/// Better: D9.
#[tokio::test]
async fn row_54_eleven_mebibytes_are_too_large() {
    let served = Served::guarded().await;
    let request = post(large()).token("good");
    let refused = (413, error(Value::Null, -32600, "The request body is too large"));
    for bytes in [request.bytes(), request.chunked(64 << 10)] {
        let mut connection = served.connect().await;
        connection.send(&bytes).await;
        assert_eq!(connection.answer().await.said(), refused);
    }
    // Strangers are told that they are, however large what they bring is.
    let mut connection = served.connect().await;
    connection.send(&post(large()).bytes()).await;
    assert_eq!(connection.answer().await.said(), (401, error(Value::Null, -32000, FAILED)));
}

/// Better: D9.
#[tokio::test]
async fn row_55_d9_a_stranger_is_refused_before_its_body_is_there() {
    let served = Served::guarded().await;
    for framing in
        ["Content-Length: 100\r\n", "Content-Length: 10485760\r\n", "Transfer-Encoding: chunked\r\n"]
    {
        let mut connection = served.connect().await;
        let head = post("").head(framing);
        connection.send(format!("{head}{{\"jsonrpc\":").as_bytes()).await;
        assert_eq!(connection.answer().await.said(), (401, error(Value::Null, -32000, FAILED)), "{framing}");
    }
}

/// Better: D28.
#[tokio::test]
async fn row_d28_there_is_one_way_to_read_a_body() {
    let served = Served::guarded().await;
    let parse = "Parse error: the body is not valid JSON";
    for body in [
        &b"\xef\xbb\xbf{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}"[..],
        b"{\"jsonrpc\":\"2.0\",\"id\":\"\xff\",\"method\":\"ping\"}",
        b"{\"jsonrpc\":\"2.0\",\"id\":\"\\ud800\",\"method\":\"ping\"}",
    ] {
        let answer = served.answer(&post(body).token("good")).await;
        assert_eq!(answer.said(), (400, error(Value::Null, -32700, parse)), "{body:?}");
    }
    let twice = r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}"#;
    let answer = served.answer(&post(twice).token("good")).await;
    assert_eq!((answer.status(), &answer.json()["error"]["code"]), (400, &json!(-32600)));

    let object = older_with_id(&json!({"secret": 1}), "ping", &json!({}));
    assert!(!served.answer(&object).await.text().contains("secret"));
}

/// Better: D29.
#[tokio::test]
async fn row_d29_whoever_sends_too_much_reads_the_answer() {
    let served = Served::guarded().await;
    let request = post(large()).token("good").field("MCP-Protocol-Version", "2025-11-25").bytes();
    for _ in 0..10 {
        let mut connection = served.connect().await;
        connection.send(&request).await;
        let refused = error_without_id(-32600, "The request body is too large");
        assert_eq!(connection.answer().await.said(), (413, refused));
    }
}
