//! Whose session it is, and what each request may do in it.

use mcp_tests::{event_reader::Event, request::Request};
use mcp_tokio::{Context, ListRoots, Runtime as _, SessionAuth, TokioRuntime, UnixSeconds};
use serde_json::{Value, json};

use crate::{
    client::{
        NEWEST, Session, call, cancelled, error, guarded, handshake, ping, post, progress, puppet, request,
        result, said_by_tool,
    },
    refused::{FORBIDDEN, NOT_FOUND, refused},
    served::{Served, said},
    tokens::{ALICE, ALICE_AS_ADMIN, ALICE_REFRESHED, ALICE_WITHOUT_SCOPES, BOB, OTHERS},
};

/// The names of the tools that are listed.
async fn tools(session: &Session<'_>) -> Vec<String> {
    let listed = session.served(&request(1, "tools/list", &json!({}))).await;
    let tools = listed["result"]["tools"].as_array().expect("a list").iter();
    tools.map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn a_refreshed_token_of_the_same_party_goes_on() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let refreshed = session.with(ALICE_REFRESHED);
    assert_eq!(refreshed.served(&call(1, "whoami")).await, said_by_tool(1, "alice"));
    let mut stream = refreshed.listen().await;
    stream.expect_silence().await;
    refreshed.end().await;
    stream.expect_end().await;
    assert!(!session.is_there().await);
}

#[tokio::test]
async fn a_call_goes_on_under_a_refreshed_token() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let socket = session.begin(&puppet(1)).await;
    let mut running = served.begun().await;
    running.progress(1).await;
    let mut stream = socket.stream().await;
    let priming = stream.event().await;
    drop(stream);
    let mut stream = session.with(ALICE_REFRESHED).resume(priming.id()).await;
    assert_eq!(stream.message().await, progress(1, 1));
    running.finish("done");
    assert_eq!(stream.message().await, said_by_tool(1, "done"));
    stream.expect_end().await;
}

#[tokio::test]
async fn nobody_else_can_use_it_in_any_way() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let socket = session.begin(&puppet(1)).await;
    let mut running = served.begun().await;
    running.progress(1).await;
    let mut stream = socket.stream().await;
    let last = stream.event().await.id().to_owned();
    assert_eq!(stream.message().await, progress(1, 1));
    for other in OTHERS {
        let stolen = session.with(other);
        for message in [ping(1), call(1, "whoami"), puppet(2), handshake(NEWEST, &json!({}))] {
            let response = stolen.ask(&message).await;
            assert_eq!(said(&response), refused(message["id"].clone(), NOT_FOUND), "{other:?}");
        }
        let messages =
            [cancelled(1), result(1, json!({})), json!([ping(1)]), json!({"jsonrpc": "2.0", "method": "x"})];
        let mut requests: Vec<Request> = messages.iter().map(|message| stolen.post(message)).collect();
        requests.extend([stolen.get(), stolen.get().field("Last-Event-ID", &last), stolen.delete()]);
        for request in requests {
            let (status, json) = said(&served.answer(&request).await);
            assert_eq!((status, &json["error"]["code"]), (404, &json!(-32001)), "{other:?}");
        }
    }
    served.nothing_begun().await;
    assert!(!running.is_over());
    running.finish("undisturbed");
    assert_eq!(stream.message().await, said_by_tool(1, "undisturbed"));
    stream.expect_end().await;
    assert_eq!(served.sessions(), 1);
}

