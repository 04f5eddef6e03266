//! The rows of a server with sessions, by the numbers of those without: what is not here is the same with them.

use std::time::Duration;

use mcp_tests::{
    event_reader::Event,
    socket::{End, in_time},
};
use mcp_tokio::{Auth, Context, Mode, NoArguments, SessionPolicy, Tool};
use serde_json::{Value, json};

use crate::{
    answer::{Answer, ERROR, FAILED, error, names, result, said_by_tool},
    request::{
        Request, bare, call, handshake, initialize, message, modern_call, notification, older, older_with_id,
        post,
    },
    served::{Served, authenticate, open_server, server},
    session::Session,
};

const NOT_FOUND: &str = "Session not found";
const NO_ID: &str = "Bad request: Mcp-Session-Id is missing";
const UNKNOWN: &str = "6f1c0a3e0c3e4b1a9a582f2f5a0f7c11";

fn list() -> Request {
    older_with_id(&json!(2), "tools/list", &json!({}))
}

fn stream() -> Request {
    bare("GET", "/mcp").field("Accept", "text/event-stream")
}

/// Better: D13.
#[tokio::test]
async fn row_f1_f4_without_a_token_there_is_no_session() {
    let served = Served::stateful().await;
    let session = Session::open(&served, Some("good")).await;
    for (request, id) in [(initialize(), 1), (list(), 2), (session.of(list()), 2)] {
        let answer = served.answer(&request).await;
        assert_eq!(answer.said(), (401, error(id, -32000, FAILED)));
        assert_eq!(answer.field("mcp-session-id"), None);
        assert!(!answer.challenge().contains("error="), "{}", answer.challenge());
    }
}

/// Same.
#[tokio::test]
async fn row_f5_f6_what_is_no_request_is_refused_with_the_id_null() {
    let served = Served::stateful().await;
    let session = Session::open(&served, Some("good")).await;
    for request in [notification(), post("{")] {
        for request in [session.of(request.clone()), request] {
            assert_eq!(served.answer(&request).await.said(), (401, error(Value::Null, -32000, FAILED)));
        }
    }
}

/// Better: D10.
#[tokio::test]
async fn row_f7_a_verifier_that_breaks_tells_nobody_why_and_ends_no_session() {
    let served = Served::stateful().await;
    let session = Session::open(&served, Some("good")).await;
    let answer = served.answer(&session.of(list()).token("throw")).await;
    assert_eq!(answer.said(), (401, error(2, -32000, ERROR)));
    assert_eq!(served.answer(&session.of(list()).token("down")).await.status(), 503);
    assert_eq!(served.answer(&session.of(list()).token("good")).await.status(), 200);
}

/// Other: one document.
#[tokio::test]
async fn row_f17_an_initialize_opens_a_session() {
    let served = Served::stateful().await;
    for version in ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] {
        let answer = served.answer(&older("initialize", &handshake(version)).token("good")).await;
        let welcome = json!({
            "protocolVersion": version,
            "capabilities": {"logging": {}, "tools": {"listChanged": true}},
            "serverInfo": {"name": "seed", "version": "1.0.0"},
        });
        assert_eq!(answer.said(), (200, result(1, welcome)));
        let id = answer.field("mcp-session-id").expect("a session");
        assert!(id.len() >= 32 && id.bytes().all(|byte| byte.is_ascii_graphic()));
    }
}

/// Same.
#[tokio::test]
async fn row_f18_an_unknown_version_is_answered_with_the_newest_one() {
    let served = Served::stateful().await;
    for version in ["1999-01-01", "2026-07-28", "nonsense"] {
        let answer = served.answer(&older("initialize", &handshake(version)).token("good")).await;
        assert_eq!(answer.json()["result"]["protocolVersion"], "2025-11-25");
        assert!(answer.field("mcp-session-id").is_some());
    }
}

