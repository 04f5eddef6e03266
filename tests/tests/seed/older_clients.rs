//! Rows 17 to 37: what a client of a revision before 2026-07-28 gets with a good token.

use std::io;

use mcp_tests::events::Received;
use mcp_tokio::{Context, Interrupt, NoArguments, Tool};
use serde_json::{Value, json};

use crate::{
    answer::{error, error_with, names, result, said_by_tool},
    request::{Request, call, handshake, initialize, message, notification, older, older_with_id, post},
    served::{Served, open_server},
};

const BAD_MEDIA_TYPE: &str = "Unsupported media type: Content-Type must be application/json";
const NOT_ACCEPTABLE: &str = "Not acceptable: the client must accept application/json or text/event-stream";

/// What the server says of itself in this revision.
fn welcome(version: &str) -> Value {
    json!({
        "protocolVersion": version,
        "capabilities": {"logging": {}, "tools": {}},
        "serverInfo": {"name": "seed", "version": "1.0.0"},
    })
}

/// Better: D22.
#[tokio::test]
async fn row_17_an_initialize_is_answered_and_opens_no_session() {
    let served = Served::guarded().await;
    for version in ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] {
        let answer = served.answer(&older("initialize", &handshake(version)).token("good")).await;
        assert_eq!(answer.said(), (200, result(1, welcome(version))));
        assert_eq!(answer.field("mcp-session-id"), None);
    }
    let only_events = initialize().with("Accept", "text/event-stream").token("good");
    let answer = served.answer(&only_events).await;
    assert_eq!((answer.status(), answer.field("content-type")), (200, Some("text/event-stream")));
    assert_eq!(answer.field("cache-control"), Some("no-cache, no-transform"));
    assert_eq!(answer.field("x-accel-buffering"), Some("no"));
    let received = Received::read(&answer.0.body);
    let [(kind, data)] = received.events.as_slice() else { panic!("{received:?}") };
    assert_eq!(kind, "message");
    assert_eq!(serde_json::from_str::<Value>(data).expect("JSON"), result(1, welcome("2025-06-18")));
    assert_eq!(received.last_id, None);
}

/// Same.
#[tokio::test]
async fn row_18_an_unknown_version_is_answered_with_the_newest_one() {
    let served = Served::guarded().await;
    for version in ["1999-01-01", "2024-10-07", "2026-07-28", "2099-01-01", "nonsense"] {
        let answer = served.answer(&older("initialize", &handshake(version)).token("good")).await;
        assert_eq!(answer.said(), (200, result(1, welcome("2025-11-25"))), "{version}");
    }
}

/// Same.
#[tokio::test]
async fn row_19_a_list_needs_no_handshake_and_no_session() {
    let answer = Served::guarded().await.answer(&older("tools/list", &json!({})).token("good")).await;
    assert_eq!(answer.status(), 200);
    let listed = answer.json();
    assert_eq!(names(&listed), ["echo", "whoami", "secret"]);
    let members: Vec<&String> = listed["result"].as_object().expect("an object").keys().collect();
    assert_eq!(members, ["tools"]);
    let schema = json!({
        "properties": {"text": {"type": "string"}},
        "required": ["text"],
        "type": "object",
    });
    let echo = &listed["result"]["tools"][0];
    assert_eq!(echo["description"], "Says it again");
    assert_eq!(echo["inputSchema"]["properties"], schema["properties"]);
    assert_eq!(echo["inputSchema"]["required"], schema["required"]);
    assert_eq!(echo["inputSchema"]["type"], schema["type"]);
}

/// Same.
#[tokio::test]
async fn row_20_a_session_id_changes_nothing() {
    let served = Served::guarded().await;
    let list = older("tools/list", &json!({})).token("good");
    let without = served.answer(&list).await.said();
    let with = served.answer(&list.field("Mcp-Session-Id", "6f1c0a3e-0c3e-4b1a-9a58-2f2f5a0f7c11")).await;
    assert_eq!(with.said(), without);
    assert_eq!(with.field("mcp-session-id"), None);
}

