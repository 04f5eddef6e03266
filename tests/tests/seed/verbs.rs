//! Rows 38 to 57: other verbs and other paths.

use crate::{
    answer::error_without_id,
    request::{Request, bare, initialize},
    served::Served,
};

/// Fails unless the endpoint says, to whoever asks and with whatever session, that it takes POST alone.
async fn assert_post_alone(verb: &str, change: impl Fn(Request) -> Request) {
    let served = Served::guarded().await;
    for request in [bare(verb, "/mcp"), bare(verb, "/mcp").token("good"), bare(verb, "/mcp").token("bad")] {
        let answer = served.answer(&change(request)).await;
        assert_eq!(answer.said(), (405, error_without_id(-32600, "Method not allowed")));
        assert_eq!(answer.field("allow"), Some("POST"));
        assert_eq!(answer.challenge(), "");
    }
}

const SESSION: &str = "6f1c0a3e-0c3e-4b1a-9a58-2f2f5a0f7c11";

/// Same.
#[tokio::test]
async fn row_38_get_is_405() {
    assert_post_alone("GET", |request| request.field("Accept", "text/event-stream")).await;
}

/// Same.
#[tokio::test]
async fn row_39_get_with_a_session_is_405() {
    let change =
        |request: Request| request.field("Accept", "text/event-stream").field("Mcp-Session-Id", SESSION);
    assert_post_alone("GET", change).await;
}

/// Same.
#[tokio::test]
async fn row_40_get_that_takes_no_event_stream_is_405() {
    let change =
        |request: Request| request.field("Accept", "application/json").field("Mcp-Session-Id", SESSION);
    assert_post_alone("GET", change).await;
}

/// Same.
#[tokio::test]
async fn row_41_get_that_asks_for_what_it_missed_is_405() {
    let change =
        |request: Request| request.field("Mcp-Session-Id", "unknown").field("Last-Event-ID", "stream_1_abc");
    assert_post_alone("GET", change).await;
}

/// Same.
#[tokio::test]
async fn row_42_delete_is_405() {
    assert_post_alone("DELETE", |request| request).await;
}

/// Same.
#[tokio::test]
async fn row_43_44_45_delete_of_a_session_is_405() {
    assert_post_alone("DELETE", |request| request.field("Mcp-Session-Id", SESSION)).await;
}

/// Better: D20.
#[tokio::test]
async fn row_51_d20_a_wrong_verb_is_told_from_a_wrong_path() {
    let served = Served::guarded().await;
    for verb in ["PUT", "PATCH", "HEAD"] {
        let answer = served.answer(&bare(verb, "/mcp")).await;
        assert_eq!((answer.status(), answer.field("allow")), (405, Some("POST")), "{verb}");
    }
    for (verb, target) in [("POST", "/mcp/"), ("POST", "/"), ("GET", "/other"), ("POST", "/MCP")] {
        assert_eq!(served.answer(&bare(verb, target)).await.plain(), (404, String::new()), "{target}");
    }
}

/// Better: D35.
#[tokio::test]
async fn row_52_d35_ping_is_a_path() {
    let served = Served::guarded().await;
    for target in ["/ping", "/ping?x=1"] {
        assert_eq!(served.answer(&bare("GET", target)).await.plain(), (200, "pong".to_owned()), "{target}");
    }
    let answer = served.answer(&bare("POST", "/ping")).await;
    assert_eq!((answer.status(), answer.field("allow")), (405, Some("GET, HEAD")));
}

/// Better: the seed's process ended.
#[tokio::test]
async fn row_53_a_target_that_is_no_path_does_no_harm() {
    let served = Served::guarded().await;
    for target in ["//", "///", "/%", "/%ff%fe", "/\\", "http://", "/mcp?%"] {
        let status = served.answer(&bare("GET", target)).await.status();
        assert!((400..500).contains(&status), "{target} {status}");
    }
    assert_eq!(served.answer(&bare("GET", "//")).await.plain(), (404, String::new()));
    assert_eq!(served.answer(&initialize().token("good")).await.status(), 200);
}

/// Better: D3.
#[tokio::test]
async fn row_56_there_is_no_second_way_in() {
    let served = Served::guarded().await;
    for request in [bare("GET", "/sse"), bare("GET", "/sse").token("good"), bare("POST", "/sse")] {
        assert_eq!(served.answer(&request).await.plain(), (404, String::new()));
    }
}

/// Better: D4.
#[tokio::test]
async fn row_57_nobody_speaks_in_anothers_session() {
    let served = Served::guarded().await;
    for target in ["/messages", "/messages?sessionId=1", "/messages?sessionId=6f1c0a3e"] {
        for request in [bare("POST", target), bare("POST", target).token("good")] {
            assert_eq!(served.answer(&request).await.plain(), (404, String::new()), "{target}");
        }
    }
}
