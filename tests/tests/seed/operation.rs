//! Probes, names and logs: what whoever runs the server sees.

use std::net::Ipv4Addr;

use mcp_tests::journal::Journal;
use mcp_tokio::{Auth, StartError};

use crate::{
    answer::error_without_id,
    request::{bare, call, initialize},
    served::{Served, authenticate, open_server, server},
    session::Session,
};

/// Better: D8.
#[tokio::test]
async fn row_d8_a_server_answers_to_its_own_names() {
    let served = Served::guarded().await;
    let refused = (403, error_without_id(-32600, "Forbidden: this Host is not allowed"));
    for host in ["evil.example", "0.0.0.0", "127.0.0.1.evil.example"] {
        let answer = served.answer(&call("whoami").token("good").with("Host", host)).await;
        assert_eq!(answer.said(), refused, "{host}");
    }
    for host in ["localhost", "127.0.0.1:8080", "[::1]:80"] {
        assert_eq!(
            served.answer(&call("whoami").token("good").with("Host", host)).await.status(),
            200,
            "{host}"
        );
    }
    let named = server(Auth::verifier(authenticate)).allow_host("mcp.example.com");
    let named = Served::start(named)
        .await
        .answer(&call("whoami").token("good").with("Host", "mcp.example.com"))
        .await;
    assert_eq!(named.status(), 200);

    // Nor does it let in everybody from everywhere unless somebody has said so.
    let open = open_server().build().expect("a server");
    let everywhere = mcp_tokio::bind(open, (Ipv4Addr::UNSPECIFIED, 0)).await;
    assert!(matches!(everywhere, Err(StartError::Server(_))), "{everywhere:?}");
}

/// Better: D15.
#[tokio::test]
async fn row_x2_d15_a_server_is_ready_before_its_first_client() {
    for served in [Served::guarded().await, Served::stateful().await] {
        let answer = served.answer(&bare("GET", "/ready")).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.text(), r#"{"status":"ready"}"#);
    }
}

/// Other: JSON.
#[tokio::test]
async fn row_x1_health_asks_for_no_token() {
    let served = Served::guarded().await;
    let answer = served.answer(&bare("GET", "/health")).await;
    assert_eq!(answer.plain(), (200, r#"{"status":"ok"}"#.to_owned()));
    assert_eq!(served.answer(&bare("HEAD", "/health")).await.plain(), (200, String::new()));
}

/// Better: D35.
#[tokio::test]
async fn row_x3_nothing_that_identifies_a_caller_is_logged() {
    let journal = Journal::open();
    let served = Served::guarded().await;
    for token in ["good", "throw", "down", "s3cret-token"] {
        let request = call("whoami").token(token).field("Mcp-Session-Id", "s3cret-session");
        served.answer(&request).await;
    }
    let served = Served::stateful().await;
    let session = Session::open(&served, Some("good")).await;
    for request in [
        call("whoami"),
        initialize(),
        bare("GET", "/mcp").field("Accept", "text/html"),
        bare("DELETE", "/mcp"),
        call("whoami"),
    ] {
        for token in ["good", "s3cret-token"] {
            served.answer(&session.of(request.clone()).token(token)).await;
        }
    }
    let logged = journal.text();
    assert!(!logged.is_empty());
    assert!(!logged.contains("s3cret") && !logged.contains(&session.id), "{logged}");
}