fn echo() -> Request {
    older("tools/call", &json!({"name": "echo", "arguments": {"text": "hello"}})).token("good")
}

/// Same.
#[tokio::test]
async fn row_21_a_tool_is_called_in_every_revision() {
    let served = Served::guarded().await;
    assert_eq!(served.answer(&echo()).await.said(), (200, said_by_tool(1, "hello")));
    for version in ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] {
        let answer = served.answer(&echo().field("MCP-Protocol-Version", version)).await;
        assert_eq!(answer.said(), (200, said_by_tool(1, "hello")), "{version}");
    }
}

/// Better: the specification.
#[tokio::test]
async fn row_22_an_unknown_tool_is_an_invalid_parameter() {
    let answer = Served::guarded().await.answer(&call("nope").token("good")).await;
    assert_eq!(answer.said(), (200, error(1, -32602, "Unknown tool")));
}

/// Same.
#[tokio::test]
async fn row_23_an_unknown_method_is_not_found() {
    let served = Served::guarded().await;
    for method in ["no/such/method", "server/discover", "subscriptions/listen", "resources/list"] {
        let answer = served.answer(&older(method, &json!({})).token("good")).await;
        assert_eq!(answer.said(), (200, error(1, -32601, "Method not found")), "{method}");
    }
}

/// Same.
#[tokio::test]
async fn row_24_a_notification_is_acknowledged_without_a_body() {
    let answer = Served::guarded().await.answer(&notification().token("good")).await;
    assert_eq!(answer.plain(), (202, String::new()));
}

/// Better: D26.
#[tokio::test]
async fn row_25_a_batch_is_served_where_its_revision_has_batches() {
    let served = Served::guarded().await;
    let batch = post(
        json!([message(&json!(1), "ping", &json!({})), message(&json!("b"), "ping", &json!({}))]).to_string(),
    )
    .token("good");
    let answers = json!([result(1, json!({})), result("b", json!({}))]);
    assert_eq!(served.answer(&batch).await.said(), (200, answers.clone()));
    let named = batch.clone().field("MCP-Protocol-Version", "2025-03-26");
    assert_eq!(served.answer(&named).await.said(), (200, answers));
    for version in ["2025-06-18", "2025-11-25", "2024-11-05"] {
        let answer = served.answer(&batch.clone().field("MCP-Protocol-Version", version)).await;
        assert_eq!((answer.status(), &answer.json()["error"]["code"]), (400, &json!(-32600)), "{version}");
    }
}

/// Better: D26.
#[tokio::test]
async fn row_26_d26_an_empty_batch_is_no_request() {
    let answer = Served::guarded().await.answer(&post("[]").token("good")).await;
    let (status, body) = answer.said();
    assert_eq!((status, &body["error"]["code"], body.get("id")), (400, &json!(-32600), Some(&Value::Null)));
}

/// Same.
#[tokio::test]
async fn row_27_a_batch_of_two_handshakes_is_refused() {
    let first = message(&json!(1), "initialize", &handshake("2025-03-26"));
    let second = message(&json!(2), "initialize", &handshake("2025-03-26"));
    let answer =
        Served::guarded().await.answer(&post(json!([first, second]).to_string()).token("good")).await;
    let (status, body) = answer.said();
    assert_eq!((status, &body["error"]["code"], body.get("id")), (400, &json!(-32600), Some(&Value::Null)));
}

/// Same.
#[tokio::test]
async fn row_28_an_unknown_session_id_is_ignored() {
    let served = Served::guarded().await;
    for id in ["unknown", "6f1c0a3e-0c3e-4b1a-9a58-2f2f5a0f7c11", "", "\"", "a b"] {
        let answer = served.answer(&echo().field("Mcp-Session-Id", id)).await;
        assert_eq!(answer.said(), (200, said_by_tool(1, "hello")), "{id:?}");
    }
}

/// Same.
#[tokio::test]
async fn row_29_a_session_id_is_no_credential() {
    let request = call("whoami").field("Mcp-Session-Id", "6f1c0a3e-0c3e-4b1a-9a58-2f2f5a0f7c11");
    assert_eq!(Served::guarded().await.answer(&request).await.status(), 401);
}

