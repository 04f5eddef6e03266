//! What a server writes down of sessions.

use mcp_tests::{journal::Journal, request::Request};
use mcp_tokio::LegacySse;
use serde_json::json;

use crate::{
    client::{NEWEST, handshake, ping, puppet},
    served::Served,
    tokens::{ALICE, BOB},
};

#[tokio::test]
async fn neither_tokens_nor_session_ids_are_logged_or_audited() {
    let journal = Journal::open();
    let audited = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let heard = std::sync::Arc::clone(&audited);
    let served = Served::built(|server| {
        let mut policy = mcp_tokio::SessionPolicy::default();
        policy.legacy_sse = Some(LegacySse::default());
        policy.sessions_per_principal_max = 2;
        server.sessions(policy).audit(move |event| {
            let event = serde_json::to_string(event).expect("JSON");
            heard.lock().expect("no panic").push_str(&event);
        })
    })
    .await;
    let session = served.session(ALICE).await;
    let mut secrets = vec![session.id.clone(), ALICE.text(), BOB.text()];
    // Served, refused, stolen, resumed, ended, crowded out: whatever a session comes to.
    session.served(&ping(1)).await;
    let socket = session.begin(&puppet(1)).await;
    let mut running = served.begun().await;
    running.progress(1).await;
    let mut stream = socket.stream().await;
    let last = stream.event().await.id().to_owned();
    drop(stream);
    session.ask(&handshake(NEWEST, &json!({}))).await;
    session.with(BOB).ask(&ping(2)).await;
    session.with(None).ask(&ping(3)).await;
    served.answer(&session.get().field("Last-Event-ID", "s3cret-event")).await;
    secrets.push("s3cret-event".to_owned());
    drop(session.resume(&last).await);
    for id in ["s3cret-session", "s3cret session", "s3cret\"session"] {
        served.answer(&session.post(&ping(4)).with("Mcp-Session-Id", id)).await;
    }
    secrets.push("s3cret".to_owned());
    for _ in 0..3 {
        secrets.push(served.session(ALICE).await.id);
    }
    let sse = Request::bare("GET", "/sse").field("Accept", "text/event-stream").token(&BOB.text());
    let mut stream = served.stream(&sse).await;
    let target = stream.event().await.data.expect("a URI");
    for token in [BOB, ALICE] {
        let post = Request::bare("POST", &target).field("Content-Type", "application/json");
        served.answer(&post.token(&token.text()).body("{")).await;
    }
    secrets.push(target.rsplit('=').next().expect("an id").to_owned());
    served.server.sessions().end("one", "alice");
    running.over().await;
    drop(stream);
    served.until_there_are(0).await;

    let written = journal.text() + &audited.lock().expect("no panic");
    assert!(!journal.text().is_empty() && written.contains("\"allowed\":false"), "{written}");
    for secret in secrets {
        assert!(!written.contains(&secret), "{secret} {written}");
    }
    assert!(!format!("{:?} {:?}", served.server, served.server.sessions()).contains(&session.id));
}