/// Better: no 401.
#[tokio::test]
async fn row_f19_f27_f38_f42_a_good_token_without_a_session_is_400() {
    let served = Served::stateful().await;
    let refused = (400, error(2, -32600, NO_ID));
    assert_eq!(served.answer(&list().token("good")).await.said(), refused);
    let handshakes = [json!(1), json!(2)].map(|id| message(&id, "initialize", &handshake("2025-03-26")));
    for request in [post(json!(handshakes).to_string()), stream(), bare("DELETE", "/mcp")] {
        let (status, body) = served.answer(&request.token("good")).await.said();
        assert_eq!((status, &body["error"]["code"]), (400, &json!(-32600)), "{body}");
    }
    let served = Served::start(open_server().mode(Mode::Stateful)).await;
    assert_eq!(served.answer(&list()).await.said(), refused);
}

/// Same.
#[tokio::test]
async fn row_f20_f21_f24_requests_of_a_session_are_served() {
    let served = Served::stateful().await;
    let session = Session::open(&served, Some("good")).await;
    let listed = served.answer(&session.of(list()).token("good")).await.json();
    assert_eq!(names(&listed), ["echo", "whoami", "secret"]);
    let answer = served.answer(&session.of(call("whoami")).token("good")).await;
    assert_eq!(answer.said(), (200, said_by_tool(1, "user-1")));
    let answer = served.answer(&session.of(notification()).token("good")).await;
    assert_eq!(answer.plain(), (202, String::new()));
}

/// Better: D26.
#[tokio::test]
async fn row_f25_f26_a_batch_is_served_where_the_sessions_revision_has_batches() {
    let served = Served::stateful().await;
    let batch =
        json!([message(&json!(1), "ping", &json!({})), message(&json!("b"), "ping", &json!({}))]).to_string();
    for version in ["2025-03-26", "2025-11-25", "2025-06-18", "2024-11-05"] {
        let session = Session::of_revision(&served, Some("good"), version).await;
        let answer = served.answer(&session.of(post(&batch)).token("good")).await;
        if version == "2025-03-26" {
            assert_eq!(answer.said(), (200, json!([result(1, json!({})), result("b", json!({}))])));
        } else {
            assert_eq!((answer.status(), &answer.json()["error"]["code"]), (400, &json!(-32600)));
        }
        let answer = served.answer(&session.of(post("[]")).token("good")).await;
        assert_eq!((answer.status(), &answer.json()["error"]["code"]), (400, &json!(-32600)));
    }
}

/// Better: the id.
#[tokio::test]
async fn row_f28_an_unknown_session_is_404_with_the_id_of_the_request() {
    let served = Served::stateful().await;
    for id in [UNKNOWN, "unknown", "", "6f1c0a3e-0c3e-4b1a-9a58-2f2f5a0f7c11"] {
        let request = list().token("good").field("Mcp-Session-Id", id);
        assert_eq!(served.answer(&request).await.said(), (404, error(2, -32001, NOT_FOUND)), "{id:?}");
    }
}

/// Same.
#[tokio::test]
async fn row_f29_f44_a_session_id_is_no_credential() {
    let served = Served::stateful().await;
    let session = Session::open(&served, Some("good")).await;
    for request in [call("whoami"), stream(), bare("DELETE", "/mcp")] {
        let request = session.of(request);
        assert_eq!(served.answer(&request).await.status(), 401);
        assert_eq!(served.answer(&request.token("bad")).await.status(), 401);
    }
    assert_eq!(served.answer(&session.of(list()).token("good")).await.status(), 200);
}

/// Better: D2.
#[tokio::test]
async fn row_f30_a_session_of_somebody_else_is_none() {
    let served = Served::stateful().await;
    let session = Session::open(&served, Some("admin")).await;
    let answer = served.answer(&session.of(call("whoami")).token("good")).await;
    assert_eq!(answer.said(), (404, error(1, -32001, NOT_FOUND)));
}

/// Same.
#[tokio::test]
async fn row_f31_a_second_handshake_on_a_session_is_400() {
    let served = Served::stateful().await;
    let session = Session::open(&served, Some("good")).await;
    let answer = served.answer(&session.of(initialize()).token("good")).await;
    assert_eq!(answer.said(), (400, error(1, -32600, "Invalid request: Server already initialized")));
}