/// Same.
#[tokio::test]
async fn row_31_a_second_handshake_is_answered_like_the_first() {
    let served = Served::guarded().await;
    let mut connection = served.connect().await;
    for _ in 0..2 {
        let answer = connection.exchange(&initialize().token("good").field("Mcp-Session-Id", "s")).await;
        assert_eq!(answer.said(), (200, result(1, welcome("2025-06-18"))));
    }
}

/// Other: the code.
#[tokio::test]
async fn row_32_what_is_not_announced_as_json_is_415() {
    let served = Served::guarded().await;
    for media_type in ["text/plain", "application/json-evil", "application/x-www-form-urlencoded"] {
        let answer = served.answer(&echo().with("Content-Type", media_type)).await;
        assert_eq!(answer.said(), (415, error(Value::Null, -32600, BAD_MEDIA_TYPE)), "{media_type}");
    }
    let answer = served.answer(&echo().without("Content-Type")).await;
    assert_eq!(answer.said(), (415, error(Value::Null, -32600, BAD_MEDIA_TYPE)));
    for media_type in ["application/json; charset=utf-8", "Application/JSON"] {
        assert_eq!(served.answer(&echo().with("Content-Type", media_type)).await.status(), 200);
    }
}

/// Better: D27.
#[tokio::test]
async fn row_33_d27_whoever_takes_json_gets_json() {
    let served = Served::guarded().await;
    for accept in ["application/json", "*/*", "application/*", "application/json, text/event-stream"] {
        let answer = served.answer(&echo().with("Accept", accept)).await;
        assert_eq!(answer.said(), (200, said_by_tool(1, "hello")), "{accept}");
    }
    assert_eq!(served.answer(&echo().without("Accept")).await.said(), (200, said_by_tool(1, "hello")));
    let answer = served.answer(&echo().with("Accept", "text/html")).await;
    assert_eq!(answer.said(), (406, error(1, -32600, NOT_ACCEPTABLE)));
}

/// Better: D26.
#[tokio::test]
async fn row_34_what_is_no_json_is_told_from_what_is_no_request() {
    let served = Served::guarded().await;
    for body in ["{", "not JSON", "{\"id\":1,}", " "] {
        let answer = served.answer(&post(body).token("good")).await;
        let refused = error(Value::Null, -32700, "Parse error: the body is not valid JSON");
        assert_eq!(answer.said(), (400, refused), "{body}");
    }
    let answer = served.answer(&post("").token("good").field("Content-Length", "0")).await;
    assert_eq!((answer.status(), &answer.json()["error"]["code"]), (400, &json!(-32700)));
    let refused = error(Value::Null, -32600, "Invalid request: jsonrpc must be \"2.0\"");
    assert_eq!(served.answer(&post("{\"a\":1}").token("good")).await.said(), (400, refused));
}

/// Better: D6.
#[tokio::test]
async fn row_35_a_version_that_is_not_served_is_refused_with_those_that_are() {
    let request = older_with_id(&json!(2), "tools/list", &json!({})).token("good");
    let answer = Served::guarded().await.answer(&request.field("MCP-Protocol-Version", "1999-01-01")).await;
    let data = json!({
        "supported": ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"],
        "requested": "1999-01-01",
    });
    assert_eq!(answer.said(), (400, error_with(2, -32022, "Unsupported protocol version", data)));
}

/// Better: D26.
#[tokio::test]
async fn row_36_null_and_fractions_are_no_ids() {
    let served = Served::guarded().await;
    for id in [json!(null), json!(1.5), json!({}), json!(true)] {
        let answer = served.answer(&older_with_id(&id, "tools/list", &json!({})).token("good")).await;
        let refused = error(Value::Null, -32600, "Invalid request: id must be a string or an integer");
        assert_eq!(answer.said(), (400, refused), "{id}");
    }
}