#[tokio::test]
async fn scopes_are_those_of_the_token_that_is_there_now() {
    let served = Served::start().await;
    // Whoever opened it, each request can do what its own token can do: no more, and no less.
    for opener in [ALICE, ALICE_AS_ADMIN] {
        let session = served.session(opener).await;
        for _ in 0..2 {
            let (poor, rich) = (session.with(ALICE), session.with(ALICE_AS_ADMIN));
            assert_eq!(tools(&poor).await, ["whoami", "puppet"]);
            assert_eq!(tools(&rich).await, ["whoami", "secret", "puppet", "guarded"]);
            assert_eq!(rich.served(&call(1, "secret")).await, said_by_tool(1, "secret"));
            for message in [
                call(1, "secret"),
                request(1, "resources/read", &json!({"uri": "note://secret"})),
                request(1, "resources/subscribe", &json!({"uri": "note://secret"})),
            ] {
                assert_eq!(said(&poor.ask(&message).await), refused(1, FORBIDDEN), "{message}");
            }
        }
        let response = session.with(ALICE_WITHOUT_SCOPES).ask(&ping(1)).await;
        assert_eq!(response.head.status, 403);
    }
}

#[tokio::test]
async fn what_a_call_needs_is_asked_of_whoever_takes_it_up() {
    let served = Served::start().await;
    let session = served.session_with(ALICE_AS_ADMIN, NEWEST, json!({"roots": {}})).await;
    let socket = session.begin(&guarded(1)).await;
    let mut running = served.begun().await;
    running.progress(1).await;
    running.begin(|cx: Context| async move { Ok(json!(cx.input("roots", ListRoots).await?.len())) });
    let mut stream = socket.stream().await;
    let last = stream.event().await.id().to_owned();
    assert_eq!(stream.message().await, progress(1, 1));
    let question = stream.message().await["id"].clone();
    drop(stream);
    // The same party with a token that cannot make this call cannot read it either, nor speak to it.
    let poor = session.with(ALICE);
    assert_eq!(said(&poor.ask(&guarded(2)).await), refused(2, FORBIDDEN));
    let resume = poor.get().field("Last-Event-ID", &last);
    let answer = poor.post(&result(question.clone(), json!({"roots": []})));
    for request in [resume, answer] {
        let response = served.answer(&request).await;
        assert_eq!(response.head.status, 403);
        let challenge = response.head.field("www-authenticate").unwrap_or_default();
        assert!(challenge.contains("insufficient_scope") && challenge.contains("admin"), "{challenge}");
    }
    session.tell(&result(question, json!({"roots": [{"uri": "file:///own"}]}))).await;
    assert_eq!(running.done().await, json!(1));
    running.finish("done");
    let (events, _) = session.resume(&last).await.rest().await;
    assert_eq!(events.last().map(Event::message), Some(said_by_tool(1, "done")));
}

#[tokio::test]
async fn a_token_that_has_expired_is_401_and_the_session_waits_for_the_next_one() {
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let expired = session.with(ALICE.expires(UnixSeconds(1)));
    for request in [expired.post(&ping(1)), expired.get(), expired.delete()] {
        assert_eq!(served.answer(&request).await.head.status, 401);
    }
    assert!(session.with(ALICE_REFRESHED).is_there().await);
}

/// Sessions whose later requests carry no credentials.
async fn initialize_only() -> Served {
    Served::with(|policy| policy.auth = SessionAuth::InitializeOnly).await
}

