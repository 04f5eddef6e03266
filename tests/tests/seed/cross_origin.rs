//! Web pages: rows 46 to 50, and what the seed allowed them.

use mcp_tokio::Auth;

use crate::{
    answer::error_without_id,
    request::{Request, bare, call, initialize},
    served::{Served, authenticate, server},
};

const PAGE: &str = "http://localhost:8000";
const FOREIGN: &str = "https://evil.example";

/// Everything that clients of the seed and of its newer versions send.
const HEADERS: &str = "Content-Type, Authorization, Accept, Mcp-Session-Id, Last-Event-ID, \
                       MCP-Protocol-Version, Mcp-Method, Mcp-Name";
const EXPOSED: &str = "Mcp-Session-Id, WWW-Authenticate, DPoP-Nonce, Retry-After";

/// What a browser sends before a request of a page.
fn preflight(origin: &str) -> Request {
    bare("OPTIONS", "/mcp")
        .field("Origin", origin)
        .field("Access-Control-Request-Method", "POST")
        .field("Access-Control-Request-Headers", "authorization,content-type,mcp-protocol-version")
}

/// What a page of `origin` is allowed.
fn allowed(origin: &str) -> [(&str, &str); 5] {
    [
        ("access-control-allow-headers", HEADERS),
        ("access-control-allow-methods", "POST"),
        ("access-control-allow-origin", origin),
        ("access-control-expose-headers", EXPOSED),
        ("access-control-max-age", "600"),
    ]
}

async fn for_one_page() -> Served {
    Served::start(server(Auth::verifier(authenticate)).allow_origin("https://app.example.com")).await
}

fn forbidden() -> (u16, serde_json::Value) {
    (403, error_without_id(-32600, "Forbidden: this Origin is not allowed"))
}

/// Better: D8.
#[tokio::test]
async fn row_c1_not_every_page_is_served() {
    let served = Served::guarded().await;
    let answer = served.answer(&call("whoami").token("good").field("Origin", FOREIGN)).await;
    assert_eq!(answer.said(), forbidden());
    assert_eq!((answer.cross_origin(), answer.field("vary")), (vec![], Some("Origin")));

    let answer = served.answer(&call("whoami").token("good").field("Origin", PAGE)).await;
    assert_eq!((answer.status(), answer.field("vary")), (200, Some("Origin")));
    assert_eq!(
        answer.cross_origin(),
        [("access-control-allow-origin", PAGE), ("access-control-expose-headers", EXPOSED)]
    );
}

/// Better: D8.
#[tokio::test]
async fn row_c2_a_page_without_a_readable_origin_is_foreign() {
    let served = Served::guarded().await;
    for origin in ["null", "junk", "", "http://", "http://localhost:8000, https://evil.example"] {
        let answer = served.answer(&call("whoami").token("good").field("Origin", origin)).await;
        assert_eq!((answer.said(), answer.cross_origin()), (forbidden(), vec![]), "{origin:?}");
    }
}

/// Other: only the endpoint has a preflight.
#[tokio::test]
async fn row_c3_options_of_another_path_is_404() {
    let request = bare("OPTIONS", "/other").field("Origin", PAGE);
    assert_eq!(Served::guarded().await.answer(&request).await.plain(), (404, String::new()));
}

/// Other: no preflight.
#[tokio::test]
async fn row_46_options_without_an_origin_is_405() {
    let answer = Served::guarded().await.answer(&bare("OPTIONS", "/mcp")).await;
    assert_eq!(answer.said(), (405, error_without_id(-32600, "Method not allowed")));
    assert_eq!((answer.field("allow"), answer.cross_origin()), (Some("POST"), vec![]));
}

/// Better: D8, D21.
#[tokio::test]
async fn row_47_a_preflight_is_answered_without_credentials() {
    let answer = Served::guarded().await.answer(&preflight(PAGE)).await;
    assert_eq!(answer.plain(), (204, String::new()));
    assert_eq!(answer.cross_origin(), allowed(PAGE));
    let vary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
    assert_eq!(answer.field("vary"), Some(vary));
}

/// Better: no ambient credentials.
#[tokio::test]
async fn row_48_a_page_that_was_named_is_allowed() {
    let answer = for_one_page().await.answer(&preflight("https://app.example.com")).await;
    assert_eq!((answer.status(), answer.cross_origin()), (204, allowed("https://app.example.com").to_vec()));
}

/// Better: D21.
#[tokio::test]
async fn row_49_d21_a_page_that_was_not_named_is_told_nothing_and_runs_nothing() {
    let served = for_one_page().await;
    for origin in [FOREIGN, PAGE, "https://app.example.com.evil.example", "https://app.example.com:444"] {
        for request in [preflight(origin), initialize().token("good").field("Origin", origin)] {
            let answer = served.answer(&request).await;
            assert_eq!((answer.said(), answer.cross_origin()), (forbidden(), vec![]), "{origin}");
        }
    }
    // It can say goodbye, once there are sessions to end; until then the method is not offered.
    let answer = served.answer(&preflight("https://app.example.com")).await;
    assert_eq!(answer.cross_origin()[1], ("access-control-allow-methods", "POST"));
}

/// Better: D8.
#[tokio::test]
async fn row_50_the_origin_null_has_no_preflight() {
    let answer = Served::guarded().await.answer(&preflight("null")).await;
    assert_eq!((answer.said(), answer.cross_origin()), (forbidden(), vec![]));
}

/// Same.
#[tokio::test]
async fn row_s8_every_page_is_served_where_the_operator_says_so() {
    let served = Served::start(server(Auth::verifier(authenticate)).allow_any_origin()).await;
    let answer = served.answer(&call("whoami").token("good").field("Origin", FOREIGN)).await;
    assert_eq!((answer.status(), answer.field("access-control-allow-origin")), (200, Some(FOREIGN)));
    assert_eq!(answer.field("access-control-allow-credentials"), None);
}