/// Better: D34.
#[tokio::test]
async fn row_37_d34_the_name_of_the_scheme_has_no_case() {
    let served = Served::guarded().await;
    for authorization in ["bearer good", "BEARER good", "Bearer good", "Bearer  good"] {
        let answer = served.answer(&call("whoami").field("Authorization", authorization)).await;
        assert_eq!(answer.said(), (200, said_by_tool(1, "user-1")), "{authorization}");
    }
}

/// Better: D22.
#[tokio::test]
async fn row_d22_events_that_nobody_can_ask_for_again_have_no_ids() {
    let tells = Tool::new("tells").typed(async |_: NoArguments, context: Context| {
        context.progress(1.0, Some(2.0)).await;
        "done"
    });
    let served = Served::start(open_server().tool(tells)).await;
    let params = json!({"name": "tells", "arguments": {}, "_meta": {"progressToken": "p"}});
    let answer = served.answer(&older("tools/call", &params)).await;
    assert_eq!((answer.status(), answer.field("content-type")), (200, Some("text/event-stream")));
    let received = Received::read(&answer.0.body);
    let messages: Vec<Value> =
        received.events.iter().map(|(_, data)| serde_json::from_str(data).expect("JSON")).collect();
    let progress = json!({
        "jsonrpc": "2.0",
        "method": "notifications/progress",
        "params": {"progressToken": "p", "progress": 1.0, "total": 2.0},
    });
    assert_eq!(messages, [progress, said_by_tool(1, "done")]);
    assert_eq!(received.last_id, None);
}

/// Better: D17.
#[tokio::test]
async fn row_d17_the_words_of_an_error_decide_nothing() {
    let words = ["Token parse", "Authentication failed", "Invalid JWT", "Unauthorized", "Access denied"];
    for word in words {
        let fails = Tool::new("fails").typed(move |_: NoArguments| async move {
            Err::<String, _>(Interrupt::from(io::Error::other(word)))
        });
        let served = Served::start(open_server().tool(fails)).await;
        let answer = served.answer(&call("fails")).await;
        assert_eq!((answer.status(), &answer.json()["result"]["isError"]), (200, &json!(true)), "{word}");
        assert!(!answer.text().contains(word), "{}", answer.text());
    }
}

/// Same.
#[tokio::test]
async fn row_s9_arguments_that_do_not_fit_are_refused_with_what_is_wrong() {
    let served = Served::open().await;
    let bad = older("tools/call", &json!({"name": "echo", "arguments": {"text": 1}}));
    let wrong = "invalid type: integer `1`, expected a string";
    for version in ["2024-11-05", "2025-03-26", "2025-06-18"] {
        let answer = served.answer(&bad.clone().field("MCP-Protocol-Version", version)).await;
        let (status, body) = answer.said();
        assert_eq!(
            (status, &body["error"]["code"], &body["id"]),
            (200, &json!(-32602), &json!(1)),
            "{version}"
        );
        assert!(body["error"]["message"].as_str().is_some_and(|message| message.contains(wrong)), "{body}");
    }
    assert_eq!(served.answer(&bad).await.json()["error"]["code"], -32602);
    // From 2025-11-25 on the model is told, so that it can try again.
    let answer = served.answer(&bad.field("MCP-Protocol-Version", "2025-11-25")).await;
    let (status, body) = answer.said();
    assert_eq!((status, &body["result"]["isError"]), (200, &json!(true)));
    let told = body["result"]["content"][0]["text"].as_str();
    assert!(told.is_some_and(|told| told.contains(wrong)), "{body}");
}

/// Same.
#[tokio::test]
async fn row_s10_a_tool_tells_the_model_what_went_wrong() {
    let fails = Tool::new("fails")
        .typed(async |_: NoArguments| Err::<String, _>(Interrupt::tool("the shop is closed")));
    let answer = Served::start(open_server().tool(fails)).await.answer(&call("fails")).await;
    let content = json!([{"type": "text", "text": "the shop is closed"}]);
    assert_eq!(answer.said(), (200, result(1, json!({"content": content, "isError": true}))));
}
