//! Who gets a stream, and whose messages it takes.

use mcp_tests::request::Request;
use mcp_tokio::{Context, LegacySse, ListRoots, SessionAuth, SessionPolicy, UnixSeconds};
use serde_json::json;

use super::{get, served, served_with, with_token};
use crate::{
    client::{
        ID_LENGTH, call, cancelled, handshake, initialized, ping, puppet, request, result, said_by_tool,
    },
    served::{Served, plain, said},
    tokens::{ALICE, ALICE_AS_ADMIN, ALICE_REFRESHED, ALICE_WITHOUT_SCOPES, BOB, OTHERS},
};

#[tokio::test]
async fn it_is_not_there_unless_it_is_switched_on() {
    let stateful = Served::start().await;
    let stateless = Served::built(|server| {
        let mut policy = SessionPolicy::default();
        policy.legacy_sse = Some(LegacySse::default());
        server.sessions(policy).mode(mcp_tokio::Mode::Stateless)
    })
    .await;
    for served in [stateful, stateless] {
        for request in [get(ALICE), Request::bare("POST", "/messages?sessionId=1").token(&ALICE.text())] {
            assert_eq!(plain(&served.answer(&request).await), (404, ""));
        }
    }
}

#[tokio::test]
async fn its_paths_are_what_the_policy_says() {
    let served = Served::with(|policy| {
        let (stream, messages) = ("/old/events".to_owned(), "/old/say".to_owned());
        policy.legacy_sse = Some(LegacySse { stream, messages });
    })
    .await;
    let mut stream = served
        .stream(&with_token(Request::bare("GET", "/old/events").field("Accept", "text/event-stream"), ALICE))
        .await;
    let endpoint = stream.event().await.data.expect("a URI");
    assert!(endpoint.starts_with("/old/say?sessionId="), "{endpoint}");
    assert_eq!(served.answer(&get(ALICE)).await.head.status, 404);
}

#[tokio::test]
async fn nobody_has_a_stream_without_a_token() {
    let served = served().await;
    let expired = ALICE.expires(UnixSeconds(1));
    for (token, status) in [(None, 401), (Some(expired), 401), (Some(ALICE_WITHOUT_SCOPES), 403)] {
        let response = served.answer(&get(token)).await;
        assert_eq!(response.head.status, status);
        assert!(response.head.field("www-authenticate").is_some());
    }
    assert_eq!(served.answer(&get(None).token("bad")).await.head.status, 401);
    let foreign = get(ALICE).field("Origin", "https://elsewhere.example");
    assert_eq!(served.answer(&foreign).await.head.status, 403);
    let renamed = get(ALICE).with("Host", "elsewhere.example");
    assert_eq!(served.answer(&renamed).await.head.status, 403);
    assert_eq!(served.sessions(), 0);
}

#[tokio::test]
async fn a_stream_is_given_to_who_asks_for_one() {
    let served = served().await;
    for accept in ["*/*", "application/json", "text/html", "text/event-stream;q=0"] {
        assert_eq!(served.answer(&get(ALICE).with("Accept", accept)).await.head.status, 406, "{accept}");
    }
    assert_eq!(served.answer(&get(ALICE).without("Accept")).await.head.status, 406);
    assert_eq!(served.sessions(), 0);
}

#[tokio::test]
async fn nobody_speaks_on_somebody_elses_stream() {
    let served = served().await;
    let mut client = served.greeted(ALICE, json!({"roots": {}})).await;
    client.say(&puppet(1)).await;
    let running = served.begun().await;
    running.begin(|cx: Context| async move { Ok(json!(cx.input("roots", ListRoots).await?.len())) });
    let question = client.hear().await;
    let messages = [
        call(2, "whoami"),
        cancelled(1),
        result(question["id"].clone(), json!({"roots": [{"uri": "file:///evil"}]})),
        handshake("2024-11-05", &json!({})),
        initialized(),
    ];
    for message in &messages {
        let anonymous = client.post(message).without("Authorization");
        assert_eq!(served.answer(&anonymous).await.head.status, 401, "{message}");
        assert_eq!(served.answer(&anonymous.clone().token("bad")).await.head.status, 401);
        let poor = anonymous.clone().token(&ALICE_WITHOUT_SCOPES.text());
        assert_eq!(served.answer(&poor).await.head.status, 403);
        for other in OTHERS {
            let stolen = served.answer(&anonymous.clone().token(&other.text())).await;
            let unknown = Request::bare("POST", &format!("/messages?sessionId={}", "0".repeat(ID_LENGTH)));
            let unknown = unknown.field("Content-Type", "application/json").body(message.to_string());
            let unknown = served.answer(&unknown.token(&other.text())).await;
            assert_eq!((stolen.head.status, &stolen.body), (404, &unknown.body), "{message}");
        }
    }
    assert!(!running.is_over());
    // A refreshed token of the same party goes on.
    let answer = client.post(&result(question["id"].clone(), json!({"roots": []})));
    let answer = answer.with("Authorization", &format!("Bearer {}", ALICE_REFRESHED.text()));
    assert_eq!(served.answer(&answer).await.head.status, 202);
    running.finish("undisturbed");
    assert_eq!(client.hear().await, said_by_tool(1, "undisturbed"));
}