/// Better: D26.
#[tokio::test]
async fn row_f34_what_is_no_json_is_told_from_what_is_of_no_session() {
    let served = Served::stateful().await;
    let session = Session::open(&served, Some("good")).await;
    let refused = error(Value::Null, -32700, "Parse error: the body is not valid JSON");
    for request in [post("{"), session.of(post("{"))] {
        assert_eq!(served.answer(&request.token("good")).await.said(), (400, refused.clone()));
    }
}

/// Better: D6.
#[tokio::test]
async fn row_f35_a_version_that_is_not_served_is_refused_with_those_that_are() {
    let served = Served::stateful().await;
    let session = Session::open(&served, Some("good")).await;
    for request in [list(), stream(), bare("DELETE", "/mcp")] {
        let request = session.of(request).token("good").field("MCP-Protocol-Version", "1999-01-01");
        let (status, body) = served.answer(&request).await.said();
        assert_eq!((status, &body["error"]["code"]), (400, &json!(-32022)));
        assert_eq!(body["error"]["data"]["requested"], "1999-01-01");
    }
}

/// Same.
#[tokio::test]
async fn row_f39_a_live_session_has_a_stream_that_stays_open() {
    let served = Served::stateful().await;
    let session = Session::open(&served, Some("good")).await;
    let mut stream = served.connect().await.stream(&session.of(stream()).token("good")).await;
    stream.expect_silence().await;
}

/// Other: the code.
#[tokio::test]
async fn row_f40_a_stream_is_given_to_who_takes_one() {
    let served = Served::stateful().await;
    let session = Session::open(&served, Some("good")).await;
    let request = bare("GET", "/mcp").field("Accept", "application/json");
    let (status, body) = served.answer(&session.of(request).token("good")).await.said();
    assert_eq!((status, &body["error"]["code"]), (406, &json!(-32600)));
}

/// Same.
#[tokio::test]
async fn row_f41_f43_get_and_delete_of_an_unknown_session_are_404() {
    let served = Served::stateful().await;
    for request in [stream(), bare("DELETE", "/mcp")] {
        let answer = served.answer(&request.token("good").field("Mcp-Session-Id", UNKNOWN)).await;
        let (status, body) = answer.said();
        assert_eq!((status, &body["error"]), (404, &json!({"code": -32001, "message": NOT_FOUND})));
    }
}

/// Same.
#[tokio::test]
async fn row_f45_delete_ends_the_session() {
    let served = Served::stateful().await;
    let session = Session::open(&served, Some("good")).await;
    let delete = session.of(bare("DELETE", "/mcp")).token("good");
    assert_eq!(served.answer(&delete).await.plain(), (200, String::new()));
    let gone = error(2, -32001, NOT_FOUND);
    assert_eq!(served.answer(&session.of(list()).token("good")).await.said(), (404, gone));
    assert_eq!(served.answer(&delete).await.status(), 404);
}

/// Other: no preflight.
#[tokio::test]
async fn row_f46_options_without_an_origin_is_405() {
    let answer = Served::stateful().await.answer(&bare("OPTIONS", "/mcp")).await;
    assert_eq!((answer.status(), answer.field("allow")), (405, Some("POST, GET, DELETE")));
}

/// Better: D8, D21.
#[tokio::test]
async fn row_f47_a_page_may_open_a_stream_and_end_its_session() {
    let served = Served::stateful().await;
    for verb in ["POST", "GET", "DELETE"] {
        let preflight = bare("OPTIONS", "/mcp")
            .field("Origin", "http://localhost:8000")
            .field("Access-Control-Request-Method", verb);
        let answer = served.answer(&preflight).await;
        let methods = answer.field("access-control-allow-methods");
        assert_eq!((answer.status(), methods), (204, Some("POST, GET, DELETE")));
        assert_eq!(answer.field("access-control-allow-credentials"), None);
        let foreign = served.answer(&preflight.with("Origin", "https://elsewhere.example")).await;
        assert_eq!((foreign.status(), foreign.cross_origin().len()), (403, 0));
    }
}

