//! Discovery that was poisoned by header fields of a request.

use http::Method;
use mcp_tests::{asking::Ask, forge::AUDIENCE};

use crate::trusting::Trusting;

const METADATA: &str = "/.well-known/oauth-protected-resource/mcp";
const METADATA_URL: &str = r#"resource_metadata="http://localhost/.well-known/oauth-protected-resource/mcp""#;

/// Fields by which proxies, and whoever pretends to be one, say how a server was called.
const FORWARDED: [(&str, &str); 12] = [
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-host", "evil.example\", error=\"none"),
    ("x-forwarded-host", "evil.example, other.example"),
    ("x-forwarded-proto", "javascript"),
    ("x-forwarded-port", "666"),
    ("x-forwarded-server", "evil.example"),
    ("x-forwarded-prefix", "/evil"),
    ("x-original-url", "/evil"),
    ("x-rewrite-url", "/evil"),
    ("x-host", "evil.example"),
    ("forwarded", "for=1.2.3.4;host=evil.example;proto=https"),
    ("host", "localhost:666"),
];

/// The challenge names the configured URL and the document says the same, whatever a request says.
async fn assert_nothing_changes(fields: &[(&str, &str)]) {
    let trusting = Trusting::start();
    let service = &trusting.bench.service;
    let document = Ask::bare(Method::GET, METADATA).send(service).await.body;
    assert!(document.contains(&format!(r#""resource":"{AUDIENCE}""#)), "{document}");
    let challenge = Ask::call("whoami").send(service).await.challenges().concat();
    assert!(challenge.contains(METADATA_URL), "{challenge}");
    for (name, value) in fields {
        let answer = Ask::call("whoami").field(name, value).send(service).await;
        assert_eq!(answer.challenges(), [challenge.as_str()], "{name}: {value}");
        assert!(!answer.contains("evil") && !answer.contains("666"), "{answer:?}");
        let answer = Ask::bare(Method::GET, METADATA).field(name, value).send(service).await;
        assert_eq!(answer.body, document, "{name}: {value}");
        assert!(!answer.contains("evil") && !answer.contains("666"), "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_framework_969_x_forwarded_host_does_not_choose_the_metadata_url() {
    assert_nothing_changes(&FORWARDED[..1]).await;
}

#[tokio::test(start_paused = true)]
async fn the_framework_986_nothing_can_be_injected_into_a_challenge() {
    assert_nothing_changes(&FORWARDED[1..3]).await;
    let trusting = Trusting::start();
    for target in ["/mcp?\",error=\"none", "/mcp?resource_metadata=\"https://evil.example\""] {
        let ask = Ask::call("whoami").target(target.replace('"', "%22"));
        let challenge = ask.send(&trusting.bench.service).await.challenges().concat();
        assert!(challenge.contains(METADATA_URL) && !challenge.contains("evil"), "{challenge}");
        assert!(!challenge.contains("error"), "{challenge}");
    }
}

#[tokio::test(start_paused = true)]
async fn github_mcp_server_2550_urls_come_from_the_configuration() {
    assert_nothing_changes(&FORWARDED[3..11]).await;
}

#[tokio::test(start_paused = true)]
async fn mcp_handler_163_the_host_does_not_choose_the_resource() {
    assert_nothing_changes(&FORWARDED[11..]).await;
}

#[tokio::test(start_paused = true)]
async fn supermemory_1483_a_host_that_is_not_ours_gets_no_metadata() {
    let trusting = Trusting::start();
    for host in ["evil.example", "localhost.evil.example", "localhost@evil.example", "evil.example:80"] {
        for ask in [Ask::bare(Method::GET, METADATA), Ask::call("whoami")] {
            let answer = ask.field("host", host).send(&trusting.bench.service).await;
            assert_eq!(answer.status, 403, "{host}");
            assert!(!answer.contains("evil"), "{answer:?}");
            assert!(answer.challenges().is_empty(), "{answer:?}");
        }
    }
}