#[tokio::test]
async fn scopes_are_those_of_the_post() {
    let served = served().await;
    let mut client = served.greeted(ALICE_AS_ADMIN, json!({})).await;
    client.say(&call(1, "secret")).await;
    assert_eq!(client.hear().await, said_by_tool(1, "secret"));
    client.token = Some(ALICE);
    let response = served.answer(&client.post(&call(2, "secret"))).await;
    assert_eq!(response.head.status, 403);
    assert!(response.head.field("www-authenticate").is_some_and(|challenge| challenge.contains("admin")));
    client.say(&request(3, "tools/list", &json!({}))).await;
    let listed = client.hear().await;
    assert!(!listed.to_string().contains("secret"), "{listed}");
}

#[tokio::test]
async fn a_post_says_which_stream_it_is_for() {
    let served = served().await;
    let client = served.greeted(ALICE, json!({})).await;
    let (path, query) = client.target.split_once('?').expect("a query");
    let id = query.strip_prefix("sessionId=").expect("an id");
    let post = |target: &str| {
        let request = Request::bare("POST", target).body(ping(1).to_string());
        request.field("Content-Type", "application/json").token(&ALICE.text())
    };
    let table = [
        (path.to_owned(), 400),
        (format!("{path}?"), 400),
        (format!("{path}?sessionid={id}"), 400),
        (format!("{path}?sessionId={id}&sessionId={id}"), 400),
        (format!("{path}?sessionId={id}&sessionId=x"), 400),
        (format!("{path}?sessionId="), 404),
        (format!("{path}?sessionId=x"), 404),
        (format!("{path}?sessionId={}", "0".repeat(ID_LENGTH)), 404),
        (format!("{path}?sessionId={id}0"), 404),
        (format!("{path}?{query}"), 202),
        (format!("{path}?x=1&{query}"), 202),
    ];
    for (target, status) in table {
        let response = served.answer(&post(&target)).await;
        assert_eq!(response.head.status, status, "{}", target.replace(id, "ID"));
    }
    // Neither transport knows the sessions of the other.
    let request = crate::client::post(ping(1).to_string()).token(&ALICE.text());
    let (status, json) = said(&served.answer(&request.field("Mcp-Session-Id", id)).await);
    assert_eq!((status, &json["error"]["code"]), (404, &json!(-32001)));
    let session = served.session(ALICE).await;
    let response = served.answer(&post(&format!("{path}?sessionId={}", session.id))).await;
    assert_eq!(response.head.status, 404);
}

#[tokio::test]
async fn other_verbs_are_told_which_there_are() {
    let served = served().await;
    let client = served.connected(ALICE).await;
    for (verb, target, allow) in [
        ("POST", "/sse", "GET"),
        ("DELETE", "/sse", "GET"),
        ("PUT", "/sse", "GET"),
        ("GET", client.target.as_str(), "POST"),
        ("DELETE", client.target.as_str(), "POST"),
    ] {
        let request = Request::bare(verb, target).token(&ALICE.text());
        let response = served.answer(&request).await;
        assert_eq!((response.head.status, response.head.field("allow")), (405, Some(allow)), "{verb}");
    }
    for (target, verb) in [("/sse", "GET"), ("/messages?sessionId=1", "POST")] {
        let preflight = Request::bare("OPTIONS", target).field("Origin", "http://localhost:8000");
        let response = served.answer(&preflight.field("Access-Control-Request-Method", verb)).await;
        assert_eq!(response.head.status, 204, "{target}");
        let methods = response.head.field("access-control-allow-methods").unwrap_or_default();
        assert!(methods.split(", ").any(|method| method == verb), "{methods}");
    }
    assert_eq!(served.sessions(), 1);
}

#[tokio::test]
async fn streams_count_as_sessions() {
    let served = served_with(|policy| {
        policy.sessions_per_principal_max = 2;
        policy.sessions_max = 3;
    })
    .await;
    let (_first, _second) = (served.connected(ALICE).await, served.connected(ALICE).await);
    let response = served.answer(&get(ALICE)).await;
    assert_eq!(response.head.status, 429);
    assert!(response.head.field("retry-after").is_some());
    let _third = served.connected(BOB).await;
    let response = served.answer(&get(BOB)).await;
    assert_eq!(response.head.status, 503);
    assert!(response.head.field("retry-after").is_some());
    assert_eq!(served.sessions(), 3);
}

#[tokio::test]
async fn where_only_the_opening_is_authenticated_the_id_is_enough() {
    let served = served_with(|policy| policy.auth = SessionAuth::InitializeOnly).await;
    assert_eq!(served.answer(&get(None)).await.head.status, 401);
    let mut client = served.greeted(ALICE, json!({})).await;
    for token in [None, Some(BOB)] {
        client.token = token;
        client.say(&call(1, "whoami")).await;
        assert_eq!(client.hear().await, said_by_tool(1, "alice"));
    }
}
