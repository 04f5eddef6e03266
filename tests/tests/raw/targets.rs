//! Request targets, methods and versions of HTTP.

use crate::raw::{
    client::{assert_error, assert_text, json},
    message::{echo, get},
    served::{AUDIENCE, ISSUER, Served},
};

#[tokio::test]
async fn other_methods_on_the_endpoint_are_405() {
    let served = Served::start(|server| server).await;
    let mut client = served.connect().await;
    for method in ["GET", "DELETE", "PUT", "PATCH", "OPTIONS", "TRACE", "QUERY", "post"] {
        for token in ["", "Authorization: Bearer forged\r\n"] {
            let request = format!("{method} /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n{token}\r\n");
            let response = client.exchange(request).await;
            assert_error(&response, 405, -32600, None);
            assert_eq!(response.head.field("allow"), Some("POST"), "{method}");
        }
    }
    client.send("HEAD /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await;
    let response = client.response_to_head().await;
    assert_eq!((response.head.status, response.head.field("allow")), (405, Some("POST")));
    // Nothing is left of the body that HEAD does not have.
    assert_eq!(client.exchange(get("/ping")).await.body, b"pong");
}

#[tokio::test]
async fn the_authority_of_an_absolute_target_is_judged_like_a_host() {
    let served = Served::start(|server| server).await;
    let token = served.token("alice");
    let request = |target: &str, host: &str| {
        let text = String::from_utf8(echo("absolute").token(&token).bytes()).expect("ASCII");
        text.replacen("POST /mcp ", &format!("POST {target} "), 1).replacen(
            "Host: 127.0.0.1",
            &format!("Host: {host}"),
            1,
        )
    };
    let mut client = served.connect().await;
    for (target, host) in [
        ("http://127.0.0.1/mcp", "127.0.0.1"),
        ("http://localhost:3000/mcp", "localhost:3000"),
        ("http://[::1]/mcp", "[::1]"),
        ("/mcp", "LOCALHOST"),
    ] {
        assert_text(&client.exchange(request(target, host)).await, 1, "absolute");
    }
    for (target, host) in [
        ("http://attacker.example/mcp", "127.0.0.1"),
        ("http://127.0.0.1/mcp", "attacker.example"),
        ("http://attacker.example/mcp", "attacker.example"),
        ("/mcp", "attacker.example"),
        ("/mcp", "127.0.0.1.attacker.example"),
        ("/mcp", "localhost.attacker.example:80"),
        ("/mcp", "0.0.0.0"),
    ] {
        let response = client.exchange(request(target, host)).await;
        assert_error(&response, 403, -32600, None);
    }
}

/// RFC 9112 section 3.2.
#[tokio::test]
async fn a_request_without_exactly_one_host_is_400() {
    let served = Served::start(|server| server).await;
    let text = String::from_utf8(echo("never").token(&served.token("alice")).bytes()).expect("ASCII");
    for hosts in ["", "Host: 127.0.0.1\r\nHost: 127.0.0.1\r\n", "Host: 127.0.0.1\r\nHost: localhost\r\n"] {
        let request = text.replacen("Host: 127.0.0.1\r\n", hosts, 1);
        let mut client = served.connect().await;
        let response = client.exchange(request).await;
        assert_eq!((response.head.status, response.body), (400, Vec::new()), "{hosts:?}");
        client.expect_closed().await;
    }
}

#[tokio::test]
async fn other_paths_and_targets_are_404_without_a_body() {
    let served = Served::start(|server| server).await;
    let mut client = served.connect().await;
    for target in ["/", "/mcp/", "/MCP", "//mcp", "/mcp%00", "/mcp/../mcp", "/%6dcp", "/mcp;a", "/sse"] {
        let response = client.exchange(get(target)).await;
        assert_eq!((response.head.status, response.body), (404, Vec::new()), "{target}");
    }
    let response = client.exchange("OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await;
    assert_eq!((response.head.status, response.body), (404, Vec::new()));
    let mut client = served.connect().await;
    client.send("CONNECT 127.0.0.1:443 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await;
    assert_eq!(client.head().await.status, 404);
}

#[tokio::test]
async fn a_token_in_the_target_is_refused_even_beside_a_good_one() {
    let served = Served::start(|server| server).await;
    let token = served.token("alice");
    let text = String::from_utf8(echo("no").token(&token).bytes()).expect("ASCII");
    let request = text.replacen("/mcp ", &format!("/mcp?access_token={token} "), 1);
    let response = served.connect().await.exchange(request).await;
    assert_error(&response, 400, -32600, Some(1.into()));
    assert!(!String::from_utf8_lossy(&response.body).contains(&token));
}

#[tokio::test]
async fn http_1_0_is_served_and_closed() {
    let served = Served::start(|server| server).await;
    let text = String::from_utf8(echo("old").token(&served.token("alice")).bytes()).expect("ASCII");
    let mut client = served.connect().await;
    let response = client.exchange(text.replacen("HTTP/1.1", "HTTP/1.0", 1)).await;
    assert_text(&response, 1, "old");
    client.expect_closed().await;
}

#[tokio::test]
async fn a_stream_over_http_1_0_ends_with_its_connection() {
    let served = Served::start(|server| {
        server.tool(crate::raw::served::tool("tells", async |_, cx| {
            cx.progress(1.0, None).await;
            cx.sleep(std::time::Duration::from_millis(20)).await;
            "done"
        }))
    })
    .await;
    let request = crate::raw::message::call("tells").progress_token(1).token(&served.token("alice"));
    let text = String::from_utf8(request.bytes()).expect("ASCII").replacen("HTTP/1.1", "HTTP/1.0", 1);
    let mut client = served.connect().await;
    let response = client.exchange(text).await;
    assert_eq!(response.head.field("transfer-encoding"), None);
    assert_eq!(mcp_tests::events::Received::read(&response.body).events.len(), 2);
}

#[tokio::test]
async fn probes_ask_for_no_credentials() {
    let served = Served::start(|server| server).await;
    let mut client = served.connect().await;
    for (path, content_type, body) in [
        ("/ping", "text/plain; charset=utf-8", "pong"),
        ("/health", "application/json", r#"{"status":"ok"}"#),
    ] {
        let response = client.exchange(get(path)).await;
        assert_eq!(response.head.status, 200);
        assert_eq!(response.head.field("content-type"), Some(content_type));
        assert_eq!(response.body, body.as_bytes());
        client.send(format!("HEAD {path} HTTP/1.1\r\nHost: probe.internal\r\n\r\n")).await;
        let head = client.response_to_head().await;
        assert_eq!((head.head.status, head.body), (200, Vec::new()));
    }
    assert_eq!(client.exchange(get("/ready")).await.head.status, 200);
    let response = client.exchange("POST /ping HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!((response.head.status, response.head.field("allow")), (405, Some("GET, HEAD")));
}

#[tokio::test]
async fn the_metadata_says_what_was_configured() {
    let served = Served::start(|server| server).await;
    let mut client = served.connect().await;
    let response = client.exchange(get("/.well-known/oauth-protected-resource/mcp")).await;
    assert_eq!(response.head.status, 200);
    let metadata = json(&response);
    assert_eq!(metadata["resource"], AUDIENCE);
    assert_eq!(metadata["authorization_servers"], serde_json::json!([ISSUER]));
    assert_eq!(metadata["bearer_methods_supported"], serde_json::json!(["header"]));
}
