//! What `stateless` and `authenticate` come to together, and when the callback is asked.

use mcp_tokio::{Mode, SessionAuth, SessionPolicy};
use serde_json::json;

use crate::{
    answer::said_by_tool,
    request::{bare, call, initialize, modern_call, notification, older, post},
    served::{Served, counting, open_server},
    session::Session,
};

/// Same.
#[tokio::test]
async fn row_m1_without_authentication_whoever_asks_has_a_session() {
    let served = Served::start(open_server().mode(Mode::Stateful)).await;
    let session = Session::open(&served, None).await;
    let whoami = session.of(call("whoami"));
    assert_eq!(served.answer(&whoami).await.said(), (200, said_by_tool(1, "anonymous")));
    assert_eq!(served.answer(&whoami.token("bad")).await.said(), (200, said_by_tool(1, "anonymous")));
}

/// Better: D2.
#[tokio::test]
async fn row_m2_the_callback_is_asked_about_every_request_of_a_session() {
    let (served, asked) = counting(|server| server.mode(Mode::Stateful)).await;
    let session = Session::open(&served, Some("good")).await;
    asked();
    let table = [
        (call("whoami"), 200),
        (notification(), 202),
        (initialize(), 400),
        (bare("GET", "/mcp").field("Accept", "application/json"), 406),
        (bare("DELETE", "/mcp"), 200),
        (call("whoami"), 404),
        (bare("DELETE", "/mcp"), 404),
    ];
    for (request, status) in table {
        let request = session.of(request).token("good");
        assert_eq!((served.answer(&request).await.status(), asked()), (status, 1), "{request:?}");
    }
    // As the seed did it: only the handshake is asked about, and whoever has the id is let in. But for the seed
    // a callback that said nothing at all had said yes.
    let (served, asked) = counting(|server| {
        let mut policy = SessionPolicy::default();
        policy.auth = SessionAuth::InitializeOnly;
        server.mode(Mode::Stateful).sessions(policy)
    })
    .await;
    assert_eq!(served.answer(&initialize()).await.status(), 401);
    let session = Session::open(&served, Some("good")).await;
    asked();
    for request in [call("whoami"), call("whoami").token("bad"), call("whoami").token("admin")] {
        assert_eq!(served.answer(&session.of(request)).await.said(), (200, said_by_tool(1, "user-1")));
    }
    assert_eq!(served.answer(&session.of(bare("DELETE", "/mcp"))).await.status(), 200);
    assert_eq!(asked(), 0);
}

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
