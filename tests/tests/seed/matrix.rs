//! What `stateless` and `authenticate` come to together, and when the callback is asked.

use serde_json::json;

use crate::{
    answer::said_by_tool,
    request::{bare, call, initialize, modern_call, notification, older, post},
    served::{Served, counting},
};

/// Same.
#[tokio::test]
async fn row_m3_without_authentication_whoever_posts_is_served() {
    let served = Served::open().await;
    assert_eq!(served.answer(&initialize()).await.status(), 200);
    assert_eq!(served.answer(&call("whoami")).await.said(), (200, said_by_tool(1, "anonymous")));
    assert_eq!(served.answer(&call("whoami").token("bad")).await.said(), (200, said_by_tool(1, "anonymous")));
}

/// Better: asked once.
#[tokio::test]
async fn row_m4_the_callback_is_asked_once_for_every_post() {
    let (served, asked) = counting(|server| server).await;
    let table = [
        (initialize().token("good"), 200),
        (call("whoami").token("good"), 200),
        (call("whoami").token("good"), 200),
        (call("whoami").token("good").field("Mcp-Session-Id", "unknown"), 200),
        (modern_call("whoami").token("good"), 200),
        (notification().token("good"), 202),
        (older("no/such/method", &json!({})).token("good"), 200),
        (post("{").token("good"), 400),
        (call("whoami").token("good").with("Content-Type", "text/plain"), 415),
        (call("whoami").token("bad"), 401),
        (call("whoami"), 401),
    ];
    for (request, status) in table {
        assert_eq!((served.answer(&request).await.status(), asked()), (status, 1), "{request:?}");
    }
}

/// Same.
#[tokio::test]
async fn row_m5_the_callback_is_asked_about_nothing_else() {
    let (served, asked) = counting(|server| server).await;
    let preflight = bare("OPTIONS", "/mcp")
        .field("Origin", "http://localhost")
        .field("Access-Control-Request-Method", "POST");
    let table = [
        (preflight, 204),
        (bare("OPTIONS", "/mcp"), 405),
        (bare("GET", "/mcp"), 405),
        (bare("DELETE", "/mcp"), 405),
        (bare("GET", "/ping"), 200),
        (bare("GET", "/health"), 200),
        (bare("GET", "/ready"), 200),
        (bare("GET", "/sse"), 404),
        (bare("POST", "/messages?sessionId=1"), 404),
        (bare("POST", "/other"), 404),
    ];
    for (request, status) in table {
        let request = request.token("good");
        assert_eq!((served.answer(&request).await.status(), asked()), (status, 0), "{request:?}");
    }
}