#[tokio::test]
async fn where_only_the_handshake_is_authenticated_the_id_is_enough_and_acts_as_the_opener() {
    let served = initialize_only().await;
    let hello = post(handshake(NEWEST, &json!({})).to_string());
    assert_eq!(served.answer(&hello).await.head.status, 401);
    assert_eq!(served.answer(&hello.clone().token("bad")).await.head.status, 401);
    let session = served.session(ALICE).await;
    let admins = served.session(ALICE_AS_ADMIN).await;
    // Nobody looks at what they carry.
    for anybody in [None, Some(ALICE), Some(BOB), Some(ALICE_AS_ADMIN), Some(ALICE_WITHOUT_SCOPES)] {
        let session = session.with(anybody);
        assert_eq!(session.served(&call(1, "whoami")).await, said_by_tool(1, "alice"));
        assert_eq!(tools(&session).await, ["whoami", "puppet"]);
        assert_eq!(said(&session.ask(&call(1, "secret")).await), refused(1, FORBIDDEN));
        let admins = admins.with(anybody);
        assert_eq!(tools(&admins).await, ["whoami", "secret", "puppet", "guarded"]);
        assert_eq!(admins.served(&call(1, "secret")).await, said_by_tool(1, "secret"));
    }
    let nobody = session.with(None);
    // What keeps pages of other sites out is asked of everybody.
    for request in [nobody.post(&ping(1)), nobody.get(), nobody.delete()] {
        let page = request.clone().field("Origin", "https://elsewhere.example");
        assert_eq!(served.answer(&page).await.head.status, 403);
        assert_eq!(served.answer(&request.with("Host", "elsewhere.example")).await.head.status, 403);
    }
    // Nor is a token ever read where it ends up in logs.
    let in_query = Request::bare("DELETE", &format!("/mcp?access_token={}", ALICE.text()));
    let response = served.answer(&in_query.field("Mcp-Session-Id", &session.id)).await;
    assert_eq!(response.head.status, 400);
    let mut stream = nobody.listen().await;
    nobody.end().await;
    assert_eq!(stream.next().await, None);
    assert_eq!(said(&nobody.ask(&ping(1)).await), refused(1, NOT_FOUND));
}

#[tokio::test]
async fn where_only_the_handshake_is_authenticated_everything_without_a_session_still_is() {
    let served = initialize_only().await;
    let session = served.session(ALICE).await;
    let nobody = session.with(None);
    for request in [nobody.post(&ping(1)), nobody.get(), nobody.delete()] {
        assert_eq!(served.answer(&request.without("Mcp-Session-Id")).await.head.status, 401);
    }
    // A request of 2026-07-28 is no part of a session, whatever id it carries and wherever it says what it is.
    let mut modern = call(1, "whoami");
    modern["params"]["_meta"] = crate::modern::envelope();
    let modern = nobody.post(&modern).field("Mcp-Method", "tools/call").field("Mcp-Name", "whoami");
    let named = modern.clone().with("MCP-Protocol-Version", crate::modern::REVISION);
    for request in [named, modern.clone(), modern.without("MCP-Protocol-Version")] {
        assert_eq!(served.answer(&request).await.head.status, 401);
    }
    assert!(session.is_there().await);
}

#[tokio::test]
async fn where_only_the_handshake_is_authenticated_the_session_ends_with_its_token() {
    let served = initialize_only().await;
    let now = TokioRuntime::new().now().unix;
    let soon = ALICE.expires(UnixSeconds(now.0 + 3));
    let session = served.session(soon).await;
    let mut stream = session.with(None).listen().await;
    assert_eq!(stream.next().await, None);
    served.until_there_are(0).await;
    assert_eq!(said(&session.with(None).ask(&ping(1)).await), refused(1, NOT_FOUND));
    let response = session.with(ALICE_REFRESHED).ask(&ping(1)).await;
    assert_eq!(said(&response), (404, error(1, -32001, "Session not found")));
}

#[tokio::test]
async fn a_party_that_only_seems_to_be_the_same_is_another() {
    // The three names are compared each by itself: no two of them can be glued together to mean a third.
    let served = Served::open(|_| {}).await;
    assert_eq!(served.sessions(), 0);
    let served = Served::start().await;
    let session = served.session(ALICE).await;
    let hello = post(handshake(NEWEST, &json!({})).to_string());
    for token in ["one.al.icedesk.use.1.9999999999", "onealice.desk.x.use.1.9999999999"] {
        assert_eq!(served.answer(&hello.clone().token(token)).await.head.status, 200);
        let request = post(ping(1).to_string()).token(token).field("Mcp-Session-Id", &session.id);
        assert_eq!(said(&served.answer(&request).await), refused(1, NOT_FOUND), "{token}");
    }
    assert_eq!(session.served(&ping(Value::from(1))).await, result(1, json!({})));
}
