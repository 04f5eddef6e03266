//! Rows 59 to 76: requests of 2026-07-28, which the seed did not know and FastMCP of today refuses.

use serde_json::{Value, json};

use crate::{
    answer::{Answer, FAILED, error, error_with, error_without_id},
    request::{MODERN, Request, envelope, message, modern, modern_call, older, post},
    served::Served,
};

const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

async fn answer(request: Request) -> Answer {
    Served::guarded().await.answer(&request.token("good")).await
}

fn list() -> Request {
    modern("tools/list", &json!({}))
}

/// What every result says of the server.
fn by_this_server() -> Value {
    json!({SERVER_INFO: {"name": "seed", "version": "1.0.0"}})
}

/// Same.
#[tokio::test]
async fn row_59_a_list_is_one_json_document() {
    let answer = answer(list()).await;
    let (status, body) = answer.said();
    let result = &body["result"];
    assert_eq!((status, &body["id"]), (200, &json!(1)));
    assert_eq!(result["resultType"], "complete");
    assert_eq!((&result["ttlMs"], &result["cacheScope"]), (&json!(0), &json!("private")));
    assert_eq!(result["_meta"], by_this_server());
    assert_eq!(result["tools"][0]["name"], "echo");
    assert_eq!(answer.field("mcp-session-id"), None);
}

/// Same.
#[tokio::test]
async fn row_60_a_request_without_its_version_in_the_head_is_refused() {
    let answer = answer(list().without("MCP-Protocol-Version")).await;
    let message = "Header mismatch: MCP-Protocol-Version must equal the body's";
    assert_eq!(answer.said(), (400, error(1, -32020, message)));
}

/// Same.
#[tokio::test]
async fn row_61_discover_tells_what_there_is() {
    let (status, body) = answer(modern("server/discover", &json!({}))).await.said();
    let result = &body["result"];
    assert_eq!((status, &result["supportedVersions"]), (200, &json!([MODERN])));
    assert_eq!(result["capabilities"]["tools"], json!({}));
    assert_eq!(result["_meta"], by_this_server());
}

/// Same.
#[tokio::test]
async fn row_62_a_tool_is_called() {
    let (status, body) = answer(modern_call("whoami")).await.said();
    assert_eq!(status, 200);
    let result = json!({
        "resultType": "complete",
        "content": [{"type": "text", "text": "user-1"}],
        "isError": false,
        "_meta": by_this_server(),
    });
    assert_eq!(body["result"], result);
}

/// Same.
#[tokio::test]
async fn row_63_a_name_in_the_head_that_is_not_the_bodys_is_refused() {
    let message = "Header mismatch: Mcp-Name must equal the name or URI in the body";
    for request in [modern_call("whoami").with("Mcp-Name", "echo"), modern_call("whoami").without("Mcp-Name")]
    {
        assert_eq!(answer(request).await.said(), (400, error(1, -32020, message)));
    }
}

/// Same.
#[tokio::test]
async fn row_64_there_is_no_handshake_any_more() {
    let answer = answer(modern("initialize", &json!({}))).await;
    assert_eq!(answer.said(), (404, error(1, -32601, "Method not found")));
}

/// Same.
#[tokio::test]
async fn row_65_an_unknown_method_is_404() {
    let answer = answer(modern("no/such/method", &json!({}))).await;
    assert_eq!(answer.said(), (404, error(1, -32601, "Method not found")));
}

/// Same.
#[tokio::test]
async fn row_66_metadata_without_capabilities_is_refused() {
    let mut meta = envelope();
    meta.as_object_mut().expect("an object").remove("io.modelcontextprotocol/clientCapabilities");
    let request = older("tools/list", &json!({"_meta": meta}))
        .field("MCP-Protocol-Version", MODERN)
        .field("Mcp-Method", "tools/list");
    let message = "Invalid params: _meta needs io.modelcontextprotocol/clientCapabilities, an object";
    assert_eq!(answer(request).await.said(), (400, error(1, -32602, message)));
}

/// Same.
#[tokio::test]
async fn row_67_a_request_without_metadata_is_refused() {
    let request = older("tools/list", &json!({}))
        .field("MCP-Protocol-Version", MODERN)
        .field("Mcp-Method", "tools/list");
    let message = "Invalid params: params._meta must be an object";
    assert_eq!(answer(request).await.said(), (400, error(1, -32602, message)));
}

/// Same.
#[tokio::test]
async fn row_68_a_version_of_the_future_is_refused_with_the_one_that_is_served() {
    let mut meta = envelope();
    meta["io.modelcontextprotocol/protocolVersion"] = json!("2099-01-01");
    let request = older("tools/list", &json!({"_meta": meta}))
        .field("MCP-Protocol-Version", "2099-01-01")
        .field("Mcp-Method", "tools/list");
    let data = json!({"supported": [MODERN], "requested": "2099-01-01"});
    let refused = error_with(1, -32022, "Unsupported protocol version", data);
    assert_eq!(answer(request).await.said(), (400, refused));
}

/// Same.
#[tokio::test]
async fn row_69_there_are_no_batches_any_more() {
    let batch = json!([message(&json!(1), "tools/list", &json!({"_meta": envelope()}))]).to_string();
    let (status, body) = answer(post(&batch)).await.said();
    assert_eq!((status, &body["error"]["code"], body.get("id")), (400, &json!(-32600), Some(&Value::Null)));
    let (status, body) = answer(post(&batch).field("MCP-Protocol-Version", MODERN)).await.said();
    assert_eq!((status, &body["error"]["code"], body.get("id")), (400, &json!(-32600), None));
}

/// Same.
#[tokio::test]
async fn row_70_a_client_that_takes_json_alone_is_served() {
    assert_eq!(answer(list().with("Accept", "application/json")).await.status(), 200);
}

/// Same.
#[tokio::test]
async fn row_71_what_is_not_announced_as_json_is_415() {
    let answer = answer(list().with("Content-Type", "text/plain")).await;
    let message = "Unsupported media type: Content-Type must be application/json";
    assert_eq!(answer.said(), (415, error_without_id(-32600, message)));
}

/// Same.
#[tokio::test]
async fn row_72_a_notification_is_acknowledged() {
    let body = json!({
        "jsonrpc": "2.0",
        "method": "notifications/cancelled",
        "params": {"requestId": 1, "_meta": envelope()},
    });
    let request = post(body.to_string())
        .field("MCP-Protocol-Version", MODERN)
        .field("Mcp-Method", "notifications/cancelled");
    assert_eq!(answer(request).await.plain(), (202, String::new()));
}

/// Other: nothing changes here.
#[tokio::test]
async fn row_73_there_is_nothing_to_listen_to() {
    let answer = answer(modern("subscriptions/listen", &json!({"notifications": {}}))).await;
    assert_eq!(answer.said(), (404, error(1, -32601, "Method not found")));
}

/// Same.
#[tokio::test]
async fn row_74_a_request_without_a_token_is_refused_with_its_id() {
    let answer = Served::guarded().await.answer(&list()).await;
    assert_eq!(answer.said(), (401, error(1, -32000, FAILED)));
}

/// Better: D6.
#[tokio::test]
async fn row_76_d6_both_eras_are_served_on_one_url() {
    let served = Served::guarded().await;
    let mut connection = served.connect().await;
    for _ in 0..2 {
        let modern = connection.exchange(&modern_call("whoami").token("good")).await;
        let older = connection.exchange(&crate::request::call("whoami").token("good")).await;
        assert_eq!((modern.status(), older.status()), (200, 200));
        assert_eq!(modern.json()["result"]["content"], older.json()["result"]["content"]);
    }
}