/// Better: D20.
#[tokio::test]
async fn row_f51_a_wrong_verb_is_told_which_there_are() {
    let served = Served::stateful().await;
    for verb in ["PUT", "PATCH", "HEAD"] {
        let answer = served.answer(&bare(verb, "/mcp")).await;
        assert_eq!((answer.status(), answer.field("allow")), (405, Some("POST, GET, DELETE")), "{verb}");
    }
}

/// Same.
#[tokio::test]
async fn row_f58_a_session_that_nobody_uses_ends() {
    let mut policy = SessionPolicy::default();
    policy.idle_micros = 500_000;
    let server = server(Auth::verifier(authenticate)).mode(Mode::Stateful).sessions(policy);
    let built = server.build().expect("a server");
    let sessions = built.sessions();
    let served = Served::run(built).await;
    let session = Session::open(&served, Some("good")).await;
    let ended = async {
        while !sessions.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    in_time("the session ends", ended).await;
    let gone = error(2, -32001, NOT_FOUND);
    assert_eq!(served.answer(&session.of(list()).token("good")).await.said(), (404, gone));
}

/// Better: D7.
#[tokio::test]
async fn row_d7_what_a_client_can_do_is_known_when_it_has_said_it() {
    let asks = Tool::new("asks").typed(async |_: NoArguments, context: Context| {
        format!("{} {}", context.client().declares(&["sampling"]), context.client().declares(&["roots"]))
    });
    let served = Served::start(server(Auth::verifier(authenticate)).mode(Mode::Stateful).tool(asks)).await;
    // The seed's server took a second for each, which is longer than anything may take here.
    let opening = async {
        for _ in 0..40 {
            let session = Session::declaring(&served, Some("good"), json!({"sampling": {}})).await;
            let answer = served.answer(&session.of(call("asks")).token("good")).await;
            assert_eq!(answer.said(), (200, said_by_tool(1, "true false")));
        }
    };
    in_time("forty sessions", opening).await;
}

/// Better: not the id.
#[tokio::test]
async fn row_s11_a_tool_is_told_which_session_it_serves() {
    let asks = Tool::new("asks").typed(async |_: NoArguments, context: Context| {
        context.session().map_or("none".to_owned(), |session| session.key().to_owned())
    });
    let served = Served::start(server(Auth::verifier(authenticate)).mode(Mode::Stateful).tool(asks)).await;
    let key_of = async |session: &Session| -> String {
        let answer: Answer = served.answer(&session.of(call("asks")).token("good")).await;
        answer.json()["result"]["content"][0]["text"].as_str().expect("a text").to_owned()
    };
    let (session, other) =
        (Session::open(&served, Some("good")).await, Session::open(&served, Some("good")).await);
    let key = key_of(&session).await;
    assert_eq!(key_of(&session).await, key);
    assert_ne!(key_of(&other).await, key);
    assert!(key != "none" && !key.contains(&session.id));
    let answer = served.answer(&modern_call("asks").token("good").field("Mcp-Session-Id", &session.id)).await;
    assert_eq!(answer.json()["result"]["content"][0]["text"], "none");
}

/// Same.
#[tokio::test]
async fn row_s12_a_client_gets_what_it_missed() {
    let tells = Tool::new("tells").typed(async |_: NoArguments, context: Context| {
        context.progress(1.0, Some(2.0)).await;
        "done"
    });
    let served = Served::start(server(Auth::verifier(authenticate)).mode(Mode::Stateful).tool(tells)).await;
    let session = Session::open(&served, Some("good")).await;
    let params = json!({"name": "tells", "arguments": {}, "_meta": {"progressToken": "p"}});
    let request = session.of(older("tools/call", &params)).token("good");
    let stream_of = async |request: &Request| served.connect().await.stream(request).await;
    let (events, end) = stream_of(&request).await.rest().await;
    assert_eq!(end, End::Whole);
    let [progress, done] = &events[..] else { panic!("{events:?}") };
    assert_eq!(done.message(), said_by_tool(1, "done"));
    let resumed = session.of(stream()).token("good").field("Last-Event-ID", progress.id());
    let missed: Vec<Event> = stream_of(&resumed).await.rest().await.0;
    assert_eq!(&missed, &events[1..]);
}
